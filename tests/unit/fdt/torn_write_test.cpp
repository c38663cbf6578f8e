// SPDX-License-Identifier: GPL-2.0-or-later
// A recording that cannot be written whole leaves nothing behind and the old one alone.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdt/file/elf_core.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/recording.h"

namespace kho {
namespace {

// Stands in for a full disk: a write beyond `bytes` comes back short, the next one fails. It would also end
// the process by SIGXFSZ, if the writer did not see to that.
class FileSizeLimit {
public:
    explicit FileSizeLimit(std::uint64_t bytes) {
        getrlimit(RLIMIT_FSIZE, &old_);
        const rlimit limit{.rlim_cur = bytes, .rlim_max = old_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(const FileSizeLimit &) = delete;
    FileSizeLimit &operator=(const FileSizeLimit &) = delete;
    ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &old_); }

private:
    rlimit old_{};
};

class TornWrite : public testing::Test {
protected:
    TornWrite() { TemporaryFolder::write(path, "the old one"); }

    Result<std::uint64_t> write(const std::string &to, std::uint64_t size) {
        return write_core(to, {}, RangeSet({{PhysAddr{0x1000}, size}}), source_of(memory));
    }

    // Outlives each source.
    NumberedMemory memory;
    TemporaryFolder folder;
    std::string path = folder.file("recording");
};

TEST_F(TornWrite, AFullDiskLeavesTheOldRecording) {
    // In the headers, in the first megabyte, which is buffered, and far behind it.
    for (const std::uint64_t limit : {100, 50000, 3000000}) {
        const auto result = [&] {
            const FileSizeLimit full(limit);
            return write(path, 0x400000);
        }();
        EXPECT_TRUE(fails(result, Errc::io, 0)) << limit;
        EXPECT_EQ(result.error().message(), "io: " + path + ": File too large");
        EXPECT_EQ(folder.names(), std::set<std::string>{"recording"}) << limit;
        EXPECT_EQ(TemporaryFolder::contents(path), "the old one") << limit;
    }
}

TEST_F(TornWrite, AFullDiskLeavesNothingWhereNothingWas) {
    const std::string other = folder.file("new");
    {
        const FileSizeLimit full(3000000);
        EXPECT_TRUE(fails(write(other, 0x400000), Errc::io, 0));
    }
    EXPECT_EQ(folder.names(), std::set<std::string>{"recording"});
    EXPECT_TRUE(succeeds(write(other, 0x400000)));
}

TEST_F(TornWrite, ASourceThatFailsLeavesTheOldRecording) {
    const Error lost{.code = Errc::outside_memory, .address = 0x1800, .what = "gone"};
    const CoreSource failing = [&lost](Range, const auto &sink) -> Outcome {
        const std::byte some[0x800] = {};
        EXPECT_TRUE(succeeds(sink(some)));
        return lost;
    };
    const CoreSource short_of_bytes = [](Range, const auto &sink) -> Outcome {
        const std::byte some[0x800] = {};
        return sink(some);
    };
    const RangeSet wanted({{PhysAddr{0x1000}, 0x1000}});
    EXPECT_TRUE(fails(write_core(path, {}, wanted, failing), Errc::outside_memory, 0x1800));
    EXPECT_TRUE(fails(write_core(path, {}, wanted, short_of_bytes), Errc::outside_memory, 0x1800));
    EXPECT_EQ(folder.names(), std::set<std::string>{"recording"});
    EXPECT_EQ(TemporaryFolder::contents(path), "the old one");
}

TEST_F(TornWrite, ReplacesTheOldRecordingAtOnce) {
    // Who has the old one open keeps it.
    std::ifstream old(path, std::ios::binary);
    ASSERT_TRUE(succeeds(write(path, 0x1000)));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(old), {}), "the old one");
    EXPECT_TRUE(succeeds(ElfCore::open(path)));
}

TEST_F(TornWrite, ANewFileIsPrivateAndAReplacedOneKeepsItsMode) {
    const auto mode = [](const std::string &file) {
        struct stat status {};
        EXPECT_EQ(stat(file.c_str(), &status), 0);
        return status.st_mode & 0777;
    };
    ASSERT_TRUE(succeeds(write(folder.file("new"), 0x1000)));
    EXPECT_EQ(mode(folder.file("new")), 0600u);
    ASSERT_EQ(chmod(path.c_str(), 0640), 0);
    ASSERT_TRUE(succeeds(write(path, 0x1000)));
    EXPECT_EQ(mode(path), 0640u);
}

TEST_F(TornWrite, ALinkStaysAndTheFileBehindItIsReplaced) {
    ASSERT_EQ(symlink(path.c_str(), folder.file("link").c_str()), 0);
    ASSERT_TRUE(succeeds(write(folder.file("link"), 0x1000)));
    struct stat status {};
    ASSERT_EQ(lstat(folder.file("link").c_str(), &status), 0);
    EXPECT_TRUE(S_ISLNK(status.st_mode));
    EXPECT_TRUE(succeeds(ElfCore::open(path)));
}

TEST_F(TornWrite, AFolderThatIsMissingOrClosedIsAnError) {
    EXPECT_TRUE(fails(write(folder.file("none/recording"), 0x1000), Errc::io, 0));
    EXPECT_EQ(folder.names(), std::set<std::string>{"recording"});
    EXPECT_TRUE(fails(write("", 0x1000), Errc::io, 0));
    // Root may write into any folder: be another user for as long as it takes.
    constexpr uid_t other_user = 65534;
    const uid_t self = geteuid();
    ASSERT_EQ(chmod(folder.path().c_str(), 0500), 0);
    if (self == 0) {
        ASSERT_EQ(chown(folder.path().c_str(), other_user, static_cast<gid_t>(-1)), 0);
        ASSERT_EQ(seteuid(other_user), 0);
    }
    const auto result = write(path, 0x1000);
    ASSERT_EQ(seteuid(self), 0);
    EXPECT_TRUE(fails(result, Errc::io, 0));
    ASSERT_EQ(chmod(folder.path().c_str(), 0700), 0);
    EXPECT_EQ(TemporaryFolder::contents(path), "the old one");
}

TEST_F(TornWrite, WhatIsNoRegularFileIsNotReplaced) {
    ASSERT_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
    EXPECT_TRUE(fails(write(folder.file("fifo"), 0x1000), Errc::io, 0));
    EXPECT_TRUE(fails(write(folder.path(), 0x1000), Errc::io, 0));
    EXPECT_TRUE(fails(write("/dev/full", 0x1000), Errc::io, 0));
    EXPECT_EQ(folder.names(), (std::set<std::string>{"fifo", "recording"}));
}

}  // namespace
}  // namespace kho
