// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/agent_memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "guest/linux/agent_text.h"
#include "guest/manifest/pattern.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace agent {

namespace {

constexpr std::size_t piece = 32 << 10;  // whole pages

bool write_all(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n <= 0)
            return false;
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return true;
}

// All of `to`, or as much as there is.
ssize_t read_all(int fd, std::span<std::byte> to, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < to.size()) {
        const ssize_t n = pread(fd, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += static_cast<std::size_t>(n);
    }
    return static_cast<ssize_t>(done);
}

bool fill(int fd, const ManifestFile &spec) {
    static std::byte buffer[piece];
    for (std::uint64_t at = 0; at < spec.size; at += content_page) {
        if (!has_page(spec.layout, at / content_page))
            continue;
        std::uint64_t end = at;
        while (end < spec.size && end - at < piece && has_page(spec.layout, end / content_page))
            end += content_page;
        const std::span bytes(buffer, static_cast<std::size_t>(std::min(end, spec.size) - at));
        make_content(bytes, spec.seed, spec.layout, at);
        if (!write_all(fd, bytes, at))
            return false;
        at = end - content_page;
    }
    return true;
}

std::string content_difference(int fd, const ManifestFile &spec) {
    static std::byte found[piece], expected[piece];
    for (std::uint64_t at = 0; at < spec.size; at += piece) {
        const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(piece, spec.size - at));
        const ssize_t n = read_all(fd, std::span(found, bytes), at);
        if (n < 0)
            return text("pread at 0x%llx: %s", ull(at), strerrorname_np(errno));
        if (static_cast<std::size_t>(n) != bytes)
            return text("offset 0x%llx: ends there", ull(at + static_cast<std::uint64_t>(n)));
        make_content(std::span(expected, bytes), spec.seed, spec.layout, at);
        if (std::memcmp(found, expected, bytes) == 0)
            continue;
        const auto wrong =
            static_cast<std::size_t>(std::mismatch(found, found + bytes, expected).first - found);
        return text("offset 0x%llx: expected 0x%02x found 0x%02x", ull(at + wrong),
                    static_cast<unsigned>(expected[wrong]), static_cast<unsigned>(found[wrong]));
    }
    return {};
}

Descriptor failed(const char *name, const char **what) {
    *what = name;
    return Descriptor(-errno);
}

Descriptor empty_file(const char **what) {
    Descriptor file(memfd_create("kho-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));
    if (!file)
        return failed("memfd_create", what);
    return file;
}

}  // namespace

Descriptor make_memory_file(const ManifestFile &spec, const char **what) {
    Descriptor file = empty_file(what);
    if (!file)
        return file;
    if (ftruncate(file.fd(), static_cast<off_t>(spec.size)) != 0)
        return failed("ftruncate", what);
    if (!fill(file.fd(), spec))
        return failed("pwrite", what);
    if (lseek(file.fd(), static_cast<off_t>(spec.position), SEEK_SET) < 0)
        return failed("lseek", what);
    if (spec.seals.value_or(0) != 0 && fcntl(file.fd(), F_ADD_SEALS, *spec.seals) != 0)
        return failed("F_ADD_SEALS", what);
    return file;
}

Descriptor make_memory_file(std::string_view content, const char **what) {
    Descriptor file = empty_file(what);
    if (file && !write_all(file.fd(), std::as_bytes(std::span(content)), 0))
        return failed("pwrite", what);
    return file;
}

std::string difference(int fd, const ManifestFile &spec) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return text("fstat: %s", strerrorname_np(errno));
    if (static_cast<std::uint64_t>(status.st_size) != spec.size)
        return text("size: expected %llu found %llu", ull(spec.size), ull(status.st_size));
    const off_t position = lseek(fd, 0, SEEK_CUR);
    if (position < 0)
        return text("lseek: %s", strerrorname_np(errno));
    if (static_cast<std::uint64_t>(position) != spec.position)
        return text("position: expected %llu found %llu", ull(spec.position), ull(position));
    if (spec.seals) {
        const int seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0)
            return text("F_GET_SEALS: %s", strerrorname_np(errno));
        if (static_cast<std::uint32_t>(seals) != *spec.seals)
            return text("seals: expected 0x%x found 0x%x", *spec.seals, static_cast<unsigned>(seals));
    }
    return content_difference(fd, spec);
}

std::optional<std::string> contents(int fd, std::size_t limit) {
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size < 0 || static_cast<std::size_t>(status.st_size) > limit)
        return {};
    std::string result(static_cast<std::size_t>(status.st_size), '\0');
    const ssize_t n = read_all(fd, std::as_writable_bytes(std::span(result)), 0);
    if (n < 0 || static_cast<std::size_t>(n) != result.size())
        return {};
    return result;
}

}  // namespace agent
