// SPDX-License-Identifier: GPL-2.0-or-later
// Unix sockets that QEMU connects to: its QMP, its qtest, a guest's console. Lines, and a time limit on
// everything: what does not come in time is thrown as std::runtime_error.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "gobject.h"

namespace harness {

using Deadline = std::chrono::steady_clock::time_point;
inline Deadline in_seconds(unsigned seconds) {
    return std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
}

class Channel {
public:
    Channel() = default;
    explicit Channel(Ref<GSocket> socket) : socket_(std::move(socket)) {}

    // Without its end, "\n" or "\r\n". Nothing once the other side has closed; what it left without an end is
    // a line too.
    std::optional<std::string> read_line(Deadline deadline);
    // Throws if the other side is gone.
    void send(const std::string &text);

private:
    Ref<GSocket> socket_;
    std::string buffer_;
};

class Listener {
public:
    explicit Listener(const std::string &path);
    // Throws if `process` ends instead of connecting.
    Channel accept(GSubprocess *process, Deadline deadline);

private:
    Ref<GSocket> socket_;
};

}  // namespace harness
