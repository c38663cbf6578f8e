// SPDX-License-Identifier: GPL-2.0-or-later
// What kernels do with what the checks find. They check little, and act in this order: KHO's FDT very early,
// where failing is a cold boot; the map, which is followed blindly; LUO's root, where failing is a panic;
// sessions and files, when the device is opened first, where failing is EIO; and what belongs to a single
// file, when that is retrieved. Follows kernel/liveupdate/ of 7.2 and 7.3; what differs before is in the
// table.
#include "fdt/check/predict.h"

#include <algorithm>

#include "fdt/abi/luo.h"
#include "fdt/base/internal/text.h"

namespace kho {
namespace {

// What comes of a finding, in a kernel that reads arrays (6.19 to 7.1), and in one that reads blocks
// (from 7.2 on).
struct Effect {
    Check check;
    Fate arrays;
    Fate blocks;
    const char *how;
};

constexpr Fate accepted = Fate::accepted, cold_boot = Fate::cold_boot, panics = Fate::panic, eio = Fate::eio;

// clang-format off
constexpr Effect effects[] = {
    {Check::kho_fdt_address, cold_boot, cold_boot, "the KHO FDT is not found"},
    {Check::kho_fdt_size, cold_boot, cold_boot, "the KHO FDT cannot be mapped"},
    {Check::kho_fdt_header, cold_boot, cold_boot, "the KHO FDT is invalid"},
    {Check::kho_compatible, cold_boot, cold_boot, "the KHO FDT is incompatible"},
    {Check::map_property, cold_boot, cold_boot, "there is no map of preserved memory"},
    {Check::scratch_array, cold_boot, cold_boot, "the scratch array cannot be mapped"},
    {Check::map_address, panics, panics, "the address of the map is followed unchecked"},
    {Check::scratch_empty, panics, panics, "early boot has no memory to allocate from"},
    {Check::scratch_area, panics, panics, "memory that is not there is used for early boot"},
    {Check::scratch_overlap, accepted, accepted, "overlapping scratch areas become one"},
    {Check::scratch_preserved, accepted, accepted, "preserved memory in scratch may be overwritten by early boot"},
    {Check::scratch_map, panics, panics, "early boot overwrites the map of preserved memory"},
    {Check::chunk_address, panics, panics, "addresses in the map are followed unchecked"},
    {Check::chunk_twice, panics, panics, "reading the map never ends"},
    {Check::chunk_elements, panics, panics, "the map is read beyond its page"},
    {Check::chunk_order, panics, panics, "blocks of an absurd size are reserved"},
    {Check::bitmap_window, panics, panics, "memory that is not there is reserved"},
    {Check::bitmap_address, panics, panics, "addresses in the map are followed unchecked"},
    {Check::bitmap_twice, panics, panics, "a page of the map is taken for a bitmap"},
    {Check::radix_node_address, panics, panics, "addresses in the map are followed unchecked"},
    {Check::radix_node_twice, panics, panics, "a node of the map is taken for what it is not"},
    {Check::radix_key, panics, panics, "memory that is not there is reserved"},
    {Check::radix_order, panics, panics, "blocks of an absurd size are reserved"},
    {Check::map_size, accepted, accepted, "the map is larger than any machine's; what it says was not all read"},
    {Check::block_overlap, accepted, accepted, "of blocks that are preserved twice, only one can be restored"},
    {Check::block_outside_ram, panics, panics, "memory that is not there is reserved"},
    {Check::not_preserved, accepted, accepted, "a page that is not preserved may be overwritten before it is read"},
    {Check::not_a_block, accepted, accepted, "a structure that is no block of its own leaks when it is freed"},
    {Check::page_two_uses, accepted, accepted, "of two users of a page, the second cannot restore it"},
    {Check::subtree_name, accepted, accepted, "of two subtrees with one name, only the first is found"},
    {Check::subtree_property, accepted, accepted, "a broken subtree is not found"},
    {Check::subtree_address, accepted, accepted, "a broken subtree is not found"},
    {Check::subtree_size, accepted, accepted, "a broken subtree is not found"},
    {Check::luo_fdt, panics, panics, "the LUO FDT is invalid"},
    {Check::luo_size, panics, panics, "the LUO state is too small"},
    {Check::luo_number, panics, panics, "there is no live update number"},
    {Check::luo_session_node, panics, panics, "there is no session node, or it is broken"},
    {Check::luo_session_compatible, panics, panics, "the session node is incompatible"},
    {Check::luo_flb_compatible, panics, panics, "the FLB node is incompatible"},
    {Check::session_address, panics, panics, "the address of the sessions is followed unchecked"},
    {Check::session_count, eio, eio, "sessions are read beyond the array"},
    {Check::session_name, accepted, accepted, "a session's name is not what it was"},
    {Check::session_name_twice, eio, eio, "the second session of a name is refused"},
    {Check::file_set, accepted, accepted, "a session's files are lost"},
    {Check::file_set_count, accepted, eio, "a session has more files than it says"},
    {Check::file_count, eio, eio, "a session has more files than a set can hold"},
    {Check::file_address, panics, panics, "the address of a session's files is followed unchecked"},
    {Check::file_count_sum, eio, eio, "a session's blocks hold another number of files than it says"},
    {Check::file_compatible, eio, eio, "no handler has such a name"},
    {Check::file_token, accepted, accepted, "of two files with one token, only the first can be retrieved"},
    {Check::file_data, accepted, accepted, "a memfd's address is followed unchecked when it is retrieved"},
    {Check::file_data_twice, accepted, accepted, "a memfd that two files share is freed twice"},
    {Check::flb_address, accepted, accepted, "the address of the FLBs is followed unchecked when one is looked for"},
    {Check::flb_count, accepted, accepted, "FLBs are read beyond the array"},
    {Check::flb_name, accepted, accepted, "an FLB will not be found by its name"},
    {Check::flb_name_twice, accepted, accepted, "of two FLBs with one name, only the first is found"},
    {Check::flb_reference_count, accepted, accepted, "an FLB that no file refers to is never finished"},
    {Check::memfd_size, accepted, accepted, "a memfd with an impossible size cannot be used"},
    {Check::memfd_pos, accepted, accepted, "a memfd's impossible position is not set"},
    {Check::memfd_seals, accepted, accepted, "retrieving a memfd with unknown seals fails with EOPNOTSUPP"},
    {Check::folio_count, accepted, accepted, "a memfd's folios are read beyond their array"},
    {Check::vmalloc_order, accepted, accepted, "retrieving a memfd fails with EINVAL"},
    {Check::vmalloc_address, accepted, accepted, "an address in a memfd's array is followed unchecked"},
    {Check::vmalloc_block, accepted, accepted, "retrieving a memfd fails with EINVAL"},
    {Check::vmalloc_chain, accepted, accepted, "retrieving a memfd fails with EINVAL"},
    {Check::folio_address, accepted, accepted, "retrieving a memfd fails with EIO"},
    {Check::folio_order, accepted, accepted, "a memfd's folio is larger than any can be"},
    {Check::folio_twice, accepted, accepted, "retrieving a memfd fails with EIO"},
    {Check::folio_index, accepted, accepted, "retrieving a memfd fails, or its pages are not where they were"},
    {Check::folio_overlap, accepted, accepted, "retrieving a memfd fails with EEXIST"},
    {Check::folio_beyond_size, accepted, accepted, "memory behind the end of a memfd cannot be reached"},
    {Check::memblock_fdt, accepted, accepted, "reserve_mem is allocated again, its content lost"},
    {Check::memblock_compatible, accepted, accepted, "reserve_mem is allocated again, its content lost"},
    {Check::reservation_property, accepted, accepted, "reserve_mem is allocated again, its content lost"},
    {Check::reservation_range, accepted, accepted, "reserve_mem is not what it was"},
    {Check::metadata_size, accepted, accepted, "the previous release and the count of kexecs are lost"},
    {Check::metadata_version, accepted, accepted, "the previous release and the count of kexecs are lost"},
    {Check::test_fdt, accepted, accepted, "the KHO test fails"},
    {Check::test_compatible, accepted, accepted, "the KHO test fails"},
    {Check::test_property, accepted, accepted, "the KHO test fails"},
    {Check::test_folio, accepted, accepted, "the KHO test fails"},
};
// clang-format on

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
    bool blocks() const { return release_.session_compatible.empty(); }

    static std::string expected_seen(std::string_view what, std::string_view expected,
                                     std::string_view seen) {
        return std::string(what) + ": expected " + in_quotes(expected) + ", seen " + in_quotes(seen);
    }

    // An unknown compatible has been quoted by the finding.
    void judge_kho() {
        judge_findings(cold_boot);
        if (handover_.format != KhoFormat::unknown && release_.kho_compatible != compatible(handover_.format))
            fail(cold_boot, expected_seen("the KHO FDT is incompatible", release_.kho_compatible,
                                          compatible(handover_.format)));
        if (handover_.format != KhoFormat::unknown && value(handover_.memory_map) == 0)
            fail(cold_boot, "there is no map of preserved memory");
    }

    void judge_luo() {
        const bool has_luo = std::ranges::any_of(
            handover_.subtrees, [](const Subtree &s) { return s.name == abi::luo_subtree_name; });
        const bool broken = findings_.fired(Check::subtree_property) ||
                            findings_.fired(Check::subtree_address) || findings_.fired(Check::subtree_size);
        if (!has_luo && broken)
            fail(panics, "the subtree LUO is broken");
        if (handover_.luo && release_.luo_compatible != compatible(handover_.luo->format))
            fail(panics, expected_seen("the LUO state is incompatible", release_.luo_compatible,
                                       compatible(handover_.luo->format)));
        if (has_luo && !handover_.luo)
            fail(panics, "the LUO state cannot be read");
        if (!handover_.luo)
            return;
        if (!release_.flb_compatible.empty() && !handover_.luo->flbs)
            fail(panics, std::string("the LUO FDT has no node ") + abi::luo_flb_node +
                             " with the compatible " + in_quotes(release_.flb_compatible));
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
        const bool drops_flbs = handover_.luo->format == LuoFormat::v1 && release_.flb_compatible.empty();
        if (drops_flbs && handover_.luo->flbs && !handover_.luo->flbs->empty())
            prediction_.losses.push_back("FLBs are not known to this release");
    }

    void judge_files() {
        if (!handover_.luo)
            return;
        for (const LuoSession &session : handover_.luo->sessions)
            for (const LuoFile &file : session.files)
                if (file.compatible != release_.memfd_compatible)
                    return fail(
                        eio, expected_seen("a file of session " + in_quotes(session.name) + " has no handler",
                                           release_.memfd_compatible, file.compatible));
    }

    // All findings that lead to this fate: the first is the reason, or all are losses.
    void judge_findings(Fate fate) {
        for (const Effect &effect : effects) {
            if (!findings_.fired(effect.check) || (blocks() ? effect.blocks : effect.arrays) != fate)
                continue;
            if (fate == accepted)
                lose(effect.how);
            else
                fail(fate, std::string(effect.how) + quoted_finding(effect.check));
        }
    }
    void lose(std::string_view how) {
        if (std::ranges::find(prediction_.losses, how) == prediction_.losses.end())
            prediction_.losses.emplace_back(how);
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

const char *name(Fate fate) {
    switch (fate) {
        case Fate::accepted:
            return "accepted";
        case Fate::cold_boot:
            return "cold boot";
        case Fate::panic:
            return "panic";
        case Fate::eio:
            return "EIO";
    }
    return "unknown";
}

Prediction predict(const Handover &handover, const Findings &findings, const Release &release) {
    return Judge(handover, findings, release).judge();
}

}  // namespace kho
