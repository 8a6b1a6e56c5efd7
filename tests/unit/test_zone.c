/* tests/unit/test_zone.c - time zones: what they say, and how they are named. */
#include "zone_fixture.h"

#include "support/tmpdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- zones of this machine ------------------------------------------------------------------- */

static const struct row {
    const char *name, *zone, *utc;
    int offset_s;
} rows[] = {
    {"Berlin in winter", "Europe/Berlin", "2026-01-15T12:00:00Z", 3600},
    {"Berlin in summer", "Europe/Berlin", "2026-07-15T12:00:00Z", 7200},
    {"Berlin, the last second of winter", "Europe/Berlin", "2026-03-29T00:59:59Z", 3600},
    {"Berlin, the first of summer", "Europe/Berlin", "2026-03-29T01:00:00Z", 7200},
    {"Berlin, the last second of summer", "Europe/Berlin", "2026-10-25T00:59:59Z", 7200},
    {"Berlin, the first of winter", "Europe/Berlin", "2026-10-25T01:00:00Z", 3600},
    {"Berlin in double summer time", "Europe/Berlin", "1945-06-01T00:00:00Z", 10800},
    {"Berlin by the sun", "Europe/Berlin", "1850-01-01T00:00:00Z", 3208},
    {"Berlin by the rule alone", "Europe/Berlin", "2099-07-01T00:00:00Z", 7200},
    {"Berlin by the rule, in winter", "Europe/Berlin", "2099-12-31T23:59:59Z", 3600},
    {"New York in winter", "America/New_York", "2027-01-15T12:00:00Z", -18000},
    {"New York in summer", "America/New_York", "2027-03-14T07:00:00Z", -14400},
    {"New York, the second before", "America/New_York", "2027-03-14T06:59:59Z", -18000},
    {"Lord Howe in summer", "Australia/Lord_Howe", "2026-01-15T00:00:00Z", 39600},
    {"Lord Howe goes back by half an hour", "Australia/Lord_Howe", "2026-04-04T15:00:00Z", 37800},
    {"Lord Howe by the rule alone", "Australia/Lord_Howe", "2061-07-01T00:00:00Z", 37800},
    {"Kathmandu", "Asia/Kathmandu", "2026-07-15T12:00:00Z", 20700},
    {"Kathmandu before 1986", "Asia/Kathmandu", "1985-12-31T00:00:00Z", 19800},
    {"Dublin, whose summer is the standard", "Europe/Dublin", "2026-07-15T12:00:00Z", 3600},
    {"and whose winter is the other", "Europe/Dublin", "2026-01-15T12:00:00Z", 0},
    {"a zone that is an offset", "Etc/GMT+5", "2026-01-15T12:00:00Z", -18000},
    {"UTC", "UTC", "2026-07-15T12:00:00Z", 0},
};

static void offset_row(void **state)
{
    const struct row *row = *state;
    const ds_zone *zone = zone_named(row->zone);
    int64_t utc_s = ds_floor_div(at(row->utc), 1000);
    ds_span span = ds_zone_span(zone, utc_s);

    assert_int_equal(span.offset_s, row->offset_s);
    assert_true(span.from_s <= utc_s && utc_s < span.until_s);
}

static void a_time_is_shown_by_the_clock_of_its_zone(void **state)
{
    (void)state;
    assert_string_equal(
        ds_zone_text(zone_named("Europe/Berlin"), at("2026-03-29T01:00:00Z"), scratch),
        "2026-03-29 03:00 Europe/Berlin");
    assert_string_equal(ds_zone_text(ds_zone_utc(), at("1969-12-31T23:59:59.5Z"), scratch),
                        "1969-12-31 23:59 UTC");
}

/* Pieces follow each other without gap, each knowing the one before. */
static void pieces_meet(void **state)
{
    static const char *const names[] = {
        "Europe/Berlin",     "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
        "Africa/Casablanca", "America/Santiago", "Pacific/Apia"};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(names); i++) {
        const ds_zone *zone = zone_named(names[i]);
        ds_span before = ds_zone_span(zone, -DS_ZONE_EVER);

        for (int k = 0; k < 400 && before.until_s < DS_ZONE_EVER; k++) {
            ds_span next = ds_zone_span(zone, before.until_s);

            assert_int_equal(next.from_s, before.until_s);
            assert_int_equal(next.before_s, before.offset_s);
            before = next;
        }
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

static const struct name_row {
    const char *name, *zone, *says;
} names[] = {
    {"a letter wrong", "Europe/Berlni", "did you mean \"Europe/Berlin\"?"},
    {"no capitals", "europe/berlin", "did you mean \"Europe/Berlin\"?"},
    {"utc", "UCT+", "did you mean"},
    {"a continent", "Europe", "there is no time zone \"Europe\""},
    {"nothing like it", "Mars/Olympus_Mons", "(a name is such as Europe/Berlin)"},
    {"a file below a zone", "Europe/Berlin/x", "there is no time zone"},
    {"out of the directory", "../../../etc/passwd", "is no name of a time zone"},
    {"from the root", "/etc/localtime", "is no name of a time zone"},
    {"a slash at the end", "Europe/", "is no name of a time zone"},
    {"nothing", "", "is no name of a time zone"},
    {"a blank", "Europe/New Berlin", "is no name of a time zone"},
    {"a name without end", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "is no name of a time zone"},
    {"another file of the directory", "tzdata.zi", "is no name of a time zone"},
};

static void name_row(void **state)
{
    const struct name_row *row = *state;
    ds_err err = DS_ERR_INIT;

    assert_null(ds_zone_named(DS_ZONE_DIRECTORY, row->zone, scratch, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    if (!strstr(err.text, row->says))
        fail_msg("\"%s\" does not say \"%s\"", err.text, row->says);
}

static void without_zones_there_is_utc(void **state)
{
    tmpdir *dir = tmpdir_new();
    const char *nowhere = tmpdir_file(dir, "none");
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_string_equal(ds_zone_name(ds_zone_named(nowhere, "UTC", scratch, &err)), "UTC");
    assert_non_null(ds_zone_named(nowhere, "Etc/UTC", scratch, &err));
    assert_null(ds_zone_named(nowhere, "Europe/Berlin", scratch, &err));
    assert_non_null(strstr(err.text, "install the package tzdata, or take UTC"));
    tmpdir_free(dir);
}

static const char *guess_in(tmpdir *dir, const char *zone)
{
    ds_err err = DS_ERR_INIT;

    assert_null(ds_zone_named(tmpdir_file(dir, "."), zone, scratch, &err));
    return ds_arena_strdup(scratch, err.text);
}

static void a_guess_reads_every_line_of_the_list(void **state)
{
    static const char list[] = "# version 2026a\nR A 1 2\nZ\nZ Europe/Berlin 0:53 - LMT\n1 u\n"
                               "L broken\nL Europe/Berlin Europe/Bonn\nZx\nZ Last/Zone";
    tmpdir *dir = tmpdir_new();

    (void)state;
    tmpdir_write(dir, "tzdata.zi", list, sizeof(list) - 1);
    assert_non_null(strstr(guess_in(dir, "Europe/Berln"), "did you mean \"Europe/Berlin\"?"));
    assert_non_null(strstr(guess_in(dir, "Europe/Bon"), "did you mean \"Europe/Bonn\"?"));
    assert_non_null(strstr(guess_in(dir, "Last/Zon"), "did you mean \"Last/Zone\"?"));
    assert_null(strstr(guess_in(dir, "brokn"), "did you mean"));
    tmpdir_write(dir, "tzdata.zi", "", 0);
    assert_null(strstr(guess_in(dir, "Europe/Berln"), "did you mean"));
    tmpdir_free(dir);
}

static void link_to(tmpdir *dir, const char *target)
{
    unlink(tmpdir_file(dir, "localtime"));
    if (symlink(target, tmpdir_file(dir, "localtime")) != 0)
        fail_msg("no link");
}

static void the_machine_has_a_zone(void **state)
{
    tmpdir *dir = tmpdir_new();
    const char *path = tmpdir_file(dir, "localtime");
    ds_err err = DS_ERR_INIT;
    size_t n;
    const unsigned char *bytes = berlin(&n);

    (void)state;
    assert_string_equal(ds_zone_name(ds_zone_local(path, scratch, &err)), "UTC"); /* no file */
    link_to(dir, DS_ZONE_DIRECTORY "/Europe/Berlin");
    assert_string_equal(ds_zone_name(ds_zone_local(path, scratch, &err)), "Europe/Berlin");
    link_to(dir, "/nowhere/zoneinfo/Etc/UTC");
    assert_string_equal(ds_zone_name(ds_zone_local(path, scratch, &err)), "UTC");
    link_to(dir, "/nowhere/zoneinfo/Europe/Berlin");
    assert_null(ds_zone_local(path, scratch, &err));
    assert_non_null(strstr(err.text, "time zone Europe/Berlin: "));
    link_to(dir, "/nowhere/zoneinfo/../x");
    assert_null(ds_zone_local(path, scratch, &err));
    assert_non_null(strstr(err.text, "time zone local: "));
    unlink(path);
    tmpdir_write(dir, "localtime", (const char *)bytes, n);
    assert_string_equal(ds_zone_name(ds_zone_local(path, scratch, &err)), "local");
    assert_int_equal(ds_zone_span(ds_zone_local(path, scratch, &err), 0).offset_s, 3600);
    tmpdir_free(dir);
}

int main(void)
{
    add_table(rows, offset_row);
    add_test(a_time_is_shown_by_the_clock_of_its_zone);
    add_test(pieces_meet);
    add_table(names, name_row);
    add_test(without_zones_there_is_utc);
    add_test(a_guess_reads_every_line_of_the_list);
    add_test(the_machine_has_a_zone);
    return run_tests("time zones");
}
