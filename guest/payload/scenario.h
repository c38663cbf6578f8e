// SPDX-License-Identifier: GPL-2.0-or-later
// Which sessions and files the payload preserves. Every life computes the same from the parameters and the
// size of RAM, so the next life knows what it must find without parameters.
#pragma once

#include <cstdint>
#include <string_view>

namespace guest {

enum class Layout : std::uint8_t {
    small,      // folios of orders 0 to 3
    pages,      // single pages, scattered
    mixed,      // at first each order once, ascending, then any, scattered
    large,      // the largest order that fits
    high,       // as mixed, from memory above 4 GiB
    holes,      // blocks of eight pages, two of three missing, the first and the last among them
    only_hole,  // no page at all
};

struct FileSpec {
    std::uint64_t token;
    std::uint64_t size;  // bytes
    std::uint64_t position;
    Layout layout;
    bool rewritten;  // again in every life; else as the first life wrote it
};

struct SessionSpec {
    char name[64];  // NUL-terminated
    unsigned files;
    unsigned kind;
    std::string_view name_view() const { return name; }
};

class Scenario {
public:
    constexpr Scenario() = default;

    // `big`: bytes of the large files together. `extra`: sessions beside the usual ones, of one small file
    // each, or of `extra_files` empty ones.
    Scenario(std::uint64_t big, unsigned extra, unsigned extra_files, bool high_memory)
        : big_(big), extra_(extra), extra_files_(extra_files), high_memory_(high_memory) {}

    unsigned sessions() const;
    SessionSpec session(unsigned i) const;
    // Memory above 4 GiB with which a file goes there: twice its size, and two of the largest folios, so that
    // it fits however the folios lie.
    static std::uint64_t high_memory_needed(std::uint64_t big);
    FileSpec file(const SessionSpec &session, unsigned i) const;
    unsigned files() const;

private:
    std::uint64_t big_ = 0;
    unsigned extra_ = 0;
    unsigned extra_files_ = 1;
    bool high_memory_ = false;
};

inline constexpr std::uint64_t hole_block_pages = 8;

// Whether the file has this page, or a hole there.
bool has_page(const FileSpec &file, std::uint64_t page);

// What the content of a file starts from: its session, its token, and the life that wrote it.
std::uint64_t content_seed(std::string_view session, const FileSpec &file, std::uint64_t life);

}  // namespace guest
