// SPDX-License-Identifier: GPL-2.0-or-later
// Checks an untrusted FDT before it is passed to libfdt. Freestanding: the guest uses it, too.
//
// fdt_check_full() alone is not enough for hostile bytes. libfdt 1.6.1 (Debian 12) adds a property's length
// to its offset modulo 2^32: with a length of -12 it returns to the same property and never ends. In the
// versions before 16, whose nodes are named by paths, it follows a null pointer, and it reads words at
// odd addresses if a block begins at one. No kernel writes any of these. Also, versions of libfdt have
// different error codes for the same fault of a header; find_fault() has one.
//
// Follows the Devicetree specification, chapter 5.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kho::abi {

namespace flat_tree {

inline constexpr std::uint32_t oldest_version = 16, newest_version = 17;
inline constexpr std::uint32_t magic = 0xd00dfeed;
inline constexpr std::size_t header_size = 40;
inline constexpr std::uint32_t begin_node = 1, end_node = 2, property = 3, nop = 4, end = 9;

inline std::uint32_t word(const void *bytes, std::size_t at) {
    const auto *b = static_cast<const unsigned char *>(bytes) + at;
    return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

// Whether each token, up to the last one, lies within the block.
inline bool tokens_are_sound(const void *block, std::size_t size) {
    for (std::size_t at = 0; size - at >= sizeof(std::uint32_t);) {
        const std::uint32_t token = word(block, at);
        at += sizeof(std::uint32_t);
        switch (token) {
            case end:
                return true;
            case end_node:
            case nop:
                continue;
            case begin_node:
                while (at < size && static_cast<const char *>(block)[at] != '\0') at++;
                if (at == size)
                    return false;
                at++;
                break;
            case property: {
                constexpr std::size_t fields = 2 * sizeof(std::uint32_t);
                if (size - at < fields || word(block, at) > size - at - fields)
                    return false;
                at += fields + word(block, at);
                break;
            }
            default:
                return false;
        }
        // The block need not end at a whole word.
        at = (at + 3) / 4 * 4;
        if (at > size)
            return false;
    }
    return false;
}

enum class Fault {
    none,
    truncated,  // the FDT, or a block of it, is longer than the bytes that there are
    bad_magic,
    bad_version,    // older than 16, or one that no reader of 17 can read
    bad_alignment,  // of the structure or of the memory reservations
    bad_structure,  // a token that is not one, or reaches out of the structure
};

// `fdt` has `size` bytes. After `none` fdt_check_full() ends, and reads nothing else.
inline Fault find_fault(const void *fdt, std::size_t size) {
    if (size < header_size)
        return Fault::truncated;
    if (word(fdt, 0) != magic)
        return Fault::bad_magic;
    const std::uint32_t version = word(fdt, 20), last_compatible = word(fdt, 24);
    if (version < oldest_version || version < last_compatible || last_compatible > newest_version)
        return Fault::bad_version;
    const std::uint32_t total = word(fdt, 4), structure = word(fdt, 8);
    const std::uint32_t strings = word(fdt, 12), reservations = word(fdt, 16);
    if (total > size || structure > total || strings > total || reservations > total)
        return Fault::truncated;
    if (structure % 4 != 0 || reservations % 8 != 0)
        return Fault::bad_alignment;
    return tokens_are_sound(static_cast<const std::byte *>(fdt) + structure, total - structure)
               ? Fault::none
               : Fault::bad_structure;
}

}  // namespace flat_tree

// After this fdt_check_full() ends, and reads nothing else.
inline bool is_sound_for_libfdt(const void *fdt, std::size_t size) {
    return flat_tree::find_fault(fdt, size) == flat_tree::Fault::none;
}

}  // namespace kho::abi
