// SPDX-License-Identifier: GPL-2.0-or-later
// A handler whose every callback writes a log line and can be told to fail at its n-th call. Its serialized
// form is one preserved page.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "guest/kho/preserve.h"
#include "guest/luo/file_handler.h"
#include "tests/unit/guest/machine.h"

namespace guest {

struct TestFile : File {
    int id = 0;
    bool released = false;
};

class TestHandler : public FileHandler {
public:
    static constexpr std::uint64_t frozen = 1;  // freeze adds this to the serialized data

    static inline const FileType type{"test file",
                                      [](File &f) { static_cast<TestFile &>(f).released = true; }};
    static constexpr FileOps complete_ops();

    explicit TestHandler(Pages &pages, std::string_view name = "test-v1") : pages_(&pages) {
        compatible = name;
        ops_table = complete_ops();
        ops = &ops_table;
    }

    // The n-th call of this callback from now on fails.
    void fail(const std::string &callback, int n, Errno error = Errno::eio) {
        failures_[callback] = {n, error};
    }
    void fail_never() { failures_.clear(); }

    std::vector<std::string> log;
    FileOps ops_table;
    TestFile retrieved[200];
    int next_retrieved = 0;

private:
    static TestHandler &self(FileOpArgs &args) { return *static_cast<TestHandler *>(args.handler); }
    static std::string id(const File *file) {
        return file == nullptr ? "-" : std::to_string(static_cast<const TestFile *>(file)->id);
    }
    Errno called(const std::string &callback, const std::string &what) {
        log.push_back(callback + " " + what);
        const auto it = failures_.find(callback);
        return it != failures_.end() && --it->second.first == 0 ? it->second.second : Errno::ok;
    }
    Pages *pages_;
    std::map<std::string, std::pair<int, Errno>> failures_;
};

constexpr FileOps TestHandler::complete_ops() {
    return {
        .can_preserve = [](FileHandler &, const File &file) { return file.type == &type; },
        .preserve =
            [](FileOpArgs &args) {
                TestHandler &h = self(args);
                if (const Errno error = h.called("preserve", id(args.file)); error != Errno::ok)
                    return error;
                const Result<kho::PhysAddr> page = alloc_preserve(*h.pages_, 1);
                if (!page)
                    return page.error();
                h.pages_->bytes(*page, 8)[0] = static_cast<std::byte>(static_cast<TestFile *>(args.file)->id);
                args.serialized_data = kho::value(*page);
                args.private_data = args.file;
                return Errno::ok;
            },
        .unpreserve =
            [](FileOpArgs &args) {
                static_cast<void>(self(args).called("unpreserve", id(args.file)));
                EXPECT_EQ(args.private_data, args.file);
                EXPECT_EQ(unpreserve_free(*self(args).pages_, kho::PhysAddr{args.serialized_data & ~frozen}),
                          Errno::ok);
            },
        .retrieve =
            [](FileOpArgs &args) {
                TestHandler &h = self(args);
                const kho::PhysAddr page{args.serialized_data & ~frozen};
                const int file_id = static_cast<int>(h.pages_->bytes(page, 8)[0]);
                if (const Errno error = h.called("retrieve", std::to_string(file_id)); error != Errno::ok)
                    return error;
                TestFile &file = h.retrieved[h.next_retrieved++];
                file.type = &type;
                file.references = 1;
                file.id = file_id;
                args.file = &file;
                return Errno::ok;
            },
        .finish =
            [](FileOpArgs &args) {
                static_cast<void>(
                    self(args).called("finish", id(args.file) + " " + std::to_string(args.retrieve_status)));
                EXPECT_EQ(restore_free(*self(args).pages_, kho::PhysAddr{args.serialized_data & ~frozen}),
                          Errno::ok);
            },
        .freeze =
            [](FileOpArgs &args) {
                args.serialized_data |= frozen;
                return self(args).called("freeze", id(args.file));
            },
        .unfreeze = [](FileOpArgs &args) { static_cast<void>(self(args).called("unfreeze", id(args.file))); },
        .can_finish =
            [](FileOpArgs &args) { return self(args).called("can_finish", id(args.file)) == Errno::ok; },
    };
}

}  // namespace guest
