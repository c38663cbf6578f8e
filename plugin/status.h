// SPDX-License-Identifier: GPL-2.0-or-later
// A refusal: the status code that the guest reads, and the sentence that the host's log gets.
#pragma once

#include <cstdint>
#include <string>

#include "fdt/base/error.h"
#include "plugin/registers.h"

namespace kexec_handover {

// The code's name, as used in logs, tests and documentation: "preserved_twice".
const char *name(Status status);
const char *name(State state);

struct Refusal {
    Status status = Status::ok;
    std::uint64_t index = 0;    // of the offending array entry
    std::uint64_t address = 0;  // or value
    std::string what;           // what and where, one line
};

template <typename T>
using Checked = kho::Result<T, Refusal>;

// What the library found wrong, in the terms of the register interface.
Refusal refusal(const kho::Error &error);

}  // namespace kexec_handover
