// SPDX-License-Identifier: GPL-2.0-or-later
// A life that another kernel began: its handover is validated to the last byte, recorded, and handed on, all
// as the device's properties ask. Nothing of it is written to, so that what goes on is what came.
#include "fdt/abi/luo.h"
#include "guest/payload/outgoing.h"
#include "guest/payload/payload.h"
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Command;
using kexec_handover::Order;
using kexec_handover::Register;
using kexec_handover::Status;
using kho::PhysAddr;

void Payload::foreign_life() {
    // Handed on by one of us, who recorded it if that was asked for: then this is where it ends.
    const bool record = ordered(Order::record) && !handed_on_;
    ktap.begin(record ? 10 : 9);
    say("# a life after the kexec of another kernel");
    const bool good = check_device() && check_boot() && open_handover() && mark_handover();
    pages_.keep_incoming();
    if (good && start_live_update() && read_luo() && deserialize() && retrieve_everything() &&
        check_manifest()) {
        if (!record || record_found()) {
            if (ordered(Order::relay) && !handed_on_ && ktap.passed())
                hand_on(kexec_handover::found_in_memory);
        }
    }
    end_foreign();
}

// The device loads it; this kernel only gets there.
void Payload::replay_life() {
    ktap.begin(3);
    say("# a cold boot that puts a recording in place");
    if (check_device() && set_up_memory())
        hand_on(kexec_handover::found_in_recording);
    end_foreign();
}

void Payload::hand_on(std::uint64_t found) {
    const Result<Outgoing> built =
        build_outgoing(pages_, {.memory_map = layout_.map,
                                .scratch = {},
                                .acpi_rsdp = info_->acpi_rsdp,
                                .found = found,
                                .handover = info_->handover ? *info_->handover : kho::abi::kho_data{}});
    if (!built)
        bail_out("no memory for the descriptor: ", built.error());
    say("# handing on to the next kernel");
    arch::watchdog(0);
    arch::stop_other_cpus();
    const Status status = arch::enter_purgatory(arch::read_register64(Register::purgatory_entry),
                                                pages_.window().address(built->descriptor));
    report_error("handing on was refused: ", name(status), ", index ",
                 arch::read_register64(Register::status_index), ", address ",
                 Hex{arch::read_register64(Register::status_address)});
    static_cast<void>(ktap.check(false, "hand on"));
    end_foreign();
}

bool Payload::record_found() {
    const Result<Outgoing> built = build_outgoing(pages_, {.memory_map = layout_.map,
                                                           .scratch = {},
                                                           .acpi_rsdp = info_->acpi_rsdp,
                                                           .found = kexec_handover::found_in_memory,
                                                           .handover = *info_->handover});
    if (!built)
        bail_out("no memory for the descriptor: ", built.error());
    const std::uint64_t at = kho::value(pages_.window().address(built->descriptor));
    constexpr auto high = static_cast<Register>(static_cast<std::uint32_t>(Register::descriptor) + 4);
    arch::write_register32(Register::descriptor, static_cast<std::uint32_t>(at));
    arch::write_register32(high, static_cast<std::uint32_t>(at >> 32));
    arch::write_register32(Register::command, static_cast<std::uint32_t>(Command::record));
    const auto status = static_cast<Status>(arch::read_register32(Register::status));
    if (status != Status::ok)
        report_error("recording was refused: ", name(status), ", address ",
                     Hex{arch::read_register64(Register::status_address)});
    free_outgoing(pages_, *built);
    return ktap.check(status == Status::ok, "record",
                      Mebibytes{arch::read_register64(Register::recorded_bytes)});
}

// All sessions, and all files of each; they stay ours.
bool Payload::retrieve_everything() {
    totals_ = {};
    Errno error = Errno::ok;
    for (Session *session = live_update_.incoming().first(); session != nullptr && error == Errno::ok;
         session = session->next) {
        error = live_update_.retrieve_session(session->name_view()).error();
        totals_.sessions++;
        for (const FileEntry *entry = session->file_set.files().first();
             entry != nullptr && error == Errno::ok; entry = entry->next) {
            const Result<File *> file = live_update_.retrieve(*session, entry->token);
            error = file.error();
            totals_.files++;
            if (file && (*file)->type == &MemoryFiles::type)
                totals_.bytes += content_bytes(*static_cast<const MemoryFile *>(*file));
        }
    }
    if (error != Errno::ok)
        report(live_update_.last_place());
    return ktap.check(error == Errno::ok, "retrieve every file", totals_.files, " files in ",
                      totals_.sessions, " sessions, ", totals_.bytes, " bytes");
}

void Payload::end_foreign() {
    arch::watchdog(0);
    const bool passed = ktap.passed();
    if (passed)
        say("PASS Linux -> payload: ", handover_.format().compatible, ", ", totals_.sessions, " sessions, ",
            totals_.files, " files, ", totals_.bytes, " bytes");
    else
        say("FAIL Linux -> payload: ",
            ktap.failed() ? ktap.first_failure() : "results are missing or too many");
    arch::write_register32(Register::verdict,
                           static_cast<std::uint32_t>(passed ? kexec_handover::Verdict::passed
                                                             : kexec_handover::Verdict::failed));
    arch::halt();
}

}  // namespace guest
