// SPDX-License-Identifier: GPL-2.0-or-later
// Preserved vmalloc areas: a chain of chunks that name the area's pages.
// Follows kho_restore_vmalloc() in kernel/liveupdate/kexec_handover.c.
#include <algorithm>

#include "fdt/codec/internal/vmalloc.h"

namespace kho {
namespace {

class VmallocReader {
public:
    VmallocReader(ReadContext &context, const abi::kho_vmalloc &area, PhysAddr holder, UseKind kind,
                  const Scope &scope)
        : context_(context), source_(area), holder_(value(holder)), kind_(kind), scope_(scope) {}

    VmallocArea read();

private:
    bool accept_header();
    bool read_chunk(std::uint64_t at, std::uint64_t &next);
    bool accept_page(std::uint64_t page, std::uint64_t chunk_at, std::uint64_t index);
    bool accept_block(std::uint64_t at, unsigned order, const char *what);
    bool chain(std::uint64_t at, const std::string &what) {
        context_.fault(Check::vmalloc_chain, scope_, at, 0, [&] { return what; });
        return false;
    }

    ReadContext &context_;
    const abi::kho_vmalloc &source_;
    std::uint64_t holder_;
    UseKind kind_;
    const Scope &scope_;
    std::vector<std::uint64_t> chunks_;
    std::uint64_t total_ = 0;
    VmallocArea area_;
};

bool VmallocReader::accept_header() {
    constexpr unsigned known = abi::kho_vmalloc_alloc | abi::kho_vmalloc_huge;
    if ((source_.flags & ~known) != 0)
        context_.fault(Check::vmalloc_flags, scope_, holder_, 0,
                       [&] { return "flags are " + hex(source_.flags) + ", known ones are " + hex(known); });
    if (source_.order > max_order) {
        context_.fault(Check::vmalloc_order, scope_, holder_, 0, [&] {
            return "order is " + std::to_string(source_.order) + ", expected at most " +
                   std::to_string(max_order);
        });
        return false;
    }
    area_.order = source_.order;
    return true;
}

// Restoring asks for a block of this very order.
bool VmallocReader::accept_block(std::uint64_t at, unsigned order, const char *what) {
    const Scope &scope = scope_;
    if (!context_.require_preserved({PhysAddr{at}, order_bytes(order)}, what, scope) ||
        !context_.knows_preserved())
        return true;
    const std::optional<unsigned> head = context_.preserved().head_order(PhysAddr{at});
    if (head != order)
        context_.fault(Check::vmalloc_block, scope, at, 0, [&] {
            return std::string(what) + " at " + hex(at) + ": expected a preserved block of order " +
                   std::to_string(order) +
                   (head ? ", seen one of order " + std::to_string(*head) : ", seen none that begins there");
        });
    return true;
}

bool VmallocReader::accept_page(std::uint64_t page, std::uint64_t chunk_at, std::uint64_t index) {
    if (!context_.page_address(page, "page", Check::vmalloc_address, scope_, chunk_at, index))
        return false;
    total_ += std::uint64_t{1} << area_.order;
    if (total_ > source_.total_pages)
        return chain(chunk_at, "more than total_pages, " + std::to_string(source_.total_pages));
    accept_block(page, area_.order, "vmalloc page");
    if (!context_.claim({PhysAddr{page}, order_bytes(area_.order)}, kind_, scope_, scope_.session,
                        scope_.file))
        return false;
    area_.pages.push_back(PhysAddr{page});
    return true;
}

bool VmallocReader::read_chunk(std::uint64_t at, std::uint64_t &next) {
    const std::uint64_t holder = chunks_.empty() ? holder_ : chunks_.back();
    if (!context_.page_address(at, "chunk", Check::vmalloc_address, scope_, holder, 0))
        return false;
    if (!context_.claim_page(PhysAddr{at})) {
        if (std::ranges::find(chunks_, at) != chunks_.end())
            return chain(at, "chunk " + hex(at) + " follows itself: the chain is a cycle");
        context_.fault(Check::page_two_uses, scope_, at, 0, [&] {
            return "vmalloc chunk " + hex(at) + " has been read as something else before";
        });
        return false;
    }
    abi::vmalloc_chunk chunk;
    if (!context_.load(PhysAddr{at}, chunk, Check::vmalloc_address, scope_, holder, 0))
        return false;
    chunks_.push_back(at);
    context_.use({PhysAddr{at}, page_size}, kind_, scope_.session, scope_.file);
    accept_block(at, 0, "vmalloc chunk");
    for (std::uint64_t i = 0; i < abi::vmalloc_pages_per_chunk && chunk.pages[i] != 0; i++)
        if (!accept_page(chunk.pages[i], at, i))
            return false;
    next = chunk.next;
    return true;
}

VmallocArea VmallocReader::read() {
    if (!accept_header())
        return std::move(area_);
    // A chunk that names no page is legal, since one is begun as soon as the last is full; two in a row are
    // not written by anyone, and claims bound them anyway.
    std::uint64_t at = source_.first;
    do {
        std::uint64_t next = 0;
        if (!read_chunk(at, next))
            return std::move(area_);
        at = next;
    } while (at != 0);
    if (total_ != source_.total_pages)
        chain(holder_,
              std::to_string(total_) + " pages, but total_pages is " + std::to_string(source_.total_pages));
    else
        area_.complete = true;
    return std::move(area_);
}

}  // namespace

VmallocArea read_vmalloc(ReadContext &context, const abi::kho_vmalloc &area, PhysAddr holder, UseKind kind,
                         const Scope &scope) {
    return VmallocReader(context, area, holder, kind, scope).read();
}

}  // namespace kho
