// SPDX-License-Identifier: GPL-2.0-or-later
// Errors as values. The numbers are the kernel's errno values, since users compare with the kernel.
#pragma once

#include <cstdint>
#include <string_view>

namespace guest {

enum class [[nodiscard]] Errno : std::int32_t{
    ok = 0,      enoent = 2,  eio = 5,     ebadf = 9,  eagain = 11, enomem = 12,  ebusy = 16,
    eexist = 17, enodev = 19, einval = 22, efbig = 27, enospc = 28, enodata = 61, eopnotsupp = 95,
};

constexpr std::string_view name(Errno e) {
    switch (e) {
        case Errno::ok:
            return "0";
        case Errno::enoent:
            return "ENOENT";
        case Errno::eio:
            return "EIO";
        case Errno::ebadf:
            return "EBADF";
        case Errno::eagain:
            return "EAGAIN";
        case Errno::enomem:
            return "ENOMEM";
        case Errno::ebusy:
            return "EBUSY";
        case Errno::eexist:
            return "EEXIST";
        case Errno::enodev:
            return "ENODEV";
        case Errno::einval:
            return "EINVAL";
        case Errno::efbig:
            return "EFBIG";
        case Errno::enospc:
            return "ENOSPC";
        case Errno::enodata:
            return "ENODATA";
        case Errno::eopnotsupp:
            return "EOPNOTSUPP";
    }
    return "an unknown errno";
}

// A value or an error. T is small and default constructible: a pointer, an address, a plain struct.
template <typename T>
class [[nodiscard]] Result {
public:
    constexpr Result(T value) : value_(value) {}      // NOLINT(google-explicit-constructor)
    constexpr Result(Errno error) : error_(error) {}  // NOLINT(google-explicit-constructor)

    constexpr explicit operator bool() const { return error_ == Errno::ok; }
    constexpr Errno error() const { return error_; }
    constexpr const T &operator*() const { return value_; }  // only if there is a value
    constexpr const T *operator->() const { return &value_; }

private:
    T value_{};
    Errno error_ = Errno::ok;
};

}  // namespace guest
