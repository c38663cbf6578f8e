// SPDX-License-Identifier: GPL-2.0-or-later
// What the device refuses of a descriptor: each code, and the place it names.
#include "fake_machine.h"

namespace kexec_handover::test {
namespace {

struct Case {
    const char *name;
    Status status;
    std::uint64_t index;
    std::uint64_t address;
    std::function<void(Guest &)> change;
    std::function<void(Guest &)> after_store = {};
    kho::PhysAddr at = Guest::descriptor_address;
};

void PrintTo(const Case &c, std::ostream *out) { *out << c.name; }

class RefusedDescriptor : public testing::TestWithParam<Case> {};

TEST_P(RefusedDescriptor, IsRefusedWithCodeAndPlaceAndMemoryIsAsBefore) {
    const Case &c = GetParam();
    Guest guest;
    if (c.change)
        c.change(guest);
    guest.store();
    if (c.after_store)
        c.after_store(guest);
    const auto before = guest.machine.contents();
    const auto request = read_descriptor(guest.machine, c.at, "");
    ASSERT_FALSE(request.ok());
    EXPECT_EQ(request.error().status, c.status) << request.error().what;
    EXPECT_EQ(request.error().index, c.index) << request.error().what;
    EXPECT_EQ(request.error().address, c.address) << request.error().what;
    EXPECT_FALSE(request.error().what.empty());
    EXPECT_TRUE(before == guest.machine.contents());
}

constexpr std::uint64_t files_at = 0x210000, sessions_at = 0x200008, flbs_at = 0x214000;

const Case cases[] = {
    {"NoDescriptorIsSet", Status::no_descriptor, 0, 0, {}, {}, kho::PhysAddr{0}},
    {"DescriptorOutsideRam", Status::descriptor_unreadable, 0, 0xfef00000, {}, {}, kho::PhysAddr{0xfef00000}},
    {"DescriptorAcrossTheEndOfRam", Status::descriptor_unreadable, 0, 24 * mib - 64, {}, {},
     kho::PhysAddr{24 * mib - 64}},
    {"DescriptorAtTheTopOfTheAddressSpace", Status::descriptor_unreadable, 0, ~std::uint64_t{7}, {}, {},
     kho::PhysAddr{~std::uint64_t{7}}},
    {"DescriptorUnaligned", Status::descriptor_unreadable, 0, 0x1004, {}, {}, kho::PhysAddr{0x1004}},
    {"WrongMagic", Status::descriptor_magic, 0, 0x1000, [](Guest &x) { x.descriptor.magic ^= 1; }},
    {"SizeTooSmall", Status::descriptor_size, 0, 0x1000, [](Guest &x) { x.descriptor.size = 64; }},
    {"SizeTooLarge", Status::descriptor_size, 0, 0x1000, [](Guest &x) { x.descriptor.size = 136; }},
    {"UnknownFlag", Status::descriptor_flags, 0, 0x1000, [](Guest &x) { x.descriptor.flags = 4; }},
    {"ReservedFieldSet", Status::descriptor_flags, 0, 0x1000, [](Guest &x) { x.descriptor.reserved = 1; }},

    {"MemoryMapOutsideRam", Status::array_unreadable, 4, 0x80000000,
     [](Guest &x) {
         x.descriptor.memory_map.address = 0x2000;
     },
     [](Guest &x) {
         x.descriptor.memory_map = {0x80000000, 4};
         x.machine.store(0x1000, x.descriptor);
     }},
    {"ArrayUnaligned", Status::array_unreadable, 1, 0x3004,
     {},
     [](Guest &x) {
         x.descriptor.scratch = {0x3004, 1};
         x.machine.store(0x1000, x.descriptor);
     }},
    {"ArrayThatWraps", Status::array_unreadable, 2, ~std::uint64_t{15},
     {},
     [](Guest &x) {
         x.descriptor.preserved = {~std::uint64_t{15}, 2};
         x.machine.store(0x1000, x.descriptor);
     }},
    {"MemoryMapTooLong", Status::too_many_entries, 129, 0x2000,
     [](Guest &x) { x.descriptor.memory_map.count = 129; }},
    {"ScratchTooLong", Status::too_many_entries, 257, 0x3000, [](Guest &x) { x.descriptor.scratch.count = 257; }},
    {"PreservedListTooLong", Status::too_many_entries, max_preserved_ranges + 1, 0x8000,
     [](Guest &x) { x.descriptor.preserved.count = max_preserved_ranges + 1; }},
    {"CountOfAllOnes", Status::too_many_entries, ~std::uint64_t{0}, 0x8000,
     [](Guest &x) { x.descriptor.preserved.count = ~std::uint64_t{0}; }},
    {"SubtreesTooMany", Status::too_many_entries, 33, 0x4000, [](Guest &x) { x.descriptor.subtrees.count = 33; }},

    {"MemoryMapEmpty", Status::memory_map_empty, 0, 0, [](Guest &x) { x.memory_map.clear(); }},
    {"MemoryMapWithoutUsableRam", Status::memory_map_empty, 1, 0,
     [](Guest &x) { x.memory_map = {{0, 24 * mib, 2, 0}}; }},
    {"UsableRangeThatIsNoRam", Status::memory_map_range, 2, 0xfec00000,
     [](Guest &x) { x.memory_map[2].type = 1; }},
    {"UsableRangeBeyondTheEndOfRam", Status::memory_map_range, 1, 0x1000,
     [](Guest &x) { x.memory_map[1].size = 24 * mib; }},
    {"MemoryRangeThatWraps", Status::memory_map_range, 2, 0xfec00000,
     [](Guest &x) { x.memory_map[2].size = ~std::uint64_t{0}; }},
    {"MemoryRangeOfNothing", Status::memory_map_range, 2, 0xfec00000, [](Guest &x) { x.memory_map[2].size = 0; }},
    {"MemoryRangesThatOverlap", Status::memory_map_overlap, 1, 0x1000,
     [](Guest &x) { x.memory_map[0].size = 0x1001; }},

    {"MemoryRangeWithItsReservedFieldSet", Status::descriptor_flags, 2, 5,
     [](Guest &x) { x.memory_map[2].reserved = 5; }},

    {"NoScratch", Status::scratch_empty, 0, 0, [](Guest &x) { x.scratch.clear(); }},
    {"OnlyEmptyScratchAreas", Status::scratch_empty, 2, 0, [](Guest &x) { x.scratch = {{8 * mib, 0}, {0, 0}}; }},
    {"ScratchOutsideRam", Status::scratch_range, 1, 0x80000000,
     [](Guest &x) { x.scratch[1] = {0x80000000, mib}; }},
    {"ScratchInReservedMemory", Status::scratch_range, 1, 0, [](Guest &x) { x.scratch[1] = {0, 0x1000}; }},
    {"ScratchUnaligned", Status::scratch_range, 1, 0x700800, [](Guest &x) { x.scratch[1] = {0x700800, 0x1000}; }},
    {"ScratchNoWholePages", Status::scratch_range, 1, 0x700000, [](Guest &x) { x.scratch[1] = {0x700000, 0x801}; }},
    {"EmptyScratchUnaligned", Status::scratch_range, 1, 1, [](Guest &x) { x.scratch[1] = {1, 0}; }},
    {"ScratchThatWraps", Status::scratch_range, 1, 0x1000,
     [](Guest &x) { x.scratch[1] = {0x1000, ~std::uint64_t{0xfff}}; }},
    {"ScratchAreasThatOverlap", Status::scratch_overlap, 1, 12 * mib,
     [](Guest &x) { x.scratch[1] = {12 * mib, 8 * mib}; }},

    {"AbsurdOrder", Status::preserved_order, 3, 21, [](Guest &x) { x.preserved[3].order = 21; }},
    {"OrderOfAllOnes", Status::preserved_order, 3, ~std::uint32_t{0},
     [](Guest &x) { x.preserved[3].order = ~std::uint32_t{0}; }},
    {"PreservedUnalignedToPage", Status::preserved_unaligned, 2, 0x212800,
     [](Guest &x) { x.preserved[2].address = 0x212800; }},
    {"PreservedUnalignedToItsOrder", Status::preserved_unaligned, 2, 0x213000,
     [](Guest &x) { x.preserved[2] = {0x213000, 1, 1}; }},
    {"PreservedNothing", Status::preserved_wraps, 2, 0x212000, [](Guest &x) { x.preserved[2].count = 0; }},
    {"PreservedThatWraps", Status::preserved_wraps, 2, ~std::uint64_t{0xfff},
     [](Guest &x) { x.preserved[2] = {~std::uint64_t{0xfff}, 0, 2}; }},
    {"PreservedOutsideRam", Status::preserved_outside_ram, 2, 0x80000000,
     [](Guest &x) { x.preserved[2].address = 0x80000000; }},
    {"PreservedInReservedMemory", Status::preserved_outside_ram, 2, 0,
     [](Guest &x) { x.preserved[2] = {0, 0, 1}; }},
    {"PreservedAcrossTheEndOfRam", Status::preserved_outside_ram, 2, 24 * mib - 0x1000,
     [](Guest &x) { x.preserved[2] = {24 * mib - 0x1000, 0, 2}; }},
    {"PreservedMaximalCount", Status::preserved_outside_ram, 2, 0,
     [](Guest &x) { x.preserved[2] = {0, kho::max_block_order, ~std::uint32_t{0}}; }},
    {"PreservedOverlapsScratch", Status::preserved_in_scratch, 2, 8 * mib - 0x1000,
     [](Guest &x) { x.preserved[2] = {8 * mib - 0x1000, 0, 2}; }},
    {"PreservedTwice", Status::preserved_twice, 4, 0x212000,
     [](Guest &x) { x.preserved.push_back({0x212000, 0, 1}); }},
    {"PreservedTwiceInDifferentOrders", Status::preserved_twice, 4, 0x200000,
     [](Guest &x) { x.preserved.push_back({0x200000, 9, 1}); }},

    {"SubtreeNameEmpty", Status::subtree_name, 0, 0x212000,
     [](Guest &x) { x.subtrees = {{"", 0x212000, 0x1000}}; }},
    {"SubtreeNameUnterminated", Status::subtree_name, 0, 0x212000,
     [](Guest &x) {
         x.subtrees = {{"", 0x212000, 0x1000}};
         std::memset(x.subtrees[0].name, 'a', sizeof x.subtrees[0].name);
     }},
    {"SubtreeNameThatIsNoNodeName", Status::subtree_name, 0, 0x212000,
     [](Guest &x) { x.subtrees = {{"a/b", 0x212000, 0x1000}}; }},
    {"SubtreeNameOfTheDevice", Status::subtree_name, 0, 0x212000,
     [](Guest &x) { x.subtrees = {{"LUO", 0x212000, 0x1000}}; }},
    {"SubtreeNameTwice", Status::subtree_name, 1, 0x213000,
     [](Guest &x) { x.subtrees = {{"a", 0x212000, 0x1000}, {"a", 0x213000, 0x1000}}; }},
    {"SubtreeNotPreserved", Status::subtree_not_preserved, 0, 0x213000,
     [](Guest &x) { x.subtrees = {{"a", 0x213000, 0x1001}}; }},
    {"SubtreeUnaligned", Status::subtree_not_preserved, 0, 0x213008,
     [](Guest &x) { x.subtrees = {{"a", 0x213008, 8}}; }},
    {"SubtreeThatWraps", Status::subtree_not_preserved, 0, 0x213000,
     [](Guest &x) { x.subtrees = {{"a", 0x213000, ~std::uint64_t{0}}}; }},

    {"SessionHeaderNotPreserved", Status::sessions_not_preserved, 0, 0x300000,
     [](Guest &x) { x.descriptor.session_header = 0x300000; }},
    {"SessionHeaderOnlyPartlyPreserved", Status::sessions_not_preserved, 0, sessions_at,
     [](Guest &x) {
         x.preserved[0].address = 0x200000 - 0x10000;
         x.preserved.push_back({0x200000, 3, 1});
         x.header.count = 800;
         for (unsigned i = 1; i < 800; ++i) {
             kho::abi::luo_session_ser session{};
             std::snprintf(session.name, sizeof session.name, "s%u", i);
             x.sessions.push_back(session);
         }
     }},
    {"TooManySessions", Status::sessions_too_many, 0, 0x200000, [](Guest &x) { x.header.count = 820; }},
    {"SessionCountOfAllOnes", Status::sessions_too_many, 0, 0x200000,
     [](Guest &x) { x.header.count = ~std::uint64_t{0}; }},
    {"SessionNameEmpty", Status::session_name, 0, sessions_at, [](Guest &x) { x.sessions[0].name[0] = 0; }},
    {"SessionNameUnterminated", Status::session_name, 0, sessions_at,
     [](Guest &x) { std::memset(x.sessions[0].name, 'x', 64); }},
    {"SessionNameTwice", Status::session_name, 1, sessions_at + 80,
     [](Guest &x) {
         x.header.count = 2;
         x.sessions.push_back({.name = "alpha", .file_set = {0, 0}});
     }},
    {"FilesNotPreserved", Status::sessions_not_preserved, 0, 0x300000,
     [](Guest &x) { x.sessions[0].file_set.files = 0x300000; }},
    {"TooManyFiles", Status::files_too_many, 0, sessions_at, [](Guest &x) { x.sessions[0].file_set.count = 129; }},
    {"FilesWithoutACount", Status::files_inconsistent, 0, sessions_at,
     [](Guest &x) { x.sessions[0].file_set.count = 0; }},
    {"CountWithoutFiles", Status::files_inconsistent, 0, sessions_at,
     [](Guest &x) { x.sessions[0].file_set.files = 0; }},
    {"CompatibleEmpty", Status::file_compatible, 1, files_at + 64, [](Guest &x) { x.files[1].compatible[0] = 0; }},
    {"CompatibleUnterminated", Status::file_compatible, 1, files_at + 64,
     [](Guest &x) { std::memset(x.files[1].compatible, 'm', 48); }},
    {"TokenTwice", Status::file_token, 1, files_at + 64, [](Guest &x) { x.files[1].token = 10; }},

    {"FlbsNotPreserved", Status::flbs_not_preserved, 0, 0x300000,
     [](Guest &x) { x.descriptor.flb_header = 0x300000; }},
    {"FlbsUnaligned", Status::flbs_not_preserved, 0, flbs_at + 8,
     [](Guest &x) {
         x.add_flbs();
         x.descriptor.flb_header += 8;
     }},
    {"FlbsThatWrap", Status::flbs_not_preserved, 0, ~std::uint64_t{0xfff},
     [](Guest &x) { x.descriptor.flb_header = ~std::uint64_t{0xfff}; }},
    {"FlbsInAnArrayOfFiles", Status::flbs_not_preserved, 0, 0x211000,
     [](Guest &x) {
         x.add_flbs();
         x.descriptor.flb_header = 0x211000;
     }},
    {"FlbWithMoreReferencesThanAnInt", Status::flb_references, 0, flbs_at + 16,
     [](Guest &x) {
         x.add_flbs();
         x.flbs[0].count = std::uint64_t{1} << 31;
     }},
    {"TooManyFlbs", Status::flbs_too_many, 64, flbs_at,
     [](Guest &x) {
         x.add_flbs();
         x.flb_header.count = 64;
     }},
    {"FlbsOfTwoPages", Status::flbs_too_many, 2, flbs_at,
     [](Guest &x) {
         x.add_flbs();
         x.flb_header.pgcnt = 2;
     }},
    {"FlbNameEmpty", Status::flb_name, 1, flbs_at + 16 + 64,
     [](Guest &x) {
         x.add_flbs();
         x.flbs[1].name[0] = 0;
     }},
    {"FlbNameUnterminated", Status::flb_name, 0, flbs_at + 16,
     [](Guest &x) {
         x.add_flbs();
         std::memset(x.flbs[0].name, 'f', 48);
     }},
    {"FlbNameTwice", Status::flb_name, 1, flbs_at + 16 + 64,
     [](Guest &x) {
         x.add_flbs();
         x.flbs[1] = x.flbs[0];
     }},
    {"FlbWithoutReferences", Status::flb_references, 1, flbs_at + 16 + 64,
     [](Guest &x) {
         x.add_flbs();
         x.flbs[1].count = 0;
     }},
};

INSTANTIATE_TEST_SUITE_P(Table, RefusedDescriptor, testing::ValuesIn(cases),
                         [](const auto &test) { return std::string(test.param.name); });

TEST(Descriptor, OfAnHonestGuestIsTakenAsItIs) {
    Guest guest;
    guest.subtrees = {{"memblock", 0x213000, 0x1000}};
    guest.store();
    const auto request = read_descriptor(guest.machine, Guest::descriptor_address, "");
    ASSERT_TRUE(request.ok()) << request.error().what;
    EXPECT_EQ(request.value().memory_map.size(), 4u);
    EXPECT_EQ(request.value().usable.bytes(), 28 * mib - 0x1000);
    EXPECT_EQ(request.value().scratch.size(), 2u);
    EXPECT_EQ(request.value().scratch_ranges.bytes(), 8 * mib);
    EXPECT_EQ(request.value().preserved.size(), 4u);
    EXPECT_EQ(request.value().preserved_ranges.bytes(), 0x10000 + 0x2000 + 0x2000 + mib);
    EXPECT_EQ(request.value().subtrees.size(), 1u);
    EXPECT_EQ(request.value().liveupdate_number, 1u);
    EXPECT_EQ(request.value().acpi_rsdp, 0xf1234u);
}

TEST(Descriptor, WithoutLuoNeedsNoSessions) {
    Guest guest;
    guest.descriptor.session_header = 0;
    guest.header.count = ~std::uint64_t{0};
    guest.store();
    EXPECT_TRUE(read_descriptor(guest.machine, Guest::descriptor_address, "").ok());
}

// Says to have 8 GiB more, which are not read: preserved memory is not looked into.
class RoomyMachine final : public FakeMachine {
public:
    RoomyMachine() : FakeMachine({{kho::PhysAddr{0}, 32 * mib}}) {}
    kho::RangeSet ram() const override {
        kho::RangeSet ram = FakeMachine::ram();
        ram.add({kho::PhysAddr{4 * gib}, 8 * gib});
        return ram;
    }
};

TEST(Descriptor, WithAMillionScatteredRangesIsTaken) {
    RoomyMachine machine;
    std::vector<PreservedRange> ranges;
    for (std::uint64_t i = 0; i < 1'000'000; ++i)
        ranges.push_back({4 * gib + (i * 7 % 1'000'000) * 2 * kho::page_size, 0, 1});
    const Descriptor descriptor{.magic = descriptor_magic,
                                .size = sizeof(Descriptor),
                                .flags = 0,
                                .memory_map = {0x2000, 2},
                                .scratch = {0x3000, 1},
                                .preserved = {0x100000, ranges.size()},
                                .subtrees = {},
                                .session_header = 0,
                                .liveupdate_number = 0,
                                .acpi_rsdp = 0,
                                .flb_header = 0,
                                .handover = 0,
                                .reserved = 0};
    machine.store(0x2000, MemoryRange{0, 32 * mib, 1, 0});
    machine.store(0x2018, MemoryRange{4 * gib, 8 * gib, 1, 0});
    machine.store(0x3000, kho::abi::kho_scratch{24 * mib, 8 * mib});
    ASSERT_TRUE(machine.write(kho::PhysAddr{0x100000}, std::as_bytes(std::span(ranges))).ok());
    machine.store(0x1000, descriptor);
    const auto request = read_descriptor(machine, kho::PhysAddr{0x1000}, "");
    ASSERT_TRUE(request.ok()) << request.error().what;
    EXPECT_EQ(request.value().preserved_ranges.ranges().size(), 1'000'000u);
    const auto metadata = make_metadata(request.value(), kho::default_release());
    EXPECT_TRUE(metadata.ok()) << metadata.error().what;
}

// Another CPU rewrites the descriptor and its arrays as soon as they were read: what is used must be what was
// checked, so nothing of the first copy may change and nothing may be read twice.
TEST(Descriptor, ThatChangesWhileItIsReadIsUsedAsItWasChecked) {
    Guest guest;
    guest.store();
    std::map<std::uint64_t, int> reads;
    guest.machine.after_read = [&](kho::PhysAddr at, std::size_t size) {
        if (value(at) < 0x100000) {  // descriptor and its arrays
            ++reads[value(at)];
            auto bytes = guest.machine.bytes(value(at), size);
            std::ranges::fill(bytes, std::byte{0xff});
        }
    };
    const auto request = read_descriptor(guest.machine, Guest::descriptor_address, "");
    ASSERT_TRUE(request.ok()) << request.error().what;
    for (const auto &[address, count] : reads) EXPECT_EQ(count, 1) << std::hex << address;
    EXPECT_EQ(request.value().preserved_ranges.bytes(), 0x10000 + 0x2000 + 0x2000 + mib);
    EXPECT_EQ(request.value().scratch_ranges.bytes(), 8 * mib);
}

}  // namespace
}  // namespace kexec_handover::test
