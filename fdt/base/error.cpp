// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/error.h"

#include "fdt/base/internal/text.h"

namespace kho {

const char *name(Errc code) {
    switch (code) {
        case Errc::outside_memory:
            return "outside_memory";
        case Errc::fdt_header:
            return "fdt_header";
        case Errc::fdt_full:
            return "fdt_full";
        case Errc::compatible_unknown:
            return "compatible_unknown";
        case Errc::property_missing:
            return "property_missing";
        case Errc::property_length:
            return "property_length";
        case Errc::scratch_array:
            return "scratch_array";
        case Errc::subtree_address:
            return "subtree_address";
        case Errc::map_address:
            return "map_address";
        case Errc::map_chunk:
            return "map_chunk";
        case Errc::map_order:
            return "map_order";
        case Errc::map_bitmap:
            return "map_bitmap";
        case Errc::block_order:
            return "block_order";
        case Errc::block_address:
            return "block_address";
        case Errc::not_preserved:
            return "not_preserved";
        case Errc::session_count:
            return "session_count";
        case Errc::session_name:
            return "session_name";
        case Errc::file_set:
            return "file_set";
        case Errc::file_count:
            return "file_count";
        case Errc::file_compatible:
            return "file_compatible";
        case Errc::file_token:
            return "file_token";
        case Errc::image_format:
            return "image_format";
        case Errc::image_truncated:
            return "image_truncated";
        case Errc::image_protocol:
            return "image_protocol";
        case Errc::image_no_64bit_entry:
            return "image_no_64bit_entry";
        case Errc::image_too_large:
            return "image_too_large";
        case Errc::initrd_too_large:
            return "initrd_too_large";
        case Errc::command_line_too_long:
            return "command_line_too_long";
        case Errc::io:
            return "io";
        case Errc::no_room:
            return "no_room";
        case Errc::not_in_format:
            return "not_in_format";
        case Errc::malformed:
            return "malformed";
        case Errc::core_format:
            return "core_format";
        case Errc::input_format:
            return "input_format";
        case Errc::dump_format:
            return "dump_format";
        case Errc::dump_compression:
            return "dump_compression";
        case Errc::handover_not_found:
            return "handover_not_found";
        case Errc::handover_ambiguous:
            return "handover_ambiguous";
    }
    return "unknown_error";
}

std::string Error::message() const {
    std::string text = name(code);
    if (address != 0)
        text += " at " + hex(address);
    return text + ": " + what;
}

}  // namespace kho
