/* src/config/accounts.c
 *
 * Accounts: settings with a name.  Each is checked here, used or not; the routes that name one read
 * its settings as if they were their own.
 */
#include "config/load.h"

#include <string.h>

typedef struct ends { /* a kind may be a source, a destination or both */
    ds_side source, destination;
} ends;

/* The side that has the option; NULL: neither. */
static const ds_side *side_with(const ends *e, const char *name)
{
    if (ds_option_find(e->source.options, name))
        return &e->source;
    return ds_option_find(e->destination.options, name) ? &e->destination : NULL;
}

static void unknown(ds_load *ld, const ds_member *m, const ends *e)
{
    static const char *const common[] = {"kind", "token", "login", "base_url"};
    size_t room = ds_options_count(e->source.options) + ds_options_count(e->destination.options);
    const char **known = ds_arena_alloc(ld->arena, (DS_COUNT(common) + room) * sizeof(*known));
    size_t n = DS_COUNT(common);

    memcpy(known, common, sizeof(common));
    n += ds_options_names(e->source.options, known + n);
    n += ds_options_names(e->destination.options, known + n);
    ds_unknown_key(ld, m, known, n);
}

static void check_setting(ds_load *ld, const ds_member *m, const ends *e, const char *kind)
{
    const ds_side *side = side_with(e, m->name);
    void *scratch;

    if (!strcmp(m->name, "kind"))
        return;
    if (side) { /* read for its issues alone */
        scratch = ds_arena_zalloc(ld->arena, side->instance_size);
        (void)!ds_option_read(ld, ds_option_find(side->options, m->name), m, scratch);
    } else if (!strcmp(m->name, "login")) {
        ds_issue(ld->issues, m->at, "login is not in this build");
    } else if (!strcmp(m->name, "token") || !strcmp(m->name, "base_url")) {
        ds_issue(ld->issues, m->at, "%s has no %s", kind, m->name);
    } else {
        unknown(ld, m, e);
    }
}

static void no_such_kind(ds_load *ld, const ds_member *account, const ds_member *m,
                         const char *kind)
{
    const ds_connectors *c = ld->connectors;
    const char **known, *unloaded, *guess;
    const ds_member *login = ds_node_member(account->value, "login");
    ds_err err = DS_ERR_INIT;
    size_t n;

    if (login)
        ds_issue(ld->issues, login->at, "login is not in this build");
    unloaded = ds_kind_unloaded(c, ld->arena, kind, &err);
    if (!unloaded) {
        ds_issue(ld->issues, m->value->at, "%s", err.text);
        return;
    }
    if (ds_kind_is_later(kind)) {
        ds_issue(ld->issues, m->value->at, "account kind %s is not in this build%s", kind,
                 unloaded);
        return;
    }
    known = ds_arena_alloc(ld->arena, (c->sources_n + c->destinations_n + 1) * sizeof(*known));
    n = ds_kinds_of(c, DS_SOURCE, known);
    n += ds_kinds_of(c, DS_DESTINATION, known + n);
    guess = ds_kind_guess(ld, kind, known, n);
    ds_issue(ld->issues, m->value->at, "unknown account kind \"%s\"%s", kind,
             *guess ? guess : unloaded);
}

static void read_account(ds_load *ld, const ds_member *m, ds_account *out)
{
    const ds_member *kind;
    ends e;
    bool found;

    *out = (ds_account){.name = m->name, .at = m->at};
    if (!ds_read_map(ld, m, "a table with a kind and its settings"))
        return;
    kind = ds_node_member(m->value, "kind");
    if (!kind) {
        ds_issue(ld->issues, m->at, "%s: \"kind\" is missing", m->name);
        return;
    }
    if (!ds_read_text(ld, kind, &out->kind))
        return;
    found = ds_side_of_kind(ld->connectors, out->kind, DS_SOURCE, &e.source);
    found |= ds_side_of_kind(ld->connectors, out->kind, DS_DESTINATION, &e.destination);
    if (!found) {
        no_such_kind(ld, m, kind, out->kind);
        return;
    }
    for (size_t i = 0; i < m->value->n; i++)
        check_setting(ld, &m->value->members[i], &e, out->kind);
}

void ds_accounts_read(ds_load *ld, const ds_member *m, ds_config *config)
{
    ds_account *accounts;

    if (!m || !ds_read_map(ld, m, "a table of accounts"))
        return;
    ld->accounts = m->value;
    accounts = ds_arena_zalloc(ld->arena, (m->value->n + 1) * sizeof(*accounts));
    for (size_t i = 0; i < m->value->n; i++)
        read_account(ld, &m->value->members[i], &accounts[i]);
    config->accounts = accounts;
    config->accounts_n = m->value->n;
}
