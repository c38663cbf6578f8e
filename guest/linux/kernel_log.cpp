// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/kernel_log.h"

#include <sys/klog.h>

#include <algorithm>

namespace agent {

std::string kernel_log() {
    constexpr int read_all = 3, size_buffer = 10;  // syslog(2)
    const int size = klogctl(size_buffer, nullptr, 0);
    std::string log(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
    const int n = klogctl(read_all, log.data(), size);
    log.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return log;
}

std::string complaint(std::string_view log) {
    constexpr std::string_view marks[] = {
        "WARNING: ",     "BUG: ",      "Oops: ", "UBSAN: ", "general protection fault",
        "kernel BUG at", "Call Trace:"};
    std::size_t first = std::string_view::npos;
    for (const std::string_view mark : marks) first = std::min(first, log.find(mark));
    return first == std::string_view::npos ? ""
                                           : std::string(log.substr(first, log.find('\n', first) - first));
}

std::string liveupdate_number(std::string_view log) {
    const std::size_t line = log.find("luo: Retrieved live update data");
    if (line == std::string_view::npos)
        return {};
    const std::string_view rest = log.substr(line, log.find('\n', line) - line);
    const std::size_t at = rest.find("liveupdate number: ");
    return at == std::string_view::npos ? "" : std::string(rest.substr(at));
}

unsigned occurrences(std::string_view log, std::string_view part) {
    unsigned n = 0;
    for (std::size_t at = log.find(part); at != std::string_view::npos; at = log.find(part, at + 1)) n++;
    return n;
}

}  // namespace agent
