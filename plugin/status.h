// SPDX-License-Identifier: GPL-2.0-or-later
// A refusal: the status code that the guest reads, and the sentence that the host's log gets.
#pragma once

#include <cstdint>
#include <string>

#include "fdt/error.h"
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
class [[nodiscard]] Checked {
public:
    Checked(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Checked(Refusal refusal) : state_(std::in_place_index<1>, std::move(refusal)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T &value() { return std::get<0>(state_); }
    const T &value() const { return std::get<0>(state_); }
    const Refusal &refusal() const { return std::get<1>(state_); }

private:
    std::variant<T, Refusal> state_;
};

// What the library found wrong, in the terms of the register interface.
Refusal refusal(const kho::Error &error);

}  // namespace kexec_handover
