// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/file/internal/atomic_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <system_error>
#include <utility>

namespace kho {
namespace {

// Recordings are gigabytes of page runs: small pieces are gathered, large ones pass through.
constexpr std::size_t buffer_size = std::size_t{1} << 20;
constexpr int name_attempts = 100;

std::string random_suffix() {
    constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    // Only to keep out of each other's way: if there is no randomness yet, O_EXCL still does.
    unsigned char random[6] = {};
    [[maybe_unused]] const ssize_t got = ::getrandom(random, sizeof random, GRND_NONBLOCK);
    std::string suffix = ".";
    for (const unsigned char number : random) suffix += letters[number % (sizeof letters - 1)];
    return suffix;
}

// A file that grows over the limit for file sizes must end in an error, not in the death of the process by
// SIGXFSZ: blocked while writing, and taken back if it came. The signal goes to the thread that writes.
class NoSignal {
public:
    NoSignal() {
        sigemptyset(&limit_);
        sigaddset(&limit_, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &limit_, &before_);
    }
    ~NoSignal() {
        if (!sigismember(&before_, SIGXFSZ)) {
            constexpr timespec at_once{};
            sigtimedwait(&limit_, nullptr, &at_once);
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoSignal(const NoSignal &) = delete;
    NoSignal &operator=(const NoSignal &) = delete;

private:
    sigset_t limit_, before_;
};

// The file behind a symbolic link, if there is one.
std::string resolved(const std::string &path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode))
        return path;
    char *real = ::realpath(path.c_str(), nullptr);
    std::string result = real ? real : path;
    std::free(real);
    return result;
}

}  // namespace

Error io_error(int errno_value, const std::string &path) {
    return {.code = Errc::io, .what = path + ": " + std::generic_category().message(errno_value)};
}

AtomicFile::AtomicFile(std::string path, std::string temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {
    buffer_.reserve(buffer_size);
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      buffer_(std::move(other.buffer_)),
      size_(other.size_),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

AtomicFile::~AtomicFile() {
    if (descriptor_ == -1)
        return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
}

Result<AtomicFile> AtomicFile::create(const std::string &name, Holds holds) {
    const std::string path = resolved(name);
    struct stat status {};
    const bool exists = ::stat(path.c_str(), &status) == 0;
    if (exists && !S_ISREG(status.st_mode))
        return Error{.code = Errc::io, .what = path + ": not a regular file"};
    const mode_t mode = exists || holds == Holds::memory ? 0600 : 0666;
    for (int attempt = 0; attempt < name_attempts; attempt++) {
        std::string temporary = path + random_suffix();
        const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (descriptor >= 0) {
            AtomicFile file(path, std::move(temporary), descriptor);
            if (exists && ::fchmod(descriptor, status.st_mode & 0777) != 0)
                return io_error(errno, path);
            return file;
        }
        if (errno != EEXIST && errno != EINTR)
            return io_error(errno, path);
    }
    return io_error(EEXIST, path);
}

Outcome AtomicFile::write(std::span<const std::byte> bytes) {
    size_ += bytes.size();
    if (buffer_.size() + bytes.size() > buffer_size)
        if (Outcome outcome = flush(); !outcome)
            return outcome;
    if (bytes.size() >= buffer_size)
        return write_out(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return success();
}

Outcome AtomicFile::zeros(std::uint64_t count) {
    static constexpr std::byte zero[4096] = {};
    while (count > 0) {
        const std::uint64_t piece = std::min<std::uint64_t>(count, sizeof zero);
        if (Outcome outcome = write(std::span(zero, piece)); !outcome)
            return outcome;
        count -= piece;
    }
    return success();
}

Outcome AtomicFile::hole(std::uint64_t count) {
    if (count == 0)
        return success();
    if (Outcome outcome = flush(); !outcome)
        return outcome;
    constexpr auto largest = std::numeric_limits<off_t>::max();
    if (count > static_cast<std::uint64_t>(largest) - size_)
        return io_error(EFBIG, path_);
    const auto end = static_cast<off_t>(size_ + count);
    const NoSignal no_signal;
    // Made longer at once, so that a hole at the end counts and one that is too long shows here.
    while (::ftruncate(descriptor_, end) != 0)
        if (errno != EINTR)
            return io_error(errno, path_);
    if (::lseek(descriptor_, end, SEEK_SET) < 0)
        return io_error(errno, path_);
    size_ += count;
    return success();
}

Outcome AtomicFile::flush() {
    Outcome outcome = write_out(buffer_);
    buffer_.clear();
    return outcome;
}

Outcome AtomicFile::write_out(std::span<const std::byte> bytes) {
    const NoSignal no_signal;
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return io_error(errno, path_);
        }
        // A short write is not an error by itself: the next one says why, if there is a reason.
        if (written == 0)
            return io_error(ENOSPC, path_);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return success();
}

Outcome AtomicFile::commit() {
    if (Outcome outcome = flush(); !outcome)
        return outcome;
    // Network file systems report at close what they could not write.
    if (::close(std::exchange(descriptor_, -1)) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
        const int cause = errno;
        ::unlink(temporary_.c_str());
        return io_error(cause, path_);
    }
    return success();
}

}  // namespace kho
