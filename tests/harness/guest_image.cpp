// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest_image.h"

#include "fdt/abi/luo.h"

namespace harness {

using namespace kexec_handover;

namespace {
constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;
constexpr std::uint64_t descriptor_at = 0x10000, map_at = 0x11000, scratch_at = 0x12000, preserved_at = mib,
                        sessions_at = 2 * mib, data_at = 4 * mib;
}  // namespace

GuestImage::GuestImage(QTest &q, Layout layout) : q_(q), data_start_(data_at) {
    // From 64 KiB up to where PCs keep firmware data, and from 1 MiB on.
    memory_map_ = {{0x10000, 0x80000, 1, 0}, {mib, layout.low_bytes - mib, 1, 0}};
    if (layout.high_bytes)
        memory_map_.push_back({4 * gib, layout.high_bytes, 1, 0});
    scratch_ = {{layout.low_bytes - 32 * mib, 32 * mib}};
    preserve(sessions_at, 4, 1);
}

std::uint64_t GuestImage::usable_bytes() const {
    std::uint64_t bytes = 0;
    for (const MemoryRange &range : memory_map_) bytes += range.size;
    return bytes;
}

void GuestImage::data(std::uint64_t size, std::uint8_t seed) {
    for (std::uint64_t offset = 0; offset < size; offset += mib)
        q_.fill(data_at + offset, std::min(mib, size - offset),
                static_cast<std::uint8_t>(seed + offset / mib));
    preserve(data_at, 0, static_cast<std::uint32_t>(size / kho::page_size));
}

void GuestImage::store() {
    const auto put = [&](std::uint64_t at, const auto &array) {
        q_.write(at, std::as_bytes(std::span(array)));
        return ArrayRef{at, array.size()};
    };
    const Descriptor descriptor{.magic = descriptor_magic,
                                .size = sizeof(Descriptor),
                                .flags = 0,
                                .memory_map = put(map_at, memory_map_),
                                .scratch = put(scratch_at, scratch_),
                                .preserved = put(preserved_at, preserved_),
                                .subtrees = {},
                                .session_header = sessions_at,
                                .liveupdate_number = 1,
                                .acpi_rsdp = 0,
                                .flb_header = 0,
                                .handover = 0,
                                .reserved = 0};
    q_.store(descriptor_at, descriptor);
    kho::abi::luo_session_ser session{.name = "alpha", .file_set = {}};
    q_.store(sessions_at, kho::abi::luo_session_header_ser{1});
    q_.store(sessions_at + sizeof(kho::abi::luo_session_header_ser), session);
}

Status GuestImage::ring() {
    store();
    q_.write64(Register::descriptor, descriptor_at);
    return q_.ring(Command::kexec);
}

}  // namespace harness
