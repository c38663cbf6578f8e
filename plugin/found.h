// SPDX-License-Identifier: GPL-2.0-or-later
// A handover that this device did not make: another kernel left it in guest memory, or a recording holds it.
// It goes on to the next kernel as it is.
#pragma once

#include <memory>
#include <string>

#include "fdt/file/elf_core.h"
#include "fdt/model/handover.h"
#include "plugin/machine.h"
#include "plugin/status.h"

namespace kexec_handover {

struct FoundHandover {
    kho::abi::kho_data data{};
    kho::PhysAddr luo_root{};  // 0: no LUO
    std::string release;       // that writes its format; empty: several formats are mixed
    // What it consists of beside preserved memory: kernels do not preserve the map itself.
    kho::RangeSet unpreserved;
    // Where its memory comes from; null: from the guest, where it is already.
    std::shared_ptr<const kho::ElfCore> recording;

    std::vector<kho::Range> scratch;
    std::vector<kho::PreservedBlocks> preserved;
};

// `address`: of a copy of kho_data in RAM. Refuses with handover_unreadable or handover_malformed.
Checked<FoundHandover> find_handover(const Machine &machine, kho::PhysAddr address);

// Refuses with no_recording, recording_unreadable, recording_malformed or handover_malformed.
Checked<FoundHandover> open_recording(const std::string &path);

}  // namespace kexec_handover
