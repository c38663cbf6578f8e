// SPDX-License-Identifier: GPL-2.0-or-later
// The image of each generation's kernel, patched: all of its pages, or those of one concern.
#pragma once

#include <vector>

#include "tests/fuzz/patched_image.h"
#include "tests/unit/fdt/kernel_image.h"

namespace fuzz {

// Where programs find kho_data, in Concern::all: no memory is there.
inline constexpr kho::PhysAddr data_at{0xdead000};

enum class Concern { all, map, luo, subtrees };

class KernelPatches {
public:
    KernelPatches(kho::Producer producer, Concern concern);

    kho::abi::kho_data data() const;
    const kho::KhoFormat &format() const;
    kho::PhysAddr map() const { return kho::KernelImage::map; }

    PatchedImage image;

private:
    kho::KernelImage kernel_;
    bool has_data_;
};

// The first byte of an input names the generation, in its low two bits; the rest is the program.
KernelPatches &patches_for(Concern concern, std::uint8_t first);

// Runs an input, and checks what readers make of the image, as check_handover() says.
const KernelPatches &check_damaged(Concern concern, std::span<const std::uint8_t> input);

}  // namespace fuzz
