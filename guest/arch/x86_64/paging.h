// SPDX-License-Identifier: GPL-2.0-or-later
// The image's page tables: 4 levels, identity, 2 MiB pages, supervisor, writable. Not mapped are the page
// below the stack and, once boot data has been read, page 0. See also arch::map_memory().
#pragma once

#include <cstddef>
#include <cstdint>

namespace guest::arch {

// Builds tables for the first 4 GiB and the image, leaves 5-level paging should it be on, and switches.
void start_paging();

// Copies out of physical memory that a boot loader named, mapping it first if need be. False, and nothing
// copied, if there can be no such memory or it is in use by the image.
bool copy_from_physical(void *to, std::uint64_t address, std::size_t size);

// Makes null pointers fault. QEMU's PVH loader puts its memory map across the end of page 0, so this can't be
// done at once.
void unmap_page_zero();

// Whether reading [address, address + size) does not fault.
bool is_mapped(std::uint64_t address, std::size_t size);

}  // namespace guest::arch
