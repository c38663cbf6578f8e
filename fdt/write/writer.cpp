// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/write/writer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/kho_test.h"
#include "fdt/abi/luo.h"
#include "fdt/abi/memblock.h"
#include "fdt/base/internal/text.h"
#include "fdt/codec/internal/map_runs.h"
#include "fdt/write/internal/fdt.h"
#include "fdt/write/internal/luo.h"
#include "fdt/write/internal/map.h"

namespace kho {
namespace {

using Block = MetadataPages::Block;

class Writer {
public:
    Writer(const Handover &content, const Release &release, const RangeSet &free, Undescribed undescribed)
        : release_(release),
          undescribed_(undescribed),
          written_{.data = {}, .handover = content, .pages = MetadataPages(free)} {}

    Result<Written> run() {
        Handover &handover = written_.handover;
        handover.format = release_.kho;
        handover.uses.clear();
        for (Outcome (Writer::*step)() : {&Writer::metadata, &Writer::memblock, &Writer::luo, &Writer::sizes,
                                          &Writer::scratch, &Writer::fdt_and_map})
            if (Outcome outcome = (this->*step)(); !outcome)
                return outcome.error();
        return std::move(written_);
    }

private:
    // The subtree of what the content describes. What it does not describe is left out, or keeps the subtree
    // that it has: as `undescribed_` says.
    void set_subtree(const char *name, bool present, PhysAddr address = {}, std::uint64_t size = 0) {
        std::vector<Subtree> &subtrees = written_.handover.subtrees;
        const auto found = std::ranges::find(subtrees, name, &Subtree::name);
        if (!present) {
            if (found != subtrees.end() && undescribed_ == Undescribed::left_out)
                subtrees.erase(found);
            return;
        }
        const Subtree subtree{.name = name, .address = address, .size = size};
        if (found != subtrees.end())
            *found = subtree;
        else
            subtrees.push_back(subtree);
    }

    Outcome metadata() {
        const std::optional<KexecMetadata> &metadata = written_.handover.kexec_metadata;
        if (metadata && !release_.kho->kexec_metadata)
            return Error{.code = Errc::not_in_format,
                         .what = "Linux " + release_.name + " has no kexec-metadata"};
        if (!metadata) {
            set_subtree(abi::kexec_metadata_subtree_name, false);
            return success();
        }
        abi::kho_kexec_metadata blob{};
        const std::string &release = metadata->previous_release;
        if (metadata->version != abi::kexec_metadata_version ||
            release.size() >= sizeof blob.previous_release || release.find('\0') != release.npos)
            return Error{.code = Errc::malformed,
                         .what = "kexec-metadata of version " + std::to_string(metadata->version) +
                                 " with release " + in_quotes(release) +
                                 ", expected version 1 and at most 64 bytes"};
        const Result<Block> block = written_.pages.preserved(0);
        if (!block)
            return block.error();
        blob.version = metadata->version;
        std::memcpy(blob.previous_release, release.data(), release.size());
        blob.kexec_count = metadata->kexec_count;
        MetadataPages::put(block.value(), blob);
        set_subtree(abi::kexec_metadata_subtree_name, true, block.value().address, sizeof blob);
        return success();
    }

    Outcome memblock() {
        const std::optional<std::vector<MemblockReservation>> &reservations = written_.handover.memblock;
        if (!reservations) {
            set_subtree(abi::memblock_subtree_name, false);
            return success();
        }
        const Result<FdtBytes> fdt = write_memblock_fdt(*reservations);
        if (!fdt)
            return fdt.error();
        const Result<Block> block = written_.pages.preserved(0);
        if (!block)
            return block.error();
        std::ranges::copy(fdt.value(), block.value().bytes.begin());
        set_subtree(abi::memblock_subtree_name, true, block.value().address, *fdt_total_size(fdt.value()));
        return success();
    }

    Outcome luo() {
        std::optional<Luo> &luo = written_.handover.luo;
        if (!luo) {
            set_subtree(abi::luo_subtree_name, false);
            return success();
        }
        const Result<std::uint64_t> size = write_luo(*luo, release_, written_.pages);
        if (!size)
            return size.error();
        set_subtree(abi::luo_subtree_name, true, luo->root, size.value());
        return success();
    }

    // What a reader of kho-v1 takes for the size of a blob.
    Outcome sizes() {
        std::vector<Subtree> &subtrees = written_.handover.subtrees;
        for (std::size_t i = 0; i < subtrees.size(); i++) {
            if (value(subtrees[i].address) == 0 || !is_page_aligned(subtrees[i].address))
                return Error{
                    .code = Errc::subtree_address,
                    .address = value(subtrees[i].address),
                    .index = i,
                    .what = "subtree " + in_quotes(subtrees[i].name) + ", expected a page's address"};
            if (!release_.kho->has_sizes())
                subtrees[i].size = page_size;
        }
        return success();
    }

    Outcome scratch() {
        const std::vector<Range> &areas = written_.handover.scratch;
        if (std::ranges::all_of(areas, &Range::empty))
            return Error{.code = Errc::scratch_array, .what = "no scratch area"};
        const std::uint64_t size = areas.size() * sizeof(abi::kho_scratch);
        const Result<Block> array = written_.pages.unpreserved((size + page_size - 1) / page_size);
        if (!array)
            return array.error();
        for (std::size_t i = 0; i < areas.size(); i++)
            MetadataPages::put(array.value(), abi::kho_scratch{value(areas[i].start), areas[i].size},
                               i * sizeof(abi::kho_scratch));
        written_.handover.scratch_array = {array.value().address, size};
        written_.data.scratch_addr = value(array.value().address);
        written_.data.scratch_size = size;
        return success();
    }

    Outcome fdt_and_map() {
        Handover &handover = written_.handover;
        const Result<Block> page = written_.pages.preserved(0);
        if (!page)
            return page.error();
        handover.fdt = page.value().address;
        written_.data.fdt_addr = value(handover.fdt);
        written_.data.fdt_size = abi::kho_fdt_size;

        // Nothing is preserved from here on: the map is complete, and is not in itself.
        const std::span<const PreservedBlocks> blocks = written_.pages.blocks();
        if (Outcome outcome = check_blocks(handover.preserved); !outcome)
            return outcome;
        handover.preserved.insert(handover.preserved.end(), blocks.begin(), blocks.end());
        handover.preserved = join_blocks(handover.preserved);
        const Result<Block> map = written_.pages.unpreserved(map_pages(*release_.kho, handover.preserved));
        if (!map)
            return map.error();
        handover.memory_map = map.value().address;
        if (Outcome outcome =
                write_map(*release_.kho, handover.preserved, handover.memory_map, map.value().bytes);
            !outcome)
            return outcome;
        const Result<FdtBytes> fdt = write_kho_fdt(*release_.kho, handover.memory_map, handover.subtrees);
        if (!fdt)
            return fdt.error();
        std::ranges::copy(fdt.value(), page.value().bytes.begin());
        return success();
    }

    const Release &release_;
    Undescribed undescribed_;
    Written written_;
};

}  // namespace

Result<Written> write_handover(const Handover &content, const Release &release, const RangeSet &free,
                               Undescribed undescribed) {
    return Writer(content, release, free, undescribed).run();
}

}  // namespace kho
