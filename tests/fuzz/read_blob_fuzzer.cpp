// SPDX-License-Identifier: GPL-2.0-or-later
// What of a blob is read without memory: KHO, LUO, memblock and kho_test FDTs, luo_ser.
#include <cstring>

#include "fdt/abi/luo_v5.h"
#include "fdt/base/dts.h"
#include "fdt/write/internal/fdt.h"
#include "fdt/write/writer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/handover_promises.h"
#include "tests/unit/fdt/luo_root.h"

namespace {

using namespace kho;

Blob read_clean(std::span<const std::byte> bytes, BlobKind kind) {
    Findings findings;
    Blob blob = read_blob(bytes, findings);
    fuzz::promise(blob.kind == kind && findings.errors() == 0, "a blob that was written is read");
    return blob;
}

// Rewritten, it says the same.
void write_again(const Blob &blob) {
    const Handover &handover = blob.handover;
    Result<FdtBytes> bytes = Error{.code = Errc::malformed, .what = "not tried"};
    switch (*blob.kind) {
        case BlobKind::kho_fdt:
            bytes = write_kho_fdt(*handover.format, handover.memory_map, handover.subtrees);
            break;
        case BlobKind::luo_fdt:
        case BlobKind::luo_ser:
            bytes = write_luo_root(*handover.luo->format, *handover.luo, handover.luo->flbs.has_value());
            break;
        case BlobKind::memblock_fdt:
            bytes = write_memblock_fdt(*handover.memblock);
            break;
        case BlobKind::kho_test_fdt:
        case BlobKind::other_fdt:
            return;
    }
    if (!bytes) {
        // Many small properties fit where the writer's own page does not hold them.
        fuzz::promise(bytes.error().code == Errc::fdt_full, "what was read can be written, or does not fit");
        return;
    }
    const Blob again = read_clean(bytes.value(), *blob.kind);
    fuzz::promise(again.handover == handover, "what was written is what was read");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const auto bytes = fuzz::copy_of(data, size);
    Findings findings;
    const Blob blob = read_blob(bytes, findings);
    fuzz::check_model(blob.handover, findings);
    fuzz::promise((!blob.kind || *blob.kind == BlobKind::other_fdt) <= (findings.errors() > 0),
                  "an unknown blob is an error");
    for (const bool exact : {false, true})
        if (const auto dts = to_dts(bytes, {.exact = exact}); !dts)
            fuzz::promise(dts.error().code == Errc::fdt_header, "an FDT has a source");
    if (findings.errors() + findings.warnings() == 0)
        write_again(blob);
    return 0;
}
