/* tests/unit/test_map_transform.c - the two halves of a mapping, around a transform. */
#include "base/hash.h"
#include "support/mapping.h"

/* ---- what goes in ---------------------------------------------------------------------------- */

static const ds_field ab[] = {{.to = "A", .from = "a", .as = DS_INT}, {.to = "B", .from = "b"}};
static const ds_value one = INT(1);
static const ds_where a_is_one[] = {{.name = "a", .any = &one, .any_n = 1}};

#define AB .has_fields = true, .fields = ab, .fields_n = 2

static const struct before_row {
    const char *name;
    ds_route route;
    const char *record;
    const char *in;
} befores[] = {
    {"before: all of fields, owned or not",
     {AB, .has_owns = true, .owns = TEXTS("A")},
     "{\"a\":1,\"b\":2}",
     "A=1 B=2"},
    {"before: nested values as the source has them", {AB}, "{\"b\":{\"x\":1}}", "B={\"x\":1}"},
    {"before: absent ones are left out", {AB}, "{\"b\":2}", "B=2"},
    {"before: what does not convert is held",
     {AB},
     "{\"a\":\"x\"}",
     "held: A: \"x\" is not an integer"},
    {"before: the source's own names", {0}, "{\"b\":{\"x\":1},\"c\":2}", "b={\"x\":1} c=2"},
    {"before: absent ones of the source's own are left out",
     {0},
     "{\"a\":\"absent\",\"b\":2}",
     "b=2"},
    {"before: nothing", {0}, "{}", ""},
    {"before: where keeps", {.where = a_is_one, .where_n = 1}, "{\"a\":1}", "a=1"},
    {"before: where drops", {.where = a_is_one, .where_n = 1}, "{\"a\":2}", "dropped"},
};

static void before(void **state)
{
    const struct before_row *row = *state;
    ds_mapping *m = ds_mapping_new(&row->route);
    ds_record *rec = record_of(scratch, row->record);
    const char *reason = NULL;
    ds_transform_in in;
    ds_map_result result;

    rec->primary_key = "k1";
    rec->body = "text";
    result = ds_mapping_before(m, rec, scratch, &in, &reason);
    ds_mapping_free(m);
    if (result == DS_MAP_DROPPED)
        assert_string_equal(row->in, "dropped");
    else if (result == DS_MAP_HELD)
        assert_string_equal(ds_arena_printf(scratch, "held: %s", reason), row->in);
    else
        assert_string_equal(show_props(scratch, in.props, in.n), row->in);
    assert_string_equal(in.key, "k1");
    assert_string_equal(in.body, "text");
}

/* ---- what comes out -------------------------------------------------------------------------- */

#define HELD(text) "held: transform: " text

static const struct after_row {
    const char *name;
    ds_route route;
    const char *in;
    const char *made;
    const char *more; /* the name of one property more; NULL: none */
    const char *out;
} afters[] = {
    {"after: as it was made",
     {0},
     "{\"a\":1}",
     "{\"a\":2,\"c\":{\"x\":1}}",
     NULL,
     "a=2 c=\"{\\\"x\\\":1}\""},
    {"after: less what is not owned",
     {.has_owns = true, .owns = TEXTS("c")},
     "{\"a\":1}",
     "{\"a\":2,\"c\":3}",
     NULL,
     "c=3"},
    {"after: the key as it came is left out",
     {.destination_key = "id"},
     "{\"a\":1,\"id\":7}",
     "{\"id\":7,\"a\":2}",
     NULL,
     "a=2"},
    {"after: another key is refused",
     {.destination_key = "id"},
     "{\"a\":1,\"id\":7}",
     "{\"id\":8,\"a\":2}",
     NULL,
     HELD("\"id\" is the key, which is written by itself")},
    {"after: a key that nobody gave is refused",
     {.destination_key = "id"},
     "{\"a\":1}",
     "{\"id\":7}",
     NULL,
     HELD("\"id\" is the key, which is written by itself")},
    {"after: the stamp is refused",
     {.stamp = "At"},
     "{}",
     "{\"a\":1,\"At\":2}",
     NULL,
     HELD("\"At\" is the stamp, which is written by itself")},
    {"after: the mark is refused",
     {.missing = DS_MISSING_MARK, .missing_mark = "Gone"},
     "{}",
     "{\"Gone\":2}",
     NULL,
     HELD("\"Gone\" is the mark of missing rows, which is written by itself")},
    {"after: one name twice is refused",
     {0},
     "{}",
     "{\"a\":1,\"b\":2}",
     "a",
     HELD("two properties are named \"a\"")},
    {"after: one more name is not", {0}, "{}", "{\"a\":1,\"b\":2}", "c", "a=1 b=2 c=true"},
    {"after: nothing", {0}, "{\"a\":1}", "{}", NULL, ""},
};

static void after(void **state)
{
    const struct after_row *row = *state;
    ds_mapping *m = ds_mapping_new(&row->route);
    ds_record *from = record_of(scratch, row->in), *made = record_of(scratch, row->made);
    ds_transform_in in = {.props = from->props, .n = from->props_n};
    ds_transform_out out = {.fate = DS_TRANSFORM_KEPT};
    const char *reason = NULL, *got;
    ds_mapped mapped;

    if (row->more)
        ds_record_append(made, row->more, ds_bool(true));
    out.props = made->props;
    out.n = made->props_n;
    if (ds_mapping_after(m, &in, &out, scratch, &mapped, &reason) == DS_MAP_HELD)
        got = ds_arena_printf(scratch, "held: %s", reason);
    else
        got = show_props(scratch, mapped.props, mapped.n);
    ds_mapping_free(m);
    assert_string_equal(got, row->out);
}

static const ds_destination_ops with_bodies = {.kind = "pages", .has_bodies = true};
static const ds_destination_ops without = {.kind = "rows"};

static const struct body_row {
    const char *name;
    const ds_destination_ops *to;
    const char *in, *made;
    bool kept;
} bodies[] = {
    {"body: where it is understood", &with_bodies, NULL, "text", true},
    {"body: none", &without, NULL, NULL, true},
    {"body: as it came, it gets lost in silence", &without, "text", "text", true},
    {"body: taken away", &without, "text", NULL, true},
    {"body: a new one would get lost", &without, NULL, "text", false},
    {"body: another one would get lost", &without, "text", "words", false},
};

static void body(void **state)
{
    const struct body_row *row = *state;
    ds_route route = {.destination = row->to};
    ds_mapping *m = ds_mapping_new(&route);
    ds_transform_in in = {.body = row->in};
    ds_transform_out made = {.fate = DS_TRANSFORM_KEPT, .body = row->made};
    const char *reason = NULL;
    ds_mapped mapped = {.n = 0};
    ds_map_result result = ds_mapping_after(m, &in, &made, scratch, &mapped, &reason);

    ds_mapping_free(m);
    assert_int_equal(result, row->kept ? DS_MAPPED : DS_MAP_HELD);
    if (row->kept)
        assert_ptr_equal(mapped.body, row->made);
    else
        assert_non_null(strstr(reason, "a destination of kind rows has no bodies"));
}

/* ---- the hash of what goes in ---------------------------------------------------------------- */

static ds_hash hash_of(const char *program, const char *json)
{
    ds_route route = {.transform = program};
    ds_mapping *m = ds_mapping_new(&route);
    ds_record *rec = record_of(scratch, json);
    ds_transform_in in = {.props = rec->props, .n = rec->props_n};
    ds_hash hash = ds_mapping_hash_before(m, &in, scratch);

    ds_mapping_free(m);
    return hash;
}

static void the_hash_tells_of_record_and_program(void **state)
{
    ds_hash hash = hash_of(".", "{\"a\":1,\"b\":{\"x\":[1]}}");

    (void)state;
    assert_true(ds_hash_same(hash, hash_of(".", "{\"b\":{\"x\":[1]},\"a\":1}")));
    assert_false(ds_hash_same(hash, hash_of(". ", "{\"a\":1,\"b\":{\"x\":[1]}}")));
    assert_false(ds_hash_same(hash, hash_of(".", "{\"a\":1,\"b\":{\"x\":[2]}}")));
}

int main(void)
{
    add_table(befores, before);
    add_table(afters, after);
    add_table(bodies, body);
    add_test(the_hash_tells_of_record_and_program);
    return run_tests("mapping, transforms");
}
