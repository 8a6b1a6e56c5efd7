/* tests/unit/test_config_loaded.c
 *
 * Connectors that are loaded when a configuration names them: which those are, what is said where
 * there is none or where it cannot be used, and that their secrets are hidden like all others.
 */
#include "config_fixture.h"

typedef struct cloud {
    ds_source base;
    const char *list;
    ds_secret *pin; /* a name that does not say so */
} cloud;

static const char *lake_identity(const ds_destination *self, ds_arena *a)
{
    (void)self;
    return ds_arena_strdup(a, "lake:");
}

static const ds_option cloud_options[] = {
    DS_OPT_TEXT(cloud, list, "list to read"),
    DS_OPT_SECRET(cloud, pin, NULL, "number of four digits"),
    DS_OPT_END,
};
static const ds_source_ops cloud_source = {
    .kind = "cloud-9", .options = cloud_options, .instance_size = sizeof(cloud)};
static const ds_destination_ops lake_destination = {
    .kind = "lake", .instance_size = sizeof(ds_destination), .identity = lake_identity};

typedef struct elsewhere {
    ds_more_connectors base;
    ds_connectors all;
    const ds_source_ops *sources[3];
    const ds_destination_ops *destinations[3];
} elsewhere;

static bool load_one(ds_more_connectors *self, const char *kind, ds_err *err)
{
    elsewhere *at = (elsewhere *)self;

    if (!strcmp(kind, "broken"))
        return ds_fail(err, DS_ERR_CONFIG, "connector broken: made for another version");
    if (!strcmp(kind, "cloud-9"))
        at->sources[at->all.sources_n++] = &cloud_source;
    else if (!strcmp(kind, "lake"))
        at->destinations[at->all.destinations_n++] = &lake_destination;
    else
        return false;
    return true;
}

static const char *const *loadable(ds_more_connectors *self, ds_arena *a, size_t *n)
{
    static const char *const kinds[] = {"cloud-9", "lake", "broken"};

    (void)self, (void)a;
    *n = DS_COUNT(kinds);
    return kinds;
}

static elsewhere *all_elsewhere(void)
{
    elsewhere *at = ds_new_in(scratch, elsewhere);

    at->base = (ds_more_connectors){.load = load_one, .kinds = loadable};
    at->sources[0] = &fake_file_source;
    at->destinations[0] = &fake_sqlite_destination;
    at->all = (ds_connectors){.sources = at->sources,
                              .sources_n = 1,
                              .destinations = at->destinations,
                              .destinations_n = 1,
                              .more = &at->base};
    return at;
}

#define CLOUD(rest) "routes:\n  r:\n" DESTINATION "    source:\n      kind: cloud-9\n" rest
#define FROM(kind) "routes:\n  r:\n" DESTINATION "    source: {kind: " kind "}\n"
#define TO(kind)                                                                                   \
    "routes:\n  r:\n    source: {kind: file, path: a, key: id}\n"                                  \
    "    destination: {kind: " kind "}\n"

static const struct row {
    const char *name, *text, *first_line;
} elsewhere_rows[] = {
    {"a setting of what was loaded", CLOUD("      pin: 1234\n"),
     "t.yaml:4:5: source: \"list\" is missing: list to read"},
    {"a source that cannot be used", FROM("broken"),
     "t.yaml:4:20: connector broken: made for another version"},
    {"an account that cannot be used", "accounts:\n  a: {kind: broken}\n" ROUTE(""),
     "t.yaml:2:13: connector broken: made for another version"},
    {"one letter too few", FROM("cloud9"),
     "t.yaml:4:20: unknown source kind \"cloud9\"; did you mean \"cloud-9\"?"},
    {"one letter too few in an account", "accounts:\n  a: {kind: lak}\n" ROUTE(""),
     "t.yaml:2:13: unknown account kind \"lak\"; did you mean \"lake\"?"},
    {"one that nobody has", FROM("zzzzz"),
     "t.yaml:4:20: unknown source kind \"zzzzz\"; no connector folder has a zzzzz.so (`doctor` "
     "lists them)"},
    {"one that nobody has, in an account", "accounts:\n  a: {kind: zzzzz}\n" ROUTE(""),
     "t.yaml:2:13: unknown account kind \"zzzzz\"; no connector folder has a zzzzz.so (`doctor` "
     "lists them)"},
    {"a later one", FROM("notion"),
     "t.yaml:4:20: source notion is not in this build; it has file; it can load cloud-9, lake, "
     "broken; no connector folder has a notion.so (`doctor` lists them)"},
    {"a later one, in an account", "accounts:\n  a: {kind: notion}\n" ROUTE(""),
     "t.yaml:2:13: account kind notion is not in this build; no connector folder has a notion.so "
     "(`doctor` lists them)"},
    {"a destination as a source, of one that was loaded for it", FROM("lake"),
     "t.yaml:4:20: lake cannot be a source; what can: file; it can load cloud-9, broken"},
    {"a source as a destination, of one that was loaded for it", TO("cloud-9"),
     "t.yaml:4:25: cloud-9 cannot be a destination; what can: sqlite; it can load lake, broken"},
    {"accounts that are a list", "accounts: [a]\n" FROM("cloud-9"),
     "t.yaml:1:11: accounts: expected a table of accounts, found a list"},
    {"an account without a kind", "accounts: {a: {pin: 1}}\n" FROM("cloud-9"),
     "t.yaml:1:12: a: \"kind\" is missing"},
    {"routes that are a list", "routes: [a]\n",
     "t.yaml:1:9: routes: expected a table of routes, found a list"},
    {"no routes", "accounts: {a: {kind: cloud-9, pin: 1}}\n", "t.yaml:1:1: \"routes\" is missing"},
    {"a route without its ends", "routes: {r: {}}\n", "t.yaml:1:10: r: \"source\" is missing"},
    {"a kind from elsewhere that is a list", TO("[lake]"),
     "t.yaml:4:25: kind: expected text, found a list"},
};

static void elsewhere_refused(void **state)
{
    const struct row *row = *state;
    const elsewhere *at = all_elsewhere();

    assert_string_equal(first_line(refused_by(&at->all, row->text, strlen(row->text))),
                        row->first_line);
}

static void loaded_when_named(void **state)
{
    const elsewhere *at = all_elsewhere();
    ds_config *config =
        sound_for(&at->all, "accounts:\n  a: {kind: cloud-9, pin: 1234}\nroutes:\n  r:\n"
                            "    source: {kind: cloud-9, account: a, list: l}\n"
                            "    destination: {kind: lake}\n");

    (void)state;
    assert_ptr_equal(config->routes[0]->source, &cloud_source);
    assert_ptr_equal(config->routes[0]->destination, &lake_destination);
    assert_int_equal(at->all.sources_n, 2); /* once, however often it is named */
    ds_config_free(config);
}

/* None of these shows 7777: that `pin` is a secret is known only once its connector was loaded. */
static const struct hidden {
    const char *name, *text;
} hidden_rows[] = {
    {"beside a wrong setting",
     "routes:\n  r:\n" DESTINATION "    source: {kind: cloud-9, pin: 7777, lst: x}\n"},
    {"twice", CLOUD("      list: l\n      pin: 1234\n      pin: 7777\n")},
    {"twice within a table that is there twice",
     CLOUD("      list: l\n      x: {pin: 1}\n      x: {pin: 7777, pin: 1}\n")},
    {"twice within what is a secret as a whole",
     CLOUD("      list: l\n      pin: {a: 1, a: 7777}\n")},
    {"twice in a list that is there twice",
     CLOUD("      list: l\n      x: [1]\n      x: [{pin: 7777}]\n")},
    {"on a line that is no YAML", CLOUD("      pin: 7777 {[}]: ]\n")},
    {"in quotes on a line that is no YAML",
     "{\"routes\": {\"r\": {\"source\": {\"kind\":\"cloud-9\", \"pin\": \"7777\" ]}}}\n"},
    {"beside a kind in single quotes", "a: {kind: 'cloud-9', pin: 7777 ]\n"},
    {"beside a kind that is a reference", "a: {kind: ${CLOUD}, pin: 7777 ]\n"},
    {"beside a kind in capitals", "a: {kind: CLOUD, pin: 7777 ]\n"},
    {"beside a kind that is a table", "a: {kind: {, pin: 7777 ]\n"},
    {"beside a kind that is a tag", "a: {kind: !cloud-9, pin: 7777 ]\n"},
    {"beside a kind that is a colon", "a: {kind: :, pin: 7777 ]\n"},
    {"beside a word that begins like it", "a: {kindly: 1, kind: cloud-9, pin: 7777 ]\n"},
    {"with that word at the very end", "a: {kind: cloud-9, pin: 7777 ]\nkind"},
    {"beside a reference", "routes: {r: {source: {kind: cloud-9, pin: \"${A}7777\"}}}\n"},
    {"beside a reference, on a line that is no YAML", "a: {kind: cloud-9, pin: ${A}7777 ]\n"},
    {"behind a reference, on a line that is no YAML",
     "a: {kind: cloud-9, token: ${A}, pin: 7777 ]\n"},
    {"in a default", "routes: {r: {source: {kind: cloud-9, pin: \"${A:-7777}\"}}}\n"},
    {"with nothing behind the last kind", "a: {pin: 7777 ]\nkind:"},
    {"with blanks behind the last kind", "a: {pin: 7777 ]\nkind:  "},
    {"with a bracket of a later letter", "a: {kind: ~, pin: 7777 ]\n"},
    {"with the kind at the very end", "a: {pin: 7777 ]\nkind: cloud-9"},
    {"with a kind that is longer than any",
     "a: {pin: 7777 ]\n"
     "kind: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
     "kind: cloud-9\n"},
};

static void never_shown(void **state)
{
    const struct hidden *row = *state;
    const elsewhere *at = all_elsewhere();
    const char *said = refused_by(&at->all, row->text, strlen(row->text));

    if (strstr(said, "7777"))
        fail_msg("%s", said);
}

int main(void)
{
    add_table(elsewhere_rows, elsewhere_refused);
    add_test(loaded_when_named);
    add_table(hidden_rows, never_shown);
    return run_tests("connectors that are loaded");
}
