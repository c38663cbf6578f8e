// SPDX-License-Identifier: GPL-2.0-or-later
// The recordings in tests/data: each is read without a finding, and made again from its description it is the
// same, bit for bit. To make them again: kho make made-X.json -o made-X.core; gzip -9n made-X.core.
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"
#include "fdt/make/build.h"
#include "fdt/read/reader.h"
#include "fdt/tool/make_description.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"

namespace kho::tool {
namespace {

std::string contents(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string unpacked(const std::string &path) {
    std::string bytes;
    gzFile file = gzopen(path.c_str(), "rb");
    EXPECT_NE(file, nullptr) << path;
    if (file == nullptr)
        return bytes;
    char buffer[1 << 16];
    for (int count = 0; (count = gzread(file, buffer, sizeof buffer)) > 0;)
        bytes.append(buffer, static_cast<std::size_t>(count));
    EXPECT_EQ(gzclose(file), Z_OK);
    return bytes;
}

class Golden : public testing::TestWithParam<const char *> {
protected:
    const std::string base = std::string(TEST_DATA "/made-") + GetParam();
    const TemporaryFolder folder;
    const std::string path = folder.file("made.core");
};

TEST_P(Golden, IsMadeAgainBitForBit) {
    const auto description = read_description(contents(base + ".json"), "");
    ASSERT_TRUE(succeeds(description));
    const auto built = build(description.value());
    ASSERT_TRUE(succeeds(built));
    ASSERT_TRUE(succeeds(
        write_recording(path, built.value().header, built.value().memory.ranges(), built.value().memory)));
    EXPECT_TRUE(contents(path) == unpacked(base + ".core.gz"));
}

TEST_P(Golden, IsReadWithoutAFinding) {
    std::ofstream(path, std::ios::binary) << unpacked(base + ".core.gz");
    const auto core = ElfCore::open(path);
    ASSERT_TRUE(succeeds(core));
    EXPECT_EQ(core.value().header().release, GetParam());
    Findings findings;
    const Handover handover = read_handover(core.value(), core.value().header().data, findings);
    for (const Finding &finding : findings.list()) ADD_FAILURE() << finding.message();
    EXPECT_EQ(handover.format, find_release(GetParam())->kho);
    ASSERT_TRUE(handover.luo);
    EXPECT_EQ(handover.luo->liveupdate_number, 3u);
    ASSERT_EQ(handover.luo->sessions.size(), 2u);
    ASSERT_EQ(handover.luo->sessions[0].files.size(), 3u);
    EXPECT_EQ(handover.luo->sessions[0].files[1].token, 0xfedcba9876543210u);
    ASSERT_TRUE(memfd_of(handover.luo->sessions[0].files[1]));
    EXPECT_EQ(holes(*memfd_of(handover.luo->sessions[0].files[1])),
              (std::vector<FileRange>{{0x2000, 0x4000}}));
    ASSERT_TRUE(handover.memblock);
    EXPECT_EQ(handover.memblock->size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Made, Golden, testing::Values("6.19", "7.0", "7.1", "7.2"), [](const auto &tested) {
    std::string name = std::string("Linux") + tested.param;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
});

}  // namespace
}  // namespace kho::tool
