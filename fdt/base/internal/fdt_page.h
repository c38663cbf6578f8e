// SPDX-License-Identifier: GPL-2.0-or-later
// FDTs of at most one page as KHO and its clients use them: integers inside properties are raw u64 in
// CPU byte order, not big-endian cells. Internal to the codecs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/base/ranges.h"

namespace kho {

// The first two fields of an FDT's header, as they are written; of what is not there, zeroes.
struct FdtHead {
    std::uint32_t magic = 0;
    std::uint32_t total_size = 0;

    static constexpr std::size_t size = 8;
    bool is_fdt() const;      // by its magic number
    bool has_header() const;  // it says that it is at least a header long
};
FdtHead fdt_head(std::span<const std::byte> bytes);

// What an FDT says its size is, if these bytes begin as an FDT does and it is at least a header. Kernels give it as
// the blob's size.
std::optional<std::uint64_t> fdt_total_size(std::span<const std::byte> bytes);

// Writes an FDT front to back. The first failure is remembered, so calls can be chained and only
// finish() needs a check.
class FdtWriter {
public:
    FdtWriter();

    void begin_node(const char *name);
    void end_node();
    void string_property(const char *name, const char *text);
    void u64_property(const char *name, std::uint64_t number);

    // One page, zeroes behind the FDT. Errors: fdt_full.
    Result<std::vector<std::byte>> finish();

private:
    void note(int libfdt_result);

    std::vector<std::byte> page_;
    int failure_ = 0;
};

// A private copy of an FDT out of foreign memory, its structure checked as a whole before anything is
// looked up. Errors carry the FDT's address.
class FdtPage {
public:
    static constexpr int root = 0;

    // `bytes` as they were copied from `address`. Errors: fdt_header.
    static Result<FdtPage> parse(std::vector<std::byte> bytes, PhysAddr address);

    // Exactly one of these strings, with its NUL; its index. Errors: property_missing, compatible_unknown.
    Result<std::size_t> compatible(int node, std::span<const std::string_view> expected) const;
    // Errors: property_missing, property_length.
    Result<std::uint64_t> u64_property(int node, const char *name) const;
    // Errors: property_missing, property_length.
    Outcome copy_property(int node, const char *name, std::span<std::byte> out) const;

    // As it stands, up to its NUL; empty if it is missing.
    std::string text_property(int node, const char *name) const;

    std::optional<int> child(int node, const char *name) const;
    std::vector<int> children(int node) const;
    std::string name(int node) const;
    PhysAddr address() const { return address_; }
    std::size_t size() const { return bytes_.size(); }

private:
    FdtPage(std::vector<std::byte> bytes, PhysAddr address) : bytes_(std::move(bytes)), address_(address) {}
    Error error(Errc code, std::string what) const;

    std::vector<std::byte> bytes_;
    PhysAddr address_;
};

}  // namespace kho
