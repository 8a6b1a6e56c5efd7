/* tests/unit/test_unit_random.c - random lives of a sync unit against what must always hold. */
#include "unit_life.h"

/* ---- random lives ---------------------------------------------------------------------------- */

#define RANDOM_LIVES 10000
#define RANDOM_EVENTS 40
#define RANDOM_ITEMS 6

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

/* What an onlooker knows: which pass runs, and what was asked for and not yet served. */
typedef struct onlooker {
    bool passing, interrupted;
    bool full_asked; /* and not served by a pass that started later and ended well */
    bool asked[RANDOM_ITEMS];
    bool full_in_pass; /* what the pass that runs was started with */
    bool in_pass[RANDOM_ITEMS];
    int64_t completed;
} onlooker;

static void look_at_start(onlooker *o, const ds_unit *u)
{
    bool all = u->run_kind == DS_PASS_FULL;

    assert_false(o->passing || o->interrupted); /* never two at once */
    o->passing = true;
    o->full_in_pass = all && o->full_asked;
    for (size_t i = 0; i < RANDOM_ITEMS; i++) {
        char item[2] = {(char)('a' + (int)i), '\0'};
        bool named = false;

        for (size_t k = 0; k < u->run.items_n; k++)
            named = named || strcmp(u->run.items[k], item) == 0;
        o->in_pass[i] = o->asked[i] && (all || (named && u->run_kind == DS_PASS_TARGETED));
    }
}

static void look_at_end(onlooker *o, ds_pass_outcome outcome)
{
    if (!o->passing)
        return;
    o->passing = false;
    o->interrupted =
        outcome == DS_PASS_WAITING || outcome == DS_PASS_CANCELLED || outcome == DS_PASS_SLICED;
    if (outcome != DS_PASS_DONE && outcome != DS_PASS_PARTIAL)
        return;
    o->completed++;
    o->full_asked = o->full_asked && !o->full_in_pass;
    for (size_t i = 0; i < RANDOM_ITEMS; i++)
        o->asked[i] = o->asked[i] && !o->in_pass[i];
}

/* A unit that is gone passes over what it left, when a person said so. */
static bool sweeps(const ds_unit *u)
{
    return u->running ? u->run_sweep : u->sweep;
}

/* A sweep takes the place of a pass that was interrupted, and a pass the place of a sweep. */
static void look_for_a_change_of_mind(onlooker *o, const ds_unit *before, const ds_unit *u)
{
    if (!o->interrupted || (u->running && u->run_sweep == before->run_sweep))
        return;
    assert_true(before->running && (before->gone || before->run_sweep));
    o->interrupted = false;
}

static void check(const life *l, const onlooker *o)
{
    const ds_unit *u = &l->unit;
    bool timer = false;

    for (size_t i = 0; i < l->last.n; i++)
        timer = timer || l->last.items[i].type == DS_ACT_TIMER;
    assert_true(timer);
    assert_true(u->gone ? u->due_ms == 0 : u->due_ms > l->now);
    assert_true(u->gone || l->cron_ms || l->quiet || u->due_ms <= l->now + u->interval_ms);
    if (l->cron_ms && !u->gone)
        assert_int_equal(u->due_ms, next_by_cron(l));
    assert_true(wake(l) == 0 || wake(l) > l->now);
    assert_int_equal(u->running, o->passing || o->interrupted);
    assert_int_equal(u->runs_completed, o->completed);
    assert_true(u->want.any == (u->want.full || u->want.changes || u->want.items_n > 0));
    assert_false(u->want.full && u->want.items_n > 0);
    if (!o->passing && !u->paused && !u->approval && !u->gone)
        assert_true(wake(l) > 0); /* someone will wake it */
    if (u->paused || u->approval || (u->gone && !sweeps(u)))
        assert_int_equal(wake(l), 0);
}

static void watch(life *l, onlooker *o, ds_event ev)
{
    const ds_unit before = l->unit;

    if (ev.type == DS_EV_PASS_ENDED)
        look_at_end(o, ev.outcome);
    tell(l, ev);
    look_for_a_change_of_mind(o, &before, &l->unit);
    for (size_t i = 0; i < l->last.n; i++) {
        ds_action_type type = l->last.items[i].type;

        if (type == DS_ACT_START_PASS || type == DS_ACT_GO_ON_PASS) {
            assert_false(l->unit.paused || l->unit.approval);
            assert_int_equal(l->unit.gone, l->unit.run_sweep);
            assert_false(o->passing);
        }
        if (type == DS_ACT_START_PASS && l->quiet && quiet_until(l->now))
            assert_true(l->unit.run.full || l->unit.run.items_n > 0); /* somebody asked */
        if (type == DS_ACT_START_PASS)
            look_at_start(o, &l->unit);
        if (type == DS_ACT_GO_ON_PASS) {
            assert_true(o->interrupted);
            o->interrupted = false;
            o->passing = true;
        }
        if (type == DS_ACT_CANCEL_PASS)
            assert_true(o->passing && l->unit.paused);
    }
    check(l, o);
}

static ds_event random_request(chance *c, onlooker *o, const char *items[2])
{
    static const char *const names[RANDOM_ITEMS] = {"a", "b", "c", "d", "e", "f"};
    size_t first = roll(c, RANDOM_ITEMS), second = roll(c, RANDOM_ITEMS);

    if (roll(c, 4) == 0) {
        o->full_asked = true;
        return event_of(DS_EV_SYNC_NOW);
    }
    o->asked[first] = o->asked[second] = true;
    items[0] = names[first];
    items[1] = names[second];
    return items_event(items, 2);
}

static ds_event random_event(chance *c, life *l, onlooker *o, const char *items[2])
{
    static const char calm[] = "ttttyyypprrriAAgeeeqddddddhhafffFclvvx";

    if (roll(c, 3) == 0)
        return random_request(c, o, items);
    if (roll(c, 3) == 0)
        l->now += roll(c, 3 * (unsigned)DS_HOUR_MS);
    return event_for(l, calm[roll(c, sizeof(calm) - 1)]);
}

/* From whatever state: once someone has resumed it and its passes end well, all is served. */
static void come_to_rest(life *l, onlooker *o)
{
    watch(l, o, ensure_event(EVERY, l->unit.lists_changes, 0));
    if (l->unit.paused || l->unit.approval)
        watch(l, o, event_of(DS_EV_RESUME));
    for (int i = 0; i < 20 && (o->passing || o->interrupted || l->unit.want.any); i++) {
        if (o->passing)
            watch(l, o, ended_event(DS_PASS_DONE, NULL, NULL));
        else
            watch(l, o, event_for(l, 'y'));
    }
    assert_false(o->passing || o->interrupted || l->unit.want.any);
    assert_false(o->full_asked);
    for (size_t i = 0; i < RANDOM_ITEMS; i++)
        assert_false(o->asked[i]);
}

static void random_lives_keep_the_invariants(void **state)
{

    (void)state;
    for (uint64_t seed = 1; seed <= RANDOM_LIVES; seed++) {
        chance c = {seed * UINT64_C(0x9e3779b97f4a7c15)};
        onlooker o = {0};
        life l = {.arena = scratch,
                  .now = T0,
                  .cron_ms = seed % 3 == 0 ? 2 * DS_HOUR_MS : 0,
                  .quiet = seed % 5 < 2};
        const char *items[2];

        ds_arena_reset(scratch);
        ds_unit_init(&l.unit, "repos:all", T0);
        watch(&l, &o, ensure_event(EVERY, seed % 2 == 0, 0));
        for (int i = 0; i < RANDOM_EVENTS; i++)
            watch(&l, &o, random_event(&c, &l, &o, items));
        come_to_rest(&l, &o);
    }
}

int main(void)
{
    add_test(random_lives_keep_the_invariants);
    return run_tests("sync unit: random lives");
}
