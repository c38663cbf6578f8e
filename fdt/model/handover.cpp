// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/handover.h"

#include <algorithm>
#include <utility>
#include "fdt/abi/memfd.h"

#include "fdt/abi/luo_v5.h"

namespace kho {

std::string_view compatible(KhoFormat format) {
    switch (format) {
        case KhoFormat::v1:
            return abi::kho_v1_compatible;
        case KhoFormat::v3:
            return abi::kho_v3_compatible;
        case KhoFormat::v4:
            return abi::kho_v4_compatible;
        case KhoFormat::unknown:
            break;
    }
    return {};
}

KhoFormat kho_format(std::string_view name) {
    for (const KhoFormat format : {KhoFormat::v1, KhoFormat::v3, KhoFormat::v4})
        if (compatible(format) == name)
            return format;
    return KhoFormat::unknown;
}

std::string_view compatible(LuoFormat format) {
    switch (format) {
        case LuoFormat::v1:
            return abi::luo_v1_compatible;
        case LuoFormat::v5:
            return abi::luo_v5_compatible;
        case LuoFormat::unknown:
            break;
    }
    return {};
}

namespace {

bool same(const abi::kho_vmalloc &a, const abi::kho_vmalloc &b) {
    return a.first == b.first && a.total_pages == b.total_pages && a.flags == b.flags && a.order == b.order;
}

}  // namespace

bool Memfd::operator==(const Memfd &other) const {
    return pos == other.pos && size == other.size && seals == other.seals && flags == other.flags &&
           same(folio_array, other.folio_array) && nr_folios == other.nr_folios && folios == other.folios;
}

bool KhoTest::operator==(const KhoTest &other) const {
    return csum == other.csum && same(folio_array, other.folio_array) && folios == other.folios;
}

std::uint32_t restored_seals(const LuoFile &file) {
    if (!file.memfd)
        return 0;
    return file.compatible == abi::memfd_v1_compatible ? abi::memfd_seal_seal : file.memfd->seals;
}

std::vector<FileRange> holes(const Memfd &memfd) {
    std::vector<FileRange> covered;
    covered.reserve(memfd.folios.size());
    for (const MemfdFolio &folio : memfd.folios)
        if (folio.index < memfd.size / page_size + 1)
            covered.push_back({folio.index * page_size, folio.bytes()});
    const auto by_offset = [](const FileRange &a, const FileRange &b) { return a.offset < b.offset; };
    if (!std::is_sorted(covered.begin(), covered.end(), by_offset))
        std::sort(covered.begin(), covered.end(), by_offset);
    std::vector<FileRange> result;
    std::uint64_t done = 0;
    for (const FileRange &range : covered) {
        if (range.offset >= memfd.size)
            break;
        if (range.offset > done)
            result.push_back({done, range.offset - done});
        done = std::max(done, range.offset + range.size);
    }
    if (done < memfd.size)
        result.push_back({done, memfd.size - done});
    return result;
}

RangeSet preserved_ranges(std::span<const PreservedBlocks> blocks) {
    std::vector<Range> ranges;
    ranges.reserve(blocks.size());
    for (const PreservedBlocks &run : blocks) ranges.push_back(run.range());
    return RangeSet(std::move(ranges));
}

RangeSet memory_of(const Handover &handover) {
    std::vector<Range> ranges;
    ranges.reserve(handover.preserved.size() + handover.uses.size());
    for (const PreservedBlocks &run : handover.preserved) ranges.push_back(run.range());
    for (const Use &use : handover.uses) ranges.push_back(use.range);
    return RangeSet(std::move(ranges));
}

}  // namespace kho
