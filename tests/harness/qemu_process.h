// SPDX-License-Identifier: GPL-2.0-or-later
// Runs QEMU as a user would, with the plugin and a guest, and looks at what comes out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace harness {

// Files that were built, and the QEMU to run; from the environment that Meson sets for tests.
std::string qemu();             // KHO_QEMU
std::string plugin();           // KHO_PLUGIN
std::string payload_elf();      // KHO_PAYLOAD_ELF
std::string payload_bzimage();  // KHO_PAYLOAD_BZIMAGE
std::string linux_agent();      // KHO_LINUX_AGENT: an initramfs
std::string halt_bzimage();     // KHO_HALT_BZIMAGE

// A machine to start. Empty strings leave QEMU's default.
struct Machine {
    std::string name = "microvm";           // -M
    std::string bios = "bios-microvm.bin";  // -bios: on Debian a link to qboot.rom
    std::string memory = "256M";
    unsigned cpus = 1;
    std::string kernel;  // -kernel; empty: none
    std::string initrd;
    std::string append;
    std::string serial = "stdio";
    std::string device_options;  // of the kexec-handover device, "record=F,poison=off"
    bool with_device = true;
    bool reboot = false;            // else a reset ends QEMU
    std::vector<std::string> more;  // further arguments

    // The whole command line. Without display and network.
    std::vector<std::string> arguments() const;
};

struct Outcome {
    int exit_status = -1;  // -1: ended by a signal or by the time limit
    bool timed_out = false;
    std::string console;  // stdout: the guest's serial port
    std::string log;      // stderr: QEMU's and the device's messages
    double seconds = 0;

    // With the device, status 0 and a console that ends with PASS go together, whichever guest gives the verdict.
    // What does not fit, or nothing.
    std::string disagreement() const;

    // Everything a person needs to see why a leg failed.
    std::string report() const;
};

Outcome run_command(const std::vector<std::string> &arguments, unsigned limit_seconds = 60);
// Throws if the machine has the device and exit status and console disagree.
Outcome run(const Machine &machine, unsigned limit_seconds = 60);

// SeaBIOS as it is built for microvm, out of the folders where QEMU looks for firmware, whatever else is
// called bios-microvm.bin there. Empty: there is none.
std::string microvm_seabios();
// The name by which bare_machine() takes it: QEMU has qboot for microvm, SeaBIOS for all others.
inline constexpr std::string_view seabios_for_microvm = "SeaBIOS";
// A machine without the device and any option but these. `bios` empty: QEMU's default.
Machine bare_machine(const std::string &name, std::string_view bios, const std::string &memory,
                     const std::string &kernel);
// Arguments that make SeaBIOS say in a file what it does; qboot says nothing.
std::vector<std::string> firmware_says_in(const std::string &file);

// Lines of `text` that contain `part`.
std::vector<std::string> lines_with(const std::string &text, const std::string &part);

// Whether KVM starts a guest here at all; why not, if not.
bool kvm_works(std::string &why);

}  // namespace harness
