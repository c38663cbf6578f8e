// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/internal/fdt_page.h"

#include <libfdt.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "fdt/base/internal/fdt_check.h"
#include "fdt/base/internal/text.h"

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

Result<FdtPage> FdtPage::parse(std::vector<std::byte> bytes, PhysAddr address) {
    if (const int result = check_fdt(bytes); result != 0)
        return Error{.code = Errc::fdt_header,
                     .address = value(address),
                     .what = std::string("not a valid FDT: ") + fdt_strerror(result)};
    return FdtPage(std::move(bytes), address);
}

Result<std::size_t> FdtPage::compatible(int node, std::span<const std::string_view> expected) const {
    int length = 0;
    const void *property = fdt_getprop(bytes_.data(), node, "compatible", &length);
    if (property == nullptr)
        return error(Errc::property_missing, "no compatible in node " + in_quotes(name(node)));
    const std::string_view seen(static_cast<const char *>(property), static_cast<std::size_t>(length));
    std::string wanted;
    for (std::size_t i = 0; i < expected.size(); i++) {
        if (seen.size() == expected[i].size() + 1 && seen.starts_with(expected[i]) && seen.back() == '\0')
            return i;
        wanted += (i == 0 ? "" : " or ") + in_quotes(expected[i]);
    }
    return error(Errc::compatible_unknown,
                 "expected " + wanted + ", seen " +
                     in_quotes(seen.ends_with('\0') ? seen.substr(0, seen.size() - 1) : seen));
}

Outcome FdtPage::copy_property(int node, const char *property_name, std::span<std::byte> out) const {
    int length = 0;
    const void *property = fdt_getprop(bytes_.data(), node, property_name, &length);
    if (property == nullptr)
        return error(Errc::property_missing,
                     std::string("no ") + property_name + " in node " + in_quotes(name(node)));
    if (static_cast<std::size_t>(length) != out.size())
        return error(Errc::property_length, std::string(property_name) + " has " + std::to_string(length) +
                                                " bytes, expected " + std::to_string(out.size()) +
                                                ", in node " + in_quotes(name(node)));
    std::memcpy(out.data(), property, out.size());
    return success();
}

Result<std::uint64_t> FdtPage::u64_property(int node, const char *property_name) const {
    std::uint64_t number = 0;
    if (Outcome outcome = copy_property(node, property_name, std::as_writable_bytes(std::span(&number, 1)));
        !outcome)
        return outcome.error();
    return number;
}

std::string FdtPage::text_property(int node, const char *property_name) const {
    int length = 0;
    const auto *text = static_cast<const char *>(fdt_getprop(bytes_.data(), node, property_name, &length));
    return text == nullptr ? std::string()
                           : std::string(text, strnlen(text, static_cast<std::size_t>(length)));
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

bool FdtHead::is_fdt() const { return magic == FDT_MAGIC; }
bool FdtHead::has_header() const { return total_size >= sizeof(fdt_header); }

FdtHead fdt_head(std::span<const std::byte> bytes) {
    fdt32_t fields[2] = {};
    // No bytes may be a null pointer, which memcpy() does not take.
    std::ranges::copy(bytes.first(std::min(bytes.size(), sizeof fields)),
                      std::as_writable_bytes(std::span(fields)).begin());
    return {fdt32_to_cpu(fields[0]), fdt32_to_cpu(fields[1])};
}

std::optional<std::uint64_t> fdt_total_size(std::span<const std::byte> bytes) {
    const FdtHead head = fdt_head(bytes);
    if (bytes.size() < sizeof(fdt_header) || !head.is_fdt() || !head.has_header())
        return std::nullopt;
    return head.total_size;
}

}  // namespace kho
