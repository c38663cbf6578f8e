// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/search/internal/setup_data.h"

#include <vector>

#include "fdt/abi/x86_boot.h"
#include "fdt/base/internal/text.h"
#include "fdt/file/internal/blob.h"

namespace kho {
namespace {

// Kernels and boot loaders make a handful.
constexpr unsigned max_nodes = 128;
// The boot protocol that brought setup_data, and one that is far from being written.
constexpr std::uint16_t oldest_version = 0x0209;
constexpr std::uint16_t version_limit = 0x0300;

template <typename T>
std::optional<T> at_offset(const Memory &memory, PhysAddr base, std::uint64_t offset) {
    if (offset > ~std::uint64_t{0} - value(base))
        return std::nullopt;
    const Result<T> loaded = memory.load<T>(base + offset);
    return loaded ? std::optional(loaded.value()) : std::nullopt;
}

}  // namespace

std::optional<BootParams> read_boot_params(const Memory &memory, PhysAddr at) {
    const auto magic = at_offset<std::uint32_t>(memory, at, abi::boot_params::header_magic);
    const auto flag = at_offset<std::uint16_t>(memory, at, abi::boot_params::boot_flag);
    const auto version = at_offset<std::uint16_t>(memory, at, abi::boot_params::version);
    const auto loader = at_offset<std::uint8_t>(memory, at, abi::boot_params::type_of_loader);
    const auto entries = at_offset<std::uint8_t>(memory, at, abi::boot_params::e820_entries);
    const auto setup_data = at_offset<std::uint64_t>(memory, at, abi::boot_params::setup_data);
    if (magic != abi::header_magic_hdrs || flag != abi::boot_flag_magic || !version ||
        *version < oldest_version || *version >= version_limit || !loader || *loader == 0 || !entries ||
        *entries > abi::e820_max_entries || !setup_data)
        return std::nullopt;
    return BootParams{.setup_data = *setup_data, .e820_entries = *entries};
}

std::vector<CoreMemoryRange> read_e820(const Memory &memory, PhysAddr boot_params) {
    std::vector<CoreMemoryRange> map;
    const std::optional<BootParams> params = read_boot_params(memory, boot_params);
    for (unsigned i = 0; params && i < params->e820_entries; i++) {
        const auto entry = at_offset<abi::e820_entry>(
            memory, boot_params, abi::boot_params::e820_table + i * sizeof(abi::e820_entry));
        if (!entry || !Range::checked(entry->addr, entry->size))
            return {};
        map.push_back({entry->addr, entry->size, entry->type, 0});
    }
    return map;
}

Result<SetupDataNode> read_setup_data(const Memory &memory, PhysAddr at) {
    const Result<abi::setup_data_header> header = memory.load<abi::setup_data_header>(at);
    if (!header)
        return header.error();
    SetupDataNode node{.address = at, .next = header.value().next, .kho = std::nullopt};
    if (header.value().type != abi::setup_kexec_kho || header.value().len != sizeof(abi::kho_data))
        return node;
    if (value(at) > ~std::uint64_t{0} - sizeof(abi::setup_data_header))
        return Error{
            .code = Errc::outside_memory, .address = value(at), .what = "setup_data at the last address"};
    const Result<abi::kho_data> data = memory.load<abi::kho_data>(at + sizeof(abi::setup_data_header));
    if (!data)
        return data.error();
    node.kho = data.value();
    return node;
}

SetupDataChain read_setup_data_chain(const Memory &memory, std::uint64_t first) {
    SetupDataChain chain;
    for (std::uint64_t at = first; at != 0; chain.nodes++) {
        if (chain.nodes == max_nodes) {
            chain.doubt = "more than " + std::to_string(max_nodes) + " setup_data";
            break;
        }
        const Result<SetupDataNode> node = read_setup_data(memory, PhysAddr{at});
        if (!node) {
            chain.doubt = "setup_data at " + hex(at) + " is not in memory";
            break;
        }
        if (node.value().kho)
            chain.kho = node.value();
        at = node.value().next;
    }
    return chain;
}

std::string doubt_about_kho_data(const Memory &memory, const abi::kho_data &data) {
    if (data.fdt_addr == 0 || !is_aligned(data.fdt_addr, page_size))
        return "the KHO FDT's address " + hex(data.fdt_addr) + " is not a page's";
    if (data.fdt_size != abi::kho_fdt_size)
        return "a KHO FDT of " + hex(data.fdt_size) + " bytes";
    std::vector<std::byte> bytes(page_size);
    if (!memory.read(PhysAddr{data.fdt_addr}, bytes))
        return "the KHO FDT at " + hex(data.fdt_addr) + " is not in memory";
    const Result<BlobHead> blob = read_blob_head(bytes);
    if (!blob)
        return "no KHO FDT at " + hex(data.fdt_addr) + ": " + blob.error().what;
    if (blob.value().kind != BlobKind::kho_fdt)
        return "the FDT at " + hex(data.fdt_addr) + " is not KHO's but " + in_quotes(blob.value().compatible);
    if (data.scratch_size == 0 || data.scratch_size % sizeof(abi::kho_scratch) != 0)
        return "a scratch array of " + hex(data.scratch_size) + " bytes";
    if (!memory.load<abi::kho_scratch>(PhysAddr{data.scratch_addr}))
        return "the scratch array at " + hex(data.scratch_addr) + " is not in memory";
    return {};
}

}  // namespace kho
