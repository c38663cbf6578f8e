// SPDX-License-Identifier: GPL-2.0-or-later
// Formats and releases as rows. A format is known by what is seen: strings, properties, fields. A release is a set of
// formats. The rows of Linux are in fdt/formats/releases.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kho {

class EntryCodec;
class FileHandler;
class LuoRootCodec;
class MapCodec;
struct Handover;

// Kernels that do the same with broken handovers.
enum class KernelFamily : std::uint8_t {
    arrays,  // sessions and files are read from arrays: 6.19 to 7.1
    blocks,  // from linked blocks: from 7.2 on
};

// How the KHO part is written. Compared by address.
struct KhoFormat {
    std::string_view compatible;   // "kho-v1"
    const MapCodec &map;           // of preserved memory
    const char *address_property;  // of a subtree's node
    const char *size_property;     // likewise; nullptr: sizes are not written, and a blob is a page
    bool kexec_metadata;           // kernels that write this also know the subtree kexec-metadata

    bool has_sizes() const { return size_property != nullptr; }
};

// How the LUO part is written. Compared by address.
struct LuoFormat {
    std::string_view compatible;  // "luo-v1"; what else its root says the codec knows
    const LuoRootCodec &root;
    const EntryCodec &entries;  // how sessions and files are stored
    bool always_has_flbs;       // its root has a place for FLBs in every release that writes it
    KernelFamily family;
};

// "kho-v1" ...; "" for nullptr, an unknown format.
inline std::string_view compatible(const KhoFormat *format) { return format ? format->compatible : ""; }
inline std::string_view compatible(const LuoFormat *format) { return format ? format->compatible : ""; }

// What a release writes, and takes.
struct Release {
    std::string name;  // such as 6.19
    const KhoFormat *kho;
    const LuoFormat *luo;
    bool flbs;  // writes a place for FLBs, and insists on finding one
    std::vector<const FileHandler *> handlers;
};

// A table of releases. Values only: a copy can be extended.
struct Formats {
    std::vector<Release> releases;  // ascending

    // By its name, or another that release_series() understands. nullptr if unknown.
    const Release *find(std::string_view name) const;
    // Those that write just these formats. None if the handover mixes them.
    std::vector<const Release *> writing(const Handover &handover) const;
    // The format with this string; nullptr if no release writes it.
    const KhoFormat *kho(std::string_view compatible) const;
    std::vector<const KhoFormat *> kho() const;  // all, in the order of releases
    // Those that releases write with this KHO format; with nullptr all of them.
    std::vector<const LuoFormat *> luo(const KhoFormat *with) const;
    std::vector<const FileHandler *> handlers(const KhoFormat *with) const;
};

// The series that a stable release, a tag or a source tree belongs to: 6.19 of 6.19.14, v6.19 and linux-6.19.14. Anything
// else stays as it is.
std::string_view release_series(std::string_view name);

// Whether the release's root of LUO looks like this handover's.
bool writes_luo(const Release &release, const Handover &handover);

}  // namespace kho
