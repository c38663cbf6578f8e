// SPDX-License-Identifier: GPL-2.0-or-later
// The one place where a guest-physical address becomes bytes. In the guest memory is mapped at its own
// address; a host test puts an arena in its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fdt/abi/phys.h"

namespace guest {

class PhysicalWindow {
public:
    constexpr PhysicalWindow() = default;

    // Physical [0, end) is at `base` in the address space of this program.
    constexpr PhysicalWindow(std::uintptr_t base, std::uint64_t end) : base_(base), end_(end) {}

    static constexpr PhysicalWindow identity(std::uint64_t end) { return {0, end}; }

    std::uint64_t end() const { return end_; }

    // The bytes of [at, at + size), or nullptr if not all of them are in the window. Page 0 never is: that
    // keeps a null pointer and the address 0 of the formats out of it.
    std::byte *bytes(kho::PhysAddr at, std::uint64_t size) const {
        const std::uint64_t from = kho::value(at);
        if (from < kho::page_size || from > end_ || size > end_ - from)
            return nullptr;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): that is the purpose
        return reinterpret_cast<std::byte *>(base_ + static_cast<std::uintptr_t>(from));
    }

    // The address of something that bytes() gave out.
    kho::PhysAddr address(const void *p) const {
        return kho::PhysAddr{reinterpret_cast<std::uintptr_t>(p) - base_};
    }

    // Copies, so that what was checked is what is used. False, and nothing copied, outside of the window.
    template <typename T>
    [[nodiscard]] bool load(kho::PhysAddr at, T &out) const {
        static_assert(std::is_trivially_copyable_v<T>);
        const std::byte *from = bytes(at, sizeof(T));
        if (from == nullptr)
            return false;
        __builtin_memcpy(&out, from, sizeof(T));
        return true;
    }

    template <typename T>
    [[nodiscard]] bool store(kho::PhysAddr at, const T &in) const {
        static_assert(std::is_trivially_copyable_v<T>);
        std::byte *to = bytes(at, sizeof(T));
        if (to == nullptr)
            return false;
        __builtin_memcpy(to, &in, sizeof(T));
        return true;
    }

private:
    std::uintptr_t base_ = 0;
    std::uint64_t end_ = 0;
};

}  // namespace guest
