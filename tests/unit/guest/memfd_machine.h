// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with memory files and their handler, before and after a kexec.
#pragma once

#include <memory>

#include "guest/luo/handlers/memfd.h"
#include "guest/luo/live_update.h"
#include "tests/unit/guest/machine.h"

namespace guest {

using kho::page_size;
using kho::PhysAddr;
using kho::abi::memfd_luo_folio_ser;
using kho::abi::memfd_luo_ser;
using kho::abi::vmalloc_chunk;

struct Memfd : testing::Test {
    Machine m;
    Pages::Counts clean = m.pages.counts();
    std::unique_ptr<MemoryFiles> files;
    std::unique_ptr<MemfdHandler> handler;
    std::unique_ptr<LiveUpdate> luo;
    PhysAddr header{}, flb_header{};

    explicit Memfd(bool strict = true) { start(strict); }
    void TestBody() override {}

    void start(bool strict = true) {
        files = std::make_unique<MemoryFiles>();
        handler = std::make_unique<MemfdHandler>();
        luo = std::make_unique<LiveUpdate>();
        files->init(m.pages);
        handler->init(m.pages, *files, strict);
        ASSERT_EQ(luo->start(m.pages, true), Errno::ok);
        ASSERT_EQ(luo->registry().add(*handler), Errno::ok);
    }
    void kexec(bool strict = true) {
        ASSERT_EQ(luo->serialize(), Errno::ok);
        header = luo->session_header();
        flb_header = luo->flb_header();
        m.kexec();
        start(strict);
    }
    struct Part {
        std::uint64_t index;
        unsigned order;
    };
    MemoryFile &make(std::uint64_t size, const std::vector<Part> &parts) {
        MemoryFile &file = **files->create(size);
        for (const Part &part : parts) {
            const PhysAddr folio = *m.pages.allocate(part.order);
            std::memset(m.at(folio), static_cast<int>(part.index + 1), kho::order_bytes(part.order));
            EXPECT_EQ(files->add_folio(file, part.index, folio, part.order), Errno::ok) << part.index;
        }
        return file;
    }
    // The serialized form of the only file of the only session.
    memfd_luo_ser &ser() {
        const auto &session = m.as<kho::abi::luo_session_ser>(header + 8);
        return m.as<memfd_luo_ser>(m.as<kho::abi::luo_file_ser>(session.file_set.files).data);
    }
    vmalloc_chunk &chunk() { return m.as<vmalloc_chunk>(ser().folios.first); }
    memfd_luo_folio_ser &folio(std::uint64_t i) {
        return m.as<memfd_luo_folio_ser>(chunk().pages[i / 256] + i % 256 * sizeof(memfd_luo_folio_ser));
    }
};

}  // namespace guest
