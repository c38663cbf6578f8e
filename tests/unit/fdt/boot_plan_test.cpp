// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <random>

#include "fdt/abi/units.h"
#include "fdt/boot/boot_plan.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/kernel_files.h"

namespace kho {
namespace {

namespace bp = abi::boot_params;

Range range(std::uint64_t start, std::uint64_t size) { return {PhysAddr{start}, size}; }

// Owns what a request points at.
struct Request {
    KernelFile file = make_bzimage();
    std::vector<Range> scratch = {range(0, 64 * mib)};
    std::vector<std::byte> initrd;
    std::string command_line = "console=ttyS0";
    std::vector<abi::e820_entry> memory_map = {{0, 0x9fc00, abi::e820_ram}, {mib, 127 * mib, abi::e820_ram}};
    BootImage kernel;
    RangeSet scratch_set;

    Result<BootPlan> plan() {
        const auto parsed = parse_kernel(file);
        EXPECT_TRUE(succeeds(parsed));
        kernel = parsed.value();
        scratch_set = RangeSet(scratch);
        auto result = plan_boot(
            {.kernel = &kernel,
             .initrd = initrd,
             .command_line = command_line,
             .memory_map = memory_map,
             .handover = {.fdt_addr = 0x1000, .fdt_size = 0x1000, .scratch_addr = 0x2000, .scratch_size = 16},
             .acpi_rsdp = 0xf0000,
             .scratch = &scratch_set});
        if (result)
            expect_sound(result.value());
        return result;
    }

    // What holds for every plan.
    void expect_sound(const BootPlan &plan) const {
        RangeSet taken;
        for (const Placement &placement : plan.placements) {
            const Range place{placement.address, placement.memory_size};
            EXPECT_LE(placement.bytes().size(), placement.memory_size);
            EXPECT_GE(place.start, PhysAddr{mib});
            EXPECT_TRUE(scratch_set.contains(place));
            EXPECT_FALSE(taken.overlaps(place));
            taken.add(place);
        }
        EXPECT_TRUE(taken.contains({plan.entry, 1}));
        EXPECT_TRUE(taken.contains({plan.boot_params, bp::size}));
    }
};

// The bytes that a plan puts at an address, up to the end of the placement that begins there.
std::span<const std::byte> bytes_at(const BootPlan &plan, std::uint64_t address) {
    for (const Placement &placement : plan.placements)
        if (value(placement.address) == address)
            return placement.bytes();
    ADD_FAILURE() << "nothing is placed at " << hex(address);
    return {};
}

template <typename T>
T parameter(const BootPlan &plan, std::uint64_t offset) {
    const std::span<const std::byte> page = bytes_at(plan, value(plan.boot_params));
    EXPECT_EQ(page.size(), page_size);
    T number{};
    std::memcpy(&number, page.data() + offset, sizeof number);
    return number;
}

std::uint64_t address_parameter(const BootPlan &plan, std::uint64_t low, std::uint64_t high) {
    return parameter<std::uint32_t>(plan, low) | std::uint64_t{parameter<std::uint32_t>(plan, high)} << 32;
}

std::uint64_t initrd_address(const BootPlan &plan) {
    return address_parameter(plan, bp::ramdisk_image, bp::ext_ramdisk_image);
}

std::uint64_t kernel_address(const BootPlan &plan) { return value(plan.placements.front().address); }

TEST(BootPlan, FillsBootParamsAsABootLoaderDoes) {
    Request request;
    request.initrd.resize(5000, std::byte{7});
    const auto result = request.plan();
    ASSERT_TRUE(succeeds(result));
    const BootPlan &plan = result.value();

    EXPECT_EQ(kernel_address(plan), 0x1000000u);
    EXPECT_EQ(plan.entry, PhysAddr{0x1000200});
    EXPECT_EQ(parameter<std::uint64_t>(plan, bp::acpi_rsdp_addr), 0xf0000u);
    EXPECT_EQ(parameter<std::uint8_t>(plan, bp::type_of_loader), 0xff);
    EXPECT_EQ(parameter<std::uint8_t>(plan, bp::loadflags), 0x81);
    EXPECT_EQ(parameter<std::uint32_t>(plan, bp::code32_start), 0x1000000u);
    EXPECT_EQ(parameter<std::uint32_t>(plan, bp::header_magic), abi::header_magic_hdrs);
    EXPECT_EQ(parameter<std::uint32_t>(plan, bp::init_size), mib);
    // The file goes on with code there, which does not belong to the header.
    EXPECT_EQ(parameter<std::uint32_t>(plan, bzimage_header_end), 0u);
    EXPECT_EQ(parameter<std::uint32_t>(plan, 0), 0u);

    EXPECT_EQ(parameter<std::uint8_t>(plan, bp::e820_entries), 2);
    const auto second = parameter<abi::e820_entry>(plan, bp::e820_table + sizeof(abi::e820_entry));
    EXPECT_EQ(std::memcmp(&second, &request.memory_map[1], sizeof second), 0);

    const std::span<const std::byte> command_line =
        bytes_at(plan, address_parameter(plan, bp::cmd_line_ptr, bp::ext_cmd_line_ptr));
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(command_line.data()), command_line.size()),
              std::string("console=ttyS0\0", 14));
    EXPECT_EQ(bytes_at(plan, initrd_address(plan)).data(), request.initrd.data());
    EXPECT_EQ(parameter<std::uint32_t>(plan, bp::ramdisk_size), 5000u);
    EXPECT_EQ(initrd_address(plan), 64 * mib - 2 * page_size);
}

TEST(BootPlan, HandsTheHandoverOverInASetupDataNode) {
    Request request;
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    const std::span<const std::byte> node =
        bytes_at(plan.value(), parameter<std::uint64_t>(plan.value(), bp::setup_data));
    struct {
        abi::setup_data_header header;
        abi::kho_data data;
    } seen;
    ASSERT_EQ(node.size(), sizeof seen);
    std::memcpy(&seen, node.data(), sizeof seen);
    EXPECT_EQ(seen.header.next, 0u);
    EXPECT_EQ(seen.header.type, 10u);
    EXPECT_EQ(seen.header.len, 32u);
    EXPECT_EQ(seen.data.fdt_addr, 0x1000u);
    EXPECT_EQ(seen.data.fdt_size, 0x1000u);
    EXPECT_EQ(seen.data.scratch_addr, 0x2000u);
    EXPECT_EQ(seen.data.scratch_size, 16u);
}

TEST(BootPlan, WithoutInitrdItsFieldsAreZero) {
    Request request;
    request.command_line.clear();
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_EQ(initrd_address(plan.value()), 0u);
    EXPECT_EQ(parameter<std::uint32_t>(plan.value(), bp::ramdisk_size), 0u);
}

TEST(BootPlan, ChoosesTheKernelsPlace) {
    const auto fixed = [](KernelFile &file) { file.set(bp::relocatable_kernel, std::uint8_t{0}); };
    const auto low_only = [](KernelFile &file) { file.set(bp::xloadflags, std::uint16_t{1}); };
    const auto odd_preference = [](KernelFile &file) {
        file.set(bp::pref_address, std::uint64_t{0x1001000});
    };
    const auto preference_above = [](KernelFile &file) {
        file.set(bp::pref_address, std::uint64_t{8 * gib});
    };
    const struct {
        const char *name;
        std::vector<Range> scratch;
        std::function<void(KernelFile &)> change;
        std::uint64_t place;  // 0: none
    } cases[] = {
        {"the preferred one", {range(0, 64 * mib)}, {}, 16 * mib},
        {"the lowest if that is not free", {range(4 * mib + 1, 8 * mib)}, {}, 6 * mib},
        {"the lowest if that is not aligned", {range(mib, 64 * mib)}, odd_preference, 2 * mib},
        {"not below 1 MiB", {range(0, 3 * mib + 0x3000)}, {}, 2 * mib},
        {"just not below 1 MiB", {range(0, 3 * mib)}, {}, 2 * mib},
        {"above 4 GiB if it must be", {range(mib, mib), range(5 * gib, 64 * mib)}, {}, 5 * gib},
        {"below 4 GiB although the scratch above comes first in size",
         {range(2 * gib, 4 * mib), range(4 * gib, gib)},
         {},
         2 * gib},
        {"just below 4 GiB", {range(4 * gib - 2 * mib, 2 * mib)}, {}, 4 * gib - 2 * mib},
        {"above 4 GiB if preferred", {range(0, 16 * gib)}, preference_above, 8 * gib},
        {"not above 4 GiB if it cannot", {range(5 * gib, 64 * mib)}, low_only, 0},
        {"never torn apart", {range(2 * mib, mib - 1), range(4 * mib, mib - 1)}, {}, 0},
        {"exactly where it must be", {range(16 * mib, mib), range(64 * mib, mib)}, fixed, 16 * mib},
        {"nowhere if that is not scratch", {range(16 * mib + 1, 64 * mib)}, fixed, 0},
        {"nowhere without scratch", {}, {}, 0},
    };
    for (const auto &c : cases) {
        Request request;
        request.scratch = c.scratch;
        if (c.change)
            c.change(request.file);
        // Room for the small things, out of the way.
        const std::uint64_t page = 0xf00000;
        if (!c.scratch.empty() && !RangeSet(c.scratch).overlaps(range(page, mib / 2)))
            request.scratch.push_back(range(page, mib / 2));
        const auto plan = request.plan();
        if (c.place == 0) {
            ASSERT_FALSE(plan) << c.name;
            EXPECT_EQ(plan.error().code, Errc::image_too_large) << c.name;
            continue;
        }
        ASSERT_TRUE(succeeds(plan)) << c.name;
        EXPECT_EQ(kernel_address(plan.value()), c.place) << c.name;
    }
}

TEST(BootPlan, AKernelThatCannotMoveIsRefusedWithItsAddress) {
    Request request;
    request.file.set(bp::relocatable_kernel, std::uint8_t{0});
    request.scratch = {range(32 * mib, 32 * mib)};
    EXPECT_TRUE(fails(request.plan(), Errc::image_too_large, 0x1000000));
}

TEST(BootPlan, NoRoomBesideTheKernelIsAnErrorToo) {
    Request request;
    request.scratch = {range(16 * mib, mib + 2 * page_size)};
    EXPECT_TRUE(fails(request.plan(), Errc::image_too_large, 0));
    request.scratch = {range(16 * mib, mib + 3 * page_size)};
    EXPECT_TRUE(succeeds(request.plan()));
}

TEST(BootPlan, UsesTheExtendedFieldsAbove4GiB) {
    Request request;
    request.scratch = {range(5 * gib, 64 * mib)};
    request.initrd.resize(100);
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_EQ(parameter<std::uint32_t>(plan.value(), bp::ext_cmd_line_ptr), 1u);
    EXPECT_EQ(parameter<std::uint32_t>(plan.value(), bp::ext_ramdisk_image), 1u);
    EXPECT_EQ(initrd_address(plan.value()), 5 * gib + 64 * mib - page_size);
    // There is no 32-bit address to give: the header's own stays.
    EXPECT_EQ(parameter<std::uint32_t>(plan.value(), bp::code32_start), mib);
    EXPECT_GE(plan.value().boot_params, PhysAddr{5 * gib});
}

TEST(BootPlan, PutsTheInitrdBelowTheKernelsLimitIfItCan) {
    const struct {
        const char *name;
        std::vector<Range> scratch;
        std::uint32_t limit;
        bool above_4g;
        std::uint64_t place;  // 0: none
    } cases[] = {
        {"below the limit", {range(mib, 3 * gib)}, 0x7fffffff, true, 2 * gib - page_size},
        {"below 4 GiB without a limit", {range(mib, 6 * gib)}, 0, true, 4 * gib - page_size},
        {"above if there is no room below",
         {range(16 * mib, mib + 3 * page_size), range(3 * gib, mib)},
         0x7fffffff,
         true,
         3 * gib + mib - page_size},
        {"not above if the kernel cannot",
         {range(16 * mib, mib + 3 * page_size), range(3 * gib, mib)},
         0x7fffffff,
         false,
         0},
        {"nowhere", {range(16 * mib, mib + 3 * page_size)}, 0x7fffffff, true, 0},
        {"a limit below 1 MiB", {range(mib, 64 * mib)}, 0xfffff, false, 0},
    };
    for (const auto &c : cases) {
        Request request;
        request.scratch = c.scratch;
        request.initrd.resize(4096);
        request.file.set(bp::initrd_addr_max, c.limit)
            .set(bp::xloadflags, static_cast<std::uint16_t>(c.above_4g ? 3 : 1));
        const auto plan = request.plan();
        if (c.place == 0) {
            EXPECT_TRUE(fails(plan, Errc::initrd_too_large, 0)) << c.name;
            continue;
        }
        ASSERT_TRUE(succeeds(plan)) << c.name;
        EXPECT_EQ(initrd_address(plan.value()), c.place) << c.name;
    }
}

TEST(BootPlan, TheCommandLineMayBeAsLongAsTheKernelSays) {
    Request request;
    request.command_line = std::string(255, 'x');
    EXPECT_TRUE(succeeds(request.plan()));
    request.command_line += 'x';
    EXPECT_TRUE(fails(request.plan(), Errc::command_line_too_long, 0));
}

TEST(BootPlan, TakesAFullMemoryMap) {
    Request request;
    request.memory_map.assign(abi::e820_max_entries, {0x1234, 1, abi::e820_reserved});
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_EQ(parameter<std::uint8_t>(plan.value(), bp::e820_entries), 128);
    EXPECT_EQ(parameter<std::uint64_t>(plan.value(), bp::e820_table + 127 * sizeof(abi::e820_entry)),
              0x1234u);
}

TEST(BootPlan, AnElfKernelGetsAHeaderThatItCanRead) {
    Request request;
    request.file = make_elf();
    request.initrd.resize(1);
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_EQ(plan.value().entry, PhysAddr{0x1000100});
    EXPECT_EQ(plan.value().placements[1].address, PhysAddr{0x1002000});
    EXPECT_EQ(plan.value().placements[1].memory_size, 0x2000u);
    EXPECT_EQ(parameter<std::uint16_t>(plan.value(), bp::boot_flag), abi::boot_flag_magic);
    EXPECT_EQ(parameter<std::uint32_t>(plan.value(), bp::header_magic), abi::header_magic_hdrs);
    EXPECT_EQ(parameter<std::uint16_t>(plan.value(), bp::version), 0x020f);
    EXPECT_EQ(parameter<std::uint8_t>(plan.value(), bp::type_of_loader), 0xff);
    EXPECT_EQ(parameter<std::uint32_t>(plan.value(), bp::code32_start), 0x1000000u);
}

TEST(BootPlan, APositionIndependentElfGoesWhereThereIsRoom) {
    Request request;
    request.file = make_elf();
    request.file.set(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_DYN});
    request.scratch = {range(0x2100000, 4 * mib)};
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_EQ(plan.value().entry, PhysAddr{0x2200100});
}

TEST(BootPlan, AnyPlanKeepsWithinScratch) {
    std::mt19937_64 random(1);
    int planned = 0;
    for (int round = 0; round < 2000; round++) {
        Request request;
        request.scratch.clear();
        for (std::uint64_t i = 0; i < 1 + random() % 6; i++)
            request.scratch.push_back(range(random() % 8 * gib + random() % (64 * mib),
                                            random() % 3 == 0 ? 4 * mib : random() % 0x8000));
        request.initrd.resize(random() % 3 == 0 ? 0 : random() % 0x4000);
        request.file.set(bp::relocatable_kernel, static_cast<std::uint8_t>(random() % 4 != 0))
            .set(bp::kernel_alignment, std::uint32_t{1} << random() % 25)
            .set(bp::xloadflags, static_cast<std::uint16_t>(random() % 2 == 0 ? 3 : 1))
            .set(bp::initrd_addr_max, static_cast<std::uint32_t>(random()));
        planned += request.plan().ok() ? 1 : 0;
    }
    EXPECT_GT(planned, 300);
}

}  // namespace
}  // namespace kho
