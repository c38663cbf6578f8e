// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest wrote down of what it hands over, so that the receiving kernel knows what must be there. Text, a
// line each, in the memory file `manifest_token` of the session `manifest_session`, and the same on the
// console:
//
//   kho-manifest 1
//   release 7.3.4                                  uname -r of the kernel that handed over
//   scenario mixed
//   session files=2 name=odd sizes                 its files follow; the name goes on to the end of the line
//   file token=0x1 size=4095 pos=1365 seed=0x1d2c layout=full seals=0x1
//   file token=0x2 size=0 pos=0 seed=0x77 layout=full
//   reserved start=0x1f000000 size=0x100000 seed=0x5 name=example      of reserve_mem=
//   end sessions=1 files=2 bytes=4095
//
// Numbers are decimal or 0x, keys in any order but the name, which comes last. The session of the manifest
// itself is not listed. `seals` is missing where the format of that kernel does not carry them, the `seed` of
// reserved memory where user space could not reach it. The contents follow from `seed` and `layout`, see
// pattern.h.
//
// Freestanding, no allocation: the payload reads it too. Text from a handover is hostile: every line is
// checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace agent {

inline constexpr std::string_view manifest_magic = "kho-manifest 1";
inline constexpr const char *manifest_session = "kho-agent manifest";
inline constexpr std::uint64_t manifest_token = 0x6d616e6966657374;

// Which pages of a file are no hole. Holes read as zero.
enum class Layout : std::uint8_t {
    full,
    holes,      // of each 24 pages the second 8 only
    only_hole,  // none
};

struct ManifestLine {
    enum class Kind : std::uint8_t { release, scenario, session, file, reserved, end } kind;
    std::string_view text;               // a release, scenario, or name
    std::uint64_t sessions = 0;          // end
    std::uint64_t files = 0;             // session: in it; end: in all
    std::uint64_t bytes = 0;             // end: of all files, holes included
    std::uint64_t token = 0;             // file
    std::uint64_t size = 0;              // file, reserved; bytes
    std::uint64_t position = 0;          // file
    std::optional<std::uint64_t> seed;   // always of a file
    std::uint64_t start = 0;             // reserved; physical
    std::optional<std::uint64_t> seals;  // F_SEAL_*
    Layout layout = Layout::full;
};

class ManifestReader {
public:
    explicit ManifestReader(std::string_view text);

    // The next line; nothing after `end`, or at the first that cannot be understood.
    std::optional<ManifestLine> next();
    // Whether all was understood, `end` counts right and nothing comes behind it. Ask when there is no next
    // line.
    bool complete() const { return state_ == State::complete; }
    unsigned line() const { return line_; }  // from 1 on: of the last one read

private:
    enum class State : std::uint8_t { reading, complete, failed };

    std::optional<std::string_view> take();
    std::optional<ManifestLine> parse(std::string_view line) const;
    bool count(const ManifestLine &line);

    std::string_view rest_;
    State state_ = State::reading;
    unsigned line_ = 0;
    std::uint64_t sessions_ = 0, files_ = 0, bytes_ = 0, files_to_come_ = 0;
};

}  // namespace agent
