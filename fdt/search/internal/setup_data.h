// SPDX-License-Identifier: GPL-2.0-or-later
// Reading what a boot loader passed to an x86 kernel: boot_params and their list of setup_data. Internal to the
// search.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/file/elf_core.h"

namespace kho {

struct BootParams {
    std::uint64_t setup_data;  // address of the first node, 0: none
    unsigned e820_entries;
};

// Nothing if these are no boot_params that a boot loader filled in: a kernel file in memory is not.
std::optional<BootParams> read_boot_params(const Memory &memory, PhysAddr at);

// The e820 table of boot_params. Empty if it cannot be read, or an entry ends behind the last address.
std::vector<CoreMemoryRange> read_e820(const Memory &memory, PhysAddr boot_params);

struct SetupDataNode {
    PhysAddr address{};
    std::uint64_t next = 0;
    std::optional<abi::kho_data> kho;  // if its type and length say so
};

// Errors: those of Memory::read.
Result<SetupDataNode> read_setup_data(const Memory &memory, PhysAddr at);

struct SetupDataChain {
    std::optional<SetupDataNode> kho;  // the last one, which is the one that kernels take
    unsigned nodes = 0;
    std::string doubt;  // why the chain ends before its end; empty if it does not
};

// Bounded: a chain that goes in circles is a doubt.
SetupDataChain read_setup_data_chain(const Memory &memory, std::uint64_t first);

// What speaks against it, in a line; empty if it names a KHO FDT and a scratch array that are there.
std::string doubt_about_kho_data(const Memory &memory, const abi::kho_data &data);

}  // namespace kho
