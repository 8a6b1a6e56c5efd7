/* src/connectors/file/csv.h - the fields of one CSV row (RFC 4180), and writing them. */
#ifndef DS_CONNECTORS_FILE_CSV_H
#define DS_CONNECTORS_FILE_CSV_H

#include <durable_sync/base.h>

typedef struct ds_csv_field {
    char *text; /* as it stands in the row, quotes and all */
    size_t n;
    bool quoted;
    bool bad; /* text behind the closing quote */
} ds_csv_field;

/* The next field of the row that ends at `end`; *at moves behind its delimiter, to NULL behind the
 * last one. */
ds_csv_field ds_csv_next(char **at, char *end, char delimiter);
/* What a field says: quotes undone in place, NUL written behind it (over the delimiter or, for the
 * last one, into the byte behind the row). */
char *ds_csv_value(ds_csv_field *field);
size_t ds_csv_count(char *text, size_t n, char delimiter);

/* Adds a value, in quotes where it needs them. */
void ds_csv_add(ds_buf *out, const char *text, char delimiter);

#endif
