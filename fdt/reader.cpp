// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/reader.h"

#include "fdt/kho_v1.h"

namespace kho {
namespace {

Check check_of(Errc code) {
    for (const CheckInfo &entry : checks())
        if (entry.code == code)
            return entry.check;
    return Check::kho_fdt_address;
}

}  // namespace

Handover read_handover(const Memory &memory, const abi::kho_data &data, Findings &findings,
                       const ReadOptions &) {
    Result<Handover> result = read_kho_v1(memory, data);
    if (result)
        return std::move(result).value();
    findings.add({.check = check_of(result.error().code),
                  .path = "/",
                  .address = result.error().address,
                  .index = result.error().index,
                  .text = result.error().what});
    return {};
}

Result<Handover> read_handover(const Memory &memory, const abi::kho_data &data) {
    return read_kho_v1(memory, data);
}

const char *name(BlobKind kind) {
    switch (kind) {
        case BlobKind::kho_fdt:
            return "kho-fdt";
        case BlobKind::luo_fdt:
            return "luo-fdt";
        case BlobKind::luo_ser:
            return "luo-ser";
        case BlobKind::memblock_fdt:
            return "memblock-fdt";
        case BlobKind::kho_test_fdt:
            return "kho-test-fdt";
        case BlobKind::unknown:
            break;
    }
    return "unknown";
}

}  // namespace kho
