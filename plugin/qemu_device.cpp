// SPDX-License-Identifier: GPL-2.0-or-later
// The QOM type: binds a qemu::DeviceModel to QEMU's object model, memory map, reset and exit.
#include "plugin/qemu_device.h"

#include <glib.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "plugin/qemu.h"
#include "plugin/qemu_abi.h"

namespace qemu {
namespace {

using namespace abi;

// QEMU's own structures at the start and in between have different sizes from version to version; each gets
// several times what the largest one needs. The object is allocated by QEMU, zeroed.
struct Instance {
    alignas(16) std::byte device_state[4096];
    alignas(16) std::byte registers[4096];
    alignas(16) std::byte rom[4096];
    DeviceModel *model;
    bool realized;

    MemoryRegion *registers_region() { return reinterpret_cast<MemoryRegion *>(registers); }
    MemoryRegion *rom_region() { return reinterpret_cast<MemoryRegion *>(rom); }
};

Instance &instance_of(void *object) { return *static_cast<Instance *>(object); }

template <typename... Arguments>
void set_error(Error **error, const char *format, Arguments... arguments) {
    symbols.error_setg_internal(error, __FILE__, __LINE__, __func__, format, arguments...);
}

Error *make_error(const char *text) {
    Error *error = nullptr;
    set_error(&error, "%s", text);
    return error;
}

std::uint64_t read_registers(void *opaque, hwaddr offset, unsigned size) {
    return instance_of(opaque).model->read(offset, size);
}

void write_registers(void *opaque, hwaddr offset, std::uint64_t value, unsigned size) {
    instance_of(opaque).model->write(offset, value, size);
}

constexpr MemoryRegionOps register_ops{
    .read = read_registers,
    .write = write_registers,
    .read_with_attrs = nullptr,
    .write_with_attrs = nullptr,
    .endianness = device_little_endian,
    .valid = {4, 8, false, nullptr},
    .impl = {4, 8, false},
};

// Neither the registers nor a kexec under way are part of a migration stream. False with --only-migratable.
bool block_migration(Error **error) {
    static Error *reason = make_error("the kexec-handover device cannot be migrated or saved");
    if (symbols.migrate_add_blocker_normal)
        return symbols.migrate_add_blocker(&reason, error) == 0;
    return !symbols.migrate_add_blocker || symbols.migrate_add_blocker(reason, error) == 0;
}

void reset(void *opaque) { instance_of(opaque).model->reset(); }

void realize(DeviceState *device, Error **error) {
    static bool exists = false;
    if (exists) {
        set_error(error, "there can only be one %s", device_type.name);
        return;
    }
    if (!block_migration(error))
        return;
    Instance &self = instance_of(device);
    auto *owner = reinterpret_cast<Object *>(device);
    // Only the error says whether it failed: the function returns nothing up to 8.2.
    Error *failed = nullptr;
    symbols.memory_region_init_rom(self.rom_region(), owner, "kexec-handover.purgatory", device_type.rom_size,
                                   &failed);
    if (failed) {
        set_error(error, "%s", symbols.error_get_pretty(failed));
        symbols.error_free(failed);
        return;
    }
    auto *rom = static_cast<std::byte *>(symbols.memory_region_get_ram_ptr(self.rom_region()));
    if (const std::string wrong = self.model->realize({rom, device_type.rom_size}); !wrong.empty()) {
        set_error(error, "%s", wrong.c_str());
        return;
    }
    symbols.memory_region_init_io(self.registers_region(), owner, &register_ops, &self, "kexec-handover",
                                  device_type.registers_size);
    // Above whatever else might be there: the addresses are the interface.
    constexpr int priority = 1000;
    MemoryRegion *memory = symbols.get_system_memory();
    symbols.memory_region_add_subregion_overlap(memory, device_type.registers_base, self.registers_region(),
                                                priority);
    symbols.memory_region_add_subregion_overlap(memory, device_type.rom_base, self.rom_region(), priority);
    symbols.qemu_register_reset(reset, &self);
    // Up to 7.2 unplugging a device without a bus aborts QEMU.
    symbols.qdev_add_unplug_blocker(device, make_error("kexec-handover cannot be unplugged"));
    self.realized = true;
    exists = true;
}

void get_property(Object *object, Visitor *visitor, const char *name, void *opaque, Error **error) {
    const auto &property = *static_cast<const Property *>(opaque);
    const DeviceModel &model = *instance_of(object).model;
    if (property.get_number) {
        std::uint64_t number = property.get_number(model);
        symbols.visit_type_uint64(visitor, name, &number, error);
        return;
    }
    char *text = g_strdup(property.get(model).c_str());
    symbols.visit_type_str(visitor, name, &text, error);
    g_free(text);
}

void set_property(Object *object, Visitor *visitor, const char *name, void *opaque, Error **error) {
    const auto &property = *static_cast<const Property *>(opaque);
    Instance &self = instance_of(object);
    char *text = nullptr;
    if (!symbols.visit_type_str(visitor, name, &text, error))
        return;
    if (self.realized)
        set_error(error, "property '%s' cannot be changed once the device is in use", name);
    else if (const std::string wrong = property.set(*self.model, text); !wrong.empty())
        set_error(error, "property '%s': %s", name, wrong.c_str());
    g_free(text);
}

void instance_init(Object *object) { instance_of(object).model = device_type.create().release(); }

void instance_finalize(Object *object) { delete instance_of(object).model; }

void class_init(ObjectClass *object_class, void *) {
    DeviceRealize *base_class_has_none = nullptr;
    symbols.device_class_set_parent_realize(reinterpret_cast<DeviceClass *>(object_class), realize,
                                            &base_class_has_none);
    for (const Property &property : device_type.properties) {
        symbols.object_class_property_add(object_class, property.name, property.get_number ? "uint64" : "str",
                                          get_property, property.set ? set_property : nullptr, nullptr,
                                          const_cast<Property *>(&property));
        symbols.object_class_property_set_description(object_class, property.name, property.description);
    }
}

int (*exit_status_filter)() = nullptr;

// QEMU up to 8.1 takes no exit status, and no version lets a device have a say when the guest resets
// or powers off. Destructors of loaded objects are the last thing that runs.
[[gnu::destructor]] void at_process_end() {
    const int status = exit_status_filter ? exit_status_filter() : -1;
    if (status < 0)
        return;
    std::fflush(nullptr);
    _exit(status);
}

}  // namespace

void register_device_type() {
    static bool done = false;
    if (std::exchange(done, true))
        return;
    static const TypeInfo info{
        .name = device_type.name,
        .parent = "device",
        .instance_size = sizeof(Instance),
        .instance_align = alignof(Instance),
        .instance_init = instance_init,
        .instance_post_init = nullptr,
        .instance_finalize = instance_finalize,
        .abstract = false,
        .class_size = 0,
        .class_init = class_init,
        .class_base_init = nullptr,
        .class_data = nullptr,
        .interfaces = nullptr,
    };
    symbols.type_register_static(&info);
}

std::string machine_property(const char *name) {
    Error *error = nullptr;
    char *text = symbols.object_property_get_str(symbols.qdev_get_machine(), name, &error);
    if (error)
        symbols.error_free(error);
    std::string result = text ? text : "";
    g_free(text);
    return result;
}

void warn(const std::string &line) { symbols.warn_report("%s: %s", device_type.name, line.c_str()); }

void end(unsigned exit_status) {
    if (symbols.qemu_system_shutdown_request_with_code)
        symbols.qemu_system_shutdown_request_with_code(shutdown_cause_guest_shutdown,
                                                       static_cast<int>(exit_status));
    else
        symbols.qemu_system_shutdown_request(shutdown_cause_guest_shutdown);
}

void set_exit_status_filter(int (*filter)()) { exit_status_filter = filter; }

}  // namespace qemu
