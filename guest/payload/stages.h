// SPDX-License-Identifier: GPL-2.0-or-later
// The stages that lives go through, in one table: KTAP plans are counted from it. A stage gives its results itself, under
// p.stage; false ends the life.
#pragma once

#include <cstdint>

namespace guest {

struct Payload;

// Kinds of lives, as bits.
enum class Lives : std::uint8_t {
    first = 1,
    middle = 2,  // neither the first nor the last
    last = 4,
    foreign = 8,  // that another kernel began
    replay = 16,  // that only puts a recording in place
    later = middle | last,
    handing_over = first | middle,
    found = later | foreign,  // with a handover
    cold_boot = first | replay,
    with_sessions = first | later | foreign,
    all = first | later | foreign | replay,
};

// How many results the stages of such a life give.
std::uint64_t planned_results(const Payload &p, Lives life);
// Goes through them, until one fails.
bool run_stages(Payload &p, Lives life);

// Of several lives.
bool check_device(Payload &p);
bool set_up_memory(Payload &p);
bool start_live_update(Payload &p);
bool preserve_sessions(Payload &p);
bool freeze_check(Payload &p);
bool cycle_before_kexec(Payload &p);
bool check_boot(Payload &p);
bool open_handover(Payload &p);
bool mark_handover(Payload &p);
bool read_luo(Payload &p);
bool deserialize(Payload &p);

// Of the first.
bool make_files(Payload &p);
bool try_breaks(Payload &p);

// Of later ones.
bool verify_checksums(Payload &p);
bool retrieve_sessions(Payload &p);
bool cycle_after_kexec(Payload &p);
bool finish_sessions(Payload &p);
bool account_pages(Payload &p);
bool rewrite_files(Payload &p);
bool stop_everything(Payload &p);

// Of foreign ones.
bool retrieve_everything(Payload &p);
bool check_manifest(Payload &p);
bool record_found(Payload &p);

}  // namespace guest
