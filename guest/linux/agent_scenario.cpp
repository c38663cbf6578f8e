// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/agent_scenario.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "guest/linux/agent_text.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

namespace agent {

namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint32_t all_seals =
    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC;

// The seeds need only be different (splitmix64's finish).
std::uint64_t seed_of(std::string_view session, std::uint64_t token) {
    std::uint64_t v = token + 1;
    for (const char c : session) v = (v ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
    v = (v ^ v >> 27) * 0x94d049bb133111eb;
    return v ^ v >> 31;
}

class Maker {
public:
    explicit Maker(const Limits &limits) : limits_(limits) {}

    void session(std::string name) { sessions_.push_back({.name = std::move(name), .files = {}}); }
    void file(std::uint64_t token, std::uint64_t size, std::uint64_t position = 0,
              Layout layout = Layout::full, std::uint32_t seals = 0) {
        ManifestSession &session = sessions_.back();
        session.files.push_back(
            {.token = token,
             .size = size,
             .position = position,
             .seed = seed_of(session.name, token),
             .layout = layout,
             .seals = limits_.seals ? std::optional(seals & limits_.seals) : std::nullopt});
    }
    std::vector<ManifestSession> take() { return std::move(sessions_); }

private:
    const Limits &limits_;
    std::vector<ManifestSession> sessions_;
};

std::vector<ManifestSession> one(const Limits &limits) {
    Maker m(limits);
    m.session("one");
    m.file(1, 2 * page + 100, 100);
    return m.take();
}

std::vector<ManifestSession> many_files(const Limits &limits) {
    Maker m(limits);
    m.session("many files");
    for (std::uint64_t i = 0; i < limits.files; i++) m.file(i, i * 97 % (2 * page), i);
    return m.take();
}

std::vector<ManifestSession> many_sessions(const Limits &limits) {
    Maker m(limits);
    for (std::uint64_t i = 0; i + 1 < limits.sessions; i++) {
        m.session(text("session %04llu", ull(i)));
        m.file(i, 1 + i * 7 % 100);
    }
    return m.take();
}

std::vector<ManifestSession> mixed(const Limits &limits) {
    Maker m(limits);
    m.session("no file");
    m.session("a");
    m.file(0, 0);
    m.file(1, 1, 1);
    m.file(2, page);
    m.session("odd sizes");
    m.file(~std::uint64_t{0}, page - 1, 7);
    m.file(~std::uint64_t{1}, page + 1, page);
    m.file(0x8000000000000000, 12345, 1 << 20);  // its position is behind the end
    m.file(0x7fffffffffffffff, 300 * 1024 + 13);
    m.session("holes");
    m.file(0x401, 50 * page + 100, 3, Layout::holes);
    m.file(0x402, 16 * page, 0, Layout::only_hole);
    m.file(0x403, 257 * page, 0, Layout::holes);
    m.session("large");
    m.file(1, 24 * mib + 5);
    m.session("a name of sixty-three bytes, which is as long as any can be ...");
    m.file(1, 2 * page);
    m.session("punctuation: \"#'$%\\=,");
    m.file(1, 3 * page, 1);
    if (limits.seals) {
        m.session("seals");
        m.file(1, page, 0, Layout::full, F_SEAL_SEAL);
        m.file(2, page + 1, 5, Layout::full, F_SEAL_SHRINK | F_SEAL_GROW);
        m.file(3, 3 * page, 0, Layout::full, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
        m.file(4, 100, 0, Layout::full, F_SEAL_FUTURE_WRITE);
        // Of a file that may be executed, F_SEAL_EXEC seals the content too (memfd_add_seals).
        m.file(5, 0, 0, Layout::full, all_seals & ~F_SEAL_SEAL);
    }
    return m.take();
}

std::vector<ManifestSession> none(const Limits &) { return {}; }

struct Scenario {
    std::string_view name;
    std::vector<ManifestSession> (*make)(const Limits &);
};
constexpr Scenario scenarios[] = {
    {"empty", none},
    {"one", one},
    {"many-files", many_files},
    {"many-sessions", many_sessions},
    {"mixed", mixed},
    // What is special about these is not in the files; those show that one does not disturb the other.
    {"flb", one},
    {"memblock", one},
    {"kho_test", one},
};

}  // namespace

Release Release::from(std::string_view uname) {
    Release release;
    const char *const end = uname.data() + uname.size();
    const auto major = std::from_chars(uname.data(), end, release.major);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.' ||
        std::from_chars(major.ptr + 1, end, release.minor).ec != std::errc())
        return {};
    return release;
}

Limits Limits::of(Release release) {
    // From 7.1 on a memfd carries its seals (memfd-v2). From 7.2 on sets and sessions are chains of blocks,
    // with room for half a million; before, the arrays are of a fixed size (luo_file.c, luo_session.c).
    const bool blocks = release >= Release{7, 2};
    return {.sessions = blocks ? 2000U : 819U,
            .files = blocks ? 500U : 128U,
            .seals = release >= Release{7, 1} ? all_seals : 0,
            .flbs = release >= Release{7, 0}};
}

bool is_scenario(std::string_view name) {
    return std::any_of(std::begin(scenarios), std::end(scenarios),
                       [&](const Scenario &s) { return s.name == name; });
}

std::vector<ManifestSession> sessions_of(std::string_view scenario, const Limits &limits) {
    for (const Scenario &s : scenarios)
        if (s.name == scenario)
            return s.make(limits);
    return {};
}

}  // namespace agent
