// SPDX-License-Identifier: GPL-2.0-or-later
// The two faces of kho show, and what kho check shares with them.
#pragma once

#include <optional>
#include <string>

#include "fdt/tool/input.h"
#include "fdt/tool/json.h"
#include "fdt/tool/summary.h"

namespace kho::tool {

// What is shown of the handover.
struct Shown {
    std::optional<std::string> session{};  // its name, as it is or as it is printed; nothing: all
    std::optional<std::uint64_t> token{};  // nothing: all
    bool summary = false;                  // only what is in the handover as a whole, and totals

    bool selects() const { return session || token; }
    bool covers(const LuoSession &one) const;  // by name
    bool covers(const LuoFile &file) const { return !token || file.token == *token; }
};

// `verbose` lists folios, holes and preserved blocks too.
void show_text(Output &out, const Input &input, const Summary &summary, const Shown &shown, bool verbose);
// Sessions in which no file is covered are left out, unless all files are.
void show_files(Output &out, const Luo &luo, const Shown &shown, bool verbose);
void show_json(Output &out, const Input &input, const Summary &summary, const Shown &shown,
               const Findings &findings);

// Members errors, warnings, dropped and findings of the object that is open.
void put_findings(Json &json, const Findings &findings);

// "FILE: error: check-name at 0x1234: /path: text", `indent` characters behind the line's begin.
void print_finding(Output &out, const std::string &path, const Finding &finding, std::size_t indent = 0);

}  // namespace kho::tool
