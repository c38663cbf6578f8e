// SPDX-License-Identifier: GPL-2.0-or-later
// The table of checks as objects. Its rows are in checks.def.
#include <algorithm>

#include "fdt/check/check.h"

namespace kho {
namespace {

enum class Row : std::size_t {
#define KHO_CHECK(id, ...) id,
#include "fdt/check/checks.def"
#undef KHO_CHECK
};

extern const CheckInfo table[number_of_checks];

// Prerequisites are named as checks are.
namespace rows {
#define KHO_CHECK(id, ...) constexpr const CheckInfo *id = &table[static_cast<std::size_t>(Row::id)];
#include "fdt/check/checks.def"
#undef KHO_CHECK
}  // namespace rows

constexpr Severity error = Severity::error, warning = Severity::warning;
constexpr bool kernel = true, ours = false;
constexpr Fate accepted = Fate::accepted, cold_boot = Fate::cold_boot, panics = Fate::panic, eio = Fate::eio;

using namespace rows;

constexpr const CheckInfo table[number_of_checks] = {
#define KHO_CHECK(id, name, severity, group, who, arrays, blocks, effect, sentence, after) \
    {name, severity, group, who, {arrays, blocks}, effect, sentence, after},
#define AFTER(...) \
    { __VA_ARGS__ }
#include "fdt/check/checks.def"
#undef AFTER
#undef KHO_CHECK
};

}  // namespace

#define KHO_CHECK(id, ...) constinit const Check Check::id{table[static_cast<std::size_t>(Row::id)]};
#include "fdt/check/checks.def"
#undef KHO_CHECK

std::span<const CheckInfo> checks() { return table; }

const CheckInfo *find_check(std::string_view name) {
    const auto *found = std::ranges::find(table, name, &CheckInfo::name);
    return found == std::end(table) ? nullptr : found;
}

}  // namespace kho
