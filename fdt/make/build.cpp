// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/make/build.h"

#include <algorithm>
#include <bit>

#include "fdt/abi/units.h"
#include "fdt/abi/x86_boot.h"
#include "fdt/base/internal/text.h"
#include "fdt/handlers/memfd.h"

namespace kho {
namespace {

std::string at(const char *list, std::size_t index) {
    return std::string(list) + '[' + std::to_string(index) + ']';
}

class Builder {
public:
    explicit Builder(const Description &description) : description_(description) {}

    Result<Built> run() {
        for (Outcome (Builder::*step)() : {&Builder::place_scratch, &Builder::place_reservations,
                                           &Builder::place_files, &Builder::place_subtrees})
            if (Outcome outcome = (this->*step)(); !outcome)
                return outcome.error();
        handover_.kexec_metadata = description_.kexec_metadata;
        std::vector<Range> used;
        used.reserve(placed_.size());
        for (const BuiltMemory::Placed &place : placed_) used.push_back(place.range);
        Result<Written> written =
            write_handover(handover_, *description_.release, free_.minus(RangeSet(std::move(used))));
        if (!written)
            return written.error();
        return Built{.header = {.data = written.value().data,
                                .memory_map = description_.memory_map,
                                .release = description_.release->name},
                     .handover = std::move(written.value().handover),
                     .memory = BuiltMemory(std::move(written.value().pages), std::move(placed_))};
    }

private:
    static Error refuse(Errc code, const std::string &where, const std::string &what) {
        return {.code = code, .what = where + ": " + what};
    }

    Outcome place_scratch() {
        RangeSet free = usable_memory(description_.memory_map, {});
        std::vector<ScratchDescription> areas = description_.scratch;
        if (areas.empty())
            areas = default_scratch(ram_in(description_.memory_map).bytes());
        handover_.scratch.resize(areas.size());
        // Those with an address first, so that none of the others is in their way.
        for (const bool fixed : {true, false})
            for (std::size_t i = 0; i < areas.size(); i++)
                if (areas[i].address.has_value() == fixed)
                    if (Outcome outcome = place_area(areas[i], i, free); !outcome)
                        return outcome;
        if (std::ranges::all_of(handover_.scratch, &Range::empty))
            return refuse(Errc::scratch_array, "scratch", "all areas are empty");
        free_ = free;
        return success();
    }

    Outcome place_area(const ScratchDescription &area, std::size_t index, RangeSet &free) {
        const std::string where = at("scratch", index);
        if (!is_aligned(area.size, page_size) || (area.address && !is_page_aligned(*area.address)))
            return refuse(Errc::scratch_array, where, "not whole pages");
        std::optional<Range> place = Range{area.address.value_or(PhysAddr{0}), area.size};
        if (area.address) {
            place = Range::checked(value(*area.address), area.size);
            if (!place || !free.contains(*place))
                return refuse(
                    Errc::scratch_array, where,
                    hex(area.size) + " bytes at " + hex(value(*area.address)) + " are not free RAM");
        } else if (area.size > 0) {
            const std::uint64_t alignment =
                is_aligned(area.size, scratch_alignment) ? scratch_alignment : page_size;
            // The first area is for devices that reach only low memory.
            if (index > 0)
                place = free.find_high(area.size, alignment, {PhysAddr{mib}, UINT64_MAX - mib});
            else
                place = free.find_high(area.size, alignment, {PhysAddr{mib}, 4 * gib - mib});
            if (!place)
                return refuse(Errc::no_room, where, "no " + hex(area.size) + " free bytes of RAM");
        }
        free.subtract(*place);
        handover_.scratch[index] = *place;
        return success();
    }

    Outcome place_reservations() {
        const std::vector<ReservationDescription> &reservations = description_.reservations;
        std::vector<Range> ranges(reservations.size());
        for (std::size_t i = 0; i < reservations.size(); i++) {
            const ReservationDescription &reservation = reservations[i];
            const std::string where = at("reservations", i);
            if (reservation.size == 0 || !is_aligned(reservation.size, page_size))
                return refuse(Errc::malformed, where + ".size",
                              hex(reservation.size) + " is not a number of whole pages");
            if (!std::has_single_bit(reservation.alignment) || reservation.alignment < page_size)
                return refuse(Errc::malformed, where + ".alignment",
                              hex(reservation.alignment) + " is not a power of two from 4096 on");
            if (reservation.content.end() > reservation.size)
                return refuse(
                    Errc::malformed, where + ".contents",
                    hex(reservation.content.end()) + " bytes in a reservation of " + hex(reservation.size));
            if (!reservation.address)
                continue;
            const auto range = Range::checked(value(*reservation.address), reservation.size);
            if (!range || !is_page_aligned(*reservation.address) || !free_.contains(*range))
                return refuse(Errc::malformed, where + ".address",
                              hex(reservation.size) + " bytes at " + hex(value(*reservation.address)) +
                                  " are not free RAM");
            ranges[i] = *range;
            free_.subtract(*range);
        }
        allocator_.emplace(free_);
        for (std::size_t i = 0; i < reservations.size(); i++) {
            if (!reservations[i].address) {
                const auto run =
                    allocator_->allocate_run(reservations[i].size / page_size, reservations[i].alignment);
                if (!run)
                    return refuse(Errc::no_room, at("reservations", i),
                                  "no " + hex(reservations[i].size) + " contiguous free bytes");
                ranges[i] = *run;
            }
            placed_.push_back({ranges[i], &reservations[i].content, 0});
            const std::vector<PreservedBlocks> blocks = blocks_of(ranges[i]);
            handover_.preserved.insert(handover_.preserved.end(), blocks.begin(), blocks.end());
        }
        if (reservations.empty())
            return success();
        handover_.memblock.emplace();
        for (std::size_t i = 0; i < reservations.size(); i++)
            handover_.memblock->push_back({.name = reservations[i].name, .range = ranges[i]});
        return success();
    }

    Outcome place_files() {
        if (!description_.luo)
            return success();
        handover_.luo = Luo{.liveupdate_number = description_.luo->liveupdate_number};
        if (!description_.luo->flbs.empty())
            handover_.luo->flbs = description_.luo->flbs;
        const std::vector<SessionDescription> &sessions = description_.luo->sessions;
        handover_.luo->sessions.reserve(sessions.size());
        for (std::size_t i = 0; i < sessions.size(); i++) {
            LuoSession &session = handover_.luo->sessions.emplace_back();
            session.name = sessions[i].name;
            session.files.reserve(sessions[i].files.size());
            for (std::size_t j = 0; j < sessions[i].files.size(); j++) {
                const FileDescription &file = sessions[i].files[j];
                LuoFile &made = session.files.emplace_back();
                made.token = file.token;
                if (!file.handler.empty()) {
                    made.compatible = file.handler;
                    made.data = file.data;
                    continue;
                }
                Result<Memfd> memfd = place_memfd(file, at("sessions", i) + '.' + at("files", j));
                if (!memfd)
                    return memfd.error();
                made.body = std::move(memfd).value();
            }
        }
        return success();
    }

    Result<Memfd> place_memfd(const FileDescription &file, const std::string &where) {
        if (file.size > abi::memfd_max_size)
            return refuse(Errc::malformed, where + ".size", hex(file.size) + " bytes, at most 2^63 - 1");
        if (file.content.end() > file.size)
            return refuse(Errc::malformed, where + ".contents",
                          hex(file.content.end()) + " bytes in a file of " + hex(file.size));
        if (file.folio_order > max_order)
            return refuse(Errc::block_order, where + ".folio_order",
                          std::to_string(file.folio_order) + ", at most " + std::to_string(max_order));
        Memfd memfd{.pos = file.position, .size = file.size, .seals = file.seals};
        for (const FileRange &range : file.content.stored_pages(file.size)) {
            std::uint64_t page = range.offset / page_size;
            const std::uint64_t end = page + range.size / page_size;
            while (page < end) {
                unsigned order =
                    std::min(file.folio_order, static_cast<unsigned>(std::bit_width(end - page)) - 1);
                order = std::min(order, static_cast<unsigned>(std::countr_zero(page)));
                const std::optional<PhysAddr> place = allocator_->allocate(order);
                if (!place)
                    return refuse(Errc::no_room, where,
                                  "no free block of order " + std::to_string(order) + " for page " +
                                      std::to_string(page) + " of the file");
                memfd.folios.push_back({.address = *place,
                                        .index = page,
                                        .flags = file.folio_flags,
                                        .order = static_cast<std::uint8_t>(order)});
                placed_.push_back({{*place, order_bytes(order)}, &file.content, page * page_size});
                handover_.preserved.push_back({*place, order, 1});
                page += std::uint64_t{1} << order;
            }
        }
        return memfd;
    }

    Outcome place_subtrees() {
        const std::vector<SubtreeDescription> &subtrees = description_.subtrees;
        for (std::size_t i = 0; i < subtrees.size(); i++) {
            const std::string where = at("subtrees", i);
            const std::uint64_t size = subtrees[i].size;
            if (size == 0 || size > order_bytes(max_order) || subtrees[i].content.end() > size)
                return refuse(Errc::malformed, where + ".size",
                              hex(size) + " bytes, expected 1 to " + hex(order_bytes(max_order)) +
                                  ", and no less than its contents");
            const auto order = static_cast<unsigned>(std::bit_width((size - 1) >> page_shift));
            const std::optional<PhysAddr> place = allocator_->allocate(order);
            if (!place)
                return refuse(Errc::no_room, where, "no free block of order " + std::to_string(order));
            placed_.push_back({{*place, order_bytes(order)}, &subtrees[i].content, 0});
            handover_.preserved.push_back({*place, order, 1});
            handover_.subtrees.push_back({.name = subtrees[i].name, .address = *place, .size = size});
        }
        return success();
    }

    const Description &description_;
    RangeSet free_;
    std::optional<PageAllocator> allocator_;
    Handover handover_;
    std::vector<BuiltMemory::Placed> placed_;
};

}  // namespace

Result<Built> build(const Description &description) { return Builder(description).run(); }

RangeSet usable_memory(std::span<const CoreMemoryRange> memory_map, std::span<const Range> scratch) {
    RangeSet usable = ram_in(memory_map);
    usable.subtract({PhysAddr{0}, mib});
    return usable.minus(RangeSet({scratch.begin(), scratch.end()}));
}

std::vector<PreservedBlocks> blocks_of(Range range) {
    std::vector<PreservedBlocks> blocks;
    while (!range.empty()) {
        const std::uint64_t pfn = value(range.start) >> page_shift;
        const std::uint64_t pages = range.size >> page_shift;
        unsigned order = std::min(static_cast<unsigned>(std::bit_width(pages)) - 1, max_block_order);
        order = std::min(order, static_cast<unsigned>(std::countr_zero(pfn)));
        blocks.push_back({range.start, order, 1});
        range = {range.start + order_bytes(order), range.size - order_bytes(order)};
    }
    return blocks;
}

}  // namespace kho
