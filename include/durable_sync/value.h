/* include/durable_sync/value.h
 *
 * Neutral values: what a property of a record can hold, whatever system it came from.
 *
 * *Absent* and *null* differ: absent means not ours to touch, null means clear it.  A number that
 * is not an integer of 64 bits keeps its source text, so 1.10 and 18446744073709551616 survive.
 * Text is UTF-8 and NUL-terminated.  Dates are "YYYY-MM-DD"; datetimes are RFC 3339 in UTC
 * ("2026-01-31T09:30:00Z", with as many fraction digits as the source gave, up to nine).
 */
#ifndef DURABLE_SYNC_VALUE_H
#define DURABLE_SYNC_VALUE_H

#include <durable_sync/base.h>
#include <durable_sync/json.h>

typedef enum ds_type {
    DS_ABSENT = 0,
    DS_NULL,
    DS_BOOL,
    DS_INT,
    DS_NUMBER, /* decimal text */
    DS_TEXT,
    DS_LIST, /* list of text */
    DS_DATE,
    DS_DATETIME,
    DS_NESTED, /* an object or a mixed list as the source had it: compact JSON text once mapped */
} ds_type;

typedef struct ds_value {
    ds_type type;
    uint32_t n; /* bytes of text, or entries of list */
    union {
        bool boolean;
        int64_t integer;
        const char *text;        /* NUMBER, TEXT, DATE, DATETIME; NUL at text[n] */
        const char *const *list; /* LIST: n texts, each NUL-terminated */
        const ds_json *nested;   /* NESTED */
    } as;
} ds_value;

#define DS_VALUE_ABSENT ((ds_value){.type = DS_ABSENT})
#define DS_VALUE_NULL ((ds_value){.type = DS_NULL})

/* Texts are borrowed: they must live as long as the page they are put on (literals, the page's
 * arena, the source's own settings). NULL text gives a null value. */
DS_API ds_value ds_text(const char *text);
DS_API ds_value ds_text_n(const char *text, size_t n); /* text[n] must be NUL */
DS_API ds_value ds_bool(bool boolean);
DS_API ds_value ds_int(int64_t integer);
DS_API ds_value ds_number(const char *text, size_t n); /* DS_INT where it is one of 64 bits */
DS_API ds_value ds_real(ds_arena *a, double number);   /* null when not finite */
DS_API ds_value ds_date(const char *text);             /* taken as it is; see ds_value_as */
DS_API ds_value ds_datetime(const char *text);
DS_API ds_value ds_datetime_ms(ds_arena *a, int64_t utc_ms);
DS_API ds_value ds_list(const char *const *texts, size_t n);
/* Any JSON value: scalars become neutral at once; a list whose entries are all text becomes a
 * list; objects and mixed lists stay nested until mapped. `a` holds what must be built. */
DS_API ds_value ds_from_json(ds_arena *a, const ds_json *json);

DS_API const char *ds_type_name(ds_type type); /* "text", "integer", ... */

/* The value as text, made in `a` where it is not text already: booleans "true"/"false", lists
 * joined by ", ", nested as compact JSON. NULL for absent and null. */
DS_API const char *ds_value_text(ds_arena *a, ds_value v);

/* Converts; false with DS_ERR_PERMANENT and a text such as `"abc" is not a number` when it does
 * not fit. Null and absent stay what they are. To DS_DATE and DS_DATETIME it reads RFC 3339,
 * "YYYY-MM-DD[ HH:MM[:SS[.fff]]]", and integers as Unix seconds or (from 10^11) milliseconds; a
 * datetime without zone is UTC. DS_BOOL reads true/false, yes/no, 1/0 in any case. */
DS_API DS_MUST_USE bool ds_value_as(ds_arena *a, ds_value v, ds_type type, ds_value *out,
                                    ds_err *err);

/* Same neutral value: numbers by value (1.10 = 1.1, 5 = 5.0), the rest byte for byte; a number and
 * the text that spells it are the same, as are true and 1, since destinations store them so. */
DS_API bool ds_value_same(ds_value a, ds_value b);

#endif
