// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/stages.h"

#include "guest/payload/payload.h"

namespace guest {

namespace {

// How many results a stage gives. One without any is left out.
using Count = unsigned (*)(const Payload &);

unsigned one(const Payload &) { return 1; }
unsigned with_cycle(const Payload &p) { return p.params.cycle ? 1 : 0; }
unsigned one_and_with_cycle(const Payload &p) { return 1 + with_cycle(p); }
unsigned with_breaks(const Payload &p) { return p.params.break_case.empty() ? 0 : 1; }
unsigned if_it_records(const Payload &p) { return records(p) ? 1 : 0; }

struct Stage {
    std::string_view name;  // of its results
    Lives lives;
    bool (*run)(Payload &p);
    Count results = one;
};

constexpr Stage stages[] = {
    {"device", Lives::all, check_device},
    {"boot", Lives::found, check_boot},
    {"KHO FDT and scratch array", Lives::found, open_handover},
    {"map of preserved memory", Lives::found, mark_handover},
    // Before anything is written outside of scratch.
    {"checksums, compared by the device", Lives::later, verify_checksums},
    {"memory", Lives::cold_boot, set_up_memory},
    {"live update", Lives::with_sessions, start_live_update},
    {"LUO FDT", Lives::found, read_luo},
    {"deserialize", Lives::found, deserialize},

    {"retrieve every file", Lives::foreign, retrieve_everything},
    {"manifest", Lives::foreign, check_manifest},
    {"record", Lives::foreign, record_found, if_it_records},

    {"retrieve and verify every byte", Lives::later, retrieve_sessions},
    {"life cycle of files in the new kernel", Lives::later, cycle_after_kexec, with_cycle},
    {"finish", Lives::later, finish_sessions, one_and_with_cycle},
    {"every page of the handover was given back", Lives::later, account_pages},
    {"no page leaked", Lives::last, stop_everything},

    {"files in memory", Lives::first, make_files},
    {"files rewritten", Lives::middle, rewrite_files},
    {"preserve", Lives::handing_over, preserve_sessions},
    {"freeze, cancel, unfreeze", Lives::handing_over, freeze_check},
    {"life cycle of files in the old kernel", Lives::handing_over, cycle_before_kexec, with_cycle},
    {"refused descriptors", Lives::first, try_breaks, with_breaks},
};

// 0: not a stage of this life.
unsigned results_of(const Stage &stage, const Payload &p, Lives life) {
    const bool has_it = (static_cast<unsigned>(stage.lives) & static_cast<unsigned>(life)) != 0;
    return has_it ? stage.results(p) : 0;
}

}  // namespace

std::uint64_t planned_results(const Payload &p, Lives life) {
    std::uint64_t sum = 0;
    for (const Stage &stage : stages) sum += results_of(stage, p, life);
    return sum;
}

bool run_stages(Payload &p, Lives life) {
    for (const Stage &stage : stages) {
        if (results_of(stage, p, life) == 0)
            continue;
        p.stage = stage.name;
        if (!stage.run(p))
            return false;
    }
    return true;
}

}  // namespace guest
