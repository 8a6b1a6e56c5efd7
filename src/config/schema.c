/* src/config/schema.c - reads a table by the list of its keys. */
#include "config/load.h"
#include "base/text.h"

#include <string.h>

const char *ds_guess(ds_load *ld, const char *name, const char *const *known, size_t n)
{
    const char *near = ds_nearest(name, known, n);

    return near ? ds_arena_printf(ld->arena, "; did you mean \"%s\"?", near) : "";
}

bool ds_unknown_key(ds_load *ld, const ds_member *m, const char *const *known, size_t n)
{
    const char *near = ds_nearest(m->name, known, n);

    if (near && ds_issues_is_secret(ld->issues, near))
        ds_node_hide(ld->issues, m->value);
    return ds_issue(ld->issues, m->at, "unknown key \"%s\"%s", m->name,
                    ds_guess(ld, m->name, known, n));
}

static const ds_key *find_key(const ds_key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (!strcmp(keys->name, name))
            return keys;
    return NULL;
}

static bool unknown(ds_load *ld, const ds_member *m, const ds_key *keys)
{
    const char **known;
    size_t n = 0;

    while (keys[n].name)
        n++;
    known = ds_arena_alloc(ld->arena, (n + 1) * sizeof(*known));
    for (size_t i = 0; i < n; i++)
        known[i] = keys[i].name;
    return ds_unknown_key(ld, m, known, n);
}

static bool read_key(ds_load *ld, const ds_key *key, const ds_member *m, void *out)
{
    void *field = (char *)out + key->offset;

    switch (key->type) {
    case DS_KEY_MEMBER:
        *(const ds_member **)field = m;
        return true;
    case DS_KEY_TEXT:
        return ds_read_text(ld, m, field);
    case DS_KEY_DURATION:
        return ds_read_duration(ld, m, key->min, key->max, field);
    case DS_KEY_CHOICE:
        return ds_read_choice(ld, m, key->choices, field);
    }
    return false; /* GCOVR_EXCL_LINE the switch has every type, and the compiler sees to that */
}

bool ds_schema_read(ds_load *ld, const ds_member *m, const ds_key *keys, void *out)
{
    bool ok = ds_read_map(ld, m, "a table of settings");

    if (!ok)
        return false;
    for (size_t i = 0; i < m->value->n; i++) {
        const ds_member *member = &m->value->members[i];
        const ds_key *key = find_key(keys, member->name);

        ok &= key ? read_key(ld, key, member, out) : unknown(ld, member, keys);
    }
    for (const ds_key *key = keys; key->name; key++)
        if (key->required && !ds_node_member(m->value, key->name))
            ok = ds_issue(ld->issues, m->at, "%s%s\"%s\" is missing", m->name, *m->name ? ": " : "",
                          key->name);
    return ok;
}
