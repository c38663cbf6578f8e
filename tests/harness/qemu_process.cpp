// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu_process.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "gobject.h"

namespace harness {
namespace {

std::string from_environment(const char *name) {
    const char *text = std::getenv(name);
    if (!text || !*text) {
        g_printerr("%s is not set: run this through meson test\n", name);
        std::exit(99);
    }
    return text;
}

std::string text_of(GBytes *bytes) {
    if (!bytes)
        return {};
    gsize size;
    const auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &size));
    std::string text(data ? data : "", size);
    g_bytes_unref(bytes);
    return text;
}

}  // namespace

std::string qemu() { return from_environment("KHO_QEMU"); }
std::string plugin() { return from_environment("KHO_PLUGIN"); }
std::string payload_elf() { return from_environment("KHO_PAYLOAD_ELF"); }
std::string payload_bzimage() { return from_environment("KHO_PAYLOAD_BZIMAGE"); }
std::string linux_agent() { return from_environment("KHO_LINUX_AGENT"); }
std::string halt_bzimage() { return from_environment("KHO_HALT_BZIMAGE"); }

std::vector<std::string> Machine::arguments() const {
    std::vector<std::string> result{qemu()};
    const auto add = [&](const char *option, const std::string &value) {
        if (!value.empty()) {
            result.emplace_back(option);
            result.push_back(value);
        }
    };
    add("-M", name);
    add("-bios", bios);
    add("-m", memory);
    add("-smp", std::to_string(cpus));
    result.emplace_back("-nodefaults");
    if (!reboot)
        result.emplace_back("-no-reboot");
    add("-display", "none");
    add("-serial", serial);
    if (with_device) {
        add("-plugin", plugin());
        add("-device", "kexec-handover,id=kho0" + (device_options.empty() ? "" : "," + device_options));
    }
    add("-kernel", kernel);
    add("-initrd", initrd);
    add("-append", append);
    result.insert(result.end(), more.begin(), more.end());
    return result;
}

std::string Outcome::disagreement() const {
    bool passed = false;
    std::istringstream lines(console);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("PASS "))
            passed = true;
        else if (line.starts_with("FAIL ") || line.find("Kernel panic") != std::string::npos)
            passed = false;
    }
    if (timed_out || passed == (exit_status == 0))
        return {};
    return std::string("the console ") + (passed ? "ends" : "does not end") + " with PASS, but: " + report();
}

std::string Outcome::report() const {
    std::ostringstream out;
    if (timed_out)
        out << "still running after " << seconds << " s\n";
    else
        out << "exit status " << exit_status << " after " << seconds << " s\n";
    out << "--- console ---\n" << console << "--- log ---\n" << log << "---\n";
    return out.str();
}

Outcome run_command(const std::vector<std::string> &arguments, unsigned limit_seconds) {
    const std::vector<const char *> argv = argv_of(arguments);

    Outcome outcome;
    GError *error = nullptr;
    const auto start = std::chrono::steady_clock::now();
    const Ref<GSubprocess> process(g_subprocess_newv(
        argv.data(),
        static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE),
        &error));
    if (!process) {
        outcome.log = error->message;
        g_error_free(error);
        return outcome;
    }

    struct Waiting {
        GSubprocess *process;
        Outcome *outcome;
        bool done = false;
    } waiting{process.get(), &outcome};
    const guint timer = g_timeout_add_seconds(
        limit_seconds,
        [](gpointer data) -> gboolean {
            auto *w = static_cast<Waiting *>(data);
            w->outcome->timed_out = true;
            g_subprocess_force_exit(w->process);
            return G_SOURCE_CONTINUE;
        },
        &waiting);
    g_subprocess_communicate_async(
        process.get(), nullptr, nullptr,
        [](GObject *source, GAsyncResult *result, gpointer data) {
            auto *w = static_cast<Waiting *>(data);
            GBytes *console = nullptr;
            GBytes *log = nullptr;
            g_subprocess_communicate_finish(G_SUBPROCESS(source), result, &console, &log, nullptr);
            w->outcome->console = text_of(console);
            w->outcome->log = text_of(log);
            w->done = true;
        },
        &waiting);
    while (!waiting.done) g_main_context_iteration(nullptr, TRUE);
    g_source_remove(timer);
    g_subprocess_wait(process.get(), nullptr, nullptr);
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!outcome.timed_out && g_subprocess_get_if_exited(process.get()))
        outcome.exit_status = g_subprocess_get_exit_status(process.get());
    return outcome;
}

Outcome run(const Machine &machine, unsigned limit_seconds) {
    Outcome outcome = run_command(machine.arguments(), limit_seconds);
    if (const std::string why = outcome.disagreement(); machine.with_device && !why.empty())
        throw std::runtime_error(why);
    return outcome;
}

std::vector<std::string> lines_with(const std::string &text, const std::string &part) {
    std::vector<std::string> result;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.find(part) != std::string::npos)
            result.push_back(line);
    }
    return result;
}

std::string microvm_seabios() {
    std::istringstream folders(run_command({qemu(), "-L", "help"}).console);
    for (std::string folder; std::getline(folders, folder);) {
        const std::string path = folder + "/bios-microvm.bin";
        std::ifstream file(path, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        if (bytes.find("SeaBIOS (version") != std::string::npos)
            return path;
    }
    return {};
}

Machine bare_machine(const std::string &name, std::string_view bios, const std::string &memory,
                     const std::string &kernel) {
    Machine machine;
    machine.name = name;
    machine.bios = bios == seabios_for_microvm ? microvm_seabios() : bios;
    machine.memory = memory;
    machine.kernel = kernel;
    machine.with_device = false;
    machine.more = {"-accel", "tcg"};
    return machine;
}

std::vector<std::string> firmware_says_in(const std::string &file) {
    return {"-chardev", "file,id=firmware,path=" + file, "-device",
            "isa-debugcon,iobase=0x402,chardev=firmware"};
}

bool kvm_works(std::string &why) {
    // A real guest is the only honest answer: /dev/kvm can be there and still not run one.
    Machine machine;
    machine.kernel = payload_elf();
    machine.append = "lives=2";
    machine.more = {"-accel", "kvm"};
    const Outcome outcome = run(machine, 5);
    if (outcome.exit_status == 0)
        return true;
    why = outcome.timed_out ? "a guest under KVM does not come to an end here" : outcome.log;
    return false;
}

}  // namespace harness
