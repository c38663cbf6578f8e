// SPDX-License-Identifier: GPL-2.0-or-later
// Baked files: where everything is loaded, and what comes out once firmware has run and the loader has done
// what its table says.
#include "fdt/abi/units.h"
#include "fdt/boot/internal/bake_file.h"

#include <elf.h>

#include <algorithm>
#include <random>

#include "fdt/abi/bake.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/kernel_files.h"
#include "tests/unit/test_memory.h"

namespace kho {
namespace {

constexpr std::uint64_t loader_size = page_size;

Range range(std::uint64_t start, std::uint64_t size) { return {PhysAddr{start}, size}; }

//   0   1M        8M              32M         64M        96M ┄ 128M
//   ├ fw ┼ free ┄┄ ┼ handover ┄┄┄┄ ┼ scratch ┄ ┼ ┄┄┄┄┄┄┄┄┄ ┼ firmware
struct Request {
    KernelFile file = make_bzimage();
    std::vector<Range> ram = {range(0, 0x9f000), range(mib, 127 * mib)};
    std::vector<Range> scratch = {range(32 * mib, 32 * mib)};
    std::vector<Range> handover = {range(8 * mib, 3 * page_size)};
    std::vector<std::byte> initrd;
    std::vector<std::byte> loader = std::vector<std::byte>(loader_size, std::byte{0x90});
    BootImage kernel;
    BootPlan boot;
    RangeSet ram_set, scratch_set, handover_set;
    bool many = false;  // so many pieces that it takes too long to look whether the plan is sound

    Result<BakePlan> plan() {
        const auto parsed = parse_kernel(file);
        EXPECT_TRUE(succeeds(parsed));
        kernel = parsed.value();
        ram_set = RangeSet(ram);
        scratch_set = RangeSet(scratch);
        handover_set = RangeSet(handover);
        const RangeSet room = scratch_set.minus(handover_set);
        auto planned = plan_boot(
            {.kernel = &kernel,
             .initrd = initrd,
             .command_line = "console=ttyS0",
             .memory_map = {},
             .handover = {.fdt_addr = 0x1000, .fdt_size = 0x1000, .scratch_addr = 0x2000, .scratch_size = 16},
             .acpi_rsdp = 0,
             .scratch = &room});
        EXPECT_TRUE(succeeds(planned));
        boot = std::move(planned.value());
        auto result = plan_bake({.boot = &boot,
                                 .handover = &handover_set,
                                 .scratch = &scratch_set,
                                 .ram = &ram_set,
                                 .loader = loader});
        if (result && !many)
            expect_sound(result.value());
        return result;
    }

    RangeSet destinations() const {
        std::vector<Range> places = handover;
        for (const Placement &placement : boot.placements)
            places.push_back({placement.address, placement.memory_size});
        return RangeSet(std::move(places));
    }

    // What holds for every plan.
    void expect_sound(const BakePlan &plan) const {
        const RangeSet firmware = firmware_memory(ram_set), wanted = destinations();
        RangeSet loaded, settled;
        std::uint64_t settled_bytes = 0;
        const auto settle = [&](const Range &place) {
            settled.add(place);
            settled_bytes += place.size;
        };
        const auto load = [&](const Range &memory) {
            EXPECT_FALSE(loaded.overlaps(memory)) << hex(value(memory.start));
            EXPECT_FALSE(firmware.overlaps(memory)) << hex(value(memory.start));
            EXPECT_TRUE(ram_set.contains(memory)) << hex(value(memory.start));
            EXPECT_TRUE(plan.needs.contains(memory)) << hex(value(memory.start));
            loaded.add(memory);
        };
        for (const BakePlan::Segment &segment : plan.segments) {
            load(segment.memory);
            PhysAddr from = segment.memory.start;
            for (const BakePlan::Part &part : segment.parts) {
                settle({part.to, part.size});
                EXPECT_TRUE(part.bytes.empty() || part.bytes.size() == part.size);
                const bool in_place = from == part.to;
                EXPECT_TRUE(in_place || !wanted.overlaps(segment.memory)) << hex(value(part.to));
                EXPECT_TRUE(!in_place || segment.parts.size() == 1u);
                from = from + align_up(part.size, page_size);
                EXPECT_LE(in_place ? part.to + part.size : from, segment.memory.end());
                if (in_place && part.size < segment.memory.size)
                    settle({part.to + part.size, segment.memory.size - part.size});
            }
        }
        for (const Range &zero : plan.zeroes) settle(zero);
        // Everything once.
        EXPECT_EQ(settled, wanted);
        EXPECT_EQ(settled_bytes, wanted.bytes());
        load(plan.loader);
        EXPECT_FALSE(wanted.overlaps(plan.loader));
        EXPECT_LE(plan.loader.end(), PhysAddr{4 * gib});
        EXPECT_EQ(wanted.minus(plan.needs), RangeSet());
        EXPECT_EQ(scratch_set.minus(plan.needs), RangeSet());
    }
};

bool is_moved(const BakePlan &plan, std::uint64_t to) {
    for (const BakePlan::Segment &segment : plan.segments)
        for (const BakePlan::Part &part : segment.parts)
            if (part.to == PhysAddr{to})
                return segment.memory.start != part.to;
    ADD_FAILURE() << "nothing goes to " << hex(to);
    return false;
}

TEST(BakePlan, LoadsInPlaceWhatFirmwareLeavesAlone) {
    Request request;
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_FALSE(is_moved(plan.value(), 8 * mib));
    EXPECT_FALSE(is_moved(plan.value(), 32 * mib));
    EXPECT_EQ(plan.value().loader.start, PhysAddr{mib});
    EXPECT_EQ(plan.value().entry, request.boot.entry);
}

TEST(BakePlan, MovesWhatIsWhereFirmwareWrites) {
    const struct {
        const char *name;
        std::vector<Range> ram;
        std::uint64_t address;
        bool moved;
    } cases[] = {
        {"below 1 MiB", {}, 0x50000, true},
        {"at 1 MiB", {}, mib, false},
        {"just below the last 32 MiB", {}, 96 * mib - page_size, false},
        {"in the last 32 MiB", {}, 96 * mib, true},
        {"the last page", {}, 128 * mib - page_size, true},
        {"the same place with more RAM", {range(mib, 255 * mib)}, 128 * mib - page_size, false},
        {"the last 32 MiB count below 4 GiB", {range(mib, 127 * mib), range(4 * gib, gib)}, 100 * mib, true},
        {"above 4 GiB", {range(mib, 127 * mib), range(4 * gib, gib)}, 5 * gib - page_size, false},
        // Flash memory, which a dump without a memory map has too.
        {"RAM ends where devices begin",
         {range(mib, 127 * mib), range(0xfffc0000, 0x40000)},
         100 * mib,
         true},
    };
    for (const auto &c : cases) {
        Request request;
        if (!c.ram.empty())
            request.ram = c.ram;
        request.handover.push_back(range(c.address, page_size));
        const auto plan = request.plan();
        ASSERT_TRUE(succeeds(plan)) << c.name;
        EXPECT_EQ(is_moved(plan.value(), c.address), c.moved) << c.name;
    }
}

TEST(BakePlan, TearsApartWhatIsOnBothSides) {
    Request request;
    request.handover = {range(96 * mib - 5 * page_size, 8 * page_size)};
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_FALSE(is_moved(plan.value(), 96 * mib - 5 * page_size));
    EXPECT_TRUE(is_moved(plan.value(), 96 * mib));
}

TEST(BakePlan, TakesScratchWhereverItIs) {
    Request request;
    request.initrd.assign(5000, std::byte{1});
    for (const Range &scratch : {range(94 * mib, 32 * mib), range(96 * mib, 32 * mib - page_size)}) {
        request.scratch = {scratch};
        EXPECT_TRUE(succeeds(request.plan()));
    }
    request.ram.push_back(range(4 * gib, gib));
    request.scratch = {range(4 * gib, gib)};
    EXPECT_TRUE(succeeds(request.plan()));
}

TEST(BakePlan, SpreadsWhatIsMovedWhereThereIsNoRoomInOnePiece) {
    Request request;
    request.ram = {range(mib, 95 * mib)};  // the last 32 MiB from 64 MiB on
    request.scratch = {range(32 * mib, 32 * mib)};
    // Free are 4 MiB, three times 3 MiB, and a little beside the kernel.
    request.handover = {range(5 * mib, 5 * mib),  range(13 * mib, 5 * mib),  range(21 * mib, 5 * mib),
                        range(29 * mib, 3 * mib), range(35 * mib, 29 * mib), range(70 * mib, 8 * mib)};
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    std::size_t staged = 0;
    for (const BakePlan::Segment &segment : plan.value().segments)
        staged += segment.memory.start != segment.parts[0].to ? 1 : 0;
    EXPECT_GE(staged, 2u);
}

TEST(BakePlan, LeavesTheLoaderItsRoomBelow4GiB) {
    for (const std::uint64_t moved : {2 * mib, 3 * mib}) {
        Request request;
        request.ram = {range(mib, 95 * mib), range(4 * gib, gib)};
        request.scratch = {range(4 * gib, 64 * mib)};
        // Below 4 GiB 2 MiB are free.
        request.handover = {range(3 * mib, 61 * mib), range(70 * mib, moved)};
        const auto plan = request.plan();
        ASSERT_TRUE(succeeds(plan)) << hex(moved);
        EXPECT_EQ(plan.value().loader.start, PhysAddr{mib});
        EXPECT_GE(plan.value().segments.back().memory.start, PhysAddr{4 * gib});
    }
}

// `count` pages, each with a free one behind it, from 8 MiB on.
std::vector<Range> single_pages(std::uint64_t count) {
    std::vector<Range> pages;
    for (std::uint64_t i = 0; i < count; i++) pages.push_back(range(8 * mib + i * 2 * page_size, page_size));
    return pages;
}

TEST(BakePlan, MovesTheSmallestIfThereAreTooMany) {
    Request request;
    request.ram = {range(mib, gib)};
    request.scratch = {range(512 * mib, 32 * mib)};
    request.handover = single_pages(3000);
    request.handover.push_back(range(500 * mib, mib));
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_LE(plan.value().segments.size(), 1001u);
    EXPECT_TRUE(is_moved(plan.value(), 8 * mib + 2999 * 2 * page_size));
    EXPECT_FALSE(is_moved(plan.value(), 500 * mib));
}

TEST(BakePlan, LeavesTheSmallestInPlaceIfNothingIsFreeInOnePiece) {
    Request request;
    request.ram = {range(mib, 95 * mib)};  // the last 32 MiB from 64 MiB on
    request.handover = single_pages(3000);
    for (const Range &rest : {range(2 * mib, 6 * mib), range(35 * mib, 29 * mib)})
        request.handover.push_back(rest);
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_GE(plan.value().segments.size(), 3000u);
    EXPECT_FALSE(is_moved(plan.value(), 8 * mib + 2999 * 2 * page_size));
}

TEST(BakePlan, TakesAsManyPiecesAsThereAre) {
    Request request;
    request.many = true;
    request.ram = {range(mib, 3 * gib)};
    request.scratch = {range(2 * gib, 64 * mib)};
    request.handover = single_pages(100000);
    const auto plan = request.plan();
    ASSERT_TRUE(succeeds(plan));
    EXPECT_LE(plan.value().segments.size(), 1001u);

    // With 17 MiB and the rest of scratch beside them.
    request.ram = {range(mib, gib)};
    request.scratch = {range(900 * mib, 64 * mib)};
    request.handover.push_back(range(800 * mib, 100 * mib));
    request.handover.push_back(range(964 * mib, 60 * mib));
    const auto too_many = request.plan();
    EXPECT_TRUE(fails(too_many, Errc::no_room, 0));
    EXPECT_NE(too_many.error().what.find("more than an ELF file has program headers"), std::string::npos);
}

TEST(BakePlan, SaysWhatHasNoRoom) {
    // Everything outside of the firmware's memory is handed over.
    Request full;
    full.handover = {range(mib, 31 * mib), range(34 * mib, 62 * mib)};
    const auto no_loader = full.plan();
    EXPECT_TRUE(succeeds(no_loader));  // the rest of scratch does
    full.scratch = {range(32 * mib, mib + 3 * page_size)};
    full.handover = {range(mib, 31 * mib), range(33 * mib + 3 * page_size, 63 * mib - 3 * page_size)};
    EXPECT_TRUE(fails(full.plan(), Errc::no_room, 0));
    EXPECT_NE(full.plan().error().what.find("free for the loader"), std::string::npos);

    Request much;
    much.handover = {range(mib, 30 * mib), range(64 * mib, 64 * mib)};
    const auto no_staging = much.plan();
    EXPECT_TRUE(fails(no_staging, Errc::no_room, 0));
    EXPECT_NE(no_staging.error().what.find("out of the firmware's way"), std::string::npos);

    Request huge;
    huge.ram.push_back(range(4 * gib, 8 * gib));
    huge.handover.push_back(range(4 * gib, 2 * gib));
    EXPECT_TRUE(fails(huge.plan(), Errc::no_room, 0));
    EXPECT_NE(huge.plan().error().what.find("2 GiB"), std::string::npos);
}

TEST(BakePlan, RefusesWhatIsNoRam) {
    Request request;
    request.handover.push_back(range(127 * mib, mib + page_size));
    EXPECT_TRUE(fails(request.plan(), Errc::outside_memory, 128 * mib));
    Request scratch;
    scratch.scratch = {range(64 * mib, 32 * mib), range(0x9e000, 0x2000)};
    EXPECT_TRUE(fails(scratch.plan(), Errc::outside_memory, 0x9f000));
}

TEST(BakePlan, RefusesMemoryOutOfTheLoadersReach) {
    Request request;
    request.ram.push_back(range(511 * gib, 2 * gib));
    request.handover.push_back(range(512 * gib - page_size, page_size));
    EXPECT_TRUE(succeeds(request.plan()));
    request.handover.push_back(range(512 * gib, page_size));
    EXPECT_TRUE(fails(request.plan(), Errc::outside_memory, 512 * gib + page_size - 1));
}

TEST(BakePlan, AnyPlanIsSound) {
    std::mt19937_64 random(1);
    int planned = 0;
    for (int round = 0; round < 1000; round++) {
        Request request;
        const std::uint64_t top = 64 + random() % 3 * 64;
        request.ram = {range(0, 0x9f000), range(mib, (top - 1) * mib)};
        if (random() % 2 == 0)
            request.ram.push_back(range(4 * gib, 64 * mib));
        request.scratch = {range(random() % (top - 24) * mib + mib, 23 * mib)};
        request.handover.clear();
        for (std::uint64_t i = 0; i < random() % 40; i++)
            request.handover.push_back(
                range((1 + random() % (top * 256 - 8)) * page_size, (1 + random() % 4) * page_size));
        if (request.ram.size() == 3)
            request.handover.push_back(range(4 * gib + random() % 1000 * page_size, page_size));
        // Neither in scratch nor in the hole, and in order.
        const RangeSet usable = RangeSet(request.ram).minus(RangeSet(request.scratch));
        const RangeSet kept = RangeSet(request.handover).intersect(usable);
        request.handover.assign(kept.ranges().begin(), kept.ranges().end());
        request.initrd.resize(random() % 0x4000);
        planned += request.plan().ok() ? 1 : 0;
    }
    EXPECT_GT(planned, 600);
}

// A machine that loads the file, whose firmware writes all over its memory, and a loader that does what the
// table says.
class BootedFile {
public:
    BootedFile(const std::string &bytes, const Request &request) {
        const auto header = at<Elf64_Ehdr>(bytes, 0);
        EXPECT_EQ(header.e_machine, EM_X86_64);
        for (unsigned i = 0; i < header.e_phnum; i++) {
            const auto segment = at<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr));
            if (segment.p_type == PT_NOTE) {
                EXPECT_EQ(bytes.substr(segment.p_offset, 16),
                          std::string("\4\0\0\0\10\0\0\0\22\0\0\0Xen\0", 16));
                entry_ = at<std::uint64_t>(bytes, segment.p_offset + 16);
                continue;
            }
            // Where Multiboot would be looked for there is nothing.
            EXPECT_GE(segment.p_offset, 8192u);
            EXPECT_GE(segment.p_paddr, last_);
            last_ = segment.p_paddr + segment.p_memsz;
            memory.put_zeros({PhysAddr{segment.p_paddr}, segment.p_memsz});
            memory.put(PhysAddr{segment.p_paddr},
                       std::as_bytes(std::span(bytes).subspan(segment.p_offset, segment.p_filesz)));
        }
        const std::vector<std::byte> junk(page_size, std::byte{0xf5});
        const RangeSet destinations = request.destinations();
        for (const Range &range : destinations.ranges())
            for (std::uint64_t i = 0; i < range.size; i += page_size)
                if (firmware_memory(request.ram_set).overlaps({range.start + i, page_size}))
                    memory.put(range.start + i, junk);
        EXPECT_EQ(load<std::uint32_t>(entry_ + abi::bake_load_address), entry_);
        table = load<abi::bake_table>(entry_ + loader_size);
    }

    // False: a sum is wrong.
    bool run_loader() {
        std::uint64_t next = entry_ + loader_size + sizeof table;
        const std::uint64_t zeroes = next + table.parts * sizeof(abi::bake_part);
        for (; next < zeroes; next += sizeof(abi::bake_part)) {
            const auto part = load<abi::bake_part>(next);
            std::vector<std::byte> bytes(align_up(part.size, 8));
            EXPECT_TRUE(succeeds(memory.read(PhysAddr{part.from}, std::span(bytes).first(part.size))));
            std::uint64_t sum = 0;
            for (std::size_t i = 0; i < bytes.size(); i += 8) {
                std::uint64_t word;
                std::memcpy(&word, bytes.data() + i, 8);
                sum = abi::bake_sum(sum, word);
            }
            if (sum != part.sum)
                return false;
            memory.put(PhysAddr{part.to}, std::span<const std::byte>(bytes).first(part.size));
        }
        for (std::uint32_t i = 0; i < table.zeroes; i++) {
            const auto zero = load<abi::bake_range>(zeroes + i * sizeof(abi::bake_range));
            memory.put(PhysAddr{zero.start}, std::vector<std::byte>(zero.size));
        }
        return true;
    }

    // As the CPU does, for an address that is mapped in pages of 2 MiB.
    std::uint64_t translated(std::uint64_t address) const {
        std::uint64_t entry = table.page_table;
        for (unsigned shift = 39; shift >= 21; shift -= 9) {
            entry = load<std::uint64_t>(align_down(entry, page_size) + (address >> shift) % 512 * 8);
            if ((entry & 3) != 3)
                return ~std::uint64_t{0};
        }
        return align_down(entry & ~std::uint64_t{0xfff}, 2 * mib) + address % (2 * mib);
    }

    template <typename T>
    T load(std::uint64_t address) const {
        const auto loaded = memory.load<T>(PhysAddr{address});
        EXPECT_TRUE(succeeds(loaded));
        return loaded ? loaded.value() : T{};
    }

    TestMemory memory;
    abi::bake_table table{};

private:
    template <typename T>
    static T at(const std::string &bytes, std::uint64_t offset) {
        T object{};
        EXPECT_LE(offset + sizeof object, bytes.size());
        std::memcpy(&object, bytes.data() + offset, sizeof object);
        return object;
    }
    std::uint64_t entry_ = 0;
    std::uint64_t last_ = 0;
};

struct Baked {
    // A handover on both sides of everything, a kernel at the edge of the firmware's memory.
    Baked() {
        request.ram.push_back(range(4 * gib, gib));
        request.scratch = {range(94 * mib, 20 * mib)};
        request.handover = {range(0x50000, 2 * page_size), range(8 * mib, 3 * page_size),
                            range(96 * mib - 5 * page_size - 20 * mib, page_size),
                            range(128 * mib - page_size, page_size), range(5 * gib - page_size, page_size),
                            // Others' recordings may have any pieces.
                            range(0x60005, 4099), range(9 * mib + 3, 4100)};
        request.initrd.assign(5003, std::byte{7});
        std::uint8_t seed = 1;
        for (const Range &place : request.handover)
            for (std::uint64_t i = 0; i < place.size; i++)
                handover.put(place.start + i, static_cast<std::uint8_t>(seed++ * 37));
        auto planned = request.plan();
        EXPECT_TRUE(succeeds(planned));
        plan = std::move(planned.value());
    }
    std::string write() const {
        EXPECT_TRUE(succeeds(write_bake(path, plan, handover)));
        return TemporaryFolder::contents(path);
    }

    Request request;
    TestMemory handover;
    BakePlan plan;
    TemporaryFolder folder;
    std::string path = folder.file("boot.elf");
};

TEST(BakedFile, PutsEveryByteInPlaceAfterFirmware) {
    const Baked baked;
    BootedFile booted(baked.write(), baked.request);
    ASSERT_TRUE(booted.run_loader());
    for (const Range &place : baked.request.handover) {
        std::vector<std::byte> expected(place.size), seen(place.size);
        ASSERT_TRUE(succeeds(baked.handover.read(place.start, expected)));
        ASSERT_TRUE(succeeds(booted.memory.read(place.start, seen)));
        EXPECT_TRUE(seen == expected) << hex(value(place.start));
    }
    for (const Placement &placement : baked.request.boot.placements) {
        std::vector<std::byte> expected(placement.bytes().begin(), placement.bytes().end());
        expected.resize(placement.memory_size);
        std::vector<std::byte> seen(placement.memory_size);
        ASSERT_TRUE(succeeds(booted.memory.read(placement.address, seen)));
        EXPECT_TRUE(seen == expected) << hex(value(placement.address));
    }
    EXPECT_EQ(booted.table.magic, abi::bake_magic);
    EXPECT_EQ(booted.table.entry, value(baked.request.boot.entry));
    EXPECT_EQ(booted.table.boot_params, value(baked.request.boot.boot_params));
    EXPECT_EQ(booted.table.stack_end, value(baked.plan.loader.end()));
}

TEST(BakedFile, MapsAllThatItNames) {
    const Baked baked;
    const BootedFile booted(baked.write(), baked.request);
    for (const Range &need : baked.plan.needs.ranges())
        for (const std::uint64_t address : {value(need.start), value(need.end()) - 1})
            EXPECT_EQ(booted.translated(address), address);
    for (const std::uint64_t address : {std::uint64_t{0}, mib - 1, 4 * gib - 1})
        EXPECT_EQ(booted.translated(address), address);
    EXPECT_EQ(booted.translated(7 * gib), ~std::uint64_t{0});
}

TEST(BakedFile, TellsAnyByteThatChanged) {
    const Baked baked;
    const std::string bytes = baked.write();
    for (const BakePlan::Segment &segment : baked.plan.segments)
        for (const std::uint64_t skip : {std::uint64_t{0}, segment.parts[0].size - 1}) {
            BootedFile booted(bytes, baked.request);
            booted.memory.at(segment.memory.start + skip) ^= std::byte{0x10};
            EXPECT_FALSE(booted.run_loader()) << hex(value(segment.memory.start));
        }
}

TEST(BakedFile, AppearsWholeOrNotAtAll) {
    Baked baked;
    TemporaryFolder::write(baked.path, "old");
    baked.handover.remove_page(PhysAddr{128 * mib - page_size});
    EXPECT_TRUE(fails(write_bake(baked.path, baked.plan, baked.handover), Errc::outside_memory,
                      128 * mib - page_size));
    EXPECT_EQ(TemporaryFolder::contents(baked.path), "old");
    EXPECT_EQ(baked.folder.names(), std::set<std::string>{"boot.elf"});
    EXPECT_EQ(write_bake(baked.folder.file("no/such"), baked.plan, baked.handover).error().code, Errc::io);
}

}  // namespace
}  // namespace kho
