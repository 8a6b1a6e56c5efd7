/* src/fakes/tally.h - what was asked for: counts by route and status, and the last requests. */
#ifndef DS_FAKES_TALLY_H
#define DS_FAKES_TALLY_H

#include "fakes/router.h"

typedef struct ds_tally ds_tally;

ds_tally *ds_tally_new(const ds_fake_kind *kind);
void ds_tally_free(ds_tally *t);
void ds_tally_clear(ds_tally *t);
void ds_tally_keep_bodies(ds_tally *t, bool keep);

/* A request has arrived; its number, for its end. */
int64_t ds_tally_arrived(ds_tally *t, const ds_fake_call *call);
/* It was answered with this status; 0: hung up. */
void ds_tally_ended(ds_tally *t, int64_t number, int status);
void ds_tally_connected(ds_tally *t);

/* {"total", "calls": {"GET /user": 3}, "statuses": {"200": 3}, "cut", "in_flight_most",
 * "connections"} */
void ds_tally_show_calls(const ds_tally *t, ds_json_writer *w);
/* The list of {"n", "method", "path", "query", "status", "body"}; body as text where it was kept.
 */
void ds_tally_show_log(const ds_tally *t, ds_json_writer *w);

#endif
