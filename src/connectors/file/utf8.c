/* src/connectors/file/utf8.c - CSV has no parser that repairs its text, so this does. */
#include "connectors/file/disk.h"

#include <string.h>

/* Bytes of the character at s[0..n); 0: none begins here. Overlong forms, surrogates and what lies
 * beyond U+10FFFF are refused by the range of the second byte. */
static size_t character(const unsigned char *s, size_t n)
{
    unsigned char low = 0x80, high = 0xBF;
    size_t len;

    if (s[0] < 0x80)
        return s[0] != 0;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (s[0] == 0xE0)
        low = 0xA0;
    else if (s[0] == 0xED)
        high = 0x9F;
    else if (s[0] == 0xF0)
        low = 0x90;
    else if (s[0] == 0xF4)
        high = 0x8F;
    if (n < len || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return len;
}

static size_t good_run(const char *text, size_t n)
{
    size_t at = 0, step = 1;

    while (at < n && (step = character((const unsigned char *)text + at, n - at)) != 0)
        at += step;
    return at;
}

char *ds_file_repair(ds_arena *a, char *text, size_t *n)
{
    size_t good = good_run(text, *n), left = *n, used = 0;
    char *out;

    if (good == *n)
        return text;
    out = ds_arena_alloc(a, *n * 3 + 1);
    while (left) {
        memcpy(out + used, text, good);
        used += good;
        text += good;
        left -= good;
        if (!left)
            break;
        memcpy(out + used, "\xEF\xBF\xBD", 3);
        used += 3;
        text++;
        left--;
        good = good_run(text, left);
    }
    out[used] = '\0';
    *n = used;
    return out;
}
