// SPDX-License-Identifier: GPL-2.0-or-later
// pack OUTPUT INIT [KERNEL]: the initramfs of the agent, and in it the kernel that it kexecs. Runs while
// building.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "guest/linux/initramfs.h"

namespace {

std::string contents(const char *path) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in)
        bytes.clear();
    if (bytes.empty())
        std::fprintf(stderr, "pack: cannot read %s\n", path);
    return bytes;
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 3 && argc != 4) {
        std::fprintf(stderr, "usage: pack OUTPUT INIT [KERNEL]\n");
        return 2;
    }
    const std::string init = contents(argv[2]), kernel = argc == 4 ? contents(argv[3]) : "";
    if (init.empty() || (argc == 4 && kernel.empty()))
        return 1;
    agent::Initramfs initramfs;
    for (const char *folder : {"dev", "proc", "sys"}) initramfs.folder(folder);
    initramfs.character_device("dev/console", 5, 1);
    initramfs.file("init", init, 0755);
    if (!kernel.empty())
        initramfs.file("kernel", kernel);
    std::ofstream out(argv[1], std::ios::binary);
    const std::string bytes = initramfs.finish();
    if (!out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) {
        std::fprintf(stderr, "pack: cannot write %s\n", argv[1]);
        return 1;
    }
    return 0;
}
