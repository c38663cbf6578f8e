// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's machine protocol, one command after the other. (QEMU docs/interop/qmp-spec)
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "channel.h"

namespace harness {

class Qmp {
public:
    Qmp() = default;
    // Takes the greeting and gets ready for commands.
    explicit Qmp(Channel channel);

    // Its "return". Throws std::runtime_error with the description of an error, or if there is no answer in
    // time.
    nlohmann::json command(const std::string &name,
                           const nlohmann::json &arguments = nlohmann::json::object(),
                           unsigned limit_seconds = 60);

private:
    Channel channel_;
};

}  // namespace harness
