// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/blob_kind.h"

#include <algorithm>
#include <iterator>

namespace kho {
namespace {

struct Row {
    BlobKind kind;
    const char *name;
    std::string_view
        prefix;  // of an FDT's compatible, up to its version; empty: this kind is not recognized by it
};
constexpr Row rows[] = {
    {BlobKind::kho_fdt, "KHO FDT", "kho-v"},       {BlobKind::luo_fdt, "LUO FDT", "luo-v"},
    {BlobKind::luo_ser, "LUO root", ""},           {BlobKind::memblock_fdt, "memblock FDT", "memblock-v"},
    {BlobKind::kho_test_fdt, "FDT", "kho-test-v"}, {BlobKind::other_fdt, "FDT", ""},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < std::size(rows); i++)
        if (rows[i].kind != BlobKind{static_cast<std::uint8_t>(i)})
            return false;
    return std::size(rows) == static_cast<std::size_t>(BlobKind::other_fdt) + 1;
}
static_assert(in_order(), "a row for each kind, in the enumeration's order");

}  // namespace

const char *name(BlobKind kind) { return rows[static_cast<std::size_t>(kind)].name; }

BlobKind fdt_kind(std::string_view compatible) {
    const Row *row = std::ranges::find_if(
        rows, [compatible](const Row &r) { return !r.prefix.empty() && compatible.starts_with(r.prefix); });
    return row == std::end(rows) ? BlobKind::other_fdt : row->kind;
}

}  // namespace kho
