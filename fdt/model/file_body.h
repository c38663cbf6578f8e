// SPDX-License-Identifier: GPL-2.0-or-later
// What a file handler's structure says of a file. The model does not know the types: each is a value beside its handler
// (fdt/handlers/), which is found through the value.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "fdt/base/ranges.h"

namespace kho {

class FileHandler;

// A value of a type T, or nothing; copied and compared as that value, a pointer's size in its owner. Beside T must be declared
// `const FileHandler &handler_of(const T &)`: a handler that works with it.
class FileBody {
public:
    FileBody() = default;
    template <typename T>
    requires requires(const T &value) { handler_of(value); }
    FileBody(T value) : holder_(std::make_unique<Of<T>>(std::move(value))) {}
    FileBody(const FileBody &other) : holder_(other.holder_ ? other.holder_->copy() : nullptr) {}
    FileBody(FileBody &&) noexcept = default;
    FileBody &operator=(const FileBody &other) {
        if (this != &other)
            holder_ = other.holder_ ? other.holder_->copy() : nullptr;
        return *this;
    }
    FileBody &operator=(FileBody &&) noexcept = default;
    ~FileBody() = default;

    explicit operator bool() const { return holder_ != nullptr; }
    // nullptr if there is none, or one of another type.
    template <typename T>
    T *get() {
        return holder_ && holder_->type == &tag<T> ? &static_cast<Of<T> &>(*holder_).value : nullptr;
    }
    template <typename T>
    const T *get() const {
        return const_cast<FileBody &>(*this).get<T>();
    }
    // nullptr if there is no value.
    const FileHandler *handler() const { return holder_ ? &holder_->handler() : nullptr; }

    bool operator==(const FileBody &other) const {
        return bool(*this) == bool(other) && (!*this || holder_->equals(*other.holder_));
    }

private:
    template <typename T>
    static constexpr char tag = 0;

    struct Holder {
        explicit Holder(const char *of) : type(of) {}
        virtual ~Holder() = default;
        virtual std::unique_ptr<Holder> copy() const = 0;
        virtual bool equals(const Holder &other) const = 0;
        virtual const FileHandler &handler() const = 0;
        const char *type;
    };
    template <typename T>
    struct Of final : Holder {
        explicit Of(T of) : Holder(&tag<T>), value(std::move(of)) {}
        std::unique_ptr<Holder> copy() const override { return std::make_unique<Of>(value); }
        bool equals(const Holder &other) const override {
            return other.type == this->type && static_cast<const Of &>(other).value == value;
        }
        const FileHandler &handler() const override { return handler_of(value); }
        T value;
    };

    std::unique_ptr<Holder> holder_;
};

// `size` bytes of the file from `offset` on lie at `address`.
struct FileExtent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    PhysAddr address{};
    bool operator==(const FileExtent &) const = default;
};

// A stretch of a file, in bytes.
struct FileRange {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    bool operator==(const FileRange &) const = default;
};

// What a program reads from a file: extents ascending, disjoint, within the size; what lies between reads as zeroes.
struct FileContent {
    std::uint64_t size = 0;  // bytes
    std::vector<FileExtent> extents{};
};

}  // namespace kho
