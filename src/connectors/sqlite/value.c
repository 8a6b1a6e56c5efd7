/* src/connectors/sqlite/value.c - values read from columns. */
#include "connectors/sqlite/value.h"

#include <math.h>
#include <string.h>

/* ---- UTF-8 ----------------------------------------------------------------------------------- */

/* Bytes of the character at text[0..n) and 0 where there is none: no NUL, no overlong forms, no
 * surrogates, nothing beyond U+10FFFF. */
static size_t character(const char *text, size_t n)
{
    const unsigned char *u = (const unsigned char *)text;
    size_t len = u[0] < 0x80 ? 1 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;

    if (u[0] == 0 || (u[0] >= 0x80 && u[0] < 0xC2) || u[0] > 0xF4 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((u[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F) ||
        (u[0] == 0xF0 && u[1] < 0x90) || (u[0] == 0xF4 && u[1] > 0x8F))
        return 0;
    return len;
}

bool ds_sqlite_is_clean(const char *text, size_t n)
{
    for (size_t i = 0, step; i < n; i += step) {
        step = character(text + i, n - i);
        if (!step)
            return false;
    }
    return true;
}

const char *ds_sqlite_clean(ds_arena *a, const char *text, size_t *n)
{
    size_t used = 0;
    char *out;

    if (ds_sqlite_is_clean(text, *n))
        return text;
    out = ds_arena_alloc(a, *n * 3 + 1);
    for (size_t i = 0, step; i < *n; i += step) {
        step = character(text + i, *n - i);
        if (step) {
            memcpy(out + used, text + i, step);
            used += step;
        } else {
            memcpy(out + used, "\xEF\xBF\xBD", 3);
            used += 3;
            step = 1;
        }
    }
    out[used] = '\0';
    *n = used;
    return out;
}

/* ---- blobs ----------------------------------------------------------------------------------- */

static ds_value base64(ds_arena *a, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t text_n = (n + 2) / 3 * 4;
    char *text = ds_arena_alloc(a, text_n + 1), *to = text;

    for (size_t i = 0; i < n; i += 3, to += 4) {
        unsigned b1 = i + 1 < n ? bytes[i + 1] : 0, b2 = i + 2 < n ? bytes[i + 2] : 0;
        unsigned group = (unsigned)bytes[i] << 16 | b1 << 8 | b2;

        to[0] = digits[group >> 18];
        to[1] = digits[group >> 12 & 63];
        to[2] = i + 1 < n ? digits[group >> 6 & 63] : '=';
        to[3] = i + 2 < n ? digits[group & 63] : '=';
    }
    *to = '\0';
    return ds_text_n(text, text_n);
}

/* ---- columns --------------------------------------------------------------------------------- */

static ds_value real(ds_arena *a, double number)
{
    if (isinf(number)) /* neutral numbers are finite; a null would hide it */
        return ds_text(number > 0 ? "Infinity" : "-Infinity");
    return ds_real(a, number);
}

static ds_value text(ds_arena *a, sqlite3_stmt *st, int at)
{
    const char *t = (const char *)sqlite3_column_text(st, at);
    size_t n = (size_t)sqlite3_column_bytes(st, at);
    const char *clean;

    if (!t) /* out of memory */
        return DS_VALUE_NULL;
    clean = ds_sqlite_clean(a, t, &n);
    return ds_text_n(clean == t ? ds_arena_strndup(a, t, n) : clean, n);
}

ds_value ds_sqlite_value(ds_arena *a, sqlite3_stmt *st, int at, ds_sqlite_kind kind)
{
    switch (sqlite3_column_type(st, at)) {
    case SQLITE_INTEGER: {
        int64_t number = sqlite3_column_int64(st, at);

        if (kind == DS_KIND_BOOL && (number == 0 || number == 1))
            return ds_bool(number == 1);
        return ds_int(number);
    }
    case SQLITE_FLOAT:
        return real(a, sqlite3_column_double(st, at));
    case SQLITE_TEXT:
        return text(a, st, at);
    case SQLITE_BLOB:
        return base64(a, sqlite3_column_blob(st, at), (size_t)sqlite3_column_bytes(st, at));
    default:
        return DS_VALUE_NULL;
    }
}
