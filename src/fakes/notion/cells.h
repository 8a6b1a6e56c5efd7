/* src/fakes/notion/cells.h
 *
 * The values of a row, packed: for each property that has one its slot, the form of the value, its
 * length and its bytes, one behind the other.  A property without a cell is empty.
 */
#ifndef DS_FAKES_NOTION_CELLS_H
#define DS_FAKES_NOTION_CELLS_H

#include "fakes/notion/workspace.h"

typedef enum ds_ws_form {
    DS_WS_RUNS = 1, /* rich text without any dress: for each item its length and its text */
    DS_WS_RICH,     /* rich text as JSON, as it was asked for */
    DS_WS_REAL,     /* a double */
    DS_WS_PLAIN,    /* text */
    DS_WS_OPTIONS,  /* numbers of options, uint16_t each */
    DS_WS_IDS,      /* ids of pages or people */
    DS_WS_JSON,     /* JSON in the form of an answer */
    DS_WS_YES,      /* a ticked box */
} ds_ws_form;

typedef struct ds_ws_cell {
    const char *data; /* not aligned; borrowed until the row is written again */
    uint32_t n;
    uint16_t slot;
    uint8_t form;
} ds_ws_cell;

/* false: empty. */
bool ds_ws_cell_find(const ds_ws_cells *cells, uint16_t slot, ds_ws_cell *cell);
/* Replaces the value of `cell.slot`; the data is copied. */
void ds_ws_cell_put(ds_ws_cells *cells, ds_ws_cell cell);
void ds_ws_cell_drop(ds_ws_cells *cells, uint16_t slot);

double ds_ws_cell_real(const ds_ws_cell *cell);
size_t ds_ws_cell_entries(const ds_ws_cell *cell); /* of OPTIONS and IDS */
uint16_t ds_ws_cell_option(const ds_ws_cell *cell, size_t index);
ds_ws_id ds_ws_cell_id(const ds_ws_cell *cell, size_t index);
/* RUNS: the item at *at, which moves on; false: there is none left. */
bool ds_ws_cell_run(const ds_ws_cell *cell, size_t *at, const char **text, size_t *n);
/* The document of RICH and JSON. */
const ds_json *ds_ws_cell_json(const ds_ws_cell *cell, ds_arena *a);

/* ---- rich text ------------------------------------------------------------------------------- */

/* A list of rich text as a cell: RUNS where that holds all of it. `a` owns the bytes. */
ds_ws_cell ds_ws_rich_cell(const ds_json *list, ds_arena *a);
/* Without its dress. */
const char *ds_ws_rich_plain(const ds_ws *ws, const ds_json *list, ds_arena *a);
const char *ds_ws_cell_plain(const ds_ws *ws, const ds_ws_cell *cell, ds_arena *a);
/* The same of a row's or page's title; "" without one. */
const char *ds_ws_page_title(const ds_ws *ws, const ds_ws_page *page, ds_arena *a);
const char *ds_ws_title_text(const ds_ws *ws, const char *title_json, ds_arena *a);
/* A page that is no row keeps its title in this slot. */
#define DS_WS_TITLE_SLOT 0

/* ---- numbers --------------------------------------------------------------------------------- */

/* The shortest decimal text that reads as the same double. */
const char *ds_ws_real_text(double real, char out[32]);

#endif
