// SPDX-License-Identifier: GPL-2.0-or-later
// What holds for every image that was accepted, whatever the file said.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "fdt/abi/x86_boot.h"
#include "fdt/search/find.h"
#include "fdt/search/locate.h"
#include "fuzz.h"

namespace fuzz {

inline void check_memory(const kho::Image &image) {
    const kho::ImageMemory &memory = image.memory();
    const kho::RangeSet resident = memory.resident();
    promise(resident.minus(memory.ranges()).empty(), "what is resident can be read");
    // Pages of a kdump may be damaged one by one; all else that is there can be read.
    const bool all_readable = image.kind() != kho::ImageKind::kdump;
    std::array<std::byte, 2 * kho::page_size> some;
    std::size_t left = 256;
    for (const kho::Range &range : memory.ranges().ranges()) {
        if (left-- == 0)
            break;
        const auto out = std::span(some).first(std::min<std::uint64_t>(range.size, some.size()));
        const bool read =
            memory.read(range.start, out).ok() && memory.read(range.end() - out.size(), out).ok();
        promise(read || !all_readable, "what is in ranges() can be read");
        promise(!memory.load<std::uint8_t>(range.end()).ok(), "nothing behind a range can be read");
    }
}

inline void check_search(const kho::Image &image) {
    // Holes are not searched, so this is bounded by the input, but for a kdump's pages, which may share their
    // bytes.
    const kho::RangeSet resident = image.memory().resident();
    if (resident.bytes() > (std::uint64_t{16} << 20))
        return;
    const kho::FindResult result = kho::find(image.memory(), {.maps = true});
    promise(result.bytes + result.unreadable <= resident.bytes(), "the search reads nothing twice");
    for (const kho::Found &found : result.found) {
        // Of boot_params only the part behind the old BIOS data need be there.
        const std::uint64_t offset =
            found.kind == kho::FoundKind::boot_params ? kho::abi::boot_params::boot_flag : 0;
        promise(resident.contains({found.address + offset, 1}), "what was found is in memory");
        promise(!found.why.empty(), "what was found has a reason");
        promise(found.kind != kho::FoundKind::setup_data || found.data.has_value(), "a node has its content");
        promise(!found.map || (found.is_kho_fdt() && found.certainty != kho::Certainty::possible),
                "only a sound KHO FDT has a map");
    }
    const auto located = kho::locate(image);
    promise(!located || located.value().by == kho::LocatedBy::note ||
                located.value().data.fdt_addr % kho::page_size == 0,
            "a handover that was found begins at a page");
}

inline void open_and_check(std::vector<std::byte> bytes, const kho::ImageOptions &options) {
    const auto image = kho::Image::open(kho::MappedFile::from_bytes(std::move(bytes)), options);
    if (!image) {
        promise(!image.error().what.empty(), "an error says what is wrong");
        return;
    }
    promise(image.value().blob_kind().has_value() == !image.value().blob().empty(), "a blob has bytes");
    check_memory(image.value());
    check_search(image.value());
}

}  // namespace fuzz
