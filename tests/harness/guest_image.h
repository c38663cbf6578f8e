// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's side of a kexec, written into the memory of a QEMU whose CPUs stand still.
#pragma once

#include <vector>

#include "fdt/abi/kho.h"
#include "qtest.h"

namespace harness {

//   0x10000  descriptor, arrays   1 MiB  preserved list   2 MiB  session header and data   below the top, 32
//   MiB of scratch
class GuestImage {
public:
    struct Layout {
        std::uint64_t low_bytes = 256 << 20;  // RAM from 0 on that the guest uses
        std::uint64_t high_bytes = 0;         // and from 4 GiB on
    };
    explicit GuestImage(QTest &q) : GuestImage(q, Layout{}) {}
    GuestImage(QTest &q, Layout layout);

    // Preserves `size` bytes (whole pages) that hold a pattern made of `seed`.
    void data(std::uint64_t size, std::uint8_t seed);
    std::uint64_t data_start() const { return data_start_; }
    void preserve(std::uint64_t address, std::uint32_t order, std::uint32_t count) {
        preserved_.push_back({address, order, count});
    }
    std::uint64_t usable_bytes() const;

    void store();
    kexec_handover::Status ring();  // stores, then rings the doorbell

private:
    QTest &q_;
    std::vector<kexec_handover::MemoryRange> memory_map_;
    std::vector<kho::abi::kho_scratch> scratch_;
    std::vector<kexec_handover::PreservedRange> preserved_;
    std::uint64_t data_start_ = 0;
};

}  // namespace harness
