/* src/base/buf.c - the growable buffer; it cannot be made without a cap. */
#include <durable_sync/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ds_buf_init(ds_buf *b, size_t max)
{
    *b = (ds_buf){.max = max};
}

void ds_buf_fini(ds_buf *b)
{
    free(b->data);
    *b = (ds_buf){.max = b->max};
}

void ds_buf_clear(ds_buf *b)
{
    b->n = 0;
    b->overflow = false;
    if (b->data)
        b->data[0] = '\0';
}

/* Room for n more bytes and the NUL; false: the cap forbids it. */
static bool make_room(ds_buf *b, size_t n)
{
    size_t need;

    if (b->overflow || n > b->max || b->n > b->max - n) {
        b->overflow = true;
        return false;
    }
    need = b->n + n + 1;
    if (need > b->cap) {
        size_t cap = DS_MAX(need, DS_MIN(b->cap * 2, b->max + 1));

        cap = DS_MAX(cap, (size_t)64);
        b->data = ds_realloc(b->data, cap, 1);
        b->cap = cap;
    }
    return true;
}

void ds_buf_add(ds_buf *b, const void *data, size_t n)
{
    if (!make_room(b, n))
        return;
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
    b->data[b->n] = '\0';
}

void ds_buf_text(ds_buf *b, const char *text)
{
    ds_buf_add(b, text, strlen(text));
}

void ds_buf_char(ds_buf *b, char c)
{
    ds_buf_add(b, &c, 1);
}

/* Printed where it belongs, and once more only where that was too short. */
void ds_buf_printf(ds_buf *b, const char *fmt, ...)
{
    size_t room = b->cap - b->n; /* with the NUL */
    va_list args, again;
    int n;

    va_start(args, fmt);
    va_copy(again, args);
    n = vsnprintf(room ? b->data + b->n : NULL, room, fmt, args);
    va_end(args);
    if (n >= 0 && make_room(b, (size_t)n)) {
        if ((size_t)n >= room)
            vsnprintf(b->data + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    } else if (room) {
        b->data[b->n] = '\0'; /* nothing of it */
    }
    va_end(again);
}

bool ds_buf_ok(const ds_buf *b, const char *what, ds_err *err)
{
    return !b->overflow ||
           ds_fail(err, DS_ERR_PERMANENT, "%s is larger than %zu bytes", what, b->max);
}
