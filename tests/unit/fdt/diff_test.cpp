// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/diff.h"
#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"

#include <algorithm>
#include <functional>

#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/recording.h"
#include "tests/unit/fdt/sample_handover.h"

namespace kho {
namespace {

// Each difference as one line: mark, path, what; those of form in brackets.
std::vector<std::string> lines(const DiffResult &result) {
    std::vector<std::string> lines;
    for (const Difference &difference : result.list) {
        std::string line = std::string(name(difference.kind)) + " " + difference.path;
        if (!difference.what.empty())
            line += ": " + difference.what;
        lines.push_back(difference.form ? "(" + line + ")" : line);
    }
    return lines;
}

std::vector<std::string> meaning(const DiffResult &result) {
    std::vector<std::string> kept = lines(result);
    kept.erase(std::remove_if(kept.begin(), kept.end(), [](const auto &line) { return line[0] == '('; }),
               kept.end());
    return kept;
}

DiffResult compare(const Handover &a, const Handover &b) {
    const NumberedMemory memory;
    return diff({a, memory}, {b, memory});
}

TEST(Diff, AHandoverIsTheSameAsItself) {
    const Handover handover = sample::machine();
    const DiffResult result = compare(handover, handover);
    EXPECT_EQ(lines(result), std::vector<std::string>{});
    EXPECT_TRUE(result.same());
    EXPECT_GT(result.compared_bytes, 0U);
}

TEST(Diff, FindsEachChangeAndNothingElse) {
    const auto file = [](Handover &handover) -> LuoFile & { return handover.luo->sessions[0].files[0]; };
    const std::string first = "/LUO/sessions/\"vm\"/files/0x1";
    const struct {
        const char *name;
        std::function<void(Handover &)> change;
        std::vector<std::string> expected;
    } cases[] = {
        {"live update number",
         [](Handover &h) { h.luo->liveupdate_number++; },
         {"changed /LUO: live update number"}},
        {"a session is gone",
         [](Handover &h) { h.luo->sessions.pop_back(); },
         {"changed /LUO/sessions: count", "removed /LUO/sessions/\"empty\""}},
        {"a session is new",
         [](Handover &h) { h.luo->sessions.push_back({.name = "a\x1b\"b"}); },
         {"changed /LUO/sessions: count", "added /LUO/sessions/\"a\\x1b\\x22b\""}},
        {"a session has another name",
         [](Handover &h) { h.luo->sessions[1].name = "other"; },
         {"removed /LUO/sessions/\"empty\"", "added /LUO/sessions/\"other\""}},
        {"a name twice",
         [](Handover &h) { h.luo->sessions.push_back({.name = "empty"}); },
         {"changed /LUO/sessions: count", "added /LUO/sessions/\"empty\""}},
        {"a file has another token",
         [&](Handover &h) { file(h).token = 7; },
         {"removed " + first, "added /LUO/sessions/\"vm\"/files/0x7"}},
        {"another handler",
         [&](Handover &h) {
             file(h).compatible = "vfio-v1";
             file(h).body = {};
         },
         {"changed " + first + ": handler", "changed " + first + ": memfd"}},
        {"size", [&](Handover &h) { memfd_of(file(h))->size--; }, {"changed " + first + ": size"}},
        {"position", [&](Handover &h) { memfd_of(file(h))->pos = 5; }, {"changed " + first + ": position"}},
        {"seals", [&](Handover &h) { memfd_of(file(h))->seals = 2; }, {"changed " + first + ": seals"}},
        {"content",
         [&](Handover &h) { memfd_of(file(h))->folios[1].address = PhysAddr{0x77000}; },
         {"changed " + first + ": content"}},
        {"content became a hole",
         [&](Handover &h) { memfd_of(file(h))->folios.pop_back(); },
         {"changed " + first + ": content"}},
        {"an FLB is gone", [](Handover &h) { h.luo->flbs->clear(); }, {"removed /LUO/flbs/\"iommu\""}},
        {"an FLB is counted otherwise",
         [](Handover &h) { (*h.luo->flbs)[0].count = 2; },
         {"changed /LUO/flbs/\"iommu\": count"}},
        {"a reservation is shorter",
         [](Handover &h) { (*h.memblock)[0].range.size -= page_size; },
         {"changed /memblock/trace: size"}},
        {"a reservation is gone", [](Handover &h) { h.memblock->clear(); }, {"removed /memblock/trace"}},
        {"a subtree is gone",
         [](Handover &h) { h.subtrees.pop_back(), h.memblock.reset(); },
         {"removed /memblock"}},
        {"an unknown subtree",
         [](Handover &h) {
             h.subtrees.push_back({"x<y", PhysAddr{0x1000}, 64});
         },
         {"added /x<y"}},
        {"more memory is preserved",
         [](Handover &h) {
             h.preserved.push_back({PhysAddr{0x20000000}, 9, 1});
         },
         {"changed /preserved-memory: bytes without structures"}},
    };
    for (const auto &c : cases) {
        const Handover before = sample::machine();
        Handover after = before;
        c.change(after);
        EXPECT_EQ(meaning(compare(before, after)), c.expected) << c.name;
        EXPECT_EQ(meaning(compare(before, after)).size(), meaning(compare(after, before)).size()) << c.name;
    }
}

// The same content at other addresses of another memory.
class MovedMemory final : public Memory {
public:
    explicit MovedMemory(std::uint64_t by) : by_(by) {}
    Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        return NumberedMemory().read(from - by_, out);
    }

private:
    std::uint64_t by_;
};

TEST(Diff, WhereThingsLieIsFormNotMeaning) {
    constexpr std::uint64_t moved = 0x10000000;
    Handover a = sample::machine();
    for (LuoSession &session : a.luo->sessions)
        for (LuoFile &file : session.files) memfd_of(file)->seals = abi::memfd_seal_seal;
    Handover b = sample::machine(moved);
    b.format = &kho_v1;
    b.luo->format = &luo_v1;
    std::swap(b.luo->sessions[0], b.luo->sessions[1]);
    for (LuoSession &session : b.luo->sessions)
        for (LuoFile &file : session.files) file.compatible = "memfd-v1";
    const DiffResult result = diff({a, NumberedMemory()}, {b, MovedMemory(moved)});
    EXPECT_EQ(meaning(result), std::vector<std::string>{});
    EXPECT_TRUE(result.same_meaning());
    EXPECT_FALSE(result.same());
    const std::vector<std::string> all = lines(result);
    for (const char *line :
         {"(changed /: format)", "(changed /: address)", "(changed /LUO: format)", "(changed /LUO: address)",
          "(changed /LUO/sessions: order of sessions)", "(changed /memblock/trace: address)",
          "(changed /LUO/sessions/\"vm\"/files/0x1: handler)",
          "(changed /LUO/sessions/\"vm\"/files/0x1: address of a folio)"})
        EXPECT_NE(std::find(all.begin(), all.end(), line), all.end()) << line;
}

TEST(Diff, MemfdV1ComesBackSealed) {
    const Handover a = sample::machine();
    Handover b = sample::machine();
    for (LuoSession &session : b.luo->sessions)
        for (LuoFile &file : session.files) file.compatible = "memfd-v1";
    EXPECT_EQ(meaning(diff({a, NumberedMemory()}, {b, NumberedMemory()})),
              (std::vector<std::string>{"changed /LUO/sessions/\"vm\"/files/0x1: seals",
                                        "changed /LUO/sessions/\"vm\"/files/0x2: seals"}));
}

TEST(Diff, FolioSizesAreFormAndZeroesAreHoles) {
    TestMemory memory;
    memory.put_zeros({PhysAddr{0x10000}, 0x10000});
    memory.at(PhysAddr{0x11000}) = std::byte{1};
    const auto with = [](std::vector<MemfdFolio> folios) {
        Handover handover;
        handover.luo.emplace().sessions = {
            {.name = "s", .files = {sample::memfd_file(1, 4 * page_size, std::move(folios))}}};
        return handover;
    };
    const Handover a = with({sample::folio(0x10000, 0, 2)});
    const Handover b = with({sample::folio(0x11000, 1)});
    const DiffResult result = diff({a, memory}, {b, memory});
    EXPECT_EQ(meaning(result), std::vector<std::string>{});
    EXPECT_EQ(result.compared_bytes, 4 * page_size);
    EXPECT_GT(result.form, 0U);
}

TEST(Diff, ContentThatOneSideLacksIsUnreadableNotEqual) {
    const Handover handover = sample::machine();
    const DiffResult result = diff({handover, NumberedMemory()}, {handover, TestMemory()});
    EXPECT_EQ(result.unreadable, 3U);
    EXPECT_FALSE(result.same_meaning());
    EXPECT_EQ(lines(result)[0], "unreadable /LUO/sessions/\"vm\"/files/0x1: content");
    EXPECT_EQ(result.list[0].a, "");
    EXPECT_NE(result.list[0].b, "");
}

TEST(Diff, KeepsAsManyAsWantedAndCountsAll) {
    Handover a;
    a.luo.emplace();
    Handover b = a;
    for (int i = 0; i < 100; i++) b.luo->sessions.push_back({.name = std::to_string(i)});
    const DiffResult result = diff({a, TestMemory()}, {b, TestMemory()}, {.limit = 10});
    EXPECT_EQ(result.list.size(), 10U);
    EXPECT_EQ(result.meaning, 101U);
    EXPECT_EQ(result.dropped, 91U);
}

// ---- bytes

ContentDifference bytes(const ContentSide &a, const ContentSide &b, std::uint64_t size,
                        std::size_t ranges = 16) {
    const auto difference = compare_content(a, b, size, ranges);
    EXPECT_TRUE(difference.ok());
    return difference.ok() ? difference.value() : ContentDifference{};
}

TEST(ContentDiff, CountsBytesAndStretches) {
    TestMemory memory;
    memory.put_zeros({PhysAddr{0x10000}, 0x20000});
    const FileExtent data{0, 0x10000, PhysAddr{0x10000}};
    const FileExtent other{0, 0x10000, PhysAddr{0x20000}};
    for (const std::uint64_t at : {0x0, 0x5, 0x3f, 0x1000, 0x1fff, 0x2000, 0xffff})
        memory.at(PhysAddr{0x20000 + at}) = std::byte{0xff};
    const ContentDifference result =
        bytes({memory, std::span(&data, 1)}, {memory, std::span(&other, 1)}, 0x10000);
    EXPECT_EQ(result.first, 0U);
    EXPECT_EQ(result.bytes, 7U);
    EXPECT_EQ(result.compared, 0x10000U);
    EXPECT_EQ(result.range_count, 4U);
    EXPECT_EQ(result.ranges, (std::vector<FileRange>{{0, 0x40}, {0x1000, 1}, {0x1fff, 2}, {0xffff, 1}}));
    const ContentDifference few =
        bytes({memory, std::span(&data, 1)}, {memory, std::span(&other, 1)}, 0x10000, 2);
    EXPECT_EQ(few.range_count, 4U);
    EXPECT_EQ(few.ranges, (std::vector<FileRange>{{0, 0x40}, {0x1000, 1}}));
    EXPECT_EQ(bytes({memory, std::span(&data, 1)}, {memory, {}}, 0x10000).bytes, 0U);
    EXPECT_EQ(bytes({memory, {}}, {memory, std::span(&other, 1)}, 0x10000).bytes, 7U);
}

// Every place of a difference against the plain way, around the borders of pieces and extents.
TEST(ContentDiff, SeesADifferenceWhereverItIs) {
    constexpr std::uint64_t size = 3 * 256 * 1024;
    const NumberedMemory memory;
    class OneByte final : public Memory {
    public:
        explicit OneByte(PhysAddr at) : at_(at) {}
        Outcome read(PhysAddr from, std::span<std::byte> out) const override {
            Outcome outcome = NumberedMemory().read(from, out);
            if (at_ >= from && at_ - from < out.size())
                out[at_ - from] ^= std::byte{1};
            return outcome;
        }

    private:
        PhysAddr at_;
    };
    const FileExtent whole[] = {{0, size, PhysAddr{0x1000000}}};
    const FileExtent parts[] = {{0, 5000, PhysAddr{0x1000000}},
                                {5000, size - 5000, PhysAddr{0x1000000 + 5000}}};
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{4999}, std::uint64_t{5000}, size / 3 - 1,
                                   size / 3, size / 3 + 5000, size - 1}) {
        const ContentDifference result =
            bytes({memory, whole}, {OneByte(PhysAddr{0x1000000 + at}), parts}, size);
        EXPECT_EQ(result.first, at);
        EXPECT_EQ(result.bytes, 1U);
        EXPECT_EQ(result.ranges, (std::vector<FileRange>{{at, 1}}));
    }
}

TEST(ContentDiff, HolesAsLongAsAFileCanBeCostNothing) {
    constexpr std::uint64_t size = (std::uint64_t{1} << 63) - 1;
    TestMemory memory;
    memory.put_zeros({PhysAddr{0x1000}, 0x1000});
    memory.at(PhysAddr{0x1fff}) = std::byte{1};
    const FileExtent last{size - 4096, 4096, PhysAddr{0x1000}};
    const ContentDifference result = bytes({memory, {}}, {memory, std::span(&last, 1)}, size);
    EXPECT_EQ(result.first, size - 1);
    EXPECT_EQ(result.bytes, 1U);
    EXPECT_EQ(bytes({memory, {}}, {memory, {}}, size).compared, size);
}

}  // namespace
}  // namespace kho
