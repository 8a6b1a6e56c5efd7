/* src/connectors/notion/writer.h
 *
 * The inside of the destination, shared by its files.
 *
 * Nothing is asked when a pass begins.  What the table looks like is kept between passes, and asked
 * again when Notion refuses a write that was made by it, or a day later: so a pass without changes
 * costs no call, and one with ten changes costs ten.  Columns are known by their ids, which are
 * kept beside their names: one that is renamed by hand goes on being written.
 */
#ifndef DS_CONNECTORS_NOTION_WRITER_H
#define DS_CONNECTORS_NOTION_WRITER_H

#include "connectors/notion/blocks.h"

#define DS_NOTION_IN_FLIGHT ((size_t)16)
#define DS_NOTION_BODY_MAX DS_MIB

typedef struct ds_notion_bound { /* a name in the mapping, and the column it stands for */
    const char *name;
    const ds_notion_column *column; /* NULL: there is none */
} ds_notion_bound;

typedef struct ds_notion_seen { /* a row that `find` met */
    const char *id;
    ds_record *row;
} ds_notion_seen;

typedef enum ds_notion_body {
    DS_NOTION_NO_BODY,
    DS_NOTION_BODY_ONCE,
    DS_NOTION_BODY
} ds_notion_body;
typedef enum ds_notion_trash {
    DS_NOTION_RESTORE,
    DS_NOTION_RECREATE,
    DS_NOTION_LEAVE
} ds_notion_trash;

typedef struct ds_notion_writer {
    ds_destination base;
    ds_notion_settings settings; /* settings... */
    const char *key;
    const char *body, *options, *on_overflow, *trashed, *parent;
    int64_t settle_ms, lag_ms;

    ds_arena *arena;         /* of this open; NULL while closed */
    const ds_column *wanted; /* of a route with fields */
    size_t wanted_n;
    ds_notion_policy policy;
    ds_http *http;
    bool known;  /* table, bound and key_column are set... */
    bool recent; /* ...to what was asked in this pass */
    ds_notion_table table;
    ds_notion_bound *bound;
    size_t bound_n, bound_cap;
    const ds_notion_column *key_column;
    const ds_json *names; /* what is kept of the columns: {"Stars": "n1"} */
    bool unkept;          /* there is more of it */
    bool remade;          /* a column has another id than is kept, and is empty */
    bool refills;         /* this pass compares every row for that */
    ds_arena *seen_arena; /* what `find` answered last */
    ds_notion_seen *seen;
    size_t seen_n;
    bool warned_cut, warned_columns;
    double pace; /* requests a second that were learnt; 0: not known, or nobody asks */
} ds_notion_writer;

ds_notion_body ds_notion_body_of(const ds_notion_writer *w);
ds_notion_trash ds_notion_trash_of(const ds_notion_writer *w);

/* target.c: the table. */
void ds_notion_begin(ds_notion_writer *w); /* of each open */
void ds_notion_end(ds_notion_writer *w);
DS_MUST_USE bool ds_notion_client(ds_notion_writer *w, ds_activity *act, ds_err *err);
/* The table and its columns, from memory where it knows them. */
DS_MUST_USE bool ds_notion_ready(ds_notion_writer *w, ds_activity *act, ds_err *err);
/* The same, asked anew. CONFIG where a column of the route cannot be written. */
DS_MUST_USE bool ds_notion_renew(ds_notion_writer *w, ds_activity *act, ds_err *err);
/* When a pass begins: asks for a table that is kept for too long, and sets `refills`. Of what
 * hinders that, only a refusal is an error. */
bool ds_notion_was_remade(ds_activity *act); /* an earlier pass has seen that */
DS_MUST_USE bool ds_notion_look_again(ds_notion_writer *w, ds_activity *act, ds_err *err);
/* The column that a name of the mapping stands for. NULL: there is none. */
const ds_notion_column *ds_notion_bind(ds_notion_writer *w, const char *name);
void ds_notion_keep_columns(ds_notion_writer *w, ds_activity *act);
/* Why the column cannot take what the route writes, in `a`; NULL: it can. `c` NULL: it is missing.
 */
const char *ds_notion_column_problem(const ds_notion_writer *w, const ds_notion_column *c,
                                     const char *name, ds_arena *a);
const char *ds_notion_key_column_problem(const ds_notion_writer *w, const ds_notion_column *c,
                                         ds_arena *a);

/* find.c */
bool ds_notion_find(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                    ds_found *out, ds_err *err);
/* Whether a query meets a row of this key; what the last look-up met stays so. */
DS_MUST_USE bool ds_notion_shows(ds_notion_writer *w, ds_activity *act, const char *key,
                                 bool *shows, ds_err *err);
/* A row that the last look-up met. NULL: it did not. */
const ds_record *ds_notion_seen_row(const ds_notion_writer *w, const char *id);

/* job.c: one record, and the body of its request. */
typedef struct ds_notion_job {
    ds_write *write;
    const char *page; /* the row's id; NULL: it is to be made */
    const char *json; /* of the request; NULL: there is nothing to write */
    size_t json_n;
    ds_notion_blocks blocks; /* of the body */
    size_t at;               /* blocks that are on their way or there... */
    size_t top;              /* ...and how many of them lie in no other */
    bool erases;             /* it empties the page before that */
    bool resumes;            /* how many are there has to be asked */
    bool recent;             /* made by the table as it was asked for in this pass */
    int tries;
} ds_notion_job;

/* false: the record is held, or (err) nothing can be written. */
DS_MUST_USE bool ds_notion_job_make(ds_notion_writer *w, ds_activity *act, ds_notion_job *job,
                                    ds_err *err);
bool ds_notion_same(ds_destination *self, const char *column, ds_value wanted, ds_value there,
                    ds_arena *a);
ds_http_request ds_notion_job_request(const ds_notion_job *job, ds_arena *a);
/* The write is held, for what `fmt` says. */
DS_PRINTF(3, 4) void ds_notion_hold(ds_notion_job *job, ds_arena *a, const char *fmt, ...);

/* content.c: the rest of a body, behind the blocks that the page has. */
DS_MUST_USE bool ds_notion_content(ds_notion_writer *w, ds_activity *act, ds_notion_job *job,
                                   ds_err *err);
/* The same where nothing else is to be written. */
DS_MUST_USE bool ds_notion_content_alone(ds_notion_writer *w, ds_activity *act, ds_notion_job *job,
                                         ds_err *err);

/* write.c */
bool ds_notion_write(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                     ds_err *err);
/* What became of the request is the job's outcome; what can be mended is. */
DS_MUST_USE bool ds_notion_settle(ds_notion_writer *w, ds_activity *act, ds_notion_job *job,
                                  ds_http_request *req, ds_err *err);

/* mend.c: rows that are not what they were thought to be. */
DS_MUST_USE bool ds_notion_mend(ds_notion_writer *w, ds_activity *act, ds_notion_job *job,
                                const ds_http_request *refused, ds_err *err);
/* The page as it is; *page NULL: there is none, or none for us. */
DS_MUST_USE bool ds_notion_page(ds_notion_writer *w, ds_activity *act, const char *id,
                                const ds_json **page, ds_err *err);

/* remove.c */
bool ds_notion_remove(ds_destination *self, ds_activity *act, const char *const *keys,
                      const char *const *ids, size_t n, ds_err *err);

/* check.c, ensure.c */
bool ds_notion_check(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                     void (*say)(void *to, bool is_error, const char *text, const char *remedy),
                     void *to, ds_err *err);
const char *ds_notion_misfit(ds_destination *self, ds_activity *act, const char *column,
                             ds_type type, const ds_value *value);
bool ds_notion_list_columns(ds_destination *self, ds_activity *act, const ds_column *columns,
                            size_t n, const ds_column_there **out, size_t *out_n, ds_err *err);
bool ds_notion_ensure(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                      void (*did)(void *to, const char *what), void *to, ds_err *err);

#endif
