/* tests/integration/test_pass_faults.c
 *
 * A pass with something of everything in it, in which each thing it asks for fails once: every call
 * to the ledger, every page, look-up, batch and flush.  It says so with words; and once nothing
 * fails any more, the rows are those of the source, each once, and there is nothing left to do.
 *
 * The ledger is caught where it is opened, by the linker (--wrap).
 */
#include "tests/integration/memory_world.h"

#define TRIES_MOST 200

/* ---- a ledger whose n-th call fails ------------------------------------------------------------
 */

static struct {
    int left;           /* calls until it fails; 0: none */
    bool held_of_alone; /* only calls of held_of count */
    bool hit;
} fault;

typedef struct faulty {
    ds_ledger base; /* first */
    ds_ledger *inner;
} faulty;

static ds_ledger *inner(ds_ledger *l)
{
    return ((faulty *)l)->inner;
}

static bool fails_at(bool is_held_of, ds_err *err)
{
    if ((fault.held_of_alone && !is_held_of) || fault.left == 0 || --fault.left != 0)
        return false;
    fault.hit = true;
    return !ds_fail(err, DS_ERR_TRANSIENT, "the store is busy");
}

static bool fails(ds_err *err)
{
    return fails_at(false, err);
}

static bool begin(ds_ledger *l, ds_arena *a, ds_ledger_begin *out, ds_err *err)
{
    return !fails(err) && inner(l)->ops->begin(inner(l), a, out, err);
}

static bool walk(ds_ledger *l, int64_t after, size_t max, ds_arena *a, const ds_link **out,
                 size_t *n, ds_err *err)
{
    return !fails(err) && inner(l)->ops->walk(inner(l), after, max, a, out, n, err);
}

static bool match(ds_ledger *l, const char *const *keys, size_t n, ds_arena *a, ds_link_match *out,
                  ds_err *err)
{
    return !fails(err) && inner(l)->ops->match(inner(l), keys, n, a, out, err);
}

static bool held(ds_ledger *l, const char *after, size_t max, ds_arena *a, const ds_held **out,
                 size_t *n, ds_err *err)
{
    return !fails(err) && inner(l)->ops->held(inner(l), after, max, a, out, n, err);
}

static bool held_of(ds_ledger *l, const char *const *keys, size_t n, ds_arena *a,
                    const ds_held **out, ds_err *err)
{
    return !fails_at(true, err) && inner(l)->ops->held_of(inner(l), keys, n, a, out, err);
}

static bool recall(ds_ledger *l, bool shared, const char *key, ds_arena *a, const char **value,
                   ds_err *err)
{
    return inner(l)->ops->recall(inner(l), shared, key, a, value, err);
}

static bool commit(ds_ledger *l, ds_commit *c, ds_err *err)
{
    return !fails(err) && inner(l)->ops->commit(inner(l), c, err);
}

static void close_ledger(ds_ledger *l)
{
    ds_ledger_close(inner(l));
    free(l);
}

static const ds_ledger_ops faulty_ops = {
    .begin = begin,
    .walk = walk,
    .match = match,
    .held = held,
    .held_of = held_of,
    .recall = recall,
    .commit = commit,
    .close = close_ledger,
};

static ds_ledger *faulty_over(ds_ledger *ledger)
{
    faulty *l = ds_calloc(1, sizeof(*l));

    l->base.ops = &faulty_ops;
    l->inner = ledger;
    return &l->base;
}

ds_ledger *__real_ds_store_ledger(ds_store *s, int64_t unit_id, int64_t epoch, ds_err *err);
ds_ledger *__wrap_ds_store_ledger(ds_store *s, int64_t unit_id, int64_t epoch, ds_err *err);
ds_ledger *__wrap_ds_store_ledger(ds_store *s, int64_t unit_id, int64_t epoch, ds_err *err)
{
    return faulty_over(__real_ds_store_ledger(s, unit_id, epoch, err));
}

ds_ledger *__real_ds_reader_ledger(ds_reader *r, const char *route, const char *unit, ds_err *err);
ds_ledger *__wrap_ds_reader_ledger(ds_reader *r, const char *route, const char *unit, ds_err *err);
ds_ledger *__wrap_ds_reader_ledger(ds_reader *r, const char *route, const char *unit, ds_err *err)
{
    return faulty_over(__real_ds_reader_ledger(r, route, unit, err));
}

/* ---- before and after --------------------------------------------------------------------------
 */

typedef enum what { LEDGER, PAGE, WRITE, FIND, FLUSH } what;

static const struct scenario {
    const char *to, *extra;
    bool resume; /* the pass behind the fault goes on from its checkpoint */
} scenarios[] = {
    {"memory", "    missing: delete\n", false},
    {"memory", "    missing: {mark: Gone}\n", true},
    {"memory", "    missing: archive\n    verify: all\n", false},
    {"memory-b", "    missing: delete\n", true},
    {"memory-b", "    create_only: [Size]\n", false},
};

static void set_fault(what kind, int nth)
{
    ds_memory_faults faults = {.kind = DS_ERR_TRANSIENT, .retry_after_ms = -1};

    fault.left = kind == LEDGER ? nth : 0;
    fault.held_of_alone = fault.hit = false;
    faults.fail_page = kind == PAGE ? nth : 0;
    ds_memory_fail("in", &faults);
    faults.fail_page = 0;
    faults.fail_write = kind == WRITE ? nth : 0;
    faults.fail_find = kind == FIND ? nth : 0;
    faults.fail_flush = kind == FLUSH ? nth : 0;
    ds_memory_fail("out", &faults);
}

static void clear_faults(void)
{
    const ds_memory_faults none = {.retry_after_ms = -1};

    fault.left = 0;
    ds_memory_fail("in", &none);
    ds_memory_fail("out", &none);
}

static void change_source(void)
{
    put("b", "other");
    ds_memory_take("in", "all", "c");
    ds_memory_take("in", "all", "d");
    put("x", "new");
    put("y", "new");
    ds_memory_put("in", "all", "a", "{\"name\": \"one\", \"size\": \"no number\"}"); /* held */
}

static world *prepare(const struct scenario *sc)
{
    world *w;

    ds_memory_drop_all();
    w = world_new();
    w->page_records = w->group_records = 3;
    for (char key[] = "a"; *key <= 'h'; (*key)++)
        put(key, "one");
    ds_memory_put("in", "all", "z", "{\"size\": \"no number\"}"); /* held from the start */
    ds_memory_put("out", "all", "x", "{\"Name\": \"by hand\"}");  /* to be adopted */
    start(w, FROM_MEMORY, ds_arena_printf(w->arena, TO("%s"), sc->to), sc->extra);
    assert_string_equal(world_totals(w), "9 8 0 0 0 1");
    change_source();
    w->clock.now_ms += DS_HOUR_MS;
    return w;
}

static void rows_are_right(world *w, const struct scenario *sc)
{
    static const struct {
        const char *key, *name;
    } rows[] = {{"a", "one"}, {"b", "other"}, {"e", "one"},
                {"h", "one"}, {"x", "new"},   {"y", "new"}};
    bool leaves = strstr(sc->extra, "delete") || strstr(sc->extra, "archive");

    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        assert_int_equal(ds_memory_count("out", rows[i].key), 1);
        assert_string_equal(ds_memory_text("out", rows[i].key, "Name", w->arena), rows[i].name);
    }
    assert_int_equal(ds_memory_count("out", "c"), !leaves);
    assert_int_equal(ds_memory_count("out", "d"), !leaves);
}

/* What a fault has left is mended by passes without one: one, or where a create was in doubt until
 * it has settled, a few. */
static void mend(world *w, const struct scenario *sc)
{
    ds_pass_result out = {.outcome = DS_PASS_FAILED};

    clear_faults();
    for (int i = 0; i < 3 && (out.outcome != DS_PASS_PARTIAL || out.totals.held != 2); i++) {
        w->resume = sc->resume && i == 0;
        w->clock.now_ms += DS_HOUR_MS;
        out = world_pass(w);
    }
    w->resume = false;
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "9 0 0 7 0 2");
    rows_are_right(w, sc);
}

/* One fault; false: the pass does not come so far. */
static bool one(const struct scenario *sc, what kind, int nth)
{
    world *w = prepare(sc);
    ds_pass_result out;
    bool hit;

    set_fault(kind, nth);
    out = world_pass(w);
    hit = kind == LEDGER ? fault.hit : out.outcome == DS_PASS_FAILED;
    if (hit &&
        (out.outcome != DS_PASS_FAILED || out.err.kind != DS_ERR_TRANSIENT || !*out.err.text))
        fail_msg("%s %s, fault %d of %d: outcome %d, \"%s\"", sc->to, sc->extra, nth, (int)kind,
                 (int)out.outcome, out.err.text);
    mend(w, sc);
    world_free(w);
    return hit;
}

static void each_fails(what kind)
{
    for (size_t i = 0; i < DS_COUNT(scenarios); i++) {
        int nth = 1;

        while (one(&scenarios[i], kind, nth))
            assert_true(++nth < TRIES_MOST);
        if (kind != FIND && kind != FLUSH)
            assert_true(nth > 1);
    }
}

static void each_call_to_the_ledger_fails(void **state)
{
    (void)state;
    each_fails(LEDGER);
}

static void each_page_fails(void **state)
{
    (void)state;
    each_fails(PAGE);
}

static void each_write_fails(void **state)
{
    (void)state;
    each_fails(WRITE);
}

static void each_look_up_fails(void **state)
{
    (void)state;
    each_fails(FIND);
}

static void each_flush_fails(void **state)
{
    (void)state;
    each_fails(FLUSH);
}

/* A plan asks the ledger, too; it changes nothing, so one world will do. */
static void each_call_of_a_plan_fails(void **state)
{
    const struct scenario *sc = &scenarios[0];
    world *w = prepare(sc);
    int nth = 1;

    (void)state;
    do {
        const char *said;

        set_fault(LEDGER, nth);
        said = world_plan(w);
        if (fault.hit != !strncmp(said, "error: ", 7))
            fail_msg("fault %d: %s", nth, said);
    } while (fault.hit && ++nth < TRIES_MOST);
    assert_in_range(nth, 5, TRIES_MOST - 1);
    mend(w, sc);
    world_free(w);
}

/* ---- behind a pass that was lost, and a listing that passes over a row --------------------------
 */

static ds_source_ops skipping;
static bool passes_over; /* e */

static bool pass_over(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                      ds_err *err)
{
    if (!ds_memory_source.fetch_page(self, act, want, page, err))
        return false;
    for (size_t i = 0; i < page->records_n && passes_over && !want->items; i++)
        if (!strcmp(page->records[i].primary_key, "e"))
            page->records[i--] = page->records[--page->records_n];
    return true;
}

/* A row was made that nobody remembers, whose record is gone; e is there, and does not come. */
static world *prepare_lost(void)
{
    world *w;

    ds_memory_drop_all();
    w = world_new();
    for (char key[] = "a"; *key <= 'e'; (*key)++)
        put(key, "one");
    start(w, "    source: {kind: skipping, store: in, key: id}\n", TO("memory-b"),
          "    missing: delete\n");
    passes_over = false;
    assert_string_equal(world_totals(w), "5 5 0 0 0 0");
    passes_over = true;
    put("f", "one");
    die_after_flush(w, 0);
    ds_memory_take("in", "all", "f");
    assert_int_equal(ds_memory_count("out", NULL), 6);
    w->clock.now_ms += DS_HOUR_MS;
    return w;
}

static void each_call_behind_a_lost_pass_fails(void **state)
{
    int nth = 0;

    (void)state;
    skipping = ds_memory_source;
    skipping.kind = "skipping";
    skipping.fetch_page = pass_over;
    skipping.may_skip = true;
    world_source = &skipping;
    do {
        world *w = prepare_lost();
        ds_pass_result out;

        set_fault(LEDGER, ++nth);
        out = world_pass(w);
        assert_int_equal(out.outcome, fault.hit ? DS_PASS_FAILED : DS_PASS_DONE);
        clear_faults();
        w->clock.now_ms += DS_HOUR_MS;
        (void)world_pass(w);
        assert_string_equal(world_totals(w), "5 0 0 5 0 0");
        assert_int_equal(ds_memory_count("out", NULL), 5);
        assert_int_equal(ds_memory_count("out", "f"), 0);
        world_free(w);
    } while (fault.hit && nth < TRIES_MOST);
    assert_in_range(nth, 5, TRIES_MOST - 1);
    world_source = NULL;
}

/* ---- more held records than are kept in mind ---------------------------------------------------
 */

/* Each record is looked up, and so are those that a lost create is not to be mixed up with. */
static void looking_up_held_records_fails(void **state)
{
    world *w;
    DS_AUTO_BUF(text, DS_MIB);

    (void)state;
    ds_memory_drop_all();
    w = world_new();
    w->group_records = 100;
    ds_buf_text(&text, "{\"id\": \"a\"}\n");
    for (int i = 0; i < 2600; i++)
        ds_buf_printf(&text, "{\"id\": \"k%04d\", \"size\": \"x\"}\n", i);
    ds_buf_text(&text, "{\"id\": \"b\"}\n");
    world_file(w, "in.jsonl", text.data);
    start(w, FROM_FILE, TO("memory-b"), "    missing: delete\n");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1});
    stop_at_write(w, 1); /* a is sent, its answer lost; b is not sent any more */
    clear_faults();
    w->clock.now_ms += DS_HOUR_MS;
    w->resume = true;
    for (int nth = 1; nth <= 2; nth++) {
        set_fault(LEDGER, nth);
        fault.held_of_alone = true;
        assert_string_equal(world_totals(w), "failed: look up held records: the store is busy");
        assert_true(fault.hit);
    }
    clear_faults();
    assert_int_equal(world_pass(w).totals.held, 2602); /* b has not settled yet */
    w->resume = false;
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "2602 1 0 1 0 2600");
    assert_int_equal(ds_memory_count("out", NULL), 2);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_to_the_ledger_fails),
        cmocka_unit_test(each_page_fails),
        cmocka_unit_test(each_write_fails),
        cmocka_unit_test(each_look_up_fails),
        cmocka_unit_test(each_flush_fails),
        cmocka_unit_test(each_call_of_a_plan_fails),
        cmocka_unit_test(each_call_behind_a_lost_pass_fails),
        cmocka_unit_test(looking_up_held_records_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
