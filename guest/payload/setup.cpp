// SPDX-License-Identifier: GPL-2.0-or-later
// Device, memory and scenario: what every life sets up before it does anything.
#include <algorithm>

#include "guest/payload/payload.h"

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

bool Payload::check_device() {
    const std::uint32_t version = arch::read_register32(Register::version);
    if (version != kexec_handover::interface_version)
        bail_out("the device speaks version ", version, " of its interface, this payload ",
                 kexec_handover::interface_version);
    if (params_.not_understood > 0)
        ktap.note("ignored ", params_.not_understood, " parameters, first ",
                  Quoted{params_.first_not_understood});
    const auto state = arch::read_register32(Register::state);
    const bool good = state == static_cast<std::uint32_t>(State::idle);
    if (!good)
        ktap.note("state ", state, " instead of idle");
    return ktap.check(good, "device");
}

bool Payload::map_ram() {
    layout_.map = {info_->memory_map, info_->memory_map_count};
    std::size_t n = 0;
    taken_[n++] = info_->image;
    taken_[n++] = info_->initrd;
    for (std::size_t i = 0; i < info_->boot_data_count; i++) taken_[n++] = info_->boot_data[i];
    layout_.taken = {taken_, n};
    const std::uint64_t top = top_of_ram(layout_.map);
    if (top == 0)
        bail_out("the memory map has no usable RAM");
    unsigned taken = 0;
    if (!arch::map_memory(top, take_table_page, &taken))
        bail_out("no page tables for RAM up to ", Hex{top});
    window_ = PhysicalWindow::identity(top);
    return true;
}

// A cold boot: scratch and the page map go where there is room.
bool Payload::set_up_memory() {
    map_ram();
    if (info_->memory_map_truncated)
        ktap.note("the memory map was longer than ", layout_.map.size(), " entries: the rest is not used");
    const std::uint64_t size = params_.scratch != 0 ? params_.scratch : default_scratch_size(layout_.map);
    kho::abi::kho_scratch areas[2];
    if (choose_scratch(layout_, size, areas) != Errno::ok)
        bail_out("no room for ", Mebibytes{size}, " of scratch below 4 GiB: make it less with scratch=");
    std::copy_n(areas, 2, scratch_);
    scratch_count_ = 2;
    const Result<PhysAddr> map =
        find_place(layout_, {scratch_, scratch_count_}, Pages::map_bytes(window_.end()), kho::page_size, mib,
                   window_.end());
    if (!map)
        bail_out("no room for the page map");
    const Errno error = init_pages(pages_, window_, *map, layout_, {scratch_, scratch_count_});
    set_up_scenario();
    const Pages::Counts counts = pages_.counts();
    return ktap.check(error == Errno::ok, "memory", Mebibytes{counts.free << kho::page_shift}, " free, ",
                      Mebibytes{counts.scratch << kho::page_shift}, " scratch");
}

void Payload::set_up_scenario() {
    const std::uint64_t ram = ram_size(layout_.map);
    if (params_.files > ram)
        bail_out("files=: more than the ", Mebibytes{ram}, " of RAM");
    std::uint64_t big = params_.files;
    if (big == 0)
        big = ram >= 192 * mib ? 22 * mib : 10 * mib;
    big = kho::align_up(std::max(big, mib), 16 * kho::page_size);
    constexpr std::uint64_t fixed_sessions = 7;
    const std::uint64_t extra = std::min(params_.sessions, kho::abi::max_sessions - fixed_sessions -
                                                               cycle_sessions() - (params_.manifest ? 1 : 0));
    if (params_.session_files > kho::abi::max_files_per_set)
        bail_out("session-files=: at most ", kho::abi::max_files_per_set);
    const bool high =
        high_memory(layout_.map, {scratch_, scratch_count_}) >= Scenario::high_memory_needed(big);
    scenario_ =
        Scenario(big, static_cast<unsigned>(extra), static_cast<unsigned>(params_.session_files), high);
}

bool Payload::start_live_update() {
    memory_files_.init(pages_);
    // The first that takes a file preserves it; both take what the last kernel handed over.
    const MemfdFormat &written = memfd_format_of(arch::read_register32(Register::release));
    const MemfdFormat &other = &written == &memfd_v1 ? memfd_v2 : memfd_v1;
    memfd_[0].init(pages_, memory_files_, params_.strict, written);
    memfd_[1].init(pages_, memory_files_, params_.strict, other);
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a table of pointers
    const std::uint64_t table_bytes = std::uint64_t{scenario_.files()} * sizeof(MemoryFile *);
    table_pages_ = pages_of(table_bytes);
    const Result<PhysAddr> run = pages_.allocate_run(table_pages_);
    Errno error = run.error();
    if (run) {
        table_run_ = *run;
        std::byte *bytes = pages_.bytes(*run, table_pages_ * kho::page_size);
        zero_words(bytes, table_pages_ * kho::page_size);
        file_table_ = reinterpret_cast<MemoryFile **>(bytes);
        error = live_update_.start(pages_, true, has_flbs());
    }
    for (MemfdHandler &handler : memfd_)
        if (error == Errno::ok)
            error = live_update_.registry().add(handler);
    // The handler that preserves the files comes first.
    if (error == Errno::ok && params_.linux_flbs)
        error = linux_flbs_.add_to(live_update_.registry(), memfd_[0]);
    if (error == Errno::ok && params_.cycle)
        error = life_cycle_.start(pages_, live_update_, life_);
    if (error != Errno::ok)
        report_error("live update: ", error);
    return ktap.check(error == Errno::ok, "live update", "handlers ", memfd_[0].compatible, ", ",
                      memfd_[1].compatible);
}

}  // namespace guest
