// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/file/internal/flat_file.h"

#include <endian.h>

#include <algorithm>
#include <map>
#include <utility>

#include "fdt/abi/kdump.h"
#include "fdt/base/internal/text.h"

namespace kho {
namespace {

Error flat_error(std::uint64_t offset, std::string what) {
    return {.code = Errc::dump_format, .address = offset, .what = std::move(what)};
}

}  // namespace

bool FlatFile::is_flattened(Bytes file) {
    const std::optional<Bytes> start = slice(file, 0, sizeof abi::flat_signature);
    return start && std::ranges::equal(*start, std::as_bytes(std::span(abi::flat_signature)));
}

Result<FlatFile> FlatFile::open(Bytes file) {
    FlatFile flat;
    flat.file_ = file;
    flat.size_ = file.size();
    if (!is_flattened(file))
        return flat;
    flat.flattened_ = true;
    flat.size_ = 0;
    const auto header = kho::field<abi::flat_header>(file, 0);
    if (!header || be64toh(header->type) != abi::flat_type || be64toh(header->version) != abi::flat_version)
        return flat_error(offsetof(abi::flat_header, type),
                          "flattened in a way that is not known, expected type 1 version 1");

    std::uint64_t at = abi::flat_header_size;
    bool sorted = true;
    while (true) {
        const auto record = kho::field<abi::flat_record>(file, at);
        if (!record) {
            flat.truncated_ = true;
            break;
        }
        const Piece piece{be64toh(record->offset), be64toh(record->size), at + sizeof *record};
        if (piece.offset == abi::flat_end && piece.size == abi::flat_end)
            break;
        if (piece.offset > abi::flat_end / 2 || piece.size > abi::flat_end / 2)
            return flat_error(at, "a record of " + hex(piece.size) + " bytes for " + hex(piece.offset));
        if (!slice(file, piece.at, piece.size)) {
            flat.truncated_ = true;
            break;
        }
        at = piece.at + piece.size;
        if (piece.size == 0)
            continue;
        sorted = sorted && (flat.pieces_.empty() || flat.pieces_.back().end() <= piece.offset);
        flat.pieces_.push_back(piece);
    }
    if (!sorted) {
        std::vector<Piece> written = flat.pieces_;
        std::ranges::sort(flat.pieces_, {}, &Piece::offset);
        const auto overlap = std::ranges::adjacent_find(
            flat.pieces_, [](const Piece &a, const Piece &b) { return b.offset < a.end(); });
        if (overlap != flat.pieces_.end())
            flat.pieces_ = without_overwritten(written);
    }
    if (!flat.pieces_.empty())
        flat.size_ = flat.pieces_.back().end();
    return flat;
}

// The last one to write a byte wins.
std::vector<FlatFile::Piece> FlatFile::without_overwritten(const std::vector<Piece> &written) {
    std::map<std::uint64_t, Piece> kept;
    for (const Piece &piece : written) {
        auto next = kept.lower_bound(piece.offset);
        if (next != kept.begin()) {
            Piece &before = std::prev(next)->second;
            if (before.end() > piece.end()) {
                const std::uint64_t skip = piece.end() - before.offset;
                next = kept.emplace_hint(next, piece.end(),
                                         Piece{piece.end(), before.size - skip, before.at + skip});
            }
            before.size = std::min(before.size, piece.offset - before.offset);
        }
        while (next != kept.end() && next->first < piece.end()) {
            const Piece old = next->second;
            next = kept.erase(next);
            if (old.end() > piece.end()) {
                const std::uint64_t skip = piece.end() - old.offset;
                next =
                    kept.emplace_hint(next, piece.end(), Piece{piece.end(), old.size - skip, old.at + skip});
                break;
            }
        }
        kept.emplace_hint(next, piece.offset, piece);
    }
    std::vector<Piece> pieces;
    pieces.reserve(kept.size());
    for (const auto &[offset, piece] : kept) pieces.push_back(piece);
    return pieces;
}

bool FlatFile::read(std::uint64_t offset, std::span<std::byte> out) const {
    if (offset > size_ || out.size() > size_ - offset)
        return false;
    if (!flattened_) {
        std::ranges::copy(file_.subspan(offset, out.size()), out.begin());
        return true;
    }
    auto piece =
        std::ranges::partition_point(pieces_, [offset](const Piece &p) { return p.end() <= offset; });
    while (!out.empty()) {
        // The last piece ends where the file does: there is one.
        const bool inside = piece->offset <= offset;
        const std::uint64_t here =
            std::min<std::uint64_t>(out.size(), inside ? piece->end() - offset : piece->offset - offset);
        if (inside)
            std::ranges::copy(file_.subspan(piece->at + (offset - piece->offset), here), out.begin());
        else
            std::ranges::fill(out.first(here), std::byte{0});
        out = out.subspan(here);
        offset += here;
        if (inside)
            ++piece;
    }
    return true;
}

}  // namespace kho
