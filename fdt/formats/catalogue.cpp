// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/formats/catalogue.h"

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/kho.h"
#include "fdt/abi/kho_test.h"
#include "fdt/abi/luo.h"
#include "fdt/abi/memblock.h"
#include "fdt/codec/internal/codec.h"
#include "fdt/codec/internal/file_handler.h"
#include "fdt/model/handover.h"

namespace kho {
namespace {

constexpr StructureField data_fields[] = {
    KHO_FIELD(abi::kho_data, fdt_addr), KHO_FIELD(abi::kho_data, fdt_size),
    KHO_FIELD(abi::kho_data, scratch_addr), KHO_FIELD(abi::kho_data, scratch_size)};
constexpr StructureField scratch_fields[] = {KHO_FIELD(abi::kho_scratch, addr),
                                             KHO_FIELD(abi::kho_scratch, size)};
constexpr Structure handover_structures[] = {{"kho_data", sizeof(abi::kho_data), data_fields},
                                             {"kho_scratch", sizeof(abi::kho_scratch), scratch_fields}};

constexpr StructureField metadata_fields[] = {KHO_FIELD(abi::kho_kexec_metadata, version),
                                              KHO_FIELD(abi::kho_kexec_metadata, previous_release),
                                              KHO_FIELD(abi::kho_kexec_metadata, kexec_count)};
constexpr Structure metadata_structures[] = {
    {"kho_kexec_metadata", sizeof(abi::kho_kexec_metadata), metadata_fields}};

constexpr StructureField flb_header_fields[] = {KHO_FIELD(abi::luo_flb_header_ser, pgcnt),
                                                KHO_FIELD(abi::luo_flb_header_ser, count)};
constexpr StructureField flb_fields[] = {KHO_FIELD(abi::luo_flb_ser, name), KHO_FIELD(abi::luo_flb_ser, data),
                                         KHO_FIELD(abi::luo_flb_ser, count)};
constexpr Structure flb_structures[] = {
    {"luo_flb_header_ser", sizeof(abi::luo_flb_header_ser), flb_header_fields},
    {"luo_flb_ser", sizeof(abi::luo_flb_ser), flb_fields}};

void add(CatalogueEntry &entry, const std::string &part, std::span<const Structure> structures) {
    for (const Structure &structure : structures) {
        CatalogueStructure &made = entry.structures.emplace_back();
        made = {.name = structure.name, .part = part, .size = structure.size, .fields = {}};
        for (const StructureField &field : structure.fields)
            made.fields.push_back({field.name, field.offset, field.size});
    }
}

}  // namespace

CatalogueEntry catalogue_entry(const Release &release) {
    const KhoFormat &kho = *release.kho;
    const LuoFormat &luo = *release.luo;
    CatalogueEntry entry{.map = std::string(kho.map.name()),
                         .root = std::string(luo.root.name()),
                         .entries = std::string(luo.entries.name()),
                         .handlers = {},
                         .marks = {{"/: compatible", std::string(kho.compatible)},
                                   {"LUO: compatible", std::string(luo.compatible)}},
                         .limits = {{"sessions", luo.entries.max_sessions()},
                                    {"files_per_session", luo.entries.max_files()},
                                    {"session_name_bytes", sizeof(abi::luo_session_ser::name) - 1},
                                    {"handler_name_bytes", sizeof(abi::luo_file_ser::compatible) - 1},
                                    {"block_order", max_block_order}},
                         .structures = {}};
    for (const FormatMark &mark : luo.root.marks(release.flbs))
        entry.marks.push_back({std::string(mark.where), std::string(mark.text), mark.number});
    entry.marks.push_back({"memblock: compatible", abi::memblock_v1_compatible});
    entry.marks.push_back({"memblock/*: compatible", abi::reserve_mem_v1_compatible});
    entry.marks.push_back({"kho_test: compatible", abi::kho_test_v1_compatible});
    if (kho.kexec_metadata)
        entry.marks.push_back({"kexec-metadata: version", "", abi::kexec_metadata_version});
    add(entry, "handover", handover_structures);
    add(entry, "map", kho.map.structures());
    if (kho.kexec_metadata)
        add(entry, "kexec-metadata", metadata_structures);
    add(entry, "LUO root", luo.root.structures());
    add(entry, "entries", luo.entries.structures());
    if (release.flbs) {
        add(entry, "FLBs", flb_structures);
        entry.limits.push_back({"flbs", abi::max_flbs});
        entry.limits.push_back({"flb_name_bytes", sizeof(abi::luo_flb_ser::name) - 1});
    }
    for (const FileHandler *handler : release.handlers) {
        entry.handlers.emplace_back(handler->compatible());
        add(entry, std::string(handler->compatible()), handler->structures());
    }
    return entry;
}

Handover smallest_handover(const Release &release) {
    Handover handover{.format = release.kho, .memory_map = PhysAddr{page_size}};
    Luo &luo = handover.luo.emplace();
    luo.format = release.luo;
    if (release.flbs)
        luo.flbs.emplace();
    LuoSession &session = luo.sessions.emplace_back();
    for (const FileHandler *handler : release.handlers)
        session.files.push_back({.compatible = std::string(handler->compatible())});
    handover.subtrees = {{.name = abi::luo_subtree_name}};
    return handover;
}

}  // namespace kho
