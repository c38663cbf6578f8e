// SPDX-License-Identifier: GPL-2.0-or-later
// Guest-physical memory for tests: pages exist where something was put, and nowhere else.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <span>
#include <string>

#include "fdt/base/memory.h"

class TestMemory final : public kho::Memory {
public:
    // Makes the pages that hold these bytes, zeroed around them.
    void put(kho::PhysAddr at, std::span<const std::byte> bytes) {
        std::uint64_t from = value(at);
        while (!bytes.empty()) {
            const std::uint64_t in_page = from % kho::page_size;
            const std::size_t here = std::min<std::size_t>(bytes.size(), kho::page_size - in_page);
            std::memcpy(pages_[from - in_page].data() + in_page, bytes.data(), here);
            bytes = bytes.subspan(here);
            from += here;
        }
    }

    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put(kho::PhysAddr at, const T &object) { put(at, std::as_bytes(std::span(&object, 1))); }

    void put_zeros(const kho::Range &range) {
        for (std::uint64_t page = kho::align_down(value(range.start), kho::page_size);
             page < value(range.end()); page += kho::page_size)
            pages_.try_emplace(page);
    }

    void remove_page(kho::PhysAddr at) { pages_.erase(kho::align_down(value(at), kho::page_size)); }

    // The byte must exist.
    std::byte &at(kho::PhysAddr address) {
        return pages_.at(kho::align_down(value(address), kho::page_size))[value(address) % kho::page_size];
    }

    kho::Outcome read(kho::PhysAddr from, std::span<std::byte> out) const override {
        while (!out.empty()) {
            const std::uint64_t in_page = value(from) % kho::page_size;
            const auto page = pages_.find(value(from) - in_page);
            if (page == pages_.end())
                return kho::Error{.code = kho::Errc::outside_memory,
                                  .address = value(from),
                                  .what = "not in the test's memory"};
            const std::size_t here = std::min<std::size_t>(out.size(), kho::page_size - in_page);
            std::memcpy(out.data(), page->second.data() + in_page, here);
            out = out.subspan(here);
            from = from + here;
        }
        return kho::success();
    }

private:
    std::map<std::uint64_t, std::array<std::byte, kho::page_size>> pages_;
};
