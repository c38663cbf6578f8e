// SPDX-License-Identifier: GPL-2.0-or-later
// Reading JSON that was written by hand: each value knows where it stands, and the first thing that is
// wrong is kept as one sentence that begins with the place and says what was expected.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace kho::tool {

// Where errors go. After the first nothing else is kept.
struct JsonFault {
    std::string text;  // empty: all is well
    explicit operator bool() const { return !text.empty(); }
};

class JsonValue {
public:
    // Both must outlive this.
    JsonValue(const nlohmann::json *value, std::string path, JsonFault &fault)
        : value_(value), path_(std::move(path)), fault_(&fault) {}

    bool exists() const { return value_ != nullptr; }
    bool is_null() const;
    bool is_object() const;
    bool is_array() const;
    const std::string &path() const { return path_; }

    // A fault unless it is an object that has none but these members.
    void expect_members(std::initializer_list<std::string_view> known) const;
    // A member that may be missing; on a non-object, every member is missing.
    JsonValue member(std::string_view name) const;
    // As above, and a fault if it is missing.
    JsonValue required(std::string_view name) const;
    // Elements of an array; a fault if it is not one. Empty if it does not exist.
    std::vector<JsonValue> elements() const;

    // A fault, and the default, if it is of another type or too large. A number is an integer of JSON, or a
    // string such as "0x1000" or "4K".
    std::uint64_t number(std::uint64_t missing, std::uint64_t most = UINT64_MAX) const;
    std::string text(std::string_view missing) const;

    void fault(const std::string &what) const;

private:
    const nlohmann::json *value_;
    std::string path_;  // "sessions[3].files[0]"; empty at the top
    JsonFault *fault_;
};

}  // namespace kho::tool
