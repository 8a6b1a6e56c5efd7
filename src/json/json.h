/* src/json/json.h - the inside of ds_json: yyjson's value, shared by the files of this folder. */
#ifndef DS_JSON_JSON_H
#define DS_JSON_JSON_H

#include <durable_sync/json.h>
#include <yyjson.h>

/* yyjson's own functions take non-const values; nothing here changes one. */
static inline yyjson_val *ds_json_val(const ds_json *json)
{
    return (yyjson_val *)(uintptr_t)json;
}

/* What the edge does before the parser sees a text: the text itself when it is clean, else a
 * repaired copy in `a` with four spare bytes (invalid UTF-8, lone surrogates and \u0000 become
 * U+FFFD). NULL with *err: nested too deep. */
char *ds_json_edge(ds_arena *a, char *text, size_t *n, ds_err *err);

#endif
