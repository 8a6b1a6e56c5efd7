/* tests/unit/test_replay_engines.c
 *
 * Random lives, lived twice: as the history of a workflow, replayed from its first event at every
 * task, and as steps of the embedded engine on its store.  After each task both have the same unit.
 */
#include "replay_rig.h"

#include "engine/embedded/internal.h"
#include "support/tmpdir.h"
#include <fcntl.h>
#include <unistd.h>

#define LIVES 150
#define EVENTS 60

typedef struct chance {
    uint64_t x;
} chance;

static unsigned roll(chance *c, unsigned sides)
{
    c->x ^= c->x << 13;
    c->x ^= c->x >> 7;
    c->x ^= c->x << 17;
    return (unsigned)((c->x >> 33) % sides);
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void end_somehow(rig *g, chance *c)
{
    static const ds_pass_outcome outcomes[] = {DS_PASS_DONE,     DS_PASS_DONE,   DS_PASS_FAILED,
                                               DS_PASS_APPROVAL, DS_PASS_PAUSED, DS_PASS_SLICED,
                                               DS_PASS_WAITING,  DS_PASS_PARTIAL};

    switch (roll(c, 8)) {
    case 0:
        rig_end(g, DS_HE_ACTIVITY_FAILED, DS_PASS_FAILED, DS_ERR_TRANSIENT);
        break;
    case 1:
        if (g->activity.cancelled)
            rig_end(g, DS_HE_ACTIVITY_CANCELED, DS_PASS_CANCELLED, DS_ERR_NONE);
        break;
    default:
        rig_end(g, DS_HE_ACTIVITY_COMPLETED, outcomes[roll(c, DS_COUNT(outcomes))], DS_ERR_NONE);
    }
}

static void happen(rig *g, chance *c)
{
    static const struct {
        const char *name, *json;
    } signals[] = {
        {"sync_now", NULL},
        {"sync_now", "[]"},
        {"sync_now", "[\"a\",\"b\"]"},
        {"sync_now", "[\"c\"]"},
        {"pause", NULL},
        {"resume", NULL},
        {"set_interval", "5"},
        {"set_interval", "90"},
        {"approve", NULL},
        {"set_interval", "null"},
        {"gone", NULL},
        {"ensure", "{\"config\":\"d\",\"event\":{\"type\":\"ensure\",\"interval_ms\":1800000,"
                   "\"full_every_ms\":86400000,\"lists_changes\":true}}"},
    };
    size_t which = roll(c, DS_COUNT(signals));

    switch (roll(c, 8)) {
    case 0:
    case 1:
        rig_event(g, rig_signal(signals[which].name, signals[which].json));
        break;
    case 2:
        rig_fire(g);
        break;
    case 3:
        g->now_ms += roll(c, 40) * DS_MINUTE_MS;
        break;
    case 4:
        if (g->activity.open && roll(c, 3) == 0)
            g->activity.started = false;
        break;
    case 5:
        rig_lost_task(g, roll(c, 2) ? DS_HE_TASK_FAILED : DS_HE_TASK_TIMED_OUT);
        break;
    default:
        end_somehow(g, c);
    }
}

/* ---- the embedded engine's way --------------------------------------------------------------- */

typedef struct twin {
    ds_job job; /* first */
    ds_engine *engine;
    uint64_t seed;
    int64_t unit_id;
    size_t done_n; /* of the run's events, seen by an activation */
    int lost;      /* tasks */
} twin;

/* What the unit is told of an event; false: nothing. */
static bool told(const ds_hevent *ev, ds_event *out)
{
    const ds_json *arg = ev->args_n ? ev->args[0] : NULL;
    ds_err err = DS_ERR_INIT;
    int64_t minutes = 0;

    *out = (ds_event){.type = DS_EV_TIMER, .retry_after_ms = -1};
    if (ev->type == DS_HE_TIMER_FIRED)
        return true;
    if (ev->type == DS_HE_ACTIVITY_COMPLETED)
        return ds_event_read(arg, scratch, out, &err);
    out->type = DS_EV_PASS_ENDED;
    out->outcome = ev->type == DS_HE_ACTIVITY_FAILED ? DS_PASS_FAILED : DS_PASS_CANCELLED;
    out->error = out->outcome == DS_PASS_FAILED ? ev->error : NULL;
    out->error_kind = out->outcome == DS_PASS_FAILED ? "transient" : NULL;
    if (ev->type == DS_HE_ACTIVITY_FAILED || ev->type == DS_HE_ACTIVITY_CANCELED)
        return true;
    if (ev->type != DS_HE_SIGNALED)
        return false;
    if (strcmp(ev->name, "ensure") == 0)
        return ds_event_read(ds_json_get(arg, "event"), scratch, out, &err);
    *out = (ds_event){.retry_after_ms = -1};
    out->type = strcmp(ev->name, "sync_now") == 0  ? DS_EV_SYNC_NOW
                : strcmp(ev->name, "pause") == 0   ? DS_EV_PAUSE
                : strcmp(ev->name, "resume") == 0  ? DS_EV_RESUME
                : strcmp(ev->name, "approve") == 0 ? DS_EV_APPROVE
                : strcmp(ev->name, "gone") == 0    ? DS_EV_GONE
                                                   : DS_EV_SET_INTERVAL;
    if (out->type == DS_EV_SET_INTERVAL && !ds_json_int(arg, &minutes))
        return false;
    out->interval_ms = minutes * DS_MINUTE_MS;
    if (out->type == DS_EV_SYNC_NOW && ds_json_size(arg)) {
        const char **items = ds_arena_alloc(scratch, ds_json_size(arg) * sizeof(*items));

        DS_JSON_EACH (arg, item)
            items[out->items_n++] = ds_json_str(item, NULL);
        out->items = items;
    }
    return true;
}

static const char *text_of(const ds_unit *u)
{
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);

    ds_state_write(&w, u);
    return ds_arena_strdup(scratch, text.data);
}

static void take_step(twin *t, ds_tx *tx, ds_unit_step step, int64_t now_ms)
{
    ds_err err = DS_ERR_INIT;
    ds_unit_step *s = ds_new_in(scratch, ds_unit_step);

    *s = step;
    s->step.kind = &ds_unit_kind;
    s->step.id = t->unit_id;
    if (!ds_step_take(&s->step, t->engine, tx, now_ms, scratch, &err))
        fail_msg("%s", err.text);
    t->unit_id = s->row->id;
}

static const ds_unit *unit_of(twin *t, ds_tx *tx)
{
    ds_err err = DS_ERR_INIT;
    ds_unit_row *row = NULL;

    assert_true(ds_tx_unit_by_id(tx, t->unit_id, scratch, &row, &err));
    return &row->state;
}

static void follow(twin *t, ds_tx *tx, const rig *g, size_t upto, bool new_run)
{
    ds_event *events = ds_arena_alloc(scratch, (upto + 1) * sizeof(*events));
    size_t n = 0;

    for (; t->done_n < upto; t->done_n++)
        n += told(&g->events[t->done_n], &events[n]);
    take_step(t, tx, (ds_unit_step){.events = events, .events_n = n, .step.hold = new_run},
              ds_replay_now(g->last));
}

/* ---- one life -------------------------------------------------------------------------------- */

static void one_task(twin *t, ds_tx *tx, rig *g, chance *c)
{
    char letters[32] = "";
    int64_t started = rig_start_task(g);
    const rig before = *g;
    rig seen;
    int runs = g->runs;

    for (unsigned during = roll(c, 3); during > 0; during--) {
        if (roll(c, 2))
            rig_event(g, rig_signal("sync_now", NULL));
        else
            end_somehow(g, c);
    }
    g->page = roll(c, 2) ? 0 : 1 + roll(c, 20);
    rig_answer(g, started, letters, sizeof(letters));
    if (strchr(letters, 'R')) {
        t->lost++;
        return;
    }
    seen = before; /* a new run has other events */
    seen.last = g->last;
    follow(t, tx, &seen, (size_t)started, g->runs > runs);
    if (g->runs > runs)
        t->done_n = 0;
    assert_string_equal(text_of(rig_unit(g)), text_of(unit_of(t, tx)));
}

static void begin(twin *t, ds_tx *tx)
{
    static const ds_event ensure = {.type = DS_EV_ENSURE,
                                    .interval_ms = RIG_EVERY_MS,
                                    .full_every_ms = DS_DAY_MS,
                                    .retry_after_ms = -1};
    char name[32];

    snprintf(name, sizeof(name), "all%llu", (unsigned long long)t->seed);
    take_step(t, tx,
              (ds_unit_step){.route = "tasks",
                             .unit = ds_arena_strdup(scratch, name),
                             .ensure = true,
                             .events = &ensure,
                             .events_n = 1,
                             .step.hold = true},
              RIG_START);
}

static bool live(ds_job *job, ds_tx *tx, ds_err *err)
{
    twin *t = (twin *)job;
    chance c = {t->seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    ds_carry carry = {.route = "tasks", .unit_name = "all", .config = "c"};
    rig g = {.now_ms = RIG_START, .err = DS_ERR_INIT, .limits.events = 20 + roll(&c, 60)};

    (void)err;
    begin(t, tx);
    carry.unit = *unit_of(t, tx);
    rig_begin(&g, rig_input_of(&carry));
    for (int i = 0; i < EVENTS; i++) {
        if (roll(&c, 2))
            happen(&g, &c);
        else
            one_task(t, tx, &g, &c);
    }
    return true;
}

/* ---- a store on this thread ------------------------------------------------------------------ */

static bool create(const char *path, ds_err *err)
{
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

    (void)err;
    assert_true(fd >= 0);
    close(fd);
    return true;
}

static bool sync_names(const char *path, ds_err *err)
{
    (void)path;
    (void)err;
    return true;
}

static void both_engines_come_to_the_same_unit(void **state)
{
    static const ds_store_host host = {create, sync_names, 1000};
    static const ds_route route = {
        .name = "tasks", .every_ms = RIG_EVERY_MS, .full_every_ms = DS_DAY_MS, .fingerprint = "f"};
    const ds_route *routes[] = {&route};
    const ds_engine_options options = {.routes = routes, .routes_n = 1};
    DS_AUTO(tmpdir) dir = tmpdir_new();
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_store) store = ds_store_open_on(&host, tmpdir_file(dir, "state.db"), &err);
    DS_AUTO(ds_engine) engine = ds_engine_embedded(store, &options, &err);
    int lost = 0;

    (void)state;
    assert_non_null(engine);
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        twin t = {.job.run = live, .engine = engine, .seed = seed};

        assert_true(ds_store_do(store, DS_LANE_EVENT, &t.job, &err));
        lost += t.lost;
    }
    assert_true(lost > 0); /* a new run was refused now and then */
}

int main(void)
{
    add_test(both_engines_come_to_the_same_unit);
    return run_tests("replay_engines");
}
