// SPDX-License-Identifier: GPL-2.0-or-later
// An open file that is closed with its owner, or the negative errno of why it could not be opened.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace agent {

class Descriptor {
public:
    explicit Descriptor(int fd_or_error) : fd_(fd_or_error) {}
    Descriptor(Descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -EBADF)) {}
    Descriptor &operator=(Descriptor &&other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0)
            close(fd_);
    }

    explicit operator bool() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    int error() const { return fd_ < 0 ? fd_ : 0; }

private:
    int fd_;
};

}  // namespace agent
