// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the C library's <string.h> and <stdlib.h> that libfdt and compilers need. Built with flags that
// keep the compiler from turning a loop in here into a call of the function it is in.
//
// memcpy and memset are made for QEMU's TCG, where `rep movsb` costs a round of the translator's loop per
// byte, and SSE registers live in memory: eight general-purpose words a round were the quickest.
#include <climits>
#include <cstddef>
#include <cstdint>

namespace {

using Byte = unsigned char;

struct [[gnu::packed, gnu::may_alias]] Word {
    std::uint64_t v;
};
constexpr std::size_t word = sizeof(Word);
constexpr std::size_t block = 8 * word;

}  // namespace

extern "C" {

void *memcpy(void *__restrict to, const void *__restrict from, std::size_t n);
void *memmove(void *to, const void *from, std::size_t n);
void *memset(void *to, int c, std::size_t n);
int memcmp(const void *a, const void *b, std::size_t n);
void *memchr(const void *s, int c, std::size_t n);
std::size_t strlen(const char *s);
std::size_t strnlen(const char *s, std::size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, std::size_t n);
unsigned long strtoul(const char *s, char **end, int base);

void *memcpy(void *__restrict to, const void *__restrict from, std::size_t n) {
    Byte *d = static_cast<Byte *>(to);
    const Byte *s = static_cast<const Byte *>(from);
    for (; n >= block; n -= block, d += block, s += block) {
        Word *dw = reinterpret_cast<Word *>(d);
        const Word *sw = reinterpret_cast<const Word *>(s);
        const std::uint64_t a = sw[0].v, b = sw[1].v, c = sw[2].v, e = sw[3].v;
        dw[0].v = a, dw[1].v = b, dw[2].v = c, dw[3].v = e;
        const std::uint64_t f = sw[4].v, g = sw[5].v, h = sw[6].v, i = sw[7].v;
        dw[4].v = f, dw[5].v = g, dw[6].v = h, dw[7].v = i;
    }
    for (; n >= word; n -= word, d += word, s += word)
        reinterpret_cast<Word *>(d)->v = reinterpret_cast<const Word *>(s)->v;
    for (; n; --n) *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, std::size_t n) {
    Byte *d = static_cast<Byte *>(to);
    const Byte *s = static_cast<const Byte *>(from);
    // Forward is safe unless the destination begins inside the source: then from the end.
    if (reinterpret_cast<std::uintptr_t>(d) - reinterpret_cast<std::uintptr_t>(s) < n) {
        for (; n >= word; n -= word)
            reinterpret_cast<Word *>(d + n - word)->v = reinterpret_cast<const Word *>(s + n - word)->v;
        while (n--) d[n] = s[n];
        return to;
    }
    for (; n >= word; n -= word, d += word, s += word)
        reinterpret_cast<Word *>(d)->v = reinterpret_cast<const Word *>(s)->v;
    for (; n; --n) *d++ = *s++;
    return to;
}

void *memset(void *to, int c, std::size_t n) {
    Byte *d = static_cast<Byte *>(to);
    const std::uint64_t v = 0x0101010101010101 * static_cast<Byte>(c);
    for (; n >= block; n -= block, d += block) {
        Word *w = reinterpret_cast<Word *>(d);
        w[0].v = v, w[1].v = v, w[2].v = v, w[3].v = v;
        w[4].v = v, w[5].v = v, w[6].v = v, w[7].v = v;
    }
    for (; n >= word; n -= word, d += word) reinterpret_cast<Word *>(d)->v = v;
    for (; n; --n) *d++ = static_cast<Byte>(c);
    return to;
}

int memcmp(const void *a, const void *b, std::size_t n) {
    const Byte *x = static_cast<const Byte *>(a), *y = static_cast<const Byte *>(b);
    for (; n >= word; n -= word, x += word, y += word)
        if (reinterpret_cast<const Word *>(x)->v != reinterpret_cast<const Word *>(y)->v)
            break;
    for (; n; --n, ++x, ++y)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int c, std::size_t n) {
    for (const Byte *p = static_cast<const Byte *>(s); n; --n, ++p)
        if (*p == static_cast<Byte>(c))
            return const_cast<Byte *>(p);
    return nullptr;
}

std::size_t strlen(const char *s) {
    const char *p = s;
    while (*p) ++p;
    return static_cast<std::size_t>(p - s);
}

std::size_t strnlen(const char *s, std::size_t max) {
    std::size_t n = 0;
    while (n < max && s[n]) ++n;
    return n;
}

char *strchr(const char *s, int c) {
    for (;; ++s) {
        if (*s == static_cast<char>(c))
            return const_cast<char *>(s);
        if (!*s)
            return nullptr;
    }
}

char *strrchr(const char *s, int c) {
    const char *found = nullptr;
    for (;; ++s) {
        if (*s == static_cast<char>(c))
            found = s;
        if (!*s)
            return const_cast<char *>(found);
    }
}

int strncmp(const char *a, const char *b, std::size_t n) {
    for (; n; --n, ++a, ++b) {
        if (*a != *b)
            return static_cast<Byte>(*a) - static_cast<Byte>(*b);
        if (!*a)
            break;
    }
    return 0;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, SIZE_MAX); }

// As in C: blanks, a sign, 0x or 0 if the base allows; ULONG_MAX if it does not fit.
unsigned long strtoul(const char *s, char **end, int base) {
    const char *p = s;
    while (*p == ' ' || (*p >= '\t' && *p <= '\r')) ++p;
    const bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        ++p;
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9')
            return c - '0';
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
            return (c | 0x20) - 'a' + 10;
        return INT_MAX;
    };
    if ((base == 0 || base == 16) && p[0] == '0' && (p[1] | 0x20) == 'x' && digit(p[2]) < 16) {
        base = 16;
        p += 2;
    } else if (base == 0) {
        base = *p == '0' ? 8 : 10;
    }
    unsigned long v = 0;
    bool any = false, overflow = false;
    for (int d; (d = digit(*p)) < base; ++p) {
        any = true;
        overflow |= __builtin_mul_overflow(v, static_cast<unsigned long>(base), &v);
        overflow |= __builtin_add_overflow(v, static_cast<unsigned long>(d), &v);
    }
    if (end)
        *end = const_cast<char *>(any ? p : s);
    if (overflow)
        return ULONG_MAX;
    return negative ? -v : v;
}

}  // extern "C"
