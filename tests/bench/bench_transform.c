/* tests/bench/bench_transform.c
 *
 * What mapping a record costs: by `fields`, and by the same as a jq expression through the worker.
 * Prints one JSON object of processor microseconds a record (the worker's included) and of wall
 * time. Usage: bench_transform WORKER FILE PROGRAM (JSON lines with an "id"; WORKER by its absolute
 * path).
 */
#include "base/activity.h"
#include "base/hash.h"
#include "sync/map.h"
#include "transform/transform.h"

#include <durable_sync/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PAGE = 500, ROUNDS = 20 };

typedef struct bench {
    ds_arena *records, *work;
    ds_page page; /* all of them */
    ds_mapping *map;
    ds_hash sum; /* so that nothing is left out as unused */
} bench;

typedef struct figures {
    double cpu_us, wall_us;
} figures;

static void die(const char *what, const ds_err *err)
{
    fprintf(stderr, "bench_transform: %s: %s\n", what, err->text);
    exit(1);
}

static double seconds(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of this process and of the workers that have ended. */
static double cpu_seconds(void)
{
    struct rusage children;

    getrusage(RUSAGE_CHILDREN, &children);
    return seconds(CLOCK_PROCESS_CPUTIME_ID) + (double)children.ru_utime.tv_sec +
           (double)children.ru_utime.tv_usec / 1e6 + (double)children.ru_stime.tv_sec +
           (double)children.ru_stime.tv_usec / 1e6;
}

static void read_records(bench *b, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    ds_err err = DS_ERR_INIT;

    if (!file)
        exit(1);
    b->records = ds_arena_new();
    ds_page_init(&b->page, b->records);
    while ((n = getline(&line, &cap, file)) > 0) {
        const ds_json *doc = ds_json_read(b->records, line, (size_t)n, &err);
        ds_record *rec = ds_page_add(&b->page);

        if (!doc)
            die(path, &err);
        rec->primary_key = ds_json_text(doc, "id");
        ds_record_set_json(rec, doc);
    }
    free(line);
    fclose(file);
}

static void add(bench *b, const ds_mapped *out)
{
    b->sum.low ^= out->hash.low;
}

static void natively(bench *b)
{
    for (size_t i = 0; i < b->page.records_n; i++) {
        const char *reason;
        ds_mapped out;

        if (i % PAGE == 0)
            ds_arena_reset(b->work);
        if (ds_mapping_apply(b->map, &b->page.records[i], b->work, &out, &reason) == DS_MAPPED)
            add(b, &out);
    }
}

static void one_page(bench *b, const ds_transformer *by, ds_transform *t, ds_activity *act,
                     size_t from, size_t n)
{
    ds_transform_in *in = ds_arena_alloc(b->work, n * sizeof(*in));
    ds_transform_out *out = ds_arena_alloc(b->work, n * sizeof(*out));
    ds_err err = DS_ERR_INIT;

    for (size_t i = 0; i < n; i++) {
        const char *reason;

        (void)ds_mapping_before(b->map, &b->page.records[from + i], b->work, &in[i], &reason);
    }
    if (!by->apply(t, act, in, n, b->work, out, &err))
        die("transform", &err);
    for (size_t i = 0; i < n; i++) {
        const char *reason;
        ds_mapped mapped;

        if (out[i].fate != DS_TRANSFORM_KEPT ||
            ds_mapping_after(b->map, &in[i], &out[i], b->work, &mapped, &reason) != DS_MAPPED)
            exit(1);
        add(b, &mapped);
    }
}

static void through_jq(bench *b, const char *worker, const char *program)
{
    const ds_jq jq = ds_jq_with(worker);
    ds_transform *t = jq.base.open(&jq.base, program);
    ds_activity act = {.clock = ds_clock_system(), .route = "bench", .unit = "all"};

    for (size_t at = 0; at < b->page.records_n; at += PAGE) {
        ds_arena_reset(b->work);
        one_page(b, &jq.base, t, &act, at, DS_MIN((size_t)PAGE, b->page.records_n - at));
    }
    jq.base.close(t);
}

static figures measured(bench *b, const char *worker, const char *program, int rounds)
{
    double cpu = cpu_seconds(), wall = seconds(CLOCK_MONOTONIC);
    double all = (double)b->page.records_n * rounds;

    for (int i = 0; i < rounds; i++)
        worker ? through_jq(b, worker, program) : natively(b);
    return (figures){(cpu_seconds() - cpu) * 1e6 / all,
                     (seconds(CLOCK_MONOTONIC) - wall) * 1e6 / all};
}

static const ds_field fields[] = {
    {.to = "Name", .from = "name"},
    {.to = "Text", .from = "description"},
    {.to = "Stars", .from = "stars"},
    {.to = "Price", .from = "price", .as = DS_NUMBER, .fallback = {.type = DS_INT}},
    {.to = "Archived", .from = "archived"},
    {.to = "Label", .kind = DS_FIELD_TEMPLATE, .template = "{language}/{name}"},
    {.to = "Updated", .from = "updated_at"},
};

int main(int argc, char **argv)
{
    const ds_route with_fields = {
        .has_fields = true, .fields = fields, .fields_n = DS_COUNT(fields)};
    const ds_route with_jq = {.transform = ""};
    bench b = {.sum = {0, 0}};
    figures native, jq;

    if (argc != 4)
        return 2;
    read_records(&b, argv[2]);
    b.work = ds_arena_new();
    b.map = ds_mapping_new(&with_fields);
    native = measured(&b, NULL, NULL, ROUNDS);
    ds_mapping_free(b.map);
    b.map = ds_mapping_new(&with_jq);
    jq = measured(&b, argv[1], argv[3], 1);
    ds_mapping_free(b.map);
    printf("{\"records\": %zu, \"native_cpu_us\": %.3f, \"jq_cpu_us\": %.3f, \"jq_wall_us\": %.3f, "
           "\"sum\": \"%llx\"}\n",
           b.page.records_n, native.cpu_us, jq.cpu_us, jq.wall_us, (unsigned long long)b.sum.low);
    ds_arena_free(b.records);
    ds_arena_free(b.work);
    return 0;
}
