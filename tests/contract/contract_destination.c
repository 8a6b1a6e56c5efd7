/* tests/contract/contract_destination.c - the rules for destinations. */
#include "contract.h"

#include "support/values.h"

#include <assert.h>
#include <dirent.h>
#include <string.h>

static tmpdir *dir;
static const contract_destination *under;
static ds_destination *to;
static const char *generation;
static const char *id; /* of the row written last */

static void open_it(void)
{
    if (!seam_open(to, generation, NULL))
        fail_msg("%s", seam_err.text);
}

static ds_destination *instance(void)
{
    ds_destination *made =
        contract_instance(under->ops->options, under->ops->instance_size, under->settings, dir);

    made->ops = under->ops;
    made->route = "test";
    if (made->ops->validate && !made->ops->validate(made, &seam_err))
        fail_msg("%s", seam_err.text);
    return made;
}

static void begin(const void *c)
{
    tmpdir_free(dir); /* of a test that failed */
    dir = tmpdir_new();
    under = c;
    generation = id = NULL;
    if (under->reset)
        under->reset();
    to = instance();
    open_it();
}

static void drop(void)
{
    if (to->ops->close)
        to->ops->close(to);
}

static void commit(void)
{
    generation = seam_finish(to, generation);
}

static void end(void)
{
    drop();
    tmpdir_free(dir);
    dir = NULL;
}

/* The next pass: all is committed, another instance comes. */
static void next_pass(void)
{
    commit();
    drop();
    to = instance();
    open_it();
}

/* The core looks a row up before it writes one whose state it does not know. */
static void look_up(const char *key)
{
    if (to->ops->find && !to->ops->upserts)
        (void)seam_find(to, key);
}

static ds_write *put(ds_op op, const char *key, const char *props, const uint8_t *how)
{
    const ds_record *rec = record_of(scratch, props);
    ds_write *row = ds_new_in(scratch, ds_write);

    *row = (ds_write){.op = op,
                      .key = key,
                      .id = op == DS_OP_UPDATE ? id : NULL,
                      .props = rec->props,
                      .props_n = rec->props_n,
                      .how = how};
    look_up(key);
    if (!to->ops->write(to, seam_activity(), row, 1, &seam_err))
        fail_msg("%s", seam_err.text);
    if (row->new_id)
        id = row->new_id;
    return row;
}

static ds_write *create(const char *key, const char *props)
{
    return put(DS_OP_CREATE, key, props, NULL);
}

static ds_write *update(const char *key, const char *props)
{
    return put(DS_OP_UPDATE, key, props, NULL);
}

/* What a reader of the system finds: rows of `key` (NULL: all); the first one's in *row. */
static size_t read_back(const char *key, ds_record **row)
{
    ds_source *from = contract_instance(under->reader->options, under->reader->instance_size,
                                        under->reader_settings, dir);
    const char *cursor = NULL;
    size_t n = 0;

    *row = NULL;
    from->ops = under->reader;
    if (from->ops->open && !from->ops->open(from, seam_activity(), &seam_err))
        fail_msg("%s", seam_err.text);
    do {
        ds_page *page = seam_fetch(from, "all", cursor, 100);

        for (size_t i = 0; i < page->records_n; i++) {
            assert_null(page->records[i].hold);
            if (key && strcmp(page->records[i].primary_key, key) != 0)
                continue;
            *row = n++ ? *row : &page->records[i];
        }
        cursor = page->next_cursor;
    } while (cursor);
    if (from->ops->close)
        from->ops->close(from);
    return n;
}

static size_t rows(const char *key)
{
    ds_record *row;

    return read_back(key, &row);
}

static void assert_text(const char *key, const char *name, const char *expected)
{
    ds_record *row;
    const char *text;

    assert_int_equal(read_back(key, &row), 1);
    text = seam_text(row, name);
    if (*expected)
        assert_string_equal(text ? text : "(nothing)", expected);
    else
        assert_true(!text || (under->no_null && !*text));
}

#define assert_outcome(row, outcome_) assert_int_equal((row)->outcome, DS_OUT_##outcome_)

/* ---- the rules ------------------------------------------------------------------------------- */

static void a_create_makes_the_row(const void *c)
{
    ds_write *row;

    begin(c);
    row = create("k1", "{\"Name\": \"x\", \"n\": 1}");
    assert_outcome(row, CREATED);
    assert_false(row->adopted);
    commit();
    assert_int_equal(rows(NULL), 1);
    assert_text("k1", "Name", "x");
    assert_text("k1", "n", "1");
    end();
}

static void a_create_meets_the_row_that_is_there(const void *c)
{
    ds_write *row;

    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    assert_outcome(create("k1", "{\"Name\": \"x\", \"n\": 1}"), UNCHANGED); /* not yet flushed */
    next_pass();
    row = create("k1", "{\"Name\": \"x\", \"n\": 1}");
    assert_outcome(row, UNCHANGED);
    assert_true(row->adopted);
    row = create("k1", "{\"Name\": \"y\", \"n\": 1}");
    assert_outcome(row, UPDATED);
    assert_true(row->adopted);
    commit();
    assert_int_equal(rows(NULL), 1);
    assert_text("k1", "Name", "y");
    end();
}

static void an_update_leaves_absent_properties_alone(const void *c)
{
    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    next_pass();
    assert_outcome(update("k1", "{\"n\": 2}"), UPDATED);
    commit();
    assert_text("k1", "Name", "x");
    assert_text("k1", "n", "2");
    assert_int_equal(rows(NULL), 1);
    end();
}

static void a_repeated_update_changes_nothing(const void *c)
{
    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    assert_outcome(update("k1", "{\"Name\": \"y\"}"), UPDATED);
    assert_outcome(update("k1", "{\"Name\": \"y\"}"), UNCHANGED);
    next_pass();
    assert_outcome(update("k1", "{\"Name\": \"y\", \"n\": 1}"), UNCHANGED);
    end();
}

static void null_clears(const void *c)
{
    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    next_pass();
    assert_outcome(update("k1", "{\"Name\": null}"), UPDATED);
    next_pass();
    assert_outcome(update("k1", "{\"Name\": null}"), UNCHANGED);
    commit();
    assert_text("k1", "Name", "");
    assert_text("k1", "n", "1");
    end();
}

static void only_new_and_along(const void *c)
{
    static const uint8_t how[] = {DS_HOW_ALWAYS, DS_HOW_ONLY_NEW, DS_HOW_ALONG};

    begin(c);
    assert_outcome(put(DS_OP_CREATE, "k1", "{\"Name\": \"x\", \"n\": 1, \"at\": \"t1\"}", how),
                   CREATED);
    next_pass();
    assert_outcome(put(DS_OP_UPDATE, "k1", "{\"Name\": \"x\", \"n\": 2, \"at\": \"t2\"}", how),
                   UNCHANGED);
    assert_outcome(put(DS_OP_UPDATE, "k1", "{\"Name\": \"y\", \"n\": 2, \"at\": \"t3\"}", how),
                   UPDATED);
    commit();
    assert_text("k1", "Name", "y");
    assert_text("k1", "n", "1");
    assert_text("k1", "at", "t3");
    end();
}

/* One that cannot refuse a second row of a key leaves the making to the core, which writes down
 * first that it is about to. */
static void an_update_of_a_row_that_is_gone_makes_it_again_or_says_so(const void *c)
{
    bool makes = ((const contract_destination *)c)->ops->promise == DS_PROMISE_A;

    begin(c);
    create("other", "{\"Name\": \"z\", \"n\": 0}");
    id = under->gone ? under->gone : "id-gone";
    assert_int_equal(update("k1", "{\"Name\": \"x\", \"n\": 1}")->outcome,
                     makes ? DS_OUT_CREATED : DS_OUT_GONE);
    commit();
    if (makes)
        assert_text("k1", "Name", "x");
    assert_int_equal(rows(NULL), makes ? 2 : 1);
    end();
}

static void what_was_made_by_hand_stays(const void *c)
{
    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    create("k2", "{\"Name\": \"y\", \"n\": 2}");
    commit();
    drop();
    under->by_hand(dir);
    to = instance();
    open_it();
    assert_outcome(create("k1", "{\"Name\": \"x2\", \"n\": 1}"), UPDATED);
    assert_outcome(create("k2", "{\"Name\": \"y\", \"n\": 2}"), UNCHANGED);
    create("k3", "{\"Name\": \"z\", \"n\": 3}");
    commit();
    assert_text("k1", "Note", "mine");
    assert_text("k1", "Name", "x2");
    assert_text("hand", "Name", "by hand");
    assert_int_equal(rows(NULL), 4);
    end();
}

static void a_stop_is_heard(const void *c)
{
    ds_write row = {.op = DS_OP_CREATE, .key = "k1"};
    ds_activity *act;

    begin(c);
    act = seam_activity();
    atomic_store(&seam_stop, true);
    if (!to->ops->write(to, act, &row, 1, &seam_err)) {
        assert_int_equal(seam_err.kind, DS_ERR_CANCELLED);
        assert_int_equal(row.outcome, DS_OUT_NONE);
    }
    end();
}

static size_t files_in(void)
{
    DIR *list = opendir(tmpdir_path(dir));
    size_t n = 0;

    while (readdir(list))
        n++;
    closedir(list);
    return n;
}

static void looking_changes_nothing(const void *c)
{
    const char *before, *after;
    size_t n, m, files;
    ds_open_in in = {.owner = "store/route/unit", .reading_only = true};
    ds_open_out out;

    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    commit();
    drop();
    before = tmpdir_read(dir, under->file, &n);
    files = files_in();
    to = instance();
    assert_true(to->ops->open(to, seam_activity(), &in, &out, &seam_err));
    assert_true(out.exists);
    assert_string_equal(seam_text(seam_find(to, "k1"), "Name"), "x");
    assert_null(seam_find(to, "k2"));
    drop();
    after = tmpdir_read(dir, under->file, &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    assert_int_equal(files_in(), files);
    end();
}

static void looking_makes_nothing(const void *c)
{
    ds_open_in in = {.owner = "store/route/unit", .reading_only = true};
    ds_open_out out;
    size_t files;

    tmpdir_free(dir);
    dir = tmpdir_new();
    under = c;
    to = instance();
    files = files_in();
    assert_true(to->ops->open(to, seam_activity(), &in, &out, &seam_err));
    assert_false(out.exists);
    assert_null(seam_find(to, "k1"));
    drop();
    assert_int_equal(files_in(), files);
    end();
}

static void an_unchanged_pass_writes_no_byte(const void *c)
{
    const char *before, *after, *known;
    size_t n, m;

    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    create("k2", "{\"Name\": \"y\", \"n\": 2}");
    next_pass();
    commit();
    before = tmpdir_read(dir, under->file, &n);
    known = generation;
    next_pass();
    assert_outcome(update("k1", "{\"Name\": \"x\", \"n\": 1}"), UNCHANGED);
    assert_outcome(create("k2", "{\"Name\": \"y\", \"n\": 2}"), UNCHANGED);
    next_pass();
    after = tmpdir_read(dir, under->file, &m);
    assert_string_equal(generation, known);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    end();
}

static void find_answers_none_or_one(const void *c)
{
    const char *keys[] = {"k2", "nobody", "k1"};
    ds_found found[3];

    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    create("k2", "{\"Name\": \"y\", \"n\": 2}");
    next_pass();
    assert_true(to->ops->find(to, seam_activity(), keys, 3, found, &seam_err));
    for (int i = 0; i < 3; i++) {
        assert_string_equal(found[i].key, keys[i]);
        assert_int_equal(found[i].n, i != 1);
    }
    assert_string_equal(seam_text(found[0].row, "Name"), "y");
    assert_string_equal(seam_text(found[2].row, "n"), "1");
    end();
}

static void removing_can_be_asked_again(const void *c)
{
    const char *keys[] = {"k1", "nobody"}, *ids[] = {NULL, NULL};

    begin(c);
    create("k2", "{\"Name\": \"y\", \"n\": 2}");
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    ids[0] = id;
    next_pass();
    for (int i = 0; i < 2; i++) {
        assert_true(to->ops->remove(to, seam_activity(), keys, ids, 2, &seam_err));
        next_pass();
        assert_int_equal(rows("k1"), 0);
        assert_int_equal(rows("k2"), 1);
    }
    end();
}

static void it_knows_itself_again(const void *c)
{
    ds_open_out out;

    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    commit();
    assert_non_null(generation);
    drop();
    to = instance();
    assert_true(seam_open(to, generation, &out));
    assert_true(out.continues);
    drop();
    to = instance();
    assert_true(seam_open(to, NULL, &out));
    assert_false(out.continues);
    end();
}

static void a_pass_that_breaks_off_is_made_up_for(const void *c)
{
    begin(c);
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    next_pass();
    create("k2", "{\"Name\": \"y\", \"n\": 2}");
    update("k1", "{\"Name\": \"x2\"}");
    drop(); /* neither flush nor finish */
    to = instance();
    open_it();
    create("k2", "{\"Name\": \"y\", \"n\": 2}");
    update("k1", "{\"Name\": \"x2\"}");
    commit();
    assert_text("k1", "Name", "x2");
    assert_text("k2", "Name", "y");
    assert_int_equal(rows(NULL), 2);
    end();
}

static void keys_of_every_kind(const void *c)
{
    static const char *const keys[] = {
        "1", "01", "1.0",      "1e3", "a b",  "'; DROP TABLE t; --", "\"",
        "A", "a",  "\xC3\xA4", "a,b", "null", "\xF0\x9F\x90\xA7",    "\\",
        "%s"};

    begin(c);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < DS_COUNT(keys); i++) {
            const char *props = ds_arena_printf(scratch, "{\"Name\": \"x\", \"n\": %zu}", i);

            assert_int_equal(create(keys[i], props)->outcome,
                             round ? DS_OUT_UNCHANGED : DS_OUT_CREATED);
        }
        next_pass();
    }
    assert_int_equal(rows(NULL), DS_COUNT(keys));
    for (size_t i = 0; i < DS_COUNT(keys); i++)
        assert_text(keys[i], "n", ds_arena_printf(scratch, "%zu", i));
    end();
}

/* What was written is found as the same value, in whatever form the system keeps it. */
static void values_come_back_as_they_went(const void *c)
{
    static const char usual[] =
        "{\"a\": 9007199254740993, \"b\": -0.5, \"c\": true, \"d\": \"a \\\"b\\\"\\nc, d\", \"e\": "
        "null,"
        " \"f\": [\"x\", \"y%s z\"], \"g\": {\"h\": [1.10, null]}, \"i\": \"date:2026-01-31\","
        " \"j\": \"datetime:2026-01-31T09:30:00Z\", \"k\": 1.10, \"l\": \"\", \"m\": \"007\"}";
    bool commas = !((const contract_destination *)c)->no_commas;
    const char *props = ds_arena_printf(scratch, usual, commas ? "," : ";");
    const ds_record *wrote = record_of(scratch, props), *found;

    begin(c);
    create("k1", props);
    next_pass();
    found = seam_find(to, "k1");
    assert_non_null(found);
    for (size_t i = 0; i < wrote->props_n; i++) {
        const ds_value *value = ds_record_get(found, wrote->props[i].name);

        if (under->no_null && value &&
            (value->type == DS_NULL || (value->type == DS_TEXT && !value->n)))
            value = NULL;
        if (under->no_null && wrote->props[i].value.type == DS_TEXT && !wrote->props[i].value.n)
            assert_null(value);
        else if (!ds_value_same(value ? *value : DS_VALUE_NULL, wrote->props[i].value))
            fail_msg("%s came back as %s %s", wrote->props[i].name,
                     value ? ds_type_name(value->type) : "nothing",
                     value ? show_value(scratch, *value) : "");
    }
    assert_outcome(update("k1", props), UNCHANGED);
    end();
}

static void an_identity_is_the_same_each_time(const void *c)
{
    const char *first;

    begin(c);
    first = to->ops->identity(to, scratch);
    assert_non_null(strchr(first, ':'));
    create("k1", "{\"Name\": \"x\", \"n\": 1}");
    next_pass();
    assert_string_equal(to->ops->identity(to, scratch), first);
    end();
}

void contract_add_destination(const contract_destination *c)
{
    const ds_destination_ops *ops = c->ops;

    assert(ops->abi == DS_CONNECTOR_ABI);
    assert(ops->find || ops->promise == DS_PROMISE_C);
    contract_add(c->name, "a create makes the row", a_create_makes_the_row, c);
    contract_add(c->name, "an update leaves absent properties alone",
                 an_update_leaves_absent_properties_alone, c);
    contract_add(c->name, "a repeated update changes nothing", a_repeated_update_changes_nothing,
                 c);
    contract_add(c->name, "null clears", null_clears, c);
    contract_add(c->name, "only_new is for new rows, along is never alone", only_new_and_along, c);
    contract_add(c->name, "an update of a row that is gone makes it again, or says so",
                 an_update_of_a_row_that_is_gone_makes_it_again_or_says_so, c);
    contract_add(c->name, "a stop is heard", a_stop_is_heard, c);
    contract_add(c->name, "find answers none or one", find_answers_none_or_one, c);
    contract_add(c->name, "values come back as they went", values_come_back_as_they_went, c);
    contract_add(c->name, "an identity is the same each time", an_identity_is_the_same_each_time,
                 c);
    if (ops->remove)
        contract_add(c->name, "removing can be asked again", removing_can_be_asked_again, c);
    if (ops->flush)
        contract_add(c->name, "it knows itself again", it_knows_itself_again, c);
    if (ops->upserts) {
        contract_add(c->name, "a create meets the row that is there",
                     a_create_meets_the_row_that_is_there, c);
        contract_add(c->name, "what was made by hand stays", what_was_made_by_hand_stays, c);
        contract_add(c->name, "a pass that breaks off is made up for",
                     a_pass_that_breaks_off_is_made_up_for, c);
        contract_add(c->name, "keys of every kind", keys_of_every_kind, c);
    }
    if (c->file) {
        contract_add(c->name, "looking changes nothing", looking_changes_nothing, c);
        contract_add(c->name, "looking makes nothing", looking_makes_nothing, c);
        contract_add(c->name, "an unchanged pass writes no byte", an_unchanged_pass_writes_no_byte,
                     c);
    }
}
