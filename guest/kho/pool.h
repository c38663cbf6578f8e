// SPDX-License-Identifier: GPL-2.0-or-later
// Objects of one type out of pages: created and destroyed in O(1), at addresses that do not change. A page
// without objects goes back to the allocator, so that leaks show in its counts.
#pragma once

#include <new>
#include <type_traits>

#include "guest/kho/pages.h"

namespace guest {

template <typename T>
class Pool {
    struct Slot {
        Slot *next;
    };
    struct Slab {
        Slab *next, *previous;  // among the slabs with room
        Slot *room;
        std::uint64_t objects;
    };
    enum : std::uint64_t {
        alignment = alignof(T) > alignof(Slot) ? alignof(T) : alignof(Slot),
        stride = kho::align_up(sizeof(T) > sizeof(Slot) ? sizeof(T) : sizeof(Slot), alignment),
        first = kho::align_up(sizeof(Slab), alignment),
        per_slab = (kho::page_size - first) / stride,
    };
    static_assert(per_slab > 0);

public:
    constexpr Pool() = default;
    void init(Pages &pages) { pages_ = &pages; }

    // Value-initialised; nullptr if there is no memory.
    T *create() {
        if (slabs_ == nullptr && !add_slab())
            return nullptr;
        Slab *slab = slabs_;
        Slot *slot = slab->room;
        slab->room = slot->next;
        slab->objects++;
        if (slab->room == nullptr)
            unlink(slab);
        count_++;
        return new (static_cast<void *>(slot)) T();
    }

    void destroy(T *object) {
        static_assert(std::is_trivially_destructible_v<T>);
        const std::uint64_t offset = reinterpret_cast<std::uintptr_t>(object) % kho::page_size;
        auto *slab = reinterpret_cast<Slab *>(reinterpret_cast<std::byte *>(object) - offset);
        auto *slot = new (static_cast<void *>(object)) Slot{slab->room};
        if (slab->room == nullptr)
            link(slab);
        slab->room = slot;
        slab->objects--;
        count_--;
        if (slab->objects == 0) {
            unlink(slab);
            slab_count_--;
            static_cast<void>(pages_->free(pages_->window().address(slab)));
        }
    }

    std::uint64_t count() const { return count_; }
    std::uint64_t pages() const { return slab_count_; }

private:
    bool add_slab() {
        const Result<kho::PhysAddr> page = pages_->allocate(0);
        if (!page)
            return false;
        std::byte *bytes = pages_->bytes(*page, kho::page_size);
        auto *slab = new (static_cast<void *>(bytes)) Slab{nullptr, nullptr, nullptr, 0};
        for (std::uint64_t i = per_slab; i-- > 0;)
            slab->room = new (static_cast<void *>(bytes + first + i * stride)) Slot{slab->room};
        link(slab);
        slab_count_++;
        return true;
    }
    void link(Slab *slab) {
        slab->previous = nullptr;
        slab->next = slabs_;
        if (slabs_ != nullptr)
            slabs_->previous = slab;
        slabs_ = slab;
    }
    void unlink(Slab *slab) {
        (slab->previous != nullptr ? slab->previous->next : slabs_) = slab->next;
        if (slab->next != nullptr)
            slab->next->previous = slab->previous;
        slab->next = slab->previous = nullptr;
    }

    Pages *pages_ = nullptr;
    Slab *slabs_ = nullptr;
    std::uint64_t count_ = 0;
    std::uint64_t slab_count_ = 0;
};

}  // namespace guest
