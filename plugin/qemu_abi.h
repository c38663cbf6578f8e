// SPDX-License-Identifier: GPL-2.0-or-later
// The part of QEMU's internal interface that we rely on, declared again: functions are looked up when the
// plugin loads, structures are those whose layout is the same from QEMU 7.2 to 11.1. Opaque types are never
// defined. Sources: QEMU include/qom/object.h, include/exec/memory.h, include/sysemu/memory_mapping.h,
// include/hw/qdev-core.h, include/qapi/error.h, qapi/misc.json.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qemu::abi {

struct Object;
struct ObjectClass;
struct DeviceState;
struct DeviceClass;
struct MemoryRegion;
struct AddressSpace;
struct RAMBlock;
struct Error;
struct Visitor;
struct ObjectProperty;

using hwaddr = std::uint64_t;

// MemTxAttrs is 4 bytes up to 9.2 and 8 later: one register either way, and only zero means the same.
using MemTxAttrs = std::uint64_t;
inline constexpr MemTxAttrs no_attributes = 0;

struct TypeInfo {
    const char *name;
    const char *parent;
    std::size_t instance_size;
    std::size_t instance_align;
    void (*instance_init)(Object *);
    void (*instance_post_init)(Object *);
    void (*instance_finalize)(Object *);
    bool abstract;
    std::size_t class_size;
    void (*class_init)(ObjectClass *, void *);
    void (*class_base_init)(ObjectClass *, void *);
    void *class_data;
    void *interfaces;
};

inline constexpr int device_little_endian = 2;

struct MemoryRegionOps {
    std::uint64_t (*read)(void *opaque, hwaddr, unsigned size);
    void (*write)(void *opaque, hwaddr, std::uint64_t, unsigned size);
    void *read_with_attrs;
    void *write_with_attrs;
    int endianness;
    struct {
        unsigned min_access_size, max_access_size;
        bool unaligned;
        void *accepts;
    } valid;
    struct {
        unsigned min_access_size, max_access_size;
        bool unaligned;
    } impl;
};

struct GuestPhysBlock {
    hwaddr target_start, target_end;
    std::uint8_t *host_addr;
    MemoryRegion *mr;
    GuestPhysBlock *next;
};

struct GuestPhysBlockList {
    unsigned num;
    GuestPhysBlock *first;
    void *last;
};

// The leading members of what qmp_query_version returns.
struct VersionTriple {
    std::int64_t major, minor, micro;
};
struct VersionInfo {
    VersionTriple *qemu;
};

using PropertyAccessor = void(Object *, Visitor *, const char *, void *, Error **);
using PropertyRelease = void(Object *, const char *, void *);
using DeviceRealize = void(DeviceState *, Error **);

inline constexpr int shutdown_cause_guest_shutdown = 6;

// name, return type, parameters. In every QEMU from 7.2 to 11.1.
#define QEMU_FUNCTIONS(F)                                                                                \
    F(type_register_static, void *, (const TypeInfo *))                                                  \
    F(object_class_property_add, ObjectProperty *,                                                       \
      (ObjectClass *, const char *name, const char *type, PropertyAccessor *get, PropertyAccessor *set,  \
       PropertyRelease *, void *opaque))                                                                 \
    F(object_class_property_set_description, void, (ObjectClass *, const char *name, const char *text))  \
    F(object_property_get_str, char *, (Object *, const char *name, Error **))                           \
    F(visit_type_uint64, bool, (Visitor *, const char *name, std::uint64_t *, Error **))                 \
    F(visit_type_str, bool, (Visitor *, const char *name, char **, Error **))                            \
    F(device_class_set_parent_realize, void, (DeviceClass *, DeviceRealize *, DeviceRealize * *parent))  \
    F(qdev_get_machine, Object *, ())                                                                    \
    F(qdev_add_unplug_blocker, void, (DeviceState *, Error *))                                           \
    F(qemu_register_reset, void, (void (*)(void *), void *))                                             \
    F(memory_region_init_io, void,                                                                       \
      (MemoryRegion *, Object * owner, const MemoryRegionOps *, void *opaque, const char *,              \
       std::uint64_t size))                                                                              \
    F(memory_region_init_rom, void,                                                                      \
      (MemoryRegion *, Object * owner, const char *, std::uint64_t size, Error **))                      \
    F(memory_region_get_ram_ptr, void *, (MemoryRegion *))                                               \
    F(memory_region_add_subregion_overlap, void, (MemoryRegion *, hwaddr, MemoryRegion *, int priority)) \
    F(memory_region_from_host, MemoryRegion *, (void *, std::uint64_t *offset))                          \
    F(get_system_memory, MemoryRegion *, ())                                                             \
    F(address_space_rw, std::uint32_t,                                                                   \
      (AddressSpace *, hwaddr, MemTxAttrs, void *, hwaddr size, bool write))                             \
    F(address_space_map, void *, (AddressSpace *, hwaddr, hwaddr * size, bool write, MemTxAttrs))        \
    F(address_space_unmap, void, (AddressSpace *, void *, hwaddr size, bool write, hwaddr accessed))     \
    F(guest_phys_blocks_init, void, (GuestPhysBlockList *))                                              \
    F(guest_phys_blocks_append, void, (GuestPhysBlockList *))                                            \
    F(guest_phys_blocks_free, void, (GuestPhysBlockList *))                                              \
    F(qemu_ram_block_from_host, RAMBlock *, (void *, bool round, std::uint64_t *offset))                 \
    F(qemu_ram_get_fd, int, (RAMBlock *))                                                                \
    F(qemu_ram_is_shared, bool, (RAMBlock *))                                                            \
    F(qemu_system_shutdown_request, void, (int cause))                                                   \
    F(error_setg_internal, void,                                                                         \
      (Error **, const char *file, int line, const char *function, const char *format, ...))             \
    F(error_get_pretty, const char *, (const Error *))                                                   \
    F(error_free, void, (Error *))                                                                       \
    F(warn_report, void, (const char *format, ...))                                                      \
    F(qmp_query_version, VersionInfo *, (Error **))

// Not in every version: null where missing.
#define QEMU_OPTIONAL_FUNCTIONS(F)                                                                \
    F(qemu_system_shutdown_request_with_code, void, (int cause, int code)) /* from 8.2 */         \
    F(migrate_add_blocker, int, (void *, Error **))          /* see migrate_add_blocker_normal */ \
    F(migrate_add_blocker_normal, int, (Error **, Error **)) /* from 8.2 */                       \
    F(qemu_ram_get_fd_offset, std::uint64_t, (RAMBlock *))   /* from 8.1 */                       \
    F(register_module_init, void, (void (*)(), int kind))                                         \
    F(target_name, const char *, ())

struct Symbols {
// NOLINTBEGIN(bugprone-macro-parentheses): a type and a parameter list
#define DECLARE(name, result, parameters) result(*name) parameters = nullptr;
    QEMU_FUNCTIONS(DECLARE)
    QEMU_OPTIONAL_FUNCTIONS(DECLARE)
#undef DECLARE
    // NOLINTEND(bugprone-macro-parentheses)
    AddressSpace *address_space_memory = nullptr;
};

// Fills the table from the running process. Returns the name of the first symbol that is missing, or nullptr.
const char *resolve_symbols();

// Valid after resolve_symbols() returned nullptr.
extern Symbols symbols;

}  // namespace qemu::abi
