/* src/config/tree.h
 *
 * The configuration file as a tree: tables, lists and scalars with their places.  YAML is read once
 * into it; nothing behind it knows YAML.
 */
#ifndef DS_CONFIG_TREE_H
#define DS_CONFIG_TREE_H

#include "base/route.h"
#include "config/issues.h"
#include <durable_sync/base.h>

#define DS_TREE_BYTES_MAX DS_MIB
#define DS_TREE_DEPTH_MAX 64
#define DS_TREE_NODES_MAX ((size_t)100000)
#define DS_TREE_ALIASED_MAX ((size_t)1000) /* nodes that aliases stand for, all together */

typedef enum ds_node_kind { DS_NODE_SCALAR, DS_NODE_LIST, DS_NODE_MAP } ds_node_kind;

typedef struct ds_node ds_node;

typedef struct ds_member {
    const char *name; /* as messages call it */
    ds_at at;         /* of the name */
    ds_node *value;
} ds_member;

struct ds_node {
    ds_node_kind kind;
    ds_at at, end; /* `end` is behind the last character */
    size_t n;      /* bytes of raw, entries of items or members */
    size_t weight; /* nodes in it, those of aliases included */

    char *raw;         /* SCALAR: as written, without YAML's quotes; no NUL in it */
    bool plain;        /* SCALAR: without quotes */
    bool open;         /* still being read: an alias to it would be endless */
    bool bad;          /* an issue was reported: stay silent about it */
    bool from_away;    /* SCALAR: what a reference stands for is in it, so it is no literal */
    const char *keeps; /* SCALAR: ${NAME} of this name is not ours to fill in; NULL: none */
    char *text;        /* SCALAR: with its references filled in; NULL: not asked for yet */

    ds_node **items;    /* LIST */
    ds_member *members; /* MAP: in the order of the file, each name once */
    ds_member *twice;   /* MAP: those whose name came before; they count for nothing, but may be */
    size_t twice_n;     /* secrets on a line that is shown */
};

/* The tree of one document, NULL after an issue. Doubled names are an issue and the first counts.
 * `text` is valid while the tree is read only. */
ds_node *ds_yaml_read(ds_arena *a, ds_issues *is, const char *text, size_t n);

/* NULL: no such member. */
const ds_member *ds_node_member(const ds_node *map, const char *name);
/* Nothing was written: an empty plain scalar, ~ or null. */
bool ds_node_is_null(const ds_node *node);
/* A scalar that stands for itself, for settings that come from elsewhere than a file. */
ds_node *ds_node_scalar(ds_arena *a, const char *text);
/* Scalars below names that look like a secret's are not to be shown. */
void ds_tree_hide_secrets(ds_issues *is, const ds_node *root);
void ds_node_hide(ds_issues *is, const ds_node *node);

#endif
