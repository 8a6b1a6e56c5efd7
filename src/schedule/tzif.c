/* src/schedule/tzif.c
 *
 * A TZif file (RFC 8536), of which nothing is believed before it was checked:
 *
 *   head      "TZif", version ('\0', '2', '3', ...), 15 bytes for later, six counts of 4 bytes:
 *             ut indicators, standard indicators, leap seconds, times, types, characters
 *   body      times (4 bytes each) and a type (1) for each, types (offset 4, summer 1, name 1),
 *             characters, leap seconds (a time and 4 each), indicators (1 each)
 *   from version 2 on both again with times of 8 bytes, which is the part that counts, and then
 *   footer    a line break, the rule for later times or nothing, a line break
 *
 * All numbers are big-endian. Type 0 holds before the first time.
 */
#include "schedule/zone_data.h"

#include <string.h>

#define COUNT_MAX 65536
#define TYPES_MAX 256
#define RULE_MAX ((size_t)256)
#define OFFSET_MOST_S 93599     /* RFC 8536: less than 26 hours to the east, */
#define OFFSET_LEAST_S (-89999) /* less than 25 to the west */

typedef struct reader {
    const unsigned char *at;
    size_t left;
} reader;

typedef struct head {
    char version;
    size_t ut_n, standard_n, leaps_n, times_n, types_n, chars_n;
    size_t time_bytes;
} head;

/* The next n bytes; NULL: there are not so many. */
static const unsigned char *take(reader *r, size_t n)
{
    const unsigned char *bytes = r->at;

    if (n > r->left)
        return NULL;
    r->at += n;
    r->left -= n;
    return bytes;
}

static int64_t number(const unsigned char *bytes, size_t n)
{
    uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0; /* the sign goes all the way up */

    for (size_t i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return (int64_t)value;
}

static bool read_head(reader *r, size_t time_bytes, head *h)
{
    const unsigned char *magic = take(r, 20), *counts = take(r, 24);
    size_t *fields[] = {&h->ut_n,    &h->standard_n, &h->leaps_n,
                        &h->times_n, &h->types_n,    &h->chars_n};

    if (!magic || !counts || memcmp(magic, "TZif", 4) != 0)
        return false;
    h->version = (char)magic[4];
    h->time_bytes = time_bytes;
    for (size_t i = 0; i < DS_COUNT(fields); i++) {
        int64_t count = number(counts + 4 * i, 4);

        if (count < 0 || count > COUNT_MAX)
            return false;
        *fields[i] = (size_t)count;
    }
    return h->types_n > 0 && h->types_n <= TYPES_MAX && h->chars_n > 0 &&
           (h->ut_n == 0 || h->ut_n == h->types_n) &&
           (h->standard_n == 0 || h->standard_n == h->types_n);
}

static size_t body_bytes(const head *h)
{
    return h->times_n * (h->time_bytes + 1) + h->types_n * 6 + h->chars_n +
           h->leaps_n * (h->time_bytes + 4) + h->standard_n + h->ut_n;
}

static bool types_are_sound(const head *h, const unsigned char *types)
{
    for (size_t i = 0; i < h->types_n; i++) {
        int64_t offset_s = number(types + 6 * i, 4);

        if (offset_s < OFFSET_LEAST_S || offset_s > OFFSET_MOST_S || types[6 * i + 4] > 1 ||
            types[6 * i + 5] >= h->chars_n)
            return false;
    }
    return true;
}

/* Times before all others are how some writers say "from the beginning". */
static bool read_table(const head *h, const unsigned char *body, ds_arena *a, ds_zone *zone)
{
    const unsigned char *indexes = body + h->times_n * h->time_bytes;
    const unsigned char *types = indexes + h->times_n;
    int64_t *at_s = ds_arena_alloc(a, (h->times_n + 1) * sizeof(*at_s)), last_s = INT64_MIN;
    int32_t *offset_s = ds_arena_alloc(a, (h->times_n + 1) * sizeof(*offset_s));

    if (!types_are_sound(h, types))
        return false;
    zone->first_s = number(types, 4);
    for (size_t i = 0; i < h->times_n; i++) {
        int64_t time_s = number(body + i * h->time_bytes, h->time_bytes);
        int32_t offset;

        if (indexes[i] >= h->types_n || (i > 0 && time_s <= last_s) || time_s >= DS_ZONE_EVER)
            return false;
        last_s = time_s;
        offset = (int32_t)number(types + (size_t)6 * indexes[i], 4);
        if (time_s <= -DS_ZONE_EVER) {
            zone->first_s = offset;
            continue;
        }
        at_s[zone->n] = time_s;
        offset_s[zone->n++] = offset;
    }
    zone->at_s = at_s;
    zone->offset_s = offset_s;
    return true;
}

/* Nothing in it: the last row holds for ever. */
static bool read_footer(reader *r, ds_zone *zone)
{
    const unsigned char *begin = take(r, 1), *end;
    char rule[RULE_MAX];
    size_t n;

    if (!begin || *begin != '\n' || !(end = memchr(r->at, '\n', r->left)))
        return false;
    n = (size_t)(end - r->at);
    if (n + 1 != r->left || n >= sizeof(rule) || memchr(r->at, '\0', n))
        return false;
    memcpy(rule, r->at, n);
    rule[n] = '\0';
    zone->has_rule = n > 0;
    return n == 0 || ds_rule_parse(rule, &zone->rule);
}

static const char *parse(reader r, ds_arena *a, ds_zone *zone)
{
    head h;
    const unsigned char *body;

    if (!read_head(&r, 4, &h))
        return "it is no TZif file";
    if (h.version && (!take(&r, body_bytes(&h)) || !read_head(&r, 8, &h) || !h.version))
        return "its second part is damaged";
    if (h.leaps_n)
        return "it counts leap seconds, which no clock does; take the zone of this name without "
               "\"right/\"";
    if (!(body = take(&r, body_bytes(&h))) || !read_table(&h, body, a, zone))
        return "its table is damaged";
    if (h.version ? !read_footer(&r, zone) : r.left != 0)
        return "its end is damaged";
    return NULL;
}

const ds_zone *ds_zone_parse(const char *name, const void *bytes, size_t n, ds_arena *a,
                             ds_err *err)
{
    ds_zone *zone = ds_new_in(a, ds_zone);
    const char *problem = parse((reader){bytes, n}, a, zone);

    zone->name = ds_arena_strdup(a, name);
    if (!problem)
        return zone;
    ds_fail(err, DS_ERR_CONFIG, "time zone %s: %s", name, problem);
    return NULL;
}
