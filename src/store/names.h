/* src/store/names.h - enumerations as the words that are stored: a word outlives a reordering. */
#ifndef DS_STORE_NAMES_H
#define DS_STORE_NAMES_H

#include "flow/unit.h"

const char *ds_kind_word(ds_pass_kind kind);
ds_pass_kind ds_kind_of_word(const char *word); /* unknown or NULL: FULL, which misses nothing */
const char *ds_outcome_word(ds_pass_outcome outcome);
ds_pass_outcome ds_outcome_of_word(const char *word); /* unknown or NULL: FAILED */
const char *ds_event_word(ds_event_type type);
bool ds_event_of_word(const char *word, ds_event_type *out); /* false: unknown */

#endif
