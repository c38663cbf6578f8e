// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of fdt/README.md say what the code says.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/luo_v5.h"
#include "fdt/abi/memfd.h"
#include "fdt/abi/radix.h"
#include "fdt/formats/catalogue.h"
#include "fdt/formats/releases.h"

namespace kho::abi {
namespace {

std::string readme() {
    std::ostringstream text;
    text << std::ifstream(KHO_FDT_README).rdbuf();
    return text.str();
}

template <typename... Rest>
std::string fields(const char *name, std::size_t offset, Rest... rest) {
    const std::string one = std::string(name) + " @" + std::to_string(offset);
    if constexpr (sizeof...(rest) == 0)
        return one;
    else
        return one + ", " + fields(rest...);
}

#define AT(type, field) #field, offsetof(type, field)
#define ROW(type, ...) "| " #type " | " + std::to_string(sizeof(type)) + " | " + fields(__VA_ARGS__) + " |"

TEST(Readme, HasTheSizesAndOffsetsOfAllStructures) {
    const std::string rows[] = {
        ROW(kho_data, AT(kho_data, fdt_addr), AT(kho_data, fdt_size), AT(kho_data, scratch_addr),
            AT(kho_data, scratch_size)),
        ROW(kho_scratch, AT(kho_scratch, addr), AT(kho_scratch, size)),
        ROW(mem_chunk, AT(mem_chunk, next), AT(mem_chunk, order), AT(mem_chunk, num_elms),
            AT(mem_chunk, bitmaps)),
        ROW(mem_bitmap_ref, AT(mem_bitmap_ref, phys_start), AT(mem_bitmap_ref, bitmap)),
        ROW(radix_node, AT(radix_node, table)),
        ROW(radix_leaf, AT(radix_leaf, bitmap)),
        ROW(kho_vmalloc, AT(kho_vmalloc, first), AT(kho_vmalloc, total_pages), AT(kho_vmalloc, flags),
            AT(kho_vmalloc, order)),
        ROW(vmalloc_chunk, AT(vmalloc_chunk, next), AT(vmalloc_chunk, pages)),
        ROW(luo_session_header_ser, AT(luo_session_header_ser, count)),
        ROW(luo_session_ser, AT(luo_session_ser, name), AT(luo_session_ser, file_set)),
        ROW(luo_file_set_ser, AT(luo_file_set_ser, files), AT(luo_file_set_ser, count)),
        ROW(luo_file_ser, AT(luo_file_ser, compatible), AT(luo_file_ser, data), AT(luo_file_ser, token)),
        ROW(luo_flb_header_ser, AT(luo_flb_header_ser, pgcnt), AT(luo_flb_header_ser, count)),
        ROW(luo_flb_ser, AT(luo_flb_ser, name), AT(luo_flb_ser, data), AT(luo_flb_ser, count)),
        ROW(luo_ser, AT(luo_ser, compatible), AT(luo_ser, liveupdate_num), AT(luo_ser, sessions_pa),
            AT(luo_ser, flbs_pa)),
        ROW(kho_block_header_ser, AT(kho_block_header_ser, next), AT(kho_block_header_ser, count)),
        ROW(memfd_luo_ser, AT(memfd_luo_ser, pos), AT(memfd_luo_ser, size), AT(memfd_luo_ser, nr_folios),
            AT(memfd_luo_ser, folios)),
        ROW(memfd_luo_ser_v2, AT(memfd_luo_ser_v2, pos), AT(memfd_luo_ser_v2, size),
            AT(memfd_luo_ser_v2, seals), AT(memfd_luo_ser_v2, flags), AT(memfd_luo_ser_v2, nr_folios),
            AT(memfd_luo_ser_v2, folios)),
        ROW(memfd_luo_folio_ser, AT(memfd_luo_folio_ser, pfn_flags), AT(memfd_luo_folio_ser, index)),
        ROW(kho_kexec_metadata, AT(kho_kexec_metadata, version), AT(kho_kexec_metadata, previous_release),
            AT(kho_kexec_metadata, kexec_count)),
    };
    const std::string text = readme();
    for (const std::string &row : rows) EXPECT_NE(text.find(row), text.npos) << row;
}

std::vector<std::string> cells(const std::string &row) {
    std::vector<std::string> result;
    std::istringstream text(row.substr(1));
    for (std::string cell; std::getline(text, cell, '|');)
        result.push_back(cell.size() < 2 ? "" : cell.substr(1, cell.size() - 2));
    return result;
}

// The cell of the first table with releases as columns.
std::string cell_of(const std::string &text, const std::string &row, const std::string &release) {
    const auto line_at = [&](std::size_t at) { return text.substr(at, text.find('\n', at) - at); };
    const std::vector<std::string> head = cells(line_at(text.find("\n| | " + releases()[0].name) + 1));
    const std::vector<std::string> body = cells(line_at(text.find("\n| " + row + " |") + 1));
    for (std::size_t i = 1; i < std::min(head.size(), body.size()); i++)
        if ((", " + head[i] + ",").find(", " + release + ",") != std::string::npos)
            return body[i];
    return "no column for " + release;
}

TEST(Readme, HasTheFormatsOfEveryRelease) {
    const std::string text = readme();
    for (const Release &release : releases()) {
        const CatalogueEntry entry = catalogue_entry(release);
        EXPECT_EQ(cell_of(text, "KHO FDT", release.name), release.kho->compatible);
        EXPECT_EQ(cell_of(text, "map of preserved memory", release.name), entry.map);
        EXPECT_EQ(cell_of(text, "sessions and files", release.name), entry.entries);
        EXPECT_EQ(cell_of(text, "memfd", release.name), entry.handlers[0]);
        EXPECT_NE(cell_of(text, "LUO root", release.name).find(release.luo->compatible), std::string::npos);
        EXPECT_EQ(cell_of(text, "FLBs", release.name) == "none", !release.flbs);
    }
    EXPECT_EQ(cell_of(text, "KHO FDT", "9.9"), "no column for 9.9");
}

TEST(Readme, HasTheLimits) {
    const std::pair<const char *, std::uint64_t> limits[] = {
        {"bitmaps in a chunk", bitmap_refs_per_chunk},
        {"pages in a vmalloc chunk", vmalloc_pages_per_chunk},
        {"sessions in the array", max_sessions},
        {"files in an array", max_files_per_set},
        {"FLBs in the array", max_flbs},
        {"sessions in a block", sessions_per_block},
        {"files in a block", files_per_block},
        {"blocks in a chain", max_blocks},
        {"bits of a radix key", radix_key_bits},
    };
    const std::string text = readme();
    for (const auto &[name, limit] : limits) {
        const std::string row = std::string("| ") + name + " | " + std::to_string(limit) + " |";
        EXPECT_NE(text.find(row), text.npos) << row;
    }
}

}  // namespace
}  // namespace kho::abi
