// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/make_contents.h"

#include <filesystem>

#include "fdt/abi/memfd.h"
#include "fdt/base/internal/text.h"

namespace kho::tool {
namespace {

std::vector<std::byte> to_bytes(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

// Two digits a byte; blanks between bytes are allowed.
std::vector<std::byte> read_hex(const JsonValue &value) {
    const std::string text = value.text("");
    std::vector<std::byte> bytes;
    int half = -1;
    for (const char c : text) {
        if (c == ' ' && half < 0)
            continue;
        const std::size_t digit = std::string_view("0123456789abcdef0123456789ABCDEF").find(c);
        if (digit == std::string_view::npos) {
            value.fault("expected hexadecimal digits, two for each byte, seen " + in_quotes(text));
            return {};
        }
        const int nibble = static_cast<int>(digit % 16);
        if (half < 0) {
            half = nibble;
            continue;
        }
        bytes.push_back(static_cast<std::byte>(half << 4 | nibble));
        half = -1;
    }
    if (half >= 0)
        value.fault("an odd number of hexadecimal digits");
    return bytes;
}

void read_host_file(const JsonValue &value, const std::string &folder, ContentPiece &piece) {
    value.expect_members({"file", "file_offset", "size", "offset"});
    const JsonValue name = value.member("file");
    const std::filesystem::path path = std::filesystem::path(folder) / name.text("");
    auto opened = HostFile::open(path.string());
    if (!opened)
        return name.fault(opened.error().what);
    piece.kind = ContentPiece::Kind::host_file;
    piece.host_file = std::move(opened).value();
    const std::uint64_t size = piece.host_file->size();
    piece.host_offset = value.member("file_offset").number(0);
    const std::uint64_t rest = size - std::min(size, piece.host_offset);
    piece.size = value.member("size").number(rest);
    if (piece.host_offset > size || piece.size > rest)
        value.fault(std::to_string(piece.size) + " bytes from " + std::to_string(piece.host_offset) +
                    " on, but " + in_quotes(path.string()) + " has " + std::to_string(size));
}

ContentPiece read_piece(const JsonValue &value, const std::string &folder) {
    ContentPiece piece;
    if (const JsonValue text = value.member("text"); text.exists()) {
        value.expect_members({"text", "offset"});
        piece.kind = ContentPiece::Kind::bytes;
        piece.bytes = to_bytes(text.text(""));
        piece.size = piece.bytes.size();
    } else if (const JsonValue hex = value.member("hex"); hex.exists()) {
        value.expect_members({"hex", "offset"});
        piece.kind = ContentPiece::Kind::bytes;
        piece.bytes = read_hex(hex);
        piece.size = piece.bytes.size();
    } else if (value.member("file").exists()) {
        read_host_file(value, folder, piece);
    } else if (const JsonValue seed = value.member("pattern"); seed.exists()) {
        value.expect_members({"pattern", "size", "offset"});
        piece.kind = ContentPiece::Kind::pattern;
        piece.seed = seed.number(0);
        piece.size = value.required("size").number(0);
    } else if (const JsonValue zeros = value.member("zeros"); zeros.exists()) {
        value.expect_members({"zeros", "offset"});
        piece.size = zeros.number(0);
    } else if (const JsonValue hole = value.member("hole"); hole.exists()) {
        value.expect_members({"hole", "offset"});
        piece.kind = ContentPiece::Kind::hole;
        piece.size = hole.number(0);
    } else {
        value.fault("expected one of \"text\", \"hex\", \"file\", \"pattern\", \"zeros\", \"hole\"");
    }
    return piece;
}

}  // namespace

Content read_contents(const JsonValue &value, const std::string &folder) {
    Content content;
    for (const JsonValue &entry : value.elements()) {
        ContentPiece piece = read_piece(entry, folder);
        const std::uint64_t end = content.end(), size = piece.size;
        piece.offset = entry.member("offset").number(end);
        const std::uint64_t offset = piece.offset;
        if (!content.append(std::move(piece)))
            entry.fault(offset < end ? "begins at " + std::to_string(offset) + ", before " +
                                           std::to_string(end) + ", the end of the piece before it"
                                     : std::to_string(size) + " bytes at " + std::to_string(offset) +
                                           " end behind 2^63 - 1");
    }
    return content;
}

}  // namespace kho::tool
