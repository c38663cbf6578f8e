// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/file_content.h"

#include <algorithm>

namespace kho {
Outcome copy_file(const Memory &memory, const FileContent &content, const FileSink &sink) {
    std::uint64_t done = 0;
    for (const FileExtent &extent : content.extents) {
        if (extent.offset > done)
            if (Outcome outcome = sink.zeroes(extent.offset - done); !outcome)
                return outcome;
        done = extent.offset;
        bool reading = true;  // or writing
        Outcome outcome = copy_memory(memory, {extent.address, extent.size}, [&](auto bytes) {
            reading = false;
            Outcome written = sink.bytes(bytes);
            if (written) {
                reading = true;
                done += bytes.size();
            }
            return written;
        });
        if (!outcome && reading) {
            Error error = outcome.error();
            error.what += ", needed for byte " + std::to_string(done) + " of the file";
            return error;
        }
        if (!outcome)
            return outcome;
    }
    return done < content.size ? sink.zeroes(content.size - done) : success();
}

}  // namespace kho
