// SPDX-License-Identifier: GPL-2.0-or-later
// The JSON of kho show. Its keys are a promise: kho.schema.json describes them.
#include "fdt/codec/internal/file_handler.h"
#include "fdt/handlers/memfd.h"
#include "fdt/tool/json.h"
#include "fdt/tool/show_parts.h"

namespace kho::tool {
namespace {

void put_input(Json &json, const Input &input) {
    const ImageInfo &info = input.image.info();
    json.object("input").text("kind", input.image.kind_name()).foreign("format", info.format);
    if (input.located)
        json.foreign("found_by", input.located->words);
    if (info.cpus)
        json.number("cpus", *info.cpus);
    if (!info.kernel_release.empty())
        json.foreign("kernel_release", info.kernel_release);
    if (info.recording && !info.recording->release.empty())
        json.foreign("recorded_release", info.recording->release);
    if (!input.ram.empty())
        json.number("ram", input.ram.bytes());
    json.array_row("warnings");
    for (const std::string &warning : info.warnings) json.foreign({}, warning);
    json.end().end();
}

void put_totals(Json &json, const Summary &summary) {
    json.object("totals").number("preserved_bytes", summary.preserved_bytes);
    json.number("preserved_blocks", summary.preserved_blocks).array("by_order");
    for (const OrderTotal &total : summary.orders)
        json.object_row()
            .number("order", total.order)
            .number("blocks", total.blocks)
            .number("bytes", total.bytes)
            .end();
    json.end().array("by_use");
    for (const UseTotal &total : summary.uses)
        json.object_row().text("use", name(total.kind)).number("bytes", total.bytes).end();
    json.end().number("unknown_bytes", summary.unknown_bytes).number("scratch_bytes", summary.scratch_bytes);
    json.number("sessions", summary.sessions).number("files", summary.files).number("memfds", summary.memfds);
    json.number("memfd_bytes", summary.memfd_bytes).number("folio_bytes", summary.folio_bytes).end();
}

void put_memory(Json &json, const Handover &handover) {
    json.array("scratch");
    for (const Range &area : handover.scratch)
        json.object_row().hex("address", area.start).number("size", area.size).end();
    json.end().array("preserved");
    for (const PreservedBlocks &run : handover.preserved)
        json.object_row()
            .hex("address", run.address)
            .number("order", run.order)
            .number("count", run.count)
            .end();
    json.end().array("subtrees");
    for (const Subtree &subtree : handover.subtrees)
        json.object_row()
            .foreign("name", subtree.name)
            .hex("address", subtree.address)
            .number("size", subtree.size)
            .end();
    json.end();
}

// What a handler says that has no list of its own in the document.
void put_body(Json &json, const LuoFile &file) {
    json.object_row("body");
    for (const FileField &field : file.body.handler()->fields(file)) {
        if (field.is_address)
            json.hex(field.name, field.value);
        else
            json.number(field.name, field.value);
    }
    json.end();
}

void put_luo(Json &json, const Luo &luo, const Shown &shown) {
    json.object("luo").text("compatible", compatible(luo.format)).hex("root", luo.root);
    json.number("liveupdate_number", luo.liveupdate_number).hex("session_header", luo.session_header);
    json.array("sessions");
    for (const LuoSession &session : luo.sessions) {
        if (!shown.covers(session))
            continue;
        json.object().foreign("name", session.name).array("files");
        for (const LuoFile &file : session.files) {
            if (!shown.covers(file))
                continue;
            json.object_row()
                .foreign("compatible", file.compatible)
                .hex("token", file.token)
                .hex("data", file.data);
            if (file.body && memfd_of(file) == nullptr)
                put_body(json, file);
            json.end();
        }
        json.end().end();
    }
    json.end();
    if (luo.flbs) {
        json.hex("flb_header", luo.flb_header).array("flbs");
        for (const LuoFlb &flb : *luo.flbs)
            json.object_row()
                .foreign("name", flb.name)
                .hex("data", flb.data)
                .number("count", flb.count)
                .end();
        json.end();
    }
    json.end();
}

void put_memfd(Json &json, const Memfd &memfd) {
    json.number("size", memfd.size)
        .number("pos", memfd.pos)
        .hex("seals", memfd.seals)
        .hex("flags", memfd.flags);
    json.array("folios");
    for (const MemfdFolio &folio : memfd.folios)
        json.object_row()
            .hex("address", folio.address)
            .number("index", folio.index)
            .number("order", folio.order)
            .hex("flags", folio.flags)
            .end();
    json.end().array("holes");
    for (const FileRange &hole : holes(memfd))
        json.object_row().number("offset", hole.offset).number("size", hole.size).end();
    json.end();
}

void put_memfds(Json &json, const Handover &handover, const Shown &shown) {
    json.array("memfds");
    for (std::size_t i = 0; handover.luo && i < handover.luo->sessions.size(); i++) {
        const LuoSession &session = handover.luo->sessions[i];
        for (std::size_t j = 0; j < session.files.size(); j++) {
            const LuoFile &file = session.files[j];
            const Memfd *memfd = memfd_of(file);
            if (memfd == nullptr || !shown.covers(session) || !shown.covers(file))
                continue;
            json.object().foreign("session", session.name).number("session_index", i);
            json.number("file_index", j).hex("token", file.token);
            put_memfd(json, *memfd);
            json.end();
        }
    }
    json.end();
}

void put_others(Json &json, const Handover &handover) {
    if (handover.memblock) {
        json.array("memblock");
        for (const MemblockReservation &reservation : *handover.memblock)
            json.object_row()
                .foreign("name", reservation.name)
                .hex("address", reservation.range.start)
                .number("size", reservation.range.size)
                .end();
        json.end();
    }
    if (const auto &metadata = handover.kexec_metadata)
        json.object_row("kexec_metadata")
            .number("version", metadata->version)
            .foreign("previous_release", metadata->previous_release)
            .number("kexec_count", metadata->kexec_count)
            .end();
    if (const auto &test = handover.kho_test) {
        json.object("kho_test").hex("csum", test->csum).array("folios");
        for (const KhoTestFolio &folio : test->folios)
            json.object_row().hex("address", folio.address).number("order", folio.order).end();
        json.end().end();
    }
}

}  // namespace

void put_findings(Json &json, const Findings &findings) {
    json.number("errors", findings.errors())
        .number("warnings", findings.warnings())
        .number("dropped", findings.dropped());
    json.array("findings");
    for (const Finding &finding : findings.list()) {
        json.object_row().text("check", finding.info().name).text("severity", name(finding.severity()));
        json.hex("address", finding.address).number("index", finding.index);
        json.foreign("path", finding.path).foreign("text", finding.text).end();
    }
    json.end();
}

void show_json(Output &out, const Input &input, const Summary &summary, const Shown &shown,
               const Findings &findings) {
    const Handover &handover = input.handover;
    Json json(out);
    json.object().foreign("file", input.path);
    put_input(json, input);
    json.array_row("release");
    for (const std::string_view release : summary.releases) json.text({}, release);
    json.end();
    json.object("kho").text("compatible", compatible(handover.format)).hex("fdt", handover.fdt);
    json.hex("memory_map", handover.memory_map).hex("scratch_array", handover.scratch_array.start).end();
    if (shown.summary) {
        json.boolean("summary", true);
    } else {
        put_memory(json, handover);
        if (handover.luo)
            put_luo(json, *handover.luo, shown);
        put_memfds(json, handover, shown);
        put_others(json, handover);
    }
    put_totals(json, summary);
    put_findings(json, findings);
    json.end();
}

}  // namespace kho::tool
