/* tests/unit/test_wanted.c - which properties of its source a route reads. */
#include "support/run.h"
#include "sync/map.h"

#include <string.h>

static const ds_field fields[] = {
    {.to = "A", .kind = DS_FIELD_FROM, .from = "readme"},
    {.to = "B", .kind = DS_FIELD_FROM, .from = "owner.login"},
    {.to = "C", .kind = DS_FIELD_VALUE},
    {.to = "D", .kind = DS_FIELD_TEMPLATE, .template = "{{x}} {owner.login}/{name}"},
    {.to = "E", .kind = DS_FIELD_FROM, .from = "readme"},
};
static const ds_where where[] = {{.name = "fork"}, {.name = "name"}};
static const char *const owned[] = {"readme", "size"};
static const char *const many[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                                   "k", "l", "m", "n", "o", "p", "q", "r", "s", "a"};

static const struct row {
    const char *name;
    ds_route route;
    const char *wanted; /* "-": all */
} rows[] = {
    {"all without fields", {.where = where, .where_n = 2}, "-"},
    {"names, paths and templates, each once",
     {.has_fields = true, .fields = fields, .fields_n = 5},
     "readme owner.login name"},
    {"what is compared, too",
     {.has_fields = true, .fields = fields, .fields_n = 1, .where = where, .where_n = 2},
     "readme fork name"},
    {"a transform sees what fields made",
     {.has_fields = true, .fields = fields, .fields_n = 1, .transform = "."},
     "readme"},
    {"what is owned, under the same names",
     {.has_owns = true, .owns = {owned, 2}, .where = where, .where_n = 1},
     "readme size fork"},
    {"more than there is room for at first",
     {.has_owns = true, .owns = {many, DS_COUNT(many)}},
     "a b c d e f g h i j k l m n o p q r s"},
    {"a transform without fields may see anything",
     {.has_owns = true, .owns = {owned, 2}, .transform = "."},
     "-"},
    {"what a body is made of, too",
     {.has_fields = true, .fields = fields + 1, .fields_n = 1, .body = &fields[3]},
     "owner.login name"},
    {"fields that read nothing", {.has_fields = true}, ""},
};

static void each(void **state)
{
    const struct row *row = *state;
    size_t n;
    const char *const *names = ds_mapping_wanted(&row->route, scratch, &n);
    const char *all = names ? "" : "-";

    for (size_t i = 0; i < n; i++)
        all = ds_arena_printf(scratch, "%s%s%s", all, i ? " " : "", names[i]);
    assert_string_equal(all, row->wanted);
}

int main(void)
{
    return run_table("wanted", rows, each);
}
