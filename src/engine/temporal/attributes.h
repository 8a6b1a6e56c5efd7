/* src/engine/temporal/attributes.h
 *
 * What lists can be searched by: route, state and unit as search attributes, where the namespace
 * has attributes of these names (of type Keyword).  Where it has none, nothing is sent and no
 * history grows.  They are no part of the rules that a run is played by: whether there are any is
 * found out by each worker anew, and may change at any time.
 */
#ifndef DS_ENGINE_TEMPORAL_ATTRIBUTES_H
#define DS_ENGINE_TEMPORAL_ATTRIBUTES_H

#include "engine/temporal/client.h"
#include "engine/temporal/replay.h"

/* Asks the server which there are; where it does not say, what was known stays. */
void ds_attributes_look(ds_client *c);
/* A call was refused, and it carried some (`sent`), which may be why: there are none any more,
 * until the next look finds some. false: that is not why. */
bool ds_attributes_refused(ds_client *c, bool sent, const ds_grpc_failure *failure);
/* Whether these commands carry some. */
bool ds_attributes_sent(Ds__Command *const *commands, size_t n);

/* All that there are, for a unit like that; NULL: there are none. `word` as ds_replay_word. */
Ds__SearchAttributes *ds_attributes_of(const ds_client *c, const ds_carry *carry, const char *word,
                                       ds_arena *a);
/* The same at the end of a task, where the run shows others; NULL: all is as it is to be. */
Ds__SearchAttributes *ds_attributes_changed(const ds_client *c, const ds_replay *r, ds_arena *a);
/* For the run that follows: ours as they are to be, and what else this one began with. */
Ds__SearchAttributes *ds_attributes_of_next(const ds_client *c, const ds_replay *r, ds_arena *a);

#endif
