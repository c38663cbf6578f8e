// SPDX-License-Identifier: GPL-2.0-or-later
// The codecs that Linux has, each in the file of its name.
#pragma once

#include "fdt/codec/internal/codec.h"

namespace kho {

const MapCodec &chunk_list();  // kho-v1
const MapCodec &radix_tree();  // from kho-v3 on

const LuoRootCodec &luo_fdt();  // luo-v1
const LuoRootCodec &luo_ser();  // luo-v5

const EntryCodec &session_arrays();  // luo-session-v2: arrays of a fixed size
const EntryCodec &linked_blocks();   // luo-v5: chains of pages

}  // namespace kho
