// SPDX-License-Identifier: GPL-2.0-or-later
// What a Linux guest wrote down of its handover (guest/manifest/reader.h) against what arrived.
#include <algorithm>

#include "guest/manifest/pattern.h"
#include "guest/payload/payload.h"
#include "guest/payload/stages.h"

namespace guest {

namespace {

// Goes through a file's words in ascending order.
class FileWords {
public:
    FileWords(const Pages &pages, const MemoryFile &file) : pages_(&pages), content_(file.content()) {}

    // The word at `offset`, a multiple of 8; 0 in a hole.
    std::uint64_t at(std::uint64_t offset) {
        while (!content_.empty() && content_.front().offset() + content_.front().bytes() <= offset)
            content_ = content_.subspan(1);
        std::uint64_t word = 0;
        if (!content_.empty() && content_.front().offset() <= offset)
            static_cast<void>(
                pages_->window().load(content_.front().at + (offset - content_.front().offset()), word));
        return word;
    }

private:
    const Pages *pages_;
    std::span<const FileFolio> content_;
};

// The first wrong word, or the file's size.
std::uint64_t first_difference(const Pages &pages, const MemoryFile &file, std::uint64_t seed,
                               agent::Layout layout, std::uint64_t &found) {
    FileWords words(pages, file);
    // Behind the last folio there are only holes.
    const auto content = file.content();
    const std::uint64_t end =
        content.empty() ? 0 : std::min(file.size, content.back().offset() + content.back().bytes());
    for (std::uint64_t offset = 0; offset < end; offset += 8) {
        const std::uint64_t left = file.size - offset;
        const std::uint64_t mask = left < 8 ? (std::uint64_t{1} << left * 8) - 1 : ~std::uint64_t{0};
        found = words.at(offset) & mask;
        if (found != (agent::content_word(seed, layout, offset) & mask))
            return offset;
    }
    found = 0;
    std::uint64_t page = pages_of(end);
    for (const std::uint64_t last = page + agent::layout_period;
         page < last && page << kho::page_shift < file.size; page++)
        if (agent::has_page(layout, page))
            return page << kho::page_shift;
    return file.size;
}

bool verify_entry(Payload &p, std::string_view session_name, const agent::ManifestLine &line) {
    const auto wrong = [&](const auto &...what) {
        report_error(p, "session ", Quoted{session_name}, " token ", Hex{line.token}, ": ", what...);
        return false;
    };
    Session *session = p.live_update.find_incoming(session_name);
    if (session == nullptr)
        return wrong("there is no such session");
    const Result<File *> found = p.live_update.retrieve(*session, line.token);
    if (!found)
        return wrong(found.error());
    if ((*found)->type != &MemoryFiles::type)
        return wrong("not a memory file");
    const auto &file = *static_cast<const MemoryFile *>(*found);
    if (file.size != line.size)
        return wrong("size ", file.size, " instead of ", line.size);
    if (file.position != line.position)
        return wrong("position ", file.position, " instead of ", line.position);
    if (line.seals && file.seals != *line.seals)
        return wrong("seals ", Hex{file.seals}, " instead of ", Hex{*line.seals});
    std::uint64_t word = 0;
    const std::uint64_t at = first_difference(p.pages, file, *line.seed, line.layout, word);
    if (at < file.size)
        return wrong("offset ", Hex{at}, ": expected ", Hex{agent::content_word(*line.seed, line.layout, at)},
                     " found ", Hex{word});
    return true;
}

}  // namespace

bool check_manifest(Payload &p) {
    Session *session = p.live_update.find_incoming(agent::manifest_session);
    if (session == nullptr) {
        const bool nothing = p.totals.files == 0;
        return p.ktap.check(true, nothing
                                      ? "manifest # SKIP nothing was handed over that it could tell of"
                                      : "manifest # SKIP there is none that says what the files must hold");
    }
    const Result<File *> found = p.live_update.retrieve(*session, agent::manifest_token);
    if (!found || (*found)->type != &MemoryFiles::type) {
        report_error(p, "the manifest's session has no manifest");
        return p.ktap.check(false, p.stage);
    }
    const auto &file = *static_cast<const MemoryFile *>(*found);
    constexpr std::uint64_t longest = 16 << 20;
    if (file.size == 0 || file.size > longest)
        return p.ktap.check(false, p.stage, file.size, " bytes");
    const Result<kho::PhysAddr> run = p.pages.allocate_run(pages_of(file.size + 8));
    if (!run)
        bail_out("no memory to read the manifest");
    auto *text = reinterpret_cast<char *>(p.pages.bytes(*run, pages_of(file.size + 8) * kho::page_size));
    FileWords words(p.pages, file);
    for (std::uint64_t offset = 0; offset < file.size; offset += 8) {
        const std::uint64_t word = words.at(offset);
        __builtin_memcpy(text + offset, &word, 8);
    }

    agent::ManifestReader reader(std::string_view(text, file.size));
    std::string_view in_session, release, scenario;
    std::uint64_t verified = 0;
    bool good = true;
    while (const auto line = reader.next()) {
        using Kind = agent::ManifestLine::Kind;
        if (line->kind == Kind::session)
            in_session = line->text;
        else if (line->kind == Kind::release)
            release = line->text;
        else if (line->kind == Kind::scenario)
            scenario = line->text;
        else if (line->kind == Kind::file) {
            good = verify_entry(p, in_session, *line) && good;
            verified++;
        }
    }
    // All that there is must be in it, but for its own file.
    const bool all = verified + 1 == p.totals.files;
    if (!reader.complete())
        report_error(p, "manifest: line ", reader.line(), " is malformed");
    else if (!all)
        report_error(p, "manifest: ", verified, " files, but ", p.totals.files - 1, " were handed over");
    return p.ktap.check(good && all && reader.complete(), p.stage, "scenario ", scenario, ", from ", release,
                        ": ", verified, " files as written");
}

}  // namespace guest
