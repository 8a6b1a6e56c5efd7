/* tests/fuzz/fuzz_transform.c
 *
 * What goes to the jq worker and comes back.  A record that a program leaves alone comes back as
 * the very one it was; one whose values it wraps keeps or is held with a reason; bytes that a
 * worker gone astray may send are a sound result or none; what libjq says of a program becomes
 * words with a place.
 *
 * Input: a line (the record's properties), a line (a program and what is said of it, separated by
 * a NUL), then a worker's bytes.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "transform/internal.h"
#include "transform/worker.h"

#include <string.h>

static ds_transform_in read_record(fuzz_input *in, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    ds_record *rec = ds_new_in(a, ds_record);
    size_t n;
    const char *line = fuzz_piece(in, "\n", a, &n);

    rec->arena = a;
    ds_record_set_json(rec, ds_json_read(a, line, n, &err));
    return (ds_transform_in){.key = "k",
                             .props = rec->props,
                             .n = rec->hold ? 0 : rec->props_n,
                             .body = n % 2 ? "body" : NULL};
}

static void check_kept(const ds_transform_out *out)
{
    fuzz_must(!out->body || ds_utf8_ok(out->body, strlen(out->body)), "%s", out->body);
    for (size_t i = 0; i < out->n; i++) {
        fuzz_must(ds_utf8_ok(out->props[i].name, strlen(out->props[i].name)), "%s",
                  out->props[i].name);
        fuzz_value(out->props[i].value);
    }
}

static void check(const ds_transform_out *out)
{
    switch (out->fate) {
    case DS_TRANSFORM_KEPT:
        check_kept(out);
        break;
    case DS_TRANSFORM_HELD:
        fuzz_must(out->reason && *out->reason && ds_utf8_ok(out->reason, strlen(out->reason)),
                  "held without a word");
        break;
    case DS_TRANSFORM_DROPPED:
        break;
    case DS_TRANSFORM_OPEN:
        fuzz_must(false, "no result");
    }
}

/* ---- through the worker's own code ----------------------------------------------------------- */

/* Each property as [it]: none is what it was. */
static jv wrapped(jv record)
{
    jv props = jv_object_get(jv_copy(record), jv_string("properties")), all = jv_object();

    for (int at = jv_object_iter(props); jv_object_iter_valid(props, at);
         at = jv_object_iter_next(props, at))
        all = jv_object_set(all, jv_object_iter_key(props, at),
                            jv_array_append(jv_array(), jv_object_iter_value(props, at)));
    jv_free(props);
    return jv_object_set(record, jv_string("properties"), all);
}

static ds_transform_out through(const ds_transform_in *rec, bool wrap, ds_arena *a)
{
    DS_AUTO_BUF(there, 64 * DS_MIB);
    DS_AUTO_BUF(back, 64 * DS_MIB);
    ds_transform_out out = {0};
    ds_worker_record got;
    ds_wire_in in;
    jv made;

    fuzz_must(ds_jq_put_record(&there, a, rec), "it does not fit");
    in = (ds_wire_in){.at = there.data, .left = there.n};
    made = ds_worker_take(&in, &got);
    fuzz_must(!in.bad && !in.left && jv_is_valid(made), "%zu bytes left", in.left);
    ds_worker_put(&back, &got, wrap ? wrapped(made) : made);
    ds_worker_record_free(&got);
    in = (ds_wire_in){.at = ds_arena_strndup(a, back.data, back.n), .left = back.n};
    fuzz_must(ds_jq_take_result(&in, rec, a, &out) && !in.left, "our own worker is not understood");
    check(&out);
    return out;
}

static const ds_value *value_named(const ds_transform_out *out, const char *name)
{
    for (size_t i = 0; i < out->n; i++) {
        if (strcmp(out->props[i].name, name) == 0)
            return &out->props[i].value;
    }
    return NULL;
}

static void left_alone(const ds_transform_in *rec, ds_arena *a)
{
    ds_transform_out out = through(rec, false, a);

    fuzz_must(out.fate == DS_TRANSFORM_KEPT && out.n == rec->n, "%zu of %zu properties: %s", out.n,
              rec->n, out.reason ? out.reason : "");
    fuzz_must(!out.body == !rec->body && (!out.body || strcmp(out.body, rec->body) == 0), "a body");
    for (size_t i = 0; i < rec->n; i++) {
        const ds_value *is = value_named(&out, rec->props[i].name), *was = &rec->props[i].value;

        fuzz_must(is && is->type == was->type && is->n == was->n &&
                      memcmp(&is->as, &was->as, sizeof(is->as)) == 0,
                  "%s is another", rec->props[i].name);
    }
}

/* ---- what may come from elsewhere ------------------------------------------------------------ */

static void astray(const fuzz_input *bytes, const ds_transform_in *rec, ds_arena *a)
{
    ds_wire_in in = {.at = bytes->at, .left = bytes->left};

    while (in.left && !in.bad) {
        ds_transform_out out = {0};

        if (!ds_jq_take_result(&in, rec, a, &out))
            return;
        check(&out);
    }
}

static void said(void *to, int line, int col, const char *text)
{
    (void)to;
    fuzz_must(line >= 0 && col >= 0, "at %d:%d", line, col);
    fuzz_must(ds_utf8_ok(text, strlen(text)), "%s", text);
}

static void message(const char *line, size_t n, ds_arena *a)
{
    size_t program_n = strnlen(line, n);
    const char *text = line + DS_MIN(program_n + 1, n);

    ds_jq_message(a, line, text, n - (size_t)(text - line), said, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    ds_transform_in rec = read_record(&in, a);
    size_t line_n;
    const char *line = fuzz_piece(&in, "\n", a, &line_n);

    left_alone(&rec, a);
    through(&rec, true, a);
    message(line, line_n, a);
    astray(&in, &rec, a);
    return 0;
}
