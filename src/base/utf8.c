/* src/base/utf8.c - valid UTF-8 or U+FFFD, decided at the edge. */
#include "base/text.h"

#include <string.h>

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t ds_utf8_step(const char *text, size_t n)
{
    unsigned char c = n ? (unsigned char)text[0] : 0;
    unsigned char d = n > 1 ? (unsigned char)text[1] : 0;

    if (!n)
        return 0;
    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4 || n < 2 || !is_tail(text[1]))
        return 0;
    if (c < 0xE0)
        return 2;
    if (c < 0xF0) { /* no overlong forms, no surrogates */
        if (n < 3 || !is_tail(text[2]) || (c == 0xE0 && d < 0xA0) || (c == 0xED && d > 0x9F))
            return 0;
        return 3;
    }
    if (n < 4 || !is_tail(text[2]) || !is_tail(text[3]) || (c == 0xF0 && d < 0x90) ||
        (c == 0xF4 && d > 0x8F))
        return 0;
    return 4;
}

/* How many bytes from the start are ASCII, eight at a time: most texts are nothing else. */
static size_t ascii_run(const char *text, size_t n)
{
    size_t at = 0;
    uint64_t eight;

    for (; at + sizeof(eight) <= n; at += sizeof(eight)) {
        memcpy(&eight, text + at, sizeof(eight));
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    return at;
}

bool ds_utf8_ok(const char *text, size_t n)
{
    size_t plain = ascii_run(text, n);

    text += plain;
    n -= plain;
    while (n) {
        size_t step = ds_utf8_step(text, n);

        if (!step)
            return false;
        text += step;
        n -= step;
    }
    return true;
}

const char *ds_utf8_repair(ds_arena *a, const char *text, size_t *n)
{
    size_t left = *n, used = 0;
    char *out;

    if (!memchr(text, '\0', left) && ds_utf8_ok(text, left))
        return text;
    out = ds_arena_alloc(a, left * 3 + 1);
    while (left) {
        size_t step = *text ? ds_utf8_step(text, left) : 0;

        if (step) {
            memcpy(out + used, text, step);
            used += step;
        } else {
            memcpy(out + used, "\xEF\xBF\xBD", 3);
            used += 3;
            step = 1;
        }
        text += step;
        left -= step;
    }
    out[used] = '\0';
    *n = used;
    return out;
}
