// SPDX-License-Identifier: GPL-2.0-or-later
// kho extract on dumps of real kernels gives every byte that the guest wrote.
#include <algorithm>
#include <cstring>

#include "guest/manifest/pattern.h"
#include "tests/temporary_folder.h"
#include "tool_leg.h"

namespace {

using namespace tool_leg;

std::string content_of(std::uint64_t size, std::uint64_t seed, agent::Layout layout) {
    std::string bytes(size, '\0');
    agent::make_content(std::as_writable_bytes(std::span(bytes)), seed, layout, 0);
    return bytes;
}

std::string content_of(const harness::LinuxDump &dump, const agent::ManifestSession &session,
                       const agent::ManifestFile &file) {
    return session.name == agent::manifest_session ? agent::to_text(dump.manifest)
                                                   : content_of(file.size, file.seed, file.layout);
}

// Not EXPECT_EQ, which would print 24 MiB.
testing::AssertionResult same(const std::string &found, const std::string &expected) {
    if (found.size() != expected.size())
        return testing::AssertionFailure() << found.size() << " bytes, expected " << expected.size();
    const auto differs = std::mismatch(found.begin(), found.end(), expected.begin()).first;
    if (differs != found.end())
        return testing::AssertionFailure()
               << "differs at " << hex(static_cast<std::uint64_t>(differs - found.begin()));
    return testing::AssertionSuccess();
}

std::string range(std::uint64_t start, std::uint64_t size) { return hex(start) + "+" + std::to_string(size); }

class Extract : public testing::TestWithParam<Leg> {};

TEST_P(Extract, GivesEveryByteOfEveryFile) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const TemporaryFolder folder;
    const std::string to = folder.file("all");
    output_of({"extract", "--all=" + to, dump.file});
    const Json index = Json::parse(TemporaryFolder::contents(to + "/index.json"), nullptr, false);
    ASSERT_TRUE(index.is_object());

    std::size_t number = 0;
    std::uint64_t bytes = 0;
    for (const agent::ManifestSession &session : sessions_of(dump))
        for (const agent::ManifestFile &file : session.files) {
            ASSERT_LT(number, index["files"].size());
            const Json &entry = index["files"][number++];
            SCOPED_TRACE(session.name + ", token " + hex(file.token));
            EXPECT_EQ(entry["session"], session.name);
            EXPECT_EQ(entry["token"], hex(file.token));
            EXPECT_EQ(entry["size"], file.size);
            EXPECT_EQ(entry["pos"], file.position);
            EXPECT_EQ(entry["seals"], hex(file.seals.value_or(0)));
            EXPECT_TRUE(same(TemporaryFolder::contents(to + "/" + entry["name"].get<std::string>()),
                             content_of(dump, session, file)));
            bytes += file.size;
        }
    EXPECT_EQ(number, index["files"].size());
    RecordProperty("bytes", std::to_string(bytes));
}

TEST_P(Extract, GivesSingleFiles) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    // Of many files not all: each is a run of the command.
    const std::vector<agent::ManifestSession> sessions = sessions_of(dump);
    const std::size_t step = 1 + sessions.size() / 20;
    for (std::size_t i = 0; i < sessions.size(); i += step)
        for (std::size_t j = 0; j < sessions[i].files.size(); j += 1 + sessions[i].files.size() / 20) {
            const agent::ManifestFile &file = sessions[i].files[j];
            EXPECT_TRUE(same(output_of({"extract", "--session=" + sessions[i].name,
                                        "--token=" + hex(file.token), "--output=-", dump.file}),
                             content_of(dump, sessions[i], file)))
                << sessions[i].name << ", token " << hex(file.token);
        }
}

TEST_P(Extract, GivesReservedMemory) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    for (const agent::ManifestReservation &reserved : dump.manifest.reservations) {
        const std::string bytes = output_of(
            {"extract", "--memory=" + range(reserved.start, reserved.size), "--output=-", dump.file});
        EXPECT_EQ(bytes.size(), reserved.size) << reserved.name;
        // Not every kernel lets user space write there.
        if (reserved.seed) {
            EXPECT_TRUE(same(bytes, content_of(reserved.size, *reserved.seed, agent::Layout::full)))
                << reserved.name;
        }
    }
}

// A partial checksum is only defined up to folding: the sum of 16-bit words in ones' complement.
std::uint32_t fold(std::uint64_t sum) {
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint32_t>(sum % 0xffff);
}

TEST_P(Extract, GivesTheMemoryThatTheKernelsTestTookTheChecksumOf) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const Json test = json_of({"show", dump.file})["kho_test"];
    std::uint64_t sum = 0;
    for (const Json &folio : test["folios"]) {
        const std::uint64_t size = std::uint64_t{4096} << folio["order"].get<unsigned>();
        const std::uint64_t at = std::stoull(folio["address"].get<std::string>(), nullptr, 16);
        const std::string bytes =
            output_of({"extract", "--memory=" + range(at, size), "--output=-", dump.file});
        ASSERT_EQ(bytes.size(), size);
        for (std::size_t i = 0; i < size; i += 2) {
            std::uint16_t word;
            std::memcpy(&word, bytes.data() + i, sizeof word);
            sum += word;
        }
    }
    EXPECT_EQ(fold(sum), fold(std::stoull(test["csum"].get<std::string>(), nullptr, 16)));
}

TEST_P(Extract, GivesFdtsAsSourceThatDtcMakesTheSameOf) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    if (kho::test::run({"dtc", "--version"}).status != 0)
        GTEST_SKIP() << "dtc is not installed";
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const TemporaryFolder folder;
    const std::string source = output_of({"extract", "--dts", "--exact", dump.file});
    EXPECT_NE(source.find(format_of(GetParam().release).kho), std::string::npos) << source;
    TemporaryFolder::write(folder.file("dts"), source);
    const kho::test::Ran dtc =
        kho::test::run({"dtc", "-q", "-I", "dts", "-O", "dtb", "-o", folder.file("dtb"), folder.file("dts")});
    ASSERT_EQ(dtc.status, 0) << dtc.err;
    EXPECT_EQ(output_of({"extract", "--dts", "--exact", folder.file("dtb")}), source);
}

INSTANTIATE_TEST_SUITE_P(Linux, Extract, testing::ValuesIn(legs()), name_of);

}  // namespace
