// SPDX-License-Identifier: GPL-2.0-or-later
// Telling what a file is, and opening it as that.
#include "fdt/file/image.h"

#include <elf.h>
#include <libfdt.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "fdt/base/internal/text.h"
#include "fdt/file/internal/blob.h"
#include "fdt/file/internal/core_layout.h"
#include "fdt/file/internal/kdump.h"

namespace kho {

class ImageOpener {
public:
    static Result<Image> open(MappedFile file, const ImageOptions &options);

private:
    static Result<Image> open_raw(MappedFile file, PhysAddr base);
    static Result<Image> open_core(MappedFile file);
    static Result<Image> open_kdump(MappedFile file);
    static Result<Image> open_blob(Bytes file);
    static Result<Image> unrecognized(Bytes file);
    static Image make(ImageKind kind, ImageInfo info, std::unique_ptr<const ImageMemory> memory);
};

namespace {

class NoMemory final : public ImageMemory {
public:
    Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        if (out.empty())
            return success();
        return Error{
            .code = Errc::outside_memory, .address = value(from), .what = "a blob has no memory around it"};
    }
    const RangeSet &ranges() const override { return none_; }
    RangeSet resident() const override { return none_; }

private:
    RangeSet none_;
};

Error input_error(std::string what) { return {.code = Errc::input_format, .what = std::move(what)}; }

bool begins_with(Bytes file, std::string_view magic) {
    const std::optional<Bytes> start = slice(file, 0, magic.size());
    return start && std::ranges::equal(*start, std::as_bytes(std::span(magic)));
}

std::string machine_name(std::uint16_t machine) {
    return machine == EM_X86_64 ? "x86_64" : machine == EM_AARCH64 ? "arm64" : "x86";
}

}  // namespace

const char *name(ImageKind kind) {
    switch (kind) {
        case ImageKind::recording:
            return "recording";
        case ImageKind::elf_dump:
            return "ELF dump";
        case ImageKind::kdump:
            return "kdump-compressed dump";
        case ImageKind::raw:
            return "raw memory";
        case ImageKind::blob:
            return "blob";
    }
    return "unknown";
}

const char *Image::kind_name() const { return blob_kind_ ? name(*blob_kind_) : name(kind_); }

Image ImageOpener::make(ImageKind kind, ImageInfo info, std::unique_ptr<const ImageMemory> memory) {
    Image image;
    image.kind_ = kind;
    image.info_ = std::move(info);
    image.memory_ = std::move(memory);
    return image;
}

Result<Image> ImageOpener::open_raw(MappedFile file, PhysAddr base) {
    const std::uint64_t size = file.bytes().size();
    const std::optional<Range> range = Range::checked(value(base), size);
    if (!range)
        return input_error(hex(size) + " bytes of raw memory from " + hex(value(base)) +
                           " end behind the last address");
    return make(ImageKind::raw, {.format = "raw memory from " + hex(value(base))},
                std::make_unique<SegmentMemory>(
                    std::move(file),
                    std::vector<MemorySegment>{{.range = *range, .file_offset = 0, .file_size = size}}));
}

Result<Image> ImageOpener::open_core(MappedFile file) {
    Result<CoreLayout> layout = read_core_layout(file.bytes(), CoreRules::dump);
    if (!layout)
        return layout.error();
    CoreLayout &core = layout.value();
    if (core.notes.recording) {
        Result<ElfCore> recording = ElfCore::open(std::move(file));
        if (!recording)
            return recording.error();
        const CoreHeader &header = recording.value().header();
        ImageInfo info{.format = "recording", .recording = header};
        if (!header.release.empty())
            info.format += " in the format of Linux " + printable(header.release);
        return make(ImageKind::recording, std::move(info),
                    std::make_unique<ElfCore>(std::move(recording).value()));
    }
    ImageInfo info{
        .format = (core.notes.qemu ? "QEMU dump-guest-memory, ELF64 core for " : "ELF64 core for ") +
                  machine_name(core.machine),
        .cpus = core.notes.cpus,
        .kernel_release = std::move(core.notes.kernel_release),
        .warnings = std::move(core.warnings)};
    return make(ImageKind::elf_dump, std::move(info),
                std::make_unique<SegmentMemory>(std::move(file), std::move(core.segments)));
}

Result<Image> ImageOpener::open_kdump(MappedFile file) {
    Result<std::unique_ptr<KdumpMemory>> opened = KdumpMemory::open(std::move(file));
    if (!opened)
        return opened.error();
    const KdumpMemory &memory = *opened.value();
    ImageInfo info{.format = memory.format(),
                   .cpus = memory.cpus(),
                   .kernel_release = memory.kernel_release(),
                   .warnings = memory.warnings()};
    return make(ImageKind::kdump, std::move(info), std::move(opened).value());
}

Result<Image> ImageOpener::open_blob(Bytes file) {
    if (file.size() > max_blob_size)
        return input_error("begins as a blob does, but has " + std::to_string(file.size()) +
                           " bytes; raw memory needs a base address");
    Result<BlobHead> blob = read_blob_head(file);
    if (!blob)
        return blob.error();
    ImageInfo info{.compatible = std::move(blob.value().compatible)};
    info.format = std::string(name(blob.value().kind)) + " " + in_quotes(info.compatible);
    Image image = make(ImageKind::blob, std::move(info), std::make_unique<NoMemory>());
    image.blob_kind_ = blob.value().kind;
    image.blob_.assign(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(blob.value().size));
    return image;
}

Result<Image> ImageOpener::unrecognized(Bytes file) {
    if (file.empty())
        return input_error("the file is empty");
    if (begins_with(file, "DISKDUMP"))
        return input_error("a diskdump; only its successor kdump-compressed is read");
    if (begins_with(file, "QEVM"))
        return input_error("a QEMU migration stream; dump-guest-memory writes what can be read");
    return input_error(
        "neither a recording, a dump nor a blob (it begins with " +
        in_quotes({reinterpret_cast<const char *>(file.data()), std::min<std::size_t>(file.size(), 8)}) +
        "); raw memory needs a base address");
}

Result<Image> ImageOpener::open(MappedFile file, const ImageOptions &options) {
    const Bytes bytes = file.bytes();
    if (options.base)
        return open_raw(std::move(file), *options.base);
    if (begins_with(bytes, {ELFMAG, SELFMAG}))
        return open_core(std::move(file));
    if (begins_with(bytes, abi::kdump_signature) || FlatFile::is_flattened(bytes))
        return open_kdump(std::move(file));
    if (looks_like_blob(bytes))
        return open_blob(bytes);
    return unrecognized(bytes);
}

Result<Image> Image::open(const std::string &path, const ImageOptions &options) {
    Result<MappedFile> file = MappedFile::open(path);
    if (!file)
        return file.error();
    return open(std::move(file).value(), options);
}

Result<Image> Image::open(MappedFile file, const ImageOptions &options) {
    return ImageOpener::open(std::move(file), options);
}

}  // namespace kho
