// SPDX-License-Identifier: GPL-2.0-or-later
// Judging what the scan came upon, and who points to whom.
#include "fdt/search/find.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "fdt/abi/x86_boot.h"
#include "fdt/base/internal/fdt_page.h"
#include "fdt/base/internal/text.h"
#include "fdt/file/internal/blob.h"
#include "fdt/formats/releases.h"
#include "fdt/read/reader.h"
#include "fdt/search/internal/find_scan.h"
#include "fdt/search/internal/setup_data.h"

namespace kho {
namespace {

// Larger FDTs describe machines. Those of KHO and its users have a page.
constexpr std::uint64_t largest_fdt = 1 << 16;

// Counts what is read.
class MeteredMemory final : public Memory {
public:
    explicit MeteredMemory(const Memory &memory) : memory_(memory) {}
    Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        bytes_ += out.size();
        return memory_.read(from, out);
    }
    std::uint64_t bytes() const { return bytes_; }

private:
    const Memory &memory_;
    mutable std::uint64_t bytes_ = 0;
};

FoundMap read_found_map(const Memory &memory, const KhoFormat &format, PhysAddr at) {
    Findings findings(0);
    const MapTotals totals = read_map_totals(memory, format, at, findings);
    FoundMap map{.errors = findings.errors()};
    for (unsigned order = 0; order < totals.size(); order++) {
        map.blocks += totals[order];
        const bool fits = totals[order] <= (UINT64_MAX - map.bytes) / order_bytes(order);
        map.bytes = fits ? map.bytes + totals[order] * order_bytes(order) : UINT64_MAX;
    }
    return map;
}

class Search {
public:
    Search(const ImageMemory &memory, const FindOptions &options) : memory_(memory), options_(options) {}

    FindResult run();

private:
    void judge_page(PhysAddr at);
    void judge_setup_data(PhysAddr at);
    void judge_boot_params(PhysAddr at);
    std::string doubt_about(const BlobHead &blob) const;
    void link();
    void point(PhysAddr to, const Found &from, const std::string &why);
    void read_maps();

    const ImageMemory &memory_;
    const FindOptions &options_;
    FindResult result_;
    std::map<std::pair<PhysAddr, FoundKind>, std::size_t> index_;  // into result_.found
    std::map<PhysAddr, BlobHead> kho_fdts_;                        // those that are sound
    std::map<PhysAddr, PhysAddr> announced_;                       // setup_data node -> boot_params
};

std::string Search::doubt_about(const BlobHead &blob) const {
    const bool of_a_page = blob.kind == BlobKind::kho_fdt || blob.kind == BlobKind::luo_fdt ||
                           blob.kind == BlobKind::memblock_fdt;
    if (of_a_page && blob.size > page_size)
        return std::to_string(blob.size) + " bytes, more than a page";
    if (blob.kind != BlobKind::kho_fdt)
        return {};
    if (!blob.memory_map)
        return "no preserved-memory-map of 8 bytes";
    if (!is_aligned(*blob.memory_map, page_size) ||
        (*blob.memory_map != 0 && !memory_.load<std::uint64_t>(PhysAddr{*blob.memory_map})))
        return "preserved-memory-map " + hex(*blob.memory_map) + " is not a page of memory";
    return {};
}

void Search::judge_page(PhysAddr at) {
    Found found{.address = at, .kind = FoundKind::blob, .certainty = Certainty::possible};
    // Up to the largest FDT, or as far as memory goes.
    std::vector<std::byte> bytes(page_size);
    if (!memory_.read(at, bytes)) {
        bytes.resize(sizeof(std::uint64_t) * 4);
        if (!memory_.read(at, bytes))
            bytes.clear();
    }
    if (const std::uint64_t size = fdt_total_size(bytes).value_or(0);
        size > bytes.size() && size <= largest_fdt) {
        bytes.resize(size);
        if (!memory_.read(at, bytes))
            bytes.clear();
    }
    const Result<BlobHead> read = read_blob_head(bytes);
    if (!read) {
        found.why = read.error().what;
    } else {
        const BlobHead &blob = read.value();
        found.blob = blob.kind;
        found.compatible = blob.compatible;
        found.why = doubt_about(blob);
        if (found.why.empty()) {
            found.certainty = Certainty::likely;
            found.why = "nothing found points here";
            if (blob.kind == BlobKind::kho_fdt)
                kho_fdts_[at] = blob;
        }
    }
    index_[{at, found.kind}] = result_.found.size();
    result_.found.push_back(std::move(found));
}

void Search::judge_setup_data(PhysAddr at) {
    const Result<SetupDataNode> node = read_setup_data(memory_, at);
    if (!node || !node.value().kho)
        return;
    const abi::kho_data &data = *node.value().kho;
    Found found{.address = at, .kind = FoundKind::setup_data, .certainty = Certainty::possible, .data = data};
    found.why = doubt_about_kho_data(memory_, data);
    if (found.why.empty()) {
        found.certainty = Certainty::likely;
        found.why = "no boot_params found that lead here";
    } else if (data.fdt_addr == 0 || !is_aligned(data.fdt_addr, page_size) ||
               data.fdt_size != abi::kho_fdt_size) {
        return;  // some other structure with these two numbers in it
    }
    index_[{at, found.kind}] = result_.found.size();
    result_.found.push_back(std::move(found));
}

void Search::judge_boot_params(PhysAddr at) {
    const std::optional<BootParams> params = read_boot_params(memory_, at);
    if (!params)
        return;
    Found found{.address = at, .kind = FoundKind::boot_params, .certainty = Certainty::possible};
    const SetupDataChain chain = read_setup_data_chain(memory_, params->setup_data);
    found.why = chain.doubt;
    if (chain.kho) {
        found.data = chain.kho->kho;
        found.why = doubt_about_kho_data(memory_, *chain.kho->kho);
        if (found.why.empty()) {
            announced_.emplace(chain.kho->address, at);
            found.certainty = Certainty::certain;
            found.why = "setup_data at " + hex(value(chain.kho->address)) + " announces a KHO FDT";
        }
    } else if (found.why.empty() && params->e820_entries != 0) {
        found.certainty = Certainty::likely;
        found.why = std::to_string(chain.nodes) + " setup_data, none of KHO";
    } else if (found.why.empty()) {
        found.why = "no memory map";
    }
    index_[{at, found.kind}] = result_.found.size();
    result_.found.push_back(std::move(found));
}

// Something sound at `to` becomes certain.
void Search::point(PhysAddr to, const Found &from, const std::string &why) {
    for (auto it = index_.lower_bound({to, FoundKind{}}); it != index_.end() && it->first.first == to; ++it) {
        Found &found = result_.found[it->second];
        if (found.kind != FoundKind::blob || found.certainty == Certainty::possible)
            continue;
        if (found.certainty == Certainty::likely) {
            found.certainty = Certainty::certain;
            found.why = why;
        }
        if (from.kind == FoundKind::setup_data && found.is_kho_fdt() && !found.data)
            found.data = from.data;
    }
}

void Search::link() {
    for (const auto &[node, params] : announced_) {
        const auto it = index_.find({node, FoundKind::setup_data});
        if (it == index_.end())
            continue;
        Found &found = result_.found[it->second];
        found.certainty = Certainty::certain;
        found.why = "from boot_params at " + hex(value(params));
    }
    // Of two nodes for one FDT, the one that boot_params lead to speaks first.
    for (const Certainty certainty : {Certainty::certain, Certainty::likely})
        for (const Found &node : result_.found)
            if (node.kind == FoundKind::setup_data && node.certainty == certainty)
                point(PhysAddr{node.data->fdt_addr}, node, "from setup_data at " + hex(value(node.address)));
    for (const auto &[fdt, blob] : kho_fdts_)
        for (const BlobHead::Subtree &subtree : blob.subtrees)
            point(PhysAddr{subtree.address}, result_.found[index_.at({fdt, FoundKind::blob})],
                  in_quotes(subtree.name) + " of the KHO FDT at " + hex(value(fdt)));
}

void Search::read_maps() {
    const MeteredMemory memory(memory_);
    for (Found &found : result_.found) {
        const auto fdt = kho_fdts_.find(found.address);
        if (!found.is_kho_fdt() || fdt == kho_fdts_.end() || memory.bytes() >= result_.bytes)
            continue;
        if (const KhoFormat *format = linux_formats().kho(found.compatible))
            found.map = read_found_map(memory, *format, PhysAddr{*fdt->second.memory_map});
    }
}

FindResult Search::run() {
    const ScanResult scanned = scan(memory_, [this](Hit hit, PhysAddr at) {
        switch (hit) {
            case Hit::page_start:
                judge_page(at);
                break;
            case Hit::setup_data:
                judge_setup_data(at);
                break;
            case Hit::boot_params:
                judge_boot_params(at);
                break;
        }
        return result_.found.size() < options_.limit;
    });
    result_.bytes = scanned.bytes;
    result_.unreadable = scanned.unreadable;
    result_.truncated = scanned.stopped;
    link();
    std::ranges::sort(result_.found, [](const Found &a, const Found &b) {
        return std::tuple(b.certainty, a.address, a.kind) < std::tuple(a.certainty, b.address, b.kind);
    });
    if (options_.maps)
        read_maps();
    return std::move(result_);
}

}  // namespace

const char *name(FoundKind kind) {
    switch (kind) {
        case FoundKind::boot_params:
            return "boot_params";
        case FoundKind::setup_data:
            return "setup_data";
        case FoundKind::blob:
            return "blob";
    }
    return "unknown";
}

const char *name(Certainty certainty) {
    switch (certainty) {
        case Certainty::possible:
            return "possible";
        case Certainty::likely:
            return "likely";
        case Certainty::certain:
            return "certain";
    }
    return "unknown";
}

FindResult find(const ImageMemory &memory, const FindOptions &options) {
    return Search(memory, options).run();
}

}  // namespace kho
