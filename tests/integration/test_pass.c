/* tests/integration/test_pass.c - one pass over real files and databases, rule by rule. */
#include "connectors/memory/memory.h"
#include "tests/integration/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUTE                                                                                      \
    "  things:\n    source: {kind: file, path: in.jsonl, key: id}\n"                               \
    "    destination: {kind: sqlite, path: out.db, table: things, key: Id, create_table: true}\n"
#define FIELDS "    fields: {Name: name, Size: size}\n"

#define A1 "{\"id\": \"a\", \"name\": \"one\", \"size\": 1}\n"
#define A2 "{\"id\": \"a\", \"name\": \"ONE\", \"size\": 1}\n"
#define B1 "{\"id\": \"b\", \"name\": \"two\", \"size\": 2}\n"
#define B2 "{\"id\": \"b\", \"name\": \"two\", \"size\": 20}\n"
#define C1 "{\"id\": \"c\", \"name\": \"three\", \"size\": 3}\n"
#define D1 "{\"id\": \"d\", \"name\": \"four\", \"size\": 4}\n"

static int set_up(void **state)
{
    *state = world_new();
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static void source(world *w, const char *text)
{
    world_file(w, "in.jsonl", text);
}

static void start(world *w, const char *extra, const char *text)
{
    world_config(w, ds_arena_printf(w->arena, "%s%s", ROUTE, extra));
    source(w, text);
}

static const char *rows(world *w)
{
    return world_sql(w, "SELECT Id, Name, Size FROM things ORDER BY Id");
}

static void only_what_changed_is_written(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1 C1);
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    assert_string_equal(world_totals(w), "3 0 0 3 0 0");
    source(w, A2 B1 C1 D1);
    assert_string_equal(world_totals(w), "4 1 1 2 0 0");
    assert_string_equal(rows(w), "a|ONE|1\nb|two|2\nc|three|3\nd|four|4");
}

static void the_order_of_the_source_does_not_matter(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1 C1 D1);
    assert_string_equal(world_totals(w), "4 4 0 0 0 0");
    source(w, D1 B2 A1 C1);
    assert_string_equal(world_totals(w), "4 0 1 3 0 0");
    source(w, C1 D1);
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

static void hand_made_rows_and_columns_survive(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_sql(w, "ALTER TABLE things ADD COLUMN note");
    world_sql(w, "UPDATE things SET note = 'mine'");
    world_sql(w, "INSERT INTO things(Id, note) VALUES('hand', 'row')");
    source(w, A2 B1);
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(world_sql(w, "SELECT Id, Name, note FROM things ORDER BY Id"),
                        "a|ONE|mine\nb|two|mine\nhand|NULL|row");
}

static void a_destination_that_was_deleted_is_filled_again(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_int_equal(unlink(world_path(w, "out.db")), 0);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(rows(w), "a|one|1\nb|two|2");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

static void copy_file(world *w, const char *from, const char *to)
{
    char command[1200];

    snprintf(command, sizeof(command), "cp '%s' '%s'", world_path(w, from), world_path(w, to));
    assert_int_equal(system(command), 0);
}

static void an_old_copy_of_the_destination_is_brought_up_to_date(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    copy_file(w, "out.db", "old.db");
    source(w, A2 B2 C1);
    assert_string_equal(world_totals(w), "3 1 2 0 0 0");
    copy_file(w, "old.db", "out.db");
    assert_string_equal(world_totals(w), "3 1 2 0 0 0");
    assert_string_equal(rows(w), "a|ONE|1\nb|two|20\nc|three|3");
    assert_string_equal(world_totals(w), "3 0 0 3 0 0");
}

static void existing_rows_are_adopted_not_doubled(void **state)
{
    world *w = *state;

    world_sql(w, "CREATE TABLE things(Id TEXT PRIMARY KEY, Name TEXT, Size, note)");
    world_sql(w, "INSERT INTO things VALUES('a', 'one', 1, 'x'), ('b', 'old', 2, 'y')");
    start(w, FIELDS, A1 B1 C1);
    assert_string_equal(world_totals(w), "3 1 1 1 0 0");
    assert_string_equal(world_sql(w, "SELECT * FROM things ORDER BY Id"),
                        "a|one|1|x\nb|two|2|y\nc|three|3|NULL");
    assert_string_equal(world_totals(w), "3 0 0 3 0 0");
}

static void other_fields_update_the_rows(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    start(w, "    fields: {Name: {template: \"{name}!\"}, Size: size}\n", A1 B1);
    assert_string_equal(world_totals(w), "2 0 2 0 0 0");
    assert_string_equal(rows(w), "a|one!|1\nb|two!|2");
    start(w, "    fields: {Size: size, Name: {template: \"{name}!\"}}\n", A1 B1);
    assert_string_equal(world_totals(w), "2 0 0 2 0 0"); /* their order means nothing */
}

static void a_changed_key_waits_for_approval(void **state)
{
    world *w = *state;

    start(w, FIELDS, "{\"id\": \"a\", \"code\": \"x\", \"name\": \"one\", \"size\": 1}\n");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    world_config(w, "  things:\n    source: {kind: file, path: in.jsonl, key: code}\n"
                    "    destination: {kind: sqlite, path: out.db, table: things, key: Id, "
                    "create_table: true}\n" FIELDS);
    assert_non_null(strstr(world_totals(w), "approval: `key` has changed"));
    assert_string_equal(rows(w), "a|one|1");
    w->approved = true;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    w->approved = false;
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_string_equal(rows(w), "a|one|1\nx|one|1");
}

static void another_destination_is_filled_by_look_up(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_sql(w, "CREATE TABLE other(Id TEXT PRIMARY KEY, Name, Size)");
    world_sql(w, "INSERT INTO other VALUES('a', 'one', 1)");
    world_config(w, "  things:\n    source: {kind: file, path: in.jsonl, key: id}\n"
                    "    destination: {kind: sqlite, path: out.db, table: other, key: Id}\n" FIELDS
                    "    missing: delete\n");
    assert_string_equal(world_totals(w), "2 1 0 1 0 0");
    source(w, "");
    w->approved = true;
    assert_string_equal(world_totals(w), "0 0 0 0 0 0");
    assert_string_equal(world_sql(w, "SELECT Id FROM other"), "a"); /* it was there before us */
    assert_string_equal(world_sql(w, "SELECT count(*) FROM things"), "2");
}

/* The links are as an earlier version left them: it hashed the same records to something else. */
static void of_another_encoder(world *w)
{
    ds_commit c = {.encoder = 99};
    ds_link_put puts[2] = {0};
    const ds_link *links;
    ds_err err = DS_ERR_INIT;
    ds_ledger *l = ds_store_ledger(w->store, 1, 1, &err);

    assert_non_null(l);
    assert_true(l->ops->walk(l, -1, 2, w->arena, &links, &c.puts_n, &err));
    assert_int_equal(c.puts_n, DS_COUNT(puts));
    for (size_t i = 0; i < c.puts_n; i++) {
        puts[i].link = links[i];
        puts[i].link.hash.low ^= 1;
    }
    c.puts = puts;
    assert_true(l->ops->commit(l, &c, &err));
    ds_ledger_close(l);
}

static void another_encoder_compares_and_writes_nothing(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    of_another_encoder(w);
    world_sql(
        w, "CREATE TRIGGER no BEFORE UPDATE ON things BEGIN SELECT RAISE(ABORT, 'written'); END");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

/* Nor where a write is not compared with the row that is there: it is looked up first. */
static void another_encoder_sends_a_service_nothing(void **state)
{
    world *w = *state;

    ds_memory_drop_all();
    world_config(w, "  things:\n    source: {kind: file, path: in.jsonl, key: id}\n"
                    "    destination: {kind: memory-b, store: out, key: Id}\n" FIELDS);
    world_file(w, "in.jsonl", A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    of_another_encoder(w);
    (void)ds_memory_counted("out");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 0);
}

static void a_second_unit_does_not_take_a_claimed_key(void **state)
{
    world *w = *state;

    world_config(w, "  things:\n    source: {kind: file, path: \"*.jsonl\", key: id}\n"
                    "    destination: {kind: sqlite, path: out.db, table: things, key: Id, "
                    "create_table: true}\n" FIELDS);
    world_file(w, "one.jsonl", A1);
    world_file(w, "two.jsonl", A2 B1);
    w->unit = "one.jsonl";
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    w->unit = "two.jsonl";
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    assert_string_equal(world_held(w), "a: claimed by one.jsonl");
    assert_string_equal(rows(w), "a|one|1\nb|two|2");
}

static void two_routes_share_a_row_and_its_creator_removes_it(void **state)
{
    world *w = *state;

    world_config(w, ROUTE "    fields: {Name: name}\n    missing: delete\n"
                          "  sizes:\n    source: {kind: file, path: sizes.jsonl, key: id}\n"
                          "    destination: {kind: sqlite, path: out.db, table: things, key: Id, "
                          "create_table: true}\n"
                          "    fields: {Size: size}\n    missing: delete\n");
    source(w, A1 B1);
    world_file(w, "sizes.jsonl", A1 B1 C1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(world_totals_of(w, "sizes"), "3 1 2 0 0 0");
    assert_string_equal(rows(w), "a|one|1\nb|two|2\nc|NULL|3");
    world_file(w, "sizes.jsonl", B1);
    assert_string_equal(world_totals_of(w, "sizes"), "1 0 0 1 0 0");
    assert_string_equal(rows(w), "a|one|1\nb|two|2"); /* c was its own, a is not */
    source(w, B1);
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_string_equal(rows(w), "b|two|2");
}

static void absent_is_left_alone_and_null_clears(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    source(w, "{\"id\": \"a\", \"size\": 5}\n{\"id\": \"b\", \"name\": null, \"size\": 2}\n");
    assert_string_equal(world_totals(w), "2 0 2 0 0 0");
    assert_string_equal(rows(w), "a|one|5\nb|NULL|2");
}

static void create_only_is_written_once_and_a_stamp_never_alone(void **state)
{
    world *w = *state;
    const char *all = "SELECT Id, Name, Size, At FROM things ORDER BY Id";

    start(w, FIELDS "    create_only: [Name]\n    stamp: At\n", A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(world_sql(w, all),
                        "a|one|1|2026-01-01T00:00:00Z\nb|two|2|2026-01-01T00:00:00Z");
    w->clock.now_ms += DS_DAY_MS;
    source(w, A2 B2);
    assert_string_equal(world_totals(w),
                        "2 0 1 1 0 0"); /* a's name is create-only: nothing to do */
    assert_string_equal(world_sql(w, all),
                        "a|one|1|2026-01-01T00:00:00Z\nb|two|20|2026-01-02T00:00:00Z");
}

static void adopting_equal_rows_does_not_stamp_them(void **state)
{
    world *w = *state;

    world_sql(w, "CREATE TABLE things(Id TEXT PRIMARY KEY, Name, Size, At)");
    world_sql(w, "INSERT INTO things VALUES('a', 'one', 1, 'long ago')");
    start(w, FIELDS "    stamp: At\n", A1);
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_string_equal(world_sql(w, "SELECT At FROM things"), "long ago");
}

static void verify_mends_what_a_hand_changed(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_sql(w, "UPDATE things SET Name = 'drift' WHERE Id = 'a'");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0"); /* an edit of ours is kept until asked */
    start(w, FIELDS "    verify: all\n", A1 B1);
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(rows(w), "a|one|1\nb|two|2");
}

static void a_row_deleted_by_hand_comes_back_when_its_record_changes(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_sql(w, "DELETE FROM things WHERE Id = 'a'");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    source(w, A2 B1);
    assert_string_equal(world_totals(w), "2 1 0 1 0 0");
    assert_string_equal(rows(w), "a|ONE|1\nb|two|2");
}

static void where_keeps_what_it_names(void **state)
{
    world *w = *state;

    start(w, FIELDS "    where: {name: [one, three], size: [1, \"3\"]}\n", A1 B1 C1 D1);
    assert_string_equal(world_totals(w), "4 2 0 0 2 0");
    assert_string_equal(rows(w), "a|one|1\nc|three|3");
}

static void the_last_record_of_a_key_wins(void **state)
{
    world *w = *state;

    start(w, FIELDS, A1 B1 A2);
    assert_string_equal(world_totals(w), "3 2 0 0 1 0");
    assert_string_equal(rows(w), "a|ONE|1\nb|two|2");
    assert_string_equal(world_totals(w), "3 0 0 2 1 0");
}

static void a_key_on_two_pages_is_one_row(void **state)
{
    world *w = *state;

    w->page_records = 2;
    start(w, FIELDS, A1 B1 A2 C1 A2 D1);
    assert_string_equal(world_totals(w), "6 4 0 0 2 0"); /* the first is kept, pass after pass */
    assert_string_equal(rows(w), "a|one|1\nb|two|2\nc|three|3\nd|four|4");
    assert_string_equal(world_totals(w), "6 0 0 4 2 0");
    w->group_records = 1; /* also where the first one is committed before the second comes */
    assert_int_equal(unlink(world_path(w, "out.db")), 0);
    assert_string_equal(world_totals(w), "6 4 0 0 2 0");
    assert_string_equal(world_totals(w), "6 0 0 4 2 0");
}

static void a_targeted_pass_handles_the_named_items(void **state)
{
    world *w = *state;
    const char *items[] = {"b", "nobody"};

    start(w, FIELDS "    missing: delete\n", A1 B1);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    source(w, A2 B2);
    w->kind = DS_PASS_TARGETED;
    w->items = items;
    w->items_n = 2;
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_string_equal(rows(w), "a|one|1\nb|two|20");
}

static void a_plan_says_what_the_pass_then_does(void **state)
{
    world *w = *state;

    start(w, FIELDS "    missing: delete\n", A1 B1);
    assert_string_equal(world_plan(w), "2 2 0 0 0 0 missing 0");
    assert_string_equal(world_sql(w, "SELECT count(*) FROM sqlite_schema"), "0");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    source(w, A2 C1);
    assert_string_equal(world_plan(w), "2 1 1 0 0 0 missing 1\na.Name: one -> ONE");
    assert_string_equal(world_plan(w), "2 1 1 0 0 0 missing 1\na.Name: one -> ONE");
    assert_string_equal(rows(w), "a|one|1\nb|two|2");
    assert_string_equal(world_totals(w), "2 1 1 0 0 0");
    assert_string_equal(world_plan(w), "2 0 0 2 0 0 missing 0");
}

static void a_pace_spaces_the_writes(void **state)
{
    world *w = *state;
    DS_AUTO_BUF(text, DS_MIB);

    for (int i = 0; i < 1000; i++)
        ds_buf_printf(&text, "{\"id\": \"k%d\", \"name\": \"n\", \"size\": %d}\n", i, i);
    start(w, FIELDS "    pace: 500/s\n", text.data);
    assert_string_equal(world_totals(w), "1000 1000 0 0 0 0");
    assert_in_range(w->clock.waited_us, 1800000, 2000000);
    assert_string_equal(world_totals(w),
                        "1000 0 0 1000 0 0"); /* what is not written is not paced */
    assert_in_range(w->clock.waited_us, 1800000, 2000000);
}

static void write_always_writes_every_row(void **state)
{
    world *w = *state;

    start(w, FIELDS "    write: always\n", A1);
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    world_sql(w, "UPDATE things SET Size = 7");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_string_equal(rows(w), "a|one|1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(only_what_changed_is_written),
        CASE(the_order_of_the_source_does_not_matter),
        CASE(hand_made_rows_and_columns_survive),
        CASE(a_destination_that_was_deleted_is_filled_again),
        CASE(an_old_copy_of_the_destination_is_brought_up_to_date),
        CASE(existing_rows_are_adopted_not_doubled),
        CASE(other_fields_update_the_rows),
        CASE(a_changed_key_waits_for_approval),
        CASE(another_destination_is_filled_by_look_up),
        CASE(another_encoder_compares_and_writes_nothing),
        CASE(another_encoder_sends_a_service_nothing),
        CASE(a_second_unit_does_not_take_a_claimed_key),
        CASE(two_routes_share_a_row_and_its_creator_removes_it),
        CASE(absent_is_left_alone_and_null_clears),
        CASE(create_only_is_written_once_and_a_stamp_never_alone),
        CASE(adopting_equal_rows_does_not_stamp_them),
        CASE(verify_mends_what_a_hand_changed),
        CASE(a_row_deleted_by_hand_comes_back_when_its_record_changes),
        CASE(where_keeps_what_it_names),
        CASE(the_last_record_of_a_key_wins),
        CASE(a_key_on_two_pages_is_one_row),
        CASE(a_targeted_pass_handles_the_named_items),
        CASE(a_plan_says_what_the_pass_then_does),
        CASE(a_pace_spaces_the_writes),
        CASE(write_always_writes_every_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
