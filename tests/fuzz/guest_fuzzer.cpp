// SPDX-License-Identifier: GPL-2.0-or-later
// The guest's own readers: a new kernel takes over a damaged handover, retrieves every file, finishes every
// session and gives all memory back. The first byte of an input names the generation, 6.19, 7.0, 7.1 or 7.2,
// in its lowest two bits.
#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include "fdt/make/build.h"
#include "fdt/read/reader.h"
#include "guest/kho/incoming.h"
#include "guest/luo/handlers/memfd.h"
#include "guest/luo/live_update.h"
#include "guest/luo/luo_root.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/patched_image.h"

namespace {

using kho::PhysAddr;

constexpr std::uint64_t mib = 1 << 20, ram_size = 32 * mib;
constexpr PhysAddr data_at{0xdead000};
constexpr kexec_handover::MemoryRange ram{.address = mib, .size = ram_size - mib, .type = 1, .reserved = 0};

kho::FileDescription memfd(std::uint64_t token, std::uint64_t size, unsigned order, std::uint64_t hole) {
    kho::FileDescription file{.token = token, .size = size, .position = token, .folio_order = order};
    file.content.append({.offset = 0, .size = hole, .kind = kho::ContentPiece::Kind::hole});
    return file;
}

kho::Description description(std::string_view release) {
    kho::Description made{.release = kho::find_release(release)};
    made.memory_map = {{.address = ram.address, .size = ram.size, .type = 1, .reserved = 0}};
    made.scratch = {{.size = 4 * mib, .address = PhysAddr{4 * mib}}, {.size = 4 * mib, .address = {}}};
    kho::LuoDescription luo{.liveupdate_number = 3};
    luo.sessions.resize(3);
    luo.sessions[0].name = "one";
    luo.sessions[0].files.push_back(memfd(1, 40000, 0, 0));
    luo.sessions[0].files.push_back(memfd(2, 0x30000, 4, 0x10000));
    luo.sessions[1].name = "empty";
    luo.sessions[2].name = "other";
    luo.sessions[2].files.push_back(memfd(1, 1, 0, 0));
    luo.sessions[2].files.push_back(memfd(9, 0, 0, 0));
    if (made.release->flbs)
        luo.flbs.push_back({.name = "flb-v1", .data = 0x1000, .count = 1});
    made.luo = luo;
    return made;
}

// Memory that is as it was after each run: a private mapping of the sound handover.
class Arena {
public:
    explicit Arena(std::string_view release) : description_(description(release)) {
        const auto built = kho::build(description_);
        fuzz::promise(built.ok(), "the sound handover can be made");
        const kho::BuiltMemory &memory = built.value().memory;
        const kho::abi::kho_data data = built.value().header.data;
        const int file = memfd_create("handover", MFD_CLOEXEC);
        fuzz::promise(file >= 0 && ftruncate(file, ram_size) == 0, "there is memory");
        for (const kho::Range &range : memory.ranges().ranges()) {
            std::vector<std::byte> bytes(range.size);
            fuzz::promise(
                memory.read(range.start, bytes).ok() &&
                    pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(value(range.start))) ==
                        static_cast<ssize_t>(bytes.size()),
                "the sound handover is copied");
        }
        void *at = mmap(nullptr, ram_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
        fuzz::promise(at != MAP_FAILED, "the arena can be mapped");
        close(file);
        base_ = static_cast<std::byte *>(at);

        fuzz::PageBytes bytes{};
        std::memcpy(bytes.data(), &data, sizeof data);
        patched_.add_page(data_at, &bytes);
        kho::Findings findings;
        const kho::Handover handover = kho::read_handover(memory, data, findings);
        for (const kho::Use &use : handover.uses)
            for (PhysAddr page = use.range.start; !kho::is_content(use.kind) && page < use.range.end();
                 page = page + kho::page_size)
                if (memory.read(page, bytes).ok())
                    patched_.add_page(page, &bytes);
        patched_.seal();
    }

    void run(std::span<const std::uint8_t> input) {
        madvise(base_, ram_size, MADV_DONTNEED);
        patched_.reset();
        fuzz::Program program(input);
        patched_.run(program);
        patched_.for_each_changed([this](PhysAddr at, const fuzz::PageBytes &bytes) {
            if (at != data_at)
                std::memcpy(base_ + value(at), bytes.data(), bytes.size());
        });
        const auto data = patched_.load<kho::abi::kho_data>(data_at);
        if (data)
            take_over(data.value());
    }

private:
    void take_over(const kho::abi::kho_data &data);

    kho::Description description_;
    std::byte *base_ = nullptr;
    fuzz::PatchedImage patched_;
};

// As the payload does in its second life.
void Arena::take_over(const kho::abi::kho_data &data) {
    using namespace guest;
    const PhysicalWindow window(reinterpret_cast<std::uintptr_t>(base_), ram_size);
    const MemoryLayout layout{.map = {&ram, 1}, .taken = {}};
    IncomingHandover handover;
    Pages pages;
    Place place;
    if (handover.open(window, data, layout, place) != Errno::ok) {
        fuzz::promise(place.fault != Fault::none, "a refusal has a fault");
        return;
    }
    const kho::abi::kho_scratch array = {data.scratch_addr, data.scratch_size};
    const Result<PhysAddr> map =
        find_in_scratch(layout, handover.scratch(), {&array, 1}, Pages::map_bytes(ram_size), kho::page_size);
    if (!map)
        return;
    fuzz::promise(init_pages(pages, window, *map, layout, handover.scratch()) == Errno::ok,
                  "the page map is where there is room");
    if (handover.mark_preserved(pages, place) != Errno::ok) {
        fuzz::promise(place.fault != Fault::none, "a refusal has a fault");
        return;
    }
    LuoRoot luo;
    const IncomingHandover::Subtree *subtree = handover.subtree("LUO");
    if (subtree == nullptr || read_luo_root(pages, handover.format(), *subtree, luo, place) != Errno::ok)
        return;
    const auto files = std::make_unique<MemoryFiles>();
    const auto handler = std::make_unique<MemfdHandler>();
    const auto live_update = std::make_unique<LiveUpdate>();
    files->init(pages);
    handler->init(pages, *files, true,
                  handover.format().compatible == kho::abi::kho_v1_compatible ? memfd_v1 : memfd_v2);
    if (live_update->start(pages, true) != Errno::ok)
        return;
    fuzz::promise(live_update->registry().add(*handler) == Errno::ok, "there is room for a handler");
    const Pages::Counts before = pages.counts();
    if (live_update->deserialize(luo) != Errno::ok) {
        fuzz::promise(live_update->last_place().fault != Fault::none, "a refusal has a fault");
        fuzz::promise(pages.counts() == before, "a refusal changes nothing");
        return;
    }
    std::vector<std::pair<std::string, std::vector<std::uint64_t>>> all;
    for (const Session *session = live_update->incoming().first(); session != nullptr;
         session = session->next) {
        auto &entry = all.emplace_back(std::string(session->name_view()), std::vector<std::uint64_t>());
        for (const FileEntry *file = session->file_set.files().first(); file != nullptr; file = file->next)
            entry.second.push_back(file->token);
    }
    for (const auto &[name, tokens] : all) {
        const auto session = live_update->retrieve_session(name);
        fuzz::promise(bool(session), "each session can be retrieved");
        for (const std::uint64_t token : tokens) {
            const auto file = live_update->retrieve(**session, token);
            fuzz::promise(bool(file) || file.error() == Errno::enomem, "each file can be retrieved");
            if (!file)
                continue;
            const auto &memory_file = *static_cast<const MemoryFile *>(*file);
            for (const FileFolio &folio : memory_file.content())
                fuzz::promise(pages.bytes(folio.at, folio.bytes()) != nullptr, "content is in memory");
            put_file(**file);
        }
        fuzz::promise(live_update->release(**session) == Errno::ok, "each session can be finished");
    }
    handover.release_metadata(pages);
    fuzz::promise(live_update->stop() == Errno::ok, "then nothing is left to do");
    fuzz::promise(pages.counts().used == 0, "and no page is in use");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    static Arena arenas[] = {Arena("6.19"), Arena("7.0"), Arena("7.1"), Arena("7.2")};
    const unsigned first = size == 0 ? 0 : data[0];
    arenas[first & 3].run(std::span(data, size).subspan(size == 0 ? 0 : 1));
    return 0;
}
