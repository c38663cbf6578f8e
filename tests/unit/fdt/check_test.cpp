// SPDX-License-Identifier: GPL-2.0-or-later
// Every check has an image that it fires on, and no other check does.
#include <set>

#include "tests/unit/fdt/check_cases.h"

namespace kho {
namespace {

using namespace check_cases;

std::vector<Case> all_cases() {
    std::vector<Case> all;
    for (auto *cases : {kho_cases, luo_cases})
        for (Case &c : cases()) all.push_back(std::move(c));
    return all;
}

TEST(Checks, EachFiresOnItsImagesAndNoOtherDoes) {
    for (const Case &c : all_cases())
        for (const Producer generation : c.generations) {
            Image image(generation);
            c.change(image);
            Findings findings;
            image.read(findings);
            const std::string where =
                std::string(info(c.check).name) + ", " + c.what + ", " + name(generation) + "\n";
            std::string seen;
            for (const Finding &finding : findings.list()) {
                seen += finding.message() + "\n";
                EXPECT_STREQ(finding.info().name, info(c.check).name) << where << seen;
                EXPECT_FALSE(finding.text.empty()) << where;
                EXPECT_FALSE(finding.path.empty()) << where;
            }
            ASSERT_FALSE(findings.list().empty()) << where;
            EXPECT_EQ(hex(findings.list()[0].address), hex(c.address)) << where << seen;
            EXPECT_EQ(findings.list()[0].index, c.index) << where << seen;
            const auto strict = read_handover(image.memory, image.data);
            EXPECT_EQ(strict.ok(), info(c.check).severity == Severity::warning) << where;
            if (!strict) {
                EXPECT_TRUE(fails_check(strict, info(c.check).name, c.address, c.index)) << where;
            }
        }
}

TEST(Checks, AreMootWhereAPrerequisiteFailed) {
    const auto reported = [](const char *path, std::uint64_t address) {
        Findings findings;
        const auto add = [&findings](Check check, const std::string &where, std::uint64_t at) {
            findings.add({.check = check, .path = where, .address = at, .index = 0, .text = "wrong"});
        };
        add(Check::session_address, "/LUO/sessions", 0x1000);
        add(Check::file_compatible, "/LUO/sessions/3 \"a/b\"/files/1", 0x2000);
        const std::size_t before = findings.list().size();
        add(std::string_view(path).ends_with("\"") ? Check::session_name : Check::file_data, path, address);
        return findings.list().size() - before;
    };
    // The array of sessions could not be read, so nothing is said of a session.
    EXPECT_EQ(reported("/LUO/sessions/0 \"x\"", 0x9000), 0u);
    EXPECT_EQ(reported("/LUO/sessions/3 \"a/b\"/files/1", 0x2000), 0u) << "the same file";
    EXPECT_EQ(reported("/LUO/sessions/3 \"a/b\"/files/1/folios", 0x9000), 0u) << "behind it";
    EXPECT_EQ(reported("/LUO/sessions/3 \"a/b\"/files/2", 0x2040), 1u) << "another file";
    EXPECT_EQ(reported("/LUO/sessions/3 \"a/b\"/files/1", 0x2040), 1u) << "another structure";
}

// Everything is behind the KHO FDT: one fault there is one finding.
TEST(Checks, AreMootBehindABrokenKhoFdt) {
    Findings findings;
    findings.add({.check = Check::map_address,
                  .path = "/preserved-memory-map",
                  .address = 8,
                  .index = 0,
                  .text = "x"});
    findings.add(
        {.check = Check::block_overlap, .path = "/elsewhere", .address = 9, .index = 0, .text = "x"});
    EXPECT_EQ(findings.list().size(), 1u);
    EXPECT_FALSE(findings.fired(Check::block_overlap));
}

// Those that an image of a few pages cannot make have tests of their own.
TEST(Checks, AllHaveAnImage) {
    std::set<Check> tried = {Check::map_size, Check::block_outside_ram, Check::blob_unknown};
    for (const Case &c : all_cases()) tried.insert(c.check);
    for (const CheckInfo &check : checks()) EXPECT_TRUE(tried.contains(Check(check))) << check.name;
}

}  // namespace
}  // namespace kho
