// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/handover_promises.h"
#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"

#include <algorithm>
#include <vector>

#include "fdt/make/build.h"
#include "fdt/make/convert.h"
#include "fdt/predict/predict.h"
#include "tests/fuzz/fuzz.h"

namespace fuzz {
namespace {

using namespace kho;

void check_blocks(std::span<const PreservedBlocks> blocks) {
    std::vector<Range> ranges;
    const PreservedBlocks *last = nullptr;
    for (const PreservedBlocks &run : blocks) {
        promise(run.order <= max_block_order && run.count > 0, "blocks have an order and a number");
        promise(is_aligned(value(run.address), order_bytes(run.order)), "blocks are aligned");
        promise(Range::checked(value(run.address), run.bytes()).has_value(), "blocks do not wrap");
        promise(last == nullptr || last->order < run.order ||
                    (last->order == run.order && last->range().end() <= run.address),
                "blocks ascend by order and address");
        ranges.push_back(run.range());
        last = &run;
    }
    std::ranges::sort(ranges, {}, [](const Range &range) { return value(range.start); });
    for (std::size_t i = 1; i < ranges.size(); i++)
        promise(ranges[i - 1].end() <= ranges[i].start, "no page is preserved twice");
}

void check_luo(const Luo &luo) {
    for (const LuoSession &session : luo.sessions)
        for (const LuoFile &file : session.files) {
            if (!memfd_of(file))
                continue;
            for (const MemfdFolio &folio : memfd_of(file)->folios)
                promise(folio.order <= max_order &&
                            Range::checked(value(folio.address), folio.bytes()).has_value(),
                        "folios have an address and an order");
            std::uint64_t end = 0;
            for (const FileRange &hole : holes(*memfd_of(file))) {
                promise(hole.offset >= end && hole.size > 0 && hole.offset < memfd_of(file)->size &&
                            hole.size <= memfd_of(file)->size - hole.offset,
                        "holes ascend and are in the file");
                end = hole.offset + hole.size;
            }
        }
}

// What a format that can hold it keeps: names, tokens, handlers, and where the content is.
bool same_files(const Handover &a, const Handover &b) {
    if (a.luo.has_value() != b.luo.has_value())
        return false;
    if (!a.luo)
        return true;
    const auto same_file = [](const LuoFile &x, const LuoFile &y) {
        if (x.token != y.token || bool(memfd_of(x)) != bool(memfd_of(y)))
            return false;
        return memfd_of(x)
                   ? memfd_of(x)->size == memfd_of(y)->size && memfd_of(x)->pos == memfd_of(y)->pos &&
                         restored_seals(x) == restored_seals(y) && memfd_of(x)->folios == memfd_of(y)->folios
                   : x.compatible == y.compatible && x.data == y.data;
    };
    return a.luo->liveupdate_number == b.luo->liveupdate_number &&
           std::ranges::equal(a.luo->sessions, b.luo->sessions,
                              [&](const LuoSession &x, const LuoSession &y) {
                                  return x.name == y.name && std::ranges::equal(x.files, y.files, same_file);
                              });
}

void check_conversion(const Handover &source, const Memory &memory, const Release &target) {
    static const std::vector<CoreMemoryRange> ram = pc_memory_map(std::uint64_t{256} << 20);
    const auto converted = convert(source, memory, target, usable_memory(ram, source.scratch));
    if (!converted) {
        promise(!converted.error().what.empty(), "what cannot be converted has a reason");
        return;
    }
    const Written &written = converted.value().written;
    const OverlayMemory whole(written.pages, memory);
    Findings findings;
    Handover again = read_handover(whole, written.data, findings);
    promise(findings.errors() == 0, "what was written has no error");
    again.uses.clear();
    promise(again == written.handover, "what was written is what is read");
    promise(!converted.value().losses.empty() || same_files(source, again),
            "files are the same, or losses are reported");
}

}  // namespace

void check_model(const Handover &handover, const Findings &findings) {
    check_blocks(handover.preserved);
    PhysAddr last{0};
    for (const Use &use : handover.uses) {
        promise(Range::checked(value(use.range.start), use.range.size).has_value(), "uses do not wrap");
        promise(last <= use.range.start, "uses ascend");
        last = use.range.start;
        promise(!path_of(handover, use).empty(), "a use has a path");
    }
    for (const Subtree &subtree : handover.subtrees)
        promise(value(subtree.address) != 0 && is_page_aligned(subtree.address) &&
                    Range::checked(value(subtree.address), subtree.size).has_value(),
                "subtrees have an address and a size");
    if (handover.luo)
        check_luo(*handover.luo);
    promise((findings.errors() == 0) == (findings.first_error() == nullptr), "errors are counted");
    for (const Finding &finding : findings.list())
        promise(std::ranges::all_of(finding.message(), [](char c) { return c >= ' ' && c <= '~'; }),
                "findings can be printed");
    for (const Release &release : releases()) predict(handover, findings, release);
}

void check_handover(const Memory &memory, const abi::kho_data &data, std::uint8_t first) {
    Findings findings;
    const Handover handover = read_handover(memory, data, findings);
    check_model(handover, findings);
    const auto strict = read_handover(memory, data);
    promise(strict.ok() == (findings.errors() == 0), "strictly read, the first error is one");
    if (!strict) {
        promise(strict.error().message() == findings.first_error()->message(), "it is the same error");
        return;
    }
    promise(strict.value() == handover, "what is read again is the same");
    if (first >= convert_from)
        check_conversion(handover, memory, releases()[first >> 2 & 3]);
}

void check_map(const Memory &memory, const KhoFormat &format, PhysAddr map) {
    Findings findings;
    const std::vector<PreservedBlocks> runs = read_preserved_map(memory, format, map, findings);
    check_blocks(runs);
    Findings of_totals;
    const MapTotals totals = read_map_totals(memory, format, map, of_totals);
    // Totals see neither what lies twice in the map nor that it has too many runs; both see all else.
    if (findings.fired(Check::block_overlap) || findings.fired(Check::map_size))
        return;
    promise(findings.errors() == of_totals.errors(), "totals find the same errors");
    MapTotals of_runs{};
    for (const PreservedBlocks &run : runs) of_runs[run.order] += run.count;
    promise(totals == of_runs, "totals are those of the runs");
}

}  // namespace fuzz
