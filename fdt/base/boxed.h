// SPDX-License-Identifier: GPL-2.0-or-later
// An optional value kept on the heap: a pointer's size in its owner, but copied and compared as a value.
#pragma once

#include <memory>
#include <utility>

namespace kho {

template <typename T>
class Boxed {
public:
    Boxed() = default;
    Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Boxed(const Boxed &other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
    Boxed(Boxed &&other) noexcept = default;
    Boxed &operator=(const Boxed &other) {
        if (this != &other)
            value_ = other ? std::make_unique<T>(*other) : nullptr;
        return *this;
    }
    Boxed &operator=(Boxed &&other) noexcept = default;
    ~Boxed() = default;

    explicit operator bool() const { return value_ != nullptr; }
    // Only when there is a value.
    T &operator*() { return *value_; }
    const T &operator*() const { return *value_; }
    T *operator->() { return value_.get(); }
    const T *operator->() const { return value_.get(); }

    bool operator==(const Boxed &other) const {
        return bool(*this) == bool(other) && (!*this || **this == *other);
    }

private:
    std::unique_ptr<T> value_;
};

}  // namespace kho
