/* src/config/read.c - one setting to one C value, or an issue that says what was expected. */
#include "config/load.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX ((size_t)10000)

/* What stands there, for a message. What a reference stands for is not shown. */
static const char *found(ds_load *ld, const ds_node *node)
{
    const size_t most = 60;
    int n = (int)DS_MIN(node->n, most);

    if (node->kind == DS_NODE_LIST)
        return "a list";
    if (node->kind == DS_NODE_MAP)
        return "a table";
    if (ds_node_is_null(node))
        return "nothing";
    while (n > 0 && (node->raw[n] & 0xc0) == 0x80) /* not in the middle of a character */
        n--;
    if (strstr(node->raw, "${"))
        return ds_arena_printf(ld->arena, "what %.*s stands for", n, node->raw);
    return ds_arena_printf(ld->arena, "\"%.*s%s\"", n, node->raw, (size_t)n < node->n ? "..." : "");
}

bool ds_expected(ds_load *ld, const ds_member *m, const char *what)
{
    return ds_issue(ld->issues, m->value->at, "%s: expected %s, found %s", m->name, what,
                    found(ld, m->value));
}

/* The text of a scalar that is there; `what` says what was wanted. */
static const char *scalar(ds_load *ld, const ds_member *m, const char *what)
{
    if (m->value->kind == DS_NODE_SCALAR && !ds_node_is_null(m->value))
        return ds_node_text(ld, m->value);
    ds_expected(ld, m, what);
    return NULL;
}

bool ds_read_any_text(ds_load *ld, const ds_member *m, const char **out)
{
    const char *text = scalar(ld, m, "text");

    if (!text)
        return false;
    *out = ds_arena_strdup(ld->arena, text); /* the node's own may be wiped as a secret's */
    return true;
}

bool ds_read_text(ds_load *ld, const ds_member *m, const char **out)
{
    const char *text;

    if (!ds_read_any_text(ld, m, &text))
        return false;
    if (!*text)
        return ds_issue(ld->issues, m->value->at, "%s: expected text, found an empty one", m->name);
    *out = text;
    return true;
}

bool ds_read_path(ds_load *ld, const ds_member *m, const char **out)
{
    const char *text = NULL;

    if (!ds_read_text(ld, m, &text))
        return false;
    *out = ds_path_absolute(ld->arena, ld->dir, text);
    return true;
}

/* Quotes make text of what would be a number or a boolean, unless a reference needed them. */
static const char *unquoted(ds_load *ld, const ds_member *m, const char *what)
{
    const char *text = scalar(ld, m, what);

    if (!text || m->value->plain || m->value->from_away)
        return text;
    ds_issue(ld->issues, m->value->at, "%s: expected %s, found text in quotes", m->name, what);
    return NULL;
}

bool ds_read_bool(ds_load *ld, const ds_member *m, bool *out)
{
    const char *text = unquoted(ld, m, "true or false");

    if (!text)
        return false;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return ds_expected(ld, m, "true or false");
    *out = *text == 't';
    return true;
}

static bool within(int64_t number, int64_t min, int64_t max)
{
    return (!min && !max) || (number >= min && number <= max);
}

bool ds_read_int(ds_load *ld, const ds_member *m, int64_t min, int64_t max, int64_t *out)
{
    const char *text = unquoted(ld, m, "a whole number");
    int64_t number;

    if (!text)
        return false;
    if (!ds_parse_int(text, &number))
        return ds_expected(ld, m, "a whole number");
    if (!within(number, min, max))
        return ds_expected(ld, m,
                           ds_arena_printf(ld->arena, "a whole number from %lld to %lld",
                                           (long long)min, (long long)max));
    *out = number;
    return true;
}

bool ds_read_duration(ds_load *ld, const ds_member *m, int64_t min, int64_t max, int64_t *out)
{
    static const char what[] = "a duration such as 90s, 15m, 12h or 1d";
    const char *text = scalar(ld, m, what);
    int64_t ms;

    if (!text)
        return false;
    if (!ds_parse_duration(text, &ms))
        return ds_expected(ld, m, what);
    if (!within(ms, min, max))
        return ds_expected(ld, m,
                           ds_arena_printf(ld->arena, "a duration from %s to %s",
                                           ds_duration_text(ld->arena, min),
                                           ds_duration_text(ld->arena, max)));
    *out = ms;
    return true;
}

/* "a|b|c" to names. */
static const char **split_choices(ds_arena *a, const char *choices, size_t *n)
{
    const char **names = ds_arena_alloc(a, (strlen(choices) + 1) * sizeof(*names));

    *n = 0;
    for (const char *at = choices; *at;) {
        size_t len = strcspn(at, "|");

        names[(*n)++] = ds_arena_strndup(a, at, len);
        at += len + (at[len] == '|');
    }
    return names;
}

bool ds_read_choice(ds_load *ld, const ds_member *m, const char *choices, const char **out)
{
    const char *list = ds_choices_text(choices, ld->arena), *text = scalar(ld, m, list);
    size_t n;
    const char **names = split_choices(ld->arena, choices, &n);

    if (!text)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], text)) {
            *out = names[i];
            return true;
        }
    return ds_issue(ld->issues, m->value->at, "%s: expected %s, found %s%s", m->name, list,
                    found(ld, m->value), ds_guess(ld, text, names, n));
}

static int by_text(const void *a, const void *b)
{
    const char *const *left = *(const char *const *const *)a;
    const char *const *right = *(const char *const *const *)b;
    int order = strcmp(*left, *right);

    return order ? order : (left > right) - (left < right);
}

/* A name that comes twice: the issue is at the later one. */
static bool all_different(ds_load *ld, const ds_member *m, const char *const *items)
{
    size_t n = m->value->n;
    const char *const **sorted = ds_arena_alloc(ld->arena, (n + 1) * sizeof(*sorted));
    bool ok = true;

    for (size_t i = 0; i < n; i++)
        sorted[i] = &items[i];
    qsort(sorted, n, sizeof(*sorted), by_text);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(*sorted[i - 1], *sorted[i]))
            ok = ds_issue(ld->issues, m->value->items[sorted[i] - items]->at,
                          "%s: \"%s\" is here twice", m->name, *sorted[i]);
    return ok;
}

bool ds_read_texts(ds_load *ld, const ds_member *m, ds_texts *out)
{
    const ds_node *list = m->value;
    const char **items;
    bool ok = true;

    if (list->kind != DS_NODE_LIST)
        return ds_expected(ld, m, "a list such as [one, two]");
    if (list->n > ITEMS_MAX)
        return ds_issue(ld->issues, list->at, "%s: more than %zu entries", m->name, ITEMS_MAX);
    items = ds_arena_zalloc(ld->arena, (list->n + 1) * sizeof(char *));
    for (size_t i = 0; i < list->n; i++) {
        ds_member item = {.name = m->name, .at = list->items[i]->at, .value = list->items[i]};

        ok &= ds_read_text(ld, &item, &items[i]);
    }
    if (!ok || !all_different(ld, m, items))
        return false;
    *out = (ds_texts){items, list->n};
    return true;
}

bool ds_read_map(ds_load *ld, const ds_member *m, const char *what)
{
    return m->value->kind == DS_NODE_MAP || ds_expected(ld, m, what);
}
