/* src/connectors/sqlite/bind.c
 *
 * Values put into columns.  A number keeps its value: an integer that a column would round, and a
 * text that it would take for another number, are refused with a reason instead.
 */
#include "connectors/sqlite/value.h"

#include <ctype.h>
#include <durable_sync/record.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- how numbers are spelled ----------------------------------------------------------------- */

static const char *digits(const char *t)
{
    while (isdigit((unsigned char)*t))
        t++;
    return t;
}

static const char *exponent(const char *t)
{
    const char *first;

    if (*t != 'e' && *t != 'E')
        return t;
    first = t + 1 + (t[1] == '+' || t[1] == '-');
    return isdigit((unsigned char)*first) ? digits(first) : t;
}

/* What SQLite turns into a number in a column of numeric affinity: also 007, +1, .5, " 1 ". */
static bool looks_like_number(const char *t)
{
    size_t found;
    const char *from;

    while (isspace((unsigned char)*t))
        t++;
    t += *t == '-' || *t == '+';
    from = t;
    t = digits(t);
    found = (size_t)(t - from);
    if (*t == '.') {
        from = t + 1;
        t = digits(from);
        found += (size_t)(t - from);
    }
    if (!found)
        return false;
    t = exponent(t);
    while (isspace((unsigned char)*t))
        t++;
    return *t == '\0';
}

static bool spells_integer(const char *t)
{
    return *digits(t + (*t == '-')) == '\0';
}

/* Up to 15 significant digits come back from a double unchanged; most numbers end here. */
static bool is_short(const char *t)
{
    size_t n = 0;

    for (; *t; t++) {
        if (*t == 'e' || *t == 'E')
            return false;
        n += isdigit((unsigned char)*t) != 0;
    }
    return n <= 15;
}

/* The double is the number: writing it out gives the same value again. */
static bool is_exact(const char *t, double number, ds_arena *a)
{
    return is_short(t) || ds_value_same(ds_number(t, strlen(t)), ds_real(a, number));
}

/* ---- refusals -------------------------------------------------------------------------------- */

static const char *misfit(const ds_sqlite_column *c, const char *what, ds_arena *a)
{
    bool long_one = strlen(what) > 60;
    int n = 60;

    while (long_one && n > 0 && ((unsigned char)what[n] & 0xC0) == 0x80)
        n--; /* not in the middle of a character */
    return ds_arena_printf(a, "column \"%s\" is %s: \"%.*s%s\" does not fit", c->name, c->type, n,
                           what, long_one ? "..." : "");
}

static const char *rounded(const ds_sqlite_column *c, const char *what, ds_arena *a)
{
    return ds_arena_printf(a, "column \"%s\" is %s: %.60s would lose digits", c->name,
                           *c->type ? c->type : "a number", what);
}

static const char *becomes_number(const ds_sqlite_column *c, const char *what, ds_arena *a)
{
    return ds_arena_printf(
        a,
        "column \"%s\" is declared %s, which SQLite keeps as a number: \"%.60s\" "
        "would change; declare it TEXT",
        c->name, c->type, what);
}

/* ---- binding --------------------------------------------------------------------------------- */

static const char *bind_text(sqlite3_stmt *st, int at, const char *text, size_t n)
{
    sqlite3_bind_text64(st, at, text, n, SQLITE_STATIC, SQLITE_UTF8);
    return NULL;
}

/* 2^63 itself is where the cast back would be undefined. */
static bool survives_double(int64_t number)
{
    double d = (double)number;

    return d < 0x1p63 && (int64_t)d == number;
}

static const char *bind_int(sqlite3_stmt *st, int at, const ds_sqlite_column *c, int64_t number,
                            ds_arena *a)
{
    if (c->kind != DS_KIND_REAL) {
        sqlite3_bind_int64(st, at, number);
        return NULL;
    }
    if (!survives_double(number))
        return rounded(c, ds_arena_printf(a, "%lld", (long long)number), a);
    sqlite3_bind_double(st, at, (double)number);
    return NULL;
}

/* Numbers that are no integers of 64 bits: 1.10, 1e3, 18446744073709551616. */
static const char *bind_number(sqlite3_stmt *st, int at, const ds_sqlite_column *c,
                               const char *text, ds_arena *a)
{
    double number = c->kind == DS_KIND_TEXT ? 0 : strtod(text, NULL);
    bool whole = c->kind == DS_KIND_INTEGER || c->kind == DS_KIND_BOOL;

    if (c->kind == DS_KIND_TEXT)
        return bind_text(st, at, text, strlen(text));
    if (!isfinite(number) || !is_exact(text, number, a)) {
        if (c->kind == DS_KIND_ANY)
            return bind_text(st, at, text, strlen(text));
        if (!isfinite(number))
            return misfit(c, text, a);
        if (spells_integer(text))
            return rounded(c, text, a);
        if (whole) /* 3.00000000000000000001, too */
            return misfit(c, text, a);
    }
    if (whole && (fabs(number) >= 0x1p63 || trunc(number) != number))
        return misfit(c, text, a);
    sqlite3_bind_double(st, at, number);
    return NULL;
}

static const char *bind_spelled(sqlite3_stmt *st, int at, const ds_sqlite_column *c, ds_value v,
                                ds_arena *a)
{
    ds_value number;

    if (c->kind == DS_KIND_ANY || c->kind == DS_KIND_TEXT)
        return bind_text(st, at, v.as.text, v.n);
    number = ds_number(v.as.text, v.n); /* text again where it spells none as JSON would */
    if (number.type == DS_INT)
        return bind_int(st, at, c, number.as.integer, a);
    if (c->kind == DS_KIND_LOOSE || c->kind == DS_KIND_TIME)
        return looks_like_number(v.as.text) ? becomes_number(c, v.as.text, a)
                                            : bind_text(st, at, v.as.text, v.n);
    if (number.type != DS_NUMBER)
        return misfit(c, v.as.text, a);
    return bind_number(st, at, c, v.as.text, a);
}

static const char *as_json(ds_value v, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_RECORD_MAX * 2);
    ds_json_writer w = ds_json_w(&out, false);

    w.exact = true;
    ds_json_w_value(&w, v);
    return out.overflow ? NULL : ds_arena_strndup(a, out.data, out.n);
}

static const char *bind_composed(sqlite3_stmt *st, int at, const ds_sqlite_column *c, ds_value v,
                                 ds_arena *a)
{
    const char *json = as_json(v, a);

    if (!json)
        return ds_arena_printf(a, "column \"%s\": the value is too large", c->name);
    if (c->kind != DS_KIND_ANY && c->kind != DS_KIND_TEXT && c->kind != DS_KIND_LOOSE)
        return misfit(c, json, a);
    return bind_text(st, at, json, strlen(json));
}

const char *ds_sqlite_bind(sqlite3_stmt *st, int at, const ds_sqlite_column *c, ds_value v,
                           ds_arena *a)
{
    switch (v.type) {
    case DS_ABSENT:
    case DS_NULL:
        sqlite3_bind_null(st, at);
        return NULL;
    case DS_BOOL:
        sqlite3_bind_int(st, at, v.as.boolean);
        return NULL;
    case DS_INT:
        return bind_int(st, at, c, v.as.integer, a);
    case DS_NUMBER:
        return bind_number(st, at, c, v.as.text, a);
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        return bind_spelled(st, at, c, v, a);
    case DS_LIST:
    case DS_NESTED:
        return bind_composed(st, at, c, v, a);
    }
    return NULL;
}

const char *ds_sqlite_bind_key(sqlite3_stmt *st, int at, const ds_sqlite_column *c, const char *key,
                               ds_arena *a)
{
    ds_value number;

    if (c->kind == DS_KIND_TEXT || c->kind == DS_KIND_ANY)
        return bind_text(st, at, key, strlen(key));
    number = ds_number(key, strlen(key));
    if (number.type == DS_INT) {
        sqlite3_bind_int64(st, at, number.as.integer);
        return NULL;
    }
    if ((c->kind == DS_KIND_LOOSE || c->kind == DS_KIND_TIME) && !looks_like_number(key))
        return bind_text(st, at, key, strlen(key));
    return misfit(c, key, a);
}
