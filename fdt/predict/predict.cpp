// SPDX-License-Identifier: GPL-2.0-or-later
// What kernels do with what the checks find. They check little, and act in this order: KHO's FDT very early,
// where failing is a cold boot; the map, which is followed blindly; LUO's root, where failing is a panic;
// sessions and files, when the device is opened first, where failing is EIO; and what belongs to a single
// file, when that is retrieved. Follows kernel/liveupdate/ of 7.2 and 7.3; what differs before is in
// checks.def.
#include "fdt/predict/predict.h"

#include <algorithm>

#include "fdt/abi/luo.h"
#include "fdt/base/internal/text.h"
#include "fdt/codec/internal/file_handler.h"

namespace kho {
namespace {

constexpr Fate accepted = Fate::accepted, cold_boot = Fate::cold_boot, panics = Fate::panic, eio = Fate::eio;

class Judge {
public:
    Judge(const Handover &handover, const Findings &findings, const Release &release)
        : handover_(handover), findings_(findings), release_(release) {}

    Prediction judge() {
        judge_kho();
        if (!decided())
            judge_findings(panics);
        if (!decided())
            judge_luo();
        if (!decided())
            judge_files();
        if (!decided())
            judge_findings(eio);
        if (!decided())
            judge_findings(accepted);
        return std::move(prediction_);
    }

private:
    bool decided() const { return prediction_.fate != accepted; }
    void fail(Fate fate, std::string reason) {
        if (decided())
            return;
        prediction_ = {.fate = fate, .reason = std::move(reason), .losses = {}};
    }
    KernelFamily family() const { return release_.luo->family; }

    static std::string expected_seen(std::string_view what, std::string_view expected,
                                     std::string_view seen) {
        return std::string(what) + ": expected " + in_quotes(expected) + ", seen " + in_quotes(seen);
    }

    // An unknown compatible has been quoted by the finding.
    void judge_kho() {
        judge_findings(cold_boot);
        if (handover_.format != nullptr && release_.kho != handover_.format)
            fail(cold_boot, expected_seen("the KHO FDT is incompatible", release_.kho->compatible,
                                          handover_.format->compatible));
        if (handover_.format != nullptr && value(handover_.memory_map) == 0)
            fail(cold_boot, "there is no map of preserved memory");
    }

    void judge_luo() {
        const bool has_luo = std::ranges::any_of(
            handover_.subtrees, [](const Subtree &s) { return s.name == abi::luo_subtree_name; });
        const bool broken = findings_.fired(Check::subtree_property) ||
                            findings_.fired(Check::subtree_address) || findings_.fired(Check::subtree_size);
        if (!has_luo && broken)
            fail(panics, "the subtree LUO is broken");
        if (handover_.luo && release_.luo != handover_.luo->format)
            fail(panics, expected_seen("the LUO state is incompatible", release_.luo->compatible,
                                       compatible(handover_.luo->format)));
        if (has_luo && !handover_.luo)
            fail(panics, "the LUO state cannot be read");
        if (!handover_.luo)
            return;
        const bool has_place = release_.luo->always_has_flbs || handover_.luo->flbs;
        if (release_.flbs && !has_place)
            fail(panics, std::string("the LUO FDT has no node ") + abi::luo_flb_node +
                             " with the compatible " + in_quotes(abi::luo_flb_v1_compatible));
        // A chain of blocks is walked at boot if it is the sessions', and when the device is opened if
        // files'.
        for (const Check check : {Check::block_count, Check::block_address, Check::block_chain}) {
            if (!findings_.fired(check))
                continue;
            const bool files = std::ranges::any_of(findings_.list(), [&](const Finding &finding) {
                return finding.check == check && finding.path != "/LUO/sessions";
            });
            fail(files && check != Check::block_address ? eio : panics, info(check).description);
        }
        if (!release_.flbs && handover_.luo->flbs && !handover_.luo->flbs->empty())
            prediction_.losses.push_back({"FLBs are not known to this release", std::nullopt});
    }

    void judge_files() {
        if (!handover_.luo)
            return;
        for (const LuoSession &session : handover_.luo->sessions)
            for (const LuoFile &file : session.files)
                if (!has_handler(file.compatible))
                    return fail(
                        eio, expected_seen("a file of session " + in_quotes(session.name) + " has no handler",
                                           handler_names(), file.compatible));
    }
    bool has_handler(std::string_view compatible) const {
        return std::ranges::find(release_.handlers, compatible, &FileHandler::compatible) !=
               release_.handlers.end();
    }
    std::string handler_names() const {
        std::string names;
        for (const FileHandler *handler : release_.handlers)
            names += (names.empty() ? "" : "\" or \"") + std::string(handler->compatible());
        return names;
    }

    // All findings that lead to this fate: the first is the reason, or all are losses.
    void judge_findings(Fate fate) {
        for (const Check check : findings_.fired()) {
            const CheckInfo &row = check.info();
            if (row.effect[0] == '\0' || row.fate(family()) != fate)
                continue;
            if (fate == accepted)
                lose(row.effect, check);
            else
                fail(fate, row.effect + quoted_finding(check));
        }
    }
    void lose(std::string_view how, Check check) {
        if (std::ranges::find(prediction_.losses, how, &PredictedLoss::text) == prediction_.losses.end())
            prediction_.losses.push_back({std::string(how), check});
    }
    std::string quoted_finding(Check check) const {
        for (const Finding &finding : findings_.list())
            if (finding.check == check)
                return ": " + finding.text;
        return {};
    }

    const Handover &handover_;
    const Findings &findings_;
    const Release &release_;
    Prediction prediction_;
};

}  // namespace

Prediction predict(const Handover &handover, const Findings &findings, const Release &release) {
    return Judge(handover, findings, release).judge();
}

}  // namespace kho
