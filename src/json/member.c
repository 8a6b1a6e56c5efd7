/* src/json/member.c */
#include "json/member.h"

void ds_w_text(ds_json_writer *w, const char *name, const char *text)
{
    ds_json_w_name(w, name);
    ds_json_w_text(w, text);
}

void ds_w_int(ds_json_writer *w, const char *name, int64_t number)
{
    ds_json_w_name(w, name);
    ds_json_w_int(w, number);
}

void ds_w_bool(ds_json_writer *w, const char *name, bool truth)
{
    ds_json_w_name(w, name);
    ds_json_w_bool(w, truth);
}

void ds_w_null(ds_json_writer *w, const char *name)
{
    ds_json_w_name(w, name);
    ds_json_w_null(w);
}

void ds_w_totals(ds_json_writer *w, const ds_totals *totals)
{
    ds_w_int(w, "total", totals->total);
    ds_w_int(w, "created", totals->created);
    ds_w_int(w, "updated", totals->updated);
    ds_w_int(w, "unchanged", totals->unchanged);
    ds_w_int(w, "skipped", totals->skipped);
    ds_w_int(w, "held", totals->held);
    ds_w_int(w, "missing", totals->missing);
}
