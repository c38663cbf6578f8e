// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Status;

namespace {

struct Named {
    Status status;
    std::string_view name;
};

constexpr Named names[] = {
    {Status::ok, "ok"},
    {Status::unknown_command, "unknown_command"},
    {Status::busy, "busy"},
    {Status::not_handed_over, "not_handed_over"},
    {Status::nothing_to_verify, "nothing_to_verify"},
    {Status::mismatch, "mismatch"},
    {Status::no_descriptor, "no_descriptor"},
    {Status::descriptor_unreadable, "descriptor_unreadable"},
    {Status::descriptor_magic, "descriptor_magic"},
    {Status::descriptor_size, "descriptor_size"},
    {Status::descriptor_flags, "descriptor_flags"},
    {Status::array_unreadable, "array_unreadable"},
    {Status::too_many_entries, "too_many_entries"},
    {Status::memory_map_empty, "memory_map_empty"},
    {Status::memory_map_range, "memory_map_range"},
    {Status::memory_map_overlap, "memory_map_overlap"},
    {Status::scratch_empty, "scratch_empty"},
    {Status::scratch_range, "scratch_range"},
    {Status::scratch_overlap, "scratch_overlap"},
    {Status::preserved_order, "preserved_order"},
    {Status::preserved_unaligned, "preserved_unaligned"},
    {Status::preserved_wraps, "preserved_wraps"},
    {Status::preserved_outside_ram, "preserved_outside_ram"},
    {Status::preserved_in_scratch, "preserved_in_scratch"},
    {Status::preserved_twice, "preserved_twice"},
    {Status::subtree_name, "subtree_name"},
    {Status::subtree_not_preserved, "subtree_not_preserved"},
    {Status::sessions_not_preserved, "sessions_not_preserved"},
    {Status::sessions_too_many, "sessions_too_many"},
    {Status::session_name, "session_name"},
    {Status::files_too_many, "files_too_many"},
    {Status::files_inconsistent, "files_inconsistent"},
    {Status::file_compatible, "file_compatible"},
    {Status::file_token, "file_token"},
    {Status::flbs_not_preserved, "flbs_not_preserved"},
    {Status::flbs_too_many, "flbs_too_many"},
    {Status::flb_name, "flb_name"},
    {Status::flb_references, "flb_references"},
    {Status::flbs_not_supported, "flbs_not_supported"},
    {Status::no_memory_for_metadata, "no_memory_for_metadata"},
    {Status::kernel_missing, "kernel_missing"},
    {Status::kernel_unreadable, "kernel_unreadable"},
    {Status::kernel_format, "kernel_format"},
    {Status::kernel_protocol, "kernel_protocol"},
    {Status::kernel_no_64bit_entry, "kernel_no_64bit_entry"},
    {Status::kernel_too_large, "kernel_too_large"},
    {Status::initrd_unreadable, "initrd_unreadable"},
    {Status::initrd_too_large, "initrd_too_large"},
    {Status::command_line_too_long, "command_line_too_long"},
    {Status::record_failed, "record_failed"},
    {Status::memory_failed, "memory_failed"},
    {Status::handover_unreadable, "handover_unreadable"},
    {Status::handover_malformed, "handover_malformed"},
    {Status::handover_does_not_fit, "handover_does_not_fit"},
    {Status::no_recording, "no_recording"},
    {Status::recording_unreadable, "recording_unreadable"},
    {Status::recording_malformed, "recording_malformed"},
    {Status::not_found, "not_found"},
};

}  // namespace

std::string_view name(Status status) {
    for (const Named &n : names)
        if (n.status == status)
            return n.name;
    return "unknown status";
}

std::optional<Status> status_named(std::string_view wanted) {
    for (const Named &n : names)
        if (n.name == wanted)
            return n.status;
    return std::nullopt;
}

}  // namespace guest
