/* src/config/issues.c - collects what is wrong and puts it into the order of the file. */
#include "config/issues.h"
#include "base/text.h"
#include "config/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MASK_LEAST                                                                                 \
    ((size_t)4) /* bytes: what is shorter is no secret, and may be part of any word */
#define MASK_PROBE ((size_t)16) /* of a text that a message may have cut */
#define ISSUES_KEPT                                                                                \
    ((size_t)2000) /* of a file that is wrong everywhere, the rest is only counted */

typedef struct issue {
    ds_at at, first; /* first.line 0: no pair */
    const char *text;
    size_t order;
} issue;

typedef struct mask {
    const char *text, *as;
} mask;

struct ds_issues {
    ds_arena *arena;
    mask *masks;
    size_t masks_n;
    ds_shown shown;
    issue *items;
    size_t n, cap, dropped;
};

ds_issues *ds_issues_new(ds_arena *a, const char *path, const char *text, size_t n)
{
    static const char *const none[] = {NULL};
    ds_issues *is = ds_new_in(a, ds_issues);

    is->arena = a;
    is->shown =
        (ds_shown){.path = path, .text = text ? text : "", .n = text ? n : 0, .secret_names = none};
    return is;
}

void ds_issues_secret_names(ds_issues *is, const char *const *names)
{
    is->shown.secret_names = names;
}

bool ds_issues_is_secret(const ds_issues *is, const char *name)
{
    return ds_shown_is_secret(&is->shown, name, strlen(name));
}

size_t ds_issues_count(const ds_issues *is)
{
    return is->n + is->dropped;
}

static void add(ds_issues *is, ds_at at, ds_at first, const char *text)
{
    if (is->n == ISSUES_KEPT) {
        is->dropped++;
        return;
    }
    if (is->n == is->cap) {
        size_t cap = is->cap ? is->cap * 2 : 8;

        is->items =
            ds_arena_grow(is->arena, is->items, is->cap * sizeof(issue), cap * sizeof(issue));
        is->cap = cap;
    }
    is->items[is->n] = (issue){at, first, text, is->n};
    is->n++;
}

DS_PRINTF(2, 0) static const char *formatted(ds_issues *is, const char *fmt, va_list args)
{
    char text[1024];
    size_t n;

    vsnprintf(text, sizeof(text), fmt, args);
    n = strlen(text);
    return ds_arena_strdup(is->arena, ds_utf8_repair(is->arena, text, &n));
}

bool ds_issue(ds_issues *is, ds_at at, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(is, at, (ds_at){0}, formatted(is, fmt, args));
    va_end(args);
    return false;
}

bool ds_issue_pair(ds_issues *is, ds_at at, ds_at first, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(is, at, first, formatted(is, fmt, args));
    va_end(args);
    return false;
}

void ds_issues_hide(ds_issues *is, ds_at from, ds_at to)
{
    ds_shown *shown = &is->shown;
    size_t n = shown->hidden_n;

    if (!from.line)
        return;
    if (!(n & (n - 1))) /* a power of two: full */
        shown->hidden = ds_arena_grow(is->arena, shown->hidden, n * sizeof(ds_span),
                                      DS_MAX(n * 2, 1) * sizeof(ds_span));
    shown->hidden[shown->hidden_n++] = (ds_span){from, to};
}

static void hide_line(ds_issues *is, int line)
{
    ds_span secret;

    if (ds_shown_guess(&is->shown, line, &secret))
        ds_issues_hide(is, secret.from, secret.to);
}

void ds_issues_hide_guessed(ds_issues *is)
{
    for (size_t i = 0; i < is->n; i++) {
        hide_line(is, is->items[i].at.line);
        hide_line(is, is->items[i].first.line);
    }
}

const char *ds_issues_line(const ds_issues *is, int line, size_t *n)
{
    return ds_shown_line(&is->shown, line, n);
}

ds_at ds_issues_at(const ds_issues *is, size_t offset)
{
    return ds_shown_at(&is->shown, offset);
}

bool ds_issues_line_has(const ds_issues *is, int line, const char *part)
{
    size_t n;
    const char *start = ds_shown_line(&is->shown, line, &n);

    return start && memmem(start, n, part, strlen(part));
}

static int by_place(const void *a, const void *b)
{
    const issue *left = a, *right = b;

    if (left->at.line != right->at.line)
        return left->at.line < right->at.line ? -1 : 1;
    if (left->at.col != right->at.col)
        return left->at.col < right->at.col ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

/* The settings of an account are read once for each route that uses it: what is wrong with them is
 * said once. */
static bool said_before(const ds_issues *is, size_t i)
{
    const issue *one = &is->items[i];

    for (size_t k = i; k > 0; k--) {
        const issue *before = &is->items[k - 1];

        if (before->at.line != one->at.line || before->at.col != one->at.col)
            return false;
        if (!strcmp(before->text, one->text))
            return true;
    }
    return false;
}

void ds_issues_mask(ds_issues *is, const char *text, const char *as)
{
    size_t n = is->masks_n;

    if (strlen(text) < MASK_LEAST)
        return;
    if (!(n & (n - 1))) /* a power of two: full */
        is->masks =
            ds_arena_grow(is->arena, is->masks, n * sizeof(mask), DS_MAX(n * 2, 1) * sizeof(mask));
    is->masks[is->masks_n++] = (mask){text, as};
}

static size_t same_bytes(const char *a, const char *b)
{
    size_t n = 0;

    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

static const char *with_mask(const ds_issues *is, const mask *m, const char *text)
{
    size_t probe = DS_MIN(strlen(m->text), MASK_PROBE);
    const char *found;
    DS_AUTO_BUF(out, DS_MIB);

    while ((found = memmem(text, strlen(text), m->text, probe)) != NULL) {
        ds_buf_add(&out, text, (size_t)(found - text));
        ds_buf_text(&out, m->as);
        text = found + same_bytes(found, m->text);
    }
    if (!out.n)
        return text;
    ds_buf_text(&out, text);
    return ds_arena_strndup(is->arena, out.data, out.n);
}

static void write_one(const ds_issues *is, const issue *one, ds_buf *out)
{
    const char *text = one->text;

    for (size_t i = 0; i < is->masks_n; i++)
        text = with_mask(is, &is->masks[i], text);
    ds_shown_head(&is->shown, one->at, text, out);
    if (one->first.line && one->first.line != one->at.line)
        ds_shown_put(&is->shown, one->first, out);
    if (one->at.line)
        ds_shown_put(&is->shown, one->at, out);
}

void ds_issues_write(ds_issues *is, ds_buf *out)
{
    size_t written = 0, more = is->dropped;

    qsort(is->items, is->n, sizeof(issue), by_place); /* there is one at least */
    for (size_t i = 0; i < is->n; i++) {
        if (said_before(is, i))
            continue;
        if (written == DS_ISSUES_SHOWN) {
            more++;
            continue;
        }
        if (written++)
            ds_buf_char(out, '\n');
        write_one(is, &is->items[i], out);
    }
    if (more)
        ds_buf_printf(out, "\nand %zu more\n", more);
}
