// SPDX-License-Identifier: GPL-2.0-or-later
// memfd: what its handler hands over, in both of its versions.
#pragma once

#include <cstdint>
#include <vector>

#include "fdt/abi/memfd.h"
#include "fdt/model/handover.h"

namespace kho {

// A folio of a memfd. `order` is that of the preserved block it is.
struct MemfdFolio {
    PhysAddr address{};
    std::uint64_t index = 0;  // of its first page in the file, in pages
    std::uint16_t flags = 0;  // abi::memfd_folio_dirty, abi::memfd_folio_uptodate
    std::uint8_t order = 0;

    std::uint64_t bytes() const { return order_bytes(order); }
    bool operator==(const MemfdFolio &) const = default;
};

// memfd-v1 has neither seals nor flags.
struct Memfd {
    std::uint64_t pos = 0;   // bytes
    std::uint64_t size = 0;  // bytes
    std::uint32_t seals = 0;
    std::uint32_t flags = 0;
    abi::kho_vmalloc folio_array{};    // where the array of folios lies; zeroes without folios
    std::uint64_t nr_folios = 0;       // entries of that array, those with pfn 0 included
    std::vector<MemfdFolio> folios{};  // in the array's order, without the entries that have pfn 0
    bool operator==(const Memfd &) const = default;
};

// Stretches of [0, size) that no folio covers and that read as zeroes: ascending, in bytes, rounded to pages
// except at the end of the file.
std::vector<FileRange> holes(const Memfd &memfd);

// The seals that the next kernel gives a memfd. memfd-v1 has no place for them; kernels restore a file of it
// as one that cannot be sealed.
std::uint32_t restored_seals(const LuoFile &file);

// Where a file's bytes lie: ascending, disjoint, within its size; neighbours in the file that are neighbours
// in memory are joined. What lies between reads as zeroes: holes, and folios that are not uptodate, which
// were allocated but never written (mm/shmem.c gives zeroes for them). Of folios that overlap, which no
// kernel writes, the one that begins first counts, as far as it reaches.
std::vector<FileExtent> file_extents(const Memfd &memfd);

// nullptr if it is another file, or could not be read.
inline const Memfd *memfd_of(const LuoFile &file) { return file.body.get<Memfd>(); }
inline Memfd *memfd_of(LuoFile &file) { return file.body.get<Memfd>(); }

// Uses of its pages; Use::item is the session, Use::file the file.
struct MemfdUse {
    static const UseKind structure;  // memfd_luo_ser
    static const UseKind array;      // pages of the array of folios, and the vmalloc chunks that list them
    static const UseKind folios;     // content
};

const FileHandler &memfd_v1();  // without seals and flags
const FileHandler &memfd_v2();
const FileHandler &handler_of(const Memfd &memfd);

}  // namespace kho
