/* src/connectors/sql/columns.c - what a destination is told of its columns, kept while it is open.
 */
#include "connectors/sql/sql.h"

#include <string.h>

void ds_sql_columns_keep(ds_sql_columns *to, const ds_open_in *in, ds_arena *a)
{
    ds_column *columns = ds_arena_zalloc(a, (in->columns_n + 1) * sizeof(*columns));
    ds_property *known = ds_arena_zalloc(a, (in->known_n + 1) * sizeof(*known));

    for (size_t i = 0; i < in->columns_n; i++) {
        columns[i] = in->columns[i];
        columns[i].name = ds_arena_strdup(a, in->columns[i].name);
    }
    for (size_t i = 0; i < in->known_n; i++) {
        known[i] = in->known[i];
        known[i].name = ds_arena_strdup(a, in->known[i].name);
    }
    *to = (ds_sql_columns){.items = in->columns_n ? columns : NULL,
                           .n = in->columns_n,
                           .known = known,
                           .known_n = in->known_n};
}

ds_column ds_sql_column_that_comes(const ds_sql_columns *of, const char *name)
{
    ds_column column = {.name = name, .type = DS_ABSENT};

    for (size_t i = 0; i < of->known_n; i++)
        if (strcmp(of->known[i].name, name) == 0)
            column.comes = of->known[i].type;
    return column;
}
