// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/liveupdate.h"

#include <sys/ioctl.h>

#include <cerrno>

namespace agent {

namespace {

int by_name(int device, unsigned long request, const std::string &name) {
    uapi::session_by_name argument{.size = sizeof argument, .fd = -1, .name = {}};
    if (name.size() >= sizeof argument.name)
        return -ENAMETOOLONG;
    name.copy(argument.name, name.size());
    return ioctl(device, request, &argument) == 0 ? argument.fd : -errno;
}

}  // namespace

int create_session(int device, const std::string &name) {
    return by_name(device, uapi::create_session, name);
}

int retrieve_session(int device, const std::string &name) {
    return by_name(device, uapi::retrieve_session, name);
}

int preserve_fd(int session, int fd, std::uint64_t token) {
    uapi::fd_by_token argument{.size = sizeof argument, .fd = fd, .token = token};
    return ioctl(session, uapi::session_preserve_fd, &argument) == 0 ? 0 : -errno;
}

int retrieve_fd(int session, std::uint64_t token) {
    uapi::fd_by_token argument{.size = sizeof argument, .fd = -1, .token = token};
    return ioctl(session, uapi::session_retrieve_fd, &argument) == 0 ? argument.fd : -errno;
}

int finish_session(int session) {
    uapi::finish argument{.size = sizeof argument, .reserved = 0};
    return ioctl(session, uapi::session_finish, &argument) == 0 ? 0 : -errno;
}

}  // namespace agent
