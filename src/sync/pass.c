/* src/sync/pass.c - one pass, page by page; the parts are beside it. */
#include "sync/internal.h"

typedef enum step { STEP_ON, STEP_END, STEP_SLICED, STEP_APPROVAL, STEP_FAILED } step;

static bool balanced(const ds_totals *t)
{
    return t->total == t->created + t->updated + t->unchanged + t->skipped + t->held;
}

static int64_t sum(const ds_totals *t)
{
    return t->created + t->updated + t->unchanged + t->skipped + t->held;
}

/* A source that does not say how many records it has brings about as many as there are links, until
 * it has brought more. */
static int64_t expected(const pass *p, const ds_page *page, int64_t said)
{
    if (page && page->total_hint >= 0)
        return page->total_hint;
    if (!p->begin.links)
        return said;
    return p->begin.links >= sum(&p->totals) ? p->begin.links : -1;
}

static void show_progress(pass *p, const ds_page *page)
{
    ds_progress *progress = p->in->progress;

    atomic_store(&progress->done, sum(&p->totals));
    atomic_store(&progress->created, p->totals.created);
    atomic_store(&progress->updated, p->totals.updated);
    atomic_store(&progress->unchanged, p->totals.unchanged);
    atomic_store(&progress->skipped, p->totals.skipped);
    atomic_store(&progress->held, p->totals.held);
    if (p->source_calls > atomic_load(&progress->source_calls)) /* it may be a page ahead */
        atomic_store(&progress->source_calls, p->source_calls);
    atomic_store(&progress->destination_calls, p->destination_calls);
    atomic_store(&progress->total, expected(p, page, atomic_load(&progress->total)));
}

/* The page's end is the next checkpoint. */
static bool move_on(pass *p, const ds_page *page, ds_err *err)
{
    /* GCOVR_EXCL_START only a fault of our own leads here, and then nothing more is believed */
    if (!balanced(&p->totals))
        return ds_fail(err, DS_ERR_PERMANENT,
                       "the totals do not balance: %lld records, %lld outcomes",
                       (long long)p->totals.total, (long long)sum(&p->totals));
    /* GCOVR_EXCL_STOP */
    p->page_totals = p->totals;
    ds_buf_clear(&p->cursor_buf);
    p->cursor = NULL;
    if (page->next_cursor) {
        ds_buf_text(&p->cursor_buf, page->next_cursor);
        p->cursor = p->cursor_buf.data;
    }
    p->source_done = !page->next_cursor;
    keeper_page_done(p->keeper);
    return true;
}

static step over_the_limit(pass *p, ds_err *err)
{
    if (!group_commit(p, false, err)) /* what was written stays, with its links */
        return STEP_FAILED;
    ds_fail(err, DS_ERR_CONFIG,
            "more than %lld changes in one pass: `limits` allows no more of %lld rows",
            (long long)p->allowed, (long long)p->begin.links);
    return STEP_APPROVAL;
}

static step write_records(pass *p, item *items, size_t n, ds_err *err)
{
    p->totals.total += (int64_t)n;
    switch (write_items(p, items, n, err)) {
    case WROTE_FAILED:
        return STEP_FAILED;
    case WROTE_LIMIT:
        return over_the_limit(p, err);
    case WROTE:
        break;
    }
    return STEP_ON;
}

/* A bug on purpose: it need not go well. */
static void save_early(pass *p, const ds_page *page)
{
    ds_err unheard = DS_ERR_INIT;

    (void)!move_on(p, page, &unheard);
    (void)!group_commit(p, true, &unheard);
}

static step handle_page(pass *p, fetched *got, ds_err *err)
{
    const ds_page *page = &got->page;
    item *items;
    size_t n;
    step now;

    p->source_calls += page->calls;
    if (page->restart)
        pass_restart(p);
    asked_came(p, page);
    if (!prepare_page(p, page, got->arena, &items, &n, err))
        return STEP_FAILED;
    if (DS_PLANT("cursor saved early"))
        save_early(p, page);
    now = write_records(p, items, n, err);
    if (now != STEP_ON)
        return now;
    if (!move_on(p, page, err)) /* GCOVR_EXCL_BR_LINE as above */
        return STEP_FAILED;     /* GCOVR_EXCL_LINE */
    show_progress(p, page);
    if (!p->source_done && group_is_due(p) && !group_commit(p, true, err))
        return STEP_FAILED;
    return p->source_done ? STEP_END : STEP_ON;
}

static bool slice_is_over(const pass *p)
{
    int64_t took_us = p->in->clock->mono_us(p->in->clock) - p->started_us;

    /* Until it has told its state anew, a destination that is not as it was left is found so by
     * every slice, which would begin at the start. */
    return p->in->slice_ms > 0 && !p->compares_all && took_us >= p->in->slice_ms * 1000;
}

/* A source that takes its time must not keep a transaction of the destination open:
 * what is written is committed meanwhile. */
static bool await_page(pass *p, fetcher *f, ds_err *err)
{
    return !p->group.dirty || fetcher_wait(f, GROUP_US) || group_commit(p, true, err);
}

/* What the source said to the page ahead, which nobody takes any more: told to wait, or refused, it
 * must not be asked again at once. */
static bool is_told_ahead(fetcher *f, const ds_err *err, ds_err *ahead)
{
    bool waits;

    if (!fetcher_failed(f, ahead))
        return false;
    waits = err->kind == DS_ERR_RATE_LIMITED;
    if (ahead->kind == DS_ERR_RATE_LIMITED)
        return !waits || ahead->retry_after_ms > err->retry_after_ms;
    return ahead->kind == DS_ERR_AUTH;
}

static step take_pages(pass *p, fetcher *f, ds_err *err)
{
    step now = STEP_ON;

    while (now == STEP_ON) {
        fetched *got;

        if (ds_activity_stopping(&p->act)) {
            ds_fail(err, DS_ERR_CANCELLED, "stopped");
            return STEP_FAILED;
        }
        if (slice_is_over(p))
            return STEP_SLICED;
        if (!await_page(p, f, err))
            return STEP_FAILED;
        got = fetcher_next(f);
        if (!got->ok) {
            p->source_calls += got->page.calls;
            *err = got->err;
            ds_wrap(err, "source");
            return STEP_FAILED;
        }
        now = handle_page(p, got, err);
    }
    return now;
}

static step run_pages(pass *p, ds_err *err)
{
    DS_AUTO(fetcher) f = pass_fetch(p);
    step now = take_pages(p, f, err);
    ds_err ahead = DS_ERR_INIT;

    if ((now != STEP_FAILED && now != STEP_SLICED) || !is_told_ahead(f, err, &ahead))
        return now;
    *err = ahead;
    ds_wrap(err, "source");
    return STEP_FAILED;
}

/* A page that comes behind the last one: records that the listing had passed over. */
static bool take_late(pass *p, fetched *got, void *to, ds_err *err)
{
    step *now = to;
    item *items;
    size_t n;

    if (!prepare_page(p, &got->page, got->arena, &items, &n, err))
        return false;
    *now = write_records(p, items, n, err);
    if (*now != STEP_ON)
        return false;
    p->page_totals = p->totals;
    keeper_page_done(p->keeper);
    show_progress(p, NULL);
    return group_commit(p, true, err);
}

static step finish(pass *p, ds_err *err)
{
    step late = STEP_ON;

    if (p->seen && p->route->missing != DS_MISSING_IGNORE) {
        if (!group_commit(p, true, err)) /* what is known so far, before rows are taken for gone */
            return STEP_FAILED;
        switch (handle_missing(p, take_late, &late, err)) {
        case MISSING_APPROVAL:
            return STEP_APPROVAL;
        case MISSING_FAILED:
            return late == STEP_APPROVAL ? STEP_APPROVAL : STEP_FAILED;
        case MISSING_DONE:
            break;
        }
    }
    if (!note_unmet(p, err))
        return STEP_FAILED;
    route_was_read(p);
    return group_finish(p, err) ? STEP_END : STEP_FAILED;
}

static ds_pass_outcome outcome_of_error(const ds_err *err)
{
    switch (err->kind) {
    case DS_ERR_AUTH:
        return DS_PASS_PAUSED;
    case DS_ERR_RATE_LIMITED:
        return DS_PASS_WAITING;
    case DS_ERR_CANCELLED:
        return DS_PASS_CANCELLED;
    case DS_ERR_NONE:
    case DS_ERR_CONFIG:
    case DS_ERR_TRANSIENT:
    case DS_ERR_PERMANENT:
        break;
    }
    return DS_PASS_FAILED;
}

/* What was written before the end came is committed if it still can be; the first error stays. */
static void save_what_stands(pass *p)
{
    const group *g = &p->group;
    bool waits = g->dirty || g->generation || g->puts_n || g->held_n || g->sent_n || g->cleared.n;
    ds_err second = DS_ERR_INIT;

    if (!p->lost && (waits || keeper_has_news(p->keeper)))
        (void)!group_commit(p, true, &second);
}

static ds_pass_outcome run(pass *p, ds_err *err)
{
    step now = p->source_done ? STEP_END : run_pages(p, err);

    if (now == STEP_END)
        now = finish(p, err);
    switch (now) {
    case STEP_END:
    case STEP_ON:
        asked_tell(p, err);
        return p->totals.held ? DS_PASS_PARTIAL : DS_PASS_DONE;
    case STEP_APPROVAL:
        return DS_PASS_APPROVAL;
    case STEP_SLICED:
        return group_commit(p, true, err) ? DS_PASS_SLICED : outcome_of_error(err);
    case STEP_FAILED:
        break;
    }
    save_what_stands(p);
    return outcome_of_error(err);
}

/* What was sent and not heard of may arrive first. */
static int64_t shows_after(const pass *p, const ds_totals *t)
{
    if (p->unsure.n)
        return p->settle_ms + p->lag_ms;
    return t->created ? p->lag_ms : 0;
}

static void report(const pass *p, ds_pass_result *out)
{
    bool ended = ds_pass_ended_well(out->outcome);

    out->totals = p->lost ? p->committed_totals : p->totals;
    if (!ended)
        out->totals.total = sum(&out->totals); /* records not yet decided are not counted */
    out->source_calls = p->source_calls;
    out->destination_calls = p->destination_calls;
    out->shows_after_ms = shows_after(p, &out->totals);
    out->wants_full = p->wants_full;
}

void ds_pass_run(const ds_pass_in *in, ds_pass_result *out)
{
    pass p;

    *out = (ds_pass_result){.outcome = DS_PASS_FAILED, .err = DS_ERR_INIT};
    switch (pass_open(&p, in, false, &out->err)) {
    case OPENED:
        show_progress(&p, NULL);
        out->outcome = run(&p, &out->err);
        break;
    case OPEN_APPROVAL:
        out->outcome = DS_PASS_APPROVAL;
        break;
    case OPEN_FAILED:
        out->outcome = outcome_of_error(&out->err);
        break;
    }
    report(&p, out);
    pass_close(&p);
}
