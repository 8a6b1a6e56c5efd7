/* tests/unit/test_config_body.c - `body` of a route: its forms, and destinations that take none. */
#include "config_fixture.h"

typedef struct pages {
    ds_destination base;
    const char *title, *body;
} pages;

static const char *identity(const ds_destination *self, ds_arena *a)
{
    return ds_arena_printf(a, "pages:%s", ((const pages *)self)->title);
}

static const ds_option told[] = {
    DS_OPT_TEXT_OR(pages, title, "all", "which pages"),
    DS_OPT_CHOICE(pages, body, "none|create|replace", "none", "the record's body"),
    DS_OPT_END,
};
static const ds_option untold[] = {DS_OPT_TEXT_OR(pages, title, "all", "which pages"), DS_OPT_END};
static const ds_option open_one[] = {
    DS_OPT_TEXT_OR(pages, title, "all", "which pages"),
    DS_OPT_CHOICE(pages, body, "none|all", NULL, "the record's body"),
    DS_OPT_END,
};
static const ds_option otherwise[] = {
    DS_OPT_TEXT_OR(pages, title, "all", "which pages"),
    DS_OPT_TEXT_OR(pages, body, "none", "what a body is called"),
    DS_OPT_END,
};

#define PAGES(kind_, options_, bodies_)                                                            \
    {                                                                                              \
        .kind = kind_, .abi = DS_CONNECTOR_ABI, .options = options_,                               \
        .instance_size = sizeof(pages), .promise = DS_PROMISE_B, .has_bodies = bodies_,            \
        .identity = identity, .find = fake_find                                                    \
    }
static const ds_destination_ops kinds[] = {
    PAGES("told", told, true), PAGES("untold", untold, true), PAGES("otherwise", otherwise, true),
    PAGES("rows", untold, false), PAGES("open", open_one, true)};
static const ds_destination_ops *const destinations[] = {&kinds[0], &kinds[1], &kinds[2], &kinds[3],
                                                         &kinds[4]};
static const ds_connectors connectors = {.sources = fake_sources,
                                         .sources_n = 2,
                                         .destinations = destinations,
                                         .destinations_n = DS_COUNT(destinations)};

#define TO(to, rest)                                                                               \
    "    source: {kind: file, path: a.jsonl, key: id}\n    destination: {" to "}\n" rest
#define ONE(to, rest) "routes:\n  r:\n" TO(to, rest)
#define NAMED "    fields: {Name: name}\n"

/* ---- what is taken --------------------------------------------------------------------------- */

static const struct form {
    const char *name, *text;
    ds_field_kind kind;
    const char *from, *template;
} forms[] = {
    {"a property", ONE("kind: untold", NAMED "    body: readme\n"), DS_FIELD_FROM, "readme", NULL},
    {"a table", ONE("kind: untold", NAMED "    body: {from: readme, default: none}\n"),
     DS_FIELD_FROM, "readme", NULL},
    {"a template", ONE("kind: untold", NAMED "    body: {template: '# {name}'}\n"),
     DS_FIELD_TEMPLATE, NULL, "# {name}"},
    {"a value", ONE("kind: untold", NAMED "    body: {value: none yet}\n"), DS_FIELD_VALUE, NULL,
     NULL},
    {"a destination that was told to", ONE("kind: told, body: create", NAMED "    body: readme\n"),
     DS_FIELD_FROM, "readme", NULL},
    {"a destination that was told nothing", ONE("kind: open", NAMED "    body: readme\n"),
     DS_FIELD_FROM, "readme", NULL},
    {"a destination whose `body` is something else",
     ONE("kind: otherwise", NAMED "    body: readme\n"), DS_FIELD_FROM, "readme", NULL},
};

static void form(void **state)
{
    const struct form *row = *state;
    ds_config *config = sound_for(&connectors, row->text);
    const ds_field *body = config->routes[0]->body;

    assert_non_null(body);
    assert_string_equal(body->to, "body");
    assert_int_equal(body->kind, row->kind);
    assert_int_equal(config->routes[0]->fields_n, 1);
    if (row->from)
        assert_string_equal(body->from, row->from);
    if (row->template)
        assert_string_equal(body->template, row->template);
    ds_config_free(config);
}

static void without_the_setting_it_is_the_source_s_own(void **state)
{
    ds_config *config = sound_for(&connectors, ONE("kind: told", NAMED));

    (void)state;
    assert_null(config->routes[0]->body);
    ds_config_free(config);
}

static void a_destination_may_write_it_once(void **state)
{
    ds_config *once = sound_for(&connectors, ONE("kind: told, body: create", NAMED));
    ds_config *always = sound_for(&connectors, ONE("kind: told, body: replace", NAMED));

    (void)state;
    assert_true(once->routes[0]->body_once);
    assert_false(always->routes[0]->body_once);
    assert_string_not_equal(once->routes[0]->fingerprint, always->routes[0]->fingerprint);
    ds_config_free(once);
    ds_config_free(always);
}

static void another_body_is_another_route_to_a_pass(void **state)
{
    ds_config *none = sound_for(&connectors, ONE("kind: untold", NAMED));
    ds_config *one = sound_for(&connectors, ONE("kind: untold", NAMED "    body: a\n"));
    ds_config *other = sound_for(&connectors, ONE("kind: untold", NAMED "    body: b\n"));

    (void)state;
    assert_string_not_equal(none->routes[0]->fingerprint, one->routes[0]->fingerprint);
    assert_string_not_equal(one->routes[0]->fingerprint, other->routes[0]->fingerprint);
    ds_config_free(none);
    ds_config_free(one);
    ds_config_free(other);
}

/* ---- what is refused ------------------------------------------------------------------------- */

#define TWO(first, second)                                                                         \
    "routes:\n  a:\n" TO("kind: untold", first) "  b:\n" TO("kind: untold", second)

static const struct row {
    const char *name, *text, *first_line;
} rows[] = {
    {"no bodies there", ONE("kind: rows", NAMED "    body: readme\n"),
     "t.yaml:6:5: body: a destination of kind rows has no bodies; put the text into a property"},
    {"none by its own setting", ONE("kind: told", NAMED "    body: readme\n"),
     "t.yaml:6:5: body: the destination's own `body` is none, so it would not be written; set that "
     "too (`durable-sync connectors told` says to what)"},
    {"a setting of the destination that is wrong",
     ONE("kind: told, body: no", NAMED "    body: readme\n"),
     "t.yaml:4:37: body: expected none, create or replace, found \"no\""},
    {"an unknown destination", ONE("kind: pagse", NAMED "    body: readme\n"),
     "t.yaml:4:25: unknown destination kind \"pagse\""},
    {"without fields", ONE("kind: untold", "    body: readme\n"),
     "t.yaml:5:5: body: needs `fields` beside it; without them every property goes under its own "
     "name, this one too"},
    {"left empty", ONE("kind: untold", NAMED "    body:\n"),
     "t.yaml:6:10: body: expected text, found nothing"},
    {"a list", ONE("kind: untold", NAMED "    body: [a]\n"),
     "t.yaml:6:11: body: expected a source property, or a table such as {from: size, as: number}, "
     "found a list"},
    {"from nowhere", ONE("kind: untold", NAMED "    body: {as: text}\n"),
     "t.yaml:6:5: body: needs one of \"from\", \"value\" and \"template\""},
    {"a torn template", ONE("kind: untold", NAMED "    body: {template: 'a{'}\n"),
     "t.yaml:6:22: template: \"{\" is not closed by \"}\"; a brace is written {{"},
    {"two routes", TWO("    fields: {A: a}\n    body: x\n", "    fields: {B: b}\n    body: y\n"),
     "t.yaml:11:5: routes \"b\" and \"a\" both own \"the body\" of pages:all; leave it to one of "
     "them"},
};

static void refused_row(void **state)
{
    const struct row *row = *state;

    assert_string_equal(first_line(refused_by(&connectors, row->text, strlen(row->text))),
                        row->first_line);
}

int main(void)
{
    add_table(forms, form);
    add_test(without_the_setting_it_is_the_source_s_own);
    add_test(a_destination_may_write_it_once);
    add_test(another_body_is_another_route_to_a_pass);
    add_table(rows, refused_row);
    return run_tests("config: body");
}
