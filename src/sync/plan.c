/* src/sync/plan.c - the same way as a pass, up to the first write: what `plan` and `explain` show.
 */
#include "sync/internal.h"

typedef struct planner {
    pass *p;
    bool everything;
    bool (*each)(void *to, const ds_planned *planned);
    void *to;
    ds_plan_result *out;
    int64_t finds;  /* look-ups before writes */
    int64_t bodies; /* updates that bring one */
    bool enough;    /* has been seen: `each` wants no more */
} planner;

/* The properties an update would change. */
static void list_changes(pass *p, const item *it, ds_planned *planned)
{
    ds_change *changes = ds_arena_alloc(p->batch, (it->mapped.n + 1) * sizeof(*changes));
    size_t n = 0;

    for (size_t i = 0; i < it->mapped.n; i++) {
        const ds_prop *prop = &it->mapped.props[i];
        ds_value from;

        if (it->mapped.how && it->mapped.how[i] != DS_HOW_ALWAYS)
            continue;
        if (row_value(p, it->row, prop->name, &from) &&
            !is_same_there(p, prop->name, prop->value, from))
            changes[n++] = (ds_change){prop->name, from, prop->value};
    }
    if (loses_mark(p, it)) {
        ds_change *mark = &changes[n++];

        *mark = (ds_change){.name = p->route->missing_mark, .to = ds_bool(false)};
        (void)row_value(p, it->row, mark->name, &mark->from);
    }
    planned->changes = changes;
    planned->changes_n = n;
}

/* The length of the line that `text` begins with. */
static size_t line_length(const char *text)
{
    return strcspn(text, "\n");
}

/* The new body against that of the row, up to the first line that is not the same. */
static const ds_body_change *compare_body(ds_arena *a, const char *to, const char *from)
{
    ds_body_change *change = ds_new_in(a, ds_body_change);

    *change = (ds_body_change){.bytes = strlen(to), .line = 1};
    while (to && from) {
        size_t n = line_length(to);

        if (line_length(from) != n || memcmp(from, to, n) != 0)
            break;
        from = from[n] ? from + n + 1 : NULL;
        to = to[n] ? to + n + 1 : NULL;
        change->line++;
    }
    change->from = from ? ds_arena_strndup(a, from, line_length(from)) : NULL;
    change->to = to ? ds_arena_strndup(a, to, line_length(to)) : NULL;
    return change;
}

static void show_body(pass *p, const item *it, ds_planned *planned)
{
    const char *to = it->mapped.body, *from = it->row ? it->row->body : NULL;

    if (it->mapped.body_once && planned->outcome != DS_OUT_CREATED)
        return; /* the row has the one that it was made with */
    if (to && strcmp(from ? from : "", to) != 0)
        planned->body = compare_body(p->batch, to, from);
}

static void classify_write(planner *pl, const item *it, const ds_found *found, ds_planned *planned)
{
    pass *p = pl->p;

    if (found->n > 1) {
        planned->outcome = DS_OUT_HELD;
        planned->reason =
            ds_arena_printf(p->batch, "%zu rows at the destination have this key", found->n);
        return;
    }
    planned->outcome = found->n || (it->link && !p->to->find) ? DS_OUT_UPDATED : DS_OUT_CREATED;
    show_body(p, it, planned);
    if (planned->outcome == DS_OUT_CREATED || !it->row)
        return;
    planned->id = found->id;
    list_changes(p, it, planned);
    if (p->route->write_always)
        return;
    if (is_looked_at_only(p, it)) {
        planned->changes_n = 0;
        planned->body = NULL;
        planned->outcome = DS_OUT_UNCHANGED;
    } else if (!planned->changes_n && row_is_same(p, it, it->row)) {
        planned->outcome = DS_OUT_UNCHANGED;
    }
}

static bool is_written(const item *it, size_t i, bool is_new)
{
    return is_new || !it->mapped.how || it->mapped.how[i] != DS_HOW_ONLY_NEW;
}

/* What its column does not take is not written: a pass would hold the record. */
static void refuse_misfit(pass *p, const item *it, ds_planned *planned)
{
    bool is_new = planned->outcome == DS_OUT_CREATED;
    const char *why = NULL;

    if (!p->to->misfit || (!is_new && planned->outcome != DS_OUT_UPDATED))
        return;
    for (size_t i = 0; i < it->mapped.n && !why; i++) {
        const ds_prop *prop = &it->mapped.props[i];

        if (is_written(it, i, is_new))
            why = p->to->misfit(p->dst, &p->act, prop->name, prop->value.type, &prop->value);
    }
    if (!why)
        return;
    planned->outcome = DS_OUT_HELD;
    planned->why = planned->reason = why;
    planned->changes_n = 0;
    planned->body = NULL;
}

static void classify(planner *pl, const item *it, const ds_found *found, ds_planned *planned)
{
    switch (it->decision) {
    case DO_SKIP:
        planned->skipped = true;
        break;
    case DO_HOLD:
        planned->outcome = DS_OUT_HELD;
        planned->reason = it->reason;
        break;
    case DO_NOTHING:
        planned->outcome = DS_OUT_UNCHANGED;
        break;
    case DO_COMPARE:
    case DO_WRITE:
        classify_write(pl, it, found, planned);
        refuse_misfit(pl->p, it, planned);
        break;
    }
}

static void count_planned(planner *pl, const ds_planned *planned)
{
    ds_totals *t = &pl->out->totals;

    t->total++;
    if (planned->skipped)
        t->skipped++;
    else if (planned->outcome == DS_OUT_CREATED)
        t->created++;
    else if (planned->outcome == DS_OUT_UPDATED)
        t->updated++;
    else if (planned->outcome == DS_OUT_UNCHANGED)
        t->unchanged++;
    else
        t->held++;
    if (!planned->skipped &&
        (planned->outcome == DS_OUT_CREATED || planned->outcome == DS_OUT_UPDATED))
        pl->p->changes++;
}

static bool show_item(planner *pl, item *it, const ds_found *found)
{
    ds_planned planned = {.key = it->key,
                          .source = it->rec,
                          .props = it->mapped.props,
                          .props_n = it->mapped.n,
                          .link = it->link,
                          .hash = it->mapped.hash,
                          .why = it->why ? it->why : it->reason};
    bool plain;

    it->row = found->n ? found->row : NULL;
    planned.row = it->row;
    planned.id = it->link ? it->link->id : NULL;
    classify(pl, it, found, &planned);
    count_planned(pl, &planned);
    pl->finds += (it->decision == DO_WRITE || it->decision == DO_COMPARE) && needs_find(pl->p, it);
    pl->bodies += planned.outcome == DS_OUT_UPDATED && it->mapped.body && *it->mapped.body &&
                  !it->mapped.body_once;
    if (planned.outcome == DS_OUT_HELD && it->placed)
        pl->p->seen_void = true;
    plain = planned.skipped || planned.outcome == DS_OUT_UNCHANGED;
    return (plain && !pl->everything) || pl->each(pl->to, &planned);
}

static bool needs_row(const planner *pl, const item *it)
{
    return it->decision == DO_WRITE || it->decision == DO_COMPARE ||
           (pl->everything && it->decision == DO_NOTHING);
}

static bool plan_some(planner *pl, item *items, size_t n, ds_err *err)
{
    pass *p = pl->p;
    item **asked = ds_arena_alloc(p->batch, (n + 1) * sizeof(*asked));
    ds_found *found = ds_arena_zalloc(p->batch, (n + 1) * sizeof(*found));
    static const ds_found nothing;
    size_t asked_n = 0, at = 0;

    for (size_t i = 0; i < n; i++)
        if (needs_row(pl, &items[i]))
            asked[asked_n++] = &items[i];
    if (!find_rows(p, asked, asked_n, found, err))
        return false;
    for (size_t i = 0; i < n && !pl->enough; i++)
        pl->enough = !show_item(pl, &items[i], needs_row(pl, &items[i]) ? &found[at++] : &nothing);
    return true;
}

static bool plan_page(pass *p, fetched *got, void *planner_, ds_err *err)
{
    planner *pl = planner_;
    item *items;
    size_t n;

    if (!prepare_page(p, &got->page, got->arena, &items, &n, err) || !plan_some(pl, items, n, err))
        return false;
    ds_arena_reset(p->batch);
    return true;
}

static bool plan_pages(planner *pl, ds_err *err)
{
    DS_AUTO(fetcher) f = pass_fetch(pl->p);
    fetched *got;

    while (!pl->enough && (got = fetcher_next(f)) != NULL) {
        if (!got->ok) {
            *err = got->err;
            return ds_wrap(err, "source");
        }
        if (got->page.restart) {
            pass_restart(pl->p);
            pl->out->totals = (ds_totals){0};
            pl->p->changes = 0; /* none of them was made */
            pl->finds = pl->bodies = 0;
        }
        if (!plan_page(pl->p, got, pl, err))
            return false;
    }
    if (!pl->enough)
        fetcher_calls(f, &pl->out->reading);
    return true;
}

static bool plan_missing(planner *pl, ds_err *err)
{
    return (pl->enough || confirm_missing(pl->p, plan_page, pl, err)) &&
           count_missing(pl->p, &pl->out->totals.missing, err);
}

static void estimate(planner *pl)
{
    const pass *p = pl->p;
    ds_plan_result *out = pl->out;
    int64_t gone = out->totals.missing;
    ds_work_ahead work = {.creates = out->totals.created,
                          .updates = out->totals.updated,
                          .finds = pl->finds,
                          .bodies = pl->bodies};

    if (!p->to->estimate)
        return;
    if (p->route->missing == DS_MISSING_ARCHIVE)
        work.archives = gone;
    if (p->route->missing == DS_MISSING_DELETE)
        work.removes = gone;
    if (p->route->missing == DS_MISSING_MARK) { /* each is looked up, and written */
        work.updates += gone;
        work.finds += p->to->find ? gone : 0;
    }
    out->has_cost = true;
    out->cost.ms = -1;
    p->to->estimate(p->dst, &work, &out->cost);
}

static void conclude(planner *pl)
{
    ds_plan_result *out = pl->out;

    out->writes = out->totals.created + out->totals.updated + out->totals.missing;
    pl->p->changes += out->totals.missing;
    if (over_limit(pl->p, 0)) {
        out->over_limits = true;
        out->approval = "more changes than `limits` allows";
    } else if (out->totals.missing && !out->totals.total) {
        out->approval = "the source is empty";
    }
}

bool ds_pass_plan(const ds_pass_in *in, bool everything,
                  bool (*each)(void *to, const ds_planned *planned), void *to, ds_plan_result *out)
{
    pass p;
    planner pl = {.p = &p, .everything = everything, .each = each, .to = to, .out = out};
    bool ok = false;

    *out = (ds_plan_result){.err = DS_ERR_INIT};
    switch (pass_open(&p, in, true, &out->err)) {
    case OPENED:
        ok = plan_pages(&pl, &out->err) && plan_missing(&pl, &out->err);
        conclude(&pl);
        estimate(&pl);
        break;
    case OPEN_APPROVAL:
        ok = true;
        out->approval = "`key` has changed";
        break;
    case OPEN_FAILED:
        break;
    }
    pass_close(&p);
    return ok;
}
