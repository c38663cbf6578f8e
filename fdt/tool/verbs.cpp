// SPDX-License-Identifier: GPL-2.0-or-later
// The table of verbs. Each is a function in a file of its own, verb_NAME.cpp.
#include "fdt/tool/verbs.h"

namespace kho::tool {
namespace {

constexpr Verb table[] = {
    {"show", "FILE", "Shows what a handover says: sessions, files, memory", show},
    {"check", "FILE...", "Checks handovers, and tells which kernels would take them", check},
    {"find", "FILE", "Lists everything in memory that is part of a handover, and how sure that is", find},
    {"map", "FILE", "Draws physical memory, as SVG or in the terminal", map},
    {"diff", "A B", "Compares two handovers by what they say", diff},
    {"extract", "FILE", "Writes the content of files, subtrees and memory into files", extract},
    {"make", "DESCRIPTION", "Makes a recording from a description in JSON", make},
    {"convert", "FILE", "Writes the same handover in another release's format", convert},
    {"formats", "[RELEASE]", "Lists what each release writes and takes", formats},
    {"bake", "FILE", "Makes one file that boots a kernel and puts a handover in front of it", bake},
};

}  // namespace

std::span<const Verb> verbs() { return table; }

}  // namespace kho::tool
