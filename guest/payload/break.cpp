// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/break.h"

#include <algorithm>

#include "fdt/abi/luo.h"
#include "guest/kho/sizes.h"

namespace guest {

using kexec_handover::MemoryRange;
using kexec_handover::PreservedRange;
using kexec_handover::Status;
using kho::PhysAddr;
using kho::abi::kho_scratch;
using kho::abi::luo_file_ser;
using kho::abi::luo_session_header_ser;
using kho::abi::luo_session_ser;

namespace {

using Context = BreakContext;

constexpr std::uint64_t nowhere = std::uint64_t{1} << 44;  // 16 TiB: no guest of ours has RAM there
constexpr std::uint64_t last_page = ~std::uint64_t{0} - (kho::page_size - 1);

kexec_handover::Descriptor &descriptor(Context &c) { return *c.outgoing->descriptor; }

// RAM that is not preserved.
std::uint64_t ordinary_page(const Context &c) { return kho::value(c.outgoing->run); }

void add_preserved(Context &c, const PreservedRange &range) {
    c.outgoing->preserved[descriptor(c).preserved.count++] = range;
}

void add_memory(Context &c, const MemoryRange &range) {
    c.outgoing->memory_map[descriptor(c).memory_map.count++] = range;
}

void add_scratch(Context &c, const kho_scratch &area) {
    c.outgoing->scratch[descriptor(c).scratch.count++] = area;
}

void add_subtree(Context &c, std::string_view name, std::uint64_t address) {
    kexec_handover::Subtree &subtree = c.outgoing->subtrees[descriptor(c).subtrees.count++];
    std::copy_n(name.data(), std::min(name.size(), sizeof(subtree.name)), subtree.name);
    subtree.address = address;
    subtree.size = kho::page_size;
}

luo_session_header_ser &session_header(Context &c) {
    return *reinterpret_cast<luo_session_header_ser *>(
        c.pages->bytes(c.session_header, sizeof(luo_session_header_ser)));
}

luo_session_ser &session(Context &c, std::uint64_t i) {
    const PhysAddr at = c.session_header + (sizeof(luo_session_header_ser) + i * sizeof(luo_session_ser));
    return *reinterpret_cast<luo_session_ser *>(c.pages->bytes(at, sizeof(luo_session_ser)));
}

// The scenario's second session, "a", has three files.
luo_file_ser &file(Context &c, std::uint64_t i) {
    const PhysAddr at{session(c, 1).file_set.files + i * sizeof(luo_file_ser)};
    return *reinterpret_cast<luo_file_ser *>(c.pages->bytes(at, sizeof(luo_file_ser)));
}

kho::abi::luo_flb_header_ser &flbs(Context &c) {
    return *reinterpret_cast<kho::abi::luo_flb_header_ser *>(
        c.pages->bytes(PhysAddr{descriptor(c).flb_header}, sizeof(kho::abi::luo_flb_header_ser)));
}

kho::abi::luo_flb_ser &flb(Context &c, std::uint64_t i) {
    return reinterpret_cast<kho::abi::luo_flb_ser *>(&flbs(c) + 1)[i];
}

// A million entries that all say the same: comparing each with each takes hours.
void million_ranges(Context &c) {
    constexpr std::uint64_t count = 1'000'000;
    const std::uint64_t pages = pages_of(count * sizeof(PreservedRange));
    const Result<PhysAddr> run = c.pages->allocate_run(pages);
    if (!run) {
        c.not_built = true;
        return;
    }
    c.extra_run = *run;
    c.extra_pages = pages;
    auto *ranges = reinterpret_cast<PreservedRange *>(c.pages->bytes(*run, pages * kho::page_size));
    std::fill_n(ranges, count, PreservedRange{ordinary_page(c), 0, 1});
    descriptor(c).preserved = {kho::value(*run), count};
}

constexpr BreakCase cases[] = {
    {"no-descriptor", Status::no_descriptor, [](Context &c) { c.descriptor = PhysAddr{}; }},
    {"descriptor-outside-ram", Status::descriptor_unreadable,
     [](Context &c) { c.descriptor = PhysAddr{nowhere}; }},
    {"descriptor-unaligned", Status::descriptor_unreadable,
     [](Context &c) { c.descriptor = c.descriptor + 4; }},
    {"descriptor-wraps", Status::descriptor_unreadable,
     [](Context &c) { c.descriptor = PhysAddr{~std::uint64_t{7}}; }},
    {"bad-magic", Status::descriptor_magic, [](Context &c) { descriptor(c).magic ^= 1; }},
    {"bad-size", Status::descriptor_size, [](Context &c) { descriptor(c).size += 8; }},
    {"bad-flags", Status::descriptor_flags, [](Context &c) { descriptor(c).flags = 4; }},
    {"bad-reserved", Status::descriptor_flags, [](Context &c) { descriptor(c).reserved = 1; }},
    {"array-outside-ram", Status::array_unreadable,
     [](Context &c) { descriptor(c).preserved.address = nowhere; }},
    {"array-unaligned", Status::array_unreadable, [](Context &c) { descriptor(c).scratch.address += 4; }},
    {"array-wraps", Status::array_unreadable,
     [](Context &c) { descriptor(c).preserved.address = last_page; }},
    {"array-beyond-ram", Status::array_unreadable,
     [](Context &c) {
         // A count that lies, though within the limit: the list would go on behind the end of RAM.
         descriptor(c).preserved = {c.pages->top() - kho::page_size, kexec_handover::max_preserved_ranges};
     }},
    {"preserved-too-many", Status::too_many_entries,
     [](Context &c) { descriptor(c).preserved.count = kexec_handover::max_preserved_ranges + 1; }},
    {"preserved-count-wraps", Status::too_many_entries,
     [](Context &c) { descriptor(c).preserved.count = ~std::uint64_t{0} / sizeof(PreservedRange) + 2; }},
    {"memory-map-too-many", Status::too_many_entries,
     [](Context &c) { descriptor(c).memory_map.count = kexec_handover::max_memory_ranges + 1; }},
    {"scratch-too-many", Status::too_many_entries,
     [](Context &c) { descriptor(c).scratch.count = kexec_handover::max_scratch_areas + 1; }},
    {"subtrees-too-many", Status::too_many_entries,
     [](Context &c) { descriptor(c).subtrees.count = kexec_handover::max_subtrees + 1; }},

    {"memory-map-empty", Status::memory_map_empty, [](Context &c) { descriptor(c).memory_map.count = 0; }},
    {"memory-map-not-ram", Status::memory_map_range,
     [](Context &c) {
         add_memory(c, {nowhere, kho::page_size, 1, 0});
     }},
    {"memory-map-wraps", Status::memory_map_range,
     [](Context &c) {
         add_memory(c, {last_page, 2 * kho::page_size, 2, 0});
     }},
    {"memory-map-empty-range", Status::memory_map_range,
     [](Context &c) {
         add_memory(c, {nowhere, 0, 2, 0});
     }},
    {"memory-map-overlap", Status::memory_map_overlap,
     [](Context &c) { add_memory(c, c.outgoing->memory_map[0]); }},

    {"scratch-empty", Status::scratch_empty, [](Context &c) { descriptor(c).scratch.count = 0; }},
    {"scratch-all-of-size-zero", Status::scratch_empty,
     [](Context &c) {
         for (std::uint64_t i = 0; i < descriptor(c).scratch.count; i++) c.outgoing->scratch[i].size = 0;
     }},
    {"scratch-unaligned", Status::scratch_range, [](Context &c) { c.outgoing->scratch[0].addr += 0x10; }},
    {"scratch-wraps", Status::scratch_range,
     [](Context &c) { c.outgoing->scratch[0].size = ~(kho::page_size - 1); }},
    {"scratch-outside-ram", Status::scratch_range,
     [](Context &c) {
         add_scratch(c, {nowhere, kho::page_size});
     }},
    {"scratch-overlap", Status::scratch_overlap,
     [](Context &c) {
         add_scratch(c, {c.outgoing->scratch[0].addr, kho::page_size});
     }},

    {"preserved-order", Status::preserved_order,
     [](Context &c) {
         add_preserved(c, {0, kho::max_block_order + 1, 1});
     }},
    {"preserved-unaligned", Status::preserved_unaligned,
     [](Context &c) {
         add_preserved(c, {ordinary_page(c) + 0x800, 0, 1});
     }},
    {"preserved-unaligned-block", Status::preserved_unaligned,
     [](Context &c) {
         add_preserved(c, {ordinary_page(c) | kho::page_size, 1, 1});
     }},
    {"preserved-wraps", Status::preserved_wraps,
     [](Context &c) {
         add_preserved(c, {last_page, 0, 2});
     }},
    {"preserved-empty", Status::preserved_wraps,
     [](Context &c) {
         add_preserved(c, {ordinary_page(c), 0, 0});
     }},
    {"preserved-outside-ram", Status::preserved_outside_ram,
     [](Context &c) {
         add_preserved(c, {nowhere, 0, 1});
     }},
    {"preserved-in-scratch", Status::preserved_in_scratch,
     [](Context &c) {
         add_preserved(c, {c.outgoing->scratch[0].addr, 0, 1});
     }},
    {"preserved-twice", Status::preserved_twice,
     [](Context &c) { add_preserved(c, c.outgoing->preserved[0]); }},
    {"preserved-million", Status::preserved_twice, million_ranges},

    {"subtree-name-empty", Status::subtree_name,
     [](Context &c) { add_subtree(c, "", kho::value(c.session_header)); }},
    {"subtree-name-unterminated", Status::subtree_name,
     [](Context &c) {
         add_subtree(c, "unterminated-unterminated-unterminated-untermina", kho::value(c.session_header));
     }},
    {"subtree-name-unprintable", Status::subtree_name,
     [](Context &c) { add_subtree(c, "a\nb", kho::value(c.session_header)); }},
    {"subtree-name-taken", Status::subtree_name,
     [](Context &c) { add_subtree(c, kho::abi::luo_subtree_name, kho::value(c.session_header)); }},
    {"subtree-name-twice", Status::subtree_name,
     [](Context &c) {
         add_subtree(c, "twice", kho::value(c.session_header));
         add_subtree(c, "twice", kho::value(c.session_header));
     }},
    {"subtree-not-preserved", Status::subtree_not_preserved,
     [](Context &c) { add_subtree(c, "stray", ordinary_page(c)); }},

    {"sessions-not-preserved", Status::sessions_not_preserved,
     [](Context &c) { descriptor(c).session_header = ordinary_page(c); }},
    {"sessions-outside-ram", Status::sessions_not_preserved,
     [](Context &c) { descriptor(c).session_header = nowhere; }},
    {"sessions-too-many", Status::sessions_too_many,
     [](Context &c) { session_header(c).count = kho::abi::max_sessions + 1; }},
    {"session-name-empty", Status::session_name, [](Context &c) { session(c, 2).name[0] = '\0'; }},
    {"session-name-unterminated", Status::session_name,
     [](Context &c) { std::fill_n(session(c, 2).name, sizeof(luo_session_ser::name), 'x'); }},
    {"session-name-twice", Status::session_name,
     [](Context &c) { std::copy_n(session(c, 1).name, sizeof(luo_session_ser::name), session(c, 2).name); }},
    {"files-not-preserved", Status::sessions_not_preserved,
     [](Context &c) { session(c, 1).file_set.files = ordinary_page(c); }},
    {"files-too-many", Status::files_too_many,
     [](Context &c) { session(c, 1).file_set.count = kho::abi::max_files_per_set + 1; }},
    {"files-without-count", Status::files_inconsistent, [](Context &c) { session(c, 1).file_set.count = 0; }},
    {"count-without-files", Status::files_inconsistent, [](Context &c) { session(c, 0).file_set.count = 1; }},
    {"file-compatible-empty", Status::file_compatible, [](Context &c) { file(c, 1).compatible[0] = '\0'; }},
    {"file-compatible-unterminated", Status::file_compatible,
     [](Context &c) { std::fill_n(file(c, 1).compatible, sizeof(luo_file_ser::compatible), 'x'); }},
    {"flbs-not-preserved", Status::flbs_not_preserved,
     [](Context &c) { descriptor(c).flb_header = ordinary_page(c); }},
    {"flbs-outside-ram", Status::flbs_not_preserved, [](Context &c) { descriptor(c).flb_header = nowhere; }},
    {"flbs-too-many", Status::flbs_too_many, [](Context &c) { flbs(c).count = kho::abi::max_flbs + 1; },
     true},
    {"flbs-of-no-page", Status::flbs_too_many, [](Context &c) { flbs(c).pgcnt = 0; }, true},
    {"flb-name-empty", Status::flb_name,
     [](Context &c) {
         flbs(c).count = 1;
         flb(c, 0).name[0] = '\0';
     },
     true},
    {"flb-without-references", Status::flb_references,
     [](Context &c) {
         flbs(c).count = 1;
         flb(c, 0) = {.name = "flb", .data = 0, .count = 0};
     },
     true},
    {"file-token-twice", Status::file_token, [](Context &c) { file(c, 2).token = file(c, 0).token; }},
};

}  // namespace

Errno break_descriptor(const BreakCase &broken, BreakContext &context) {
    broken.apply(context);
    if (context.not_built)
        return Errno::enomem;
    descriptor(context).liveupdate_number = telltale_number;
    return Errno::ok;
}

std::span<const BreakCase> break_cases() { return cases; }

const BreakCase *find_break_case(std::string_view name) {
    for (const BreakCase &c : cases)
        if (c.name == name)
            return &c;
    return nullptr;
}

}  // namespace guest
