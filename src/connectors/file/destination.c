/* src/connectors/file/destination.c
 *
 * A file that is kept up to date by key.  Writes go into a journal beside it (journal.h), which is
 * made durable whenever the core asks; the end of a pass merges it into the file (merge.h).  What a
 * row says at present is the file's row under the journal's last entry for its key.
 */
#include "connectors/file/cell.h"
#include "connectors/file/file.h"
#include "connectors/file/row.h"
#include "connectors/file/state.h"
#include "connectors/file/units.h"

#include <string.h>
#include <unistd.h>

#define SCRATCH_MOST (4 * DS_MIB)

static const ds_option options[] = {
    DS_OPT_PATH(ds_file_dest, path, "the file to write; it is created where there is none"),
    DS_OPT_TEXT(ds_file_dest, key, "the property or column that holds the primary key"),
    DS_OPT_CHOICE(ds_file_dest, format, "jsonl|json|csv", NULL,
                  "how the file is written; by default from its name's end"),
    DS_OPT_TEXT_OR(ds_file_dest, delimiter, NULL,
                   "csv: what separates the columns; a comma, in .tsv files a tab"),
    DS_OPT_END,
};

/* What there is of a key. */
typedef struct present {
    size_t n; /* rows: 0, 1, or a conflict */
    bool has_old;
    ds_file_old old; /* the file's row */
    bool has_entry;
    ds_file_entry entry; /* over it */
    bool left_over;      /* made by an interrupted pass of this owner: ours, and not yet counted */
} present;

/* ---- looking --------------------------------------------------------------------------------- */

static bool look(ds_file_dest *d, ds_activity *act, ds_arena *a, const char *key, present *out,
                 ds_err *err)
{
    size_t n;

    *out = (present){0};
    if (!ds_file_journal_find(&d->journal, act, a, key, &out->entry, &out->has_entry, err))
        return false;
    if (out->has_entry) {
        out->left_over = out->entry.made && out->entry.offset < d->left_over;
        if (!ds_file_entry_set(&out->entry, a, err))
            return false;
        out->n = !out->entry.gone;
        if (out->entry.gone || out->entry.fresh)
            return true;
    }
    if (!ds_file_table_find(&d->table, act, a, key, &out->old, &n, err))
        return false;
    out->has_old = n > 0;
    out->n = DS_MAX(n, (size_t)out->has_entry);
    return true;
}

/* An interrupted pass may have merged a row before its link was known to the core. */
static bool look_back(ds_file_dest *d, ds_activity *act, ds_arena *a, const char *key, present *now,
                      ds_err *err)
{
    ds_file_entry entry;
    bool found;

    if (!d->past.exists || !d->left_over || now->has_entry)
        return true;
    if (!ds_file_journal_find(&d->past, act, a, key, &entry, &found, err))
        return false;
    now->left_over = found && entry.made && entry.offset < d->left_over;
    return true;
}

static bool same_value(ds_file_dest *d, ds_arena *a, const present *now, const ds_prop *prop)
{
    bool csv = d->table.format == DS_FILE_CSV;
    const ds_json *json = now->has_entry ? ds_json_get(now->entry.set, prop->name) : NULL;
    const char *cell = NULL;

    if (!json && now->has_old && !csv)
        json = ds_json_get(now->old.doc, prop->name);
    if (csv && json)
        cell = ds_file_cell_text(a, ds_from_json(a, json));
    else if (csv && now->has_old)
        cell = ds_file_old_cell(&d->table, &now->old, prop->name);
    if (cell)
        return !strcmp(cell, ds_file_cell_text(a, prop->value));
    if (json && !csv)
        return ds_file_same_json(a, json, prop->value);
    return prop->value.type == DS_NULL; /* nothing there says the same */
}

static int how(const ds_write *w, size_t i)
{
    return w->how ? w->how[i] : DS_HOW_ALWAYS;
}

/* The primary key stands under the key's name, whatever a property of that name says. */
static bool is_written(const ds_file_dest *d, const ds_write *w, size_t i, bool is_new)
{
    return w->props[i].value.type != DS_ABSENT && strcmp(w->props[i].name, d->key) != 0 &&
           (is_new || how(w, i) != DS_HOW_ONLY_NEW);
}

static bool differs(ds_file_dest *d, ds_arena *a, const present *now, const ds_write *w)
{
    for (size_t i = 0; i < w->props_n; i++)
        if (is_written(d, w, i, false) && how(w, i) != DS_HOW_ALONG &&
            !same_value(d, a, now, &w->props[i]))
            return true;
    return false;
}

/* ---- entries --------------------------------------------------------------------------------- */

static void write_flag(ds_json_writer *w, const char *name, bool set)
{
    if (!set)
        return;
    ds_json_w_name(w, name);
    ds_json_w_bool(w, true);
}

/* The key's own JSON value where it is a number, 5 and not "5": at its source, unless the other
 * rows here have texts; or here. */
static void write_key_value(ds_file_dest *d, ds_arena *a, ds_json_writer *w, const ds_write *write)
{
    const ds_file_table *t = &d->table;
    bool as_number =
        write->is_number ? !t->index.n || t->numbers : t->index.n && t->numbers == t->index.n;
    ds_value number = ds_number(write->key, strlen(write->key)); /* text where it spells none */

    if (!as_number || number.type == DS_TEXT || strcmp(ds_value_text(a, number), write->key) != 0)
        return;
    ds_json_w_name(w, "kv");
    ds_json_w_text(w, write->key);
}

static void write_only_new(ds_json_writer *w, const ds_file_dest *d, const ds_write *write)
{
    bool any = false;

    for (size_t i = 0; i < write->props_n; i++) {
        if (how(write, i) != DS_HOW_ONLY_NEW || !is_written(d, write, i, true))
            continue;
        if (!any) {
            ds_json_w_name(w, "new");
            ds_json_w_begin_list(w);
        }
        any = true;
        ds_json_w_text(w, write->props[i].name);
    }
    if (any)
        ds_json_w_end_list(w);
}

static void write_meta(ds_file_dest *d, ds_arena *a, const present *now, const ds_write *write)
{
    ds_json_writer w = ds_json_w(&d->body, false);
    const ds_file_entry *old = now->has_entry && !now->entry.gone ? &now->entry : NULL;

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "k");
    ds_json_w_text(&w, write->key);
    if (old && old->key_value) {
        ds_json_w_name(&w, "kv");
        ds_json_w_text(&w, old->key_value);
    } else {
        write_key_value(d, a, &w, write);
    }
    write_flag(&w, "made", !now->n || (old && old->made));
    write_flag(&w, "fresh", (!now->n && now->has_entry) || (old && old->fresh));
    if (!now->n) {
        write_only_new(&w, d, write);
    } else if (old && old->only_new) {
        ds_json_w_name(&w, "new");
        ds_json_w_json(&w, old->only_new);
    }
    ds_json_w_end_object(&w);
}

static const ds_prop *prop_named(const ds_file_dest *d, const ds_write *w, const char *name)
{
    for (size_t i = 0; i < w->props_n; i++)
        if (!strcmp(w->props[i].name, name))
            return is_written(d, w, i, false) ? &w->props[i] : NULL;
    return NULL;
}

/* All there is to say about the row: what the last entry said, with the new values in it. */
static void write_set(ds_file_dest *d, const present *now, const ds_write *write)
{
    ds_json_writer w = ds_json_w(&d->body, false);
    const ds_json *old = now->n && now->has_entry ? now->entry.set : NULL, *value;
    ds_json_iter it = ds_json_iterate(old);

    w.exact = true;
    ds_json_w_begin_object(&w);
    while ((value = ds_json_next(&it)) != NULL) {
        const ds_prop *prop = prop_named(d, write, it.name);

        ds_json_w_name(&w, it.name);
        if (prop)
            ds_json_w_value(&w, prop->value);
        else
            ds_json_w_json(&w, value);
    }
    for (size_t i = 0; i < write->props_n; i++) {
        if (!is_written(d, write, i, !now->n) || ds_json_get(old, write->props[i].name))
            continue;
        ds_json_w_name(&w, write->props[i].name);
        ds_json_w_value(&w, write->props[i].value);
    }
    ds_json_w_end_object(&w);
}

static bool add_body(ds_file_dest *d, ds_activity *act, ds_arena *a, const char *key, ds_err *err)
{
    if (!d->journal.exists && d->past.exists)
        ds_file_journal_remove(&d->past); /* the new one takes its name */
    if (!d->table.open && !ds_file_table_open(&d->table, act, err))
        return false;
    return ds_file_journal_add(&d->journal, act, a, key, &d->body, d->table.id, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void hold(ds_activity *act, ds_write *w, const char *reason)
{
    w->outcome = DS_OUT_HELD;
    w->reason = ds_arena_strdup(ds_activity_arena(act), reason);
}

static bool write_one(ds_file_dest *d, ds_activity *act, ds_write *w, ds_err *err)
{
    ds_arena *a = d->scratch;
    present now;

    if (!look(d, act, a, w->key, &now, err) || !look_back(d, act, a, w->key, &now, err))
        return false;
    if (now.n > 1) {
        hold(act, w,
             ds_arena_printf(a, "%zu rows of %s hold this key: remove all but one", now.n,
                             d->target));
        return true;
    }
    w->adopted = w->op == DS_OP_CREATE && now.n && !now.left_over;
    if (now.n && !differs(d, a, &now, w)) {
        w->outcome = w->op == DS_OP_CREATE && now.left_over ? DS_OUT_CREATED : DS_OUT_UNCHANGED;
        return true;
    }
    ds_buf_clear(&d->body);
    write_meta(d, a, &now, w);
    ds_buf_char(&d->body, '\t');
    write_set(d, &now, w);
    if (d->body.overflow) {
        hold(act, w,
             ds_arena_printf(a, "the row would be longer than %zu MiB", DS_RECORD_MAX / DS_MIB));
        return true;
    }
    if (!add_body(d, act, a, w->key, err))
        return false;
    w->outcome =
        !now.n || (w->op == DS_OP_CREATE && now.left_over) ? DS_OUT_CREATED : DS_OUT_UPDATED;
    return true;
}

/* Nothing of an earlier call is looked at again. */
static void begin_call(ds_file_dest *d)
{
    ds_file_table_forget(&d->table);
    ds_file_journal_forget(&d->journal);
    ds_file_journal_forget(&d->past);
    ds_arena_reset(d->scratch);
}

static bool stopped(ds_file_dest *d, ds_activity *act, ds_err *err)
{
    return ds_activity_stopping(act) &&
           !ds_fail(err, DS_ERR_CANCELLED, "stopped while writing to %s", d->target);
}

static bool write_rows(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                       ds_err *err)
{
    ds_file_dest *d = (ds_file_dest *)self;

    begin_call(d);
    for (size_t i = 0; i < n; i++) {
        if (stopped(d, act, err) || !write_one(d, act, &writes[i], err))
            return false;
        if (ds_arena_size(d->scratch) > SCRATCH_MOST)
            begin_call(d);
    }
    return true;
}

static bool remove_rows(ds_destination *self, ds_activity *act, const char *const *keys,
                        const char *const *ids, size_t n, ds_err *err)
{
    ds_file_dest *d = (ds_file_dest *)self;

    (void)ids; /* the key itself */
    for (size_t i = 0; i < n; i++) {
        ds_json_writer w = ds_json_w(&d->body, false);
        present now;

        begin_call(d);
        if (stopped(d, act, err) || !look(d, act, d->scratch, keys[i], &now, err))
            return false;
        if (!now.n)
            continue;
        if (now.n > 1)
            return ds_fail(err, DS_ERR_PERMANENT,
                           "%zu rows of %s hold the key %s: remove one by hand", now.n, d->target,
                           keys[i]);
        ds_buf_clear(&d->body);
        ds_json_w_begin_object(&w);
        ds_json_w_name(&w, "k");
        ds_json_w_text(&w, keys[i]);
        write_flag(&w, "gone", true);
        ds_json_w_end_object(&w);
        ds_buf_text(&d->body, "\t{}");
        if (!add_body(d, act, d->scratch, keys[i], err))
            return false;
    }
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void old_values(ds_file_dest *d, const ds_file_old *old, ds_record *rec)
{
    if (d->table.format != DS_FILE_CSV) {
        ds_record_set_json(rec, old->doc);
        return;
    }
    for (size_t i = 0; i < old->cells_n && i < d->table.reader.names_n; i++)
        ds_record_append(rec, ds_arena_strdup(rec->arena, d->table.reader.names[i]),
                         ds_text(old->cells[i]));
}

static void entry_values(ds_file_dest *d, const present *now, ds_record *rec)
{
    ds_json_iter it = ds_json_iterate(now->entry.set);
    const ds_json *json;

    while ((json = ds_json_next(&it)) != NULL) {
        ds_value value = ds_from_json(rec->arena, json);

        if (now->has_old && !ds_file_entry_get(&now->entry, it.name))
            continue;
        if (d->table.format == DS_FILE_CSV)
            value = ds_text(ds_file_cell_text(rec->arena, value));
        ds_record_set(rec, it.name, value);
    }
}

static ds_record *row_of(ds_file_dest *d, ds_arena *a, const char *key, const present *now)
{
    ds_record *rec = ds_new_in(a, ds_record);

    rec->arena = a;
    rec->primary_key = ds_arena_strdup(a, key);
    if (now->has_old)
        old_values(d, &now->old, rec);
    else
        ds_record_append(rec, d->key, ds_text(rec->primary_key));
    if (now->has_entry)
        entry_values(d, now, rec);
    return rec;
}

static bool find(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                 ds_found *out, ds_err *err)
{
    ds_file_dest *d = (ds_file_dest *)self;
    ds_arena *a = ds_activity_arena(act);

    begin_call(d);
    for (size_t i = 0; i < n; i++) {
        present now;

        if (stopped(d, act, err) || !look(d, act, a, keys[i], &now, err))
            return false;
        out[i] = (ds_found){.key = keys[i], .n = now.n};
        if (now.n)
            out[i].row = row_of(d, a, keys[i], &now);
    }
    return true;
}

/* A cell is text: null is an empty one, and a list is joined. */
static bool same(ds_destination *self, const char *column, ds_value wanted, ds_value there,
                 ds_arena *a)
{
    const ds_file_dest *d = (const ds_file_dest *)self;

    (void)column;
    return d->table.format == DS_FILE_CSV && there.type == DS_TEXT &&
           !strcmp(ds_file_cell_text(a, wanted), ds_file_cell_text(a, there));
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool validate(const ds_destination *self, ds_err *err)
{
    const ds_file_dest *d = (const ds_file_dest *)self;

    if (!d->path || !*d->path)
        return ds_fail(err, DS_ERR_CONFIG, "`path` is empty: name the file to write");
    if (ds_file_is_pattern(d->path))
        return ds_fail(err, DS_ERR_CONFIG, "`path: %s` is a pattern: a destination is one file",
                       d->path);
    if (!d->key || !*d->key)
        return ds_fail(err, DS_ERR_CONFIG, "`key` is empty: name what is to hold the primary key");
    return ds_file_check_form(d->format, d->delimiter, d->path, err);
}

/* By its name as it was written: the links of a route are kept by it, and must not be void because
 * a symbolic link on the way leads to another disk, or to one that is not there yet. */
static const char *identity(const ds_destination *self, ds_arena *a)
{
    const ds_file_dest *d = (const ds_file_dest *)self;
    const char *path = d->path;
    char here[4096];
    char *clean, *to;

    if (*path != '/' && getcwd(here, sizeof(here)))
        path = ds_arena_printf(a, "%s/%s", here, path);
    clean = to = ds_arena_strdup(a, path);
    for (const char *from = path; *from; from++) {
        if (from[0] == '/' && from[1] == '/')
            continue;
        if (from[0] == '/' && from[1] == '.' && from[2] == '/') {
            from++; /* "/./" is "/", which the next round writes */
            continue;
        }
        *to++ = *from;
    }
    *to = '\0';
    return ds_arena_printf(a, "file:%s", clean);
}

static bool open_dest(ds_destination *self, ds_activity *act, const ds_open_in *in,
                      ds_open_out *out, ds_err *err)
{
    return validate(self, err) && ds_file_dest_open((ds_file_dest *)self, act, in, out, err);
}

static void close_dest(ds_destination *self)
{
    ds_file_dest_close((ds_file_dest *)self);
}

static bool flush(ds_destination *self, ds_activity *act, const char **generation, ds_err *err)
{
    return ds_file_dest_flush((ds_file_dest *)self, act, generation, err);
}

static bool finish(ds_destination *self, ds_activity *act, const char **generation, ds_err *err)
{
    begin_call((ds_file_dest *)self);
    return ds_file_dest_finish((ds_file_dest *)self, act, generation, err);
}

static bool check_schema(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                         void (*say)(void *to, bool is_error, const char *text, const char *remedy),
                         void *to, ds_err *err)
{
    ds_file_dest *d = (ds_file_dest *)self;
    const char *folder = ds_file_folder(ds_activity_arena(act), d->target);
    ds_err why = DS_ERR_INIT;

    if (access(folder, W_OK | X_OK) < 0)
        say(to, true,
            ds_arena_printf(ds_activity_arena(act), "the folder %s cannot be written to", folder),
            "the file is replaced as a whole, so the folder must be writable");
    for (size_t i = 0; i < n; i++)
        if (!strcmp(columns[i].name, d->key) && columns[i].typed && columns[i].type != DS_TEXT)
            say(to, false, "the key's property has a type of its own",
                "the primary key is what is written there");
    begin_call(d);
    if (ds_file_table_read(&d->table, act, &why))
        return true;
    if (why.kind != DS_ERR_CONFIG && why.kind != DS_ERR_PERMANENT) {
        *err = why;
        return false;
    }
    say(to, true, ds_arena_strdup(ds_activity_arena(act), why.text),
        "a file that cannot be read whole is never written to: mend or move it");
    return true;
}

const ds_destination_ops ds_file_destination = {
    .kind = "file",
    .help = "one file of JSON lines, a JSON array or CSV, kept up to date by key",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(ds_file_dest),
    .promise = DS_PROMISE_A,
    .upserts = true,
    .identity = identity,
    .write = write_rows,
    .find = find,
    .open = open_dest,
    .close = close_dest,
    .flush = flush,
    .finish = finish,
    .remove = remove_rows,
    .check_schema = check_schema,
    .validate = validate,
    .same = same,
};
