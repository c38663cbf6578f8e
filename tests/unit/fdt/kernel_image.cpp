// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/fdt/kernel_image.h"

#include <libfdt.h>

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/kho_test.h"
#include "fdt/abi/memblock.h"

namespace kho {
namespace {

// An FDT front to back, by libfdt alone.
class FdtBuilder {
public:
    FdtBuilder() : page_(page_size) {
        fdt_create(page_.data(), static_cast<int>(page_.size()));
        fdt_finish_reservemap(page_.data());
        begin("");
    }
    void begin(const char *node) { fdt_begin_node(page_.data(), node); }
    void end() { fdt_end_node(page_.data()); }
    void text(const char *property, std::string_view value) {
        fdt_property(page_.data(), property, value.data(), static_cast<int>(value.size() + 1));
    }
    template <typename T>
    void raw(const char *property, const T &value) {
        fdt_property(page_.data(), property, &value, static_cast<int>(sizeof value));
    }
    std::vector<std::byte> finish() {
        end();
        EXPECT_EQ(fdt_finish(page_.data()), 0);
        return page_;
    }

private:
    std::vector<std::byte> page_;
};

template <std::size_t N>
void set_text(char (&to)[N], std::string_view text) {
    std::memcpy(to, text.data(), std::min(text.size(), N));
}

}  // namespace

const char *name(Producer generation) {
    constexpr const char *names[] = {"6.19", "7.0", "7.1", "7.2"};
    return names[static_cast<int>(generation)];
}

PhysAddr KernelImage::session(std::uint64_t i) const {
    if (!blocks())
        return session_array + sizeof(abi::luo_session_header_ser) + i * sizeof(abi::luo_session_ser);
    // Two in the first block, one in the second.
    return session_blocks[i / 2] + sizeof(abi::kho_block_header_ser) + i % 2 * sizeof(abi::luo_session_ser);
}

PhysAddr KernelImage::file(std::uint64_t session, std::uint64_t i) const {
    if (!blocks())
        return file_arrays[session] + i * sizeof(abi::luo_file_ser);
    // The first session's files are in a block each.
    return file_blocks[session == 0 ? i : 2] + sizeof(abi::kho_block_header_ser);
}

KernelImage::KernelImage(Producer which) : generation(which) {
    const abi::kho_scratch scratch[] = {{0x100000, 0x400000}, {0, 0}, {0x8000000, 0x1000000}};
    memory.put(scratch_array, std::span<const std::byte>(std::as_bytes(std::span(scratch))));
    data = {.fdt_addr = value(kho_fdt),
            .fdt_size = page_size,
            .scratch_addr = value(scratch_array),
            .scratch_size = sizeof scratch};
    const auto keep = [this](PhysAddr address, unsigned order) { preserved_[value(address)] = order; };
    keep(kho_fdt, 0);
    keep(spare, 0);
    memory.put_zeros({spare, page_size});
    put_kho_fdt();
    put_luo();
    put_sessions();
    put_memfds();
    put_subtrees();
    for (const PhysAddr page : {luo, memblock, test_fdt, chunk, folio_array, test_chunk, test_array, memfd(0),
                                memfd(1), memfd(2), small_folio, test_folios[0]})
        keep(page, 0);
    keep(large_folio, 9);
    keep(reservation, 2);
    keep(reservation + 4 * page_size, 1);
    keep(test_folios[1], 4);
    if (generation >= Producer::v7_0)
        keep(flbs, 0);
    if (generation >= Producer::v7_1)
        keep(metadata, 0);
    if (blocks()) {
        for (const PhysAddr page : session_blocks) keep(page, 0);
        for (const PhysAddr page : file_blocks) keep(page, 0);
    } else {
        keep(session_array, 4);
        for (const PhysAddr array : file_arrays) keep(array, 1);
    }
    put_map();
}

void KernelImage::put_kho_fdt() {
    FdtBuilder fdt;
    const char *compatible = !radix() ? "kho-v1" : generation == Producer::v7_1 ? "kho-v3" : "kho-v4";
    fdt.text("compatible", compatible);
    fdt.raw("preserved-memory-map", value(map));
    const auto child = [&](const char *node, PhysAddr address, std::uint64_t size) {
        fdt.begin(node);
        fdt.raw(radix() ? "preserved-data" : "fdt", value(address));
        if (radix())
            fdt.raw("blob-size", size);
        fdt.end();
    };
    child("LUO", luo, blocks() ? 32 : page_size);
    child("memblock", memblock, page_size);
    if (generation >= Producer::v7_1)
        child("kexec-metadata", metadata, 73);
    child("kho_test", test_fdt, page_size);
    memory.put(kho_fdt, std::span<const std::byte>(fdt.finish()));
}

void KernelImage::put_luo() {
    if (blocks()) {
        memory.put(luo, abi::luo_ser{.compatible = "luo-v5",
                                     .liveupdate_num = 7,
                                     .sessions_pa = value(session_blocks[0]),
                                     .flbs_pa = value(flbs)});
    } else {
        FdtBuilder fdt;
        fdt.text("compatible", "luo-v1");
        fdt.raw("liveupdate-number", std::uint64_t{7});
        fdt.begin("luo-session");
        fdt.text("compatible", "luo-session-v2");
        fdt.raw("luo-session-header", value(session_array));
        fdt.end();
        if (generation >= Producer::v7_0) {
            fdt.begin("luo-flb");
            fdt.text("compatible", "luo-flb-v1");
            fdt.raw("luo-flb-header", value(flbs));
            fdt.end();
        }
        memory.put(luo, std::span<const std::byte>(fdt.finish()));
    }
    if (generation >= Producer::v7_0) {
        abi::luo_flb_ser flb{.name = {}, .data = 0x1234, .count = 2};
        set_text(flb.name, "test-flb-v1");
        memory.put(flbs, abi::luo_flb_header_ser{.pgcnt = 1, .count = 1});
        memory.put(flbs + sizeof(abi::luo_flb_header_ser), flb);
    }
}

void KernelImage::put_sessions() {
    if (blocks()) {
        memory.put(session_blocks[0], abi::kho_block_header_ser{value(session_blocks[1]), 2});
        memory.put(session_blocks[1], abi::kho_block_header_ser{0, 1});
        memory.put(file_blocks[0], abi::kho_block_header_ser{value(file_blocks[1]), 1});
        memory.put(file_blocks[1], abi::kho_block_header_ser{0, 1});
        memory.put(file_blocks[2], abi::kho_block_header_ser{0, 1});
    } else {
        memory.put(session_array, abi::luo_session_header_ser{.count = 3});
    }
    constexpr const char *names[] = {"vm-1", "vm-2", "empty"};
    constexpr std::uint64_t counts[] = {2, 1, 0};
    for (std::uint64_t i = 0; i < 3; i++) {
        abi::luo_session_ser entry{};
        set_text(entry.name, names[i]);
        if (counts[i] != 0)
            entry.file_set = {.files = value(blocks() ? file_blocks[i * 2] : file_arrays[i]),
                              .count = counts[i]};
        memory.put(session(i), entry);
    }
    std::uint64_t number = 0;
    for (std::uint64_t i = 0; i < 2; i++)
        for (std::uint64_t j = 0; j < counts[i]; j++) {
            abi::luo_file_ser entry{.compatible = {}, .data = value(memfd(number++)), .token = j + 1};
            set_text(entry.compatible, radix() ? "memfd-v2" : "memfd-v1");
            memory.put(file(i, j), entry);
        }
}

void KernelImage::put_memfds() {
    const abi::kho_vmalloc array{
        .first = value(chunk), .total_pages = 1, .flags = abi::kho_vmalloc_alloc, .order = 0};
    const auto put = [this](std::uint64_t i, const abi::memfd_luo_ser_v2 &ser) {
        if (radix())
            memory.put(memfd(i), ser);
        else
            memory.put(memfd(i), abi::memfd_luo_ser{ser.pos, ser.size, ser.nr_folios, ser.folios});
    };
    put(0, {.pos = 5, .size = 0x3ff801, .seals = 0x3f, .flags = 0, .nr_folios = 2, .folios = array});
    put(1, {});
    put(2, {.pos = 0, .size = page_size, .seals = 0, .flags = 0, .nr_folios = 0, .folios = {}});
    abi::vmalloc_chunk list{};
    list.pages[0] = value(folio_array);
    memory.put(chunk, list);
    memory.put_zeros({folio_array, page_size});
    const auto entry = [](PhysAddr address, std::uint64_t index) {
        return abi::memfd_luo_folio_ser{value(address) >> page_shift | std::uint64_t{3} << 52, index};
    };
    memory.put(folio(0), entry(small_folio, 0));
    memory.put(folio(1), entry(large_folio, 512));
}

void KernelImage::put_subtrees() {
    FdtBuilder reservations;
    reservations.text("compatible", "memblock-v1");
    reservations.begin("buffer");
    reservations.text("compatible", "reserve-mem-v1");
    reservations.raw("start", value(reservation));
    reservations.raw("size", std::uint64_t{6 * page_size});
    reservations.end();
    memory.put(memblock, std::span<const std::byte>(reservations.finish()));

    if (generation >= Producer::v7_1) {
        abi::kho_kexec_metadata from{.version = 1, .previous_release = {}, .kexec_count = 3};
        set_text(from.previous_release, "7.1.13-test");
        memory.put(metadata, from);
    }

    FdtBuilder test;
    test.text("compatible", "kho-test-v1");
    test.raw("magic", std::uint32_t{0x4b484f21});
    test.begin("data");
    test.raw("nr_folios", std::uint32_t{2});
    test.raw("folios_info", abi::kho_vmalloc{value(test_chunk), 1, abi::kho_vmalloc_alloc, 0});
    test.raw("csum", std::uint32_t{0xabcd});
    test.end();
    memory.put(test_fdt, std::span<const std::byte>(test.finish()));
    abi::vmalloc_chunk list{};
    list.pages[0] = value(test_array);
    memory.put(test_chunk, list);
    memory.put_zeros({test_array, page_size});
    memory.put(test_array, value(test_folios[0]) | 0);
    memory.put(test_array + 8, value(test_folios[1]) | 4);
}

void KernelImage::preserve(PhysAddr address, unsigned order) {
    preserved_[value(address)] = order;
    put_map();
}

void KernelImage::unpreserve(PhysAddr address) {
    EXPECT_EQ(preserved_.erase(value(address)), 1u);
    put_map();
}

void KernelImage::put_map() {
    leaves_.clear();
    if (radix())
        put_radix_tree();
    else
        put_chunk_list();
}

// A chunk for each order, its bitmaps behind it.
void KernelImage::put_chunk_list() {
    std::map<unsigned, std::map<std::uint64_t, std::vector<std::uint64_t>>> windows;
    for (const auto &[address, order] : preserved_) {
        const std::uint64_t window = std::uint64_t{page_size * 8} << (12 + order);
        windows[order][address / window * window].push_back(address % window >> (12 + order));
    }
    PhysAddr next = map;
    for (auto order = windows.begin(); order != windows.end(); ++order) {
        const PhysAddr at = next;
        abi::mem_chunk list{.next = 0,
                            .order = order->first,
                            .num_elms = static_cast<std::uint32_t>(order->second.size()),
                            .bitmaps = {}};
        next = next + page_size;
        std::uint32_t i = 0;
        for (const auto &[start, bits] : order->second) {
            std::array<std::uint8_t, page_size> bitmap{};
            for (const std::uint64_t bit : bits)
                bitmap[bit / 8] = static_cast<std::uint8_t>(bitmap[bit / 8] | 1u << bit % 8);
            list.bitmaps[i++] = {.phys_start = start, .bitmap = value(next)};
            memory.put(next, bitmap);
            leaves_.try_emplace(order->first, next);
            next = next + page_size;
        }
        if (std::next(order) != windows.end())
            list.next = value(next);
        memory.put(at, list);
    }
}

void KernelImage::put_radix_tree() {
    std::map<std::pair<unsigned, std::uint64_t>, PhysAddr> nodes;  // {level, key above it} -> its page
    PhysAddr next = map;
    const auto node = [&](unsigned level, std::uint64_t key) {
        const auto [found, fresh] = nodes.try_emplace({level, key}, next);
        if (fresh) {
            memory.put(next, std::array<std::byte, page_size>{});
            next = next + page_size;
        }
        return found->second;
    };
    node(5, 0);
    for (const auto &[address, order] : preserved_) {
        const std::uint64_t key = std::uint64_t{1} << (52 - order) | address >> (12 + order);
        for (unsigned level = 5; level > 0; level--) {
            const unsigned shift = 15 + 9 * (level - 1);
            // The root has nothing above it, whatever the key.
            const PhysAddr parent = node(level, level == 5 ? 0 : key >> (shift + 9));
            const PhysAddr child = node(level - 1, key >> shift);
            memory.put(parent + (key >> shift) % 512 * 8, value(child));
        }
        const PhysAddr leaf = node(0, key >> 15);
        leaves_.try_emplace(order, leaf);
        const PhysAddr byte = leaf + key % 32768 / 8;
        memory.at(byte) |= std::byte{1} << (key % 8);
    }
}

void KernelImage::edit_fdt(PhysAddr at, const std::function<int(void *)> &how) {
    std::vector<std::byte> page(page_size);
    ASSERT_TRUE(succeeds(memory.read(at, page)));
    ASSERT_EQ(fdt_open_into(page.data(), page.data(), static_cast<int>(page.size())), 0);
    ASSERT_EQ(how(page.data()), 0);
    memory.put(at, std::span<const std::byte>(page));
}

std::vector<PhysAddr> KernelImage::metadata_pages() const {
    std::vector<PhysAddr> pages;
    for (PhysAddr page{0x1000000}; page < PhysAddr{0x1040000}; page = page + page_size)
        if (memory.load<std::byte>(page))
            pages.push_back(page);
    for (PhysAddr page = map; memory.load<std::byte>(page); page = page + page_size) pages.push_back(page);
    return pages;
}

}  // namespace kho
