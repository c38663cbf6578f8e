// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fdt/tool/command.h"

namespace kho::tool {

// Exit status 1: they differ; 2 also where equality cannot be decided, since one of the two cannot be read as a whole.
int diff(Command &command);

}  // namespace kho::tool
