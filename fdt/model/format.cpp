// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/format.h"

#include <algorithm>

#include "fdt/model/handover.h"

namespace kho {
namespace {

template <typename T>
void add_once(std::vector<const T *> &to, const T *item) {
    if (std::ranges::find(to, item) == to.end())
        to.push_back(item);
}

}  // namespace

std::string_view release_series(std::string_view name) {
    if (name.starts_with("linux-"))
        name.remove_prefix(6);
    else if (name.starts_with("v"))
        name.remove_prefix(1);
    const std::size_t minor = name.find('.');
    return name.substr(0, minor == name.npos ? minor : name.find('.', minor + 1));
}

bool writes_luo(const Release &release, const Handover &handover) {
    if (!handover.luo)
        return true;
    const Luo &luo = *handover.luo;
    // 6.19 and 7.0 differ in nothing but the place for FLBs.
    return release.luo == luo.format &&
           (release.luo->always_has_flbs || luo.flbs.has_value() == release.flbs);
}

const Release *Formats::find(std::string_view name) const {
    const auto found = std::ranges::find(releases, release_series(name), &Release::name);
    return found == releases.end() ? nullptr : &*found;
}

std::vector<const Release *> Formats::writing(const Handover &handover) const {
    std::vector<const Release *> result;
    for (const Release &release : releases)
        if (release.kho == handover.format && writes_luo(release, handover))
            result.push_back(&release);
    return result;
}

const KhoFormat *Formats::kho(std::string_view compatible) const {
    const auto found = std::ranges::find(releases, compatible,
                                         [](const Release &release) { return release.kho->compatible; });
    return found == releases.end() ? nullptr : found->kho;
}

std::vector<const KhoFormat *> Formats::kho() const {
    std::vector<const KhoFormat *> result;
    for (const Release &release : releases) add_once(result, release.kho);
    return result;
}

std::vector<const LuoFormat *> Formats::luo(const KhoFormat *with) const {
    std::vector<const LuoFormat *> result;
    for (const Release &release : releases)
        if (with == nullptr || release.kho == with)
            add_once(result, release.luo);
    return result;
}

std::vector<const FileHandler *> Formats::handlers(const KhoFormat *with) const {
    std::vector<const FileHandler *> result;
    for (const Release &release : releases)
        if (with == nullptr || release.kho == with)
            for (const FileHandler *handler : release.handlers) add_once(result, handler);
    return result;
}

}  // namespace kho
