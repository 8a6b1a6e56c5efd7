/* src/connectors/notion/stand.c - the place as text, as a query, and how it moves. */
#include "connectors/notion/stand.h"

#include <string.h>

#define REFUSED_MOST 3

/* ---- as text --------------------------------------------------------------------------------- */

static void remember(ds_notion_stand *place, const char *id, ds_arena *a)
{
    if (place->seen_n == place->seen_cap) {
        size_t cap = DS_MAX(2 * place->seen_cap, (size_t)16);

        place->seen = ds_arena_grow(a, place->seen, place->seen_n * sizeof(*place->seen),
                                    cap * sizeof(*place->seen));
        place->seen_cap = cap;
    }
    place->seen[place->seen_n++] = id;
}

/* Whatever a stored text says, it is counted from there on. */
static int64_t count_of(const ds_json *doc, const char *name, int64_t most)
{
    return DS_MAX(DS_MIN(ds_json_integer(doc, name, 0), most), INT64_C(0));
}

bool ds_notion_stand_read(const char *text, ds_arena *a, ds_notion_stand *out)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *doc;

    *out = (ds_notion_stand){0};
    if (!text)
        return true;
    doc = ds_json_read(a, text, strlen(text), &err);
    if (ds_json_kind_of(doc) != DS_JSON_OBJECT)
        return false;
    *out = (ds_notion_stand){.from = ds_json_text(doc, "from"),
                             .after = ds_json_bool(doc, "after"),
                             .made = ds_json_text(doc, "made"),
                             .at = ds_json_text(doc, "at"),
                             .served = count_of(doc, "served", DS_NOTION_CAP),
                             .edited = ds_json_text(doc, "edited"),
                             .created = ds_json_text(doc, "created"),
                             .refused = count_of(doc, "refused", REFUSED_MOST)};
    DS_JSON_EACH (ds_json_get(doc, "seen"), id)
        if (ds_json_kind_of(id) == DS_JSON_TEXT)
            remember(out, ds_json_str(id, NULL), a);
    return true;
}

static void put_text(ds_json_writer *w, const char *name, const char *text)
{
    if (!text)
        return;
    ds_json_w_name(w, name);
    ds_json_w_text(w, text);
}

static void put_int(ds_json_writer *w, const char *name, int64_t number)
{
    if (!number)
        return;
    ds_json_w_name(w, name);
    ds_json_w_int(w, number);
}

const char *ds_notion_stand_text(const ds_notion_stand *place, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    ds_json_w_begin_object(&w);
    put_text(&w, "from", place->from);
    if (place->after) {
        ds_json_w_name(&w, "after");
        ds_json_w_bool(&w, true);
    }
    put_text(&w, "made", place->made);
    put_text(&w, "at", place->at);
    put_int(&w, "served", place->served);
    put_text(&w, "edited", place->edited);
    put_text(&w, "created", place->created);
    put_int(&w, "refused", place->refused);
    ds_json_w_name(&w, "seen");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < place->seen_n; i++)
        ds_json_w_text(&w, place->seen[i]);
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    return ds_arena_strdup(a, out.data);
}

/* ---- as a query ------------------------------------------------------------------------------ */

/* {"timestamp": "created_time", "created_time": {"on_or_after": ...}} */
static void put_bound(ds_json_writer *w, const char *timestamp, const char *how, const char *time)
{
    ds_json_w_begin_object(w);
    put_text(w, "timestamp", timestamp);
    ds_json_w_name(w, timestamp);
    ds_json_w_begin_object(w);
    put_text(w, how, time);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
}

static void put_filter(const ds_notion_stand *place, ds_json_writer *w)
{
    if (!place->from)
        return;
    ds_json_w_name(w, "filter");
    if (!place->made) {
        put_bound(w, "last_edited_time", place->after ? "after" : "on_or_after", place->from);
        return;
    }
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "and");
    ds_json_w_begin_list(w);
    put_bound(w, "last_edited_time", "on_or_after", place->from);
    put_bound(w, "last_edited_time", "on_or_before", place->from);
    put_bound(w, "created_time", "on_or_after", place->made);
    ds_json_w_end_list(w);
    ds_json_w_end_object(w);
}

void ds_notion_stand_query(const ds_notion_stand *place, size_t rows, ds_buf *out)
{
    static const char *const order[] = {"last_edited_time", "created_time"};
    ds_json_writer w = ds_json_w(out, false);

    ds_json_w_begin_object(&w);
    put_filter(place, &w);
    ds_json_w_name(&w, "sorts");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < DS_COUNT(order); i++) {
        ds_json_w_begin_object(&w);
        put_text(&w, "timestamp", order[i]);
        put_text(&w, "direction", "ascending");
        ds_json_w_end_object(&w);
    }
    ds_json_w_end_list(&w);
    put_int(&w, "page_size", (int64_t)rows);
    put_text(&w, "start_cursor", place->at);
    ds_json_w_end_object(&w);
}

/* ---- moving ---------------------------------------------------------------------------------- */

static bool same(const char *one, const char *other)
{
    return one && other && strcmp(one, other) == 0;
}

static const char *without_dashes(const char *id, ds_arena *a)
{
    char *text = ds_arena_strdup(a, id), *to = text;

    for (const char *at = id; *at; at++)
        if (*at != '-')
            *to++ = *at;
    *to = '\0';
    return text;
}

bool ds_notion_stand_pass(ds_notion_stand *place, const char *id, const char *edited,
                          const char *created, ds_arena *a)
{
    const char *one = without_dashes(id, a);

    place->served++;
    if (!same(place->edited, edited) || !same(place->created, created)) {
        place->edited = edited;
        place->created = created;
        place->seen_n = 0;
        place->refused = 0;
    }
    for (size_t i = 0; i < place->seen_n; i++)
        if (strcmp(place->seen[i], one) == 0)
            return false;
    if (place->seen_n < DS_NOTION_SEEN_MAX)
        remember(place, one, a);
    return true;
}

/* The rest of the last row's minute. */
static void go_on_from_last(ds_notion_stand *place)
{
    place->from = place->edited;
    place->after = false;
    place->made = place->created;
    place->at = NULL;
    place->served = 0;
}

ds_notion_way ds_notion_stand_on(ds_notion_stand *place, const char *next, bool cut)
{
    if (next) {
        place->at = next;
        return DS_NOTION_ON;
    }
    if (cut) {
        if (!place->edited || !place->created || (place->made && same(place->made, place->created)))
            return DS_NOTION_STUCK;
        go_on_from_last(place);
        return DS_NOTION_ON;
    }
    if (!place->made)
        return DS_NOTION_END;
    place->made = NULL;
    place->after = true;
    place->at = NULL;
    place->served = 0;
    return DS_NOTION_ON;
}

ds_notion_way ds_notion_stand_again(ds_notion_stand *place)
{
    if (++place->refused > REFUSED_MOST)
        return DS_NOTION_STUCK;
    place->at = NULL;
    place->served = 0;
    if (place->edited && place->created)
        go_on_from_last(place);
    return DS_NOTION_ON;
}
