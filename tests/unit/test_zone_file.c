/* tests/unit/test_zone_file.c - files of time zones: made by hand, damaged, hostile. */
#include "zone_fixture.h"

#include "support/tmpdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- zones made by hand ---------------------------------------------------------------------- */

typedef struct made { /* a TZif file */
    unsigned char bytes[2048];
    size_t n;
} made;

static void put(made *m, const void *bytes, size_t n)
{
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

static void put_int(made *m, int64_t value, size_t n)
{
    for (size_t i = n; i > 0; i--) {
        unsigned char byte = (unsigned char)((uint64_t)value >> 8 * (i - 1));

        put(m, &byte, 1);
    }
}

typedef struct change {
    int64_t at_s;
    int type;
} change;

typedef struct shape { /* what is in it; two types: UTC and an hour more */
    const change *changes;
    size_t changes_n;
    int64_t leaps;
    const char *footer; /* NULL: none at all */
} shape;

static void put_block(made *m, char version, size_t time_bytes, const shape *s)
{
    const unsigned char zeros[15] = {0};
    const int64_t counts[] = {0, 0, s->leaps, (int64_t)s->changes_n, 2, 4};

    put(m, "TZif", 4);
    put(m, &version, 1);
    put(m, zeros, sizeof(zeros));
    for (size_t i = 0; i < DS_COUNT(counts); i++)
        put_int(m, counts[i], 4);
    for (size_t i = 0; i < s->changes_n; i++)
        put_int(m, s->changes[i].at_s, time_bytes);
    for (size_t i = 0; i < s->changes_n; i++)
        put_int(m, s->changes[i].type, 1);
    for (int type = 0; type < 2; type++) {
        put_int(m, type * 3600, 4);
        put_int(m, type, 1);
        put_int(m, 0, 1);
    }
    put(m, "ABC", 4);
    for (int64_t i = 0; i < s->leaps; i++)
        put_int(m, 78796800 + i, time_bytes), put_int(m, i + 1, 4);
}

static made make(char version, const shape *s)
{
    static const shape empty = {0};
    made m = {.n = 0};

    put_block(&m, version, 4, version ? &empty : s);
    if (version)
        put_block(&m, version, 8, s);
    if (s->footer) {
        put(&m, "\n", 1);
        put(&m, s->footer, strlen(s->footer));
        put(&m, "\n", 1);
    }
    return m;
}

/* NULL with the error's text in *text. */
static const ds_zone *parse(const made *m, const char **text)
{
    ds_err err = DS_ERR_INIT;
    const ds_zone *zone = ds_zone_parse("made", m->bytes, m->n, scratch, &err);

    *text = ds_arena_strdup(scratch, err.text);
    return zone;
}

static const struct rule_row {
    const char *name, *rule, *utc;
    int offset_s; /* 1: it is no rule */
} rules[] = {
    {"a footer alone: winter", "CET-1CEST,M3.5.0,M10.5.0/3", "1980-03-30T00:59:59Z", 3600},
    {"a footer alone: summer", "CET-1CEST,M3.5.0,M10.5.0/3", "1980-03-30T01:00:00Z", 7200},
    {"a footer alone: 2100 has no 29th of February", "AAA0BBB,J60,J61", "2100-03-01T02:00:00Z",
     3600},
    {"Jn does not count the 29th of February", "AAA0BBB,J60,J61", "2096-02-29T12:00:00Z", 0},
    {"n does", "AAA0BBB,59,60", "2096-02-29T02:00:00Z", 3600},
    {"n in a common year", "AAA0BBB,59,60", "2097-03-01T02:00:00Z", 3600},
    {"no summer", "<+0545>-5:45", "2026-07-01T00:00:00Z", 20700},
    {"to the west, with seconds", "LMT4:56:02", "2026-07-01T00:00:00Z", -17762},
    {"half an hour of summer", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-12-01T00:00:00Z",
     39600},
    {"the south in winter", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-07-01T00:00:00Z", 37800},
    {"summer all year", "EST5EDT,0/0,J365/25", "2026-01-01T03:00:00Z", -14400},
    {"summer all year, in July", "EST5EDT,0/0,J365/25", "2026-07-01T00:00:00Z", -14400},
    {"a change on the day before", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2026-03-29T00:59:59Z",
     -10800},
    {"and after it", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2026-03-29T01:00:00Z", -7200},
    {"a change four days later", "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z", 10800},
    {"and the moment before", "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-26T23:59:59Z", 7200},

    {"a change in December", "AAA0BBB,M12.1.0,M2.1.0", "2026-12-06T02:00:00Z", 3600},
    {"and the moment before", "AAA0BBB,M12.1.0,M2.1.0", "2026-12-06T01:59:59Z", 0},

    {"no name", "-1", "", 1},
    {"a short name", "AB-1", "", 1},
    {"no offset", "ABC", "", 1},
    {"an open <", "<+01-1", "", 1},
    {"summer without days", "CET-1CEST", "", 1},
    {"one day", "CET-1CEST,M3.5.0", "", 1},
    {"a third day", "CET-1CEST,M3.5.0,M10.5.0,M11.1.0", "", 1},
    {"month 0", "CET-1CEST,M0.5.0,M10.5.0", "", 1},
    {"month 13", "CET-1CEST,M13.5.0,M10.5.0", "", 1},
    {"week 0", "CET-1CEST,M3.0.0,M10.5.0", "", 1},
    {"week 6", "CET-1CEST,M3.6.0,M10.5.0", "", 1},
    {"weekday 7", "CET-1CEST,M3.5.7,M10.5.0", "", 1},
    {"J0", "CET-1CEST,J0,J60", "", 1},
    {"J366", "CET-1CEST,J366,J60", "", 1},
    {"day 366", "CET-1CEST,366,60", "", 1},
    {"an offset of 25 hours", "CET-25", "", 1},
    {"a change of 168 hours", "CET-1CEST,M3.5.0/168,M10.5.0", "", 1},
    {"minute 60", "CET-1:60", "", 1},
    {"second 60", "CET-1:00:60", "", 1},
    {"a number without end", "CET-99999999999999999999", "", 1},
};

static void rule_row(void **state)
{
    const struct rule_row *row = *state;
    const shape s = {.footer = row->rule};
    const made m = make('2', &s);
    const char *text;
    const ds_zone *zone = parse(&m, &text);

    if (row->offset_s == 1) {
        assert_null(zone);
        assert_non_null(strstr(text, "its end is damaged"));
        return;
    }
    assert_non_null(zone);
    assert_int_equal(ds_zone_span(zone, ds_floor_div(at(row->utc), 1000)).offset_s, row->offset_s);
}

static const change up_and_down[] = {{-1000, 1}, {1000, 0}};

static void an_old_file_has_no_rule(void **state)
{
    const shape s = {.changes = up_and_down, .changes_n = 2};
    const made m = make('\0', &s);
    const char *text;
    const ds_zone *zone = parse(&m, &text);

    (void)state;
    assert_non_null(zone);
    assert_int_equal(ds_zone_span(zone, -1001).offset_s, 0);
    assert_int_equal(ds_zone_span(zone, -1000).offset_s, 3600);
    assert_int_equal(ds_zone_span(zone, 999).offset_s, 3600);
    assert_int_equal(ds_zone_span(zone, 1000).offset_s, 0);
    assert_int_equal(ds_zone_span(zone, 1000).until_s, DS_ZONE_EVER);
    assert_int_equal(ds_zone_span(zone, 1000).before_s, 3600);
}

static void an_empty_footer_is_no_rule(void **state)
{
    const shape s = {.changes = up_and_down, .changes_n = 1, .footer = ""};
    const made m = make('2', &s);
    const char *text;
    const ds_zone *zone = parse(&m, &text);

    (void)state;
    assert_non_null(zone);
    assert_int_equal(ds_zone_span(zone, 1000000).offset_s, 3600);
}

static void a_change_before_all_times_is_where_it_begins(void **state)
{
    static const change first[] = {{-(INT64_C(1) << 59), 1}, {1000, 0}};
    const shape s = {.changes = first, .changes_n = 2, .footer = ""};
    const made m = make('3', &s);
    const char *text;
    const ds_zone *zone = parse(&m, &text);

    (void)state;
    assert_non_null(zone);
    assert_int_equal(ds_zone_span(zone, -DS_ZONE_EVER).offset_s, 3600);
    assert_int_equal(ds_zone_span(zone, 1000).before_s, 3600);
}

static const struct damage {
    const char *name;
    shape shape;
    const char *says;
} damages[] = {
    {"leap seconds", {.leaps = 2, .footer = ""}, "leap seconds"},
    {"times out of order",
     {.changes = (const change[]){{5, 1}, {4, 0}}, .changes_n = 2, .footer = ""},
     "its table is damaged"},
    {"a time twice",
     {.changes = (const change[]){{5, 1}, {5, 0}}, .changes_n = 2, .footer = ""},
     "its table is damaged"},
    {"a type that is not there",
     {.changes = (const change[]){{5, 2}}, .changes_n = 1, .footer = ""},
     "its table is damaged"},
    {"a time after all times",
     {.changes = (const change[]){{INT64_MAX, 1}}, .changes_n = 1, .footer = ""},
     "its table is damaged"},
    {"no footer", {.footer = NULL}, "its end is damaged"},
    {"two lines of footer", {.footer = "UTC0\nUTC0"}, "its end is damaged"},
};

static void damage_row(void **state)
{
    const struct damage *row = *state;
    const made m = make('2', &row->shape);
    const char *text;

    assert_null(parse(&m, &text));
    if (!strstr(text, row->says))
        fail_msg("\"%s\" does not say \"%s\"", text, row->says);
}

/* A file of two types, no changes and the rule UTC0, with one byte that is another. Its second head
 * is at 60, its second body at 104, its footer at 120. */
static const struct byte_row {
    const char *name;
    size_t at;
    unsigned char byte;
    const char *says;
} wrong_bytes[] = {
    {"another kind of file", 0, 'X', "it is no TZif file"},
    {"more times than a file can hold", 32, 1, "it is no TZif file"},
    {"a second head that is none", 60, 'X', "its second part is damaged"},
    {"a second head of the old version", 64, 0, "its second part is damaged"},
    {"less than no indicators", 80, 0x80, "its second part is damaged"},
    {"one indicator for two types", 83, 1, "its second part is damaged"},
    {"one other indicator for two types", 87, 1, "its second part is damaged"},
    {"more types than a byte can count", 98, 2, "its second part is damaged"},
    {"no types", 99, 0, "its second part is damaged"},
    {"no characters", 103, 0, "its second part is damaged"},
    {"more types than there are", 99, 77, "its table is damaged"},
    {"an offset of a year", 104, 1, "its table is damaged"},
    {"a summer that is neither", 108, 2, "its table is damaged"},
    {"a name behind all names", 109, 4, "its table is damaged"},
    {"a footer that does not begin", 120, 'x', "its end is damaged"},
    {"a NUL in the rule", 122, 0, "its end is damaged"},
    {"a footer that does not end", 125, 'x', "its end is damaged"},
};

static void byte_row(void **state)
{
    const struct byte_row *row = *state;
    const shape s = {.footer = "UTC0"};
    made m = make('2', &s);
    const char *text;

    assert_int_equal(m.n, 126);
    assert_non_null(parse(&m, &text));
    m.bytes[row->at] = row->byte;
    assert_null(parse(&m, &text));
    if (!strstr(text, row->says))
        fail_msg("\"%s\" does not say \"%s\"", text, row->says);
}

static void a_rule_without_end_is_none(void **state)
{
    char rule[400];
    const shape s = {.footer = rule};
    made m;
    const char *text;

    (void)state;
    memset(rule, 'A', sizeof(rule) - 1);
    rule[sizeof(rule) - 1] = '\0';
    m = make('2', &s);
    assert_null(parse(&m, &text));
    assert_non_null(strstr(text, "its end is damaged"));
}

/* A clock that is changed every second: whoever looks for the end of quiet hours gives up. */
static void a_zone_without_rest_holds_nobody(void **state)
{
    change changes[100];
    const shape s = {.changes = changes, .changes_n = DS_COUNT(changes), .footer = ""};
    ds_schedule schedule = {.has_quiet = true};
    ds_err err = DS_ERR_INIT;
    const char *text;
    made m;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(changes); i++)
        changes[i] = (change){(int64_t)i, (int)(i % 2)};
    m = make('2', &s);
    schedule.zone = parse(&m, &text);
    assert_non_null(schedule.zone);
    assert_true(ds_quiet_add(&schedule.quiet, "00:00-12:00", &err));
    assert_int_equal(ds_schedule_quiet_until(&schedule, 0), 0);
    assert_int_equal(ds_schedule_quiet_until(&schedule, 50000), 11 * DS_HOUR_MS);
}

/* ---- hostile files --------------------------------------------------------------------------- */

static const ds_zone *parse_copy(const unsigned char *bytes, size_t n)
{
    unsigned char *copy = malloc(n ? n : 1);
    ds_err err = DS_ERR_INIT;
    const ds_zone *zone;

    memcpy(copy, bytes, n);
    zone = ds_zone_parse("hostile", copy, n, scratch, &err);
    free(copy);
    if (!zone)
        assert_int_equal(err.kind, DS_ERR_CONFIG);
    return zone;
}

static void a_file_cut_anywhere_is_none(void **state)
{
    size_t n;
    const unsigned char *bytes = berlin(&n);

    (void)state;
    assert_non_null(parse_copy(bytes, n));
    for (size_t cut = 0; cut < n; cut++) {
        if (parse_copy(bytes, cut))
            fail_msg("the first %zu bytes were taken for all", cut);
    }
}

static void a_wrong_byte_does_no_harm(void **state)
{
    static const unsigned char wrongs[] = {0x01, 0x80, 0xff};
    size_t n;
    unsigned char *bytes = berlin(&n);
    const ds_cron often = {.minutes = 1,
                           .hours = 1 << 2,
                           .days = ~0U,
                           .months = ~0U,
                           .weekdays = 0x7f,
                           .any_day = true,
                           .any_weekday = true};

    (void)state;
    for (size_t i = 0; i < n * DS_COUNT(wrongs); i++) {
        unsigned char *byte = &bytes[i / DS_COUNT(wrongs)];
        const unsigned char was = *byte;
        const ds_zone *zone;

        *byte ^= wrongs[i % DS_COUNT(wrongs)];
        zone = parse_copy(bytes, n);
        if (zone) { /* another zone: times still go forward */
            int64_t next_ms = ds_cron_next(&often, zone, at("2026-03-28T12:00:00Z"));

            assert_true(next_ms == 0 || next_ms > at("2026-03-28T12:00:00Z"));
        }
        *byte = was;
    }
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    tmpdir *dir = tmpdir_new();
    char *much = ds_arena_zalloc(scratch, 300 * DS_KIB);
    ds_err err = DS_ERR_INIT;

    (void)state;
    tmpdir_write(dir, "Big", much, 300 * DS_KIB);
    assert_null(ds_zone_named(tmpdir_file(dir, "."), "Big", scratch, &err));
    assert_non_null(strstr(err.text, "has more than 262144 bytes"));
    tmpdir_free(dir);
}

static void a_file_that_is_no_zone_is_refused(void **state)
{
    tmpdir *dir = tmpdir_new();
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_int_equal(mkfifo(tmpdir_file(dir, "Pipe"), 0600), 0);
    assert_null(ds_zone_named(tmpdir_file(dir, "."), "Pipe", scratch, &err));
    assert_non_null(strstr(err.text, "Invalid argument"));
    tmpdir_write(dir, "Text", "UTC0\n", 5);
    tmpdir_write(dir, "Empty", "", 0);
    assert_null(ds_zone_named(tmpdir_file(dir, "."), "Text", scratch, &err));
    assert_string_equal(err.text, "time zone Text: it is no TZif file");
    assert_null(ds_zone_named(tmpdir_file(dir, "."), "Empty", scratch, &err));
    assert_string_equal(err.text, "time zone Empty: it is no TZif file");
    assert_null(
        ds_zone_named(tmpdir_file(dir, "."), "Other", scratch, &err)); /* no list of names */
    assert_string_equal(err.text,
                        "there is no time zone \"Other\" (a name is such as Europe/Berlin)");
    tmpdir_free(dir);
}

int main(void)
{
    add_table(rules, rule_row);
    add_test(an_old_file_has_no_rule);
    add_test(an_empty_footer_is_no_rule);
    add_test(a_change_before_all_times_is_where_it_begins);
    add_table(damages, damage_row);
    add_table(wrong_bytes, byte_row);
    add_test(a_rule_without_end_is_none);
    add_test(a_zone_without_rest_holds_nobody);
    add_test(a_file_cut_anywhere_is_none);
    add_test(a_wrong_byte_does_no_harm);
    add_test(a_file_that_is_too_large_is_refused);
    add_test(a_file_that_is_no_zone_is_refused);
    return run_tests("time zone files");
}
