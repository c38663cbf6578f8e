// SPDX-License-Identifier: GPL-2.0-or-later
// Test memory that knows its extent, and what a boot loader and kernels leave in memory.
#pragma once

#include "fdt/abi/kho.h"
#include "fdt/abi/x86_boot.h"
#include "fdt/base/internal/fdt_page.h"
#include "fdt/file/image_memory.h"
#include "tests/unit/test_memory.h"

namespace kho {

class ImageTestMemory final : public ImageMemory {
public:
    template <typename T>
    void put(PhysAddr at, const T &object) {
        pages_.put(at, object);
        ranges_.add({PhysAddr{align_down(value(at), page_size)}, page_size});
    }
    void put(PhysAddr at, std::span<const std::byte> bytes) {
        pages_.put(at, bytes);
        const std::uint64_t start = align_down(value(at), page_size);
        ranges_.add({PhysAddr{start}, align_up(value(at) + bytes.size(), page_size) - start});
    }
    void put_page(PhysAddr at) { put(at, std::uint64_t{0}); }
    // In ranges(), and yet not to be read.
    void spoil(PhysAddr at) { pages_.remove_page(at); }

    Outcome read(PhysAddr from, std::span<std::byte> out) const override { return pages_.read(from, out); }
    const RangeSet &ranges() const override { return ranges_; }
    RangeSet resident() const override { return ranges_; }

private:
    TestMemory pages_;
    RangeSet ranges_;
};

struct TestSubtree {
    const char *name;
    PhysAddr address;
};

inline void put_kho_fdt(ImageTestMemory &memory, PhysAddr at, PhysAddr map,
                        std::initializer_list<TestSubtree> subtrees, const char *compatible = "kho-v1",
                        const char *property = "fdt") {
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", compatible);
    writer.u64_property("preserved-memory-map", value(map));
    for (const TestSubtree &subtree : subtrees) {
        writer.begin_node(subtree.name);
        writer.u64_property(property, value(subtree.address));
        writer.end_node();
    }
    writer.end_node();
    memory.put(at, std::span<const std::byte>(std::move(writer.finish()).value()));
}

inline void put_fdt(ImageTestMemory &memory, PhysAddr at, const char *compatible) {
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", compatible);
    writer.end_node();
    memory.put(at, std::span<const std::byte>(std::move(writer.finish()).value()));
}

inline void put_setup_data(ImageTestMemory &memory, PhysAddr at, PhysAddr next, const abi::kho_data &data) {
    memory.put(at,
               abi::setup_data_header{.next = value(next), .type = abi::setup_kexec_kho, .len = sizeof data});
    memory.put(at + sizeof(abi::setup_data_header), data);
}

// As a boot loader fills them in.
inline void put_boot_params(ImageTestMemory &memory, PhysAddr at, PhysAddr setup_data) {
    namespace bp = abi::boot_params;
    memory.put(at + bp::header_magic, abi::header_magic_hdrs);
    memory.put(at + bp::boot_flag, abi::boot_flag_magic);
    memory.put(at + bp::version, std::uint16_t{0x020f});
    memory.put(at + bp::type_of_loader, std::uint8_t{0xd0});
    memory.put(at + bp::e820_entries, std::uint8_t{3});
    memory.put(at + bp::setup_data, value(setup_data));
}

}  // namespace kho
