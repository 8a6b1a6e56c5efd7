/* src/engine/temporal/attributes.c - search attributes: which there are, and what they say. */
#include "engine/temporal/attributes.h"

#include "engine/temporal/payload.h"
#include <string.h>

#define LIST "/temporal.api.operatorservice.v1.OperatorService/ListSearchAttributes"
#define LOOK_MS (2 * DS_SECOND_MS)
#define VALUE_MOST 255 /* bytes; what every store of a server's takes for a keyword */
#define ASKED (1u << COUNT)

enum { ROUTE, STATE, UNIT, COUNT };

static const char *const names[COUNT] = {"SyncRoute", "SyncState", "SyncUnit"};

/* ---- which ----------------------------------------------------------------------------------- */

static int index_of(const char *name)
{
    for (int i = 0; name && i < COUNT; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static unsigned found_in(const Ds__ListSearchAttributesResponse *all)
{
    unsigned found = 0;

    for (size_t i = 0; i < all->n_custom_attributes; i++) {
        const Ds__ListSearchAttributesResponse__CustomAttributesEntry *one =
            all->custom_attributes[i];
        int at = index_of(one->key);

        if (at >= 0 && one->value == DS__INDEXED_VALUE_TYPE__INDEXED_VALUE_TYPE_KEYWORD)
            found |= 1u << at;
    }
    return found;
}

void ds_attributes_look(ds_client *c)
{
    static const ds_call call = {LIST, &ds__list_search_attributes_response__descriptor, LOOK_MS,
                                 0};
    DS_AUTO(ds_arena) a = ds_arena_new();
    Ds__ListSearchAttributesRequest *r =
        ds_wire_new(&ds__list_search_attributes_request__descriptor, a);
    ds_err ignored = DS_ERR_INIT;
    void *answer;

    r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    if (ds_client_call(c, &call, &r->base, a, &answer, NULL, &ignored))
        ds_client_set_attributes(c, ASKED | found_in(answer));
}

bool ds_attributes_refused(ds_client *c, bool sent, const ds_grpc_failure *failure)
{
    if (!sent || failure->status != DS_GRPC_INVALID_ARGUMENT)
        return false;
    ds_client_set_attributes(c, ASKED);
    return true;
}

bool ds_attributes_sent(Ds__Command *const *commands, size_t n)
{
    const Ds__Command *last = n ? commands[n - 1] : NULL;

    if (!last)
        return false;
    if (last->command_type == DS__COMMAND_TYPE__COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION)
        return last->continue_as_new_workflow_execution_command_attributes->search_attributes;
    return last->command_type == DS__COMMAND_TYPE__COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES;
}

/* ---- what they say --------------------------------------------------------------------------- */

static void add(Ds__SearchAttributes *to, const char *name, Ds__Payload *value, ds_arena *a)
{
    Ds__SearchAttributes__IndexedFieldsEntry *entry =
        ds_wire_new(&ds__search_attributes__indexed_fields_entry__descriptor, a);

    entry->key = ds_arena_strdup(a, name);
    entry->value = value;
    to->indexed_fields[to->n_indexed_fields++] = entry;
}

static Ds__SearchAttributes *new_attributes(size_t most, ds_arena *a)
{
    Ds__SearchAttributes *all = ds_wire_new(&ds__search_attributes__descriptor, a);

    all->indexed_fields = ds_arena_alloc(a, (most + 1) * sizeof(*all->indexed_fields));
    return all;
}

static void add_ours(const ds_client *c, const ds_carry *carry, const char *word,
                     Ds__SearchAttributes *to, ds_arena *a)
{
    const char *const texts[COUNT] = {
        [ROUTE] = carry->route, [STATE] = word, [UNIT] = carry->unit_name};
    unsigned known = ds_client_attributes(c);

    for (int i = 0; i < COUNT; i++) {
        if (known & 1u << i)
            add(to, names[i], ds_payload_of_words(texts[i], VALUE_MOST, a), a);
    }
}

Ds__SearchAttributes *ds_attributes_of(const ds_client *c, const ds_carry *carry, const char *word,
                                       ds_arena *a)
{
    Ds__SearchAttributes *all = new_attributes(COUNT, a);

    add_ours(c, carry, word, all, a);
    return all->n_indexed_fields ? all : NULL;
}

static bool shows(const Ds__SearchAttributes *all, const char *name, const Ds__Payload *value)
{
    for (size_t i = 0; all && i < all->n_indexed_fields; i++) {
        const Ds__Payload *found = all->indexed_fields[i]->value;

        if (all->indexed_fields[i]->key && strcmp(all->indexed_fields[i]->key, name) == 0)
            return found && found->data.len == value->data.len &&
                   memcmp(found->data.data, value->data.data, value->data.len) == 0;
    }
    return false;
}

static Ds__SearchAttributes *ours_now(const ds_client *c, const ds_replay *r, ds_arena *a)
{
    const ds_carry *carry = ds_replay_state(r);

    return ds_attributes_of(c, carry, ds_replay_word(&carry->unit), a);
}

Ds__SearchAttributes *ds_attributes_changed(const ds_client *c, const ds_replay *r, ds_arena *a)
{
    const Ds__SearchAttributes *shown = ds_replay_searched(r);
    Ds__SearchAttributes *wanted = ours_now(c, r, a);

    for (size_t i = 0; wanted && i < wanted->n_indexed_fields; i++) {
        if (!shows(shown, wanted->indexed_fields[i]->key, wanted->indexed_fields[i]->value))
            return wanted; /* all of them, so that the last change tells what the run shows */
    }
    return NULL;
}

/* ---- a run's successor ----------------------------------------------------------------------- */

Ds__SearchAttributes *ds_attributes_of_next(const ds_client *c, const ds_replay *r, ds_arena *a)
{
    const Ds__SearchAttributes *old = ds_replay_start(r)->search;
    const ds_carry *carry = ds_replay_state(r);
    size_t old_n = old ? old->n_indexed_fields : 0;
    Ds__SearchAttributes *next = new_attributes(old_n + COUNT, a);
    bool asked = ds_client_attributes(c) & ASKED;

    for (size_t i = 0; i < old_n; i++) {
        if (!asked || index_of(old->indexed_fields[i]->key) < 0)
            next->indexed_fields[next->n_indexed_fields++] = old->indexed_fields[i];
    }
    add_ours(c, carry, ds_replay_word(&carry->unit), next, a);
    return next->n_indexed_fields ? next : NULL;
}
