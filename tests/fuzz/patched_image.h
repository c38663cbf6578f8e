// SPDX-License-Identifier: GPL-2.0-or-later
// Structured inputs: a sound image, and a small program that damages it, so that a few bytes reach code that
// is deep behind checks. What the program cannot make is not reached: raw inputs have targets of their own.
//
// A program is a list of operations, each a byte and what follows it. Numbers are little-endian, `page` is an
// index into the image's pages, and whatever is too large or cut off is taken modulo or ends the program.
//
//   low two bits 0   page u8, offset u16, bytes     writes (byte >> 2) % 16 + 1 bytes
//                1   page u8, offset u16, page u8   writes the address of a page as u64
//                2   page u8                        takes the page away
//                3   page u8, page u8               copies a page over another
//
// A page that is not there appears, zeroed, when it is written to.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "fdt/base/memory.h"

namespace fuzz {

// Ends quietly: a program that is cut off is one that is shorter.
class Program {
public:
    explicit Program(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    bool ended() const { return bytes_.empty(); }
    std::uint8_t byte() {
        if (bytes_.empty())
            return 0;
        const std::uint8_t first = bytes_[0];
        bytes_ = bytes_.subspan(1);
        return first;
    }
    std::uint16_t half() {
        const unsigned low = byte();
        return static_cast<std::uint16_t>(low | unsigned{byte()} << 8);
    }

private:
    std::span<const std::uint8_t> bytes_;
};

using PageBytes = std::array<std::byte, kho::page_size>;

class PatchedImage final : public kho::Memory {
public:
    // Nothing is in it yet. Pages are numbered in the order in which they are added.
    void add_page(kho::PhysAddr at, const PageBytes *bytes);  // nullptr: not there at first
    // Programs cannot name the pages that are added from now on.
    void seal() { named_ = pages_.size(); }

    void run(Program &program);
    // As it was before any program.
    void reset();

    kho::Outcome read(kho::PhysAddr from, std::span<std::byte> out) const override;

    // Calls visit(PhysAddr, const PageBytes &) for what programs changed, zeroes for pages that they took
    // away.
    template <typename Visit>
    void for_each_changed(Visit visit) const {
        for (const Page &page : pages_)
            if (page.dirty)
                visit(page.at, page.bytes);
    }

    // The program that makes `changed` of this image, as far as programs can; for seeds.
    std::vector<std::uint8_t> difference(const kho::Memory &changed) const;

private:
    struct Page {
        kho::PhysAddr at{};
        bool there = false;
        bool was_there = false;
        bool dirty = false;
        PageBytes bytes{};  // zeroes while it is not there
        PageBytes original{};
    };
    Page &named(std::size_t number) { return pages_[number % named_]; }

    std::vector<Page> pages_;
    std::size_t named_ = 0;
    std::vector<std::pair<std::uint64_t, std::size_t>> by_address_;  // ascending
};

}  // namespace fuzz
