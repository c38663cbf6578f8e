// SPDX-License-Identifier: GPL-2.0-or-later
// What pages of a handover are used for. A reader notes every page that it looked at or that holds content,
// so a picture can be drawn from it, and pages with two uses or that are not preserved stand out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fdt/base/ranges.h"

namespace kho {

struct Handover;
struct Use;

enum class UseRole : std::uint8_t {
    metadata,     // FDTs, LUO's root, the map of preserved memory, the scratch array, unknown subtrees
    array,        // sessions, files, FLBs, and the handlers' structures
    content,      // of files and of kho_test
    reservation,  // content of reserve_mem=
};

// A row of the table. Handlers have rows of their own beside their codecs.
struct UseInfo {
    unsigned position;  // where it stands in summaries: ascending
    const char *name;   // "session-array"
    UseRole role;
    bool is_rewritten;  // a writer makes it again, from the model
    // Where it belongs. {session}, {file}, {subtree} and {reservation} are Use::item and Use::file.
    std::string_view path;
};

// Compared by identity.
class UseKind {
public:
    constexpr explicit UseKind(const UseInfo &info) : info_(&info) {}
    constexpr const UseInfo *operator->() const { return info_; }
    bool operator==(const UseKind &) const = default;

    static const UseKind kho_fdt, scratch_array;
    static const UseKind map_node;    // chunk, or inner node of the radix tree
    static const UseKind map_bitmap;  // bitmap, or leaf of the radix tree
    static const UseKind subtree;     // a blob whose content is not known
    static const UseKind luo_root;    // LUO FDT or luo_ser
    static const UseKind session_array, session_block, file_array, file_block, flb_array;
    static const UseKind memblock_fdt, memblock_reservation, kexec_metadata;
    static const UseKind kho_test_fdt, kho_test_array, kho_test_folios;

private:
    const UseInfo *info_;
};

inline const char *name(UseKind kind) { return kind->name; }
// Content of files and reservations, in contrast to structures.
inline bool is_content(UseKind kind) {
    return kind->role == UseRole::content || kind->role == UseRole::reservation;
}

// Neighbouring pages with the same use are one Use.
struct Use {
    static constexpr std::uint32_t none = UINT32_MAX;

    Range range;
    UseKind kind = UseKind::subtree;
    std::uint32_t item = none;  // index of the session, the subtree or the reservation
    std::uint32_t file = none;  // index of the file in its session
    bool operator==(const Use &) const = default;
};

// Where a use belongs: "/LUO/sessions/3 \"name\"/files/2/folios", "/preserved-memory-map" ...
std::string path_of(const Handover &handover, const Use &use);

// "/LUO/sessions/3 \"name\"".
std::string session_path(std::size_t index, std::string_view name);
// "/LUO/sessions/3 \"name\"/files/2". No name, if the handover has no such session.
std::string file_path(const Handover &handover, std::size_t session, std::size_t file);

}  // namespace kho
