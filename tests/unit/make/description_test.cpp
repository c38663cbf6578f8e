// SPDX-License-Identifier: GPL-2.0-or-later
// The JSON of kho make: what it means, and what is said about it when it is wrong.
#include "fdt/abi/x86_boot.h"
#include "fdt/formats/releases.h"
#include "fdt/make/build.h"
#include "fdt/tool/make_description.h"
#include "tests/unit/fdt/expect.h"

namespace kho::tool {
namespace {

std::string of_file(const std::string &members) {
    return R"({"release": "7.2", "sessions": [{"name": "s", "files": [{"token": 1, )" + members + "}]}]}";
}

using Ram = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // from, to

Ram ram_of(const Description &description) {
    Ram ram;
    for (const CoreMemoryRange &range : description.memory_map)
        if (range.type == abi::e820_ram)
            ram.emplace_back(range.address, range.address + range.size);
    return ram;
}

TEST(MakeDescription, HasDefaultsForAllButTheRelease) {
    const auto read = read_description(R"({"release": "7.2.12"})", "");
    ASSERT_TRUE(succeeds(read));
    const Description &description = read.value();
    EXPECT_EQ(description.release, find_release("7.2"));
    EXPECT_EQ(ram_of(description), (Ram{{0, 0x9fc00}, {0x100000, 0x1ffc0000}}));
    ASSERT_TRUE(description.luo);
    EXPECT_EQ(description.luo->liveupdate_number, 1u);
    ASSERT_TRUE(description.kexec_metadata);
    EXPECT_EQ(description.kexec_metadata->previous_release, "7.2.0");
    EXPECT_TRUE(succeeds(build(description)));
}

// As QEMU's machine pc has it, less what its firmware may take.
TEST(MakeDescription, MemoryIsThatOfAPc) {
    const std::pair<const char *, Ram> cases[] = {
        {"3G", {{0, 0x9fc00}, {0x100000, 0xbffc0000}}},
        {"0xdffff000", {{0, 0x9fc00}, {0x100000, 0xdffbf000}}},
        {"0xe0000000", {{0, 0x9fc00}, {0x100000, 0xbffc0000}, {0x100000000, 0x120000000}}},
        {"1M", {{0, 0x9fc00}}},
    };
    for (const auto &[memory, ram] : cases) {
        const auto read =
            read_description(std::string(R"({"release": "7.2", "memory": ")") + memory + "\"}", "");
        ASSERT_TRUE(succeeds(read));
        EXPECT_EQ(ram_of(read.value()), ram) << memory;
    }
}

// With the time of each going up with their number this took minutes.
TEST(MakeDescription, TakesAHundredThousandFiles) {
    std::string files;
    for (int i = 0; i < 100000; i++)
        files += (i == 0 ? "" : ",") + std::string(R"({"handler": "plain-v1", "data": 1, "token": )") +
                 std::to_string(i) + "}";
    const auto read =
        read_description(R"({"release": "7.2", "sessions": [{"name": "s", "files": [)" + files + "]}]}", "");
    ASSERT_TRUE(succeeds(read));
    EXPECT_EQ(read.value().luo->sessions[0].files.size(), 100000u);
}

TEST(MakeDescription, TakesNumbersAsPeopleWriteThem) {
    const auto read = read_description(
        of_file(R"("size": "1G", "position": 7, "seals": ["grow", "exec"], "flags": [], "folio_order": "0x9",
                    "contents": [{"hex": "01 fF"}, {"text": "\u00e9"}, {"pattern": "0xffffffffffffffff", "size": 3},
                                 {"hole": "1M", "offset": "4K"}])"),
        "");
    ASSERT_TRUE(succeeds(read));
    const FileDescription &file = read.value().luo->sessions[0].files[0];
    EXPECT_EQ(file.size, 1u << 30);
    EXPECT_EQ(file.position, 7u);
    EXPECT_EQ(file.seals, 0x24u);
    EXPECT_EQ(file.folio_flags, 0u);
    EXPECT_EQ(file.folio_order, 9u);
    EXPECT_EQ(file.content.end(), 4096u + (1 << 20));
    std::byte bytes[8];
    ASSERT_TRUE(succeeds(file.content.read(0, bytes)));
    EXPECT_EQ(bytes[0], std::byte{1});
    EXPECT_EQ(bytes[1], std::byte{0xff});
    EXPECT_EQ(bytes[2], std::byte{0xc3});
    EXPECT_EQ(bytes[3], std::byte{0xa9});
    EXPECT_EQ(bytes[7], std::byte{0});
}

TEST(MakeDescription, SaysWhereItIsWrongAndWhatWasExpected) {
    const struct {
        std::string json, what;
    } cases[] = {
        {"", "parse error at line 1, column 1"},
        {R"({"release": 1e999})", "number overflow parsing '1e999'"},
        {"[]", "expected an object, seen array"},
        {"{}", "\"release\" is missing"},
        {R"({"release": "5.4"})", "release: \"5.4\" is none of 6.19, 7.0, 7.1, 7.2, 7.3"},
        {R"({"release": 7.2})", "release: expected a string, seen number"},
        {R"({"release": "7.2", "release": "7.3"})", "member \"release\" is there twice in one object"},
        {R"({"release": "7.2", "sesions": []})", "there is no member \"sesions\"; do you mean \"sessions\"?"},
        {R"({"release": "7.2", "memory": "much"})", "memory: expected a number such as"},
        {R"({"release": "7.2", "memory": [{"address": 0, "size": 0}]})", "memory[0]: a range of 0x0 bytes"},
        {R"({"release": "7.2", "scratch": ["1M", -1]})", "scratch[1]: expected a number"},
        {R"({"release": "7.2", "sessions": {}})", "sessions: expected an array, seen object"},
        {R"({"release": "7.2", "sessions": [{}]})", "sessions[0]: \"name\" is missing"},
        {R"({"release": "7.2", "liveupdate_number": null, "flbs": []})",
         "liveupdate_number: null leaves LUO out"},
        {of_file(R"("siz": 1)"), "sessions[0].files[0]: there is no member \"siz\"; do you mean \"size\"?"},
        {of_file(R"("size": "0x8000000000000000")"),
         "sessions[0].files[0].size: \"0x8000000000000000\" is more"},
        {of_file(R"("size": 1.5)"), "sessions[0].files[0].size: expected a number"},
        {of_file(R"("handler": "vfio")"), "sessions[0].files[0]: \"data\" is missing"},
        {of_file(R"("handler": "memfd-v1", "data": 1)"), "sessions[0].files[0].handler: write \"memfd\""},
        {of_file(R"("handler": "", "data": 1)"), "sessions[0].files[0].handler: is empty"},
        {of_file(R"("seals": ["shrunk"])"),
         "sessions[0].files[0].seals[0]: \"shrunk\" is none of seal, shrink,"},
        {of_file(R"("folio_order": 11)"), "sessions[0].files[0].folio_order: 11 is more than 10"},
        {of_file(R"("contents": [{}])"), "sessions[0].files[0].contents[0]: expected one of \"text\""},
        {of_file(R"("contents": [{"hex": "0"}])"), "sessions[0].files[0].contents[0].hex: an odd number"},
        {of_file(R"("contents": [{"hex": "0x"}])"),
         "sessions[0].files[0].contents[0].hex: expected hexadecimal"},
        {of_file(R"("contents": [{"pattern": 1}])"), "sessions[0].files[0].contents[0]: \"size\" is missing"},
        {of_file(R"("contents": [{"text": "ab"}, {"text": "c", "offset": 1}])"),
         "sessions[0].files[0].contents[1]: begins at 1, before 2"},
        {of_file(R"("contents": [{"zeros": 1, "offset": "0x7fffffffffffffff"}])"),
         "sessions[0].files[0].contents[0]: 1 bytes at 9223372036854775807 end behind"},
        {of_file(R"("contents": [{"file": "nowhere"}])"), "sessions[0].files[0].contents[0].file: "},
        {of_file(R"("contents": [{"file": "/"}])"), "sessions[0].files[0].contents[0].file: "},
        {R"({"release": "7.2", "kexec_metadata": []})", "kexec_metadata: expected an object"},
    };
    for (const auto &c : cases) {
        const auto read = read_description(c.json, "");
        ASSERT_FALSE(read) << c.json;
        EXPECT_EQ(read.error().code, Errc::input_format) << c.json;
        EXPECT_TRUE(read.error().what.starts_with(c.what)) << c.json << "\n" << read.error().what;
    }
}

TEST(MakeDescription, WhatCannotBeBuiltSaysWhere) {
    const struct {
        std::string json;
        Errc code;
        std::string what;
    } cases[] = {
        {R"({"release": "7.2", "memory": "1M"})", Errc::no_room, "scratch[0]: no "},
        {R"({"release": "7.2", "scratch": [0]})", Errc::scratch_array, "scratch: all areas are empty"},
        {R"({"release": "7.2", "scratch": [100]})", Errc::scratch_array, "scratch[0]: not whole pages"},
        {R"({"release": "7.2", "scratch": [{"address": 0, "size": "4M"}]})", Errc::scratch_array,
         "scratch[0]: 0x400000 bytes at 0x0 are not free RAM"},
        {of_file(R"("size": "1T")"), Errc::no_room, "sessions[0].files[0]: no free block of order 0"},
        {of_file(R"("size": 1, "contents": [{"text": "ab"}])"), Errc::malformed,
         "sessions[0].files[0].contents: 0x2 bytes in a file of 0x1"},
        {R"({"release": "6.19", "flbs": [{"name": "f", "data": 1}]})", Errc::not_in_format,
         "Linux 6.19 has no place"},
        {R"({"release": "6.19", "kexec_metadata": {}})", Errc::not_in_format,
         "Linux 6.19 has no kexec-metadata"},
        {R"({"release": "7.0", "sessions": [{"name": "s", "files": [{"token": 1, "seals": 1}]}]})",
         Errc::not_in_format, "session 0 \"s\", file 0: memfd-v1 has no place for seals"},
        {of_file(R"("seals": 64)"), Errc::malformed, "session 0 \"s\", file 0: unknown seals 0x40"},
        {R"({"release": "7.2", "reservations": [{"name": "r", "size": 1}]})", Errc::malformed,
         "reservations[0].size: 0x1 is not"},
        {R"({"release": "7.2", "reservations": [{"name": "r", "size": 4096, "alignment": 3}]})",
         Errc::malformed, "reservations[0].alignment: 0x3 is not"},
        {R"({"release": "7.2", "reservations": [{"name": "r", "size": 4096, "address": 0}]})",
         Errc::malformed, "reservations[0].address: "},
        {R"({"release": "7.2", "subtrees": [{"name": "t"}]})", Errc::malformed,
         "subtrees[0].size: 0x0 bytes"},
    };
    for (const auto &c : cases) {
        const auto description = read_description(c.json, "");
        ASSERT_TRUE(succeeds(description)) << c.json;
        const auto built = build(description.value());
        ASSERT_FALSE(built) << c.json;
        EXPECT_EQ(built.error().code, c.code) << c.json << "\n" << built.error().what;
        EXPECT_TRUE(built.error().what.starts_with(c.what)) << c.json << "\n" << built.error().what;
    }
}

}  // namespace
}  // namespace kho::tool
