/* tests/unit/test_fake_faults.c - rules of what goes wrong: read, counted, chosen. */
#include "fakes/faults.h"
#include "support/run.h"

#include <stdio.h>
#include <string.h>

static const char *const own[] = {"primary", "secondary", NULL};

static ds_faults *rules(const char *text)
{
    ds_faults *f = ds_faults_new();
    ds_err err = DS_ERR_INIT;

    if (!ds_faults_add(f, text, own, &err))
        fail_msg("%s: %s", text, err.text);
    return f;
}

/* ---- when ------------------------------------------------------------------------------------ */

static const struct when {
    const char *name, *rule;
    const char *strikes; /* x where a request of ten is met */
} whens[] = {
    {"without a when each time", "* status=500", "xxxxxxxxxx"},
    {"at one", "* at=3 status=500", "..x......."},
    {"from one on", "* from=8 status=500", ".......xxx"},
    {"every so many", "* every=4 status=500", "...x...x.."},
    {"not more often than that", "* times=2 status=500", "xx........"},
    {"all of them together", "* from=2 every=2 times=2 status=500", ".x.x......"},
    {"a hundred in a hundred", "* percent=100 status=500", "xxxxxxxxxx"},
    {"none in a hundred", "* percent=0 status=500", ".........."},
    {"the method is another", "POST * status=500", ".........."},
    {"the method fits", "GET * status=500", "xxxxxxxxxx"},
    {"the path is another", "GET /b/* status=500", ".........."},
    {"the path fits in two pieces", "GET /a/*c* status=500", "xxxxxxxxxx"},
    {"the path is whole", "GET /a/b/c status=500", "xxxxxxxxxx"},
    {"the path is a beginning", "GET /a/b status=500", ".........."},
    {"the first that strikes counts, each counts", "* at=1 status=500; * at=2 cut-after",
     "xx........"},
};

static void strikes(void **state)
{
    const struct when *row = *state;
    ds_faults *f = rules(row->rule);
    char met[11] = "";

    for (size_t i = 0; i < 10; i++)
        met[i] = ds_faults_choose(f, "GET", "/a/b/c").what == DS_FAULT_NONE ? '.' : 'x';
    ds_faults_free(f);
    assert_string_equal(met, row->strikes);
}

/* ---- what ------------------------------------------------------------------------------------ */

static const struct what {
    const char *name;
    ds_fault_what what;
    int64_t number, retry_after, delay_ms;
    const char *own, *text;
} whats[] = {
    {"status=503 retry-after=7", DS_FAULT_STATUS, 503, 7, 0, NULL, NULL},
    {"message=not_today status=400", DS_FAULT_STATUS, 400, -1, 0, NULL, "not today"},
    {"html=502", DS_FAULT_HTML, 502, -1, 0, NULL, NULL},
    {"garbage", DS_FAULT_GARBAGE, -1, -1, 0, NULL, NULL},
    {"noise", DS_FAULT_NOISE, -1, -1, 0, NULL, NULL},
    {"cut-before", DS_FAULT_CUT_BEFORE, -1, -1, 0, NULL, NULL},
    {"cut-after", DS_FAULT_CUT_AFTER, -1, -1, 0, NULL, NULL},
    {"truncate", DS_FAULT_TRUNCATE, -1, -1, 0, NULL, NULL},
    {"truncate=0", DS_FAULT_TRUNCATE, 0, -1, 0, NULL, NULL},
    {"slow=10", DS_FAULT_SLOW, 10, -1, 0, NULL, NULL},
    {"hang", DS_FAULT_HANG, -1, -1, 0, NULL, NULL},
    {"hang-after", DS_FAULT_HANG_AFTER, -1, -1, 0, NULL, NULL},
    {"stale", DS_FAULT_STALE, -1, -1, 0, NULL, NULL},
    {"delay=2s", DS_FAULT_NONE, -1, -1, 2000, NULL, NULL},
    {"delay=50ms cut-after", DS_FAULT_CUT_AFTER, -1, -1, 50, NULL, NULL},
    {"bomb=8", DS_FAULT_BOMB, 8, -1, 0, NULL, NULL},
    {"redirect=http://127.0.0.1:1/a?b=c", DS_FAULT_REDIRECT, -1, -1, 0, NULL,
     "http://127.0.0.1:1/a?b=c"},
    {"primary", DS_FAULT_OWN, -1, -1, 0, "primary", ""},
    {"secondary=30", DS_FAULT_OWN, -1, -1, 0, "secondary", "30"},
};

static void same_text(const char *found, const char *wanted)
{
    assert_int_equal(found == NULL, wanted == NULL);
    if (found && wanted)
        assert_string_equal(found, wanted);
}

static void does(void **state)
{
    const struct what *row = *state;
    char rule[200];
    ds_faults *f;
    ds_fault fault;

    snprintf(rule, sizeof rule, "GET /a %s", row->name);
    f = rules(rule);
    fault = ds_faults_choose(f, "GET", "/a");
    assert_int_equal(fault.what, row->what);
    assert_int_equal(fault.number, row->number);
    assert_int_equal(fault.retry_after, row->retry_after);
    assert_int_equal(fault.delay_ms, row->delay_ms);
    same_text(fault.name, row->own);
    same_text(fault.text, row->text);
    ds_faults_free(f);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static const struct bad {
    const char *name, *says;
} bads[] = {
    {"GET", "begin with a path"},
    {"GET /a", "what goes wrong"},
    {"GET /a at=3", "what goes wrong"},
    {"status=500", "begin with a path"},
    {"/a staus=500", "\"staus\" is no fault"},
    {"/a status", "status is a wrong value"},
    {"/a status=99", "status=99 is a wrong value"},
    {"/a status=5oo", "status=5oo is a wrong value"},
    {"/a status=500 cut-after", "cut-after is a wrong value, or a second fault"},
    {"/a primary garbage", "second fault"},
    {"/a garbage=1", "garbage=1 is a wrong value"},
    {"/a at=0 hang", "at=0 is a wrong value"},
    {"/a at hang", "at is a wrong value"},
    {"/a percent=101 hang", "percent=101"},
    {"/a percent=1.234 hang", "percent=1.234"},
    {"/a percent=. hang", "percent=."},
    {"/a delay=fast", "delay=fast"},
    {"/a redirect", "redirect is a wrong value"},
    {"/a message", "message takes a text"},
    {"/a hang; /b", "fault rule \"/b\""},
    {"/a a b c d e f g h i j k l m n o p q", "more than 16 words"},
};

static void is_refused(void **state)
{
    const struct bad *row = *state;
    ds_faults *f = rules("GET /kept status=500");
    ds_err err = DS_ERR_INIT;

    assert_false(ds_faults_add(f, row->name, own, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    if (!strstr(err.text, row->says))
        fail_msg("%s", err.text);
    assert_int_equal(ds_faults_choose(f, "GET", "/kept").what, DS_FAULT_STATUS);
    assert_int_equal(ds_faults_choose(f, "GET", "/a").what, DS_FAULT_NONE);
    ds_faults_free(f);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void a_share_is_about_right_and_the_same_each_time(void **state)
{
    ds_faults *f = rules("* percent=12.5 seed=3 hang"),
              *again = rules("* percent=12.5 seed=3 hang");
    int n = 0, differ = 0;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        bool struck = ds_faults_choose(f, "GET", "/").what == DS_FAULT_HANG;

        n += struck;
        differ += struck != (ds_faults_choose(again, "GET", "/").what == DS_FAULT_HANG);
    }
    ds_faults_free(f);
    ds_faults_free(again);
    assert_in_range(n, 1100, 1400);
    assert_int_equal(differ, 0);
}

static void counts_are_shown(void **state)
{
    ds_faults *f = rules("GET /a every=2 status=500\n\n  POST /b hang  ;;");
    DS_AUTO_BUF(text, DS_KIB);
    ds_json_writer w = ds_json_w(&text, false);

    (void)state;
    for (int i = 0; i < 5; i++)
        (void)ds_faults_choose(f, "GET", "/a");
    ds_faults_show(f, &w);
    assert_string_equal(text.data,
                        "[{\"rule\":\"GET /a every=2 status=500\",\"met\":5,\"struck\":2},"
                        "{\"rule\":\"POST /b hang\",\"met\":0,\"struck\":0}]");
    ds_faults_clear(f);
    assert_int_equal(ds_faults_choose(f, "POST", "/b").what, DS_FAULT_NONE);
    ds_faults_free(f);
}

static void too_many_are_refused_whole(void **state)
{
    ds_faults *f = rules("/kept hang");
    DS_AUTO_BUF(many, DS_MIB);
    ds_err err = DS_ERR_INIT;

    (void)state;
    for (int i = 0; i < 256; i++)
        ds_buf_text(&many, "/a hang;");
    assert_false(ds_faults_add(f, many.data, own, &err));
    assert_non_null(strstr(err.text, "more than 256"));
    assert_int_equal(ds_faults_choose(f, "GET", "/a").what, DS_FAULT_NONE);
    ds_faults_free(f);
}

static void settings(void **state)
{
    static const char *const names[] = {"rows", "seed", NULL};
    ds_err err = DS_ERR_INIT;
    int64_t n;

    (void)state;
    assert_true(ds_fake_setting("rows=10,seed=7", "seed", 1, &n, &err));
    assert_int_equal(n, 7);
    assert_true(ds_fake_setting("rows=10", "seed", 1, &n, &err));
    assert_int_equal(n, 1);
    assert_true(ds_fake_setting(NULL, "seed", 1, &n, &err));
    assert_false(ds_fake_setting("rows=ten", "rows", 1, &n, &err));
    assert_non_null(strstr(err.text, "not \"ten\""));
    assert_false(ds_fake_setting("rows=-1", "rows", 1, &n, &err));
    assert_false(ds_fake_setting("rows", "rows", 1, &n, &err));
    assert_true(ds_fake_settings_known("rows=10, seed=7", "--seed", names, &err));
    assert_false(ds_fake_settings_known("row=10", "--seed", names, &err));
    assert_string_equal(err.text, "--seed has no \"row\"; did you mean rows?");
}

static void texts_are_decoded(void **state)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    (void)state;
    assert_string_equal(ds_fake_decode(a, "ada%20l+b", 9, false), "ada l+b");
    assert_string_equal(ds_fake_decode(a, "ada%20l+b", 9, true), "ada l b");
    assert_string_equal(ds_fake_decode(a, "100%", 4, true), "100%");
    assert_string_equal(ds_fake_decode(a, "%zz%4", 5, true), "%zz%4");
    assert_string_equal(ds_fake_decode(a, "%C3%A9", 6, true), "\xC3\xA9");
    assert_string_equal(ds_fake_decode(a, "%C3", 3, true), "\xEF\xBF\xBD");
    assert_string_equal(ds_fake_decode(a, "%41", 2, true), "%4");
}

int main(void)
{
    add_table(whens, strikes);
    add_table(whats, does);
    add_table(bads, is_refused);
    add_test(a_share_is_about_right_and_the_same_each_time);
    add_test(counts_are_shown);
    add_test(too_many_are_refused_whole);
    add_test(settings);
    add_test(texts_are_decoded);
    return run_tests("fault rules");
}
