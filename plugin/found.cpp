// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/found.h"

#include "fdt/formats/releases.h"
#include "fdt/read/reader.h"

namespace kexec_handover {
namespace {

// What a strict reader makes of it.
Checked<FoundHandover> read_found(const kho::Memory &memory, const kho::abi::kho_data &data) {
    auto read = kho::read_handover(memory, data);
    if (!read)
        return Refusal{Status::handover_malformed, read.error().index, read.error().address,
                       read.error().message()};
    kho::Handover &handover = read.value();
    FoundHandover found{.data = data,
                        .luo_root = handover.luo ? handover.luo->root : kho::PhysAddr{},
                        .release = {},
                        .unpreserved = {},
                        .recording = nullptr,
                        .scratch = std::move(handover.scratch),
                        .preserved = std::move(handover.preserved)};
    if (const auto writers = kho::linux_formats().writing(handover); !writers.empty())
        found.release = writers.front()->name;
    std::vector<kho::Range> uses;
    for (const kho::Use &use : handover.uses) uses.push_back(use.range);
    found.unpreserved = kho::RangeSet(std::move(uses)).minus(kho::preserved_ranges(found.preserved));
    return found;
}

}  // namespace

Checked<FoundHandover> find_handover(const Machine &machine, kho::PhysAddr address) {
    const auto data = machine.load<kho::abi::kho_data>(address);
    if (!data)
        return Refusal{Status::handover_unreadable, 0, value(address), "kho_data: " + data.error().message()};
    return read_found(machine, data.value());
}

Checked<FoundHandover> open_recording(const std::string &path) {
    if (path.empty())
        return Refusal{Status::no_recording, 0, 0, "handover= names no recording"};
    auto core = kho::ElfCore::open(path);
    if (!core)
        return Refusal{
            core.error().code == kho::Errc::io ? Status::recording_unreadable : Status::recording_malformed,
            0, 0, path + ": " + core.error().message()};
    auto recording = std::make_shared<const kho::ElfCore>(std::move(core).value());
    auto found = read_found(*recording, recording->header().data);
    if (!found) {
        Refusal refusal = found.error();
        refusal.what = path + ": " + refusal.what;
        return refusal;
    }
    FoundHandover result = std::move(found.value());
    // All that was recorded is put in place, also what no structure leads to.
    result.unpreserved = recording->memory().minus(kho::preserved_ranges(result.preserved));
    result.recording = std::move(recording);
    return result;
}

}  // namespace kexec_handover
