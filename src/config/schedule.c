/* src/config/schedule.c - when a route runs: `cron` in place of `every`, `zone`, `quiet`. */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

#define PERIODS_MAX ((size_t)100)

/* As patterns for the schema: which days there are and which steps make sense only the readers of
 * src/schedule know. */
#define MINUTE "0*[0-5]?[0-9]"
#define HOUR "0*(1?[0-9]|2[0-3])"
#define DAY "0*([1-9]|[12][0-9]|3[01])"
#define MONTH                                                                                      \
    "(0*[1-9]|0*1[0-2]|[jJ][aA][nN]|[fF][eE][bB]|[mM][aA][rR]|[aA][pP][rR]|[mM][aA][yY]|"          \
    "[jJ][uU][nN]|[jJ][uU][lL]|[aA][uU][gG]|[sS][eE][pP]|[oO][cC][tT]|[nN][oO][vV]|[dD][eE][cC])"
#define WEEKDAY                                                                                    \
    "(0*[0-7]|[sS][uU][nN]|[mM][oO][nN]|[tT][uU][eE]|[wW][eE][dD]|[tT][hH][uU]|[fF][rR][iI]|"      \
    "[sS][aA][tT])"
#define PART(value) "(\\*(/[0-9]+)?|" value "(-" value "(/[0-9]+)?)?)"
#define PARTS(value) PART(value) "(," PART(value) ")*"
#define TIME "([01]?[0-9]|2[0-3]):[0-5][0-9]"

const ds_shape ds_shape_cron = {
    .type = DS_SHAPE_TEXT,
    .takes = "five fields, or @hourly, @daily, @weekly, @monthly, @yearly",
    .pattern = "^@(hourly|daily|midnight|weekly|monthly|yearly|annually)$|"
               "^[ \\t]*(" PARTS(MINUTE) "[ \\t]+" PARTS(HOUR) "[ \\t]+" PARTS(DAY) "[ \\t]+" PARTS(
                   MONTH) "[ \\t]+" PARTS(WEEKDAY) ")[ \\t]*$",
};
static const ds_shape period_shape = {
    .type = DS_SHAPE_TEXT,
    .takes = "22:00-06:00",
    .pattern = "^" TIME "-(" TIME "|24:00)$",
};
static const ds_shape periods_shape = {
    .type = DS_SHAPE_LIST, .takes = "a list of periods", .of = &period_shape};
const ds_shape ds_shape_quiet = {
    .type = DS_SHAPE_EITHER,
    .takes = "a period such as 22:00-06:00, or a list of them",
    .either = (const ds_shape *const[]){&period_shape, &periods_shape, NULL},
};

typedef struct ds_read_zone { /* of each zone one, however many routes name it */
    struct ds_read_zone *next;
    const char *name; /* "": the machine's own */
    const ds_zone *zone;
} read_zone;

static const ds_zone *find_zone(ds_load *ld, const char *name, ds_err *err)
{
    const char *dir = getenv("TZDIR"); /* where libc would look as well */
    read_zone *known = ld->zones;

    while (known && strcmp(known->name, name) != 0)
        known = known->next;
    if (known)
        return known->zone;
    known = ds_new_in(ld->arena, read_zone);
    known->name = name;
    known->zone = *name ? ds_zone_named(dir && *dir ? dir : DS_ZONE_DIRECTORY, name, ld->arena, err)
                        : ds_zone_local(DS_ZONE_LOCAL, ld->arena, err);
    if (!known->zone)
        return NULL;
    known->next = ld->zones;
    ld->zones = known;
    return known->zone;
}

/* false after an issue; `for_key` is what needs the machine's own where none is named. */
static bool read_zone_of(ds_load *ld, const ds_member *m, const ds_member *for_key,
                         const ds_zone **out)
{
    const char *name = "";
    ds_err err = DS_ERR_INIT;

    if (m && !ds_read_text(ld, m, &name))
        return false;
    *out = find_zone(ld, name, &err);
    if (*out)
        return true;
    if (m)
        return ds_issue(ld->issues, m->value->at, "%s: %s", m->name, err.text);
    return ds_issue(ld->issues, for_key->at, "%s: the machine's own %s; name one by zone",
                    for_key->name, err.text);
}

static bool read_cron(ds_load *ld, const ds_node *table, const ds_member *m, ds_schedule *s)
{
    const ds_member *every = ds_node_member(table, "every");
    ds_err err = DS_ERR_INIT;

    if (every)
        return ds_issue_pair(ld->issues, m->at, every->at, "a route has cron or every, not both");
    if (!ds_read_text(ld, m, &s->cron))
        return false;
    return ds_cron_parse(s->cron, &s->times, &err) ||
           ds_issue(ld->issues, m->value->at, "%s: %s", m->name, err.text);
}

static bool read_period(ds_load *ld, const char *name, ds_node *value, ds_schedule *s)
{
    const ds_member m = {.name = name, .at = value->at, .value = value};
    const char *text;
    ds_err err = DS_ERR_INIT;

    if (!ds_read_text(ld, &m, &text))
        return false;
    return ds_quiet_add(&s->quiet, text, &err) ||
           ds_issue(ld->issues, value->at, "%s: %s", name, err.text);
}

/* One period, or a list of them. */
static bool read_quiet(ds_load *ld, const ds_member *m, ds_schedule *s)
{
    const ds_node *list = m->value;
    bool ok = true;

    s->has_quiet = true;
    if (list->kind == DS_NODE_LIST && (list->n == 0 || list->n > PERIODS_MAX))
        return ds_issue(ld->issues, list->at, "%s: expected 1 to %zu periods, found %zu", m->name,
                        PERIODS_MAX, list->n);
    if (list->kind != DS_NODE_LIST)
        ok = read_period(ld, m->name, m->value, s);
    for (size_t i = 0; list->kind == DS_NODE_LIST && i < list->n; i++)
        ok &= read_period(ld, m->name, list->items[i], s);
    if (ok && ds_quiet_is_all_day(&s->quiet))
        return ds_issue(ld->issues, list->at,
                        "%s: this is the whole day: no pass would ever begin; to stop a route, "
                        "pause it",
                        m->name);
    return ok;
}

void ds_schedule_read(ds_load *ld, const ds_node *table, ds_route *route)
{
    const ds_member *cron = ds_node_member(table, "cron"), *zone = ds_node_member(table, "zone"),
                    *quiet = ds_node_member(table, "quiet");
    ds_schedule *s = ds_new_in(ld->arena, ds_schedule);
    bool ok = !cron || read_cron(ld, table, cron, s);

    if (quiet)
        ok = read_quiet(ld, quiet, s) && ok;
    if ((zone || cron || quiet) && !read_zone_of(ld, zone, cron ? cron : quiet, &s->zone))
        return;
    if (zone && !cron && !quiet)
        ds_issue(ld->issues, zone->at,
                 "zone: this route has neither cron nor quiet, and every goes by no zone: give it "
                 "one of them, or leave zone out");
    else if (ok && (cron || quiet))
        route->schedule = s;
}
