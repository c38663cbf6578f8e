// SPDX-License-Identifier: GPL-2.0-or-later
// What the device needs of QEMU, in our own terms. The files plugin/qemu_* implement it and are the only ones
// that know a QEMU symbol or structure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plugin/machine.h"

namespace qemu {

// A device without a bus: one page of registers and one ROM, both at fixed addresses. Callbacks run with
// QEMU's big lock held.
class DeviceModel {
public:
    virtual ~DeviceModel() = default;

    // Called once, before the machine runs. `rom` is the ROM's content, writable by the device for as long as
    // QEMU runs. Returns what is wrong, empty if nothing.
    virtual std::string realize(std::span<std::byte> rom) = 0;
    virtual void reset() = 0;
    // `size` is 4 or 8, `offset` a multiple of it.
    virtual std::uint64_t read(std::uint64_t offset, unsigned size) = 0;
    virtual void write(std::uint64_t offset, std::uint64_t value, unsigned size) = 0;
};

// A QOM property. With get_number it is a 64-bit number and read-only, else a string, read-only without
// `set`.
struct Property {
    const char *name;
    const char *description;
    std::string (*get)(const DeviceModel &) = nullptr;
    std::uint64_t (*get_number)(const DeviceModel &) = nullptr;
    // Returns what is wrong with the value, empty if nothing. Refused by the binding once realized.
    std::string (*set)(DeviceModel &, std::string_view) = nullptr;
};

struct DeviceType {
    const char *name;
    std::span<const Property> properties;
    std::unique_ptr<DeviceModel> (*create)();
    std::uint64_t registers_base, registers_size;
    std::uint64_t rom_base, rom_size;
};

// The one type of this plugin; defined by plugin/device.cpp.
extern const DeviceType device_type;

// Guest memory of the running machine. Valid while QEMU runs.
kexec_handover::Machine &guest_memory();

// A string property of the machine object, such as "kernel"; empty if unset.
std::string machine_property(const char *name);

// One line in QEMU's log, with the usual prefix.
void warn(const std::string &line);

// Ends QEMU in an orderly way with this exit status (0 to 255).
void end(unsigned exit_status);

// Called when QEMU's process ends, however it came to that: a status to exit with instead of QEMU's own, or
// -1.
void set_exit_status_filter(int (*filter)());

}  // namespace qemu
