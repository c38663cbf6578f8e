// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever file a handover comes in: opened by what it contains, not by its name.
//
// Files are mapped, not read, so a sparse 64 GiB dump costs what is touched of it. In return no program may
// shorten a file while it is open: the kernel would end the process with SIGBUS (see exit_when_a_file_shrinks
// in mapped_file.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fdt/base/blob_kind.h"
#include "fdt/file/elf_core.h"
#include "fdt/file/image_memory.h"

namespace kho {

enum class ImageKind {
    recording,  // ELF core with KHO notes, as write_core() and the device write it
    elf_dump,   // any other ELF64 core: QEMU's dump-guest-memory
    kdump,      // kdump-compressed, plain or flattened: dump-guest-memory -z, -l, -s; makedumpfile
    raw,        // memory and nothing else, from ImageOptions::base on
    blob,       // a piece of a handover, as /sys/kernel/debug/kho gives them; Image::blob_kind() says which
};

// As people call it: "recording", "ELF dump" ...
const char *name(ImageKind kind);

struct ImageOptions {
    // The file is raw memory and begins at this address, whatever it looks like.
    std::optional<PhysAddr> base;
};

// What an image says about itself. All of it is a claim of its writer.
struct ImageInfo {
    // In one line: "QEMU dump-guest-memory, ELF64 core for x86_64", "kdump-compressed (zlib), flattened".
    std::string format{};
    std::optional<CoreHeader> recording{};  // recordings only
    std::optional<unsigned> cpus{};         // dumps: CPUs whose state was saved
    std::string kernel_release{};           // dumps: OSRELEASE of VMCOREINFO, or empty
    std::string compatible{};               // FDT blobs: the root's string; luo_ser: its version string
    // What is odd but does not hinder: a dump that was cut off, memory that is in it twice. One sentence
    // each.
    std::vector<std::string> warnings{};
};

// The largest blob that is accepted. Kernels write a page.
inline constexpr std::uint64_t max_blob_size = 1 << 20;

class Image {
public:
    // Errors: io (errno's text and the path), input_format (not recognized; raw memory without a base),
    // core_format, dump_format, dump_compression, fdt_header. Their `address` is a file offset.
    static Result<Image> open(const std::string &path, const ImageOptions &options = {});
    static Result<Image> open(MappedFile file, const ImageOptions &options = {});

    ImageKind kind() const { return kind_; }
    // Blobs only.
    std::optional<BlobKind> blob_kind() const { return blob_kind_; }
    // name(kind()), of a blob name(*blob_kind()).
    const char *kind_name() const;
    const ImageInfo &info() const { return info_; }

    // The guest's memory. A blob's has nothing in it. Valid as long as the image; moving the image keeps it
    // valid.
    const ImageMemory &memory() const { return *memory_; }
    // A blob's bytes, all of the file (of an FDT: what its header says it has). Empty for memory images.
    std::span<const std::byte> blob() const { return blob_; }

private:
    Image() = default;
    friend class ImageOpener;

    ImageKind kind_{};
    std::optional<BlobKind> blob_kind_;
    ImageInfo info_;
    std::unique_ptr<const ImageMemory> memory_;
    std::vector<std::byte> blob_;
};

}  // namespace kho
