// SPDX-License-Identifier: GPL-2.0-or-later
// One life of the payload: its state, and what stages share. stages.h has the stages.
#pragma once

#include "guest/arch/arch.h"
#include "guest/kho/incoming.h"
#include "guest/kho/memory_layout.h"
#include "guest/luo/handlers/memfd.h"
#include "guest/luo/live_update.h"
#include "guest/luo/luo_root.h"
#include "guest/manifest/reader.h"
#include "guest/payload/content.h"
#include "guest/payload/ktap.h"
#include "guest/payload/life_cycle.h"
#include "guest/payload/linux_flbs.h"
#include "guest/payload/params.h"
#include "guest/payload/scenario.h"
#include "guest/payload/start.h"

namespace guest {

struct Totals {
    std::uint64_t sessions = 0;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;  // of the files' contents
};

struct Payload {
    Ktap ktap;
    std::string_view stage;  // the name of the one that runs
    const BootInfo *info = nullptr;
    Params params;
    std::uint64_t life = 1;
    Start start = Start::cold_boot;
    std::uint32_t orders = 0;        // of the device
    bool handed_on = false;          // by a life like this, which found it
    std::uint64_t content_life = 1;  // the life that wrote the files last
    MemoryLayout layout;
    PhysRange taken[2 + sizeof(BootInfo::boot_data) / sizeof(PhysRange)] = {};
    PhysicalWindow window;
    kho::abi::kho_scratch scratch[IncomingHandover::max_scratch] = {};
    std::size_t scratch_count = 0;
    IncomingHandover handover;
    LuoRoot luo;
    Pages pages;
    MemoryFiles memory_files;
    MemfdHandler memfd[2];  // memfd-v1 and memfd-v2
    LiveUpdate live_update;
    LifeCycle life_cycle;
    LinuxFlbs linux_flbs;
    Scenario scenario;
    MemoryFile **file_table = nullptr;
    kho::PhysAddr table_run{};
    std::uint64_t table_pages = 0;
    Totals totals;
    std::uint64_t status_index = 0;
    std::uint64_t status_address = 0;
};

// Where there is no way to go on.
template <typename... Args>
[[noreturn]] void bail_out(const Args &...args) {
    Line line;
    (line.put(args), ...);
    payload_bail_out(line.text());
}

inline bool ordered(const Payload &p, kexec_handover::Order order) {
    return (p.orders & static_cast<std::uint32_t>(order)) != 0;
}
inline bool has_flbs(const Payload &p) { return p.params.cycle || p.params.linux_flbs; }
inline unsigned cycle_sessions(const Payload &p) { return p.params.cycle ? LifeCycle::sessions : 0; }
inline unsigned watchdog_seconds(const Payload &p) {
    return static_cast<unsigned>(p.params.watchdog < 500 ? p.params.watchdog : 500);
}
inline void count_cycle(Payload &p) {
    p.totals.sessions += LifeCycle::sessions;
    p.totals.files += LifeCycle::files;
}
// Whether this life records what it found: not if one of us did, who handed it on.
inline bool records(const Payload &p) { return ordered(p, kexec_handover::Order::record) && !p.handed_on; }
void map_ram(Payload &p);
void set_up_scenario(Payload &p);

// Files by number: those of session 0 first, then those of session 1, ...
inline MemoryFile *&file_slot(Payload &p, std::uint64_t number) { return p.file_table[number]; }
// The life that wrote it last.
inline std::uint64_t writer_of(const Payload &p, const FileSpec &spec) {
    return spec.rewritten ? p.content_life : 1;
}
bool verify(Payload &p, const SessionSpec &session, const FileSpec &spec, const MemoryFile &file,
            std::uint64_t writer);
bool verify_all_files(Payload &p);
bool preserve_manifest(Payload &p);

void report(Payload &p, const Place &place);
template <typename... Args>
void report_error(Payload &p, const Args &...args) {
    p.ktap.note(args...);
    p.ktap.blame(args...);
}

// KTAP of all lives.
void begin_document(Payload &p);
void note_last_kexec(Payload &p);
void put_life_name(Payload &p, Line &line, std::uint64_t life);
bool give_result(Payload &p, bool passed, std::uint64_t life);
[[noreturn]] void end(Payload &p);

// How lives end that do not give a verdict: in the next kernel, or as refused.
[[noreturn]] void hand_over(Payload &p);
[[noreturn]] void hand_on(Payload &p, std::uint64_t found);
// Lives of other kernels' handovers.
[[noreturn]] void foreign_life(Payload &p);
[[noreturn]] void replay_life(Payload &p);

}  // namespace guest
