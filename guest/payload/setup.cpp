// SPDX-License-Identifier: GPL-2.0-or-later
// Device, memory and scenario: what every life sets up before it does anything.
#include <algorithm>

#include "guest/payload/payload.h"
#include "guest/payload/stages.h"

namespace guest {

using kexec_handover::Register;
using kexec_handover::State;
using kho::PhysAddr;

namespace {

constexpr std::uint64_t mib = 1 << 20;

// Page tables are needed before there is an allocator, in a later life even before anything but scratch
// may be used. One page maps a GiB.
constexpr unsigned table_pages = 66;
alignas(kho::page_size) constinit std::byte tables[table_pages * kho::page_size] = {};

PhysAddr take_table_page(void *context) {
    auto &taken = *static_cast<unsigned *>(context);
    if (taken == table_pages)
        return PhysAddr{};
    return PhysAddr{reinterpret_cast<std::uintptr_t>(tables + kho::page_size * taken++)};
}

}  // namespace

bool check_device(Payload &p) {
    const std::uint32_t version = arch::read_register32(Register::version);
    if (version != kexec_handover::interface_version)
        bail_out("the device speaks version ", version, " of its interface, this payload ",
                 kexec_handover::interface_version);
    if (p.params.not_understood > 0)
        p.ktap.note("ignored ", p.params.not_understood, " parameters, first ",
                    Quoted{p.params.first_not_understood});
    const auto state = arch::read_register32(Register::state);
    const bool good = state == static_cast<std::uint32_t>(State::idle);
    if (!good)
        p.ktap.note("state ", state, " instead of idle");
    return p.ktap.check(good, p.stage);
}

void map_ram(Payload &p) {
    p.layout.map = {p.info->memory_map, p.info->memory_map_count};
    std::size_t n = 0;
    p.taken[n++] = p.info->image;
    p.taken[n++] = p.info->initrd;
    for (std::size_t i = 0; i < p.info->boot_data_count; i++) p.taken[n++] = p.info->boot_data[i];
    p.layout.taken = {p.taken, n};
    const std::uint64_t top = top_of_ram(p.layout.map);
    if (top == 0)
        bail_out("the memory map has no usable RAM");
    unsigned taken = 0;
    if (!arch::map_memory(top, take_table_page, &taken))
        bail_out("no page tables for RAM up to ", Hex{top});
    p.window = PhysicalWindow::identity(top);
}

// A cold boot: scratch and the page map go where there is room.
bool set_up_memory(Payload &p) {
    map_ram(p);
    if (p.info->memory_map_truncated)
        p.ktap.note("the memory map was longer than ", p.layout.map.size(), " entries: the rest is not used");
    const std::uint64_t size = p.params.scratch != 0 ? p.params.scratch : default_scratch_size(p.layout.map);
    kho::abi::kho_scratch areas[2];
    if (choose_scratch(p.layout, size, areas) != Errno::ok)
        bail_out("no room for ", Mebibytes{size}, " of scratch below 4 GiB: make it less with scratch=");
    std::copy_n(areas, 2, p.scratch);
    p.scratch_count = 2;
    const Result<PhysAddr> map =
        find_place(p.layout, {p.scratch, p.scratch_count}, Pages::map_bytes(p.window.end()), kho::page_size,
                   mib, p.window.end());
    if (!map)
        bail_out("no room for the page map");
    const Errno error = init_pages(p.pages, p.window, *map, p.layout, {p.scratch, p.scratch_count});
    set_up_scenario(p);
    const Pages::Counts counts = p.pages.counts();
    return p.ktap.check(error == Errno::ok, p.stage, Mebibytes{counts.free << kho::page_shift}, " free, ",
                        Mebibytes{counts.scratch << kho::page_shift}, " scratch");
}

void set_up_scenario(Payload &p) {
    const std::uint64_t ram = ram_size(p.layout.map);
    if (p.params.files > ram)
        bail_out("files=: more than the ", Mebibytes{ram}, " of RAM");
    std::uint64_t big = p.params.files;
    if (big == 0)
        big = ram >= 192 * mib ? 22 * mib : 10 * mib;
    big = kho::align_up(std::max(big, mib), 16 * kho::page_size);
    constexpr std::uint64_t fixed_sessions = 7;
    const std::uint64_t extra =
        std::min(p.params.sessions,
                 kho::abi::max_sessions - fixed_sessions - cycle_sessions(p) - (p.params.manifest ? 1 : 0));
    if (p.params.session_files > kho::abi::max_files_per_set)
        bail_out("session-files=: at most ", kho::abi::max_files_per_set);
    const bool high =
        high_memory(p.layout.map, {p.scratch, p.scratch_count}) >= Scenario::high_memory_needed(big);
    p.scenario =
        Scenario(big, static_cast<unsigned>(extra), static_cast<unsigned>(p.params.session_files), high);
}

bool start_live_update(Payload &p) {
    p.memory_files.init(p.pages);
    // The first that takes a file preserves it; both take what the last kernel handed over.
    const MemfdFormat &written = memfd_format_of(arch::read_register32(Register::release));
    const MemfdFormat &other = &written == &memfd_v1 ? memfd_v2 : memfd_v1;
    p.memfd[0].init(p.pages, p.memory_files, p.params.strict, written);
    p.memfd[1].init(p.pages, p.memory_files, p.params.strict, other);
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a table of pointers
    const std::uint64_t table_bytes = std::uint64_t{p.scenario.files()} * sizeof(MemoryFile *);
    p.table_pages = pages_of(table_bytes);
    const Result<PhysAddr> run = p.pages.allocate_run(p.table_pages);
    Errno error = run.error();
    if (run) {
        p.table_run = *run;
        std::byte *bytes = p.pages.bytes(*run, p.table_pages * kho::page_size);
        zero_words(bytes, p.table_pages * kho::page_size);
        p.file_table = reinterpret_cast<MemoryFile **>(bytes);
        error = p.live_update.start(p.pages, true, has_flbs(p));
    }
    for (MemfdHandler &handler : p.memfd)
        if (error == Errno::ok)
            error = p.live_update.registry().add(handler);
    // The handler that preserves the files comes first.
    if (error == Errno::ok && p.params.linux_flbs)
        error = p.linux_flbs.add_to(p.live_update.registry(), p.memfd[0]);
    if (error == Errno::ok && p.params.cycle)
        error = p.life_cycle.start(p.pages, p.live_update, p.life);
    if (error != Errno::ok)
        report_error(p, "live update: ", error);
    return p.ktap.check(error == Errno::ok, p.stage, "handlers ", p.memfd[0].compatible, ", ",
                        p.memfd[1].compatible);
}

}  // namespace guest
