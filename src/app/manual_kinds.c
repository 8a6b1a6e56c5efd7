/* src/app/manual_kinds.c - one connector for people, from its option tables. */
#include "app/kinds.h"
#include "app/manual.h"
#include "config/tables.h"

static const char *const heads[] = {"setting", "takes", "default", "meaning"};

static void put_options(ds_sheet *s, const ds_kind_side *side)
{
    ds_sheet_begin(s, heads, DS_COUNT(heads));
    for (const ds_key *key = ds_side_keys; key->name; key++)
        ds_sheet_row(s, (const char *const[]){key->name, ds_key_takes(key, s->a),
                                              key->required ? "required" : "none", key->help});
    for (const ds_option *o = side->options; o && o->name; o++)
        ds_sheet_row(s, (const char *const[]){o->name, ds_option_takes(o, s->a),
                                              ds_option_default(o, side->options, s->a), o->help});
    ds_sheet_end(s);
}

static void put_abilities(ds_sheet *s, const ds_kind_side *side)
{
    const char *const *all = ds_kind_abilities(side, s->a);
    const char *text = "It";

    for (size_t i = 0; all[i]; i++)
        text = ds_arena_printf(s->a, "%s%s %s", text, !i ? "" : all[i + 1] ? "," : " and", all[i]);
    if (all[0])
        ds_sheet_text(s, ds_arena_printf(s->a, "%s.", text));
}

void ds_manual_kind(ds_sheet *s, const ds_connectors *c, const char *kind)
{
    ds_kind_side *sides;
    size_t n = ds_kind_sides(c, kind, s->a, &sides);

    for (size_t i = 0; i < n; i++) {
        const char *head = ds_arena_printf(s->a, "%s as a %s", kind, sides[i].role);

        if (s->man)
            ds_sheet_subhead(s, head);
        else
            ds_sheet_head(s, head);
        ds_sheet_text(s, ds_sheet_sentence(s, sides[i].help));
        put_options(s, &sides[i]);
        put_abilities(s, &sides[i]);
        if (sides[i].destination)
            ds_sheet_text(s, ds_sheet_sentence(s, ds_promise_text(sides[i].destination->promise)));
    }
}
