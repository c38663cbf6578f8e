// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/codec/metadata_pages.h"

#include <algorithm>
#include <string>

#include "fdt/base/internal/text.h"

namespace kho {
namespace {

Error no_room(std::uint64_t pages) {
    return {.code = Errc::no_room,
            .what = "no " + std::to_string(pages) + " contiguous free pages are left for metadata"};
}

}  // namespace

MetadataPages::Block MetadataPages::store(PhysAddr address, std::uint64_t size) {
    const auto stored = pages_.insert_or_assign(address, std::vector<std::byte>(size)).first;
    return {address, stored->second};
}

Result<MetadataPages::Block> MetadataPages::preserved(unsigned order) {
    const std::optional<PhysAddr> address = allocator_.allocate(order);
    if (!address)
        return no_room(std::uint64_t{1} << order);
    blocks_.push_back({*address, order, 1});
    return store(*address, order_bytes(order));
}

Result<MetadataPages::Block> MetadataPages::unpreserved(std::uint64_t pages) {
    const std::optional<Range> run = allocator_.allocate_run(pages);
    if (!run)
        return no_room(pages);
    return store(run->start, run->size);
}

RangeSet MetadataPages::ranges() const {
    std::vector<Range> ranges;
    ranges.reserve(pages_.size());
    for (const auto &[address, bytes] : pages_) ranges.push_back({address, bytes.size()});
    return RangeSet(std::move(ranges));
}

Outcome MetadataPages::read(PhysAddr from, std::span<std::byte> out) const {
    while (!out.empty()) {
        auto piece = pages_.upper_bound(from);
        if (piece != pages_.begin())
            --piece;
        if (piece == pages_.end() || from < piece->first || from - piece->first >= piece->second.size())
            return Error{
                .code = Errc::outside_memory, .address = value(from), .what = "not a page of metadata"};
        const std::uint64_t skip = from - piece->first;
        const std::uint64_t here = std::min<std::uint64_t>(out.size(), piece->second.size() - skip);
        std::memcpy(out.data(), piece->second.data() + skip, here);
        out = out.subspan(here);
        from = from + here;
    }
    return success();
}

}  // namespace kho
