// SPDX-License-Identifier: GPL-2.0-or-later
// Reading a bzImage: a boot sector with the setup header, the rest of the real-mode setup code, which is
// not needed here, and the protected-mode kernel, which is.
#include "fdt/boot/boot_image.h"

#include <bit>

#include "fdt/abi/x86_boot.h"
#include "fdt/base/internal/text.h"
#include "fdt/boot/x86_64/internal/elf_kernel.h"

namespace kho {
namespace {

namespace bp = abi::boot_params;

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t header_end_byte = bp::jump + 1;
constexpr std::uint16_t first_version_with_xloadflags = 0x020c;
// The last field that version 2.12 promises ends here.
constexpr std::uint64_t shortest_header_end = bp::init_size + sizeof(std::uint32_t);

Outcome check_header(std::span<const std::byte> file) {
    if (file.size() < bp::version ||
        present_field<std::uint16_t>(file, bp::boot_flag) != abi::boot_flag_magic ||
        present_field<std::uint32_t>(file, bp::header_magic) != abi::header_magic_hdrs)
        return image_error(Errc::image_format, 0, "neither a bzImage nor an ELF64 executable for x86_64");
    if (file.size() < bp::header_end)
        return image_error(Errc::image_truncated, file.size(), "the file ends within the setup header");
    if (const auto version = present_field<std::uint16_t>(file, bp::version);
        version < first_version_with_xloadflags)
        return image_error(Errc::image_protocol, bp::version,
                           "boot protocol " + hex(version) + ", expected at least 0x20c");
    if ((present_field<std::uint8_t>(file, bp::loadflags) & abi::loadflag_loaded_high) == 0)
        return image_error(Errc::image_format, bp::loadflags, "a zImage, which is loaded below 1 MiB");
    if ((present_field<std::uint16_t>(file, bp::xloadflags) & abi::xloadflag_kernel_64) == 0)
        return image_error(Errc::image_no_64bit_entry, bp::xloadflags, "the kernel has no 64-bit entry");
    const std::uint64_t end = bp::header_magic + present_field<std::uint8_t>(file, header_end_byte);
    if (end < shortest_header_end || end > bp::header_end)
        return image_error(Errc::image_format, header_end_byte,
                           "the setup header ends at " + hex(end) + ", expected " + hex(shortest_header_end) +
                               " to " + hex(bp::header_end));
    return success();
}

Result<std::span<const std::byte>> find_payload(std::span<const std::byte> file) {
    std::uint64_t sectors = present_field<std::uint8_t>(file, bp::setup_sects);
    if (sectors == 0)
        sectors = 4;
    const std::uint64_t offset = (sectors + 1) * sector;
    const std::uint64_t promised = std::uint64_t{present_field<std::uint32_t>(file, bp::syssize)} * 16;
    if (file.size() <= offset + abi::entry_64_offset || file.size() - offset < promised)
        return image_error(Errc::image_truncated, file.size(),
                           "the file ends within the kernel, which starts at " + hex(offset) + " and has " +
                               hex(promised) + " bytes");
    return file.subspan(offset);
}

Result<BootImage> parse_bzimage(std::span<const std::byte> file) {
    if (Outcome outcome = check_header(file); !outcome)
        return outcome.error();
    const Result<std::span<const std::byte>> payload = find_payload(file);
    if (!payload)
        return payload.error();

    BootImage image;
    image.size = present_field<std::uint32_t>(file, bp::init_size);
    if (image.size < payload.value().size())
        return image_error(Errc::image_format, bp::init_size,
                           "init_size " + hex(image.size) + " is less than the kernel's " +
                               hex(payload.value().size()) + " bytes");
    image.relocatable = present_field<std::uint8_t>(file, bp::relocatable_kernel) != 0;
    image.alignment = present_field<std::uint32_t>(file, bp::kernel_alignment);
    if (image.relocatable && !std::has_single_bit(image.alignment))
        return image_error(Errc::image_format, bp::kernel_alignment,
                           "kernel_alignment " + hex(image.alignment) + " is not a power of two");
    // A kernel may ask for less than a page, or for nothing if it cannot be moved.
    if (image.alignment < page_size || !image.relocatable)
        image.alignment = page_size;
    image.above_4g =
        (present_field<std::uint16_t>(file, bp::xloadflags) & abi::xloadflag_can_be_loaded_above_4g) != 0;
    image.preferred = PhysAddr{present_field<std::uint64_t>(file, bp::pref_address)};
    image.entry_offset = abi::entry_64_offset;
    image.max_command_line = present_field<std::uint32_t>(file, bp::cmdline_size);
    image.segments.push_back({.offset = 0, .bytes = payload.value(), .memory_size = image.size});
    const std::uint64_t end = bp::header_magic + present_field<std::uint8_t>(file, header_end_byte);
    image.setup_header = file.subspan(bp::setup_header, end - bp::setup_header);
    return image;
}

}  // namespace

Result<BootImage> parse_kernel(std::span<const std::byte> file) {
    return is_elf(file) ? parse_elf_kernel(file) : parse_bzimage(file);
}

}  // namespace kho
