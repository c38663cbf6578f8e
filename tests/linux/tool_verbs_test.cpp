// SPDX-License-Identifier: GPL-2.0-or-later
// kho check, find, map and diff on dumps of real kernels.
#include <glib.h>

#include <memory>

#include "tests/temporary_folder.h"
#include "tool_leg.h"

namespace {

using namespace tool_leg;

class Verbs : public testing::TestWithParam<Leg> {
protected:
    const Format &format = format_of(GetParam().release);
};

// What a kernel hands over is sound, warnings included, and for itself.
TEST_P(Verbs, CheckFindsNothingAndTheKernelItselfTakesIt) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    EXPECT_EQ(output_of({"check", dump.file}), "");
    const std::string release = GetParam().release;
    EXPECT_EQ(output_of({"check", "--for=" + release, dump.file}),
              dump.file + ": Linux " + release + ": accepted\n");
    // The kernel that wrote it, as uname has it.
    EXPECT_EQ(output_of({"check", "--for=" + dump.manifest.release, dump.file}),
              dump.file + ": Linux " + release + ": accepted\n");
}

TEST_P(Verbs, CheckKnowsWhatTheOthersMakeOfIt) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const kho::test::Ran ran = kho::test::kho({"check", "--json", "--for=all", dump.file});
    EXPECT_EQ(ran.status, 1) << ran.err;
    const Json json = Json::parse(ran.out, nullptr, false);
    ASSERT_TRUE(json.is_object());
    const Json &verdicts = json["files"][0]["for"];
    ASSERT_EQ(verdicts.size(), std::size(harness::linux_releases));
    ASSERT_EQ(format.fates.size(), verdicts.size());
    for (std::size_t i = 0; i < verdicts.size(); i++) {
        EXPECT_EQ(verdicts[i]["release"], harness::linux_releases[i]);
        EXPECT_EQ(verdicts[i]["fate"], format.fates[i]) << verdicts[i];
    }
}

TEST_P(Verbs, FindFindsItWithoutHelp) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const Json shown = json_of({"show", dump.file});
    const Json result = json_of({"find", dump.file});
    EXPECT_FALSE(result["truncated"]);
    const auto certain = [&](const std::string &kind) {
        Json addresses = Json::array();
        for (const Json &found : result["found"])
            if (found["kind"] == kind && found["certainty"] == "certain")
                addresses.push_back(found["address"]);
        return addresses;
    };
    EXPECT_EQ(certain("KHO FDT"), Json::array({shown["kho"]["fdt"]}));
    EXPECT_EQ(certain(format.luo == "luo-v1" ? "LUO FDT" : "LUO root"), Json::array({shown["luo"]["root"]}));
    const Json params = certain("boot_params");
    EXPECT_NE(std::find(params.begin(), params.end(), hex(dump.boot_params)), params.end()) << result;
    for (const Json &found : result["found"]) {
        if (found["kind"] != "setup_data" || found["certainty"] != "certain")
            continue;
        EXPECT_EQ(found["kho_data"]["fdt_addr"], shown["kho"]["fdt"]);
    }

    // The same with the address given; only scratch is then known from what was found.
    Json shown_there = json_of({"show", "--fdt=" + shown["kho"]["fdt"].get<std::string>(), dump.file});
    Json found = shown;
    found["input"].erase("found_by");
    shown_there["input"].erase("found_by");
    EXPECT_EQ(shown_there, found);
}

void start(GMarkupParseContext *, const gchar *name, const gchar **, const gchar **, gpointer data,
           GError **) {
    static_cast<std::vector<std::string> *>(data)->emplace_back(name);
}

TEST_P(Verbs, MapDrawsIt) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const std::string letters = output_of({"map", "--width=80", "--ascii", dump.file});
    EXPECT_NE(letters.find("by the memory map in boot_params"), std::string::npos) << letters;
    EXPECT_NE(letters.find(std::string(format.kho) + ", as Linux "), std::string::npos) << letters;
    for (const char *const part : {"scratch", "file contents", "sessions, files, folio arrays",
                                   "FDTs and memory map", "preserved blocks by order"})
        EXPECT_NE(letters.find(part), std::string::npos) << part << "\n" << letters;

    const std::string svg = output_of({"map", "--output=-", dump.file});
    std::vector<std::string> elements;
    constexpr GMarkupParser parser = {start, nullptr, nullptr, nullptr, nullptr};
    const std::unique_ptr<GMarkupParseContext, void (*)(GMarkupParseContext *)> context(
        g_markup_parse_context_new(&parser, G_MARKUP_DEFAULT_FLAGS, &elements, nullptr),
        g_markup_parse_context_free);
    EXPECT_TRUE(
        g_markup_parse_context_parse(context.get(), svg.data(), static_cast<gssize>(svg.size()), nullptr));
    EXPECT_TRUE(g_markup_parse_context_end_parse(context.get(), nullptr));
    ASSERT_FALSE(elements.empty());
    EXPECT_EQ(elements.front(), "svg");
    EXPECT_GT(std::count(elements.begin(), elements.end(), "rect"), 10);
    EXPECT_LT(svg.size(), 1U << 20);
}

TEST_P(Verbs, DiffWithItselfIsEmpty) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    EXPECT_EQ(output_of({"diff", "--strict", dump.file, dump.file}), "");
}

// A recording out of the dump has all that the handover consists of.
TEST_P(Verbs, ARecordingOfItSaysTheSame) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const TemporaryFolder folder;
    const std::string recording = folder.file("recording");
    EXPECT_EQ(output_of({"extract", "--recording", "--output=" + recording, dump.file}), "");
    EXPECT_EQ(output_of({"check", recording}), "");
    EXPECT_EQ(output_of({"diff", "--strict", dump.file, recording}), "");
    Json of_dump = json_of({"show", dump.file}), of_recording = json_of({"show", recording});
    for (const char *const member : {"file", "input"}) {
        of_dump.erase(member);
        of_recording.erase(member);
    }
    EXPECT_EQ(of_dump, of_recording);
}

INSTANTIATE_TEST_SUITE_P(Linux, Verbs, testing::ValuesIn(legs()), name_of);

// The sessions of 7.2 and 7.3 are the same, so are their bytes; where they lie is not, nor who wrote it.
TEST(Diff, BetweenTwoKernelsTellsOnlyWhatDiffers) {
    KERNEL_OR_SKIP(older, "7.2");
    KERNEL_OR_SKIP(newer, "7.3");
    const std::string a = harness::linux_dump("7.2", "mixed").file,
                      b = harness::linux_dump("7.3", "mixed").file;
    const kho::test::Ran ran = kho::test::kho({"diff", a, b});
    EXPECT_EQ(ran.status, 1);
    for (const char *const same : {"no file", "holes", "large", "seals"})
        EXPECT_EQ(ran.out.find(same), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("kho-agent manifest"), std::string::npos) << ran.out;
}

}  // namespace
