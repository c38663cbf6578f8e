// SPDX-License-Identifier: GPL-2.0-or-later
// The parts of a handover, each read by a file of its own. Internal to the reader.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "fdt/codec/internal/read_context.h"
#include "fdt/read/reader.h"

namespace kho {

// kho_data and the KHO FDT. False: nothing behind it can be read.
bool read_scratch(ReadContext &context, const abi::kho_data &data);
bool read_kho_fdt(ReadContext &context, const Formats &formats, const FdtPage &fdt);

// The map, in the handover's format: preserved blocks into the handover and the context, and the uses of the
// map's own pages.
void read_map(ReadContext &context);

// LUO: root, sessions, files, and what the files' handlers wrote.
void read_luo(ReadContext &context, const Formats &formats, const Subtree &subtree);
// The root alone; luo.format stays nullptr if it cannot be read. False: where the sessions are is not known.
bool read_luo_root(ReadContext &context, const Formats &formats, std::vector<std::byte> blob, Luo &luo);

void read_memblock(ReadContext &context, const Subtree &subtree);
void read_memblock_fdt(ReadContext &context, const FdtPage &fdt, PhysAddr at);
void read_kexec_metadata(ReadContext &context, const Subtree &subtree);
void read_kho_test(ReadContext &context, const Subtree &subtree);
void read_kho_test_fdt(ReadContext &context, const FdtPage &fdt, PhysAddr at);

// An FDT behind a subtree, of as many pages as its header says. Nothing, and the finding `check`, if it is
// bad.
std::optional<FdtPage> read_subtree_fdt(ReadContext &context, const Subtree &subtree, Check check,
                                        const Scope &scope);

// Once everything has been read: uses sorted, and the checks that need them all.
void check_uses(ReadContext &context);
void check_ram(ReadContext &context, const RangeSet &ram);

}  // namespace kho
