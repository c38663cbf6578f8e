// SPDX-License-Identifier: GPL-2.0-or-later
// What a new release costs: a made-up Linux 9.9 with a KHO string of its own, a root of LUO that has feature bits in place of a
// string, a new type of file and a new check. All of it is in this file; the library and the command read, check, write, convert,
// compare, show and predict with it.
#include <unistd.h>

#include <cstring>

#include "fdt/codec/internal/codec.h"
#include "fdt/codec/internal/file_handler.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/file/elf_core.h"
#include "fdt/formats/catalogue.h"
#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"
#include "fdt/make/build.h"
#include "fdt/make/convert.h"
#include "fdt/predict/predict.h"
#include "fdt/tool/show_parts.h"
#include "fdt/view/diff.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/test_memory.h"

namespace kho {

// A type of file: a counter and a page.

struct Demo {
    std::uint32_t count = 0;
    PhysAddr page{};
    bool operator==(const Demo &) const = default;
};
const FileHandler &handler_of(const Demo &demo);

namespace {

struct demo_ser {
    std::uint32_t magic;
    std::uint32_t count;
    std::uint64_t page_pa;
};
constexpr std::uint32_t demo_magic = 0x6f6d6564;

// A check: a row ...
const CheckInfo demo_magic_check{"demo-magic",
                                 Severity::error,
                                 11,
                                 false,
                                 {Fate::accepted, Fate::accepted},
                                 "a demo file cannot be retrieved",
                                 "a demo file's magic is wrong",
                                 {&Check::file_data.info()}};

constexpr UseInfo demo_structure{110, "demo", UseRole::array, true, "{file}/demo"};
constexpr UseInfo demo_page{111, "demo-page", UseRole::content, false, "{file}/page"};

class DemoHandler final : public FileHandler {
public:
    std::string_view compatible() const override { return "demo-v1"; }
    std::string_view type() const override { return "demo"; }
    std::span<const Structure> structures() const override {
        static constexpr StructureField fields[] = {KHO_FIELD(demo_ser, magic), KHO_FIELD(demo_ser, count),
                                                    KHO_FIELD(demo_ser, page_pa)};
        static constexpr Structure list[] = {{"demo_ser", sizeof(demo_ser), fields}};
        return list;
    }
    bool takes(const FileBody &body) const override { return body.get<Demo>() != nullptr; }

    void read(ReadContext &context, LuoFile &file, const Scope &scope) const override {
        const Range place{PhysAddr{file.data}, page_size};
        demo_ser ser;
        if (!context.load(place.start, ser, Check::file_data, scope, file.data, 0))
            return;
        context.require_preserved(place, "demo", scope);
        if (!context.claim(place, UseKind(demo_structure), scope, scope.session, scope.file))
            return;
        // ... and the line that fires it.
        if (ser.magic != demo_magic)
            return context.fault(Check(demo_magic_check), scope, file.data, 0,
                                 [&] { return "magic is " + hex(ser.magic); });
        context.use({PhysAddr{ser.page_pa}, page_size}, UseKind(demo_page), scope.session, scope.file);
        file.body = Demo{.count = ser.count, .page = PhysAddr{ser.page_pa}};
    }
    Outcome write(LuoFile &file, MetadataPages &pages, const std::string & /*where*/) const override {
        const Demo &demo = *file.body.get<Demo>();
        const Result<MetadataPages::Block> block = pages.preserved(0);
        if (!block)
            return block.error();
        MetadataPages::put(block.value(), demo_ser{demo_magic, demo.count, value(demo.page)});
        file.data = value(block.value().address);
        return success();
    }
    std::vector<Range> memory(const LuoFile &file) const override {
        return {{file.body.get<Demo>()->page, page_size}};
    }
    std::optional<FileContent> content(const LuoFile &file) const override {
        return FileContent{page_size, {{0, page_size, file.body.get<Demo>()->page}}};
    }
    std::vector<FileField> fields(const LuoFile &file) const override {
        const Demo &demo = *file.body.get<Demo>();
        return {{"count", demo.count}, {"page", value(demo.page), true}};
    }
};
const DemoHandler demo_v1;

// The root of LUO: feature bits where luo-v5 has a string.

struct features_ser {
    std::uint64_t supported, required, active;  // bits of features
    std::uint64_t liveupdate_num;
    std::uint64_t sessions_pa, flbs_pa;
};
constexpr std::uint64_t mark_of_features = std::uint64_t{0x4c55} << 48;  // above them

class FeaturesRoot final : public LuoRootCodec {
public:
    std::string_view name() const override { return "feature bits"; }
    std::span<const Structure> structures() const override { return {}; }
    std::vector<FormatMark> marks(bool /*flbs*/) const override { return {{"LUO: required", "", 1}}; }
    bool recognizes(std::span<const std::byte> blob) const override {
        features_ser ser;
        if (blob.size() < sizeof ser)
            return false;
        std::memcpy(&ser, blob.data(), sizeof ser);
        return ser.supported >> 48 == mark_of_features >> 48;
    }
    std::uint64_t least_size() const override { return sizeof(features_ser); }
    bool read(ReadContext &context, std::vector<std::byte> blob, const LuoFormat &format,
              bool /*insists_on_flbs*/, Luo &luo) const override {
        features_ser ser;
        std::memcpy(&ser, blob.data(), sizeof ser);
        if ((ser.required & ~std::uint64_t{1}) != 0) {
            context.fault(Check::luo_compatible, Scope{.base = "/LUO"}, value(luo.root), 0,
                          [&] { return "requires features " + hex(ser.required) + ", known are 0x1"; });
            return false;
        }
        luo.format = &format;
        luo.liveupdate_number = ser.liveupdate_num;
        luo.session_header = PhysAddr{ser.sessions_pa};
        luo.flb_header = PhysAddr{ser.flbs_pa};
        if (ser.flbs_pa != 0)
            luo.flbs.emplace();
        return true;
    }
    Result<std::uint64_t> write(const Luo &luo, bool /*flbs*/,
                                const MetadataPages::Block &page) const override {
        MetadataPages::put(page, features_ser{mark_of_features | 1, 1, 1, luo.liveupdate_number,
                                              value(luo.session_header), value(luo.flb_header)});
        return sizeof(features_ser);
    }
};
const FeaturesRoot features_root;

// The rows.

const Release &newest() { return releases().back(); }

const KhoFormat &kho_v9() {
    static const KhoFormat format{.compatible = "kho-v9",
                                  .map = newest().kho->map,
                                  .address_property = "blob",
                                  .size_property = "bytes",
                                  .kexec_metadata = true};
    return format;
}
const LuoFormat &luo_features() {
    static const LuoFormat format{.compatible = "luo features",
                                  .root = features_root,
                                  .entries = newest().luo->entries,
                                  .always_has_flbs = true,
                                  .family = KernelFamily::blocks};
    return format;
}
const Formats &with_9_9() {
    static const Formats formats = [] {
        Formats made = linux_formats();
        std::vector<const FileHandler *> handlers = newest().handlers;
        handlers.push_back(&demo_v1);
        made.releases.push_back(
            {.name = "9.9", .kho = &kho_v9(), .luo = &luo_features(), .flbs = true, .handlers = handlers});
        return made;
    }();
    return formats;
}
const Release &linux_9_9() { return with_9_9().releases.back(); }

}  // namespace

const FileHandler &handler_of(const Demo & /*demo*/) { return demo_v1; }

namespace {

constexpr PhysAddr demo_page_at{0x4000000}, folio_at{0x4001000};
const RangeSet free_pages({{PhysAddr{0x100000}, 0x1000000}});

// A session with a file of each type; their content is behind the metadata.
Handover content() {
    Handover made{.scratch = {{PhysAddr{0x8000000}, 0x400000}}, .preserved = {{demo_page_at, 0, 2}}};
    made.luo.emplace().liveupdate_number = 4;
    made.luo->sessions = {{.name = "vm", .files = {{.token = 1, .body = Demo{7, demo_page_at}}}}};
    made.luo->sessions[0].files.push_back(
        {.token = 2,
         .body = Memfd{.size = page_size, .folios = {{.address = folio_at, .index = 0, .flags = 3}}}});
    return made;
}

class NewFormat : public testing::Test {
protected:
    NewFormat() {
        memory.put_zeros({demo_page_at, 2 * page_size});
        memory.put(demo_page_at, std::uint64_t{0x1122334455667788});
    }
    Handover read(const Written &written, Findings &findings) const {
        const OverlayMemory all(written.pages, memory);
        return read_handover(all, written.data, findings, {.formats = &with_9_9()});
    }
    Handover read_clean(const Written &written) const {
        Findings findings;
        Handover handover = read(written, findings);
        EXPECT_TRUE(findings.list().empty()) << findings.list()[0].message();
        return handover;
    }
    Written write(const Handover &what, const Release &release = linux_9_9()) const {
        auto written = write_handover(what, release, free_pages);
        EXPECT_TRUE(succeeds(written));
        return std::move(written).value();
    }
    TestMemory memory;
};

TEST_F(NewFormat, IsReadAsItWasWritten) {
    const Written written = write(content());
    Handover handover = read_clean(written);
    EXPECT_EQ(handover.format, &kho_v9());
    EXPECT_EQ(handover.luo->format, &luo_features());
    const LuoFile &file = handover.luo->sessions[0].files[0];
    EXPECT_EQ(file.compatible, "demo-v1");
    ASSERT_NE(file.body.get<Demo>(), nullptr);
    EXPECT_EQ(*file.body.get<Demo>(), (Demo{7, demo_page_at}));
    ASSERT_EQ(with_9_9().writing(handover).size(), 1u);
    EXPECT_EQ(with_9_9().writing(handover)[0]->name, "9.9");
    std::string uses;
    for (const Use &use : handover.uses)
        if (use.file == 0)
            uses += path_of(handover, use) + " " + name(use.kind) + "\n";
    EXPECT_EQ(uses,
              "/LUO/sessions/0 \"vm\"/files/0/demo demo\n/LUO/sessions/0 \"vm\"/files/0/page demo-page\n");
    handover.uses.clear();
    EXPECT_TRUE(handover == written.handover);
}

TEST_F(NewFormat, IsUnknownToTheTableOfLinux) {
    const Written written = write(content());
    Findings findings;
    EXPECT_EQ(read_handover(written.pages, written.data, findings).format, nullptr);
    EXPECT_TRUE(findings.fired(Check::kho_compatible));
}

TEST_F(NewFormat, IsChecked) {
    Written written = write(content());
    const std::uint64_t data = written.handover.luo->sessions[0].files[0].data;
    const OverlayMemory all(written.pages, memory);
    TestMemory damaged;
    const RangeSet ranges = written.pages.ranges();
    for (const Range &range : ranges.ranges()) {
        std::vector<std::byte> bytes(range.size);
        ASSERT_TRUE(succeeds(all.read(range.start, bytes)));
        damaged.put(range.start, std::span<const std::byte>(bytes));
    }
    damaged.put(PhysAddr{data}, demo_ser{1, 7, value(demo_page_at)});
    Findings findings;
    const Handover handover = read_handover(damaged, written.data, findings, {.formats = &with_9_9()});
    ASSERT_EQ(findings.errors(), 1u) << findings.list()[1].message();
    EXPECT_EQ(findings.list()[0].message(),
              "demo-magic at " + hex(data) + ": /LUO/sessions/0 \"vm\"/files/0: magic is 0x1");
    EXPECT_FALSE(handover.luo->sessions[0].files[0].body);
    const Prediction prediction = predict(handover, findings, linux_9_9());
    EXPECT_EQ(prediction.fate, Fate::accepted);
    ASSERT_EQ(prediction.losses.size(), 1u);
    EXPECT_EQ(prediction.losses[0].text, "a demo file cannot be retrieved");
    EXPECT_EQ(prediction.losses[0].check, Check(demo_magic_check));
}

TEST_F(NewFormat, IsConvertedBothWays) {
    const Written written = write(content());
    const OverlayMemory all(written.pages, memory);
    const auto old = convert(read_clean(written), all, newest(), free_pages);
    ASSERT_TRUE(succeeds(old));
    ASSERT_EQ(old.value().losses.size(), 1u);
    EXPECT_EQ(old.value().losses[0].path, "/LUO/sessions/0 \"vm\"/files/0");
    EXPECT_EQ(old.value().losses[0].what, "Linux " + newest().name + " has no handler for \"demo-v1\"");
    const OverlayMemory old_memory(old.value().written.pages, all);
    Findings findings;
    const Handover as_old = read_handover(old_memory, old.value().written.data, findings);
    EXPECT_EQ(findings.errors() + findings.warnings(), 0u);
    EXPECT_EQ(as_old.format, newest().kho);
    ASSERT_EQ(as_old.luo->sessions[0].files.size(), 1u);
    EXPECT_NE(memfd_of(as_old.luo->sessions[0].files[0]), nullptr);
    // The page went with its file.
    EXPECT_FALSE(preserved_ranges(as_old.preserved).contains({demo_page_at, page_size}));
    const auto back = convert(as_old, old_memory, linux_9_9(), free_pages);
    ASSERT_TRUE(succeeds(back));
    EXPECT_TRUE(back.value().losses.empty());
    EXPECT_EQ(read_clean(back.value().written).format, &kho_v9());
}

TEST_F(NewFormat, IsCompared) {
    memory.put_zeros({PhysAddr{0x5000000}, page_size});
    Handover other = content();
    *other.luo->sessions[0].files[0].body.get<Demo>() = {8, PhysAddr{0x5000000}};
    other.preserved.push_back({PhysAddr{0x5000000}, 0, 1});
    const Written a = write(content()), b = write(other);
    const OverlayMemory a_memory(a.pages, memory), b_memory(b.pages, memory);
    const Handover one = read_clean(a), two = read_clean(b);
    EXPECT_TRUE(diff({one, a_memory}, {one, a_memory}).same());
    std::string seen;
    for (const Difference &difference : diff({one, a_memory}, {two, b_memory}).list)
        if (difference.path == "/LUO/sessions/\"vm\"/files/0x1" && difference.what != "data")
            seen += difference.what + " " + difference.a + " " + difference.b + "\n";
    EXPECT_EQ(seen, "count 7 8\npage 0x4000000 0x5000000\ncontent  \n");
}

TEST_F(NewFormat, IsShownAsTextAndAsJson) {
    const Written written = write(content());
    const OverlayMemory all(written.pages, memory);
    const TemporaryFolder folder;
    const std::string recording = folder.file("9.9.core");
    const Handover handover = read_clean(written);
    ASSERT_TRUE(succeeds(write_recording(
        recording, {.data = written.data, .memory_map = {}, .release = "9.9"}, memory_of(handover), all)));
    auto image = Image::open(recording);
    ASSERT_TRUE(succeeds(image));
    const tool::Input input{.path = recording, .image = std::move(image).value(), .handover = handover};
    const std::string file = folder.file("shown");
    const auto shown = [&](auto show) {
        FILE *stream = std::fopen(file.c_str(), "w");
        tool::Output out(fileno(stream));
        show(out);
        EXPECT_EQ(out.finish(), 0);
        std::fclose(stream);
        return TemporaryFolder::contents(file);
    };
    const std::string text =
        shown([&](tool::Output &out) { tool::show_files(out, *handover.luo, {}, true); });
    EXPECT_NE(text.find("demo-v1  "), std::string::npos) << text;
    EXPECT_NE(text.find("count 7\n"), std::string::npos) << text;
    const std::string json = shown([&](tool::Output &out) {
        tool::show_json(out, input, tool::summarize(handover, false), {}, Findings());
    });
    EXPECT_NE(json.find("\"compatible\": \"kho-v9\""), std::string::npos) << json;
    EXPECT_NE(json.find("\"body\": {\"count\": 7, \"page\": \"0x4000000\"}"), std::string::npos) << json;
    EXPECT_NE(json.find("{\"use\": \"demo-page\", \"bytes\": 4096}"), std::string::npos) << json;
}

TEST_F(NewFormat, IsPredicted) {
    const auto fate = [](const Release &writer, const Release &reader) {
        return predict(smallest_handover(writer), Findings(), reader).fate;
    };
    EXPECT_EQ(fate(linux_9_9(), linux_9_9()), Fate::accepted);
    for (const Release &release : releases()) {
        EXPECT_EQ(fate(linux_9_9(), release), Fate::cold_boot) << release.name;
        EXPECT_EQ(fate(release, linux_9_9()), Fate::cold_boot) << release.name;
    }
    Handover foreign = smallest_handover(newest());
    foreign.luo->sessions[0].files[0].compatible = "demo-v1";
    EXPECT_EQ(predict(foreign, Findings(), newest()).fate, Fate::eio);
}

TEST_F(NewFormat, IsInTheCatalogue) {
    const CatalogueEntry entry = catalogue_entry(linux_9_9());
    EXPECT_EQ(entry.root, "feature bits");
    EXPECT_EQ(entry.handlers.back(), "demo-v1");
    EXPECT_EQ(entry.structures.back().name, "demo_ser");
    EXPECT_EQ(entry.structures.back().fields.back().offset, 8u);
}

}  // namespace
}  // namespace kho
