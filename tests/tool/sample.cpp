// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/tool/sample.h"
#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"

#include <cstdlib>
#include <iostream>

#include "fdt/abi/memfd.h"
#include "fdt/file/elf_core.h"
#include "fdt/write/writer.h"

namespace kho::test {
namespace {

//  0x100000    scratch
//  0x2000000   metadata, as the writer likes
//  0x4000000   content
constexpr PhysAddr folios_at{0x4000000};
constexpr PhysAddr large_folio_at{0x4200000};
constexpr PhysAddr reserved_at{0x4400000};
constexpr Range ram{PhysAddr{0x100000}, 0x8000000};

[[noreturn]] void give_up(const Error &error) {
    std::cerr << error.message() << '\n';
    std::abort();
}

MemfdFolio folio(PhysAddr address, std::uint64_t index, std::uint8_t order) {
    return {.address = address,
            .index = index,
            .flags = abi::memfd_folio_dirty | abi::memfd_folio_uptodate,
            .order = order};
}

}  // namespace

Handover sample_content(std::string_view release) {
    const Release &generation = *find_release(release);
    const bool has_seals = generation.handlers[0] == &memfd_v2();
    const std::string handler(has_seals ? abi::memfd_v2_compatible : abi::memfd_v1_compatible);
    Memfd small{.pos = 5, .size = 12};
    small.folios = {folio(folios_at, 0, 0)};
    if (has_seals)
        small.seals = 0x2 | 0x4;
    // 2 MiB behind a hole of 1 MiB... and a page's hole at the end.
    Memfd large{.size = 0x401000};
    large.folios = {folio(large_folio_at, 0x200, 9)};

    Handover content{.format = generation.kho};
    content.scratch = {{PhysAddr{0x100000}, 0x400000}, {PhysAddr{0}, 0}, {PhysAddr{0x6000000}, 0x1000000}};
    content.preserved = {{folios_at, 0, 1}, {large_folio_at, 9, 1}, {reserved_at, 1, 1}};
    Luo luo{.format = generation.luo, .liveupdate_number = 7};
    luo.sessions = {{.name = "vm-1",
                     .files = {{.compatible = handler, .token = 1, .body = small},
                               {.compatible = handler, .token = 0xffffffffffffffff, .body = large},
                               {.compatible = handler, .token = 2, .body = Memfd{}}}},
                    {.name = "nothing", .files = {}},
                    {.name = "vm-2 \x1b[31m\"red\"\xff",
                     .files = {{.compatible = "vfio-pci-v1", .data = 0x1234, .token = 0x51}}}};
    if (generation.flbs)
        luo.flbs = std::vector<LuoFlb>{{.name = "iommu", .data = 0x5678, .count = 2}};
    content.luo = std::move(luo);
    content.memblock = std::vector<MemblockReservation>{{.name = "trace", .range = {reserved_at, 0x2000}}};
    content.subtrees = {{.name = "memblock"}, {.name = "LUO"}};
    if (generation.kho->kexec_metadata) {
        content.kexec_metadata =
            KexecMetadata{.previous_release = std::string(release) + ".1", .kexec_count = 3};
        content.subtrees.push_back({.name = "kexec-metadata"});
    }
    return content;
}

std::string record(const TemporaryFolder &folder, std::string_view release, const Handover &content,
                   Range free) {
    Result<Written> written = write_handover(content, *find_release(release), RangeSet({free}));
    if (!written)
        give_up(written.error());
    const MetadataPages &pages = written.value().pages;
    const RangeSet metadata = pages.ranges();
    std::vector<Range> ranges(metadata.ranges().begin(), metadata.ranges().end());
    for (const PreservedBlocks &run : written.value().handover.preserved) ranges.push_back(run.range());
    const CoreHeader header{.data = written.value().data,
                            .memory_map = {{value(ram.start), ram.size, 1, 0}},
                            .release = std::string(release)};
    std::string path = folder.file(std::string(release) + ".core");
    const auto size =
        write_core(path, header, RangeSet(std::move(ranges)), [&](Range range, const auto &sink) {
            for (std::uint64_t offset = 0; offset < range.size; offset += page_size) {
                std::vector<std::byte> page(page_size);
                if (metadata.contains({range.start + offset, page_size}))
                    if (Outcome outcome = pages.read(range.start + offset, page); !outcome)
                        return outcome;
                if (Outcome outcome = sink(page); !outcome)
                    return outcome;
            }
            return success();
        });
    if (!size)
        give_up(size.error());
    return path;
}

}  // namespace kho::test
