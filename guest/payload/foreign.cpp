// SPDX-License-Identifier: GPL-2.0-or-later
// A life that another kernel began: its handover is validated to the last byte, recorded, and handed on, all
// as the device's properties ask. Nothing of it is written to, so that what goes on is what came.
#include "fdt/abi/luo.h"
#include "guest/payload/outgoing.h"
#include "guest/payload/payload.h"
#include "guest/payload/stages.h"
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Command;
using kexec_handover::Order;
using kexec_handover::Register;
using kexec_handover::Status;

namespace {

[[noreturn]] void end_foreign(Payload &p);

}  // namespace

// One that was handed on by one of us ends here.
void foreign_life(Payload &p) {
    p.ktap.begin(planned_results(p, Lives::foreign));
    say("# a life after the kexec of another kernel");
    if (run_stages(p, Lives::foreign) && ordered(p, Order::relay) && !p.handed_on && p.ktap.passed())
        hand_on(p, kexec_handover::found_in_memory);
    end_foreign(p);
}

// The device loads it; this kernel only gets there.
void replay_life(Payload &p) {
    // And handing on, which is a result if it is refused; else the next kernel goes on with a document of its own.
    p.ktap.begin(planned_results(p, Lives::replay) + 1);
    say("# a cold boot that puts a recording in place");
    if (run_stages(p, Lives::replay))
        hand_on(p, kexec_handover::found_in_recording);
    end_foreign(p);
}

void hand_on(Payload &p, std::uint64_t found) {
    const Result<Outgoing> built =
        build_outgoing(p.pages, {.memory_map = p.layout.map,
                                 .scratch = {},
                                 .acpi_rsdp = p.info->acpi_rsdp,
                                 .found = found,
                                 .handover = p.info->handover ? *p.info->handover : kho::abi::kho_data{}});
    if (!built)
        bail_out("no memory for the descriptor: ", built.error());
    say("# handing on to the next kernel");
    arch::watchdog(0);
    arch::stop_other_cpus();
    const Status status = arch::enter_purgatory(arch::read_register64(Register::purgatory_entry),
                                                p.pages.window().address(built->descriptor));
    report_error(p, "handing on was refused: ", name(status), ", index ",
                 arch::read_register64(Register::status_index), ", address ",
                 Hex{arch::read_register64(Register::status_address)});
    static_cast<void>(p.ktap.check(false, "hand on"));
    end_foreign(p);
}

bool record_found(Payload &p) {
    const Result<Outgoing> built = build_outgoing(p.pages, {.memory_map = p.layout.map,
                                                            .scratch = {},
                                                            .acpi_rsdp = p.info->acpi_rsdp,
                                                            .found = kexec_handover::found_in_memory,
                                                            .handover = *p.info->handover});
    if (!built)
        bail_out("no memory for the descriptor: ", built.error());
    const std::uint64_t at = kho::value(p.pages.window().address(built->descriptor));
    constexpr auto high = static_cast<Register>(static_cast<std::uint32_t>(Register::descriptor) + 4);
    arch::write_register32(Register::descriptor, static_cast<std::uint32_t>(at));
    arch::write_register32(high, static_cast<std::uint32_t>(at >> 32));
    arch::write_register32(Register::command, static_cast<std::uint32_t>(Command::record));
    const auto status = static_cast<Status>(arch::read_register32(Register::status));
    if (status != Status::ok)
        report_error(p, "recording was refused: ", name(status), ", address ",
                     Hex{arch::read_register64(Register::status_address)});
    free_outgoing(p.pages, *built);
    return p.ktap.check(status == Status::ok, p.stage,
                        Mebibytes{arch::read_register64(Register::recorded_bytes)});
}

// All sessions, and all files of each; they stay ours.
bool retrieve_everything(Payload &p) {
    p.totals = {};
    Errno error = Errno::ok;
    for (Session *session = p.live_update.incoming().first(); session != nullptr && error == Errno::ok;
         session = session->next) {
        error = p.live_update.retrieve_session(session->name_view()).error();
        p.totals.sessions++;
        for (const FileEntry *entry = session->file_set.files().first();
             entry != nullptr && error == Errno::ok; entry = entry->next) {
            const Result<File *> file = p.live_update.retrieve(*session, entry->token);
            error = file.error();
            p.totals.files++;
            if (file && (*file)->type == &MemoryFiles::type)
                p.totals.bytes += content_bytes(*static_cast<const MemoryFile *>(*file));
        }
    }
    if (error != Errno::ok)
        report(p, p.live_update.last_place());
    return p.ktap.check(error == Errno::ok, p.stage, p.totals.files, " files in ", p.totals.sessions,
                        " sessions, ", p.totals.bytes, " bytes");
}

namespace {

void end_foreign(Payload &p) {
    arch::watchdog(0);
    const bool passed = p.ktap.passed();
    if (passed)
        say("PASS Linux -> payload: ", p.handover.format().compatible, ", ", p.totals.sessions, " sessions, ",
            p.totals.files, " files, ", p.totals.bytes, " bytes");
    else
        say("FAIL Linux -> payload: ",
            p.ktap.failed() ? p.ktap.first_failure() : "results are missing or too many");
    arch::write_register32(Register::verdict,
                           static_cast<std::uint32_t>(passed ? kexec_handover::Verdict::passed
                                                             : kexec_handover::Verdict::failed));
    arch::halt();
}

}  // namespace

}  // namespace guest
