// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/make_description.h"

#include <nlohmann/json.hpp>

#include "fdt/base/internal/text.h"
#include "fdt/formats/releases.h"
#include "fdt/tool/json_document.h"
#include "fdt/tool/json_value.h"
#include "fdt/tool/make_contents.h"

namespace kho::tool {
namespace {

constexpr std::uint64_t max_u32 = UINT32_MAX;

const Release *read_release(const JsonValue &value) {
    const std::string release = value.text("");
    const Release *found = find_release(release);
    if (found == nullptr)
        value.fault(in_quotes(release) + " is none of " + release_names());
    return found;
}

std::vector<CoreMemoryRange> read_memory(const JsonValue &value) {
    if (!value.is_array())
        return pc_memory_map(value.number(std::uint64_t{512} << 20, std::uint64_t{1} << 52));
    std::vector<CoreMemoryRange> map;
    for (const JsonValue &entry : value.elements()) {
        entry.expect_members({"address", "size", "type"});
        CoreMemoryRange range{.address = entry.required("address").number(0),
                              .size = entry.required("size").number(0),
                              .type = static_cast<std::uint32_t>(entry.member("type").number(1, max_u32)),
                              .reserved = 0};
        if (range.size == 0 || !Range::checked(range.address, range.size))
            entry.fault("a range of " + hex(range.size) + " bytes at " + hex(range.address));
        map.push_back(range);
    }
    return map;
}

std::vector<ScratchDescription> read_scratch(const JsonValue &value) {
    std::vector<ScratchDescription> areas;
    for (const JsonValue &entry : value.elements()) {
        ScratchDescription area;
        if (entry.is_object()) {
            entry.expect_members({"address", "size"});
            area.size = entry.required("size").number(0);
            if (const JsonValue address = entry.member("address"); address.exists())
                area.address = PhysAddr{address.number(0)};
        } else {
            area.size = entry.number(0);
        }
        areas.push_back(area);
    }
    return areas;
}

// A number of bits, or a list of their names, bit 0 first.
std::uint64_t read_bits(const JsonValue &value, std::initializer_list<std::string_view> names,
                        std::uint64_t missing, std::uint64_t most) {
    if (!value.is_array())
        return value.number(missing, most);
    std::uint64_t bits = 0;
    for (const JsonValue &entry : value.elements()) {
        const std::string name = entry.text("");
        std::uint64_t bit = 1;
        bool known = false;
        std::string all;
        for (const std::string_view one : names) {
            if (one == name) {
                bits |= bit;
                known = true;
            }
            bit <<= 1;
            all += (all.empty() ? "" : ", ") + std::string(one);
        }
        if (!known)
            entry.fault(in_quotes(name) + " is none of " + all);
    }
    return bits;
}

FileDescription read_file(const JsonValue &value, const std::string &folder) {
    FileDescription file;
    file.token = value.required("token").number(0);
    file.handler = value.member("handler").text("memfd");
    if (file.handler != "memfd") {
        value.expect_members({"token", "handler", "data"});
        file.data = value.required("data").number(0);
        if (file.handler.empty())
            value.member("handler").fault("is empty");
        else if (file.handler == abi::memfd_v1_compatible || file.handler == abi::memfd_v2_compatible)
            value.member("handler").fault("write \"memfd\": the version is that of the release");
        return file;
    }
    file.handler.clear();
    value.expect_members(
        {"token", "handler", "size", "position", "seals", "flags", "folio_order", "contents"});
    file.content = read_contents(value.member("contents"), folder);
    file.size = value.member("size").number(file.content.end(), abi::memfd_max_size);
    file.position = value.member("position").number(0, abi::memfd_max_size);
    file.seals = static_cast<std::uint32_t>(read_bits(
        value.member("seals"), {"seal", "shrink", "grow", "write", "future-write", "exec"}, 0, max_u32));
    file.folio_flags = static_cast<std::uint16_t>(
        read_bits(value.member("flags"), {"dirty", "uptodate"}, file.folio_flags, 0xfff));
    file.folio_order = static_cast<unsigned>(value.member("folio_order").number(0, max_order));
    return file;
}

std::optional<LuoDescription> read_luo(const JsonValue &root, const std::string &folder) {
    const JsonValue number = root.member("liveupdate_number");
    const JsonValue sessions = root.member("sessions"), flbs = root.member("flbs");
    if (number.is_null()) {
        if (sessions.exists() || flbs.exists())
            number.fault("null leaves LUO out, but there are sessions or FLBs");
        return std::nullopt;
    }
    LuoDescription luo{.liveupdate_number = number.number(1)};
    for (const JsonValue &entry : sessions.elements()) {
        entry.expect_members({"name", "files"});
        SessionDescription &session = luo.sessions.emplace_back();
        session.name = entry.required("name").text("");
        for (const JsonValue &file : entry.member("files").elements())
            session.files.push_back(read_file(file, folder));
    }
    for (const JsonValue &entry : flbs.elements()) {
        entry.expect_members({"name", "data", "count"});
        luo.flbs.push_back({.name = entry.required("name").text(""),
                            .data = entry.required("data").number(0),
                            .count = entry.member("count").number(1)});
    }
    return luo;
}

std::optional<KexecMetadata> read_metadata(const JsonValue &value, const Release &release) {
    if (value.is_null() || (!value.exists() && !release.kho->kexec_metadata))
        return std::nullopt;
    value.expect_members({"previous_release", "kexec_count"});
    return KexecMetadata{
        .previous_release = value.member("previous_release").text(release.name + ".0"),
        .kexec_count = static_cast<std::uint32_t>(value.member("kexec_count").number(1, max_u32))};
}

ReservationDescription read_reservation(const JsonValue &value, const std::string &folder) {
    value.expect_members({"name", "size", "alignment", "address", "contents"});
    ReservationDescription reservation{.name = value.required("name").text("")};
    reservation.content = read_contents(value.member("contents"), folder);
    reservation.size = value.member("size").number(align_up(reservation.content.end(), page_size));
    reservation.alignment = value.member("alignment").number(page_size);
    if (const JsonValue address = value.member("address"); address.exists())
        reservation.address = PhysAddr{address.number(0)};
    return reservation;
}

}  // namespace

Result<Description> read_description(std::string_view json, const std::string &folder) {
    JsonFault fault;
    const auto failed = [&] { return Error{.code = Errc::input_format, .what = fault.text}; };
    const std::optional<nlohmann::json> document = parse_json(json, fault);
    if (!document || fault)
        return failed();
    const JsonValue root(&*document, "", fault);
    root.expect_members({"$schema", "release", "memory", "scratch", "liveupdate_number", "sessions", "flbs",
                         "reservations", "kexec_metadata", "subtrees"});
    const JsonValue release = root.required("release");
    if (fault)
        return failed();
    Description description{.release = read_release(release)};
    if (fault)
        return failed();
    description.memory_map = read_memory(root.member("memory"));
    description.scratch = read_scratch(root.member("scratch"));
    description.luo = read_luo(root, folder);
    for (const JsonValue &entry : root.member("reservations").elements())
        description.reservations.push_back(read_reservation(entry, folder));
    description.kexec_metadata = read_metadata(root.member("kexec_metadata"), *description.release);
    for (const JsonValue &entry : root.member("subtrees").elements()) {
        entry.expect_members({"name", "size", "contents"});
        SubtreeDescription &subtree = description.subtrees.emplace_back();
        subtree.name = entry.required("name").text("");
        subtree.content = read_contents(entry.member("contents"), folder);
        subtree.size = entry.member("size").number(subtree.content.end());
    }
    if (fault)
        return failed();
    return description;
}

}  // namespace kho::tool
