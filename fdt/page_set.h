// SPDX-License-Identifier: GPL-2.0-or-later
// A set of page addresses for readers that must not look at a page twice: an insertion costs a few
// nanoseconds, and memory 16 bytes a page or so.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "fdt/abi/phys.h"

namespace kho {

class PageSet {
public:
    // False if the page of this address is there already. The last page of the address space is not a page.
    bool insert(PhysAddr address) {
        if ((count_ + 1) * 2 > slots_.size())
            grow();
        return put(value(address) >> page_shift);
    }
    std::uint64_t size() const { return count_; }

private:
    static constexpr std::uint64_t empty = UINT64_MAX;

    bool put(std::uint64_t page) {
        const std::uint64_t mask = slots_.size() - 1;
        // Fibonacci hashing: hostile input can make it slow, not wrong, and only as far as it has pages.
        for (std::uint64_t i = (page * 0x9e3779b97f4a7c15u) >> shift_;; i = (i + 1) & mask) {
            if (slots_[i] == page)
                return false;
            if (slots_[i] == empty) {
                slots_[i] = page;
                count_++;
                return true;
            }
        }
    }

    void grow() {
        shift_ = slots_.empty() ? 64 - 8 : shift_ - 1;
        std::vector<std::uint64_t> old =
            std::exchange(slots_, std::vector<std::uint64_t>(std::size_t{1} << (64 - shift_), empty));
        count_ = 0;
        for (const std::uint64_t page : old)
            if (page != empty)
                put(page);
    }

    std::vector<std::uint64_t> slots_;
    std::uint64_t count_ = 0;
    unsigned shift_ = 64;
};

}  // namespace kho
