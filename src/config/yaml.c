/* src/config/yaml.c
 *
 * YAML to a tree, by libyaml's events; the only file that knows libyaml.
 *
 * libyaml finds what is no YAML.  It accepts what is no configuration: doubled names, tags, several
 * documents, endless and exploding aliases, any depth.  Those end here, with their place.
 */
#include "base/text.h"
#include "config/config.h"
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define ANCHORS_MAX ((size_t)1000)

typedef struct anchor {
    const char *name;
    ds_node *node;
} anchor;

typedef struct builder {
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at */
    bool holds_event;
    ds_arena *arena;
    ds_issues *issues;
    anchor anchors[ANCHORS_MAX];
    size_t anchors_n;
    size_t nodes, aliased;
} builder;

static ds_node *build(builder *b, int depth);

static ds_at at_mark(yaml_mark_t mark)
{
    return (ds_at){(int)mark.line + 1, (int)mark.column + 1};
}

/* ---- what libyaml says ----------------------------------------------------------------------- */

static bool is_unclosed(const yaml_parser_t *p)
{
    return p->context && strstr(p->context, "quoted scalar") && strstr(p->problem, "unexpected");
}

/* libyaml puts what ends too early on a line behind the last one. */
static ds_at at_problem(const builder *b, size_t n)
{
    ds_at at = at_mark(b->parser.problem_mark);

    return ds_issues_line_has(b->issues, at.line, "") ? at : ds_issues_at(b->issues, n);
}

static void report_broken(builder *b, size_t n)
{
    const yaml_parser_t *p = &b->parser;
    const char *problem = p->problem;
    ds_at at = at_problem(b, n), context = at_mark(p->context_mark);

    if (p->error == YAML_READER_ERROR) { /* before there are lines: it gives an offset */
        ds_issue(b->issues, ds_issues_at(b->issues, p->problem_offset), "not valid YAML: %s",
                 problem);
        return;
    }
    if (strstr(problem, "cannot start any token") && *p->buffer.pointer == '\t')
        ds_issue(b->issues, at, "a tab cannot indent YAML; use spaces");
    else if (strstr(problem, "cannot start any token") && memchr("@`%", *p->buffer.pointer, 3))
        ds_issue(b->issues, at, "not valid YAML: what begins with %c has to stand in quotes",
                 *p->buffer.pointer);
    else if (strstr(problem, "',' or '}'") && ds_issues_line_has(b->issues, context.line, "${"))
        ds_issue(b->issues, at, "inside { } a reference needs quotes: write \"${NAME}\"");
    else if (is_unclosed(p))
        ds_issue(b->issues, context,
                 "not valid YAML: the quote that opens here is not closed where it should be");
    else if (p->context)
        ds_issue_pair(b->issues, at, context, "not valid YAML: %s %s that begins on line %d",
                      problem, p->context, context.line);
    else
        ds_issue(b->issues, at, "not valid YAML: %s", problem);
}

/* The event may hold a secret: leave no copy behind. */
static void drop_event(builder *b)
{
    if (!b->holds_event)
        return;
    if (b->event.type == YAML_SCALAR_EVENT)
        explicit_bzero(b->event.data.scalar.value, b->event.data.scalar.length);
    yaml_event_delete(&b->event);
    b->holds_event = false;
}

static bool next_event(builder *b)
{
    drop_event(b);
    if (!yaml_parser_parse(&b->parser, &b->event))
        return false; /* said once, by ds_yaml_read */
    b->holds_event = true;
    return true;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static ds_node *new_node(builder *b, ds_node_kind kind, const yaml_char_t *name,
                         const yaml_char_t *tag)
{
    ds_node *node = ds_new_in(b->arena, ds_node);
    ds_at at = at_mark(b->event.start_mark);

    node->kind = kind;
    node->at = at;
    node->end = at_mark(b->event.end_mark);
    node->weight = 1;
    node->open = true;
    if (++b->nodes > DS_TREE_NODES_MAX) {
        ds_issue(b->issues, at, "more than %zu values in one file", DS_TREE_NODES_MAX);
        return NULL;
    }
    if (tag) {
        ds_issue(b->issues, at, "tags such as %s are not understood here; leave it out",
                 (const char *)tag);
        return NULL;
    }
    if (name && b->anchors_n == ANCHORS_MAX) {
        ds_issue(b->issues, at, "more than %zu anchors in one file", ANCHORS_MAX);
        return NULL;
    }
    if (name)
        b->anchors[b->anchors_n++] = (anchor){ds_arena_strdup(b->arena, (const char *)name), node};
    return node;
}

static ds_node *build_scalar(builder *b)
{
    const char *value = (const char *)b->event.data.scalar.value;
    size_t n = b->event.data.scalar.length;
    ds_node *node =
        new_node(b, DS_NODE_SCALAR, b->event.data.scalar.anchor, b->event.data.scalar.tag);

    if (!node)
        return NULL;
    if (memchr(value, '\0', n)) {
        ds_issue(b->issues, node->at, "a NUL character cannot be part of a setting");
        return NULL;
    }
    node->raw = ds_arena_strndup(b->arena, value, n);
    node->n = n;
    node->plain = b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->open = false;
    return node;
}

static ds_node *build_alias(builder *b)
{
    const char *name = (const char *)b->event.data.alias.anchor;
    ds_at at = at_mark(b->event.start_mark);
    ds_node *node = NULL;

    for (size_t i = b->anchors_n; i > 0 && !node; i--) /* the latest of that name */
        if (!strcmp(b->anchors[i - 1].name, name))
            node = b->anchors[i - 1].node;
    if (!node) {
        ds_issue(b->issues, at, "*%s: no anchor &%s stands before it", name, name);
        return NULL;
    }
    if (node->open) {
        ds_issue(b->issues, at, "*%s stands inside what it stands for", name);
        return NULL;
    }
    b->aliased += node->weight;
    if (b->aliased > DS_TREE_ALIASED_MAX) {
        ds_issue(b->issues, at, "aliases stand for more than %zu values in this file",
                 DS_TREE_ALIASED_MAX);
        return NULL;
    }
    return node;
}

static ds_node *build_list(builder *b, int depth)
{
    ds_node *list = new_node(b, DS_NODE_LIST, b->event.data.sequence_start.anchor,
                             b->event.data.sequence_start.tag);
    size_t cap = 0;

    for (;;) {
        ds_node *item;

        if (!list || !next_event(b))
            return NULL;
        if (b->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        item = build(b, depth + 1);
        if (!item)
            return NULL;
        if (list->n == cap) {
            list->items = ds_arena_grow(b->arena, list->items, cap * sizeof(ds_node *),
                                        DS_MAX(cap * 2, 4) * sizeof(ds_node *));
            cap = DS_MAX(cap * 2, 4);
        }
        list->items[list->n++] = item;
        list->weight += item->weight;
    }
    list->open = false;
    return list;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const ds_member *left = *(const ds_member *const *)a, *right = *(const ds_member *const *)b;
    int order = strcmp(left->name, right->name);

    return order ? order : (left > right) - (left < right);
}

/* Reports names that come again and takes them out. Which names are secrets' is not known yet. */
static void drop_doubles(builder *b, ds_node *map)
{
    ds_member **sorted = ds_arena_alloc(b->arena, (map->n + 1) * sizeof(ds_member *));
    size_t kept = 0;

    map->twice = ds_arena_alloc(b->arena, (map->n + 1) * sizeof(ds_member));
    for (size_t i = 0; i < map->n; i++)
        sorted[i] = &map->members[i];
    qsort(sorted, map->n, sizeof(*sorted), by_name);
    for (size_t i = 1, first = 0; i < map->n; i++) {
        if (strcmp(sorted[i]->name, sorted[first]->name) != 0) {
            first = i;
            continue;
        }
        ds_issue_pair(b->issues, sorted[i]->at, sorted[first]->at,
                      "\"%s\" is here twice; the first is on line %d", sorted[i]->name,
                      sorted[first]->at.line);
        map->twice[map->twice_n++] = *sorted[i];
        sorted[i]->value = NULL;
    }
    for (size_t i = 0; i < map->n; i++)
        if (map->members[i].value)
            map->members[kept++] = map->members[i];
    map->n = kept;
}

static bool read_name(builder *b, ds_member *m)
{
    ds_node *name;

    m->at = at_mark(b->event.start_mark);
    if (b->event.type != YAML_SCALAR_EVENT)
        return ds_issue(b->issues, m->at, "a name must be plain text");
    name = build_scalar(b);
    if (!name)
        return false;
    if (name->plain && !strcmp(name->raw, "<<"))
        return ds_issue(b->issues, m->at,
                        "\"<<\" (merge) is not understood here; write the settings out, or "
                        "share them as an account");
    m->name = name->raw;
    return true;
}

static ds_node *build_map(builder *b, int depth)
{
    ds_node *map = new_node(b, DS_NODE_MAP, b->event.data.mapping_start.anchor,
                            b->event.data.mapping_start.tag);
    size_t cap = 0;

    for (;;) {
        ds_member m;

        if (!map || !next_event(b))
            return NULL;
        if (b->event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!read_name(b, &m) || !next_event(b))
            return NULL;
        m.value = build(b, depth + 1);
        if (!m.value)
            return NULL;
        if (map->n == cap) {
            map->members = ds_arena_grow(b->arena, map->members, cap * sizeof(ds_member),
                                         DS_MAX(cap * 2, 4) * sizeof(ds_member));
            cap = DS_MAX(cap * 2, 4);
        }
        map->members[map->n++] = m;
        map->weight += 1 + m.value->weight;
    }
    map->open = false;
    drop_doubles(b, map);
    return map;
}

static ds_node *build(builder *b, int depth)
{
    if (depth > DS_TREE_DEPTH_MAX) {
        ds_issue(b->issues, at_mark(b->event.start_mark), "nested more than %d levels deep",
                 DS_TREE_DEPTH_MAX);
        return NULL;
    }
    switch ((int)b->event.type) {
    case YAML_SCALAR_EVENT:
        return build_scalar(b);
    case YAML_ALIAS_EVENT:
        return build_alias(b);
    case YAML_SEQUENCE_START_EVENT:
        return build_list(b, depth);
    default: /* the parser starts nothing else here */
        return build_map(b, depth);
    }
}

/* ---- the document ---------------------------------------------------------------------------- */

static bool is_text(ds_issues *is, const char *text, size_t n)
{
    size_t at = 0, step = 1;

    if (n > DS_TREE_BYTES_MAX)
        return ds_issue(is, (ds_at){0},
                        "larger than 1 MiB, which is the most a configuration may have");
    while (at < n && text[at] && (step = ds_utf8_step(text + at, n - at)) > 0)
        at += step;
    if (at == n)
        return true;
    if (!text[at])
        return ds_issue(is, ds_issues_at(is, at), "a NUL character; this is no text file");
    return ds_issue(is, ds_issues_at(is, at), "byte 0x%02x is not UTF-8; save the file as UTF-8",
                    (unsigned)(unsigned char)text[at]);
}

static ds_node *read_document(builder *b)
{
    ds_node *root;

    if (!next_event(b)) /* the stream's start */
        return NULL;
    if (!next_event(b)) /* the document's */
        return NULL;
    if (b->event.type == YAML_STREAM_END_EVENT) {
        ds_issue(b->issues, (ds_at){0},
                 "nothing in it; `durable-sync init` writes a first configuration");
        return NULL;
    }
    if (!next_event(b))
        return NULL;
    root = build(b, 1);
    if (root && !ds_issues_line_has(b->issues, root->at.line, ""))
        root->at = ds_issues_at(b->issues, SIZE_MAX); /* nothing, behind a last line without end */
    if (!root || !next_event(b) || !next_event(b))    /* the document's end, the stream's */
        return NULL;
    if (b->event.type == YAML_STREAM_END_EVENT)
        return root;
    ds_issue(b->issues, at_mark(b->event.start_mark),
             "a second document begins here; a configuration is one");
    return NULL;
}

ds_node *ds_yaml_read(ds_arena *a, ds_issues *is, const char *text, size_t n)
{
    builder *b;
    ds_node *root;

    if (!is_text(is, text, n))
        return NULL;
    b = ds_calloc(1, sizeof(*b));
    b->arena = a;
    b->issues = is;
    if (!yaml_parser_initialize(&b->parser))
        ds_out_of_memory(sizeof(b->parser));
    yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b->parser, (const unsigned char *)text, n);
    root = read_document(b);
    if (b->parser.error == YAML_MEMORY_ERROR)
        ds_out_of_memory(n);
    if (b->parser.error)
        report_broken(b, n);
    drop_event(b);
    explicit_bzero(b->parser.buffer.start, (size_t)(b->parser.buffer.end - b->parser.buffer.start));
    explicit_bzero(b->parser.raw_buffer.start,
                   (size_t)(b->parser.raw_buffer.end - b->parser.raw_buffer.start));
    yaml_parser_delete(&b->parser);
    free(b);
    return root;
}

const char *ds_config_library(void)
{
    return yaml_get_version_string();
}
