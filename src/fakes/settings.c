/* src/fakes/settings.c - small things that kinds of stand-ins need: "rows=1000,seed=7" and mixing.
 */
#include "fakes/router.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* One "name=value" of the list; false at its end. */
static bool next_setting(const char **text, const char **name, size_t *name_n, const char **value,
                         size_t *value_n)
{
    const char *at = *text + strspn(*text, ", ");
    size_t n = strcspn(at, ","), equals = 0;

    if (n == 0)
        return false;
    while (equals < n && at[equals] != '=')
        equals++;
    *name = at;
    *name_n = equals;
    *value = equals < n ? at + equals + 1 : "";
    *value_n = equals < n ? n - equals - 1 : 0;
    *text = at + n;
    return true;
}

bool ds_fake_setting(const char *text, const char *name, int64_t other, int64_t *out, ds_err *err)
{
    const char *found, *value;
    size_t found_n, value_n;

    *out = other;
    while (text && next_setting(&text, &found, &found_n, &value, &value_n)) {
        char number[24] = "";

        if (found_n != strlen(name) || memcmp(found, name, found_n) != 0)
            continue;
        if (value_n < sizeof number)
            memcpy(number, value, value_n);
        if (!ds_parse_int(number, out) || *out < 0)
            return ds_fail(err, DS_ERR_CONFIG, "%s takes a whole number from 0 on, not \"%.*s\"",
                           name, (int)DS_MIN(value_n, 40), value);
    }
    return true;
}

static bool is_known(const char *name, const char *const *names, size_t *n)
{
    bool known = false;

    for (*n = 0; names[*n]; ++*n)
        known = known || strcmp(name, names[*n]) == 0;
    return known;
}

bool ds_fake_settings_known(const char *text, const char *what, const char *const *names,
                            ds_err *err)
{
    const char *found, *value;
    size_t found_n, value_n, n;

    while (text && next_setting(&text, &found, &found_n, &value, &value_n)) {
        char name[64] = "";
        const char *near;

        memcpy(name, found, DS_MIN(found_n, sizeof name - 1));
        if (is_known(name, names, &n))
            continue;
        near = ds_nearest(name, names, n);
        if (near)
            return ds_fail(err, DS_ERR_CONFIG, "%s has no \"%s\"; did you mean %s?", what, name,
                           near);
        return ds_fail(err, DS_ERR_CONFIG, "%s has no \"%s\"", what, name);
    }
    return true;
}

uint64_t ds_fake_mix(uint64_t a, uint64_t b)
{
    uint64_t mixed = a * UINT64_C(0x9E3779B97F4A7C15) + b;

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *ds_fake_decode(ds_arena *a, const char *text, size_t n, bool plus)
{
    char *out = ds_arena_alloc(a, n + 1);
    size_t out_n = 0;

    for (size_t i = 0; i < n; i++) {
        int high = text[i] == '%' && i + 2 < n ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

        if (low >= 0) {
            out[out_n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[out_n++] = plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    out[out_n] = '\0';
    return ds_utf8_repair(a, out, &out_n);
}
