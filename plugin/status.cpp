// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/status.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace kexec_handover {

namespace {

struct StatusRow {
    Status status;
    const char *name;
};
constexpr StatusRow statuses[] = {
#define KEXEC_STATUS(name, number) {Status::name, #name},
#include "plugin/statuses.def"
#undef KEXEC_STATUS
};
static_assert(std::ranges::adjacent_find(statuses, std::ranges::greater_equal{}, &StatusRow::status) ==
                  std::end(statuses),
              "ascending, none twice");

}  // namespace

const char *name(Status status) {
    const auto *row = std::ranges::lower_bound(statuses, status, {}, &StatusRow::status);
    return row != std::end(statuses) && row->status == status ? row->name : "unknown";
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
