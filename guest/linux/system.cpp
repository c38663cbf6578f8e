// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/system.h"

#include <fcntl.h>
#include <linux/kexec.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "guest/linux/descriptor.h"
#include "guest/linux/report.h"

namespace agent {

std::string mount_all() {
    struct Mount {
        const char *type, *path;
    };
    constexpr Mount mounts[] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}};
    for (const Mount &m : mounts) {
        mkdir(m.path, 0755);  // may be there already
        if (mount(m.type, m.path, m.type, 0, nullptr) != 0 && errno != EBUSY)
            return std::string(m.type) + ": " + name_of_error(errno);
    }
    // A kernel may have none: nothing but the place of reserved memory is read there.
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, nullptr);
    return {};
}

std::optional<std::string> read_file(const char *path) {
    const Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
    if (!file)
        return {};
    std::string result;
    char buffer[4096];
    for (;;) {
        const ssize_t n = read(file.fd(), buffer, sizeof buffer);
        if (n < 0)
            return {};
        if (n == 0)
            return result;
        result.append(buffer, static_cast<std::size_t>(n));
    }
}

std::string uname_release() {
    utsname name;
    return uname(&name) == 0 ? name.release : "";
}

int load_next_kernel(const std::string &command_line) {
    const Descriptor kernel(open("/kernel", O_RDONLY | O_CLOEXEC));
    if (!kernel)
        return -errno;
    const Descriptor initrd(open("/initrd", O_RDONLY | O_CLOEXEC));
    const unsigned long flags = initrd ? 0 : KEXEC_FILE_NO_INITRAMFS;
    // With its terminating NUL.
    const long result = syscall(SYS_kexec_file_load, kernel.fd(), initrd.fd(), command_line.size() + 1,
                                command_line.c_str(), flags);
    return result == 0 ? 0 : -errno;
}

int jump() {
    reboot(RB_KEXEC);
    return -errno;
}

}  // namespace agent
