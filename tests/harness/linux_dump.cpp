// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux_dump.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <vector>

#include "guest.h"
#include "linux_guest.h"

namespace harness {
namespace {

constexpr const char *entered = "halt: boot_params at 0x";
constexpr unsigned limit_seconds = 90;

// One test at a time makes dumps, and the others then find them.
class Lock {
public:
    explicit Lock(const std::string &path) : fd_(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
        if (fd_ < 0 || flock(fd_, LOCK_EX) != 0)
            throw std::runtime_error("cannot lock " + path);
    }
    Lock(const Lock &) = delete;
    Lock &operator=(const Lock &) = delete;
    ~Lock() { close(fd_); }

private:
    int fd_;
};

// What a dump was made of: it is made again when this changes.
std::string stamp(const LinuxLeg &leg) {
    std::string text = qemu() + " " + leg.scenario + " " + leg.append + " " + leg.memory;
    for (const std::string &file : {leg.kernel, linux_agent(), leg.next})
        text += " " + file + " " + std::to_string(std::filesystem::file_size(file)) + " " +
                std::to_string(std::filesystem::last_write_time(file).time_since_epoch().count());
    return text;
}

// QEMU writes zeros out, and most of RAM is zero.
void make_sparse(const std::string &path) {
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0)
        throw std::runtime_error("cannot open " + path);
    std::vector<char> block(64 << 10), zeros(block.size());
    off_t at = 0;
    for (ssize_t n; (n = pread(fd, block.data(), block.size(), at)) > 0; at += n)
        if (std::memcmp(block.data(), zeros.data(), static_cast<std::size_t>(n)) == 0 &&
            fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, n) != 0)
            break;  // a file system without holes: it stays as it is
    close(fd);
}

void make(const LinuxLeg &leg, const std::string &path) {
    const TemporaryFolder folder;
    Guest guest(linux_machine(leg, folder.path()));
    guest.wait_for(entered, limit_seconds);
    std::filesystem::remove(path + ".core");
    guest.dump(path + ".core");
    // QEMU makes it read-only, for its owner, too.
    std::filesystem::permissions(path + ".core",
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    make_sparse(path + ".core");
    TemporaryFolder::write(path + ".console", guest.console());
}

LinuxDump find_or_make(const std::string &release, const std::string &scenario,
                       const std::string &parameters) {
    const char *const root = std::getenv("KHO_LINUX_DUMPS");
    if (!root || !*root)
        throw std::runtime_error("KHO_LINUX_DUMPS is not set: run this through meson test");
    LinuxLeg leg;
    leg.kernel = linux_kernel(release);
    if (leg.kernel.empty())
        throw std::runtime_error("KHO_KERNELS does not name a folder with bzImage-" + release);
    leg.scenario = scenario;
    leg.append = parameters;
    leg.next = halt_bzimage();
    leg.next_has_agent = false;

    std::filesystem::create_directories(root);
    std::string name = release + "-" + scenario + (parameters.empty() ? "" : "-" + parameters);
    std::ranges::replace_if(
        name, [](char c) { return c == ' ' || c == '/'; }, '_');
    const std::string path = std::string(root) + "/" + name;
    const Lock lock(path + ".lock");
    const std::string wanted = stamp(leg);
    if (TemporaryFolder::contents(path + ".stamp") != wanted) {
        std::filesystem::remove(path + ".stamp");
        make(leg, path);
        TemporaryFolder::write(path + ".stamp", wanted);
    }

    LinuxDump dump{.file = path + ".core",
                   .console = TemporaryFolder::contents(path + ".console"),
                   .boot_params = 0,
                   .manifest = {},
                   .flbs = {}};
    const std::string line = lines_with(dump.console, entered).at(0);
    dump.boot_params = std::stoull(line.substr(line.find("0x")), nullptr, 16);
    dump.manifest = manifest_on(dump.console);
    // "liveupdate test: NAME: preserve was triggered"
    for (const std::string &preserved : lines_with(dump.console, ": preserve was triggered")) {
        const std::string flb = preserved.substr(0, preserved.rfind(": "));
        dump.flbs.push_back(flb.substr(flb.rfind(' ') + 1));
    }
    return dump;
}

}  // namespace

const LinuxDump &linux_dump(std::string_view release, std::string_view scenario,
                            std::string_view parameters) {
    static std::map<std::string, LinuxDump> known;
    const std::string words[] = {std::string(release), std::string(scenario), std::string(parameters)};
    const std::string key = words[0] + " " + words[1] + " " + words[2];
    const auto found = known.find(key);
    return found != known.end()
               ? found->second
               : known.emplace(key, find_or_make(words[0], words[1], words[2])).first->second;
}

}  // namespace harness
