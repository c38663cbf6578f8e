// SPDX-License-Identifier: GPL-2.0-or-later
// What a codec is: one way to write a part of a handover, read and written. A codec is an object without state; the rows of
// fdt/model/format.h name them. Which one a release uses stands in fdt/formats/releases.cpp, and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/codec/internal/count_bits.h"
#include "fdt/codec/internal/map_runs.h"
#include "fdt/codec/internal/structure.h"
#include "fdt/codec/metadata_pages.h"
#include "fdt/model/handover.h"

namespace kho {

class ReadContext;

// A leaf of the radix tree, or a bitmap of the chunk list: bit b says that the block first + b is preserved,
// counted in blocks of that order from address 0. False: enough.
using MapWords = PageWords;
using TakeBits = std::function<bool(unsigned order, std::uint64_t first, MapWords words)>;

// The map of preserved memory.
class MapCodec {
public:
    virtual ~MapCodec() = default;
    virtual std::string_view name() const = 0;  // "radix tree"
    virtual std::span<const Structure> structures() const = 0;

    // Every sound leaf or bitmap once, and the uses of the map's own pages. False if something was wrong with the
    // map, or take() had enough.
    virtual bool walk(ReadContext &context, PhysAddr map, const TakeBits &take) const = 0;

    // `runs` are those of runs_of().
    virtual std::uint64_t pages(std::span<const BlockRun> runs) const = 0;
    // Consecutive pages from `at`, where the map begins; `out` has as many.
    virtual void write(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out) const = 0;
};

// The root of LUO: what the subtree LUO leads to.
class LuoRootCodec {
public:
    virtual ~LuoRootCodec() = default;
    virtual std::string_view name() const = 0;  // "FDT"
    virtual std::span<const Structure> structures() const = 0;
    // Beside LuoFormat::compatible. `flbs`: with a place for FLBs.
    virtual std::vector<FormatMark> marks(bool flbs) const = 0;

    // Whether a blob that begins so is such a root, in this version or another.
    virtual bool recognizes(std::span<const std::byte> blob) const = 0;
    virtual std::uint64_t least_size() const = 0;  // bytes

    // Fills in luo.liveupdate_number, .session_header, .flb_header, .flbs (without entries), and .format with `format` if the
    // root is of it. `insists_on_flbs`: a root without a place for FLBs is malformed. False: where the sessions are is not known.
    virtual bool read(ReadContext &context, std::vector<std::byte> blob, const LuoFormat &format,
                      bool insists_on_flbs, Luo &luo) const = 0;
    // The size of the root, which is put at the start of `page`. `flbs`: with a place for FLBs. Errors: fdt_full.
    virtual Result<std::uint64_t> write(const Luo &luo, bool flbs,
                                        const MetadataPages::Block &page) const = 0;
};

// Entries are written once each, in order.
class EntryWriter {
public:
    virtual ~EntryWriter() = default;
    // Of what was written; 0 if there is nothing. Valid when all entries are there.
    virtual PhysAddr address() const = 0;
    // Errors: no_room.
    virtual Outcome add(std::span<const std::byte> entry) = 0;
};

// How sessions and their files are stored.
class EntryCodec {
public:
    virtual ~EntryCodec() = default;
    virtual std::string_view name() const = 0;  // "linked blocks"
    virtual std::span<const Structure> structures() const = 0;
    virtual std::uint64_t max_sessions() const = 0;
    virtual std::uint64_t max_files() const = 0;  // in a session

    // All sessions with their files, without what the files' handlers know.
    virtual void read(ReadContext &context, PhysAddr header, std::vector<LuoSession> &sessions) const = 0;

    // Takes abi::luo_session_ser. Errors: no_room.
    virtual Result<std::unique_ptr<EntryWriter>> write_sessions(MetadataPages &pages) const = 0;
    // Takes abi::luo_file_ser, of one session.
    virtual std::unique_ptr<EntryWriter> write_files(MetadataPages &pages) const = 0;
};

}  // namespace kho
