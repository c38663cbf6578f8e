// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/print.h"

#include "guest/arch/arch.h"

namespace guest {

void Line::put(std::string_view text) {
    const std::size_t room = sizeof(buffer_) - 1 - size_;  // one for the newline
    const std::size_t n = text.size() < room ? text.size() : room;
    for (std::size_t i = 0; i < n; i++) buffer_[size_++] = text[i];
}

void Line::flush() {
    buffer_[size_++] = '\n';
    arch::console_write(text());
    size_ = 0;
}

void Line::put_decimal(std::uint64_t v) {
    char digits[20];
    std::size_t n = sizeof(digits);
    do {
        digits[--n] = static_cast<char>('0' + v % 10);
        v /= 10;
    } while (v != 0);
    put(std::string_view(digits + n, sizeof(digits) - n));
}

void Line::put(Hex v) {
    put("0x");
    unsigned shift = 60;
    while (shift > 0 && v.value >> shift == 0) shift -= 4;
    for (;; shift -= 4) {
        put("0123456789abcdef"[v.value >> shift & 15]);
        if (shift == 0)
            break;
    }
}

void Line::put(Quoted v) {
    put('"');
    for (const char c : v.text) put(c >= ' ' && c <= '~' && c != '"' ? c : '?');
    put('"');
}

void Line::put_tenths(std::uint64_t tenths, std::string_view unit) {
    put_decimal(tenths / 10);
    if (tenths < 1000) {
        put('.');
        put_decimal(tenths % 10);
    }
    put(unit);
}

void Line::put(Mebibytes v) { put_tenths(v.bytes / (1 << 10) * 10 / (1 << 10), " MiB"); }

void Line::put(Milliseconds v) { put_tenths(v.nanoseconds / 100000, " ms"); }

void Line::put(const Place &place) {
    if (place.in_session) {
        put("session ");
        put(Quoted{place.session});
        put(' ');
    }
    if (place.in_file) {
        put("token ");
        put(Hex{place.token});
        put(' ');
    }
    if (place.has_offset) {
        put("offset ");
        put(Hex{place.offset});
        put(' ');
    }
    if (!place.flb.empty()) {
        put("FLB ");
        put(Quoted{place.flb});
        put(' ');
    }
    if (place.in_session || place.in_file || !place.flb.empty()) {
        size_--;
        put(": ");
    }
    if (place.fault != Fault::none || place.error == Errno::ok)
        put(place.fault);
    if (place.fault != Fault::none && place.error != Errno::ok)
        put(", ");
    if (place.error != Errno::ok)
        put(place.error);
    if (place.address != 0) {
        put(", address ");
        put(Hex{place.address});
    }
    if (place.index != 0) {
        put(", entry or value ");
        put(place.index);
    }
}

}  // namespace guest
