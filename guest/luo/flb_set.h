// SPDX-License-Identifier: GPL-2.0-or-later
// The FLBs of all registered handlers, and the page in which they are handed over (luo-flb-v1).
//
// In the old kernel every preserved file counts on each FLB of its handler; in the new one every finished
// file lets go of them, last first. Who works with the object itself asks for it with get_ and lets go with
// put_.
#pragma once

#include "fdt/abi/luo.h"
#include "guest/luo/registry.h"

namespace guest {

class FlbSet {
public:
    constexpr FlbSet() = default;

    // Takes the page to hand over, if there shall be one. ENOMEM.
    Errno start(Pages &pages, const Registry &registry, bool with_area);
    // Gives it back. EBUSY: an FLB is preserved, or retrieved and not finished.
    Errno stop();
    kho::PhysAddr area() const { return area_; }  // 0: none

    // Before a file of this handler is preserved: the FLB's own error, or ENODEV if its owner is going; then
    // none of them is counted.
    Errno file_preserve(FileHandler &handler, Place &place);
    void file_unpreserve(FileHandler &handler);
    void file_finish(FileHandler &handler);

    // ENOENT: it is not preserved.
    Result<void *> get_outgoing(Flb &flb);
    // Retrieves it if that was not done before. ENOENT: it was not handed over. ENODATA: nothing was, or it is
    // finished. ENODEV: its owner is going. Or its own error, which is remembered.
    Result<void *> get_incoming(Flb &flb);
    // For each get that succeeded. EINVAL: there was none.
    Errno put_outgoing(Flb &flb);
    Errno put_incoming(Flb &flb);

    void serialize();
    void unserialize();
    bool serialized_is_clear() const;

    // What the last kernel handed over. Entries for which no FLB is registered are passed over; one that
    // is registered later does not find its entry any more.
    Errno deserialize(kho::PhysAddr area, Place &place);
    // A file of this handler was handed over.
    static void note_incoming_file(FileHandler &handler);
    // When all files are known: every FLB that one depends on must be there, and its references must be at
    // least as many.
    Errno check_references(Place &place) const;
    // The page was read: it is given back.
    void release_incoming_area();
    // Nothing came of deserializing.
    void forget_incoming();
    std::uint64_t unknown() const { return unknown_; }

private:
    static kho::PhysAddr slot(kho::PhysAddr area, std::uint64_t i) {
        return area + (sizeof(kho::abi::luo_flb_header_ser) + i * sizeof(kho::abi::luo_flb_ser));
    }
    static void drop_outgoing(Flb &flb);
    void drop_incoming(Flb &flb);
    Errno preserve_one(Flb &flb, Place &place);
    Errno retrieve(Flb &flb);
    Errno deserialize_one(std::uint64_t i, Place &place);
    bool is_twice(std::uint64_t i, std::string_view name) const;

    Pages *pages_ = nullptr;
    const Registry *registry_ = nullptr;
    kho::PhysAddr area_{};
    kho::PhysAddr incoming_area_{};
    bool handed_over_ = false;
    std::uint64_t unknown_ = 0;
};

}  // namespace guest
