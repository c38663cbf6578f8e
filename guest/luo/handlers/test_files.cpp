// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/handlers/test_files.h"

#include "guest/kho/preserve.h"

namespace guest {

using kho::PhysAddr;

constinit const FileType TestFiles::type{"test file", &TestFiles::release};

Result<TestFile *> TestFiles::create(std::uint64_t id) {
    TestFile *file = pool_.create();
    if (file == nullptr)
        return Errno::enomem;
    file->type = &type;
    file->references = 1;
    file->owner = this;
    file->id = id;
    return file;
}

void TestFiles::release(File &base) {
    auto &file = static_cast<TestFile &>(base);
    file.released = true;
    if (file.owner != nullptr)
        file.owner->pool_.destroy(&file);
}

namespace {

// A fresh preserved page that says `content`.
Result<PhysAddr> preserve_page(Pages &pages, const TestPage &content) {
    const Result<PhysAddr> page = alloc_preserve(pages, sizeof(content));
    if (page)
        static_cast<void>(pages.window().store(*page, content));
    return page;
}

// Claims the page of an incoming object and checks that it is one.
Errno check_page(Pages &pages, PhysAddr at, std::uint64_t magic, Place &place) {
    TestPage page{};
    if (const Result<unsigned> order = pages.order_of(at);
        !pages.is_incoming(at) || *order != 0 || !pages.window().load(at, page) || page.magic != magic)
        return fail(place, Fault::handler_refused, kho::value(at), page.magic);
    return pages.claim(at) == Errno::ok ? Errno::ok : fail(place, Fault::handler_refused, kho::value(at));
}

PhysAddr page_of(const FileOpArgs &args) { return PhysAddr{args.serialized_data & ~TestHandler::frozen}; }

std::uint64_t id_of(const File *file) {
    return file == nullptr ? TestCalls::nothing : static_cast<const TestFile *>(file)->id;
}

}  // namespace

constinit const FileOps TestHandler::ops_{
    .can_preserve = &TestHandler::can_preserve,
    .preserve = &TestHandler::preserve,
    .unpreserve = &TestHandler::unpreserve,
    .retrieve = &TestHandler::retrieve,
    .finish = &TestHandler::finish,
    .freeze = &TestHandler::freeze,
    .unfreeze = &TestHandler::unfreeze,
    .can_finish = &TestHandler::can_finish,
    .check = &TestHandler::check,
};

void TestHandler::init(Pages &pages, TestFiles &files, TestCalls &calls, std::string_view handler_name,
                       const FileType &takes) {
    ops = &ops_;
    compatible = handler_name;
    pages_ = &pages;
    files_ = &files;
    calls_ = &calls;
    takes_ = &takes;
}

bool TestHandler::can_preserve(FileHandler &handler, const File &file) {
    return file.type == static_cast<TestHandler &>(handler).takes_;
}

Errno TestHandler::preserve(FileOpArgs &args) {
    TestHandler &handler = self(args);
    const std::uint64_t id = id_of(args.file);
    if (const Errno error = handler.calls_->called(Callback::preserve, id); error != Errno::ok)
        return error;
    const Result<PhysAddr> page = preserve_page(*handler.pages_, {test_file_magic, id, 0});
    if (!page)
        return page.error();
    args.serialized_data = kho::value(*page);
    args.private_data = args.file;
    return Errno::ok;
}

void TestHandler::unpreserve(FileOpArgs &args) {
    TestHandler &handler = self(args);
    static_cast<void>(handler.calls_->called(Callback::unpreserve, id_of(args.file)));
    if (args.private_data != args.file || unpreserve_free(*handler.pages_, page_of(args)) != Errno::ok)
        handler.calls_->violation();
}

Errno TestHandler::freeze(FileOpArgs &args) {
    TestHandler &handler = self(args);
    const PhysicalWindow &window = handler.pages_->window();
    TestPage page{};
    if (args.private_data != args.file || !window.load(page_of(args), page) ||
        page.magic != test_file_magic || page.id != id_of(args.file))
        handler.calls_->violation();
    // Also when it fails: the orchestrator must not keep what a failed freeze left there.
    args.serialized_data |= frozen;
    if (const Errno error = handler.calls_->called(Callback::freeze, page.id); error != Errno::ok)
        return error;
    page.freezes++;
    static_cast<void>(window.store(page_of(args), page));
    return Errno::ok;
}

void TestHandler::unfreeze(FileOpArgs &args) {
    TestHandler &handler = self(args);
    static_cast<void>(handler.calls_->called(Callback::unfreeze, id_of(args.file)));
    if (args.private_data != args.file || (args.serialized_data & frozen) == 0)
        handler.calls_->violation();
    args.serialized_data &= ~frozen;
}

Errno TestHandler::check(FileOpArgs &args) {
    TestHandler &handler = self(args);
    TestPage page{};
    static_cast<void>(handler.pages_->window().load(page_of(args), page));
    if (const Errno error = handler.calls_->called(Callback::check, page.id); error != Errno::ok)
        return error;
    return check_page(*handler.pages_, page_of(args), test_file_magic, *args.place);
}

// One that fails leaves the page to finish: this handler can give it back at any time.
Errno TestHandler::retrieve(FileOpArgs &args) {
    TestHandler &handler = self(args);
    TestPage page{};
    static_cast<void>(handler.pages_->window().load(page_of(args), page));
    if (const Errno error = handler.calls_->called(Callback::retrieve, page.id); error != Errno::ok)
        return error;
    const Result<TestFile *> file = handler.files_->create(page.id);
    if (!file)
        return file.error();
    args.file = *file;
    return Errno::ok;
}

bool TestHandler::can_finish(FileOpArgs &args) {
    return self(args).calls_->called(Callback::can_finish, id_of(args.file)) == Errno::ok;
}

void TestHandler::finish(FileOpArgs &args) {
    TestHandler &handler = self(args);
    static_cast<void>(handler.calls_->called(Callback::finish, id_of(args.file), args.retrieve_status));
    if ((args.retrieve_status == 1) != (args.file != nullptr) ||
        restore_free(*handler.pages_, page_of(args)) != Errno::ok)
        handler.calls_->violation();
}

constinit const FlbOps TestFlb::ops_{
    .preserve = &TestFlb::preserve,
    .unpreserve = &TestFlb::unpreserve,
    .retrieve = &TestFlb::retrieve,
    .finish = &TestFlb::finish,
    .check = &TestFlb::check,
};

void TestFlb::init(Pages &pages, TestCalls &calls, std::string_view flb_name, std::uint64_t id) {
    ops = &ops_;
    compatible = flb_name;
    pages_ = &pages;
    calls_ = &calls;
    id_ = id;
}

Errno TestFlb::preserve(FlbOpArgs &args) {
    TestFlb &flb = self(args);
    if (const Errno error = flb.calls_->called(Callback::flb_preserve, flb.id_); error != Errno::ok)
        return error;
    const Result<PhysAddr> page = preserve_page(*flb.pages_, {test_flb_magic, flb.id_, 0});
    if (!page)
        return page.error();
    args.data = kho::value(*page);
    args.object = flb.pages_->bytes(*page, sizeof(TestPage));
    return Errno::ok;
}

void TestFlb::unpreserve(FlbOpArgs &args) {
    TestFlb &flb = self(args);
    static_cast<void>(flb.calls_->called(Callback::flb_unpreserve, flb.id_));
    if (id_of(args.object) != flb.id_ || unpreserve_free(*flb.pages_, PhysAddr{args.data}) != Errno::ok)
        flb.calls_->violation();
}

Errno TestFlb::check(FlbOpArgs &args) {
    TestFlb &flb = self(args);
    if (const Errno error = flb.calls_->called(Callback::flb_check, flb.id_); error != Errno::ok)
        return error;
    return check_page(*flb.pages_, PhysAddr{args.data}, test_flb_magic, *args.place);
}

Errno TestFlb::retrieve(FlbOpArgs &args) {
    TestFlb &flb = self(args);
    const PhysAddr page{args.data};
    if (const Errno error = flb.calls_->called(Callback::flb_retrieve, flb.id_); error != Errno::ok) {
        static_cast<void>(restore_free(*flb.pages_, page));
        return error;
    }
    if (const Errno error = flb.pages_->restore(page); error != Errno::ok)
        return error;
    args.object = flb.pages_->bytes(page, sizeof(TestPage));
    return Errno::ok;
}

void TestFlb::finish(FlbOpArgs &args) {
    TestFlb &flb = self(args);
    static_cast<void>(flb.calls_->called(Callback::flb_finish, flb.id_));
    if (id_of(args.object) != flb.id_ || flb.pages_->free(PhysAddr{args.data}) != Errno::ok)
        flb.calls_->violation();
}

}  // namespace guest
