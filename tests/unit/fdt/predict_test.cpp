// SPDX-License-Identifier: GPL-2.0-or-later
// Which kernel takes which handover, and how it fails on the others.
#include "fdt/predict/predict.h"

#include <set>

#include "tests/unit/fdt/check_cases.h"

namespace kho {
namespace {

using namespace check_cases;

Prediction predict_for(const Image &image, std::string_view release) {
    Findings findings;
    const Handover handover = image.read(findings);
    return predict(handover, findings, *find_release(release));
}

// Producers down, consumers across: as the kernels themselves judged it.
TEST(Predict, KnowsWhichReleaseTakesWhichHandover) {
    const struct {
        Producer producer;
        std::vector<Fate> fates;  // of releases()
    } rows[] = {
        {v6_19, {Fate::accepted, Fate::panic, Fate::cold_boot, Fate::cold_boot, Fate::cold_boot}},
        {v7_0, {Fate::accepted, Fate::accepted, Fate::cold_boot, Fate::cold_boot, Fate::cold_boot}},
        {v7_1, {Fate::cold_boot, Fate::cold_boot, Fate::accepted, Fate::cold_boot, Fate::cold_boot}},
        {v7_2, {Fate::cold_boot, Fate::cold_boot, Fate::cold_boot, Fate::accepted, Fate::accepted}},
    };
    for (const auto &row : rows) {
        ASSERT_EQ(row.fates.size(), releases().size());
        for (std::size_t i = 0; i < releases().size(); i++) {
            const Prediction prediction = predict_for(Image(row.producer), releases()[i].name);
            EXPECT_STREQ(name(prediction.fate), name(row.fates[i]))
                << name(row.producer) << " -> " << releases()[i].name << ": " << prediction.reason;
            EXPECT_EQ(prediction.reason.empty(), prediction.fate == Fate::accepted);
        }
    }
}

TEST(Predict, SaysWhatWasExpectedAndWhatWasSeen) {
    EXPECT_EQ(predict_for(Image(v7_1), "7.2").reason,
              "the KHO FDT is incompatible: expected \"kho-v4\", seen \"kho-v3\"");
    EXPECT_EQ(predict_for(Image(v6_19), "7.0").reason,
              "the LUO FDT has no node luo-flb with the compatible \"luo-flb-v1\"");
}

TEST(Predict, FlbsAreLostWhereTheReleaseKnowsNone) {
    const Prediction prediction = predict_for(Image(v7_0), "6.19");
    ASSERT_EQ(prediction.losses.size(), 1u);
    EXPECT_EQ(prediction.losses[0].text, "FLBs are not known to this release");
    EXPECT_FALSE(prediction.losses[0].check);
}

TEST(Predict, WithoutLuoOnlyTheMapMatters) {
    Image image(v6_19);
    remove_node(Image::kho_fdt, "/LUO")(image);
    EXPECT_EQ(predict_for(image, "7.0").fate, Fate::accepted);
    EXPECT_EQ(predict_for(image, "7.1").fate, Fate::cold_boot);
}

TEST(Predict, KnowsHowItFails) {
    const struct {
        const char *what;
        Producer producer;
        std::function<void(Image &)> change;
        Fate fate;
    } cases[] = {
        {"unknown version", v7_2, set_text(Image::kho_fdt, "/", "compatible", "kho-v9"), Fate::cold_boot},
        {"no map", v7_2, set(Image::kho_fdt, "/", "preserved-memory-map", 0ull), Fate::cold_boot},
        {"LUO without an address", v7_2, remove(Image::kho_fdt, "/LUO", "preserved-data"), Fate::panic},
        {"another subtree without an address", v7_2, remove(Image::kho_fdt, "/memblock", "preserved-data"),
         Fate::accepted},
        {"luo-v4", v7_2, fill(Image::luo + 5, 1, '4'), Fate::panic},
        {"luo-v2", v7_0, set_text(Image::luo, "/", "compatible", "luo-v2"), Fate::panic},
        {"sessions of another version", v7_0,
         set_text(Image::luo, "/luo-session", "compatible", "luo-session-v1"), Fate::panic},
        {"a session block without sessions", v7_2, put64(Image::session_blocks[1] + 8, 0), Fate::panic},
        {"a file block without files", v7_2, put64(Image::file_blocks[2] + 8, 0), Fate::eio},
        {"a name twice", v7_2, session(1, [](Session &s) { s.name[3] = '1'; }), Fate::eio},
        {"an unknown handler", v7_2, file(1, 0, [](File &f) { f.compatible[7] = '9'; }), Fate::eio},
        {"too many files", v7_0, session(0, [](Session &s) { s.file_set.count = 129; }), Fate::eio},
        {"unknown seals", v7_2, put32(Image::memfd(0) + 16, 0x40), Fate::accepted},
    };
    for (const auto &c : cases) {
        Image image(c.producer);
        c.change(image);
        const Prediction prediction = predict_for(image, name(c.producer));
        EXPECT_STREQ(name(prediction.fate), name(c.fate)) << c.what << ": " << prediction.reason;
    }
}

TEST(Predict, WhatIsAcceptedThoughACheckFiredNamesTheLoss) {
    // A kernel does not look at these at all.
    const std::set<Check> harmless = {Check::memfd_flags, Check::vmalloc_flags, Check::folio_flags,
                                      Check::flb_pages, Check::metadata_release};
    for (auto *cases : {kho_cases, luo_cases})
        for (const Case &c : cases())
            for (const Producer generation : c.generations) {
                Image image(generation);
                c.change(image);
                const Prediction prediction = predict_for(image, name(generation));
                EXPECT_TRUE(!prediction.losses.empty() || prediction.fate != Fate::accepted ||
                            harmless.contains(c.check))
                    << info(c.check).name << ", " << c.what;
            }
}

TEST(Release, WritesItsFormats) {
    const auto writers = [](Producer generation) {
        Findings findings;
        std::string names;
        for (const Release *release : linux_formats().writing(Image(generation).read(findings)))
            names += std::string(release->name) + " ";
        return names;
    };
    EXPECT_EQ(writers(v6_19), "6.19 ");
    EXPECT_EQ(writers(v7_0), "7.0 ");
    EXPECT_EQ(writers(v7_1), "7.1 ");
    EXPECT_EQ(writers(v7_2), "7.2 7.3 ");
}

}  // namespace
}  // namespace kho
