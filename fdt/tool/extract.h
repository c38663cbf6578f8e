// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fdt/tool/command.h"

namespace kho::tool {

// Exit status 1: something was left out (--all), or had to be renamed (--dts).
int extract(Command &command);

}  // namespace kho::tool
