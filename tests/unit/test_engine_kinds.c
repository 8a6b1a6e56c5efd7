/* tests/unit/test_engine_kinds.c
 *
 * Machines of another kind beside the units: a bell that rings every ten minutes, tells, and waits
 * until somebody has heard it.  Its rules, its state and its events are its own; the engine gives
 * it durable steps, timers, and a start that goes on where the last one ended.
 */
#include "engine_rig.h"

#include <durable_sync/json.h>

#define RINGS_EVERY (10 * DS_MINUTE_MS)
#define BELL_LOGIC 3

static struct heard {
    pthread_mutex_t lock;
    pthread_cond_t news;
    int64_t told;               /* so many durable steps */
    int64_t rings, acks, at_ms; /* of the last one */
    bool deaf;                  /* says nothing back */
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER};

typedef struct bell_step {
    ds_step step; /* first */
    bool ack;     /* its event: heard. Else: its time has come */
    ds_machine_row *row;
    int64_t rings, acks;
} bell_step;

extern const ds_machine_kind bell_kind;

static bool find(ds_step *step, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    bell_step *s = (bell_step *)step;
    const ds_json *state;

    (void)now_ms;
    if (!ds_tx_machine_get(tx, "bell", step->id, NULL, a, &s->row, err))
        return false;
    step->found = s->row != NULL;
    if (!s->row)
        return true;
    state = ds_json_read(a, s->row->state, strlen(s->row->state), err);
    return state && ds_json_int(ds_json_get(state, "rings"), &s->rings) &&
           ds_json_int(ds_json_get(state, "acks"), &s->acks);
}

static bool apply(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    bell_step *s = (bell_step *)step;

    (void)e, (void)tx, (void)now_ms, (void)a, (void)err;
    s->rings += !s->ack;
    s->acks += s->ack;
    s->row->running = s->acks < s->rings;
    return true;
}

static void decide(ds_step *step, ds_engine *e, int64_t now_ms)
{
    (void)e;
    step->wake_ms = now_ms + RINGS_EVERY;
}

static bool save(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    bell_step *s = (bell_step *)step;
    char state[64];

    (void)e, (void)now_ms;
    snprintf(state, sizeof(state), "{\"rings\":%lld,\"acks\":%lld}", (long long)s->rings,
             (long long)s->acks);
    s->row->state = state;
    s->row->logic = BELL_LOGIC;
    return ds_tx_machine_save(tx, s->row, step->wake_ms, err);
}

static void add_step(ds_activation *act, int64_t id, bool ack)
{
    bell_step *s = ds_new_in(act->arena, bell_step);

    *s = (bell_step){.step = {.kind = &bell_kind, .id = id}, .ack = ack};
    ds_activation_add(act, &s->step);
}

static void add_timer(ds_activation *act, int64_t id)
{
    add_step(act, id, false);
}

static void say_back(ds_engine *e, int64_t id)
{
    ds_activation *act = ds_activation_new(e);

    add_step(act, id, true);
    ds_activation_submit(act);
}

static void carry_out(ds_engine *e, ds_activation *act, const ds_step *step)
{
    const bell_step *s = (const bell_step *)step;

    (void)act;
    pthread_mutex_lock(&heard.lock);
    heard.told++;
    heard.rings = s->rings;
    heard.acks = s->acks;
    heard.at_ms = ds_emb_now(e);
    pthread_cond_broadcast(&heard.news);
    pthread_mutex_unlock(&heard.lock);
    if (!s->ack && !heard.deaf)
        say_back(e, step->id);
}

const ds_machine_kind bell_kind = {
    .name = "bell",
    .find = find,
    .apply = apply,
    .decide = decide,
    .save = save,
    .carry_out = carry_out,
    .add_timer = add_timer,
};

/* ---- the test's side ------------------------------------------------------------------------- */

static void wait_for(const int64_t *count, int64_t n)
{
    pthread_mutex_lock(&heard.lock);
    while (*count < n)
        pthread_cond_wait(&heard.news, &heard.lock);
    pthread_mutex_unlock(&heard.lock);
    assert_int_equal(*count, n);
}

typedef struct bell_job {
    ds_job job; /* first */
    bool add;
    int64_t due_ms;
    ds_machine_row row, *found;
} bell_job;

static bool run_bell_job(ds_job *job, ds_tx *tx, ds_err *err)
{
    bell_job *b = (bell_job *)job;

    if (b->add)
        return ds_tx_machine_add(tx, "bell", &b->row, b->due_ms, err);
    return ds_tx_machine_get(tx, "bell", 0, "front door", scratch, &b->found, err);
}

static void hang_bell(rig *r, int64_t due_ms)
{
    bell_job b = {.job.run = run_bell_job, .add = true, .due_ms = due_ms};

    b.row = (ds_machine_row){
        .name = "front door", .logic = BELL_LOGIC, .state = "{\"rings\":0,\"acks\":0}"};
    heard.told = heard.rings = heard.acks = 0;
    heard.deaf = false;
    if (!ds_store_do(r->store, DS_LANE_EVENT, &b.job, &r->err))
        fail_msg("%s", r->err.text);
}

static const ds_machine_row *stored_bell(rig *r)
{
    bell_job b = {.job.run = run_bell_job};

    if (!ds_store_do(r->store, DS_LANE_EVENT, &b.job, &r->err))
        fail_msg("%s", r->err.text);
    assert_non_null(b.found);
    return b.found;
}

static void start(rig *r)
{
    static const ds_machine_kind *const kinds[] = {&bell_kind}; /* a restart reads it again */

    r->kinds = kinds;
    r->kinds_n = 1;
    rig_start(r);
}

static void it_lives_beside_the_units(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    hang_bell(&r, T0 + RINGS_EVERY);
    rig_rows("all", 3);
    start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    for (int64_t i = 1; i <= 2; i++) {
        rig_move(&r, RINGS_EVERY);
        wait_for(&heard.acks, i);
    }
    assert_int_equal(r.runs_n, 1); /* the unit's own time has not come */
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    wait_for(&heard.acks, 3); /* one ring for a time that has gone by three times */
    assert_int_equal(heard.at_ms, T0 + 2 * RINGS_EVERY + EVERY);
    rig_stop(&r);
    assert_string_equal(stored_bell(&r)->state, "{\"rings\":3,\"acks\":3}");
    assert_int_equal(stored_bell(&r)->logic, BELL_LOGIC);
    assert_false(stored_bell(&r)->running);
    rig_end(&r);
}

static void the_next_start_goes_on_with_it(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    hang_bell(&r, T0);
    heard.deaf = true;
    start(&r);
    wait_for(&heard.rings, 1);
    rig_stop(&r);
    assert_true(stored_bell(&r)->running);
    heard.deaf = false;
    fake_clock_move(&r.clock, RINGS_EVERY);
    rig_restart(&r);
    wait_for(&heard.acks, 1);
    rig_stop(&r);
    assert_string_equal(stored_bell(&r)->state, "{\"rings\":2,\"acks\":1}");
    rig_end(&r);
}

static void a_kind_that_is_not_hosted_is_left_alone(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    hang_bell(&r, T0);
    rig_rows("all", 1);
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_stop(&r);
    assert_string_equal(stored_bell(&r)->state, "{\"rings\":0,\"acks\":0}");
    rig_end(&r);
}

/* More than one activation takes: none is left behind, of either kind. */
static void many_are_all_served(void **state)
{
    enum { MANY = DS_EMB_DUE_MAX + 40 };
    bell_job b = {.job.run = run_bell_job, .add = true, .due_ms = T0};
    rig r;

    (void)state;
    rig_init(&r);
    hang_bell(&r, T0);
    heard.deaf = true;
    for (int i = 1; i < MANY; i++) {
        b.row = (ds_machine_row){.name = ds_arena_printf(scratch, "bell %d", i),
                                 .state = "{\"rings\":0,\"acks\":0}"};
        if (!ds_store_do(r.store, DS_LANE_EVENT, &b.job, &r.err))
            fail_msg("%s", r.err.text);
    }
    rig_rows("all", 1);
    start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    wait_for(&heard.told, MANY);
    rig_stop(&r);
    assert_int_equal(heard.told, MANY); /* each once */
    rig_end(&r);
}

int main(void)
{
    add_test(it_lives_beside_the_units);
    add_test(the_next_start_goes_on_with_it);
    add_test(a_kind_that_is_not_hosted_is_left_alone);
    add_test(many_are_all_served);
    return run_tests("kinds of machines");
}
