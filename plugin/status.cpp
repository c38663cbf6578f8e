// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/status.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "fdt/check/check.h"

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

namespace {

// Checks of the arrays that the guest's descriptor leads to.
constexpr std::pair<const kho::Check *, Status> statuses_of_checks[] = {
    {&kho::Check::not_preserved, Status::sessions_not_preserved},
    {&kho::Check::session_address, Status::sessions_not_preserved},
    {&kho::Check::session_count, Status::sessions_too_many},
    {&kho::Check::session_name, Status::session_name},
    {&kho::Check::session_name_twice, Status::session_name},
    {&kho::Check::file_set, Status::files_inconsistent},
    {&kho::Check::file_set_count, Status::files_inconsistent},
    {&kho::Check::file_address, Status::files_inconsistent},
    {&kho::Check::file_count, Status::files_too_many},
    {&kho::Check::file_compatible, Status::file_compatible},
    {&kho::Check::file_token, Status::file_token},
};

// Other errors: of kernel files and of writers.
constexpr std::pair<kho::Errc, Status> statuses_of_errors[] = {
    {kho::Errc::session_count, Status::sessions_too_many},
    {kho::Errc::session_name, Status::session_name},
    {kho::Errc::file_count, Status::files_too_many},
    {kho::Errc::file_compatible, Status::file_compatible},
    {kho::Errc::file_token, Status::file_token},
    {kho::Errc::image_format, Status::kernel_format},
    {kho::Errc::image_truncated, Status::kernel_format},
    {kho::Errc::image_protocol, Status::kernel_protocol},
    {kho::Errc::image_no_64bit_entry, Status::kernel_no_64bit_entry},
    {kho::Errc::image_too_large, Status::kernel_too_large},
    {kho::Errc::initrd_too_large, Status::initrd_too_large},
    {kho::Errc::command_line_too_long, Status::command_line_too_long},
    {kho::Errc::fdt_full, Status::too_many_entries},
    {kho::Errc::no_room, Status::no_memory_for_metadata},
    {kho::Errc::io, Status::record_failed},
};

Status status_of(const kho::Error &error) {
    for (const auto &[check, status] : statuses_of_checks)
        if (error.check == check->info().name)
            return status;
    if (!error.check.empty())
        return Status::memory_failed;
    for (const auto &[code, status] : statuses_of_errors)
        if (error.code == code)
            return status;
    return Status::memory_failed;
}

}  // namespace

Refusal refusal(const kho::Error &error) {
    return {status_of(error), error.index, error.address, error.message()};
}

}  // namespace kexec_handover
