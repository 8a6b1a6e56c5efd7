/* src/config/sides.c
 *
 * `source:` and `destination:` of a route: the kind picks the connector, its option table reads the
 * rest.  What the table itself does not set is taken from its account, then from the environment
 * (secrets), then from the option's default.
 */
#include "config/load.h"

#include <string.h>

const ds_key ds_side_keys[] = {
    {.name = "kind", .type = DS_KEY_TEXT, .required = true, .help = "which connector"},
    {.name = "account",
     .type = DS_KEY_TEXT,
     .help = "an account of this kind, whose settings are taken where none stands here"},
    {.name = NULL},
};

static bool is_common(const char *name)
{
    for (const ds_key *key = ds_side_keys; key->name; key++)
        if (!strcmp(key->name, name))
            return true;
    return false;
}

static bool check_key(ds_load *ld, const ds_member *m, const ds_side *side)
{
    const char **known;
    size_t n = 0;

    if (ds_option_find(side->options, m->name))
        return true;
    if (!strcmp(m->name, "base_url"))
        return ds_issue(ld->issues, m->at, "%s has no base_url", side->kind);
    if (is_common(m->name))
        return true;
    known = ds_arena_alloc(ld->arena, (DS_COUNT(ds_side_keys) + ds_options_count(side->options)) *
                                          sizeof(*known));
    for (const ds_key *key = ds_side_keys; key->name; key++)
        known[n++] = key->name;
    n += ds_options_names(side->options, known + n);
    return ds_unknown_key(ld, m, known, n);
}

static bool no_such_account(ds_load *ld, const ds_member *m, const char *name)
{
    const ds_node *all = ld->accounts;
    size_t n = all ? all->n : 0;
    const char **names = ds_arena_alloc(ld->arena, (n + 1) * sizeof(*names));

    for (size_t i = 0; i < n; i++)
        names[i] = all->members[i].name;
    return ds_issue(ld->issues, m->value->at, "no account is named \"%s\"%s", name,
                    ds_guess(ld, name, names, n));
}

/* The account's table; *ok false after an issue. */
static const ds_node *find_account(ds_load *ld, const ds_member *table, const ds_side *side,
                                   bool *ok)
{
    const ds_member *m = ds_node_member(table->value, "account"), *account, *kind;
    const char *name;

    *ok = !m || ds_read_text(ld, m, &name);
    if (!m || !*ok)
        return NULL;
    account = ds_node_member(ld->accounts, name);
    if (!account) {
        *ok = no_such_account(ld, m, name);
        return NULL;
    }
    kind = ds_node_member(account->value, "kind");
    if (!kind || kind->value->kind != DS_NODE_SCALAR) {
        *ok = false; /* said where the account is */
        return NULL;
    }
    if (kind->value->text && strcmp(kind->value->text, side->kind) != 0)
        *ok = ds_issue(ld->issues, m->value->at, "account \"%s\" is for %s, this is %s", name,
                       kind->value->text, side->kind);
    return account->value;
}

static bool read_option(ds_load *ld, const ds_member *table, const ds_node *account,
                        const ds_side *side, const ds_option *option)
{
    const ds_member *m = ds_node_member(table->value, option->name);

    if (!m)
        m = ds_node_member(account, option->name);
    if (m)
        return ds_option_read(ld, option, m, side->settings);
    return ds_option_fallback(ld, option, side->settings);
}

static bool has_setting(const ds_member *table, const ds_node *account, const char *name)
{
    return ds_node_member(table->value, name) || ds_node_member(account, name);
}

void ds_side_begin(ds_load *ld, ds_side *side, const char *route)
{
    side->settings = ds_arena_zalloc(ld->arena, side->instance_size);
    if (side->source)
        *(ds_source *)side->settings = (ds_source){side->source, route};
    else
        *(ds_destination *)side->settings = (ds_destination){side->destination, route};
}

static bool read_settings(ds_load *ld, const ds_member *table, ds_side *side)
{
    bool complete; /* else its account would have had more */
    const ds_node *account = find_account(ld, table, side, &complete);
    bool ok = complete;

    for (size_t i = 0; i < table->value->n; i++)
        ok &= check_key(ld, &table->value->members[i], side);
    for (const ds_option *o = side->options; o && o->name; o++) {
        if (read_option(ld, table, account, side, o))
            continue;
        if (has_setting(table, account, o->name))
            ok = false;
        else if (o->required && complete)
            ok = ds_issue(ld->issues, table->at, "%s: \"%s\" is missing: %s", table->name, o->name,
                          o->help ? o->help : "see the connector's page");
    }
    return ok && ds_side_validate(ld, side, table->at);
}

bool ds_side_read(ds_load *ld, const ds_member *m, ds_side_word word, const char *route,
                  ds_side *out)
{
    const ds_member *kind;
    const char *name;

    *out = (ds_side){.word = word};
    if (!ds_read_map(ld, m, "a table with a kind and its settings"))
        return false;
    kind = ds_node_member(m->value, "kind");
    if (!kind)
        return ds_issue(ld->issues, m->at, "%s: \"kind\" is missing", m->name);
    if (!ds_read_text(ld, kind, &name))
        return false;
    if (!ds_side_of_kind(ld->connectors, name, word, out))
        return ds_no_such_kind(ld, kind, name, word);
    ds_side_begin(ld, out, route);
    if (!read_settings(ld, m, out))
        out->settings = NULL;
    return out->settings;
}
