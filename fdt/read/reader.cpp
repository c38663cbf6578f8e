// SPDX-License-Identifier: GPL-2.0-or-later
// How the parts of a handover are found from kho_data.
#include "fdt/read/reader.h"

#include <algorithm>

#include "fdt/abi/luo.h"
#include "fdt/codec/internal/codec.h"
#include "fdt/model/subtrees.h"
#include "fdt/read/internal/parts.h"

namespace kho {
namespace {

const Scope root;

std::optional<FdtPage> load_kho_fdt(ReadContext &context, const abi::kho_data &data) {
    if (!context.page_address(data.fdt_addr, "KHO FDT", Check::kho_fdt_address, root, data.fdt_addr, 0))
        return std::nullopt;
    if (data.fdt_size == 0 || data.fdt_size > abi::kho_fdt_size) {
        context.fault(Check::kho_fdt_size, root, data.fdt_addr, 0, [&] {
            return "FDT of " + std::to_string(data.fdt_size) + " bytes, expected 1 to 4096";
        });
        return std::nullopt;
    }
    std::vector<std::byte> bytes(data.fdt_size);
    if (!context.read(PhysAddr{data.fdt_addr}, bytes, Check::kho_fdt_address, root, data.fdt_addr, 0))
        return std::nullopt;
    Result<FdtPage> fdt = FdtPage::parse(std::move(bytes), PhysAddr{data.fdt_addr});
    if (!fdt) {
        context.fault(Check::kho_fdt_header, root, data.fdt_addr, 0, [&] { return fdt.error().what; });
        return std::nullopt;
    }
    return std::move(fdt).value();
}

// A subtree whose content this reader does not know.
void read_other(ReadContext &context, const Subtree &subtree, std::uint32_t index) {
    const std::string path = "/" + printable(subtree.name);
    const Range range{subtree.address, subtree.size};
    context.require_preserved(range, "subtree", Scope{.base = path});
    context.use(range, UseKind::subtree, index);
}

void read_subtrees(ReadContext &context, const Formats &formats) {
    const Handover &handover = context.handover;
    for (std::size_t i = 0; i < handover.subtrees.size(); i++) {
        const Subtree &subtree = handover.subtrees[i];
        const KnownSubtree *known = find_known_subtree(subtree.name);
        if (known == nullptr || known->was_read(handover)) {
            read_other(context, subtree, static_cast<std::uint32_t>(i));
            continue;
        }
        switch (known->kind) {
            case SubtreeKind::luo:
                read_luo(context, formats, subtree);
                break;
            case SubtreeKind::memblock:
                read_memblock(context, subtree);
                break;
            case SubtreeKind::kexec_metadata:
                read_kexec_metadata(context, subtree);
                break;
            case SubtreeKind::kho_test:
                read_kho_test(context, subtree);
                break;
        }
    }
}

}  // namespace

Handover read_handover(const Memory &memory, const abi::kho_data &data, Findings &findings,
                       const ReadOptions &options) {
    Handover handover{.fdt = PhysAddr{data.fdt_addr}};
    ReadContext context(&memory, findings, handover);
    if (const std::optional<FdtPage> fdt = load_kho_fdt(context, data)) {
        context.claim({handover.fdt, page_size}, UseKind::kho_fdt, root);
        const bool has_map = read_kho_fdt(context, *options.formats, *fdt);
        if (handover.format != nullptr) {
            if (options.scratch_known)
                read_scratch(context, data);
            if (has_map)
                read_map(context);
            context.require_preserved({handover.fdt, page_size}, "KHO FDT", root);
            read_subtrees(context, *options.formats);
            check_uses(context);
            if (options.ram != nullptr && context.knows_preserved())
                check_ram(context, *options.ram);
        }
    } else if (options.scratch_known) {
        read_scratch(context, data);
    }
    return handover;
}

Result<Handover> read_handover(const Memory &memory, const abi::kho_data &data) {
    Findings findings(0);
    Handover handover = read_handover(memory, data, findings);
    if (const Finding *error = findings.first_error())
        return error->error();
    return handover;
}

Result<std::vector<LuoSession>> read_luo_sessions(const Memory &memory, PhysAddr session_header,
                                                  const RangeSet &preserved) {
    Findings findings(0);
    Handover handover;
    ReadContext context(&memory, findings, handover);
    std::vector<PreservedBlocks> blocks;
    for (const Range &range : preserved.ranges())
        for (std::uint64_t page = 0; page < range.size; page += page_size << 20)
            blocks.push_back({.address = range.start + page,
                              .order = 0,
                              .count = static_cast<std::uint32_t>(
                                  std::min(range.size - page, page_size << 20) / page_size)});
    context.set_preserved(BlockIndex(std::move(blocks)), true);
    std::vector<LuoSession> sessions;
    luo_v1.entries.read(context, session_header, sessions);
    if (const Finding *error = findings.first_error())
        return error->error();
    return sessions;
}

}  // namespace kho
