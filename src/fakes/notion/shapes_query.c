/* src/fakes/notion/shapes_query.c - the shapes of filters, sorts, queries and searches. */
#include "fakes/notion/shape_table.h"

const char *const ds_shape_relative[] = {
    "today",         "tomorrow",           "yesterday", "one_week_ago", "one_week_from_now",
    "one_month_ago", "one_month_from_now", NULL};

/* ---- conditions ------------------------------------------------------------------------------ */

#define EXISTENCE                                                                                  \
    {"is_empty", &ds_shape_true, DS_VARIANT},                                                      \
    {                                                                                              \
        "is_not_empty", &ds_shape_true, DS_VARIANT                                                 \
    }

static const ds_member text_members[] = {{"equals", &ds_shape_text, DS_VARIANT},
                                         {"does_not_equal", &ds_shape_text, DS_VARIANT},
                                         {"contains", &ds_shape_text, DS_VARIANT},
                                         {"does_not_contain", &ds_shape_text, DS_VARIANT},
                                         {"starts_with", &ds_shape_text, DS_VARIANT},
                                         {"ends_with", &ds_shape_text, DS_VARIANT},
                                         EXISTENCE};
static const ds_shape text = OBJECT(text_members);

static const ds_member number_members[] = {
    {"equals", &ds_shape_number, DS_VARIANT},
    {"does_not_equal", &ds_shape_number, DS_VARIANT},
    {"greater_than", &ds_shape_number, DS_VARIANT},
    {"less_than", &ds_shape_number, DS_VARIANT},
    {"greater_than_or_equal_to", &ds_shape_number, DS_VARIANT},
    {"less_than_or_equal_to", &ds_shape_number, DS_VARIANT},
    EXISTENCE};
static const ds_shape number = OBJECT(number_members);

static const ds_member checkbox_members[] = {{"equals", &ds_shape_bool, DS_VARIANT},
                                             {"does_not_equal", &ds_shape_bool, DS_VARIANT}};
static const ds_shape checkbox = OBJECT(checkbox_members);

static const ds_shape either = {.kind = DS_SHAPE_EITHER};
static const ds_member select_members[] = {
    {"equals", &either, DS_VARIANT}, {"does_not_equal", &either, DS_VARIANT}, EXISTENCE};
static const ds_shape select = OBJECT(select_members);
static const ds_member multi_members[] = {
    {"contains", &either, DS_VARIANT}, {"does_not_contain", &either, DS_VARIANT}, EXISTENCE};
static const ds_shape multi_select = OBJECT(multi_members);

static const ds_shape when = {.kind = DS_SHAPE_WHEN};
static const ds_member date_members[] = {{"equals", &when, DS_VARIANT},
                                         {"before", &when, DS_VARIANT},
                                         {"after", &when, DS_VARIANT},
                                         {"on_or_before", &when, DS_VARIANT},
                                         {"on_or_after", &when, DS_VARIANT},
                                         {"this_week", &ds_shape_empty, DS_VARIANT},
                                         {"past_week", &ds_shape_empty, DS_VARIANT},
                                         {"past_month", &ds_shape_empty, DS_VARIANT},
                                         {"past_year", &ds_shape_empty, DS_VARIANT},
                                         {"next_week", &ds_shape_empty, DS_VARIANT},
                                         {"next_month", &ds_shape_empty, DS_VARIANT},
                                         {"next_year", &ds_shape_empty, DS_VARIANT},
                                         EXISTENCE};
static const ds_shape date = OBJECT(date_members);

static const ds_member people_members[] = {{"contains", &ds_shape_text, DS_VARIANT},
                                           {"does_not_contain", &ds_shape_text, DS_VARIANT},
                                           EXISTENCE};
static const ds_shape people = OBJECT(people_members);
static const ds_member relation_members[] = {{"contains", &ds_shape_id, DS_VARIANT},
                                             {"does_not_contain", &ds_shape_id, DS_VARIANT},
                                             EXISTENCE};
static const ds_shape relation = OBJECT(relation_members);
static const ds_member files_members[] = {EXISTENCE};
static const ds_shape files = OBJECT(files_members);

static const ds_member formula_members[] = {{"string", &text, DS_VARIANT},
                                            {"checkbox", &checkbox, DS_VARIANT},
                                            {"number", &number, DS_VARIANT},
                                            {"date", &date, DS_VARIANT}};
static const ds_shape formula = OBJECT(formula_members);
static const ds_member rollup_members[] = {{"number", &number, DS_VARIANT},
                                           {"date", &date, DS_VARIANT}};
static const ds_shape rollup = OBJECT(rollup_members);

/* ---- leaves of a filter ---------------------------------------------------------------------- */

static const ds_member property_members[] = {{"property", &ds_shape_text, DS_REQUIRED},
                                             {"type", &ds_shape_type, DS_OPTIONAL},
                                             {"title", &text, DS_VARIANT},
                                             {"rich_text", &text, DS_VARIANT},
                                             {"url", &text, DS_VARIANT},
                                             {"email", &text, DS_VARIANT},
                                             {"phone_number", &text, DS_VARIANT},
                                             {"number", &number, DS_VARIANT},
                                             {"unique_id", &number, DS_VARIANT},
                                             {"checkbox", &checkbox, DS_VARIANT},
                                             {"select", &select, DS_VARIANT},
                                             {"status", &select, DS_VARIANT},
                                             {"multi_select", &multi_select, DS_VARIANT},
                                             {"date", &date, DS_VARIANT},
                                             {"created_time", &date, DS_VARIANT},
                                             {"last_edited_time", &date, DS_VARIANT},
                                             {"people", &people, DS_VARIANT},
                                             {"created_by", &people, DS_VARIANT},
                                             {"last_edited_by", &people, DS_VARIANT},
                                             {"relation", &relation, DS_VARIANT},
                                             {"files", &files, DS_VARIANT},
                                             {"formula", &formula, DS_VARIANT},
                                             {"rollup", &rollup, DS_VARIANT}};
const ds_shape ds_shape_property_filter = OBJECT(property_members);

static const char *const timestamps[] = {"created_time", "last_edited_time", NULL};
static const ds_shape timestamp = WORD(timestamps);
static const ds_member timestamp_members[] = {{"timestamp", &timestamp, DS_REQUIRED},
                                              {"type", &ds_shape_type, DS_OPTIONAL},
                                              {"created_time", &date, DS_VARIANT},
                                              {"last_edited_time", &date, DS_VARIANT}};
const ds_shape ds_shape_timestamp_filter = OBJECT(timestamp_members);

/* ---- queries --------------------------------------------------------------------------------- */

static const char *const directions[] = {"ascending", "descending", NULL};
static const ds_shape direction = WORD(directions);
static const ds_member sort_members[] = {{"property", &ds_shape_text, DS_VARIANT},
                                         {"timestamp", &timestamp, DS_VARIANT},
                                         {"direction", &direction, DS_REQUIRED}};
static const ds_shape sort = OBJECT(sort_members);
static const ds_shape sorts = LIST(sort, 100);
static const char *const results[] = {"page", "data_source", NULL};
static const ds_shape result = WORD(results);

static const ds_member query_members[] = {{"filter", &ds_shape_any, DS_OPTIONAL},
                                          {"sorts", &sorts, DS_OPTIONAL},
                                          {"start_cursor", &ds_shape_cursor, DS_OPTIONAL},
                                          {"page_size", &ds_shape_page_size, DS_OPTIONAL},
                                          {"result_type", &result, DS_OPTIONAL},
                                          {"in_trash", &ds_shape_bool, DS_OPTIONAL},
                                          {"archived", &ds_shape_bool, DS_OPTIONAL}};
const ds_shape ds_shape_query = OBJECT(query_members);

/* ---- searches -------------------------------------------------------------------------------- */

static const char *const edited[] = {"last_edited_time", NULL};
static const ds_shape edited_only = WORD(edited);
static const ds_member search_sort_members[] = {{"timestamp", &edited_only, DS_REQUIRED},
                                                {"direction", &direction, DS_REQUIRED}};
static const ds_shape search_sort = OBJECT(search_sort_members);
static const char *const objects[] = {"object", NULL};
static const ds_shape object = WORD(objects);
static const char *const kinds[] = {"page", "data_source", NULL};
static const ds_shape kind = WORD(kinds);
static const char *const kinds_old[] = {"page", "database", NULL};
static const ds_shape kind_old = WORD(kinds_old);
static const ds_member filter_members[] = {{"property", &object, DS_REQUIRED},
                                           {"value", &kind, DS_REQUIRED},
                                           {"in_trash", &ds_shape_bool, DS_OPTIONAL}};
static const ds_shape filter = OBJECT(filter_members);
static const ds_member filter_old_members[] = {{"property", &object, DS_REQUIRED},
                                               {"value", &kind_old, DS_REQUIRED}};
static const ds_shape filter_old = OBJECT(filter_old_members);

#define SEARCH_MEMBERS(filter_shape)                                                               \
    {"query", &ds_shape_text, DS_OPTIONAL}, {"sort", &search_sort, DS_OPTIONAL},                   \
        {"filter", &(filter_shape), DS_OPTIONAL}, {"start_cursor", &ds_shape_cursor, DS_OPTIONAL}, \
    {                                                                                              \
        "page_size", &ds_shape_page_size, DS_OPTIONAL                                              \
    }

static const ds_member search_members[] = {SEARCH_MEMBERS(filter)};
const ds_shape ds_shape_search = OBJECT(search_members);
static const ds_member search_old_members[] = {SEARCH_MEMBERS(filter_old)};
const ds_shape ds_shape_search_old = OBJECT(search_old_members);
