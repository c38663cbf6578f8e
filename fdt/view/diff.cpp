// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/diff.h"

#include <algorithm>
#include <array>

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/kho_test.h"
#include "fdt/abi/luo.h"
#include "fdt/abi/memblock.h"
#include "fdt/base/internal/text.h"
#include "fdt/model/subtrees.h"
#include "fdt/view/internal/diff_parts.h"

namespace kho {

const char *name(DiffKind kind) {
    switch (kind) {
        case DiffKind::removed:
            return "removed";
        case DiffKind::added:
            return "added";
        case DiffKind::changed:
            return "changed";
        case DiffKind::unreadable:
            return "unreadable";
    }
    return "unknown";
}

bool Differ::both_have(const char *subtree, bool a, bool b) {
    const auto listed = [subtree](const Handover &handover) {
        return std::any_of(handover.subtrees.begin(), handover.subtrees.end(),
                           [subtree](const Subtree &item) { return item.name == subtree; });
    };
    if (a != b && !listed(a_.handover) && !listed(b_.handover))
        whole(a ? DiffKind::removed : DiffKind::added, std::string("/") + subtree, "all of it");
    return a && b;
}

void Differ::add(Difference difference) {
    if (difference.kind == DiffKind::unreadable)
        result_.unreadable++;
    else
        (difference.form ? result_.form : result_.meaning)++;
    if (result_.list.size() < options_.limit)
        result_.list.push_back(std::move(difference));
    else
        result_.dropped++;
}

void Differ::whole(DiffKind kind, const std::string &path, std::string value, Level level) {
    Difference difference{.kind = kind, .form = level == Level::form, .path = path};
    (kind == DiffKind::removed ? difference.a : difference.b) = std::move(value);
    add(std::move(difference));
}

void Differ::text(const std::string &path, const char *what, const std::string &a, const std::string &b,
                  Level level) {
    if (a != b)
        add({.form = level == Level::form, .path = path, .what = what, .a = a, .b = b});
}

void Differ::number(const std::string &path, const char *what, std::uint64_t a, std::uint64_t b,
                    Level level) {
    if (a != b)
        text(path, what, std::to_string(a), std::to_string(b), level);
}

void Differ::hex_number(const std::string &path, const char *what, std::uint64_t a, std::uint64_t b,
                        Level level) {
    if (a != b)
        text(path, what, hex(a), hex(b), level);
}

void Differ::content(const std::string &path, const std::vector<FileExtent> &a,
                     const std::vector<FileExtent> &b, std::uint64_t size) {
    if (!options_.content)
        return;
    auto difference = compare_content({a_.memory, a}, {b_.memory, b}, size, options_.max_ranges);
    if (!difference) {
        Difference unreadable{.kind = DiffKind::unreadable, .path = path, .what = "content"};
        (difference.error().second ? unreadable.b : unreadable.a) = difference.error().error.message();
        return add(std::move(unreadable));
    }
    result_.compared_bytes += size;
    if (difference.value().bytes != 0)
        add({.path = path, .what = "content", .content = std::move(difference).value()});
}

namespace {

// kho-v1 does not know that there is such a thing: its absence there says nothing.
bool has_kexec_metadata(const Handover &handover) {
    return handover.format == nullptr || handover.format->kexec_metadata;
}

// kho-v1 says of no subtree how long it is.
bool has_sizes(const Handover &handover) {
    return handover.format == nullptr || handover.format->has_sizes();
}

using OrderTotals = std::array<std::uint64_t, 64>;

OrderTotals blocks_by_order(const Handover &handover) {
    OrderTotals totals{};
    for (const PreservedBlocks &run : handover.preserved) totals[run.order % totals.size()] += run.count;
    return totals;
}

// Preserved memory without the structures that describe it: those are another's in another format.
std::uint64_t preserved_payload(const Handover &handover) {
    std::vector<Range> structures;
    for (const Use &use : handover.uses)
        if (!is_content(use.kind) && use.kind != UseKind::subtree)
            structures.push_back(use.range);
    return preserved_ranges(handover.preserved).minus(RangeSet(std::move(structures))).bytes();
}

}  // namespace

void Differ::compare_subtrees() {
    const auto &a = a_.handover.subtrees, &b = b_.handover.subtrees;
    for (const Pair &pair : match(a, b, [](const Subtree &subtree) { return subtree.name; })) {
        const Subtree &subtree = pair.a ? a[*pair.a] : b[*pair.b];
        const std::string path = "/" + printable(subtree.name);
        if (!pair.a || !pair.b) {
            const bool depends_on_format =
                subtree.name == abi::kexec_metadata_subtree_name &&
                !(has_kexec_metadata(a_.handover) && has_kexec_metadata(b_.handover));
            whole(pair.a ? DiffKind::removed : DiffKind::added, path, std::to_string(subtree.size) + " bytes",
                  depends_on_format ? Level::form : Level::meaning);
            continue;
        }
        const Subtree &other = b[*pair.b];
        hex_number(path, "address", value(subtree.address), value(other.address), Level::form);
        if (is_understood(a_.handover, subtree) && is_understood(b_.handover, other)) {
            number(path, "size", subtree.size, other.size, Level::form);
            continue;
        }
        const bool are_known = has_sizes(a_.handover) && has_sizes(b_.handover);
        number(path, "size", subtree.size, other.size, are_known ? Level::meaning : Level::form);
        content(path, {{0, subtree.size, subtree.address}}, {{0, other.size, other.address}},
                std::min(subtree.size, other.size));
    }
}

void Differ::compare_memblock() {
    if (!both_have(abi::memblock_subtree_name, a_.handover.memblock.has_value(),
                   b_.handover.memblock.has_value()))
        return;
    const auto &a = *a_.handover.memblock, &b = *b_.handover.memblock;
    for (const Pair &pair : match(a, b, [](const MemblockReservation &item) { return item.name; })) {
        const MemblockReservation &item = pair.a ? a[*pair.a] : b[*pair.b];
        const std::string path = "/memblock/" + printable(item.name);
        if (!pair.a || !pair.b) {
            whole(pair.a ? DiffKind::removed : DiffKind::added, path,
                  std::to_string(item.range.size) + " bytes");
            continue;
        }
        const MemblockReservation &other = b[*pair.b];
        hex_number(path, "address", value(item.range.start), value(other.range.start), Level::form);
        number(path, "size", item.range.size, other.range.size);
        content(path, {{0, item.range.size, item.range.start}}, {{0, other.range.size, other.range.start}},
                std::min(item.range.size, other.range.size));
    }
}

void Differ::compare_kexec_metadata() {
    const auto &a = a_.handover.kexec_metadata, &b = b_.handover.kexec_metadata;
    if (!both_have(abi::kexec_metadata_subtree_name, a.has_value(), b.has_value()))
        return;
    const std::string path = "/kexec-metadata";
    number(path, "version", a->version, b->version);
    text(path, "previous release", in_quotes(a->previous_release), in_quotes(b->previous_release));
    number(path, "kexec count", a->kexec_count, b->kexec_count);
}

void Differ::compare_kho_test() {
    const auto &a = a_.handover.kho_test, &b = b_.handover.kho_test;
    if (!both_have(abi::kho_test_subtree_name, a.has_value(), b.has_value()))
        return;
    const std::string path = "/kho_test";
    hex_number(path, "checksum", a->csum, b->csum);
    number(path, "folios", a->folios.size(), b->folios.size());
    // All folios, one behind the other.
    const auto extents = [](const KhoTest &test, std::uint64_t &size) {
        std::vector<FileExtent> result;
        for (const KhoTestFolio &folio : test.folios) {
            if (folio.order > max_block_order)
                continue;
            result.push_back({size, order_bytes(folio.order), folio.address});
            size += order_bytes(folio.order);
        }
        return result;
    };
    std::uint64_t size_a = 0, size_b = 0;
    const auto extents_a = extents(*a, size_a), extents_b = extents(*b, size_b);
    number(path, "size", size_a, size_b);
    content(path + "/folios", extents_a, extents_b, std::min(size_a, size_b));
}

void Differ::compare_memory() {
    const Handover &a = a_.handover, &b = b_.handover;
    number("/preserved-memory", "bytes without structures", preserved_payload(a), preserved_payload(b));
    const OrderTotals orders_a = blocks_by_order(a), orders_b = blocks_by_order(b);
    for (std::size_t order = 0; order < orders_a.size(); order++)
        number("/preserved-memory", ("blocks of order " + std::to_string(order)).c_str(), orders_a[order],
               orders_b[order], Level::form);
    text("/", "format", std::string(compatible(a.format)), std::string(compatible(b.format)), Level::form);
    hex_number("/", "address", value(a.fdt), value(b.fdt), Level::form);
    const auto scratch = [](const Handover &handover) {
        std::string areas;
        for (const Range &area : handover.scratch) {
            if (!areas.empty())
                areas += ", ";
            areas += hex(value(area.start)) + "+" + hex(area.size);
        }
        return areas;
    };
    if (a.scratch != b.scratch)
        text("/", "scratch", scratch(a), scratch(b), Level::form);
}

DiffResult diff(const DiffSide &a, const DiffSide &b, const DiffOptions &options) {
    Differ differ(a, b, options);
    differ.compare_luo();
    differ.compare_memblock();
    differ.compare_kexec_metadata();
    differ.compare_kho_test();
    differ.compare_subtrees();
    differ.compare_memory();
    return differ.take();
}

}  // namespace kho
