// SPDX-License-Identifier: GPL-2.0-or-later
// Recordings of test memory.
#pragma once

#include "fdt/file/elf_core.h"
#include "tests/unit/test_memory.h"

namespace kho {

// Hands memory out in pieces of an odd size, so that none of them ends where a page does.
inline CoreSource source_of(const Memory &memory, std::uint64_t piece_size = 7777) {
    return [&memory, piece_size](Range range, const auto &sink) -> Outcome {
        std::vector<std::byte> piece;
        while (!range.empty()) {
            piece.resize(std::min(range.size, piece_size));
            if (Outcome outcome = memory.read(range.start, piece); !outcome)
                return outcome;
            if (Outcome outcome = sink(piece); !outcome)
                return outcome;
            range = {range.start + piece.size(), range.size - piece.size()};
        }
        return success();
    };
}

// Any amount of memory in which each page says where it is.
class NumberedMemory final : public Memory {
public:
    Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        for (std::size_t i = 0; i < out.size(); i++) out[i] = byte_at(from + i);
        return success();
    }
    static std::byte byte_at(PhysAddr address) {
        const std::uint64_t page = value(address) / page_size;
        return static_cast<std::byte>(page ^ page >> 8 ^ value(address));
    }
};

}  // namespace kho
