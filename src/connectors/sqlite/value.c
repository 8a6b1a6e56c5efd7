/* src/connectors/sqlite/value.c - values read from columns. */
#include "connectors/sqlite/value.h"

#include <math.h>

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

    if (!t) /* null would clear the destination's column */
        ds_out_of_memory(n);
    clean = ds_utf8_repair(a, t, &n);
    return ds_text_n(clean == t ? ds_arena_strndup(a, t, n) : clean, n);
}

static ds_value blob(ds_arena *a, sqlite3_stmt *st, int at)
{
    const unsigned char *bytes = sqlite3_column_blob(st, at);
    size_t n = (size_t)sqlite3_column_bytes(st, at);

    if (!bytes && n) /* zeroblob() is made only when it is asked for */
        ds_out_of_memory(n);
    return base64(a, bytes, n);
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
        return blob(a, st, at);
    default:
        return DS_VALUE_NULL;
    }
}
