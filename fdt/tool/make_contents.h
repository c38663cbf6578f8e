// SPDX-License-Identifier: GPL-2.0-or-later
// The pieces that a content is described by, in JSON.
#pragma once

#include <string>

#include "fdt/make/content.h"
#include "fdt/tool/json_value.h"

namespace kho::tool {

// An array of pieces, each behind the one before it unless it says where. Host files are opened, and relative
// paths begin at `folder`. Empty after a fault.
Content read_contents(const JsonValue &value, const std::string &folder);

}  // namespace kho::tool
