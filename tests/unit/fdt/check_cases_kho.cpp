// SPDX-License-Identifier: GPL-2.0-or-later
// Faults of the KHO FDT, of scratch, of the map, and of what is preserved.
#include "tests/unit/fdt/check_cases.h"

namespace kho::check_cases {
namespace {

std::vector<Case> kho_images() {
    const PhysAddr first = Image::map;
    return {
        {Check::kho_fdt_address, "zero", every, data([](auto &d) { d.fdt_addr = 0; }), 0},
        {Check::kho_fdt_address, "unaligned", every, data([](auto &d) { d.fdt_addr += 8; }), fdt + 8},
        {Check::kho_fdt_address, "nowhere", every, data([](auto &d) { d.fdt_addr = nowhere; }), nowhere},
        {Check::kho_fdt_address, "last page", every, data([](auto &d) { d.fdt_addr = 0 - page_size; }),
         0 - page_size},
        {Check::kho_fdt_size, "0 bytes", every, data([](auto &d) { d.fdt_size = 0; }), fdt},
        {Check::kho_fdt_size, "4097 bytes", every, data([](auto &d) { d.fdt_size = 4097; }), fdt},
        {Check::kho_fdt_size, "2^64 - 1 bytes", every, data([](auto &d) { d.fdt_size = ~0ull; }), fdt},
        {Check::kho_fdt_header, "shorter than itself", every, data([](auto &d) { d.fdt_size = 64; }), fdt},
        {Check::kho_fdt_header, "no magic", every, fill(Image::kho_fdt, 4, 0), fdt},
        {Check::kho_fdt_header, "totalsize over a page", every,
         edit(Image::kho_fdt, [](void *f) { return fdt_set_totalsize(f, 4097), 0; }), fdt},
        {Check::kho_fdt_header, "structure behind the end", every,
         edit(Image::kho_fdt, [](void *f) { return fdt_set_off_dt_struct(f, 4096), 0; }), fdt},
        {Check::kho_compatible, "of no release", every, set_text(Image::kho_fdt, "/", "compatible", "kho-v2"),
         fdt},
        {Check::kho_compatible, "missing", every, remove(Image::kho_fdt, "/", "compatible"), fdt},
        {Check::kho_compatible, "without its NUL", every,
         edit(Image::kho_fdt, [](void *f) { return fdt_setprop(f, 0, "compatible", "kho-v1", 6); }), fdt},
        {Check::kho_compatible, "that goes on", every,
         edit(Image::kho_fdt, [](void *f) { return fdt_setprop(f, 0, "compatible", "kho-v1\0x", 9); }), fdt},
        {Check::map_property, "missing", every, remove(Image::kho_fdt, "/", "preserved-memory-map"), fdt},
        {Check::map_property, "of 4 bytes", every, set(Image::kho_fdt, "/", "preserved-memory-map", 0u), fdt},
        {Check::map_address, "zero", every, set(Image::kho_fdt, "/", "preserved-memory-map", 0ull), 0},
        {Check::map_address, "unaligned", every, set(Image::kho_fdt, "/", "preserved-memory-map", map + 4),
         map + 4},
        {Check::map_address, "nowhere", every, set(Image::kho_fdt, "/", "preserved-memory-map", nowhere),
         nowhere},
        {Check::subtree_name, "twice", chunks,
         edit(Image::kho_fdt,
              [](void *f) {
                  // In place, since libfdt refuses to add it.
                  const int node = fdt_subnode_offset(f, 0, "kho_test");
                  fdt_set_name(f, node, "memblock");
                  return node < 0 ? node : 0;
              }),
         fdt, 2},
        {Check::subtree_property, "missing", chunks, remove(Image::kho_fdt, "/memblock", "fdt"), fdt},
        {Check::subtree_property, "of 4 bytes", chunks, set(Image::kho_fdt, "/memblock", "fdt", 0u), fdt},
        {Check::subtree_property, "missing", trees, remove(Image::kho_fdt, "/memblock", "preserved-data"),
         fdt},
        {Check::subtree_property, "no size", trees, remove(Image::kho_fdt, "/LUO", "blob-size"), fdt},
        {Check::subtree_property, "half a size", trees, set(Image::kho_fdt, "/LUO", "blob-size", 1u), fdt},
        {Check::subtree_address, "zero", chunks, set(Image::kho_fdt, "/memblock", "fdt", 0ull), fdt, 1},
        {Check::subtree_address, "unaligned", trees,
         set(Image::kho_fdt, "/memblock", "preserved-data", value(Image::memblock) + 8), fdt, 1},
        {Check::subtree_size, "zero", trees, set(Image::kho_fdt, "/memblock", "blob-size", 0ull), fdt, 1},
        {Check::subtree_size, "2^64 - 1", trees, set(Image::kho_fdt, "/memblock", "blob-size", ~0ull), fdt,
         1},

        {Check::scratch_array, "zero", every, data([](auto &d) { d.scratch_addr = 0; }), 0},
        {Check::scratch_array, "nowhere", every, data([](auto &d) { d.scratch_addr = nowhere; }), nowhere},
        {Check::scratch_array, "no bytes", every, data([](auto &d) { d.scratch_size = 0; }), scratch},
        {Check::scratch_array, "half an entry", every, data([](auto &d) { d.scratch_size -= 8; }), scratch},
        {Check::scratch_array, "2^60 - 1 entries", every, data([](auto &d) { d.scratch_size = 0 - 16ull; }),
         scratch},
        {Check::scratch_area, "unaligned", every, put64(Image::scratch_array + 32, 0x8000800), scratch, 2},
        {Check::scratch_area, "half a page", every, put64(Image::scratch_array + 40, 0x800), scratch, 2},
        {Check::scratch_area, "wraps", every, put64(Image::scratch_array + 32, 0 - page_size), scratch, 2},
        {Check::scratch_overlap, "of the first and the last", every,
         [](Image &image) {
             image.put_u64(Image::scratch_array + 32, 0x4ff000);
             image.put_u64(Image::scratch_array + 40, 0x2000);
         },
         scratch, 2},
        {Check::scratch_empty, "none but an empty one", every, data([](auto &d) {
             d.scratch_addr += 16;
             d.scratch_size = 16;
         }),
         scratch + 16},
        {Check::scratch_preserved, "over a folio", every,
         put64(Image::scratch_array + 32, value(Image::large_folio) & ~0xffffffull), scratch, 2},
        {Check::scratch_map, "over the map", every,
         [](Image &image) {
             image.put_u64(Image::scratch_array + 32, map);
             image.put_u64(Image::scratch_array + 40, page_size);
         },
         map},

        {Check::chunk_address, "unaligned", chunks, change<Chunk>(first, [](auto &c) { c.next += 8; }), map},
        {Check::chunk_address, "nowhere", chunks, change<Chunk>(first, [](auto &c) { c.next = nowhere; }),
         map},
        {Check::chunk_twice, "its own next", chunks, change<Chunk>(first, [](auto &c) { c.next = map; }),
         map},
        {Check::chunk_elements, "256", chunks, change<Chunk>(first, [](auto &c) { c.num_elms = 256; }), map},
        {Check::chunk_elements, "2^32 - 1", chunks, change<Chunk>(first, [](auto &c) { c.num_elms = ~0u; }),
         map},
        {Check::chunk_order, "21", chunks, change<Chunk>(first, [](auto &c) { c.order = 21; }), map},
        {Check::chunk_order, "2^32 - 1", chunks, change<Chunk>(first, [](auto &c) { c.order = ~0u; }), map},
        {Check::bitmap_window, "phys_start within a window", chunks,
         change<Chunk>(first, [](auto &c) { c.bitmaps[0].phys_start += page_size; }), map},
        {Check::bitmap_window, "behind the last address", chunks,
         change<Chunk>(first, [](auto &c) { c.bitmaps[0].phys_start = 0 - abi::bitmap_bits * page_size; }),
         map},
        {Check::bitmap_address, "zero", chunks,
         change<Chunk>(first, [](auto &c) { c.bitmaps[0].bitmap = 0; }), map},
        {Check::bitmap_address, "unaligned", chunks,
         change<Chunk>(first, [](auto &c) { c.bitmaps[0].bitmap += 1; }), map},
        {Check::bitmap_address, "nowhere", chunks,
         change<Chunk>(first, [](auto &c) { c.bitmaps[0].bitmap = nowhere; }), map},
        {Check::bitmap_twice, "is its chunk", chunks,
         change<Chunk>(first, [](auto &c) { c.bitmaps[0].bitmap = map; }), map},
        {Check::block_overlap, "two orders", every,
         [](Image &image) { image.preserve(Image::large_folio + page_size, 0); },
         value(Image::large_folio) + page_size},

        {Check::radix_node_address, "unaligned", trees, put64(first, map + page_size + 1), map, 0},
        {Check::radix_node_address, "nowhere", trees, put64(first + 8, nowhere), map, 1},
        {Check::radix_node_twice, "the root itself", trees, put64(first + 8, map), map, 1},
        {Check::radix_node_twice, "an alias", trees,
         [](Image &image) {
             image.put_u64(Image::map + 8, image.memory.load<std::uint64_t>(Image::map).value());
         },
         map, 1},
        {Check::radix_key, "wider than 53 bits", trees, put64(first + 4 * 8, value(Image::spare)), map, 4},
    };
}

// A leaf for keys that begin with zeroes: the root's first entry at each level.
PhysAddr put_lowest_leaf(Image &image, std::uint64_t bit) {
    PhysAddr node = Image::map;
    PhysAddr fresh{0x5000000};
    for (int level = 5; level > 0; level--) {
        PhysAddr child{image.memory.load<std::uint64_t>(node).value()};
        if (value(child) == 0) {
            child = fresh;
            fresh = fresh + page_size;
            image.memory.put(child, std::array<std::byte, page_size>{});
            image.put_u64(node, value(child));
        }
        node = child;
    }
    image.put_u64(node + bit / 64 * 8, std::uint64_t{1} << bit % 64);
    return node;
}

std::vector<Case> radix_images() {
    Image image(v7_1);
    const std::uint64_t leaf = value(put_lowest_leaf(image, 0));
    return {
        {Check::radix_key, "no order bit", trees, [](Image &i) { put_lowest_leaf(i, 0); }, leaf, 0},
        {Check::radix_order, "38, the order bit in the leaf", trees,
         [](Image &i) { put_lowest_leaf(i, (1 << 14) + 5); }, leaf, (1 << 14) + 5},
        {Check::radix_order, "52", trees, [](Image &i) { put_lowest_leaf(i, 1); }, leaf, 1},
        {Check::radix_order, "21", trees, [](Image &i) { i.preserve(PhysAddr{std::uint64_t{1} << 40}, 21); },
         value([] {
             Image i(v7_1);
             i.preserve(PhysAddr{std::uint64_t{1} << 40}, 21);
             return i.leaf_of(21);
         }()),
         (1ull << 40) >> 33},
        {Check::radix_key, "at the end of the address space", trees,
         [](Image &i) { i.preserve(PhysAddr{0 - page_size}, 0); }, value([] {
             Image i(v7_1);
             i.preserve(PhysAddr{0 - page_size}, 0);
             // The first leaf of order 0 is another one.
             PhysAddr last{};
             for (PhysAddr page = Image::map; i.memory.load<std::byte>(page); page = page + page_size)
                 last = page;
             return last;
         }()),
         32767},
    };
}

std::vector<Case> preserved_images() {
    std::vector<Case> cases;
    const auto lost = [&](const char *what, PhysAddr at, std::vector<Producer> where) {
        cases.push_back({Check::not_preserved, what, std::move(where),
                         [at](Image &image) { image.unpreserve(at); }, value(at)});
    };
    lost("the KHO FDT", Image::kho_fdt, every);
    lost("the LUO root", Image::luo, every);
    lost("the session array", Image::session_array, arrays);
    lost("a file array", Image::file_arrays[0], arrays);
    lost("a session block", Image::session_blocks[1], newest);
    lost("a file block", Image::file_blocks[1], newest);
    lost("the FLB array", Image::flbs, flb_arrays);
    lost("a memfd", Image::memfd(2), every);
    lost("a vmalloc chunk", Image::chunk, every);
    lost("a vmalloc page", Image::folio_array, every);
    lost("the memblock FDT", Image::memblock, every);
    lost("the kexec metadata", Image::metadata, trees);
    lost("the FDT of kho_test", Image::test_fdt, every);
    cases.push_back({Check::not_preserved, "the end of a reservation", every,
                     [](Image &image) { image.unpreserve(Image::reservation + 4 * page_size); },
                     value(Image::reservation)});
    cases.push_back({Check::not_a_block, "a session array in pieces", arrays,
                     [](Image &image) {
                         image.preserve(Image::session_array, 3);
                         image.preserve(Image::session_array + 8 * page_size, 3);
                     },
                     value(Image::session_array)});
    cases.push_back({Check::page_two_uses, "a folio that is a metadata page", every,
                     [](Image &image) {
                         image.change<Folio>(image.folio(0), [](auto &f) {
                             f.pfn_flags = (f.pfn_flags & ~abi::memfd_pfn_mask) | luo >> page_shift;
                         });
                     },
                     luo});
    cases.push_back(
        {Check::page_two_uses, "two chunks' page", every, put64(Image::test_chunk + 8, array), array});
    return cases;
}

}  // namespace

std::vector<Case> kho_cases() {
    std::vector<Case> all;
    for (auto *cases : {kho_images, radix_images, preserved_images})
        for (Case &c : cases()) all.push_back(std::move(c));
    return all;
}

}  // namespace kho::check_cases
