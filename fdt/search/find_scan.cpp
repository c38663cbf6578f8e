// SPDX-License-Identifier: GPL-2.0-or-later
// Memory is copied out in windows that fit the cache, and a page at a time is compared by a loop without
// branches, which compilers turn into vector instructions. Only pages with a hit are looked at again.
#include "fdt/search/internal/find_scan.h"

#include <algorithm>
#include <cstring>

#include "fdt/abi/x86_boot.h"
#include "fdt/file/internal/blob.h"

namespace kho {
namespace {

constexpr std::uint64_t word_size = sizeof(std::uint32_t);
constexpr std::uint64_t window_size = 64 * page_size;
constexpr std::uint32_t kho_data_size = 32;
// "HdrS" is two bytes off the word grid, since boot_params are on it.
static_assert(abi::boot_params::header_magic % word_size == 2);
constexpr std::uint32_t magic_low = abi::header_magic_hdrs & 0xffff;
constexpr std::uint32_t magic_high = abi::header_magic_hdrs >> 16;

// Both look at a word and the one behind it.
bool is_setup_data(std::uint32_t type, std::uint32_t length) {
    return static_cast<bool>(static_cast<unsigned>(type == abi::setup_kexec_kho) &
                             static_cast<unsigned>(length == kho_data_size));
}
bool is_boot_magic(std::uint32_t word, std::uint32_t next) {
    return static_cast<bool>(static_cast<unsigned>(word >> 16 == magic_low) &
                             static_cast<unsigned>((next & 0xffff) == magic_high));
}

// `words` has one more than `count`.
bool any_hit(const std::uint32_t *words, std::uint64_t count) {
    std::uint32_t hits = 0;
    for (std::uint64_t i = 0; i < count; i++) {
        const std::uint32_t word = words[i], next = words[i + 1];
        hits |= static_cast<std::uint32_t>(word == abi::setup_kexec_kho) &
                static_cast<std::uint32_t>(next == kho_data_size);
        hits |= static_cast<std::uint32_t>(word >> 16 == magic_low) &
                static_cast<std::uint32_t>((next & 0xffff) == magic_high);
    }
    return hits != 0;
}

class Scanner {
public:
    Scanner(const ImageMemory &memory, const std::function<bool(Hit, PhysAddr)> &hit)
        : memory_(memory), hit_(hit), words_(window_size / word_size + 1) {}

    ScanResult run();

private:
    // A window: `size` is a multiple of four bytes. False once the search is to end.
    bool look(PhysAddr start, std::uint64_t size);
    bool look_at_page(PhysAddr start, std::uint64_t first, std::uint64_t count);
    bool tell(Hit hit, PhysAddr at) {
        result_.stopped = !hit_(hit, at);
        return !result_.stopped;
    }

    const ImageMemory &memory_;
    const std::function<bool(Hit, PhysAddr)> &hit_;
    std::vector<std::uint32_t> words_;
    ScanResult result_;
};

bool Scanner::look_at_page(PhysAddr start, std::uint64_t first, std::uint64_t count) {
    const std::uint32_t *words = words_.data() + first;
    if (is_page_aligned(start) && looks_like_blob(std::as_bytes(std::span(words, count))) &&
        !tell(Hit::page_start, start))
        return false;
    if (!any_hit(words, count))
        return true;
    for (std::uint64_t i = 0; i < count; i++) {
        const PhysAddr at = start + i * word_size;
        constexpr std::uint64_t type_offset = offsetof(abi::setup_data_header, type);
        if (is_setup_data(words[i], words[i + 1]) && value(at) >= type_offset &&
            !tell(Hit::setup_data, at - type_offset))
            return false;
        constexpr std::uint64_t magic_word = abi::boot_params::header_magic - 2;
        constexpr std::uint64_t boot_params_alignment = 16;
        if (is_boot_magic(words[i], words[i + 1]) && value(at) >= magic_word &&
            is_aligned(value(at) - magic_word, boot_params_alignment) &&
            !tell(Hit::boot_params, at - magic_word))
            return false;
    }
    return true;
}

bool Scanner::look(PhysAddr start, std::uint64_t size) {
    const auto bytes = std::as_writable_bytes(std::span(words_));
    if (!memory_.read(start, bytes.first(size))) {
        if (size <= page_size) {
            result_.unreadable += size;
            return true;
        }
        // Whatever of it can be had.
        for (std::uint64_t done = 0; done < size;) {
            const std::uint64_t here = std::min(page_size - (value(start) + done) % page_size, size - done);
            if (!look(start + done, here))
                return false;
            done += here;
        }
        return true;
    }
    // The word behind it may not exist.
    const std::uint64_t count = size / word_size;
    words_[count] = 0;
    (void)memory_.read(start + size, std::as_writable_bytes(std::span(words_).subspan(count, 1))).ok();
    result_.bytes += size;
    for (std::uint64_t done = 0; done < size;) {
        const std::uint64_t here = std::min(page_size - (value(start) + done) % page_size, size - done);
        if (!look_at_page(start + done, done / word_size, here / word_size))
            return false;
        done += here;
    }
    return true;
}

ScanResult Scanner::run() {
    const RangeSet resident = memory_.resident();
    for (const Range &range : resident.ranges()) {
        // Onto the grid; what is cut off is less than a word.
        const std::uint64_t first = align_up(value(range.start), word_size);
        const std::uint64_t end = align_down(value(range.end()), word_size);
        for (std::uint64_t at = first; at < end && first >= value(range.start);) {
            const std::uint64_t size = std::min(window_size - at % page_size, end - at);
            if (!look(PhysAddr{at}, size))
                return result_;
            at += size;
        }
    }
    return result_;
}

}  // namespace

ScanResult scan(const ImageMemory &memory, const std::function<bool(Hit, PhysAddr)> &hit) {
    return Scanner(memory, hit).run();
}

}  // namespace kho
