/* src/config/load.h
 *
 * The inside of src/config: what is carried along while a configuration is read, and its parts in
 * the order they are used.
 *
 * Everything that reads a setting takes the member it stands in, so that messages have a name and
 * a place.  It answers false after an issue, and reading goes on: all issues come out at once.
 */
#ifndef DS_CONFIG_LOAD_H
#define DS_CONFIG_LOAD_H

#include "config/config.h"
#include "config/issues.h"
#include "config/tables.h"
#include "config/tree.h"
#include "schedule/schedule.h"

struct ds_secrets {
    ds_secret **items;
    size_t n, cap;
};

typedef struct ds_load {
    ds_arena *arena; /* the configuration's */
    ds_issues *issues;
    const ds_connectors *connectors;
    const char *path;        /* as the user wrote it; NULL: there is no file */
    const char *dir;         /* absolute; what relative paths are relative to */
    bool others_read;        /* group or others may read the file */
    const ds_node *accounts; /* the table of that name; NULL: none */
    struct ds_secrets *secrets;
    struct ds_read_zone *zones; /* that were read already */
    ds_node **wipe;             /* scalars that are secrets: gone once all is read */
    size_t wipe_n, wipe_cap;
    const char **names; /* of variables that secrets came from */
    size_t names_n, names_cap;
} ds_load;

/* ---- begin and end (config.c) ---------------------------------------------------------------- */

/* A configuration with nothing in it. The caller sets ld->issues. */
ds_config *ds_load_begin(ds_load *ld, const char *path, const char *dir,
                         const ds_connectors *connectors);
/* Writes the issues and wipes what was secret; NULL where there were issues. */
DS_MUST_USE ds_config *ds_load_end(ds_load *ld, ds_config *config, ds_buf *errors);

/* ---- references (reference.c, command.c) ----------------------------------------------------- */

#define DS_REFERENCE_BYTES_MAX (64 * DS_KIB)
#define DS_COMMAND_LIMIT_MS (10 * DS_SECOND_MS)

/* The text of a scalar with ${...} filled in, made once; NULL after an issue. */
const char *ds_node_text(ds_load *ld, ds_node *node);
/* Whether it begins with what other programs may write anew while we run (a file, a credential, a
 * command) and has nothing in it that can be read once only. */
bool ds_reference_may_change(const char *raw);
/* What a scalar with references is now, the caller's; NULL: empty, or it cannot be told. On any
 * thread. */
ds_secret *ds_reference_now(const char *raw, const char *dir);
/* What `sh -c command`, run in `dir`, writes to its standard output. It is killed at the limit. */
DS_MUST_USE bool ds_command_read(const char *command, const char *dir, int64_t limit_ms,
                                 ds_buf *out, ds_err *err);

/* ---- values (read.c, literal.c, secret.c, path.c) -------------------------------------------- */

DS_MUST_USE bool ds_read_text(ds_load *ld, const ds_member *m, const char **out); /* not empty */
DS_MUST_USE bool ds_read_any_text(ds_load *ld, const ds_member *m, const char **out);
DS_MUST_USE bool ds_read_path(ds_load *ld, const ds_member *m, const char **out); /* absolute */
DS_MUST_USE bool ds_read_bool(ds_load *ld, const ds_member *m, bool *out);
/* min and max both 0: no bounds. */
DS_MUST_USE bool ds_read_int(ds_load *ld, const ds_member *m, int64_t min, int64_t max,
                             int64_t *out);
DS_MUST_USE bool ds_read_duration(ds_load *ld, const ds_member *m, int64_t min, int64_t max,
                                  int64_t *out);
/* `choices` are separated by '|'. */
DS_MUST_USE bool ds_read_choice(ds_load *ld, const ds_member *m, const char *choices,
                                const char **out);
DS_MUST_USE bool ds_read_texts(ds_load *ld, const ds_member *m, ds_texts *out); /* each once */
/* `harmless` (may be NULL): this text is no secret after all, others may read it in the file. */
DS_MUST_USE bool ds_read_secret(ds_load *ld, const ds_member *m, bool (*harmless)(const char *text),
                                ds_secret **out);
/* A value as one writes it: true, 5, 1.10, null, text, or (where allowed) a list of texts. */
DS_MUST_USE bool ds_read_literal(ds_load *ld, const ds_member *m, bool list, ds_value *out);
DS_MUST_USE bool ds_read_map(ds_load *ld, const ds_member *m,
                             const char *what); /* that it is one */

/* "expected WHAT, found ...": false. */
bool ds_expected(ds_load *ld, const ds_member *m, const char *what);
/* The secret lives until the configuration is freed. */
ds_secret *ds_load_keep_secret(ds_load *ld, const char *text);
void ds_load_secret_name(ds_load *ld, const char *name, size_t n); /* of a variable with one */
const char *ds_path_real(ds_arena *a, const char *path); /* without links; as it is if not there */
/* Where an absolute one leads to, by whichever links, and whether it is there yet or not. */
const char *ds_path_end(ds_arena *a, const char *path);
/* The next option behind `after` (NULL: the first) that is a path and set to one. NULL: no more. */
const ds_option *ds_next_path(const ds_option *options, const void *settings,
                              const ds_option *after, const char **path);
const char *ds_path_absolute(ds_arena *a, const char *dir, const char *path);
/* The same, but of a link the file itself: it has one lock and one socket, however it is called. */
const char *ds_path_of_store(ds_arena *a, const char *dir, const char *path);

/* ---- `store` (store.c) ----------------------------------------------------------------------- */

DS_MUST_USE bool ds_store_read(ds_load *ld, const ds_member *m, ds_config *config);
/* No route may write to the store's own file: each would wait for the other's lock. */
void ds_store_spare(ds_load *ld, const ds_config *config, const ds_node *table,
                    const ds_route *route);

/* ---- tables (schema.c) ----------------------------------------------------------------------- */

/* Reads the table in `m` by its keys (ended by a name of NULL) into `out`, whose fields already
 * hold the defaults. Unknown and missing keys are issues. */
bool ds_schema_read(ds_load *ld, const ds_member *m, const ds_key *keys, void *out);
/* `unknown key "feilds"; did you mean "fields"?`, at the name. */
bool ds_unknown_key(ds_load *ld, const ds_member *m, const char *const *known, size_t n);
/* `; did you mean "fields"?` or nothing. */
const char *ds_guess(ds_load *ld, const char *name, const char *const *known, size_t n);

/* ---- connectors' settings (kinds.c, options.c, accounts.c, sides.c) -------------------------- */

typedef enum ds_side_word { DS_SOURCE, DS_DESTINATION } ds_side_word;

typedef struct ds_side { /* one end of a route */
    ds_side_word word;
    const ds_source_ops *source;           /* or */
    const ds_destination_ops *destination; /* the other one NULL */
    const char *kind;
    const ds_option *options;
    size_t instance_size;
    void *settings; /* an instance; NULL after an issue */
} ds_side;

/* Kinds that exist and are not in this build, ended by NULL. */
extern const char *const ds_kinds_later[];
bool ds_kind_is_later(const char *kind);
/* The names of all options that are secrets, ended by NULL. */
const char *const *ds_kinds_secret_names(const ds_connectors *c, ds_arena *a);
/* Loads the connectors that the file names, so that their secrets are known before anything of it
 * is shown. What cannot be loaded is said where it is named (kinds_named.c). */
void ds_kinds_load_named(const ds_connectors *c, const ds_node *root);
void ds_kinds_load_guessed(const ds_connectors *c, const char *text, size_t n);
/* `; no connector folder has a KIND.so`, or nothing where none is looked for; NULL: there is one
 * that cannot be used, and `err` says why. */
const char *ds_kind_unloaded(const ds_connectors *c, ds_arena *a, const char *kind, ds_err *err);
/* The kinds that are there, as many as the side's list has; answers how many. */
size_t ds_kinds_of(const ds_connectors *c, ds_side_word word, const char **kinds);
/* ds_guess among `own`, the kinds of other builds and those that could be loaded. */
const char *ds_kind_guess(ds_load *ld, const char *kind, const char *const *own, size_t own_n);
/* Fills in all but the settings; false: no such kind on that side. */
bool ds_side_of_kind(const ds_connectors *c, const char *kind, ds_side_word word, ds_side *out);
/* Says that there is no such kind, and which there are. */
bool ds_no_such_kind(ds_load *ld, const ds_member *m, const char *kind, ds_side_word word);

const ds_option *ds_option_find(const ds_option *options, const char *name); /* NULL: none */
size_t ds_options_count(const ds_option *options);
size_t ds_options_names(const ds_option *options, const char **names); /* answers how many */
/* Sets the option's field of the instance. */
DS_MUST_USE bool ds_option_read(ds_load *ld, const ds_option *option, const ds_member *m,
                                void *instance);
/* The default, or the environment's where the option names a variable; true when there was one. */
bool ds_option_fallback(ds_load *ld, const ds_option *option, void *instance);
/* Asks the connector whether the settings go together; an issue at `at` where not. */
bool ds_side_validate(ds_load *ld, const ds_side *side, ds_at at);

void ds_accounts_read(ds_load *ld, const ds_member *m, ds_config *config);
void ds_notify_read(ds_load *ld, const ds_member *m, ds_config *config); /* notify.c */
/* `engine` of the kind temporal, the word alone or a table; NULL after an issue (temporal.c). */
const ds_temporal *ds_temporal_read(ds_load *ld, const ds_member *m, size_t routes_n);
/* `source:` or `destination:` of a route. */
bool ds_side_read(ds_load *ld, const ds_member *m, ds_side_word word, const char *route,
                  ds_side *out);
/* A cleared instance with its base filled in. */
void ds_side_begin(ds_load *ld, ds_side *side, const char *route);

/* ---- routes (route.c, schedule.c, fields.c, template.c, transform.c, limits.c, columns.c, ...)
 * -----
 */

#define DS_EVERY_MAX_MS (3650 * DS_DAY_MS)
#define DS_ROUTES_MAX ((size_t)10000)

/* Never NULL; what could not be read is at its default. */
ds_route *ds_route_read(ds_load *ld, const ds_member *m);
/* `cron`, `zone` and `quiet` of the route's table. */
void ds_schedule_read(ds_load *ld, const ds_node *table, ds_route *route);
void ds_fields_read(ds_load *ld, const ds_member *m, ds_route *route);
void ds_where_read(ds_load *ld, const ds_member *m, ds_route *route);
/* The route's `body`, which takes the forms of a field. */
void ds_body_read(ds_load *ld, const ds_member *m, ds_route *route);
/* A destination that does not always write bodies has a choice `body`: "none", or "create" for
 * those of new rows alone. What it is set to; "": it has none. */
const char *ds_body_choice(const ds_route *route);
/* NULL when "{owner.login}/{name}" is well formed, else what is wrong with it. */
const char *ds_template_problem(const char *text);
void ds_transform_read(ds_load *ld, const ds_member *m, ds_route *route);
void ds_missing_read(ds_load *ld, const ds_member *m, ds_route *route);
void ds_limits_read(ds_load *ld, const ds_member *m, ds_route *route);
void ds_pace_read(ds_load *ld, const ds_member *m, ds_route *route);
/* owns, create_only, stamp and the mark against the fields and the destination's key; body against
 * what the destination takes. */
void ds_columns_check(ds_load *ld, const ds_node *table, const ds_route *route);
/* No two routes may own the same column of one destination. `tables[i]` is where routes[i] stands.
 */
void ds_owners_check(ds_load *ld, const ds_route *const *routes, const ds_node *const *tables,
                     size_t n);
/* The value of the option `key`; "" where there is none. */
const char *ds_settings_key(const ds_option *options, const void *settings);
/* As the destination says it, and as text: it is kept in the store, and folders may have any name.
 */
const char *ds_route_identity(ds_load *ld, const ds_destination_ops *ops, const void *settings);
/* Key signature and fingerprint of a route that is sound. */
void ds_route_seal(ds_load *ld, ds_route *route);

#endif
