// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/kernel_patches.h"
#include "fdt/formats/releases.h"

#include "tests/fuzz/handover_promises.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace fuzz {
namespace {

using kho::KernelImage;
using kho::PhysAddr;

bool belongs(Concern concern, PhysAddr page) {
    const bool in_map = page >= KernelImage::map;
    const bool in_subtrees = page == KernelImage::memblock || page == KernelImage::metadata ||
                             page == KernelImage::test_fdt || page == KernelImage::test_chunk ||
                             page == KernelImage::test_array;
    switch (concern) {
        case Concern::all:
            return true;
        case Concern::map:
            return in_map;
        case Concern::subtrees:
            return in_subtrees;
        case Concern::luo:
            break;
    }
    return !in_map && !in_subtrees && page != KernelImage::kho_fdt && page != KernelImage::scratch_array;
}

}  // namespace

KernelPatches::KernelPatches(kho::Producer producer, Concern concern)
    : kernel_(producer), has_data_(concern == Concern::all) {
    if (has_data_) {
        PageBytes bytes{};
        std::memcpy(bytes.data(), &kernel_.data, sizeof kernel_.data);
        image.add_page(data_at, &bytes);
    }
    const auto add = [this](PhysAddr page) {
        const auto bytes = kernel_.memory.load<PageBytes>(page).value();
        image.add_page(page, &bytes);
    };
    // Those that programs can name come first; of the rest the readers want the content all the same.
    std::vector<PhysAddr> rest;
    for (const PhysAddr page : kernel_.metadata_pages()) {
        if (belongs(concern, page))
            add(page);
        else
            rest.push_back(page);
    }
    // Room for what a seed adds behind the map.
    PhysAddr behind = KernelImage::map;
    while (kernel_.memory.load<std::byte>(behind)) behind = behind + kho::page_size;
    if (concern == Concern::all || concern == Concern::map)
        for (unsigned i = 0; i < 6; i++) image.add_page(behind + i * kho::page_size, nullptr);
    image.seal();
    for (const PhysAddr page : rest) add(page);
}

kho::abi::kho_data KernelPatches::data() const {
    if (!has_data_)
        return kernel_.data;
    const auto data = image.load<kho::abi::kho_data>(data_at);
    return data ? data.value() : kho::abi::kho_data{};
}

const kho::KhoFormat &KernelPatches::format() const {
    return !kernel_.radix() ? kho::kho_v1 : kernel_.blocks() ? kho::kho_v4 : kho::kho_v3;
}

KernelPatches &patches_for(Concern concern, std::uint8_t first) {
    // One of each, made when it is first wanted.
    static std::unique_ptr<KernelPatches> made[4][4];
    auto &one = made[static_cast<std::size_t>(concern)][first % 4];
    if (one == nullptr)
        one = std::make_unique<KernelPatches>(kho::all_producers[first % 4], concern);
    one->image.reset();
    return *one;
}

const KernelPatches &check_damaged(Concern concern, std::span<const std::uint8_t> input) {
    Program program(input);
    const std::uint8_t first = program.byte();
    KernelPatches &patches = patches_for(concern, first);
    patches.image.run(program);
    check_handover(patches.image, patches.data(), first);
    return patches;
}

}  // namespace fuzz
