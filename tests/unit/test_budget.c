/* tests/unit/test_budget.c - what one credential may spend, in virtual time. */
#include "support/budget_world.h"
#include "support/run.h"

#include <stdio.h>

#define NOT_TOLD .wait_ms = -1, .limit = -1, .remaining = -1, .reset_ms = -1

static const ds_budget_news fine = {NOT_TOLD};

/* ---- a limit that nobody tells -----------------------------------------------------------------
 */

static const struct hidden {
    const char *name;
    int64_t allowed, window_ms;
    bool says_when;
    size_t routes;
    int in_flight;
    double used, refused; /* at least, at most */
} hidden[] = {
    {"3/s in windows of a minute, 10 routes", 180, 60000, true, 10, 3, 0.95, 0.005},
    {"the same, one request at a time", 180, 60000, true, 10, 1, 0.95, 0.005},
    {"the same, one route", 180, 60000, true, 1, 1, 0.95, 0.005},
    {"15/s in windows of a minute, 40 routes", 900, 60000, true, 40, 2, 0.95, 0.005},
    {"100/s", 6000, 60000, true, 10, 8, 0.95, 0.005},
    {"20 a minute", 20, 60000, true, 10, 2, 0.95, 0.01},
    {"3 in each second", 3, 1000, true, 10, 3, 0.9, 0.005},
    {"3 in each second, without a hint", 3, 1000, false, 10, 3, 0.9, 0.005},
    {"10 in each second", 10, 1000, true, 3, 4, 0.9, 0.005},
    {"3/s in windows of a minute, without a hint", 180, 60000, false, 10, 3, 0.95, 0.005},
};

/* Some tens of thousands of requests, within a third of an hour and four. */
static int64_t long_enough(const struct hidden *row)
{
    int64_t ms = 40000 * row->window_ms / row->allowed;

    return DS_MIN(DS_MAX(ms, 20 * DS_MINUTE_MS), 4 * DS_HOUR_MS);
}

static void a_hidden_limit_is_used_and_kept(void **state)
{
    const struct hidden *row = *state;
    int64_t end = long_enough(row);

    for (uint64_t seed = 1; seed <= 2; seed++) {
        budget_world w = {.allowed = row->allowed,
                          .window_ms = row->window_ms,
                          .window_at = row->window_ms * (int64_t)seed / 4,
                          .says_when = row->says_when,
                          .answer_ms = 100,
                          .routes = row->routes,
                          .in_flight = row->in_flight,
                          .seed = seed,
                          .window = -1};
        ds_budget *b = ds_budget_new(0, 0);
        double possible = (double)row->allowed * (double)end / (double)row->window_ms;

        world_run(&w, b, 0, end);
        ds_budget_free(b);
        assert_true((double)w.served >= row->used * possible);
        assert_true((double)w.refused <= row->refused * (double)w.sent);
        for (size_t i = 0; i < w.routes; i++) /* no route below half of its share */
            assert_true(2 * w.served_by[i] * (int64_t)w.routes >= w.served);
    }
}

static void a_limit_that_changes_is_learnt_anew(void **state)
{
    budget_world w = {.allowed = 180,
                      .window_ms = 60000,
                      .says_when = true,
                      .answer_ms = 100,
                      .routes = 4,
                      .in_flight = 2,
                      .seed = 1,
                      .window = -1};
    ds_budget *b = ds_budget_new(0, 0);
    int64_t before;

    (void)state;
    world_run(&w, b, 0, DS_HOUR_MS);
    w.allowed = 60;
    before = w.served;
    world_run(&w, b, DS_HOUR_MS, 2 * DS_HOUR_MS);
    assert_true(w.served - before >= 60 * 60 * 90 / 100);
    w.allowed = 360;
    world_run(&w, b, 2 * DS_HOUR_MS, 3 * DS_HOUR_MS); /* it creeps up to there */
    before = w.served;
    world_run(&w, b, 3 * DS_HOUR_MS, 4 * DS_HOUR_MS);
    assert_true(w.served - before >= 360 * 60 * 95 / 100);
    ds_budget_free(b);
}

/* Sends `n` as fast as it may; the last is refused for half a minute. The time after it. */
static int64_t refused_at(ds_budget *b, int n, int64_t now)
{
    static const ds_budget_news no = {
        .end = DS_BUDGET_REFUSED, .wait_ms = 30000, .limit = -1, .remaining = -1, .reset_ms = -1};
    ds_seat *seat = ds_seat_take(b, "r", DS_HASTE_USUAL);

    for (int i = 1; i <= n; i++) {
        int64_t wait;

        while ((wait = ds_budget_ask(seat, 1, now)) > 0)
            now += wait;
        ds_budget_answer(seat, 1, now, now + 100, i == n ? &no : &fine);
        now += 100;
    }
    ds_seat_leave(seat);
    return now;
}

static void a_stray_refusal_costs_little_and_a_second_one_more(void **state)
{
    static const int after[] = {1, 5, 40};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(after); i++) {
        budget_world w = {.allowed = 180,
                          .window_ms = 60000,
                          .says_when = true,
                          .answer_ms = 100,
                          .routes = 4,
                          .in_flight = 2,
                          .seed = 1,
                          .window = -1};
        DS_AUTO(ds_budget) b = ds_budget_new(0, 0);
        int64_t now = DS_HOUR_MS;
        double pace, once;

        world_run(&w, b, 0, now);
        pace = ds_budget_pace(b);
        now = refused_at(b, after[i], now + 15 * DS_MINUTE_MS); /* the next pass has just begun */
        once = ds_budget_pace(b);
        assert_true(once < pace && once > 0.79 * pace);
        refused_at(b, after[i], now);
        assert_true(ds_budget_pace(b) < 0.65 * once);
    }
}

/* ---- a window that the server tells of ---------------------------------------------------------
 */

static void a_told_window_is_spent_down_to_a_reserve(void **state)
{
    ds_budget *b = ds_budget_new(0, 0);
    ds_seat *asked = ds_seat_take(b, "a", DS_HASTE_ASKED),
            *usual = ds_seat_take(b, "b", DS_HASTE_USUAL),
            *fill = ds_seat_take(b, "c", DS_HASTE_FILL);
    ds_budget_news news = {.wait_ms = -1, .limit = 1000, .remaining = 101, .reset_ms = 600000};
    int n = 0;

    (void)state;
    assert_int_equal(ds_budget_ask(fill, 1, 0), 0); /* nothing is known */
    ds_budget_answer(fill, 1, 0, 100, &news);
    assert_int_equal(ds_budget_ask(fill, 1, 100), 0);
    assert_int_equal(ds_budget_ask(fill, 1, 100), 601000); /* a tenth is not for filling */
    while (ds_budget_ask(usual, 1, 100) == 0)
        n++;
    assert_int_equal(n, 80);
    for (n = 0; ds_budget_ask(asked, 1, 100) == 0;)
        n++;
    assert_int_equal(n, 20);
    assert_int_equal(ds_budget_ask(asked, 1, 600100), 1000);
    assert_int_equal(ds_budget_ask(fill, 1, 601100), 0); /* a new window */
    ds_budget_free(b);
}

static void an_empty_window_is_waited_for_and_slows_nothing_down(void **state)
{
    ds_budget *b = ds_budget_new(0, 0);
    ds_seat *seat = ds_seat_take(b, "a", DS_HASTE_USUAL);
    ds_budget_news empty = {
        .end = DS_BUDGET_REFUSED, .wait_ms = -1, .limit = 60, .remaining = 0, .reset_ms = 1800000};

    (void)state;
    assert_int_equal(ds_budget_ask(seat, 1, 0), 0);
    ds_budget_answer(seat, 1, 0, 50, &empty);
    assert_int_equal(ds_budget_ask(seat, 1, 50), 1801000);
    assert_int_equal(ds_budget_ask(seat, 1, 1801050), 0);
    assert_true(ds_budget_pace(b) <= 0);
    assert_int_equal(ds_budget_refusals(b), 1);
    ds_budget_free(b);
}

/* ---- pauses ------------------------------------------------------------------------------------
 */

static void refuse(ds_seat *seat, int64_t now, int64_t wait_ms, int64_t first_ms)
{
    ds_budget_news no = {.end = DS_BUDGET_REFUSED, NOT_TOLD, .first_ms = first_ms};

    no.wait_ms = wait_ms;
    assert_int_equal(ds_budget_ask(seat, 1, now), 0);
    ds_budget_answer(seat, 1, now, now, &no);
}

static void a_pause_that_is_told_is_kept(void **state)
{
    ds_budget *b = ds_budget_new(0, 0);
    ds_seat *seat = ds_seat_take(b, "a", DS_HASTE_ASKED);

    (void)state;
    refuse(seat, 1000, 60000, 0);
    assert_int_equal(ds_budget_ask(seat, 1, 1001), 59999);
    assert_true(ds_budget_ask(seat, 1, 60999) >= 1);
    assert_int_equal(ds_budget_ask(seat, 1, 61000), 0);
    ds_budget_free(b);
}

static void one_that_is_not_told_doubles(void **state)
{
    static const int64_t usual[] = {1000, 2000, 4000, 8000},
                         slow[] = {60000, 120000, 240000, 300000};
    int64_t now = 0;

    (void)state;
    for (int form = 0; form < 2; form++) {
        ds_budget *b = ds_budget_new(0, 0);
        ds_seat *seat = ds_seat_take(b, "a", DS_HASTE_USUAL);

        for (size_t i = 0; i < DS_COUNT(usual); i++) {
            int64_t want = form ? slow[i] : usual[i];

            refuse(seat, now, -1, form ? 60000 : 0);
            assert_int_equal(ds_budget_ask(seat, 1, now), want);
            now += want;
        }
        /* Then one goes ahead and the others wait for what becomes of it. */
        assert_int_equal(ds_budget_ask(seat, 1, now), 0);
        assert_true(ds_budget_ask(seat, 1, now) > 0);
        ds_budget_free(b);
    }
}

static void a_busy_server_pauses_without_slowing_down(void **state)
{
    ds_budget *b = ds_budget_new(0, 0);
    ds_seat *seat = ds_seat_take(b, "a", DS_HASTE_USUAL);
    ds_budget_news busy = {.end = DS_BUDGET_BUSY, NOT_TOLD};

    (void)state;
    busy.wait_ms = 3000;
    assert_int_equal(ds_budget_ask(seat, 1, 0), 0);
    ds_budget_answer(seat, 1, 0, 10, &busy);
    assert_int_equal(ds_budget_ask(seat, 1, 10), 3000);
    assert_int_equal(ds_budget_ask(seat, 1, 3010), 0);
    assert_true(ds_budget_pace(b) <= 0);
    ds_budget_free(b);
}

/* ---- how many at one time ---------------------------------------------------------------------
 */

static int send_all(ds_seat *seat, int most, int64_t now_ms)
{
    int sent = 0;

    while (sent < most && ds_budget_ask(seat, 1, now_ms) == 0)
        sent++;
    return sent;
}

static void answer_all(ds_seat *seat, int n, int64_t sent_ms, int64_t now_ms)
{
    for (int i = 0; i < n; i++)
        ds_budget_answer(seat, 1, sent_ms, now_ms, &fine);
}

static void a_busy_server_gets_fewer_at_one_time(void **state)
{
    static const ds_budget_news busy = {
        .end = DS_BUDGET_BUSY, .wait_ms = 1000, .limit = -1, .remaining = -1, .reset_ms = -1};
    DS_AUTO(ds_budget) b = ds_budget_new(0, 0);
    ds_seat *seat = ds_seat_take(b, "r", DS_HASTE_USUAL);
    int64_t now = 1000;
    int sent = send_all(seat, 16, now);

    (void)state;
    assert_int_equal(sent, 16);
    for (int i = 0; i < 16; i++) /* what they say all together counts once */
        ds_budget_answer(seat, 1, now, now + 100, &busy);
    now += 1200;
    assert_int_equal(send_all(seat, 16, now), 8);
    for (sent = 8; sent < 64; now += 1000) { /* and one more with each round of answers */
        int before = sent;

        answer_all(seat, sent, now, now + 100);
        sent = send_all(seat, 100, now + 1000);
        assert_in_range(sent, before, before + 1);
    }
    answer_all(seat, sent, now, now + 100);
    assert_int_equal(send_all(seat, 100, now + 1000), 100); /* until it is no limit any more */
}

static void so_does_one_that_answers_ever_slower(void **state)
{
    DS_AUTO(ds_budget) b = ds_budget_new(0, 0);
    ds_seat *seat = ds_seat_take(b, "r", DS_HASTE_USUAL);
    int64_t now = 1000;

    (void)state;
    assert_int_equal(send_all(seat, 32, now), 32);
    answer_all(seat, 32, now, now + 50);
    for (int round = 0; round < 40; round++) {
        int sent;

        now += 6000;
        sent = send_all(seat, 32, now);
        assert_true(sent >= 4);
        answer_all(seat, sent, now, now + 5000);
    }
    assert_int_equal(send_all(seat, 32, now + 6000), 4); /* not fewer: requests differ */
}

static void what_is_declared_is_the_most(void **state)
{
    ds_budget *b = ds_budget_new(180, 60000);
    ds_seat *seat = ds_seat_take(b, "a", DS_HASTE_USUAL);
    int64_t now = 0, n = 0;

    (void)state;
    while (now < DS_HOUR_MS) {
        int64_t wait = ds_budget_ask(seat, 1, now);

        if (wait > 0) {
            now += wait;
            continue;
        }
        n++;
        ds_budget_answer(seat, 1, now, now, &fine);
    }
    assert_in_range(n, 3 * 3600 * 98 / 100, 3 * 3600 + 10);
    ds_budget_free(b);
}

static void a_request_may_cost_more(void **state)
{
    ds_budget *b = ds_budget_new(10, 1000);
    ds_seat *seat = ds_seat_take(b, "a", DS_HASTE_USUAL);

    (void)state;
    assert_int_equal(ds_budget_ask(seat, 5, 0), 0);
    assert_in_range(ds_budget_ask(seat, 1, 0), 500, 510);
    assert_int_equal(ds_budget_ask(seat, 1, 510), 0);
    ds_budget_free(b);
}

/* ---- whose turn it is --------------------------------------------------------------------------
 */

static void haste_gets_more_and_nobody_gets_nothing(void **state)
{
    ds_budget *b = ds_budget_new(10, 1000);
    ds_seat *seats[] = {ds_seat_take(b, "a", DS_HASTE_ASKED), ds_seat_take(b, "b", DS_HASTE_USUAL),
                        ds_seat_take(b, "c", DS_HASTE_FILL)};
    int64_t again[3] = {0}, got[3] = {0};

    (void)state;
    for (int64_t now = 0; now < 1000000; now++) {
        for (size_t i = 0; i < 3; i++) {
            if (again[i] > now)
                continue;
            again[i] = now + ds_budget_ask(seats[i], 1, now);
            if (again[i] == now) {
                got[i]++;
                ds_budget_answer(seats[i], 1, now, now, &fine);
            }
        }
    }
    assert_true(got[0] > 2 * got[1] && got[1] > 2 * got[2] && got[2] > 100);
    assert_true(got[0] + got[1] + got[2] > 9500);
    ds_budget_free(b);
}

static void one_that_left_is_not_waited_for(void **state)
{
    ds_budget *b = ds_budget_new(1, 1000);
    ds_seat *first = ds_seat_take(b, "a", DS_HASTE_USUAL),
            *other = ds_seat_take(b, "b", DS_HASTE_USUAL);

    (void)state;
    assert_int_equal(ds_budget_ask(other, 1, 0), 0);
    assert_true(ds_budget_ask(first, 1, 1) > 0); /* waits, and is in front */
    assert_true(ds_budget_ask(other, 1, 1) > 1001);
    ds_budget_give_up(first);
    assert_int_equal(ds_budget_ask(other, 1, 1010), 0);
    assert_true(ds_budget_ask(first, 1, 1011) > 0); /* says nothing any more */
    assert_true(ds_budget_ask(other, 1, 2020) > 0);
    assert_int_equal(ds_budget_ask(other, 1, 2700), 0);
    ds_budget_free(b);
}

/* ---- what is kept ------------------------------------------------------------------------------
 */

static void what_was_learnt_outlives_the_process(void **state)
{
    ds_budget *b = ds_budget_new(0, 0), *next = ds_budget_new(0, 0);
    ds_seat *seat = ds_seat_take(b, "a", DS_HASTE_USUAL),
            *after = ds_seat_take(next, "a", DS_HASTE_USUAL);
    DS_AUTO_BUF(text, DS_KIB);

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(ds_budget_ask(seat, 1, i * 10), 0);
        ds_budget_answer(seat, 1, i * 10, i * 10, &fine);
    }
    refuse(seat, 1000, 9000, 0);
    ds_budget_save(b, 1500, 1000000, &text);
    ds_budget_load(next, text.data, 77, 1002000); /* 579 ms later by UTC, on a clock of its own */
    assert_int_equal(ds_budget_ask(after, 1, 77), 10000 + 1000000 - 77 - 1002000);
    assert_true(ds_budget_pace(next) > 9.7 && ds_budget_pace(next) < 9.9);
    ds_budget_free(b);
    ds_budget_free(next);
}

static void what_is_no_memory_is_ignored(void **state)
{
    static const char *const texts[] = {
        "",
        "2 pace 1",
        "1 pace nan paused 0 limit 0 remaining 0 reset 0",
        "1 pace inf paused 0 limit 0 remaining 0 reset 0",
        "1 pace -1 paused -5 limit -1 remaining -1 reset -1",
        "1 pace 0 paused 9223372036854775807 limit 5 remaining 9 reset 9223372036854775807",
        "1 pace 0 paused 999999999999999 limit 9223372036854775807 remaining 0 reset 999999999999"};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(texts); i++) {
        ds_budget *b = ds_budget_new(0, 0);
        ds_seat *seat = ds_seat_take(b, "a", DS_HASTE_USUAL);

        ds_budget_load(b, texts[i], 1000, 0);
        assert_int_equal(ds_budget_ask(seat, 1, 1000), 0);
        ds_budget_free(b);
    }
}

/* ---- at random ---------------------------------------------------------------------------------
 */

static void whatever_servers_say(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        budget_world w = {.seed = seed};
        ds_budget *b =
            ds_budget_new((int64_t)world_random(&w, 20), (int64_t)world_random(&w, 2000));
        ds_seat *seats[4];
        int64_t now = 0, flying = 0, last = 0;

        for (int i = 0; i < 4; i++)
            seats[i] =
                ds_seat_take(b, world_random(&w, 2) ? "a" : "b", (ds_haste)world_random(&w, 3));
        for (int i = 0; i < 400; i++) {
            ds_seat *seat = seats[world_random(&w, 4)];
            int64_t wait = ds_budget_ask(seat, (int64_t)world_random(&w, 4), now);
            ds_budget_news news = {.end = (ds_budget_end)world_random(&w, 4),
                                   .wait_ms = (int64_t)world_random(&w, 90000) - 1000,
                                   .first_ms = (int64_t)world_random(&w, 3) * 30000,
                                   .limit = (int64_t)world_random(&w, 100) - 5,
                                   .remaining = (int64_t)world_random(&w, 100) - 5,
                                   .reset_ms = (int64_t)world_random(&w, 90000) - 5};

            news.wait_ms = DS_MAX(news.wait_ms, -1);
            assert_in_range(wait, 0, DS_DAY_MS + DS_HOUR_MS);
            flying += wait == 0;
            last = wait == 0 ? now : last;
            if (flying && world_random(&w, 2)) {
                ds_budget_answer(seat, 1, last, now, &news);
                flying--;
            }
            now += (int64_t)world_random(&w, 3000);
        }
        while (flying--) /* and then it is good again: sooner or later everybody gets on */
            ds_budget_answer(seats[0], 1, last, now, &fine);
        for (int i = 0; i < 4; i++) {
            int64_t wait, until = now + DS_DAY_MS;

            while ((wait = ds_budget_ask(seats[i], 1, now)) > 0 && now < until)
                now += wait;
            assert_true(now < until);
            ds_budget_answer(seats[i], 1, now, now, &fine);
        }
        ds_budget_free(b);
    }
}

int main(void)
{
    add_table(hidden, a_hidden_limit_is_used_and_kept);
    add_test(a_limit_that_changes_is_learnt_anew);
    add_test(a_stray_refusal_costs_little_and_a_second_one_more);
    add_test(a_told_window_is_spent_down_to_a_reserve);
    add_test(an_empty_window_is_waited_for_and_slows_nothing_down);
    add_test(a_pause_that_is_told_is_kept);
    add_test(one_that_is_not_told_doubles);
    add_test(a_busy_server_pauses_without_slowing_down);
    add_test(a_busy_server_gets_fewer_at_one_time);
    add_test(so_does_one_that_answers_ever_slower);
    add_test(what_is_declared_is_the_most);
    add_test(a_request_may_cost_more);
    add_test(haste_gets_more_and_nobody_gets_nothing);
    add_test(one_that_left_is_not_waited_for);
    add_test(what_was_learnt_outlives_the_process);
    add_test(what_is_no_memory_is_ignored);
    add_test(whatever_servers_say);
    return run_tests("budget");
}
