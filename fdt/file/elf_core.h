// SPDX-License-Identifier: GPL-2.0-or-later
// Recordings: a handover as an ELF64 core file. One PT_LOAD for each run of preserved memory, addressed
// by p_paddr, and notes that say where the handover begins.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/file/memory_map.h"
#include "fdt/file/segment_memory.h"

namespace kho {

// Notes have the owner name "KHO". Tools like readelf take small types in a core file for register sets
// whatever the owner is, so ours begin where nothing else is.
inline constexpr char core_note_owner[] = "KHO";
inline constexpr std::uint32_t core_note_kho_data = 0x4b480001;  // abi::kho_data
inline constexpr std::uint32_t core_note_memory_map =
    0x4b480002;  // CoreMemoryRange array: the guest's memory map
inline constexpr std::uint32_t core_note_release = 0x4b480003;  // string without NUL, such as 6.19

struct CoreHeader {
    abi::kho_data data{};
    std::vector<CoreMemoryRange> memory_map;
    std::string release;
};

// Hands the bytes of `range` to `sink` in ascending order, in pieces of any size. An error from the sink is
// passed on.
using CoreSource =
    std::function<Outcome(Range range, const std::function<Outcome(std::span<const std::byte>)> &sink)>;

// Writes `path` whole or not at all: into a temporary file beside it, then renamed over it. Returns the
// file's size in bytes. Errors: io with errno's text and the path, outside_memory if the source gives too
// little, or the source's own; the temporary file is gone then.
Result<std::uint64_t> write_core(const std::string &path, const CoreHeader &header, const RangeSet &memory,
                                 const CoreSource &source);

// Writes `ranges` of memory as a recording. Errors: those of write_core() and of the memory.
Result<std::uint64_t> write_recording(const std::string &path, const CoreHeader &header,
                                      const RangeSet &ranges, const Memory &memory);

// A recording opened for reading: mapped, not read, so the file must not be shortened meanwhile (write_core
// does not: it puts a new file in its place). A recording without the kho_data note is refused; the other
// notes may be missing.
class ElfCore final : public ImageMemory {
public:
    static Result<ElfCore> open(const std::string &path);  // errors: io, core_format
    static Result<ElfCore> open(MappedFile file);

    const CoreHeader &header() const { return header_; }
    const RangeSet &memory() const { return memory_.ranges(); }
    const RangeSet &ranges() const override { return memory_.ranges(); }
    RangeSet resident() const override { return memory_.resident(); }
    Outcome read(PhysAddr from, std::span<std::byte> out) const override { return memory_.read(from, out); }

private:
    ElfCore(CoreHeader header, SegmentMemory memory)
        : header_(std::move(header)), memory_(std::move(memory)) {}

    CoreHeader header_;
    SegmentMemory memory_;
};

}  // namespace kho
