// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/content_diff.h"

#include <algorithm>
#include <cstring>

namespace kho {
namespace {

constexpr std::uint64_t piece_size = std::uint64_t{256} << 10;

// Walks one side's extents as the offset grows.
class Cursor {
public:
    explicit Cursor(const ContentSide &content) : content_(content) {}

    // How far from `offset` on things stay as they are there: data, or a hole.
    std::uint64_t stretch(std::uint64_t offset, std::uint64_t end) {
        while (next_ < content_.extents.size() && extent().offset + extent().size <= offset) next_++;
        data_ = next_ < content_.extents.size() && extent().offset <= offset;
        if (data_)
            return std::min(end, extent().offset + extent().size) - offset;
        return (next_ < content_.extents.size() ? std::min(end, extent().offset) : end) - offset;
    }
    bool data() const { return data_; }

    // The `count` bytes at `offset`, which stretch() said to be alike.
    Result<const std::byte *> bytes(std::uint64_t offset, std::size_t count) {
        if (!data_) {
            static constexpr std::byte zeroes[piece_size] = {};
            return zeroes;
        }
        if (buffer_.empty())
            buffer_.resize(piece_size);
        const PhysAddr from = extent().address + (offset - extent().offset);
        if (Outcome outcome = content_.memory.read(from, std::span(buffer_).first(count)); !outcome)
            return outcome.error();
        return buffer_.data();
    }

private:
    const FileExtent &extent() const { return content_.extents[next_]; }

    const ContentSide &content_;
    std::vector<std::byte> buffer_;
    std::size_t next_ = 0;
    bool data_ = false;
};

class Notes {
public:
    Notes(ContentDifference &difference, std::size_t max_ranges)
        : difference_(difference), max_ranges_(max_ranges) {}

    // Bytes that memcmp found to differ somewhere.
    void add(std::uint64_t offset, const std::byte *a, const std::byte *b, std::size_t count) {
        std::size_t i = 0;
        while (i < count) {
            if (count - i >= sizeof(std::uint64_t)) {
                std::uint64_t left, right;
                std::memcpy(&left, a + i, sizeof left);
                std::memcpy(&right, b + i, sizeof right);
                if (left == right) {
                    i += sizeof left;
                    continue;
                }
            }
            const std::size_t end = std::min(count, i + sizeof(std::uint64_t));
            for (; i < end; i++)
                if (a[i] != b[i])
                    byte(offset + i);
        }
    }

private:
    void byte(std::uint64_t offset) {
        if (difference_.bytes++ == 0)
            difference_.first = offset;
        if (difference_.range_count == 0 || offset - end_ >= diff_gap) {
            difference_.range_count++;
            if (difference_.ranges.size() < max_ranges_)
                difference_.ranges.push_back({offset, 0});
        }
        end_ = offset + 1;
        if (difference_.range_count == difference_.ranges.size())
            difference_.ranges.back().size = end_ - difference_.ranges.back().offset;
    }

    ContentDifference &difference_;
    std::size_t max_ranges_;
    std::uint64_t end_ = 0;  // of the last stretch
};

}  // namespace

Result<ContentDifference, ContentError> compare_content(const ContentSide &a, const ContentSide &b,
                                                        std::uint64_t size, std::size_t max_ranges) {
    ContentDifference difference{.compared = size};
    Notes notes(difference, max_ranges);
    Cursor left(a), right(b);
    for (std::uint64_t offset = 0; offset < size;) {
        std::uint64_t step = std::min(left.stretch(offset, size), right.stretch(offset, size));
        if (left.data() || right.data()) {
            step = std::min(step, piece_size);
            const auto count = static_cast<std::size_t>(step);
            const auto left_bytes = left.bytes(offset, count);
            if (!left_bytes)
                return ContentError{.second = false, .error = left_bytes.error()};
            const auto right_bytes = right.bytes(offset, count);
            if (!right_bytes)
                return ContentError{.second = true, .error = right_bytes.error()};
            if (std::memcmp(left_bytes.value(), right_bytes.value(), count) != 0)
                notes.add(offset, left_bytes.value(), right_bytes.value(), count);
        }
        offset += step;
    }
    return difference;
}

}  // namespace kho
