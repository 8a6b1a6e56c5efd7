/* src/config/tree.c - what can be asked of a configuration's tree. */
#include "config/tree.h"

#include <string.h>

const ds_member *ds_node_member(const ds_node *map, const char *name)
{
    if (!map || map->kind != DS_NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->n; i++)
        if (!strcmp(map->members[i].name, name))
            return &map->members[i];
    return NULL;
}

bool ds_node_is_null(const ds_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

    if (node->kind != DS_NODE_SCALAR || !node->plain)
        return false;
    for (size_t i = 0; i < DS_COUNT(nulls); i++)
        if (!strcmp(node->raw, nulls[i]))
            return true;
    return false;
}

ds_node *ds_node_scalar(ds_arena *a, const char *text)
{
    ds_node *node = ds_new_in(a, ds_node);

    node->kind = DS_NODE_SCALAR;
    node->raw = node->text = ds_arena_strdup(a, text);
    node->n = strlen(text);
    node->from_away = true;
    return node;
}

/* `${TOKEN}` may be shown: it is the place of the secret, not the secret. */
static bool only_names_it(const ds_node *node)
{
    return node->n > 3 && !strncmp(node->raw, "${", 2) &&
           strchr(node->raw, '}') == node->raw + node->n - 1 && !strstr(node->raw, ":-");
}

void ds_node_hide(ds_issues *is, const ds_node *node)
{
    switch (node->kind) {
    case DS_NODE_SCALAR:
        if (node->n && !only_names_it(node))
            ds_issues_hide(is, node->at, node->end);
        break;
    case DS_NODE_LIST:
        for (size_t i = 0; i < node->n; i++)
            ds_node_hide(is, node->items[i]);
        break;
    case DS_NODE_MAP:
        for (size_t i = 0; i < node->n; i++)
            ds_node_hide(is, node->members[i].value);
        for (size_t i = 0; i < node->twice_n; i++)
            ds_node_hide(is, node->twice[i].value);
        break;
    }
}

static void hide_member(ds_issues *is, const ds_member *m)
{
    if (ds_issues_is_secret(is, m->name))
        ds_node_hide(is, m->value);
    else
        ds_tree_hide_secrets(is, m->value);
}

void ds_tree_hide_secrets(ds_issues *is, const ds_node *root)
{
    for (size_t i = 0; root->kind == DS_NODE_LIST && i < root->n; i++)
        ds_tree_hide_secrets(is, root->items[i]);
    for (size_t i = 0; root->kind == DS_NODE_MAP && i < root->n; i++)
        hide_member(is, &root->members[i]);
    for (size_t i = 0; i < root->twice_n; i++)
        hide_member(is, &root->twice[i]);
}
