// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/kexec.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <new>
#include <utility>

#include "fdt/file/elf_core.h"
#include "plugin/kernel_files.h"
#include "plugin/purgatory.h"

namespace kexec_handover {
namespace {

using kho::Outcome;
using kho::Range;

// The handover as the next kernel will see it, before anything of it is in guest memory: the guest's bytes,
// but for what the device writes; or all of it out of a recording.
Outcome visit_handover(const Machine &machine, const KexecRequest &request, const Metadata &metadata,
                       Range range, const Machine::Sink &sink) {
    if (request.found && request.found->recording)
        return kho::copy_memory(*request.found->recording, range, sink);
    const kho::RangeSet ours = metadata.written.intersect(kho::RangeSet({range}));
    kho::PhysAddr at = range.start;
    const auto theirs_up_to = [&](kho::PhysAddr end) {
        return at < end ? machine.visit({at, end - at}, sink) : kho::success();
    };
    for (const Range &piece : ours.ranges()) {
        if (Outcome outcome = theirs_up_to(piece.start); !outcome)
            return outcome;
        if (Outcome outcome = kho::copy_memory(*metadata.pages, piece, sink); !outcome)
            return outcome;
        at = piece.end();
    }
    return theirs_up_to(range.end());
}

// Writes ranges of another memory into the guest's.
Outcome copy_into(Machine &machine, const kho::Memory &from, const kho::RangeSet &ranges) {
    for (const Range &range : ranges.ranges()) {
        kho::PhysAddr to = range.start;
        const auto put_piece = [&](std::span<const std::byte> piece) {
            Outcome outcome = machine.write(to, piece);
            to = to + piece.size();
            return outcome;
        };
        if (Outcome outcome = kho::copy_memory(from, range, put_piece); !outcome)
            return outcome;
    }
    return kho::success();
}

kho::CoreHeader core_header(const KexecRequest &request, const Metadata &metadata) {
    kho::CoreHeader header{.data = metadata.handover, .memory_map = {}, .release = metadata.release};
    for (const auto &entry : request.memory_map)
        header.memory_map.push_back({entry.addr, entry.size, entry.type, 0});
    return header;
}

Refusal put(Machine &machine, const kho::Placement &placement) {
    const auto bytes = placement.bytes();
    if (Outcome outcome = machine.write(placement.address, bytes); !outcome)
        return refusal(outcome.error());
    if (placement.memory_size > bytes.size()) {
        const Range rest{placement.address + bytes.size(), placement.memory_size - bytes.size()};
        if (Outcome outcome = machine.fill(rest, std::byte{0}); !outcome)
            return refusal(outcome.error());
    }
    return {};
}

}  // namespace

Refusal Kexec::report(Refusal refusal) {
    if (state_ != State::handed_over || refusal.status == Status::ok)
        status_ = refusal;
    return refusal;
}

Refusal Kexec::kexec(kho::PhysAddr descriptor, const KexecOptions &options) {
    if (state_ != State::idle)
        return report({Status::busy, 0, static_cast<std::uint64_t>(state_),
                       std::string("a kexec is under way, in state ") + name(state_)});
    Refusal refusal;
    try {
        refusal = hand_over(descriptor, options);
    } catch (const std::bad_alloc &) {
        // Everything large is allocated before guest memory changes.
        refusal = {Status::memory_failed, 0, 0, "the host is out of memory"};
    }
    if (refusal.status != Status::ok)
        state_ = State::idle;
    return report(std::move(refusal));
}

// What a kexec will do. Spans of `boot` point into `files`.
struct Kexec::Plan {
    KexecRequest request;
    Metadata metadata;
    KernelFiles files;
    kho::BootPlan boot;
};

// What is known of the old kernel's memory before any of it changes.
struct Kexec::Record {
    kho::RangeSet doomed;  // to be poisoned
    std::vector<Checksum> checksums;
};

Refusal Kexec::hand_over(kho::PhysAddr descriptor, const KexecOptions &options) {
    const auto start = std::chrono::steady_clock::now();
    Totals totals;
    state_ = State::validating;
    const Checked<Plan> checked_plan = plan(descriptor, options);
    if (!checked_plan)
        return checked_plan.error();
    const Plan &plan = checked_plan.value();
    state_ = State::recording;
    Checked<Record> record = this->record(plan, options, totals);
    if (!record)
        return record.error();
    // From here on the old kernel is gone. What the host's memory refuses now ends with a guest that cannot go on.
    if (Refusal r = commit(plan, record.value().doomed, options.poison); r.status != Status::ok)
        return r;

    totals.preserved_bytes = plan.metadata.memory.bytes();
    totals.preserved_ranges = plan.metadata.memory.ranges().size();
    totals.kho_fdt = kho::PhysAddr{plan.metadata.handover.fdt_addr};
    totals.luo_fdt = plan.metadata.luo_root;
    totals.found = plan.request.found.has_value();
    totals.nanoseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
            .count());
    last_ = totals;
    checksums_ = std::move(record.value().checksums);
    mismatched_ = 0;
    next_ = Next{plan.boot.entry, plan.boot.boot_params, false};
    state_ = State::handed_over;
    return {};
}

Checked<Kexec::Plan> Kexec::plan(kho::PhysAddr descriptor, const KexecOptions &options) {
    auto request = read_descriptor(machine_, descriptor, options.handover);
    if (!request)
        return request.error();
    auto metadata = make_metadata(request.value(), *options.release);
    if (!metadata)
        return metadata.error();
    auto files = read_kernel_files(options.kernel, options.initrd, request.value().scratch_ranges.bytes());
    if (!files)
        return files.error();
    // Linux has its array of scratch areas in scratch: it stays, and the next kernel goes beside it.
    const kho::RangeSet room = request.value().scratch_ranges.minus(metadata.value().memory);
    auto boot = kho::plan_boot({.kernel = &files.value().image,
                                .initrd = files.value().initrd,
                                .command_line = options.append,
                                .memory_map = request.value().memory_map,
                                .handover = metadata.value().handover,
                                .acpi_rsdp = request.value().acpi_rsdp,
                                .scratch = &room});
    if (!boot) {
        Refusal r = refusal(boot.error());
        r.what = "kernel " + options.kernel + ": " + r.what;
        return r;
    }
    std::vector<Range> targets;
    for (const kho::Placement &placement : boot.value().placements)
        targets.push_back({placement.address, std::max(placement.memory_size, placement.bytes().size())});
    if (!map_in_purgatory(purgatory_, targets))
        return Refusal{Status::kernel_too_large, 0, value(boot.value().entry),
                       "kernel " + options.kernel + ": placed out of the purgatory's reach"};
    return Plan{std::move(request).value(), std::move(metadata).value(), std::move(files).value(),
                std::move(boot).value()};
}

Checked<Kexec::Record> Kexec::record(const Plan &plan, const KexecOptions &options, Totals &totals) const {
    const kho::RangeSet &preserved = plan.metadata.memory;
    Record record;
    // Looked up before anything else reads or writes memory.
    if (options.poison != Poison::off) {
        const kho::RangeSet lost = plan.request.usable.minus(preserved);
        record.doomed = machine_.touched(lost);
        totals.poisoned_bytes = record.doomed.bytes();
        totals.untouched_bytes = lost.bytes() - record.doomed.bytes();
    }
    const auto visit = [&](Range range, const Machine::Sink &sink) {
        return visit_handover(machine_, plan.request, plan.metadata, range, sink);
    };
    auto checksums = take_checksums(preserved, visit);
    if (!checksums)
        return refusal(checksums.error());
    record.checksums = std::move(checksums).value();
    if (!options.record.empty()) {
        const auto size =
            kho::write_core(options.record, core_header(plan.request, plan.metadata), preserved, visit);
        if (!size)
            return refusal(size.error());
        totals.recorded_bytes = size.value();
    }
    return record;
}

Refusal Kexec::commit(const Plan &plan, const kho::RangeSet &doomed, Poison poison) {
    if (Refusal r = destroy_old_kernel(plan.request, plan.metadata, doomed, poison); r.status != Status::ok)
        return r;
    state_ = State::loading;
    for (const kho::Placement &placement : plan.boot.placements)
        if (Refusal r = put(machine_, placement); r.status != Status::ok)
            return r;
    return {};
}

Refusal Kexec::destroy_old_kernel(const KexecRequest &request, const Metadata &metadata,
                                  const kho::RangeSet &doomed, Poison poison) {
    state_ = State::poisoning;
    const kho::Memory *source = nullptr;
    if (request.found && request.found->recording)
        source = request.found->recording.get();
    else if (metadata.pages)
        source = &*metadata.pages;
    if (source != nullptr) {
        const kho::RangeSet &ranges = metadata.pages ? metadata.written : metadata.memory;
        if (Outcome outcome = copy_into(machine_, *source, ranges); !outcome)
            return refusal(outcome.error());
    }
    for (const Range &range : doomed.ranges()) {
        if (Outcome outcome = machine_.fill(range, poison == Poison::zero ? std::byte{0} : poison_byte);
            !outcome)
            return refusal(outcome.error());
    }
    return {};
}

Refusal Kexec::record(kho::PhysAddr descriptor, const KexecOptions &options) {
    if (state_ != State::idle)
        return report({Status::busy, 0, static_cast<std::uint64_t>(state_),
                       std::string("record during a kexec, in state ") + name(state_)});
    const auto record_found = [&]() -> Refusal {
        const auto request = read_descriptor(machine_, descriptor, options.handover);
        if (!request)
            return request.error();
        if (!request.value().found || request.value().found->recording)
            return {Status::not_found, 0, value(descriptor),
                    "record: not of a handover that another kernel left"};
        if (options.record.empty())
            return {Status::record_failed, 0, 0, "record= is not set"};
        const auto metadata = make_metadata(request.value(), *options.release);
        if (!metadata)
            return metadata.error();
        const kho::RangeSet &memory = metadata.value().memory;
        const auto size = kho::write_core(
            options.record, core_header(request.value(), metadata.value()), memory,
            [&](Range range, const Machine::Sink &sink) { return machine_.visit(range, sink); });
        if (!size)
            return refusal(size.error());
        last_.recorded_bytes = size.value();
        return {};
    };
    try {
        return report(record_found());
    } catch (const std::bad_alloc &) {
        return report({Status::memory_failed, 0, 0, "the host is out of memory"});
    }
}

kho::PhysAddr Kexec::claim() {
    if (!next_ || std::exchange(next_->claimed, true))
        return kho::PhysAddr{};
    return next_->entry;
}

Refusal Kexec::enter() {
    if (state_ != State::handed_over)
        return report({Status::not_handed_over, 0, static_cast<std::uint64_t>(state_),
                       std::string("enter without a kexec, in state ") + name(state_)});
    state_ = State::idle;
    next_.reset();
    ++count_;
    return report({});
}

Refusal Kexec::verify() {
    if (state_ != State::idle)
        return report({Status::busy, 0, static_cast<std::uint64_t>(state_),
                       std::string("verify during a kexec, in state ") + name(state_)});
    if (count_ == 0)
        return report({Status::nothing_to_verify, 0, 0, "verify before any kexec"});
    const auto changed = changed_pieces(
        checksums_, [&](Range range, const Machine::Sink &sink) { return machine_.visit(range, sink); });
    if (!changed)
        return report(refusal(changed.error()));
    mismatched_ = changed.value().size();
    if (mismatched_ == 0)
        return report({});
    const Range &first = changed.value().front();
    char text[160];
    std::snprintf(text, sizeof text, "preserved memory changed in %zu pieces, first at 0x%llx + 0x%llx",
                  changed.value().size(), static_cast<unsigned long long>(value(first.start)),
                  static_cast<unsigned long long>(first.size));
    return report({Status::mismatch, 0, value(first.start), text});
}

Refusal Kexec::unknown_command(std::uint32_t command) {
    return report({Status::unknown_command, 0, command, "unknown command " + std::to_string(command)});
}

void Kexec::reset() {
    state_ = State::idle;
    status_ = {};
    count_ = 0;
    last_ = {};
    checksums_.clear();
    mismatched_ = 0;
    next_.reset();
    map_in_purgatory(purgatory_, {});
}

}  // namespace kexec_handover
