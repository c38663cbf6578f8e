// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/luo_v1.h"
#include "fdt/reader.h"

#include <libfdt.h>

#include <functional>

#include "tests/unit/fdt/handover_image.h"

namespace kho {
namespace {

using handover_image::files_at;
using handover_image::luo_fdt_at;
using handover_image::session_at;
using handover_image::sessions_at;

class LuoV1Reader : public testing::Test {
protected:
    LuoV1Reader() : handover(sample_handover()), preserved(preserved_ranges(handover.preserved)) {
        put_handover(memory, handover);
    }

    Result<Luo> read() { return read_luo_v1(memory, luo_fdt_at, preserved); }

    template <typename T>
    void change(PhysAddr at, const std::function<void(T &)> &how) {
        T object = memory.load<T>(at).value();
        how(object);
        memory.put(at, object);
    }

    Handover handover;
    RangeSet preserved;
    TestMemory memory;
};

TEST_F(LuoV1Reader, ReadsWhatWasWritten) {
    const auto luo = read();
    ASSERT_TRUE(succeeds(luo));
    EXPECT_TRUE(luo.value() == handover.luo);
}

TEST_F(LuoV1Reader, LiveUpdateDataWithoutSessionsIsLegal) {
    memory.put(sessions_at, std::uint64_t{0});
    const auto luo = read();
    ASSERT_TRUE(succeeds(luo));
    EXPECT_TRUE(luo.value().sessions.empty());
}

TEST_F(LuoV1Reader, TakesAsManySessionsAndFilesAsTheKernelCanWrite) {
    std::vector<LuoSession> sessions(abi::max_sessions);
    for (std::size_t i = 0; i < sessions.size(); i++) sessions[i].name = "session-" + std::to_string(i);
    sessions.front().name = std::string(63, 'n');
    sessions.front().files.resize(abi::max_files_per_set);
    for (std::size_t i = 0; i < sessions.front().files.size(); i++)
        sessions.front().files[i] = {.compatible = std::string(47, 'c'), .data = i, .token = i};
    put_sessions(memory, sessions);
    const auto luo = read();
    ASSERT_TRUE(succeeds(luo));
    EXPECT_TRUE(luo.value().sessions == sessions);
}

TEST_F(LuoV1Reader, RejectsAnFdtThatLies) {
    std::vector<std::byte> original(page_size);
    ASSERT_TRUE(succeeds(memory.read(luo_fdt_at, original)));
    const std::uint64_t at = value(luo_fdt_at);
    const auto node = [](void *fdt) { return fdt_subnode_offset(fdt, 0, "luo-session"); };
    const struct {
        const char *name;
        std::function<int(void *)> edit;
        Errc code;
        std::uint64_t address;
    } cases[] = {
        {"not an FDT", [](void *fdt) { return std::memset(fdt, 0, 4) == nullptr; }, Errc::fdt_header, at},
        {"another version", [](void *fdt) { return fdt_setprop_string(fdt, 0, "compatible", "luo-v5"); },
         Errc::compatible_unknown, at},
        {"no compatible", [](void *fdt) { return fdt_delprop(fdt, 0, "compatible"); }, Errc::property_missing,
         at},
        {"no number", [](void *fdt) { return fdt_delprop(fdt, 0, "liveupdate-number"); },
         Errc::property_missing, at},
        {"short number", [](void *fdt) { return fdt_setprop_u32(fdt, 0, "liveupdate-number", 1); },
         Errc::property_length, at},
        {"no session node", [node](void *fdt) { return fdt_del_node(fdt, node(fdt)); },
         Errc::property_missing, at},
        {"other sessions",
         [node](void *fdt) { return fdt_setprop_string(fdt, node(fdt), "compatible", "luo-session-v1"); },
         Errc::compatible_unknown, at},
        {"no header", [node](void *fdt) { return fdt_delprop(fdt, node(fdt), "luo-session-header"); },
         Errc::property_missing, at},
        {"half a header",
         [node](void *fdt) { return fdt_setprop_u32(fdt, node(fdt), "luo-session-header", 0); },
         Errc::property_length, at},
        {"header at 0",
         [node](void *fdt) { return fdt_setprop_u64(fdt, node(fdt), "luo-session-header", 0); },
         Errc::not_preserved, 0},
    };
    for (const auto &c : cases) {
        std::vector<std::byte> page = original;
        ASSERT_EQ(fdt_open_into(page.data(), page.data(), static_cast<int>(page.size())), 0);
        ASSERT_EQ(c.edit(page.data()), 0) << c.name;
        memory.put(luo_fdt_at, std::span<const std::byte>(page));
        EXPECT_TRUE(fails(read(), c.code, c.address)) << c.name;
    }
}

TEST_F(LuoV1Reader, RejectsWhatIsNotPreserved) {
    const RangeSet all = preserved;
    const std::uint64_t first_session = value(session_at(0));
    const struct {
        const char *name;
        Range missing;
        std::uint64_t address;
    } cases[] = {
        {"the FDT", {luo_fdt_at, page_size}, value(luo_fdt_at)},
        {"the session header", {sessions_at, 4}, value(sessions_at)},
        {"the first session", {session_at(0) + 16, 1}, first_session},
        {"the last session", {session_at(1) + 79, 1}, first_session},
        {"the last file", {files_at(0) + 127, 1}, value(files_at(0))},
    };
    for (const auto &c : cases) {
        preserved = all;
        preserved.subtract(c.missing);
        EXPECT_TRUE(fails(read(), Errc::not_preserved, c.address)) << c.name;
    }
}

TEST_F(LuoV1Reader, RejectsAnUnalignedHeader) {
    EXPECT_TRUE(fails(read_luo_sessions(memory, sessions_at + 4, preserved), Errc::not_preserved,
                      value(sessions_at) + 4));
}

TEST_F(LuoV1Reader, RejectsMoreSessionsThanFit) {
    for (const std::uint64_t count : {abi::max_sessions + 1, ~std::uint64_t{0}, std::uint64_t{1} << 60}) {
        memory.put(sessions_at, count);
        EXPECT_TRUE(fails(read(), Errc::session_count, value(sessions_at))) << count;
    }
}

TEST_F(LuoV1Reader, RejectsSessionsThatLie) {
    using Session = abi::luo_session_ser;
    const struct {
        const char *name;
        std::uint64_t session;
        std::function<void(Session &)> change;
        Errc code;
        std::uint64_t address, index;
    } cases[] = {
        {"empty name", 1, [](Session &s) { s.name[0] = 0; }, Errc::session_name, value(session_at(1)), 1},
        {"name without end", 0, [](Session &s) { std::memset(s.name, 'x', 64); }, Errc::session_name,
         value(session_at(0)), 0},
        {"name twice", 1, [](Session &s) { std::memcpy(s.name, "vm-1", 5); }, Errc::session_name,
         value(session_at(1)), 1},
        {"count without files", 1, [](Session &s) { s.file_set.count = 1; }, Errc::file_set,
         value(session_at(1)), 1},
        {"files without count", 0, [](Session &s) { s.file_set.count = 0; }, Errc::file_set,
         value(session_at(0)), 0},
        {"129 files", 0, [](Session &s) { s.file_set.count = 129; }, Errc::file_count, value(session_at(0)),
         0},
        {"2^64 - 1 files", 0, [](Session &s) { s.file_set.count = ~0ull; }, Errc::file_count,
         value(session_at(0)), 0},
        {"files unaligned", 0, [](Session &s) { s.file_set.files += 1; }, Errc::file_set,
         value(session_at(0)), 0},
        {"files nowhere", 0, [](Session &s) { s.file_set.files = 0x5000; }, Errc::not_preserved, 0x5000, 0},
        {"files that wrap", 0, [](Session &s) { s.file_set.files = ~0x3full; }, Errc::not_preserved, ~0x3full,
         0},
    };
    for (const auto &c : cases) {
        const Session original = memory.load<Session>(session_at(c.session)).value();
        change<Session>(session_at(c.session), c.change);
        EXPECT_TRUE(fails(read(), c.code, c.address, c.index)) << c.name;
        memory.put(session_at(c.session), original);
    }
}

TEST_F(LuoV1Reader, RejectsFilesThatLie) {
    using File = abi::luo_file_ser;
    const PhysAddr second = files_at(0) + sizeof(File);
    const struct {
        const char *name;
        std::function<void(File &)> change;
        Errc code;
    } cases[] = {
        {"empty compatible", [](File &f) { f.compatible[0] = 0; }, Errc::file_compatible},
        {"compatible without end", [](File &f) { std::memset(f.compatible, 'x', 48); },
         Errc::file_compatible},
        {"token twice", [](File &f) { f.token = 1; }, Errc::file_token},
    };
    for (const auto &c : cases) {
        const File original = memory.load<File>(second).value();
        change<File>(second, c.change);
        EXPECT_TRUE(fails(read(), c.code, value(second), 1)) << c.name;
        memory.put(second, original);
    }
}

TEST_F(LuoV1Reader, PreservedButUnreadableMemoryIsAnError) {
    for (const PhysAddr page : {luo_fdt_at, sessions_at, files_at(0)}) {
        const auto saved = memory.load<std::array<std::byte, page_size>>(page).value();
        memory.remove_page(page);
        EXPECT_TRUE(fails(read(), Errc::outside_memory, value(page)));
        memory.put(page, saved);
    }
}

}  // namespace
}  // namespace kho
