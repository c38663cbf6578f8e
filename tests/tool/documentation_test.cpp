// SPDX-License-Identifier: GPL-2.0-or-later
// The man page, the JSON schema and the completion say what the command does.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "fdt/formats/releases.h"
#include "fdt/tool/command.h"
#include "tests/tool/run.h"
#include "tests/tool/sample.h"

namespace kho::test {
namespace {

// "--json" ... of lines that declare an option.
std::set<std::string> options_of_help(const std::string &help) {
    std::set<std::string> options;
    const std::regex line(R"(\n +(?:-., )?(--[a-z][a-z-]*))");
    for (std::sregex_iterator it(help.begin(), help.end(), line), end; it != end; ++it)
        options.insert((*it)[1]);
    return options;
}

// Of mdoc: ".It Fl v , Fl -verbose", ".It Fl -only Ns = Ns Ar check".
std::set<std::string> options_of_section(const std::string &section) {
    std::set<std::string> options;
    const std::regex item(R"(\n\.It Fl (?:. , Fl )?-([a-z][a-z-]*))");
    for (std::sregex_iterator it(section.begin(), section.end(), item), end; it != end; ++it)
        options.insert("--" + (*it)[1].str());
    return options;
}

// From this subsection's title to the next title.
std::string section(const std::string &page, const std::string &title) {
    const std::size_t from = page.find("\n.Ss " + title + "\n");
    if (from == std::string::npos)
        return "";
    return page.substr(from, page.find("\n.S", from + 4) - from);
}

TEST(ManPage, DescribesEveryVerbWithItsOptionsAndNoOther) {
    const std::string page = TemporaryFolder::contents(MAN_PAGE);
    std::set<std::string> common = options_of_section(section(page, "Common options"));
    common.merge(options_of_section(section(page, "Input")));
    for (const tool::Verb &verb : tool::verbs()) {
        const std::string own = section(page, std::string("kho ") + verb.name);
        EXPECT_NE(own, "") << verb.name;
        const std::set<std::string> offered = options_of_help(kho({verb.name, "--help"}).out);
        const std::set<std::string> described = options_of_section(own);
        EXPECT_GE(offered.size(), 5u);
        for (const std::string &option : offered)
            EXPECT_TRUE(described.contains(option) || common.contains(option)) << verb.name << ' ' << option;
        for (const std::string &option : described)
            EXPECT_TRUE(offered.contains(option)) << verb.name << ' ' << option << " is only in the man page";
    }
    const auto titles = [&page] {
        std::size_t count = 0;
        for (std::size_t at = 0; (at = page.find("\n.Ss kho ", at)) != std::string::npos; at++) count++;
        return count;
    };
    EXPECT_EQ(titles(), tool::verbs().size());
}

// Help, man page and the schema of descriptions name the releases of the table.
TEST(Releases, AreNamedAsTheTableHasThem) {
    const std::string first = releases().front().name, last = releases().back().name;
    const auto help = [](const char *verb) {
        return std::regex_replace(kho({verb, "--help"}).out, std::regex("\\s+"), " ");
    };
    EXPECT_NE(help("check").find(release_names() + " or all"), std::string::npos);
    EXPECT_NE(help("convert").find(first + " to " + last), std::string::npos);
    const std::string page = TemporaryFolder::contents(MAN_PAGE);
    EXPECT_NE(page.find("as Linux " + first + " to " + last), std::string::npos);
    EXPECT_NE(page.find("\nis " + release_names() + " or\n"), std::string::npos);
    EXPECT_NE(page.find("format is written: " + first + " to " + last), std::string::npos);
    std::smatch pattern;
    const std::string schema = TemporaryFolder::contents(MAKE_SCHEMA);
    ASSERT_TRUE(
        std::regex_search(schema, pattern, std::regex(R"re("release": \{[^}]*"pattern": "([^"]*)")re")));
    const std::string escaped = std::regex_replace(pattern[1].str(), std::regex(R"(\\\\)"), "\\");
    for (const Release &release : releases())
        EXPECT_TRUE(std::regex_match(release.name, std::regex(escaped))) << release.name << " " << escaped;
    EXPECT_FALSE(std::regex_match(std::string("6.18"), std::regex(escaped)));
}

TEST(ManPage, IsSoundForMandoc) {
    const Ran ran = run({"mandoc", "-T", "lint", "-W", "warning", MAN_PAGE});
    if (ran.status < 0)
        GTEST_SKIP() << "mandoc is not installed";
    EXPECT_EQ(ran.status, 0) << ran.out;
    EXPECT_EQ(ran.out, "");
}

constexpr char validate[] = R"(
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
part = {"$schema": schema["$schema"], "$ref": "#/$defs/" + sys.argv[2], "$defs": schema["$defs"]}
instance = json.load(open(sys.argv[3]))
for error in jsonschema.Draft202012Validator(part).iter_errors(instance):
    print(list(error.absolute_path), error.message)
    sys.exit(1)
)";

class Schema : public testing::Test {
protected:
    void SetUp() override {
        if (std::string_view(PYTHON).empty())
            GTEST_SKIP() << "no Python with the module jsonschema";
    }
    std::string problems(const std::string &definition, const std::string &json) const {
        const std::string file = folder.file("instance.json");
        TemporaryFolder::write(file, json);
        const Ran ran = run({PYTHON, "-c", validate, SCHEMA, definition, file});
        return ran.status == 0 ? "" : ran.out + ran.err;
    }
    const TemporaryFolder folder;
};

TEST_F(Schema, HoldsForWhatEachVerbPrints) {
    for (const char *release : {"6.19", "7.0", "7.1", "7.2"}) {
        const std::string path = record_sample(folder, release);
        EXPECT_EQ(problems("show", kho({"show", "--json", path}).out), "") << release;
        EXPECT_EQ(problems("show", kho({"show", "--json", "--summary", path}).out), "") << release;
        EXPECT_EQ(problems("show", kho({"show", "--json", "--token=1", path}).out), "") << release;
        EXPECT_EQ(problems("find", kho({"find", "--json", path}).out), "") << release;
        EXPECT_EQ(problems("check", kho({"check", "--json", "--for=all", path}).out), "") << release;
        EXPECT_EQ(problems("check", kho({"check", "--json", path, path, "/nonexistent"}).out), "") << release;
    }
    EXPECT_EQ(problems("check_list", kho({"check", "--list", "--json"}).out), "");
    EXPECT_EQ(problems("formats", kho({"formats", "--json"}).out), "");
    EXPECT_EQ(problems("formats", kho({"formats", "--json", "v7.1.3"}).out), "");
}

TEST_F(Schema, HoldsForComparisonsAndTheIndexOfExtractedFiles) {
    const std::string old = record_sample(folder, "7.1");
    Handover other = sample_content("7.2");
    other.luo->sessions[0].files.pop_back();
    other.luo->sessions[0].name = "vm-3 \xff";
    const std::string changed = record(folder, "7.2", other);
    for (const auto &arguments : std::vector<std::vector<std::string>>{
             {"diff", "--json", old, old}, {"diff", "--json", "--strict", old, changed}}) {
        const Ran ran = kho(arguments);
        EXPECT_LE(ran.status, 1) << ran.err;
        EXPECT_EQ(problems("diff", ran.out), "");
    }
    const std::string all = folder.file("all");
    EXPECT_LE(kho({"extract", "--all=" + all, changed}).status, 1);
    EXPECT_EQ(problems("index", TemporaryFolder::contents(all + "/index.json")), "");
}

TEST_F(Schema, HoldsForAHandoverOfNothing) {
    const std::string path =
        record(folder, "7.2", Handover{.format = &kho_v4, .scratch = {{PhysAddr{0x100000}, 0x100000}}});
    EXPECT_EQ(problems("show", kho({"show", "--json", path}).out), "");
}

TEST_F(Schema, IsNotOneThatAllowsAnything) {
    std::string json = kho({"show", "--json", record_sample(folder, "7.2")}).out;
    const std::string good = "\"token\": \"0x51\"";
    ASSERT_NE(json.find(good), std::string::npos);
    for (const char *bad : {"\"token\": 81", "\"token\": \"51\"", "\"toke\": \"0x51\""})
        EXPECT_NE(problems("show", std::string(json).replace(json.find(good), good.size(), bad)), "") << bad;
}

// What bash offers behind these words; the last one is being typed.
std::set<std::string> completed(const std::vector<std::string> &words) {
    std::string script =
        std::string("source '") + COMPLETION + "'; kho() { '" + kho_path() + "' \"$@\"; }; COMP_WORDS=(kho";
    for (const std::string &word : words) script += " '" + word + "'";
    script += "); COMP_CWORD=" + std::to_string(words.size()) +
              "; _kho; complete -p kho >/dev/null && printf '%s\\n' \"${COMPREPLY[@]}\"";
    const Ran ran = run({"bash", "--norc", "-c", script});
    EXPECT_EQ(ran.status, 0) << ran.err;
    std::set<std::string> result;
    std::istringstream lines(ran.out);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty())
            result.insert(line);
    return result;
}

TEST(Completion, OffersVerbsOptionsChecksAndFiles) {
    std::set<std::string> verbs{"help", "--help", "--version", "version"};
    for (const tool::Verb &verb : tool::verbs()) verbs.insert(verb.name);
    EXPECT_EQ(completed({""}), verbs);
    EXPECT_EQ(completed({"sh"}), std::set<std::string>{"show"});
    EXPECT_EQ(completed({"help", "che"}), std::set<std::string>{"check"});
    for (const tool::Verb &verb : tool::verbs()) {
        std::set<std::string> options;
        for (const std::string &option : completed({verb.name, "--"}))
            options.insert(option.substr(0, option.find('=')));
        EXPECT_EQ(options, options_of_help(kho({verb.name, "--help"}).out)) << verb.name;
    }
    EXPECT_EQ(completed({"show", "--j"}), std::set<std::string>{"--json"});
    EXPECT_EQ(completed({"show", "--col"}), std::set<std::string>{"--color="});
    // As bash splits it: "=" is a word of its own.
    EXPECT_EQ(completed({"show", "--color", "=", ""}), (std::set<std::string>{"auto", "always", "never"}));
    EXPECT_EQ(completed({"show", "--color", "="}), (std::set<std::string>{"auto", "always", "never"}));
    EXPECT_EQ(completed({"check", "--only", "=", "kho-comp"}), std::set<std::string>{"kho-compatible"});

    const TemporaryFolder folder;
    TemporaryFolder::write(folder.file("a handover.core"), "");
    TemporaryFolder::write(folder.file("another.core"), "");
    EXPECT_EQ(completed({"show", folder.path() + "/a"}),
              (std::set<std::string>{folder.path() + "/a handover.core", folder.path() + "/another.core"}));
}

}  // namespace
}  // namespace kho::test
