// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/formats/releases.h"

#include "fdt/abi/kho.h"
#include "fdt/abi/luo_v5.h"
#include "fdt/formats/internal/codecs.h"
#include "fdt/handlers/memfd.h"

namespace kho {
const KhoFormat kho_v1{.compatible = abi::kho_v1_compatible,
                       .map = chunk_list(),
                       .address_property = abi::sub_fdt_property,
                       .size_property = nullptr,
                       .kexec_metadata = false};
const KhoFormat kho_v3{.compatible = abi::kho_v3_compatible,
                       .map = radix_tree(),
                       .address_property = abi::preserved_data_property,
                       .size_property = abi::blob_size_property,
                       .kexec_metadata = true};
const KhoFormat kho_v4{.compatible = abi::kho_v4_compatible,
                       .map = radix_tree(),
                       .address_property = abi::preserved_data_property,
                       .size_property = abi::blob_size_property,
                       .kexec_metadata = true};

const LuoFormat luo_v1{.compatible = abi::luo_v1_compatible,
                       .root = luo_fdt(),
                       .entries = session_arrays(),
                       .always_has_flbs = false,
                       .family = KernelFamily::arrays};
const LuoFormat luo_v5{.compatible = abi::luo_v5_compatible,
                       .root = luo_ser(),
                       .entries = linked_blocks(),
                       .always_has_flbs = true,
                       .family = KernelFamily::blocks};

const Formats &linux_formats() {
    static const Formats formats{
        .releases = {
            {.name = "6.19", .kho = &kho_v1, .luo = &luo_v1, .flbs = false, .handlers = {&memfd_v1()}},
            {.name = "7.0", .kho = &kho_v1, .luo = &luo_v1, .flbs = true, .handlers = {&memfd_v1()}},
            {.name = "7.1", .kho = &kho_v3, .luo = &luo_v1, .flbs = true, .handlers = {&memfd_v2()}},
            {.name = "7.2", .kho = &kho_v4, .luo = &luo_v5, .flbs = true, .handlers = {&memfd_v2()}},
            {.name = "7.3", .kho = &kho_v4, .luo = &luo_v5, .flbs = true, .handlers = {&memfd_v2()}},
        }};
    return formats;
}

std::string release_names() {
    std::string names;
    for (const Release &release : releases()) names += (names.empty() ? "" : ", ") + release.name;
    return names;
}

const Release &default_release() { return *find_release("7.0"); }

}  // namespace kho
