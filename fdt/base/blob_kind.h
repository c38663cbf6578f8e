// SPDX-License-Identifier: GPL-2.0-or-later
// The pieces of a handover that are useful without the memory around them: debugfs gives them as files, the search finds
// them in dumps.
#pragma once

#include <cstdint>
#include <string_view>

namespace kho {

enum class BlobKind : std::uint8_t {
    kho_fdt,
    luo_fdt,  // LUO's root up to Linux 7.1
    luo_ser,  // LUO's root from Linux 7.2 on; not an FDT
    memblock_fdt,
    kho_test_fdt,
    other_fdt,  // with some other compatible string
};

// As people call it: "KHO FDT", "LUO root" ...; a kernel's test has no word of its own, it is an "FDT".
const char *name(BlobKind kind);

// Which FDT has this compatible string in its root. The version at the end of the string is not looked at: "kho-v99" is a
// KHO FDT, too.
BlobKind fdt_kind(std::string_view compatible);

}  // namespace kho
