// SPDX-License-Identifier: GPL-2.0-or-later
// The JSON that `kho make` reads, as make.schema.json describes it.
#pragma once

#include <string>
#include <string_view>

#include "fdt/make/description.h"

namespace kho::tool {

// `folder` is where relative paths of host files begin; "" is the current one. Errors: input_format, with the
// place in the document and what was expected there.
Result<Description> read_description(std::string_view json, const std::string &folder);

}  // namespace kho::tool
