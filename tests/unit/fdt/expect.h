// SPDX-License-Identifier: GPL-2.0-or-later
// Assertions on results that name both the code and the place.
#pragma once

#include <gtest/gtest.h>

#include <ostream>

#include "fdt/base/error.h"
#include "fdt/base/internal/text.h"
#include "fdt/model/handover.h"

namespace kho {

inline void PrintTo(PhysAddr address, std::ostream *out) { *out << hex(value(address)); }
inline void PrintTo(const Range &range, std::ostream *out) {
    *out << hex(value(range.start)) << "+" << hex(range.size);
}
inline void PrintTo(const PreservedBlocks &blocks, std::ostream *out) {
    *out << blocks.count << " of order " << blocks.order << " at " << hex(value(blocks.address));
}
inline void PrintTo(const RangeSet &set, std::ostream *out) {
    for (const Range &range : set.ranges()) {
        PrintTo(range, out);
        *out << ' ';
    }
}

}  // namespace kho

template <typename T>
testing::AssertionResult succeeds(const kho::Result<T> &result) {
    if (result)
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << result.error().message();
}

template <typename T>
testing::AssertionResult fails(const kho::Result<T> &result, kho::Errc code, std::uint64_t address,
                               std::uint64_t index = 0) {
    if (result)
        return testing::AssertionFailure() << "succeeded, expected " << kho::name(code);
    const kho::Error &error = result.error();
    if (error.code == code && error.check.empty() && error.address == address && error.index == index)
        return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << "failed with " << error.message() << " (address " << kho::hex(error.address) << ", index "
           << error.index << "), expected " << kho::name(code) << " at " << kho::hex(address) << ", index "
           << index;
}

// With the finding of this check as an error.
template <typename T>
testing::AssertionResult fails_check(const kho::Result<T> &result, std::string_view check,
                                     std::uint64_t address, std::uint64_t index = 0) {
    if (result)
        return testing::AssertionFailure() << "succeeded, expected " << check;
    const kho::Error &error = result.error();
    if (error.code == kho::Errc::malformed && error.check == check && error.address == address &&
        error.index == index)
        return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << "failed with " << error.message() << " (address " << kho::hex(error.address) << ", index "
           << error.index << "), expected " << check << " at " << kho::hex(address) << ", index " << index;
}
