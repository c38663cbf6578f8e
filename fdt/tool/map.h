// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fdt/tool/command.h"

namespace kho::tool {

// Exit status 1: drawn, but something is wrong with the handover.
int map(Command &command);

}  // namespace kho::tool
