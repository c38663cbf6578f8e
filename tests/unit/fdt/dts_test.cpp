// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/dts.h"
#include "fdt/formats/releases.h"

#include <libfdt.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "fdt/write/internal/fdt.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/luo_root.h"

namespace kho {
namespace {

using Bytes = std::vector<std::byte>;

template <typename Fill>
Bytes make_fdt(const Fill &fill) {
    Bytes bytes(8192);
    fdt_create(bytes.data(), static_cast<int>(bytes.size()));
    fdt_finish_reservemap(bytes.data());
    fdt_begin_node(bytes.data(), "");
    fill(bytes.data());
    fdt_end_node(bytes.data());
    EXPECT_EQ(fdt_finish(bytes.data()), 0);
    bytes.resize(fdt_totalsize(bytes.data()));
    return bytes;
}

void u64(void *fdt, const char *name, std::uint64_t number) {
    fdt_property(fdt, name, &number, sizeof number);
}

Bytes example() {
    return make_fdt([](void *fdt) {
        fdt_property_string(fdt, "compatible", "kho-v4");
        // Letters, so that it could be a string.
        u64(fdt, "preserved-memory-map", 0x0044434241464748);
        fdt_begin_node(fdt, "LUO");
        u64(fdt, "preserved-data", 0x123456000);
        u64(fdt, "blob-size", 32);
        fdt_end_node(fdt);
        fdt_begin_node(fdt, "data");
        const std::uint32_t csum = 0x1020304;
        fdt_property(fdt, "csum", &csum, sizeof csum);
        const std::uint64_t folios[] = {0x1000, 0x2001};
        fdt_property(fdt, "folios_info", folios, sizeof folios);
        fdt_property(fdt, "odd", "\x01\x02\xff", 3);
        fdt_property(fdt, "empty", "", 0);
        fdt_property(fdt, "list", "a\"\\\0b", 6);
        fdt_end_node(fdt);
    });
}

TEST(Dts, ShowsIntegersAsTheKernelReadsThem) {
    const Result<Dts> dts = to_dts(example());
    ASSERT_TRUE(succeeds(dts));
    EXPECT_EQ(dts.value().text,
              "/dts-v1/;\n"
              "/* Integers as the CPU reads them, which is not how dtc will store them. */\n"
              "/ {\n"
              "\tcompatible = \"kho-v4\";\n"
              "\tpreserved-memory-map = /bits/ 64 <0x44434241464748>;\n"
              "\tLUO {\n"
              "\t\tpreserved-data = /bits/ 64 <0x123456000>;\n"
              "\t\tblob-size = /bits/ 64 <0x20>;\n"
              "\t};\n"
              "\tdata {\n"
              "\t\tcsum = <0x1020304>;\n"
              "\t\tfolios_info = /bits/ 64 <0x1000 0x2001>;\n"
              "\t\todd = [01 02 ff];\n"
              "\t\tempty;\n"
              "\t\tlist = \"a\\\"\\\\\", \"b\";\n"
              "\t};\n"
              "};\n");
    EXPECT_TRUE(dts.value().renamed.empty());
}

TEST(Dts, ExactlyIsBytesWithTheirValueBeside) {
    const Result<Dts> dts = to_dts(example(), {.exact = true});
    ASSERT_TRUE(succeeds(dts));
    EXPECT_NE(dts.value().text.find("preserved-data = [00 60 45 23 01 00 00 00] /* 0x123456000 */;"),
              std::string::npos)
        << dts.value().text;
}

TEST(Dts, RefusesWhatIsNoFdt) {
    Bytes cut = example();
    cut.resize(cut.size() - 1);
    Bytes broken = example();
    std::memset(broken.data() + fdt_off_dt_struct(broken.data()), 0xff, 4);
    EXPECT_TRUE(fails(to_dts({}), Errc::fdt_header, 0));
    EXPECT_TRUE(fails(to_dts(Bytes(39)), Errc::fdt_header, 0));
    EXPECT_TRUE(fails(to_dts(Bytes(4096)), Errc::fdt_header, 0));
    EXPECT_TRUE(fails(to_dts(cut), Errc::fdt_header, 0));
    EXPECT_TRUE(fails(to_dts(broken), Errc::fdt_header, 0));
}

TEST(Dts, DeepNestingCostsNoMoreThanItsText) {
    Bytes bytes(1 << 20);
    fdt_create(bytes.data(), static_cast<int>(bytes.size()));
    fdt_finish_reservemap(bytes.data());
    constexpr int depth = 20000;
    fdt_begin_node(bytes.data(), "");
    for (int i = 0; i < depth; i++) fdt_begin_node(bytes.data(), "n");
    for (int i = 0; i <= depth; i++) fdt_end_node(bytes.data());
    ASSERT_EQ(fdt_finish(bytes.data()), 0);
    const Result<Dts> dts = to_dts(bytes);
    ASSERT_TRUE(succeeds(dts));
    EXPECT_LT(dts.value().text.size(), 2U << 20);
}

#ifdef DTC
Bytes compile(const std::string &source) {
    const TemporaryFolder folder;
    TemporaryFolder::write(folder.file("in.dts"), source);
    const std::string command = std::string(DTC) + " -q -I dts -O dtb -o " + folder.file("out.dtb") + " " +
                                folder.file("in.dts") + " 2> " + folder.file("log");
    EXPECT_EQ(std::system(command.c_str()), 0) << TemporaryFolder::contents(folder.file("log")) << source;
    const std::string blob = TemporaryFolder::contents(folder.file("out.dtb"));
    const auto *begin = reinterpret_cast<const std::byte *>(blob.data());
    return {begin, begin + blob.size()};
}

// Structure, names and values in their order, one a line; integers turned round if asked.
std::string tree(const Bytes &fdt, bool swap) {
    std::string text;
    int depth = 0;
    for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(fdt.data(), node, &depth)) {
        text += std::to_string(depth) + " " + fdt_get_name(fdt.data(), node, nullptr) + "\n";
        int property = 0;
        fdt_for_each_property_offset(property, fdt.data(), node) {
            const char *name = nullptr;
            int length = 0;
            const auto *value =
                static_cast<const char *>(fdt_getprop_by_offset(fdt.data(), property, &name, &length));
            std::string bytes(value, static_cast<std::size_t>(length));
            const std::string_view word = name;
            const std::size_t width = word == "csum" ? 4 : 8;
            if (swap && word != "compatible" && word != "odd" && word != "list")
                for (std::size_t at = 0; at + width <= bytes.size(); at += width)
                    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(at + width));
            text += "  " + std::string(word) + "=" + printable(bytes) + "\n";
        }
    }
    return text;
}

TEST(Dts, DtcMakesTheSameTreeOfIt) {
    const Subtree subtrees[] = {{.name = "LUO", .address = PhysAddr{0x123456000}, .size = page_size}};
    const Bytes fdts[] = {example(), write_kho_fdt(kho_v1, PhysAddr{0xabcd000}, subtrees).value(),
                          write_luo_fdt(7, PhysAddr{0x1000}, std::nullopt).value()};
    for (const Bytes &fdt : fdts) {
        EXPECT_EQ(tree(compile(to_dts(fdt, {.exact = true}).value().text), false), tree(fdt, false));
        EXPECT_EQ(tree(compile(to_dts(fdt).value().text), true), tree(fdt, false));
    }
}

TEST(Dts, DtcTakesAnyNameThatWasInTheFdt) {
    const char *const names[] = {"a b", "x;}; /* ", "\x1b[2J", "\"",  "a@b@c", "@",
                                 "é",   "a/b",      "{",       "<&>", "-",     "0"};
    const Bytes fdt = make_fdt([&](void *out) {
        for (const char *name : names) fdt_property_string(out, name, "v");
        for (const char *name : names) {
            fdt_begin_node(out, name);
            fdt_end_node(out);
        }
    });
    for (const bool exact : {false, true}) {
        const Result<Dts> dts = to_dts(fdt, {.exact = exact});
        ASSERT_TRUE(succeeds(dts));
        EXPECT_GE(dts.value().renamed.size(), 16U);
        EXPECT_FALSE(compile(dts.value().text).empty());
    }
}
#endif

}  // namespace
}  // namespace kho
