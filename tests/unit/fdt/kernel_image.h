// SPDX-License-Identifier: GPL-2.0-or-later
// A handover in memory as each generation of kernels leaves it, made byte by byte and without our writers, so
// that the two check each other and what no writer makes can be made: change a structure, and read.
#pragma once

#include <functional>
#include <map>

#include "fdt/abi/luo_v5.h"
#include "fdt/abi/memfd.h"
#include "fdt/abi/radix.h"
#include "fdt/read/reader.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/test_memory.h"

namespace kho {

enum class Producer { v6_19, v7_0, v7_1, v7_2 };
inline constexpr Producer all_producers[] = {Producer::v6_19, Producer::v7_0, Producer::v7_1, Producer::v7_2};
const char *name(Producer generation);

//  KHO FDT ── LUO ── "vm-1" ── memfd 0: two folios and a hole      token 1
//     │        │         └──── memfd 1: no size                    token 2
//     │        ├──── "vm-2" ── memfd 2: a page that is a hole      token 1
//     │        ├──── "empty"
//     │        └──── an FLB (not 6.19)
//     ├── memblock ── a reservation of six pages
//     ├── kexec-metadata (not 6.19 and 7.0)
//     └── kho_test ── two folios
class KernelImage {
public:
    static constexpr PhysAddr scratch_array{0x1000000};
    static constexpr PhysAddr kho_fdt{0x1001000};
    static constexpr PhysAddr luo{0x1002000};  // LUO FDT or luo_ser
    static constexpr PhysAddr memblock{0x1003000};
    static constexpr PhysAddr metadata{0x1004000};
    static constexpr PhysAddr test_fdt{0x1005000};
    static constexpr PhysAddr flbs{0x1006000};
    static constexpr PhysAddr chunk{0x1009000};  // of memfd 0's folio array
    static constexpr PhysAddr folio_array{0x100a000};
    static constexpr PhysAddr test_chunk{0x100b000};
    static constexpr PhysAddr test_array{0x100c000};
    static constexpr PhysAddr spare{0x100f000};  // preserved, order 0, zeroes, without a use
    static constexpr PhysAddr session_blocks[2] = {PhysAddr{0x1007000}, PhysAddr{0x1008000}};  // 7.2
    static constexpr PhysAddr file_blocks[3] = {PhysAddr{0x1011000}, PhysAddr{0x1012000},
                                                PhysAddr{0x1013000}};
    static constexpr PhysAddr session_array{0x1020000};  // up to 7.1
    static constexpr PhysAddr file_arrays[2] = {PhysAddr{0x1030000}, PhysAddr{0x1032000}};
    static constexpr PhysAddr small_folio{0x2000000};
    static constexpr PhysAddr large_folio{0x2200000};  // of order 9
    static constexpr PhysAddr reservation{0x3000000};
    static constexpr PhysAddr test_folios[2] = {PhysAddr{0x3100000},
                                                PhysAddr{0x3110000}};  // order 0, order 4
    static constexpr PhysAddr map{0x4000000};                          // first chunk, or root
    static constexpr PhysAddr nowhere{0x7000000};                      // no memory
    static constexpr PhysAddr memfd(std::uint64_t i) {
        return PhysAddr{0x100d000} + (i < 2 ? i : 3) * page_size;
    }
    PhysAddr session(std::uint64_t i) const;                      // its luo_session_ser
    PhysAddr file(std::uint64_t session, std::uint64_t i) const;  // its luo_file_ser
    PhysAddr folio(std::uint64_t i) const { return folio_array + i * sizeof(abi::memfd_luo_folio_ser); }

    explicit KernelImage(Producer which);

    const Producer generation;
    TestMemory memory;
    abi::kho_data data{};

    bool radix() const { return generation >= Producer::v7_1; }
    bool blocks() const { return generation == Producer::v7_2; }

    // Both write the map again.
    void preserve(PhysAddr address, unsigned order);
    void unpreserve(PhysAddr address);
    // Writes only the map's page for a block: the leaf, or the bitmap. For what the map is to be in the end.
    PhysAddr leaf_of(unsigned order) const { return leaves_.at(order); }

    template <typename T>
    void change(PhysAddr at, const std::function<void(T &)> &how) {
        T object = memory.load<T>(at).value();
        how(object);
        memory.put(at, object);
    }
    void put_u64(PhysAddr at, std::uint64_t number) { memory.put(at, number); }
    // Edits an FDT in place; `how` returns 0, or the image is not what the case wants.
    void edit_fdt(PhysAddr at, const std::function<int(void *)> &how);

    Handover read(Findings &findings, const ReadOptions &options = {}) const {
        return read_handover(memory, data, findings, options);
    }
    // Every page that is there, for mutations: all metadata, but not the content.
    std::vector<PhysAddr> metadata_pages() const;

private:
    void put_kho_fdt();
    void put_luo();
    void put_sessions();
    void put_memfds();
    void put_subtrees();
    void put_map();
    void put_chunk_list();
    void put_radix_tree();

    std::map<std::uint64_t, unsigned> preserved_;  // address -> order
    std::map<unsigned, PhysAddr> leaves_;
};

}  // namespace kho
