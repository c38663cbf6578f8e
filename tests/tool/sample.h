// SPDX-License-Identifier: GPL-2.0-or-later
// Small recordings with a bit of everything that a release can hand over.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fdt/base/ranges.h"
#include "fdt/model/handover.h"
#include "tests/temporary_folder.h"

namespace kho::test {

// What is handed over: two sessions with files, one without; memfds with folios, holes and seals; a file of
// an unknown handler; where the release has a place for them FLBs, metadata of kexec.
Handover sample_content(std::string_view release);

// Writes a recording of `content` in this release's format; its path. Content pages hold zeroes. Metadata has
// 32 MiB of memory unless it is given more.
std::string record(const TemporaryFolder &folder, std::string_view release, const Handover &content,
                   Range free = {PhysAddr{0x2000000}, 0x2000000});

inline std::string record_sample(const TemporaryFolder &folder, std::string_view release) {
    return record(folder, release, sample_content(release));
}

}  // namespace kho::test
