/* src/connectors/notion/job.c - one record, and the body of its request. */
#include "connectors/notion/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_MAX ((size_t)500000) /* Notion takes 500 KB */

void ds_notion_hold(ds_notion_job *job, ds_arena *a, const char *fmt, ...)
{
    char text[600];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    job->write->outcome = DS_OUT_HELD;
    job->write->reason = ds_arena_strdup(a, text);
}

/* ---- properties ------------------------------------------------------------------------------ */

typedef struct making {
    ds_notion_writer *w;
    ds_activity *act;
    ds_notion_job *job;
    const ds_record *seen; /* the row as it was found just now; NULL: not looked up */
    ds_json_writer *json;
    size_t n; /* properties written */
} making;

static void put(making *m, const ds_notion_column *c, const ds_notion_cell *cell)
{
    ds_json_w_name(m->json, c->id);
    ds_json_w_raw(m->json, cell->json, cell->n);
    m->n++;
}

static void warn_cut(making *m, const ds_notion_column *c)
{
    if (!m->w->warned_cut)
        ds_activity_warn(m->act, "key \"%s\": what does not fit into column \"%s\" is cut off",
                         m->job->write->key, c->name);
    m->w->warned_cut = true;
}

/* What the row that was found has; NULL: that is not known. */
static const ds_value *there(const making *m, const char *name)
{
    const ds_value *value = m->seen ? ds_record_get(m->seen, name) : NULL;

    return value && value->type != DS_ABSENT ? value : NULL;
}

/* It would be written the same way: "" as nothing, a list as its text, a text as far as it fits. */
static bool is_written_as(const ds_notion_writer *w, const ds_notion_column *c, ds_value value,
                          const ds_notion_cell *cell, ds_arena *a)
{
    ds_notion_cell other;

    return !ds_notion_encode(c, value, &w->policy, a, &other) && other.n == cell->n &&
           memcmp(other.json, cell->json, cell->n) == 0;
}

/* Not written at all: what it is and is to be makes no difference. */
static bool is_left_out(const ds_notion_column *c)
{
    return !c || !ds_notion_is_writable(c->type);
}

bool ds_notion_same(ds_destination *self, const char *column, ds_value wanted, ds_value there,
                    ds_arena *a)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    const ds_notion_column *c = ds_notion_bind(w, column);
    ds_notion_cell cell;

    return is_left_out(c) || (!ds_notion_encode(c, wanted, &w->policy, a, &cell) &&
                              is_written_as(w, c, there, &cell, a));
}

static bool put_prop(making *m, const ds_prop *prop)
{
    ds_arena *a = ds_activity_arena(m->act);
    const ds_notion_column *c = ds_notion_bind(m->w, prop->name);
    const ds_value *now = there(m, prop->name);
    ds_notion_cell cell;
    const char *problem;

    if (c == m->w->key_column && c)
        return true;
    if (!c || is_left_out(c)) { /* a route without `fields`: what fits is taken */
        if (!m->w->warned_columns)
            ds_activity_warn(m->act, "%s: it is left out",
                             ds_notion_column_problem(m->w, c, prop->name, a));
        m->w->warned_columns = true;
        return true;
    }
    if (now && ds_value_same(prop->value, *now))
        return true;
    problem = ds_notion_encode(c, prop->value, &m->w->policy, a, &cell);
    if (problem) {
        ds_notion_hold(m->job, a, "column \"%s\": %s", c->name, problem);
        return false;
    }
    if (now && is_written_as(m->w, c, *now, &cell, a))
        return true;
    if (cell.cut)
        warn_cut(m, c);
    put(m, c, &cell);
    return true;
}

static bool put_props(making *m, bool along)
{
    const ds_write *write = m->job->write;

    for (size_t i = 0; i < write->props_n; i++) {
        uint8_t how = write->how ? write->how[i] : DS_HOW_ALWAYS;

        if ((how == DS_HOW_ALONG) != along || (how == DS_HOW_ONLY_NEW && m->job->page))
            continue;
        if (!put_prop(m, &write->props[i]))
            return false;
    }
    return true;
}

static bool put_key(making *m)
{
    ds_arena *a = ds_activity_arena(m->act);
    const char *key = m->job->write->key;
    const ds_notion_column *c = m->w->key_column;
    const char *problem = ds_notion_key_problem(c, key, a);
    ds_notion_cell cell;

    if (!problem)
        problem = ds_notion_encode(c, ds_text(key), &m->w->policy, a, &cell);
    if (problem) {
        ds_notion_hold(m->job, a, "%s", problem);
        return false;
    }
    put(m, c, &cell);
    return true;
}

/* ---- the body -------------------------------------------------------------------------------- */

/* Whether the record's body is to be written with this job. */
static bool writes_body(const making *m)
{
    ds_notion_body how = ds_notion_body_of(m->w);

    return m->job->write->body && how != DS_NOTION_NO_BODY &&
           (how == DS_NOTION_BODY || !m->job->page);
}

/* Whether the page may lack the end of a body that is written once. */
static bool resumes_body(const making *m)
{
    return m->job->page && m->job->write->recovered && m->job->write->body &&
           ds_notion_body_of(m->w) == DS_NOTION_BODY_ONCE;
}

static bool read_body(making *m)
{
    const char *text = m->job->write->body;
    size_t n = strlen(text);
    ds_arena *a = ds_activity_arena(m->act);

    if (n > DS_NOTION_BODY_MAX) {
        if (m->w->policy.overflow != DS_NOTION_TRUNCATE) {
            ds_notion_hold(m->job, a, "the body has %zu bytes, the most is %zu", n,
                           DS_NOTION_BODY_MAX);
            return false;
        }
        n = DS_NOTION_BODY_MAX;
        while (((unsigned char)text[n] & 0xC0) == 0x80) /* not within a character */
            n--;
        ds_activity_warn(m->act, "key \"%s\": the body is cut off at %zu bytes", m->job->write->key,
                         n);
    }
    ds_notion_markdown(text, n, a, &m->job->blocks);
    return true;
}

/* The first blocks of a new page travel with it. */
static void put_children(making *m)
{
    ds_arena *a = ds_activity_arena(m->act);
    size_t room = m->json->out->n < DS_NOTION_ROOM ? DS_NOTION_ROOM - m->json->out->n : 0;
    size_t n;
    const char *children =
        ds_notion_blocks_next(&m->job->blocks, &m->job->at, room, a, &n, &m->job->top);

    if (!children)
        return;
    ds_json_w_name(m->json, "children");
    ds_json_w_raw(m->json, children, n);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void put_parent(making *m)
{
    ds_json_w_name(m->json, "parent");
    ds_json_w_begin_object(m->json);
    ds_json_w_name(m->json, ds_notion_is_old(&m->w->settings) ? "database_id" : "data_source_id");
    ds_json_w_text(m->json, m->w->table.id);
    ds_json_w_end_object(m->json);
}

/* A new row; one of ours that is not found by its key, as where that column was made anew. */
static bool lacks_key(const making *m)
{
    return !m->job->page || m->job->write->unfound;
}

static bool put_all(making *m, bool body)
{
    ds_json_w_begin_object(m->json);
    if (!m->job->page)
        put_parent(m);
    ds_json_w_name(m->json, "properties");
    ds_json_w_begin_object(m->json);
    if ((lacks_key(m) && !put_key(m)) || !put_props(m, false))
        return false;
    if ((m->n || body) && !put_props(m, true))
        return false;
    ds_json_w_end_object(m->json);
    if (body && !m->job->page)
        put_children(m);
    if (m->job->erases) {
        ds_json_w_name(m->json, "erase_content");
        ds_json_w_bool(m->json, true);
    }
    ds_json_w_end_object(m->json);
    return true;
}

static bool make(ds_notion_writer *w, ds_activity *act, ds_notion_job *job)
{
    ds_arena *a = ds_activity_arena(act);
    DS_AUTO_BUF(out, 64 * DS_MIB);
    ds_json_writer json = ds_json_w(&out, false);
    making m = {.w = w, .act = act, .job = job, .json = &json};
    bool body = writes_body(&m);

    m.seen = job->page ? ds_notion_seen_row(w, job->page) : NULL;
    job->json = NULL;
    job->recent = w->recent;
    job->blocks = (ds_notion_blocks){.arena = a};
    job->at = job->top = 0;
    job->erases = body && job->page;
    job->resumes = resumes_body(&m);
    if (((body || job->resumes) && !read_body(&m)) || !put_all(&m, body))
        return false;
    if (job->page && !m.n && !body)
        return true;
    if (out.n > REQUEST_MAX || out.overflow) {
        ds_notion_hold(job, a, "its properties make a request of %zu bytes, the most is %zu", out.n,
                       REQUEST_MAX);
        return false;
    }
    job->json = ds_arena_strndup(a, out.data, out.n);
    job->json_n = out.n;
    return true;
}

bool ds_notion_job_make(ds_notion_writer *w, ds_activity *act, ds_notion_job *job, ds_err *err)
{
    if (make(w, act, job))
        return true;
    if (w->recent)
        return false;
    /* The column may have another type or more options than it had: that is looked at once. */
    job->write->outcome = DS_OUT_NONE;
    return ds_notion_renew(w, act, err) && make(w, act, job);
}

ds_http_request ds_notion_job_request(const ds_notion_job *job, ds_arena *a)
{
    if (!job->page)
        return (ds_http_request){.method = "POST",
                                 .path = "/v1/pages",
                                 .body = job->json,
                                 .body_n = job->json_n,
                                 .endpoint = "POST /v1/pages"};
    return (ds_http_request){.method = "PATCH",
                             .path = ds_arena_printf(a, "/v1/pages/%s", job->page),
                             .body = job->json,
                             .body_n = job->json_n,
                             .repeatable = !job->erases, /* late, it would take what came behind */
                             .endpoint = "PATCH /v1/pages/{id}"};
}
