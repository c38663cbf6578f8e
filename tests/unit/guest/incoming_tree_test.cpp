// SPDX-License-Identifier: GPL-2.0-or-later
// The guest's reader of the handovers of Linux 7.1 and later: sized subtrees, and the radix tree of preserved
// memory, on images made by hand.
#include <functional>

#include "fdt/abi/radix.h"
#include "guest/kho/incoming.h"
#include "tests/unit/guest/machine.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {
namespace {

using kexec_handover::MemoryRange;
using kho::abi::kho_scratch;

//   16 MiB: FDT, scratch array, LUO's blob, another of three pages; 17 MiB: nodes and leaves, which no kernel
//   preserves
constexpr std::uint64_t fdt_at = 0x1000000, scratch_at = 0x1001000, luo_at = 0x1002000, other_at = 0x1003000,
                        tree_at = 0x1100000, data_at = 0x2000000;

struct Tree {
    Machine m;
    MemoryRange ram[1] = {{0, Machine::default_size, 1, 0}};
    MemoryLayout layout{ram, {}};
    kho::abi::kho_data data{fdt_at, kho::page_size, scratch_at, sizeof(kho_scratch)};
    std::string compatible = "kho-v4", data_property = "preserved-data", size_property = "blob-size";
    std::uint64_t map = tree_at, other_size = 3 * kho::page_size - 5;
    std::uint64_t next_node = tree_at + kho::page_size;
    IncomingHandover handover;
    Place place;

    Tree() {
        m.as<kho_scratch>(scratch_at) = {Machine::scratch_start, Machine::scratch_size};
        for (std::uint64_t page = fdt_at; page < other_at + 3 * kho::page_size; page += kho::page_size)
            preserve(page, 0);
        preserve(data_at, 0);
        preserve(data_at + 0x8000, 3);
        preserve(data_at + 0x400000, 10);
        write_fdt();
    }
    std::uint64_t &entry(std::uint64_t node, unsigned i) { return m.as<std::uint64_t>(node + i * 8); }
    // The address of the leaf that holds this key; makes what is not there.
    std::uint64_t leaf(std::uint64_t key) {
        std::uint64_t node = tree_at;
        for (unsigned level = kho::abi::radix_levels - 1; level > 0; level--) {
            std::uint64_t &child = entry(node, kho::abi::radix_index(key, level));
            if (child == 0) {
                child = next_node;
                next_node += kho::page_size;
            }
            node = child;
        }
        return node;
    }
    void set_key(std::uint64_t key) {
        const unsigned bit = kho::abi::radix_bit(key);
        m.as<std::uint64_t>(leaf(key) + bit / 64 * 8) |= std::uint64_t{1} << bit % 64;
    }
    void preserve(std::uint64_t at, unsigned order) { set_key(kho::abi::radix_key(at, order)); }
    void write_fdt() {
        char *f = reinterpret_cast<char *>(m.at(kho::PhysAddr{fdt_at}));
        fdt_create(f, kho::page_size);
        fdt_finish_reservemap(f);
        fdt_begin_node(f, "");
        fdt_property(f, "compatible", compatible.c_str(), static_cast<int>(compatible.size() + 1));
        fdt_property(f, "preserved-memory-map", &map, sizeof(map));
        const auto subtree = [&](const char *name, std::uint64_t at, std::uint64_t size) {
            fdt_begin_node(f, name);
            fdt_property(f, data_property.c_str(), &at, sizeof(at));
            fdt_property(f, size_property.c_str(), &size, sizeof(size));
            fdt_end_node(f);
        };
        subtree("LUO", luo_at, 32);
        subtree("other", other_at, other_size);
        fdt_end_node(f);
        ASSERT_EQ(fdt_finish(f), 0);
    }
    Fault read() {
        Errno error = handover.open(m.window(), data, layout, place);
        if (error == Errno::ok)
            error = handover.mark_preserved(m.pages, place);
        EXPECT_EQ(error == Errno::ok, place.fault == Fault::none);
        return place.fault;
    }
};

TEST(IncomingTree, ASoundOneIsReadToTheLastBlock) {
    for (const char *compatible : {"kho-v3", "kho-v4"}) {
        Tree t;
        t.compatible = compatible;
        t.write_fdt();
        ASSERT_EQ(t.read(), Fault::none) << compatible;
        EXPECT_EQ(t.handover.format().compatible, compatible);
        EXPECT_EQ(t.handover.blocks(), 6u + 3);
        EXPECT_EQ(*t.m.pages.order_of(kho::PhysAddr{data_at + 0x400000}), 10u);
        EXPECT_EQ(*t.m.pages.order_of(kho::PhysAddr{data_at + 0x8000}), 3u);
        // Of each order a path from the root, which is shared where the keys begin alike.
        EXPECT_EQ(t.handover.nodes(), (t.next_node - tree_at) / kho::page_size);
        EXPECT_EQ(t.handover.unpreserved_metadata(), t.handover.nodes()) << "as kernels leave it";
        const IncomingHandover::Subtree *other = t.handover.subtree("other");
        ASSERT_NE(other, nullptr);
        EXPECT_EQ(other->size, 3 * kho::page_size - 5);
    }
}

TEST(IncomingTree, AllOfItsPagesAreKeptFromOthersAndThenGivenBack) {
    Tree t;
    const Pages::Counts before = t.m.pages.counts();
    ASSERT_EQ(t.read(), Fault::none);
    EXPECT_EQ(t.m.pages.claim(kho::PhysAddr{tree_at}), Errno::ebusy);
    EXPECT_EQ(t.m.pages.claim(kho::PhysAddr{other_at + 2 * kho::page_size}), Errno::ebusy);
    static_cast<void>(t.handover.release_metadata(t.m.pages));
    // LUO's blob is its reader's; the data have no owner yet.
    EXPECT_EQ(t.m.pages.counts().incoming, 1u + 1 + 8 + 1024);
    EXPECT_EQ(t.m.pages.counts().free, before.free - (1 + 1 + 8 + 1024));
}

TEST(IncomingTree, EmptyLeavesAndNodesThatArePreservedAreLegal) {
    Tree t;
    static_cast<void>(t.leaf(kho::abi::radix_key(0x3000000, 5)));
    for (std::uint64_t node = tree_at, end = t.next_node; node < end; node += kho::page_size)
        t.preserve(node, 0);
    ASSERT_EQ(t.read(), Fault::none);
    EXPECT_EQ(t.handover.unpreserved_metadata(), 0u);
}

TEST(IncomingTree, AMalformedOneIsRefusedWithItsOwnFault) {
    struct Case {
        const char *what;
        Fault fault;
        void (*damage)(Tree &t);
    };
    static const Case cases[] = {
        {"root unaligned", Fault::radix_node,
         [](Tree &t) {
             t.map = tree_at + 8;
             t.write_fdt();
         }},
        {"root outside of RAM", Fault::radix_node,
         [](Tree &t) {
             t.map = std::uint64_t{1} << 50;
             t.write_fdt();
         }},
        {"root in scratch", Fault::radix_node,
         [](Tree &t) {
             t.map = Machine::scratch_start;
             t.write_fdt();
         }},
        {"a child outside of RAM", Fault::radix_node,
         [](Tree &t) { t.entry(tree_at, 3) = Machine::default_size; }},
        {"a child unaligned", Fault::radix_node, [](Tree &t) { t.entry(tree_at, 3) = 0x1200001; }},
        // Keys beyond those that stand for an order.
        {"a key of no order", Fault::radix_key, [](Tree &t) { t.set_key(std::uint64_t{1} << 53); }},
        {"key 0", Fault::radix_key, [](Tree &t) { t.set_key(0); }},
        {"an absurd order", Fault::radix_order, [](Tree &t) { t.set_key(std::uint64_t{1} << (52 - 21)); }},
        {"a block outside of RAM", Fault::block_outside_ram,
         [](Tree &t) { t.preserve(Machine::default_size, 0); }},
        {"a block at the end of memory", Fault::block_outside_ram,
         [](Tree &t) { t.preserve(~std::uint64_t{0xfff}, 0); }},
        {"a block in scratch", Fault::block_in_scratch,
         [](Tree &t) { t.preserve(Machine::scratch_start, 2); }},
        {"a block in two orders", Fault::block_twice, [](Tree &t) { t.preserve(data_at + 0x8000, 0); }},
        {"a subtree without its size", Fault::subtree_property,
         [](Tree &t) {
             t.size_property = "size";
             t.write_fdt();
         }},
        {"a subtree as in kho-v1", Fault::subtree_property,
         [](Tree &t) {
             t.data_property = "fdt";
             t.write_fdt();
         }},
        {"a subtree of nothing", Fault::subtree_size,
         [](Tree &t) {
             t.other_size = 0;
             t.write_fdt();
         }},
        {"a subtree larger than memory", Fault::subtree_size,
         [](Tree &t) {
             t.other_size = ~std::uint64_t{0};
             t.write_fdt();
         }},
        {"a subtree that covers the map", Fault::metadata_shared,
         [](Tree &t) {
             t.other_size = 64 << 20;
             t.write_fdt();
         }},
    };
    for (const Case &c : cases) {
        Tree t;
        c.damage(t);
        EXPECT_EQ(t.read(), c.fault) << c.what;
    }
}

// Every inner node leads to the root again: 512^5 ways.
TEST(IncomingTree, ACycleEnds) {
    Tree t;
    for (unsigned i = 0; i < 512; i++) t.entry(tree_at, i) = tree_at;
    const Fault fault = t.read();
    EXPECT_TRUE(fault == Fault::radix_too_many || fault == Fault::radix_key || fault == Fault::radix_order ||
                fault == Fault::block_outside_ram)
        << name(fault);
}

// Two ways to one node without a block in it.
TEST(IncomingTree, ANodeWithTwoUsesIsShared) {
    Tree t;
    const std::uint64_t empty = t.next_node;
    unsigned made = 0;
    for (unsigned i = 0; i < 512 && made < 2; i++)
        if (t.entry(tree_at, i) == 0) {
            t.entry(tree_at, i) = empty;
            made++;
        }
    EXPECT_EQ(t.read(), Fault::metadata_shared);
    EXPECT_EQ(t.place.address, empty);
}

}  // namespace
}  // namespace guest
