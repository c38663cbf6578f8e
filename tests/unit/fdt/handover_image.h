// SPDX-License-Identifier: GPL-2.0-or-later
// Puts a handover into test memory as a 6.19 kernel would leave it there.
#pragma once

#include "fdt/abi/luo.h"
#include "fdt/formats/releases.h"
#include "fdt/read/reader.h"
#include "fdt/write/internal/fdt.h"
#include "fdt/write/internal/map.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/luo_root.h"
#include "tests/unit/test_memory.h"

namespace kho {

//  scratch_array_at   kho_scratch[]
//  fdt_at             KHO FDT ──> LUO FDT, map_at
//  luo_fdt_at         LUO FDT ──> sessions_at
//  sessions_at        16 pages: header and sessions; then two pages for each session's files
//  map_at             chunks and bitmaps
namespace handover_image {
inline constexpr PhysAddr scratch_array_at{0x1000000};
inline constexpr PhysAddr fdt_at{0x1001000};
inline constexpr PhysAddr luo_fdt_at{0x1002000};
inline constexpr PhysAddr sessions_at{0x1003000};
inline constexpr PhysAddr other_at{0x1fff000};
inline constexpr PhysAddr map_at{0x40000000};

inline PhysAddr session_at(std::uint64_t index) {
    return sessions_at + sizeof(abi::luo_session_header_ser) + index * sizeof(abi::luo_session_ser);
}
inline PhysAddr files_at(std::uint64_t session) {
    return sessions_at + (abi::session_area_pages + session * abi::file_area_pages) * page_size;
}
}  // namespace handover_image

template <std::size_t N>
void copy_text(char (&to)[N], const std::string &text) {
    std::memcpy(to, text.data(), std::min(N, text.size()));
}

inline void put_sessions(TestMemory &memory, const std::vector<LuoSession> &sessions) {
    using namespace handover_image;
    memory.put_zeros({sessions_at, abi::session_area_pages * page_size});
    memory.put(sessions_at, abi::luo_session_header_ser{.count = sessions.size()});
    for (std::size_t i = 0; i < sessions.size(); i++) {
        const std::vector<LuoFile> &files = sessions[i].files;
        abi::luo_session_ser session{};
        copy_text(session.name, sessions[i].name);
        session.file_set = {.files = files.empty() ? 0 : value(files_at(i)), .count = files.size()};
        memory.put(session_at(i), session);
        for (std::size_t j = 0; j < files.size(); j++) {
            abi::luo_file_ser file{.compatible = {}, .data = files[j].data, .token = files[j].token};
            copy_text(file.compatible, files[j].compatible);
            memory.put(files_at(i) + j * sizeof file, file);
        }
    }
}

// A model whose metadata lies as drawn above, and has to be preserved where a kernel preserves it.
inline Handover make_handover(std::vector<PreservedBlocks> blocks, std::vector<Range> scratch,
                              std::vector<LuoSession> sessions) {
    using namespace handover_image;
    const std::uint64_t pages =
        abi::session_area_pages + sessions.size() * abi::file_area_pages + (sessions_at - fdt_at) / page_size;
    blocks.insert(blocks.begin(), {{fdt_at, 0, static_cast<std::uint32_t>(pages)}, {other_at, 0, 1}});
    return {.format = &kho_v1,
            .fdt = fdt_at,
            .memory_map = map_at,
            .scratch_array = {scratch_array_at, scratch.size() * sizeof(abi::kho_scratch)},
            .scratch = std::move(scratch),
            .preserved = std::move(blocks),
            .subtrees = {{.name = "other", .address = other_at, .size = page_size},
                         {.name = "LUO", .address = luo_fdt_at, .size = page_size}},
            .luo = Luo{.format = &luo_v1,
                       .root = luo_fdt_at,
                       .liveupdate_number = 7,
                       .session_header = sessions_at,
                       .sessions = std::move(sessions)}};
}

// Uses are noted by readers only.
inline Handover without_uses(Handover handover) {
    handover.uses.clear();
    return handover;
}

inline abi::kho_data put_handover(TestMemory &memory, const Handover &handover) {
    using namespace handover_image;
    for (std::size_t i = 0; i < handover.scratch.size(); i++)
        memory.put(scratch_array_at + i * sizeof(abi::kho_scratch),
                   abi::kho_scratch{value(handover.scratch[i].start), handover.scratch[i].size});
    std::vector<std::byte> map(map_pages(kho_v1, handover.preserved) * page_size);
    EXPECT_TRUE(succeeds(write_map(kho_v1, handover.preserved, map_at, map)));
    memory.put(map_at, std::span<const std::byte>(map));
    const auto fdt = write_kho_fdt(kho_v1, map_at, handover.subtrees);
    EXPECT_TRUE(succeeds(fdt));
    memory.put(fdt_at, std::span(fdt.value()));
    if (handover.luo) {
        const auto luo_fdt =
            write_luo_fdt(handover.luo->liveupdate_number, handover.luo->session_header, std::nullopt);
        EXPECT_TRUE(succeeds(luo_fdt));
        memory.put(luo_fdt_at, std::span(luo_fdt.value()));
        put_sessions(memory, handover.luo->sessions);
    }
    return {.fdt_addr = value(fdt_at),
            .fdt_size = page_size,
            .scratch_addr = value(scratch_array_at),
            .scratch_size = handover.scratch.size() * sizeof(abi::kho_scratch)};
}

// Two sessions, one of them empty, and a few megabytes of blocks.
inline Handover sample_handover() {
    return make_handover(
        {{PhysAddr{0x2001000}, 0, 3}, {PhysAddr{0x2200000}, 9, 2}},
        {{PhysAddr{0x100000}, 0x400000}, {PhysAddr{0}, 0}, {PhysAddr{0x8000000}, 0x1000000}},
        {{.name = "vm-1",
          .files = {{.compatible = "test-v1", .data = 0x2000000, .token = 1},
                    {.compatible = "test-v1", .data = 0x2001000, .token = 0xffffffffffffffff}}},
         {.name = "empty", .files = {}}});
}

}  // namespace kho
