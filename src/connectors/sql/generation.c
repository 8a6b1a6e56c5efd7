/* src/connectors/sql/generation.c
 *
 * What a destination answers to a flush: how often it has committed, and which columns the table
 * had then.  A column that is dropped and made again has its name as before and none of its values:
 * it is known by its number, and where numbers are used again by its place among the others.
 */
#include "connectors/sql/sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t add(uint32_t hash, const char *bytes, size_t n) /* FNV-1a */
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT32_C(0x01000193);
    return hash;
}

static uint32_t hash_of(const ds_sql_column_mark *columns, size_t n)
{
    uint32_t hash = UINT32_C(0x811c9dc5);
    char number[24];

    for (size_t i = 0; i < n; i++) {
        int length = snprintf(number, sizeof(number), "%d", columns[i].number);

        hash = add(hash, columns[i].name, strlen(columns[i].name) + 1);
        hash = add(hash, number, (size_t)length + 1);
    }
    return hash;
}

const char *ds_sql_generation(int64_t number, const ds_sql_column_mark *columns, size_t n,
                              ds_arena *a)
{
    return ds_arena_printf(a, "%" PRId64 " %zu:%08" PRIx32, number, n, hash_of(columns, n));
}

int64_t ds_sql_generation_number(const char *generation)
{
    return generation ? DS_MAX(strtoll(generation, NULL, 10), 0) : 0;
}

bool ds_sql_same_columns(const char *generation, const ds_sql_column_mark *columns, size_t n,
                         size_t *known)
{
    unsigned long long count;
    uint32_t hash;

    *known = n;
    if (!generation || sscanf(generation, "%*d %llu:%" SCNx32, &count, &hash) != 2)
        return true; /* nothing is known of them */
    *known = (size_t)count;
    return count <= n && hash_of(columns, (size_t)count) == hash;
}
