// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of a comparison share. Internal to diff.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fdt/view/diff.h"

namespace kho {

// Pairs the entries of two lists by a key, in order of the first list, then what only the second has. Keys
// that occur several times are paired in their order. O(n log n): hostile keys could all meet in a hash
// table.
struct Pair {
    std::optional<std::size_t> a, b;
};
template <typename List, typename Key>
std::vector<Pair> match(const List &a, const List &b, const Key &key) {
    using KeyType = std::decay_t<decltype(key(*a.begin()))>;
    constexpr std::size_t none = SIZE_MAX;
    std::map<KeyType, std::pair<std::size_t, std::size_t>> first_and_last;
    std::vector<std::size_t> next(b.size(), none);
    for (std::size_t i = 0; i < b.size(); i++) {
        const auto [entry, is_new] = first_and_last.try_emplace(key(b[i]), i, i);
        if (!is_new)
            next[std::exchange(entry->second.second, i)] = i;
    }
    std::vector<Pair> pairs;
    pairs.reserve(a.size());
    std::vector<bool> taken(b.size());
    for (std::size_t i = 0; i < a.size(); i++) {
        const auto entry = first_and_last.find(key(a[i]));
        if (entry == first_and_last.end() || entry->second.first == none) {
            pairs.push_back({i, std::nullopt});
            continue;
        }
        const std::size_t partner = entry->second.first;
        entry->second.first = next[partner];
        taken[partner] = true;
        pairs.push_back({i, partner});
    }
    for (std::size_t i = 0; i < b.size(); i++)
        if (!taken[i])
            pairs.push_back({std::nullopt, i});
    return pairs;
}

class Differ {
public:
    Differ(const DiffSide &a, const DiffSide &b, const DiffOptions &options)
        : a_(a), b_(b), options_(options) {}

    void compare_luo();
    void compare_subtrees();
    void compare_memblock();
    void compare_kexec_metadata();
    void compare_kho_test();
    void compare_memory();

    DiffResult take() { return std::move(result_); }

private:
    enum class Level : bool { meaning, form };
    class AtPath;

    // Both have it. Where only one does, that is a difference of the subtree of this name; said here for
    // blobs, which have no subtrees.
    bool both_have(const char *subtree, bool a, bool b);
    void add(Difference difference);
    void whole(DiffKind kind, const std::string &path, std::string value, Level level = Level::meaning);
    // Nothing, if the values are the same.
    void number(const std::string &path, const char *what, std::uint64_t a, std::uint64_t b,
                Level level = Level::meaning);
    void hex_number(const std::string &path, const char *what, std::uint64_t a, std::uint64_t b,
                    Level level = Level::meaning);
    void text(const std::string &path, const char *what, const std::string &a, const std::string &b,
              Level level = Level::meaning);
    void content(const std::string &path, const std::vector<FileExtent> &a, const std::vector<FileExtent> &b,
                 std::uint64_t size);

    void compare_sessions(const std::vector<LuoSession> &a, const std::vector<LuoSession> &b);
    void compare_files(const std::string &path, const LuoSession &a, const LuoSession &b);
    void compare_file(const std::string &path, const LuoFile &a, const LuoFile &b);
    void compare_flbs();

    const DiffSide &a_, &b_;
    const DiffOptions &options_;
    DiffResult result_;
};

}  // namespace kho
