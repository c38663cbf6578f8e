// SPDX-License-Identifier: GPL-2.0-or-later
// Blobs without the memory behind them, as debugfs gives them: what kind one is, and what it says by itself.
#include <libfdt.h>

#include "fdt/abi/kho_test.h"
#include "fdt/abi/luo_v5.h"
#include "fdt/abi/memblock.h"
#include "fdt/read/internal/context.h"

namespace kho {
namespace {

// Compatibles carry a version at their end: "kho-v2" is a KHO FDT, though one that is refused.
BlobKind kind_of(const FdtPage &fdt) {
    const std::string compatible = fdt.text_property(FdtPage::root, "compatible");
    const auto is = [&](std::string_view prefix) { return compatible.starts_with(prefix); };
    if (is("kho-test-v"))
        return BlobKind::kho_test_fdt;
    if (is("kho-v"))
        return BlobKind::kho_fdt;
    if (is("luo-v"))
        return BlobKind::luo_fdt;
    if (is("memblock-v"))
        return BlobKind::memblock_fdt;
    return BlobKind::unknown;
}

void read_fdt_blob(ReadContext &context, const FdtPage &fdt, Blob &blob) {
    blob.kind = kind_of(fdt);
    switch (blob.kind) {
        case BlobKind::kho_fdt:
            read_kho_fdt(context, fdt);
            break;
        case BlobKind::luo_fdt: {
            Luo luo;
            read_luo_fdt(context, fdt, luo);
            if (luo.format != LuoFormat::unknown)
                context.handover.luo = std::move(luo);
            break;
        }
        case BlobKind::memblock_fdt:
            read_memblock_fdt(context, fdt, PhysAddr{0});
            break;
        case BlobKind::kho_test_fdt:
            read_kho_test_fdt(context, fdt, PhysAddr{0});
            break;
        case BlobKind::luo_ser:
        case BlobKind::unknown:
            context.fault(Check::blob_unknown, Scope{}, 0, 0, [&] {
                return "an FDT with the compatible " +
                       in_quotes(fdt.text_property(FdtPage::root, "compatible"));
            });
    }
}

}  // namespace

Blob read_blob(std::span<const std::byte> bytes, Findings &findings) {
    Blob blob{.kind = BlobKind::unknown, .handover = {.format = KhoFormat::unknown}};
    ReadContext context(nullptr, findings, blob.handover);
    const std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    if (text.starts_with("luo-v")) {
        blob.kind = BlobKind::luo_ser;
        Luo luo;
        read_luo_ser(context, bytes, luo);
        if (luo.format != LuoFormat::unknown)
            blob.handover.luo = std::move(luo);
        return blob;
    }
    if (bytes.size() >= sizeof(fdt_header) && fdt_magic(bytes.data()) == FDT_MAGIC) {
        // debugfs gives whole pages or just the FDT; both are at least as long as it says.
        const Result<FdtPage> fdt = FdtPage::parse({bytes.begin(), bytes.end()}, PhysAddr{0});
        if (fdt)
            read_fdt_blob(context, fdt.value(), blob);
        else
            context.fault(Check::kho_fdt_header, Scope{}, 0, 0, [&] { return fdt.error().what; });
        return blob;
    }
    context.fault(Check::blob_unknown, Scope{}, 0, 0, [&] {
        return std::to_string(bytes.size()) + " bytes that are neither an FDT nor luo_ser, beginning with " +
               in_quotes(text.substr(0, 16));
    });
    return blob;
}

}  // namespace kho
