// SPDX-License-Identifier: GPL-2.0-or-later
// Errors as values: a code, where it was found, and a sentence made only at the edge.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kho {

enum class Errc {
#define KHO_ERROR(name) name,
#include "fdt/base/errors.def"
#undef KHO_ERROR
};

// The code's name as it appears in messages and test output, for example "map_chunk".
const char *name(Errc code);

struct Error {
    Errc code;
    std::uint64_t address = 0;  // guest-physical address, or file offset for files; 0 if there is none
    std::uint64_t index = 0;    // which entry of the array that `what` speaks of
    std::string what;           // lower case, no full stop, says expected and seen values
    // Of a finding: the name of its check (fdt/check/check.h), which lives as long as the table; else empty.
    std::string_view check{};

    // The check, or else the code.
    std::string_view kind() const { return check.empty() ? name(code) : check; }

    // "chunk-twice at 0x1234000: next chunk already visited"
    std::string message() const;
};

// A value, or what went wrong. value() may only be called when ok(), error() when not.
template <typename T, typename E = Error>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T &value() & { return std::get<0>(state_); }
    const T &value() const & { return std::get<0>(state_); }
    T &&value() && { return std::get<0>(std::move(state_)); }
    const E &error() const { return std::get<1>(state_); }

private:
    std::variant<T, E> state_;
};

using Outcome = Result<std::monostate>;
inline Outcome success() { return std::monostate{}; }

}  // namespace kho
