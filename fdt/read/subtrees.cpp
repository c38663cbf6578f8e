// SPDX-License-Identifier: GPL-2.0-or-later
// Subtrees other than LUO's: memblock, kexec-metadata, kho_test.
// Follows mm/memblock.c, kernel/liveupdate/kexec_handover.c and lib/test_kho.c.
#include <algorithm>
#include <cstring>

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/kho_test.h"
#include "fdt/abi/memblock.h"
#include "fdt/codec/internal/vmalloc.h"
#include "fdt/read/internal/parts.h"

namespace kho {
namespace {

constexpr Scope metadata_scope{.base = "/kexec-metadata"};
constexpr Scope memblock_scope{.base = "/memblock"};
constexpr Scope test_scope{.base = "/kho_test"};

// The test's FDT takes a page and eight bytes a folio, in one block: it cannot be larger than the largest.
constexpr std::uint64_t max_fdt_size = order_bytes(max_order);

}  // namespace

std::optional<FdtPage> read_subtree_fdt(ReadContext &context, const Subtree &subtree, Check check,
                                        const Scope &scope) {
    const std::uint64_t at = value(subtree.address);
    std::byte bytes_of_head[FdtHead::size];
    if (!context.read(subtree.address, bytes_of_head, Check::subtree_address, scope,
                      value(context.handover.fdt), 0))
        return std::nullopt;
    const FdtHead head = fdt_head(bytes_of_head);
    const bool sized = context.handover.format->has_sizes();
    const std::uint64_t most = sized ? std::min(subtree.size, max_fdt_size) : max_fdt_size;
    if (!head.is_fdt() || !head.has_header() || head.total_size > most) {
        context.fault(check, scope, at, 0, [&] {
            return "not a valid FDT: magic " + hex(head.magic) + ", totalsize " +
                   std::to_string(head.total_size) + ", expected at most " + std::to_string(most);
        });
        return std::nullopt;
    }
    std::vector<std::byte> bytes(head.total_size);
    if (!context.read(subtree.address, bytes, check, scope, at, 0))
        return std::nullopt;
    Result<FdtPage> fdt = FdtPage::parse(std::move(bytes), subtree.address);
    if (fdt)
        return std::move(fdt).value();
    context.fault(check, scope, at, 0, [&] { return fdt.error().what; });
    return std::nullopt;
}

void read_memblock(ReadContext &context, const Subtree &subtree) {
    const auto fdt = read_subtree_fdt(context, subtree, Check::memblock_fdt, memblock_scope);
    const Range range{subtree.address, fdt ? fdt->size() : page_size};
    context.require_preserved(range, "memblock FDT", memblock_scope);
    if (context.claim(range, UseKind::memblock_fdt, memblock_scope) && fdt)
        read_memblock_fdt(context, *fdt, subtree.address);
}

void read_memblock_fdt(ReadContext &context, const FdtPage &fdt, PhysAddr at) {
    constexpr std::string_view root = abi::memblock_v1_compatible, child = abi::reserve_mem_v1_compatible;
    if (!context.compatible(fdt, FdtPage::root, std::span(&root, 1), Check::memblock_compatible,
                            memblock_scope))
        return;
    std::vector<MemblockReservation> &reservations = context.handover.memblock.emplace();
    std::uint64_t index = 0;
    for (const int node : fdt.children(FdtPage::root)) {
        const std::uint64_t i = index++;
        const std::string name = fdt.name(node);
        const std::string path = "/memblock/" + printable(name);
        const Scope scope{.base = path};
        if (!context.compatible(fdt, node, std::span(&child, 1), Check::memblock_compatible, scope))
            continue;
        const auto start =
            context.u64(fdt, node, abi::reserve_mem_start_property, Check::reservation_property, scope);
        const auto size =
            context.u64(fdt, node, abi::reserve_mem_size_property, Check::reservation_property, scope);
        if (!start || !size)
            continue;
        const std::optional<Range> range = Range::checked(*start, *size);
        if (!range || range->empty() || *start == 0 || !is_sound_page(*start) ||
            !is_aligned(*size, page_size) || value(range->end()) > last_sound_page) {
            context.fault(Check::reservation_range, scope, value(at), i, [&] {
                return "reservation " + hex(*start) + " + " + hex(*size) + ", expected whole pages";
            });
            continue;
        }
        context.require_preserved(*range, "reservation", scope);
        context.use(*range, UseKind::memblock_reservation, static_cast<std::uint32_t>(reservations.size()));
        reservations.push_back({.name = name, .range = *range});
    }
}

void read_kexec_metadata(ReadContext &context, const Subtree &subtree) {
    abi::kho_kexec_metadata metadata{};
    const std::uint64_t at = value(subtree.address);
    const auto too_small = [&](std::uint64_t size, std::uint64_t expected) {
        context.fault(Check::metadata_size, metadata_scope, at, 0, [&] {
            return std::to_string(size) + " bytes, expected at least " + std::to_string(expected);
        });
    };
    const bool sized = context.handover.format->has_sizes();
    if (sized && subtree.size < sizeof metadata.version)
        return too_small(subtree.size, sizeof metadata.version);
    std::uint32_t version = 0;
    const std::uint64_t holder = value(context.handover.fdt);
    if (!context.load(subtree.address, version, Check::subtree_address, metadata_scope, holder, 0))
        return;
    context.require_preserved({subtree.address, page_size}, "kexec metadata", metadata_scope);
    if (!context.claim({subtree.address, page_size}, UseKind::kexec_metadata, metadata_scope))
        return;
    if (version != abi::kexec_metadata_version) {
        context.fault(Check::metadata_version, metadata_scope, at, 0, [&] {
            return "version " + std::to_string(version) + ", expected " +
                   std::to_string(abi::kexec_metadata_version);
        });
        return;
    }
    if (sized && subtree.size < sizeof metadata)
        return too_small(subtree.size, sizeof metadata);
    if (!context.load(subtree.address, metadata, Check::subtree_address, metadata_scope, holder, 0))
        return;
    const std::optional<std::string_view> release = terminated(metadata.previous_release);
    if (!release)
        context.fault(Check::metadata_release, metadata_scope, at, 0, [&] {
            return "previous_release " +
                   in_quotes({metadata.previous_release, sizeof metadata.previous_release}) + " has no end";
        });
    context.handover.kexec_metadata = {.version = version,
                                       .previous_release = std::string(release.value_or(std::string_view(
                                           metadata.previous_release, sizeof metadata.previous_release))),
                                       .kexec_count = metadata.kexec_count};
}

void read_kho_test(ReadContext &context, const Subtree &subtree) {
    const auto fdt = read_subtree_fdt(context, subtree, Check::test_fdt, test_scope);
    const Range range{subtree.address, fdt ? fdt->size() : page_size};
    context.require_preserved(range, "FDT of kho_test", test_scope);
    if (context.claim(range, UseKind::kho_test_fdt, test_scope) && fdt)
        read_kho_test_fdt(context, *fdt, subtree.address);
}

namespace {

// Properties of kho_test have the size of their type.
template <typename T>
bool copy_property(ReadContext &context, const FdtPage &fdt, int node, const char *property, Check check,
                   T &out) {
    const Outcome outcome = fdt.copy_property(node, property, std::as_writable_bytes(std::span(&out, 1)));
    if (!outcome)
        context.fault(check, test_scope, value(fdt.address()), 0, [&] { return outcome.error().what; });
    return outcome.ok();
}

void take_test_folio(ReadContext &context, KhoTest &test, std::uint64_t entry, std::uint64_t at,
                     std::uint64_t index) {
    const KhoTestFolio folio{.address = PhysAddr{align_down(entry, page_size)},
                             .order = static_cast<std::uint32_t>(entry % page_size)};
    const std::optional<unsigned> head = context.preserved().head_order(folio.address);
    if (folio.order > max_order || !is_sound_page(value(folio.address)) ||
        (context.knows_preserved() && head != folio.order)) {
        context.fault(Check::test_folio, test_scope.in("/folios"), at, index, [&] {
            return "folio at " + hex(value(folio.address)) + " of order " + std::to_string(folio.order) +
                   (head ? ", but the preserved block there has order " + std::to_string(*head)
                         : ", where no preserved block begins");
        });
        return;
    }
    context.use({folio.address, order_bytes(folio.order)}, UseKind::kho_test_folios);
    test.folios.push_back(folio);
}

}  // namespace

void read_kho_test_fdt(ReadContext &context, const FdtPage &fdt, PhysAddr at) {
    constexpr std::string_view compatible = abi::kho_test_v1_compatible;
    if (!context.compatible(fdt, FdtPage::root, std::span(&compatible, 1), Check::test_compatible,
                            test_scope))
        return;
    std::uint32_t magic = 0, nr_folios = 0;
    if (!copy_property(context, fdt, FdtPage::root, abi::kho_test_magic_property, Check::test_compatible,
                       magic))
        return;
    if (magic != abi::kho_test_magic) {
        context.fault(Check::test_compatible, test_scope, value(at), 0,
                      [&] { return "magic is " + hex(magic) + ", expected " + hex(abi::kho_test_magic); });
        return;
    }
    KhoTest test;
    const std::optional<int> data = fdt.child(FdtPage::root, abi::kho_test_data_node);
    if (!data) {
        context.fault(Check::test_property, test_scope, value(at), 0,
                      [] { return std::string("no node data"); });
        return;
    }
    const Check check = Check::test_property;
    if (!copy_property(context, fdt, *data, abi::kho_test_nr_folios_property, check, nr_folios) ||
        !copy_property(context, fdt, *data, abi::kho_test_csum_property, check, test.csum) ||
        !copy_property(context, fdt, *data, abi::kho_test_folios_property, check, test.folio_array))
        return;
    constexpr std::uint64_t per_page = page_size / sizeof(std::uint64_t);
    if (nr_folios > test.folio_array.total_pages * per_page) {
        context.fault(check, test_scope, value(at), 0, [&] {
            return std::to_string(nr_folios) + " folios in " + std::to_string(test.folio_array.total_pages) +
                   " pages, which hold at most " + std::to_string(test.folio_array.total_pages * per_page);
        });
    } else if (context.has_memory()) {
        const Scope scope = test_scope.in("/folios");
        const VmallocArea area = read_vmalloc(context, test.folio_array, at, UseKind::kho_test_array, scope);
        std::uint64_t index = 0;
        std::uint64_t entries[per_page];
        for (const PhysAddr block : area.pages)
            for (std::uint64_t offset = 0; offset < order_bytes(area.order) && index < nr_folios;
                 offset += page_size) {
                const PhysAddr page = block + offset;
                if (!context.load(page, entries, Check::vmalloc_address, scope, value(page), 0))
                    break;
                for (std::uint64_t i = 0; i < std::size(entries) && index < nr_folios; i++)
                    take_test_folio(context, test, entries[i], value(page) + i * 8, index++);
            }
    }
    context.handover.kho_test = std::move(test);
}

}  // namespace kho
