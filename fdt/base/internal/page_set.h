// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of numbers and of page addresses, for readers that must not take one twice: an insertion costs a few
// nanoseconds, and memory 16 to 32 bytes a number. Where a number lies depends on a secret of this process,
// so that a file made beforehand does not know which numbers meet. It is not cryptography: it does not keep
// off an attacker who learns the secret, or learns from how long insertions take. Internal to the library.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "fdt/abi/phys.h"

namespace kho {

// Drawn by chance, once in a process.
std::uint64_t number_set_secret();

class NumberSet {
public:
    // False if it is there already.
    bool insert(std::uint64_t number) {
        // The number that stands for an empty slot.
        if (number == empty)
            return !std::exchange(has_empty_, true);
        if ((count_ + 1) * 2 > slots_.size())
            grow();
        return put(number);
    }
    std::uint64_t size() const { return count_ + (has_empty_ ? 1 : 0); }
    // Room for so many without moving any.
    void reserve(std::uint64_t count) {
        while (count * 2 > slots_.size()) grow();
    }

    // The finalizer of MurmurHash3 but for its last step, which the upper bits do not need: one number for
    // each. A bit of `h` changes about half of the upper bits. Public for tests, which turn it round.
    static constexpr std::uint64_t first_factor = 0xff51afd7ed558ccd, second_factor = 0xc4ceb9fe1a85ec53;
    static constexpr std::uint64_t mixed(std::uint64_t h) {
        h = (h ^ h >> 33) * first_factor;
        return (h ^ h >> 33) * second_factor;
    }

private:
    static constexpr std::uint64_t empty = UINT64_MAX;

    std::uint64_t place(std::uint64_t number) const { return mixed(number ^ secret_) >> shift_; }
    bool put(std::uint64_t number) {
        const std::uint64_t mask = slots_.size() - 1;
        for (std::uint64_t i = place(number);; i = (i + 1) & mask) {
            if (slots_[i] == number)
                return false;
            if (slots_[i] == empty) {
                slots_[i] = number;
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
        for (const std::uint64_t number : old)
            if (number != empty)
                put(number);
    }

    std::vector<std::uint64_t> slots_;
    std::uint64_t count_ = 0;
    std::uint64_t secret_ = number_set_secret();
    unsigned shift_ = 64;
    bool has_empty_ = false;
};

class PageSet {
public:
    // False if the page of this address is there already.
    bool insert(PhysAddr address) { return pages_.insert(value(address) >> page_shift); }
    std::uint64_t size() const { return pages_.size(); }

private:
    NumberSet pages_;
};

}  // namespace kho
