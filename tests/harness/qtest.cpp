// SPDX-License-Identifier: GPL-2.0-or-later
#include "qtest.h"

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

std::string hex(std::uint64_t v) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%" PRIx64, v);
    return text;
}

}  // namespace

QTest::QTest(Machine machine) {
    machine.reboot = true;
    Listener qtest(folder_.file("qtest")), qmp(folder_.file("qmp"));
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
    try {
        const Deadline deadline = in_seconds(10);
        qtest_ = qtest.accept(process_.get(), deadline);
        qmp_ = Qmp(qmp.accept(process_.get(), deadline));
    } catch (const std::runtime_error &e) {
        g_subprocess_force_exit(process_.get());
        fail(std::string(e.what()) + ", log: " + log());
    }
}

QTest::~QTest() {
    if (process_)
        quit();
}

std::string QTest::command(const std::string &line) {
    qtest_.send(line + "\n");
    // Interrupt reports may come in between.
    while (const std::optional<std::string> answer = qtest_.read_line(in_seconds(limit_seconds))) {
        if (*answer == "OK")
            return {};
        if (answer->starts_with("OK "))
            return answer->substr(3);
        if (!answer->starts_with("IRQ "))
            fail(line.substr(0, 60) + ": " + *answer);
    }
    fail("QEMU closed the connection, log: " + log());
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
    return qmp_.command(name, arguments, limit_seconds);
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
