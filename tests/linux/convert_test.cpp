// SPDX-License-Identifier: GPL-2.0-or-later
// Handovers of real kernels, rewritten: in their own format as the kernel itself did, in any other with
// what it says.
#include <map>

#include "fdt/file/image.h"
#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"
#include "fdt/make/build.h"
#include "fdt/make/convert.h"
#include "fdt/read/reader.h"
#include "fdt/search/locate.h"
#include "legs.h"
#include "linux_dump.h"

namespace {

std::map<std::uint32_t, std::uint64_t> bytes_by_order(const kho::Handover &handover) {
    std::map<std::uint32_t, std::uint64_t> bytes;
    for (const kho::PreservedBlocks &blocks : handover.preserved) bytes[blocks.order] += blocks.bytes();
    return bytes;
}

// Of the map no kernel frees what has become empty, so its size is not compared.
std::map<std::string, std::uint64_t> bytes_by_use(const kho::Handover &handover) {
    std::map<std::string, std::uint64_t> bytes;
    for (const kho::Use &use : handover.uses)
        if (use.kind != kho::UseKind::map_node && use.kind != kho::UseKind::map_bitmap)
            bytes[name(use.kind)] += use.range.size;
    return bytes;
}

// What must not change, whatever the format.
void expect_same_files(const kho::Handover &a, const kho::Handover &b) {
    ASSERT_TRUE(a.luo && b.luo);
    EXPECT_EQ(a.luo->liveupdate_number, b.luo->liveupdate_number);
    ASSERT_EQ(a.luo->sessions.size(), b.luo->sessions.size());
    for (std::size_t i = 0; i < a.luo->sessions.size(); i++) {
        const kho::LuoSession &one = a.luo->sessions[i], &other = b.luo->sessions[i];
        EXPECT_EQ(one.name, other.name);
        ASSERT_EQ(one.files.size(), other.files.size()) << one.name;
        for (std::size_t j = 0; j < one.files.size(); j++) {
            EXPECT_EQ(one.files[j].token, other.files[j].token);
            ASSERT_TRUE(memfd_of(one.files[j]) && memfd_of(other.files[j]));
            EXPECT_EQ(memfd_of(one.files[j])->size, memfd_of(other.files[j])->size);
            EXPECT_EQ(memfd_of(one.files[j])->pos, memfd_of(other.files[j])->pos);
            EXPECT_TRUE(memfd_of(one.files[j])->folios == memfd_of(other.files[j])->folios);
        }
    }
    EXPECT_TRUE(a.memblock == b.memblock);
}

class Convert : public testing::TestWithParam<Leg> {};

TEST_P(Convert, WritesWhatTheKernelWrote) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    const auto image = kho::Image::open(dump.file);
    ASSERT_TRUE(image) << image.error().message();
    const kho::ImageMemory &memory = image.value().memory();
    const auto located = kho::locate(image.value());
    ASSERT_TRUE(located) << located.error().message();
    kho::Findings findings;
    const kho::Handover source = kho::read_handover(memory, located.value().data, findings);
    ASSERT_EQ(findings.errors(), 0u) << findings.first_error()->message();

    kho::RangeSet usable = memory.ranges().minus(kho::RangeSet(source.scratch));
    usable.subtract({kho::PhysAddr{0}, 1 << 20});
    for (const kho::Release &target : kho::releases()) {
        SCOPED_TRACE(std::string("to ") + target.name);
        const auto converted = kho::convert(source, memory, target, usable);
        ASSERT_TRUE(converted) << converted.error().message();
        const kho::OverlayMemory written(converted.value().written.pages, memory);
        const kho::Handover read = kho::read_handover(written, converted.value().written.data, findings);
        ASSERT_EQ(findings.errors(), 0u) << findings.first_error()->message();
        expect_same_files(source, read);
        if (target.kho != source.format || target.luo != source.luo->format ||
            target.flbs != source.luo->flbs.has_value())
            continue;
        EXPECT_TRUE(converted.value().losses.empty());
        EXPECT_EQ(bytes_by_order(read), bytes_by_order(source));
        EXPECT_EQ(bytes_by_use(read), bytes_by_use(source));
        EXPECT_TRUE(read.luo->flbs == source.luo->flbs);
        EXPECT_TRUE(read.kexec_metadata == source.kexec_metadata);
    }
}

constexpr Leg legs[] = {
    {"6.19", "mixed"}, {"7.0", "mixed"}, {"7.1", "mixed"}, {"7.2", "mixed"}, {"7.3", "mixed"}};
INSTANTIATE_TEST_SUITE_P(Linux, Convert, testing::ValuesIn(legs), name_of);

}  // namespace
