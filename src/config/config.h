/* src/config/config.h
 *
 * The configuration: one YAML file to routes, checked by schema tables.  All errors at once, each
 * with file:line:column, the line shown with a caret, and a guess at what was meant.
 */
#ifndef DS_CONFIG_CONFIG_H
#define DS_CONFIG_CONFIG_H

#include "base/notice.h"
#include "base/route.h"
#include "base/temporal.h"
#include <durable_sync/base.h>

/* Connectors that come from elsewhere once they are named. */
typedef struct ds_more_connectors {
    /* Puts the kind into the lists below, where it is not in them yet. false: nobody has it, with
     * err->kind left alone; or it cannot be used, and `err` says why. */
    bool (*load)(struct ds_more_connectors *self, const char *kind, ds_err *err);
    /* All that could be loaded. */
    const char *const *(*kinds)(struct ds_more_connectors *self, ds_arena *a, size_t *n);
} ds_more_connectors;

/* The connectors that are there: app/registry.c hands them in. */
typedef struct ds_connectors {
    const ds_source_ops *const *sources;
    size_t sources_n;
    const ds_destination_ops *const *destinations;
    size_t destinations_n;
    ds_more_connectors *more;          /* NULL: these are all */
    const ds_transformer *transformer; /* what runs `transform`; NULL: nothing does */
    bool compile; /* programs are compiled to see what is wrong with them, at 20 ms each */
} ds_connectors;

/* The kind is in the lists, or could be put into them. Else as ds_more_connectors.load. */
bool ds_connectors_have(const ds_connectors *c, const char *kind, ds_err *err);

const ds_source_ops *ds_connectors_source(const ds_connectors *c, const char *kind);
const ds_destination_ops *ds_connectors_destination(const ds_connectors *c, const char *kind);

typedef struct ds_account {
    const char *name;
    const char *kind;
    ds_at at;
} ds_account;

typedef struct ds_notify_to { /* who is told of what; one of url and command is there at least */
    unsigned on;              /* ds_notice_event */
    ds_secret *url;           /* NULL: no POST */
    ds_secret *token;
    const char *ca_file;
    bool private_network;
    const char *const *command; /* ended by NULL; NULL: none */
    const char *dir;            /* where it runs */
} ds_notify_to;

typedef struct ds_config {
    ds_arena *arena;
    const char *path;           /* as the user would write it */
    const char *store_path;     /* a file, absolute; else the server's name, without a password */
    const ds_secret *store_url; /* as libpq takes it; NULL: a file */
    const char *store_schema;   /* of a server's */
    /* What belongs to the store on this machine has this name and more: absolute. */
    const char *store_local;
    const ds_account *accounts;
    size_t accounts_n;
    const ds_notify_to *notify;    /* NULL: nobody is told */
    const ds_temporal *temporal;   /* NULL: the embedded engine */
    const ds_route *const *routes; /* in the order of the file */
    size_t routes_n;
    const char *const *secret_names; /* of variables that secrets came from, ended by NULL */
    /* internal */
    struct ds_secrets *secrets;
} ds_config;

/* -c FILE, else $DURABLE_SYNC_CONFIG: what is named is answered, there or not. Else the first that
 * exists of ./durable-sync.yaml and /etc/durable-sync/durable-sync.yaml; NULL: none does. */
const char *ds_config_find(const char *from_option, ds_arena *a);

/* NULL after having written every error to `errors` (one block of lines each, blank line between).
 * Never prints a secret. */
DS_MUST_USE ds_config *ds_config_load(const char *path, const ds_connectors *connectors,
                                      ds_buf *errors);
/* Where the store is and what the routes are called, and nothing else: for who talks to a daemon
 * that has read the rest. No connector is loaded and no route's secret read. NULL where that cannot
 * be told, and of another engine, whose settings say who is asked: ds_config_load
 * knows. */
DS_MUST_USE ds_config *ds_config_outline(const char *path, const ds_connectors *connectors);
/* ds_config_load from memory, for tests and fuzzing; `dir` is what relative paths are relative to.
 * ${command:...} runs commands here too: a fuzz target puts its own ds_command_read in its place.
 */
DS_MUST_USE ds_config *ds_config_parse(const char *path, const char *text, size_t n,
                                       const char *dir, const ds_connectors *connectors,
                                       ds_buf *errors);
/* One route without a file (ds_main_route): each option from its own variable (option->env), else
 * NAME_SOURCE_OPTION or NAME_DESTINATION_OPTION, else NAME_OPTION, else its default. */
DS_MUST_USE ds_config *ds_config_single(const char *name, const char *store_path,
                                        const ds_source_ops *source,
                                        const ds_destination_ops *destination, ds_buf *errors);
void ds_config_free(ds_config *config); /* wipes secrets */
/* Wipes in the environment what secrets were read from, so that /proc and a core dump no longer
 * have them. Such a variable is there, and empty, from then on. */
void ds_config_forget_environment(const ds_config *config);

/* What a reference stands for that is written elsewhere than in a configuration, as ${file:PATH};
 * relative to `dir`. The caller's; NULL with *err, which never holds any of it. */
DS_MUST_USE ds_secret *ds_config_secret(const char *raw, const char *dir, ds_err *err);

const ds_route *ds_config_route(const ds_config *config, const char *name); /* NULL: none */

const char *ds_config_library(void); /* version of libyaml: "0.2.5" */

DS_AUTO_DEFINE(ds_config, ds_config_free)

#endif
