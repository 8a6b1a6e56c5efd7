/* src/config/limits.c - what a route may do to a destination: `missing`, `limits`, `pace`. */
#include "base/text.h"
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    ds_missing what;
} missing_words[] = {
    {"ignore", DS_MISSING_IGNORE},
    {"archive", DS_MISSING_ARCHIVE},
    {"delete", DS_MISSING_DELETE},
};

static const ds_key mark_keys[] = {
    {.name = "mark",
     .type = DS_KEY_TEXT,
     .required = true,
     .help = "the property that is set to true, and to false when the record comes back"},
    {.name = NULL},
};
static const ds_shape word_shape = {.type = DS_SHAPE_CHOICE, .choices = "ignore|archive|delete"};
static const ds_shape mark_shape = {.type = DS_SHAPE_TABLE, .keys = mark_keys};
const ds_shape ds_shape_missing = {
    .type = DS_SHAPE_EITHER,
    .takes = "ignore, archive, delete or {mark: PROPERTY}",
    .either = (const ds_shape *const[]){&word_shape, &mark_shape, NULL},
};

static void read_mark(ds_load *ld, const ds_member *m, ds_route *route)
{
    const char *mark = NULL;

    if (ds_schema_read(ld, m, mark_keys, &mark)) {
        route->missing = DS_MISSING_MARK;
        route->missing_mark = mark;
    }
}

static void check_able(ds_load *ld, const ds_member *m, const ds_route *route)
{
    const ds_destination_ops *ops = route->destination;

    if (!ops)
        return;
    if (route->missing == DS_MISSING_ARCHIVE && !ops->archive)
        ds_issue(ld->issues, m->value->at, "missing: %s cannot archive", ops->kind);
    if (route->missing == DS_MISSING_DELETE && !ops->remove)
        ds_issue(ld->issues, m->value->at, "missing: %s cannot delete", ops->kind);
}

void ds_missing_read(ds_load *ld, const ds_member *m, ds_route *route)
{
    const char *word;

    if (!m)
        return;
    if (m->value->kind == DS_NODE_MAP) {
        read_mark(ld, m, route);
        return;
    }
    if (m->value->kind == DS_NODE_SCALAR && !strcmp(m->value->raw, "mark")) {
        ds_issue(ld->issues, m->value->at, "missing: mark needs the property to set: {mark: NAME}");
        return;
    }
    if (!ds_read_choice(ld, m, "ignore|archive|delete|{mark: NAME}", &word))
        return;
    for (size_t i = 0; i < DS_COUNT(missing_words); i++) {
        if (strcmp(missing_words[i].name, word) != 0)
            continue;
        route->missing = missing_words[i].what;
        check_able(ld, m, route);
        return;
    }
    ds_issue(ld->issues, m->value->at, "missing: {mark: NAME} is a table: take the quotes off");
}

/* "25%" or "0.25" as a share of one. */
static bool parse_share(const char *text, double *share)
{
    size_t n = strlen(text);
    bool percent = text[n - 1] == '%'; /* it is not empty */

    n -= percent;
    if (!ds_is_number(text, n))
        return false;
    *share = strtod(text, NULL) / (percent ? 100 : 1);
    return *share >= 0 && *share <= 1;
}

static const ds_shape share_shape = {
    .type = DS_SHAPE_TEXT,
    .takes = "a share such as 25% or 0.25",
    .pattern = "^(100(\\.0+)?|[1-9]?[0-9](\\.[0-9]+)?)%$|^(1(\\.0+)?|0(\\.[0-9]+)?)$",
    .rules = "\"type\":\"number\",\"minimum\":0,\"maximum\":1",
};
static const ds_key limit_keys[] = {
    {.name = "changes",
     .type = DS_KEY_MEMBER,
     .required = true,
     .shape = &share_shape,
     .help = "the share of a unit's known rows that one pass may create, update or find missing; "
             "its first pass is exempt"},
    {.name = NULL},
};
const ds_shape ds_shape_limits = {
    .type = DS_SHAPE_TABLE, .takes = "a table: {changes: SHARE}", .keys = limit_keys};

void ds_limits_read(ds_load *ld, const ds_member *m, ds_route *route)
{
    const ds_member *changes = NULL;
    const char *text;

    if (!m || !ds_schema_read(ld, m, limit_keys, &changes))
        return;
    if (ds_read_text(ld, changes, &text) && !parse_share(text, &route->limit_changes))
        ds_expected(ld, changes, "a share such as 25% or 0.25");
}

const ds_shape ds_shape_pace = {
    .type = DS_SHAPE_TEXT,
    .takes = "writes in a time: 500/s, 90/m, 100/h",
    .pattern = "^(?=[0-9.]*[1-9])(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?/[smh]$",
};

/* "500/s" as writes a second; a minute and an hour as well. */
static bool parse_pace(ds_arena *a, const char *text, double *pace)
{
    static const struct {
        const char *suffix;
        double seconds;
    } per[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}};
    size_t n = strcspn(text, "/");

    for (size_t i = 0; i < DS_COUNT(per); i++) {
        if (strcmp(text + n, per[i].suffix) != 0 || !ds_is_number(text, n))
            continue;
        *pace = strtod(ds_arena_strndup(a, text, n), NULL) / per[i].seconds;
        return *pace >= 1e-6 && *pace <= 1e9;
    }
    return false;
}

void ds_pace_read(ds_load *ld, const ds_member *m, ds_route *route)
{
    const char *text;
    double pace = 0;

    if (!m || !ds_read_text(ld, m, &text))
        return;
    if (!parse_pace(ld->arena, text, &pace)) {
        ds_expected(ld, m, "writes in a time, such as 500/s, 90/m or 100/h");
        return;
    }
    route->pace = pace;
    route->pace_next_us = ds_arena_zalloc(ld->arena, sizeof(*route->pace_next_us));
}
