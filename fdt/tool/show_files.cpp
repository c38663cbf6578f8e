// SPDX-License-Identifier: GPL-2.0-or-later
// The table of sessions and files of kho show. All of it, however long: so it is made without a string a
// cell.
#include <algorithm>
#include <bit>

#include "fdt/codec/internal/file_handler.h"
#include "fdt/handlers/memfd.h"
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

// How wide each column is; 0: it is not shown.
struct Columns {
    std::size_t token = 5;
    std::size_t handler = 7;
    std::size_t data = 4;
    std::size_t size = 0;
    std::size_t pos = 0;
    std::size_t folios = 0;
    std::size_t seals = 0;
    std::size_t holes = 0;

    bool memfds() const { return size != 0; }
};

bool shows(const Shown &shown, const LuoSession &session) {
    return shown.covers(session) &&
           (!shown.token || std::any_of(session.files.begin(), session.files.end(),
                                        [&](const LuoFile &file) { return shown.covers(file); }));
}

struct Holes {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
};

Holes count_holes(const Memfd &memfd) {
    Holes result;
    for (const FileRange &hole : holes(memfd)) {
        result.bytes += hole.size;
        result.count++;
    }
    return result;
}

Columns measure(const Luo &luo, const Shown &shown) {
    std::uint64_t token = 0;
    std::uint64_t data = 0;
    std::uint64_t size = 0;
    std::uint64_t pos = 0;
    std::uint64_t folios = 0;
    std::uint32_t seals = 0;
    std::size_t seals_width = 5;
    bool memfds = false;
    Columns columns;
    Cached handler(printable_string);
    for (const LuoSession &session : luo.sessions) {
        if (!shown.covers(session))
            continue;
        for (const LuoFile &file : session.files) {
            if (!shown.covers(file))
                continue;
            token = std::max(token, file.token);
            data = std::max(data, file.data);
            columns.handler = std::max(columns.handler, handler(file.compatible).size());
            const Memfd *memfd = memfd_of(file);
            if (memfd == nullptr)
                continue;
            memfds = true;
            size = std::max(size, memfd->size);
            pos = std::max(pos, memfd->pos);
            folios = std::max<std::uint64_t>(folios, memfd->folios.size());
            if (memfd->seals != seals) {
                seals = memfd->seals;
                seals_width = std::max(seals_width, seals_text(seals).size());
            }
        }
    }
    columns.token = std::max(columns.token, hex_width(token));
    columns.data = std::max(columns.data, hex_width(data));
    if (memfds) {
        columns.size = std::max<std::size_t>(4, decimal_width(size));
        columns.pos = std::max<std::size_t>(3, decimal_width(pos));
        columns.folios = std::max<std::size_t>(6, decimal_width(folios));
        columns.seals = seals_width;
        columns.holes = 14;  // "3, 1020 KiB"; more is seldom
    }
    return columns;
}

// Leaves columns out, those that fewest people ask for first, until a row fits into a terminal's line. Their names.
std::string fit(Columns &columns, std::size_t width) {
    std::string left_out;
    if (width == 0)
        return left_out;
    const auto row = [&columns] {
        std::size_t sum = 2;
        for (const std::size_t column : {columns.token, columns.handler, columns.data, columns.size,
                                         columns.pos, columns.folios, columns.seals, columns.holes})
            sum += column == 0 ? 0 : column + 2;
        return sum;
    };
    const std::pair<std::size_t Columns::*, const char *> order[] = {
        {&Columns::pos, "POS"},       {&Columns::holes, "HOLES"}, {&Columns::seals, "SEALS"},
        {&Columns::folios, "FOLIOS"}, {&Columns::data, "DATA"},   {&Columns::size, "SIZE"}};
    for (const auto &[column, name] : order) {
        if (row() <= width)
            break;
        if (columns.*column == 0)
            continue;
        columns.*column = 0;
        left_out += (left_out.empty() ? "" : ", ") + std::string(name);
    }
    return left_out;
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
    const auto decimal = [&out](std::uint64_t number, std::size_t width) {
        if (width != 0)
            (out << "  ").decimal(number, width);
    };
    decimal(memfd.size, columns.size);
    decimal(memfd.pos, columns.pos);
    decimal(memfd.folios.size(), columns.folios);
    if (columns.seals != 0) {
        out << "  ";
        if (memfd.seals == 0)
            out.left("-", columns.seals);
        else
            out.left(seals_text(memfd.seals), columns.seals);
    }
    if (columns.holes == 0)
        return;
    const Holes holes = count_holes(memfd);
    if (holes.count == 0)
        out << "  -";
    else
        out << "  " << holes.count << ", " << size_text(holes.bytes);
}

void show_header(Output &out, const Columns &columns) {
    out << "    ";
    out.right("TOKEN", columns.token) << "  ";
    out.left("HANDLER", columns.handler);
    const auto right = [&out](const char *name, std::size_t width) {
        if (width != 0)
            (out << "  ").right(name, width);
    };
    right("DATA", columns.data);
    right("SIZE", columns.size);
    right("POS", columns.pos);
    right("FOLIOS", columns.folios);
    if (columns.seals != 0)
        (out << "  ").left("SEALS", columns.seals);
    out << (columns.holes != 0 ? "  HOLES\n" : "\n");
}

}  // namespace

void show_files(Output &out, const Luo &luo, const Shown &shown, bool verbose) {
    Columns columns = measure(luo, shown);
    const bool memfds = columns.memfds();
    const std::string left_out = fit(columns, out.columns());
    if (std::any_of(luo.sessions.begin(), luo.sessions.end(), [&](const LuoSession &session) {
            return shows(shown, session) && !session.files.empty();
        }))
        show_header(out, columns);
    Cached handler(printable_string);
    for (const LuoSession &session : luo.sessions) {
        if (!shows(shown, session))
            continue;
        std::uint64_t bytes = 0;
        for (const LuoFile &file : session.files)
            if (const Memfd *memfd = memfd_of(file))
                bytes = saturating_add(bytes, memfd->size);
        out << "  ";
        out.styled(Style::name, in_quotes(session.name)) << "  " << counted(session.files.size(), "file");
        if (bytes != 0)
            out << ", " << size_text(bytes);
        out << '\n';
        for (const LuoFile &file : session.files) {
            if (!shown.covers(file))
                continue;
            out << "    ";
            out.hex(file.token, columns.token) << "  ";
            const Memfd *memfd = memfd_of(file);
            const bool known = file.body || !memfds;
            out.left(handler(file.compatible), columns.handler, known ? Style::plain : Style::warning);
            if (columns.data != 0)
                (out << "  ").hex(file.data, columns.data, Style::address);
            if (memfd != nullptr)
                show_memfd(out, *memfd, columns);
            else if (file.body)
                out << "  " << file.body.handler()->summary(file);
            out << '\n';
            if (verbose && memfd != nullptr)
                show_folios(out, *memfd);
        }
    }
    if (!left_out.empty())
        out << "  (the terminal is too narrow for " << left_out << ")\n";
}

}  // namespace kho::tool
