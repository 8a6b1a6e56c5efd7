/* src/fakes/notion/shapes_schema.c - the shapes of columns, data sources and databases. */
#include "fakes/notion/shape_table.h"

/* ---- columns --------------------------------------------------------------------------------- */

static const ds_shape color = WORD(ds_shape_colors);
static const ds_shape option_name = {DS_SHAPE_TEXT, .min = 1, .max = 100};
static const ds_member option_members[] = {{"name", &option_name, DS_OPTIONAL},
                                           {"id", &ds_shape_text, DS_OPTIONAL},
                                           {"color", &color, DS_OPTIONAL},
                                           {"description", &ds_shape_text_or_null, DS_OPTIONAL}};
static const ds_shape option = OBJECT(option_members);
static const ds_shape options = LIST(option, 100);
static const ds_member select_members[] = {{"options", &options, DS_OPTIONAL}};
static const ds_shape select = OBJECT(select_members);
static const ds_member status_members[] = {{"options", &options, DS_OPTIONAL},
                                           {"groups", &ds_shape_any, DS_OPTIONAL}};
static const ds_shape status = OBJECT(status_members);

static const ds_member number_members[] = {{"format", &ds_shape_text, DS_OPTIONAL}};
static const ds_shape number = OBJECT(number_members);
static const ds_member formula_members[] = {{"expression", &ds_shape_text, DS_OPTIONAL}};
static const ds_shape formula = OBJECT(formula_members);
static const ds_shape prefix = TEXT_OR_NULL(100);
static const ds_member unique_members[] = {{"prefix", &prefix, DS_OPTIONAL}};
static const ds_shape unique_id = OBJECT(unique_members);

static const ds_member dual_members[] = {{"synced_property_name", &ds_shape_text, DS_OPTIONAL},
                                         {"synced_property_id", &ds_shape_text, DS_OPTIONAL}};
static const ds_shape dual = OBJECT(dual_members);
static const ds_member relation_members[] = {{"database_id", &ds_shape_id, DS_OPTIONAL},
                                             {"data_source_id", &ds_shape_id, DS_OPTIONAL},
                                             {"type", &ds_shape_type, DS_OPTIONAL},
                                             {"single_property", &ds_shape_empty, DS_VARIANT},
                                             {"dual_property", &dual, DS_VARIANT}};
static const ds_shape relation = OBJECT(relation_members);

static const char *const functions[] = {"count",
                                        "count_values",
                                        "empty",
                                        "not_empty",
                                        "unique",
                                        "show_unique",
                                        "percent_empty",
                                        "percent_not_empty",
                                        "sum",
                                        "average",
                                        "median",
                                        "min",
                                        "max",
                                        "range",
                                        "earliest_date",
                                        "latest_date",
                                        "date_range",
                                        "checked",
                                        "unchecked",
                                        "percent_checked",
                                        "percent_unchecked",
                                        "count_per_group",
                                        "percent_per_group",
                                        "show_original",
                                        NULL};
static const ds_shape function = WORD(functions);
static const ds_member rollup_members[] = {{"function", &function, DS_REQUIRED},
                                           {"relation_property_name", &ds_shape_text, DS_OPTIONAL},
                                           {"relation_property_id", &ds_shape_text, DS_OPTIONAL},
                                           {"rollup_property_name", &ds_shape_text, DS_OPTIONAL},
                                           {"rollup_property_id", &ds_shape_text, DS_OPTIONAL}};
static const ds_shape rollup = OBJECT(rollup_members);

/* What an answer says of a column may come back with the request. */
static const ds_member column_members[] = {{"id", &ds_shape_text, DS_OPTIONAL},
                                           {"name", &ds_shape_text, DS_OPTIONAL},
                                           {"type", &ds_shape_type, DS_OPTIONAL},
                                           {"description", &ds_shape_text_or_null, DS_OPTIONAL},
                                           {"title", &ds_shape_empty, DS_VARIANT},
                                           {"rich_text", &ds_shape_empty, DS_VARIANT},
                                           {"number", &number, DS_VARIANT},
                                           {"select", &select, DS_VARIANT},
                                           {"multi_select", &select, DS_VARIANT},
                                           {"status", &status, DS_VARIANT},
                                           {"date", &ds_shape_empty, DS_VARIANT},
                                           {"people", &ds_shape_empty, DS_VARIANT},
                                           {"files", &ds_shape_empty, DS_VARIANT},
                                           {"checkbox", &ds_shape_empty, DS_VARIANT},
                                           {"url", &ds_shape_empty, DS_VARIANT},
                                           {"email", &ds_shape_empty, DS_VARIANT},
                                           {"phone_number", &ds_shape_empty, DS_VARIANT},
                                           {"relation", &relation, DS_VARIANT},
                                           {"rollup", &rollup, DS_VARIANT},
                                           {"formula", &formula, DS_VARIANT},
                                           {"unique_id", &unique_id, DS_VARIANT},
                                           {"created_time", &ds_shape_empty, DS_VARIANT},
                                           {"created_by", &ds_shape_empty, DS_VARIANT},
                                           {"last_edited_time", &ds_shape_empty, DS_VARIANT},
                                           {"last_edited_by", &ds_shape_empty, DS_VARIANT},
                                           {"button", &ds_shape_empty, DS_VARIANT},
                                           {"place", &ds_shape_empty, DS_VARIANT},
                                           {"verification", &ds_shape_empty, DS_VARIANT}};
static const ds_shape column = OBJECT(column_members);
static const ds_shape columns = {DS_SHAPE_MAP, .item = &column};
static const ds_shape column_change = {DS_SHAPE_OBJECT, .nullable = true, .may_lack = true,
                                       .members = column_members, .n = DS_COUNT(column_members)};
static const ds_shape column_changes = {DS_SHAPE_MAP, .item = &column_change};

/* ---- databases ------------------------------------------------------------------------------- */

static const ds_member base_parent_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                                {"page_id", &ds_shape_id, DS_VARIANT},
                                                {"workspace", &ds_shape_true, DS_VARIANT}};
static const ds_shape base_parent = OBJECT(base_parent_members);
static const ds_member initial_members[] = {{"properties", &columns, DS_OPTIONAL}};
static const ds_shape initial = OBJECT(initial_members);

#define DATABASE_MEMBERS                                                                           \
    {"title", &ds_shape_rich_text, DS_OPTIONAL},                                                   \
        {"description", &ds_shape_rich_text, DS_OPTIONAL}, {"icon", &ds_shape_icon, DS_OPTIONAL},  \
        {"cover", &ds_shape_cover, DS_OPTIONAL},                                                   \
    {                                                                                              \
        "is_inline", &ds_shape_bool, DS_OPTIONAL                                                   \
    }
#define TRASH_MEMBERS                                                                              \
    {"in_trash", &ds_shape_bool, DS_OPTIONAL},                                                     \
    {                                                                                              \
        "archived", &ds_shape_bool, DS_OPTIONAL                                                    \
    }

static const ds_member create_members[] = {{"parent", &base_parent, DS_REQUIRED},
                                           {"initial_data_source", &initial, DS_OPTIONAL},
                                           DATABASE_MEMBERS};
const ds_shape ds_shape_create_database = OBJECT(create_members);
static const ds_member create_old_members[] = {
    {"parent", &base_parent, DS_REQUIRED}, {"properties", &columns, DS_REQUIRED}, DATABASE_MEMBERS};
const ds_shape ds_shape_create_database_old = OBJECT(create_old_members);

static const ds_member update_members[] = {
    {"is_locked", &ds_shape_bool, DS_OPTIONAL}, DATABASE_MEMBERS, TRASH_MEMBERS};
const ds_shape ds_shape_update_database = OBJECT(update_members);
static const ds_member update_old_members[] = {
    {"properties", &column_changes, DS_OPTIONAL}, DATABASE_MEMBERS, TRASH_MEMBERS};
const ds_shape ds_shape_update_database_old = OBJECT(update_old_members);

/* ---- data sources ---------------------------------------------------------------------------- */

static const ds_member source_parent_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                                  {"database_id", &ds_shape_id, DS_VARIANT}};
static const ds_shape source_parent = OBJECT(source_parent_members);
static const ds_member create_source_members[] = {{"parent", &source_parent, DS_REQUIRED},
                                                  {"properties", &columns, DS_REQUIRED},
                                                  {"title", &ds_shape_rich_text, DS_OPTIONAL},
                                                  {"icon", &ds_shape_icon, DS_OPTIONAL}};
const ds_shape ds_shape_create_source = OBJECT(create_source_members);
static const ds_member update_source_members[] = {{"properties", &column_changes, DS_OPTIONAL},
                                                  {"title", &ds_shape_rich_text, DS_OPTIONAL},
                                                  {"description", &ds_shape_rich_text, DS_OPTIONAL},
                                                  {"icon", &ds_shape_icon, DS_OPTIONAL},
                                                  TRASH_MEMBERS};
const ds_shape ds_shape_update_source = OBJECT(update_source_members);
