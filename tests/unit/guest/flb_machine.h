// SPDX-License-Identifier: GPL-2.0-or-later
// Two handlers whose files share FLBs, before and after a kexec.
//
//   handler "test-v1"  (files of TestFiles::type)  ──> FLB 1 "flb-one", FLB 2 "flb-two"
//   handler "plain-v1" (files of plain_type)       ──> FLB 2 "flb-two"
#pragma once

#include "tests/unit/guest/luo_machine.h"

namespace guest {

struct FlbMachine : LuoMachine {
    static inline const FileType plain_type{"plain file", [](File &) {}};
    std::unique_ptr<HostHandler> plain;
    std::unique_ptr<HostFlb> one, two;

    FlbMachine() { add(); }
    void add() {
        plain = std::make_unique<HostHandler>(m.pages, *retrieved, calls, "plain-v1");
        plain->ops_table.can_preserve = [](FileHandler &, const File &file) {
            return file.type == &plain_type;
        };
        one = std::make_unique<HostFlb>(m.pages, calls, "flb-one", 1);
        two = std::make_unique<HostFlb>(m.pages, calls, "flb-two", 2);
        ASSERT_EQ(luo->registry().add(*plain), Errno::ok);
        ASSERT_EQ(luo->registry().add_flb(*handler, *one), Errno::ok);
        ASSERT_EQ(luo->registry().add_flb(*handler, *two), Errno::ok);
        ASSERT_EQ(luo->registry().add_flb(*plain, *two), Errno::ok);
    }
    void kexec() {
        LuoMachine::kexec();
        add();
    }
    // Lets go of handlers, FLBs and areas: what is left then was leaked.
    void expect_clean() {
        for (HostHandler *h : {handler.get(), plain.get()}) EXPECT_EQ(luo->registry().remove(*h), Errno::ok);
        EXPECT_EQ(luo->stop(), Errno::ok);
        EXPECT_EQ(m.pages.counts(), clean);
    }
    kho::abi::luo_flb_header_ser &flb_head() { return m.as<kho::abi::luo_flb_header_ser>(flb_header); }
    kho::abi::luo_flb_ser &flb_ser(std::uint64_t i) {
        return m.as<kho::abi::luo_flb_ser>(flb_header + (16 + i * sizeof(kho::abi::luo_flb_ser)));
    }
};

}  // namespace guest
