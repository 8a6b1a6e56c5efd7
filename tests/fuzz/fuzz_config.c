/* tests/fuzz/fuzz_config.c
 *
 * The configuration: any text is read or refused line by line, twice the same; no error shows what
 * a reference stands for; routes that are sound map a record.  Nothing is run, and no file outside
 * the process's own directory is read.
 *
 * Input: one byte (which connectors), then the file.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "config/load.h"
#include "connectors/file/file.h"
#include "connectors/memory/memory.h"
#include "connectors/print/print.h"
#include "connectors/sqlite/sqlite.h"
#include "support/fake_connectors.h"
#include "sync/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY "a.yaml: nothing in it; "
#define SECRET "Zq7secretZq7"

static const ds_source_ops *const sources[] = {&ds_file_source, &ds_sqlite_source,
                                               &ds_memory_source};
static const ds_destination_ops *const destinations[] = {
    &ds_file_destination, &ds_sqlite_destination, &ds_print_destination, &ds_memory_destination};

/* ---- a language in which only ! is wrong ----------------------------------------------------- */

static bool check_program(const ds_transformer *self, const char *program, ds_transform_say *say,
                          void *to, ds_err *err)
{
    int line = 1, col = 1;

    (void)self;
    if (strstr(program, "!!"))
        return ds_fail(err, DS_ERR_TRANSIENT, "the worker is gone");
    for (const char *at = program; *at; at++) {
        if (*at == '!')
            say(to, line, *program == '!' ? 0 : col, "a ! belongs nowhere");
        col = *at == '\n' ? 1 : col + (((unsigned char)*at & 0xC0) != 0x80);
        line += *at == '\n';
    }
    return true;
}

static const ds_transformer transformer = {.check = check_program};

static ds_connectors connectors_of(unsigned byte)
{
    ds_connectors real = {.sources = sources,
                          .sources_n = DS_COUNT(sources),
                          .destinations = destinations,
                          .destinations_n = DS_COUNT(destinations)};
    ds_connectors c = byte & 1 ? fake_connectors : real;

    c.transformer = byte & 2 ? NULL : &transformer;
    c.compile = !(byte & 4);
    return c;
}

/* A zone that needs no file of the machine: an hour to the east, two in summer. */
static void put_zone(void)
{
    static const char none[44] = "TZif2", one[] = "\0\0\0\1\0\0\0\4";
    static const char body[] = "\0\0\16\20\0\0CET", rule[] = "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(out, DS_KIB);

    for (int part = 0; part < 2; part++) {
        ds_buf_add(&out, none, 36);
        ds_buf_add(&out, one, 8);
        ds_buf_add(&out, body, sizeof(body));
    }
    ds_buf_text(&out, rule);
    fuzz_put(fuzz_path(a, "Zone"), out.data, out.n);
}

/* ---- what the configuration may reach -------------------------------------------------------- */

bool ds_command_read(const char *command, const char *dir, int64_t limit_ms, ds_buf *out,
                     ds_err *err)
{
    (void)dir, (void)limit_ms;
    if (strlen(command) % 8 == 7)
        return ds_fail(err, DS_ERR_CONFIG, "the command failed with exit code 1");
    ds_buf_text(out, strlen(command) % 2 ? SECRET "\n" : "not \xFF UTF-8");
    return true;
}

/* By the linker's --wrap (open with large files is open64): what ${file:...} sees of the world. */
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    if (strncmp(path, fuzz_dir(), strlen(fuzz_dir())) != 0 || strstr(path, "..")) {
        errno = ENOENT;
        return -1;
    }
    return __real_open64(path, flags, 0600);
}

static void set_up(void)
{
    static bool done;

    if (done)
        return;
    done = true;
    fuzz_dir(); /* asks the environment */
    put_zone();
    clearenv();
    setenv("TZDIR", fuzz_dir(), 1);
    setenv("HOME", "/nowhere", 1);
    setenv("EMPTY", "", 1);
    setenv("SECRET", SECRET, 1);
    setenv("FAKE_API_TOKEN", SECRET, 1);
    setenv("BYTES", "\xFF\xFE", 1);
    setenv("CREDENTIALS_DIRECTORY", fuzz_dir(), 1);
    fuzz_must(open("/dev/null", O_RDONLY) < 0, "the world lies open");
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* At most: lines end as YAML says, at CR and NEL and the two separators of Unicode as well. */
static int lines_of(const char *text, size_t n)
{
    int lines = 1;

    for (size_t i = 0; i < n; i++)
        lines += strchr("\n\r\x85\xA8\xA9", text[i]) != NULL;
    return lines;
}

/* "a.yaml:LINE:COL: words" begins each block; blank lines lie between them. */
static void check_errors(const char *errors, const char *text, size_t n)
{
    bool begins = true;

    if (strncmp(errors, EMPTY, strlen(EMPTY)) == 0)
        return; /* there is no line to name */
    fuzz_must(*errors, "refused without a word");
    fuzz_must(ds_utf8_ok(errors, strlen(errors)), "%s", errors);
    fuzz_must(!strstr(errors, SECRET) || memmem(text, n, "Zq7", 3), "%s", errors);
    for (const char *line = errors; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        int at = 0, col = 0, used = 0;

        if (begins) {
            fuzz_must(sscanf(line, "a.yaml:%d:%d: %n", &at, &col, &used) == 2 && used &&
                          line[used] != '\n' && at >= 1 && col >= 1 && at <= lines_of(text, n),
                      "no place: %s", line);
        }
        begins = *line == '\n';
    }
}

/* ---- routes ---------------------------------------------------------------------------------- */

static void map_record(const ds_route *route, ds_arena *a)
{
    static const char text[] =
        "{\"id\":7,\"Name\":\"x\",\"tags\":[\"a\",\"b, c\"],\"owner\":{\"login\":\"me\"},"
        "\"at\":\"2026-01-31T09:30:00Z\",\"n\":1.10,\"no\":null,\"yes\":true}";
    DS_AUTO(ds_mapping) m = ds_mapping_new(route);
    ds_err err = DS_ERR_INIT;
    ds_record rec = {.arena = a, .primary_key = "7"};
    const char *reason = NULL;
    ds_mapped out;
    size_t n;

    ds_record_set_json(&rec, ds_json_read(a, text, sizeof(text) - 1, &err));
    ds_mapping_columns(route, a, &n);
    switch (ds_mapping_apply(m, &rec, a, &out, &reason)) {
    case DS_MAPPED:
        for (size_t i = 0; i < out.n; i++)
            fuzz_value(out.props[i].value);
        break;
    case DS_MAP_HELD:
        fuzz_must(reason && *reason && ds_utf8_ok(reason, strlen(reason)), "held without a word");
        break;
    case DS_MAP_DROPPED:
        break;
    }
}

static void check_route(const ds_route *route, ds_arena *a)
{
    fuzz_must(route->name && *route->name && route->source && route->destination, "half a route");
    fuzz_must(route->identity && route->fingerprint && route->key_signature, "not sealed: %s",
              route->name);
    fuzz_must(route->every_ms > 0, "every %lld", (long long)route->every_ms);
    map_record(route, a);
}

/* What a second reading must repeat. */
static const char *summary(const ds_config *config, ds_arena *a)
{
    DS_AUTO_BUF(out, 64 * DS_MIB);

    ds_buf_printf(&out, "%s\n", config->store_path);
    for (size_t i = 0; i < config->routes_n; i++)
        ds_buf_printf(&out, "%s %s %s %s\n", config->routes[i]->name, config->routes[i]->identity,
                      config->routes[i]->key_signature, config->routes[i]->fingerprint);
    return ds_arena_strndup(a, out.data, out.n);
}

static const char *read_once(const char *text, size_t n, const ds_connectors *connectors,
                             bool *sound, ds_arena *a)
{
    DS_AUTO_BUF(errors, 64 * DS_MIB);
    DS_AUTO(ds_config) config = ds_config_parse("a.yaml", text, n, fuzz_dir(), connectors, &errors);

    *sound = config != NULL;
    if (!config)
        return ds_arena_strndup(a, errors.n ? errors.data : "", errors.n);
    fuzz_must(errors.n == 0, "read, and yet: %s", errors.data);
    for (size_t i = 0; i < config->routes_n; i++)
        check_route(config->routes[i], a);
    return summary(config, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    const ds_connectors c = connectors_of(fuzz_byte(&in)), *connectors = &c;
    size_t text_n = in.left;
    const char *text = fuzz_rest(&in, a, NULL), *first, *again;
    bool sound, sound_again;

    set_up();
    first = read_once(text, text_n, connectors, &sound, a);
    again = read_once(text, text_n, connectors, &sound_again, a);
    fuzz_must(sound == sound_again && strcmp(first, again) == 0, "%s\n%s", first, again);
    if (!sound)
        check_errors(first, text, text_n);
    return 0;
}
