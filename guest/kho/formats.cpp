// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/formats.h"

#include "fdt/abi/kho.h"

namespace guest {

namespace {

using namespace kho::abi;

constexpr KhoFormat formats[] = {
    {kho_v1_compatible, sub_fdt_property, nullptr, &chunk_list_codec},
    {kho_v3_compatible, preserved_data_property, blob_size_property, &radix_tree_codec},
    {kho_v4_compatible, preserved_data_property, blob_size_property, &radix_tree_codec},
};

}  // namespace

std::span<const KhoFormat> kho_formats() { return formats; }

}  // namespace guest
