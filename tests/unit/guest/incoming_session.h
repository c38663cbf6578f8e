// SPDX-License-Identifier: GPL-2.0-or-later
// Three sessions as the new kernel finds them.
#pragma once

#include "tests/unit/guest/luo_machine.h"

namespace guest {

// Session "a" with tokens 10, 20, 30 (files 1, 2, 3), session "b" empty, session "c" with token 10 (file 4).
struct IncomingSession : LuoMachine {
    IncomingSession() {
        Session &a = create("a");
        create("b");
        Session &c = create("c");
        for (int i = 1; i <= 3; i++) EXPECT_EQ(luo->preserve(a, i * 10, &files[i]), Errno::ok);
        EXPECT_EQ(luo->preserve(c, 10, &files[4]), Errno::ok);
        kexec();
    }
    void deserialize() {
        ASSERT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok)
            << name(luo->last_place().fault);
    }
};

}  // namespace guest
