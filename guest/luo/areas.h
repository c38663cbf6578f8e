// SPDX-License-Identifier: GPL-2.0-or-later
// What holds the entries of sessions and files: an array of fixed length, or a chain of blocks (block_chain.h).
#pragma once

#include "guest/luo/formats.h"

namespace guest {

constexpr std::uint64_t session_area_bytes(std::uint64_t most) {
    return kho::align_up(sizeof(kho::abi::luo_session_header_ser) + most * sizeof(kho::abi::luo_session_ser),
                         kho::page_size);
}
constexpr kho::PhysAddr session_slot(kho::PhysAddr header, std::uint64_t i) {
    return header + (sizeof(kho::abi::luo_session_header_ser) + i * sizeof(kho::abi::luo_session_ser));
}
constexpr std::uint64_t file_area_bytes(std::uint64_t most) { return most * sizeof(kho::abi::luo_file_ser); }

Errno read_session_array(Pages &pages, kho::PhysAddr header, std::uint64_t most, SessionVisit visit,
                         Place &place);
Errno read_session_blocks(Pages &pages, kho::PhysAddr first, std::uint64_t most, SessionVisit visit,
                          Place &place);
Errno read_file_array(Pages &pages, const kho::abi::luo_file_set_ser &set, std::uint64_t most,
                      FileVisit visit, Place &place);
Errno read_file_blocks(Pages &pages, const kho::abi::luo_file_set_ser &set, std::uint64_t most,
                       FileVisit visit, Place &place);
void release_array(Pages &pages, kho::PhysAddr area);
void release_blocks(Pages &pages, kho::PhysAddr first);

}  // namespace guest
