/* src/connectors/file/jsonarray.c
 *
 * The items of a list in a JSON document, one at a time.  The way to the list is walked without
 * reading the document into memory; of what lies beside the way only the ends are found.  Where an
 * object on the way names the member twice, the first one is taken: the last cannot be known yet.
 *
 * A list that breaks off must never pass for a shorter one, so everything up to the document's end
 * is looked at before the last page is handed out.
 */
#include "connectors/file/reader.h"

#include <string.h>

static bool cut_off(ds_file_reader *r, int64_t begun, ds_err *err, const char *what)
{
    return ds_file_broken(r, begun, err, "%s begins here and does not end: the file is cut off",
                          what);
}

/* Takes the byte that must come next. */
static bool expect(ds_file_reader *r, char wanted, ds_err *err)
{
    int c = ds_file_peek_json(r, err);

    if (c == -2)
        return false;
    if (c != wanted)
        return ds_file_broken(
            r, ds_file_reader_tell(r), err,
            c < 0 ? "the file ends where a '%c' belongs" : "a '%c' is missing here", wanted);
    r->pos++;
    return true;
}

static bool skip_value(ds_file_reader *r, ds_err *err)
{
    ds_file_scan s = ds_file_scan_value();
    ds_file_row row;

    if (ds_file_peek_json(r, err) == -2 || !ds_file_take(r, &s, false, &row, err))
        return false;
    if (!s.done)
        return cut_off(r, row.offset, err, "a value");
    if (s.broken || row.end == row.offset)
        return ds_file_broken(r, row.end, err, "no JSON: a value or bracket is wrong here");
    return true;
}

/* A member's name, taken, in the arena; NULL where it is longer than any we could look for. */
static bool member_name(ds_file_reader *r, const char **name, ds_err *err)
{
    ds_file_scan s = ds_file_scan_value();
    ds_file_row row;
    const ds_json *text = NULL;
    int c = ds_file_peek_json(r, err);

    if (c == -2)
        return false;
    if (c != '"')
        return ds_file_broken(r, ds_file_reader_tell(r), err, "a member's name is missing here");
    if (!ds_file_take(r, &s, true, &row, err))
        return false;
    if (!s.done)
        return cut_off(r, row.offset, err, "a name");
    *name = NULL;
    if (row.text && row.n < DS_KIB * 4) {
        text = ds_json_read(r->arena, row.text, row.n, err);
        if (!text)
            return ds_wrap(err, "%s, a member's name", r->path);
    }
    *name = ds_json_str(text, NULL);
    return true;
}

/* Names of members passed by, for the error that none of them was it. */
static void note(ds_file_reader *r, const char **seen, const char *name)
{
    if (name && strlen(*seen) < 120)
        *seen = ds_arena_printf(r->arena, "%s%s%.40s", *seen, **seen ? ", " : "", name);
}

static bool no_such_member(ds_file_reader *r, const char *wanted, const char *seen, ds_err *err)
{
    return ds_fail(err, DS_ERR_CONFIG,
                   "`items: %s` names nothing in %s: there is no \"%s\" among %s", r->items,
                   r->path, wanted, *seen ? seen : "no members at all");
}

/* Up to the value of one member of the object that begins here. */
static bool enter_member(ds_file_reader *r, const char *wanted, ds_err *err)
{
    const char *seen = "", *name = NULL;
    int c;

    r->pos++; /* the brace */
    for (c = ds_file_peek_json(r, err); c != '}'; c = ds_file_peek_json(r, err)) {
        if (c == -2 || !member_name(r, &name, err) || !expect(r, ':', err))
            return false;
        if (name && !strcmp(name, wanted))
            return true;
        note(r, &seen, name);
        if (!skip_value(r, err))
            return false;
        c = ds_file_peek_json(r, err);
        if (c == -2 || (c != '}' && !expect(r, ',', err)))
            return false;
    }
    return no_such_member(r, wanted, seen, err);
}

/* Up to one entry, counted from 0, of the list that begins here. */
static bool enter_entry(ds_file_reader *r, const char *wanted, ds_err *err)
{
    const char *digits = wanted;
    int64_t index;
    int c;

    r->pos++; /* the bracket */
    if (!ds_file_digits(&digits, &index) || *digits)
        return no_such_member(r, wanted, "the entries of a list, which are numbered", err);
    c = ds_file_peek_json(r, err);
    for (; c != ']' && c != -2 && index; index--) {
        if (!skip_value(r, err))
            return false;
        c = ds_file_peek_json(r, err);
        if (c == -2 || (c != ']' && !expect(r, ',', err)))
            return false;
    }
    if (c == -2)
        return false;
    return c != ']' || no_such_member(r, wanted, "the list's entries", err);
}

static bool enter(ds_file_reader *r, const char *wanted, ds_err *err)
{
    int c = ds_file_peek_json(r, err);

    if (c == -2)
        return false;
    if (c != '{' && c != '[')
        return c < 0 ? ds_file_broken(r, ds_file_reader_tell(r), err, "the file ends too early")
                     : no_such_member(r, wanted, "the parts of a plain value", err);
    r->outer_depth++;
    r->outer_lists = r->outer_lists << 1 | (c == '[');
    return c == '{' ? enter_member(r, wanted, err) : enter_entry(r, wanted, err);
}

/* One token of a JSON pointer, with ~1 and ~0 undone; moves *at to the next slash. */
static const char *token(ds_arena *a, const char **at)
{
    size_t n = strcspn(*at + 1, "/"), used = 0;
    char *name = ds_arena_strndup(a, *at + 1, n);

    for (size_t i = 0; i < n; i++) {
        if (name[i] == '~' && (name[i + 1] == '0' || name[i + 1] == '1'))
            name[used++] = name[++i] == '0' ? '~' : '/';
        else
            name[used++] = name[i];
    }
    name[used] = '\0';
    *at += n + 1;
    return name;
}

/* One object after another: JSON lines under another name. */
static bool another_follows(ds_file_reader *r, ds_err *err)
{
    if (ds_file_peek_json(r, err) != '}')
        return false;
    r->pos++;
    return ds_file_peek_json(r, err) == '{';
}

/* The list must begin here. Of an object without `items` the members are named. */
static bool enter_list(ds_file_reader *r, ds_err *err)
{
    const char *seen = "", *name = NULL;
    int c = ds_file_peek_json(r, err);

    if (c == -2)
        return false;
    if (c == '[') {
        r->pos++;
        return true;
    }
    if (c < 0)
        return ds_file_broken(r, ds_file_reader_tell(r), err, "the file ends before any JSON");
    if (r->items || c != '{')
        return ds_fail(err, DS_ERR_CONFIG, "%s%s in %s is no list; name the list with `items`",
                       r->items ? "`items` " : "the document", r->items ? r->items : "", r->path);
    r->pos++;
    while (strlen(seen) < 120 && ds_file_peek_json(r, err) == '"' && member_name(r, &name, err) &&
           expect(r, ':', err) && skip_value(r, err)) {
        note(r, &seen, name);
        if (ds_file_peek_json(r, err) == ',')
            r->pos++;
    }
    if (another_follows(r, err))
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s holds one object after another, not a list: say `format: jsonl`",
                       r->path);
    return ds_fail(err, DS_ERR_CONFIG,
                   "%s holds an object, not a list: say with `items` which member holds the rows, "
                   "for example one of %s",
                   r->path, *seen ? seen : "its members (it has none)");
}

bool ds_file_json_begin(ds_file_reader *r, ds_err *err)
{
    const char *at = r->items;

    r->outer_depth = 0;
    r->outer_lists = 0;
    if (at && *at != '/' && *at) {
        if (!enter(r, at, err))
            return false;
    } else {
        while (at && *at) {
            if (!enter(r, token(r->arena, &at), err))
                return false;
        }
    }
    return enter_list(r, err);
}

/* Behind the list: the brackets around it close, and nothing follows. */
static ds_file_got end_document(ds_file_reader *r, ds_err *err)
{
    ds_file_scan s = ds_file_scan_value();
    ds_file_row rest = {0};
    int c;

    r->pos++; /* the list's own bracket */
    s.depth = r->outer_depth;
    s.lists = r->outer_lists;
    s.deep = r->outer_depth > 64;
    if (s.depth && !ds_file_take(r, &s, false, &rest, err))
        return DS_FILE_FAILED;
    if (r->outer_depth && (!s.done || s.broken)) {
        ds_file_broken(r, rest.end, err,
                       s.broken ? "a bracket here closes what was not open"
                                : "the file is cut off behind its list of rows");
        return DS_FILE_FAILED;
    }
    c = ds_file_peek_json(r, err);
    if (c == -1)
        return DS_FILE_END;
    if (c != -2)
        ds_file_broken(r, ds_file_reader_tell(r), err, "something follows the end of the document");
    return DS_FILE_FAILED;
}

static ds_file_got failed_item(ds_file_reader *r, const ds_file_scan *s, const ds_file_row *row,
                               ds_err *err)
{
    long long item = (long long)r->number + 1;

    if (s->broken || s->done)
        ds_file_broken(r, row->end - s->broken, err, "item:%lld has a bracket or comma too many",
                       item);
    else
        ds_file_broken(r, row->offset, err,
                       "item:%lld begins here and does not end: the file is cut off", item);
    return DS_FILE_FAILED;
}

ds_file_got ds_file_json_next(ds_file_reader *r, ds_file_row *row, ds_err *err)
{
    ds_file_scan s = ds_file_scan_value();
    int c = ds_file_peek_json(r, err);

    if (c == ']')
        return end_document(r, err);
    if (r->number && c != -2) {
        if (c < 0)
            ds_file_broken(r, ds_file_reader_tell(r), err, "the file is cut off behind item:%lld",
                           (long long)r->number);
        if (c < 0 || !expect(r, ',', err))
            return DS_FILE_FAILED;
        c = ds_file_peek_json(r, err);
    }
    if (c == -2)
        return DS_FILE_FAILED;
    if (c == -1) {
        ds_file_broken(r, ds_file_reader_tell(r), err,
                       "the file is cut off inside its list of rows");
        return DS_FILE_FAILED;
    }
    if (!ds_file_take(r, &s, true, row, err))
        return DS_FILE_FAILED;
    if (!s.done || s.broken || row->end == row->offset)
        return failed_item(r, &s, row, err);
    if (row->n > DS_RECORD_MAX)
        row->text = NULL;
    r->number++;
    return DS_FILE_ROW;
}
