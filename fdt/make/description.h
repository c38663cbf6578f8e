// SPDX-License-Identifier: GPL-2.0-or-later
// The description of a handover to be made: what is in it, not where it lies. `kho make` reads
// it from JSON, tests write it down.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fdt/abi/memfd.h"
#include "fdt/abi/units.h"
#include "fdt/file/elf_core.h"
#include "fdt/make/content.h"
#include "fdt/model/format.h"

namespace kho {

// A memfd, or a file of another handler, of which nothing is known but its data.
struct FileDescription {
    std::uint64_t token = 0;
    std::string handler{};   // empty: memfd, in the version of the release
    std::uint64_t data = 0;  // of another handler
    std::uint64_t size = 0;
    std::uint64_t position = 0;
    std::uint32_t seals = 0;
    std::uint16_t folio_flags = abi::memfd_folio_dirty | abi::memfd_folio_uptodate;
    unsigned folio_order = 0;  // as large as it fits, at most this
    Content content{};
};

struct SessionDescription {
    std::string name{};
    std::vector<FileDescription> files{};
};

struct ReservationDescription {
    std::string name{};
    std::uint64_t size = 0;               // bytes, whole pages
    std::uint64_t alignment = page_size;  // a power of two
    std::optional<PhysAddr> address{};
    Content content{};
};

// A subtree that this project knows nothing about.
struct SubtreeDescription {
    std::string name{};
    std::uint64_t size = 0;
    Content content{};
};

struct ScratchDescription {
    std::uint64_t size = 0;  // bytes, whole pages; 0 is legal
    std::optional<PhysAddr> address{};
};

struct LuoDescription {
    std::uint64_t liveupdate_number = 1;
    std::vector<SessionDescription> sessions{};
    std::vector<LuoFlb> flbs{};
};

struct Description {
    const Release *release = nullptr;  // never nullptr when it is built
    std::vector<CoreMemoryRange> memory_map{};
    std::vector<ScratchDescription> scratch{};  // empty: as default_scratch() says
    std::optional<LuoDescription> luo{};
    std::vector<ReservationDescription> reservations{};
    std::optional<KexecMetadata> kexec_metadata{};
    std::vector<SubtreeDescription> subtrees{};
};

// What QEMU's machine pc has with so much memory, under SeaBIOS: a gap below 1 MiB; from 3.5 GiB on one from
// 3 to 4 GiB; the firmware's tables below that. So has q35, but for a gap from 2 to 4 GiB from 2.75 GiB on.
std::vector<CoreMemoryRange> pc_memory_map(std::uint64_t bytes);

// Of each area of scratch memory, as kernels make them.
inline constexpr std::uint64_t scratch_alignment = 4 * mib;

// Areas for a machine with this much RAM: low memory (an eighth of RAM, at most 256 MiB), global (as much)
// and one node (half of that).
std::vector<ScratchDescription> default_scratch(std::uint64_t ram);

}  // namespace kho
