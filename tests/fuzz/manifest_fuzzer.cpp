// SPDX-License-Identifier: GPL-2.0-or-later
// The agent's manifest, which comes out of a handover.
#include "guest/linux/agent_manifest.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    // A string of its own, so that a sanitizer sees each byte too far.
    const std::vector<char> bytes(data, data + size);
    unsigned line = 0;
    const auto manifest = agent::manifest_from({bytes.data(), bytes.size()}, &line);
    fuzz::promise(line <= size, "lines are counted");
    if (!manifest)
        return 0;
    const auto again = agent::manifest_from(to_text(*manifest));
    fuzz::promise(again == manifest, "what was written is what was read");
    return 0;
}
