// SPDX-License-Identifier: GPL-2.0-or-later
// The table of sessions and files of kho show. All of it, however long: so it is made without a string a
// cell.
#include <algorithm>
#include <bit>

#include "fdt/abi/memfd.h"

#include "fdt/tool/format.h"
#include "fdt/tool/show_parts.h"

namespace kho::tool {
namespace {

std::size_t hex_width(std::uint64_t number) { return 2 + (std::bit_width(number | 1) + 3) / 4; }

std::size_t decimal_width(std::uint64_t number) {
    std::size_t width = 1;
    for (; number > 9; number /= 10) width++;
    return width;
}

// Neighbouring files mostly have the same string: it is made printable once.
class Cached {
public:
    explicit Cached(std::string (*make)(const std::string &)) : make_(make) {}
    const std::string &operator()(const std::string &of) {
        if (!valid_ || of != of_) {
            of_ = of;
            text_ = make_(of);
            valid_ = true;
        }
        return text_;
    }

private:
    std::string (*make_)(const std::string &);
    std::string of_;
    std::string text_;
    bool valid_ = false;
};

std::string printable_string(const std::string &bytes) { return printable(bytes); }

struct Columns {
    std::size_t token = 5;
    std::size_t handler = 7;
    std::size_t data = 4;
    std::size_t size = 4;
    std::size_t pos = 3;
    std::size_t folios = 6;
    std::size_t seals = 5;
    bool memfds = false;
};

Columns measure(const Luo &luo) {
    std::uint64_t token = 0;
    std::uint64_t data = 0;
    std::uint64_t size = 0;
    std::uint64_t pos = 0;
    std::uint64_t folios = 0;
    std::uint32_t seals = 0;
    Columns columns;
    Cached handler(printable_string);
    for (const LuoSession &session : luo.sessions)
        for (const LuoFile &file : session.files) {
            token = std::max(token, file.token);
            data = std::max(data, file.data);
            columns.handler = std::max(columns.handler, handler(file.compatible).size());
            if (!file.memfd)
                continue;
            columns.memfds = true;
            size = std::max(size, file.memfd->size);
            pos = std::max(pos, file.memfd->pos);
            folios = std::max<std::uint64_t>(folios, file.memfd->folios.size());
            if (file.memfd->seals != seals) {
                seals = file.memfd->seals;
                columns.seals = std::max(columns.seals, seals_text(seals).size());
            }
        }
    columns.token = std::max(columns.token, hex_width(token));
    columns.data = std::max(columns.data, hex_width(data));
    columns.size = std::max(columns.size, decimal_width(size));
    columns.pos = std::max(columns.pos, decimal_width(pos));
    columns.folios = std::max(columns.folios, decimal_width(folios));
    return columns;
}

void show_folios(Output &out, const Memfd &memfd) {
    for (const MemfdFolio &folio : memfd.folios) {
        out << "      ";
        out.hex(value(folio.address), 0, Style::address)
            << "  page " << folio.index << ", order " << folio.order;
        out << ((folio.flags & abi::memfd_folio_dirty) != 0 ? ", dirty" : "")
            << ((folio.flags & abi::memfd_folio_uptodate) != 0 ? ", uptodate" : "") << '\n';
    }
    for (const FileRange &hole : holes(memfd))
        out << "      hole of " << hole.size << " bytes at " << hole.offset << '\n';
}

void show_memfd(Output &out, const Memfd &memfd, const Columns &columns) {
    out << "  ";
    out.decimal(memfd.size, columns.size) << "  ";
    out.decimal(memfd.pos, columns.pos) << "  ";
    out.decimal(memfd.folios.size(), columns.folios) << "  ";
    if (memfd.seals == 0)
        out.left("-", columns.seals);
    else
        out.left(seals_text(memfd.seals), columns.seals);
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
    for (const FileRange &hole : holes(memfd)) {
        bytes += hole.size;
        count++;
    }
    if (count == 0)
        out << "  -";
    else
        out << "  " << count << ", " << size_text(bytes);
}

}  // namespace

void show_files(Output &out, const Luo &luo, const Summary &summary, bool verbose) {
    const Columns columns = measure(luo);
    if (summary.files != 0) {
        out << "    ";
        out.right("TOKEN", columns.token) << "  ";
        out.left("HANDLER", columns.handler) << "  ";
        out.right("DATA", columns.data);
        if (columns.memfds) {
            out << "  ";
            out.right("SIZE", columns.size) << "  ";
            out.right("POS", columns.pos) << "  ";
            out.right("FOLIOS", columns.folios) << "  ";
            out.left("SEALS", columns.seals) << "  HOLES";
        }
        out << '\n';
    }
    Cached handler(printable_string);
    for (const LuoSession &session : luo.sessions) {
        std::uint64_t bytes = 0;
        for (const LuoFile &file : session.files)
            bytes = saturating_add(bytes, file.memfd ? file.memfd->size : 0);
        out << "  ";
        out.styled(Style::name, in_quotes(session.name)) << "  " << counted(session.files.size(), "file");
        if (bytes != 0)
            out << ", " << size_text(bytes);
        out << '\n';
        for (const LuoFile &file : session.files) {
            out << "    ";
            out.hex(file.token, columns.token) << "  ";
            if (file.memfd || !columns.memfds)
                out.left(handler(file.compatible), columns.handler);
            else
                out.left(handler(file.compatible), columns.handler, Style::warning);
            out << "  ";
            out.hex(file.data, columns.data, Style::address);
            if (file.memfd)
                show_memfd(out, *file.memfd, columns);
            out << '\n';
            if (verbose && file.memfd)
                show_folios(out, *file.memfd);
        }
    }
}

}  // namespace kho::tool
