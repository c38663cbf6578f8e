// SPDX-License-Identifier: GPL-2.0-or-later
// Exceptions, the watchdog's expiry and stray interrupts. But for the last, all end the run, after telling as
// much as a reader of a CI log needs to find the place. Lines begin with '#', which KTAP takes for remarks.
#include "guest/arch/x86_64/exceptions.h"

#include "guest/arch/arch.h"
#include "guest/arch/x86_64/cpu.h"
#include "guest/arch/x86_64/descriptors.h"
#include "guest/arch/x86_64/image.h"
#include "guest/arch/x86_64/lapic.h"
#include "guest/arch/x86_64/line.h"
#include "guest/arch/x86_64/paging.h"

namespace guest::arch {
namespace {

constexpr unsigned breakpoint = 3, page_fault = 14;

constexpr const char *exception_names[first_interrupt_vector] = {"#DE divide error",
                                                                 "#DB debug",
                                                                 "NMI",
                                                                 "#BP breakpoint",
                                                                 "#OF overflow",
                                                                 "#BR bound range",
                                                                 "#UD invalid opcode",
                                                                 "#NM device not available",
                                                                 "#DF double fault",
                                                                 "coprocessor overrun",
                                                                 "#TS invalid TSS",
                                                                 "#NP segment not present",
                                                                 "#SS stack segment",
                                                                 "#GP general protection",
                                                                 "#PF page fault",
                                                                 "vector 15",
                                                                 "#MF x87 error",
                                                                 "#AC alignment check",
                                                                 "#MC machine check",
                                                                 "#XM SIMD error",
                                                                 "#VE virtualization",
                                                                 "#CP control protection",
                                                                 "vector 22",
                                                                 "vector 23",
                                                                 "vector 24",
                                                                 "vector 25",
                                                                 "vector 26",
                                                                 "vector 27",
                                                                 "#HV hypervisor injection",
                                                                 "#VC VMM communication",
                                                                 "#SX security",
                                                                 "vector 31"};

void print(Line &line) {
    line.text("\n");
    console_write(line.view());
}

bool in_image(std::uint64_t address) {
    return address >= image_address() && address - image_address() < image_size();
}

void print_registers(const InterruptFrame &f) {
    struct {
        const char *name;
        std::uint64_t value;
    } const rows[][4] = {
        {{"rax", f.rax}, {"rbx", f.rbx}, {"rcx", f.rcx}, {"rdx", f.rdx}},
        {{"rsi", f.rsi}, {"rdi", f.rdi}, {"rbp", f.rbp}, {"rsp", f.rsp}},
        {{"r8 ", f.r8}, {"r9 ", f.r9}, {"r10", f.r10}, {"r11", f.r11}},
        {{"r12", f.r12}, {"r13", f.r13}, {"r14", f.r14}, {"r15", f.r15}},
        {{"cr2", read_cr2()}, {"cr3", read_cr3()}, {"cr4", read_cr4()}, {"flg", f.rflags}},
    };
    for (const auto &row : rows) {
        Line line;
        line.text("#");
        for (const auto &r : row) line.text(" ").text(r.name).text(" ").hex(r.value, 16);
        print(line);
    }
}

void print_code(const InterruptFrame &f) {
    Line line;
    line.text("# code at rip:");
    constexpr unsigned bytes = 16;
    if (!is_mapped(f.rip, bytes)) {
        line.text(" not mapped");
    } else {
        for (unsigned i = 0; i < bytes; ++i)
            line.text(" ").hex(reinterpret_cast<const unsigned char *>(f.rip)[i], 2);
    }
    print(line);
}

void print_stack(const InterruptFrame &f) {
    constexpr unsigned rows = 6, columns = 4;
    if (!is_mapped(f.rsp, 8)) {
        Line line;
        line.text("# stack: not mapped");
        print(line);
        return;
    }
    for (unsigned row = 0; row < rows; ++row) {
        const std::uint64_t at = f.rsp + row * columns * 8;
        if (!is_mapped(at, columns * 8))
            return;
        Line line;
        line.text("# stack ").hex(at, 16).text(":");
        for (unsigned i = 0; i < columns; ++i)
            line.text(" ").hex(reinterpret_cast<const std::uint64_t *>(at)[i], 16);
        print(line);
    }
}

void print_frame(std::string_view what, const InterruptFrame &f) {
    Line title;
    title.text("\n# ").text(what).text(", error code ").number(f.error_code);
    print(title);
    Line place;
    place.text("# rip ").hex(f.rip, 16);
    if (in_image(f.rip))
        place.text(", linked at ").number(f.rip - image_bias());
    else
        place.text(", outside the image");
    place.text("; image at ").number(image_address());
    print(place);
    print_registers(f);
    print_code(f);
    print_stack(f);
}

// What a reader may conclude, beside the name.
std::string_view hint(const InterruptFrame &f) {
    const std::uint64_t guard = reinterpret_cast<std::uint64_t>(stack_guard_page);
    if (f.vector == page_fault && read_cr2() < kho::page_size)
        return ": null pointer";
    if (f.vector == page_fault && read_cr2() - guard < kho::page_size)
        return ": stack overflow";
    if (f.vector == breakpoint && !in_image(f.rip - 1))
        return ": poisoned memory was executed";
    return "";
}

// An exception while one was being reported: no use in trying the same again. Says so, tells the device if
// there is one, and stops.
[[noreturn]] void give_up(const InterruptFrame &f) {
    Line line;
    line.text("\n# another exception during the report: vector ").decimal(f.vector);
    line.text(", rip ").number(f.rip).text(", cr2 ").number(read_cr2());
    print(line);
    console_write("Bail out! exception while reporting an exception\n");
    if (read_register64(kexec_handover::Register::signature) == kexec_handover::device_signature)
        write_register32(kexec_handover::Register::verdict,
                         static_cast<std::uint32_t>(kexec_handover::Verdict::failed));
    halt();
}

[[noreturn]] void report(std::string_view name, const InterruptFrame &f) {
    static bool reporting;
    if (reporting)
        give_up(f);
    reporting = true;
    print_frame(name, f);
    Line reason;
    reason.text(name).text(hint(f)).text(", rip ").number(f.rip);
    payload_bail_out(reason.view());
}

}  // namespace
}  // namespace guest::arch

extern "C" [[gnu::visibility("hidden")]] void guest_interrupt(const guest::arch::InterruptFrame *f);

extern "C" void guest_interrupt(const guest::arch::InterruptFrame *f) {
    using namespace guest::arch;
    if (f->vector < first_interrupt_vector)
        report(exception_names[f->vector], *f);
    if (f->vector == watchdog_vector)
        report("watchdog: no progress in the time allowed", *f);
    // Left over from the previous kernel or firmware.
    if (f->vector != spurious_vector)
        end_of_interrupt();
}
