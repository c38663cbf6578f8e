// SPDX-License-Identifier: GPL-2.0-or-later
#include <dlfcn.h>

#include "plugin/qemu_abi.h"

namespace qemu::abi {

Symbols symbols;

const char *resolve_symbols() {
    const char *missing = nullptr;
    const auto find = [&]<typename T>(const char *name, T *&slot, bool required) {
        slot = reinterpret_cast<T *>(dlsym(RTLD_DEFAULT, name));
        if (!slot && required && !missing)
            missing = name;
    };
#define FIND(name, result, parameters) find(#name, symbols.name, true);
    QEMU_FUNCTIONS(FIND)
#undef FIND
#define FIND(name, result, parameters) find(#name, symbols.name, false);
    QEMU_OPTIONAL_FUNCTIONS(FIND)
#undef FIND
    find("address_space_memory", symbols.address_space_memory, true);
    return missing;
}

}  // namespace qemu::abi
