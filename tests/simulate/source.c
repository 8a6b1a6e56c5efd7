/* tests/simulate/source.c - the source, and the people on both sides of it. */
#include "tests/simulate/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

record records[KEYS];

static int next_seq;

int key_of(const char *text)
{
    return atoi(text + 1);
}

const char *key_text(int key)
{
    static char texts[KEYS][8];

    if (key < 0 || key >= KEYS)
        return "(none)";
    snprintf(texts[key], sizeof(texts[key]), "k%02d", key);
    return texts[key];
}

static void add_record(int key)
{
    records[key] = (record){.there = true,
                            .seq = ++next_seq,
                            .name = (int)dice(3),
                            .size = (int)dice(2),
                            .origin = (int)dice(3),
                            .changed_ms = w.now_ms,
                            .excused_ms = records[key].excused_ms};
}

void source_start(void)
{
    memset(records, 0, sizeof(records));
    next_seq = 0;
    for (int i = 0; i < w.k.records; i++)
        add_record(i);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool is_wanted(int key, const ds_fetch *want)
{
    const record *r = &records[key];

    if (!r->there || (want->since_ms >= 0 && r->changed_ms < want->since_ms))
        return false;
    for (size_t i = 0; i < want->items_n; i++)
        if (key_of(want->items[i]) == key)
            return true;
    return !want->items;
}

static bool comes_before(int a, int b)
{
    if (w.k.shift && records[a].changed_ms != records[b].changed_ms)
        return records[a].changed_ms > records[b].changed_ms; /* newest first: pages shift */
    return records[a].seq < records[b].seq;
}

static int sorted(const ds_fetch *want, int *keys)
{
    int n = 0;

    for (int i = 0; i < KEYS; i++) {
        int at = n;

        if (!is_wanted(i, want))
            continue;
        for (; at > 0 && comes_before(i, keys[at - 1]); at--)
            keys[at] = keys[at - 1];
        keys[at] = i;
        n++;
    }
    return n;
}

static void add(ds_page *page, int key)
{
    ds_record *rec = ds_page_add(page);
    ds_arena *a = page->arena;

    rec->primary_key = ds_arena_strdup(a, key_text(key));
    ds_record_append(rec, "name", ds_text(ds_arena_printf(a, "v%d", records[key].name)));
    ds_record_append(rec, "size", ds_int(records[key].size));
    ds_record_append(rec, "note", ds_int(records[key].seq)); /* which the route does not own */
    ds_record_append(rec, "origin", ds_text(ds_arena_printf(a, "o%d", records[key].origin)));
}

/* The cursor is a number of records passed over, or the number of the last one in an order that
 * does not change. */
static void fill(const ds_fetch *want, ds_page *page)
{
    int keys[KEYS], n = sorted(want, keys), after = want->cursor ? atoi(want->cursor) : 0, i = 0;

    while (i < n && (w.k.shift ? i < after : records[keys[i]].seq <= after))
        i++;
    for (; i < n && page->records_n < want->limit; i++)
        add(page, keys[i]);
    if (i < n)
        page->next_cursor =
            ds_arena_printf(page->arena, "%d", w.k.shift ? i : records[keys[i - 1]].seq);
    page->calls = 1;
}

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    answer a = A_OK;

    unsigned rate = w.top && w.top->other ? 0 : w.k.rate;

    (void)self;
    (void)act;
    other_between();
    sim_op("page");
    limit_call(0);
    pass_time(20 + dice(100));
    if (event("source: 429", rate)) {
        w.gate_ms[0] = w.now_ms + 1000 + dice(60000);
        w.gate_told[0] = false;
        a = A_WAIT;
    } else if (event("source: 401", w.k.auth)) {
        a = A_AUTH;
    } else if (event("source: no answer", w.k.fault)) {
        a = A_NOT_SENT;
    }
    if (a != A_OK)
        return fail_call(a, 0, err) == DS_ERR_NONE;
    fill(want, page);
    return true;
}

static bool lists_changes(const ds_source *self)
{
    (void)self;
    return w.k.changes;
}

const ds_source_ops sim_source = {
    .kind = "simulated",
    .help = "a simulated source",
    .abi = DS_CONNECTOR_ABI,
    .instance_size = sizeof(sim_source_settings),
    .units = ds_one_unit,
    .fetch_page = fetch_page,
    .lists_changes = lists_changes,
    .targets_items = true,
};

/* ---- people ---------------------------------------------------------------------------------- */

static int records_there(void)
{
    int n = 0;

    for (int i = 0; i < KEYS; i++)
        n += records[i].there;
    return n;
}

static void edit(int key)
{
    if (!records[key].there)
        return;
    records[key].name = (int)dice(3); /* few values: things go back to what they were */
    records[key].changed_ms = w.now_ms;
}

static void edit_to(int key, int name)
{
    records[key].name = name % 3;
    records[key].changed_ms = w.now_ms;
}

static void drop(int key)
{
    if (records_there() > 1)
        records[key].there = false;
}

static void meddle(int key)
{
    size_t n;
    sim_row *r = service_row_of(key, &n);

    if (!r)
        return;
    records[key].excused_ms = w.now_ms;
    if (dice(2)) {
        r->values[P_NAME] = 700;
        r->touched = true;
    } else if (!r->by_hand) {
        r->there = false;
    }
}

void people_act(void)
{
    int key = (int)dice((uint32_t)w.k.records);

    static const char *const acts[] = {"record back", "record added", "record gone", "row meddled",
                                       "edited",      "edited",       "edited",      "edited"};
    uint32_t act = dice(8);

    service_note(w.now_ms);
    if (!event(acts[act], 1000000))
        return;
    switch (act) {
    case 0:
        if (!records[key].there)
            add_record(key);
        break;
    case 1:
        if (w.k.records < KEYS)
            add_record(w.k.records++);
        break;
    case 2:
        drop(key);
        break;
    case 3:
        meddle(key);
        break;
    default:
        edit(key);
        break;
    }
}

int64_t people_script(void)
{
    service_note(w.acts + 7);
    switch (w.acts++) {
    case 0:
        edit_to(0, records[0].name + 1);
        edit_to(6, records[6].name + 1);
        add_record(w.k.records++);
        drop(4);
        return w.now_ms + EVERY_MS;
    case 1: /* and back */
        edit_to(0, records[0].name + 2);
        add_record(4);
        meddle(6);
        return INT64_MAX;
    default:
        return INT64_MAX;
    }
}
