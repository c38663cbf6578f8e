// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/host_pages.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace qemu {
namespace {

constexpr std::uint64_t present = std::uint64_t{1} << 63, swapped = std::uint64_t{1} << 62;

int pagemap() {
    static const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    return fd;
}

}  // namespace

bool open_pagemap() {
    std::uint64_t entry;
    const auto here =
        reinterpret_cast<std::uintptr_t>(&entry) / static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return pread(pagemap(), &entry, sizeof entry, static_cast<off_t>(here * sizeof entry)) == sizeof entry;
}

void find_data(int file, std::uint64_t start, std::uint64_t size, std::vector<HostRun> &runs) {
    const std::uint64_t end = start + size;
    for (std::uint64_t at = start; at < end;) {
        const off_t data = lseek(file, static_cast<off_t>(at), SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            return;  // only a hole is left
        const off_t hole = data < 0 ? -1 : lseek(file, data, SEEK_HOLE);
        if (hole < 0) {
            runs.push_back({at - start, end - at});
            return;
        }
        const std::uint64_t from = std::min(static_cast<std::uint64_t>(data), end);
        const std::uint64_t to = std::min(static_cast<std::uint64_t>(hole), end);
        if (from < to)
            runs.push_back({from - start, to - from});
        at = std::max(to, at + 1);
    }
}

void find_touched(std::span<const std::byte> memory, std::vector<HostRun> &runs) {
    static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
    const std::uintptr_t end = begin + memory.size();
    const auto touched = [&](std::uint64_t from, std::uint64_t to) {
        const std::uint64_t offset = std::max<std::uint64_t>(from, begin) - begin;
        const std::uint64_t stop = std::min<std::uint64_t>(to, end) - begin;
        if (!runs.empty() && runs.back().offset + runs.back().size == offset)
            runs.back().size = stop - runs.back().offset;
        else
            runs.push_back({offset, stop - offset});
    };

    std::array<std::uint64_t, 8192> entries;
    std::uint64_t at = begin / page;
    const std::uint64_t last = (end + page - 1) / page;
    while (at < last) {
        const std::uint64_t wanted = std::min<std::uint64_t>(entries.size(), last - at);
        const ssize_t got = pread(pagemap(), entries.data(), wanted * 8, static_cast<off_t>(at * 8));
        if (got < 8) {
            touched(at * page, last * page);
            return;
        }
        const auto count = static_cast<std::uint64_t>(got) / 8;
        for (std::uint64_t i = 0; i < count;) {
            if (!(entries[i] & (present | swapped))) {
                ++i;
                continue;
            }
            const std::uint64_t start = i;
            while (i < count && (entries[i] & (present | swapped))) ++i;
            touched((at + start) * page, (at + i) * page);
        }
        at += count;
    }
}

}  // namespace qemu
