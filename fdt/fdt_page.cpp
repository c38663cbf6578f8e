// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/fdt_page.h"

#include <libfdt.h>

#include <cstring>
#include <utility>

#include "fdt/text.h"

namespace kho {

FdtWriter::FdtWriter() : page_(page_size) {
    note(fdt_create(page_.data(), static_cast<int>(page_.size())));
    note(fdt_finish_reservemap(page_.data()));
}

void FdtWriter::note(int libfdt_result) {
    if (failure_ == 0)
        failure_ = libfdt_result;
}

void FdtWriter::begin_node(const char *name) { note(fdt_begin_node(page_.data(), name)); }

void FdtWriter::end_node() { note(fdt_end_node(page_.data())); }

void FdtWriter::string_property(const char *name, const char *text) {
    note(fdt_property(page_.data(), name, text, static_cast<int>(std::strlen(text) + 1)));
}

void FdtWriter::u64_property(const char *name, std::uint64_t number) {
    note(fdt_property(page_.data(), name, &number, sizeof number));
}

Result<std::vector<std::byte>> FdtWriter::finish() {
    note(fdt_finish(page_.data()));
    if (failure_ != 0)
        return Error{.code = Errc::fdt_full,
                     .what = std::string("does not fit into a page: ") + fdt_strerror(failure_)};
    return std::move(page_);
}

Error FdtPage::error(Errc code, std::string what) const {
    return {.code = code, .address = value(address_), .what = std::move(what)};
}

Result<FdtPage> FdtPage::read(const Memory &memory, PhysAddr address, std::uint64_t size) {
    const auto refuse = [address](std::string what) {
        return Error{.code = Errc::fdt_header, .address = value(address), .what = std::move(what)};
    };
    if (value(address) == 0 || !is_page_aligned(address))
        return refuse("FDT address is zero or not page aligned");
    if (size == 0 || size > page_size)
        return refuse("FDT of " + std::to_string(size) + " bytes, expected 1 to 4096");
    std::vector<std::byte> bytes(size);
    if (Outcome outcome = memory.read(address, bytes); !outcome)
        return outcome.error();
    if (const int result = fdt_check_full(bytes.data(), bytes.size()); result != 0)
        return refuse(std::string("not a valid FDT: ") + fdt_strerror(result));
    return FdtPage(std::move(bytes), address);
}

Outcome FdtPage::expect_compatible(int node, std::string_view compatible) const {
    int length = 0;
    const void *property = fdt_getprop(bytes_.data(), node, "compatible", &length);
    if (property == nullptr)
        return error(Errc::property_missing, "no compatible in node " + in_quotes(name(node)));
    const std::string_view seen(static_cast<const char *>(property), static_cast<std::size_t>(length));
    if (seen.size() != compatible.size() + 1 || !seen.starts_with(compatible) || seen.back() != '\0')
        return error(Errc::compatible_unknown,
                     "expected " + in_quotes(compatible) + ", seen " +
                         in_quotes(seen.ends_with('\0') ? seen.substr(0, seen.size() - 1) : seen));
    return success();
}

Result<std::uint64_t> FdtPage::u64_property(int node, const char *property_name) const {
    int length = 0;
    const void *property = fdt_getprop(bytes_.data(), node, property_name, &length);
    if (property == nullptr)
        return error(Errc::property_missing,
                     std::string("no ") + property_name + " in node " + in_quotes(name(node)));
    std::uint64_t number = 0;
    if (length != sizeof number)
        return error(Errc::property_length, std::string(property_name) + " has " + std::to_string(length) +
                                                " bytes, expected 8, in node " + in_quotes(name(node)));
    std::memcpy(&number, property, sizeof number);
    return number;
}

std::optional<int> FdtPage::child(int node, const char *child_name) const {
    for (const int offset : children(node))
        if (name(offset) == child_name)
            return offset;
    return std::nullopt;
}

std::vector<int> FdtPage::children(int node) const {
    std::vector<int> offsets;
    int offset = 0;
    fdt_for_each_subnode(offset, bytes_.data(), node) { offsets.push_back(offset); }
    return offsets;
}

std::string FdtPage::name(int node) const {
    int length = 0;
    const char *text = fdt_get_name(bytes_.data(), node, &length);
    return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(length));
}

}  // namespace kho
