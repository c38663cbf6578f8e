// SPDX-License-Identifier: GPL-2.0-or-later
// What other people's tools say of our FDTs.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "fdt/formats/releases.h"
#include "fdt/write/internal/fdt.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/luo_root.h"

namespace kho {
namespace {

// dtc's verdict and everything that it printed.
struct Decompiled {
    int status;
    std::string output;
};

[[maybe_unused]] Decompiled decompile(const char *dtc, const std::vector<std::byte> &blob) {
    const std::string path = testing::TempDir() + "/blob-" + std::to_string(std::rand()) + ".dtb";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char *>(blob.data()), static_cast<std::streamsize>(blob.size()));
    const std::string command = std::string(dtc) + " -I dtb -O dts " + path + " 2>&1";
    FILE *pipe = popen(command.c_str(), "r");
    Decompiled result{};
    char line[256];
    while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) result.output += line;
    result.status = pipe == nullptr ? -1 : pclose(pipe);
    std::remove(path.c_str());
    return result;
}

TEST(Dtc, DecompilesOurFdtsWithoutErrors) {
#ifndef DTC
    GTEST_SKIP() << "dtc is not installed";
#else
    const Subtree subtrees[] = {{.name = "LUO", .address = PhysAddr{0x123456000}, .size = page_size},
                                {.name = "memblock", .address = PhysAddr{0x1000}, .size = page_size}};
    const struct {
        const char *name;
        Result<std::vector<std::byte> > fdt;
        const char *expected[2];
    } cases[] = {
        {"KHO", write_kho_fdt(kho_v1, PhysAddr{0xabcd000}, subtrees), {"compatible = \"kho-v1\"", "LUO {"}},
        {"KHO without subtrees", write_kho_fdt(kho_v1, PhysAddr{0}, {}), {"preserved-memory-map", "/ {"}},
        {"LUO",
         write_luo_fdt(1, PhysAddr{0x1000}, std::nullopt),
         {"compatible = \"luo-session-v2\"", "luo-session-header"}},
        {"LUO with FLBs",
         write_luo_fdt(1, PhysAddr{0x1000}, PhysAddr{0x2000}),
         {"compatible = \"luo-flb-v1\"", "luo-flb-header"}},
    };
    for (const auto &c : cases) {
        ASSERT_TRUE(succeeds(c.fdt)) << c.name;
        const Decompiled decompiled = decompile(DTC, c.fdt.value());
        EXPECT_EQ(decompiled.status, 0) << c.name << '\n' << decompiled.output;
        EXPECT_EQ(decompiled.output.find("ERROR"), std::string::npos) << c.name << '\n' << decompiled.output;
        for (const char *text : c.expected)
            EXPECT_NE(decompiled.output.find(text), std::string::npos) << c.name << '\n' << decompiled.output;
    }
#endif
}

}  // namespace
}  // namespace kho
