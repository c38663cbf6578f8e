// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/metadata.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "fdt/abi/luo.h"
#include "fdt/write_fdt.h"
#include "fdt/write_map.h"

namespace kexec_handover {
namespace {

using kho::PhysAddr;
using kho::Range;

// Free memory above the first MiB, which firmware and old boot code consider theirs. Below 4 GiB if it can
// be, so that a kernel reaches it with its earliest page tables.
std::optional<Range> find_place(const kho::RangeSet &free, std::uint64_t size) {
    constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;
    if (auto low = free.find_high(size, kho::page_size, {PhysAddr{mib}, 4 * gib - mib}))
        return low;
    return free.find_low(size, kho::page_size, {PhysAddr{mib}, UINT64_MAX - mib});
}

}  // namespace

bool is_writable(const kho::Release &release) {
    return release.kho_compatible == kho::abi::kho_v1_compatible &&
           release.luo_compatible == kho::abi::luo_v1_compatible;
}

Checked<Metadata> make_metadata(const KexecRequest &request, const kho::Release &release) {
    if (request.found) {
        Metadata metadata;
        metadata.luo_fdt = request.found->luo_root;
        metadata.handover = request.found->data;
        metadata.kept = request.found->unpreserved;
        metadata.release = request.found->release;
        return metadata;
    }
    const bool with_flbs = !release.flb_compatible.empty();
    if (request.flbs > 0 && (!with_flbs || value(request.session_header) == 0))
        return Refusal{Status::flbs_not_supported, request.flbs, value(request.flb_header),
                       with_flbs ? "FLBs without a session header"
                                 : "the format of Linux " + std::string(release.name) + " has no place for " +
                                       std::to_string(request.flbs) + " FLBs"};
    const kho::RangeSet free = request.usable.minus(request.preserved_ranges).minus(request.scratch_ranges);
    const bool has_luo = value(request.session_header) != 0;
    const bool needs_flbs = has_luo && with_flbs && value(request.flb_header) == 0;
    // KHO FDT, LUO FDT, FLBs, scratch array
    const std::uint64_t fixed_pages = 1 + (has_luo ? 1 : 0) + (needs_flbs ? 1 : 0) + 1;

    // The map covers the pages it lies in itself, so that its size depends on its place and its place on its
    // size. Both settle after a step or two; should they not, a spare page does no harm.
    std::vector<kho::PreservedBlocks> blocks = request.preserved;
    blocks.emplace_back();
    std::uint64_t pages = fixed_pages + kho::map_pages(kho::KhoFormat::v1, request.preserved);
    std::optional<Range> place;
    for (int attempt = 0; attempt < 8; ++attempt) {
        place = find_place(free, pages * kho::page_size);
        if (!place)
            return Refusal{
                Status::no_memory_for_metadata, 0, pages * kho::page_size,
                "no room for " + std::to_string(pages) +
                    " contiguous pages of FDTs and map in RAM that is neither preserved nor scratch"};
        blocks.back() = {place->start, 0, static_cast<std::uint32_t>(pages)};
        const std::uint64_t needed = fixed_pages + kho::map_pages(kho::KhoFormat::v1, blocks);
        if (needed == pages || (needed < pages && attempt >= 4))
            break;
        pages = needed;
    }

    Metadata metadata;
    metadata.release = release.name;
    metadata.address = place->start;
    metadata.bytes.resize(place->size);
    std::uint64_t offset = 0;
    const auto put = [&](std::span<const std::byte> page) {
        const PhysAddr at = metadata.address + offset;
        std::ranges::copy(page, metadata.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
        offset += kho::page_size;
        return at;
    };

    std::vector<kho::Subtree> subtrees;
    if (has_luo) {
        std::optional<PhysAddr> flbs;
        if (needs_flbs) {
            const kho::abi::luo_flb_header_ser none{.pgcnt = kho::abi::flb_area_pages, .count = 0};
            flbs = put(std::as_bytes(std::span(&none, 1)));
        } else if (with_flbs) {
            flbs = request.flb_header;
        }
        const auto fdt = kho::write_luo_fdt(request.liveupdate_number, request.session_header, flbs);
        if (!fdt)
            return refusal(fdt.error());
        metadata.luo_fdt = put(fdt.value());
        subtrees.push_back({kho::abi::luo_subtree_name, metadata.luo_fdt, kho::page_size});
    }
    subtrees.insert(subtrees.end(), request.subtrees.begin(), request.subtrees.end());

    static_assert(max_scratch_areas * sizeof(kho::abi::kho_scratch) <= kho::page_size);
    const PhysAddr scratch = put(std::as_bytes(std::span(request.scratch)));
    const PhysAddr fdt_at = metadata.address + offset;
    const PhysAddr map = fdt_at + kho::page_size;
    const auto fdt = kho::write_kho_fdt(kho::KhoFormat::v1, map, subtrees);
    if (!fdt)
        return refusal(fdt.error());
    put(fdt.value());
    const std::uint64_t map_bytes = kho::map_pages(kho::KhoFormat::v1, blocks) * kho::page_size;
    if (const auto written = kho::write_map(kho::KhoFormat::v1, blocks, map,
                                            std::span(metadata.bytes).subspan(offset, map_bytes));
        !written)
        return refusal(written.error());

    metadata.handover = {value(fdt_at), kho::abi::kho_fdt_size, value(scratch),
                         request.scratch.size() * sizeof(kho::abi::kho_scratch)};
    return metadata;
}

}  // namespace kexec_handover
