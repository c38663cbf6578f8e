// SPDX-License-Identifier: GPL-2.0-or-later
// What kho show, check and find print about known handovers. KHO_UPDATE_GOLDENS=1 writes the golden files
// again.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fdt/base/internal/text.h"
#include "fdt/check/check.h"
#include "fdt/formats/releases.h"
#include "tests/tool/run.h"
#include "tests/tool/sample.h"
#include "tests/unit/fdt/image_test_memory.h"

namespace kho::test {
namespace {

// Equal to the file in golden/, once the folder of the test is taken out.
void expect_golden(const std::string &name, std::string text, const TemporaryFolder &folder) {
    for (std::size_t at; (at = text.find(folder.path() + '/')) != std::string::npos;)
        text.erase(at, folder.path().size() + 1);
    const std::string path = std::string(GOLDEN) + '/' + name;
    if (std::getenv("KHO_UPDATE_GOLDENS") != nullptr)
        TemporaryFolder::write(path, text);
    EXPECT_EQ(text, TemporaryFolder::contents(path)) << name;
}

class Sample : public testing::TestWithParam<std::string> {
protected:
    const TemporaryFolder folder;
    const std::string path = record_sample(folder, GetParam());
};

TEST_P(Sample, IsShownAsTheGoldenFileHasIt) {
    const Ran ran = kho({"show", path});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    expect_golden("show-" + GetParam() + ".txt", ran.out, folder);
}

TEST_P(Sample, IsShownInFullWithVerbose) {
    const Ran ran = kho({"show", "-v", path});
    EXPECT_EQ(ran.status, 0) << ran.err;
    expect_golden("show-verbose-" + GetParam() + ".txt", ran.out, folder);
}

TEST_P(Sample, IsShownAsJson) {
    const Ran ran = kho({"show", "--json", path});
    EXPECT_EQ(ran.status, 0) << ran.err;
    expect_golden("show-" + GetParam() + ".json", ran.out, folder);
}

// The lines of --session and --token are those of the whole, and nothing else is there.
TEST_P(Sample, IsShownInPart) {
    const Handover content = sample_content(GetParam());
    for (const LuoSession &session : content.luo->sessions) {
        std::string shown = kho({"show", path, "--session", session.name}).out;
        shown.resize(std::min(shown.size(), shown.find("\nFindings")));
        EXPECT_EQ(shown.find("Preserved"), std::string::npos);
        for (const LuoSession &other : content.luo->sessions)
            EXPECT_EQ(shown.find(in_quotes(other.name)) != std::string::npos, other.name == session.name)
                << shown;
        for (const LuoFile &file : session.files) {
            const std::string one =
                kho({"show", path, "--session", session.name, "--token", std::to_string(file.token)}).out;
            EXPECT_NE(one.find(hex(file.token) + "  " + file.compatible), std::string::npos) << one;
            const std::string table = one.substr(0, one.find("\nFindings"));
            EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3) << one;
        }
        const std::string json = kho({"show", path, "--json", "--session", session.name}).out;
        std::size_t tokens = 0;
        for (std::size_t at = 0; (at = json.find("\"data\": ", at)) != std::string::npos; at++) tokens++;
        const std::size_t flbs = content.luo->flbs ? content.luo->flbs->size() : 0;
        EXPECT_EQ(tokens, session.files.size() + flbs) << json;
    }
    for (const auto &[arguments, said] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"--session", "no such"}, "there is no session \"no such\""},
             {{"--token", "0x777"}, "there is no file with token 0x777"},
             {{"--session", content.luo->sessions[0].name, "--token", "0x777"},
              "there is no file with token 0x777 in session \"" + content.luo->sessions[0].name + "\""}}) {
        std::vector<std::string> command = {"show", path};
        command.insert(command.end(), arguments.begin(), arguments.end());
        const Ran ran = kho(command);
        EXPECT_EQ(ran.status, 2);
        EXPECT_EQ(ran.out, "");
        EXPECT_EQ(ran.err, "kho: " + path + ": " + said + "\n");
    }
    EXPECT_EQ(kho({"show", path, "--summary", "--token=1"}).status, 2);
}

TEST_P(Sample, IsShownAsASummary) {
    const std::string whole = kho({"show", path}).out;
    const std::string summary = kho({"show", path, "--summary"}).out;
    EXPECT_TRUE(whole.starts_with(summary.substr(0, summary.find("\nFindings"))));
    EXPECT_NE(summary.find("Sessions"), std::string::npos);
    EXPECT_EQ(summary.find("TOKEN"), std::string::npos);
    const std::string json = kho({"show", path, "--summary", "--json"}).out;
    EXPECT_NE(json.find("\"totals\""), std::string::npos);
    EXPECT_EQ(json.find("\"preserved\": ["), std::string::npos);
}

TEST_P(Sample, HasNothingWrongButAHandlerThatNoKernelHas) {
    const Ran ran = kho({"check", "--not=file-handler", path});
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(kho({"check", "-v", "--not=file-handler", path}).out, path + ": no findings\n");
}

TEST_P(Sample, IsFoundInItsMemory) {
    const Ran ran = kho({"find", path});
    EXPECT_EQ(ran.status, 0) << ran.err;
    expect_golden("find-" + GetParam() + ".txt", ran.out, folder);
}

INSTANTIATE_TEST_SUITE_P(Release, Sample, testing::Values("6.19", "7.0", "7.1", "7.2"),
                         [](const auto &release) {
                             std::string name = "Linux" + release.param;
                             name.replace(name.find('.'), 1, "_");
                             return name;
                         });

// A KHO FDT, a chunk of its map, and the bitmap of that.
TEST(Find, SaysWhatAMapPreservesAsFarAsItCanBeRead) {
    constexpr PhysAddr fdt{0x100000}, map = fdt + page_size, bitmap = map + page_size;
    const struct {
        PhysAddr bitmap;
        std::uint64_t next;
        const char *text, *json;
    } cases[] = {
        {bitmap, 0, "preserves 128 KiB", R"("preserved_bytes": 131072, "preserved_blocks": 2, "errors": 0)"},
        {bitmap, 8, "preserves 128 KiB as far as its map can be read",
         R"("preserved_bytes": 131072, "preserved_blocks": 2, "errors": 1)"},
        {PhysAddr{8}, 0, "its map cannot be read",
         R"("preserved_bytes": 0, "preserved_blocks": 0, "errors": 1)"},
    };
    for (const auto &[bitmap_at, next, text, json] : cases) {
        ImageTestMemory memory;
        put_kho_fdt(memory, fdt, map, {});
        memory.put(
            map, abi::mem_chunk{.next = next, .order = 4, .num_elms = 1, .bitmaps = {{0, value(bitmap_at)}}});
        memory.put(bitmap, std::uint64_t{3});
        std::string bytes(3 * page_size, '\0');
        ASSERT_TRUE(memory.read(fdt, std::as_writable_bytes(std::span(bytes))).ok());
        const TemporaryFolder folder;
        const std::string path = folder.file("memory");
        TemporaryFolder::write(path, bytes);
        const Ran ran = kho({"find", "--base=0x100000", path});
        EXPECT_EQ(ran.out, "0x100000  likely    KHO FDT  kho-v1  nothing found points here; " +
                               std::string(text) + "\n");
        EXPECT_EQ(ran.status, 0) << ran.err;
        EXPECT_NE(kho({"find", "--base=0x100000", "--json", path}).out.find(json), std::string::npos) << json;
    }
}

// Two sessions of one name, which no writer writes: the second is renamed in the file.
class Broken : public testing::Test {
protected:
    void SetUp() override {
        Handover content = sample_content("7.2");
        content.luo->sessions[1].name = "vm-X";
        path = record(folder, "7.2", content);
        std::string bytes = TemporaryFolder::contents(path);
        const std::size_t at = bytes.find("vm-X");
        ASSERT_NE(at, std::string::npos);
        bytes.replace(at, 4, "vm-1");
        TemporaryFolder::write(path, bytes);
    }
    const TemporaryFolder folder;
    std::string path;
};

TEST_F(Broken, IsReportedInOneLineWithCheckAndPath) {
    const Ran ran = kho({"check", "--not=file-handler", path});
    EXPECT_EQ(ran.status, 1);
    EXPECT_EQ(ran.err, "");
    expect_golden("check-name-twice.txt", ran.out, folder);
    EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 1);
    const std::string colored = kho({"check", "--color=always", path}).out;
    EXPECT_NE(colored.find("\x1b[1;31merror\x1b[0m"), std::string::npos) << colored;
}

TEST_F(Broken, IsReportedAsJson) {
    const Ran ran = kho({"check", "--not=file-handler", "--json", path});
    EXPECT_EQ(ran.status, 1);
    expect_golden("check-name-twice.json", ran.out, folder);
}

TEST_F(Broken, LeavesOnlyTheExitStatusWithQuiet) {
    const Ran ran = kho({"check", "--quiet", path});
    EXPECT_EQ(ran.status, 1);
    EXPECT_EQ(ran.out + ran.err, "");
}

TEST_F(Broken, IsSilentWhereTheCheckIsNotWanted) {
    EXPECT_EQ(kho({"check", "--not=session-name-twice", "--not=file-handler", path}).status, 0);
    EXPECT_EQ(kho({"check", "--only=kho-compatible", path}).status, 0);
    EXPECT_EQ(kho({"check", "--only=session-name-twice", "--only=kho-compatible", path}).status, 1);
}

TEST_F(Broken, IsShownWithItsFindingsAtTheEnd) {
    const Ran ran = kho({"show", path});
    EXPECT_EQ(ran.status, 1);
    EXPECT_NE(ran.out.find("\nFindings: 1 error, 1 warning\n  error: session-name-twice at 0x"),
              std::string::npos)
        << ran.out;
}

TEST_F(Broken, DoesNotHinderTheFilesBesideIt) {
    const std::string sound = record_sample(folder, "7.1");
    const Ran ran = kho({"check", sound, "/nonexistent", path});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.err, "kho: /nonexistent: No such file or directory\n");
    EXPECT_NE(ran.out.find("session-name-twice"), std::string::npos);
    EXPECT_EQ(kho({"check", sound, path}).status, 1);
}

struct Asked {
    std::string written;
    std::string release;
    std::string fate;
};

TEST(CheckFor, SaysWhichKernelTakesItAndHowTheOthersFail) {
    const Asked cases[] = {
        {"6.19", "6.19", "accepted"},   {"6.19", "6.19.14", "accepted"}, {"6.19", "7.0", "panic: "},
        {"6.19", "7.1", "cold boot: "}, {"7.2", "7.3", "accepted"},      {"7.3", "7.1", "cold boot: "},
    };
    const TemporaryFolder folder;
    for (const Asked &asked : cases) {
        Handover content = sample_content(asked.written);
        content.luo->sessions.pop_back();  // whose handler no kernel has
        const std::string path = record(folder, asked.written, content);
        const Ran ran = kho({"check", "--for=" + asked.release, path});
        const std::string series = asked.release == "6.19.14" ? "6.19" : asked.release;
        EXPECT_EQ(ran.status, asked.fate == "accepted" ? 0 : 1) << ran.out << ran.err;
        EXPECT_TRUE(ran.out.starts_with(path + ": Linux " + series + ": " + asked.fate)) << ran.out;
        EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 1) << ran.out;
    }
    const std::string path = record_sample(folder, "6.19");
    EXPECT_NE(kho({"check", "--for=7.3", path}).out.find("cold boot"), std::string::npos);
    // An unknown handler is EIO where the rest fits.
    EXPECT_NE(kho({"check", "--for=6.19", path}).out.find(": Linux 6.19: EIO: "), std::string::npos);
    const std::string all = kho({"check", "--not=file-handler", "--for=all", "--for=7.0", path}).out;
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 5) << all;
    EXPECT_EQ(kho({"check", "--for=6.18", path}).err,
              "kho: check: --for: \"6.18\" is none of 6.19, 7.0, 7.1, 7.2, 7.3, all; see kho check --help\n");
}

TEST(Blob, IsShownAsFarAsItGoesAndCheckedButNotForAKernel) {
    const TemporaryFolder folder;
    const std::string recording = record_sample(folder, "7.2");
    const std::string blob = folder.file("luo");
    ASSERT_EQ(kho({"extract", "--subtree=LUO", "-o", blob, recording}).status, 0);
    const Ran shown = kho({"show", blob});
    EXPECT_EQ(shown.status, 0) << shown.err;
    expect_golden("show-luo-blob.txt", shown.out, folder);
    EXPECT_EQ(kho({"check", blob}).status, 0);
    EXPECT_EQ(kho({"find", blob}).status, 2);
    const Ran asked = kho({"check", "--for=7.2", blob});
    EXPECT_EQ(asked.status, 2);
    EXPECT_EQ(asked.err, "kho: " + blob + ": --for needs a whole handover, and this is a blob\n");
    EXPECT_EQ(kho({"show", "--fdt=0x1000", blob}).status, 2);
}

TEST(CheckList, HasEveryCheckWithSeverityAndMeaning) {
    const Ran ran = kho({"check", "--list"});
    EXPECT_EQ(ran.status, 0);
    std::istringstream lines(ran.out);
    std::string line;
    for (const CheckInfo &info : checks()) {
        ASSERT_TRUE(std::getline(lines, line));
        EXPECT_TRUE(line.starts_with(info.name)) << line;
        EXPECT_NE(line.find(name(info.severity)), std::string::npos) << line;
        EXPECT_TRUE(line.ends_with(info.description)) << line;
    }
    EXPECT_FALSE(std::getline(lines, line));
}

TEST(Show, GivesNoTerminalAForeignByte) {
    const TemporaryFolder folder;
    const std::string path = record_sample(folder, "6.19");
    for (const auto &arguments : std::vector<std::vector<std::string>>{
             {"show", "-v", path}, {"show", "--json", path}, {"check", "-v", path}, {"find", path}})
        for (const char c : kho(arguments).out)
            ASSERT_TRUE((c >= ' ' && c <= '~') || c == '\n') << arguments[0] << ' ' << int(c);
}

}  // namespace
}  // namespace kho::test
