// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel.h"

#include <gio/gunixsocketaddress.h>

#include <algorithm>
#include <stdexcept>

namespace harness {
namespace {

[[noreturn]] void fail(const std::string &what, GError *error) {
    const std::string text = what + ": " + (error ? error->message : "unknown");
    g_clear_error(&error);
    throw std::runtime_error(text);
}

// Whether there is something to read or accept; false: not before `deadline`.
bool wait(GSocket *socket, Deadline deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
    const gint64 microseconds = std::max<gint64>(0, left.count());
    return g_socket_condition_timed_wait(socket, G_IO_IN, microseconds, nullptr, nullptr);
}

}  // namespace

std::optional<std::string> Channel::read_line(Deadline deadline) {
    for (;;) {
        if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            while (line.ends_with('\r')) line.pop_back();
            return line;
        }
        if (!wait(socket_.get(), deadline))
            throw std::runtime_error("no line came in time");
        char bytes[16384];
        const gssize n = g_socket_receive(socket_.get(), bytes, sizeof bytes, nullptr, nullptr);
        if (n > 0) {
            buffer_.append(bytes, static_cast<std::size_t>(n));
            continue;
        }
        if (buffer_.empty())
            return {};
        buffer_ += '\n';
    }
}

void Channel::send(const std::string &text) {
    for (std::size_t done = 0; done < text.size();) {
        GError *error = nullptr;
        const gssize n =
            g_socket_send(socket_.get(), text.data() + done, text.size() - done, nullptr, &error);
        if (n < 0)
            fail("sending to QEMU", error);
        done += static_cast<std::size_t>(n);
    }
}

Listener::Listener(const std::string &path) {
    GError *error = nullptr;
    socket_.reset(
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error));
    const Ref<GSocketAddress> address(g_unix_socket_address_new(path.c_str()));
    if (!socket_ || !g_socket_bind(socket_.get(), address.get(), FALSE, &error) ||
        !g_socket_listen(socket_.get(), &error))
        fail("listening on " + path, error);
}

Channel Listener::accept(GSubprocess *process, Deadline deadline) {
    // In short steps, since a QEMU that dies at once never connects.
    while (!wait(socket_.get(),
                 std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(50)))) {
        if (!g_subprocess_get_identifier(process))
            throw std::runtime_error("QEMU has ended");
        if (std::chrono::steady_clock::now() >= deadline)
            throw std::runtime_error("QEMU did not connect in time");
    }
    GError *error = nullptr;
    Ref<GSocket> connection(g_socket_accept(socket_.get(), nullptr, &error));
    if (!connection)
        fail("accepting QEMU's connection", error);
    g_socket_set_timeout(connection.get(), 60);
    return Channel(std::move(connection));
}

}  // namespace harness
