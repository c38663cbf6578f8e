// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/content.h"

#include <algorithm>

#include "guest/kho/hash_table.h"
#include "guest/kho/sizes.h"
#include "guest/kho/words.h"

namespace guest {

using kho::page_size;
using kho::PhysAddr;

namespace {

constexpr std::uint64_t step = 0x9e3779b97f4a7c15;

constexpr std::uint64_t word_at(std::uint64_t seed, std::uint64_t offset) { return seed + offset / 8 * step; }

// The word that holds the file's end: what is behind it is zero.
constexpr std::uint64_t last_word(std::uint64_t word, std::uint64_t bytes) {
    return word & ((std::uint64_t{1} << bytes * 8) - 1);
}

// The order of the folio at `page` of the file. Bounded by alignment, by the rest, and by holes.
unsigned choose_order(const FileSpec &spec, std::uint64_t page, std::uint64_t left) {
    const unsigned fits = 63 - static_cast<unsigned>(__builtin_clzll(left));
    const unsigned aligned = page == 0 ? kho::max_order : static_cast<unsigned>(__builtin_ctzll(page));
    unsigned wanted = 0;
    switch (spec.layout) {
        case Layout::pages:
            break;
        case Layout::small:
        case Layout::holes:
            wanted = static_cast<unsigned>(mix(page + spec.token) % 4);
            break;
        case Layout::large:
            wanted = kho::max_order;
            break;
        default:
            // A natural staircase: page 0, 1, 2-3, 4-7, 8-15, ...
            wanted = static_cast<unsigned>(mix(page ^ spec.token) % (kho::max_order + 1));
            if (page < 1024)
                wanted = page == 0 ? 0 : aligned;
            break;
    }
    return std::min({wanted, fits, aligned, kho::max_order});
}

bool is_scattered(Layout layout) { return layout == Layout::pages || layout == Layout::mixed; }

// Four words a round: the loop is bound by the emulated stores.
void fill(std::byte *bytes, std::uint64_t words, std::uint64_t v) {
    auto *to = reinterpret_cast<volatile std::uint64_t *>(bytes);
    std::uint64_t i = 0;
    for (; i + 4 <= words; i += 4, v += 4 * step) {
        to[i] = v;
        to[i + 1] = v + step;
        to[i + 2] = v + 2 * step;
        to[i + 3] = v + 3 * step;
    }
    for (; i < words; i++, v += step) to[i] = v;
}

// The index of the first of `words` words that is wrong, or `words`.
std::uint64_t first_wrong(const std::byte *bytes, std::uint64_t words, std::uint64_t v) {
    const auto *from = reinterpret_cast<const volatile std::uint64_t *>(bytes);
    std::uint64_t i = 0;
    for (; i + 4 <= words; i += 4, v += 4 * step) {
        const std::uint64_t wrong = (from[i] ^ v) | (from[i + 1] ^ (v + step)) |
                                    (from[i + 2] ^ (v + 2 * step)) | (from[i + 3] ^ (v + 3 * step));
        if (wrong != 0)
            break;
    }
    for (; i < words; i++, v += step)
        if (from[i] != v)
            return i;
    return words;
}

// Bytes of the folio that are before the file's end.
std::uint64_t inside(const FileFolio &folio, std::uint64_t size) {
    return std::min(folio.bytes(), size - std::min(size, folio.offset()));
}

void fill_folio(const Pages &pages, const FileFolio &folio, std::uint64_t size, std::uint64_t seed) {
    std::byte *bytes = pages.bytes(folio.at, folio.bytes());
    const std::uint64_t in = inside(folio, size), words = in / 8;
    fill(bytes, words, word_at(seed, folio.offset()));
    auto *to = reinterpret_cast<volatile std::uint64_t *>(bytes);
    std::uint64_t i = words;
    if (in % 8 != 0)
        to[i++] = last_word(word_at(seed, folio.offset() + words * 8), in % 8);
    for (; i < folio.bytes() / 8; i++) to[i] = 0;
}

std::optional<Mismatch> wrong_word(const FileFolio &folio, std::uint64_t word, std::uint64_t expected,
                                   std::uint64_t found) {
    return Mismatch{.what = Mismatch::What::content,
                    .offset = folio.offset() + word * 8,
                    .expected = expected,
                    .found = found,
                    .address = kho::value(folio.at) + word * 8};
}

std::optional<Mismatch> verify_folio(const Pages &pages, const FileFolio &folio, std::uint64_t size,
                                     std::uint64_t seed) {
    const std::byte *bytes = pages.bytes(folio.at, folio.bytes());
    const auto *from = reinterpret_cast<const volatile std::uint64_t *>(bytes);
    const std::uint64_t in = inside(folio, size), words = in / 8;
    std::uint64_t i = first_wrong(bytes, words, word_at(seed, folio.offset()));
    if (i < words)
        return wrong_word(folio, i, word_at(seed, folio.offset() + i * 8), from[i]);
    if (in % 8 != 0) {
        const std::uint64_t expected = last_word(word_at(seed, folio.offset() + i * 8), in % 8);
        if (from[i] != expected)
            return wrong_word(folio, i, expected, from[i]);
        i++;
    }
    for (; i < folio.bytes() / 8; i++)
        if (from[i] != 0)
            return wrong_word(folio, i, 0, from[i]);
    return std::nullopt;
}

// The first page of [from, to) that the file should have but for which there is no folio.
std::optional<Mismatch> missing_page(const FileSpec &spec, std::uint64_t from, std::uint64_t to,
                                     std::uint64_t seed) {
    for (std::uint64_t page = from; page < to; page++)
        if (has_page(spec, page))
            return Mismatch{.what = Mismatch::What::missing,
                            .offset = page * page_size,
                            .expected = word_at(seed, page * page_size)};
    return std::nullopt;
}

}  // namespace

Result<MemoryFile *> make_file(Pages &pages, MemoryFiles &files, const FileSpec &spec, std::uint64_t seed) {
    const Result<MemoryFile *> created = files.create(spec.size);
    if (!created)
        return created;
    MemoryFile &file = **created;
    file.position = spec.position;
    const std::uint64_t end = pages_of(spec.size);
    for (std::uint64_t page = 0; page < end;) {
        if (!has_page(spec, page)) {
            page++;
            continue;
        }
        std::uint64_t left = end - page;
        if (spec.layout == Layout::holes)
            left = std::min(left, hole_block_pages - page % hole_block_pages);
        const unsigned order = choose_order(spec, page, left);
        if (is_scattered(spec.layout))
            pages.skip(order, 1);
        const Zone zone = spec.layout == Layout::high ? Zone::high : Zone::any;
        const Result<PhysAddr> folio = pages.allocate(order, zone);
        Errno error = folio.error();
        if (folio) {
            error = files.add_folio(file, page, *folio, order);
            if (error != Errno::ok)
                static_cast<void>(pages.free(*folio));
        }
        if (error != Errno::ok) {
            put_file(file);
            return error;
        }
        page += std::uint64_t{1} << order;
    }
    fill_file(pages, file, spec, seed);
    return &file;
}

void fill_file(const Pages &pages, MemoryFile &file, const FileSpec &spec, std::uint64_t seed) {
    for (const FileFolio &folio : file.content()) fill_folio(pages, folio, spec.size, seed);
}

std::optional<Mismatch> verify_file(const Pages &pages, const MemoryFile &file, const FileSpec &spec,
                                    std::uint64_t seed) {
    if (file.size != spec.size)
        return Mismatch{.what = Mismatch::What::size, .expected = spec.size, .found = file.size};
    if (file.position != spec.position)
        return Mismatch{.what = Mismatch::What::position, .expected = spec.position, .found = file.position};
    std::uint64_t page = 0;
    for (const FileFolio &folio : file.content()) {
        if (const auto mismatch = missing_page(spec, page, folio.index, seed))
            return mismatch;
        page = folio.index + (std::uint64_t{1} << folio.order);
        for (std::uint64_t p = folio.index; p < page; p++)
            if (!has_page(spec, p))
                return Mismatch{.what = Mismatch::What::superfluous,
                                .offset = p * page_size,
                                .address = kho::value(folio.at)};
        if (const auto mismatch = verify_folio(pages, folio, spec.size, seed))
            return mismatch;
    }
    return missing_page(spec, page, pages_of(spec.size), seed);
}

std::uint64_t content_bytes(const MemoryFile &file) {
    std::uint64_t bytes = 0;
    for (const FileFolio &folio : file.content()) bytes += inside(folio, file.size);
    return bytes;
}

}  // namespace guest
