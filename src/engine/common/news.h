/* src/engine/common/news.h
 *
 * What a change of a unit means to people: what there is to tell is recorded with the change, in a
 * box of the unit's for each way of telling.
 */
#ifndef DS_ENGINE_COMMON_NEWS_H
#define DS_ENGINE_COMMON_NEWS_H

#include "base/notice.h"
#include "store/store.h"

typedef struct ds_turn {    /* a change of a unit */
    const ds_unit_row *row; /* as it is now */
    bool was_paused, asked_approval;
    bool ended, ended_well; /* a pass */
    /* Where the same change may be recorded more than once: what it is known by. NULL: it is not.
     */
    const char *base;
} ds_turn;

/* Whether there may be anything to tell of it. */
bool ds_news_are_there(const ds_turn *turn);
/* For each of the channels; machines[i]: that which has something to send by it, 0: none. */
DS_MUST_USE bool ds_news_record(const ds_turn *turn, const ds_notices *to, const char *store_id,
                                ds_tx *tx, int64_t now_ms, int64_t *machines, ds_err *err);

/* Of a box's machine, by its name. */
const char *ds_news_names_of(const char *channel, ds_arena *a); /* how all of them begin */
bool ds_news_leaves_by(const char *machine, const char *channel);
const char *ds_news_of_unit(const char *machine, const char *channel); /* key */

#endif
