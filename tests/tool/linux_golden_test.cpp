// SPDX-License-Identifier: GPL-2.0-or-later
// Recordings of real kernels, read: they say what they said when they were made, and hold every byte that the
// agent in those kernels wrote down in its manifest.
#include <gtest/gtest.h>

#include "guest/linux/agent_manifest.h"
#include "guest/manifest/pattern.h"
#include "tests/tool/linux_goldens.h"
#include "tests/tool/run.h"

namespace kho::test {
namespace {

using Json = nlohmann::json;

class Golden : public testing::TestWithParam<LinuxGolden> {
protected:
    std::string clean(std::vector<std::string> arguments) {
        const Ran ran = kho(std::move(arguments));
        EXPECT_EQ(ran.status, 0) << ran.err << ran.out;
        EXPECT_EQ(ran.err, "");
        return ran.out;
    }

    const LinuxGolden &golden = GetParam();
    const TemporaryFolder folder;
    const std::string core = golden.unpacked_into(folder);
};

TEST_P(Golden, SaysWhatItSaidWhenItWasMade) {
    const Json shown = Json::parse(clean({"show", "--json", core}), nullptr, false);
    ASSERT_TRUE(shown.is_object());
    EXPECT_EQ(without_origin(shown), golden.shown());
}

TEST_P(Golden, IsSoundAndTakenByTheKernelThatMadeIt) {
    EXPECT_EQ(clean({"check", core}), "");
    EXPECT_EQ(clean({"check", "--for=" + golden.release, core}),
              core + ": Linux " + golden.release + ": accepted\n");
}

TEST_P(Golden, HoldsEveryByteOfItsManifest) {
    const std::string all = folder.file("all");
    clean({"extract", "--all=" + all, core});
    const Json index = Json::parse(TemporaryFolder::contents(all + "/index.json"), nullptr, false);
    ASSERT_TRUE(index.is_object());
    const Json &files = index["files"];
    if (golden.scenario == "empty") {
        EXPECT_TRUE(files.empty());
        return;
    }
    const auto content = [&](const Json &entry) {
        return TemporaryFolder::contents(all + "/" + entry["name"].get<std::string>());
    };
    ASSERT_FALSE(files.empty());
    ASSERT_EQ(files.back()["session"], agent::manifest_session);
    const auto manifest = agent::manifest_from(content(files.back()));
    ASSERT_TRUE(manifest);
    EXPECT_TRUE(manifest->release.starts_with(golden.release + "."));
    EXPECT_EQ(manifest->scenario, golden.scenario);
    std::size_t number = 0;
    for (const agent::ManifestSession &session : manifest->sessions)
        for (const agent::ManifestFile &file : session.files) {
            ASSERT_LT(number + 1, files.size());
            const Json &entry = files[number++];
            EXPECT_EQ(entry["session"], session.name);
            EXPECT_EQ(entry["pos"], file.position);
            std::string expected(file.size, '\0');
            agent::make_content(std::as_writable_bytes(std::span(expected)), file.seed, file.layout, 0);
            EXPECT_EQ(content(entry), expected) << session.name << ", token " << file.token;
        }
    EXPECT_EQ(number + 1, files.size());
    EXPECT_GT(number, 0U);

    const Json shown = golden.shown();
    ASSERT_EQ(shown["memblock"].size(), manifest->reservations.size());
    for (std::size_t i = 0; i < manifest->reservations.size(); i++) {
        EXPECT_EQ(shown["memblock"][i]["name"], manifest->reservations[i].name);
        EXPECT_EQ(shown["memblock"][i]["size"], manifest->reservations[i].size);
        EXPECT_EQ(std::stoull(shown["memblock"][i]["address"].get<std::string>(), nullptr, 16),
                  manifest->reservations[i].start);
    }
}

TEST_P(Golden, IsTheSameWrittenAnew) {
    const std::string again = folder.file("again.core");
    EXPECT_EQ(clean({"convert", "--to=" + golden.release, "--output=" + again, core}), "");
    EXPECT_EQ(clean({"check", again}), "");
    EXPECT_EQ(clean({"diff", core, again}), "");
}

INSTANTIATE_TEST_SUITE_P(Linux, Golden, testing::ValuesIn(linux_goldens),
                         [](const auto &test) { return test.param.test_name(); });

}  // namespace
}  // namespace kho::test
