// SPDX-License-Identifier: GPL-2.0-or-later
// The kexec descriptor as the payload builds it.
#include "guest/payload/outgoing.h"

#include "guest/kho/preserve.h"
#include "guest/payload/break.h"
#include "tests/unit/guest/machine.h"

namespace guest {
namespace {

using kexec_handover::MemoryRange;
using kho::PhysAddr;
using kho::abi::kho_scratch;

struct OutgoingTest : testing::Test {
    Machine m;
    const MemoryRange map[1] = {{0, Machine::default_size, 1, 0}};
    const kho_scratch scratch[1] = {{Machine::scratch_start, Machine::scratch_size}};
    PhysAddr header = *alloc_preserve(m.pages, 65536);

    Outgoing build() {
        const Result<Outgoing> out = build_outgoing(
            m.pages,
            {.memory_map = map, .scratch = scratch, .session_header = header, .liveupdate_number = 5});
        EXPECT_TRUE(out);
        return *out;
    }
};

TEST_F(OutgoingTest, TheDescriptorSaysWhatThisKernelKnows) {
    const Pages::Counts before = m.pages.counts();
    const Outgoing out = build();
    EXPECT_EQ(out.descriptor->magic, kexec_handover::descriptor_magic);
    EXPECT_EQ(out.descriptor->size, 128u);
    EXPECT_EQ(out.descriptor->session_header, kho::value(header));
    EXPECT_EQ(out.descriptor->liveupdate_number, 5u);
    EXPECT_EQ(out.descriptor->preserved.count, 1u);
    EXPECT_EQ(&m.as<kexec_handover::PreservedRange>(out.descriptor->preserved.address), out.preserved);
    EXPECT_EQ(out.preserved[0].order, 4u);
    EXPECT_EQ(out.preserved_bytes, 65536u);
    free_outgoing(m.pages, out);
    EXPECT_EQ(m.pages.counts(), before);
}

// Five neighbouring pages are one range; a forgotten one cuts it.
TEST_F(OutgoingTest, AForgottenBlockLeavesTheListAndNothingElseDoes) {
    for (unsigned victim = 0; victim < 5; victim++) {
        std::vector<PhysAddr> pages;
        for (int i = 0; i < 5; i++) pages.push_back(*alloc_preserve(m.pages, 1));
        Outgoing out = build();
        EXPECT_TRUE(forget_block(out, pages[victim] + 100));
        EXPECT_FALSE(forget_block(out, pages[victim])) << "it is gone";
        const auto listed = [&](PhysAddr page) {
            for (std::uint64_t i = 0; i < out.descriptor->preserved.count; i++) {
                const auto &r = out.preserved[i];
                EXPECT_GT(r.count, 0u);
                if (kho::value(page) >= r.address &&
                    kho::value(page) < r.address + kho::order_bytes(r.order) * r.count)
                    return true;
            }
            return false;
        };
        for (unsigned i = 0; i < 5; i++) EXPECT_EQ(listed(pages[i]), i != victim) << victim;
        EXPECT_TRUE(listed(header));
        free_outgoing(m.pages, out);
        for (const PhysAddr page : pages) EXPECT_EQ(unpreserve_free(m.pages, page), Errno::ok);
    }
}

TEST_F(OutgoingTest, ABrokenDescriptorCarriesATelltaleOrIsNotBuilt) {
    ASSERT_NE(find_break_case("bad-magic"), nullptr);
    Outgoing out = build();
    BreakContext context{.pages = &m.pages,
                         .outgoing = &out,
                         .session_header = header,
                         .descriptor = m.window().address(out.descriptor)};
    EXPECT_EQ(break_descriptor(*find_break_case("bad-magic"), context), Errno::ok);
    EXPECT_EQ(out.descriptor->liveupdate_number, telltale_number);

    Outgoing whole = build();
    BreakContext starved{.pages = &m.pages,
                         .outgoing = &whole,
                         .session_header = header,
                         .descriptor = m.window().address(whole.descriptor)};
    m.pages.fail_allocation(1);
    EXPECT_EQ(break_descriptor(*find_break_case("preserved-million"), starved), Errno::enomem);
    EXPECT_EQ(starved.extra_pages, 0u);
}

TEST(BreakCases, HaveUniqueNamesAndAreFoundByThem) {
    for (const BreakCase &c : break_cases()) {
        EXPECT_EQ(find_break_case(c.name), &c) << c.name;
        EXPECT_NE(c.expected, kexec_handover::Status::ok) << c.name;
    }
    EXPECT_EQ(find_break_case("all"), nullptr);
    EXPECT_EQ(find_break_case(""), nullptr);
}

}  // namespace
}  // namespace guest
