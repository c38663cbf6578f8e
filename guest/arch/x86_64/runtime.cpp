// SPDX-License-Identifier: GPL-2.0-or-later
// What compilers and libraries call behind the code's back. All of it means that something is badly wrong.
// [[gnu::noreturn]], as the headers of some versions of libstdc++ declare it: Clang refuses [[noreturn]]
// after that.
#include "guest/arch/arch.h"
#include "guest/arch/x86_64/line.h"

extern "C" {
[[gnu::noreturn]] void __stack_chk_fail();
[[gnu::noreturn]] void abort() noexcept;
[[gnu::noreturn]] void __cxa_pure_virtual();
}

void __stack_chk_fail() { guest::payload_bail_out("stack smashed"); }
void abort() noexcept { guest::payload_bail_out("abort() was called"); }
void __cxa_pure_virtual() { guest::payload_bail_out("pure virtual function was called"); }

// libstdc++'s, for builds with _GLIBCXX_ASSERTIONS and for checked accessors such as string_view::substr().
namespace std {
[[gnu::noreturn]] void __glibcxx_assert_fail(const char *file, int line, const char *function,
                                             const char *condition) noexcept;

void __glibcxx_assert_fail(const char *file, int line, const char *, const char *condition) noexcept {
    guest::arch::Line text;
    text.text("assertion failed: ").text(condition ? condition : "").text(", ");
    text.text(file ? file : "").text(":").decimal(static_cast<unsigned>(line));
    guest::payload_bail_out(text.view());
}
// Declared by <string_view>.
void __throw_out_of_range_fmt(const char *format, ...) { guest::payload_bail_out(format); }
}  // namespace std
