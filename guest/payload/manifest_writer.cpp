// SPDX-License-Identifier: GPL-2.0-or-later
// Writes down what is handed over (guest/manifest/reader.h), for a next kernel that is not this
// payload.
#include "guest/manifest/pattern.h"
#include "guest/payload/payload.h"

namespace guest {

namespace {

static_assert(agent::content_page == kho::page_size);

std::string_view layout_name(Layout layout) {
    switch (layout) {
        case Layout::holes:
            return "holes";
        case Layout::only_hole:
            return "only-hole";
        default:
            return "full";
    }
}

// Appends lines to memory that is long enough, or only counts.
class Text {
public:
    explicit Text(char *to) : to_(to) {}

    template <typename... Args>
    void line(const Args &...args) {
        Line line;
        (line.put(args), ...);
        line.put('\n');
        if (to_ != nullptr)
            __builtin_memcpy(to_ + size_, line.text().data(), line.text().size());
        size_ += line.text().size();
    }
    std::uint64_t size() const { return size_; }

private:
    char *to_;
    std::uint64_t size_ = 0;
};

void write_manifest(const Scenario &scenario, std::uint64_t life, Text &text) {
    std::uint64_t files = 0, bytes = 0;
    text.line(agent::manifest_magic);
    text.line("release payload");
    text.line("scenario payload");
    for (unsigned i = 0; i < scenario.sessions(); i++) {
        const SessionSpec session = scenario.session(i);
        text.line("session files=", session.files, " name=", session.name_view());
        for (unsigned k = 0; k < session.files; k++) {
            const FileSpec file = scenario.file(session, k);
            text.line("file token=", Hex{file.token}, " size=", file.size, " pos=", file.position,
                      " seed=", Hex{content_seed(session.name_view(), file, file.rewritten ? life : 1)},
                      " layout=", layout_name(file.layout));
            files++;
            bytes += file.size;
        }
    }
    text.line("end sessions=", scenario.sessions(), " files=", files, " bytes=", bytes);
}

}  // namespace

bool preserve_manifest(Payload &p) {
    Text counted(nullptr);
    write_manifest(p.scenario, p.content_life, counted);
    const std::uint64_t pages = pages_of(counted.size());
    const Result<MemoryFile *> created = p.memory_files.create(counted.size());
    if (!created)
        bail_out("no memory for the manifest");
    MemoryFile &file = **created;
    // Written in one piece, then taken apart: folios of single pages.
    const Result<kho::PhysAddr> run = p.pages.allocate_run(pages);
    if (!run)
        bail_out("no memory for the manifest");
    auto *text = reinterpret_cast<char *>(p.pages.bytes(*run, pages * kho::page_size));
    zero_words(p.pages.bytes(*run, pages * kho::page_size), pages * kho::page_size);
    Text written(text);
    write_manifest(p.scenario, p.content_life, written);
    for (std::uint64_t i = 0; i < pages; i++) {
        const Result<kho::PhysAddr> page = p.pages.allocate(0);
        if (!page || p.memory_files.add_folio(file, i, *page, 0) != Errno::ok)
            bail_out("no memory for the manifest");
        __builtin_memcpy(p.pages.bytes(*page, kho::page_size), text + i * kho::page_size, kho::page_size);
    }
    static_cast<void>(p.pages.free_run(*run, pages));
    const Result<Session *> session = p.live_update.create_session(agent::manifest_session);
    const Errno error =
        session ? p.live_update.preserve(**session, agent::manifest_token, &file) : session.error();
    if (error != Errno::ok)
        report(p, p.live_update.last_place());
    put_file(file);
    return error == Errno::ok;
}

}  // namespace guest
