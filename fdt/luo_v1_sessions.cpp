// SPDX-License-Identifier: GPL-2.0-or-later
// The luo-session-v2 arrays: a header and its sessions, and for each session an array of files.
#include <algorithm>
#include <unordered_set>

#include "fdt/abi/luo.h"
#include "fdt/luo_v1.h"
#include "fdt/reader.h"
#include "fdt/text.h"

namespace kho {
namespace {

Error error_at(Errc code, std::uint64_t address, std::uint64_t index, std::string what) {
    return {.code = code, .address = address, .index = index, .what = std::move(what)};
}

// Nothing if the NUL is missing.
template <std::size_t N>
std::optional<std::string> terminated(const char (&text)[N]) {
    const char *end = std::find(std::begin(text), std::end(text), '\0');
    if (end == std::end(text))
        return std::nullopt;
    return std::string(std::begin(text), end);
}

// A copy of an array of `count` entries, all of them in preserved memory.
template <typename T>
Result<std::vector<T>> load_array(const Memory &memory, std::uint64_t address, std::uint64_t count,
                                  const RangeSet &preserved, const char *what) {
    const std::optional<Range> range = Range::checked(address, count * sizeof(T));
    if (!range || !preserved.contains(*range))
        return error_at(Errc::not_preserved, address, 0,
                        std::string(what) + " of " + std::to_string(count) + " entries");
    std::vector<T> array(count);
    if (Outcome outcome = memory.read(PhysAddr{address}, std::as_writable_bytes(std::span(array))); !outcome)
        return outcome.error();
    return array;
}

Result<std::vector<LuoFile>> read_files(const Memory &memory, std::uint64_t session_at,
                                        std::uint64_t session_index, const abi::luo_file_set_ser &set,
                                        const RangeSet &preserved) {
    if ((set.files == 0) != (set.count == 0))
        return error_at(Errc::file_set, session_at, session_index,
                        "files at " + hex(set.files) + " with a count of " + std::to_string(set.count));
    if (set.count > abi::max_files_per_set)
        return error_at(Errc::file_count, session_at, session_index,
                        std::to_string(set.count) + " files, expected at most 128");
    if (!is_aligned(set.files, alignof(abi::luo_file_ser)))
        return error_at(Errc::file_set, session_at, session_index,
                        "files at " + hex(set.files) + ", not aligned");
    std::vector<LuoFile> files;
    if (set.count == 0)
        return files;
    const Result<std::vector<abi::luo_file_ser>> array =
        load_array<abi::luo_file_ser>(memory, set.files, set.count, preserved, "file array");
    if (!array)
        return array.error();

    std::unordered_set<std::uint64_t> tokens;
    for (std::size_t i = 0; i < set.count; i++) {
        const abi::luo_file_ser &file = array.value()[i];
        const std::uint64_t at = set.files + i * sizeof file;
        std::optional<std::string> compatible = terminated(file.compatible);
        if (!compatible || compatible->empty())
            return error_at(Errc::file_compatible, at, i, "compatible is empty or has no end");
        if (!tokens.insert(file.token).second)
            return error_at(Errc::file_token, at, i, "token " + hex(file.token) + " is there twice");
        files.push_back({.compatible = std::move(*compatible), .data = file.data, .token = file.token});
    }
    return files;
}

}  // namespace

Result<std::vector<LuoSession>> read_luo_sessions(const Memory &memory, PhysAddr session_header,
                                                  const RangeSet &preserved) {
    const std::uint64_t header_at = value(session_header);
    constexpr std::uint64_t header_size = sizeof(abi::luo_session_header_ser);
    const std::optional<Range> header_range = Range::checked(header_at, header_size);
    if (header_at == 0 || !is_aligned(header_at, alignof(abi::luo_session_header_ser)) || !header_range ||
        !preserved.contains(*header_range))
        return error_at(Errc::not_preserved, header_at, 0, "session header at " + hex(header_at));
    const Result<abi::luo_session_header_ser> header =
        memory.load<abi::luo_session_header_ser>(session_header);
    if (!header)
        return header.error();
    const std::uint64_t count = header.value().count;
    if (count > abi::max_sessions)
        return error_at(Errc::session_count, header_at, 0,
                        std::to_string(count) + " sessions, expected at most 819");
    const Result<std::vector<abi::luo_session_ser>> array =
        load_array<abi::luo_session_ser>(memory, header_at + header_size, count, preserved, "session array");
    if (!array)
        return array.error();

    std::vector<LuoSession> sessions;
    std::unordered_set<std::string> names;
    for (std::size_t i = 0; i < count; i++) {
        const abi::luo_session_ser &session = array.value()[i];
        const std::uint64_t at = header_at + header_size + i * sizeof session;
        std::optional<std::string> name = terminated(session.name);
        if (!name || name->empty())
            return error_at(Errc::session_name, at, i, "name is empty or has no end");
        if (!names.insert(*name).second)
            return error_at(Errc::session_name, at, i, "name " + in_quotes(*name) + " is there twice");
        Result<std::vector<LuoFile>> files = read_files(memory, at, i, session.file_set, preserved);
        if (!files)
            return files.error();
        sessions.push_back({.name = std::move(*name), .files = std::move(files).value()});
    }
    return sessions;
}

}  // namespace kho
