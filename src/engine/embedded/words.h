/* src/engine/embedded/words.h
 *
 * The words of the control socket, for both of its ends.  One line of JSON each way:
 *
 *   {"cmd":"ping"}                             {"ok":true,"pid":4711}
 *   {"cmd":"signal","route":R,"unit":U|null,"event":{"type":"sync_now","items":[K,...]}}
 *                                              {"ok":true,"units":1}    durable when it is said
 *   {"cmd":"running"}                          {"ok":true,"pid":4711,"running":[{...},...]}
 *   {"cmd":"held","verb":"retry"|"drop"|"adopt","route":R,"key":K,"id":I}
 *                                              {"ok":true,"found":true}
 *   {"cmd":"once","only":[{"route":R,"unit":U},...],"items":[K,...]}
 *                                              {"run":{...}} for each, then {"end":true}
 *   anything else                              {"ok":false,"error":"..."}
 *
 * Events: sync_now (items: some keys; none: everything), pause, resume, set_interval (interval_ms),
 * approve.
 */
#ifndef DS_ENGINE_EMBEDDED_WORDS_H
#define DS_ENGINE_EMBEDDED_WORDS_H

#include "engine/engine.h"

#define DS_WORDS_REQUEST_MAX DS_MIB

/* Writing: the caller begins and ends the object. */
void ds_words_event(ds_json_writer *w, const ds_event *event);
void ds_words_ref(ds_json_writer *w, const ds_unit_ref *ref);
void ds_words_items(ds_json_writer *w, const char *const *items, size_t n);
void ds_words_run(ds_json_writer *w, const ds_run_row *run);
void ds_words_running(ds_json_writer *w, const ds_running *running);

/* Reading what the other end said: all texts are the document's. */
DS_MUST_USE bool ds_words_read_event(const ds_json *json, ds_arena *a, ds_event *out, ds_err *err);
DS_MUST_USE bool ds_words_read_ref(const ds_json *json, ds_unit_ref *out, ds_err *err);
DS_MUST_USE bool ds_words_read_items(const ds_json *list, ds_arena *a, const char *const **out,
                                     size_t *n, ds_err *err);
DS_MUST_USE bool ds_words_read_run(const ds_json *json, ds_run_row *out, ds_err *err);
DS_MUST_USE bool ds_words_read_running(const ds_json *json, ds_running *out, ds_err *err);

#endif
