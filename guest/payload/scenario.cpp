// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/scenario.h"

#include <algorithm>

#include "fdt/abi/luo.h"
#include "guest/kho/hash_table.h"

namespace guest {

namespace {

using kho::page_size;

// Also the place in `fixed`.
enum Kind : unsigned { empty, tiny, odd_sizes, holes, longest_name, scattered, full, extra };

struct Fixed {
    std::string_view name;
    Kind kind;
    unsigned files;
};

constexpr Fixed fixed[] = {
    {"empty", empty, 0},
    {"a", tiny, 3},
    {"odd sizes", odd_sizes, 4},
    {"holes", holes, 3},
    {"a name of sixty-three bytes, which is as long as any can be ...", longest_name, 1},
    {"scattered folios", scattered, 4},
    {"full", full, kho::abi::max_files_per_set},
};
static_assert(fixed[4].name.size() == 63);
constexpr unsigned fixed_count = sizeof(fixed) / sizeof(fixed[0]);

FileSpec plain(std::uint64_t token, std::uint64_t size) {
    return {.token = token, .size = size, .position = size / 3, .layout = Layout::small, .rewritten = true};
}

FileSpec holes_file(unsigned i) {
    FileSpec spec = plain(0x401 + i, 0);
    spec.layout = i == 1 ? Layout::only_hole : Layout::holes;
    const std::uint64_t sizes[] = {256 * page_size, 16 * page_size, 50 * page_size + 100};
    spec.size = sizes[i];
    return spec;
}

FileSpec scattered_file(unsigned i, std::uint64_t big, bool high_memory) {
    const Layout layouts[] = {Layout::mixed, Layout::pages, Layout::large,
                              high_memory ? Layout::high : Layout::mixed};
    // From 10 MiB on every order occurs: up to 8 in the mixed file, 9 and 10 in the large one.
    constexpr std::uint64_t mib = 1 << 20;
    const std::uint64_t large = big >= 10 * mib ? std::max(6 * mib, big / 4) : big / 4;
    const std::uint64_t pages = kho::align_up(big / 16, page_size);
    const std::uint64_t mixed = kho::align_up((big - large - pages) / 3 * 2, page_size);
    const std::uint64_t share[] = {mixed, pages, large, big - large - pages - mixed};
    return {.token = 0x1000000000000 + std::uint64_t{i},
            .size = share[i],
            .position = share[i] + 7,  // behind the end, which is legal
            .layout = layouts[i],
            .rewritten = false};
}

}  // namespace

std::uint64_t Scenario::high_memory_needed(std::uint64_t big) {
    return 2 * scattered_file(3, big, true).size + 2 * kho::order_bytes(kho::max_order);
}

unsigned Scenario::sessions() const { return fixed_count + extra_; }

unsigned Scenario::files() const {
    unsigned n = extra_ * extra_files_;
    for (unsigned i = 0; i < fixed_count; i++) n += session(i).files;
    return n;
}

SessionSpec Scenario::session(unsigned i) const {
    SessionSpec spec{};
    if (i < fixed_count) {
        std::copy_n(fixed[i].name.data(), fixed[i].name.size(), spec.name);
        spec.files = extra_files_ == 1 ? fixed[i].files : std::max(fixed[i].files, extra_files_);
        spec.kind = fixed[i].kind;
        return spec;
    }
    char text[] = "extra-0000";
    unsigned n = i - fixed_count;
    for (unsigned k = sizeof(text) - 2; n > 0; k--, n /= 10) text[k] = static_cast<char>('0' + n % 10);
    std::copy_n(text, sizeof(text), spec.name);
    spec.files = extra_files_;
    spec.kind = extra;
    return spec;
}

FileSpec Scenario::file(const SessionSpec &session, unsigned i) const {
    // What fills a session up.
    if (session.kind < extra && i >= fixed[session.kind].files)
        return plain(0x7000000000000000 + i, 0);
    switch (session.kind) {
        case tiny: {
            const std::uint64_t sizes[] = {0, 1, page_size};
            return plain(i, sizes[i]);
        }
        case odd_sizes: {
            const std::uint64_t sizes[] = {page_size - 1, page_size + 1, 12345, 300 * 1024 + 13};
            return plain(~std::uint64_t{0} - i, sizes[i]);
        }
        case holes:
            return holes_file(i);
        case longest_name:
            return plain(0x8000000000000000, 2 * page_size);
        case scattered:
            return scattered_file(i, big_, high_memory_);
        case full:
            return plain(mix(i + 1), std::uint64_t{i} * 97 % (2 * page_size));
        default:
            if (extra_files_ != 1)
                return plain(mix(i + 1), 0);
            return plain(1, 1 + mix(session.name_view().size() + i) % page_size);
    }
}

bool has_page(const FileSpec &file, std::uint64_t page) {
    switch (file.layout) {
        case Layout::only_hole:
            return false;
        case Layout::holes:
            return page / hole_block_pages % 3 == 1;
        default:
            return true;
    }
}

std::uint64_t content_seed(std::string_view session, const FileSpec &file, std::uint64_t life) {
    std::uint64_t seed = file.rewritten ? life : 1;
    for (const char c : session) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return mix(seed ^ mix(file.token));
}

}  // namespace guest
