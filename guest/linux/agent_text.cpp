// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/agent_text.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace agent {

std::string text(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *made = nullptr;
    const int length = vasprintf(&made, format, arguments);
    va_end(arguments);
    if (length < 0)
        return format;
    std::string result(made, static_cast<std::size_t>(length));
    free(made);
    return result;
}

}  // namespace agent
