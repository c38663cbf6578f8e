// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/arch/x86_64/descriptors.h"

#include <cstddef>
#include <cstdint>

#include "guest/arch/x86_64/image.h"

namespace guest::arch {
namespace {

constexpr unsigned vectors = 256;
constexpr unsigned nmi = 2, double_fault = 8;

// Every interrupt gets a stack of its own, so that a stack overflow can be reported; what may happen
// while another exception is being reported gets a second one.
constexpr std::size_t report_stack_size = 16384;
constexpr std::size_t last_resort_stack_size = 8192;
[[gnu::section(".bss.noinit.stack")]] alignas(16) char report_stack[report_stack_size];
[[gnu::section(".bss.noinit.stack")]] alignas(16) char last_resort_stack[last_resort_stack_size];

struct [[gnu::packed]] TaskState {
    std::uint32_t reserved0;
    std::uint64_t privilege_stack[3];
    std::uint64_t reserved1;
    std::uint64_t interrupt_stack[7];  // IST 1 is element 0
    std::uint64_t reserved2;
    std::uint16_t reserved3;
    std::uint16_t io_map;
};
static_assert(sizeof(TaskState) == 104);

struct Gate {
    std::uint16_t offset_low;
    std::uint16_t selector;
    std::uint8_t interrupt_stack;
    std::uint8_t type;
    std::uint16_t offset_middle;
    std::uint32_t offset_high;
    std::uint32_t reserved;
};
static_assert(sizeof(Gate) == 16);
constexpr std::uint8_t interrupt_gate = 0x8e;

struct [[gnu::packed]] TablePointer {
    std::uint16_t limit;
    const void *base;
};

TaskState task;
alignas(16) Gate idt[vectors];

void fill_task_descriptor() {
    const std::uint64_t base = reinterpret_cast<std::uint64_t>(&task);
    constexpr std::uint64_t available_tss = 0x89;
    std::uint64_t *d = gdt + SELECTOR_TSS / 8;
    d[0] = (sizeof(task) - 1) | (base & 0xffffff) << 16 | available_tss << 40 | (base >> 24 & 0xff) << 56;
    d[1] = base >> 32;
}

}  // namespace

void load_descriptor_tables() {
    task.interrupt_stack[0] = reinterpret_cast<std::uint64_t>(report_stack + report_stack_size);
    task.interrupt_stack[1] = reinterpret_cast<std::uint64_t>(last_resort_stack + last_resort_stack_size);
    task.io_map = sizeof(task);
    fill_task_descriptor();
    asm volatile("ltr %w0" : : "r"(SELECTOR_TSS));

    for (unsigned v = 0; v < vectors; ++v) {
        const std::uint64_t stub = reinterpret_cast<std::uint64_t>(interrupt_stubs + v * 16);
        idt[v] = {.offset_low = static_cast<std::uint16_t>(stub),
                  .selector = SELECTOR_CODE64,
                  .interrupt_stack = static_cast<std::uint8_t>(v == nmi || v == double_fault ? 2 : 1),
                  .type = interrupt_gate,
                  .offset_middle = static_cast<std::uint16_t>(stub >> 16),
                  .offset_high = static_cast<std::uint32_t>(stub >> 32),
                  .reserved = 0};
    }
    const TablePointer pointer{sizeof(idt) - 1, idt};
    asm volatile("lidt %0" : : "m"(pointer));
}

}  // namespace guest::arch
