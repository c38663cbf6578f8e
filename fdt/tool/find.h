// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fdt/tool/command.h"

namespace kho::tool {

// Exit status 1: nothing was found.
int find(Command &command);

}  // namespace kho::tool
