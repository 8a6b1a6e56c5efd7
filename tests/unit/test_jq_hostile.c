/* tests/unit/test_jq_hostile.c
 *
 * A worker that answers nonsense, too little, too much or nothing, or ends: whatever it does, a
 * pass gets its records back or an error, and no bytes of it are believed before they are looked
 * at.
 */
#include "support/transforms.h"
#include "transform/internal.h"

#include "support/tmpdir.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

static ds_jq bad;

/* ---- after the program: a good start, then this ---------------------------------------------- */

enum { N = 4 };

static const struct row {
    const char *name;  /* what bad_worker does */
    const char *made;  /* of the second of four records; each later one costs a worker too */
    const char *first; /* NULL: the same */
} rows[] = {
    {"die", "held: jq ended on it", NULL},
    {"crash", "held: jq crashed on it (signal 11, Segmentation fault)", NULL},
    {"killed", "held: its worker was ended from outside again and again", NULL},
    {"no memory", "held: needs more than 512 MiB of memory", NULL},
    {"spin", "held: took longer than 250 ms", NULL},
    {"hang up", "held: its worker was ended from outside again and again", NULL},
    {"nonsense", "held: the worker's answer makes no sense", NULL},
    {"huge", "held: the worker's answer makes no sense", NULL},
    {"another type", "held: the worker's answer makes no sense", NULL},
    {"nothing in it", "held: the worker's answer makes no sense", NULL},
    {"not even a count", "held: the worker's answer makes no sense", NULL},
    {"too many", "held: the worker's answer makes no sense", NULL},
    {"very many", "held: the worker's answer makes no sense", NULL},
    {"cut off", "held: the worker's answer makes no sense", NULL},
    {"a wrong letter", "held: the worker's answer makes no sense", NULL},
    {"more behind", "held: the worker's answer makes no sense", "dropped"},
    {"half, then die", "held: jq ended on it", "dropped"},
    {"ok", "dropped", "dropped"},
};

static void costs_records(void **state)
{
    const struct row *row = *state;
    ds_transform_in in[N];
    ds_transform_out out[N];
    ds_err err = DS_ERR_INIT;

    for (size_t i = 0; i < N; i++)
        in[i] = transform_input("{\"a\":1}");
    if (!transform_all(&bad, row->name, in, N, out, &err))
        fail_msg("%s", err.text);
    assert_string_equal(show_made(&out[1]), row->made);
    assert_string_equal(show_made(&out[0]), row->first ? row->first : row->made);
    for (size_t i = 2; i < N; i++)
        assert_true(out[i].fate != DS_TRANSFORM_OPEN);
}

static const struct row at_nothing[] = {
    {"die at nothing", NULL, NULL},
    {"die beyond", NULL, NULL},
};

static void ends_the_pass(void **state)
{
    const struct row *row = *state;
    const ds_transform_in in = transform_input("{}");
    ds_transform_out out;
    ds_err err = DS_ERR_INIT;

    assert_false(transform_all(&bad, row->name, &in, 1, &out, &err));
    assert_int_equal(err.kind, DS_ERR_TRANSIENT);
    assert_string_equal(err.text, "transform: jq ended on it, and it was at no record");
}

/* ---- before the program ---------------------------------------------------------------------- */

static const struct script_row {
    const char *name;
    const char *script;
    const char *error;
} scripts[] = {
    {"it leaves at once", "exit 0", "does not answer"},
    {"it fails", "exit 1", "does not answer"},
    {"it ends itself", "kill -9 $$", "does not answer"},
    {"it answers with text", "echo this is a long enough text >&3; read line <&3",
     "does not answer"},
    {"it greets as another version",
     "printf '\\010\\0\\0\\0H\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' >&3; read line <&3",
     "does not answer"},
    {"its greeting is too short", "printf '\\4\\0\\0\\0H\\0\\0\\0\\1\\0\\0\\0' >&3; read line <&3",
     "does not answer"},
    {"it cannot compile",
     "printf '\\010\\0\\0\\0H\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0' >&3; printf "
     "'\\4\\0\\0\\0C\\0\\0\\0\\1\\0\\0\\0' >&3; read line <&3",
     "transform: the worker's answer to it makes no sense"},
    {"it crashes over the program",
     "printf '\\010\\0\\0\\0H\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0' >&3; kill -11 $$",
     "transform: jq crashes when it compiles it"},
};

static void is_refused(void **state)
{
    const struct script_row *row = *state;
    tmpdir *dir = tmpdir_new();
    const char *path = tmpdir_file(dir, "worker"), *script;
    const ds_jq jq = ds_jq_with(path);
    const ds_transform_in in = transform_input("{}");
    ds_transform_out out;
    ds_err err = DS_ERR_INIT;

    script = ds_arena_printf(scratch, "#!/bin/sh\n%s\n", row->script);
    tmpdir_write(dir, "worker", script, strlen(script));
    assert_int_equal(chmod(path, 0700), 0);

    bool ok = transform_all(&jq, ".", &in, 1, &out, &err);

    tmpdir_free(dir);
    assert_false(ok);
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    if (!strstr(err.text, row->error))
        fail_msg("\"%s\" does not say \"%s\"", err.text, row->error);
}

/* ---- results, byte by byte ------------------------------------------------------------------- */

static void text(ds_buf *b, const char *literal)
{
    ds_wire_put_text(b, literal, strlen(literal));
}

/* A record with one of everything. */
static void good_result(ds_buf *b)
{
    ds_buf_text(b, "rs");
    text(b, "the body");
    ds_wire_put_u32(b, 5);
    text(b, "a");
    ds_buf_char(b, DS_WIRE_SAME);
    text(b, "n");
    ds_wire_put_number(b, 0.5);
    text(b, "l");
    ds_buf_char(b, DS_WIRE_LIST);
    ds_wire_put_u32(b, 2);
    ds_buf_char(b, DS_WIRE_TEXT);
    text(b, "x");
    ds_buf_char(b, DS_WIRE_TEXT);
    text(b, "y");
    text(b, "o");
    ds_buf_char(b, DS_WIRE_OBJECT);
    ds_wire_put_u32(b, 1);
    text(b, "p");
    ds_buf_text(b, "l");
    ds_wire_put_u32(b, 3);
    ds_buf_text(b, "ntf");
    text(b, "t");
    ds_buf_char(b, DS_WIRE_TRUE);
}

static bool take(const char *bytes, size_t n, ds_transform_out *out)
{
    const ds_transform_in rec = transform_input("{\"a\":7}");
    ds_wire_in in = {.at = bytes, .left = n};

    *out = (ds_transform_out){.fate = DS_TRANSFORM_OPEN};
    return ds_jq_take_result(&in, &rec, scratch, out) && !in.left;
}

static void a_result_that_is_cut_off_anywhere_is_none(void **state)
{
    DS_AUTO_BUF(good, DS_MIB);
    ds_transform_out out;

    (void)state;
    good_result(&good);
    assert_true(take(good.data, good.n, &out));
    assert_string_equal(show_made(&out),
                        "a=7 n=0.5 l=[\"x\",\"y\"] o=\"{\\\"p\\\":[null,true,false]}\" t=true");
    assert_string_equal(out.body, "the body");
    for (size_t n = 0; n < good.n; n++) {
        char *exact =
            ds_calloc(1, n + !n); /* not a byte more: a sanitizer would see a step too far */

        memcpy(exact, good.data, n);
        assert_false(take(exact, n, &out));
        assert_int_equal(out.fate, DS_TRANSFORM_OPEN);
        free(exact);
    }
}

/* Each byte of it wrong in each way: an answer or none, but nothing out of bounds. */
static void a_result_with_any_byte_wrong_does_no_harm(void **state)
{
    DS_AUTO_BUF(good, DS_MIB);

    (void)state;
    good_result(&good);
    for (size_t at = 0; at < good.n; at++) {
        char *copy = ds_calloc(1, good.n);

        memcpy(copy, good.data, good.n);
        for (int value = 0; value < 256; value++) {
            ds_transform_out out;

            copy[at] = (char)value;
            if (take(copy, good.n, &out))
                assert_true(out.fate != DS_TRANSFORM_OPEN);
        }
        free(copy);
    }
}

static void numbers_that_are_none(void **state)
{
    static const double numbers[] = {1e308 * 10, -1e308 * 10, 0.0 / 0.0 * 1.0, 9007199254740992.0};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(numbers); i++) {
        DS_AUTO_BUF(b, DS_MIB);
        ds_transform_out out;

        ds_buf_text(&b, "rn");
        ds_wire_put_u32(&b, 1);
        text(&b, "n");
        ds_wire_put_number(&b, numbers[i]);
        assert_false(take(b.data, b.n, &out));
    }
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    for (uint32_t depth = 60; depth < 200; depth++) {
        DS_AUTO_BUF(b, DS_MIB);
        ds_transform_out out;

        ds_buf_text(&b, "rn");
        ds_wire_put_u32(&b, 1);
        text(&b, "n");
        for (uint32_t i = 0; i < depth; i++) {
            ds_buf_char(&b, DS_WIRE_LIST);
            ds_wire_put_u32(&b, 1);
        }
        ds_buf_char(&b, DS_WIRE_NULL);
        assert_int_equal(take(b.data, b.n, &out), depth < DS_JSON_DEPTH_MAX);
    }
}

int main(int argc, char **argv)
{
    static char path[PATH_MAX];

    assert(argc == 2);
    bad = ds_jq_with(realpath(argv[1], path));
    add_table(rows, costs_records);
    add_table(at_nothing, ends_the_pass);
    add_table(scripts, is_refused);
    add_test(a_result_that_is_cut_off_anywhere_is_none);
    add_test(a_result_with_any_byte_wrong_does_no_harm);
    add_test(numbers_that_are_none);
    add_test(nesting_has_an_end);
    return run_tests("jq_hostile");
}
