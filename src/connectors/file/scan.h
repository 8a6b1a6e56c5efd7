/* src/connectors/file/scan.h
 *
 * Where a piece of a file ends: a line, a JSON value, a CSV row.  A scan looks at each byte once,
 * in blocks of any size, so a piece of any length is measured in constant memory; what is inside
 * is the parser's business.
 */
#ifndef DS_CONNECTORS_FILE_SCAN_H
#define DS_CONNECTORS_FILE_SCAN_H

#include <durable_sync/base.h>

typedef struct ds_file_scan {
    /* How many of the n bytes belong to the piece; sets `done` when its end is among them. */
    size_t (*step)(struct ds_file_scan *s, const char *p, size_t n);
    bool done;
    bool broken; /* JSON: a bracket that closes what was not open */
    /* JSON */
    int64_t depth;
    uint64_t lists; /* of the innermost 64 levels, one bit each: a list, else an object */
    bool deep;      /* was deeper than that: brackets are counted but no longer compared */
    bool in_text;
    bool escaped;
    /* CSV */
    char delimiter;
    char state;
} ds_file_scan;

ds_file_scan ds_file_scan_line(void);          /* with its newline */
ds_file_scan ds_file_scan_value(void);         /* one JSON value, from its first byte */
ds_file_scan ds_file_scan_row(char delimiter); /* with its newline; knows quotes */
/* True when a row that met the end of the file is inside quotes. */
bool ds_file_scan_in_quotes(const ds_file_scan *s);

#endif
