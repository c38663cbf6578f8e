// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/registry.h"

#include "fdt/abi/luo.h"

namespace guest {

namespace {

constexpr std::size_t max_compatible = sizeof(kho::abi::luo_file_ser::compatible) - 1;

bool complete(const FileHandler &handler) {
    const FileOps *ops = handler.ops;
    return ops != nullptr && ops->can_preserve != nullptr && ops->preserve != nullptr &&
           ops->unpreserve != nullptr && ops->retrieve != nullptr && ops->finish != nullptr &&
           !handler.compatible.empty() && handler.compatible.size() <= max_compatible &&
           handler.compatible.find('\0') == std::string_view::npos;
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
    for (FileHandler *h = handlers_.first(); h != nullptr; h = h->next)
        if (h->compatible == compatible)
            return h;
    return nullptr;
}

}  // namespace guest
