// SPDX-License-Identifier: GPL-2.0-or-later
// The loader that is a part of each baked file (guest/bake), as it was built with this command.
#pragma once

#include <cstddef>
#include <span>

namespace kho::tool {

// Empty if the command was built on a machine that cannot build it.
std::span<const std::byte> bake_program();

}  // namespace kho::tool
