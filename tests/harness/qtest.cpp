// SPDX-License-Identifier: GPL-2.0-or-later
#include "qtest.h"

#include <gio/gunixsocketaddress.h>

#include <cinttypes>
#include <fstream>
#include <stdexcept>

namespace harness {
namespace {

constexpr unsigned limit_seconds = 60;

[[noreturn]] void fail(const std::string &what) { throw std::runtime_error(what); }

[[noreturn]] void fail(const std::string &what, GError *error) {
    const std::string text = what + ": " + (error ? error->message : "unknown");
    g_clear_error(&error);
    fail(text);
}

Ref<GSocketListener> listen_on(const std::string &path) {
    Ref<GSocketListener> listener(g_socket_listener_new());
    const Ref<GSocketAddress> address(g_unix_socket_address_new(path.c_str()));
    GError *error = nullptr;
    if (!g_socket_listener_add_address(listener.get(), address.get(), G_SOCKET_TYPE_STREAM,
                                       G_SOCKET_PROTOCOL_DEFAULT, nullptr, nullptr, &error))
        fail("listening on " + path, error);
    return listener;
}

std::string hex(std::uint64_t v) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%" PRIx64, v);
    return text;
}

}  // namespace

QTest::QTest(Machine machine) {
    machine.reboot = true;
    Ref<GSocketListener> qtest = listen_on(folder_.file("qtest"));
    Ref<GSocketListener> qmp = listen_on(folder_.file("qmp"));
    for (const std::string &argument :
         {std::string("-S"), std::string("-accel"), std::string("tcg"), std::string("-qtest"),
          "unix:" + folder_.file("qtest"), std::string("-qtest-log"), std::string("/dev/null"),
          std::string("-qmp"), "unix:" + folder_.file("qmp")})
        machine.more.push_back(argument);
    const std::vector<std::string> arguments = machine.arguments();
    const std::vector<const char *> argv = argv_of(arguments);

    const Ref<GSubprocessLauncher> launcher(g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE));
    g_subprocess_launcher_set_stderr_file_path(launcher.get(), (folder_.file("log")).c_str());
    GError *error = nullptr;
    process_.reset(g_subprocess_launcher_spawnv(launcher.get(), argv.data(), &error));
    if (!process_)
        fail("starting QEMU", error);
    qtest_ = accept(std::move(qtest));
    qmp_ = accept(std::move(qmp));
    read_line(qmp_);  // the greeting
    this->qmp("qmp_capabilities");
}

QTest::~QTest() {
    if (process_)
        quit();
}

QTest::Channel QTest::accept(Ref<GSocketListener> listener) {
    // QEMU that dies at once never connects; its log says why.
    const Ref<GCancellable> cancel(g_cancellable_new());
    const guint timer = g_timeout_add_seconds(
        10, [](gpointer c) -> gboolean { return g_cancellable_cancel(G_CANCELLABLE(c)), G_SOURCE_REMOVE; },
        cancel.get());
    struct Waiting {
        GSocketConnection *connection = nullptr;
        bool done = false;
    } waiting;
    g_socket_listener_accept_async(
        listener.get(), cancel.get(),
        [](GObject *source, GAsyncResult *result, gpointer data) {
            auto *w = static_cast<Waiting *>(data);
            w->connection =
                g_socket_listener_accept_finish(G_SOCKET_LISTENER(source), result, nullptr, nullptr);
            w->done = true;
        },
        &waiting);
    while (!waiting.done) g_main_context_iteration(nullptr, TRUE);
    if (!g_cancellable_is_cancelled(cancel.get()))
        g_source_remove(timer);
    if (!waiting.connection)
        fail("QEMU did not come up: " + log());
    g_socket_set_timeout(g_socket_connection_get_socket(waiting.connection), limit_seconds);
    Channel channel;
    channel.connection.reset(waiting.connection);
    channel.in.reset(g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(waiting.connection))));
    return channel;
}

std::string QTest::read_line(Channel &channel) {
    GError *error = nullptr;
    char *line = g_data_input_stream_read_line(channel.in.get(), nullptr, nullptr, &error);
    if (!line)
        fail("QEMU closed the connection, log: " + log(), error);
    std::string text = line;
    g_free(line);
    return text;
}

void QTest::send(Channel &channel, const std::string &text) {
    GError *error = nullptr;
    if (!g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(channel.connection.get())),
                                   text.data(), text.size(), nullptr, nullptr, &error))
        fail("sending to QEMU", error);
}

std::string QTest::command(const std::string &line) {
    send(qtest_, line + "\n");
    // Interrupt reports may come in between.
    for (;;) {
        const std::string answer = read_line(qtest_);
        if (answer == "OK")
            return {};
        if (answer.starts_with("OK "))
            return answer.substr(3);
        if (!answer.starts_with("IRQ "))
            fail(line.substr(0, 60) + ": " + answer);
    }
}

void QTest::write(std::uint64_t address, std::span<const std::byte> bytes) {
    constexpr std::size_t piece = 64 << 10;
    constexpr char digits[] = "0123456789abcdef";
    for (std::size_t done = 0; done < bytes.size(); done += piece) {
        const auto part = bytes.subspan(done, std::min(piece, bytes.size() - done));
        std::string line = "write " + hex(address + done) + " " + hex(part.size()) + " 0x";
        for (const std::byte b : part) {
            line += digits[static_cast<unsigned>(b) >> 4];
            line += digits[static_cast<unsigned>(b) & 15];
        }
        command(line);
    }
}

std::vector<std::byte> QTest::read(std::uint64_t address, std::uint64_t size) {
    const std::string answer = command("read " + hex(address) + " " + hex(size));
    std::vector<std::byte> bytes;
    bytes.reserve(size);
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 2; i + 1 < answer.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(digit(answer[i]) << 4 | digit(answer[i + 1])));
    return bytes;
}

void QTest::fill(std::uint64_t address, std::uint64_t size, std::uint8_t value) {
    command("memset " + hex(address) + " " + hex(size) + " " + hex(value));
}

namespace {
std::string at(kexec_handover::Register which) {
    return hex(kexec_handover::mmio_base + static_cast<std::uint32_t>(which));
}
}  // namespace

std::uint64_t QTest::read64(kexec_handover::Register which) {
    return std::stoull(command("readq " + at(which)), nullptr, 16);
}
std::uint32_t QTest::read32(kexec_handover::Register which) {
    return static_cast<std::uint32_t>(std::stoull(command("readl " + at(which)), nullptr, 16));
}
void QTest::write64(kexec_handover::Register which, std::uint64_t v) {
    command("writeq " + at(which) + " " + hex(v));
}
void QTest::write32(kexec_handover::Register which, std::uint32_t v) {
    command("writel " + at(which) + " " + hex(v));
}

kexec_handover::Status QTest::ring(kexec_handover::Command command) {
    write32(kexec_handover::Register::command, static_cast<std::uint32_t>(command));
    return kexec_handover::Status{read32(kexec_handover::Register::status)};
}

nlohmann::json QTest::qmp(const std::string &name, const nlohmann::json &arguments) {
    send(qmp_, nlohmann::json{{"execute", name}, {"arguments", arguments}}.dump() + "\n");
    for (;;) {
        const auto answer = nlohmann::json::parse(read_line(qmp_));
        if (answer.contains("return"))
            return answer["return"];
        if (answer.contains("error"))
            fail(name + ": " + answer["error"]["desc"].get<std::string>());
    }
}

nlohmann::json QTest::property(const std::string &name) {
    return qmp("qom-get", {{"path", "/machine/peripheral/kho0"}, {"property", name}});
}

int QTest::pid() const { return std::stoi(g_subprocess_get_identifier(process_.get())); }

int QTest::quit(std::string *log) {
    try {
        qmp("quit");
    } catch (const std::exception &) {
        // It may be gone already; its exit status tells.
    }
    g_subprocess_wait(process_.get(), nullptr, nullptr);
    const int status =
        g_subprocess_get_if_exited(process_.get()) ? g_subprocess_get_exit_status(process_.get()) : -1;
    process_.reset();
    if (log)
        *log = this->log();
    return status;
}

std::string QTest::log() const {
    std::ifstream file(folder_.file("log"));
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace harness
