/* src/connectors/file/index.h
 *
 * Where in a file the row of a key stands: 64 bits of hash and an offset, 16 bytes a row.  Keys of
 * equal hash are told apart by reading the row.  The hash is seeded anew for each table, so nobody
 * can prepare keys that collide.
 */
#ifndef DS_CONNECTORS_FILE_INDEX_H
#define DS_CONNECTORS_FILE_INDEX_H

#include <durable_sync/base.h>

typedef struct ds_file_slot {
    uint64_t hash;
    int64_t offset; /* + 1; 0: empty */
} ds_file_slot;

typedef struct ds_file_index {
    ds_file_slot *slots;
    size_t n, cap;
} ds_file_index;

uint64_t ds_file_seed(void); /* never 0 */
uint64_t ds_file_hash(uint64_t seed, const char *text);
uint64_t ds_file_checksum(const void *data, size_t n); /* always the same: for what is stored */

void ds_file_index_add(ds_file_index *index, uint64_t hash, int64_t offset);
/* Offsets of that hash, one a call; -1 behind the last. *at starts at SIZE_MAX. */
int64_t ds_file_index_next(const ds_file_index *index, uint64_t hash, size_t *at);
/* The entry found last by ds_file_index_next gets another offset. */
void ds_file_index_move(ds_file_index *index, size_t at, int64_t offset);
void ds_file_index_free(ds_file_index *index); /* leaves an empty one */

#endif
