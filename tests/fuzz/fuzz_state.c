/* tests/fuzz/fuzz_state.c
 *
 * A unit's state and events as the store keeps them: any text makes a state that writes and reads
 * as the same, and the machine lives on from it through any events without leaving its bounds.
 *
 * Input: lines; the first is a state, each further one an event.
 */
#include "fuzz/fuzz.h"

#include "store/state_json.h"

#include <inttypes.h>
#include <string.h>

#define NOW INT64_C(1767225600000)
#define COUNTED INT64_C(1000000000) /* further up the next event leaves what is read as it is */

static const ds_json *read_line(fuzz_input *in, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    size_t n;
    const char *line = fuzz_piece(in, "\n", a, &n);

    return ds_json_read(a, line, n, &err);
}

static const char *written(const ds_unit *unit, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_STATE_MAX);
    ds_json_writer w = ds_json_w(&out, false);

    ds_state_write(&w, unit);
    return ds_arena_strndup(a, out.data, out.n);
}

/* As the store does it; answers the state as it comes back. */
static ds_unit stored(const ds_unit *unit, ds_arena *a)
{
    const char *text = written(unit, a);
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(a, text, strlen(text), &err);
    ds_unit back;

    fuzz_must(json, "%s: %s", text, err.text);
    ds_state_read(json, unit->key, a, &back);
    fuzz_must(strcmp(written(&back, a), text) == 0, "%s\n%s", text, written(&back, a));
    return back;
}

static void check(const ds_unit *unit, const ds_actions *actions)
{
    const char *name = ds_unit_state_name(unit, NOW);

    fuzz_must(actions->n <= DS_COUNT(actions->items), "%zu actions", actions->n);
    fuzz_must(name && *name, "a state without a name");
    fuzz_must(unit->want.items_n <= DS_UNIT_ITEMS_MAX, "%zu items wait", unit->want.items_n);
    for (size_t i = 0; i < actions->n; i++) {
        if (actions->items[i].type == DS_ACT_TIMER)
            fuzz_must(actions->items[i].at_ms >= 0, "a timer at %" PRId64, actions->items[i].at_ms);
    }
}

static void write_event(const ds_event *event, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_STATE_MAX);
    ds_json_writer w = ds_json_w(&out, false);
    ds_err err = DS_ERR_INIT;
    ds_event back;

    ds_event_write(&w, event);
    fuzz_must(ds_event_read(ds_json_read(a, out.data, out.n, &err), a, &back, &err), "%s: %s",
              out.data, err.text);
    fuzz_must(back.type == event->type && back.items_n == event->items_n, "%s", out.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    int64_t now = NOW;
    ds_unit unit;

    ds_state_read(read_line(&in, a), "route:unit", a, &unit);
    unit.runs_completed = DS_MIN(unit.runs_completed, COUNTED);
    unit.attempts = DS_MIN(unit.attempts, COUNTED);
    unit = stored(&unit, a);
    for (int i = 0; in.left && i < 100; i++, now += DS_MINUTE_MS) {
        ds_err err = DS_ERR_INIT;
        ds_actions actions = {.n = 0};
        ds_event event;

        if (!ds_event_read(read_line(&in, a), a, &event, &err)) {
            fuzz_error(&err);
            continue;
        }
        write_event(&event, a);
        ds_unit_apply(&unit, &event, now, a);
        ds_unit_decide(&unit, now, &actions);
        check(&unit, &actions);
        unit = stored(&unit, a);
    }
    return 0;
}
