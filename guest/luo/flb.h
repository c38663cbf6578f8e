// SPDX-License-Identifier: GPL-2.0-or-later
// What a file-lifecycle-bound object (FLB) provides: state that several files share, as the state of an IOMMU
// is shared by all VFIO files. It is preserved with the first file whose handler depends on it and given up
// with the last one, on either side of the kexec. Compare kernel/liveupdate/luo_flb.c (7.0 and later).
//
//   old kernel   preserve ──> (further files are counted) ──kexec──>   or   ──> unpreserve
//   new kernel   [check] ──> retrieve, on the first request for it   ──> finish     [ ]: optional
//
// `check` is not in the kernel; it is what FileOps::check is for files.
#pragma once

#include <cstdint>
#include <string_view>

#include "guest/kho/fault.h"

namespace guest {

struct Flb;

struct FlbOpArgs {
    Flb *flb = nullptr;
    std::uint64_t data = 0;  // the serialized form: out in preserve
    void *object = nullptr;  // the live object: out in preserve and retrieve, never null then
    Place *place = nullptr;  // where to say what is wrong; never null
};

// A retrieve that fails gives up what it could not restore: nothing else is called for it after that.
struct FlbOps {
    Errno (*preserve)(FlbOpArgs &args) = nullptr;
    void (*unpreserve)(FlbOpArgs &args) = nullptr;
    Errno (*retrieve)(FlbOpArgs &args) = nullptr;
    void (*finish)(FlbOpArgs &args) = nullptr;

    Errno (*check)(FlbOpArgs &args) = nullptr;

    // The owner of the callbacks must stay from preserve to unpreserve, and from retrieve to finish. No pin:
    // it always does.
    bool (*pin)(Flb &flb) = nullptr;
    void (*unpin)(Flb &flb) = nullptr;
};

// What became of the object that the last kernel handed over.
enum class FlbIncoming : std::uint8_t { absent, known, retrieved, failed, finished };

struct Flb {
    const FlbOps *ops = nullptr;
    std::string_view compatible;  // 1 to 47 bytes, of static lifetime
    void *context = nullptr;      // the FLB's own

    // From here on the registry's and the orchestrator's.
    Flb *next = nullptr;
    Flb *previous = nullptr;
    std::uint64_t users = 0;  // handlers that depend on it

    struct {
        std::uint64_t data = 0;
        void *object = nullptr;
        std::uint64_t references = 0;  // preserved files, and users
        std::uint64_t users = 0;       // who asked for the object
    } outgoing;
    struct {
        FlbIncoming state = FlbIncoming::absent;
        Errno error = Errno::ok;  // why retrieving failed
        std::uint64_t data = 0;
        void *object = nullptr;
        std::uint64_t references = 0;  // as handed over, and users
        std::uint64_t users = 0;
        std::uint64_t files = 0;  // that depend on it, of those handed over
        std::uint64_t at = 0;     // address of its luo_flb_ser
    } incoming;
};

// That a handler depends on an FLB.
struct FlbLink {
    FlbLink *next = nullptr;
    FlbLink *previous = nullptr;
    Flb *flb = nullptr;
};

}  // namespace guest
