// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/uses.h"

#include "fdt/base/internal/text.h"
#include "fdt/model/handover.h"

namespace kho {
namespace {

constexpr bool rewritten = true, kept = false;
constexpr UseRole metadata = UseRole::metadata, array = UseRole::array, content = UseRole::content,
                  reservation = UseRole::reservation;

// Handlers take the positions from 100 on.
constexpr UseInfo kho_fdt{0, "kho-fdt", metadata, rewritten, "/"};
constexpr UseInfo scratch_array{1, "scratch-array", metadata, rewritten, "/scratch"};
constexpr UseInfo map_node{2, "map-node", metadata, rewritten, "/preserved-memory-map"};
constexpr UseInfo map_bitmap{3, "map-bitmap", metadata, rewritten, "/preserved-memory-map"};
constexpr UseInfo subtree{4, "subtree", metadata, kept, "/{subtree}"};
constexpr UseInfo luo_root{5, "luo-root", metadata, rewritten, "/LUO"};
constexpr UseInfo session_array{6, "session-array", array, rewritten, "/LUO/sessions"};
constexpr UseInfo session_block{7, "session-block", array, rewritten, "/LUO/sessions"};
constexpr UseInfo file_array{8, "file-array", array, rewritten, "{session}/files"};
constexpr UseInfo file_block{9, "file-block", array, rewritten, "{session}/files"};
constexpr UseInfo flb_array{10, "flb-array", array, rewritten, "/LUO/flbs"};
constexpr UseInfo memblock_fdt{200, "memblock-fdt", metadata, rewritten, "/memblock"};
constexpr UseInfo memblock_reservation{201, "memblock-reservation", reservation, kept,
                                       "/memblock{reservation}"};
constexpr UseInfo kexec_metadata{202, "kexec-metadata", metadata, rewritten, "/kexec-metadata"};
constexpr UseInfo kho_test_fdt{203, "kho-test-fdt", metadata, kept, "/kho_test"};
constexpr UseInfo kho_test_array{204, "kho-test-array", array, kept, "/kho_test/folios"};
constexpr UseInfo kho_test_folios{205, "kho-test-folios", content, kept, "/kho_test/folios"};

}  // namespace

constinit const UseKind UseKind::kho_fdt{kho::kho_fdt};
constinit const UseKind UseKind::scratch_array{kho::scratch_array};
constinit const UseKind UseKind::map_node{kho::map_node};
constinit const UseKind UseKind::map_bitmap{kho::map_bitmap};
constinit const UseKind UseKind::subtree{kho::subtree};
constinit const UseKind UseKind::luo_root{kho::luo_root};
constinit const UseKind UseKind::session_array{kho::session_array};
constinit const UseKind UseKind::session_block{kho::session_block};
constinit const UseKind UseKind::file_array{kho::file_array};
constinit const UseKind UseKind::file_block{kho::file_block};
constinit const UseKind UseKind::flb_array{kho::flb_array};
constinit const UseKind UseKind::memblock_fdt{kho::memblock_fdt};
constinit const UseKind UseKind::memblock_reservation{kho::memblock_reservation};
constinit const UseKind UseKind::kexec_metadata{kho::kexec_metadata};
constinit const UseKind UseKind::kho_test_fdt{kho::kho_test_fdt};
constinit const UseKind UseKind::kho_test_array{kho::kho_test_array};
constinit const UseKind UseKind::kho_test_folios{kho::kho_test_folios};

std::string session_path(std::size_t index, std::string_view name) {
    return "/LUO/sessions/" + std::to_string(index) + ' ' + in_quotes(name);
}

namespace {

std::string session_path(const Handover &handover, std::size_t index) {
    if (handover.luo && index < handover.luo->sessions.size())
        return kho::session_path(index, handover.luo->sessions[index].name);
    return "/LUO/sessions/" + std::to_string(index);
}

std::string text_for(std::string_view word, const Handover &handover, const Use &use) {
    if (word == "{session}")
        return session_path(handover, use.item);
    if (word == "{file}")
        return file_path(handover, use.item, use.file);
    if (word == "{subtree}")
        return use.item < handover.subtrees.size() ? printable(handover.subtrees[use.item].name) : "";
    const bool is_known = handover.memblock && use.item < handover.memblock->size();
    return is_known ? "/" + printable((*handover.memblock)[use.item].name) : "";
}

}  // namespace

std::string file_path(const Handover &handover, std::size_t session, std::size_t file) {
    return session_path(handover, session) + "/files/" + std::to_string(file);
}

std::string path_of(const Handover &handover, const Use &use) {
    const std::string_view path = use.kind->path;
    const std::size_t start = path.find('{'), end = path.find('}');
    if (start == path.npos)
        return std::string(path);
    return std::string(path.substr(0, start)) + text_for(path.substr(start, end + 1 - start), handover, use) +
           std::string(path.substr(end + 1));
}

}  // namespace kho
