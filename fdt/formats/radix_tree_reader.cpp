// SPDX-License-Identifier: GPL-2.0-or-later
// The map of preserved memory from kho-v3 on: a radix tree of six levels.
// Follows include/linux/kho/abi/kexec_handover.h and kernel/liveupdate/kexec_handover.c of 7.1 to 7.3.
#include <bit>

#include "fdt/abi/radix.h"
#include "fdt/codec/internal/map_words.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/formats/internal/radix_tree.h"

namespace kho {
namespace {

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

}  // namespace kho
