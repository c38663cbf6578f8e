// SPDX-License-Identifier: GPL-2.0-or-later
// ELF kernels, and checked access to the fields of kernel files. Internal to this folder.
#pragma once

#include <cassert>
#include <cstring>
#include <span>
#include <type_traits>

#include "fdt/boot/boot_image.h"

namespace kho {

// A field of the file, copied, aligned or not. The caller has checked that it is there; field() of mapped_file.h checks.
template <typename T>
T present_field(std::span<const std::byte> bytes, std::uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T>);
    assert(offset <= bytes.size() && sizeof(T) <= bytes.size() - offset);
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

inline Error image_error(Errc code, std::uint64_t offset, std::string what) {
    return {.code = code, .address = offset, .what = std::move(what)};
}

bool is_elf(std::span<const std::byte> file);
Result<BootImage> parse_elf_kernel(std::span<const std::byte> file);

}  // namespace kho
