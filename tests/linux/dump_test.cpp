// SPDX-License-Identifier: GPL-2.0-or-later
// That the dumps which other tests compare with are what they are said to be: with nothing of the library,
// but by looking for what the agent said in all of memory.
#include <elf.h>
#include <glib.h>

#include <cstring>
#include <unordered_map>

#include "fdt/abi/kho.h"
#include "fdt/abi/x86_boot.h"
#include "guest/manifest/pattern.h"
#include "legs.h"
#include "linux_dump.h"

namespace {

constexpr std::size_t page = 4096;

class Core {
public:
    explicit Core(const std::string &path)
        : file_(g_mapped_file_new(path.c_str(), FALSE, nullptr)),
          bytes_(g_mapped_file_get_contents(file_), g_mapped_file_get_length(file_)) {
        const auto header = at_offset<Elf64_Ehdr>(0);
        for (unsigned i = 0; i < header.e_phnum; i++) {
            const auto program = at_offset<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
            if (program.p_type == PT_LOAD)
                loads_.push_back(program);
        }
    }

    Core(const Core &) = delete;
    Core &operator=(const Core &) = delete;
    ~Core() { g_mapped_file_unref(file_); }

    template <typename T>
    T at(std::uint64_t address) const {
        for (const Elf64_Phdr &load : loads_)
            if (address >= load.p_paddr && address - load.p_paddr + sizeof(T) <= load.p_filesz)
                return at_offset<T>(load.p_offset + (address - load.p_paddr));
        ADD_FAILURE() << std::hex << "no memory at 0x" << address;
        return {};
    }

    template <typename F>
    void for_each_page(F f) const {
        for (const Elf64_Phdr &load : loads_)
            for (std::uint64_t offset = 0; offset + page <= load.p_filesz; offset += page)
                f(bytes_.data() + load.p_offset + offset);
    }

private:
    template <typename T>
    T at_offset(std::uint64_t offset) const {
        T value{};
        if (offset + sizeof(T) <= bytes_.size())
            std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }

    GMappedFile *file_;
    std::string_view bytes_;
    std::vector<Elf64_Phdr> loads_;
};

// The address of the KHO FDT, by way of the chain of setup_data; 0 if there is none.
std::uint64_t find_fdt(const Core &core, std::uint64_t boot_params) {
    auto node = core.at<std::uint64_t>(boot_params + kho::abi::boot_params::setup_data);
    for (unsigned i = 0; node != 0 && i < 100; i++) {
        const auto header = core.at<kho::abi::setup_data_header>(node);
        if (header.type == kho::abi::setup_kexec_kho)
            return core.at<kho::abi::kho_data>(node + sizeof header).fdt_addr;
        node = header.next;
    }
    return 0;
}

struct Page {
    const agent::ManifestSession *session;
    const agent::ManifestFile *file;
    std::uint64_t offset;
};

// Every page of content by its first word, which is different in each. Of holes, and of what is shorter than
// a word, many pages of memory look the same.
std::unordered_map<std::uint64_t, Page> pages_of(const agent::Manifest &manifest) {
    std::unordered_map<std::uint64_t, Page> pages;
    for (const agent::ManifestSession &session : manifest.sessions)
        for (const agent::ManifestFile &file : session.files)
            for (std::uint64_t at = 0; at + 8 <= file.size; at += page)
                if (agent::has_page(file.layout, at / page))
                    pages.emplace(agent::content_word(file.seed, file.layout, at), Page{&session, &file, at});
    return pages;
}

bool is_content(const char *bytes, const Page &of) {
    std::byte expected[page] = {};
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(page, of.file->size - of.offset));
    agent::make_content(std::span(expected, size), of.file->seed, of.file->layout, of.offset);
    return std::memcmp(bytes, expected, page) == 0;
}

class Dump : public testing::TestWithParam<Leg> {};

TEST_P(Dump, AnnouncesAHandoverAndHoldsEveryFile) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const harness::LinuxDump &dump = harness::linux_dump(GetParam().release, GetParam().scenario);
    EXPECT_EQ(dump.manifest.scenario, GetParam().scenario);
    EXPECT_TRUE(dump.manifest.release.starts_with(std::string(GetParam().release) + "."));
    const Core core(dump.file);

    const std::uint64_t fdt = find_fdt(core, dump.boot_params);
    ASSERT_NE(fdt, 0U);
    EXPECT_EQ(core.at<std::uint32_t>(fdt), __builtin_bswap32(0xd00dfeed));

    const bool has_flbs = std::string(GetParam().release) != "6.19";
    EXPECT_EQ(dump.flbs.size(), has_flbs ? 3U : 0U);
    for (std::size_t i = 0; i < dump.flbs.size(); i++)
        EXPECT_EQ(dump.flbs[i], "liveupdate-test-flb-v" + std::to_string(i));

    std::unordered_map<std::uint64_t, Page> missing = pages_of(dump.manifest);
    EXPECT_GE(missing.size(), 3U);
    core.for_each_page([&](const char *bytes) {
        std::uint64_t word;
        std::memcpy(&word, bytes, sizeof word);
        if (const auto found = missing.find(word); found != missing.end() && is_content(bytes, found->second))
            missing.erase(found);
    });
    for (const auto &[word, where] : missing)
        ADD_FAILURE() << "session \"" << where.session->name << "\" token " << where.file->token << " offset "
                      << where.offset << " is not in the dump";
}

constexpr Leg legs[] = {
    {"6.19", "mixed"}, {"7.0", "mixed"}, {"7.1", "mixed"}, {"7.2", "one"}, {"7.3", "mixed"}};
INSTANTIATE_TEST_SUITE_P(Linux, Dump, testing::ValuesIn(legs), name_of);

}  // namespace
