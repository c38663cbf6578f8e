// SPDX-License-Identifier: GPL-2.0-or-later
// What the readers of one handover share, codecs among them. Internal to them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/base/internal/fdt_page.h"
#include "fdt/base/internal/page_set.h"
#include "fdt/base/internal/text.h"
#include "fdt/base/memory.h"
#include "fdt/check/check.h"
#include "fdt/codec/internal/block_index.h"
#include "fdt/model/handover.h"

namespace kho {

// Where in the handover a reader is: cheap to construct; the path string is built on demand.
struct Scope {
    static constexpr std::uint32_t none = Use::none;

    std::string_view base = "/";
    std::uint32_t session = none;
    const std::string *session_name = nullptr;
    std::uint32_t file = none;
    std::string_view tail{};

    std::string path() const;
    Scope in(std::string_view below) const {
        Scope scope = *this;
        scope.tail = below;
        return scope;
    }
};

class ReadContext {
public:
    ReadContext(const Memory *memory, Findings &findings, Handover &into)
        : handover(into), memory_(memory), findings_(findings) {}

    Handover &handover;

    // `text` gives the sentence.
    template <typename Text>
    void fault(Check check, const Scope &scope, std::uint64_t address, std::uint64_t index, Text text) {
        findings_.add(
            check, address, index, [&scope] { return scope.path(); },
            [&text] { return std::string(text()); });
    }
    Findings &findings() { return findings_; }
    // Not for a bare blob.
    bool has_memory() const { return memory_ != nullptr; }

    // Copies what is there. A failure is the finding `check` at `holder`, entry `index`: the structure that holds the
    // address is wrong.
    bool read(PhysAddr from, std::span<std::byte> out, Check check, const Scope &scope, std::uint64_t holder,
              std::uint64_t index);
    template <typename T>
    bool load(PhysAddr from, T &out, Check check, const Scope &scope, std::uint64_t holder,
              std::uint64_t index) {
        return read(from, std::as_writable_bytes(std::span(&out, 1)), check, scope, holder, index);
    }

    // A page's address, and not zero; else the finding `check`.
    bool page_address(std::uint64_t address, std::string_view what, Check check, const Scope &scope,
                      std::uint64_t holder, std::uint64_t index);

    // The map has been read; `complete` if nothing was wrong with it. Before that, and if it was not
    // complete, nothing is said about what is not preserved.
    void set_preserved(BlockIndex index, bool complete);
    const BlockIndex &preserved() const { return preserved_; }
    bool knows_preserved() const { return complete_; }
    // Finding not-preserved unless all pages of the range are.
    bool require_preserved(const Range &range, std::string_view what, const Scope &scope);
    // Warning not-a-block unless a block of this order begins there. For what is preserved.
    void expect_block(PhysAddr address, unsigned order, std::string_view what, const Scope &scope);

    // Stop recording page uses.
    void leave_out_uses() { notes_uses_ = false; }
    // Notes the use of the pages that the range touches.
    void use(const Range &range, UseKind kind, std::uint32_t item = Use::none,
             std::uint32_t file = Use::none);
    // Notes the use of metadata that is about to be read. False, and the finding page-two-uses, if one of
    // the pages has been read as something else before.
    bool claim(const Range &range, UseKind kind, const Scope &scope, std::uint32_t item = Use::none,
               std::uint32_t file = Use::none);
    // As claim(), for a page, without a finding: a chain of pages knows better what is wrong.
    bool claim_page(PhysAddr page) { return claimed_.insert(page); }

    // An FDT property of eight bytes; else the finding `check`.
    std::optional<std::uint64_t> u64(const FdtPage &fdt, int node, const char *property, Check check,
                                     const Scope &scope);
    // Exactly one of these strings; else the finding `check`. The index of the string.
    std::optional<std::size_t> compatible(const FdtPage &fdt, int node,
                                          std::span<const std::string_view> expected, Check check,
                                          const Scope &scope);

private:
    const Memory *memory_;
    Findings &findings_;
    BlockIndex preserved_;
    bool complete_ = false;
    bool notes_uses_ = true;
    PageSet claimed_;
};

// A page's address from which structures can be read without an end that wraps: no machine has memory in the
// last 16 MiB of the address space.
constexpr std::uint64_t last_sound_page = UINT64_MAX - (std::uint64_t{16} << 20) + 1;
constexpr bool is_sound_page(std::uint64_t address) {
    return is_aligned(address, page_size) && address <= last_sound_page;
}

// Pages that a range touches. The range ends below the last page of the address space.
constexpr Range pages_of(const Range &range) {
    const std::uint64_t start = align_down(value(range.start), page_size);
    return {PhysAddr{start}, align_up(value(range.start) + range.size, page_size) - start};
}

// The part before the NUL; nothing if there is none.
template <std::size_t N>
std::optional<std::string_view> terminated(const char (&text)[N]) {
    const std::string_view bytes(text, N);
    const std::size_t end = bytes.find('\0');
    if (end == std::string_view::npos)
        return std::nullopt;
    return bytes.substr(0, end);
}

}  // namespace kho
