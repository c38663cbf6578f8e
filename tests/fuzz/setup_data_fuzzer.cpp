// SPDX-License-Identifier: GPL-2.0-or-later
// From boot_params over setup_data to the KHO FDT: a sound chain, damaged.
#include "fdt/search/internal/setup_data.h"

#include "fdt/search/find.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/patched_image.h"
#include "tests/unit/fdt/image_test_memory.h"

namespace {

using namespace kho;

constexpr PhysAddr params_at{0x9000}, nodes_at{0xa000}, scratch_at{0x20000}, map_at{0x21000}, fdt_at{0x22000};
// Where addresses end, so that what is added to them wraps.
constexpr PhysAddr last_page{UINT64_MAX - page_size + 1};

//  0x9000 boot_params -> 0xaff8, over a page's end -> 0xa100, the handover -> 0x22000 KHO FDT
class Boot final : public ImageMemory {
public:
    Boot() {
        ImageTestMemory sound;
        put_boot_params(sound, params_at, nodes_at + 0xff8);
        put_setup_data(sound, nodes_at + 0xff8, nodes_at + 0x100, {});
        put_setup_data(sound, nodes_at + 0x100, PhysAddr{0},
                       {.fdt_addr = value(fdt_at),
                        .fdt_size = page_size,
                        .scratch_addr = value(scratch_at),
                        .scratch_size = 32});
        sound.put(scratch_at, abi::kho_scratch{0x1000000, 0x1000000});
        sound.put_page(map_at);
        put_kho_fdt(sound, fdt_at, map_at, {{"LUO", PhysAddr{0x30000}}});
        for (const PhysAddr page : {params_at, nodes_at, nodes_at + page_size, scratch_at, map_at, fdt_at}) {
            const auto bytes = sound.load<fuzz::PageBytes>(page).value();
            patched.add_page(page, &bytes);
        }
        patched.add_page(last_page, nullptr);
        patched.seal();
    }
    Outcome read(PhysAddr from, std::span<std::byte> out) const override { return patched.read(from, out); }
    const RangeSet &ranges() const override { return ranges_; }
    RangeSet resident() const override { return ranges_; }
    // Without the last page, which no image's ranges have.
    void settle() {
        std::vector<Range> there;
        for (const PhysAddr page : {params_at, nodes_at, nodes_at + page_size, scratch_at, map_at, fdt_at})
            if (patched.load<std::byte>(page))
                there.push_back({page, page_size});
        ranges_ = RangeSet(std::move(there));
    }

    fuzz::PatchedImage patched;

private:
    RangeSet ranges_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    static Boot boot;
    boot.patched.reset();
    fuzz::Program program({data, size});
    boot.patched.run(program);
    boot.settle();
    if (const auto params = read_boot_params(boot, params_at)) {
        const SetupDataChain chain = read_setup_data_chain(boot, params->setup_data);
        fuzz::promise(chain.nodes <= 128, "chains are bounded");
        if (chain.kho) {
            const auto again = read_setup_data(boot, chain.kho->address);
            fuzz::promise(again && again.value().kho && again.value().next == chain.kho->next,
                          "a node that was found can be read again");
            if (doubt_about_kho_data(boot, *chain.kho->kho).empty())
                fuzz::promise(boot.load<fuzz::PageBytes>(PhysAddr{chain.kho->kho->fdt_addr}).ok(),
                              "the FDT of what is not doubted is there");
        }
    }
    const FindResult result = find(boot);
    fuzz::promise(result.bytes + result.unreadable <= boot.ranges().bytes(),
                  "the search reads nothing twice");
    for (const Found &found : result.found) fuzz::promise(!found.why.empty(), "what was found has a reason");
    return 0;
}
