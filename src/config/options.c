/* src/config/options.c - fills a connector's instance from its option table. */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

const ds_option *ds_option_find(const ds_option *options, const char *name)
{
    for (; options && options->name; options++)
        if (!strcmp(options->name, name))
            return options;
    return NULL;
}

size_t ds_options_count(const ds_option *options)
{
    size_t n = 0;

    while (options && options[n].name)
        n++;
    return n;
}

size_t ds_options_names(const ds_option *options, const char **names)
{
    size_t n = ds_options_count(options);

    for (size_t i = 0; i < n; i++)
        names[i] = options[i].name;
    return n;
}

bool ds_option_read(ds_load *ld, const ds_option *option, const ds_member *m, void *instance)
{
    void *field = (char *)instance + option->offset;

    switch (option->type) {
    case DS_OPTION_TEXT:
        m->value->keeps = option->keeps;
        return option->required ? ds_read_text(ld, m, field) : ds_read_any_text(ld, m, field);
    case DS_OPTION_PATH:
        return ds_read_path(ld, m, field);
    case DS_OPTION_SECRET:
        return ds_read_secret(ld, m, option->harmless, field);
    case DS_OPTION_INT:
        return ds_read_int(ld, m, option->min, option->max, field);
    case DS_OPTION_BOOL:
        return ds_read_bool(ld, m, field);
    case DS_OPTION_DURATION:
        return ds_read_duration(ld, m, option->min, option->max, field);
    case DS_OPTION_CHOICE:
        return ds_read_choice(ld, m, option->choices, field);
    case DS_OPTION_LIST:
        return ds_read_texts(ld, m, field);
    }
    return false; /* GCOVR_EXCL_LINE the switch has every type, and the compiler sees to that */
}

bool ds_option_fallback(ds_load *ld, const ds_option *option, void *instance)
{
    const char *text = option->fallback;
    ds_member m = {.name = option->name};

    if (option->type == DS_OPTION_SECRET)
        text = option->env ? getenv(option->env) : NULL;
    if (!text || (!*text && option->type != DS_OPTION_TEXT))
        return false;
    if (option->type == DS_OPTION_SECRET)
        ds_load_secret_name(ld, option->env, strlen(option->env));
    m.value = ds_node_scalar(ld->arena, text);
    return ds_option_read(ld, option, &m, instance);
}

static bool ask_connector(const ds_side *side, ds_err *err)
{
    if (side->source)
        return !side->source->validate || side->source->validate(side->settings, err);
    return !side->destination->validate || side->destination->validate(side->settings, err);
}

bool ds_side_validate(ds_load *ld, const ds_side *side, ds_at at)
{
    ds_err err = DS_ERR_INIT;

    return ask_connector(side, &err) || ds_issue(ld->issues, at, "%s: %s", side->kind, err.text);
}
