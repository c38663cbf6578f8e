// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fdt/tool/command.h"

namespace kho::tool {

// Exit status 1: a check fires, or a kernel of --for would not take the handover.
int check(Command &command);

}  // namespace kho::tool
