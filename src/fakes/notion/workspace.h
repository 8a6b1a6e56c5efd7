/* src/fakes/notion/workspace.h
 *
 * A workspace in memory: databases with their data sources, pages, blocks and people, as Notion's
 * stand-in keeps them.  Everything that has an id is a *thing*, found by it through one table.
 * Times are exact inside and shown to the minute, as Notion shows them.
 *
 * A row's values are *cells* packed into one block of memory (cells.h), so that a row costs a few
 * hundred bytes and 100,000 of them are at hand in a test.
 *
 * Everything lives until the workspace is closed: what is put into the trash stays there.
 */
#ifndef DS_FAKES_NOTION_WORKSPACE_H
#define DS_FAKES_NOTION_WORKSPACE_H

#include <durable_sync/base.h>
#include <durable_sync/json.h>

/* ---- why something is refused ---------------------------------------------------------------- */

typedef struct ds_ws_why {
    int status;
    const char *code; /* "validation_error", ...; constant */
    char text[1024];
} ds_ws_why;

/* Always false, for `return ds_ws_no(...)`. `invalid` is 400 validation_error. */
DS_PRINTF(4, 5) bool ds_ws_no(ds_ws_why *why, int status, const char *code, const char *fmt, ...);
DS_PRINTF(2, 3) bool ds_ws_invalid(ds_ws_why *why, const char *fmt, ...);

/* ---- ids ------------------------------------------------------------------------------------- */

#define DS_WS_ID_TEXT 37 /* with the NUL */

typedef struct ds_ws_id {
    uint8_t b[16];
} ds_ws_id;

/* With dashes or without; false: no uuid. */
bool ds_ws_id_read(const char *text, ds_ws_id *id);
const char *ds_ws_id_text(ds_ws_id id, char out[DS_WS_ID_TEXT]); /* dashed, lower case */
bool ds_ws_id_same(ds_ws_id a, ds_ws_id b);

/* ---- things ---------------------------------------------------------------------------------- */

typedef enum ds_ws_kind {
    DS_WS_PAGE = 1,
    DS_WS_BLOCK,
    DS_WS_DATABASE,
    DS_WS_SOURCE,
    DS_WS_USER,
} ds_ws_kind;

typedef struct ds_ws_thing ds_ws_thing;

typedef struct ds_ws_list { /* in order; borrowed */
    ds_ws_thing **at;
    uint32_t n, cap;
} ds_ws_list;

struct ds_ws_thing {
    ds_ws_id id;
    uint8_t kind;
    uint8_t created_by, edited_by; /* which of the users */
    bool trashed, locked;
    bool hidden;     /* not shared with the integration, and so nothing below it */
    uint32_t serial; /* in the order of their making */
    int64_t created_ms, edited_ms;
    ds_ws_thing *parent; /* NULL: the workspace itself */
};

typedef struct ds_ws_cells { /* packed, see cells.h */
    char *data;
    uint32_t n;
} ds_ws_cells;

typedef struct ds_ws_before { /* what queries see of a row until they have caught up */
    ds_ws_cells cells;
    int64_t edited_ms, until_ms;
    bool trashed, absent; /* absent: it was not there yet */
} ds_ws_before;

typedef struct ds_ws_page {
    ds_ws_thing thing; /* its parent is a data source, a page, or NULL */
    ds_ws_cells cells;
    ds_ws_list children; /* blocks and child pages */
    ds_ws_before *before;
    char *icon, *cover; /* JSON; NULL: none */
    uint32_t number;    /* its unique id within the data source */
} ds_ws_page;

typedef struct ds_ws_block {
    ds_ws_thing thing;
    ds_ws_list children;
    const char *type; /* constant */
    char *content;    /* JSON as it came, without children */
} ds_ws_block;

typedef struct ds_ws_option { /* of a select, multi-select or status property */
    char *id, *name, *description;
    const char *color; /* constant */
    uint16_t number;   /* what cells hold; never used again */
    bool gone;
} ds_ws_option;

#define DS_WS_OPTIONS_MOST 60000 /* made in all, with those that are gone */
#define DS_WS_COLUMNS_MOST 5000

typedef enum ds_ws_type {
    DS_WS_TITLE,
    DS_WS_RICH_TEXT,
    DS_WS_NUMBER,
    DS_WS_SELECT,
    DS_WS_MULTI_SELECT,
    DS_WS_STATUS,
    DS_WS_DATE,
    DS_WS_PEOPLE,
    DS_WS_FILES,
    DS_WS_CHECKBOX,
    DS_WS_URL,
    DS_WS_EMAIL,
    DS_WS_PHONE,
    DS_WS_RELATION,
    DS_WS_PLACE,
    DS_WS_VERIFICATION, /* from here on nobody writes them */
    DS_WS_FORMULA,
    DS_WS_ROLLUP,
    DS_WS_UNIQUE_ID,
    DS_WS_CREATED_TIME,
    DS_WS_CREATED_BY,
    DS_WS_EDITED_TIME,
    DS_WS_EDITED_BY,
    DS_WS_BUTTON,
    DS_WS_TYPES,
} ds_ws_type;

extern const char *const ds_ws_type_names[DS_WS_TYPES]; /* "title", ... */
/* DS_WS_TYPES: no such type. */
ds_ws_type ds_ws_type_of(const char *name);

typedef struct ds_ws_property {
    char *id; /* as it is: answers show it percent-encoded */
    char *name;
    char *description; /* NULL: none */
    char *config;      /* JSON of what it was made with; NULL: the empty object */
    ds_ws_option *options;
    uint32_t options_n;
    ds_ws_type type;
    uint16_t slot; /* what cells hold */
    bool gone;
} ds_ws_property;

typedef struct ds_ws_source {
    ds_ws_thing thing; /* its parent is a database */
    char *title;       /* JSON: rich text as it was asked for */
    char *description;
    ds_ws_property *properties;
    uint32_t properties_n; /* with those that are gone */
    ds_ws_list rows;       /* in the order of their making, with those in the trash */
    uint32_t numbers;      /* unique ids given so far */
} ds_ws_source;

typedef struct ds_ws_database {
    ds_ws_thing thing; /* its parent is a page or NULL */
    char *title, *description, *icon, *cover;
    ds_ws_list sources;
    bool is_inline;
} ds_ws_database;

typedef struct ds_ws_user {
    ds_ws_thing thing;
    char *name, *email; /* no email: a bot */
} ds_ws_user;

/* ---- the workspace --------------------------------------------------------------------------- */

typedef struct ds_ws_limits { /* what `seed` and the side door set */
    int64_t lag_ms;           /* until a query sees what was written */
    int64_t cap;              /* rows that one query yields in all */
    int64_t rows;             /* of a data source, else 409 row_limit_exceeded; 0: no end */
    bool no_insert, no_update, no_users; /* capabilities that the token has not */
} ds_ws_limits;

typedef struct ds_ws_pace {      /* how many requests are taken */
    int64_t requests, window_ms; /* so many in each window; 0: no end */
    int64_t used, window;        /* in the window that runs, which one that is */
    int64_t rate, burst;         /* so many a second on the long run; 0: no end */
    double tokens;
    int64_t tokens_at_ms;
} ds_ws_pace;

typedef struct ds_ws ds_ws;
struct ds_ws_cursors; /* query.c */

struct ds_ws {
    uint64_t seed;
    uint64_t made;       /* ids given so far */
    uint64_t generation; /* moves on with each change */
    uint32_t serials;
    ds_ws_thing **table; /* open addressing; a power of two */
    size_t table_n, table_cap;
    ds_ws_list users, databases, pages; /* pages: those that are no rows */
    ds_ws_limits limits;
    ds_ws_pace pace;
    uint64_t requests; /* so far */
    struct ds_ws_cursors *cursors;
    char *token; /* the only one taken; NULL: any of the right form */
};

ds_ws *ds_ws_open(uint64_t seed);
void ds_ws_close(ds_ws *ws); /* NULL is fine */
DS_AUTO_DEFINE(ds_ws, ds_ws_close)

/* The id of what is made next, or of what has a name of its own in the seed. */
ds_ws_id ds_ws_new_id(ds_ws *ws);
ds_ws_id ds_ws_named_id(const ds_ws *ws, const char *name);

/* NULL: none of that kind. Things in the trash and hidden ones are found too. */
ds_ws_thing *ds_ws_find(const ds_ws *ws, ds_ws_id id);
bool ds_ws_is_hidden(const ds_ws_thing *thing); /* it, or something above it */
bool ds_ws_is_trashed(const ds_ws_thing *thing);

void ds_ws_list_add(ds_ws_list *list, ds_ws_thing *thing);
void ds_ws_list_insert(ds_ws_list *list, uint32_t at, ds_ws_thing *thing);
/* Where it is; list->n: nowhere. */
uint32_t ds_ws_list_find(const ds_ws_list *list, const ds_ws_thing *thing);

/* Each is put where it belongs; `user` made it. */
ds_ws_page *ds_ws_add_page(ds_ws *ws, ds_ws_id id, ds_ws_thing *parent, uint8_t user,
                           int64_t now_ms);
ds_ws_block *ds_ws_add_block(ds_ws *ws, const char *type, ds_ws_thing *parent, uint32_t at,
                             int64_t now_ms);
ds_ws_database *ds_ws_add_database(ds_ws *ws, ds_ws_id id, ds_ws_thing *parent, int64_t now_ms);
ds_ws_source *ds_ws_add_source(ds_ws *ws, ds_ws_id id, ds_ws_database *parent, int64_t now_ms);
ds_ws_user *ds_ws_add_user(ds_ws *ws, const char *name, const char *email);

/* The children of a page or block; NULL: it has none by its kind. */
ds_ws_list *ds_ws_children(ds_ws_thing *thing);
/* Someone changed it now, and with a block the page on which it stands. */
void ds_ws_touch(ds_ws *ws, ds_ws_thing *thing, uint8_t user, int64_t now_ms);
/* Keeps what a query goes on seeing of a row, where `lag_ms` is set. Before the change. */
void ds_ws_remember(ds_ws *ws, ds_ws_page *page, bool created, int64_t now_ms);
/* JSON that stays: a copy of a value, NULL for null and for nothing. */
char *ds_ws_keep_json(const ds_json *json);
/* An icon or a cover as answers have it: with its type, which the one other member names. */
void ds_ws_show_typed(const ds_json *value, ds_json_writer *w);
char *ds_ws_keep_typed(const ds_json *value); /* NULL for null */
/* The first data source that is not in the trash, else the first. */
ds_ws_source *ds_ws_first_source(const ds_ws_database *base);
/* The data source of a row; NULL: a page that is no row. */
ds_ws_source *ds_ws_source_of(const ds_ws_page *page);

static inline int64_t ds_ws_minute(int64_t ms)
{
    return ms - ms % DS_MINUTE_MS;
}

#define DS_WS_BOT 0 /* the integration itself is the first user */
#define DS_WS_PERSON 1

#endif
