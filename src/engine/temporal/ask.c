/* src/engine/temporal/ask.c
 *
 * Queries: `status`, the peer's fields and ours, for people; `state`, the whole of it, for a move
 * to another engine; and what the Web UI asks every workflow for.
 */
#include "engine/temporal/answer.h"

#include "base/text.h"
#include "engine/temporal/payload.h"
#include "json/member.h"
#include <string.h>

static void write_time(ds_json_writer *w, const char *name, int64_t at_ms, ds_arena *a)
{
    ds_w_text(w, name, at_ms ? ds_time_text(a, at_ms, true) : NULL);
}

static void write_stats(ds_json_writer *w, const ds_unit *u)
{
    if (!u->has_stats) {
        ds_w_null(w, "last_stats");
        return;
    }
    ds_json_w_name(w, "last_stats");
    ds_json_w_begin_object(w);
    ds_w_totals(w, &u->last_stats);
    ds_json_w_end_object(w);
}

/* What the Python program of the same name answers. */
static void write_peers(ds_json_writer *w, const ds_unit *u, ds_arena *a)
{
    ds_w_int(w, "interval_minutes", (u->interval_ms + DS_MINUTE_MS - 1) / DS_MINUTE_MS);
    ds_w_text(w, "key", u->key);
    ds_w_text(w, "last_error", u->last_error);
    write_time(w, "last_run", u->last_run_ms, a);
    write_stats(w, u);
    ds_w_bool(w, "paused", u->paused);
    ds_w_int(w, "runs_completed", u->runs_completed);
    ds_w_bool(w, "sync_pending", u->want.any);
}

static void write_status(ds_json_writer *w, const ds_carry *carry, int64_t now_ms, ds_arena *a)
{
    const ds_unit *u = &carry->unit;
    bool waits = u->running ? u->retry_ms > 0 : u->want.any && u->retry_ms > now_ms;

    ds_json_w_begin_object(w);
    write_peers(w, u, a);
    ds_w_text(w, "approval", u->approval);
    ds_w_int(w, "attempts", u->attempts);
    ds_w_text(w, "cron", u->cron);
    ds_w_text(w, "error_kind", u->error_kind);
    ds_w_int(w, "error_status", u->error_status);
    ds_w_bool(w, "gone", u->gone);
    if (u->cron)
        ds_w_null(w, "interval_seconds");
    else
        ds_w_int(w, "interval_seconds", u->interval_ms / DS_SECOND_MS);
    if (u->last_note)
        ds_w_text(w, "last_note", u->last_note);
    write_time(w, "next_full", u->full_due_ms, a);
    write_time(w, "next_retry", waits ? u->retry_ms : 0, a);
    write_time(w, "next_sync", u->due_ms, a);
    ds_w_text(w, "route", carry->route);
    ds_w_text(w, "running", u->running ? ds_pass_kind_name(u->run_kind) : NULL);
    write_time(w, "running_since", u->running ? u->run_started_ms : 0, a);
    ds_w_text(w, "state", ds_unit_state_name(u, now_ms));
    ds_w_text(w, "unit", carry->unit_name);
    ds_json_w_end_object(w);
}

/* ---- for the Web UI -------------------------------------------------------------------------- */

static void write_definitions(ds_json_writer *w, const char *name, const char *const (*all)[2],
                              size_t n)
{
    ds_json_w_name(w, name);
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < n; i++) {
        ds_json_w_begin_object(w);
        ds_w_text(w, "name", all[i][0]);
        ds_w_text(w, "description", all[i][1]);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

static void write_metadata(ds_json_writer *w, const ds_carry *carry, int64_t now_ms, ds_arena *a)
{
    static const char *const queries[][2] = {
        {"status", "how the unit is"},
        {"state", "all that is known of the unit, for a move to another engine"},
    };
    static const char *const signals[][2] = {
        {"sync_now", "[] syncs everything, [\"a\",\"b\"] just these keys"},
        {"pause", "stops a running pass and starts none"},
        {"resume", "ends a pause and catches up"},
        {"set_interval", "minutes between passes"},
        {"approve", "lets the pass that waits go beyond its limits"},
    };
    const char *state = ds_unit_state_name(&carry->unit, now_ms);

    ds_json_w_begin_object(w);
    ds_w_text(w, "currentDetails",
              ds_arena_printf(a, "**%s/%s** is %s", carry->route, carry->unit_name, state));
    ds_json_w_name(w, "definition");
    ds_json_w_begin_object(w);
    write_definitions(w, "queryDefinitions", queries, DS_COUNT(queries));
    write_definitions(w, "signalDefinitions", signals, DS_COUNT(signals));
    ds_w_text(w, "type", DS_WORKFLOW_TYPE);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
}

static Ds__Payloads *metadata_payload(const ds_buf *text, ds_arena *a)
{
    static const char type[] = "temporal.api.sdk.v1.WorkflowMetadata";
    Ds__Payload *p = ds_payload_raw(DS_ENCODING_PROTO_JSON,
                                    ds_arena_strndup(a, text->data, text->n), text->n, a);
    Ds__Payload__MetadataEntry *entry = ds_wire_new(&ds__payload__metadata_entry__descriptor, a);

    entry->key = ds_arena_strdup(a, "messageType");
    entry->has_value = true;
    entry->value.data = (uint8_t *)ds_arena_strdup(a, type);
    entry->value.len = strlen(type);
    p->metadata = ds_arena_grow(a, p->metadata, sizeof(*p->metadata), 2 * sizeof(*p->metadata));
    p->metadata[p->n_metadata++] = entry;
    return ds_payloads_of(p, a);
}

/* ---- which ----------------------------------------------------------------------------------- */

Ds__Payloads *ds_answer_query(const ds_replay *r, const char *query, int64_t now_ms, ds_arena *a,
                              ds_err *err)
{
    const ds_carry *carry = ds_replay_state(r);
    DS_AUTO_BUF(text, DS_PAYLOAD_MAX);
    ds_json_writer w = ds_json_w(&text, false);

    if (!carry) {
        ds_fail(err, DS_ERR_TRANSIENT, "the unit has not begun yet; ask again in a moment");
        return NULL;
    }
    if (strcmp(query, "__temporal_workflow_metadata") == 0) {
        write_metadata(&w, carry, now_ms, a);
        return metadata_payload(&text, a);
    }
    if (strcmp(query, "status") == 0) {
        write_status(&w, carry, now_ms, a);
    } else if (strcmp(query, "state") == 0) {
        ds_carry_write(&w, carry);
    } else if (strcmp(query, "__stack_trace") == 0) {
        ds_json_w_text(&w, "a unit has no stack: it is a machine, see the query `state`");
    } else {
        ds_fail(err, DS_ERR_PERMANENT,
                "unknown query \"%.60s\"; there are status, state and __temporal_workflow_metadata",
                query);
        return NULL;
    }
    return ds_payloads_of_text(&text, a, err);
}
