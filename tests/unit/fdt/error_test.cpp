// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/error.h"

#include <set>
#include <string>

#include "fdt/formats/releases.h"
#include "tests/unit/fdt/expect.h"

namespace kho {
namespace {

TEST(Error, EveryCodeHasANameOfItsOwn) {
    std::set<std::string> names;
    const int count = static_cast<int>(Errc::malformed) + 1;
    for (int code = 0; code < count; code++) names.insert(name(static_cast<Errc>(code)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
    EXPECT_FALSE(names.contains("unknown_error"));
    EXPECT_STREQ(name(Errc::fdt_header), "fdt_header");
}

TEST(Error, TheMessageSaysWhereIfThereIsAPlace) {
    EXPECT_EQ((Error{.code = Errc::fdt_header, .address = 0x1234000, .what = "a bad magic"}.message()),
              "fdt_header at 0x1234000: a bad magic");
    EXPECT_EQ((Error{.code = Errc::io, .what = "x: no space"}.message()), "io: x: no space");
    const Error twice{
        .code = Errc::malformed, .address = 0x5000, .what = "already visited", .check = "chunk-twice"};
    EXPECT_EQ(twice.message(), "chunk-twice at 0x5000: already visited");
}

TEST(Error, ForeignBytesAreQuotedInOnePrintableLine) {
    EXPECT_EQ(in_quotes("kho-v2"), "\"kho-v2\"");
    EXPECT_EQ(in_quotes(std::string_view("a\n\"\\\xff", 5)), "\"a\\x0a\\x22\\x5c\\xff\"");
    EXPECT_EQ(in_quotes(std::string(100, 'x')), "\"" + std::string(64, 'x') + "...\"");
}

TEST(Release, KnowsTheReleasesThatHaveHandoversAndNoOthers) {
    const Release *release = find_release("6.19");
    ASSERT_NE(release, nullptr);
    EXPECT_EQ(release->kho->compatible, "kho-v1");
    EXPECT_EQ(release->luo->compatible, "luo-v1");
    for (const char *name : {"v6.19", "6.19.14", "v6.19.14", "linux-6.19", "linux-6.19.14"})
        EXPECT_EQ(find_release(name), release) << name;
    for (const char *name : {"v", "linux-", "6", "vv6.19", "6.190", "v6.1", "x6.19"})
        EXPECT_EQ(find_release(name), nullptr) << name;
    EXPECT_EQ(find_release("6.1"), nullptr);
    EXPECT_EQ(find_release(""), nullptr);
    for (const Release &known : releases()) EXPECT_EQ(find_release(known.name), &known);
}

}  // namespace
}  // namespace kho
