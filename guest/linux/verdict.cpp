// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/verdict.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>

#include "guest/linux/descriptor.h"
#include "guest/linux/report.h"
#include "plugin/registers.h"

namespace agent {

using kexec_handover::Register;
using kexec_handover::Verdict;

// STRICT_DEVMEM keeps user space from RAM, IO_STRICT_DEVMEM from what a driver has claimed: these registers
// are neither.
std::string give_verdict(bool passed) {
    const auto missing = [](int error) {
        return "/dev/mem: " + name_of_error(error) +
               ": the verdict cannot reach a kexec-handover device; the kernel needs CONFIG_DEVMEM=y and no "
               "lockdown=";
    };
    const Descriptor memory(open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC));
    if (!memory)
        return missing(errno);
    void *const page = mmap(nullptr, kexec_handover::mmio_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                            memory.fd(), static_cast<off_t>(kexec_handover::mmio_base));
    if (page == MAP_FAILED)
        return missing(errno);
    const auto at = [&](Register which) {
        return static_cast<volatile std::byte *>(page) + static_cast<std::uint32_t>(which);
    };
    if (*reinterpret_cast<const volatile std::uint64_t *>(at(Register::signature)) ==
        kexec_handover::device_signature)
        *reinterpret_cast<volatile std::uint32_t *>(at(Register::verdict)) =
            static_cast<std::uint32_t>(passed ? Verdict::passed_at_power_off : Verdict::pending);
    munmap(page, kexec_handover::mmio_size);
    return {};
}

}  // namespace agent
