/* tests/fuzz/fuzz_text.c
 *
 * The small languages: durations, times, numbers, UTF-8, templates, nearest names.  What is said of
 * a text is said again of the text that is made of it.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "config/load.h"
#include "sync/map.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void duration(const char *text, ds_arena *a)
{
    int64_t ms, again;

    if (!ds_parse_duration(text, &ms))
        return;
    fuzz_must(ms >= 0, "%s is %" PRId64, text, ms);
    fuzz_must(ds_parse_duration(ds_duration_text(a, ms), &again) && again == ms, "%s became %s",
              text, ds_duration_text(a, ms));
}

static void time_of_day(const char *text, ds_arena *a)
{
    int64_t ms, again;

    if (!ds_parse_time(text, &ms))
        return;
    for (int offset = 0; offset < 2; offset++) {
        const char *said = ds_time_text(a, ms, offset);

        fuzz_must(ds_parse_time(said, &again) && again == ms, "%s became %s", text, said);
    }
}

static void number(const char *text, size_t n, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(a, text, n, &err);
    char digits[24];
    int64_t integer;
    bool bare = n && text[strspn(text, "-+.eE0123456789")] == '\0' && strlen(text) == n;

    fuzz_must(!bare || ds_is_number(text, n) == (json != NULL), "%s: %s", text, err.text);
    if (!ds_parse_int(text, &integer))
        return;
    snprintf(digits, sizeof(digits), "%" PRId64, integer);
    fuzz_must(ds_parse_int(digits, &integer), "%s", digits);
}

static void utf8(const char *text, size_t n, ds_arena *a)
{
    size_t fixed_n = n, again_n;
    const char *fixed = ds_utf8_repair(a, text, &fixed_n);

    fuzz_must(ds_utf8_ok(fixed, fixed_n) && !memchr(fixed, 0, fixed_n), "%s", fixed);
    fuzz_must((fixed == text) == (ds_utf8_ok(text, n) && !memchr(text, 0, n)), "%s", fixed);
    again_n = fixed_n;
    fuzz_must(ds_utf8_repair(a, fixed, &again_n) == fixed && again_n == fixed_n, "%s", fixed);
}

/* ---- templates ------------------------------------------------------------------------------- */

static ds_record record(ds_arena *a)
{
    static const char text[] = "{\"a\":\"x\",\"b\":{\"c\":[1,2]},\"d\":null,\"e\":\"{a}\"}";
    ds_err err = DS_ERR_INIT;
    ds_record rec = {.arena = a};

    ds_record_set_json(&rec, ds_json_read(a, text, sizeof(text) - 1, &err));
    return rec;
}

static const char *filled(const char *template, const ds_record *rec, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    ds_value v;

    if (!ds_template_fill(template, rec, a, &v, &err)) {
        fuzz_error(&err);
        return NULL;
    }
    fuzz_value(v);
    return v.type == DS_TEXT ? v.as.text : NULL;
}

static void template(const char *text, ds_arena *a)
{
    ds_record rec = record(a);
    const char *clean, *braced;
    size_t n = strlen(text);

    if (!ds_utf8_ok(text, n)) /* the configuration is */
        return;
    clean = ds_template_problem(text);
    if (!clean)
        filled(text, &rec, a);
    else
        fuzz_must(*clean, "a problem without words");
    braced = fuzz_fill(a, fuzz_fill(a, text, "{", "{{"), "}", "}}");
    fuzz_must(!ds_template_problem(braced), "%s: %s", braced, ds_template_problem(braced));
    fuzz_must(strcmp(filled(braced, &rec, a), text) == 0, "%s", braced);
}

static void nearest(const char *text)
{
    static const char *const names[] = {"fields", "owns", "every", "", "create_only", NULL, "x"};
    const char *found = ds_nearest(text, names, DS_COUNT(names));

    fuzz_must(!found || *found, "nothing is nearest to %s", text);
}

static void convert(const char *text, ds_arena *a)
{
    for (ds_type type = DS_BOOL; type <= DS_DATETIME; type++) {
        ds_err err = DS_ERR_INIT;
        ds_value out, again;

        if (!ds_value_as(a, ds_text(text), type, &out, &err)) {
            fuzz_error(&err);
            continue;
        }
        fuzz_value(out);
        fuzz_must(ds_value_as(a, ds_text(ds_value_text(a, out)), type, &again, &err) &&
                      ds_value_same(out, again) && ds_value_same(again, out),
                  "%s as %s: %s %s", text, ds_type_name(type), ds_value_text(a, out), err.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    const char *text = fuzz_rest(&in, a, NULL);

    utf8(text, n, a);
    duration(text, a);
    time_of_day(text, a);
    number(text, n, a);
    template(text, a);
    nearest(text);
    if (ds_utf8_ok(text, strlen(text)))
        convert(text, a);
    return 0;
}
