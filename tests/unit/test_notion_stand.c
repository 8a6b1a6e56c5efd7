/* tests/unit/test_notion_stand.c - how a pass moves through a table's rows, query by query. */
#include "connectors/notion/stand.h"
#include "support/run.h"

#include <stdio.h>
#include <string.h>

#define ROWS_MOST 60

typedef struct row {
    int edited, created; /* minutes */
} row;

/* A table as Notion answers of it: in order, `cap` rows a query, `page` at once. */
typedef struct table {
    row rows[ROWS_MOST];
    size_t n, cap, page;
    int met[ROWS_MOST];
    int queries;
} table;

static const char *minute(int n)
{
    return ds_arena_printf(scratch, "2025-03-01T10:%02d:00.000Z", n);
}

static const ds_json *query_of(const ds_notion_stand *stand, size_t rows)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_err err = DS_ERR_INIT;
    const ds_json *doc;

    ds_notion_stand_query(stand, rows, &out);
    doc = ds_json_read(scratch, out.data, out.n, &err);
    assert_non_null(doc);
    return doc;
}

static bool fits_bound(const ds_json *bound, const row *r)
{
    const char *name = ds_json_text(bound, "timestamp");
    const ds_json *how = ds_json_get(bound, name);
    const char *at = minute(strcmp(name, "created_time") == 0 ? r->created : r->edited);

    if (ds_json_text(how, "after"))
        return strcmp(at, ds_json_text(how, "after")) > 0;
    if (ds_json_text(how, "on_or_before"))
        return strcmp(at, ds_json_text(how, "on_or_before")) <= 0;
    return strcmp(at, ds_json_text(how, "on_or_after")) >= 0;
}

static bool fits(const ds_json *filter, const row *r)
{
    const ds_json *all = ds_json_get(filter, "and");

    if (!filter)
        return true;
    if (!all)
        return fits_bound(filter, r);
    DS_JSON_EACH (all, bound)
        if (!fits_bound(bound, r))
            return false;
    return true;
}

/* The rows are in the order of the query already. One page of it; the next cursor, or NULL. */
static const char *answer(table *t, ds_notion_stand *stand, bool *cut)
{
    const ds_json *doc = query_of(stand, t->page), *filter = ds_json_get(doc, "filter");
    const char *at = ds_json_text(doc, "start_cursor");
    size_t skip = at ? (size_t)(at[0] - 'A') * t->page : 0, nth = 0, given = 0;

    t->queries++;
    *cut = false;
    for (size_t i = 0; i < t->n; i++) {
        if (!fits(filter, &t->rows[i]) || nth++ < skip)
            continue;
        if (nth > t->cap) {
            *cut = true;
            return NULL;
        }
        if (given == t->page)
            return ds_arena_printf(scratch, "%c", (char)('A' + (nth - 1) / t->page));
        given++;
        t->met[i] +=
            ds_notion_stand_pass(stand, ds_arena_printf(scratch, "id-%zu", i),
                                 minute(t->rows[i].edited), minute(t->rows[i].created), scratch);
    }
    return NULL;
}

/* The whole pass, each page by a fresh instance. */
static ds_notion_way read_all(table *t)
{
    const char *cursor = NULL;

    for (int i = 0; i < 200; i++) {
        ds_notion_stand stand;
        const char *next, *before = cursor;
        bool cut;
        ds_notion_way way;

        assert_true(ds_notion_stand_read(cursor, scratch, &stand));
        next = answer(t, &stand, &cut);
        way = ds_notion_stand_on(&stand, next, cut);
        if (way != DS_NOTION_ON)
            return way;
        cursor = ds_notion_stand_text(&stand, scratch);
        assert_true(!before || strcmp(before, cursor) != 0);
    }
    fail_msg("it does not end");
    return DS_NOTION_STUCK;
}

static const struct shape {
    const char *name;
    size_t rows, cap, page;
    int each_edited, each_created; /* rows that share a minute */
    bool stuck;
} shapes[] = {
    {"no rows", 0, 10, 4, 1, 1, false},
    {"one query", 8, 10, 4, 1, 1, false},
    {"a page exactly", 4, 10, 4, 1, 1, false},
    {"as many as a query gives", 10, 10, 5, 1, 1, false},
    {"several queries, a minute each", 55, 10, 5, 1, 1, false},
    {"several queries, minutes shared", 55, 10, 5, 4, 1, false},
    {"minutes of more than a query", 55, 10, 5, 30, 1, false},
    {"all edited in one minute", 55, 10, 5, 60, 1, false},
    {"all edited in one minute, made three a minute", 55, 10, 5, 60, 3, false},
    {"edited and made within one, as many as a query gives", 10, 10, 5, 60, 60, false},
    {"edited and made within one, one more", 11, 10, 5, 60, 60, true},
    {"pages of one", 23, 7, 1, 3, 2, false},
};

static void each_row_once(void **state)
{
    const struct shape *s = *state;
    table *t = ds_new_in(scratch, table);

    *t = (table){.n = s->rows, .cap = s->cap, .page = s->page};
    for (size_t i = 0; i < t->n; i++)
        t->rows[i] = (row){(int)i / s->each_edited, (int)i / s->each_created};
    assert_int_equal(read_all(t), s->stuck ? DS_NOTION_STUCK : DS_NOTION_END);
    for (size_t i = 0; i < t->n && !s->stuck; i++)
        if (t->met[i] != 1)
            fail_msg("row %zu came %d times", i, t->met[i]);
}

static void a_refused_cursor_goes_on_at_the_last_row(void **state)
{
    ds_notion_stand stand = {.from = minute(1), .at = "A"};
    const ds_json *doc;

    (void)state;
    assert_true(ds_notion_stand_pass(&stand, "a-1", minute(3), minute(2), scratch));
    assert_int_equal(ds_notion_stand_again(&stand), DS_NOTION_ON);
    doc = query_of(&stand, 100);
    assert_null(ds_json_text(doc, "start_cursor"));
    assert_string_equal(
        ds_json_text(ds_json_path(doc, "filter.and.0.last_edited_time"), "on_or_after"), minute(3));
    assert_string_equal(ds_json_text(ds_json_path(doc, "filter.and.2.created_time"), "on_or_after"),
                        minute(2));
    assert_false(ds_notion_stand_pass(&stand, "a1", minute(3), minute(2), scratch));
    assert_true(ds_notion_stand_pass(&stand, "a2", minute(3), minute(2), scratch));
}

static void cursors_that_are_never_taken_end_it(void **state)
{
    ds_notion_stand stand = {.at = "A"};
    int tries = 0;

    (void)state;
    assert_true(ds_notion_stand_pass(&stand, "a", minute(3), minute(2), scratch));
    while (ds_notion_stand_again(&stand) == DS_NOTION_ON)
        assert_true(++tries < 10);
    assert_true(tries >= 2);
    assert_true(ds_notion_stand_pass(&stand, "b", minute(4), minute(2), scratch));
    assert_int_equal(ds_notion_stand_again(&stand), DS_NOTION_ON); /* it had moved */
}

static void what_is_remembered_has_an_end(void **state)
{
    ds_notion_stand stand = {0}, again;
    const char *text;

    (void)state;
    for (size_t i = 0; i < DS_NOTION_SEEN_MAX + 5; i++)
        assert_true(ds_notion_stand_pass(
            &stand, ds_arena_printf(scratch, "00000000-0000-0000-0000-%012zu", i), minute(1),
            minute(1), scratch));
    assert_int_equal(stand.seen_n, DS_NOTION_SEEN_MAX);
    text = ds_notion_stand_text(&stand, scratch);
    assert_true(strlen(text) < 60000); /* of a cursor the core takes 64 KiB */
    assert_true(ds_notion_stand_read(text, scratch, &again));
    assert_false(ds_notion_stand_pass(&again, "00000000-0000-0000-0000-000000000007", minute(1),
                                      minute(1), scratch));
}

static void what_is_no_cursor(void **state)
{
    static const char *const texts[] = {"", "7", "[]", "{", "null", "\"a\""};
    ds_notion_stand stand;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(texts); i++)
        assert_false(ds_notion_stand_read(texts[i], scratch, &stand));
    assert_true(
        ds_notion_stand_read("{\"seen\":[1,null,\"a\"],\"served\":\"x\"}", scratch, &stand));
    assert_int_equal(stand.seen_n, 1);
}

int main(void)
{
    add_table(shapes, each_row_once);
    add_test(a_refused_cursor_goes_on_at_the_last_row);
    add_test(cursors_that_are_never_taken_end_it);
    add_test(what_is_remembered_has_an_end);
    add_test(what_is_no_cursor);
    return run_tests("the place among rows");
}
