// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/file/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

#include "fdt/file/internal/atomic_file.h"

namespace kho {
namespace {

// Special files have no useful size: what they give is read, up to this.
constexpr std::size_t longest_copy = 16 << 20;

// What is mapped, for a signal handler: no allocation, no locks. A mapping that finds no free entry is merely
// not recognized there.
struct Mapping {
    std::atomic<bool> taken;
    std::atomic<std::uintptr_t> begin, end;
    char path[256];
};
std::array<Mapping, 16> mappings;

void remember(Bytes bytes, const std::string &path) {
    for (Mapping &mapping : mappings) {
        if (mapping.taken.exchange(true))
            continue;
        mapping.path[path.copy(mapping.path, sizeof mapping.path - 1)] = '\0';
        const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
        mapping.begin = begin;
        mapping.end = begin + bytes.size();
        return;
    }
}

void forget(Bytes bytes) {
    for (Mapping &mapping : mappings) {
        if (!mapping.taken || mapping.begin != reinterpret_cast<std::uintptr_t>(bytes.data()))
            continue;
        mapping.end = 0;
        mapping.begin = 0;
        mapping.taken = false;
        return;
    }
}

Result<std::vector<std::byte>> read_all(int descriptor, const std::string &path) {
    std::vector<std::byte> bytes;
    while (true) {
        constexpr std::size_t step = 1 << 16;
        const std::size_t have = bytes.size();
        if (have > longest_copy)
            return io_error(EFBIG, path);
        bytes.resize(have + step);
        const ssize_t got = ::read(descriptor, bytes.data() + have, step);
        const int cause = errno;
        bytes.resize(have + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got == 0)
            return bytes;
        if (got < 0 && cause != EINTR)
            return io_error(cause, path);
    }
}

std::string_view program_name;

void report(std::string_view text) {
    // Nothing can be done about a failure.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void on_sigbus(int number, siginfo_t *info, void *) {
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (const Mapping &mapping : mappings) {
        if (info->si_code <= 0 || address < mapping.begin || address >= mapping.end)
            continue;
        report(program_name);
        report(": ");
        report(mapping.path);
        report(": was shortened, or could not be read, while it was in use\n");
        ::_exit(2);
    }
    std::signal(number, SIG_DFL);
    std::raise(number);
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string &path) {
    MappedFile file;
    // A FIFO without a writer must not hold us up: it is refused below.
    file.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file.descriptor_ < 0)
        return io_error(errno, path);
    struct stat status {};
    if (::fstat(file.descriptor_, &status) != 0)
        return io_error(errno, path);
    if (!S_ISREG(status.st_mode))
        return io_error(S_ISDIR(status.st_mode) ? EISDIR : EINVAL, path);
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > 0) {
        void *address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor_, 0);
        if (address != MAP_FAILED) {
            file.bytes_ = {static_cast<const std::byte *>(address), size};
            remember(file.bytes_, path);
            return file;
        }
        if (errno != ENODEV)
            return io_error(errno, path);
    }
    Result<std::vector<std::byte>> copy = read_all(file.descriptor_, path);
    if (!copy)
        return copy.error();
    file.copy_ = std::move(copy).value();
    file.bytes_ = file.copy_;
    return file;
}

MappedFile MappedFile::from_bytes(std::vector<std::byte> bytes) {
    MappedFile file;
    file.copy_ = std::move(bytes);
    file.bytes_ = file.copy_;
    return file;
}

std::vector<Extent> MappedFile::data(Extent part) const {
    std::vector<Extent> extents;
    const std::uint64_t end = std::min<std::uint64_t>(part.end(), bytes_.size());
    for (std::uint64_t at = part.offset; at < end;) {
        const off_t data = ::lseek(descriptor_, static_cast<off_t>(at), SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            break;  // holes up to the file's end
        const off_t hole = data < 0 ? -1 : ::lseek(descriptor_, data, SEEK_HOLE);
        if (hole <= data || static_cast<std::uint64_t>(data) < at) {
            extents.push_back({at, end - at});
            break;
        }
        const auto from = static_cast<std::uint64_t>(data);
        const std::uint64_t to = std::min(end, static_cast<std::uint64_t>(hole));
        if (from < to)
            extents.push_back({from, to - from});
        at = static_cast<std::uint64_t>(hole);
    }
    return extents;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : bytes_(std::exchange(other.bytes_, {})),
      copy_(std::move(other.copy_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
    // The other one's destructor unmaps what was ours.
    std::swap(bytes_, other.bytes_);
    std::swap(copy_, other.copy_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

MappedFile::~MappedFile() {
    if (!bytes_.empty() && copy_.empty()) {
        forget(bytes_);
        ::munmap(const_cast<std::byte *>(bytes_.data()), bytes_.size());
    }
    if (descriptor_ >= 0)
        ::close(descriptor_);
}

void exit_when_a_file_shrinks(const char *program) {
    program_name = program;
    struct sigaction action {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace kho
