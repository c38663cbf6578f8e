// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/codec/internal/read_context.h"

#include <utility>

namespace kho {

std::string Scope::path() const {
    std::string text(base);
    if (session != none) {
        text += "/sessions/" + std::to_string(session);
        if (session_name != nullptr && !session_name->empty())
            text += " " + in_quotes(*session_name);
    }
    if (file != none)
        text += "/files/" + std::to_string(file);
    return text + std::string(tail);
}

bool ReadContext::read(PhysAddr from, std::span<std::byte> out, Check check, const Scope &scope,
                       std::uint64_t holder, std::uint64_t index) {
    const Outcome outcome = memory_->read(from, out);
    if (!outcome)
        fault(check, scope, holder, index, [&] {
            return std::to_string(out.size()) + " bytes at " + hex(value(from)) +
                   " are not in memory: " + outcome.error().what;
        });
    return outcome.ok();
}

bool ReadContext::page_address(std::uint64_t address, std::string_view what, Check check, const Scope &scope,
                               std::uint64_t holder, std::uint64_t index) {
    if (address != 0 && is_sound_page(address))
        return true;
    fault(check, scope, holder, index, [&] {
        return std::string(what) + " at " + hex(address) +
               (is_aligned(address, page_size) ? ", expected a page's address"
                                               : ", which is not aligned to a page");
    });
    return false;
}

void ReadContext::set_preserved(BlockIndex index, bool complete) {
    preserved_ = std::move(index);
    complete_ = complete;
}

bool ReadContext::require_preserved(const Range &range, std::string_view what, const Scope &scope) {
    if (!complete_ || preserved_.contains(range))
        return true;
    fault(Check::not_preserved, scope, value(range.start), 0, [&] {
        return std::string(what) + " at " + hex(value(range.start)) + ", " + std::to_string(range.size) +
               " bytes, not all of them in preserved memory";
    });
    return false;
}

void ReadContext::expect_block(PhysAddr address, unsigned order, std::string_view what, const Scope &scope) {
    // What is not preserved at all has its finding.
    if (!complete_ || !preserved_.contains({address, page_size}))
        return;
    const std::optional<unsigned> head = preserved_.head_order(address);
    if (head == order)
        return;
    fault(Check::not_a_block, scope, value(address), 0, [&] {
        return std::string(what) + " at " + hex(value(address)) + ": expected a preserved block of order " +
               std::to_string(order) +
               (head ? ", seen one of order " + std::to_string(*head) : ", seen none that begins there");
    });
}

void ReadContext::use(const Range &range, UseKind kind, std::uint32_t item, std::uint32_t file) {
    if (!notes_uses_)
        return;
    const Range pages = pages_of(range);
    if (!handover.uses.empty()) {
        Use &last = handover.uses.back();
        if (last.kind == kind && last.item == item && last.file == file && last.range.end() == pages.start) {
            last.range.size += pages.size;
            return;
        }
    }
    handover.uses.push_back({.range = pages, .kind = kind, .item = item, .file = file});
}

bool ReadContext::claim(const Range &range, UseKind kind, const Scope &scope, std::uint32_t item,
                        std::uint32_t file) {
    const Range pages = pages_of(range);
    for (PhysAddr page = pages.start; page < pages.end(); page = page + page_size)
        if (!claimed_.insert(page)) {
            fault(Check::page_two_uses, scope, value(page), 0, [&] {
                return std::string(name(kind)) + " in page " + hex(value(page)) +
                       ", which has been read as something else before";
            });
            return false;
        }
    use(pages, kind, item, file);
    return true;
}

std::optional<std::uint64_t> ReadContext::u64(const FdtPage &fdt, int node, const char *property, Check check,
                                              const Scope &scope) {
    const Result<std::uint64_t> number = fdt.u64_property(node, property);
    if (number)
        return number.value();
    fault(check, scope, value(fdt.address()), 0, [&] { return number.error().what; });
    return std::nullopt;
}

std::optional<std::size_t> ReadContext::compatible(const FdtPage &fdt, int node,
                                                   std::span<const std::string_view> expected, Check check,
                                                   const Scope &scope) {
    const Result<std::size_t> found = fdt.compatible(node, expected);
    if (found)
        return found.value();
    fault(check, scope, value(fdt.address()), 0, [&] { return found.error().what; });
    return std::nullopt;
}

}  // namespace kho
