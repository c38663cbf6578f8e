// SPDX-License-Identifier: GPL-2.0-or-later
// The serial line, as the payload's own unit tests see it.
#pragma once

#include <string>

namespace guest {

extern std::string console;

}  // namespace guest
