// SPDX-License-Identifier: GPL-2.0-or-later
// Blobs without the memory behind them, as debugfs gives them: what kind one is, and what it says by itself.
#include <algorithm>

#include <libfdt.h>

#include "fdt/codec/internal/codec.h"
#include "fdt/read/internal/parts.h"

namespace kho {
namespace {

void read_luo_blob(ReadContext &context, const Formats &formats, std::span<const std::byte> bytes) {
    Luo luo;
    read_luo_root(context, formats, {bytes.begin(), bytes.end()}, luo);
    if (luo.format != nullptr)
        context.handover.luo = std::move(luo);
}

void read_fdt_blob(ReadContext &context, const Formats &formats, const FdtPage &fdt, BlobKind kind) {
    switch (kind) {
        case BlobKind::kho_fdt:
            read_kho_fdt(context, formats, fdt);
            break;
        case BlobKind::memblock_fdt:
            read_memblock_fdt(context, fdt, PhysAddr{0});
            break;
        case BlobKind::kho_test_fdt:
            read_kho_test_fdt(context, fdt, PhysAddr{0});
            break;
        case BlobKind::luo_fdt:
        case BlobKind::luo_ser:
        case BlobKind::other_fdt:
            context.fault(Check::blob_unknown, Scope{}, 0, 0, [&] {
                return "an FDT with the compatible " +
                       in_quotes(fdt.text_property(FdtPage::root, "compatible"));
            });
    }
}

bool is_luo_root(const Formats &formats, std::span<const std::byte> bytes) {
    return std::ranges::any_of(formats.luo(nullptr),
                               [bytes](const LuoFormat *format) { return format->root.recognizes(bytes); });
}

}  // namespace

Blob read_blob(std::span<const std::byte> bytes, Findings &findings, const Formats &formats) {
    Blob blob;
    ReadContext context(nullptr, findings, blob.handover);
    const std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    if (bytes.size() >= sizeof(fdt_header) && fdt_head(bytes).is_fdt()) {
        // debugfs gives whole pages or just the FDT; both are at least as long as it says.
        const Result<FdtPage> fdt = FdtPage::parse({bytes.begin(), bytes.end()}, PhysAddr{0});
        if (!fdt) {
            context.fault(Check::kho_fdt_header, Scope{}, 0, 0, [&] { return fdt.error().what; });
            return blob;
        }
        blob.kind = fdt_kind(fdt.value().text_property(FdtPage::root, "compatible"));
        if (blob.kind == BlobKind::luo_fdt)
            read_luo_blob(context, formats, bytes);
        else
            read_fdt_blob(context, formats, fdt.value(), *blob.kind);
        return blob;
    }
    if (is_luo_root(formats, bytes)) {
        blob.kind = BlobKind::luo_ser;
        read_luo_blob(context, formats, bytes);
        return blob;
    }
    context.fault(Check::blob_unknown, Scope{}, 0, 0, [&] {
        return std::to_string(bytes.size()) + " bytes that are neither an FDT nor luo_ser, beginning with " +
               in_quotes(text.substr(0, 16));
    });
    return blob;
}

}  // namespace kho
