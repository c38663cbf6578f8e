// SPDX-License-Identifier: GPL-2.0-or-later
// kho map, diff and extract, on recordings that kho make makes.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "tests/temporary_folder.h"
#include "tests/tool/run.h"

namespace kho::test {
namespace {

bool contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

// Sessions by whose names one must not be led astray, a sparse file, one as long as a file can be, and a file
// that is not a memfd.
constexpr char description[] = R"({"release": "RELEASE", "memory": "64M", "scratch": ["8M", 0, "4M"],
 "liveupdate_number": 3, "sessions": [
  {"name": "vm", "files": [
    {"token": 1, "contents": [{"text": "HELLO"}]},
    {"token": 2, "contents": [{"hole": "1M"}, {"pattern": 7, "size": 10000, "offset": "1M"},
                              {"hole": 2084864, "offset": 1060864}]}]},
  {"name": "../../etc/x<&>\u001b[2J", "files": [{"token": 1, "contents": [{"text": "a"}]}]},
  {"name": ".h", "files": [{"token": "0xffffffffffffffff", "size": 9223372036854775807,
                            "contents": [{"hole": 9223372036854775807}]}]},
  {"name": "other", "files": [{"token": 5, "handler": "vfio-pci-v1", "data": "0x1234"}]}],
 "reservations": [{"name": "trace", "size": "16K", "contents": [{"text": "panic"}]}]})";

class Views : public testing::Test {
protected:
    std::string make(const std::string &name, const std::string &release = "7.2",
                     const std::string &text = "HELLO") {
        std::string json = description;
        const auto replace = [&json](const std::string &from, const std::string &to) {
            json.replace(json.find(from), from.size(), to);
        };
        replace("RELEASE", release);
        replace("HELLO", text);
        TemporaryFolder::write(folder.file(name + ".json"), json);
        const Ran made = kho({"make", folder.file(name + ".json"), "-o", folder.file(name)});
        EXPECT_EQ(made.status, 0) << made.err;
        return folder.file(name);
    }
    std::string read(const std::string &name) { return TemporaryFolder::contents(folder.file(name)); }
    bool exists(const std::string &name) { return folder.names().count(name) != 0; }

    const TemporaryFolder folder;
};

// ---- map

TEST_F(Views, MapDrawsInTheTerminalUnlessAFileIsNamed) {
    const std::string core = make("a.core");
    const Ran text = kho({"map", core, "--ascii", "--width", "80"});
    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_TRUE(contains(text.out, "2 MiB a row")) << text.out;
    EXPECT_TRUE(contains(text.out, "reserve_mem"));
    EXPECT_TRUE(contains(text.out, "RAM: 63.4 MiB, by the recording's memory map")) << text.out;
    EXPECT_EQ(text.out.find('\x1b'), std::string::npos);
    EXPECT_TRUE(contains(kho({"map", core, "--list"}).out, "/memblock/trace [memblock-reservation]"));
    EXPECT_TRUE(contains(kho({"map", core, "--color=always"}).out, "\x1b["));

    const Ran svg = kho({"map", core, "-o", folder.file("map.svg")});
    EXPECT_EQ(svg.status, 0) << svg.err;
    EXPECT_EQ(svg.out, "");
    EXPECT_EQ(run({"xmllint", "--noout", folder.file("map.svg")}).status, 0);
    EXPECT_EQ(kho({"map", core, "-o", "-"}).out, read("map.svg"));
}

TEST_F(Views, MapRefusesWhatItCannotDraw) {
    const std::string core = make("a.core");
    EXPECT_EQ(kho({"extract", core, "--subtree", "LUO", "-o", folder.file("luo")}).status, 0);
    const Ran blob = kho({"map", folder.file("luo")});
    EXPECT_EQ(blob.status, 2);
    EXPECT_TRUE(contains(blob.err, "map draws memory")) << blob.err;
    EXPECT_EQ(kho({"map", folder.file("none")}).status, 2);
    EXPECT_EQ(kho({"map", core, "-o", folder.file("no/such/folder")}).status, 2);
    EXPECT_EQ(kho({"map", core, "-o", "x", "--ascii"}).status, 2);
    EXPECT_EQ(kho_into("/dev/full", {"map", core}).status, 2);
}

// ---- diff

TEST_F(Views, DiffSaysWhetherTwoHandoversSayTheSame) {
    const std::string a = make("a.core"), same = make("same.core"), b = make("b.core", "7.2", "HELL0"),
                      old = folder.file("old.core");
    ASSERT_EQ(kho({"convert", a, "--to", "7.1", "-o", old}).status, 0);
    const Ran equal = kho({"diff", a, same});
    EXPECT_EQ(equal.status, 0) << equal.out << equal.err;
    EXPECT_EQ(equal.out, "");

    const Ran differ = kho({"diff", a, b});
    EXPECT_EQ(differ.status, 1);
    EXPECT_EQ(
        differ.out,
        "~ /LUO/sessions/\"vm\"/files/0x1: content: 1 byte of 5 differs, the first at 0x4, all before 0x5\n");
    EXPECT_EQ(kho({"diff", "-q", a, b}).out, "");
    EXPECT_EQ(kho({"diff", "-q", a, b}).status, 1);
    EXPECT_EQ(kho({"diff", "--no-content", a, b}).status, 0);

    // Another generation, so another place for nearly everything.
    const Ran moved = kho({"diff", a, old});
    EXPECT_EQ(moved.status, 0) << moved.out;
    EXPECT_EQ(moved.out, "");
    EXPECT_TRUE(contains(kho({"diff", "-v", a, old}).out, "~ /: format: kho-v4 -> kho-v3\n"));
    EXPECT_EQ(kho({"diff", "-v", a, old}).status, 0);
    EXPECT_EQ(kho({"diff", "--strict", a, old}).status, 1);
    EXPECT_TRUE(contains(kho({"diff", "--json", a, old}).out, "\"same\": true"));
    EXPECT_TRUE(contains(kho({"diff", "--json", a, b}).out, "\"ranges\": [{\"offset\": 4, \"size\": 1}]"))
        << kho({"diff", "--json", a, b}).out;
}

TEST_F(Views, DiffDoesNotCallEqualWhatItCouldNotRead) {
    const std::string a = make("a.core");
    std::string bytes = read("a.core");
    // The session block's count: none fits.
    const std::size_t name = bytes.find(std::string("vm") + std::string(62, '\0'));
    ASSERT_NE(name, std::string::npos);
    bytes[name + 71] = '\x7f';  // the highest byte of the file set's address
    TemporaryFolder::write(folder.file("bad.core"), bytes);
    const Ran both = kho({"diff", folder.file("bad.core"), folder.file("bad.core")});
    EXPECT_EQ(both.status, 2) << both.out;
    EXPECT_TRUE(contains(both.err, "cannot tell")) << both.err;
    EXPECT_EQ(kho({"diff", a, folder.file("bad.core")}).status, 1);
    EXPECT_EQ(kho({"diff", a, folder.file("none")}).status, 2);
    EXPECT_EQ(kho({"diff", a}).status, 2);
}

// ---- extract

TEST_F(Views, ExtractWritesAFileByteForByteAndItsHolesAsHoles) {
    const std::string core = make("a.core"), out = folder.file("out");
    EXPECT_EQ(kho({"extract", core, "--session", "vm", "--token", "1", "-o", "-"}).out, "HELLO");
    const Ran ran = kho({"extract", core, "--session", "vm", "--token", "2", "-o", out});
    EXPECT_EQ(ran.status, 0) << ran.err;
    const std::string content = read("out");
    ASSERT_EQ(content.size(), 3U << 20);
    EXPECT_EQ(content.substr(0, 1 << 20), std::string(1 << 20, '\0'));
    EXPECT_EQ(content.substr((1 << 20) + 10000), std::string((2 << 20) - 10000, '\0'));
    EXPECT_NE(content.substr(1 << 20, 8), std::string(8, '\0'));
    EXPECT_EQ(kho({"extract", core, "--token", "2", "-o", "-"}).out, content);
    struct stat status {};
    ASSERT_EQ(stat(out.c_str(), &status), 0);
    EXPECT_LE(status.st_blocks * 512, 64 * 1024);
}

TEST_F(Views, ExtractSaysWhatItCannotDoAndWritesNothing) {
    const std::string core = make("a.core");
    const struct {
        std::vector<std::string> options;
        const char *complaint;
    } cases[] = {
        {{}, "nothing to extract"},
        {{"--token", "1"}, "where to?"},
        {{"--token", "1", "--dts", "-o", "x"}, "one at a time"},
        {{"--exact", "--token", "1", "-o", "x"}, "--exact is for --dts"},
        {{"--all", "x", "-o", "x"}, "into a folder"},
        {{"--token", "1", "-o", folder.file("x")}, "2 files with token 0x1"},
        {{"--token", "9", "-o", folder.file("x")}, "no file with token 0x9"},
        {{"--session", "vm", "-o", folder.file("x")}, "2 files in session"},
        {{"--session", "none", "-o", folder.file("x")}, "no session \"none\""},
        {{"--session", "other", "-o", folder.file("x")}, "no memfd"},
        {{"--subtree", "none", "-o", folder.file("x")}, "no subtree"},
        {{"--memory", "0x1000", "-o", folder.file("x")}, "not a range"},
        {{"--memory", "0x2000-0x1000", "-o", folder.file("x")}, "not a range"},
        {{"--memory", "0xfffffffffffff000+8K", "-o", folder.file("x")}, "not a range"},
        {{"--memory", "0x7ffffffff000+4K", "-o", folder.file("x")}, "outside_memory"},
        {{"--token", "2", "-o", folder.file("no/x")}, "No such file"},
        {{"--token", "2", "-o", folder.path()}, "not a regular file"},
        {{"--recording"}, "where to?"},
        {{"--recording", "-o", "-"}, "written into a file"},
        {{"--recording", "--dts", "-o", folder.file("x")}, "one at a time"},
        {{"--recording", "-o", folder.file("no/x")}, "No such file"},
    };
    for (const auto &c : cases) {
        std::vector<std::string> arguments = {"extract", core};
        arguments.insert(arguments.end(), c.options.begin(), c.options.end());
        const Ran ran = kho(arguments);
        EXPECT_EQ(ran.status, 2) << c.complaint;
        EXPECT_TRUE(contains(ran.err, c.complaint)) << c.complaint << '\n' << ran.err;
        EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    }
    EXPECT_EQ(folder.names(), (std::set<std::string>{"a.core", "a.core.json"}));
}

TEST_F(Views, ExtractMakesTheSameRecordingOfARecording) {
    const std::string core = make("a.core");
    EXPECT_EQ(kho({"extract", core, "--recording", "-o", folder.file("b.core")}).status, 0);
    EXPECT_TRUE(read("b.core") == read("a.core"));
}

TEST_F(Views, ExtractSaysWhatARecordingLacks) {
    const std::string core = make("a.core");
    // Another KHO FDT address in the note: nothing is there.
    const Ran none = kho({"extract", core, "--fdt=0x1000", "--recording", "-o", folder.file("b.core")});
    EXPECT_EQ(none.status, 2) << none.err;
    EXPECT_TRUE(contains(none.err, "scratch areas are not known")) << none.err;
    std::string bytes = read("a.core");
    const std::size_t at = bytes.find("luo-v5");
    ASSERT_NE(at, std::string::npos);
    bytes[at + 5] = '9';
    TemporaryFolder::write(folder.file("bad.core"), bytes);
    const Ran ran = kho({"extract", folder.file("bad.core"), "--recording", "-o", folder.file("b.core")});
    EXPECT_EQ(ran.status, 1) << ran.err;
    EXPECT_TRUE(contains(ran.err, "1 error found")) << ran.err;
    // All that is preserved is in it nevertheless.
    EXPECT_TRUE(read("b.core") == bytes);
}

TEST_F(Views, ExtractRefusesAFileOfWhichAPartIsMissing) {
    make("a.core");
    std::string bytes = read("a.core");
    // The first folio of token 2: index 256, so that its place in the array is easy to find.
    const std::string index("\x00\x01\x00\x00\x00\x00\x00\x00", 8);
    std::size_t at = 0;
    for (std::size_t found = bytes.find(index); found != std::string::npos;
         found = bytes.find(index, found + 1))
        if (found % 16 == 8 && static_cast<unsigned char>(bytes[found - 1]) == 0x00 &&
            (static_cast<unsigned char>(bytes[found - 2]) & 0xf0) == 0x30)
            at = found;
    ASSERT_NE(at, 0U);
    bytes[at - 4] = '\x7f';  // its page frame number
    TemporaryFolder::write(folder.file("bad.core"), bytes);
    const Ran one = kho({"extract", folder.file("bad.core"), "--token", "2", "-o", folder.file("x")});
    EXPECT_EQ(one.status, 2) << one.err;
    EXPECT_TRUE(contains(one.err, "/LUO/sessions/0 \"vm\"/files/1")) << one.err;
    EXPECT_FALSE(exists("x"));
    // Its neighbour is sound.
    EXPECT_EQ(kho({"extract", folder.file("bad.core"), "--session", "vm", "--token", "1", "-o", "-"}).out,
              "HELLO");
    const Ran all = kho({"extract", folder.file("bad.core"), "--all", folder.file("all")});
    EXPECT_EQ(all.status, 1);
    EXPECT_FALSE(contains(read("all/index.json"), "\"name\": \"vm.0x2\""));
}

TEST_F(Views, AHoleAsLongAsAFileCanBeTakesNoTime) {
    const std::string core = make("a.core");
    // Some file systems can hold it, others say at once that they cannot.
    const Ran file = kho({"extract", core, "--session", ".h", "-o", folder.file("huge")});
    EXPECT_TRUE(file.status == 0 || contains(file.err, "File too large")) << file.err;
    EXPECT_EQ(exists("huge"), file.status == 0);
    // A reader that goes away ends it.
    EXPECT_EQ(kho_into_closed_pipe({"extract", core, "--session", ".h", "-o", "-"}).status, 128 + SIGPIPE);
    EXPECT_EQ(kho_into("/dev/full", {"extract", core, "--session", ".h", "-o", "-"}).status, 2);
}

TEST_F(Views, ExtractAllGivesSafeNamesToAnySession) {
    const std::string core = make("a.core");
    const Ran ran = kho({"extract", core, "--all", folder.file("all")});
    EXPECT_EQ(ran.status, 1);
    EXPECT_TRUE(contains(ran.err, "no memfd")) << ran.err;
    EXPECT_EQ(read("all/vm.0x1"), "HELLO");
    EXPECT_EQ(read("all/%2E.%2F..%2Fetc%2Fx%3C%26%3E%1B%5B2J.0x1"), "a");
    const std::string index = read("all/index.json");
    EXPECT_TRUE(contains(index, "\"token\": \"0x5\", \"compatible\": \"vfio-pci-v1\", \"problem\": "))
        << index;
    EXPECT_TRUE(contains(index, "\"name\": \"vm.0x2\", \"size\": 3145728")) << index;
    // A folder that holds something is left alone.
    const Ran again = kho({"extract", core, "--all", folder.file("all")});
    EXPECT_EQ(again.status, 2);
    EXPECT_TRUE(contains(again.err, "not empty")) << again.err;
}

TEST_F(Views, ExtractGivesBlobsMemoryAndSource) {
    const std::string core = make("a.core"), old = make("old.core", "6.19");
    const Ran luo = kho({"extract", core, "--subtree", "LUO", "-o", "-"});
    EXPECT_EQ(luo.out.size(), 32U);
    EXPECT_EQ(luo.out.substr(0, 6), "luo-v5");
    const Ran source = kho({"extract", core, "--dts"});
    EXPECT_EQ(source.status, 0) << source.err;
    EXPECT_TRUE(contains(source.out, "compatible = \"kho-v4\";")) << source.out;
    EXPECT_TRUE(contains(source.out, "blob-size = /bits/ 64 <0x20>;")) << source.out;
    EXPECT_TRUE(contains(kho({"extract", old, "--subtree", "LUO", "--dts"}).out,
                         "liveupdate-number = /bits/ 64 <0x3>;"));
    const Ran no_fdt = kho({"extract", core, "--subtree", "LUO", "--dts"});
    EXPECT_EQ(no_fdt.status, 2);
    EXPECT_TRUE(contains(no_fdt.err, "no FDT")) << no_fdt.err;

    // What --memory gives is what the source says is there.
    const std::size_t at = source.out.find("preserved-data = /bits/ 64 <", source.out.find("LUO"));
    const std::string address = source.out.substr(at + 28, source.out.find('>', at) - at - 28);
    EXPECT_EQ(kho({"extract", core, "--memory", address + "+32", "-o", "-"}).out, luo.out);

    // A blob gives its source, too.
    EXPECT_EQ(kho({"extract", old, "--subtree", "LUO", "-o", folder.file("luo")}).status, 0);
    EXPECT_TRUE(contains(kho({"extract", folder.file("luo"), "--dts"}).out, "luo-session-header"));
    EXPECT_EQ(kho({"extract", folder.file("luo"), "--token", "1", "-o", "-"}).status, 2);
}

}  // namespace
}  // namespace kho::test
