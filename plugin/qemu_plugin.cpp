// SPDX-License-Identifier: GPL-2.0-or-later
// How QEMU loads this file: as a TCG plugin (-plugin), or preloaded (LD_PRELOAD) where QEMU was built without
// plugins. (QEMU include/qemu/qemu-plugin.h)
#include <dlfcn.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "plugin/qemu.h"
#include "plugin/qemu_abi.h"
#include "plugin/qemu_device.h"

#define QEMU_EXPORT extern "C" [[gnu::visibility("default")]]

// The plugin interface version that QEMU compares with its own range. We use none of that interface, so any
// version is true of us; set before QEMU looks.
QEMU_EXPORT int qemu_plugin_version;
int qemu_plugin_version = 1;

struct qemu_info_t {
    const char *target_name;
};
QEMU_EXPORT int qemu_plugin_install(std::uint64_t id, const qemu_info_t *info, int argc, char **argv);

namespace qemu {

namespace {

using abi::symbols;

// Why this QEMU cannot be used; empty if it can.
std::string unusable(const char *target) {
    if (const char *missing = abi::resolve_symbols())
        return std::string("this QEMU does not export '") + missing +
               "'; one whose binary exports its symbols is needed (built with --enable-modules, as "
               "distributions "
               "do)";
    if (!target && symbols.target_name)
        target = symbols.target_name();
    if (target && std::strcmp(target, "x86_64") != 0)
        return std::string("this QEMU emulates ") + target + ", only x86_64 is supported";
    return {};
}

void print_help() {
    std::printf("%s device properties (-device %s,PROPERTY=VALUE,...):\n", device_type.name,
                device_type.name);
    for (const Property &property : device_type.properties)
        std::printf("  %-16s %s\n", property.name,
                    (std::string(property.description) + (property.set ? "" : " (read only)")).c_str());
    std::printf("All can be read with qom-get while QEMU runs.\n");
}

struct Version {
    std::int64_t major, minor;
};

// Not from the symbol table: the constructor runs before it is known whether this is QEMU at all.
Version qemu_version() {
    if (!symbols.qmp_query_version)
        return {0, 0};
    const abi::VersionInfo *info = symbols.qmp_query_version(nullptr);
    return {info->qemu->major, info->qemu->minor};
}

void complain(const std::string &why) { std::fprintf(stderr, "kexec-handover: %s\n", why.c_str()); }

void preloaded() {
    if (const std::string why = unusable(nullptr); !why.empty())
        complain(why);
    else
        register_device_type();
}

// Preloaded into a QEMU, as opposed to one of its helpers or to being loaded as a plugin.
bool is_preloaded_qemu() {
    const char *preload = std::getenv("LD_PRELOAD");
    return preload && std::strstr(preload, "kexec-handover") &&
           std::strncmp(program_invocation_short_name, "qemu-system-", 12) == 0;
}

[[gnu::constructor]] void at_load() {
    abi::resolve_symbols();
    const Version version = qemu_version();
    if (version.major == 0) {
        // A QEMU without exported symbols, or no QEMU. Be acceptable if we can, so that the reason is printed by
        // qemu_plugin_install: scoreboards came with interface version 2 and QEMU 9.0.
        if (dlsym(RTLD_DEFAULT, "qemu_plugin_scoreboard_new"))
            qemu_plugin_version = 2;
        if (is_preloaded_qemu())
            complain(unusable(nullptr));
        return;
    }
    const bool from_11_1 = version.major > 11 || (version.major == 11 && version.minor >= 1);
    qemu_plugin_version = from_11_1 ? 7 : version.major >= 9 ? 2 : 1;
    // Does nothing when loaded by -plugin: QEMU has run that list by then.
    constexpr int kind_qom = 3, kind_qom_from_11_1 = 4;
    if (symbols.register_module_init)
        symbols.register_module_init(preloaded, from_11_1 ? kind_qom_from_11_1 : kind_qom);
}

}  // namespace
}  // namespace qemu

int qemu_plugin_install(std::uint64_t, const qemu_info_t *info, int argc, char **argv) {
    for (int i = 0; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "help=on" || argument == "help=true" || argument == "help") {
            qemu::print_help();
            std::exit(0);
        }
        std::fprintf(stderr, "kexec-handover: unknown plugin argument '%s' (known: help=on)\n", argv[i]);
        return -1;
    }
    if (const std::string why = qemu::unusable(info->target_name); !why.empty()) {
        qemu::complain(why);
        return -1;
    }
    qemu::register_device_type();
    return 0;
}
