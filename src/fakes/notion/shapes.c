/* src/fakes/notion/shapes.c - the shapes of rich text, of values and of the bodies for pages. */
#include "fakes/notion/shape_table.h"

/* ---- small ones ------------------------------------------------------------------------------ */

const ds_shape ds_shape_any = {.kind = DS_SHAPE_ANY};
const ds_shape ds_shape_bool = {.kind = DS_SHAPE_BOOL};
const ds_shape ds_shape_true = {.kind = DS_SHAPE_TRUE};
const ds_shape ds_shape_number = {.kind = DS_SHAPE_NUMBER};
const ds_shape ds_shape_text = {.kind = DS_SHAPE_TEXT};
const ds_shape ds_shape_text_or_null = TEXT_OR_NULL(0);
const ds_shape ds_shape_id = {.kind = DS_SHAPE_ID};
const ds_shape ds_shape_empty = {.kind = DS_SHAPE_OBJECT};
const ds_shape ds_shape_type = {.kind = DS_SHAPE_TEXT};
const ds_shape ds_shape_url = TEXT(2000);
const ds_shape ds_shape_page_size = {DS_SHAPE_NUMBER, .whole = true, .min = 1, .max = 100};
const ds_shape ds_shape_cursor = {DS_SHAPE_ID, .nullable = true};
static const ds_shape number_or_null = {DS_SHAPE_NUMBER, .nullable = true};

const char *const ds_shape_colors[] = {"default", "gray",   "brown", "orange", "yellow", "green",
                                       "blue",    "purple", "pink",  "red",    NULL};
const char *const ds_shape_text_colors[] = {"default",
                                            "gray",
                                            "brown",
                                            "orange",
                                            "yellow",
                                            "green",
                                            "blue",
                                            "purple",
                                            "pink",
                                            "red",
                                            "default_background",
                                            "gray_background",
                                            "brown_background",
                                            "orange_background",
                                            "yellow_background",
                                            "green_background",
                                            "blue_background",
                                            "purple_background",
                                            "pink_background",
                                            "red_background",
                                            NULL};
static const ds_shape color = WORD(ds_shape_colors);
static const ds_shape text_color = WORD(ds_shape_text_colors);

/* ---- rich text ------------------------------------------------------------------------------- */

static const ds_member link_members[] = {{"url", &ds_shape_url, DS_REQUIRED},
                                         {"type", &ds_shape_type, DS_OPTIONAL}};
static const ds_shape text_link = OBJECT_OR_NULL(link_members);
static const ds_shape content = TEXT(2000);
static const ds_member text_members[] = {{"content", &content, DS_REQUIRED},
                                         {"link", &text_link, DS_OPTIONAL}};
static const ds_shape text_part = OBJECT(text_members);

static const ds_shape expression = TEXT(1000);
static const ds_member equation_members[] = {{"expression", &expression, DS_REQUIRED}};
static const ds_shape equation = OBJECT(equation_members);

static const ds_shape when = {.kind = DS_SHAPE_TIME};
static const ds_shape when_or_null = {DS_SHAPE_TIME, .nullable = true};
static const ds_member date_members[] = {{"start", &when, DS_REQUIRED},
                                         {"end", &when_or_null, DS_OPTIONAL},
                                         {"time_zone", &ds_shape_text_or_null, DS_OPTIONAL}};
const ds_shape ds_shape_date = OBJECT(date_members);
static const ds_shape date_or_null = OBJECT_OR_NULL(date_members);

static const ds_member user_members[] = {{"id", &ds_shape_id, DS_REQUIRED},
                                         {"object", &ds_shape_type, DS_OPTIONAL},
                                         {"name", &ds_shape_any, DS_OPTIONAL}};
static const ds_shape user = OBJECT(user_members);
static const ds_member ref_members[] = {{"id", &ds_shape_id, DS_REQUIRED}};
static const ds_shape ref = OBJECT(ref_members);
static const ds_member mention_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                            {"user", &user, DS_VARIANT},
                                            {"date", &ds_shape_date, DS_VARIANT},
                                            {"page", &ref, DS_VARIANT},
                                            {"database", &ref, DS_VARIANT}};
static const ds_shape mention = OBJECT(mention_members);

static const ds_member annotation_members[] = {
    {"bold", &ds_shape_bool, DS_OPTIONAL},          {"italic", &ds_shape_bool, DS_OPTIONAL},
    {"strikethrough", &ds_shape_bool, DS_OPTIONAL}, {"underline", &ds_shape_bool, DS_OPTIONAL},
    {"code", &ds_shape_bool, DS_OPTIONAL},          {"color", &text_color, DS_OPTIONAL}};
static const ds_shape annotations = OBJECT(annotation_members);

/* What an answer has beside, a request may bring back: it is looked past. */
static const ds_member rich_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                         {"text", &text_part, DS_VARIANT},
                                         {"mention", &mention, DS_VARIANT},
                                         {"equation", &equation, DS_VARIANT},
                                         {"annotations", &annotations, DS_OPTIONAL},
                                         {"plain_text", &ds_shape_text, DS_OPTIONAL},
                                         {"href", &ds_shape_text_or_null, DS_OPTIONAL}};
static const ds_shape rich_item = OBJECT(rich_members);
const ds_shape ds_shape_rich_text = LIST(rich_item, 100);

/* ---- files, icons ---------------------------------------------------------------------------- */

static const ds_member external_members[] = {{"url", &ds_shape_url, DS_REQUIRED}};
static const ds_shape external = OBJECT(external_members);
static const ds_member hosted_members[] = {{"url", &ds_shape_text, DS_REQUIRED},
                                           {"expiry_time", &when, DS_OPTIONAL}};
static const ds_shape hosted = OBJECT(hosted_members);
static const ds_shape file_name = TEXT(100);
static const ds_member file_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                         {"name", &file_name, DS_REQUIRED},
                                         {"external", &external, DS_VARIANT},
                                         {"file", &hosted, DS_VARIANT}};
static const ds_shape file = OBJECT(file_members);

static const ds_member icon_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                         {"emoji", &ds_shape_text, DS_VARIANT},
                                         {"external", &external, DS_VARIANT}};
const ds_shape ds_shape_icon = OBJECT_OR_NULL(icon_members);
static const ds_member cover_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                          {"external", &external, DS_VARIANT}};
const ds_shape ds_shape_cover = OBJECT_OR_NULL(cover_members);

/* ---- values of properties -------------------------------------------------------------------- */

static const ds_shape option_name = {DS_SHAPE_TEXT, .min = 1, .max = 100};
static const ds_member option_members[] = {{"name", &option_name, DS_OPTIONAL},
                                           {"id", &ds_shape_text, DS_OPTIONAL},
                                           {"color", &color, DS_OPTIONAL},
                                           {"description", &ds_shape_text_or_null, DS_OPTIONAL}};
static const ds_shape option = OBJECT(option_members);
static const ds_shape option_or_null = OBJECT_OR_NULL(option_members);
static const ds_shape options = LIST(option, 100);
static const ds_shape people = LIST(user, 100);
static const ds_shape relation = LIST(ref, 100);
static const ds_shape files = LIST(file, 100);
static const ds_shape url_or_null = {DS_SHAPE_TEXT, .nullable = true, .min = 1, .max = 2000};
static const ds_shape short_or_null = {DS_SHAPE_TEXT, .nullable = true, .min = 1, .max = 200};

static const ds_member place_members[] = {{"lat", &ds_shape_number, DS_REQUIRED},
                                          {"lon", &ds_shape_number, DS_REQUIRED},
                                          {"name", &ds_shape_text_or_null, DS_OPTIONAL},
                                          {"address", &ds_shape_text_or_null, DS_OPTIONAL},
                                          {"aws_place_id", &ds_shape_text_or_null, DS_OPTIONAL},
                                          {"google_place_id", &ds_shape_text_or_null, DS_OPTIONAL}};
static const ds_shape place = OBJECT_OR_NULL(place_members);

/* Values that nobody writes are let through here: that they are read-only is said by name later. */
static const ds_member value_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                          {"id", &ds_shape_text, DS_OPTIONAL},
                                          {"title", &ds_shape_rich_text, DS_VARIANT},
                                          {"rich_text", &ds_shape_rich_text, DS_VARIANT},
                                          {"number", &number_or_null, DS_VARIANT},
                                          {"url", &url_or_null, DS_VARIANT},
                                          {"select", &option_or_null, DS_VARIANT},
                                          {"multi_select", &options, DS_VARIANT},
                                          {"people", &people, DS_VARIANT},
                                          {"email", &short_or_null, DS_VARIANT},
                                          {"phone_number", &short_or_null, DS_VARIANT},
                                          {"date", &date_or_null, DS_VARIANT},
                                          {"checkbox", &ds_shape_bool, DS_VARIANT},
                                          {"relation", &relation, DS_VARIANT},
                                          {"files", &files, DS_VARIANT},
                                          {"status", &option_or_null, DS_VARIANT},
                                          {"place", &place, DS_VARIANT},
                                          {"verification", &ds_shape_any, DS_VARIANT},
                                          {"formula", &ds_shape_any, DS_VARIANT},
                                          {"rollup", &ds_shape_any, DS_VARIANT},
                                          {"unique_id", &ds_shape_any, DS_VARIANT},
                                          {"created_time", &ds_shape_any, DS_VARIANT},
                                          {"created_by", &ds_shape_any, DS_VARIANT},
                                          {"last_edited_time", &ds_shape_any, DS_VARIANT},
                                          {"last_edited_by", &ds_shape_any, DS_VARIANT},
                                          {"button", &ds_shape_any, DS_VARIANT}};
static const ds_shape value = OBJECT(value_members);
static const ds_shape values = {DS_SHAPE_MAP, .item = &value};

/* ---- pages ----------------------------------------------------------------------------------- */

static const ds_member parent_members[] = {{"type", &ds_shape_type, DS_OPTIONAL},
                                           {"page_id", &ds_shape_id, DS_VARIANT},
                                           {"database_id", &ds_shape_id, DS_VARIANT},
                                           {"data_source_id", &ds_shape_id, DS_VARIANT}};
static const ds_shape parent = OBJECT(parent_members);
static const ds_shape children = {.kind = DS_SHAPE_BLOCKS};

static const ds_member create_members[] = {
    {"parent", &parent, DS_REQUIRED},      {"properties", &values, DS_REQUIRED},
    {"icon", &ds_shape_icon, DS_OPTIONAL}, {"cover", &ds_shape_cover, DS_OPTIONAL},
    {"children", &children, DS_OPTIONAL},  {"content", &children, DS_OPTIONAL}};
const ds_shape ds_shape_create_page = OBJECT(create_members);

static const ds_member update_members[] = {
    {"properties", &values, DS_OPTIONAL},           {"icon", &ds_shape_icon, DS_OPTIONAL},
    {"cover", &ds_shape_cover, DS_OPTIONAL},        {"is_locked", &ds_shape_bool, DS_OPTIONAL},
    {"erase_content", &ds_shape_bool, DS_OPTIONAL}, {"in_trash", &ds_shape_bool, DS_OPTIONAL},
    {"archived", &ds_shape_bool, DS_OPTIONAL}};
const ds_shape ds_shape_update_page = OBJECT(update_members);
