// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/status.h"

namespace kexec_handover {

const char *name(Status status) {
    switch (status) {
#define CASE(code)     \
    case Status::code: \
        return #code;
        CASE(ok)
        CASE(unknown_command)
        CASE(busy)
        CASE(not_handed_over)
        CASE(nothing_to_verify)
        CASE(mismatch)
        CASE(no_descriptor)
        CASE(descriptor_unreadable)
        CASE(descriptor_magic)
        CASE(descriptor_size)
        CASE(descriptor_flags)
        CASE(array_unreadable)
        CASE(too_many_entries)
        CASE(memory_map_empty)
        CASE(memory_map_range)
        CASE(memory_map_overlap)
        CASE(scratch_empty)
        CASE(scratch_range)
        CASE(scratch_overlap)
        CASE(preserved_order)
        CASE(preserved_unaligned)
        CASE(preserved_wraps)
        CASE(preserved_outside_ram)
        CASE(preserved_in_scratch)
        CASE(preserved_twice)
        CASE(subtree_name)
        CASE(subtree_not_preserved)
        CASE(sessions_not_preserved)
        CASE(sessions_too_many)
        CASE(session_name)
        CASE(files_too_many)
        CASE(files_inconsistent)
        CASE(file_compatible)
        CASE(file_token)
        CASE(flbs_not_preserved)
        CASE(flbs_too_many)
        CASE(flb_name)
        CASE(flb_references)
        CASE(flbs_not_supported)
        CASE(no_memory_for_metadata)
        CASE(kernel_missing)
        CASE(kernel_unreadable)
        CASE(kernel_format)
        CASE(kernel_protocol)
        CASE(kernel_no_64bit_entry)
        CASE(kernel_too_large)
        CASE(initrd_unreadable)
        CASE(initrd_too_large)
        CASE(command_line_too_long)
        CASE(record_failed)
        CASE(memory_failed)
        CASE(handover_unreadable)
        CASE(handover_malformed)
        CASE(handover_does_not_fit)
        CASE(no_recording)
        CASE(recording_unreadable)
        CASE(recording_malformed)
        CASE(not_found)
#undef CASE
    }
    return "unknown";
}

const char *name(State state) {
    switch (state) {
        case State::idle:
            return "idle";
        case State::validating:
            return "validating";
        case State::recording:
            return "recording";
        case State::poisoning:
            return "poisoning";
        case State::loading:
            return "loading";
        case State::handed_over:
            return "handed-over";
    }
    return "unknown";
}

static Status status_of(kho::Errc code) {
    switch (code) {
        case kho::Errc::not_preserved:
            return Status::sessions_not_preserved;
        case kho::Errc::session_count:
            return Status::sessions_too_many;
        case kho::Errc::session_name:
            return Status::session_name;
        case kho::Errc::file_set:
            return Status::files_inconsistent;
        case kho::Errc::file_count:
            return Status::files_too_many;
        case kho::Errc::file_compatible:
            return Status::file_compatible;
        case kho::Errc::file_token:
            return Status::file_token;
        case kho::Errc::image_format:
        case kho::Errc::image_truncated:
            return Status::kernel_format;
        case kho::Errc::image_protocol:
            return Status::kernel_protocol;
        case kho::Errc::image_no_64bit_entry:
            return Status::kernel_no_64bit_entry;
        case kho::Errc::image_too_large:
            return Status::kernel_too_large;
        case kho::Errc::initrd_too_large:
            return Status::initrd_too_large;
        case kho::Errc::command_line_too_long:
            return Status::command_line_too_long;
        case kho::Errc::fdt_full:
            return Status::too_many_entries;
        case kho::Errc::no_room:
            return Status::no_memory_for_metadata;
        case kho::Errc::io:
            return Status::record_failed;
        default:
            return Status::memory_failed;
    }
}

Refusal refusal(const kho::Error &error) {
    return {status_of(error.code), error.index, error.address, error.message()};
}

}  // namespace kexec_handover
