// SPDX-License-Identifier: GPL-2.0-or-later
// Guest memory out of a file, which can say what it holds.
#pragma once

#include "fdt/base/memory.h"

namespace kho {

class ImageMemory : public Memory {
public:
    // Everything that can be read.
    virtual const RangeSet &ranges() const = 0;

    // The part of ranges() that may hold something: all the rest reads as zeroes and takes no space in the
    // file. Recomputed on each call; takes time proportional to the file's data, not to its sparse size.
    // Whole pages, where ranges() has whole pages.
    virtual RangeSet resident() const = 0;
};

}  // namespace kho
