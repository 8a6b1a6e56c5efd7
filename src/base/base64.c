/* src/base/base64.c */
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

uint8_t *ds_base64_read(const char *text, size_t n, ds_arena *a, size_t *out_n)
{
    uint8_t *out = ds_arena_alloc(a, n / 4 * 3 + 3);
    uint32_t bits = 0;
    unsigned held = 0;
    size_t digits_n = n, made = 0;

    for (unsigned i = 0; i < 2 && digits_n && n % 4 == 0 && text[digits_n - 1] == '='; i++)
        digits_n--;
    if (digits_n % 4 == 1)
        return NULL;
    for (size_t i = 0; i < digits_n; i++) {
        int value = value_of(text[i]);

        if (value < 0)
            return NULL;
        bits = (bits << 6 | (uint32_t)value) & 0xFFFFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[made++] = (uint8_t)(bits >> held);
        }
    }
    if (bits & ((1U << held) - 1)) /* bits that mean nothing */
        return NULL;
    *out_n = made;
    return out;
}

char *ds_base64_write(const uint8_t *bytes, size_t n, ds_arena *a)
{
    char *out = ds_arena_alloc(a, (n + 2) / 3 * 4 + 1), *at = out;

    for (size_t i = 0; i < n; i += 3) {
        size_t left = DS_MIN(n - i, (size_t)3);
        uint32_t bits = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                        (left > 2 ? bytes[i + 2] : 0);

        for (unsigned k = 0; k < 4; k++)
            *at++ = k > left ? '=' : digits[bits >> (18 - 6 * k) & 0x3F];
    }
    *at = '\0';
    return out;
}
