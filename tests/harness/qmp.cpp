// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp.h"

#include <stdexcept>

namespace harness {

Qmp::Qmp(Channel channel) : channel_(std::move(channel)) {
    if (!channel_.read_line(in_seconds(60)))
        throw std::runtime_error("no QMP greeting");
    command("qmp_capabilities");
}

nlohmann::json Qmp::command(const std::string &name, const nlohmann::json &arguments,
                            unsigned limit_seconds) {
    const Deadline deadline = in_seconds(limit_seconds);
    channel_.send(nlohmann::json{{"execute", name}, {"arguments", arguments}}.dump() + "\n");
    // Events come in between.
    while (const std::optional<std::string> line = channel_.read_line(deadline)) {
        const auto answer = nlohmann::json::parse(*line);
        if (answer.contains("return"))
            return answer["return"];
        if (answer.contains("error"))
            throw std::runtime_error(name + ": " + answer["error"]["desc"].get<std::string>());
    }
    throw std::runtime_error(name + ": QEMU closed the connection");
}

}  // namespace harness
