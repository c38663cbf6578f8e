// SPDX-License-Identifier: GPL-2.0-or-later
// Images on which one check fires: what is changed in a sound handover, and the finding expected.
#pragma once

#include <libfdt.h>

#include <functional>
#include <vector>

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/memblock.h"
#include "tests/unit/fdt/kernel_image.h"

namespace kho::check_cases {

using Image = KernelImage;
using enum Producer;

struct Case {
    Check check;
    const char *what;
    std::vector<Producer> generations;
    std::function<void(Image &)> change;
    std::uint64_t address;  // of the finding
    std::uint64_t index = 0;
};

inline const std::vector<Producer> every = {v6_19, v7_0, v7_1, v7_2};
inline const std::vector<Producer> chunks = {v6_19, v7_0};
inline const std::vector<Producer> trees = {v7_1, v7_2};
inline const std::vector<Producer> arrays = {v6_19, v7_0, v7_1};
inline const std::vector<Producer> flb_nodes = {v7_0, v7_1};
inline const std::vector<Producer> flb_arrays = {v7_0, v7_1, v7_2};
inline const std::vector<Producer> newest = {v7_2};

// Edits of an FDT of the image.
using Edit = std::function<int(void *)>;
inline auto edit(PhysAddr at, Edit how) {
    return [=](Image &image) { image.edit_fdt(at, how); };
}
template <typename T>
auto set(PhysAddr at, const char *node, const char *property, T number) {
    return edit(at, [=](void *fdt) {
        return fdt_setprop(fdt, fdt_path_offset(fdt, node), property, &number, sizeof number);
    });
}
inline auto set_text(PhysAddr at, const char *node, const char *property, const char *text) {
    return edit(at, [=](void *fdt) {
        return fdt_setprop(fdt, fdt_path_offset(fdt, node), property, text,
                           static_cast<int>(strlen(text) + 1));
    });
}
inline auto remove(PhysAddr at, const char *node, const char *property) {
    return edit(at, [=](void *fdt) { return fdt_delprop(fdt, fdt_path_offset(fdt, node), property); });
}
inline auto remove_node(PhysAddr at, const char *node) {
    return edit(at, [=](void *fdt) { return fdt_del_node(fdt, fdt_path_offset(fdt, node)); });
}
inline auto fill(PhysAddr at, std::size_t size, char with) {
    return [=](Image &image) {
        const std::vector<std::byte> bytes(size, static_cast<std::byte>(with));
        image.memory.put(at, std::span<const std::byte>(bytes));
    };
}
// One number of a structure.
inline auto put64(PhysAddr at, std::uint64_t number) {
    return [=](Image &image) { image.memory.put(at, number); };
}
inline auto put32(PhysAddr at, std::uint32_t number) {
    return [=](Image &image) { image.memory.put(at, number); };
}
template <typename T>
auto change(PhysAddr at, std::function<void(T &)> how) {
    return [=](Image &image) { image.change<T>(at, how); };
}
inline auto data(std::function<void(abi::kho_data &)> how) {
    return [=](Image &image) { how(image.data); };
}
inline auto session(std::uint64_t i, std::function<void(abi::luo_session_ser &)> how) {
    return [=](Image &image) { image.change<abi::luo_session_ser>(image.session(i), how); };
}
inline auto file(std::uint64_t in, std::uint64_t i, std::function<void(abi::luo_file_ser &)> how) {
    return [=](Image &image) { image.change<abi::luo_file_ser>(image.file(in, i), how); };
}
// Addresses that differ between the generations are looked up in one of them.
inline std::uint64_t session_at(Producer g, std::uint64_t i) { return value(Image(g).session(i)); }
inline std::uint64_t file_at(Producer g, std::uint64_t in, std::uint64_t i) {
    return value(Image(g).file(in, i));
}

inline constexpr std::uint64_t fdt = value(Image::kho_fdt), luo = value(Image::luo), map = value(Image::map),
                               scratch = value(Image::scratch_array), flbs = value(Image::flbs),
                               memfd0 = value(Image::memfd(0)), chunk = value(Image::chunk),
                               array = value(Image::folio_array), nowhere = value(Image::nowhere),
                               test = value(Image::test_fdt), metadata = value(Image::metadata);
using Chunk = abi::mem_chunk;
using Session = abi::luo_session_ser;
using File = abi::luo_file_ser;
using Folio = abi::memfd_luo_folio_ser;

std::vector<Case> kho_cases();  // FDT, scratch, map
std::vector<Case> luo_cases();  // what is behind the map

}  // namespace kho::check_cases
