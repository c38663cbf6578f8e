// SPDX-License-Identifier: GPL-2.0-or-later
// The recordings of real kernels in tests/data, made again: the kernels must still hand over what these say.
// KHO_GOLDENS=FOLDER in the environment puts the new ones there; see tests/data/README.md.
#include "tests/temporary_folder.h"
#include "tests/tool/linux_goldens.h"
#include "tool_leg.h"

namespace {

using namespace tool_leg;
using kho::test::LinuxGolden;

void write_compressed(const std::string &path, const std::string &bytes) {
    // Without name and time, so that the same recording is the same file.
    gzFile file = gzopen(path.c_str(), "wb9");
    ASSERT_NE(file, nullptr) << path;
    EXPECT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())),
              static_cast<int>(bytes.size()));
    EXPECT_EQ(gzclose(file), Z_OK);
}

// What does not depend on where things lie, what the kernel's test rolled, and the kernel's patch level.
Json shape_of(const Json &shown) {
    Json shape = {{"release", shown["release"]},
                  {"kho", shown["kho"]["compatible"]},
                  {"luo", shown["luo"]["compatible"]},
                  {"liveupdate_number", shown["luo"]["liveupdate_number"]},
                  {"scratch", shown["scratch"].size()}};
    for (const char *const key : {"kexec_metadata", "kho_test", "memblock"})
        shape["has"][key] = shown.contains(key);
    for (const Json &subtree : shown["subtrees"]) shape["subtrees"].push_back(subtree["name"]);
    for (const Json &session : shown["luo"]["sessions"]) {
        shape["sessions"].push_back(session["name"]);
        for (const Json &file : session["files"])
            shape["files"].push_back({file["token"], file["compatible"]});
    }
    for (const Json &memfd : shown["memfds"])
        if (memfd["session"] != agent::manifest_session)
            shape["memfds"].push_back({memfd["size"], memfd["pos"], memfd["seals"], memfd["folios"].size()});
    for (const Json &flb : shown["luo"].value("flbs", Json::array()))
        shape["flbs"].push_back({flb["name"], flb["data"], flb["count"]});
    for (const Json &reserved : shown.value("memblock", Json::array()))
        shape["reserved"].push_back({reserved["name"], reserved["size"]});
    return shape;
}

class Golden : public testing::TestWithParam<LinuxGolden> {};

TEST_P(Golden, IsWhatTheKernelStillHandsOver) {
    const LinuxGolden &golden = GetParam();
    KERNEL_OR_SKIP(kernel, golden.release);
    const harness::LinuxDump &dump =
        harness::linux_dump(golden.release, golden.scenario, golden.parameters());
    const TemporaryFolder folder;
    const std::string recording = folder.file("recording");
    output_of({"extract", "--recording", "--output=" + recording, dump.file});
    const Json made = kho::test::without_origin(json_of({"show", recording}));
    if (const char *const to = std::getenv("KHO_GOLDENS"); to != nullptr && *to != '\0') {
        const std::string base = std::string(to) + "/" + golden.name();
        write_compressed(base + ".core.gz", TemporaryFolder::contents(recording));
        TemporaryFolder::write(base + ".json", made.dump(1) + "\n");
    }
    EXPECT_EQ(shape_of(made), shape_of(golden.shown()));
}

INSTANTIATE_TEST_SUITE_P(Linux, Golden, testing::ValuesIn(kho::test::linux_goldens),
                         [](const auto &test) { return test.param.test_name(); });

}  // namespace
