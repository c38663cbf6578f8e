// SPDX-License-Identifier: GPL-2.0-or-later
// Writes seeds for the structured targets, FOLDER/TARGET/...: the sound image of each generation, and each
// case that a check fires on, as the program that makes it of the sound image. Blobs come out of the same
// images. From there libFuzzer goes on; what is kept of it is in corpus/.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "tests/fuzz/handover_promises.h"
#include "tests/fuzz/kernel_patches.h"
#include "tests/unit/fdt/check_cases.h"

namespace {

namespace fs = std::filesystem;
using namespace kho;

void write(const fs::path &folder, const std::string &name, std::span<const std::uint8_t> bytes) {
    fs::create_directories(folder);
    std::ofstream file(folder / name, std::ios::binary);
    file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file)
        throw std::runtime_error("cannot write " + (folder / name).string());
}

// The image's pages and its kho_data, as programs see them.
class Changed final : public Memory {
public:
    explicit Changed(const KernelImage &image) : image_(image) {}
    Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        if (from != fuzz::data_at)
            return image_.memory.read(from, out);
        std::ranges::fill(out, std::byte{0});
        std::memcpy(out.data(), &image_.data, std::min(out.size(), sizeof image_.data));
        return success();
    }

private:
    const KernelImage &image_;
};

void write_programs(const fs::path &folder) {
    const std::pair<fuzz::Concern, const char *> targets[] = {{fuzz::Concern::all, "handover"},
                                                              {fuzz::Concern::map, "memory_map"},
                                                              {fuzz::Concern::luo, "luo"},
                                                              {fuzz::Concern::subtrees, "subtrees"}};
    unsigned number = 0;
    for (const auto &[concern, target] : targets)
        for (const Producer producer : all_producers) {
            const auto from = static_cast<unsigned>(producer);
            for (unsigned to = 0; to < 4; to++)
                write(folder / target, std::string("sound-") + name(producer) + "-" + std::to_string(to),
                      std::array{fuzz::first_byte(from, to)});
            const std::uint8_t first = fuzz::first_byte(from, from);
            for (auto *cases : {check_cases::kho_cases, check_cases::luo_cases})
                for (const check_cases::Case &one : cases()) {
                    if (std::ranges::find(one.generations, producer) == one.generations.end())
                        continue;
                    KernelImage image(producer);
                    one.change(image);
                    std::vector<std::uint8_t> program =
                        fuzz::patches_for(concern, first).image.difference(Changed(image));
                    if (program.empty() || program.size() > 600)
                        continue;
                    program.insert(program.begin(), first);
                    write(folder / target, std::string(info(one.check).name) + "-" + std::to_string(number++),
                          program);
                }
        }
}

void write_blobs(const fs::path &folder) {
    for (const Producer producer : all_producers) {
        const KernelImage image(producer);
        for (const auto &[what, at] : {std::pair("kho", KernelImage::kho_fdt),
                                       {"luo", KernelImage::luo},
                                       {"memblock", KernelImage::memblock},
                                       {"kho-test", KernelImage::test_fdt}}) {
            std::vector<std::uint8_t> bytes(page_size);
            if (!image.memory.read(at, std::as_writable_bytes(std::span(bytes))).ok())
                continue;
            const bool is_fdt = at != KernelImage::luo || !image.blocks();
            // FDTs without the empty rest of their page.
            std::vector<char> packed(bytes.begin(), bytes.end());
            if (is_fdt && fdt_pack(packed.data()) == 0)
                bytes.assign(packed.begin(), packed.begin() + fdt_totalsize(packed.data()));
            else
                bytes.resize(32);
            write(folder / "read_blob", std::string(what) + "-" + name(producer), bytes);
        }
    }
}

}  // namespace

int main(int count, char **arguments) {
    if (count != 2) {
        std::cerr << "usage: fuzz_seeds FOLDER\n";
        return 2;
    }
    try {
        write_programs(arguments[1]);
        write_blobs(arguments[1]);
    } catch (const std::exception &failure) {
        std::cerr << "fuzz_seeds: " << failure.what() << '\n';
        return 1;
    }
    return 0;
}
