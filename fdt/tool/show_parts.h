// SPDX-License-Identifier: GPL-2.0-or-later
// The two faces of kho show, and what kho check shares with them.
#pragma once

#include "fdt/tool/input.h"
#include "fdt/tool/json.h"
#include "fdt/tool/summary.h"

namespace kho::tool {

// `verbose` lists folios, holes and preserved blocks too.
void show_text(Output &out, const Input &input, const Summary &summary, bool verbose);
void show_files(Output &out, const Luo &luo, const Summary &summary, bool verbose);
void show_json(Output &out, const Input &input, const Summary &summary, const Findings &findings);

// Members errors, warnings, dropped and findings of the object that is open.
void put_findings(Json &json, const Findings &findings);

// One line: "FILE: error: check-name at 0x1234: /path: text".
void print_finding(Output &out, const std::string &path, const Finding &finding);

}  // namespace kho::tool
