// SPDX-License-Identifier: GPL-2.0-or-later
// Handovers that the device did not make: found in memory, or put in place from a recording. They go on byte
// for byte, are recorded as they are, and what cannot be trusted is refused before anything changes.
#include "fake_machine.h"
#include "fdt/file/elf_core.h"
#include "fdt/formats/releases.h"
#include "fdt/make/build.h"
#include "fdt/read/reader.h"

namespace kexec_handover::test {
namespace {

constexpr std::uint64_t memory_size = 64 * mib;

// Two sessions, a file of several folios, a reservation: each generation can hold them.
kho::Description description(const char *release) {
    kho::Description d;
    d.release = kho::find_release(release);
    d.memory_map = kho::pc_memory_map(memory_size);
    kho::FileDescription file{.token = 7, .size = 5 * kho::page_size + 10};
    EXPECT_TRUE(
        file.content.append({.size = file.size, .kind = kho::ContentPiece::Kind::pattern, .seed = 3}));
    d.luo = kho::LuoDescription{};
    d.luo->sessions = {{.name = "one", .files = {file}}, {.name = "none"}};
    d.reservations = {{.name = "log", .size = 2 * kho::page_size}};
    return d;
}

// A machine whose kernel has yet to hand on what was found.
//
//   0x1000  descriptor   0x2000  memory map   0x3000  kho_data   1 MiB ..  the handover, and scratch
struct World {
    const char *release;
    kho::Description described = description(release);
    kho::Result<kho::Built> made = kho::build(described);
    const kho::Built &built = made.value();
    FakeMachine machine{{{kho::PhysAddr{0}, memory_size}}};
    TemporaryFolder folder;
    std::vector<std::byte> rom = make_purgatory();
    Kexec kexec{machine, rom};
    std::string recording = folder.file("recording");
    KexecOptions options{.kernel = folder.add("kernel", FakeKernel{}.bytes()),
                         .initrd = {},
                         .append = {},
                         .record = {},
                         .handover = recording};
    std::vector<MemoryRange> memory_map;
    Descriptor descriptor{};

    World(const char *of, DescriptorFlag flag) : release(of) {
        const auto size = kho::write_recording(recording, built.header, built.memory.ranges(), built.memory);
        EXPECT_TRUE(size.ok());
        for (const auto &entry : described.memory_map)
            memory_map.push_back({entry.address, entry.size, entry.type, 0});
        descriptor.magic = descriptor_magic;
        descriptor.size = sizeof descriptor;
        descriptor.flags = flag;
        descriptor.memory_map = {0x2000, memory_map.size()};
        if (flag == found_in_memory) {
            descriptor.handover = 0x3000;
            for (const kho::Range &range : built.memory.ranges().ranges())
                EXPECT_TRUE(
                    built.memory.read(range.start, machine.bytes(value(range.start), range.size)).ok());
        }
        store();
    }
    void store() {
        for (std::size_t i = 0; i < memory_map.size(); ++i)
            machine.store(0x2000 + i * sizeof(MemoryRange), memory_map[i]);
        machine.store(0x3000, built.header.data);
        machine.store(0x1000, descriptor);
    }
    Refusal ring() { return kexec.kexec(kho::PhysAddr{0x1000}, options); }
    Refusal record() { return kexec.record(kho::PhysAddr{0x1000}, options); }

    // Memory, or a recording, against what was made.
    void expect_whole(const kho::Memory &memory) const {
        for (const kho::Range &range : built.memory.ranges().ranges()) {
            std::vector<std::byte> expected(range.size), there(range.size);
            ASSERT_TRUE(built.memory.read(range.start, expected).ok());
            ASSERT_TRUE(memory.read(range.start, there).ok()) << std::hex << value(range.start);
            EXPECT_TRUE(expected == there) << std::hex << value(range.start);
        }
    }
    void expect_recorded(const std::string &path) const {
        const auto core = kho::ElfCore::open(path);
        ASSERT_TRUE(core.ok()) << core.error().message();
        EXPECT_EQ(core.value().header().data.fdt_addr, built.header.data.fdt_addr);
        EXPECT_EQ(core.value().header().data.scratch_addr, built.header.data.scratch_addr);
        EXPECT_EQ(core.value().header().release, release);
        EXPECT_EQ(core.value().header().memory_map.size(), memory_map.size());
        EXPECT_EQ(core.value().memory(), built.memory.ranges());
        expect_whole(core.value());
    }
    // The node of setup_data that the next kernel is given.
    kho::abi::kho_data announced() const {
        const auto node =
            machine.load<std::uint64_t>(kexec.next_argument() + kho::abi::boot_params::setup_data);
        return machine
            .load<kho::abi::kho_data>(kho::PhysAddr{node.value() + sizeof(kho::abi::setup_data_header)})
            .value();
    }
};

struct Case {
    const char *release;
    DescriptorFlag flag;
};
void PrintTo(const Case &c, std::ostream *out) {
    *out << c.release << (c.flag == found_in_memory ? " in memory" : " in a recording");
}

class Found : public testing::TestWithParam<Case> {};

TEST_P(Found, GoesOnByteForByteAndIsRecordedAsItIs) {
    World world(GetParam().release, GetParam().flag);
    world.options.record = world.folder.file("again");
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    world.expect_whole(world.machine);
    world.expect_recorded(world.options.record);

    const kho::abi::kho_data data = world.announced();
    EXPECT_EQ(data.fdt_addr, world.built.header.data.fdt_addr);
    EXPECT_EQ(data.scratch_addr, world.built.header.data.scratch_addr);
    EXPECT_EQ(data.scratch_size, world.built.header.data.scratch_size);
    EXPECT_TRUE(world.kexec.last().found);
    EXPECT_EQ(value(world.kexec.last().kho_fdt), data.fdt_addr);
    EXPECT_EQ(world.kexec.last().luo_fdt, world.built.handover.luo->root);
    EXPECT_EQ(world.kexec.last().preserved_bytes, world.built.memory.ranges().bytes());

    // The kernel that handed it on is gone, and everything beside the handover.
    EXPECT_NE(world.machine.load<Descriptor>(kho::PhysAddr{0x1000}).value().magic, descriptor_magic);
    EXPECT_EQ(world.kexec.enter().status, Status::ok);
    EXPECT_EQ(world.kexec.verify().status, Status::ok) << world.kexec.status().what;
}

TEST_P(Found, KeepsTheNextKernelOutOfTheScratchArray) {
    World world(GetParam().release, GetParam().flag);
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    const auto &data = world.built.header.data;
    const kho::Range array{kho::PhysAddr{data.scratch_addr}, data.scratch_size};
    EXPECT_FALSE(array.overlaps({world.kexec.claim(), FakeKernel{}.init_size}));
    EXPECT_FALSE(array.overlaps({world.kexec.next_argument(), kho::page_size}));
}

constexpr Case cases[] = {{"6.19", found_in_memory},    {"7.0", found_in_memory},
                          {"7.1", found_in_memory},     {"7.2", found_in_memory},
                          {"6.19", found_in_recording}, {"7.0", found_in_recording},
                          {"7.1", found_in_recording},  {"7.2", found_in_recording}};
INSTANTIATE_TEST_SUITE_P(Generations, Found, testing::ValuesIn(cases), [](const auto &test) {
    std::string name = test.param.release;
    name[name.find('.')] = '_';
    return "From" + name + (test.param.flag == found_in_memory ? "InMemory" : "InARecording");
});

TEST(FoundInARecording, MayBeRecordedOntoItself) {
    World world("7.2", found_in_recording);
    world.options.record = world.recording;
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    world.expect_whole(world.machine);
    world.expect_recorded(world.recording);
}

TEST(RecordCommand, WritesWhatWasFoundAndChangesNothing) {
    for (const char *release : {"6.19", "7.0", "7.1", "7.2"}) {
        World world(release, found_in_memory);
        world.options.record = world.folder.file("again");
        const auto before = world.machine.contents();
        ASSERT_EQ(world.record().status, Status::ok) << world.kexec.status().what;
        world.expect_recorded(world.options.record);
        EXPECT_TRUE(before == world.machine.contents());
        EXPECT_EQ(world.kexec.state(), State::idle);
        EXPECT_EQ(world.kexec.count(), 0u);
        EXPECT_GT(world.kexec.last().recorded_bytes, world.built.memory.ranges().bytes());
        // Only a kexec hands over: the payload tells a handover of ours by these.
        EXPECT_EQ(world.kexec.last().kho_fdt, kho::PhysAddr{});
        EXPECT_EQ(world.kexec.last().luo_fdt, kho::PhysAddr{});
        EXPECT_EQ(world.kexec.last().preserved_bytes, 0u);
        EXPECT_EQ(world.kexec.last().preserved_ranges, 0u);
        EXPECT_EQ(world.kexec.next_argument(), kho::PhysAddr{});
        // It can go on afterwards.
        ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
        EXPECT_EQ(world.record().status, Status::busy);
    }
}

// -----------------------------------------------------------------------------------------------------------
// Refusals. The same of both commands, where both are tried.

struct RefusedCase {
    const char *name;
    DescriptorFlag flag;
    Status status;
    std::function<void(World &)> change;
    bool by_record_only = false;
};
void PrintTo(const RefusedCase &c, std::ostream *out) { *out << c.name; }

class RefusedFound : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedFound, ChangesNothing) {
    const RefusedCase &c = GetParam();
    World world("7.2", c.flag);
    world.options.record = world.folder.file("again");
    c.change(world);
    const auto before = world.machine.contents();
    const auto files = world.folder.names();
    const auto expect_refused = [&](const Refusal &refusal, Status status) {
        EXPECT_EQ(refusal.status, status) << refusal.what;
        EXPECT_FALSE(refusal.what.empty());
        EXPECT_EQ(refusal.what.find('\n'), std::string::npos);
        EXPECT_EQ(world.kexec.status().status, status);
        EXPECT_EQ(world.kexec.state(), State::idle);
        EXPECT_EQ(world.kexec.claim(), kho::PhysAddr{});
        EXPECT_TRUE(before == world.machine.contents());
        EXPECT_EQ(world.folder.names(), files);
    };
    if (!c.by_record_only)
        expect_refused(world.ring(), c.status);
    if (c.flag == found_in_memory || c.by_record_only)
        expect_refused(world.record(), c.status);
}

void lay(World &w, kho::PhysAddr at, std::uint64_t v) { w.machine.store(value(at), v); }

kho::Range page_at(kho::PhysAddr at) {
    return {kho::PhysAddr{value(at) / kho::page_size * kho::page_size}, kho::page_size};
}

// Takes a page out of the memory map's RAM.
void reserve(World &w, kho::Range page) {
    kho::RangeSet usable;
    for (const MemoryRange &entry : w.memory_map)
        if (entry.type == 1)
            usable.add({kho::PhysAddr{entry.address}, entry.size});
    usable.subtract(page);
    w.memory_map.clear();
    for (const kho::Range &range : usable.ranges())
        w.memory_map.push_back({value(range.start), range.size, 1, 0});
    w.descriptor.memory_map.count = w.memory_map.size();
    w.store();
}

const RefusedCase refused[] = {
    {"KhoDataBehindRam", found_in_memory, Status::handover_unreadable,
     [](World &w) {
         w.descriptor.handover = memory_size;
         w.store();
     }},
    {"KhoDataAcrossTheEndOfRam", found_in_memory, Status::handover_unreadable,
     [](World &w) {
         w.descriptor.handover = memory_size - 16;
         w.store();
     }},
    {"KhoDataAtAnAddressThatWraps", found_in_memory, Status::handover_unreadable,
     [](World &w) {
         w.descriptor.handover = ~std::uint64_t{7};
         w.store();
     }},
    {"KhoFdtOutsideOfRam", found_in_memory, Status::handover_malformed,
     [](World &w) { lay(w, kho::PhysAddr{0x3000}, 4 * gib); }},
    {"KhoFdtThatIsNone", found_in_memory, Status::handover_malformed,
     [](World &w) { lay(w, kho::PhysAddr{w.built.header.data.fdt_addr}, 0); }},
    {"ScratchArrayOfNoWholeEntries", found_in_memory, Status::handover_malformed,
     [](World &w) { lay(w, kho::PhysAddr{0x3018}, 17); }},
    {"LuoRootThatIsNone", found_in_memory, Status::handover_malformed,
     [](World &w) { lay(w, w.built.handover.luo->root, 0); }},
    // The machine has lost the memory that the map is in, or says that it is not to be used.
    // The machine says of some of it that it is not to be used.
    {"AMapInReservedMemory", found_in_memory, Status::handover_does_not_fit,
     [](World &w) {
         const kho::RangeSet map =
             w.built.memory.ranges().minus(kho::preserved_ranges(w.built.handover.preserved));
         reserve(w, page_at(map.ranges().front().start));
     }},
    {"PreservedMemoryThatIsReserved", found_in_memory, Status::handover_does_not_fit,
     [](World &w) { reserve(w, page_at(w.built.handover.preserved.back().address)); }},
    {"ScratchThatIsReserved", found_in_recording, Status::handover_does_not_fit,
     [](World &w) { reserve(w, page_at(w.built.handover.scratch.back().end() - 1)); }},
    {"NoRecording", found_in_recording, Status::no_recording, [](World &w) { w.options.handover.clear(); }},
    {"ARecordingThatIsNotThere", found_in_recording, Status::recording_unreadable,
     [](World &w) { w.options.handover = w.folder.file("nowhere"); }},
    {"ARecordingThatIsAFolder", found_in_recording, Status::recording_unreadable,
     [](World &w) { w.options.handover = w.folder.path(); }},
    {"ARecordingThatIsNone", found_in_recording, Status::recording_malformed,
     [](World &w) { TemporaryFolder::write(w.recording, std::string(10000, 'x')); }},
    {"AnEmptyRecording", found_in_recording, Status::recording_malformed,
     [](World &w) { TemporaryFolder::write(w.recording, ""); }},
    {"ARecordingThatWasCutShort", found_in_recording, Status::recording_malformed,
     [](World &w) {
         const std::string whole = TemporaryFolder::contents(w.recording);
         TemporaryFolder::write(w.recording, whole.substr(0, whole.size() - 1));
     }},
    {"ARecordingOfAMalformedHandover", found_in_recording, Status::handover_malformed,
     [](World &w) {
         kho::CoreHeader header = w.built.header;
         header.data.fdt_addr += kho::page_size;
         ASSERT_TRUE(kho::write_recording(w.recording, header, w.built.memory.ranges(), w.built.memory).ok());
     }},
    {"ARecordingOfALargerMachine", found_in_recording, Status::handover_does_not_fit,
     [](World &w) {
         // Its content is as it was, and one page more is recorded where this machine has nothing.
         std::vector<kho::Range> ranges(w.built.memory.ranges().ranges().begin(),
                                        w.built.memory.ranges().ranges().end());
         ranges.push_back({kho::PhysAddr{memory_size}, kho::page_size});
         const auto source = [&](kho::Range range, const auto &sink) -> kho::Outcome {
             std::vector<std::byte> bytes(range.size);
             if (value(range.start) < memory_size)
                 if (kho::Outcome outcome = w.built.memory.read(range.start, bytes); !outcome)
                     return outcome;
             return sink(bytes);
         };
         ASSERT_TRUE(kho::write_core(w.recording, w.built.header, kho::RangeSet(ranges), source).ok());
     }},
    {"BothFlags", found_in_memory, Status::descriptor_flags,
     [](World &w) {
         w.descriptor.flags = found_in_memory | found_in_recording;
         w.store();
     }},
    {"AnUnknownFlag", found_in_memory, Status::descriptor_flags,
     [](World &w) {
         w.descriptor.flags = 4;
         w.store();
     }},
    {"ScratchOfItsOwn", found_in_memory, Status::descriptor_flags,
     [](World &w) {
         w.descriptor.scratch.count = 1;
         w.store();
     }},
    {"SessionsOfItsOwn", found_in_recording, Status::descriptor_flags,
     [](World &w) {
         w.descriptor.session_header = 0x4000;
         w.store();
     }},
    {"ALiveUpdateNumberOfItsOwn", found_in_memory, Status::descriptor_flags,
     [](World &w) {
         w.descriptor.liveupdate_number = 2;
         w.store();
     }},
    {"AHandoverInMemoryBesideTheRecording", found_in_recording, Status::descriptor_flags,
     [](World &w) {
         w.descriptor.handover = 0x3000;
         w.store();
     }},
    {"RecordingWhatItDescribesItself", found_in_memory, Status::not_found,
     [](World &w) {
         w.descriptor.flags = 0;
         w.descriptor.handover = 0;
         w.descriptor.scratch = {0x4000, 1};
         w.machine.store(0x4000, kho::abi::kho_scratch{32 * mib, 8 * mib});
         w.store();
     },
     true},
    {"RecordingARecording", found_in_recording, Status::not_found, [](World &) {}, true},
    {"RecordingToNowhere", found_in_memory, Status::record_failed, [](World &w) { w.options.record.clear(); },
     true},
    {"RecordingIntoAFolderThatIsNotThere", found_in_memory, Status::record_failed,
     [](World &w) { w.options.record = w.folder.file("no/where"); }},
};
INSTANTIATE_TEST_SUITE_P(Table, RefusedFound, testing::ValuesIn(refused),
                         [](const auto &test) { return std::string(test.param.name); });

}  // namespace
}  // namespace kexec_handover::test
