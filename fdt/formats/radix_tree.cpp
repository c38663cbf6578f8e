// SPDX-License-Identifier: GPL-2.0-or-later
// The map of preserved memory from kho-v3 on: a radix tree of six levels.
// Follows include/linux/kho/abi/kexec_handover.h and kernel/liveupdate/kexec_handover.c of 7.1 to 7.3.
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

#include "fdt/abi/radix.h"
#include "fdt/codec/internal/codec.h"
#include "fdt/codec/internal/map_words.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/formats/internal/codecs.h"

namespace kho {
namespace {

class RadixTree final : public MapCodec {
public:
    std::string_view name() const override { return "radix tree"; }
    std::span<const Structure> structures() const override;
    bool walk(ReadContext &context, PhysAddr root, const TakeBits &take) const override;
    std::uint64_t pages(std::span<const BlockRun> runs) const override;
    void write(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out) const override;
};

constexpr Scope scope{.base = "/preserved-memory-map"};

class RadixReader {
public:
    RadixReader(ReadContext &context, const TakeBits &take) : context_(context), take_(take) {}

    void read_root(PhysAddr root);
    bool complete() const { return complete_; }

private:
    template <typename Text>
    void fault(Check check, std::uint64_t address, std::uint64_t index, Text text) {
        complete_ = false;
        context_.fault(check, scope, address, index, text);
    }
    void read_entries(unsigned level, std::uint64_t at, std::uint64_t key);
    bool accept_child(std::uint64_t child, std::uint64_t holder, unsigned index);
    void read_leaf(std::uint64_t at, std::uint64_t holder, unsigned index, std::uint64_t key);

    ReadContext &context_;
    const TakeBits &take_;
    PageSet pages_;  // nodes and leaves: none is reached twice, which bounds the work
    bool complete_ = true;
    bool full_ = false;
    abi::radix_node nodes_[abi::radix_levels];  // the path from the root, nodes_[level]
    abi::radix_leaf leaf_;
};

void RadixReader::read_root(PhysAddr root) {
    pages_.insert(root);
    constexpr unsigned top = abi::radix_levels - 1;
    if (!context_.load(root, nodes_[top], Check::map_address, scope, value(root), 0)) {
        complete_ = false;
        return;
    }
    context_.use({root, page_size}, UseKind::map_node);
    read_entries(top, value(root), 0);
}

bool RadixReader::accept_child(std::uint64_t child, std::uint64_t holder, unsigned index) {
    if (!context_.page_address(child, "entry", Check::radix_node_address, scope, holder, index)) {
        complete_ = false;
        return false;
    }
    if (!pages_.insert(PhysAddr{child})) {
        fault(Check::radix_node_twice, holder, index,
              [&] { return "entry " + hex(child) + " leads to a page that was visited before"; });
        return false;
    }
    return true;
}

// `key` is what the path so far says of all keys below.
void RadixReader::read_entries(unsigned level, std::uint64_t at, std::uint64_t key) {
    const abi::radix_node &node = nodes_[level];
    constexpr unsigned line = 16;  // of which a node has whole ones
    for (unsigned i = 0; i < std::size(node.table) && !full_; i++) {
        // Most nodes have few entries.
        if (i % line == 0 && any_and_all(std::span(node.table).subspan(i).first<line>()).any == 0) {
            i += line - 1;
            continue;
        }
        const std::uint64_t child = node.table[i];
        if (child == 0 || !accept_child(child, at, i))
            continue;
        const unsigned shift = abi::radix_leaf_shift + (level - 1) * abi::radix_node_shift;
        const std::uint64_t below = key | std::uint64_t{i} << shift;
        if (std::bit_width(below) > static_cast<int>(abi::radix_key_bits)) {
            fault(Check::radix_key, at, i, [&] {
                return "keys from " + hex(below) + " have " + std::to_string(std::bit_width(below)) +
                       " bits, expected at most 53";
            });
            continue;
        }
        if (level == 1) {
            read_leaf(child, at, i, below);
            continue;
        }
        if (!context_.load(PhysAddr{child}, nodes_[level - 1], Check::radix_node_address, scope, at, i)) {
            complete_ = false;
            continue;
        }
        context_.use({PhysAddr{child}, page_size}, UseKind::map_node);
        read_entries(level - 1, child, below);
    }
}

void RadixReader::read_leaf(std::uint64_t at, std::uint64_t holder, unsigned index, std::uint64_t key) {
    if (!context_.read(PhysAddr{at}, std::as_writable_bytes(std::span(leaf_.bitmap)),
                       Check::radix_node_address, scope, holder, index)) {
        complete_ = false;
        return;
    }
    context_.use({PhysAddr{at}, page_size}, UseKind::map_bitmap);
    // All keys of a leaf have one order, unless the order bit is in the leaf itself, and then it is too
    // large.
    const unsigned order =
        key == 0 ? max_block_order + 1 : abi::radix_key_bits - static_cast<unsigned>(std::bit_width(key));
    if (order > max_block_order) {
        for_each_run(leaf_.bitmap, [&](std::uint64_t bit, std::uint64_t) {
            const std::uint64_t whole = key | bit;
            if (whole == 0)
                fault(Check::radix_key, at, bit, [] { return std::string("key 0 has no order bit"); });
            else
                fault(Check::radix_order, at, bit, [&] {
                    return "key " + hex(whole) + " has order " +
                           std::to_string(static_cast<int>(abi::radix_key_bits) - std::bit_width(whole)) +
                           ", expected at most " + std::to_string(max_block_order);
                });
            return false;
        });
        return;
    }
    constexpr std::uint64_t leaf_bits = std::uint64_t{1} << abi::radix_leaf_shift;
    const std::uint64_t first = key ^ std::uint64_t{1} << (abi::radix_key_bits - 1 - order);
    if (first + leaf_bits == std::uint64_t{1} << (64 - page_shift - order)) {
        // A block there would end where addresses do.
        for_each_run(leaf_.bitmap, [&](std::uint64_t bit, std::uint64_t) {
            fault(Check::radix_key, at, bit,
                  [&] { return "key " + hex(key | bit) + " is about the end of the address space"; });
            return false;
        });
        return;
    }
    if (!take_(order, first, leaf_.bitmap)) {
        full_ = true;
        fault(Check::map_size, at, 0, [] { return too_many_runs(); });
    }
}

}  // namespace

bool RadixTree::walk(ReadContext &context, PhysAddr root, const TakeBits &take) const {
    RadixReader reader(context, take);
    reader.read_root(root);
    return reader.complete();
}

namespace {

// Calls visit(leaf, first bit, number of bits) for each piece of a run that lies in one leaf.
template <typename Visit>
void for_each_piece(std::span<const BlockRun> runs, Visit visit) {
    constexpr std::uint64_t leaf_bits = std::uint64_t{1} << abi::radix_leaf_shift;
    for (const BlockRun &run : runs) {
        const std::uint64_t order_bit = abi::radix_key(0, run.order);
        for (std::uint64_t block = run.first; block < run.end();) {
            const std::uint64_t key = order_bit | block;
            const std::uint64_t stop = std::min(run.end(), (block / leaf_bits + 1) * leaf_bits);
            visit(key >> abi::radix_leaf_shift, abi::radix_bit(key), stop - block);
            block = stop;
        }
    }
}

struct Tree {
    // The nodes of each level, known by the keys' bits above them. Level 0: leaves.
    std::array<std::vector<std::uint64_t>, abi::radix_levels> ids;
    std::array<std::uint64_t, abi::radix_levels> first_page{};
    std::uint64_t pages = 0;

    explicit Tree(std::span<const BlockRun> runs) {
        for_each_piece(runs, [this](std::uint64_t leaf, std::uint64_t, std::uint64_t) {
            if (ids[0].empty() || ids[0].back() != leaf)
                ids[0].push_back(leaf);
        });
        // Runs ascend by order, while the order's bit descends.
        std::ranges::sort(ids[0]);
        for (unsigned level = 1; level < abi::radix_levels; level++)
            for (const std::uint64_t child : ids[level - 1])
                if (const std::uint64_t id = child >> abi::radix_node_shift;
                    ids[level].empty() || ids[level].back() != id)
                    ids[level].push_back(id);
        if (ids.back().empty())
            ids.back().push_back(0);  // a root without anything below it
        assert(ids.back().size() == 1);
        for (unsigned level = abi::radix_levels; level-- > 0;) {
            first_page[level] = pages;
            pages += ids[level].size();
        }
    }

    std::uint64_t page_of(unsigned level, std::uint64_t id) const {
        const auto found = std::ranges::lower_bound(ids[level], id);
        return first_page[level] + static_cast<std::uint64_t>(found - ids[level].begin());
    }
};

constexpr StructureField node_fields[] = {KHO_FIELD(abi::radix_node, table)};
constexpr StructureField leaf_fields[] = {KHO_FIELD(abi::radix_leaf, bitmap)};
constexpr Structure structure_list[] = {{"kho_radix_node", sizeof(abi::radix_node), node_fields},
                                        {"kho_radix_leaf", sizeof(abi::radix_leaf), leaf_fields}};

}  // namespace

std::span<const Structure> RadixTree::structures() const { return structure_list; }

std::uint64_t RadixTree::pages(std::span<const BlockRun> runs) const { return Tree(runs).pages; }

void RadixTree::write(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out) const {
    const Tree tree(runs);
    assert(out.size() >= tree.pages * page_size);
    std::ranges::fill(out, std::byte{0});
    for (unsigned level = 1; level < abi::radix_levels; level++) {
        const std::vector<std::uint64_t> &children = tree.ids[level - 1];
        for (std::size_t i = 0; i < children.size(); i++) {
            const std::uint64_t parent = tree.page_of(level, children[i] >> abi::radix_node_shift);
            const std::uint64_t slot = children[i] % (std::uint64_t{1} << abi::radix_node_shift);
            const std::uint64_t child = value(at + (tree.first_page[level - 1] + i) * page_size);
            std::memcpy(out.data() + parent * page_size + slot * sizeof child, &child, sizeof child);
        }
    }
    for_each_piece(runs, [&](std::uint64_t leaf, std::uint64_t bit, std::uint64_t count) {
        set_bits(out.subspan(tree.page_of(0, leaf) * page_size, page_size), bit, count);
    });
}

const MapCodec &radix_tree() {
    static const RadixTree codec;
    return codec;
}

}  // namespace kho
