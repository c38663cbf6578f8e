// SPDX-License-Identifier: GPL-2.0-or-later
// Named checks, as in dtc: a table with a name, a severity and a sentence for each, and the findings that
// readers make. A check that depends on another is not tried where the other failed, so one fault gives one
// finding.
#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/check/names.h"

namespace kho {

enum class Severity : std::uint8_t {
    error,    // the handover is broken
    warning,  // a kernel lives with it, but something is lost or odd
};
const char *name(Severity severity);

struct CheckInfo {
    Check check;
    const char *name;  // kebab-case
    Severity severity;
    unsigned group;                      // of fdt/README.md's list of malformed handovers; 0: none of them
    bool kernel_checks;                  // released kernels look at it too
    Errc code;                           // as which strict readers report it
    const char *description;             // one line, lower case, no full stop: what is wrong when it fires
    std::initializer_list<Check> after;  // checks that must have passed before this one is tried at all
};

// In the order in which readers try them.
std::span<const CheckInfo> checks();
const CheckInfo &info(Check check);
// nullptr if there is none.
const CheckInfo *find_check(std::string_view name);

struct Finding {
    Check check;
    std::string path;           // "/LUO/sessions/3 \"name\"/files/2"
    std::uint64_t address = 0;  // guest-physical, of the structure that is wrong; 0 if there is none
    std::uint64_t index = 0;    // which entry of the array at `address`
    std::string text;           // lower case, no full stop, with the two values that disagree

    const CheckInfo &info() const { return kho::info(check); }
    Severity severity() const { return info().severity; }
    // "check-name at 0x1234000: /path: text"
    std::string message() const;
    Error error() const;
};

// Collects findings. Keeps the first `limit` of them; all are counted.
class Findings {
public:
    explicit Findings(std::size_t limit = 10000) : limit_(limit) { selected_.set(); }

    // --only and --not. A check that is not selected is still tried, since others depend on it, but leaves no
    // finding; fired() tells of it all the same. False: no check has this name.
    bool only(std::string_view name);  // repeated: these, and none else
    bool exclude(std::string_view name);

    void add(Finding finding);
    // As above, but the path and the text are made only if they will be kept.
    void add(Check check, std::uint64_t address, std::uint64_t index,
             const std::function<std::string()> &path, const std::function<std::string()> &text);

    std::span<const Finding> list() const { return list_; }
    std::uint64_t count(Severity severity) const { return counts_[static_cast<std::size_t>(severity)]; }
    std::uint64_t errors() const { return count(Severity::error); }
    std::uint64_t warnings() const { return count(Severity::warning); }
    // Selected, but beyond the limit.
    std::uint64_t dropped() const { return dropped_; }
    // Found at least once, selected or not.
    bool fired(Check check) const { return fired_[static_cast<std::size_t>(check)]; }
    // The first finding of severity error, selected or not; nullptr if there was none.
    const Finding *first_error() const { return first_error_ ? &*first_error_ : nullptr; }

private:
    std::size_t limit_;
    std::vector<Finding> list_;
    std::bitset<number_of_checks> selected_;
    std::bitset<number_of_checks> fired_;
    std::optional<Finding> first_error_;
    std::uint64_t counts_[2] = {};
    std::uint64_t dropped_ = 0;
    bool has_only_ = false;
};

}  // namespace kho
