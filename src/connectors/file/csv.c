/* src/connectors/file/csv.c
 *
 * CSV: the header gives the names, all values are text.  A row may be shorter than the header (what
 * is missing is absent); a longer one is the caller's to refuse.
 */
#include "connectors/file/csv.h"
#include "connectors/file/names.h"
#include "connectors/file/reader.h"

#include <string.h>

/* Behind the closing quote of a field that began with one at `at`. */
static char *quoted_end(char *at, char *end)
{
    for (at++; at < end; at++) {
        if (*at != '"')
            continue;
        if (at + 1 == end || at[1] != '"')
            return at + 1;
        at++;
    }
    return end;
}

ds_csv_field ds_csv_next(char **at, char *end, char delimiter)
{
    ds_csv_field field = {.text = *at};
    char *stop = *at, *found;

    if (stop < end && *stop == '"') {
        field.quoted = true;
        stop = quoted_end(stop, end);
        field.bad = stop < end && *stop != delimiter;
    }
    found = memchr(stop, delimiter, (size_t)(end - stop));
    stop = found ? found : end;
    field.n = (size_t)(stop - field.text);
    *at = found ? found + 1 : NULL;
    return field;
}

char *ds_csv_value(ds_csv_field *field)
{
    char *text = field->text;
    size_t used = 0, i = 0;

    if (!field->quoted) {
        text[field->n] = '\0';
        return text;
    }
    while (++i < field->n) {
        if (text[i] == '"' && (i + 1 == field->n || text[++i] != '"'))
            break;
        text[used++] = text[i];
    }
    text[used] = '\0';
    field->n = used;
    return text;
}

size_t ds_csv_count(char *text, size_t n, char delimiter)
{
    size_t count = 0;

    for (char *at = text; at; count++)
        ds_csv_next(&at, text + n, delimiter);
    return count;
}

void ds_csv_add(ds_buf *out, const char *text, char delimiter)
{
    const char special[] = {delimiter, '"', '\r', '\n', '\0'};

    if (!text[strcspn(text, special)]) {
        ds_buf_text(out, text);
        return;
    }
    ds_buf_char(out, '"');
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        ds_buf_add(out, text, (size_t)(quote - text));
        ds_buf_add(out, "\"\"", 2);
    }
    ds_buf_text(out, text);
    ds_buf_char(out, '"');
}

/* ---- the header ------------------------------------------------------------------------------ */

static bool add_name(ds_file_reader *r, ds_names *names, ds_csv_field *field, ds_err *err)
{
    bool bare_cr = !field->quoted && memchr(field->text, '\r', field->n);
    const char *name = ds_csv_value(field);
    size_t column = names->n + 1, n = field->n;

    if (bare_cr)
        return ds_fail(err, DS_ERR_PERMANENT,
                       "%s: its lines end in CR alone; save it with LF or CRLF line ends", r->path);
    name = ds_utf8_repair(r->own, name, &n);
    if (field->bad || !n)
        return ds_fail(err, DS_ERR_PERMANENT, "%s, column %zu: its name in the header %s", r->path,
                       column, n ? "has text behind its closing quote" : "is empty");
    if (column > DS_PROPERTIES_MAX)
        return ds_fail(err, DS_ERR_PERMANENT, "%s has more than %zu columns", r->path,
                       DS_PROPERTIES_MAX);
    if (ds_names_find(names, name) != SIZE_MAX)
        return ds_fail(err, DS_ERR_PERMANENT,
                       "%s, column %zu: the header names \"%s\" twice; rename one", r->path, column,
                       name);
    ds_names_add(names, name);
    return true;
}

bool ds_file_csv_begin(ds_file_reader *r, ds_err *err)
{
    ds_names names;
    ds_file_row row;
    char *text, *at;
    ds_file_got got = ds_file_next_line(r, &row, err);

    if (got == DS_FILE_FAILED)
        return ds_wrap(err, "the header");
    if (got == DS_FILE_END)
        return ds_fail(err, DS_ERR_PERMANENT, "%s is empty: its first line must name the columns",
                       r->path);
    if (!row.text || row.n > DS_MIB)
        return ds_fail(err, DS_ERR_PERMANENT, "%s: the header is longer than 1 MiB", r->path);
    r->header_end = row.end;
    r->crlf = row.next - row.end == 2;
    text = ds_arena_strndup(r->own, row.text, row.n);
    names = ds_names_new(r->own);
    for (at = text; at;) {
        ds_csv_field field = ds_csv_next(&at, text + row.n, r->delimiter);

        if (!add_name(r, &names, &field, err))
            return false;
    }
    r->names = names.items;
    r->names_n = names.n;
    return true;
}
