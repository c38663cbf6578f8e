// SPDX-License-Identifier: GPL-2.0-or-later
// Ways to die on purpose (crash=NAME), so that tests can see that no end but a pass looks like one.
#pragma once

#include <string_view>

namespace guest {

// False if there is no such way; else it does not come back.
bool crash(std::string_view name);

}  // namespace guest
