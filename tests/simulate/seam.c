/* tests/simulate/seam.c
 *
 * The connector of the simulated service: one request a row, as the public header asks it.
 */
#include "tests/simulate/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t generations[2]; /* noted at the service, of each route */

static int64_t *generation_of(const ds_destination *self)
{
    return &generations[!strcmp(self->route, "s")];
}

static const char *identity(const ds_destination *self, ds_arena *a)
{
    (void)self;
    return ds_arena_strdup(a, "simulated");
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *const names[PROPS] = {"name", "size", "origin", "gone", "note", "extra"};

static int number_in(ds_value v)
{
    switch (v.type) {
    case DS_INT:
        return (int)v.as.integer;
    case DS_BOOL:
        return v.as.boolean;
    case DS_TEXT:
        return atoi(v.as.text + 1);
    default:
        return 0;
    }
}

static ds_value value_of(int prop, int number, ds_arena *a)
{
    switch (prop) {
    case P_NAME:
    case P_EXTRA:
        return ds_text(ds_arena_printf(a, "v%d", number));
    case P_ORIGIN:
        return ds_text(ds_arena_printf(a, "o%d", number));
    case P_SIZE:
    case P_NOTE:
        return ds_int(number);
    default:
        return ds_bool(number);
    }
}

static request request_of(const ds_write *x)
{
    request q = {.verb = x->op == DS_OP_CREATE ? V_CREATE : V_UPDATE, .key = key_of(x->key)};

    q.id = x->id ? atoi(x->id) : 0;
    for (size_t i = 0; i < x->props_n; i++) {
        for (int k = 0; k < PROPS; k++) {
            if (strcmp(names[k], x->props[i].name) != 0)
                continue;
            q.has[k] = true;
            q.only_new[k] = x->how && x->how[i] == DS_HOW_ONLY_NEW;
            q.values[k] = number_in(x->props[i].value);
        }
    }
    return q;
}

/* ---- writing --------------------------------------------------------------------------------- */

static answer call(ds_activity *act, const request *q, int *id)
{
    return ds_activity_stopping(act) ? A_NOT_SENT : service_call(q, id);
}

/* The second step of an API that cannot take the key with the create: without it the row is made
 * all the same, and known by its id. */
static answer stamp(ds_activity *act, const request *q, int id)
{
    request second = {.verb = V_STAMP, .key = q->key, .id = id};
    int unused;

    return the_model()->two_steps ? call(act, &second, &unused) : A_OK;
}

/* What an API that refuses a second row, or has no place to create one at, makes of it. */
static answer meet_by_key(ds_activity *act, request *q, int *id)
{
    const sim_row *there;
    answer a = call(act, q, id);

    if (a == A_GONE) {
        q->verb = V_CREATE;
        a = call(act, q, id);
    }
    if (a != A_CONFLICT)
        return a;
    a = ds_activity_stopping(act) ? A_NOT_SENT : service_ask("find", act);
    if (a != A_OK)
        return a == A_UNKNOWN ? A_NOT_SENT : a;
    if (!service_find(q->key, &there))
        return A_UNKNOWN;
    q->verb = V_UPDATE;
    q->id = there->id;
    return call(act, q, id);
}

/* false: the batch ends here. */
static bool write_one(ds_write *x, ds_activity *act, ds_err *err)
{
    request q = request_of(x);
    int id;
    answer a = the_model()->upserts ? meet_by_key(act, &q, &id) : call(act, &q, &id), second;

    switch (a) {
    case A_OK:
        second = q.verb == V_CREATE ? stamp(act, &q, id) : A_OK;
        x->outcome = q.verb == V_CREATE ? DS_OUT_CREATED : DS_OUT_UPDATED;
        x->new_id = ds_arena_printf(ds_activity_arena(act), "%d", id);
        return second != A_WAIT && second != A_AUTH ? true : (fail_call(second, 1, err), false);
    case A_MET:
        x->outcome = DS_OUT_UPDATED;
        x->adopted = true;
        x->new_id = ds_arena_printf(ds_activity_arena(act), "%d", id);
        return true;
    case A_GONE:
        x->outcome = DS_OUT_GONE;
        return true;
    case A_REFUSED:
        x->outcome = DS_OUT_HELD;
        x->reason = "refused";
        return true;
    case A_UNKNOWN:
    case A_CONFLICT:
        x->outcome = DS_OUT_UNKNOWN;
        return dice(2) || (fail_call(a, 1, err), false);
    case A_NOT_SENT:
    case A_WAIT:
    case A_AUTH:
        break;
    }
    fail_call(a, 1, err);
    return false;
}

static bool write_rows(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                       ds_err *err)
{
    ((seam_settings *)self)->written = true;
    for (size_t i = 0; i < n; i++) {
        if (ds_activity_stopping(act))
            return ds_fail(err, DS_ERR_CANCELLED, "stopped");
        if (!write_one(&writes[i], act, err))
            return false;
    }
    return true;
}

static bool take_away(ds_destination *self, ds_activity *act, verb v, const char *const *keys,
                      const char *const *ids, size_t n, ds_err *err)
{
    ((seam_settings *)self)->written = true;
    for (size_t i = 0; i < n; i++) {
        request q = {.verb = v, .key = key_of(keys[i]), .id = ids[i] ? atoi(ids[i]) : 0};
        int unused;
        answer a = call(act, &q, &unused);

        if (a != A_OK)
            return fail_call(a, 1, err) == DS_ERR_NONE;
    }
    return true;
}

static bool remove_rows(ds_destination *self, ds_activity *act, const char *const *keys,
                        const char *const *ids, size_t n, ds_err *err)
{
    return take_away(self, act, V_REMOVE, keys, ids, n, err);
}

static bool archive(ds_destination *self, ds_activity *act, const char *const *keys,
                    const char *const *ids, size_t n, ds_err *err)
{
    return take_away(self, act, V_ARCHIVE, keys, ids, n, err);
}

/* ---- looking --------------------------------------------------------------------------------- */

static ds_record *record_of(const sim_row *r, ds_arena *a)
{
    ds_record *rec = ds_new_in(a, ds_record);

    rec->arena = a;
    for (int i = 0; i < PROPS; i++)
        ds_record_append(rec, names[i], value_of(i, r->values[i], a));
    return rec;
}

static bool find(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                 ds_found *out, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    answer got = service_ask("find", act);

    (void)self;
    if (got != A_OK)
        return fail_call(got, 1, err) == DS_ERR_NONE;
    for (size_t i = 0; i < n; i++) {
        const sim_row *first;

        out[i] = (ds_found){.key = keys[i], .n = service_find(key_of(keys[i]), &first)};
        if (!first)
            continue;
        out[i].id = ds_arena_printf(a, "%d", first->id);
        out[i].row = record_of(first, a);
    }
    return true;
}

/* Noted at the service with the last row of a pass. A store that was put back from an old copy
 * knows another one. */
static bool open_destination(ds_destination *self, ds_activity *act, const ds_open_in *in,
                             ds_open_out *out, ds_err *err)
{
    int64_t generation = *generation_of(self);

    (void)act;
    (void)err;
    out->continues = !the_model()->generation || generation == 0 ||
                     (in->generation && strtoll(in->generation, NULL, 10) == generation);
    ((seam_settings *)self)->written =
        !out->continues; /* told anew, even if all rows are as they were */
    return true;
}

static bool finish(ds_destination *self, ds_activity *act, const char **told, ds_err *err)
{
    (void)err;
    if (((const seam_settings *)self)->written)
        *told = ds_arena_printf(ds_activity_arena(act), "%lld", (long long)++*generation_of(self));
    return true;
}

void seam_forgets(void)
{
    for (size_t i = 0; i < DS_COUNT(generations); i++)
        generations[i]++;
}

/* ---- the seam -------------------------------------------------------------------------------- */

const ds_destination_ops *seam_of(const api *m)
{
    static ds_destination_ops ops;

    memset(generations, 0, sizeof(generations));
    ops = (ds_destination_ops){
        .kind = "simulated",
        .help = "a simulated service",
        .abi = DS_CONNECTOR_ABI,
        .instance_size = sizeof(seam_settings),
        .promise = m->promise,
        .settle_ms = SETTLE_MS,
        .lag_ms = m->lag_ms,
        .upserts = m->upserts,
        .identity = identity,
        .write = write_rows,
        .find = m->finds ? find : NULL,
        .open = open_destination,
        .finish = m->generation ? finish : NULL,
        .archive = archive,
        .remove = remove_rows,
    };
    return &ops;
}
