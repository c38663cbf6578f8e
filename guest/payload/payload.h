// SPDX-License-Identifier: GPL-2.0-or-later
// One life of the payload: all its state, and the stages that it goes through.
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

struct BreakCase;
struct Outgoing;

class Payload {
public:
    constexpr Payload() = default;
    [[noreturn]] void run(const BootInfo &info);

    Ktap ktap;

private:
    struct Totals {
        std::uint64_t sessions = 0;
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;  // of the files' contents
    };

    // Stages of every life. Each is one test, or one with subtests; false stops the life.
    bool check_device();
    bool set_up_memory();
    bool start_live_update();
    bool preserve_sessions();
    bool preserve_manifest();
    bool freeze_check();
    bool cycle_before_kexec();
    bool stop_everything();
    [[noreturn]] void hand_over();
    [[noreturn]] void refused(kexec_handover::Status status);
    [[noreturn]] void finish();
    [[noreturn]] void end();

    // Of the first.
    bool make_files();
    bool try_breaks();

    // Of one that another kernel started, or that hands a recording on.
    [[noreturn]] void foreign_life();
    [[noreturn]] void replay_life();
    bool retrieve_everything();
    bool check_manifest();
    bool verify_entry(std::string_view session, const agent::ManifestLine &line);
    bool record_found();
    [[noreturn]] void hand_on(std::uint64_t found);
    [[noreturn]] void end_foreign();
    bool ordered(kexec_handover::Order order) const {
        return (orders_ & static_cast<std::uint32_t>(order)) != 0;
    }

    // Of the later ones.
    bool check_boot();
    bool open_handover();
    bool mark_handover();
    bool verify_checksums();
    bool read_luo();
    bool deserialize();
    bool retrieve_sessions();
    bool retrieve_session(unsigned i, unsigned first_file);
    bool cycle_after_kexec();
    bool finish_sessions();
    bool account_pages();
    bool rewrite_files();

    void begin_document();
    void put_life_name(Line &line, std::uint64_t life) const;
    bool give_result(bool passed, std::uint64_t life);
    bool first_life();
    bool later_life();
    void note_last_kexec();

    bool map_ram();
    void set_up_scenario();
    bool verify_all_files();
    bool verify(const SessionSpec &session, const FileSpec &spec, const MemoryFile &file,
                std::uint64_t writer);
    void report(const Place &place);
    template <typename... Args>
    void report_error(const Args &...args) {
        ktap.note(args...);
        ktap.blame(args...);
    }
    void report(const SessionSpec &session, const FileSpec &spec, const Mismatch &mismatch);
    kexec_handover::Status attempt_kexec(const BreakCase *break_case);
    void forget(Outgoing &outgoing);
    bool was_refused_as(std::string_view name, kexec_handover::Status expected,
                        kexec_handover::Status status);

    // Files by number: those of session 0 first, then those of session 1, ...
    MemoryFile *&file_slot(std::uint64_t number) { return file_table_[number]; }
    std::uint64_t writer_of(const FileSpec &spec) const { return spec.rewritten ? content_life_ : 1; }

    void count_cycle() {
        totals_.sessions += LifeCycle::sessions;
        totals_.files += LifeCycle::files;
    }
    bool has_flbs() const { return params_.cycle || params_.linux_flbs; }
    unsigned cycle_sessions() const { return params_.cycle ? LifeCycle::sessions : 0; }
    unsigned watchdog_seconds() const {
        return static_cast<unsigned>(params_.watchdog < 500 ? params_.watchdog : 500);
    }

    // Stages without a result to show bail out instead.
    template <typename... Args>
    [[noreturn]] void bail_out(const Args &...args) {
        Line line;
        (line.put(args), ...);
        payload_bail_out(line.text());
    }

    const BootInfo *info_ = nullptr;
    Params params_;
    std::uint64_t life_ = 1;
    Start start_ = Start::cold_boot;
    std::uint32_t orders_ = 0;        // of the device
    bool handed_on_ = false;          // by a life like this, which found it
    std::uint64_t content_life_ = 1;  // the life that wrote the files last
    MemoryLayout layout_;
    PhysRange taken_[2 + sizeof(BootInfo::boot_data) / sizeof(PhysRange)] = {};
    PhysicalWindow window_;
    kho::abi::kho_scratch scratch_[IncomingHandover::max_scratch] = {};
    std::size_t scratch_count_ = 0;
    IncomingHandover handover_;
    LuoRoot luo_;
    Pages pages_;
    MemoryFiles memory_files_;
    MemfdHandler memfd_[2];  // memfd-v1 and memfd-v2
    LiveUpdate live_update_;
    LifeCycle life_cycle_;
    LinuxFlbs linux_flbs_;
    Scenario scenario_;
    MemoryFile **file_table_ = nullptr;
    kho::PhysAddr table_run_{};
    std::uint64_t table_pages_ = 0;
    Totals totals_;
    std::uint64_t status_index_ = 0;
    std::uint64_t status_address_ = 0;
};

}  // namespace guest
