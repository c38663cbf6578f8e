// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <regex>

#include "fdt/base/internal/size_text.h"
#include "fdt/handlers/memfd.h"
#include "fdt/view/page_cells.h"
#include "fdt/view/picture.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/sample_handover.h"

namespace kho {
namespace {

using sample::use;

std::vector<Stretch> stretches(const PageMap &map) {
    std::vector<Stretch> result;
    map.for_each([&](const Stretch &stretch) { result.push_back(stretch); });
    return result;
}

std::string picture(const Handover &handover, const RangeSet *ram) {
    std::string text;
    for (const Stretch &stretch : stretches(PageMap(handover, ram)))
        text +=
            hex(value(stretch.range.start)) + "+" + hex(stretch.range.size) + " " + name(stretch.kind) + "\n";
    return text;
}

TEST(PageMap, EachPageIsTheMostTellingThing) {
    const RangeSet ram({{PhysAddr{0x10}, 0x9fff0}});
    Handover handover;
    handover.scratch = {{PhysAddr{0x20000}, 0x8000}, {PhysAddr{0}, 0}};
    handover.preserved = {{PhysAddr{0x40000}, 0, 8},
                          {PhysAddr{0x27000}, 0, 2},
                          {PhysAddr{0x50000}, 4, 1},
                          {PhysAddr{0x80000000}, 9, 1}};
    std::swap(handover.preserved[0], handover.preserved[1]);
    handover.uses = {use(0x20000, 1, UseKind::scratch_array), use(0x41000, 2, UseKind::file_array, 0),
                     use(0x43000, 1, MemfdUse::folios, 0, 0),
                     use(0x90000, 1, UseKind::memblock_reservation, 0)};
    EXPECT_EQ(picture(handover, &ram),
              "0x1000+0x1f000 free RAM\n"
              "0x20000+0x1000 FDTs and memory map\n"
              "0x21000+0x6000 scratch\n"
              "0x27000+0x1000 preserved inside scratch\n"
              "0x28000+0x1000 preserved, order 0\n"
              "0x29000+0x17000 free RAM\n"
              "0x40000+0x1000 preserved, order 0\n"
              "0x41000+0x2000 sessions, files, folio arrays\n"
              "0x43000+0x1000 file contents\n"
              "0x44000+0x4000 preserved, order 0\n"
              "0x48000+0x8000 free RAM\n"
              "0x50000+0x10000 preserved, order 1 to 8\n"
              "0x60000+0x30000 free RAM\n"
              "0x90000+0x1000 reserve_mem\n"
              "0x91000+0xf000 free RAM\n"
              "0x80000000+0x200000 preserved, order 9 and more\n");
}

TEST(PageMap, WithoutKnownRamNothingIsFree) {
    const Handover handover = sample::machine();
    const PageCounts counts = PageMap(handover, nullptr).count();
    EXPECT_EQ(counts[0], 0U);
    EXPECT_EQ(counts[static_cast<std::size_t>(PageKind::scratch)], 80 * mib / page_size);
}

TEST(PageMap, RangesThatOverlapOrEndAtTheTopDoNoHarm) {
    Handover handover;
    handover.scratch = {
        {PhysAddr{UINT64_MAX - 5000}, 5000}, {PhysAddr{0x1001}, 0x1ffe}, {PhysAddr{0x2000}, 1}};
    handover.uses = {use(0x1000, 4, MemfdUse::folios), use(0x2000, 1, UseKind::kho_fdt),
                     use(0x3000, 4, UseKind::luo_root)};
    EXPECT_EQ(picture(handover, nullptr),
              "0x1000+0x4000 file contents\n0x5000+0x2000 FDTs and memory map\n"
              "0xffffffffffffe000+0x1000 scratch\n");
}

// The same pages, whatever the cells.
std::uint64_t sum(const PageCounts &counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

TEST(PageCells, HoldEveryPageOnceAtAnyCoarseness) {
    const RangeSet ram({{PhysAddr{0x1000}, 0x9e000}, {PhysAddr{0x100000}, gib - 0x100000}});
    const Handover machine = sample::machine();
    const Handover scattered = sample::scattered(0x10000000, 3 * page_size, 5000);
    Handover far = sample::machine();
    far.preserved.push_back({PhysAddr{std::uint64_t{1} << 51}, 20, 1});
    for (const Handover *handover : {&machine, &scattered, static_cast<const Handover *>(&far)}) {
        const PageMap map(*handover, &ram);
        const PageCounts expected = map.count();
        for (const std::size_t limit : {8, 30, 500, 100000}) {
            const Detail detail = make_detail(map, limit);
            EXPECT_LE(detail.items.size(), limit);
            PageCounts counts{};
            std::uint64_t end = 0;
            for (const DetailItem &item : detail.items) {
                EXPECT_GE(value(item.range.start), end);
                end = value(item.range.end());
                EXPECT_LE(sum(item.counts), item.range.size / page_size);
                for (std::size_t kind = 0; kind < page_kinds; kind++) counts[kind] += item.counts[kind];
            }
            EXPECT_EQ(counts, expected) << limit;
        }
        for (const std::size_t rows : {2, 16, 40})
            for (const std::size_t columns : {8, 256}) {
                const Overview overview = make_overview(map, columns, rows);
                EXPECT_LE(overview.rows.size(), rows);
                PageCounts counts{};
                for (const Overview::Row &row : overview.rows)
                    for (const PageCounts &cell : row.cells) {
                        EXPECT_LE(sum(cell), overview.cell_bytes / page_size);
                        for (std::size_t kind = 0; kind < page_kinds; kind++) counts[kind] += cell[kind];
                    }
                EXPECT_EQ(counts, expected) << rows << " x " << columns;
            }
    }
}

TEST(PageCells, DetailShowsSinglePagesWhereThereIsRoom) {
    const RangeSet ram({{PhysAddr{0}, gib}});
    const Handover handover = sample::machine();
    const PageMap map(handover, &ram);
    const Detail detail = make_detail(map, 1000);
    EXPECT_EQ(detail.cell_bytes, page_size);
    EXPECT_EQ(detail.items.size(), stretches(map).size());
}

// ---- SVG

bool well_formed(const std::string &svg, std::string &complaint) {
    const TemporaryFolder folder;
    TemporaryFolder::write(folder.file("map.svg"), svg);
    FILE *pipe = popen(("xmllint --noout " + folder.file("map.svg") + " 2>&1").c_str(), "r");
    char line[256];
    while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) complaint += line;
    return pipe != nullptr && pclose(pipe) == 0;
}

// What boxes of the detail say they stand for: "...: 3 pages file contents, 1 page free RAM, ...".
PageCounts drawn(const std::string &svg) {
    PageCounts counts{};
    std::size_t at = svg.find(">Detail<");
    while ((at = svg.find("<title>", at)) != std::string::npos) {
        const std::size_t end = svg.find("</title>", at);
        const std::string text = svg.substr(at, end - at) + ",";
        for (std::size_t kind = 0; kind < page_kinds; kind++)
            for (const char *pages : {" page ", " pages "}) {
                const std::size_t found =
                    text.find(pages + std::string(name(static_cast<PageKind>(kind))) + ",");
                if (found != std::string::npos)
                    counts[kind] += std::stoull(text.substr(text.rfind(' ', found - 1) + 1));
            }
        at = end;
    }
    return counts;
}

PageCounts legend(const std::string &svg) {
    PageCounts counts{};
    static const std::regex row("data-kind='([a-z-]+)' data-bytes='([0-9]+)'");
    std::size_t kind = 0;
    for (std::sregex_iterator it(svg.begin(), svg.end(), row), end; it != end && kind < page_kinds; ++it)
        counts[kind++] = std::stoull((*it)[2]) / page_size;
    return counts;
}

TEST(MapSvg, DrawsTheTotalsOfTheHandover) {
    const RangeSet ram({{PhysAddr{0x1000}, 0x9e000}, {PhysAddr{0x100000}, gib - 0x100000}});
    const Handover machine = sample::machine();
    const Handover scattered = sample::scattered(0x10000000, 3 * page_size, 20000);
    for (const Handover *handover : {&machine, &scattered})
        for (const RangeSet *known : {&ram, static_cast<const RangeSet *>(nullptr)}) {
            const PageMap map(*handover, known);
            const std::string svg = map_svg(map, {.title = "test"});
            std::string complaint;
            EXPECT_TRUE(well_formed(svg, complaint)) << complaint;
            EXPECT_EQ(legend(svg), map.count());
            EXPECT_EQ(drawn(svg), map.count());
            EXPECT_EQ(svg.find("not known") != std::string::npos, known == nullptr);
        }
}

TEST(MapSvg, IsWellFormedWhateverNamesSay) {
    const char *const names[] = {"<script>alert(1)</script>",
                                 "]]>&amp;&#0;",
                                 "\"'><!--",
                                 "\x01\x1b[2J\xff\xc0\xaf",
                                 "\xef\xbf\xbf",
                                 "%s%n",
                                 ""};
    for (const char *name : names) {
        Handover handover = sample::machine();
        handover.luo->sessions[0].name = name;
        (*handover.memblock)[0].name = name;
        handover.subtrees[0].name = name;
        const PageMap map(handover, nullptr);
        const std::string svg = map_svg(map, {.title = name, .lines = {name}});
        std::string complaint;
        EXPECT_TRUE(well_formed(svg, complaint)) << name << complaint;
        EXPECT_EQ(svg.find("<script"), std::string::npos);
        EXPECT_TRUE(std::all_of(svg.begin(), svg.end(), [](char c) {
            return c == '\n' || (c >= ' ' && c <= '~');
        })) << name;
        const std::string text = map_text(map, {.title = name, .lines = {name}}, {.detail = true});
        EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
            return c == '\n' || (c >= ' ' && c <= '~');
        })) << name;
    }
}

TEST(MapSvg, StaysBelowAMegabyteForManyBlocksOnALargeMachine) {
    const std::uint64_t tib = 1024 * gib;
    const RangeSet ram(
        {{PhysAddr{0x1000}, 0x9e000}, {PhysAddr{0x100000}, 3 * gib}, {PhysAddr{4 * gib}, tib - 4 * gib}});
    Handover handover;
    // Blocks of three orders and uses of three kinds wherever one looks.
    for (std::uint64_t i = 0; i < 300000; i++)
        handover.preserved.push_back({PhysAddr{4 * gib + i * 0x300000}, 0, 1});
    for (std::uint64_t i = 0; i < 300000; i++)
        handover.preserved.push_back({PhysAddr{4 * gib + 0x10000 + i * 0x300000}, 4, 1});
    for (std::uint64_t i = 0; i < 100000; i++)
        handover.preserved.push_back({PhysAddr{4 * gib + 0x200000 + i * 0x600000}, 9, 1});
    const UseKind kinds[] = {MemfdUse::folios, MemfdUse::array, UseKind::map_node};
    for (std::uint32_t i = 0; i < 300000; i++)
        handover.uses.push_back(use(4 * gib + i * 0x300000ULL, 1, kinds[i % 3], i % 7, i));
    handover.luo.emplace().sessions.resize(7);
    for (LuoSession &session : handover.luo->sessions) session.name = std::string(64, '\xff');
    const PageMap map(handover, &ram);
    const std::string svg = map_svg(map, {.title = "large"});
    EXPECT_LT(svg.size(), 1000000U);
    EXPECT_EQ(legend(svg), map.count());
    EXPECT_EQ(drawn(svg), map.count());
}

TEST(MapSvg, AnEmptyHandoverIsAPictureToo) {
    const Handover handover;
    const PageMap map(handover, nullptr);
    std::string complaint;
    EXPECT_TRUE(well_formed(map_svg(map, {}), complaint)) << complaint;
    EXPECT_NE(map_text(map, {}, {}).find("not known"), std::string::npos);
}

// ---- terminal

TEST(MapText, FitsTheTerminalAndRepeatsNothing) {
    const RangeSet ram({{PhysAddr{0}, gib}});
    const Handover handover = sample::machine();
    const PageMap map(handover, &ram);
    for (const unsigned width : {40U, 80U, 132U, 300U}) {
        const std::string text = map_text(map, {.title = "t"}, {.width = width});
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);)
            if (line.find('|') != std::string::npos) {
                EXPECT_LE(line.size(), width) << line;
            }
        EXPECT_NE(text.find("\n                 *\n"), std::string::npos) << text;
    }
}

TEST(MapText, ColoursAndShadesOnlyWhereAsked) {
    const Handover handover = sample::machine();
    const PageMap map(handover, nullptr);
    EXPECT_EQ(map_text(map, {}, {}).find('\x1b'), std::string::npos);
    EXPECT_NE(map_text(map, {}, {.color = true}).find("\x1b["), std::string::npos);
    EXPECT_NE(map_text(map, {}, {.utf8 = true}).find("\u2591"), std::string::npos);
}

TEST(SizeText, IsExactWhereItCanBe) {
    const std::pair<std::uint64_t, const char *> cases[] = {
        {0, "0 bytes"},        {1, "1 byte"},           {1023, "1023 bytes"}, {1024, "1 KiB"},
        {1536, "1.50 KiB"},    {4096, "4 KiB"},         {gib, "1 GiB"},       {gib + 1, "1.00 GiB"},
        {gib - 1, "1.00 GiB"}, {UINT64_MAX, "16.0 EiB"}};
    for (const auto &[bytes, text] : cases) EXPECT_EQ(size_text(bytes), text);
}

}  // namespace
}  // namespace kho
