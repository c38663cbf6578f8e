// SPDX-License-Identifier: GPL-2.0-or-later
// Descriptions for `kho make`: what is taken can be built, or there is a reason, and is read without an
// error.
#include <string_view>

#include "fdt/make/build.h"
#include "fdt/read/reader.h"
#include "fdt/tool/make_description.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace kho;

// What is made costs memory and time as its numbers say; larger ones have their own tests.
bool is_small(const Description &description) {
    std::uint64_t bytes = 0;
    const auto add = [&bytes](std::uint64_t size) {
        bytes = size > UINT64_MAX - bytes ? UINT64_MAX : bytes + size;
    };
    for (const ReservationDescription &reservation : description.reservations) add(reservation.size);
    for (const SubtreeDescription &subtree : description.subtrees) add(subtree.size);
    if (description.luo)
        for (const SessionDescription &session : description.luo->sessions)
            for (const FileDescription &file : session.files) add(file.size);
    return bytes < std::uint64_t{4} << 20;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const std::vector<char> text(data, data + size);
    // Paths of host files begin where there is nothing. An absolute one leads out of it.
    const std::string_view json(text.data(), text.size());
    if (json.find('/') != std::string_view::npos || json.find("\\u002") != std::string_view::npos)
        return 0;
    const auto description = tool::read_description(json, "/nonexistent");
    if (!description) {
        fuzz::promise(!description.error().what.empty(), "an error says what is wrong");
        return 0;
    }
    if (!is_small(description.value()))
        return 0;
    const auto built = build(description.value());
    if (!built) {
        fuzz::promise(!built.error().what.empty(), "what cannot be built has a reason");
        return 0;
    }
    Findings findings;
    Handover handover = read_handover(built.value().memory, built.value().header.data, findings);
    fuzz::promise(findings.errors() == 0, "what was built has no error");
    handover.uses.clear();
    fuzz::promise(handover == built.value().handover, "what was built is what is read");
    return 0;
}
