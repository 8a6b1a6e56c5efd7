/* tests/unit/test_memory.c - the tables that other tests stand on, and their faults. */
#include "connectors/memory/memory.h"
#include "support/seam.h"
#include "support/values.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void *instance(const ds_option *options, size_t size)
{
    char *made = ds_arena_zalloc(scratch, size);
    const char *store = "t";

    assert_string_equal(options->name, "store");
    memcpy(made + options->offset, &store, sizeof(store));
    return made;
}

static ds_source *source(const ds_source_ops *ops)
{
    ds_source *made = instance(ops->options, ops->instance_size);

    made->ops = ops;
    return made;
}

static ds_destination *destination(const ds_destination_ops *ops)
{
    ds_destination *made = instance(ops->options, ops->instance_size);

    made->ops = ops;
    return made;
}

static void begin(void)
{
    ds_memory_drop_all();
}

/* ---- source ---------------------------------------------------------------------------------- */

static const char *keys(const ds_page *page)
{
    DS_AUTO_BUF(out, DS_KIB);

    for (size_t i = 0; i < page->records_n; i++)
        ds_buf_printf(&out, "%s%s", i ? " " : "",
                      page->records[i].hold ? page->records[i].place
                                            : page->records[i].primary_key);
    return ds_arena_strdup(scratch, out.data ? out.data : "");
}

static void rows_come_in_the_order_of_adding(void **state)
{
    ds_source *from = source(&ds_memory_source);
    ds_page *page;

    (void)state;
    begin();
    ds_memory_put("t", "all", "b", "{\"n\": 1}");
    ds_memory_put("t", "all", "a", "{\"n\": 2}");
    ds_memory_put_held("t", "all", "line:3", "no JSON");
    ds_memory_put("t", "all", "c", "{\"n\": 3}");
    ds_memory_put("t", "all", "b", "{\"n\": 4}"); /* keeps its place */
    page = seam_fetch(from, "all", NULL, 2);
    assert_string_equal(keys(page), "b a");
    assert_string_equal(seam_text(&page->records[0], "n"), "4");
    assert_int_equal(page->total_hint, 4);
    page = seam_fetch(from, "all", page->next_cursor, 2);
    assert_string_equal(keys(page), "line:3 c");
    assert_string_equal(page->records[0].hold, "no JSON");
    assert_null(page->next_cursor);
}

static void units_are_what_was_added(void **state)
{
    ds_source *from = source(&ds_memory_source);
    ds_units units = {.arena = scratch};

    (void)state;
    begin();
    assert_true(from->ops->units(from, seam_activity(), &units, &seam_err));
    assert_int_equal(units.n, 1);
    assert_string_equal(units.keys[0], "all");
    ds_memory_put("t", "x", "a", "{}");
    ds_memory_add_unit("t", "empty");
    ds_memory_put("t", "y", "a", "{}");
    ds_memory_drop_unit("t", "x");
    units = (ds_units){.arena = scratch};
    assert_true(from->ops->units(from, seam_activity(), &units, &seam_err));
    assert_int_equal(units.n, 2);
    assert_string_equal(units.keys[0], "empty");
    assert_string_equal(keys(seam_fetch(from, "x", NULL, 9)), "");
    assert_string_equal(keys(seam_fetch(from, "y", NULL, 9)), "a");
}

static void changes_are_what_changed_since(void **state)
{
    ds_source *from = source(&ds_memory_source_changes);
    ds_fetch want = {.unit = "all", .since_ms = 20, .limit = 10};
    ds_page page;

    (void)state;
    begin();
    ds_memory_put_at("t", "all", "a", "{}", 10);
    ds_memory_put_at("t", "all", "b", "{}", 20);
    ds_memory_put_at("t", "all", "c", "{}", 30);
    ds_page_init(&page, scratch);
    assert_true(from->ops->lists_changes(from));
    assert_true(from->ops->fetch_page(from, seam_activity(), &want, &page, &seam_err));
    assert_string_equal(keys(&page), "b c");
}

static void a_page_fails_when_told_to(void **state)
{
    const ds_memory_faults faults = {
        .fail_page = 2, .kind = DS_ERR_RATE_LIMITED, .retry_after_ms = 90000, .page_rows = 1};
    ds_source *from = source(&ds_memory_source);
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 10};
    ds_page page;

    (void)state;
    begin();
    ds_memory_put("t", "all", "a", "{}");
    ds_memory_put("t", "all", "b", "{}");
    ds_memory_fail("t", &faults);
    assert_string_equal(keys(seam_fetch(from, "all", NULL, 10)), "a");
    ds_page_init(&page, scratch);
    assert_false(from->ops->fetch_page(from, seam_activity(), &want, &page, &seam_err));
    assert_err(DS_ERR_RATE_LIMITED, "page 2 fails");
    assert_int_equal(seam_err.retry_after_ms, 90000);
    assert_string_equal(keys(seam_fetch(from, "all", NULL, 10)), "a");
    assert_int_equal(ds_memory_counted("t").pages, 3);
}

/* ---- destination ----------------------------------------------------------------------------- */

static void values_are_kept_as_they_are(void **state)
{
    static const char json[] =
        "{\"t\":\"x\",\"i\":9007199254740993,\"n\":1.10,\"b\":true,\"z\":null,"
        "\"l\":[\"a\",\"b\"],\"o\":{\"a\":[1.10,null]}}";
    ds_destination *to = destination(&ds_memory_destination);

    (void)state;
    begin();
    assert_int_equal(seam_write(to, DS_OP_CREATE, "k", json)->outcome, DS_OUT_CREATED);
    assert_string_equal(ds_memory_row("t", "k", scratch), json);
    assert_string_equal(ds_memory_text("t", "k", "n", scratch), "1.10");
    assert_null(ds_memory_text("t", "k", "z", scratch));
    assert_null(ds_memory_text("t", "nobody", "t", scratch));
    assert_int_equal(seam_write(to, DS_OP_UPDATE, "k", json)->outcome, DS_OUT_UNCHANGED);
}

static void creates_of_the_b_kind_double(void **state)
{
    ds_destination *to = destination(&ds_memory_destination_b);
    ds_write *first, *second;
    ds_found found;

    (void)state;
    begin();
    first = seam_write(to, DS_OP_CREATE, "k", "{\"a\": 1}");
    second = seam_write(to, DS_OP_CREATE, "k", "{\"a\": 1}");
    assert_string_not_equal(first->new_id, second->new_id);
    assert_int_equal(ds_memory_count("t", "k"), 2);
    assert_true(to->ops->find(to, seam_activity(), &(const char *){"k"}, 1, &found, &seam_err));
    assert_int_equal(found.n, 2);
    assert_string_equal(found.id, first->new_id);
}

static void an_update_goes_by_the_id(void **state)
{
    ds_destination *to = destination(&ds_memory_destination_b);
    const ds_record *rec = record_of(scratch, "{\"a\": 2}");
    ds_write w = {.op = DS_OP_UPDATE, .key = "k", .props = rec->props, .props_n = 1};

    (void)state;
    begin();
    w.id = seam_write(to, DS_OP_CREATE, "k", "{\"a\": 1}")->new_id;
    assert_true(to->ops->write(to, seam_activity(), &w, 1, &seam_err));
    assert_int_equal(w.outcome, DS_OUT_UPDATED);
    assert_string_equal(ds_memory_text("t", "k", "a", scratch), "2");
    w.id = "id-gone";
    assert_true(to->ops->write(to, seam_activity(), &w, 1, &seam_err));
    assert_int_equal(w.outcome, DS_OUT_GONE); /* the core makes it, under an intent */
    assert_int_equal(ds_memory_count("t", "k"), 1);
}

static const struct fault_row {
    const char *name;
    ds_memory_faults faults;
    ds_outcome outcomes[3]; /* of the keys a, b, c in one batch */
    bool fails;
    size_t rows;
} fault_rows[] = {
    {"none", {0}, {DS_OUT_CREATED, DS_OUT_CREATED, DS_OUT_CREATED}, false, 3},
    {"the second write fails, the first stays",
     {.fail_write = 2, .kind = DS_ERR_TRANSIENT},
     {DS_OUT_CREATED, DS_OUT_NONE, DS_OUT_NONE},
     true,
     1},
    {"a record is refused",
     {.hold_key = "b"},
     {DS_OUT_CREATED, DS_OUT_HELD, DS_OUT_CREATED},
     false,
     2},
    {"an answer is lost, the row is there",
     {.unknown_write = 2},
     {DS_OUT_CREATED, DS_OUT_UNKNOWN, DS_OUT_CREATED},
     false,
     3},
    {"a request is lost, the row is not",
     {.unknown_write = 2, .unknown_lost = true},
     {DS_OUT_CREATED, DS_OUT_UNKNOWN, DS_OUT_CREATED},
     false,
     2},
};

static void fault(void **state)
{
    const struct fault_row *row = *state;
    ds_destination *to = destination(&ds_memory_destination_c);
    ds_write w[3] = {{.key = "a"}, {.key = "b"}, {.key = "c"}};

    begin();
    ds_memory_fail("t", &row->faults);
    assert_int_equal(to->ops->write(to, seam_activity(), w, 3, &seam_err), !row->fails);
    for (int i = 0; i < 3; i++)
        assert_int_equal(w[i].outcome, row->outcomes[i]);
    assert_int_equal(ds_memory_count("t", NULL), row->rows);
    if (row->faults.hold_key)
        assert_string_equal(w[1].reason, "refused");
}

static void a_new_row_shows_after_the_lag(void **state)
{
    const ds_memory_faults faults = {.lag_ms = 500};
    ds_destination *to = destination(&ds_memory_destination_b);

    (void)state;
    begin();
    ds_memory_fail("t", &faults);
    seam_write(to, DS_OP_CREATE, "k", "{}");
    assert_null(seam_find(to, "k"));
    seam_now_ms += 500;
    assert_non_null(seam_find(to, "k"));
    assert_true(to->ops->settle_ms >= 500);
}

static void look_ups_and_flushes_fail_when_told_to(void **state)
{
    const ds_memory_faults faults = {.fail_find = 1, .fail_flush = 1, .kind = DS_ERR_AUTH};
    ds_destination *to = destination(&ds_memory_destination);
    const char *generation = NULL;
    ds_found found;

    (void)state;
    begin();
    ds_memory_fail("t", &faults);
    assert_false(to->ops->find(to, seam_activity(), &(const char *){"k"}, 1, &found, &seam_err));
    assert_int_equal(seam_err.kind, DS_ERR_AUTH);
    assert_false(to->ops->flush(to, seam_activity(), &generation, &seam_err));
    assert_true(to->ops->flush(to, seam_activity(), &generation, &seam_err));
    assert_null(generation);
}

static void archived_rows_are_kept_apart(void **state)
{
    ds_destination *to = destination(&ds_memory_destination_b);
    const char *ids[] = {NULL}, *keys_[] = {"k"};

    (void)state;
    begin();
    ids[0] = seam_write(to, DS_OP_CREATE, "k", "{}")->new_id;
    assert_true(to->ops->archive(to, seam_activity(), keys_, ids, 1, &seam_err));
    assert_int_equal(ds_memory_count("t", "k"), 0);
    assert_int_equal(ds_memory_archived("t"), 1);
    assert_null(seam_find(to, "k"));
    assert_true(to->ops->remove(to, seam_activity(), keys_, ids, 1, &seam_err));
    assert_int_equal(ds_memory_archived("t"), 1); /* it was gone before */
}

static void a_dropped_table_does_not_continue(void **state)
{
    ds_destination *to = destination(&ds_memory_destination);
    const char *generation;
    ds_open_out out;

    (void)state;
    begin();
    assert_true(seam_open(to, NULL, &out));
    assert_false(out.continues);
    seam_write(to, DS_OP_CREATE, "k", "{}");
    generation = seam_finish(to, NULL);
    assert_true(seam_open(to, generation, &out));
    assert_true(out.continues);
    ds_memory_drop("t");
    assert_true(seam_open(to, generation, &out));
    assert_false(out.continues);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *put_many(void *unit)
{
    for (int i = 0; i < 200; i++) {
        char key[16];

        snprintf(key, sizeof(key), "%d", i);
        ds_memory_put("t", unit, key, "{\"a\": 1}");
    }
    return NULL;
}

static void tables_are_safe_from_any_thread(void **state)
{
    char names[4][2] = {"a", "b", "c", "d"};
    pthread_t threads[4];

    (void)state;
    begin();
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, put_many, names[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(ds_memory_count("t", NULL), 800);
    assert_int_equal(ds_memory_count("t", "7"), 4);
    ds_memory_drop_all();
}

static void note(void *to, const char *what)
{
    ds_buf_printf(to, "%s ", what);
}

static void the_watcher_is_told(void **state)
{
    ds_destination *to = destination(&ds_memory_destination);
    DS_AUTO_BUF(seen, DS_KIB);

    (void)state;
    begin();
    ds_memory_watch("t", note, &seen);
    seam_fetch(source(&ds_memory_source), "all", NULL, 1);
    seam_write(to, DS_OP_CREATE, "k", "{}");
    seam_find(to, "k");
    seam_finish(to, NULL);
    assert_string_equal(seen.data, "page write find flush flush ");
    ds_memory_drop_all();
}

int main(void)
{
    add_table(fault_rows, fault);
    add_test(rows_come_in_the_order_of_adding);
    add_test(units_are_what_was_added);
    add_test(changes_are_what_changed_since);
    add_test(a_page_fails_when_told_to);
    add_test(values_are_kept_as_they_are);
    add_test(creates_of_the_b_kind_double);
    add_test(an_update_goes_by_the_id);
    add_test(a_new_row_shows_after_the_lag);
    add_test(look_ups_and_flushes_fail_when_told_to);
    add_test(archived_rows_are_kept_apart);
    add_test(a_dropped_table_does_not_continue);
    add_test(tables_are_safe_from_any_thread);
    add_test(the_watcher_is_told);
    return run_tests("memory");
}
