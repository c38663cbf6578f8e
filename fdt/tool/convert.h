// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fdt/tool/command.h"

namespace kho::tool {

// Exit status 1: something was lost.
int convert(Command &command);

}  // namespace kho::tool
