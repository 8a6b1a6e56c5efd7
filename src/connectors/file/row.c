/* src/connectors/file/row.c
 *
 * An old row is not written anew but edited: only the bytes of the values that differ are
 * replaced, so that what people and other programs put there stays as they wrote it.
 */
#include "connectors/file/row.h"
#include "connectors/file/cell.h"
#include "connectors/file/csv.h"
#include "connectors/file/scan.h"

#include <string.h>

static bool is_only_new(const ds_file_entry *entry, const char *name)
{
    DS_JSON_EACH (entry->only_new, item) {
        const char *text = ds_json_str(item, NULL);

        if (text && !strcmp(text, name))
            return true;
    }
    return false;
}

const ds_json *ds_file_entry_get(const ds_file_entry *entry, const char *name)
{
    const ds_json *value = ds_json_get(entry->set, name);

    return value && is_only_new(entry, name) ? NULL : value;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

bool ds_file_new_json(const char *key_name, ds_file_entry *entry, ds_buf *out)
{
    ds_json_writer w = ds_json_w(out, false);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, key_name);
    if (entry->key_value)
        ds_json_w_raw(&w, entry->key_value, strlen(entry->key_value));
    else
        ds_json_w_text(&w, entry->key);
    if (entry->set_n > 2) /* more than {} */
        ds_buf_char(out, ',');
    ds_buf_add(out, entry->set_text + 1, entry->set_n - 1);
    return !out->overflow;
}

static size_t skip_space(const char *text, size_t at)
{
    while (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')
        at++;
    return at;
}

/* Behind the value that begins at `at`; the text was parsed before, so there is one. */
static size_t value_end(const ds_file_old *old, size_t at)
{
    ds_file_scan s = ds_file_scan_value();

    return at + s.step(&s, old->text + at, old->n - at);
}

static bool replace(ds_arena *a, const ds_file_old *old, size_t from, size_t to,
                    const ds_json *value, size_t *copied, ds_buf *out, ds_err *err)
{
    const char *text = ds_file_json_text(a, value);
    const ds_json *present = ds_json_read(a, old->text + from, to - from, err);

    if (!present)
        return ds_wrap(err, "a value of a row");
    if (!strcmp(ds_file_json_text(a, present), text))
        return true;
    ds_buf_add(out, old->text + *copied, from - *copied);
    ds_buf_text(out, text);
    *copied = to;
    return true;
}

/* Members that the old row does not have, behind its last one. Null says as much as nothing. */
static void add_members(const ds_file_old *old, const ds_file_entry *entry, bool first, ds_buf *out)
{
    ds_json_iter it = ds_json_iterate(entry->set);
    const ds_json *value;

    while ((value = ds_json_next(&it)) != NULL) {
        ds_json_writer w = ds_json_w(out, false);

        if (ds_json_get(old->doc, it.name) || is_only_new(entry, it.name) ||
            ds_json_kind_of(value) == DS_JSON_NULL)
            continue;
        if (!first)
            ds_buf_char(out, ',');
        first = false;
        ds_json_w_text_n(&w, it.name, it.name_n);
        ds_buf_char(out, ':');
        w = ds_json_w(out, false);
        w.exact = true;
        ds_json_w_json(&w, value);
    }
}

bool ds_file_changed_json(ds_arena *a, const ds_file_old *old, ds_file_entry *entry, ds_buf *out,
                          ds_err *err)
{
    size_t at = skip_space(old->text, 0) + 1, copied = 0, last = at; /* behind the brace */

    if (!ds_file_entry_set(entry, a, err))
        return false;
    for (at = skip_space(old->text, at); old->text[at] != '}'; at = skip_space(old->text, at)) {
        size_t name_end = value_end(old, at), from;
        const ds_json *name = ds_json_read(a, old->text + at, name_end - at, err), *value;

        if (!name)
            return ds_wrap(err, "a name in a row");
        from = skip_space(old->text, skip_space(old->text, name_end) + 1);
        last = value_end(old, from);
        value = ds_file_entry_get(entry, ds_json_str(name, NULL));
        if (value && !replace(a, old, from, last, value, &copied, out, err))
            return false;
        at = skip_space(old->text, last);
        if (old->text[at] == ',')
            at++;
    }
    ds_buf_add(out, old->text + copied, last - copied);
    add_members(old, entry, !ds_json_size(old->doc), out);
    ds_buf_add(out, old->text + last, old->n - last);
    return true;
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static const char *cell_of(ds_arena *a, const ds_json *value)
{
    return ds_file_cell_text(a, ds_from_json(a, value));
}

bool ds_file_new_csv(const ds_file_table *t, const ds_names *columns, ds_arena *a,
                     ds_file_entry *entry, ds_buf *out, ds_err *err)
{
    if (!ds_file_entry_set(entry, a, err))
        return false;
    for (size_t i = 0; i < columns->n; i++) {
        bool is_key = !strcmp(columns->items[i], t->key);

        if (i)
            ds_buf_char(out, t->delimiter);
        ds_csv_add(out,
                   is_key ? entry->key : cell_of(a, ds_json_get(entry->set, columns->items[i])),
                   t->delimiter);
    }
    return true;
}

bool ds_file_changed_csv(const ds_file_table *t, const ds_names *columns, ds_arena *a,
                         const ds_file_old *old, ds_file_entry *entry, ds_buf *out, ds_err *err)
{
    char *text = ds_arena_strndup(a, old->text, old->n), *at = text;

    if (!ds_file_entry_set(entry, a, err))
        return false;
    for (size_t i = 0; at || i < columns->n; i++) {
        ds_csv_field field = {.text = text};
        const ds_json *value = NULL;
        const char *cell = NULL;

        if (at)
            field = ds_csv_next(&at, text + old->n, t->delimiter);
        if (i < columns->n && strcmp(columns->items[i], t->key) != 0)
            value = ds_file_entry_get(entry, columns->items[i]);
        if (value)
            cell = cell_of(a, value);
        if (i)
            ds_buf_char(out, t->delimiter);
        if (cell && (i >= old->cells_n || strcmp(cell, old->cells[i]) != 0))
            ds_csv_add(out, cell, t->delimiter);
        else
            ds_buf_add(out, field.text, field.n);
    }
    return true;
}
