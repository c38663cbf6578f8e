// SPDX-License-Identifier: GPL-2.0-or-later
// Writing whole handovers, of every release: all metadata again, in free pages, as that release's kernel
// lays it out. Content (folios, reservations, blobs of other subtrees) stays where it is and is not looked
// at.
#pragma once

#include "fdt/abi/kho.h"
#include "fdt/codec/metadata_pages.h"
#include "fdt/model/format.h"

namespace kho {

struct Written {
    abi::kho_data data{};
    // As a reader finds it: the content that was given, with the addresses of what was written. Without uses.
    Handover handover{};
    MetadataPages pages;
};

// What becomes of a subtree whose name says what it is, while `content` does not: a memblock FDT,
// kexec-metadata. Kept, it is a blob like any other.
enum class Undescribed : std::uint8_t { left_out, kept };

// From `content` are used:
//   scratch         as it is, not empty
//   preserved       blocks of content only: folios, reservations, blobs, and what only other handlers understand
//   subtrees        those that nothing below describes are carried over; the order of all of them is kept
//   luo             number, sessions, files, FLBs. A file with a body gets structures of its own,
//                   whatever its compatible says; any other is taken as it is.
//   memblock, kexec_metadata
//   kho_test        its subtree is carried over, the structures behind it stay where they are
// `free` is memory that metadata may be put into: neither scratch nor content.
//
// Errors: no_room; not_in_format if the release has no place for something; fdt_full; block_order,
// block_address; session_count, session_name, file_count, file_compatible, file_token, malformed if content
// breaks the format's rules. The sentence says which session and file.
Result<Written> write_handover(const Handover &content, const Release &release, const RangeSet &free,
                               Undescribed undescribed = Undescribed::left_out);

}  // namespace kho
