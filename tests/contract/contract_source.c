/* tests/contract/contract_source.c - the rules for sources. */
#include "contract.h"

#include <assert.h>
#include <string.h>

static tmpdir *dir;

static ds_source *instance(const contract_source *c)
{
    ds_source *from = contract_instance(c->ops->options, c->ops->instance_size, c->settings, dir);

    from->ops = c->ops;
    from->route = "test";
    if (c->ops->validate && !c->ops->validate(from, &seam_err))
        fail_msg("%s", seam_err.text);
    if (c->ops->open && !c->ops->open(from, seam_activity(), &seam_err))
        fail_msg("%s", seam_err.text);
    return from;
}

static void drop(ds_source *from)
{
    if (from->ops->close)
        from->ops->close(from);
}

static ds_source *begin(const contract_source *c, size_t rows)
{
    tmpdir_free(dir); /* of a test that failed */
    dir = tmpdir_new();
    c->fill(dir, rows);
    return instance(c);
}

static void end(ds_source *from)
{
    drop(from);
    tmpdir_free(dir);
    dir = NULL;
}

static const char *usual_key(size_t i)
{
    return ds_arena_printf(scratch, "k%04zu", i);
}

static contract_names names = {"all", "Name", "n", usual_key};

void contract_use_names(const contract_names *own)
{
    names = *own;
}

/* The record must be row `i`, whole. */
static void check(const ds_record *rec, size_t i)
{
    const char *key = names.key(i);

    assert_null(rec->hold);
    assert_non_null(rec->primary_key);
    assert_string_equal(rec->primary_key, key);
    assert_string_equal(seam_text(rec, names.text), ds_arena_printf(scratch, "name of %s", key));
    assert_string_equal(seam_text(rec, names.number), ds_arena_printf(scratch, "%zu", i));
}

/* Reads all `rows` in pages of `limit`; `fresh`: each page by a new instance, as after a crash. */
static ds_source *read_all(const contract_source *c, ds_source *from, size_t rows, size_t limit,
                           bool fresh)
{
    const char *cursor = NULL;
    size_t seen = 0;

    for (size_t pages = 0; pages < rows + 3; pages++) {
        ds_page *page = seam_fetch(from, names.unit, cursor, limit);

        assert_false(page->restart);
        for (size_t i = 0; i < page->records_n; i++)
            check(&page->records[i], seen++);
        cursor = page->next_cursor;
        if (!cursor) {
            assert_int_equal(seen, rows);
            return from;
        }
        if (fresh) {
            drop(from);
            from = instance(c);
        }
    }
    fail_msg("the pages do not end");
    return from;
}

static const size_t sizes[] = {0, 1, 2, 7, 100, 1003};
static const size_t limits[] = {1, 2, 3, 7, 50, 1000, 5000};

static void pages_meet(const void *state)
{
    const contract_source *c = state;

    for (size_t s = 0; s < DS_COUNT(sizes); s++) {
        for (size_t l = 0; l < DS_COUNT(limits); l++) {
            if (sizes[s] > 100 && limits[l] < 50)
                continue;
            end(read_all(c, begin(c, sizes[s]), sizes[s], limits[l], false));
        }
    }
}

static void a_cursor_goes_on_in_a_fresh_instance(const void *state)
{
    const contract_source *c = state;

    for (size_t l = 0; l < DS_COUNT(limits); l++)
        end(read_all(c, begin(c, 23), 23, limits[l], true));
}

static void reading_again_reads_the_same(const void *state)
{
    const contract_source *c = state;
    ds_source *from = begin(c, 11);

    from = read_all(c, from, 11, 4, false);
    end(read_all(c, from, 11, 3, false));
}

static void units_are_named_once(const void *state)
{
    ds_source *from = begin(state, 3);
    ds_units units = {.arena = scratch};

    assert_true(from->ops->units(from, seam_activity(), &units, &seam_err));
    assert_int_equal(units.n, 1);
    assert_string_equal(units.keys[0], names.unit);
    end(from);
}

static void a_stop_is_heard(const void *state)
{
    ds_source *from = begin(state, 100);
    ds_activity *act = seam_activity();
    ds_fetch want = {.unit = names.unit, .since_ms = -1, .limit = 1000};
    ds_page page;

    ds_page_init(&page, scratch);
    atomic_store(&seam_stop, true);
    if (!from->ops->fetch_page(from, act, &want, &page, &seam_err))
        assert_int_equal(seam_err.kind, DS_ERR_CANCELLED);
    end(from);
}

static void only_the_items_asked_for(const void *state)
{
    const char *items[] = {names.key(7), "nobody", names.key(2), names.key(11)};
    const char *cursor = NULL;
    ds_source *from = begin(state, 20);
    size_t n = 0;

    do {
        ds_fetch want = {.unit = names.unit,
                         .cursor = cursor,
                         .items = items,
                         .items_n = 4,
                         .since_ms = -1,
                         .limit = 2};
        ds_page page;

        ds_page_init(&page, scratch);
        assert_true(from->ops->fetch_page(from, seam_activity(), &want, &page, &seam_err));
        for (size_t i = 0; i < page.records_n; i++) {
            const char *key = page.records[i].primary_key;

            assert_true(!strcmp(key, items[0]) || !strcmp(key, items[2]) || !strcmp(key, items[3]));
            n++;
        }
        cursor = page.next_cursor;
    } while (cursor);
    assert_int_equal(n, 3);
    end(from);
}

static void reading_writes_nothing(const void *state)
{
    const contract_source *c = state;
    ds_source *from = begin(c, 30);
    size_t n, m;
    const char *before = tmpdir_read(dir, c->file, &n), *after;

    from = read_all(c, from, 30, 7, true);
    after = tmpdir_read(dir, c->file, &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    end(from);
}

static void closing_is_always_fine(const void *state)
{
    const contract_source *c = state;
    ds_source *from = begin(c, 1), *closed;

    closed = contract_instance(c->ops->options, c->ops->instance_size, c->settings, dir);
    closed->ops = c->ops;
    drop(closed); /* never opened */
    drop(from);
    end(from); /* twice */
}

void contract_add_source(const contract_source *c)
{
    assert(c->ops->abi == DS_CONNECTOR_ABI);
    contract_add(c->name, "pages meet without gap or overlap", pages_meet, c);
    contract_add(c->name, "a cursor goes on in a fresh instance",
                 a_cursor_goes_on_in_a_fresh_instance, c);
    contract_add(c->name, "reading again reads the same", reading_again_reads_the_same, c);
    contract_add(c->name, "units are named once", units_are_named_once, c);
    contract_add(c->name, "a stop is heard", a_stop_is_heard, c);
    contract_add(c->name, "closing is always fine", closing_is_always_fine, c);
    if (c->ops->targets_items)
        contract_add(c->name, "only the items asked for", only_the_items_asked_for, c);
    if (c->file)
        contract_add(c->name, "reading writes nothing", reading_writes_nothing, c);
}
