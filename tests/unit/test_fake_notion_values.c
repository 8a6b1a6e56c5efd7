/* tests/unit/test_fake_notion_values.c - values of rows in Notion's stand-in: taken, refused, shown
 * again; columns changed under them. */
#include "notion_fixture.h"

static const char columns[] =
    "{\"Name\":{\"title\":{}},\"Text\":{\"rich_text\":{}},\"Stars\":{\"number\":{}},"
    "\"Kind\":{\"select\":{\"options\":[{\"name\":\"Blog\",\"color\":\"blue\"}]}},"
    "\"Tags\":{\"multi_select\":{}},\"State\":{\"status\":{}},\"Due\":{\"date\":{}},"
    "\"Who\":{\"people\":{}},\"Done\":{\"checkbox\":{}},\"Link\":{\"url\":{}},"
    "\"Sum\":{\"formula\":{\"expression\":\"1\"}},\"Made\":{\"created_time\":{}}}";

/* A column's value of the first row as JSON. */
static const char *shown(ds_ws *ws, const ds_ws_source *source, const char *column)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    ds_ws_show_value(ws, (const ds_ws_page *)source->rows.at[0],
                     ds_ws_property_find(source, column), scratch, &w);
    return ds_arena_strndup(scratch, out.data, out.n);
}

/* ---- what comes back ------------------------------------------------------------------------- */

static const struct row {
    const char *name, *column, *value, *shown;
} rows[] = {
    {"a number", "Stars", "{\"number\":1.10}", "1.1"},
    {"a whole number", "Stars", "{\"number\":12}", "12"},
    {"a number beyond what doubles hold is rounded", "Stars", "{\"number\":9007199254740993}",
     "9007199254740992"},
    {"no number", "Stars", "{\"number\":null}", "null"},
    {"a box", "Done", "{\"checkbox\":true}", "true"},
    {"an empty box", "Done", "{\"checkbox\":false}", "false"},
    {"an address", "Link", "{\"url\":\"https://example.org\"}", "\"https://example.org\""},
    {"an address cleared", "Link", "{\"url\":null}", "null"},
    {"a date", "Due", "{\"date\":{\"start\":\"2026-03-01\"}}",
     "{\"start\":\"2026-03-01\",\"end\":null,\"time_zone\":null}"},
    {"a time comes back in Notion's form", "Due",
     "{\"date\":{\"start\":\"2026-03-01T10:00:00Z\",\"end\":\"2026-03-01T12:00:00.5+02:00\"}}",
     "{\"start\":\"2026-03-01T10:00:00.000+00:00\",\"end\":\"2026-03-01T12:00:00.500+02:00\","
     "\"time_zone\":null}"},
    {"a time without seconds", "Due", "{\"date\":{\"start\":\"2026-03-01T10:00\"}}",
     "{\"start\":\"2026-03-01T10:00:00.000+00:00\",\"end\":null,\"time_zone\":null}"},
    {"nothing chosen", "Tags", "{\"multi_select\":[]}", "[]"},
    {"empty text", "Text", "{\"rich_text\":[]}", "[]"},
    {"text in runs", "Text",
     "{\"rich_text\":[{\"text\":{\"content\":\"a\"}},{\"text\":{\"content\":\"b\"}}]}",
     "[{\"type\":\"text\",\"text\":{\"content\":\"a\",\"link\":null},\"annotations\":{\"bold\":"
     "false,"
     "\"italic\":false,\"strikethrough\":false,\"underline\":false,\"code\":false,\"color\":"
     "\"default\"},\"plain_text\":\"a\",\"href\":null},{\"type\":\"text\",\"text\":{\"content\":"
     "\"b\","
     "\"link\":null},\"annotations\":{\"bold\":false,\"italic\":false,\"strikethrough\":false,"
     "\"underline\":false,\"code\":false,\"color\":\"default\"},\"plain_text\":\"b\",\"href\":"
     "null}]"},
    {"text with a link", "Text",
     "{\"rich_text\":[{\"text\":{\"content\":\"a\",\"link\":{\"url\":\"https://example.org\"}},"
     "\"annotations\":{\"bold\":true,\"color\":\"red\"}}]}",
     "[{\"type\":\"text\",\"text\":{\"content\":\"a\",\"link\":{\"url\":\"https://example.org\"}},"
     "\"annotations\":{\"bold\":true,\"italic\":false,\"strikethrough\":false,\"underline\":false,"
     "\"code\":false,\"color\":\"red\"},\"plain_text\":\"a\",\"href\":\"https://example.org\"}]"},
    {"an equation", "Text", "{\"rich_text\":[{\"equation\":{\"expression\":\"x^2\"}}]}",
     "[{\"type\":\"equation\",\"equation\":{\"expression\":\"x^2\"},\"annotations\":{\"bold\":"
     "false,"
     "\"italic\":false,\"strikethrough\":false,\"underline\":false,\"code\":false,\"color\":"
     "\"default\"},\"plain_text\":\"x^2\",\"href\":null}]"},
    {"the result of a formula, by hand", "Sum", "{\"formula\":{\"type\":\"number\",\"number\":3}}",
     "{\"type\":\"number\",\"number\":3}"},
};

static void comes_back(void **state)
{
    const struct row *row = *state;
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);

    add_row(ws, source, ds_arena_printf(scratch, "{\"%s\":%s}", row->column, row->value), NOW_MS);
    assert_string_equal(shown(ws, source, row->column), row->shown);
}

/* An option is shown with its id and its color. */
static void a_status_comes_back(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    ds_ws_option *done = ds_ws_option_find(ds_ws_property_find(source, "State"), "Done");

    (void)state;
    add_row(ws, source, "{\"State\":{\"status\":{\"name\":\"Done\"}}}", NOW_MS);
    assert_string_equal(shown(ws, source, "State"),
                        ds_arena_printf(scratch,
                                        "{\"id\":\"%s\",\"name\":\"Done\",\"color\":\"green\"}",
                                        done->id));
}

/* ---- what is refused ------------------------------------------------------------------------- */

static const struct refusal {
    const char *name, *values;
    int status;
    const char *why;
} refusals[] = {
    {"a column that is not there", "{\"Nope\":{\"number\":1}}", 400,
     "Nope is not a property that exists."},
    {"a column of another type", "{\"Stars\":{\"rich_text\":[]}}", 400,
     "Stars is expected to be number."},
    {"a column nobody writes", "{\"Sum\":{\"formula\":{}}}", 400,
     "Sum is a formula property, which cannot be updated through the API."},
    {"a time nobody writes", "{\"Made\":{\"created_time\":\"2026-01-01\"}}", 400,
     "Made is a created_time property, which cannot be updated through the API."},
    {"an option with a comma", "{\"Kind\":{\"select\":{\"name\":\"a,b\"}}}", 400,
     "Invalid select option, commas not allowed: a,b"},
    {"one of several with a comma",
     "{\"Tags\":{\"multi_select\":[{\"name\":\"a\"},{\"name\":\","
     "\"}]}}",
     400, "Invalid select option, commas not allowed: ,"},
    {"a status that is not there", "{\"State\":{\"status\":{\"name\":\"Nope\"}}}", 400,
     "Invalid status option. Status option \"Nope\" does not exist\"."},
    {"an end before the start",
     "{\"Due\":{\"date\":{\"start\":\"2026-03-02\",\"end\":\"2026-03-01\"}}}", 400,
     "body failed validation: body.properties.Due.date.end should be not earlier than start, "
     "instead was `\"2026-03-01\"`."},
    {"an offset beside a zone",
     "{\"Due\":{\"date\":{\"start\":\"2026-03-02T10:00:00Z\",\"time_zone\":\"Europe/Berlin\"}}}",
     400, "Due: a date with a time_zone must have no offset in start."},
    {"somebody who is not there",
     "{\"Who\":{\"people\":[{\"id\":\"11111111-1111-4111-8111-111111111111\"}]}}", 400,
     "Could not find user with ID: 11111111-1111-4111-8111-111111111111."},
};

static void is_refused(void **state)
{
    const struct refusal *row = *state;
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    ds_ws_why why = {0};

    assert_false(ds_ws_values_check(ws, source, json_of(row->values), false, &why));
    assert_int_equal(why.status, row->status);
    assert_string_equal(why.text, row->why);
}

/* ---- columns --------------------------------------------------------------------------------- */

static const struct change {
    const char *name, *columns, *column, *after; /* what Kind or Text is then; or why not */
} changes[] = {
    {"a column renamed keeps its values", "{\"Stars\":{\"name\":\"Likes\"}}", "Likes", "7"},
    {"by its id", "{\"title\":{\"name\":\"Title\"}}", "Stars", "7"},
    {"a column of another type is emptied", "{\"Stars\":{\"rich_text\":{}}}", "Stars", "[]"},
    {"an option left out is lost", "{\"Kind\":{\"select\":{\"options\":[{\"name\":\"New\"}]}}}",
     "Kind", "null"},
    {"a new column", "{\"More\":{\"url\":{}}}", "More", "null"},
    {"the title stays", "{\"Name\":null}", NULL, "Cannot delete the title property."},
    {"there is one title", "{\"Other\":{\"title\":{}}}", NULL, "Cannot create new title property."},
    {"a column that is not there is not deleted", "{\"Nope\":null}", NULL,
     "Could not find property with name or id: Nope"},
    {"two columns of one name", "{\"Text\":{\"name\":\"Stars\"}}", NULL,
     "A property with the name Stars exists already."},
    {"a color stays",
     "{\"Kind\":{\"select\":{\"options\":[{\"name\":\"Blog\",\"color\":\"red\"}]}}}", NULL,
     "Cannot update color of select with name: Blog."},
    {"a relation to nowhere",
     "{\"More\":{\"relation\":{\"data_source_id\":\"11111111-1111-4111-8111-111111111111\","
     "\"single_property\":{}}}}",
     NULL,
     "Could not find database with ID: 11111111-1111-4111-8111-111111111111. Make sure the "
     "relevant "
     "pages and databases are shared with your integration."},
    {"a relation of two sides",
     "{\"More\":{\"relation\":{\"data_source_id\":\"11111111-1111-4111-8111-111111111111\","
     "\"dual_property\":{}}}}",
     NULL, "The stand-in makes relations of one side: single_property."},
    {"commas in options", "{\"Kind\":{\"select\":{\"options\":[{\"name\":\"a,b\"}]}}}", NULL,
     "Invalid select option, commas not allowed: a,b"},
};

static void changed(void **state)
{
    const struct change *row = *state;
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    ds_ws_why why = {0};
    const ds_json *asked_for = json_of(row->columns);

    add_row(ws, source, "{\"Stars\":{\"number\":7},\"Kind\":{\"select\":{\"name\":\"Blog\"}}}",
            NOW_MS);
    if (!row->column) {
        assert_false(ds_ws_columns_check(ws, source, asked_for, false, &why));
        assert_string_equal(why.text, row->after);
        return;
    }
    assert_true(ds_ws_columns_check(ws, source, asked_for, false, &why));
    ds_ws_columns_apply(ws, source, asked_for);
    assert_string_equal(shown(ws, source, row->column), row->after);
}

static void a_deleted_column_is_gone(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    const char *id = ds_arena_strdup(scratch, ds_ws_property_find(source, "Stars")->id);

    (void)state;
    ds_ws_columns_apply(ws, source, json_of("{\"Stars\":null}"));
    assert_null(ds_ws_property_find(source, "Stars"));
    ds_ws_columns_apply(ws, source, json_of("{\"Stars\":{\"number\":{}}}"));
    assert_string_not_equal(ds_ws_property_find(source, "Stars")->id, id);
}

static void a_property_goes_by_its_id_in_either_form(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    int dressed = 0;

    (void)state;
    for (uint32_t i = 0; i < source->properties_n; i++) {
        ds_ws_property *p = &source->properties[i];
        const char *id = ds_ws_property_id(p, scratch);

        assert_ptr_equal(ds_ws_property_find(source, id), p);
        assert_ptr_equal(ds_ws_property_find(source, p->id), p);
        dressed += strchr(id, '%') != NULL;
    }
    assert_true(dressed > 0); /* a client must take ids as they are */
}

static void missing_options_are_made(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    ds_ws_property *tags = ds_ws_property_find(source, "Tags");

    (void)state;
    add_row(ws, source,
            "{\"Tags\":{\"multi_select\":[{\"name\":\"x\"},{\"name\":\"y\"},{\"name\":\"x\"}]}}",
            NOW_MS);
    assert_int_equal(tags->options_n, 2); /* and what is named twice is there once */
    assert_string_equal(tags->options[1].name, "y");
}

/* A title that mentions its own page would go on for ever. */
static void a_mention_of_oneself(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    ds_ws_page *page = add_row(ws, source, "{}", NOW_MS);
    char id[DS_WS_ID_TEXT];

    (void)state;
    ds_ws_values_apply(ws, source, page,
                       json_of(ds_arena_printf(
                           scratch,
                           "{\"Name\":{\"title\":[{\"text\":{\"content\":\"me: \"}},{\"mention\":"
                           "{\"page\":{\"id\":\"%s\"}}}]}}",
                           ds_ws_id_text(page->thing.id, id))),
                       scratch);
    assert_string_equal(ds_ws_page_title(ws, page, scratch), "me: Untitled");
}

static void ids_are_the_same_in_each_run(void **state)
{
    DS_AUTO(ds_ws) one = ds_ws_open(1);
    DS_AUTO(ds_ws) same = ds_ws_open(1);
    DS_AUTO(ds_ws) other = ds_ws_open(2);
    ds_ws_id id = ds_ws_new_id(one), read;
    char text[DS_WS_ID_TEXT];

    (void)state;
    assert_true(ds_ws_id_same(id, ds_ws_new_id(same)));
    assert_false(ds_ws_id_same(id, ds_ws_new_id(other)));
    assert_true(ds_ws_id_read(ds_ws_id_text(id, text), &read));
    assert_true(ds_ws_id_same(id, read));
    assert_false(ds_ws_id_read("11111111-1111-4111-8111-11111111111", &read));
    assert_false(ds_ws_id_read("11111111-1111-4111-8111-11111111111g", &read));
    assert_false(ds_ws_id_read("1111111-11111-4111-8111-111111111111", &read));
}

int main(void)
{
    add_table(rows, comes_back);
    add_table(refusals, is_refused);
    add_table(changes, changed);
    add_test(a_status_comes_back);
    add_test(a_deleted_column_is_gone);
    add_test(a_property_goes_by_its_id_in_either_form);
    add_test(missing_options_are_made);
    add_test(a_mention_of_oneself);
    add_test(ids_are_the_same_in_each_run);
    return run_tests("fake notion: values");
}
