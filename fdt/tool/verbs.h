// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs, each in verb_NAME.cpp. They return an Exit.
#pragma once

#include "fdt/tool/command.h"

namespace kho::tool {

int bake(Command &command);
int check(Command &command);
int convert(Command &command);
int diff(Command &command);
int extract(Command &command);
int find(Command &command);  // exit_findings: nothing was found
int formats(Command &command);
int make(Command &command);
int map(Command &command);
int show(Command &command);

}  // namespace kho::tool
