/* src/json/edge.c
 *
 * The edge: what comes from outside is measured and repaired before the parser sees it.  The
 * usual text is plain ASCII or valid UTF-8 without escapes, and one quick look finds that out; only
 * a text that needs it is walked byte by byte.
 */
#include "base/text.h"
#include "json/json.h"

#include <string.h>

typedef struct glance {
    bool high;       /* has bytes beyond ASCII */
    bool escapes;    /* has a backslash */
    size_t brackets; /* how many [ and {: nesting cannot be deeper */
} glance;

/* Written for the compiler to turn into vector code: no branch, one pass, blocks that count in
 * bytes so that nothing overflows. */
static glance look(const char *text, size_t n)
{
    unsigned any_high = 0, any_escape = 0;
    size_t brackets = 0;

    for (size_t at = 0; at < n; at += 128) {
        size_t block_n = DS_MIN(n - at, (size_t)128);
        const unsigned char *block = (const unsigned char *)text + at;
        unsigned char high = 0, escape = 0, count = 0;

        for (size_t i = 0; i < block_n; i++) {
            high |= block[i];
            escape |= (unsigned char)(block[i] == '\\');
            count = (unsigned char)(count + ((block[i] | 0x20) == '{'));
        }
        any_high |= high;
        any_escape |= escape;
        brackets += count;
    }
    return (glance){
        .high = (any_high & 0x80) != 0, .escapes = any_escape != 0, .brackets = brackets};
}

/* The byte at which a text nests too deep; -1: nowhere. Knows strings. */
static int64_t too_deep(const char *text, size_t n)
{
    size_t depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (in_text) {
            i += c == '\\';
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            if (++depth > DS_JSON_DEPTH_MAX)
                return (int64_t)i;
        } else if ((c == ']' || c == '}') && depth) {
            depth--;
        }
    }
    return -1;
}

/* The code unit of an escape \uXXXX at text[0..n); -1: none. */
static int code_unit(const char *text, size_t n)
{
    int unit = 0;

    if (n < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* How many bytes at text[0..n) go through as they are; 0: an escape to replace, of six bytes. */
static size_t escape_step(const char *text, size_t n)
{
    int unit = code_unit(text, n);

    if (unit < 0)
        return DS_MIN(n, (size_t)2); /* \" \\ \n, or an error for the parser to report */
    if (unit == 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return 0;
    if (unit < 0xD800 || unit > 0xDBFF)
        return 6;
    unit = code_unit(text + 6, n - 6);
    return unit >= 0xDC00 && unit <= 0xDFFF ? 12 : 0;
}

static bool escapes_clean(const char *text, size_t n)
{
    const char *end = text + n, *at = text;

    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        size_t step = escape_step(at, (size_t)(end - at));

        if (!step)
            return false;
        at += step;
    }
    return true;
}

static char *repair(ds_arena *a, const char *text, size_t *n)
{
    char *out = ds_arena_alloc(a, *n * 3 + 4);
    size_t left = *n, used = 0;

    while (left) {
        bool escape = *text == '\\';
        size_t step = escape ? escape_step(text, left) : ds_utf8_step(text, left);

        if (step) {
            memcpy(out + used, text, step);
            used += step;
        } else {
            memcpy(out + used, "\xEF\xBF\xBD", 3);
            used += 3;
            step = escape ? 6 : 1;
        }
        text += step;
        left -= step;
    }
    *n = used;
    return out;
}

char *ds_json_edge(ds_arena *a, char *text, size_t *n, ds_err *err)
{
    glance seen = look(text, *n);

    if (seen.brackets > DS_JSON_DEPTH_MAX) {
        int64_t at = too_deep(text, *n);

        if (at >= 0) {
            ds_fail(err, DS_ERR_PERMANENT, "nested deeper than %d at byte %lld", DS_JSON_DEPTH_MAX,
                    (long long)at + 1);
            return NULL;
        }
    }
    if ((seen.high && !ds_utf8_ok(text, *n)) || (seen.escapes && !escapes_clean(text, *n)))
        return repair(a, text, n);
    return text;
}
