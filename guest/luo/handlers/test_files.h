// SPDX-License-Identifier: GPL-2.0-or-later
// A kind of file, its handler and an FLB for tests: their calls are recorded and can be made to fail
// (test_calls.h).
//
//   luo_file_ser.data ──> TestPage {magic, id, freezes}          luo_flb_ser.data ──> TestPage {magic, id, 0}
//
// A test file is nothing but a number. The page of a preserved one carries it into the next kernel, and how
// often the file was frozen.
#pragma once

#include "guest/kho/pool.h"
#include "guest/luo/file_handler.h"
#include "guest/luo/handlers/test_calls.h"

namespace guest {

struct TestPage {
    std::uint64_t magic;
    std::uint64_t id;
    std::uint64_t freezes;
};
inline constexpr std::uint64_t test_file_magic = 0x656c696674736574;  // "testfile"
inline constexpr std::uint64_t test_flb_magic = 0x20626c6674736574;   // "testflb "

class TestFiles;

struct TestFile : File {
    TestFiles *owner = nullptr;  // null: not of a pool
    std::uint64_t id = 0;
    bool released = false;  // only of one that is not of a pool: there it is gone
};

class TestFiles {
public:
    static const FileType type;  // NOLINT(bugprone-dynamic-static-initializers): constinit

    constexpr TestFiles() = default;
    void init(Pages &pages) { pool_.init(pages); }

    // One reference, the caller's. ENOMEM.
    Result<TestFile *> create(std::uint64_t id);
    std::uint64_t count() const { return pool_.count(); }
    std::uint64_t pages() const { return pool_.pages(); }

private:
    static void release(File &file);
    Pool<TestFile> pool_;
};

class TestHandler : public FileHandler {
public:
    static constexpr std::uint64_t frozen =
        1;  // freeze sets this bit of the serialized data, unfreeze clears it

    constexpr TestHandler() = default;
    // All test files, or only those whose `type` is another one.
    void init(Pages &pages, TestFiles &files, TestCalls &calls, std::string_view name,
              const FileType &takes = TestFiles::type);

private:
    static TestHandler &self(FileOpArgs &args) { return *static_cast<TestHandler *>(args.handler); }
    static bool can_preserve(FileHandler &handler, const File &file);
    static Errno preserve(FileOpArgs &args);
    static void unpreserve(FileOpArgs &args);
    static Errno freeze(FileOpArgs &args);
    static void unfreeze(FileOpArgs &args);
    static Errno check(FileOpArgs &args);
    static Errno retrieve(FileOpArgs &args);
    static bool can_finish(FileOpArgs &args);
    static void finish(FileOpArgs &args);

    static const FileOps ops_;  // NOLINT(bugprone-dynamic-static-initializers): constinit
    Pages *pages_ = nullptr;
    TestFiles *files_ = nullptr;
    TestCalls *calls_ = nullptr;
    const FileType *takes_ = nullptr;
};

// Its object is the TestPage itself.
class TestFlb : public Flb {
public:
    constexpr TestFlb() = default;
    void init(Pages &pages, TestCalls &calls, std::string_view name, std::uint64_t id);

    static std::uint64_t id_of(const void *object) { return static_cast<const TestPage *>(object)->id; }

private:
    static TestFlb &self(FlbOpArgs &args) { return *static_cast<TestFlb *>(args.flb); }
    static Errno preserve(FlbOpArgs &args);
    static void unpreserve(FlbOpArgs &args);
    static Errno check(FlbOpArgs &args);
    static Errno retrieve(FlbOpArgs &args);
    static void finish(FlbOpArgs &args);

    static const FlbOps ops_;  // NOLINT(bugprone-dynamic-static-initializers): constinit
    Pages *pages_ = nullptr;
    TestCalls *calls_ = nullptr;
    std::uint64_t id_ = 0;
};

}  // namespace guest
