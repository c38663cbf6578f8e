// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and files in linked blocks of a page, as luo-v5 has them.
// Follows kernel/liveupdate/kho_block.c, luo_session.c and luo_file.c from 7.2 on.
#include "fdt/abi/luo_v5.h"
#include "fdt/formats/internal/codecs.h"
#include "fdt/formats/internal/entries.h"

namespace kho {
namespace {

class LinkedBlocks final : public EntryCodec {
public:
    std::string_view name() const override { return "linked blocks"; }
    std::span<const Structure> structures() const override;
    std::uint64_t max_sessions() const override { return abi::max_blocks * abi::sessions_per_block; }
    std::uint64_t max_files() const override { return abi::max_blocks * abi::files_per_block; }
    void read(ReadContext &context, PhysAddr header, std::vector<LuoSession> &sessions) const override;
    Result<std::unique_ptr<EntryWriter>> write_sessions(MetadataPages &pages) const override;
    std::unique_ptr<EntryWriter> write_files(MetadataPages &pages) const override;
};

// A block with entries of one type, copied whole.
template <typename Entry, std::uint64_t Count>
struct Block {
    abi::kho_block_header_ser header;
    Entry entries[Count];
};

struct ChainScope {
    UseKind kind;
    Scope scope;
    std::uint32_t item = Use::none;
    Check address_check;  // of the address that leads to the first block
    const char *what;
};

// Walks a chain of blocks; take(entry, address, index in its block). False if the chain is broken somewhere.
template <typename Entry, std::uint64_t Count, typename Take>
bool for_each_entry(ReadContext &context, std::uint64_t first, std::uint64_t holder, std::uint64_t index,
                    const ChainScope &chain, Take take) {
    static_assert(sizeof(Block<Entry, Count>) <= page_size);
    std::vector<std::uint64_t> seen;
    Check check = chain.address_check;
    for (std::uint64_t at = first; at != 0;) {
        if (!context.page_address(at, chain.what, check, chain.scope, holder, index))
            return false;
        if (seen.size() == abi::max_blocks) {
            context.fault(Check::block_chain, chain.scope, at, 0, [&] {
                return "more than " + std::to_string(abi::max_blocks) + " blocks from " + hex(first);
            });
            return false;
        }
        const Range page{PhysAddr{at}, page_size};
        if (!context.claim_page(page.start)) {
            const bool cycle = std::ranges::find(seen, at) != seen.end();
            context.fault(cycle ? Check::block_chain : Check::page_two_uses, chain.scope, at, 0, [&] {
                return std::string(chain.what) + " " + hex(at) +
                       (cycle ? " follows itself: the chain is a cycle"
                              : " has been read as something else before");
            });
            return false;
        }
        seen.push_back(at);
        Block<Entry, Count> block;
        if (!context.load(page.start, block, check, chain.scope, holder, index))
            return false;
        context.require_preserved(page, chain.what, chain.scope);
        context.use(page, chain.kind, chain.item);
        context.expect_block(page.start, 0, chain.what, chain.scope);
        if (block.header.count == 0 || block.header.count > Count) {
            context.fault(Check::block_count, chain.scope, at, 0, [&] {
                return std::to_string(block.header.count) + " entries, expected 1 to " +
                       std::to_string(Count);
            });
            return false;
        }
        for (std::uint64_t i = 0; i < block.header.count; i++)
            take(block.entries[i], at + sizeof block.header + i * sizeof(Entry), i);
        holder = at;
        index = 0;
        check = Check::block_address;
        at = block.header.next;
    }
    return true;
}

void read_file_blocks(ReadContext &context, const Scope &scope, const abi::luo_file_set_ser &set,
                      std::uint64_t at, std::uint64_t index, LuoSession &session) {
    if (!accept_file_set(context, scope, set, at, index))
        return;
    FileTaker taker(context, session, scope);
    const bool whole = for_each_entry<abi::luo_file_ser, abi::files_per_block>(
        context, set.files, at, index,
        {.kind = UseKind::file_block,
         .scope = scope,
         .item = scope.session,
         .address_check = Check::file_address,
         .what = "file block"},
        [&](const abi::luo_file_ser &file, std::uint64_t file_at, std::uint64_t i) {
            taker.take(file, file_at, i);
        });
    if (whole && session.files.size() != set.count)
        context.fault(Check::file_count_sum, scope, at, index, [&] {
            return "count is " + std::to_string(set.count) + ", but the blocks hold " +
                   std::to_string(session.files.size()) + " files";
        });
    taker.check_tokens();
}

class BlockWriter final : public EntryWriter {
public:
    explicit BlockWriter(MetadataPages &pages) : pages_(pages) {}

    // Blocks begin with the first entry.
    PhysAddr address() const override { return first_; }

    Outcome add(std::span<const std::byte> entry) override {
        if (block_.bytes.empty() || offset_ + entry.size() > page_size)
            if (Outcome outcome = begin(); !outcome)
                return outcome;
        std::ranges::copy(entry, block_.bytes.begin() + static_cast<std::ptrdiff_t>(offset_));
        offset_ += entry.size();
        count_++;
        MetadataPages::put(block_, count_, offsetof(abi::kho_block_header_ser, count));
        return success();
    }

private:
    Outcome begin() {
        Result<MetadataPages::Block> block = pages_.preserved(0);
        if (!block)
            return block.error();
        if (value(first_) == 0)
            first_ = block.value().address;
        else
            MetadataPages::put(block_, value(block.value().address),
                               offsetof(abi::kho_block_header_ser, next));
        block_ = block.value();
        offset_ = sizeof(abi::kho_block_header_ser);
        count_ = 0;
        return success();
    }

    MetadataPages &pages_;
    MetadataPages::Block block_;  // the last one
    std::uint64_t offset_ = 0;    // of the next entry in it
    std::uint64_t count_ = 0;     // of entries in it
    PhysAddr first_{};
};

constexpr StructureField header_fields[] = {KHO_FIELD(abi::kho_block_header_ser, next),
                                            KHO_FIELD(abi::kho_block_header_ser, count)};
constexpr Structure structure_list[] = {
    {"kho_block_header_ser", sizeof(abi::kho_block_header_ser), header_fields},
    session_structure,
    file_set_structure,
    file_structure};

}  // namespace

std::span<const Structure> LinkedBlocks::structures() const { return structure_list; }

void LinkedBlocks::read(ReadContext &context, PhysAddr first, std::vector<LuoSession> &sessions) const {
    SessionTaker taker(context, sessions);
    for_each_entry<abi::luo_session_ser, abi::sessions_per_block>(
        context, value(first), value(context.handover.fdt), 0,
        {.kind = UseKind::session_block,
         .scope = sessions_scope,
         .address_check = Check::session_address,
         .what = "session block"},
        [&](const abi::luo_session_ser &entry, std::uint64_t at, std::uint64_t index) {
            taker.take(entry, at, index, read_file_blocks);
        });
}

Result<std::unique_ptr<EntryWriter>> LinkedBlocks::write_sessions(MetadataPages &pages) const {
    return write_files(pages);
}

std::unique_ptr<EntryWriter> LinkedBlocks::write_files(MetadataPages &pages) const {
    return std::make_unique<BlockWriter>(pages);
}

const EntryCodec &linked_blocks() {
    static const LinkedBlocks codec;
    return codec;
}

}  // namespace kho
