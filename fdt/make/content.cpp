// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/make/content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fdt/abi/memfd.h"
#include "fdt/file/internal/atomic_file.h"

namespace kho {

Result<std::shared_ptr<const HostFile>> HostFile::open(const std::string &path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return io_error(errno, path);
    struct stat status {};
    int cause = 0;
    if (::fstat(descriptor, &status) != 0)
        cause = errno;
    else if (!S_ISREG(status.st_mode))
        cause = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    if (cause != 0) {
        ::close(descriptor);
        return io_error(cause, path);
    }
    return std::shared_ptr<const HostFile>(
        new HostFile(path, descriptor, static_cast<std::uint64_t>(status.st_size)));
}

HostFile::~HostFile() { ::close(descriptor_); }

Outcome HostFile::read(std::uint64_t offset, std::span<std::byte> out) const {
    while (!out.empty()) {
        const ssize_t count = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return io_error(errno, path_);
        if (count == 0)
            return Error{.code = Errc::io, .address = offset, .what = path_ + ": ends before it should"};
        out = out.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return success();
}

void fill_pattern(std::uint64_t seed, std::uint64_t offset, std::span<std::byte> out) {
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;
    const auto word_at = [seed](std::uint64_t index) {
        std::uint64_t z = seed + (index + 1) * golden;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    };
    while (!out.empty()) {
        const std::uint64_t word = word_at(offset / sizeof(std::uint64_t));
        const std::size_t skip = offset % sizeof word;
        const std::size_t here = std::min(out.size(), sizeof word - skip);
        for (std::size_t i = 0; i < here; i++) out[i] = static_cast<std::byte>(word >> (8 * (skip + i)));
        out = out.subspan(here);
        offset += here;
    }
}

bool Content::append(ContentPiece piece) {
    if (piece.offset < end() ||
        piece.size > abi::memfd_max_size - std::min(piece.offset, abi::memfd_max_size))
        return false;
    if (piece.size > 0)
        pieces_.push_back(std::move(piece));
    return true;
}

std::uint64_t Content::end() const {
    return pieces_.empty() ? 0 : pieces_.back().offset + pieces_.back().size;
}

Outcome Content::read(std::uint64_t offset, std::span<std::byte> out) const {
    std::ranges::fill(out, std::byte{0});
    auto piece = std::ranges::partition_point(
        pieces_, [offset](const ContentPiece &p) { return p.offset + p.size <= offset; });
    for (; piece != pieces_.end() && piece->offset < offset + out.size(); ++piece) {
        const std::uint64_t from = std::max(piece->offset, offset);
        const std::uint64_t skip = from - piece->offset;
        const std::uint64_t to = std::min(piece->offset + piece->size, offset + out.size());
        const std::span<std::byte> here = out.subspan(from - offset, to - from);
        switch (piece->kind) {
            case ContentPiece::Kind::bytes:
                std::memcpy(here.data(), piece->bytes.data() + skip, here.size());
                break;
            case ContentPiece::Kind::host_file:
                if (Outcome outcome = piece->host_file->read(piece->host_offset + skip, here); !outcome)
                    return outcome;
                break;
            case ContentPiece::Kind::pattern:
                fill_pattern(piece->seed, skip, here);
                break;
            case ContentPiece::Kind::zeros:
            case ContentPiece::Kind::hole:
                break;
        }
    }
    return success();
}

std::vector<FileRange> Content::stored_pages(std::uint64_t size) const {
    std::vector<FileRange> stored;
    std::uint64_t done = 0;
    const std::uint64_t end = align_up(size, page_size);
    const auto store_until = [&](std::uint64_t until) {
        if (until > done)
            stored.push_back({done, until - done});
    };
    for (const ContentPiece &piece : pieces_) {
        if (piece.kind != ContentPiece::Kind::hole)
            continue;
        const std::uint64_t hole_start = align_up(piece.offset, page_size);
        std::uint64_t hole_end = piece.offset + piece.size;
        hole_end = hole_end >= size ? end : align_down(hole_end, page_size);
        if (hole_start >= hole_end)
            continue;
        store_until(hole_start);
        done = hole_end;
    }
    store_until(end);
    return stored;
}

}  // namespace kho
