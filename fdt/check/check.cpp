// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/check/check.h"

#include <utility>

#include "fdt/base/internal/text.h"

namespace kho {

const char *name(Severity severity) { return severity == Severity::error ? "error" : "warning"; }

std::string Finding::message() const {
    std::string line = info().name;
    if (address != 0)
        line += " at " + hex(address);
    if (!path.empty())
        line += ": " + path;
    return line + ": " + text;
}

Error Finding::error() const {
    std::string what = path.empty() ? text : path + ": " + text;
    if (info().code == Errc::malformed)
        what = std::string(info().name) + ": " + what;
    return {.code = info().code, .address = address, .index = index, .what = std::move(what)};
}

bool Findings::only(std::string_view name) {
    const CheckInfo *found = find_check(name);
    if (found == nullptr)
        return false;
    if (!has_only_)
        selected_.reset();
    has_only_ = true;
    selected_.set(static_cast<std::size_t>(found->check));
    return true;
}

bool Findings::exclude(std::string_view name) {
    const CheckInfo *found = find_check(name);
    if (found == nullptr)
        return false;
    selected_.reset(static_cast<std::size_t>(found->check));
    return true;
}

void Findings::add(Finding finding) {
    const Check check = finding.check;
    add(
        check, finding.address, finding.index, [&finding] { return std::move(finding.path); },
        [&finding] { return std::move(finding.text); });
}

void Findings::add(Check check, std::uint64_t address, std::uint64_t index,
                   const std::function<std::string()> &path, const std::function<std::string()> &text) {
    const auto number = static_cast<std::size_t>(check);
    fired_.set(number);
    const bool first = !first_error_ && kho::info(check).severity == Severity::error;
    bool keep = selected_.test(number);
    if (keep) {
        counts_[static_cast<std::size_t>(kho::info(check).severity)]++;
        if (list_.size() >= limit_) {
            dropped_++;
            keep = false;
        }
    }
    if (!first && !keep)
        return;
    Finding finding{.check = check, .path = path(), .address = address, .index = index, .text = text()};
    if (first)
        first_error_ = finding;
    if (keep)
        list_.push_back(std::move(finding));
}

}  // namespace kho
