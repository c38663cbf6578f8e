// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/reserved_memory.h"

#include <fcntl.h>
#include <libfdt.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "fdt/abi/flat_tree.h"
#include "guest/linux/agent_text.h"
#include "guest/linux/descriptor.h"
#include "guest/linux/report.h"
#include "guest/linux/system.h"
#include "guest/manifest/pattern.h"

namespace agent {

namespace {

constexpr const char *memblock_fdt = "/sys/kernel/debug/kho/out/sub_fdts/memblock";

// KHO's FDTs hold numbers in the CPU's byte order.
std::optional<std::uint64_t> number(const void *fdt, int node, const char *name) {
    int length = 0;
    const void *const value = fdt_getprop(fdt, node, name, &length);
    std::uint64_t result;
    if (!value || length != sizeof result)
        return {};
    std::memcpy(&result, value, sizeof result);
    return result;
}

class Mapping {
public:
    explicit Mapping(const ManifestReservation &of) : size_(of.size) {
        const Descriptor memory(open("/dev/mem", O_RDWR | O_CLOEXEC));
        if (memory)
            bytes_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd(),
                          static_cast<off_t>(of.start));
        if (bytes_ == MAP_FAILED)
            error_ = errno;
    }
    Mapping(const Mapping &) = delete;
    Mapping &operator=(const Mapping &) = delete;
    ~Mapping() {
        if (error_ == 0)
            munmap(bytes_, size_);
    }

    int error() const { return error_; }
    std::span<std::byte> bytes() const { return {static_cast<std::byte *>(bytes_), size_}; }

private:
    std::size_t size_;
    void *bytes_ = MAP_FAILED;
    int error_ = 0;
};

std::string content_difference(const ManifestReservation &reservation) {
    const Mapping mapping(reservation);
    if (mapping.error() != 0)
        return "/dev/mem: " + name_of_error(mapping.error());
    std::byte expected[content_page];
    const std::span<std::byte> bytes = mapping.bytes();
    for (std::size_t at = 0; at < bytes.size(); at += content_page) {
        const std::size_t n = std::min(bytes.size() - at, std::size_t{content_page});
        make_content(std::span(expected, n), *reservation.seed, Layout::full, at);
        if (std::memcmp(expected, bytes.data() + at, n) != 0)
            return text("\"%s\" differs at 0x%llx", reservation.name.c_str(), ull(reservation.start + at));
    }
    return {};
}

}  // namespace

std::vector<ManifestReservation> find_reservations(std::string &why) {
    std::vector<ManifestReservation> found;
    const std::optional<std::string> blob = read_file(memblock_fdt);
    if (!blob)
        return found;
    const void *const fdt = blob->data();
    if (!kho::abi::is_sound_for_libfdt(fdt, blob->size()) || fdt_check_full(fdt, blob->size()) != 0) {
        why = "the kernel's memblock FDT is malformed";
        return found;
    }
    int node;
    fdt_for_each_subnode(node, fdt, 0) {
        const char *const name = fdt_get_name(fdt, node, nullptr);
        const auto start = number(fdt, node, "start"), size = number(fdt, node, "size");
        if (!name || !start || !size) {
            why = "the kernel's memblock FDT has a reservation without start or size";
            return found;
        }
        found.push_back({name, *start, *size, {}});
    }
    return found;
}

std::string fill_reservation(ManifestReservation &reservation) {
    const Mapping mapping(reservation);
    if (mapping.error() == EPERM || mapping.error() == ENOENT)
        return {};
    if (mapping.error() != 0)
        return "/dev/mem: " + name_of_error(mapping.error());
    reservation.seed = reservation.start ^ reservation.size << 20;
    make_content(mapping.bytes(), *reservation.seed, Layout::full, 0);
    return {};
}

std::string reservation_difference(const ManifestReservation &reservation) {
    std::string why;
    for (const ManifestReservation &now : find_reservations(why))
        if (now.name == reservation.name) {
            if (now.start != reservation.start || now.size != reservation.size)
                return text("\"%s\" is at 0x%llx, 0x%llx bytes", now.name.c_str(), ull(now.start),
                            ull(now.size));
            return reservation.seed ? content_difference(reservation) : "";
        }
    return why.empty() ? "\"" + reservation.name + "\" is not reserved" : why;
}

}  // namespace agent
