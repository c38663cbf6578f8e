// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/atomic_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
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

Result<AtomicFile> AtomicFile::create(const std::string &path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
        return Error{.code = Errc::io, .what = path + ": not a regular file"};
    // Not mkstemp: it makes the file private, and to give it the mode of an ordinary file the umask would
    // have to be read, which is only possible by changing it for all threads.
    for (int attempt = 0; attempt < name_attempts; attempt++) {
        std::string temporary = path + random_suffix();
        const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (descriptor >= 0)
            return AtomicFile(path, std::move(temporary), descriptor);
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

Outcome AtomicFile::flush() {
    Outcome outcome = write_out(buffer_);
    buffer_.clear();
    return outcome;
}

Outcome AtomicFile::write_out(std::span<const std::byte> bytes) {
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
