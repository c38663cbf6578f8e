// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/kernel_files.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace kexec_handover {
namespace {

// A regular file only: the machine stands still while it is read, so nothing that could block.
struct Limits {
    Status missing, unreadable, too_large;
    std::uint64_t bytes;
};

Checked<std::vector<std::byte>> read_file(const std::string &path, const char *what, const Limits &limits) {
    const auto refuse = [&](int error) {
        return Refusal{error == ENOENT ? limits.missing : limits.unreadable, 0, 0,
                       std::string(what) + " " + path + ": " + g_strerror(error)};
    };
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse(errno);
    struct stat info;
    int error = fstat(fd, &info) < 0 ? errno : 0;
    if (error == 0 && !S_ISREG(info.st_mode))
        error = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    if (error == 0 && static_cast<std::uint64_t>(info.st_size) > limits.bytes) {
        close(fd);
        return Refusal{limits.too_large, 0, static_cast<std::uint64_t>(info.st_size),
                       std::string(what) + " " + path + ": " + std::to_string(info.st_size) +
                           " bytes, at most " + std::to_string(limits.bytes) + " have room"};
    }
    std::vector<std::byte> bytes;
    if (error == 0) {
        bytes.resize(static_cast<std::size_t>(info.st_size));
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t n = read(fd, bytes.data() + done, bytes.size() - done);
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                error = errno;
            if (n <= 0)
                break;
            done += static_cast<std::size_t>(n);
        }
        bytes.resize(done);
    }
    close(fd);
    if (error != 0)
        return refuse(error);
    return bytes;
}

}  // namespace

Checked<KernelFiles> read_kernel_files(const std::string &kernel, const std::string &initrd,
                                       std::uint64_t scratch) {
    if (kernel.empty())
        return Refusal{Status::kernel_missing, 0, 0,
                       "no next kernel: neither the device's kernel= nor the machine's -kernel is set"};
    auto kernel_bytes = read_file(
        kernel, "kernel",
        {Status::kernel_missing, Status::kernel_unreadable, Status::kernel_too_large, max_kernel_file});
    if (!kernel_bytes)
        return kernel_bytes.error();
    KernelFiles files;
    files.kernel = std::move(kernel_bytes.value());
    auto image = kho::parse_kernel(files.kernel);
    if (!image) {
        Refusal r = refusal(image.error());
        r.what = "kernel " + kernel + ": " + r.what;
        return r;
    }
    files.image = std::move(image).value();
    if (!initrd.empty()) {
        auto initrd_bytes = read_file(
            initrd, "initrd",
            {Status::initrd_unreadable, Status::initrd_unreadable, Status::initrd_too_large, scratch});
        if (!initrd_bytes)
            return initrd_bytes.error();
        files.initrd = std::move(initrd_bytes.value());
    }
    return files;
}

}  // namespace kexec_handover
