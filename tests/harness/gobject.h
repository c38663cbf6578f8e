// SPDX-License-Identifier: GPL-2.0-or-later
// GObjects and argument vectors in the shape that C++ wants them.
#pragma once

#include <gio/gio.h>

#include <memory>
#include <string>
#include <vector>

namespace harness {

struct Unref {
    void operator()(gpointer object) const { g_object_unref(object); }
};
template <typename T>
using Ref = std::unique_ptr<T, Unref>;

// Null-terminated; refers to `arguments`.
inline std::vector<const char *> argv_of(const std::vector<std::string> &arguments) {
    std::vector<const char *> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string &argument : arguments) argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    return argv;
}

}  // namespace harness
