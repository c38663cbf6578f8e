// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/check/check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fdt/base/internal/text.h"

namespace kho {
namespace {

// As many failed structures are remembered: each finding costs a look at them, so hostile input must not make them many.
constexpr std::size_t max_places = 4096;

// Everything is behind the KHO FDT.
constexpr unsigned kho_fdt_group = 1;

// The place in the table; nothing if the row is not in it.
std::optional<std::size_t> place_of(const CheckInfo &info) {
    const std::span<const CheckInfo> table = checks();
    const std::less<> before;
    if (before(&info, table.data()) || !before(&info, table.data() + table.size()))
        return std::nullopt;
    return static_cast<std::size_t>(&info - table.data());
}

bool is_prerequisite(const CheckInfo &info) {
    static const auto prerequisites = [] {
        std::bitset<number_of_checks> found;
        for (const CheckInfo &row : checks())
            for (const CheckInfo *before : row.after) found.set(*place_of(*before));
        return found;
    }();
    const std::optional<std::size_t> place = place_of(info);
    return !place || prerequisites.test(*place);
}

}  // namespace

const char *name(Severity severity) { return severity == Severity::error ? "error" : "warning"; }

const char *name(Fate fate) {
    constexpr std::array names{"accepted", "cold boot", "panic", "EIO"};
    return names[static_cast<std::size_t>(fate)];
}

std::string Finding::message() const {
    std::string line = info().name;
    if (address != 0)
        line += " at " + hex(address);
    if (!path.empty())
        line += ": " + path;
    return line + ": " + text;
}

Error Finding::error() const {
    return {.code = Errc::malformed,
            .address = address,
            .index = index,
            .what = path.empty() ? text : path + ": " + text,
            .check = info().name};
}

bool Findings::only(std::string_view name) {
    const CheckInfo *found = find_check(name);
    if (found == nullptr)
        return false;
    has_only_ = true;
    only_.insert(found);
    return true;
}

bool Findings::exclude(std::string_view name) {
    const CheckInfo *found = find_check(name);
    if (found == nullptr)
        return false;
    excluded_.insert(found);
    return true;
}

bool Findings::is_selected(Check check) const {
    return (!has_only_ || only_.contains(&check.info())) && !excluded_.contains(&check.info());
}

bool Findings::fired(Check check) const {
    const std::optional<std::size_t> place = place_of(check.info());
    return place ? fired_.test(*place) : others_fired_.contains(&check.info());
}

std::vector<Check> Findings::fired() const {
    std::vector<Check> result;
    for (std::size_t i = 0; i < number_of_checks; i++)
        if (fired_.test(i))
            result.emplace_back(checks()[i]);
    for (const CheckInfo *other : others_fired_) result.emplace_back(*other);
    return result;
}

void Findings::mark(Check check) {
    if (const std::optional<std::size_t> place = place_of(check.info()))
        fired_.set(*place);
    else
        others_fired_.insert(&check.info());
}

bool Findings::is_moot(Check check, const std::string &path, std::uint64_t address) const {
    for (const CheckInfo *before : check.info().after) {
        if (!fired(Check(*before)))
            continue;
        if (before->group == kho_fdt_group || failed_.contains({before, path, address}))
            return true;
        for (std::size_t end = path.rfind('/'); end != path.npos && end > 0; end = path.rfind('/', end - 1)) {
            const std::string above = path.substr(0, end);
            const auto found = failed_.lower_bound({before, above, 0});
            if (found != failed_.end() && found->check == before && found->path == above)
                return true;
        }
    }
    return false;
}

void Findings::add(Finding finding) {
    const Check check = finding.check;
    add(
        check, finding.address, finding.index, [&finding] { return finding.path; },
        [&finding] { return finding.text; });
}

void Findings::add(Check check, std::uint64_t address, std::uint64_t index,
                   const std::function<std::string()> &path, const std::function<std::string()> &text) {
    const CheckInfo &info = check.info();
    std::string where;
    const bool depends =
        std::ranges::any_of(info.after, [this](const CheckInfo *before) { return fired(Check(*before)); });
    const bool is_remembered = failed_.size() < max_places && is_prerequisite(info);
    if (depends || is_remembered)
        where = path();
    if (depends && is_moot(check, where, address))
        return;
    mark(check);
    if (is_remembered)
        failed_.insert({&info, where, address});
    const bool first = !first_error_ && info.severity == Severity::error;
    bool keep = is_selected(check);
    if (keep) {
        counts_[static_cast<std::size_t>(info.severity)]++;
        if (list_.size() >= limit_) {
            dropped_++;
            keep = false;
        }
    }
    if (!first && !keep)
        return;
    if (where.empty())
        where = path();
    Finding finding{
        .check = check, .path = std::move(where), .address = address, .index = index, .text = text()};
    if (first)
        first_error_ = finding;
    if (keep)
        list_.push_back(std::move(finding));
}

}  // namespace kho
