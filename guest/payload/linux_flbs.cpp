// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/linux_flbs.h"

namespace guest {

namespace {

constexpr std::string_view names[] = {"liveupdate-test-flb-v0", "liveupdate-test-flb-v1",
                                      "liveupdate-test-flb-v2"};
constexpr std::uint64_t first_number = 0xFEEDF00DCAFEBEE0;

std::uint64_t number_of(const Flb &flb) {
    for (std::uint64_t i = 0; i < std::size(names); i++)
        if (flb.compatible == names[i])
            return first_number + i;
    return 0;
}

// The object is the FLB itself: there is nothing behind the number.
constinit const FlbOps ops{
    .preserve =
        [](FlbOpArgs &args) {
            args.data = number_of(*args.flb);
            args.object = args.flb;
            return Errno::ok;
        },
    .unpreserve = [](FlbOpArgs &) {},
    .retrieve =
        [](FlbOpArgs &args) {
            args.object = args.flb;
            return args.data == number_of(*args.flb) ? Errno::ok : Errno::einval;
        },
    .finish = [](FlbOpArgs &) {},
};

}  // namespace

Errno LinuxFlbs::add_to(Registry &registry, FileHandler &handler) {
    for (unsigned i = 0; i < count; i++) {
        flbs_[i].ops = &ops;
        flbs_[i].compatible = names[i];
        if (const Errno error = registry.add_flb(handler, flbs_[i]); error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

Errno LinuxFlbs::remove_from(Registry &registry, FileHandler &handler) {
    for (Flb &flb : flbs_)
        if (const Errno error = registry.remove_flb(handler, flb); error != Errno::ok)
            return error;
    return Errno::ok;
}

}  // namespace guest
