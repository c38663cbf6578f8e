// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/error.h"

#include <iterator>

#include "fdt/base/internal/text.h"

namespace kho {

const char *name(Errc code) {
    static constexpr const char *names[] = {
#define KHO_ERROR(name) #name,
#include "fdt/base/errors.def"
#undef KHO_ERROR
    };
    const auto number = static_cast<std::size_t>(code);
    return number < std::size(names) ? names[number] : "unknown_error";
}

std::string Error::message() const {
    std::string text(kind());
    if (address != 0)
        text += " at " + hex(address);
    return text + ": " + what;
}

}  // namespace kho
