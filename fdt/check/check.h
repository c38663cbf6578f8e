// SPDX-License-Identifier: GPL-2.0-or-later
// Named checks, as in dtc: a table (checks.def) with a name, a severity and a sentence for each, and the findings that
// readers make. A check is not reported where one of its prerequisites failed, so one fault gives one finding.
#pragma once

#include <bitset>
#include <compare>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/model/format.h"

namespace kho {

enum class Severity : std::uint8_t {
    error,    // the handover is broken
    warning,  // a kernel lives with it, but something is lost or odd
};
const char *name(Severity severity);

// What a kernel makes of a handover.
enum class Fate : std::uint8_t {
    accepted,   // boots with it, and /dev/liveupdate opens
    cold_boot,  // boots without it: all that was preserved is lost
    panic,      // does not boot
    eio,        // boots, but each open of /dev/liveupdate fails with EIO: all sessions are lost
};
const char *name(Fate fate);  // "accepted", "cold boot", "panic", "EIO"

// A row of the table. Rows that are not in checks.def are possible; they must outlive the findings of them.
struct CheckInfo {
    const char *name;  // kebab-case
    Severity severity;
    unsigned group;           // of fdt/README.md's list of malformed handovers; 0: none of them
    bool kernel_checks;       // released kernels look at it too
    Fate fates[2];            // by KernelFamily
    const char *effect;       // what a kernel does; empty: nothing, or predict() decides it
    const char *description;  // one line, lower case, no full stop: what is wrong when it fires
    std::initializer_list<const CheckInfo *> after;  // prerequisites

    Fate fate(KernelFamily family) const { return fates[static_cast<std::size_t>(family)]; }
};

inline constexpr std::size_t number_of_checks = 0
#define KHO_CHECK(...) +1
#include "fdt/check/checks.def"
#undef KHO_CHECK
    ;

// A check by its row: compared by identity, ordered as the table is.
class Check {
public:
    constexpr explicit Check(const CheckInfo &info) : info_(&info) {}
    constexpr const CheckInfo &info() const { return *info_; }

    bool operator==(const Check &) const = default;
    std::strong_ordering operator<=>(const Check &other) const {
        return std::compare_three_way{}(info_, other.info_);
    }

#define KHO_CHECK(id, ...) static const Check id;
#include "fdt/check/checks.def"
#undef KHO_CHECK

private:
    const CheckInfo *info_;
};

// The rows of checks.def.
std::span<const CheckInfo> checks();
inline const CheckInfo &info(Check check) { return check.info(); }
// nullptr if there is none.
const CheckInfo *find_check(std::string_view name);

struct Finding {
    Check check;
    std::string path;           // "/LUO/sessions/3 \"name\"/files/2"
    std::uint64_t address = 0;  // guest-physical, of the structure that is wrong; 0 if there is none
    std::uint64_t index = 0;    // which entry of the array at `address`
    std::string text;           // lower case, no full stop, with the two values that disagree

    const CheckInfo &info() const { return check.info(); }
    Severity severity() const { return info().severity; }
    // "check-name at 0x1234000: /path: text"
    std::string message() const;
    // As which strict readers report it: Errc::malformed, with the check's name.
    Error error() const;
};

// Collects findings. Keeps the first `limit` of them; all are counted.
class Findings {
public:
    explicit Findings(std::size_t limit = 10000) : limit_(limit) {}

    // --only and --not. A check that is not selected is still tried, since others depend on it, but leaves no
    // finding; fired() tells of it all the same. False: no check has this name.
    bool only(std::string_view name);  // repeated: these, and none else
    bool exclude(std::string_view name);

    // Nothing happens if a prerequisite of the check has fired for the same structure (path and address), for one above it
    // in the path, or for the KHO FDT, which leads to everything.
    void add(Finding finding);
    // As above, but the path and the text are made only if they are needed.
    void add(Check check, std::uint64_t address, std::uint64_t index,
             const std::function<std::string()> &path, const std::function<std::string()> &text);

    std::span<const Finding> list() const { return list_; }
    std::uint64_t count(Severity severity) const { return counts_[static_cast<std::size_t>(severity)]; }
    std::uint64_t errors() const { return count(Severity::error); }
    std::uint64_t warnings() const { return count(Severity::warning); }
    // Selected, but beyond the limit.
    std::uint64_t dropped() const { return dropped_; }
    // Found at least once, selected or not.
    bool fired(Check check) const;
    // In the order of the table; those that are not in it last.
    std::vector<Check> fired() const;
    // The first finding of severity error, selected or not; nullptr if there was none.
    const Finding *first_error() const { return first_error_ ? &*first_error_ : nullptr; }

private:
    struct Place {
        const CheckInfo *check;
        std::string path;
        std::uint64_t address;
        auto operator<=>(const Place &) const = default;
    };
    bool is_selected(Check check) const;
    void mark(Check check);
    bool is_moot(Check check, const std::string &path, std::uint64_t address) const;

    std::size_t limit_;
    std::vector<Finding> list_;
    std::set<const CheckInfo *> only_, excluded_;
    std::bitset<number_of_checks> fired_;       // by place in the table
    std::set<const CheckInfo *> others_fired_;  // those that are not in it
    std::set<Place> failed_;                    // of checks that are prerequisites; at most max_places
    std::optional<Finding> first_error_;
    std::uint64_t counts_[2] = {};
    std::uint64_t dropped_ = 0;
    bool has_only_ = false;
};

}  // namespace kho
