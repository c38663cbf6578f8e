// SPDX-License-Identifier: GPL-2.0-or-later
// Linux's live update device, as user space sees it (include/uapi/linux/liveupdate.h). Only one process can
// have it open. A session lives as long as its descriptor: closing an outgoing one gives up what it
// preserved, closing a retrieved one finishes it.
//
// Results are descriptors or 0, or a negative errno.
#pragma once

#include <cstdint>
#include <string>

namespace agent {

namespace uapi {

// _IO(0xba, nr): size and direction are not part of it; every argument begins with its own size.
constexpr unsigned long request(unsigned nr) { return 0xbaUL << 8 | nr; }

inline constexpr unsigned long create_session = request(0x00), retrieve_session = request(0x01),
                               session_preserve_fd = request(0x40), session_retrieve_fd = request(0x41),
                               session_finish = request(0x42);
inline constexpr std::size_t session_name_length = 64;  // with the terminating NUL

struct session_by_name {
    std::uint32_t size;
    std::int32_t fd;  // out
    char name[session_name_length];
};
static_assert(sizeof(session_by_name) == 72);

struct fd_by_token {
    std::uint32_t size;
    std::int32_t fd;  // in for preserve, out for retrieve
    std::uint64_t token;
};
static_assert(sizeof(fd_by_token) == 16);

struct finish {
    std::uint32_t size;
    std::uint32_t reserved;
};
static_assert(sizeof(finish) == 8);

}  // namespace uapi

inline constexpr const char *liveupdate_device = "/dev/liveupdate";

int create_session(int device, const std::string &name);
int retrieve_session(int device, const std::string &name);
int preserve_fd(int session, int fd, std::uint64_t token);
int retrieve_fd(int session, std::uint64_t token);
int finish_session(int session);

}  // namespace agent
