/* tests/unit/test_notifier.c - notices that several processes could send: each is with one of them,
 * and what one has left behind another takes up. */
#include "engine/common/news.h"
#include "engine/common/notice_box.h"
#include "engine/common/notifier.h"
#include "store_fixture.h"
#include "support/fake_clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define ANOTHER 4711
#define ALARM_STEPS 6000
#define STEP_NS 10000000L /* between two looks: what is waited for comes by itself */

typedef struct channel {
    ds_notice_channel base; /* first */
    atomic_bool holds;      /* a try does not end by itself */
    atomic_int tries, taken, stopped;
} channel;

static void look_again(void)
{
    nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
}

#define until(condition)                                                                           \
    do {                                                                                           \
        int left = ALARM_STEPS;                                                                    \
        while (!(condition) && left-- > 0)                                                         \
            look_again();                                                                          \
        assert_true(left > 0);                                                                     \
    } while (0)

static bool send_one(ds_notice_channel *self, const char *text, const char *id,
                     const atomic_bool *stop, ds_err *err)
{
    channel *c = (channel *)self;

    (void)text, (void)id;
    atomic_fetch_add(&c->tries, 1);
    while (atomic_load(&c->holds) && !atomic_load(stop))
        look_again();
    if (atomic_load(stop)) {
        atomic_fetch_add(&c->stopped, 1);
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    }
    atomic_fetch_add(&c->taken, 1);
    return true;
}

typedef struct rig {
    fixture f;
    fake_clock clock;
    channel to;
    ds_notices notices;
    ds_notifier *notifier;
} rig;

static void rig_init(rig *r)
{
    *r = (rig){.f = fixture_new(), .to.base = {.name = "url", .send = send_one}};
    r->notices = (ds_notices){.on = DS_NOTICE_PAUSED, .channels = {&r->to.base}, .n = 1};
    fake_clock_init(&r->clock, NOW);
}

static void rig_start(rig *r)
{
    r->notifier = ds_notifier_start(r->f.store, &r->notices, &r->clock.clock, &r->f.err);
    assert_non_null(r->notifier);
}

static void rig_end(rig *r)
{
    ds_notifier_stop(r->notifier);
    fixture_end(&r->f);
}

/* ---- what is in the store -------------------------------------------------------------------- */

typedef struct box_call {
    rig *r;
    const char *unit;
    int64_t lease_of, lease_ms; /* to be set */
    ds_notice_box box;          /* out */
} box_call;

static bool put_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    box_call *c = arg;
    ds_unit_row *row;
    int64_t machines[DS_NOTICE_CHANNELS];

    if (!ds_tx_unit_add(tx, "plants", c->unit, NOW, scratch, &row, err))
        return false;
    row->state.paused = true;
    return ds_news_record(&(ds_turn){.row = row}, &c->r->notices, "store", tx, NOW, machines, err);
}

static bool read_box(ds_tx *tx, box_call *c, ds_machine_row **row, ds_err *err)
{
    const char *name = ds_arena_printf(scratch, "notice/url/plants:%s", c->unit);

    return ds_tx_machine_get(tx, DS_NOTICE_KIND, 0, name, scratch, row, err) &&
           ds_notice_box_read(*row, scratch, &c->box, err);
}

static bool read_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    ds_machine_row *row;

    return read_box(tx, arg, &row, err);
}

static bool lease_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    box_call *c = arg;
    ds_machine_row *row;

    if (!read_box(tx, c, &row, err))
        return false;
    c->box.lease_of = c->lease_of;
    c->box.lease_ms = c->lease_ms;
    return ds_notice_box_save(tx, &c->box, row, ds_notice_box_due(&c->box, NOW), scratch, err);
}

static void record(rig *r, const char *unit)
{
    must(&r->f, do_tx(&r->f, put_in_tx, &(box_call){.r = r, .unit = unit}));
}

static void lease(rig *r, const char *unit, int64_t lease_ms)
{
    box_call c = {.unit = unit, .lease_of = ANOTHER, .lease_ms = lease_ms};

    must(&r->f, do_tx(&r->f, lease_in_tx, &c));
}

static ds_notice_box box_of(rig *r, const char *unit)
{
    box_call c = {.unit = unit};

    must(&r->f, do_tx(&r->f, read_in_tx, &c));
    return c.box;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* The other's lease counts for as long as it says, and no longer. */
static void what_a_dead_one_had_is_taken_up(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    record(&r, "a");
    lease(&r, "a", NOW + DS_NOTICE_LEASE_MS);
    record(&r, "b");
    rig_start(&r);
    until(atomic_load(&r.to.taken) == 1);
    until(box_of(&r, "b").queue_n == 0);
    assert_int_equal(box_of(&r, "a").queue_n, 1);
    fake_clock_move(&r.clock, DS_NOTICE_LEASE_MS);
    ds_notifier_hurry(r.notifier);
    until(box_of(&r, "a").queue_n == 0);
    assert_int_equal(atomic_load(&r.to.taken), 2);
    assert_int_equal(box_of(&r, "a").lease_of, 0);
    rig_end(&r);
}

/* However long it takes; and once another has it all the same, it ends and changes nothing. */
static void a_long_try_stays_with_its_sender(void **state)
{
    ds_notice_box box;
    rig r;

    (void)state;
    rig_init(&r);
    atomic_store(&r.to.holds, true);
    record(&r, "a");
    rig_start(&r);
    until(atomic_load(&r.to.tries) == 1);
    assert_int_equal(box_of(&r, "a").lease_ms, NOW + DS_NOTICE_LEASE_MS);
    fake_clock_move(&r.clock, DS_SECOND_MS);
    until(box_of(&r, "a").lease_ms == NOW + DS_SECOND_MS + DS_NOTICE_LEASE_MS);
    lease(&r, "a", NOW + DS_HOUR_MS);
    until(atomic_load(&r.to.stopped) == 1);
    ds_notifier_stop(r.notifier);
    r.notifier = NULL;
    box = box_of(&r, "a");
    assert_int_equal(box.lease_of, ANOTHER);
    assert_int_equal(box.lease_ms, NOW + DS_HOUR_MS);
    assert_int_equal(box.queue_n, 1);
    assert_int_equal(box.failures, 0);
    rig_end(&r);
}

/* It has arrived, whoever has it by now: it is not told again. */
static void what_arrived_late_is_done(void **state)
{
    ds_notice_box box;
    rig r;

    (void)state;
    rig_init(&r);
    atomic_store(&r.to.holds, true);
    record(&r, "a");
    rig_start(&r);
    until(atomic_load(&r.to.tries) == 1);
    lease(&r, "a", NOW + DS_HOUR_MS);
    atomic_store(&r.to.holds, false);
    until((box = box_of(&r, "a")).queue_n == 0 || atomic_load(&r.to.stopped));
    if (!atomic_load(&r.to.stopped))
        assert_int_equal(box.lease_of, ANOTHER);
    rig_end(&r);
}

/* Its receiver takes nothing, and so many wait for it that whoever looks at those that are due sees
 * no others. */
static void one_way_is_not_kept_waiting_by_the_other(void **state)
{
    channel command = {.base = {.name = "command", .send = send_one}};
    char unit[16];
    rig r;

    (void)state;
    rig_init(&r);
    atomic_store(&r.to.holds, true);
    for (int i = 0; i < 80; i++) {
        snprintf(unit, sizeof(unit), "u%d", i);
        record(&r, unit);
    }
    r.notices.channels[r.notices.n++] = &command.base;
    record(&r, "last");
    rig_start(&r);
    until(atomic_load(&command.taken) == 1);
    assert_int_equal(atomic_load(&r.to.taken), 0);
    rig_end(&r);
}

int main(void)
{
    add_test(what_a_dead_one_had_is_taken_up);
    add_test(a_long_try_stays_with_its_sender);
    add_test(what_arrived_late_is_done);
    add_test(one_way_is_not_kept_waiting_by_the_other);
    return run_tests("notifier");
}
