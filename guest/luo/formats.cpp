// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/formats.h"

#include "fdt/abi/kho.h"
#include "fdt/abi/luo_v5.h"
#include "guest/luo/areas.h"
#include "guest/luo/luo_root.h"

namespace guest {

using namespace kho::abi;

constinit const LuoFormat luo_v1{
    .compatible = luo_v1_compatible,
    .read_root = [](Pages &pages, kho::PhysAddr at, std::uint64_t, LuoRoot &root,
                    Place &place) { return read_luo_fdt(pages, at, root, place); },
    .read_sessions = read_session_array,
    .read_files = read_file_array,
    .release = release_array,
    .least_set_pages = file_area_pages,
};

constinit const LuoFormat luo_v5{
    .compatible = luo_v5_compatible,
    .read_root = read_luo_ser,
    .read_sessions = read_session_blocks,
    .read_files = read_file_blocks,
    .release = release_blocks,
    .least_set_pages = 1,
};

namespace {

// As in the kernels, the version of the KHO FDT says which it must be.
struct Pair {
    std::string_view kho;
    const LuoFormat *luo;
};
constexpr Pair pairs[] = {
    {kho_v1_compatible, &luo_v1},
    {kho_v3_compatible, &luo_v1},
    {kho_v4_compatible, &luo_v5},
};

}  // namespace

const LuoFormat *luo_format_under(std::string_view kho_compatible) {
    for (const Pair &pair : pairs)
        if (pair.kho == kho_compatible)
            return pair.luo;
    return nullptr;
}

}  // namespace guest
