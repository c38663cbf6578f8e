// SPDX-License-Identifier: GPL-2.0-or-later
// Opening a recording.
#include "fdt/file/elf_core.h"
#include "fdt/file/internal/core_layout.h"

namespace kho {

Result<ElfCore> ElfCore::open(const std::string &path) {
    Result<MappedFile> file = MappedFile::open(path);
    if (!file)
        return file.error();
    return open(std::move(file).value());
}

Result<ElfCore> ElfCore::open(MappedFile file) {
    Result<CoreLayout> layout = read_core_layout(file.bytes(), CoreRules::recording);
    if (!layout)
        return layout.error();
    CoreLayout &found = layout.value();
    return ElfCore(std::move(found.notes.header), SegmentMemory(std::move(file), std::move(found.segments)));
}

}  // namespace kho
