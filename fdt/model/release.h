// SPDX-License-Identifier: GPL-2.0-or-later
// The table of Linux releases as readers of handovers: all that each of them takes. Kernels compare these
// strings byte for byte and know no older ones.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "fdt/model/handover.h"

namespace kho {

struct Release {
    std::string_view name;  // "6.19"
    std::string_view kho_compatible;
    std::string_view luo_compatible;
    std::string_view session_compatible;  // of a node of the LUO FDT; empty: there is none
    std::string_view
        flb_compatible;  // of a node of the LUO FDT that must be there; empty: none is looked for
    std::string_view memfd_compatible;  // the only handler
};

// Ascending.
std::span<const Release> releases();

// The series that a stable release, a tag or a source tree belongs to: "6.19" of "6.19.14", "v6.19", "linux-6.19.14". Anything
// else stays as it is.
std::string_view release_series(std::string_view name);

// By its name, or any that release_series() understands. nullptr if unknown.
const Release *find_release(std::string_view name);

// Those that write just these formats. None if the handover mixes them.
std::vector<const Release *> releases_writing(const Handover &handover);

}  // namespace kho
