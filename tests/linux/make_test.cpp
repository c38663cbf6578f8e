// SPDX-License-Identifier: GPL-2.0-or-later
// What kho make writes out of a description is taken by the real kernel of that release: every session
// through its own ioctls, every byte as the host's files have it.
#include <linux/fcntl.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "guest/manifest/pattern.h"
#include "legs.h"
#include "payload_leg.h"
#include "tests/temporary_folder.h"
#include "tests/tool/run.h"

namespace {

using agent::Layout;
using Json = nlohmann::json;

constexpr std::uint64_t page = agent::content_page;

struct Release {
    const char *name;
    bool flbs;   // the test FLBs, which that kernel expects beside every memory file
    bool seals;  // its format carries them
};
void PrintTo(const Release &release, std::ostream *out) { *out << release.name; }

std::string bytes_of(const agent::ManifestFile &file) {
    std::string bytes((file.size + 7) / 8 * 8, '\0');
    agent::make_content(std::as_writable_bytes(std::span(bytes)), file.seed, file.layout, 0);
    bytes.resize(file.size);
    return bytes;
}

// The pieces of a file with holes, each whole run of pages taken from the host's file.
Json pieces(const agent::ManifestFile &file, const std::string &host_file) {
    Json list = Json::array();
    for (std::uint64_t at = 0; at < file.size;) {
        const bool there = agent::has_page(file.layout, at / page);
        std::uint64_t end = at;
        while (end < file.size && agent::has_page(file.layout, end / page) == there) end += page;
        end = std::min(end, file.size);
        if (there)
            list.push_back({{"file", host_file}, {"file_offset", at}, {"size", end - at}});
        else
            list.push_back({{"hole", end - at}});
        at = end;
    }
    return list;
}

agent::Manifest manifest_of(const Release &release) {
    const auto seals = [&](std::uint32_t bits) {
        return release.seals ? std::optional<std::uint32_t>(bits) : std::nullopt;
    };
    agent::Manifest manifest{
        .release = std::string(release.name) + ".0",
        .scenario = "mixed",
        .sessions = {{.name = "virtual machine", .files = {}}, {.name = "many", .files = {}}},
        .reservations = {}};
    manifest.sessions[0].files = {
        {.token = 1, .size = 6000, .position = 100, .seed = 7, .layout = Layout::full, .seals = seals(0)},
        {.token = 2,
         .size = 4 << 20,
         .position = 0,
         .seed = 8,
         .layout = Layout::full,
         .seals = seals(F_SEAL_SHRINK | F_SEAL_GROW)},
        {.token = 3,
         .size = 50 * page + 17,
         .position = 1,
         .seed = 9,
         .layout = Layout::holes,
         .seals = seals(0)},
        {.token = 4, .size = 0, .position = 0, .seed = 10, .layout = Layout::full, .seals = seals(0)},
        {.token = ~std::uint64_t{0},
         .size = 1 << 20,
         .position = 1 << 20,
         .seed = 11,
         .layout = Layout::only_hole,
         .seals = seals(F_SEAL_WRITE)},
    };
    for (std::uint64_t i = 0; i < 100; i++)
        manifest.sessions[1].files.push_back({.token = i,
                                              .size = 41 * i + 1,
                                              .position = i,
                                              .seed = 1000 + i,
                                              .layout = Layout::full,
                                              .seals = seals(0)});
    return manifest;
}

// The description, and beside it the host's files that it names.
std::string described(const Release &release, const agent::Manifest &manifest,
                      const TemporaryFolder &folder) {
    Json sessions = Json::array();
    for (const agent::ManifestSession &session : manifest.sessions) {
        Json files = Json::array();
        for (const agent::ManifestFile &file : session.files) {
            const std::string host_file = session.name + "-" + std::to_string(file.token);
            TemporaryFolder::write(folder.file(host_file), bytes_of(file));
            Json described = {{"token", file.token},
                              {"size", file.size},
                              {"position", file.position},
                              {"contents", pieces(file, host_file)}};
            if (file.size >= 2 << 20)
                described["folio_order"] = 9;
            if (file.seals)
                described["seals"] = *file.seals;
            files.push_back(std::move(described));
        }
        sessions.push_back({{"name", session.name}, {"files", std::move(files)}});
    }
    sessions.push_back(
        {{"name", agent::manifest_session},
         {"files",
          {{{"token", agent::manifest_token}, {"contents", {{{"text", agent::to_text(manifest)}}}}}}}});
    Json description = {{"release", release.name}, {"memory", "512M"}, {"sessions", std::move(sessions)}};
    for (unsigned i = 0; i < 3 && release.flbs; i++)
        description["flbs"].push_back({{"name", "liveupdate-test-flb-v" + std::to_string(i)},
                                       {"data", 0xFEEDF00DCAFEBEE0 + i},
                                       {"count", manifest.files() + 1}});
    return description.dump(1);
}

class Made : public testing::TestWithParam<Release> {};

TEST_P(Made, IsTakenByTheKernelWithEveryByte) {
    const Release &release = GetParam();
    KERNEL_OR_SKIP(kernel, release.name);
    const TemporaryFolder folder;
    const agent::Manifest manifest = manifest_of(release);
    const std::string recording = folder.file("made.core"), description = folder.file("made.json");
    TemporaryFolder::write(description, described(release, manifest, folder));
    const kho::test::Ran made = kho::test::kho({"make", description, "-o", recording});
    ASSERT_EQ(made.status, 0) << made.err;
    const kho::test::Ran checked = kho::test::kho({"check", recording});
    EXPECT_EQ(checked.status, 0) << checked.out;

    const harness::Outcome outcome = harness::run(harness::replay(recording, release.name), 120);
    EXPECT_TRUE(harness::linux_verified(outcome, manifest));
    EXPECT_EQ(outcome.console.find("WARNING: "), std::string::npos) << outcome.report();
}

constexpr Release releases[] = {{"6.19", false, false},
                                {"7.0", true, false},
                                {"7.1", true, true},
                                {"7.2", true, true},
                                {"7.3", true, true}};
INSTANTIATE_TEST_SUITE_P(Linux, Made, testing::ValuesIn(releases), [](const auto &test) {
    std::string name = test.param.name;
    std::ranges::replace(name, '.', '_');
    return name;
});

}  // namespace
