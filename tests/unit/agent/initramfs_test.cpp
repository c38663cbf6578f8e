// SPDX-License-Identifier: GPL-2.0-or-later
// Archives read back by a reader of the test's own; the kernels read them in the suite linux.
#include "guest/linux/initramfs.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

struct Entry {
    std::string name;
    unsigned long mode, major, minor;
    std::string content;
    bool operator==(const Entry &) const = default;
};
void PrintTo(const Entry &e, std::ostream *out) { *out << e.name << " " << std::oct << e.mode << std::dec; }

// Numbers are eight hexadecimal digits; name and content are padded to four bytes. Stops at the trailer.
std::vector<Entry> read(const std::string &archive) {
    std::vector<Entry> entries;
    std::size_t at = 0;
    while (at + 110 <= archive.size() && archive.compare(at, 6, "070701") == 0) {
        const auto field = [&](unsigned i) {
            return std::stoul(archive.substr(at + 6 + i * 8, 8), nullptr, 16);
        };
        const std::size_t size = field(6), name_size = field(11),
                          content = (at + 110 + name_size + 3) / 4 * 4;
        Entry entry{archive.substr(at + 110, name_size - 1), field(1), field(9), field(10),
                    archive.substr(content, size)};
        at = (content + size + 3) / 4 * 4;
        if (entry.name == "TRAILER!!!")
            return entries;
        entries.push_back(std::move(entry));
    }
    ADD_FAILURE() << "no entry and no trailer at " << at;
    return entries;
}

TEST(Initramfs, HoldsFoldersFilesAndDevices) {
    agent::Initramfs initramfs;
    initramfs.folder("dev");
    initramfs.character_device("dev/console", 5, 1);
    initramfs.file("init", "12345", 0755);
    initramfs.file("empty", "");
    const std::vector<Entry> expected{{"dev", 040755, 0, 0, ""},
                                      {"dev/console", 020600, 5, 1, ""},
                                      {"init", 0100755, 0, 0, "12345"},
                                      {"empty", 0100644, 0, 0, ""}};
    EXPECT_EQ(read(initramfs.finish()), expected);
}

TEST(Initramfs, IsTheSameEachTime) {
    const auto make = [] {
        agent::Initramfs initramfs;
        initramfs.file("a", "b");
        return initramfs.finish();
    };
    EXPECT_EQ(make(), make());
}

TEST(Initramfs, IsPaddedSoThatAnotherCanFollow) {
    for (std::size_t size : {0, 1, 2, 3, 4, 511, 512}) {
        agent::Initramfs initramfs;
        initramfs.file("f", std::string(size, 'x'));
        EXPECT_EQ(initramfs.finish().size() % 512, 0U) << size;
    }
}

}  // namespace
