// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/handlers/memfd_formats.h"

namespace guest {

using namespace kho::abi;

constinit const MemfdFormat memfd_v1{
    .compatible = memfd_v1_compatible,
    .first_release = 0x0613,
    .has_seals = false,
    .load =
        [](const PhysicalWindow &window, kho::PhysAddr at) {
            memfd_luo_ser ser{};
            static_cast<void>(window.load(at, ser));
            return MemfdSer{.pos = ser.pos,
                            .size = ser.size,
                            .seals = 0,
                            .flags = 0,
                            .nr_folios = ser.nr_folios,
                            .folios = ser.folios};
        },
    .store =
        [](const PhysicalWindow &window, kho::PhysAddr at, const MemfdSer &ser) {
            static_cast<void>(window.store(
                at, memfd_luo_ser{
                        .pos = ser.pos, .size = ser.size, .nr_folios = ser.nr_folios, .folios = ser.folios}));
        },
};

constinit const MemfdFormat memfd_v2{
    .compatible = memfd_v2_compatible,
    .first_release = 0x0701,
    .has_seals = true,
    .load =
        [](const PhysicalWindow &window, kho::PhysAddr at) {
            MemfdSer ser{};
            static_cast<void>(window.load(at, ser));
            return ser;
        },
    .store = [](const PhysicalWindow &window, kho::PhysAddr at,
                const MemfdSer &ser) { static_cast<void>(window.store(at, ser)); },
};

const MemfdFormat &memfd_format_of(std::uint32_t release) {
    return release < memfd_v2.first_release ? memfd_v1 : memfd_v2;
}

}  // namespace guest
