// SPDX-License-Identifier: GPL-2.0-or-later
// kho show on dumps of real kernels says what the guest said.
#include "tool_leg.h"

namespace {

using namespace tool_leg;

class Show : public testing::TestWithParam<Leg> {
protected:
    const Format &format = format_of(GetParam().release);
};

void expect_memfd(const Json &memfd, const agent::ManifestFile &file) {
    EXPECT_EQ(memfd["token"], hex(file.token));
    EXPECT_EQ(memfd["size"], file.size);
    EXPECT_EQ(memfd["pos"], file.position);
    EXPECT_EQ(memfd["seals"], hex(file.seals.value_or(0)));
    EXPECT_EQ(memfd["flags"], "0x0");
    // Kernels give holes their pages before they preserve a file, so every page is there, in order.
    EXPECT_EQ(memfd["holes"], Json::array());
    std::uint64_t pages = 0;
    for (const Json &folio : memfd["folios"]) {
        EXPECT_EQ(folio["index"], pages);
        EXPECT_EQ(folio["flags"], "0x3");
        pages += std::uint64_t{1} << folio["order"].get<unsigned>();
    }
    EXPECT_EQ(pages, (file.size + 4095) / 4096);
}

void expect_sessions(const Json &shown, const std::vector<agent::ManifestSession> &sessions,
                     std::string_view handler) {
    ASSERT_EQ(shown["luo"]["sessions"].size(), sessions.size());
    std::size_t memfd = 0;
    for (std::size_t i = 0; i < sessions.size(); i++) {
        const Json &session = shown["luo"]["sessions"][i];
        SCOPED_TRACE(sessions[i].name);
        EXPECT_EQ(session["name"], sessions[i].name);
        ASSERT_EQ(session["files"].size(), sessions[i].files.size());
        for (std::size_t j = 0; j < sessions[i].files.size(); j++, memfd++) {
            const Json &file = session["files"][j];
            EXPECT_EQ(file["token"], hex(sessions[i].files[j].token));
            EXPECT_EQ(file["compatible"], handler);
            ASSERT_LT(memfd, shown["memfds"].size());
            EXPECT_EQ(shown["memfds"][memfd]["session"], sessions[i].name);
            EXPECT_EQ(shown["memfds"][memfd]["session_index"], i);
            EXPECT_EQ(shown["memfds"][memfd]["file_index"], j);
            expect_memfd(shown["memfds"][memfd], sessions[i].files[j]);
        }
    }
    EXPECT_EQ(shown["memfds"].size(), memfd);
}

TEST_P(Show, SaysWhatTheGuestPrinted) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const Json shown = json_of({"show", dump.file});
    EXPECT_EQ(shown["release"], format.writers);
    EXPECT_EQ(shown["kho"]["compatible"], format.kho);
    EXPECT_EQ(shown["luo"]["compatible"], format.luo);
    EXPECT_EQ(shown["luo"]["liveupdate_number"], 1);

    const std::vector<agent::ManifestSession> sessions = sessions_of(dump);
    expect_sessions(shown, sessions, format.memfd);
    std::uint64_t files = 0, bytes = 0;
    for (const agent::ManifestSession &session : sessions)
        for (const agent::ManifestFile &file : session.files) {
            files++;
            bytes += file.size;
        }
    EXPECT_EQ(shown["totals"]["sessions"], sessions.size());
    EXPECT_EQ(shown["totals"]["files"], files);
    EXPECT_EQ(shown["totals"]["memfds"], files);
    EXPECT_EQ(shown["totals"]["memfd_bytes"], bytes);

    // Its test depends three on each memfd. Without one, none is preserved.
    EXPECT_EQ(shown["luo"].contains("flbs"), format.flbs);
    if (format.flbs) {
        Json flbs = Json::array();
        for (std::size_t i = 0; i < dump.flbs.size(); i++)
            flbs.push_back(
                {{"name", dump.flbs[i]}, {"data", hex(harness::test_flb_data + i)}, {"count", files}});
        EXPECT_EQ(shown["luo"]["flbs"], flbs);
        EXPECT_EQ(flbs.size(), files == 0 ? 0U : 3U);
    }
    RecordProperty("sessions", static_cast<int>(sessions.size()));
    RecordProperty("files", static_cast<int>(files));
}

TEST_P(Show, KnowsWhatElseTheKernelHandedOver) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const Json shown = json_of({"show", dump.file});

    EXPECT_EQ(shown.contains("memblock"), !dump.manifest.reservations.empty());
    EXPECT_EQ(dump.manifest.reservations.size(),
              GetParam().scenario == std::string_view("memblock") ? 2U : 0U);
    if (shown.contains("memblock")) {
        Json reservations = Json::array();
        for (const agent::ManifestReservation &reserved : dump.manifest.reservations)
            reservations.push_back(
                {{"name", reserved.name}, {"address", hex(reserved.start)}, {"size", reserved.size}});
        EXPECT_EQ(shown["memblock"], reservations);
    }

    EXPECT_EQ(shown.contains("kexec_metadata"), format.metadata);
    if (format.metadata) {
        EXPECT_EQ(shown["kexec_metadata"],
                  Json({{"version", 1}, {"previous_release", dump.manifest.release}, {"kexec_count", 1}}));
    }

    // The kernel's test of KHO fills twice the largest folio, and its FDT is in a block of two pages: the
    // second has no use.
    std::uint64_t test_bytes = 0;
    for (const Json &folio : shown["kho_test"]["folios"])
        test_bytes += std::uint64_t{4096} << folio["order"].get<unsigned>();
    EXPECT_EQ(test_bytes, 8U << 20);
    EXPECT_EQ(shown["totals"]["unknown_bytes"], 4096);

    for (const char *const count : {"errors", "warnings", "dropped"}) EXPECT_EQ(shown[count], 0) << count;
}

INSTANTIATE_TEST_SUITE_P(Linux, Show, testing::ValuesIn(legs()), name_of);

}  // namespace
