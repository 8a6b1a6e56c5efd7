/* tests/fuzz/fuzz_journal.c
 *
 * The file destination over any file and any journal that an interrupted pass could have left or a
 * disk could have damaged.  A pass either refuses with a word and leaves the file as it is, or
 * merges: then the next pass knows it, finds its row unchanged and writes nothing; and without a
 * journal all other rows are as before.
 *
 * Input: two bytes (format and ways), the generation and a newline, the file, a line of three
 * dashes, the journal.  In it @ stands for the file's state; unless the input says that lines are
 * as they are, each gets the checksum that it should have.
 */
#include "fuzz/pages.h"

#include "connectors/file/disk.h"
#include "connectors/file/file.h"
#include "connectors/file/index.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY "k1"
#define OWNER "store/r/all"

static const char *const names[] = {"a.jsonl", "a.json", "a.csv"};

typedef struct pass {
    ds_destination *to;
    ds_activity act;
    ds_open_out out;
    const char *generation;
    ds_write write;
    ds_err err;
} pass;

static bool failed(pass *p)
{
    fuzz_error(&p->err);
    return false;
}

static void set_option(ds_destination *to, const char *name, const char *value)
{
    for (const ds_option *o = ds_file_destination.options; o->name; o++) {
        if (strcmp(o->name, name) == 0)
            memcpy((char *)to + o->offset, &value, sizeof(value));
    }
}

static bool open_pass(pass *p, const char *path, ds_arena *a)
{
    static const ds_column columns[] = {{.name = "id", .type = DS_TEXT, .typed = false},
                                        {.name = "v", .type = DS_TEXT, .typed = false}};
    ds_open_in in = {.owner = OWNER,
                     .generation = p->generation,
                     .columns = columns,
                     .columns_n = DS_COUNT(columns)};

    p->act = fuzz_activity(a);
    p->err = DS_ERR_INIT;
    p->to = ds_calloc(1, ds_file_destination.instance_size);
    p->to->ops = &ds_file_destination;
    set_option(p->to, "path", path);
    set_option(p->to, "key", "id");
    return ds_file_destination.open(p->to, &p->act, &in, &p->out, &p->err) || failed(p);
}

static void close_pass(pass *p)
{
    ds_file_destination.close(p->to);
    free(p->to);
    p->to = NULL;
}

static bool write_row(pass *p, ds_op op)
{
    static const ds_prop props[] = {{"id", {.type = DS_TEXT, .n = 2, .as = {.text = KEY}}},
                                    {"v", {.type = DS_TEXT, .n = 3, .as = {.text = "new"}}}};

    p->write = (ds_write){.op = op, .key = KEY, .props = props, .props_n = 2};
    if (!ds_file_destination.write(p->to, &p->act, &p->write, 1, &p->err))
        return failed(p);
    fuzz_must(p->write.outcome != DS_OUT_NONE && p->write.outcome != DS_OUT_UNKNOWN, "no outcome");
    fuzz_must(p->write.outcome != DS_OUT_HELD || (p->write.reason && *p->write.reason),
              "held without a word");
    return true;
}

static bool find_row(pass *p, ds_arena *a)
{
    static const char *const keys[] = {KEY, "2", "none"};
    ds_found found[DS_COUNT(keys)] = {0};

    if (!ds_file_destination.find(p->to, &p->act, keys, DS_COUNT(keys), found, &p->err))
        return failed(p);
    for (size_t i = 0; i < DS_COUNT(keys); i++) {
        if (found[i].n && found[i].row)
            fuzz_record(found[i].row, a);
    }
    return true;
}

static bool finish(pass *p)
{
    return ds_file_destination.finish(p->to, &p->act, &p->generation, &p->err) || failed(p);
}

/* ---- what lies there when the pass begins ---------------------------------------------------- */

static void put_line(ds_buf *out, const char *line)
{
    ds_buf_printf(out, "%016llx\t%s\n", (unsigned long long)ds_file_checksum(line, strlen(line)),
                  line);
}

static void put_journal(fuzz_input *in, const char *path, const char *state, bool as_it_is,
                        ds_arena *a)
{
    DS_AUTO_BUF(out, 4 * DS_MIB);
    uint64_t whose = ds_file_checksum(OWNER, strlen(OWNER));

    if (!in->left)
        return;
    if (as_it_is)
        ds_buf_add(&out, in->at, in->left);
    while (!as_it_is && in->left)
        put_line(&out, fuzz_fill(a, fuzz_piece(in, "\n", a, NULL), "@", state));
    fuzz_put(
        ds_file_beside(
            a, path, ds_arena_printf(a, "durable-sync-journal-%016llx", (unsigned long long)whose)),
        out.data, out.n);
}

static void clear_dir(ds_arena *a)
{
    DIR *dir = opendir(fuzz_dir());
    const struct dirent *entry;

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_type == DT_REG)
            unlink(fuzz_path(a, entry->d_name));
    }
    closedir(dir);
}

/* ---- what a pass makes of it ----------------------------------------------------------------- */

static fuzz_read read_rows(const char *path, ds_arena *a)
{
    fuzz_source from = {&ds_file_source, {{"path", path}, {"key", "id"}}};

    return fuzz_pages(&from, &(fuzz_how){.limit = 1000}, a);
}

/* The destination finds it by its key even where the source holds the row for another reason. */
static bool is_ours(const ds_record *rec)
{
    const ds_value *id = ds_record_get(rec, "id");

    return id && id->type == DS_TEXT && strcmp(id->as.text, KEY) == 0;
}

/* A column that came with our row is empty in the others. */
static void leave_out_empty(ds_record *rec, ds_arena *a)
{
    ds_prop *kept = ds_arena_alloc(a, (rec->props_n + 1) * sizeof(*kept));
    uint32_t n = 0;

    for (uint32_t i = 0; i < rec->props_n; i++) {
        if (rec->props[i].value.type != DS_TEXT || rec->props[i].value.n)
            kept[n++] = rec->props[i];
    }
    rec->props = kept;
    rec->props_n = n;
}

/* Lines move when a row before them goes or comes: what is compared is what rows say. */
static const char *others(const fuzz_read *rows, ds_arena *a)
{
    DS_AUTO_BUF(out, 64 * DS_MIB);

    for (size_t i = 0; i < rows->n; i++) {
        ds_record rec = *rows->records[i];

        rec.place = NULL;
        if (rec.primary_key && !*rec.primary_key) /* its cell is there now, and as empty */
            rec.primary_key = NULL;
        leave_out_empty(&rec, a);
        if (!is_ours(&rec))
            ds_buf_printf(&out, "%s\n", fuzz_show(&rec, a));
    }
    return ds_arena_strndup(a, out.n ? out.data : "", out.n);
}

static bool first_pass(pass *p, const char *path, ds_arena *a)
{
    bool ok = open_pass(p, path, a) && find_row(p, a) && write_row(p, DS_OP_CREATE) &&
              find_row(p, a) && finish(p);

    close_pass(p);
    return ok;
}

static void second_pass(pass *p, const char *path, ds_arena *a)
{
    ds_outcome before = p->write.outcome;
    size_t n, again_n;
    const char *text = fuzz_get(path, a, &n), *again;

    fuzz_must(open_pass(p, path, a), "%s", p->err.text);
    fuzz_must(p->out.continues || strncmp(p->generation, "mixed", 5) == 0, "%s is forgotten",
              p->generation);
    fuzz_must(write_row(p, DS_OP_UPDATE), "%s", p->err.text);
    fuzz_must(p->write.outcome == (before == DS_OUT_HELD ? before : DS_OUT_UNCHANGED),
              "outcome %d, then %d", (int)before, (int)p->write.outcome);
    fuzz_must(finish(p), "%s", p->err.text);
    close_pass(p);
    again = fuzz_get(path, a, &again_n);
    fuzz_must(!text == !again && (!text || (n == again_n && memcmp(text, again, n) == 0)),
              "written though nothing changed:\n%s\n%s", text, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    unsigned ways = fuzz_byte(&in);
    const char *path = fuzz_path(a, names[fuzz_byte(&in) % DS_COUNT(names)]), *before, *after;
    const char *generation = fuzz_piece(&in, "\n", a, NULL), *text, *state;
    ds_err err = DS_ERR_INIT;
    size_t text_n, before_n, after_n;
    bool journaled;
    pass p = {0};
    ds_file_id id;
    fuzz_read rows;

    clear_dir(a);
    text = fuzz_piece(&in, "---\n", a, &text_n);
    if (!(ways & 1))
        fuzz_put(path, text, text_n);
    fuzz_must(ds_file_id_at(path, &id, &err), "%s", err.text);
    state = ds_file_id_text(a, id);
    journaled = in.left > 0;
    put_journal(&in, path, state, ways & 2, a);
    p.generation = ways & 4 ? fuzz_fill(a, generation, "@", state) : NULL;
    rows = read_rows(path, a);
    before = fuzz_get(path, a, &before_n);
    if (!first_pass(&p, path, a)) {
        after = fuzz_get(path, a, &after_n);
        fuzz_must(!before == !after &&
                      (!before || (before_n == after_n && memcmp(before, after, after_n) == 0)),
                  "refused (%s), and yet written:\n%s\n%s", p.err.text, before, after);
        return 0;
    }
    if (!journaled && rows.whole) {
        fuzz_read now = read_rows(path, a);

        fuzz_must(now.whole, "%s", now.err.text);
        fuzz_must(strcmp(others(&rows, a), others(&now, a)) == 0, "%s\n%s", others(&rows, a),
                  others(&now, a));
    }
    second_pass(&p, path, a);
    return 0;
}
