/* src/record/same.c
 *
 * Whether two neutral values mean the same, whatever type a destination keeps them in: numbers by
 * value and exactly (no doubles), texts byte for byte.
 */
#include "base/text.h"
#include <durable_sync/value.h>

#include <stdlib.h>
#include <string.h>

typedef struct decimal { /* 0.DIGITS * 10^exponent */
    bool negative;
    const char *digits; /* without the point's place: may still contain one */
    size_t n;           /* bytes from the first to the last digit that is not zero */
    int64_t exponent;
} decimal;

static decimal read_decimal(const char *text)
{
    decimal d = {.negative = *text == '-'};
    const char *at = text + d.negative;
    const char *exponent = strpbrk(at, "eE");
    const char *end = exponent ? exponent : at + strlen(at);
    const char *point = memchr(at, '.', (size_t)(end - at));
    const char *whole_end = point ? point : end, *last = at;

    while (at < end && (*at == '0' || *at == '.'))
        at++;
    for (const char *p = at; p < end; p++)
        if (*p != '0' && *p != '.')
            last = p + 1;
    if (at == end)
        return (decimal){.digits = ""}; /* zero; -0 is 0 */
    d.digits = at;
    d.n = (size_t)(last - at);
    d.exponent =
        whole_end - at + (at > whole_end) + (exponent ? strtoll(exponent + 1, NULL, 10) : 0);
    return d;
}

static bool same_decimal(const char *a, const char *b)
{
    decimal x = read_decimal(a), y = read_decimal(b);
    size_t i = 0, j = 0;

    if (x.negative != y.negative || x.exponent != y.exponent)
        return false;
    while (i < x.n || j < y.n) {
        if (i < x.n && x.digits[i] == '.')
            i++;
        else if (j < y.n && y.digits[j] == '.')
            j++;
        else if (i == x.n || j == y.n || x.digits[i++] != y.digits[j++])
            return false;
    }
    return true;
}

static bool is_nothing(ds_value v)
{
    return v.type == DS_NULL || v.type == DS_ABSENT;
}

static bool is_numeric(ds_value v)
{
    return v.type == DS_INT || v.type == DS_NUMBER || v.type == DS_BOOL;
}

static bool is_structured(ds_value v)
{
    return v.type == DS_LIST || v.type == DS_NESTED;
}

static const char *plain(ds_arena *a, ds_value v)
{
    if (v.type == DS_BOOL)
        return v.as.boolean ? "1" : "0";
    if (v.type == DS_LIST) {
        DS_AUTO_BUF(out, SIZE_MAX / 2);
        ds_json_writer w = ds_json_w(&out, false);

        ds_json_w_begin_list(&w);
        for (uint32_t i = 0; i < v.n; i++)
            ds_json_w_text(&w, v.as.list[i]);
        ds_json_w_end_list(&w);
        return ds_arena_strndup(a, out.data, out.n);
    }
    return ds_value_text(a, v);
}

/* Beyond a dozen digits an exponent is nobody's number: such texts are compared as they are. */
static bool is_decimal(const char *text)
{
    const char *exponent = strpbrk(text, "eE");

    return ds_is_number(text, strlen(text)) && (!exponent || strlen(exponent) <= 12);
}

static bool same_words(ds_value a, ds_value b)
{
    DS_AUTO(ds_arena) scratch = ds_arena_new();
    const char *x = plain(scratch, a), *y = plain(scratch, b);

    if ((is_numeric(a) || is_numeric(b)) && is_decimal(x) && is_decimal(y))
        return same_decimal(x, y);
    if (a.type == DS_BOOL || b.type == DS_BOOL) { /* "true" beside true */
        const char *word = a.type == DS_BOOL ? y : x;
        bool truth = a.type == DS_BOOL ? a.as.boolean : b.as.boolean;

        return !strcmp(word, truth ? "true" : "false");
    }
    return !strcmp(x, y);
}

bool ds_value_same(ds_value a, ds_value b)
{
    if (is_nothing(a) || is_nothing(b))
        return is_nothing(a) && is_nothing(b);
    if (a.type == DS_INT && b.type == DS_INT)
        return a.as.integer == b.as.integer;
    if (!is_numeric(a) && !is_numeric(b) && !is_structured(a) && !is_structured(b))
        return a.n == b.n && !memcmp(a.as.text, b.as.text, a.n);
    return same_words(a, b);
}
