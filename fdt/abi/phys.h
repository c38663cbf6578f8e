// SPDX-License-Identifier: GPL-2.0-or-later
// Guest-physical addresses and page sizes, shared by every part of the project.
// Freestanding: no allocation, no operating system.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace kho {

// A guest-physical address. A type of its own, so that it is neither mistaken for a length nor
// dereferenced: only kho::Memory (host) and kho::PhysicalWindow (guest) turn one into bytes.
enum class PhysAddr : std::uint64_t {};

constexpr std::uint64_t value(PhysAddr a) { return static_cast<std::uint64_t>(a); }
constexpr PhysAddr operator+(PhysAddr a, std::uint64_t n) { return PhysAddr{value(a) + n}; }
constexpr PhysAddr operator-(PhysAddr a, std::uint64_t n) { return PhysAddr{value(a) - n}; }
constexpr std::uint64_t operator-(PhysAddr a, PhysAddr b) { return value(a) - value(b); }

inline constexpr unsigned page_shift = 12;
inline constexpr std::uint64_t page_size = std::uint64_t{1} << page_shift;

// The largest folio order (MAX_PAGE_ORDER on x86_64 and arm64 with 4 KiB pages).
inline constexpr unsigned max_order = 10;

// The largest order accepted for a preserved block: 4 GiB. Kernels preserve ranges as blocks as large as
// alignment allows, beyond max_order.
inline constexpr unsigned max_block_order = 20;

constexpr std::uint64_t order_bytes(unsigned order) { return page_size << order; }

// `alignment` is a power of two. align_up can wrap to a small number near 2^64: callers that take
// hostile input check the result against the input.
constexpr bool is_aligned(std::uint64_t v, std::uint64_t alignment) { return (v & (alignment - 1)) == 0; }
constexpr std::uint64_t align_down(std::uint64_t v, std::uint64_t alignment) { return v & ~(alignment - 1); }
constexpr std::uint64_t align_up(std::uint64_t v, std::uint64_t alignment) {
    return align_down(v + alignment - 1, alignment);
}
constexpr bool is_page_aligned(PhysAddr a) { return is_aligned(value(a), page_size); }

}  // namespace kho
