/* src/config/temporal.h
 *
 * The settings of `engine: temporal`, from three places: a profile in the file that Temporal's own
 * tools read, the configuration over it, the environment over both.  Each place gives members,
 * which are read once the highest is known.
 */
#ifndef DS_CONFIG_TEMPORAL_H
#define DS_CONFIG_TEMPORAL_H

#include "config/load.h"

typedef enum ds_temporal_setting {
    DS_T_ADDRESS,
    DS_T_NAMESPACE,
    DS_T_TASK_QUEUE,
    DS_T_PREFIX,
    DS_T_API_KEY,
    DS_T_TLS, /* true or false, of the table whether it is there */
    DS_T_AUTHORITY,
    DS_T_BUILD_ID,
    DS_T_ENCRYPTION_KEY,
    DS_T_ENCRYPTION_REQUIRED,
    DS_T_SERVER_NAME,
    DS_T_NO_VERIFY,
    DS_T_CA_PATH, /* from here on a path and its text take turns: one of both */
    DS_T_CA_DATA,
    DS_T_CERT_PATH,
    DS_T_CERT_DATA,
    DS_T_KEY_PATH,
    DS_T_KEY_DATA,
    DS_T_N
} ds_temporal_setting;

#define DS_T_HEADERS_MAX ((size_t)40)

typedef struct ds_temporal_layer { /* what one place says; NULL: nothing */
    const ds_member *of[DS_T_N];
    const ds_member *headers[DS_T_HEADERS_MAX]; /* an empty value takes one away */
    const char *header_names[DS_T_HEADERS_MAX];
    size_t headers_n;
} ds_temporal_layer;

/* The profile, from `file` (NULL: the usual one, which need not be there) and by `profile` (NULL:
 * "default", which need not be there either). `at`: where issues belong. */
void ds_temporal_profile(ds_load *ld, ds_at at, const char *file, const char *profile,
                         ds_temporal_layer *out);
void ds_temporal_environment(ds_load *ld, ds_temporal_layer *out);
/* A member of the layer from elsewhere than the configuration: `called` in messages. */
const ds_member *ds_temporal_member(ds_load *ld, const char *called, const char *text);
void ds_temporal_add_header(ds_load *ld, ds_temporal_layer *layer, const char *name,
                            const ds_member *m);
/* All that `over` says, on top. A path there takes the place of a text below, and the reverse. */
void ds_temporal_merge(ds_temporal_layer *base, const ds_temporal_layer *over);

#endif
