// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/system.h"

#include <fcntl.h>
#include <linux/kexec.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <utility>

#include "guest/linux/descriptor.h"
#include "guest/linux/report.h"

namespace agent {

namespace {

constexpr int syslog_read_all = 3, syslog_size_buffer = 10;

// Where `key=` begins as a parameter of its own and where its value ends; quotes belong to the value.
std::optional<std::pair<std::size_t, std::size_t>> find(std::string_view line, std::string_view key) {
    std::size_t at = 0;
    while (at < line.size()) {
        std::size_t end = at;
        for (bool quoted = false; end < line.size(); end++) {
            if (line[end] == '"')
                quoted = !quoted;
            if ((line[end] == ' ' || line[end] == '\n') && !quoted)
                break;
        }
        const std::string_view word = line.substr(at, end - at);
        if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=')
            return std::pair(at, end);
        at = end + 1;
    }
    return {};
}

}  // namespace

std::string mount_all() {
    struct Mount {
        const char *type, *path;
    };
    constexpr Mount mounts[] = {
        {"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"debugfs", "/sys/kernel/debug"}};
    for (const Mount &m : mounts) {
        mkdir(m.path, 0755);  // may be there already
        if (mount(m.type, m.path, m.type, 0, nullptr) != 0 && errno != EBUSY)
            return std::string(m.type) + ": " + name_of_error(errno);
    }
    return {};
}

std::optional<std::string> parameter(std::string_view command_line, std::string_view key) {
    const auto place = find(command_line, key);
    if (!place)
        return {};
    std::string value;
    for (const char c :
         command_line.substr(place->first + key.size() + 1, place->second - place->first - key.size() - 1))
        if (c != '"')
            value += c;
    return value;
}

std::string with_parameter(std::string_view command_line, std::string_view key, std::string_view value) {
    while (command_line.ends_with('\n')) command_line.remove_suffix(1);
    const std::string wanted = std::string(key) + "=" + std::string(value);
    const auto place = find(command_line, key);
    if (!place)
        return std::string(command_line) + " " + wanted;
    return std::string(command_line.substr(0, place->first)) + wanted +
           std::string(command_line.substr(place->second));
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

std::string kernel_log() {
    const int size = klogctl(syslog_size_buffer, nullptr, 0);
    std::string log(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
    const int n = klogctl(syslog_read_all, log.data(), size);
    log.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return log;
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
