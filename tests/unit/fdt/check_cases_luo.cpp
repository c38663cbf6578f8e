// SPDX-License-Identifier: GPL-2.0-or-later
// Faults of LUO, of memfds and of the other subtrees.
#include "tests/unit/fdt/check_cases.h"

namespace kho::check_cases {
namespace {

std::vector<Case> luo_images() {
    const auto node = [](const char *property, auto number) {
        return set(Image::luo, "/luo-session", property, number);
    };
    return {
        {Check::luo_fdt, "no magic", arrays, fill(Image::luo, 4, 0), luo},
        {Check::luo_size, "31 bytes", newest, set(Image::kho_fdt, "/LUO", "blob-size", 31ull), luo},
        {Check::luo_compatible, "of no release", arrays, set_text(Image::luo, "/", "compatible", "luo-v2"),
         luo},
        {Check::luo_compatible, "missing", arrays, remove(Image::luo, "/", "compatible"), luo},
        {Check::luo_compatible, "of no release", newest, fill(Image::luo + 5, 1, '4'), luo},
        {Check::luo_compatible, "unterminated", newest, fill(Image::luo + 5, 3, '5'), luo},
        {Check::luo_number, "missing", arrays, remove(Image::luo, "/", "liveupdate-number"), luo},
        {Check::luo_number, "of 4 bytes", arrays, set(Image::luo, "/", "liveupdate-number", 1u), luo},
        {Check::luo_session_node, "missing", arrays, remove_node(Image::luo, "/luo-session"), luo},
        {Check::luo_session_node, "no header", arrays,
         remove(Image::luo, "/luo-session", "luo-session-header"), luo},
        {Check::luo_session_node, "half a header", arrays, node("luo-session-header", 0u), luo},
        {Check::luo_session_node, "no compatible", arrays, remove(Image::luo, "/luo-session", "compatible"),
         luo},
        {Check::luo_session_compatible, "of no release", arrays,
         set_text(Image::luo, "/luo-session", "compatible", "luo-session-v1"), luo},
        {Check::luo_flb_node, "missing", {v7_1}, remove_node(Image::luo, "/luo-flb"), luo},
        {Check::luo_flb_node, "no header", flb_nodes, remove(Image::luo, "/luo-flb", "luo-flb-header"), luo},
        {Check::luo_flb_compatible, "of no release", flb_nodes,
         set_text(Image::luo, "/luo-flb", "compatible", "luo-flb-v2"), luo},

        {Check::session_address, "zero", arrays, node("luo-session-header", 0ull), 0},
        {Check::session_address, "unaligned", arrays,
         node("luo-session-header", value(Image::session_array) + 4), value(Image::session_array) + 4},
        {Check::session_address, "unaligned", newest,
         put64(Image::luo + 16, value(Image::session_blocks[0]) + 8), fdt},
        {Check::session_address, "nowhere", newest, put64(Image::luo + 16, nowhere), fdt},
        {Check::session_count, "820", arrays, put64(Image::session_array, 820), value(Image::session_array)},
        {Check::session_count, "2^64 - 1", arrays, put64(Image::session_array, ~0ull),
         value(Image::session_array)},
        {Check::block_count, "no session", newest, put64(Image::session_blocks[1] + 8, 0),
         value(Image::session_blocks[1])},
        {Check::block_count, "52 sessions", newest, put64(Image::session_blocks[1] + 8, 52),
         value(Image::session_blocks[1])},
        {Check::block_count, "64 files", newest, put64(Image::file_blocks[2] + 8, 64),
         value(Image::file_blocks[2])},
        {Check::block_address, "unaligned", newest, put64(Image::session_blocks[1], nowhere + 8),
         value(Image::session_blocks[1])},
        {Check::block_address, "nowhere", newest, put64(Image::file_blocks[1], nowhere),
         value(Image::file_blocks[1])},
        {Check::block_chain, "a cycle of sessions", newest,
         put64(Image::session_blocks[1], value(Image::session_blocks[0])), value(Image::session_blocks[0])},
        {Check::block_chain, "a cycle of one block of files", newest,
         put64(Image::file_blocks[2], value(Image::file_blocks[2])), value(Image::file_blocks[2])},
        {Check::session_name, "empty", arrays, session(1, [](Session &s) { s.name[0] = 0; }),
         session_at(v7_1, 1), 1},
        {Check::session_name, "unterminated", arrays, session(0, [](Session &s) { memset(s.name, 'x', 64); }),
         session_at(v7_1, 0)},
        {Check::session_name, "empty", newest, session(2, [](Session &s) { s.name[0] = 0; }),
         session_at(v7_2, 2), 0},
        {Check::session_name_twice, "of both", arrays, session(1, [](Session &s) { s.name[3] = '1'; }),
         session_at(v7_1, 1), 1},
        {Check::session_name_twice, "of both", newest, session(1, [](Session &s) { s.name[3] = '1'; }),
         session_at(v7_2, 1), 1},
        {Check::file_set, "no files, but a count", arrays,
         session(2, [](Session &s) { s.file_set.count = 1; }), session_at(v7_1, 2), 2},
        {Check::file_set_count, "files, but no count", newest,
         session(0, [](Session &s) { s.file_set.count = 0; }), session_at(v7_2, 0), 0},
        {Check::file_count, "129", arrays, session(0, [](Session &s) { s.file_set.count = 129; }),
         session_at(v7_1, 0)},
        {Check::file_count, "2^64 - 1", arrays, session(0, [](Session &s) { s.file_set.count = ~0ull; }),
         session_at(v7_1, 0)},
        {Check::file_address, "unaligned", arrays, session(0, [](Session &s) { s.file_set.files++; }),
         session_at(v7_1, 0)},
        {Check::file_address, "that wraps", arrays,
         session(0, [](Session &s) { s.file_set.files = ~0x3full; }), session_at(v7_1, 0)},
        {Check::file_address, "nowhere", newest, session(0, [](Session &s) { s.file_set.files = nowhere; }),
         session_at(v7_2, 0)},
        {Check::file_count_sum, "3, not 2", newest, session(0, [](Session &s) { s.file_set.count = 3; }),
         session_at(v7_2, 0)},
        {Check::file_compatible, "empty", arrays, file(1, 0, [](File &f) { f.compatible[0] = 0; }),
         file_at(v7_1, 1, 0)},
        {Check::file_token, "twice", arrays, file(0, 1, [](File &f) { f.token = 1; }), file_at(v7_1, 0, 1),
         1},
        {Check::file_token, "twice", newest, file(0, 1, [](File &f) { f.token = 1; }), file_at(v7_2, 0, 1),
         0},
        {Check::file_handler, "of no kernel", every, file(1, 0, [](File &f) { f.compatible[7] = '9'; }), 0,
         0},
        {Check::file_data, "zero", every, file(1, 0, [](File &f) { f.data = 0; }), 0},
        {Check::file_data, "unaligned", every, file(1, 0, [](File &f) { f.data += 8; }),
         value(Image::memfd(2)) + 8},
        {Check::file_data, "nowhere", every, file(1, 0, [](File &f) { f.data = nowhere; }), nowhere},
        {Check::file_data_twice, "in two sessions", every, file(1, 0, [](File &f) { f.data = memfd0; }),
         memfd0},

        {Check::flb_address, "zero", flb_nodes, set(Image::luo, "/luo-flb", "luo-flb-header", 0ull), 0},
        {Check::flb_address, "unaligned", newest, put64(Image::luo + 24, flbs + 8), flbs + 8},
        {Check::flb_address, "nowhere", newest,
         [](Image &image) {
             image.put_u64(Image::luo + 24, nowhere);
             image.preserve(Image::nowhere, 0);
         },
         nowhere},
        {Check::flb_pages, "2", flb_arrays, put64(Image::flbs, 2), flbs},
        {Check::flb_count, "64", flb_arrays, put64(Image::flbs + 8, 64), flbs},
        {Check::flb_name, "empty", flb_arrays, fill(Image::flbs + 16, 48, 0), flbs + 16},
        {Check::flb_name, "unterminated", flb_arrays, fill(Image::flbs + 16, 48, 'x'), flbs + 16},
        {Check::flb_name_twice, "of both", flb_arrays,
         [](Image &image) {
             image.put_u64(Image::flbs + 8, 2);
             image.memory.put(Image::flbs + 80,
                              image.memory.load<abi::luo_flb_ser>(Image::flbs + 16).value());
         },
         flbs + 80, 1},
        {Check::flb_reference_count, "0", flb_arrays, put64(Image::flbs + 16 + 56, 0), flbs + 16},
    };
}

std::vector<Case> memfd_images() {
    const auto folio = [](std::uint64_t i, std::function<void(Folio &)> how) {
        return [=](Image &image) { image.change<Folio>(image.folio(i), how); };
    };
    // Of memfd 0: total_pages, flags and order of the vmalloc area.
    const auto vmalloc = [](std::function<void(abi::kho_vmalloc &)> how) {
        return [=](Image &image) {
            image.change<abi::kho_vmalloc>(Image::memfd(0) + (image.radix() ? 32 : 24), how);
        };
    };
    const auto nr_folios = [](std::uint64_t count) {
        return [=](Image &image) { image.put_u64(Image::memfd(0) + (image.radix() ? 24 : 16), count); };
    };
    const std::uint64_t second = array + sizeof(Folio);
    const auto pfn = [](Folio &f, PhysAddr address) {
        f.pfn_flags = (f.pfn_flags & ~abi::memfd_pfn_mask) | value(address) >> page_shift;
    };
    return {
        {Check::memfd_size, "2^63", every, put64(Image::memfd(0) + 8, 1ull << 63), memfd0},
        {Check::memfd_pos, "2^63", every, put64(Image::memfd(0), 1ull << 63), memfd0},
        {Check::memfd_seals, "0x40", trees, put32(Image::memfd(0) + 16, 0x40), memfd0},
        {Check::memfd_flags, "1", trees, put32(Image::memfd(0) + 20, 1), memfd0},
        {Check::folio_count, "257 in a page", every, nr_folios(257), memfd0},
        {Check::folio_count, "2^64 - 1", every, nr_folios(~0ull), memfd0},
        {Check::vmalloc_flags, "4", every, vmalloc([](auto &v) { v.flags |= 4; }), memfd0},
        {Check::vmalloc_order, "11", every, vmalloc([](auto &v) { v.order = 11; }), memfd0},
        {Check::vmalloc_order, "65535", every, vmalloc([](auto &v) { v.order = 65535; }), memfd0},
        {Check::vmalloc_address, "no chunk", every, vmalloc([](auto &v) { v.first = 0; }), memfd0},
        {Check::vmalloc_address, "chunk nowhere", every, vmalloc([](auto &v) { v.first = nowhere; }), memfd0},
        {Check::vmalloc_address, "page unaligned", every, put64(Image::chunk + 8, array + 8), chunk},
        {Check::vmalloc_block, "a page within a block", every,
         [](Image &image) {
             // Both pages are preserved still, but as one.
             image.unpreserve(PhysAddr{array + page_size});
             image.preserve(Image::folio_array, 1);
             image.put_u64(Image::test_chunk + 8, value(Image::test_array));
             image.memory.put(Image::spare, image.memory.load<abi::vmalloc_chunk>(Image::test_chunk).value());
             image.edit_fdt(Image::test_fdt, [](void *f) {
                 const abi::kho_vmalloc area{value(Image::spare), 1, 1, 0};
                 return fdt_setprop(f, fdt_path_offset(f, "/data"), "folios_info", &area, sizeof area);
             });
         },
         array},
        {Check::vmalloc_chain, "two pages announced", every, vmalloc([](auto &v) { v.total_pages = 2; }),
         memfd0},
        {Check::vmalloc_chain, "more pages than announced", every,
         put64(Image::chunk + 16, value(Image::spare)), chunk},
        {Check::vmalloc_chain, "a cycle", every, put64(Image::chunk, chunk), chunk},
        {Check::folio_address, "not preserved", every,
         [](Image &image) { image.unpreserve(Image::small_folio); }, array},
        {Check::folio_address, "within a block", every,
         folio(1, [&](Folio &f) { pfn(f, Image::large_folio + page_size); }), second, 1},
        {Check::folio_address, "pfn of 52 ones", every,
         folio(1, [](Folio &f) { f.pfn_flags |= abi::memfd_pfn_mask; }), second, 1},
        {Check::folio_order, "11", every,
         [](Image &image) {
             image.unpreserve(Image::large_folio);
             image.preserve(PhysAddr{0x2800000}, 11);
             image.change<Folio>(image.folio(1), [](Folio &f) {
                 f.pfn_flags = (f.pfn_flags & ~abi::memfd_pfn_mask) | 0x2800;
             });
         },
         second, 1},
        {Check::folio_twice, "in one file", every, folio(1, [&](Folio &f) { pfn(f, Image::small_folio); }),
         second, 1},
        {Check::folio_index, "not of its order", every, folio(1, [](Folio &f) { f.index = 511; }), second, 1},
        {Check::folio_overlap, "a page in a large folio", every, folio(0, [](Folio &f) { f.index = 513; }),
         array, 0},
        {Check::folio_beyond_size, "the page behind the end", every,
         folio(0, [](Folio &f) { f.index = 1024; }), array, 0},
        {Check::folio_beyond_size, "2^64 - 1", every, folio(0, [](Folio &f) { f.index = ~0ull; }), array, 0},
        {Check::folio_flags, "4", every, folio(0, [](Folio &f) { f.pfn_flags |= 4ull << 52; }), array, 0},
    };
}

std::vector<Case> subtree_images() {
    const std::uint64_t memblock = value(Image::memblock);
    return {
        {Check::memblock_fdt, "no magic", every, fill(Image::memblock, 4, 0), memblock},
        {Check::memblock_fdt, "larger than its blob", trees,
         set(Image::kho_fdt, "/memblock", "blob-size", 64ull), memblock},
        {Check::memblock_compatible, "root", every,
         set_text(Image::memblock, "/", "compatible", "memblock-v2"), memblock},
        {Check::memblock_compatible, "child", every, remove(Image::memblock, "/buffer", "compatible"),
         memblock},
        {Check::reservation_property, "no start", every, remove(Image::memblock, "/buffer", "start"),
         memblock},
        {Check::reservation_property, "half a size", every, set(Image::memblock, "/buffer", "size", 1u),
         memblock},
        {Check::reservation_range, "empty", every, set(Image::memblock, "/buffer", "size", 0ull), memblock},
        {Check::reservation_range, "half a page", every, set(Image::memblock, "/buffer", "size", 0x800ull),
         memblock},
        {Check::reservation_range, "wraps", every, set(Image::memblock, "/buffer", "size", 0 - page_size),
         memblock},
        {Check::metadata_size, "no version", trees, set(Image::kho_fdt, "/kexec-metadata", "blob-size", 3ull),
         metadata},
        {Check::metadata_size, "no count", trees, set(Image::kho_fdt, "/kexec-metadata", "blob-size", 72ull),
         metadata},
        {Check::metadata_version, "2", trees, put32(Image::metadata, 2), metadata},
        {Check::metadata_release, "unterminated", trees, fill(Image::metadata + 4, 65, 'x'), metadata},
        {Check::test_fdt, "no magic", every, fill(Image::test_fdt, 4, 0), test},
        {Check::test_compatible, "of no release", every,
         set_text(Image::test_fdt, "/", "compatible", "kho-test-v2"), test},
        {Check::test_compatible, "wrong magic", every, set(Image::test_fdt, "/", "magic", 1u), test},
        {Check::test_property, "no folios", every, remove(Image::test_fdt, "/data", "folios_info"), test},
        {Check::test_property, "no data", every, remove_node(Image::test_fdt, "/data"), test},
        {Check::test_property, "more folios than the array holds", every,
         set(Image::test_fdt, "/data", "nr_folios", 513u), test},
        {Check::test_folio, "of another order", every,
         put64(Image::test_array, value(Image::test_folios[0]) | 1), value(Image::test_array), 0},
    };
}

}  // namespace

std::vector<Case> luo_cases() {
    std::vector<Case> all;
    for (auto *cases : {luo_images, memfd_images, subtree_images})
        for (Case &c : cases()) all.push_back(std::move(c));
    return all;
}

}  // namespace kho::check_cases
