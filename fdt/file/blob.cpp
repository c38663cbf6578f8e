// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/file/internal/blob.h"

#include <libfdt.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/abi/luo.h"
#include "fdt/abi/luo_v5.h"
#include "fdt/abi/phys.h"
#include "fdt/base/internal/fdt_check.h"
#include "fdt/base/internal/fdt_page.h"
#include "fdt/base/internal/text.h"

namespace kho {
namespace {

using Bytes = std::span<const std::byte>;

// Of any version.
constexpr std::string_view luo_root_prefix = "luo-v";

Error blob_error(Errc code, std::string what) { return {.code = code, .what = std::move(what)}; }

Result<BlobHead> read_luo_root(Bytes bytes) {
    if (bytes.size() < sizeof(abi::luo_ser))
        return blob_error(Errc::fdt_header,
                          "a LUO root of " + std::to_string(bytes.size()) + " bytes, expected 32");
    std::string version(sizeof(abi::luo_ser::compatible), '\0');
    std::memcpy(version.data(), bytes.data(), version.size());
    version.resize(std::min(version.find('\0'), version.size()));
    if (version != abi::luo_v5_compatible)
        return blob_error(Errc::compatible_unknown, "a LUO root of version " + in_quotes(version));
    return BlobHead{.kind = BlobKind::luo_ser, .compatible = version, .size = bytes.size()};
}

std::optional<std::uint64_t> u64_property(const void *fdt, int node, const char *name) {
    int length = 0;
    const void *property = fdt_getprop(fdt, node, name, &length);
    std::uint64_t number = 0;
    if (property == nullptr || length != sizeof number)
        return std::nullopt;
    std::memcpy(&number, property, sizeof number);
    return number;
}

// `fdt` has passed check_fdt().
void follow_pointers(const void *fdt, BlobHead &blob) {
    blob.memory_map = u64_property(fdt, 0, abi::memory_map_property);
    int node = 0;
    fdt_for_each_subnode(node, fdt, 0) {
        std::optional<std::uint64_t> address = u64_property(fdt, node, abi::sub_fdt_property);
        if (!address)
            address = u64_property(fdt, node, abi::preserved_data_property);
        const char *name = fdt_get_name(fdt, node, nullptr);
        if (address && name != nullptr)
            blob.subtrees.push_back({.name = name, .address = *address});
    }
}

}  // namespace

bool looks_like_blob(Bytes bytes) {
    const auto prefix = std::as_bytes(std::span(luo_root_prefix));
    return fdt_head(bytes).is_fdt() ||
           (bytes.size() >= prefix.size() && std::ranges::equal(bytes.first(prefix.size()), prefix));
}

Result<BlobHead> read_blob_head(Bytes bytes) {
    const FdtHead head = fdt_head(bytes);
    if (!head.is_fdt())
        return read_luo_root(bytes);
    if (bytes.size() < sizeof(fdt_header))
        return blob_error(Errc::fdt_header,
                          "an FDT header of " + std::to_string(bytes.size()) + " bytes, expected 40");
    const std::size_t total = head.total_size;
    if (total > bytes.size())
        return blob_error(Errc::fdt_header,
                          "an FDT of " + std::to_string(total) + " bytes in " + std::to_string(bytes.size()));
    // libfdt wants an aligned FDT, and what was checked is what is used.
    std::vector<std::byte> copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(total));
    if (!head.has_header())
        return blob_error(Errc::fdt_header, "an FDT of " + std::to_string(total) + " bytes");
    if (const int fault = check_fdt(copy); fault != 0)
        return blob_error(Errc::fdt_header, std::string("the FDT is damaged: ") + fdt_strerror(fault));
    int length = 0;
    const void *property = fdt_getprop(copy.data(), 0, "compatible", &length);
    if (property == nullptr)
        return blob_error(Errc::property_missing, "the FDT's root has no compatible");
    std::string compatible(static_cast<std::size_t>(length), '\0');
    std::memcpy(compatible.data(), property, compatible.size());
    compatible.resize(std::min(compatible.find('\0'), compatible.size()));
    BlobHead blob{.kind = fdt_kind(compatible), .compatible = compatible, .size = total};
    if (blob.kind == BlobKind::kho_fdt)
        follow_pointers(copy.data(), blob);
    return blob;
}

}  // namespace kho
