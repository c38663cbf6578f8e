// SPDX-License-Identifier: GPL-2.0-or-later
// A JSON text that was written by hand, as a tree.
#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "fdt/tool/json_value.h"

namespace kho::tool {

// Nothing, and the fault, if it is not JSON (with line and column), has a number that no double holds (with
// the number), or names a member twice in one object, of which others would take the last (with its name).
std::optional<nlohmann::json> parse_json(std::string_view text, JsonFault &fault);

}  // namespace kho::tool
