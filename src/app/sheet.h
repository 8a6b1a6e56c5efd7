/* src/app/sheet.h
 *
 * A page of documentation, written once and set twice: as Markdown for the repository and as mdoc
 * for man.  In all texts `code` stands in backticks; paragraphs are apart by an empty line, and
 * lines that begin with two spaces stay as they are.
 */
#ifndef DS_APP_SHEET_H
#define DS_APP_SHEET_H

#include <durable_sync/base.h>

typedef struct ds_sheet {
    ds_buf *out;
    ds_arena *a;
    bool man;
    size_t columns;  /* of the table that is open */
    bool after_head; /* man: no paragraph begins right after one */
} ds_sheet;

/* `section` is the manual's; Markdown has none. */
void ds_sheet_title(ds_sheet *s, const char *name, const char *section, const char *what);
void ds_sheet_head(ds_sheet *s, const char *text);
void ds_sheet_subhead(ds_sheet *s, const char *text);
void ds_sheet_text(ds_sheet *s, const char *text);
/* A phrase with a capital letter and a full stop. */
const char *ds_sheet_sentence(ds_sheet *s, const char *phrase);
void ds_sheet_code(ds_sheet *s, const char *text);

/* A table. The first cell of a row is a name, the last one a text; what lies between is named by
 * its head in man: "default: 30m". */
#define DS_SHEET_COLUMNS 4
void ds_sheet_begin(ds_sheet *s, const char *const *heads, size_t columns);
void ds_sheet_row(ds_sheet *s, const char *const *cells);
void ds_sheet_end(ds_sheet *s);

#endif
