// SPDX-License-Identifier: GPL-2.0-or-later
// Guest-physical memory as a reader sees it: the one place where an address becomes bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>

#include "fdt/base/error.h"
#include "fdt/base/ranges.h"

namespace kho {

// Implemented by recordings, dumps, the device's view of a running guest, and test images.
// Every read is a copy: what was checked is what is used, even if the guest writes meanwhile.
class Memory {
public:
    virtual ~Memory() = default;

    // Copies `out.size()` bytes from `from`. Errc::outside_memory, and `out` unspecified, unless all of
    // them are there.
    virtual Outcome read(PhysAddr from, std::span<std::byte> out) const = 0;

    template <typename T>
    Result<T> load(PhysAddr from) const {
        static_assert(std::is_trivially_copyable_v<T>);
        T value;
        if (Outcome outcome = read(from, std::as_writable_bytes(std::span(&value, 1))); !outcome)
            return outcome.error();
        return value;
    }
};

// Hands `range` of a memory to `sink`, a piece at a time. Errors: those of Memory::read and of `sink`.
Outcome copy_memory(const Memory &memory, Range range,
                    const std::function<Outcome(std::span<const std::byte>)> &sink);

}  // namespace kho
