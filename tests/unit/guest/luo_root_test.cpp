// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/luo_root.h"

#include "guest/kho/preserve.h"
#include "tests/unit/guest/machine.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {
namespace {

struct Fields {
    std::string root = "luo-v1", node = "luo-session", session = "luo-session-v2";
    std::uint64_t number = 7, header = 0x2000000;
    int number_size = 8, header_size = 8;  // bytes, 0: leave it out
    std::string flbs = "";                 // compatible of the FLB node; empty: there is none
    std::uint64_t flb_header = 0x2100000;
    int flb_header_size = 8;
};

kho::PhysAddr write_fdt(Machine &m, const Fields &f) {
    const kho::PhysAddr at = *alloc_preserve(m.pages, kho::page_size);
    char *fdt = reinterpret_cast<char *>(m.at(at));
    fdt_create(fdt, kho::page_size);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property(fdt, "compatible", f.root.c_str(), static_cast<int>(f.root.size() + 1));
    if (f.number_size > 0)
        fdt_property(fdt, "liveupdate-number", &f.number, f.number_size);
    fdt_begin_node(fdt, f.node.c_str());
    fdt_property(fdt, "compatible", f.session.c_str(), static_cast<int>(f.session.size() + 1));
    if (f.header_size > 0)
        fdt_property(fdt, "luo-session-header", &f.header, f.header_size);
    fdt_end_node(fdt);
    if (!f.flbs.empty()) {
        fdt_begin_node(fdt, "luo-flb");
        fdt_property(fdt, "compatible", f.flbs.c_str(), static_cast<int>(f.flbs.size() + 1));
        if (f.flb_header_size > 0)
            fdt_property(fdt, "luo-flb-header", &f.flb_header, f.flb_header_size);
        fdt_end_node(fdt);
    }
    fdt_end_node(fdt);
    EXPECT_EQ(fdt_finish(fdt), 0);
    m.kexec();
    return at;
}

TEST(LuoFdt, ASoundOneIsReadAndClaimed) {
    Machine m;
    const kho::PhysAddr at = write_fdt(m, {});
    LuoRoot luo;
    Place place;
    ASSERT_EQ(read_luo_fdt(m.pages, at, luo, place), Errno::ok);
    EXPECT_EQ(luo.liveupdate_number, 7u);
    EXPECT_EQ(kho::value(luo.sessions), 0x2000000u);
    EXPECT_EQ(luo.flbs, kho::PhysAddr{}) << "6.19 writes no such node";
    EXPECT_EQ(m.pages.claim(at), Errno::ebusy);
}

TEST(LuoFdt, TheFlbNodeOfSevenPointZeroIsReadToo) {
    Machine m;
    const kho::PhysAddr at = write_fdt(m, {.flbs = "luo-flb-v1"});
    LuoRoot luo;
    Place place;
    ASSERT_EQ(read_luo_fdt(m.pages, at, luo, place), Errno::ok);
    EXPECT_EQ(kho::value(luo.flbs), 0x2100000u);
}

TEST(LuoFdt, AMalformedOneIsRefusedWithItsOwnFault) {
    const struct {
        const char *what;
        Fields fields;
        Fault fault;
    } cases[] = {
        {"a later version", {.root = "luo-v5"}, Fault::luo_compatible},
        {"no number", {.number_size = 0}, Fault::liveupdate_number},
        {"a number of four bytes", {.number_size = 4}, Fault::liveupdate_number},
        {"no session node", {.node = "luo-sessions"}, Fault::session_node},
        {"another session format", {.session = "luo-session-v1"}, Fault::session_node},
        {"no session header", {.header_size = 0}, Fault::session_node},
        {"a session header of four bytes", {.header_size = 4}, Fault::session_node},
        {"a session header at 0", {.header = 0}, Fault::session_node},
        {"an unaligned session header", {.header = 0x2000008}, Fault::session_node},
        {"another FLB format", {.flbs = "luo-flb-v2"}, Fault::flb_node},
        {"no FLB header", {.flbs = "luo-flb-v1", .flb_header_size = 0}, Fault::flb_node},
        {"an FLB header of four bytes", {.flbs = "luo-flb-v1", .flb_header_size = 4}, Fault::flb_node},
        {"an FLB header at 0", {.flbs = "luo-flb-v1", .flb_header = 0}, Fault::flb_node},
        {"an unaligned FLB header", {.flbs = "luo-flb-v1", .flb_header = 0x2100008}, Fault::flb_node},
    };
    for (const auto &c : cases) {
        Machine m;
        const kho::PhysAddr at = write_fdt(m, c.fields);
        LuoRoot luo;
        Place place;
        EXPECT_EQ(read_luo_fdt(m.pages, at, luo, place), Errno::einval) << c.what;
        EXPECT_EQ(place.fault, c.fault) << c.what;
        EXPECT_EQ(place.address, kho::value(at)) << c.what;
    }
}

TEST(LuoFdt, OneThatIsNotPreservedOrNoFdtIsRefused) {
    Machine m;
    LuoRoot luo;
    Place place;
    EXPECT_EQ(read_luo_fdt(m.pages, 0x2000000_pa, luo, place), Errno::einval);
    EXPECT_EQ(place.fault, Fault::metadata_not_preserved);
    const kho::PhysAddr at = *alloc_preserve(m.pages, kho::page_size);
    m.kexec();
    EXPECT_EQ(read_luo_fdt(m.pages, at, luo, place), Errno::einval);
    EXPECT_EQ(place.fault, Fault::luo_fdt_malformed);
    EXPECT_EQ(read_luo_fdt(m.pages, at, luo, place), Errno::einval);
    EXPECT_EQ(place.fault, Fault::metadata_shared) << "the page has another user";
}

// libfdt 1.6.1 would look at the same property for ever.
TEST(LuoFdt, APropertyThatBeginsAnewIsRefused) {
    Machine m;
    const kho::PhysAddr at = write_fdt(m, {});
    char *fdt = reinterpret_cast<char *>(m.at(at));
    const int property = fdt_first_property_offset(fdt, 0);
    const std::uint32_t length = cpu_to_fdt32(0xfffffff4);
    std::memcpy(fdt + fdt_off_dt_struct(fdt) + property + 4, &length, sizeof length);
    LuoRoot luo;
    Place place;
    EXPECT_EQ(read_luo_fdt(m.pages, at, luo, place), Errno::einval);
    EXPECT_EQ(place.fault, Fault::luo_fdt_malformed);
}

}  // namespace
}  // namespace guest
