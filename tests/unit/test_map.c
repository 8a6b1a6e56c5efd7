/* tests/unit/test_map.c
 *
 * One line of `fields` in all its forms and combinations, and the column it asks for.
 */
#include "support/mapping.h"

#define ON_OFF                                                                                     \
    PAIRS({"true", TEXT("On")}, {"false", TEXT("Off")}, {"1", TEXT("One")}, {"", TEXT("None")})
#define A_TO_X PAIRS({"a", TEXT("x")}, {"b", TEXT("y")})

/* ---- one field ------------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    ds_field field; /* writes to X */
    const char *record;
    const char *out; /* NULL: held */
    const char *reason;
} rows[] = {
    {"from: a property", {.from = "a"}, "{\"b\": 1, \"a\": 2}", "X=2", NULL},
    {"from: a path", {.from = "o.login"}, "{\"o\": {\"login\": \"octo\"}}", "X=\"octo\"", NULL},
    {"from: an entry of a list", {.from = "t.1"}, "{\"t\": [\"a\", \"b\"]}", "X=\"b\"", NULL},
    {"from: nothing there is absent", {.from = "a"}, "{\"b\": 1}", "", NULL},
    {"from: null is null", {.from = "a"}, "{\"a\": null}", "X=null", NULL},
    {"from: an object is its JSON",
     {.from = "a"},
     "{\"a\": {\"b\": [1.10]}}",
     "X=\"{\\\"b\\\":[1.10]}\"",
     NULL},
    {"from: a mixed list is its JSON",
     {.from = "a"},
     "{\"a\": [1, \"b\"]}",
     "X=\"[1,\\\"b\\\"]\"",
     NULL},
    {"from: a list of texts is a list",
     {.from = "a"},
     "{\"a\": [\"b\", \"c\"]}",
     "X=[\"b\",\"c\"]",
     NULL},
    {"from: a number keeps its text", {.from = "a"}, "{\"a\": 1.10}", "X=1.10", NULL},
    {"from: a date", {.from = "a"}, "{\"a\": \"date:2026-01-31\"}", "X=date:2026-01-31", NULL},

    {"value: a text",
     {.kind = DS_FIELD_VALUE, .value = TEXT("Platform")},
     "{}",
     "X=\"Platform\"",
     NULL},
    {"value: null clears", {.kind = DS_FIELD_VALUE, .value = NIL}, "{}", "X=null", NULL},
    {"value: as a date",
     {.kind = DS_FIELD_VALUE, .value = TEXT("2026-01-31"), .as = DS_DATE},
     "{}",
     "X=date:2026-01-31",
     NULL},

    {"template: of paths",
     {.kind = DS_FIELD_TEMPLATE, .template = "{o.login}/{name}"},
     "{\"o\": {\"login\": \"octo\"}, \"name\": \"hello\"}",
     "X=\"octo/hello\"",
     NULL},
    {"template: nothing there is absent",
     {.kind = DS_FIELD_TEMPLATE, .template = "{a}{b}"},
     "{}",
     "",
     NULL},
    {"template: nothing there takes the default",
     {.kind = DS_FIELD_TEMPLATE, .template = "#{a}", .fallback = TEXT("none")},
     "{}",
     "X=\"none\"",
     NULL},
    {"template: mapped",
     {.kind = DS_FIELD_TEMPLATE, .template = "{a}", A_TO_X},
     "{\"a\": \"b\"}",
     "X=\"y\"",
     NULL},
    {"template: as a number",
     {.kind = DS_FIELD_TEMPLATE, .template = "{a}.{b}", .as = DS_NUMBER},
     "{\"a\": 1, \"b\": 50}",
     "X=1.50",
     NULL},
    {"template: split",
     {.kind = DS_FIELD_TEMPLATE, .template = "{a},{b}", .split = ","},
     "{\"a\": 1, \"b\": 2}",
     "X=[\"1\",\"2\"]",
     NULL},

    {"as: an integer", {.from = "a", .as = DS_INT}, "{\"a\": \"5\"}", "X=5", NULL},
    {"as: a text", {.from = "a", .as = DS_TEXT}, "{\"a\": 1.10}", "X=\"1.10\"", NULL},
    {"as: a list of an empty text",
     {.from = "a", .as = DS_LIST},
     "{\"a\": \"\"}",
     "X=[\"\"]",
     NULL},
    {"as: a list", {.from = "a", .as = DS_LIST}, "{\"a\": [1, true]}", "X=[\"1\",\"true\"]", NULL},
    {"as: a datetime",
     {.from = "a", .as = DS_DATETIME},
     "{\"a\": 1769851800}",
     "X=datetime:2026-01-31T09:30:00Z",
     NULL},
    {"as: null stays null", {.from = "a", .as = DS_INT}, "{\"a\": null}", "X=null", NULL},
    {"as: absent stays absent", {.from = "a", .as = DS_INT}, "{}", "", NULL},
    {"as: an empty text is null", {.from = "a", .as = DS_DATE}, "{\"a\": \"\"}", "X=null", NULL},
    {"as: an empty text takes the default",
     {.from = "a", .as = DS_INT, .fallback = INT(7)},
     "{\"a\": \"\"}",
     "X=7",
     NULL},
    {"as: an empty text as text stays",
     {.from = "a", .as = DS_TEXT},
     "{\"a\": \"\"}",
     "X=\"\"",
     NULL},
    {"as: a space is no empty text",
     {.from = "a", .as = DS_NUMBER},
     "{\"a\": \" \"}",
     NULL,
     "X: \" \" is not a number"},
    {"as: what does not fit is held",
     {.from = "a", .as = DS_NUMBER},
     "{\"a\": \"abc\"}",
     NULL,
     "X: \"abc\" is not a number"},
    {"as: a default is no cure for what does not fit",
     {.from = "a", .as = DS_INT, .fallback = INT(0)},
     "{\"a\": \"abc\"}",
     NULL,
     "X: \"abc\" is not an integer"},

    {"default: for absent", {.from = "a", .fallback = INT(0)}, "{}", "X=0", NULL},
    {"default: for null", {.from = "a", .fallback = INT(0)}, "{\"a\": null}", "X=0", NULL},
    {"default: not for false",
     {.from = "a", .fallback = INT(7)},
     "{\"a\": false}",
     "X=false",
     NULL},
    {"default: not for an empty text",
     {.from = "a", .fallback = INT(7)},
     "{\"a\": \"\"}",
     "X=\"\"",
     NULL},
    {"default: null for absent", {.from = "a", .fallback = NIL}, "{}", "X=null", NULL},
    {"default: beside as",
     {.from = "a", .as = DS_INT, .fallback = INT(7)},
     "{\"a\": null}",
     "X=7",
     NULL},

    {"split: a text",
     {.from = "a", .split = ","},
     "{\"a\": \"x,y,,z\"}",
     "X=[\"x\",\"y\",\"\",\"z\"]",
     NULL},
    {"split: by several letters",
     {.from = "a", .split = ", "},
     "{\"a\": \"x, y,z\"}",
     "X=[\"x\",\"y,z\"]",
     NULL},
    {"split: at both ends", {.from = "a", .split = ","}, "{\"a\": \",\"}", "X=[\"\",\"\"]", NULL},
    {"split: nothing to split at",
     {.from = "a", .split = ","},
     "{\"a\": \"x\"}",
     "X=[\"x\"]",
     NULL},
    {"split: an empty text is an empty list",
     {.from = "a", .split = ","},
     "{\"a\": \"\"}",
     "X=[]",
     NULL},
    {"split: an integer", {.from = "a", .split = "0"}, "{\"a\": 102}", "X=[\"1\",\"2\"]", NULL},
    {"split: a list stays",
     {.from = "a", .split = ","},
     "{\"a\": [\"x,y\", \"z\"]}",
     "X=[\"x,y\",\"z\"]",
     NULL},
    {"split: a mixed list is not torn apart",
     {.from = "a", .split = ","},
     "{\"a\": [1, 2]}",
     "X=\"[1,2]\"",
     NULL},
    {"split: a mixed list as a list",
     {.from = "a", .split = ",", .as = DS_LIST},
     "{\"a\": [1, 2]}",
     "X=[\"1\",\"2\"]",
     NULL},
    {"split: null stays null", {.from = "a", .split = ","}, "{\"a\": null}", "X=null", NULL},
    {"split: absent stays absent", {.from = "a", .split = ","}, "{}", "", NULL},
    {"split: by nothing", {.from = "a", .split = ""}, "{\"a\": \"xy\"}", "X=\"xy\"", NULL},
    {"split: as a text",
     {.from = "a", .split = ";", .as = DS_TEXT},
     "{\"a\": \"x;y\"}",
     "X=\"x, y\"",
     NULL},
    {"split: with a default",
     {.from = "a", .split = ",", .fallback = TEXT("none")},
     "{\"a\": null}",
     "X=\"none\"",
     NULL},

    {"join: a list", {.from = "a", .join = "; "}, "{\"a\": [\"x\", \"y\"]}", "X=\"x; y\"", NULL},
    {"join: with nothing between",
     {.from = "a", .join = ""},
     "{\"a\": [\"x\", \"y\"]}",
     "X=\"xy\"",
     NULL},
    {"join: an empty list", {.from = "a", .join = ", "}, "{\"a\": []}", "X=\"\"", NULL},
    {"join: a list of numbers",
     {.from = "a", .join = "+"},
     "{\"a\": [1, 2.50, null]}",
     "X=\"1+2.50\"",
     NULL},
    {"join: a text stays", {.from = "a", .join = ", "}, "{\"a\": \"x\"}", "X=\"x\"", NULL},
    {"join: null stays null", {.from = "a", .join = ", "}, "{\"a\": null}", "X=null", NULL},
    {"join: an object is its JSON",
     {.from = "a", .join = ", "},
     "{\"a\": {\"b\": 1}}",
     "X=\"{\\\"b\\\":1}\"",
     NULL},
    {"join: as text keeps the join",
     {.from = "a", .join = "; ", .as = DS_TEXT},
     "{\"a\": [\"x\", \"y\"]}",
     "X=\"x; y\"",
     NULL},
    {"join: as text of what is no list",
     {.from = "a", .join = "; ", .as = DS_TEXT},
     "{\"a\": 5}",
     "X=\"5\"",
     NULL},
    {"join: as list makes one of a text before",
     {.from = "a", .join = "; ", .as = DS_LIST},
     "{\"a\": 5}",
     "X=\"5\"",
     NULL},
    {"join: what was split",
     {.from = "a", .split = ",", .join = " | "},
     "{\"a\": \"x,y\"}",
     "X=\"x | y\"",
     NULL},
    {"join: with a default",
     {.from = "a", .join = ", ", .fallback = TEXT("none")},
     "{}",
     "X=\"none\"",
     NULL},
    {"join: an empty text is no default's",
     {.from = "a", .join = ", ", .fallback = TEXT("none")},
     "{\"a\": []}",
     "X=\"\"",
     NULL},

    {"map: a boolean", {.from = "a", ON_OFF}, "{\"a\": true}", "X=\"On\"", NULL},
    {"map: an integer", {.from = "a", ON_OFF}, "{\"a\": 1}", "X=\"One\"", NULL},
    {"map: an empty text", {.from = "a", ON_OFF}, "{\"a\": \"\"}", "X=\"None\"", NULL},
    {"map: what is not named stays", {.from = "a", ON_OFF}, "{\"a\": 5}", "X=5", NULL},
    {"map: what is not named takes the default",
     {.from = "a", ON_OFF, .fallback = TEXT("?")},
     "{\"a\": 5}",
     "X=\"?\"",
     NULL},
    {"map: what is named does not",
     {.from = "a", ON_OFF, .fallback = TEXT("?")},
     "{\"a\": false}",
     "X=\"Off\"",
     NULL},
    {"map: null stays null", {.from = "a", ON_OFF}, "{\"a\": null}", "X=null", NULL},
    {"map: null takes the default",
     {.from = "a", ON_OFF, .fallback = TEXT("?")},
     "{\"a\": null}",
     "X=\"?\"",
     NULL},
    {"map: absent stays absent", {.from = "a", ON_OFF}, "{}", "", NULL},
    {"map: to null", {.from = "a", PAIRS({"x", NIL})}, "{\"a\": \"x\"}", "X=null", NULL},
    {"map: to null takes the default",
     {.from = "a", PAIRS({"x", NIL}), .fallback = INT(3)},
     "{\"a\": \"x\"}",
     "X=3",
     NULL},
    {"map: then as",
     {.from = "a", PAIRS({"x", TEXT("5")}), .as = DS_INT},
     "{\"a\": \"x\"}",
     "X=5",
     NULL},
    {"map: then as, which does not fit",
     {.from = "a", PAIRS({"x", TEXT("five")}), .as = DS_INT},
     "{\"a\": \"x\"}",
     NULL,
     "X: \"five\" is not an integer"},
    {"map: the first pair counts",
     {.from = "a", PAIRS({"x", INT(1)}, {"x", INT(2)})},
     "{\"a\": \"x\"}",
     "X=1",
     NULL},
    {"map: a list entry by entry",
     {.from = "a", A_TO_X},
     "{\"a\": [\"b\", \"c\", \"a\"]}",
     "X=[\"y\",\"c\",\"x\"]",
     NULL},
    {"map: entries of a mixed list",
     {.from = "a", PAIRS({"1", TEXT("one")})},
     "{\"a\": [1, \"b\"]}",
     "X=[\"one\",\"b\"]",
     NULL},
    {"map: entries that are not named take the default",
     {.from = "a", A_TO_X, .fallback = TEXT("?")},
     "{\"a\": [\"b\", \"c\"]}",
     "X=[\"y\",\"?\"]",
     NULL},
    {"map: entries that become null are dropped",
     {.from = "a", PAIRS({"b", NIL})},
     "{\"a\": [\"b\", \"c\"]}",
     "X=[\"c\"]",
     NULL},
    {"map: an empty list",
     {.from = "a", A_TO_X, .fallback = TEXT("?")},
     "{\"a\": []}",
     "X=[]",
     NULL},
    {"all at once: split, map, as, join",
     {.from = "a", .split = ",", A_TO_X, .as = DS_LIST, .join = "+", .fallback = TEXT("?")},
     "{\"a\": \"b,c,a\"}",
     "X=\"y+?+x\"",
     NULL},
};

static void field(void **state)
{
    const struct row *row = *state;
    ds_field one = row->field;
    ds_route route = {.has_fields = true, .fields = &one, .fields_n = 1};
    ds_mapped out;

    one.to = "X";
    assert_string_equal(apply_mapping(&route, record_of(scratch, row->record), &out),
                        row->out ? row->out : ds_arena_printf(scratch, "held: %s", row->reason));
}

/* ---- columns --------------------------------------------------------------------------------- */

static const struct column_row {
    const char *name;
    ds_field field;
    const char *type; /* with a '!' where the mapping says it */
} columns[] = {
    {"column: from alone says nothing", {.from = "a"}, "text"},
    {"column: as", {.from = "a", .as = DS_DATE}, "date!"},
    {"column: as text", {.from = "a", .as = DS_TEXT}, "text!"},
    {"column: a value", {.kind = DS_FIELD_VALUE, .value = INT(5)}, "integer!"},
    {"column: a text value", {.kind = DS_FIELD_VALUE, .value = TEXT("x")}, "text!"},
    {"column: a null value", {.kind = DS_FIELD_VALUE, .value = NIL}, "text!"},
    {"column: a null value as a date",
     {.kind = DS_FIELD_VALUE, .value = NIL, .as = DS_DATE},
     "date!"},
    {"column: a template", {.kind = DS_FIELD_TEMPLATE, .template = "{a}"}, "text!"},
    {"column: a template as a number",
     {.kind = DS_FIELD_TEMPLATE, .template = "{a}", .as = DS_NUMBER},
     "number!"},
    {"column: joined", {.from = "a", .join = ","}, "text!"},
    {"column: joined after as list", {.from = "a", .join = ",", .as = DS_LIST}, "text!"},
    {"column: split", {.from = "a", .split = ","}, "list!"},
    {"column: split and joined", {.from = "a", .split = ",", .join = ";"}, "text!"},
    {"column: split as text", {.from = "a", .split = ",", .as = DS_TEXT}, "text!"},
    {"column: a default of a type", {.from = "a", .fallback = INT(0)}, "integer!"},
    {"column: a null default", {.from = "a", .fallback = NIL}, "text"},
    {"column: as before the default",
     {.from = "a", .as = DS_NUMBER, .fallback = INT(0)},
     "number!"},
};

static void column(void **state)
{
    const struct column_row *row = *state;
    ds_field one = row->field;
    ds_route route = {.has_fields = true, .fields = &one, .fields_n = 1};
    const ds_column *found;
    size_t n;

    one.to = "X";
    found = ds_mapping_columns(&route, scratch, &n);
    assert_int_equal(n, 1);
    assert_string_equal(found->name, "X");
    assert_string_equal(
        ds_arena_printf(scratch, "%s%s", ds_type_name(found->type), found->typed ? "!" : ""),
        row->type);
}

static void column_texts_are_those_that_can_come(void **state)
{
    static const char *const two[] = {"one", "two"};
    ds_field fields[] = {
        {.to = "A", .kind = DS_FIELD_VALUE, .value = TEXT("x")},
        {.to = "B", .kind = DS_FIELD_VALUE, .value = TEXT("x"), PAIRS({"x", TEXT("y")})},
        {.to = "C", .from = "c", .fallback = TEXT("z")},
        {.to = "D", .from = "d", .fallback = {.type = DS_LIST, .n = 2, .as = {.list = two}}},
    };
    ds_route route = {.has_fields = true, .fields = fields, .fields_n = DS_COUNT(fields)};
    static const char *const want[] = {"x", "y", "z", "one two"};
    size_t n;
    const ds_column *found = ds_mapping_columns(&route, scratch, &n);

    (void)state;
    assert_int_equal(n, DS_COUNT(want));
    for (size_t i = 0; i < n; i++) {
        const char *texts = "";

        for (size_t k = 0; k < found[i].texts_n; k++)
            texts = ds_arena_printf(scratch, "%s%s%s", texts, k ? " " : "", found[i].texts[k]);
        assert_string_equal(texts, want[i]);
    }
}

/* ---- what the source knows ------------------------------------------------------------------- */

static struct {
    int asked;
    bool fails;
} describing;

static bool describe(ds_source *self, ds_activity *act, const ds_property **out, size_t *n,
                     ds_err *err)
{
    static const ds_property known[] = {{"age", DS_INT}, {"born", DS_DATE}};

    (void)self, (void)act;
    describing.asked++;
    *out = known;
    *n = DS_COUNT(known);
    return !describing.fails || ds_fail(err, DS_ERR_TRANSIENT, "it is out");
}

static const ds_source_ops knows = {.kind = "knows", .describe = describe};

/* "age=integer born" as the source knows it of each of the columns. */
static const char *learnt(const ds_route *route, ds_column *list, size_t n)
{
    ds_source source = {.ops = &knows};
    const char *text = "";
    ds_err err = DS_ERR_INIT;

    describing.asked = 0;
    if (!ds_mapping_learn(route, &source, NULL, list, n, &err))
        return ds_arena_strdup(scratch, err.text);
    for (size_t i = 0; i < n; i++)
        text = ds_arena_printf(scratch, "%s%s%s%s%s", text, i ? " " : "", list[i].name,
                               list[i].comes == DS_ABSENT ? "" : "=",
                               list[i].comes == DS_ABSENT ? "" : ds_type_name(list[i].comes));
    return text;
}

static void columns_learn_what_the_source_knows(void **state)
{
    ds_field fields[] = {
        {.to = "A", .from = "age"},
        {.to = "B", .from = "born", .as = DS_TEXT},
        {.to = "C", .from = "age", PAIRS({"1", TEXT("one")})},
        {.to = "D", .from = "unheard of"},
        {.to = "E", .from = "born"},
    };
    ds_route route = {.has_fields = true, .fields = fields, .fields_n = DS_COUNT(fields)};
    ds_route plain = {.has_fields = false};
    ds_column own[] = {{.name = "born"}, {.name = "age", .typed = true}, {.name = "other"}};
    ds_column made[] = {{.name = "A"}, {.name = "born"}};
    size_t n;
    ds_column *found = ds_mapping_columns(&route, scratch, &n);

    (void)state;
    assert_string_equal(learnt(&route, found, n), "A=integer B C D E=date");
    assert_string_equal(learnt(&route, made, 2), "A=integer born"); /* no field makes that one */
    assert_string_equal(learnt(&plain, own, 3), "born=date age other");
    assert_int_equal(describing.asked, 1);
    assert_string_equal(learnt(&plain, own, 0), "");
    assert_int_equal(describing.asked, 0);
    describing.fails = true;
    assert_string_equal(learnt(&plain, own, 1), "types of its properties: it is out");
    describing.fails = false;
}

static void nothing_is_known_of_what_is_made_or_by_one_that_cannot_say(void **state)
{
    ds_route route = {.transform = "."}, plain = {.has_fields = false};
    ds_source source = {.ops = &knows}, mute = {.ops = &(ds_source_ops){.kind = "mute"}};
    const ds_property *known;
    ds_err err = DS_ERR_INIT;
    size_t n = 7;

    (void)state;
    describing.asked = 0;
    assert_true(ds_mapping_known(&route, &source, NULL, &known, &n, &err));
    assert_null(known);
    assert_int_equal(n, 0);
    assert_true(ds_mapping_known(&plain, &mute, NULL, &known, &n, &err));
    assert_int_equal(n, 0);
    assert_int_equal(describing.asked, 0);
    assert_true(ds_mapping_known(&plain, &source, NULL, &known, &n, &err));
    assert_int_equal(n, 2);
}

int main(void)
{
    add_table(rows, field);
    add_test(column_texts_are_those_that_can_come);
    add_test(columns_learn_what_the_source_knows);
    add_test(nothing_is_known_of_what_is_made_or_by_one_that_cannot_say);
    add_table(columns, column);
    return run_tests("fields");
}
