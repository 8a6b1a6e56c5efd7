/* tests/unit/test_fetcher.c - pages that come in on a thread of their own. */
#include "support/fake_clock.h"
#include "support/run.h"
#include "sync/internal.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

typedef struct pages { /* a source of numbered pages */
    ds_source base;
    int last;               /* no page after this one */
    int fail_at;            /* -1: never */
    int huge_cursor_at;     /* -1: never */
    int piece;              /* next_cursor is what follows so many letters of the one given */
    bool pieces;            /* so it is */
    int back_from, back_to; /* the page in front of the first names the second as the next */
    int restart_at;         /* this page starts over; 0: none */
    bool always_restarts;   /* and so does each behind it */
    size_t heavy;       /* 100 records a page; those of the first four take so many bytes each */
    atomic_int fetched; /* calls so far */
    atomic_int started;
    int64_t limit;     /* as asked for, last... */
    int64_t limits[8]; /* ...and for the first ones */
    int shown;
    int64_t now_ms;            /* of the activity's clock, last */
    bool counts;               /* 20 requests, each of another kind */
    atomic_bool wait_for_stop; /* page 1 comes only when it is told to stop */
} pages;

static bool wait_until_stopped(ds_activity *act, ds_err *err)
{
    while (!ds_activity_stopping(act))
        ;
    return ds_fail(err, DS_ERR_CANCELLED, "stopped");
}

static const char *next_of(const pages *src, const ds_fetch *want, ds_page *page, int number)
{
    if (number == src->huge_cursor_at) {
        char *huge = ds_arena_alloc(page->arena, 100 * DS_KIB);

        memset(huge, 'c', 100 * DS_KIB);
        huge[100 * DS_KIB - 1] = '\0';
        return huge;
    }
    if (src->pieces)
        return number < src->last ? want->cursor + src->piece : NULL;
    if (src->back_from && number + 1 >= src->back_from)
        number = src->back_to + (number + 1 - src->back_from) % (src->back_from - src->back_to) - 1;
    return number < src->last ? ds_arena_printf(page->arena, "%d", number + 1) : NULL;
}

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    pages *src = (pages *)self;
    int number = src->started++;

    src->limit = (int64_t)want->limit;
    if (number < 8)
        src->limits[number] = src->limit;
    src->now_ms = ds_activity_now_ms(act);
    if (src->wait_for_stop && number > 0)
        return wait_until_stopped(act, err);
    for (int i = 0; i < 20 && src->counts; i++)
        ds_activity_count(act, ds_arena_printf(scratch, "GET /%d", i));
    if (number == src->fail_at)
        return ds_fail(err, DS_ERR_TRANSIENT, "page %d", number);
    assert(page->records_n == 0 && ds_activity_arena(act) == page->arena);
    ds_page_add(page)->primary_key =
        ds_arena_printf(page->arena, "%d after %s of %s", number,
                        want->cursor ? want->cursor : "nothing", want->unit);
    for (int i = 0; src->heavy && i < 100; i++) {
        ds_page_add(page)->primary_key = "k";
        if (number < 4)
            (void)ds_arena_alloc(page->arena, src->heavy);
    }
    page->restart = src->restart_at && (number == src->restart_at ||
                                        (src->always_restarts && number > src->restart_at));
    page->next_cursor = next_of(src, want, page, number);
    src->fetched++;
    return true;
}

static const ds_source_ops page_ops = {.kind = "pages",
                                       .abi = DS_CONNECTOR_ABI,
                                       .instance_size = sizeof(pages),
                                       .fetch_page = fetch_page};

typedef struct scene {
    pages src;
    fake_clock clock;
    ds_activity act;
    atomic_bool stop;
    fetcher *f;
} scene;

static scene *begin(pages like, const char *cursor)
{
    scene *s = ds_new_in(scratch, scene);
    ds_fetch want = {.unit = "all", .cursor = cursor, .limit = 10, .since_ms = -1};

    s->src = like;
    s->src.base.ops = &page_ops;
    fake_clock_init(&s->clock, 5000);
    s->act = (ds_activity){.clock = &s->clock.clock, .stop = &s->stop};
    s->f = fetcher_start(&s->src.base, &s->act, &want);
    return s;
}

/* All pages there are as "key|key|", with '!' and the error for one that failed. */
static const char *read_all(scene *s)
{
    const char *all = "";
    fetched *got;

    while ((got = fetcher_next(s->f)) != NULL) {
        if (!got->ok)
            all = ds_arena_printf(scratch, "%s!%s", all, got->err.text);
        else if (got->page.records_n == 1)
            all = ds_arena_printf(scratch, "%s%s|", all, got->page.records[0].primary_key);
    }
    return all;
}

static const struct row {
    const char *name;
    pages src;
    const char *cursor;
    const char *all;
} rows[] = {
    {"one page", {.last = 0, .fail_at = -1, .huge_cursor_at = -1}, NULL, "0 after nothing of all|"},
    {"three pages, each from where the last one ended",
     {.last = 2, .fail_at = -1, .huge_cursor_at = -1},
     NULL,
     "0 after nothing of all|1 after 1 of all|2 after 2 of all|"},
    {"from a checkpoint on",
     {.last = 1, .fail_at = -1, .huge_cursor_at = -1},
     "here",
     "0 after here of all|1 after 1 of all|"},
    {"the first page fails", {.last = 5, .fail_at = 0, .huge_cursor_at = -1}, NULL, "!page 0"},
    {"a page in the middle fails: the ones before are given",
     {.last = 5, .fail_at = 2, .huge_cursor_at = -1},
     NULL,
     "0 after nothing of all|1 after 1 of all|!page 2"},
    {"the last page fails",
     {.last = 2, .fail_at = 2, .huge_cursor_at = -1},
     NULL,
     "0 after nothing of all|1 after 1 of all|!page 2"},
    {"a cursor beyond measure",
     {.last = 5, .fail_at = -1, .huge_cursor_at = 1},
     NULL,
     "0 after nothing of all|!the source's cursor is larger than 65536 bytes"},
    {"a cursor that is a piece of the last one",
     {.last = 2, .fail_at = -1, .huge_cursor_at = -1, .pieces = true, .piece = 1},
     "abc",
     "0 after abc of all|1 after bc of all|2 after c of all|"},
    {"the cursor that was given is given back",
     {.last = 2, .fail_at = -1, .huge_cursor_at = -1, .pieces = true},
     "abc",
     "!pages gave the cursor \"abc\" a second time: its pages would never end; this is a fault of "
     "the connector or of the service it reads"},
    {"an empty one is a cursor, too",
     {.last = 2, .fail_at = -1, .huge_cursor_at = -1, .pieces = true},
     "",
     "!pages gave the cursor \"\" a second time: its pages would never end; this is a fault of the "
     "connector or of the service it reads"},
};

static void pages_come(void **state)
{
    const struct row *row = *state;
    scene *s = begin(row->src, row->cursor);
    const char *all = read_all(s);
    bool ended = fetcher_wait(s->f, 1000000); /* at once: none is to come */
    fetched *after = fetcher_next(s->f);

    fetcher_stop(s->f);
    assert_true(ended);
    assert_string_equal(all, row->all);
    assert_null(after); /* and after the end there is nothing, however often it is asked */
    assert_int_equal(s->src.limit, 10);
    assert_int_equal(s->src.now_ms, 5000);
}

/* Page 1000 leads back to some page before it: found before twice as many are read. */
static void no_circle_goes_unnoticed(void **state)
{
    (void)state;
    for (int to = 1; to < 1000; to = to < 4 ? to + 1 : to * 3) {
        scene *s = begin((pages){.last = 1 << 30,
                                 .fail_at = -1,
                                 .huge_cursor_at = -1,
                                 .back_from = 1000,
                                 .back_to = to},
                         NULL);
        fetched *got;
        int n = 0;

        while ((got = fetcher_next(s->f)) && got->ok)
            n++;
        assert_non_null(got);
        assert_int_equal(got->err.kind, DS_ERR_PERMANENT);
        assert_non_null(strstr(got->err.text, "a second time"));
        assert_in_range(n, 999, 3000);
        fetcher_stop(s->f);
    }
}

static void who_starts_over_may_name_what_it_named_before(void **state)
{
    scene *s = begin((pages){.last = 8,
                             .fail_at = -1,
                             .huge_cursor_at = -1,
                             .back_from = 4,
                             .back_to = 1,
                             .restart_at = 3},
                     NULL);
    fetched *got;
    int n = 0;

    (void)state;
    while ((got = fetcher_next(s->f)) && got->ok)
        n++;
    assert_non_null(got); /* once over is no circle, the second time is */
    assert_in_range(n, 6, 12);
    fetcher_stop(s->f);
}

static void who_starts_over_with_each_page_is_stopped(void **state)
{
    scene *s = begin((pages){.last = 1 << 30,
                             .fail_at = -1,
                             .huge_cursor_at = -1,
                             .restart_at = 1,
                             .always_restarts = true},
                     NULL);
    fetched *got;
    int n = 0;

    (void)state;
    while ((got = fetcher_next(s->f)) && got->ok)
        n++;
    assert_non_null(got);
    assert_int_equal(got->err.kind, DS_ERR_TRANSIENT);
    assert_non_null(strstr(got->err.text, "pages began anew"));
    assert_in_range(n, 10, 100);
    fetcher_stop(s->f);
}

static void a_failed_page_says_why(void **state)
{
    scene *s = begin((pages){.last = 5, .fail_at = 0, .huge_cursor_at = -1}, NULL);
    fetched *got = fetcher_next(s->f);

    (void)state;
    assert_non_null(got);
    assert_false(got->ok);
    assert_int_equal(got->err.kind, DS_ERR_TRANSIENT);
    fetcher_stop(s->f);
}

/* While the pass has page n, page n+1 is fetched and no more: memory is two pages'. */
static void one_page_ahead_and_no_further(void **state)
{
    scene *s = begin((pages){.last = 200, .fail_at = -1, .huge_cursor_at = -1}, NULL);
    bool in_order = true, ahead = true;

    (void)state;
    for (int n = 0; n <= 200; n++) {
        fetched *got = fetcher_next(s->f);
        const char *key = got->page.records[0].primary_key;

        in_order &= atoi(key) == n;
        ahead &= s->src.started <= n + 2;
        while (n < 200 && s->src.fetched < n + 2)
            ;                       /* the next page comes without being asked for */
        in_order &= atoi(key) == n; /* and leaves the page in hand alone */
    }
    assert_null(fetcher_next(s->f));
    fetcher_stop(s->f);
    assert_true(in_order);
    assert_true(ahead);
}

static void pages_settle_in_their_memory(void **state)
{
    scene *s = begin((pages){.last = 300, .fail_at = -1, .huge_cursor_at = -1}, NULL);
    size_t sizes[2] = {0};
    bool steady = true;

    (void)state;
    for (int n = 0; n <= 300; n++) {
        fetched *got = fetcher_next(s->f);

        ds_arena_alloc(got->arena, 3000); /* the pass uses the page's memory too */
        if (n >= 4)
            steady &= ds_arena_size(got->arena) == sizes[n % 2];
        sizes[n % 2] = ds_arena_size(got->arena);
    }
    fetcher_stop(s->f);
    assert_true(steady);
}

static void stopping_early_waits_for_nobody(void **state)
{
    (void)state;
    for (int taken = 0; taken < 4; taken++) {
        scene *s = begin((pages){.last = 1000000, .fail_at = -1, .huge_cursor_at = -1}, NULL);

        for (int n = 0; n < taken; n++)
            assert_non_null(fetcher_next(s->f));
        fetcher_stop(s->f);
        assert_true(s->src.started <= taken + 2);
    }
    fetcher_stop(NULL);
}

static void a_source_that_waits_is_told_to_stop(void **state)
{
    scene *s =
        begin((pages){.last = 5, .fail_at = -1, .huge_cursor_at = -1, .wait_for_stop = true}, NULL);
    fetched *got;

    (void)state;
    assert_true(fetcher_next(s->f)->ok);
    s->stop = true;
    got = fetcher_next(s->f);
    assert_false(got->ok);
    assert_int_equal(got->err.kind, DS_ERR_CANCELLED);
    fetcher_stop(s->f);
}

/* Nothing is wrong with the source then: what else has failed is the reason. */
static void a_page_that_was_given_up_is_no_failure(void **state)
{
    scene *s =
        begin((pages){.last = 5, .fail_at = -1, .huge_cursor_at = -1, .wait_for_stop = true}, NULL);
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(fetcher_next(s->f)->ok);
    assert_false(fetcher_failed(s->f, &err)); /* nothing has come yet */
    s->stop = true;
    while (!fetcher_wait(s->f, 1000000))
        ;
    assert_false(fetcher_failed(s->f, &err));
    assert_int_equal(err.kind, DS_ERR_NONE);
    fetcher_stop(s->f);
}

/* A source that waits for its server until it is told to stop. */
static bool wait_for_a_server(ds_source *self, ds_activity *act, const ds_fetch *want,
                              ds_page *page, ds_err *err)
{
    (void)self, (void)want, (void)page;
    while (!ds_activity_stopping(act))
        sched_yield();
    return ds_fail(err, DS_ERR_CANCELLED, "stopped");
}

static void a_page_that_nobody_waits_for_is_given_up(void **state)
{
    static const ds_source_ops ops = {.kind = "waits", .fetch_page = wait_for_a_server};
    ds_source src = {.ops = &ops};
    atomic_bool stop = false;
    ds_activity act = {.stop = &stop};
    ds_fetch want = {.unit = "all", .limit = 10, .since_ms = -1};
    fetcher *f = fetcher_start(&src, &act, &want);

    (void)state;
    assert_false(fetcher_wait(f, 1));
    fetcher_stop(f);
    assert_false(ds_activity_stopping(&act)); /* the pass itself goes on */
}

/* What is kept need not care which page it is of. */
static void a_memory_that_counts_no_pages_will_do(void **state)
{
    pages src = {.base = {.ops = &page_ops}, .last = 1, .fail_at = -1, .huge_cursor_at = -1};
    ds_memory memory = {.page_begins = NULL};
    fake_clock clock;
    ds_activity act = {.clock = &clock.clock, .memory = &memory};
    ds_fetch want = {.unit = "all", .limit = 10, .since_ms = -1};
    fetcher *f;

    (void)state;
    fake_clock_init(&clock, 5000);
    f = fetcher_start(&src.base, &act, &want);
    assert_true(fetcher_next(f)->ok);
    assert_true(fetcher_next(f)->ok);
    assert_null(fetcher_next(f));
    fetcher_stop(f);
}

/* How many records are asked for, page by page, where one takes so much memory. */
static const struct heavy {
    const char *name;
    size_t bytes;
    const char *asked;
} heavy_rows[] = {
    {"records that take little come 500 at once", 100, "500 500 500 500 500 500 500 500 "},
    {"large ones as many as fit, and small ones behind them as before", 10000,
     "500 103 103 103 104 104 500 500 "},
    {"huge ones a few", DS_MIB, "500 20 20 20 20 20 500 500 "},
};

static void large_records_come_in_small_pages(void **state)
{
    const struct heavy *row = *state;
    pages src = {.base = {.ops = &page_ops},
                 .last = 7,
                 .fail_at = -1,
                 .huge_cursor_at = -1,
                 .heavy = row->bytes};
    ds_fetch want = {.unit = "all", .limit = 500, .since_ms = -1};
    ds_activity act = {.clock = NULL};
    const char *asked = "";
    fake_clock clock;
    fetcher *f;

    fake_clock_init(&clock, 5000);
    act.clock = &clock.clock;
    f = fetcher_start_here(&src.base, &act, &want);
    for (int i = 0; i < 8; i++) {
        assert_true(fetcher_next(f)->ok);
        for (; src.shown < src.started; src.shown++)
            asked = ds_arena_printf(scratch, "%s%lld ", asked, (long long)src.limits[src.shown]);
    }
    fetcher_stop(f);
    assert_string_equal(asked, row->asked);
}

static void what_was_asked_for_is_told_as_far_as_there_is_room(void **state)
{
    fake_clock clock;
    pages src = {.base.ops = &page_ops, .fail_at = -1, .huge_cursor_at = -1};
    ds_activity act = {.clock = &clock.clock};
    ds_fetch want = {.unit = "all", .limit = 10, .since_ms = -1};

    (void)state;
    fake_clock_init(&clock, 5000);
    for (int counts = 0; counts < 2; counts++) {
        fetcher *f = fetcher_start_here(&src.base, &act, &want);
        ds_cost cost = {.n = 0};

        src.started = 0;
        src.counts = counts;
        assert_true(fetcher_wait(f, 1)); /* there is no other thread to wait for */
        assert_true(fetcher_next(f)->ok);
        assert_null(fetcher_next(f));
        fetcher_calls(f, &cost);
        assert_int_equal(cost.n, counts ? DS_COST_ENDPOINTS : 0);
        fetcher_stop(f);
    }
}

/* Caught by the linker (--wrap). */
static bool no_more_threads;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
    return no_more_threads ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

static void without_a_thread_the_first_page_fails(void **state)
{
    scene *s;
    fetched *got;

    (void)state;
    no_more_threads = true;
    s = begin((pages){.last = 5, .fail_at = -1, .huge_cursor_at = -1}, NULL);
    no_more_threads = false;
    assert_true(fetcher_wait(s->f, 1000000)); /* at once */
    got = fetcher_next(s->f);
    assert_non_null(got);
    assert_false(got->ok);
    assert_int_equal(got->err.kind, DS_ERR_TRANSIENT);
    assert_int_equal(strncmp(got->err.text, "no thread that reads: ", 22), 0);
    assert_null(fetcher_next(s->f));
    fetcher_stop(s->f);
    assert_int_equal(s->src.started, 0);
}

int main(void)
{
    add_table(rows, pages_come);
    add_test(no_circle_goes_unnoticed);
    add_test(who_starts_over_may_name_what_it_named_before);
    add_test(who_starts_over_with_each_page_is_stopped);
    add_test(a_failed_page_says_why);
    add_test(one_page_ahead_and_no_further);
    add_test(pages_settle_in_their_memory);
    add_test(stopping_early_waits_for_nobody);
    add_test(a_source_that_waits_is_told_to_stop);
    add_test(a_page_that_was_given_up_is_no_failure);
    add_test(a_page_that_nobody_waits_for_is_given_up);
    add_test(a_memory_that_counts_no_pages_will_do);
    add_table(heavy_rows, large_records_come_in_small_pages);
    add_test(what_was_asked_for_is_told_as_far_as_there_is_room);
    add_test(without_a_thread_the_first_page_fails);
    return run_tests("fetcher");
}
