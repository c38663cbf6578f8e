// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fdt/tool/command.h"

namespace kho::tool {

// Exit status 1: the handover has errors.
int bake(Command &command);

}  // namespace kho::tool
