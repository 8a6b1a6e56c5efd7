/* tests/unit/test_print.c - one line per write, as text and as JSON. */
#include "connectors/print/print.h"
#include "support/seam.h"
#include "support/tmpdir.h"
#include "support/values.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ds_destination *printer(const char *format)
{
    const ds_option *option = ds_print_destination.options;
    ds_destination *to = ds_arena_zalloc(scratch, ds_print_destination.instance_size);

    assert_string_equal(option->name, "format");
    to->ops = &ds_print_destination;
    memcpy((char *)to + option->offset, &format, sizeof(format));
    return to;
}

/* Standard output goes to a file while `print` runs. */
static int kept_stdout = -1;

static void capture(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    fflush(stdout);
    kept_stdout = dup(1);
    dup2(fd, 1);
    close(fd);
}

static void release(void)
{
    dup2(kept_stdout, 1);
    close(kept_stdout);
}

static const struct line_row {
    const char *name, *format;
    ds_op op;
    const char *key, *props;
    uint8_t how[4];
    const char *line;
} line_rows[] = {
    {"a create",
     "text",
     DS_OP_CREATE,
     "k 1",
     "{\"Name\": \"x\", \"n\": 1.10}",
     {0},
     "create k 1 {\"Name\":\"x\",\"n\":1.10}\n"},
    {"an update", "text", DS_OP_UPDATE, "k", "{\"a\": null}", {0}, "update k {\"a\":null}\n"},
    {"no properties", "text", DS_OP_CREATE, "k", "{}", {0}, "create k {}\n"},
    {"only_new is left out of an update",
     "text",
     DS_OP_UPDATE,
     "k",
     "{\"a\": 1, \"b\": 2}",
     {0, 1},
     "update k {\"a\":1}\n"},
    {"only_new is in a create",
     "text",
     DS_OP_CREATE,
     "k",
     "{\"a\": 1, \"b\": 2}",
     {0, 1},
     "create k {\"a\":1,\"b\":2}\n"},
    {"no format is text", NULL, DS_OP_CREATE, "k", "{\"a\": true}", {0}, "create k {\"a\":true}\n"},
    {"line breaks stay inside their line",
     "text",
     DS_OP_CREATE,
     "k",
     "{\"a\": \"x\\ny\"}",
     {0},
     "create k {\"a\":\"x\\ny\"}\n"},
    {"json",
     "json",
     DS_OP_CREATE,
     "k\"1\"",
     "{\"a\": [\"x\", \"y\"]}",
     {0},
     "{\"op\":\"create\",\"key\":\"k\\\"1\\\"\",\"properties\":{\"a\":[\"x\",\"y\"]}}\n"},
    {"an integer beyond 2^53 in json",
     "json",
     DS_OP_UPDATE,
     "k",
     "{\"a\": 9007199254740993}",
     {0},
     "{\"op\":\"update\",\"key\":\"k\",\"properties\":{\"a\":9007199254740993}}\n"},
};

static void is_printed(const struct line_row *row, const char *body)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    const ds_record *rec = record_of(scratch, row->props);
    ds_write w = {.op = row->op,
                  .key = row->key,
                  .props = rec->props,
                  .props_n = rec->props_n,
                  .how = row->how,
                  .body = body};
    ds_destination *to = printer(row->format);
    const char *generation;
    bool ok;

    assert_true(seam_open(to, NULL, NULL));
    capture(tmpdir_file(dir, "out"), O_CREAT | O_WRONLY | O_CLOEXEC);
    ok = to->ops->write(to, seam_activity(), &w, 1, &seam_err);
    generation = seam_finish(to, NULL);
    release();
    to->ops->close(to);
    assert_true(ok);
    assert_non_null(generation);
    assert_int_equal(w.outcome, row->op == DS_OP_CREATE ? DS_OUT_CREATED : DS_OUT_UPDATED);
    assert_string_equal(tmpdir_read(dir, "out", NULL), row->line);
}

static void line(void **state)
{
    is_printed(*state, NULL);
}

static void a_body_stands_behind_the_properties(void **state)
{
    static const struct line_row text = {.format = "text",
                                         .op = DS_OP_CREATE,
                                         .key = "k",
                                         .props = "{\"a\": 1}",
                                         .line = "create k {\"a\":1} \"one\\ntwo\"\n"},
                                 json = {.format = "json",
                                         .op = DS_OP_UPDATE,
                                         .key = "k",
                                         .props = "{}",
                                         .line = "{\"op\":\"update\",\"key\":\"k\","
                                                 "\"properties\":{},\"body\":\"one\\ntwo\"}\n"};

    (void)state;
    is_printed(&text, "one\ntwo");
    is_printed(&json, "one\ntwo");
}

static void a_closed_output_is_an_error(void **state)
{
    ds_destination *to = printer("text");
    const char *generation = NULL;
    bool ok;

    (void)state;
    assert_true(seam_open(to, NULL, NULL));
    capture("/dev/full", O_WRONLY | O_CLOEXEC);
    seam_write(to, DS_OP_CREATE, "k", "{}");
    ok = to->ops->flush(to, seam_activity(), &generation, &seam_err);
    release();
    clearerr(stdout);
    to->ops->close(to);
    assert_false(ok);
    assert_err(DS_ERR_PERMANENT, "standard output: No space left on device");
    assert_null(generation);
}

static void what_it_promises(void **state)
{
    (void)state;
    assert_int_equal(ds_print_destination.promise, DS_PROMISE_C);
    assert_null(ds_print_destination.find);
    assert_false(ds_print_destination.upserts);
}

static void nothing_written_leaves_the_generation_alone(void **state)
{
    ds_destination *to = printer("text");

    (void)state;
    assert_true(seam_open(to, "9", NULL));
    assert_string_equal(seam_finish(to, "9"), "9");
    to->ops->close(to);
}

int main(void)
{
    add_table(line_rows, line);
    add_test(a_body_stands_behind_the_properties);
    add_test(a_closed_output_is_an_error);
    add_test(what_it_promises);
    add_test(nothing_written_leaves_the_generation_alone);
    return run_tests("print");
}
