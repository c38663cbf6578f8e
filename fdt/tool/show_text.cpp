// SPDX-License-Identifier: GPL-2.0-or-later
// The text of kho show: top down, from what everybody asks to what few do.
#include <algorithm>

#include "fdt/tool/format.h"
#include "fdt/tool/show_parts.h"

namespace kho::tool {
namespace {

void heading(Output &out, std::string_view name, std::string_view rest = {}) {
    out << '\n';
    out.styled(Style::heading, name) << rest << '\n';
}

void fact(Output &out, std::string_view name, std::string_view text) {
    out.left(name, 16, Style::heading).prose(text, 16) << '\n';
}

std::string addressed(std::string_view text, PhysAddr address) {
    return std::string(text) + (value(address) == 0 ? "" : " at " + hex(value(address)));
}

std::string kho_text(const Handover &handover) {
    const std::string_view format = compatible(handover.format);
    std::string text = format.empty() ? "of an unknown version" : std::string(format);
    if (value(handover.fdt) != 0)
        text += ", FDT at " + hex(value(handover.fdt));
    if (value(handover.memory_map) != 0)
        text += ", map at " + hex(value(handover.memory_map));
    return text;
}

std::string luo_text(const Luo &luo) {
    const std::string_view format = compatible(luo.format);
    return addressed(format.empty() ? "of an unknown version" : format, luo.root);
}

void show_facts(Output &out, const Input &input, const Summary &summary) {
    const Handover &handover = input.handover;
    const ImageInfo &info = input.image.info();
    out.styled(Style::heading, printable(input.path)) << ": " << info.format << '\n';
    if (info.cpus || !info.kernel_release.empty() || !input.ram.empty()) {
        std::string machine;
        if (!input.ram.empty())
            machine = size_text(input.ram.bytes()) + " of RAM";
        if (info.cpus)
            machine += (machine.empty() ? "" : ", ") + counted(*info.cpus, "CPU");
        if (!info.kernel_release.empty())
            machine += (machine.empty() ? "Linux " : ", Linux ") + printable(info.kernel_release);
        fact(out, "Machine", machine);
    }
    if (input.located)
        fact(out, "Found by", input.located->words);
    fact(out, "Written by", releases_text(summary.releases));
    const bool whole = !input.blob() || *input.blob() == BlobKind::kho_fdt;
    if (whole)
        fact(out, "KHO", kho_text(handover));
    if (handover.luo) {
        fact(out, "LUO", luo_text(*handover.luo));
        fact(out, "Live update", std::to_string(handover.luo->liveupdate_number));
    } else if (whole && !input.blob()) {
        fact(out, "LUO", "none");
    }
    if (input.blob()) {
        fact(out, "", "(a blob: what its addresses lead to is in memory, not here)");
        return;
    }
    if (handover.luo) {
        fact(out, "Sessions", std::to_string(summary.sessions) + ", with " + counted(summary.files, "file"));
        fact(out, "Memfds",
             std::to_string(summary.memfds) + ", " + size_text(summary.memfd_bytes) + " long, " +
                 size_text(summary.folio_bytes) + " of memory");
    }
    fact(out, "Preserved",
         size_text(summary.preserved_bytes) + " in " + counted(summary.preserved_blocks, "block"));
    if (input.located && !input.located->scratch_known())
        fact(out, "Scratch", "unknown: nothing names it");
    else
        fact(out, "Scratch",
             size_text(summary.scratch_bytes) + " in " + counted(handover.scratch.size(), "area"));
}

void show_flbs(Output &out, const Luo &luo) {
    if (!luo.flbs)
        return;
    heading(out, "FLBs: ", std::to_string(luo.flbs->size()));
    std::size_t width = 0;
    for (const LuoFlb &flb : *luo.flbs) width = std::max(width, printable(flb.name).size());
    for (const LuoFlb &flb : *luo.flbs) {
        out << "  ";
        out.left(printable(flb.name), width, Style::name) << "  data ";
        out.left(hex(flb.data), 18, Style::address) << "  for " << counted(flb.count, "file") << '\n';
    }
}

void show_reservations(Output &out, const std::vector<MemblockReservation> &reservations) {
    heading(out, "Reserved memory (reserve_mem): ", counted(reservations.size(), "area"));
    std::size_t width = 0;
    for (const MemblockReservation &one : reservations) width = std::max(width, printable(one.name).size());
    for (const MemblockReservation &one : reservations) {
        out << "  ";
        out.left(printable(one.name), width, Style::name) << "  ";
        out.styled(Style::address, range_text(one.range)) << "  " << size_text(one.range.size) << '\n';
    }
}

void show_subtrees(Output &out, const std::vector<Subtree> &subtrees) {
    heading(out, "Subtrees: ", std::to_string(subtrees.size()));
    std::size_t name_width = 0;
    std::size_t address_width = 0;
    for (const Subtree &subtree : subtrees) {
        name_width = std::max(name_width, printable(subtree.name).size());
        address_width = std::max(address_width, hex(value(subtree.address)).size());
    }
    for (const Subtree &subtree : subtrees) {
        out << "  ";
        out.left(printable(subtree.name), name_width, Style::name) << "  ";
        out.right(hex(value(subtree.address)), address_width, Style::address)
            << "  " << size_text(subtree.size) << '\n';
    }
}

void show_kho_test(Output &out, const KhoTest &test, bool verbose) {
    std::uint64_t bytes = 0;
    for (const KhoTestFolio &folio : test.folios) bytes += order_bytes(folio.order);
    heading(out, "Data of test_kho: ",
            counted(test.folios.size(), "folio") + ", " + size_text(bytes) + ", checksum " + hex(test.csum));
    if (verbose)
        for (const KhoTestFolio &folio : test.folios) {
            out << "  ";
            out.right(hex(value(folio.address)), 18, Style::address) << "  order " << folio.order << '\n';
        }
}

void show_preserved(Output &out, const Handover &handover, const Summary &summary, bool verbose) {
    heading(out, "Preserved memory: ",
            size_text(summary.preserved_bytes) + " in " + counted(summary.preserved_blocks, "block"));
    if (!summary.orders.empty())
        out << "  order      block      blocks      bytes\n";
    for (const OrderTotal &total : summary.orders) {
        out.right(std::to_string(total.order), 7);
        out.right(size_text(order_bytes(total.order)), 11);
        out.right(std::to_string(total.blocks), 12);
        out << "  ";
        out.right(size_text(total.bytes), 9) << '\n';
    }
    if (!summary.uses.empty())
        out << "\n  used for\n";
    for (const UseTotal &total : summary.uses) {
        out << "    ";
        out.left(name(total.kind), 24);
        out.right(size_text(total.bytes), 13) << '\n';
    }
    if (summary.unknown_bytes != 0 && !summary.uses.empty()) {
        out << "    ";
        out.left("(not known)", 24);
        out.right(size_text(summary.unknown_bytes), 13) << '\n';
    }
    if (!verbose || handover.preserved.empty())
        return;
    out << '\n';
    for (const PreservedBlocks &run : handover.preserved) {
        out << "    ";
        out.styled(Style::address, range_text(run.range()))
            << "  order " << run.order << ", " << counted(run.count, "block") << '\n';
    }
}

void show_scratch(Output &out, const std::vector<Range> &scratch) {
    heading(out, "Scratch: ", counted(scratch.size(), "area"));
    for (const Range &area : scratch) {
        out << "  ";
        out.left(range_text(area), 30, Style::address) << "  " << size_text(area.size) << '\n';
    }
}

}  // namespace

void show_text(Output &out, const Input &input, const Summary &summary, const Shown &shown, bool verbose) {
    const Handover &handover = input.handover;
    if (shown.selects()) {
        show_files(out, *handover.luo, shown, verbose);
        return;
    }
    show_facts(out, input, summary);
    if (const auto &metadata = handover.kexec_metadata)
        fact(out, "Kexec",
             "number " + std::to_string(metadata->kexec_count) + " since the cold boot, from Linux " +
                 printable(metadata->previous_release));
    if (shown.summary)
        return;
    if (handover.luo) {
        if (!input.blob()) {
            heading(out, "Sessions: ", std::to_string(summary.sessions));
            show_files(out, *handover.luo, shown, verbose);
            show_flbs(out, *handover.luo);
        }
    }
    if (handover.memblock)
        show_reservations(out, *handover.memblock);
    if (handover.kho_test)
        show_kho_test(out, *handover.kho_test, verbose);
    if (!handover.subtrees.empty())
        show_subtrees(out, handover.subtrees);
    if (input.blob())
        return;
    show_preserved(out, handover, summary, verbose);
    if (input.located && input.located->scratch_known())
        show_scratch(out, handover.scratch);
}

}  // namespace kho::tool
