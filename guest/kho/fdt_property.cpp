// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/fdt_property.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {

bool fdt_u64(const void *fdt, int node, const char *property, std::uint64_t &value) {
    int length = 0;
    const void *bytes = fdt_getprop(fdt, node, property, &length);
    if (bytes == nullptr || length != sizeof(value))
        return false;
    __builtin_memcpy(&value, bytes, sizeof(value));
    return true;
}

bool fdt_string_is(const void *fdt, int node, const char *property, std::string_view expected) {
    int length = 0;
    const auto *bytes = static_cast<const char *>(fdt_getprop(fdt, node, property, &length));
    return bytes != nullptr && length > 0 && static_cast<std::size_t>(length) == expected.size() + 1 &&
           bytes[length - 1] == '\0' && __builtin_memcmp(bytes, expected.data(), expected.size()) == 0;
}

}  // namespace guest
