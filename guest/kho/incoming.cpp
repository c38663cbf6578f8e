// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/incoming.h"

#include <algorithm>

#include "fdt/abi/flat_tree.h"
#include "guest/kho/fdt_property.h"
#include "guest/kho/sizes.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {

using kho::PhysAddr;
using kho::abi::kho_data;
using kho::abi::kho_scratch;

namespace {

constexpr std::uint64_t max_blob_size = std::uint64_t{1} << 30;  // no client is near that

// [start, start + size) is in usable RAM, wholly, and in nothing else that the map says.
bool in_ram(const MemoryLayout &layout, std::uint64_t start, std::uint64_t size) {
    std::uint64_t at = start;
    const std::uint64_t end = end_of(start, size);
    if (end - start != size)
        return false;
    for (const kexec_handover::MemoryRange &r : layout.map)
        if (r.type != usable_ram && r.address < end && start < end_of(r.address, r.size))
            return false;
    // Usable ranges may touch: go from one to the next.
    for (std::size_t round = 0; at < end && round <= layout.map.size(); round++) {
        bool found = false;
        for (const kexec_handover::MemoryRange &r : layout.map) {
            if (r.type == usable_ram && r.address <= at && at - r.address < r.size) {
                at = end_of(r.address, r.size);
                found = true;
                break;
            }
        }
        if (!found)
            return false;
    }
    return at >= end;
}

// The bytes of something of the last kernel's, or nullptr if it is not wholly in RAM.
const std::byte *readable(const PhysicalWindow &window, const MemoryLayout &layout, std::uint64_t at,
                          std::uint64_t size) {
    return in_ram(layout, at, size) ? window.bytes(PhysAddr{at}, size) : nullptr;
}

// The name of a node, at most as long as an FDT is.
std::string_view name_of(const void *fdt, int node) {
    int length = 0;
    const char *text = fdt_get_name(fdt, node, &length);
    return text != nullptr && length > 0 ? std::string_view(text, static_cast<unsigned>(length))
                                         : std::string_view();
}

// Whether a child of the root before `node` has its name.
bool named_before(const void *fdt, int node) {
    for (int other = fdt_first_subnode(fdt, 0); other >= 0 && other != node;
         other = fdt_next_subnode(fdt, other))
        if (name_of(fdt, other) == name_of(fdt, node))
            return true;
    return false;
}

}  // namespace

Errno IncomingHandover::open(const PhysicalWindow &window, const kho_data &data, const MemoryLayout &layout,
                             Place &place) {
    *this = IncomingHandover();
    data_ = data;
    if (data.fdt_size < sizeof(fdt_header) || data.fdt_size > kho::abi::kho_fdt_size)
        return fail(place, Fault::kho_fdt_size, data.fdt_addr, data.fdt_size);
    // An FDT is at most a page, and libfdt wants it whole.
    if (!kho::is_aligned(data.fdt_addr, kho::page_size) ||
        readable(window, layout, data.fdt_addr, kho::page_size) == nullptr)
        return fail(place, Fault::kho_fdt_address, data.fdt_addr);
    if (const Errno error = read_fdt(window, place); error != Errno::ok)
        return error;
    return read_scratch(window, layout, place);
}

Errno IncomingHandover::read_fdt(const PhysicalWindow &window, Place &place) {
    const void *fdt = window.bytes(PhysAddr{data_.fdt_addr}, kho::page_size);
    if (!kho::abi::is_sound_for_libfdt(fdt, data_.fdt_size) || fdt_check_full(fdt, data_.fdt_size) != 0)
        return fail(place, Fault::kho_fdt_malformed, data_.fdt_addr);
    for (const KhoFormat &format : kho_formats())
        if (fdt_string_is(fdt, 0, "compatible", format.compatible))
            format_ = &format;
    if (format_ == nullptr)
        return fail(place, Fault::kho_compatible, data_.fdt_addr);
    std::uint64_t map = 0;
    if (!fdt_u64(fdt, 0, kho::abi::memory_map_property, map) || map == 0)
        return fail(place, Fault::map_property, data_.fdt_addr);
    map_.first = PhysAddr{map};
    return read_subtrees(fdt, place);
}

Errno IncomingHandover::read_subtrees(const void *fdt, Place &place) {
    int node = 0;
    fdt_for_each_subnode(node, fdt, 0) {
        if (subtree_count_ == max_subtrees)
            return fail(place, Fault::subtree_too_many, data_.fdt_addr, subtree_count_);
        if (named_before(fdt, node))
            return fail(place, Fault::subtree_twice, data_.fdt_addr, subtree_count_);
        if (const Errno error = read_subtree(fdt, node, place); error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

Errno IncomingHandover::read_subtree(const void *fdt, int node, Place &place) {
    std::uint64_t at = 0, size = kho::page_size;
    const bool there =
        fdt_u64(fdt, node, format_->address_property, at) &&
        (format_->size_property == nullptr || fdt_u64(fdt, node, format_->size_property, size));
    if (!there || at == 0 || !kho::is_aligned(at, kho::page_size))
        return fail(place, Fault::subtree_property, at, subtree_count_);
    if (size == 0 || size > max_blob_size)
        return fail(place, Fault::subtree_size, at, size);
    const std::string_view node_name = name_of(fdt, node);
    Subtree &entry = subtrees_[subtree_count_++];
    const std::size_t shown = std::min(node_name.size(), sizeof(entry.name) - 1);
    std::copy_n(node_name.data(), shown, entry.name);
    entry.name_size = node_name.size();
    entry.address = PhysAddr{at};
    entry.size = size;
    return Errno::ok;
}

Errno IncomingHandover::read_scratch(const PhysicalWindow &window, const MemoryLayout &layout, Place &place) {
    if (data_.scratch_size == 0 || data_.scratch_size % sizeof(kho_scratch) != 0 ||
        data_.scratch_size > sizeof(scratch_))
        return fail(place, Fault::scratch_size, data_.scratch_addr, data_.scratch_size);
    const std::byte *bytes = readable(window, layout, data_.scratch_addr, data_.scratch_size);
    if (bytes == nullptr || !kho::is_aligned(data_.scratch_addr, 8))
        return fail(place, Fault::scratch_address, data_.scratch_addr);
    __builtin_memcpy(scratch_.data(), bytes, data_.scratch_size);
    scratch_count_ = data_.scratch_size / sizeof(kho_scratch);

    bool some = false;
    for (std::size_t i = 0; i < scratch_count_; i++) {
        const kho_scratch &area = scratch_[i];
        if (area.size == 0)
            continue;
        some = true;
        if (!kho::is_aligned(area.addr | area.size, kho::page_size) || !in_ram(layout, area.addr, area.size))
            return fail(place, Fault::scratch_area, area.addr, i);
        for (std::size_t k = 0; k < i; k++)
            if (scratch_[k].size != 0 && area.addr < scratch_[k].addr + scratch_[k].size &&
                scratch_[k].addr < area.addr + area.size)
                return fail(place, Fault::scratch_overlap, area.addr, i);
    }
    return some ? Errno::ok : fail(place, Fault::no_scratch, data_.scratch_addr);
}

const IncomingHandover::Subtree *IncomingHandover::subtree(std::string_view wanted) const {
    for (const Subtree &entry : subtrees())
        if (wanted.size() == entry.name_size && wanted == entry.name)
            return &entry;
    return nullptr;
}

}  // namespace guest
