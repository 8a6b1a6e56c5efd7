/* tests/unit/test_map_record.c
 *
 * A route's mapping over whole records: where, owns, create_only, the columns it asks for; and that
 * the hash of the outcome says just what an update would write.
 */
#include "base/hash.h"
#include "support/mapping.h"

/* ---- records --------------------------------------------------------------------------------- */

static const ds_field abc[] = {
    {.to = "C", .from = "c"}, {.to = "A", .from = "a"}, {.to = "B", .from = "b"}};

#define ABC .has_fields = true, .fields = abc, .fields_n = 3

static const struct route_row {
    const char *name;
    ds_route route;
    const char *record;
    const char *out;
    const char *how; /* a letter a property: n new only, a always; NULL: all always */
} routes[] = {
    {"fields: in their order", {ABC}, "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", "C=3 A=1 B=2", NULL},
    {"fields: absent ones are left out", {ABC}, "{\"b\":2}", "B=2", NULL},
    {"fields: all absent", {ABC}, "{\"d\":2}", "", NULL},
    {"no fields: the source's own",
     {0},
     "{\"b\":2,\"a\":{\"x\":1},\"c\":null}",
     "b=2 a=\"{\\\"x\\\":1}\" c=null",
     NULL},
    {"no fields: absent ones are left out", {0}, "{\"a\":\"absent\",\"b\":2}", "b=2", NULL},
    {"no fields: the key's column is not a property",
     {.destination_key = "id"},
     "{\"id\":1,\"b\":2}",
     "b=2",
     NULL},
    {"no fields: nothing", {0}, "{}", "", NULL},

    {"owns: some of the fields",
     {ABC, .has_owns = true, .owns = TEXTS("A", "C")},
     "{\"a\":1,\"b\":2,\"c\":3}",
     "C=3 A=1",
     NULL},
    {"owns: nothing", {ABC, .has_owns = true}, "{\"a\":1,\"b\":2,\"c\":3}", "", NULL},
    {"owns: what nobody maps", {ABC, .has_owns = true, .owns = TEXTS("Z")}, "{\"a\":1}", "", NULL},
    {"owns: of the source's own",
     {.has_owns = true, .owns = TEXTS("b")},
     "{\"a\":1,\"b\":2}",
     "b=2",
     NULL},

    {"create_only: marks its own",
     {ABC, .create_only = TEXTS("A")},
     "{\"a\":1,\"b\":2,\"c\":3}",
     "C=3 A=1 B=2",
     "ana"},
    {"create_only: keeps its place among gaps",
     {ABC, .create_only = TEXTS("B")},
     "{\"a\":1,\"b\":2}",
     "A=1 B=2",
     "an"},
    {"create_only: of the source's own",
     {.create_only = TEXTS("b")},
     "{\"a\":1,\"b\":2,\"c\":3}",
     "a=1 b=2 c=3",
     "ana"},
    {"create_only: of the source's own behind a gap",
     {.create_only = TEXTS("b"), .destination_key = "a"},
     "{\"a\":1,\"b\":2,\"c\":3}",
     "b=2 c=3",
     "na"},
    {"create_only: what nobody maps", {ABC, .create_only = TEXTS("Z")}, "{\"a\":1}", "A=1", NULL},
    {"owns and create_only",
     {ABC, .has_owns = true, .owns = TEXTS("A", "B"), .create_only = TEXTS("A", "C")},
     "{\"a\":1,\"b\":2,\"c\":3}",
     "A=1 B=2",
     "na"},
};

static void record(void **state)
{
    const struct route_row *row = *state;
    ds_mapped out;

    assert_string_equal(apply_mapping(&row->route, record_of(scratch, row->record), &out),
                        row->out);
    for (size_t i = 0; i < out.n; i++) {
        bool only_new = out.how && out.how[i] == DS_HOW_ONLY_NEW;

        assert_int_equal(only_new, row->how && row->how[i] == 'n');
        assert_true(!out.how || out.how[i] == DS_HOW_ALWAYS || only_new);
        assert_true(out.props[i].value.type != DS_ABSENT && out.props[i].value.type != DS_NESTED);
    }
}

static void a_value_that_is_not_owned_holds_nothing(void **state)
{
    static const ds_field fields[] = {{.to = "A", .from = "a", .as = DS_INT},
                                      {.to = "B", .from = "b"}};
    ds_route route = {
        .has_fields = true, .fields = fields, .fields_n = 2, .has_owns = true, .owns = TEXTS("B")};
    ds_mapped out;

    (void)state;
    assert_string_equal(apply_mapping(&route, record_of(scratch, "{\"a\":\"x\",\"b\":2}"), &out),
                        "B=2");
}

static void texts_beyond_a_records_size_are_held(void **state)
{
    enum { N = 20 * 1024 * 1024 };
    static const ds_field template = {.to = "X", .kind = DS_FIELD_TEMPLATE, .template = "{a}{a}"};
    static const ds_field join = {.to = "X", .from = "l", .join = "-"};
    static const ds_field as_text = {.to = "X", .from = "l", .join = "-", .as = DS_TEXT};
    ds_route route = {.has_fields = true, .fields = &template, .fields_n = 1};
    ds_record *rec = record_of(scratch, "{}");
    char *text = ds_arena_alloc(scratch, N + 1);
    const char *list[2] = {text, text};
    ds_mapped out;

    (void)state;
    memset(text, 'x', N);
    text[N] = '\0';
    ds_record_set(rec, "a", ds_text(text));
    ds_record_set(rec, "l", ds_list(list, 2));
    assert_string_equal(apply_mapping(&route, rec, &out),
                        "held: X: the text of its template is larger than 33554432 bytes");
    route.fields = &join;
    assert_string_equal(apply_mapping(&route, rec, &out),
                        "held: X: the joined text is larger than 33554432 bytes");
    route.fields = &as_text;
    assert_string_equal(apply_mapping(&route, rec, &out),
                        "held: X: the joined text is larger than 33554432 bytes");
}

/* ---- where ----------------------------------------------------------------------------------- */

#define ANY(...)                                                                                   \
    .any = (const ds_value[]){__VA_ARGS__},                                                        \
    .any_n = sizeof((const ds_value[]){__VA_ARGS__}) / sizeof(ds_value)

static const struct where_row {
    const char *name;
    ds_where where[2];
    const char *record;
    bool kept;
} wheres[] = {
    {"where: the value", {{.name = "a", ANY(TEXT("x"))}}, "{\"a\": \"x\"}", true},
    {"where: another value", {{.name = "a", ANY(TEXT("x"))}}, "{\"a\": \"y\"}", false},
    {"where: one of several", {{.name = "a", ANY(TEXT("x"), TEXT("y"))}}, "{\"a\": \"y\"}", true},
    {"where: none of several", {{.name = "a", ANY(TEXT("x"), TEXT("y"))}}, "{\"a\": \"z\"}", false},
    {"where: a boolean", {{.name = "a", ANY({.type = DS_BOOL})}}, "{\"a\": false}", true},
    {"where: a boolean and a text",
     {{.name = "a", ANY({.type = DS_BOOL})}},
     "{\"a\": \"false\"}",
     true},
    {"where: a boolean and null", {{.name = "a", ANY({.type = DS_BOOL})}}, "{\"a\": null}", false},
    {"where: a number by its value", {{.name = "a", ANY(INT(5))}}, "{\"a\": 5.0}", true},
    {"where: null", {{.name = "a", ANY(NIL)}}, "{\"a\": null}", true},
    {"where: null and absent", {{.name = "a", ANY(NIL)}}, "{}", true},
    {"where: null and an empty text", {{.name = "a", ANY(NIL)}}, "{\"a\": \"\"}", false},
    {"where: absent is no value", {{.name = "a", ANY(TEXT("x"))}}, "{}", false},
    {"where: a path", {{.name = "o.login", ANY(TEXT("x"))}}, "{\"o\": {\"login\": \"x\"}}", true},
    {"where: a path that leads nowhere",
     {{.name = "o.login", ANY(TEXT("x"))}},
     "{\"o\": 5}",
     false},
    {"where: both",
     {{.name = "a", ANY(INT(1))}, {.name = "b", ANY(INT(2))}},
     "{\"a\": 1, \"b\": 2}",
     true},
    {"where: only the first",
     {{.name = "a", ANY(INT(1))}, {.name = "b", ANY(INT(2))}},
     "{\"a\": 1, \"b\": 3}",
     false},
    {"where: only the second",
     {{.name = "a", ANY(INT(1))}, {.name = "b", ANY(INT(2))}},
     "{\"a\": 3, \"b\": 2}",
     false},
    {"where: no value is enough", {{.name = "a"}}, "{\"a\": 1}", false},
};

static void where(void **state)
{
    const struct where_row *row = *state;
    ds_route route = {.where = row->where, .where_n = row->where[1].name ? 2 : 1};
    ds_mapped out;
    const char *got = apply_mapping(&route, record_of(scratch, row->record), &out);

    assert_int_equal(strcmp(got, "dropped") != 0, row->kept);
}

static void where_looks_at_the_source_not_at_the_outcome(void **state)
{
    static const ds_field fields[] = {{.to = "a", .kind = DS_FIELD_VALUE, .value = INT(1)}};
    const ds_where conditions[] = {{.name = "a", ANY(INT(2))}};
    ds_route route = {
        .has_fields = true, .fields = fields, .fields_n = 1, .where = conditions, .where_n = 1};
    ds_mapped out;

    (void)state;
    assert_string_equal(apply_mapping(&route, record_of(scratch, "{\"a\": 2}"), &out), "a=1");
    assert_string_equal(apply_mapping(&route, record_of(scratch, "{\"a\": 1}"), &out), "dropped");
}

/* ---- hashes ---------------------------------------------------------------------------------- */

static ds_hash hash_of(const ds_route *route, const char *json, const char *body)
{
    ds_record *rec = record_of(scratch, json);
    ds_mapped out;

    rec->body = body;
    apply_mapping(route, rec, &out);
    assert_false(ds_hash_same(out.hash, (ds_hash){0}));
    return out.hash;
}

static const ds_field cab[] = {
    {.to = "A", .from = "a"}, {.to = "B", .from = "b"}, {.to = "C", .from = "c"}};
static const ds_route by_abc = {ABC};
static const ds_route by_cab = {.has_fields = true, .fields = cab, .fields_n = 3};
static const ds_route only_ab = {ABC, .has_owns = true, .owns = TEXTS("A", "B")};
static const ds_route new_c = {ABC, .create_only = TEXTS("C")};
static const ds_route own_names = {0};
static const ds_route own_new_c = {.create_only = TEXTS("c")};
static const ds_route own_key = {.destination_key = "c"};

static const struct hash_row {
    const char *name;
    const ds_route *route_a, *route_b;
    const char *a, *b;
    bool same;
} hashes[] = {
    {"hash: the same record", &by_abc, &by_abc, "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}", true},
    {"hash: properties in another order", &by_abc, &by_abc, "{\"a\":1,\"b\":2}",
     "{\"b\":2,\"a\":1}", true},
    {"hash: the same without fields", &own_names, &own_names, "{\"a\":1,\"b\":2,\"c\":3}",
     "{\"c\":3,\"a\":1,\"b\":2}", true},
    {"hash: fields in another order", &by_abc, &by_cab, "{\"a\":1,\"b\":2,\"c\":3}",
     "{\"a\":1,\"b\":2,\"c\":3}", true},
    {"hash: fields in another order with gaps", &by_abc, &by_cab, "{\"a\":1,\"c\":3}",
     "{\"a\":1,\"c\":3}", true},
    {"hash: another value", &by_abc, &by_abc, "{\"a\":1}", "{\"a\":2}", false},
    {"hash: another property", &by_abc, &by_abc, "{\"a\":1}", "{\"b\":1}", false},
    {"hash: values exchanged", &by_abc, &by_abc, "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", false},
    {"hash: one property more", &by_abc, &by_abc, "{\"a\":1}", "{\"a\":1,\"b\":null}", false},
    {"hash: what is not mapped", &by_abc, &by_abc, "{\"a\":1,\"z\":1}", "{\"a\":1,\"z\":2}", true},
    {"hash: what is not owned", &only_ab, &only_ab, "{\"a\":1,\"c\":1}", "{\"a\":1,\"c\":2}", true},
    {"hash: not to own and not to map are one", &only_ab, &by_abc, "{\"a\":1,\"c\":1}", "{\"a\":1}",
     true},
    {"hash: create-only properties", &new_c, &new_c, "{\"a\":1,\"c\":1}", "{\"a\":1,\"c\":2}",
     true},
    {"hash: create-only ones that come and go", &new_c, &new_c, "{\"a\":1}", "{\"a\":1,\"c\":2}",
     true},
    {"hash: others beside a create-only one", &new_c, &new_c, "{\"a\":1,\"c\":1}",
     "{\"a\":2,\"c\":1}", false},
    {"hash: create-only without fields", &own_new_c, &own_new_c, "{\"c\":1,\"a\":1}",
     "{\"a\":1,\"c\":2}", true},
    {"hash: to make a property create-only changes it", &by_abc, &new_c, "{\"a\":1,\"c\":1}",
     "{\"a\":1,\"c\":1}", false},
    {"hash: the key's column", &own_key, &own_key, "{\"a\":1,\"c\":1}", "{\"a\":1,\"c\":2}", true},
};

static void hash(void **state)
{
    const struct hash_row *row = *state;

    assert_int_equal(
        ds_hash_same(hash_of(row->route_a, row->a, NULL), hash_of(row->route_b, row->b, NULL)),
        row->same);
}

static void bodies_count(void **state)
{
    const char *bodies[] = {NULL, "", "x", "xx"};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(bodies); i++)
        for (size_t j = 0; j < DS_COUNT(bodies); j++)
            assert_int_equal(ds_hash_same(hash_of(&by_abc, "{\"a\":1}", bodies[i]),
                                          hash_of(&by_abc, "{\"a\":1}", bodies[j])),
                             i == j);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static const struct body_row {
    const char *name;
    ds_field body; /* from NULL and no template: the route says nothing of it */
    const char *record;
    const char *out; /* NULL: absent */
} made[] = {
    {"body: the source's own", {.to = NULL}, "{\"a\":1}", "own"},
    {"body: a property", {.from = "t"}, "{\"a\":1,\"t\":\"# Title\"}", "# Title"},
    {"body: a path", {.from = "o.t"}, "{\"o\":{\"t\":\"x\"}}", "x"},
    {"body: of no text", {.from = "t"}, "{\"t\":5}", "5"},
    {"body: nested is its JSON", {.from = "t"}, "{\"t\":{\"b\":1}}", "{\"b\":1}"},
    {"body: absent, not the source's own", {.from = "t"}, "{\"a\":1}", NULL},
    {"body: null clears", {.from = "t"}, "{\"t\":null}", ""},
    {"body: a default", {.from = "t", .fallback = TEXT("none")}, "{\"t\":null}", "none"},
    {"body: a list, joined", {.from = "t", .join = "\n"}, "{\"t\":[\"b\",\"c\"]}", "b\nc"},
    {"body: a template",
     {.kind = DS_FIELD_TEMPLATE, .template = "# {a}\n\n{t}"},
     "{\"a\":1,\"t\":\"x\"}",
     "# 1\n\nx"},
    {"body: always the same", {.kind = DS_FIELD_VALUE, .value = TEXT("v")}, "{}", "v"},
    {"body: what does not fit is held",
     {.from = "t", .as = DS_INT},
     "{\"t\":\"x\"}",
     "held: body: \"x\" is not an integer"},
};

/* What becomes of a body, with a transform behind it and without. */
static const char *body_made(const ds_route *route, ds_record *rec, bool before)
{
    ds_mapping *m = ds_mapping_new(route);
    ds_mapped out = {.n = 0};
    ds_transform_in in = {.n = 0};
    const char *reason = NULL;
    ds_map_result result = before ? ds_mapping_before(m, rec, scratch, &in, &reason)
                                  : ds_mapping_apply(m, rec, scratch, &out, &reason);

    ds_mapping_free(m);
    if (result == DS_MAP_HELD)
        return ds_arena_printf(scratch, "held: %s", reason);
    return before ? in.body : out.body;
}

static void body(void **state)
{
    const struct body_row *row = *state;
    ds_field field = row->body;
    ds_route route = {ABC};

    field.to = "body";
    if (field.from || field.kind != DS_FIELD_FROM)
        route.body = &field;
    for (int before = 0; before < 2; before++) {
        ds_record *rec = record_of(scratch, row->record);
        const char *out;

        rec->body = "own";
        out = body_made(&route, rec, before);
        assert_int_equal(!out, !row->out);
        if (out)
            assert_string_equal(out, row->out);
    }
}

static void another_body_is_another_hash(void **state)
{
    static const ds_field field = {.to = "body", .from = "t"};
    ds_route route = {ABC, .body = &field};

    (void)state;
    assert_true(ds_hash_same(hash_of(&route, "{\"a\":1,\"t\":\"x\"}", "own"),
                             hash_of(&by_abc, "{\"a\":1}", "x")));
    assert_false(ds_hash_same(hash_of(&route, "{\"a\":1,\"t\":\"x\"}", "own"),
                              hash_of(&route, "{\"a\":1,\"t\":\"y\"}", "own")));
}

static void a_body_that_is_written_once_is_no_change(void **state)
{
    ds_route with = {ABC, .body_once = true}, plain = {.body_once = true};
    ds_mapped out;
    ds_record *rec = record_of(scratch, "{\"a\":1}");

    (void)state;
    rec->body = "text";
    (void)apply_mapping(&with, rec, &out);
    assert_string_equal(out.body, "text"); /* for a new row */
    assert_true(out.body_once);
    assert_true(ds_hash_same(out.hash, hash_of(&with, "{\"a\":1}", "other")));
    assert_true(
        ds_hash_same(hash_of(&plain, "{\"a\":1}", "x"), hash_of(&plain, "{\"a\":1}", NULL)));
    assert_false(ds_hash_same(out.hash, hash_of(&by_abc, "{\"a\":1}", "text")));
}

/* One mapping over records of changing shapes says what a fresh mapping says of each. */
static void a_mapping_forgets_the_shape_of_the_record_before(void **state)
{
    static const char *const records[] = {
        "{\"a\":1,\"b\":2,\"c\":3}",
        "{\"c\":3,\"b\":2,\"a\":1}",
        "{\"b\":2}",
        "{}",
        "{\"a\":1}",
        "{\"z\":0,\"a\":1,\"b\":2}",
        "{\"c\":{\"x\":1},\"a\":null}",
        "{\"a\":1,\"b\":2,\"d\":3}",
        "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9}"};
    static const ds_route *const all[] = {&by_abc, &own_names, &new_c, &own_new_c, &only_ab};

    (void)state;
    for (size_t r = 0; r < DS_COUNT(all); r++) {
        ds_mapping *m = ds_mapping_new(all[r]);

        for (size_t i = 0; i < DS_COUNT(records) * DS_COUNT(records); i++) {
            ds_record *rec = record_of(scratch, records[(i * 7 + i / 9) % DS_COUNT(records)]);
            const char *reason;
            ds_mapped out, fresh;
            const char *expected = apply_mapping(all[r], rec, &fresh);

            assert_int_equal(ds_mapping_apply(m, rec, scratch, &out, &reason), DS_MAPPED);
            assert_string_equal(show_props(scratch, out.props, out.n), expected);
            assert_true(ds_hash_same(out.hash, fresh.hash));
        }
        ds_mapping_free(m);
    }
    ds_mapping_free(NULL);
}

static void columns_are_the_owned_fields_the_mark_and_the_stamp(void **state)
{
    ds_route route = {ABC,
                      .has_owns = true,
                      .owns = TEXTS("A", "B"),
                      .missing = DS_MISSING_MARK,
                      .missing_mark = "Gone",
                      .stamp = "Last synced"};
    size_t n;
    const ds_column *found = ds_mapping_columns(&route, scratch, &n);

    (void)state;
    assert_int_equal(n, 4);
    assert_string_equal(found[0].name, "A");
    assert_string_equal(found[1].name, "B");
    assert_string_equal(found[2].name, "Gone");
    assert_true(found[2].type == DS_BOOL && found[2].typed);
    assert_string_equal(found[3].name, "Last synced");
    assert_true(found[3].type == DS_DATETIME && found[3].typed);
    ds_mapping_columns(&own_names, scratch, &n);
    assert_int_equal(n, 0);
}

int main(void)
{
    add_table(routes, record);
    add_test(a_value_that_is_not_owned_holds_nothing);
    add_test(texts_beyond_a_records_size_are_held);
    add_table(wheres, where);
    add_test(where_looks_at_the_source_not_at_the_outcome);
    add_table(hashes, hash);
    add_test(bodies_count);
    add_table(made, body);
    add_test(another_body_is_another_hash);
    add_test(a_body_that_is_written_once_is_no_change);
    add_test(a_mapping_forgets_the_shape_of_the_record_before);
    add_test(columns_are_the_owned_fields_the_mark_and_the_stamp);
    return run_tests("mapping");
}
