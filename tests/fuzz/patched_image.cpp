// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/patched_image.h"

#include <algorithm>
#include <cstring>

namespace fuzz {
namespace {

constexpr std::size_t longest_write = 16;

}  // namespace

void PatchedImage::add_page(kho::PhysAddr at, const PageBytes *bytes) {
    Page page{.at = at};
    if (bytes != nullptr) {
        page.there = page.was_there = true;
        page.bytes = page.original = *bytes;
    }
    const std::pair<std::uint64_t, std::size_t> entry(value(at), pages_.size());
    by_address_.insert(std::ranges::upper_bound(by_address_, entry), entry);
    pages_.push_back(page);
}

void PatchedImage::run(Program &program) {
    while (!program.ended()) {
        const std::uint8_t operation = program.byte();
        Page &page = named(program.byte());
        page.dirty = true;
        switch (operation & 3) {
            case 0:
            case 1: {
                const std::size_t offset = program.half() % kho::page_size;
                std::array<std::byte, longest_write> bytes{};
                std::size_t size = (operation >> 2) % longest_write + 1;
                if ((operation & 3) == 0) {
                    for (std::size_t i = 0; i < size; i++) bytes[i] = static_cast<std::byte>(program.byte());
                } else {
                    const std::uint64_t target = value(named(program.byte()).at);
                    size = sizeof target;
                    std::memcpy(bytes.data(), &target, size);
                }
                page.there = true;
                std::memcpy(page.bytes.data() + offset, bytes.data(),
                            std::min(size, page.bytes.size() - offset));
                break;
            }
            case 2:
                page.there = false;
                page.bytes = {};
                break;
            default: {
                const Page &from = named(program.byte());
                page.there = true;
                page.bytes = PageBytes(from.bytes);
            }
        }
    }
}

void PatchedImage::reset() {
    for (Page &page : pages_)
        if (page.dirty) {
            page.bytes = page.original;
            page.there = page.was_there;
            page.dirty = false;
        }
}

kho::Outcome PatchedImage::read(kho::PhysAddr from, std::span<std::byte> out) const {
    while (!out.empty()) {
        const std::uint64_t in_page = value(from) % kho::page_size;
        const auto found = std::ranges::lower_bound(by_address_, value(from) - in_page, {},
                                                    [](const auto &entry) { return entry.first; });
        if (found == by_address_.end() || found->first != value(from) - in_page ||
            !pages_[found->second].there)
            return kho::Error{.code = kho::Errc::outside_memory, .address = value(from), .what = "no page"};
        const std::size_t here = std::min<std::size_t>(out.size(), kho::page_size - in_page);
        std::memcpy(out.data(), pages_[found->second].bytes.data() + in_page, here);
        out = out.subspan(here);
        // The last page's end is not an address; then nothing is left either.
        from = kho::PhysAddr{value(from) + here};
    }
    return kho::success();
}

std::vector<std::uint8_t> PatchedImage::difference(const kho::Memory &changed) const {
    std::vector<std::uint8_t> program;
    const auto put = [&program](std::size_t byte) { program.push_back(static_cast<std::uint8_t>(byte)); };
    for (std::size_t number = 0; number < named_; number++) {
        const Page &page = pages_[number];
        PageBytes bytes;
        if (!changed.read(page.at, bytes).ok()) {
            if (page.there) {
                put(2);
                put(number);
            }
            continue;
        }
        if (!page.there && std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; })) {
            for (const std::size_t byte :
                 {std::size_t{0}, number, std::size_t{0}, std::size_t{0}, std::size_t{0}})
                put(byte);
            continue;
        }
        for (std::size_t at = 0; at < bytes.size();) {
            if (bytes[at] == page.bytes[at]) {
                at++;
                continue;
            }
            std::size_t size = std::min(longest_write, bytes.size() - at);
            while (bytes[at + size - 1] == page.bytes[at + size - 1]) size--;
            put((size - 1) << 2);
            put(number);
            put(at % 256);
            put(at / 256);
            for (std::size_t i = 0; i < size; i++) put(std::to_integer<std::size_t>(bytes[at + i]));
            at += size;
        }
    }
    return program;
}

}  // namespace fuzz
