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
                EXPECT_TRUE(fails(strict, info(c.check).code, c.address, c.index)) << where;
            }
        }
}

// Those that an image of a few pages cannot make have tests of their own.
TEST(Checks, AllHaveAnImage) {
    std::set<Check> tried = {Check::map_size, Check::block_outside_ram, Check::blob_unknown};
    for (const Case &c : all_cases()) tried.insert(c.check);
    for (const CheckInfo &check : checks()) EXPECT_TRUE(tried.contains(check.check)) << check.name;
}

}  // namespace
}  // namespace kho
