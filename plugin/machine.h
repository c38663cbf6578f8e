// SPDX-License-Identifier: GPL-2.0-or-later
// The machine whose kernel is replaced, as the emulated kexec sees it. plugin/qemu_memory.cpp implements it
// on a running QEMU, tests on plain arrays.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "fdt/base/memory.h"
#include "fdt/base/ranges.h"

namespace kexec_handover {

class Machine : public kho::Memory {
public:
    // What the guest can use as memory now: writable RAM, without ROMs.
    virtual kho::RangeSet ram() const = 0;

    // `to` must be in RAM, else Errc::outside_memory and nothing is written.
    virtual kho::Outcome write(kho::PhysAddr to, std::span<const std::byte> bytes) = 0;

    // The part of `ranges` that may hold anything but zeroes: memory that was written, or read, since the
    // machine was made. The rest need not be resident in the host, and this does not make it so.
    virtual kho::RangeSet touched(const kho::RangeSet &ranges) const = 0;

    // Overwrites RAM with one byte.
    virtual kho::Outcome fill(kho::Range range, std::byte pattern) = 0;

    // Shows the bytes of `range` in ascending order, without copying, in pieces of any size; what was never
    // touched is shown as zeroes and stays untouched. An error of the sink ends it and is returned.
    using Sink = std::function<kho::Outcome(std::span<const std::byte>)>;
    virtual kho::Outcome visit(kho::Range range, const Sink &sink) const = 0;
};

}  // namespace kexec_handover
