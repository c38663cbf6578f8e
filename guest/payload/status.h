// SPDX-License-Identifier: GPL-2.0-or-later
// The device's status codes by name, as plugin/registers.h spells them.
#pragma once

#include <optional>
#include <string_view>

#include "plugin/registers.h"

namespace guest {

std::string_view name(kexec_handover::Status status);
std::optional<kexec_handover::Status> status_named(std::string_view name);

}  // namespace guest
