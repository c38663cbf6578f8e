// SPDX-License-Identifier: GPL-2.0-or-later
// pack OUTPUT INIT: the initramfs of the agent. Runs while building.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "guest/linux/initramfs.h"

int main(int argc, char **argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: pack OUTPUT INIT\n");
        return 2;
    }
    std::ifstream in(argv[2], std::ios::binary);
    const std::string init{std::istreambuf_iterator<char>(in), {}};
    if (!in || init.empty()) {
        std::fprintf(stderr, "pack: cannot read %s\n", argv[2]);
        return 1;
    }
    agent::Initramfs initramfs;
    for (const char *folder : {"dev", "proc", "sys"}) initramfs.folder(folder);
    initramfs.character_device("dev/console", 5, 1);
    initramfs.file("init", init, 0755);
    std::ofstream out(argv[1], std::ios::binary);
    const std::string bytes = initramfs.finish();
    if (!out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) {
        std::fprintf(stderr, "pack: cannot write %s\n", argv[1]);
        return 1;
    }
    return 0;
}
