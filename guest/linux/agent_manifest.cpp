// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/agent_manifest.h"

#include "guest/linux/agent_text.h"

namespace agent {

namespace {

const char *name_of(Layout layout) {
    switch (layout) {
        case Layout::full:
            return "full";
        case Layout::holes:
            return "holes";
        default:
            return "only-hole";
    }
}

}  // namespace

std::uint64_t Manifest::files() const {
    std::uint64_t n = 0;
    for (const ManifestSession &session : sessions) n += session.files.size();
    return n;
}

std::uint64_t Manifest::bytes() const {
    std::uint64_t n = 0;
    for (const ManifestSession &session : sessions)
        for (const ManifestFile &file : session.files) n += file.size;
    return n;
}

std::string to_text(const Manifest &manifest) {
    std::string out = std::string(manifest_magic) + "\nrelease " + manifest.release + "\nscenario " +
                      manifest.scenario + "\n";
    for (const ManifestSession &session : manifest.sessions) {
        out += text("session files=%zu name=%s\n", session.files.size(), session.name.c_str());
        for (const ManifestFile &file : session.files) {
            out += text("file token=0x%llx size=%llu pos=%llu seed=0x%llx layout=%s", ull(file.token),
                        ull(file.size), ull(file.position), ull(file.seed), name_of(file.layout));
            out += file.seals ? text(" seals=0x%x\n", *file.seals) : "\n";
        }
    }
    for (const ManifestReservation &r : manifest.reservations) {
        out += text("reserved start=0x%llx size=0x%llx", ull(r.start), ull(r.size));
        out += r.seed ? text(" seed=0x%llx", ull(*r.seed)) : "";
        out += " name=" + r.name + "\n";
    }
    return out + text("end sessions=%zu files=%llu bytes=%llu\n", manifest.sessions.size(),
                      ull(manifest.files()), ull(manifest.bytes()));
}

std::optional<Manifest> manifest_from(std::string_view from, unsigned *line) {
    Manifest manifest;
    ManifestReader reader(from);
    while (const std::optional<ManifestLine> next = reader.next()) {
        switch (next->kind) {
            case ManifestLine::Kind::release:
                manifest.release = next->text;
                break;
            case ManifestLine::Kind::scenario:
                manifest.scenario = next->text;
                break;
            case ManifestLine::Kind::session:
                manifest.sessions.push_back({.name = std::string(next->text), .files = {}});
                break;
            case ManifestLine::Kind::file:
                manifest.sessions.back().files.push_back(
                    {next->token, next->size, next->position, next->seed.value_or(0), next->layout,
                     next->seals ? std::optional(static_cast<std::uint32_t>(*next->seals)) : std::nullopt});
                break;
            case ManifestLine::Kind::reserved:
                manifest.reservations.push_back(
                    {std::string(next->text), next->start, next->size, next->seed});
                break;
            case ManifestLine::Kind::end:
                break;
        }
    }
    if (line)
        *line = reader.line();
    if (!reader.complete())
        return {};
    return manifest;
}

}  // namespace agent
