/* src/config/seal.c
 *
 * What a stored checkpoint is compared with.  A pass that was interrupted goes on only where
 * nothing that decides about its records has changed: the fingerprint is a hash over all of it.
 * Secrets stay out: a new token does not start a pass over.
 */
#include "base/hash.h"
#include "config/load.h"

#include <string.h>

#define DUMP_MAX (64 * DS_MIB)

const char *ds_settings_key(const ds_option *options, const void *settings)
{
    const ds_option *key = ds_option_find(options, "key");
    const char *value = NULL;

    if (key && key->type == DS_OPTION_TEXT)
        memcpy(&value, (const char *)settings + key->offset, sizeof(value));
    return value ? value : "";
}

static void dump_texts(ds_json_writer *w, const ds_texts *texts)
{
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < texts->n; i++)
        ds_json_w_text(w, texts->items[i]);
    ds_json_w_end_list(w);
}

static void dump_option(ds_json_writer *w, const ds_option *option, const void *settings)
{
    const char *field = (const char *)settings + option->offset;
    const char *text;
    ds_texts texts;
    int64_t number;

    switch (option->type) {
    case DS_OPTION_SECRET:
        return;
    case DS_OPTION_TEXT:
    case DS_OPTION_PATH:
    case DS_OPTION_CHOICE:
        memcpy(&text, field, sizeof(text));
        ds_json_w_text(w, text);
        return;
    case DS_OPTION_INT:
    case DS_OPTION_DURATION:
        memcpy(&number, field, sizeof(number));
        ds_json_w_int(w, number);
        return;
    case DS_OPTION_BOOL:
        ds_json_w_bool(w, *(const bool *)field);
        return;
    case DS_OPTION_LIST:
        memcpy(&texts, field, sizeof(texts));
        dump_texts(w, &texts);
        return;
    }
}

static void dump_source(ds_json_writer *w, const ds_route *route)
{
    ds_json_w_text(w, route->source->kind);
    for (const ds_option *o = route->source->options; o && o->name; o++) {
        ds_json_w_text(w, o->name);
        dump_option(w, o, route->source_settings);
    }
}

static void dump_value(ds_json_writer *w, ds_value v)
{
    ds_json_w_int(w, v.type); /* the text "5" and the number 5 differ */
    ds_json_w_value(w, v);
}

static void dump_field(ds_json_writer *w, const ds_field *f)
{
    const char *texts[] = {f->to, f->from, f->template, f->split, f->join};

    ds_json_w_begin_list(w);
    ds_json_w_int(w, f->kind);
    ds_json_w_int(w, f->as);
    for (size_t i = 0; i < DS_COUNT(texts); i++)
        ds_json_w_text(w, texts[i]);
    dump_value(w, f->value);
    dump_value(w, f->fallback);
    for (size_t i = 0; i < f->map_n; i++) {
        ds_json_w_text(w, f->map[i].from);
        dump_value(w, f->map[i].to);
    }
    ds_json_w_end_list(w);
}

static void dump_where(ds_json_writer *w, const ds_where *where)
{
    ds_json_w_begin_list(w);
    ds_json_w_text(w, where->name);
    for (size_t i = 0; i < where->any_n; i++)
        dump_value(w, where->any[i]);
    ds_json_w_end_list(w);
}

static void dump_route(ds_json_writer *w, const ds_route *route)
{
    ds_json_w_begin_list(w);
    dump_source(w, route);
    ds_json_w_text(w, route->identity);
    ds_json_w_text(w, route->key_signature);
    ds_json_w_bool(w, route->has_fields);
    for (size_t i = 0; i < route->fields_n; i++)
        dump_field(w, &route->fields[i]);
    if (route->body)
        dump_field(w, route->body);
    if (route->body_once)
        ds_json_w_text(w, "once");
    ds_json_w_text(w, "where");
    for (size_t i = 0; i < route->where_n; i++)
        dump_where(w, &route->where[i]);
    if (route->transform)
        ds_json_w_text(w, route->transform);
    ds_json_w_bool(w, route->has_owns);
    dump_texts(w, &route->owns);
    dump_texts(w, &route->create_only);
    ds_json_w_text(w, route->stamp);
    ds_json_w_int(w, route->missing); /* which keys were seen is counted only where it is needed */
    ds_json_w_text(w, route->missing_mark);
    ds_json_w_end_list(w);
}

const char *ds_route_identity(ds_load *ld, const ds_destination_ops *ops, const void *settings)
{
    const char *said = ops->identity(settings, ld->arena);
    size_t n = strlen(said), text_n = n;
    const char *text = ds_utf8_repair(ld->arena, said, &text_n);

    if (text == said)
        return said;
    return ds_arena_printf(ld->arena, "%s#%016llx", text, (unsigned long long)ds_hash64(said, n));
}

void ds_route_seal(ds_load *ld, ds_route *route)
{
    DS_AUTO_BUF(dump, DUMP_MAX);
    ds_json_writer w = ds_json_w(&dump, false);
    const char *key = ds_settings_key(route->destination->options, route->destination_settings);
    ds_hash hash;

    route->destination_key = *key ? key : NULL;
    route->key_signature = ds_arena_printf(
        ld->arena, "%s|%s", ds_settings_key(route->source->options, route->source_settings), key);
    dump_route(&w, route);
    hash = ds_hash128(dump.data, dump.n);
    route->fingerprint = ds_arena_printf(ld->arena, "%016llx%016llx", (unsigned long long)hash.high,
                                         (unsigned long long)hash.low);
}
