/* src/sync/template.c - `template: "{owner.login}/{name}"`. The configuration checked the braces.
 */
#include "sync/map.h"

#include <string.h>

typedef struct filled { /* of the braces */
    bool any;           /* something stands there */
    bool named;         /* there are some */
    bool nulls;         /* something that would is null */
} filled;

static void add_path(ds_buf *out, const char *path, const ds_record *rec, ds_arena *a, filled *f)
{
    ds_value value = ds_record_path(rec, path, a);
    const char *text = ds_value_text(a, value);

    f->named = true;
    f->any |= text != NULL;
    f->nulls |= value.type == DS_NULL;
    if (text)
        ds_buf_text(out, text);
}

bool ds_template_fill(const char *text, const ds_record *rec, ds_arena *a, ds_value *value,
                      ds_err *err)
{
    DS_AUTO_BUF(out, DS_RECORD_MAX);
    filled f = {.any = false};

    while (*text) {
        const char *close = *text == '{' ? strchr(text, '}') : NULL;

        if ((text[0] == '{' || text[0] == '}') && text[1] == text[0]) {
            ds_buf_char(&out, *text);
            text += 2;
        } else if (close) {
            add_path(&out, ds_arena_strndup(a, text + 1, (size_t)(close - text - 1)), rec, a, &f);
            text = close + 1;
        } else {
            ds_buf_char(&out, *text++);
        }
    }
    *value = f.nulls ? DS_VALUE_NULL : DS_VALUE_ABSENT;
    if (f.named && !f.any)
        return true;
    if (!ds_buf_ok(&out, "the text of its template", err))
        return false;
    *value = ds_text_n(ds_arena_strndup(a, out.n ? out.data : "", out.n), out.n);
    return true;
}
