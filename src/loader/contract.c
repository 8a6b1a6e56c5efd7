/* src/loader/contract.c
 *
 * A connector that was compiled in has been through its tests; one that was loaded is taken at its
 * word, and a table with a hole in it would be a crash in the middle of a pass.  So its tables are
 * looked through once.
 */
#include "loader/object.h"

#include <string.h>

#define INSTANCE_MAX DS_MIB
#define OPTIONS_MAX 200

static bool broken(ds_err *err, const char *what)
{
    return ds_fail(err, DS_ERR_CONFIG, "its table is not complete: %s", what);
}

static size_t option_bytes(ds_option_type type)
{
    switch (type) {
    case DS_OPTION_TEXT:
    case DS_OPTION_PATH:
    case DS_OPTION_CHOICE:
        return sizeof(const char *);
    case DS_OPTION_SECRET:
        return sizeof(ds_secret *);
    case DS_OPTION_INT:
    case DS_OPTION_DURATION:
        return sizeof(int64_t);
    case DS_OPTION_BOOL:
        return sizeof(bool);
    case DS_OPTION_LIST:
        return sizeof(ds_texts);
    }
    return 0;
}

static bool check_option(const ds_option *o, size_t base, size_t instance_size, ds_err *err)
{
    size_t n = option_bytes(o->type);

    if (!n || (o->type == DS_OPTION_CHOICE && !o->choices))
        return ds_fail(err, DS_ERR_CONFIG, "its setting \"%.60s\" is of no type", o->name);
    if (o->offset < base || o->offset > instance_size || n > instance_size - o->offset)
        return ds_fail(err, DS_ERR_CONFIG, "its setting \"%.60s\" lies outside of its instance",
                       o->name);
    return true;
}

static bool check_common(const char *kind, const char *said, const char *help, uint32_t abi,
                         ds_err *err)
{
    if (abi != DS_CONNECTOR_ABI)
        return ds_fail(err, DS_ERR_CONFIG,
                       "a table of it is of connector ABI %u, this durable-sync has %u; rebuild it",
                       abi, DS_CONNECTOR_ABI);
    if (!said || !help)
        return broken(err, "kind and help");
    if (strcmp(said, kind) != 0)
        return ds_fail(err, DS_ERR_CONFIG,
                       "it calls itself \"%.60s\"; a connector's file is named for its kind", said);
    return true;
}

static bool check_options(const ds_option *options, size_t base, size_t instance_size, ds_err *err)
{
    size_t n = 0;

    if (!options)
        return broken(err, "options");
    if (instance_size < base || instance_size > INSTANCE_MAX)
        return broken(err, "instance_size");
    for (; options[n].name; n++)
        if (n == OPTIONS_MAX || !check_option(&options[n], base, instance_size, err))
            return n < OPTIONS_MAX ? false : broken(err, "options without an end");
    return true;
}

static bool check_source(const ds_source_ops *s, const char *kind, ds_err *err)
{
    if (!check_common(kind, s->kind, s->help, s->abi, err))
        return false;
    if (!s->units || !s->fetch_page)
        return broken(err, "units and fetch_page");
    return check_options(s->options, sizeof(ds_source), s->instance_size, err);
}

static bool check_destination(const ds_destination_ops *d, const char *kind, ds_err *err)
{
    if (!check_common(kind, d->kind, d->help, d->abi, err))
        return false;
    if (d->promise != DS_PROMISE_A && d->promise != DS_PROMISE_B && d->promise != DS_PROMISE_C)
        return broken(err, "promise");
    if (!d->identity || !d->write)
        return broken(err, "identity and write");
    if (d->promise != DS_PROMISE_C && !d->find)
        return broken(err, "find, which promises A and B need");
    return check_options(d->options, sizeof(ds_destination), d->instance_size, err);
}

bool ds_contract_check(const ds_connector *c, const char *kind, ds_err *err)
{
    if (!c->source && !c->destination)
        return broken(err, "a source or a destination");
    if (c->source && !check_source(c->source, kind, err))
        return false;
    return !c->destination || check_destination(c->destination, kind, err);
}
