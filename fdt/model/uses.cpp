// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/uses.h"

#include "fdt/base/internal/text.h"
#include "fdt/model/handover.h"

namespace kho {

const char *name(UseKind kind) {
    switch (kind) {
        case UseKind::kho_fdt:
            return "kho-fdt";
        case UseKind::scratch_array:
            return "scratch-array";
        case UseKind::map_node:
            return "map-node";
        case UseKind::map_bitmap:
            return "map-bitmap";
        case UseKind::subtree:
            return "subtree";
        case UseKind::luo_root:
            return "luo-root";
        case UseKind::session_array:
            return "session-array";
        case UseKind::session_block:
            return "session-block";
        case UseKind::file_array:
            return "file-array";
        case UseKind::file_block:
            return "file-block";
        case UseKind::flb_array:
            return "flb-array";
        case UseKind::memfd:
            return "memfd";
        case UseKind::memfd_array:
            return "memfd-array";
        case UseKind::memfd_folios:
            return "memfd-folios";
        case UseKind::memblock_fdt:
            return "memblock-fdt";
        case UseKind::memblock_reservation:
            return "memblock-reservation";
        case UseKind::kexec_metadata:
            return "kexec-metadata";
        case UseKind::kho_test_fdt:
            return "kho-test-fdt";
        case UseKind::kho_test_array:
            return "kho-test-array";
        case UseKind::kho_test_folios:
            return "kho-test-folios";
    }
    return "unknown";
}

bool is_content(UseKind kind) {
    return kind == UseKind::memfd_folios || kind == UseKind::memblock_reservation ||
           kind == UseKind::kho_test_folios;
}

namespace {

std::string session_path(const Handover &handover, std::uint32_t session) {
    std::string path = "/LUO/sessions/" + std::to_string(session);
    if (handover.luo && session < handover.luo->sessions.size())
        path += " " + in_quotes(handover.luo->sessions[session].name);
    return path;
}

std::string file_path(const Handover &handover, const Use &use) {
    return session_path(handover, use.item) + "/files/" + std::to_string(use.file);
}

}  // namespace

std::string path_of(const Handover &handover, const Use &use) {
    switch (use.kind) {
        case UseKind::kho_fdt:
            return "/";
        case UseKind::scratch_array:
            return "/scratch";
        case UseKind::map_node:
        case UseKind::map_bitmap:
            return "/preserved-memory-map";
        case UseKind::subtree:
            return use.item < handover.subtrees.size() ? "/" + printable(handover.subtrees[use.item].name)
                                                       : "/";
        case UseKind::luo_root:
            return "/LUO";
        case UseKind::session_array:
        case UseKind::session_block:
            return "/LUO/sessions";
        case UseKind::file_array:
        case UseKind::file_block:
            return session_path(handover, use.item) + "/files";
        case UseKind::flb_array:
            return "/LUO/flbs";
        case UseKind::memfd:
            return file_path(handover, use) + "/memfd";
        case UseKind::memfd_array:
        case UseKind::memfd_folios:
            return file_path(handover, use) + "/folios";
        case UseKind::memblock_fdt:
            return "/memblock";
        case UseKind::memblock_reservation:
            if (handover.memblock && use.item < handover.memblock->size())
                return "/memblock/" + printable((*handover.memblock)[use.item].name);
            return "/memblock";
        case UseKind::kexec_metadata:
            return "/kexec-metadata";
        case UseKind::kho_test_fdt:
            return "/kho_test";
        case UseKind::kho_test_array:
        case UseKind::kho_test_folios:
            return "/kho_test/folios";
    }
    return "/";
}

}  // namespace kho
