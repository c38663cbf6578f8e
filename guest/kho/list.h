// SPDX-License-Identifier: GPL-2.0-or-later
// Doubly linked list of objects that carry their own links (`T *next; T *previous;`), oldest first.
#pragma once

#include <cstdint>

namespace guest {

template <typename T>
class List {
public:
    constexpr List() = default;

    T *first() const { return first_; }
    T *last() const { return last_; }
    std::uint64_t count() const { return count_; }
    bool empty() const { return count_ == 0; }

    void append(T &object) {
        object.next = nullptr;
        object.previous = last_;
        (last_ != nullptr ? last_->next : first_) = &object;
        last_ = &object;
        count_++;
    }
    void remove(T &object) {
        (object.previous != nullptr ? object.previous->next : first_) = object.next;
        (object.next != nullptr ? object.next->previous : last_) = object.previous;
        object.next = object.previous = nullptr;
        count_--;
    }

private:
    T *first_ = nullptr;
    T *last_ = nullptr;
    std::uint64_t count_ = 0;
};

}  // namespace guest
