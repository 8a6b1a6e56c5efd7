/* src/config/literal.c
 *
 * Values as one writes them in `fields` and `where`.  Plain true, false, null and JSON numbers are
 * what they look like; all else, whatever is quoted, and what a reference stands for is text: no,
 * on and 012 are words.
 */
#include "base/text.h"
#include "config/load.h"

#include <string.h>

static ds_value plain_value(const char *text, size_t n)
{
    if (!strcmp(text, "true") || !strcmp(text, "false"))
        return ds_bool(*text == 't');
    if (ds_is_number(text, n))
        return ds_number(text, n);
    return ds_text_n(text, n);
}

static bool scalar_value(ds_load *ld, const ds_member *m, ds_value *out)
{
    const char *text;
    size_t n;

    if (ds_node_is_null(m->value)) {
        *out = DS_VALUE_NULL;
        return true;
    }
    if (!ds_read_any_text(ld, m, &text))
        return false;
    n = strlen(text);
    *out =
        m->value->plain && !strchr(m->value->raw, '$') ? plain_value(text, n) : ds_text_n(text, n);
    return true;
}

static bool list_value(ds_load *ld, const ds_member *m, ds_value *out)
{
    const ds_node *list = m->value;
    const char **texts = ds_arena_zalloc(ld->arena, (list->n + 1) * sizeof(char *));
    bool ok = true;

    for (size_t i = 0; i < list->n; i++) {
        ds_member item = {.name = m->name, .at = list->items[i]->at, .value = list->items[i]};

        ok &= ds_read_any_text(ld, &item, &texts[i]);
    }
    *out = ds_list(texts, list->n);
    return ok;
}

bool ds_read_literal(ds_load *ld, const ds_member *m, bool list, ds_value *out)
{
    if (m->value->kind == DS_NODE_SCALAR)
        return scalar_value(ld, m, out);
    if (m->value->kind == DS_NODE_LIST && list)
        return list_value(ld, m, out);
    return ds_expected(ld, m, list ? "a value or a list of texts" : "a value");
}
