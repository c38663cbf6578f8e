// SPDX-License-Identifier: GPL-2.0-or-later
// Choosing places in scratch for what the next kernel needs, and making its boot_params.
#include "fdt/boot/boot_plan.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "fdt/abi/units.h"
#include "fdt/base/internal/text.h"

namespace kho {
namespace {

namespace bp = abi::boot_params;

// Below are the BIOS's data and where Linux puts the code that starts other CPUs.
constexpr PhysAddr lowest{0x100000};
constexpr PhysAddr four_gib{4 * gib};
constexpr PhysAddr top{std::numeric_limits<std::uint64_t>::max()};
constexpr Range low_half{lowest, four_gib - lowest};
constexpr Range high_half{four_gib, top - four_gib};

struct Places {
    Range kernel, boot_params, command_line, setup_data, initrd;
};

std::uint64_t upper(PhysAddr address) { return value(address) >> 32; }

// Pages that `bytes` take. Nothing can be so large that this wraps and still be found a place for.
std::uint64_t whole_pages(std::uint64_t bytes) {
    const std::uint64_t size = align_up(bytes, page_size);
    return size < bytes ? std::numeric_limits<std::uint64_t>::max() : size;
}

// Takes places out of scratch one after the other.
class Placer {
public:
    explicit Placer(const BootRequest &request)
        : kernel_(*request.kernel), free_(request.scratch->intersect(RangeSet({low_half, high_half}))) {}

    std::optional<Range> place_kernel() {
        const std::uint64_t size = whole_pages(kernel_.size);
        const std::optional<Range> preferred = Range::checked(value(kernel_.preferred), size);
        if (preferred && free_.contains(*preferred) && preferred_suits(*preferred))
            return take(*preferred);
        if (!kernel_.relocatable)
            return std::nullopt;
        if (const auto low = free_.find_low(size, kernel_.alignment, low_half))
            return take(*low);
        return kernel_.above_4g ? take(free_.find_low(size, kernel_.alignment, high_half)) : std::nullopt;
    }

    std::optional<Range> place_small(std::uint64_t bytes) {
        const std::uint64_t size = whole_pages(bytes);
        if (const auto low = free_.find_low(size, page_size, low_half))
            return take(*low);
        return others_above_4g() ? take(free_.find_low(size, page_size, high_half)) : std::nullopt;
    }

    // High, to leave the kernel room to grow into, as boot loaders do.
    std::optional<Range> place_initrd(std::uint64_t bytes) {
        const std::uint64_t size = whole_pages(bytes);
        const PhysAddr limit = std::min(four_gib, initrd_limit());
        if (limit > lowest)
            if (const auto low = free_.find_high(size, page_size, {lowest, limit - lowest}))
                return take(*low);
        if (!others_above_4g())
            return std::nullopt;
        return take(free_.find_high(size, page_size, {lowest, top - lowest}));
    }

private:
    std::optional<Range> take(std::optional<Range> place) {
        if (place)
            free_.subtract(*place);
        return place;
    }

    bool preferred_suits(const Range &preferred) const {
        if (!kernel_.relocatable)
            return true;
        return is_aligned(value(preferred.start), kernel_.alignment) &&
               (kernel_.above_4g || preferred.end() <= four_gib);
    }

    // The ext_ fields of boot_params are understood by kernels that may themselves lie there, and by those
    // that are entered past their decompressor.
    bool others_above_4g() const { return kernel_.above_4g || kernel_.setup_header.empty(); }

    PhysAddr initrd_limit() const {
        constexpr std::uint64_t at = bp::initrd_addr_max - bp::setup_header;
        std::uint32_t last = 0;
        if (kernel_.setup_header.size() >= at + sizeof last)
            std::memcpy(&last, kernel_.setup_header.data() + at, sizeof last);
        return last == 0 ? four_gib : PhysAddr{last} + 1;
    }

    const BootImage &kernel_;
    RangeSet free_;
};

Error no_place(Errc code, const char *what, std::uint64_t bytes) {
    return {.code = code,
            .what = std::string("no place in scratch for the ") + what + " of " + hex(bytes) + " bytes"};
}

Result<Places> choose_places(const BootRequest &request) {
    Placer placer(request);
    const auto kernel = placer.place_kernel();
    if (!kernel)
        return Error{.code = Errc::image_too_large,
                     .address = request.kernel->relocatable ? 0 : value(request.kernel->preferred),
                     .what = no_place(Errc::image_too_large, "kernel", request.kernel->size).what};
    const auto boot_params = placer.place_small(bp::size);
    const auto command_line = placer.place_small(request.command_line.size() + 1);
    const auto setup_data = placer.place_small(sizeof(abi::setup_data_header) + sizeof(abi::kho_data));
    if (!boot_params || !command_line || !setup_data)
        return no_place(Errc::image_too_large, "boot parameters", bp::size);
    Places places{.kernel = *kernel,
                  .boot_params = *boot_params,
                  .command_line = *command_line,
                  .setup_data = *setup_data,
                  .initrd = {}};
    if (request.initrd.empty())
        return places;
    const auto initrd = placer.place_initrd(request.initrd.size());
    if (!initrd)
        return no_place(Errc::initrd_too_large, "initrd", request.initrd.size());
    places.initrd = *initrd;
    return places;
}

template <typename T>
void put(std::vector<std::byte> &page, std::uint64_t offset, T value) {
    std::memcpy(page.data() + offset, &value, sizeof value);
}

void put_setup_header(std::vector<std::byte> &page, const BootImage &kernel) {
    if (!kernel.setup_header.empty()) {
        std::copy(kernel.setup_header.begin(), kernel.setup_header.end(), page.begin() + bp::setup_header);
        return;
    }
    // An ELF file has no setup header, but the kernel in it looks at the one in boot_params.
    constexpr std::uint16_t version = 0x020f;
    put(page, bp::boot_flag, abi::boot_flag_magic);
    put(page, bp::header_magic, abi::header_magic_hdrs);
    put(page, bp::version, version);
    put(page, bp::loadflags, abi::loadflag_loaded_high);
    put(page, bp::kernel_alignment, static_cast<std::uint32_t>(kernel.alignment));
    put(page, bp::relocatable_kernel, static_cast<std::uint8_t>(kernel.relocatable));
    put(page, bp::xloadflags, abi::xloadflag_kernel_64);
    put(page, bp::cmdline_size, static_cast<std::uint32_t>(kernel.max_command_line));
    put(page, bp::pref_address, value(kernel.preferred));
    put(page, bp::init_size, static_cast<std::uint32_t>(kernel.size));
}

std::vector<std::byte> make_boot_params(const BootRequest &request, const Places &places) {
    std::vector<std::byte> page(bp::size);
    put_setup_header(page, *request.kernel);
    const auto low_half_of = [](std::uint64_t number) { return static_cast<std::uint32_t>(number); };

    put(page, bp::acpi_rsdp_addr, request.acpi_rsdp);
    put(page, bp::type_of_loader, abi::loader_type_undefined);
    if (places.kernel.end() <= four_gib)
        put(page, bp::code32_start, low_half_of(value(places.kernel.start)));
    put(page, bp::cmd_line_ptr, low_half_of(value(places.command_line.start)));
    put(page, bp::ext_cmd_line_ptr, low_half_of(upper(places.command_line.start)));
    put(page, bp::ramdisk_image, low_half_of(value(places.initrd.start)));
    put(page, bp::ext_ramdisk_image, low_half_of(upper(places.initrd.start)));
    put(page, bp::ramdisk_size, low_half_of(request.initrd.size()));
    put(page, bp::ext_ramdisk_size, low_half_of(std::uint64_t{request.initrd.size()} >> 32));
    put(page, bp::setup_data, value(places.setup_data.start));

    put(page, bp::e820_entries, static_cast<std::uint8_t>(request.memory_map.size()));
    for (std::size_t i = 0; i < request.memory_map.size(); i++)
        put(page, bp::e820_table + i * sizeof(abi::e820_entry), request.memory_map[i]);
    return page;
}

std::vector<std::byte> make_setup_data(const abi::kho_data &handover) {
    const abi::setup_data_header header{.next = 0, .type = abi::setup_kexec_kho, .len = sizeof handover};
    std::vector<std::byte> node(sizeof header + sizeof handover);
    std::memcpy(node.data(), &header, sizeof header);
    std::memcpy(node.data() + sizeof header, &handover, sizeof handover);
    return node;
}

std::vector<std::byte> make_command_line(std::string_view text) {
    std::vector<std::byte> bytes(text.size() + 1);
    std::ranges::copy(std::as_bytes(std::span(text)), bytes.begin());
    return bytes;
}

}  // namespace

Result<BootPlan> plan_boot(const BootRequest &request) {
    assert(request.kernel != nullptr && request.scratch != nullptr);
    assert(request.memory_map.size() <= abi::e820_max_entries);
    if (request.command_line.size() > request.kernel->max_command_line)
        return Error{.code = Errc::command_line_too_long,
                     .what = std::to_string(request.command_line.size()) + " characters, the kernel takes " +
                             std::to_string(request.kernel->max_command_line)};
    const Result<Places> chosen = choose_places(request);
    if (!chosen)
        return chosen.error();
    const Places &places = chosen.value();

    BootPlan plan{.entry = places.kernel.start + request.kernel->entry_offset,
                  .boot_params = places.boot_params.start,
                  .placements = {}};
    for (const BootImage::Segment &segment : request.kernel->segments)
        plan.placements.push_back({.address = places.kernel.start + segment.offset,
                                   .owned = {},
                                   .borrowed = segment.bytes,
                                   .memory_size = segment.memory_size});
    // Small things and the initrd own whole pages: zeroes follow them up to the end of the last one.
    const auto own = [&plan](const Range &place, std::vector<std::byte> bytes) {
        plan.placements.push_back(
            {.address = place.start, .owned = std::move(bytes), .borrowed = {}, .memory_size = place.size});
    };
    own(places.boot_params, make_boot_params(request, places));
    own(places.command_line, make_command_line(request.command_line));
    own(places.setup_data, make_setup_data(request.handover));
    if (!places.initrd.empty())
        plan.placements.push_back({.address = places.initrd.start,
                                   .owned = {},
                                   .borrowed = request.initrd,
                                   .memory_size = places.initrd.size});
    return plan;
}

}  // namespace kho
