/* src/config/transform.c
 *
 * A route's `transform`: the text of a program, compiled once here so that what is wrong with it is
 * said before anything starts, at its place in the file.  What the language is, is not known here.
 */
#include "config/load.h"

#include <assert.h>
#include <string.h>

typedef struct reading {
    ds_load *ld;
    const ds_member *m;
    const char *program;
} reading;

static size_t characters(const char *text, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* The byte of the line at which the column begins. */
static size_t byte_at(const char *line, size_t n, int col)
{
    size_t at = 0;

    /* GCOVR_EXCL_START the column is one of this line's */
    while (at < n && (col -= ((unsigned char)line[at] & 0xc0) != 0x80) > 0)
        at++;
    /* GCOVR_EXCL_STOP */
    return at;
}

static const char *line_of(const char *program, int line, size_t *n)
{
    while (--line > 0 && program) {
        program = strchr(program, '\n');
        program = program ? program + 1 : NULL;
    }
    *n = program ? strcspn(program, "\n") : 0;
    return program;
}

/* Block scalars begin on the line behind their mark. */
static bool is_block(const ds_load *ld, const ds_node *node)
{
    size_t n;
    const char *line = ds_issues_line(ld->issues, node->at.line, &n);
    const char *mark;

    assert(line); /* the value stands on it */
    mark = line + byte_at(line, n, node->at.col);
    return *mark == '|' || *mark == '>';
}

/* The place in the file of a place in the program, where its line is written there as it is; false:
 * it is folded, escaped, or from another file. */
static bool place(const reading *r, int line, int col, ds_at *out)
{
    const ds_node *node = r->m->value;
    size_t source_n, n, indent, skip;
    const char *source = line_of(r->program, line, &source_n), *written, *found;
    int at = node->at.line + line - 1 + is_block(r->ld, node);

    if (!line || !source || node->from_away)
        return false;
    indent = strspn(source, " \t");
    if (indent >= source_n)
        return false;
    written = ds_issues_line(r->ld->issues, at, &n);
    skip = written && at == node->at.line ? byte_at(written, n, node->at.col) : 0;
    found = written ? memmem(written + skip, n - skip, source, source_n) : NULL;
    if (!found)
        return false;
    *out = (ds_at){at, (int)characters(written, (size_t)(found - written))};
    out->col += col ? col : (int)indent + 1;
    return true;
}

static void say(void *to, int line, int col, const char *text)
{
    const reading *r = to;
    ds_at at = r->m->value->at;

    if (place(r, line, col, &at) || line <= 1)
        ds_issue(r->ld->issues, at, "%s: %s", r->m->name, text);
    else
        ds_issue(r->ld->issues, at, "%s: in its line %d: %s", r->m->name, line, text);
}

void ds_transform_read(ds_load *ld, const ds_member *m, ds_route *route)
{
    const ds_transformer *by = ld->connectors->transformer;
    reading r = {.ld = ld, .m = m};
    ds_err err = DS_ERR_INIT;

    if (!m)
        return;
    if (!by) {
        ds_issue(ld->issues, m->at, "%s is not in this build", m->name);
        return;
    }
    if (!ds_read_text(ld, m, &r.program))
        return;
    if (strlen(r.program) > DS_PROGRAM_MAX) {
        ds_issue(ld->issues, m->at, "%s: larger than %zu KiB, which is the most it may have",
                 m->name, DS_PROGRAM_MAX / DS_KIB);
        return;
    }
    route->transformer = by;
    route->transform = r.program;
    if (ld->connectors->compile && !by->check(by, r.program, say, &r, &err))
        ds_issue(ld->issues, m->at, "%s: %s", m->name, err.text);
}
