// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest.h"

#include <algorithm>
#include <stdexcept>

namespace harness {

Guest::Guest(Machine machine) : start_(std::chrono::steady_clock::now()) {
    Listener serial(folder_.file("serial")), qmp(folder_.file("qmp"));
    // Starts with -S, so that a guest that ends QEMU at once does not end it before QMP is ready.
    const bool stays_stopped = std::ranges::find(machine.more, "-S") != machine.more.end();
    if (!stays_stopped)
        machine.more.emplace_back("-S");
    machine.serial = "unix:" + folder_.file("serial");
    machine.more.insert(machine.more.end(), {"-qmp", "unix:" + folder_.file("qmp")});
    const std::vector<std::string> arguments = machine.arguments();
    const std::vector<const char *> argv = argv_of(arguments);

    const Ref<GSubprocessLauncher> launcher(g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE));
    g_subprocess_launcher_set_stderr_file_path(launcher.get(), folder_.file("log").c_str());
    GError *error = nullptr;
    process_.reset(g_subprocess_launcher_spawnv(launcher.get(), argv.data(), &error));
    if (!process_) {
        const std::string text = error->message;
        g_error_free(error);
        throw std::runtime_error("starting QEMU: " + text);
    }
    try {
        // In the order in which QEMU makes them: serial ports first, the monitor answers once the machine is
        // there.
        const Deadline deadline = in_seconds(20);
        serial_ = serial.accept(process_.get(), deadline);
        qmp_ = Qmp(qmp.accept(process_.get(), deadline));
        if (!stays_stopped)
            qmp_.command("cont");
    } catch (const std::runtime_error &e) {
        g_subprocess_force_exit(process_.get());
        throw std::runtime_error(std::string(e.what()) + ", log: " + log());
    }
}

Guest::~Guest() {
    g_subprocess_force_exit(process_.get());
    g_subprocess_wait(process_.get(), nullptr, nullptr);
}

std::string Guest::wait_for(const std::string &part, unsigned limit_seconds) {
    const Deadline deadline = in_seconds(limit_seconds);
    std::string why = "the guest ended";
    try {
        while (const std::optional<std::string> line = serial_.read_line(deadline)) {
            console_ += *line + "\n";
            if (line->find(part) != std::string::npos)
                return *line;
        }
    } catch (const std::runtime_error &e) {
        why = e.what();
    }
    throw std::runtime_error("waiting for \"" + part + "\": " + why + "\n--- console ---\n" + console_ +
                             "--- log ---\n" + log());
}

void Guest::dump(const std::string &file, const std::string &format) {
    qmp("stop");
    nlohmann::json arguments{{"paging", false}, {"protocol", "file:" + file}};
    if (format != "elf")
        arguments["format"] = format;
    qmp("dump-guest-memory", arguments);
}

std::string Guest::log() const { return TemporaryFolder::contents(folder_.file("log")); }

Outcome Guest::finish(unsigned limit_seconds) {
    Outcome outcome;
    const Deadline deadline = in_seconds(limit_seconds);
    try {
        while (const std::optional<std::string> line = serial_.read_line(deadline)) console_ += *line + "\n";
    } catch (const std::runtime_error &) {
        outcome.timed_out = true;
        g_subprocess_force_exit(process_.get());
    }
    g_subprocess_wait(process_.get(), nullptr, nullptr);
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    if (!outcome.timed_out && g_subprocess_get_if_exited(process_.get()))
        outcome.exit_status = g_subprocess_get_exit_status(process_.get());
    outcome.console = console_;
    outcome.log = log();
    return outcome;
}

}  // namespace harness
