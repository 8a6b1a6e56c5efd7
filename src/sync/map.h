/* src/sync/map.h
 *
 * A route's mapping, compiled once per pass: `where`, `fields`, `owns`, `create_only`, and the hash
 * of the outcome.  One mapping belongs to one thread: it remembers where the last record had its
 * properties and looks there first.
 */
#ifndef DS_SYNC_MAP_H
#define DS_SYNC_MAP_H

#include "base/ledger.h"
#include "base/route.h"
#include <durable_sync/record.h>

#define DS_ENCODER                                                                                 \
    1 /* version of what is hashed; a new one compares rows again, never mass-writes */

typedef struct ds_mapping ds_mapping;

typedef struct ds_mapped {
    const ds_prop *props; /* as they go to the destination; none is absent or nested */
    size_t n;
    const uint8_t *how; /* [n] DS_HOW_ONLY_NEW or ALWAYS; NULL: all ALWAYS */
    const char *body;
    bool body_once; /* which an update does not write */
    ds_hash hash;   /* of all that an update would write */
} ds_mapped;

typedef enum ds_map_result {
    DS_MAPPED,
    DS_MAP_DROPPED, /* `where` does not want it */
    DS_MAP_HELD,    /* a property does not convert: reason */
} ds_map_result;

ds_mapping *ds_mapping_new(const ds_route *route);
void ds_mapping_free(ds_mapping *m);
/* What it makes lives in `a`, in the record or in the mapping. */
ds_map_result ds_mapping_apply(ds_mapping *m, const ds_record *rec, ds_arena *a, ds_mapped *out,
                               const char **reason);
/* The same in two halves, for routes with a transform between them.  What goes into it: `where`,
 * and all of `fields`, owned or not; nested values are as the source has them. */
ds_map_result ds_mapping_before(ds_mapping *m, const ds_record *rec, ds_arena *a,
                                ds_transform_in *out, const char **reason);
/* What comes out: `owns`, `create_only`, the hash. */
ds_map_result ds_mapping_after(ds_mapping *m, const ds_transform_in *in,
                               const ds_transform_out *made, ds_arena *a, ds_mapped *out,
                               const char **reason);
/* Says just what goes into the transform, and which one it is. */
ds_hash ds_mapping_hash_before(ds_mapping *m, const ds_transform_in *in, ds_arena *a);
bool ds_mapping_lists(ds_texts texts, const char *name);

/* columns.c: the columns the route writes, its fields, its mark and its stamp; *n 0 without fields.
 */
ds_column *ds_mapping_columns(const ds_route *route, ds_arena *a, size_t *n);
/* What the source, which is open, knows of its properties, as far as they are written as they are.
 */
DS_MUST_USE bool ds_mapping_known(const ds_route *route, ds_source *source, ds_activity *act,
                                  const ds_property **known, size_t *n, ds_err *err);
/* Sets `comes` of those columns that a property of the source goes into as it is. */
DS_MUST_USE bool ds_mapping_learn(const ds_route *route, ds_source *source, ds_activity *act,
                                  ds_column *columns, size_t n, ds_err *err);

/* wanted.c: what the route reads of a record, for ds_activity_wanted; NULL: all of it, since there
 * is neither `fields` nor (without a transform) `owns`. */
const char *const *ds_mapping_wanted(const ds_route *route, ds_arena *a, size_t *n);

DS_AUTO_DEFINE(ds_mapping, ds_mapping_free)

/* The bytes that are hashed: name, type and value of each property in the order of their names. */
ds_hash ds_encode_hash(ds_buf *scratch, const ds_prop *props, const uint32_t *order, size_t n,
                       const uint8_t *how, const char *body);

/* "{owner.login}/{name}" over a record; missing pieces are empty. Absent when all are. */
DS_MUST_USE bool ds_template_fill(const char *text, const ds_record *rec, ds_arena *a,
                                  ds_value *out, ds_err *err);

#endif
