// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/registry.h"

#include "fdt/abi/luo.h"

namespace guest {

namespace {

constexpr std::size_t max_compatible = sizeof(kho::abi::luo_file_ser::compatible) - 1;

static_assert(sizeof(kho::abi::luo_flb_ser::name) - 1 == max_compatible);

bool is_compatible(std::string_view text) {
    return !text.empty() && text.size() <= max_compatible && text.find('\0') == std::string_view::npos;
}

bool complete(const FileHandler &handler) {
    const FileOps *ops = handler.ops;
    return ops != nullptr && ops->can_preserve != nullptr && ops->preserve != nullptr &&
           ops->unpreserve != nullptr && ops->retrieve != nullptr && ops->finish != nullptr &&
           is_compatible(handler.compatible);
}

bool complete(const Flb &flb) {
    const FlbOps *ops = flb.ops;
    return ops != nullptr && ops->preserve != nullptr && ops->unpreserve != nullptr &&
           ops->retrieve != nullptr && ops->finish != nullptr && is_compatible(flb.compatible);
}

template <typename T>
T *find_compatible(const List<T> &list, std::string_view compatible) {
    for (T *object = list.first(); object != nullptr; object = object->next)
        if (object->compatible == compatible)
            return object;
    return nullptr;
}

}  // namespace

Errno Registry::add(FileHandler &handler) {
    if (!enabled_)
        return Errno::eopnotsupp;
    if (!complete(handler))
        return Errno::einval;
    if (sessions_ > 0)
        return Errno::ebusy;
    if (find(handler.compatible) != nullptr)
        return Errno::eexist;
    if (handler.ops->pin != nullptr && !handler.ops->pin(handler))
        return Errno::eagain;
    handlers_.append(handler);
    return Errno::ok;
}

Errno Registry::remove(FileHandler &handler) {
    if (!enabled_)
        return Errno::eopnotsupp;
    if (sessions_ > 0)
        return Errno::ebusy;
    if (find(handler.compatible) != &handler)
        return Errno::enoent;
    for (const FlbLink *link = handler.flbs.first(); link != nullptr; link = link->next)
        if (in_use(*link->flb))
            return Errno::ebusy;
    while (FlbLink *link = handler.flbs.last()) unlink(handler, *link);
    handlers_.remove(handler);
    if (handler.ops->unpin != nullptr)
        handler.ops->unpin(handler);
    return Errno::ok;
}

FileHandler *Registry::for_file(const File &file) const {
    for (FileHandler *h = handlers_.first(); h != nullptr; h = h->next)
        if (h->ops->can_preserve(*h, file))
            return h;
    return nullptr;
}

FileHandler *Registry::find(std::string_view compatible) const {
    return find_compatible(handlers_, compatible);
}

Flb *Registry::find_flb(std::string_view compatible) const { return find_compatible(flbs_, compatible); }

FlbLink *Registry::find_link(const FileHandler &handler, const Flb &flb) {
    for (FlbLink *link = handler.flbs.first(); link != nullptr; link = link->next)
        if (link->flb == &flb)
            return link;
    return nullptr;
}

Errno Registry::add_flb(FileHandler &handler, Flb &flb) {
    if (!enabled_ || !has_flbs_)
        return Errno::eopnotsupp;
    if (!complete(flb) || find(handler.compatible) != &handler)
        return Errno::einval;
    if (sessions_ > 0)
        return Errno::ebusy;
    if (depends(handler, flb))
        return Errno::eexist;
    if (flb.users == 0) {
        if (flbs_.count() == kho::abi::max_flbs)
            return Errno::enospc;
        if (find_flb(flb.compatible) != nullptr)
            return Errno::eexist;
    }
    FlbLink *link = links_.create();
    if (link == nullptr)
        return Errno::enomem;
    if (flb.users++ == 0)
        flbs_.append(flb);
    link->flb = &flb;
    handler.flbs.append(*link);
    return Errno::ok;
}

Errno Registry::remove_flb(FileHandler &handler, Flb &flb) {
    if (!enabled_)
        return Errno::eopnotsupp;
    FlbLink *link = find_link(handler, flb);
    if (link == nullptr)
        return Errno::enoent;
    if (sessions_ > 0 || in_use(flb))
        return Errno::ebusy;
    unlink(handler, *link);
    return Errno::ok;
}

void Registry::unlink(FileHandler &handler, FlbLink &link) {
    Flb &flb = *link.flb;
    handler.flbs.remove(link);
    links_.destroy(&link);
    if (--flb.users == 0)
        flbs_.remove(flb);
}

}  // namespace guest
