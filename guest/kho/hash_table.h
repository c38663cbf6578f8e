// SPDX-License-Identifier: GPL-2.0-or-later
// Chained hash table of objects that carry their own links (`T *hash_next; std::uint64_t hash;`). Buckets
// are pages; the table doubles when it is full, so looking up is O(1) on average, and an empty table
// holds no memory.
#pragma once

#include "guest/kho/pages.h"
#include "guest/kho/words.h"

namespace guest {

constexpr std::uint64_t mix(std::uint64_t v) {
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93;
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93;
    return v ^ (v >> 32);
}

template <typename T>
class HashTable {
public:
    constexpr HashTable() = default;
    void init(Pages &pages) { pages_ = &pages; }

    // The object of that hash for which `match` holds, or nullptr.
    template <typename Match>
    T *find(std::uint64_t hash, Match &&match) const {
        if (buckets_ == nullptr)
            return nullptr;
        for (T *object = buckets_[hash & (bucket_count() - 1)]; object != nullptr; object = object->hash_next)
            if (object->hash == hash && match(*object))
                return object;
        return nullptr;
    }

    // ENOMEM only if there is no table yet and no page for one.
    Errno insert(T &object, std::uint64_t hash) {
        if (count_ >= bucket_count())
            grow();
        if (buckets_ == nullptr)
            return Errno::enomem;
        object.hash = hash;
        push(buckets_, bucket_count(), object);
        count_++;
        return Errno::ok;
    }

    void erase(T &object) {
        T **link = &buckets_[object.hash & (bucket_count() - 1)];
        while (*link != &object) link = &(*link)->hash_next;
        *link = object.hash_next;
        object.hash_next = nullptr;
        if (--count_ == 0) {
            release(buckets_, table_pages_);
            buckets_ = nullptr;
            table_pages_ = 0;
        }
    }

    std::uint64_t count() const { return count_; }
    std::uint64_t pages() const { return table_pages_; }

private:
    enum : std::uint64_t { per_page = kho::page_size / sizeof(T *) };
    std::uint64_t bucket_count() const { return table_pages_ * per_page; }

    static void push(T **buckets, std::uint64_t size, T &object) {
        T *&bucket = buckets[object.hash & (size - 1)];
        object.hash_next = bucket;
        bucket = &object;
    }
    void release(T **buckets, std::uint64_t pages) {
        static_cast<void>(pages_->free_run(pages_->window().address(buckets), pages));
    }
    // If this fails, chains get longer and nothing else happens.
    void grow() {
        const std::uint64_t wanted = table_pages_ == 0 ? 1 : table_pages_ * 2;
        const Result<kho::PhysAddr> run = pages_->allocate_run(wanted);
        if (!run)
            return;
        std::byte *bytes = pages_->bytes(*run, wanted * kho::page_size);
        zero_words(bytes, wanted * kho::page_size);
        T **fresh = reinterpret_cast<T **>(bytes);
        for (std::uint64_t b = 0; b < bucket_count(); b++)
            while (T *object = buckets_[b]) {
                buckets_[b] = object->hash_next;
                push(fresh, wanted * per_page, *object);
            }
        if (buckets_ != nullptr)
            release(buckets_, table_pages_);
        buckets_ = fresh;
        table_pages_ = wanted;
    }

    Pages *pages_ = nullptr;
    T **buckets_ = nullptr;
    std::uint64_t table_pages_ = 0;  // a power of two, or 0
    std::uint64_t count_ = 0;
};

}  // namespace guest
