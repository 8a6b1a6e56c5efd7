/* src/store/internal.h - what the files of this folder share. */
#ifndef DS_STORE_INTERNAL_H
#define DS_STORE_INTERNAL_H

#include "store/db.h"
#include "store/store.h"
#include "store/writer.h"

struct ds_tx {
    ds_db *db; /* inside the writer's transaction */
};

struct ds_reader {
    ds_store_at at; /* what it names outlives the reader */
    ds_db *db;      /* NULL: there is no file, or nothing in it yet */
};

/* A unit's links have the ids unit << 40 | seq. */
#define DS_SEQ_BITS 40
#define DS_UNIT_ID_MAX ((INT64_C(1) << 23) - 1)

static inline int64_t ds_link_id(int64_t unit_id, int64_t seq)
{
    return (unit_id << DS_SEQ_BITS) | seq;
}

static inline int64_t ds_link_seq(int64_t link_id)
{
    return link_id & ((INT64_C(1) << DS_SEQ_BITS) - 1);
}

static inline int64_t ds_link_unit(int64_t link_id)
{
    return link_id >> DS_SEQ_BITS;
}

ds_writer *ds_store_writer(ds_store *s);

/* A growing list in an arena: reading from a database does not say how many rows will come. */
#define DS_ROWS_ADD(arena, rows, n)                                                                \
    (__extension__({                                                                               \
        if (((n) & ((n)-1)) == 0) /* a power of two is full: twice as much */                      \
            (rows) = ds_arena_grow((arena), (rows), (n) * sizeof *(rows),                          \
                                   DS_MAX((n)*2, (size_t)1) * sizeof *(rows));                     \
        memset(&(rows)[n], 0, sizeof *(rows));                                                     \
        &(rows)[(n)++];                                                                            \
    }))

#endif
