// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/dts.h"

#include <libfdt.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "fdt/abi/kho.h"
#include "fdt/abi/kho_test.h"
#include "fdt/abi/luo.h"
#include "fdt/abi/memblock.h"
#include "fdt/base/internal/fdt_check.h"
#include "fdt/base/internal/text.h"

namespace kho {
namespace {

// Properties whose type is known, lest an address that consists of letters is taken for a string.
constexpr std::string_view integers[] = {
    abi::memory_map_property,         abi::sub_fdt_property,
    abi::preserved_data_property,     abi::blob_size_property,
    abi::liveupdate_number_property,  abi::luo_session_header_property,
    abi::luo_flb_header_property,     abi::reserve_mem_start_property,
    abi::reserve_mem_size_property,   abi::kho_test_magic_property,
    abi::kho_test_nr_folios_property, abi::kho_test_folios_property,
    abi::kho_test_csum_property,
};

// One or more strings, each ended, none empty: what dtc itself takes for strings.
bool is_text(std::string_view bytes) {
    if (bytes.empty() || bytes.back() != '\0')
        return false;
    bool empty = true;
    for (const char c : bytes) {
        if (c == '\0' ? empty : c < ' ' || c > '~')
            return false;
        empty = c == '\0';
    }
    return true;
}

std::string bytes_text(std::string_view bytes) {
    std::string text = "[";
    for (const char c : bytes) {
        char digits[4];
        std::snprintf(digits, sizeof digits, "%s%02x", text.size() > 1 ? " " : "",
                      static_cast<unsigned>(static_cast<unsigned char>(c)));
        text += digits;
    }
    return text + "]";
}

template <typename T>
std::string integers_text(std::string_view bytes, bool exact) {
    std::string text = exact ? bytes_text(bytes) + " /*" : sizeof(T) == 8 ? "/bits/ 64 <" : "<";
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
        T number;
        std::memcpy(&number, bytes.data() + at, sizeof number);
        if (at != 0 || exact)
            text += ' ';
        text += hex(number);
    }
    return text + (exact ? " */" : ">");
}

std::string strings_text(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        if (!text.empty())
            text += ", ";
        text += '"';
        for (const char c : bytes.substr(0, bytes.find('\0'))) {
            if (c == '"' || c == '\\')
                text += '\\';
            text += c;
        }
        text += '"';
        bytes.remove_prefix(bytes.find('\0') + 1);
    }
    return text;
}

std::string value_text(std::string_view name, std::string_view bytes, bool exact) {
    const bool known = std::find(std::begin(integers), std::end(integers), name) != std::end(integers);
    if (!known && is_text(bytes))
        return strings_text(bytes);
    if (bytes.size() == sizeof(std::uint32_t))
        return integers_text<std::uint32_t>(bytes, exact);
    if (bytes.size() % sizeof(std::uint64_t) == 0)
        return integers_text<std::uint64_t>(bytes, exact);
    return bytes_text(bytes);
}

class Writer {
public:
    Writer(const void *fdt, const DtsOptions &options) : fdt_(fdt), options_(options) {}

    Result<Dts> write() {
        dts_.text = "/dts-v1/;\n";
        if (!options_.exact)
            dts_.text += "/* Integers as the CPU reads them, which is not how dtc will store them. */\n";
        for (int i = 0; i < fdt_num_mem_rsv(fdt_); i++) {
            std::uint64_t address, size;
            if (const int result = fdt_get_mem_rsv(fdt_, i, &address, &size); result != 0)
                return broken(result);
            dts_.text += "/memreserve/ " + hex(address) + " " + hex(size) + ";\n";
        }
        int depth = 0, open = 0, offset = 0;
        for (; offset >= 0 && depth >= 0; offset = fdt_next_node(fdt_, offset, &depth)) {
            for (; open > depth; open--) line(open - 1, "};");
            const char *name = fdt_get_name(fdt_, offset, nullptr);
            if (name == nullptr)
                return broken(-FDT_ERR_BADSTRUCTURE);
            line(depth, (depth == 0 ? "/" : safe(name, true)) + " {");
            open = depth + 1;
            if (const int result = properties(offset, open); result != 0)
                return broken(result);
        }
        if (offset < 0 && offset != -FDT_ERR_NOTFOUND)
            return broken(offset);
        for (; open > 0; open--) line(open - 1, "};");
        return std::move(dts_);
    }

private:
    static Error broken(int result) {
        return {.code = Errc::fdt_header, .what = std::string("not a valid FDT: ") + fdt_strerror(result)};
    }

    int properties(int node, int depth) {
        int offset = fdt_first_property_offset(fdt_, node);
        for (; offset >= 0; offset = fdt_next_property_offset(fdt_, offset)) {
            const char *name = nullptr;
            int length = 0;
            const void *bytes = fdt_getprop_by_offset(fdt_, offset, &name, &length);
            if (bytes == nullptr)
                return length;
            const std::string_view value(static_cast<const char *>(bytes), static_cast<std::size_t>(length));
            line(depth, safe(name, false) +
                            (value.empty() ? "" : " = " + value_text(name, value, options_.exact)) + ";");
        }
        return offset == -FDT_ERR_NOTFOUND ? 0 : offset;
    }

    void line(int depth, std::string_view text) {
        // Hostile nesting must not make the indentation longer than the text.
        constexpr int deepest = 16;
        dts_.text.append(static_cast<std::size_t>(std::min(depth, deepest)), '\t');
        (dts_.text += text) += '\n';
    }

    // A name that dtc takes: no odd bytes, not empty; in a node's, one '@' at most and that in the middle.
    std::string safe(std::string_view name, bool is_node) {
        const std::string_view odd_but_good = is_node ? ",._+-" : ",._+*#?-";
        std::string result;
        bool unit = !is_node;
        for (std::size_t i = 0; i < name.size(); i++) {
            const char c = name[i];
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            const bool good_at = c == '@' && !unit && i != 0 && i + 1 != name.size();
            unit = unit || c == '@';
            if (letter || good_at || odd_but_good.find(c) != std::string_view::npos) {
                result += c;
                continue;
            }
            char escape[8];
            std::snprintf(escape, sizeof escape, "_x%02x_",
                          static_cast<unsigned>(static_cast<unsigned char>(c)));
            result += escape;
        }
        if (result.empty())
            result = "_";
        if (result != name)
            dts_.renamed.push_back(printable(name));
        return result;
    }

    const void *fdt_;
    const DtsOptions &options_;
    Dts dts_;
};

}  // namespace

Result<Dts> to_dts(std::span<const std::byte> fdt, const DtsOptions &options) {
    if (const int result = check_fdt(fdt); result != 0)
        return Error{.code = Errc::fdt_header,
                     .what = std::string("not a valid FDT: ") + fdt_strerror(result)};
    return Writer(fdt.data(), options).write();
}

}  // namespace kho
