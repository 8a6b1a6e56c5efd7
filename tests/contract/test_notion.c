/* tests/contract/test_notion.c - the contract for Notion, both ways, on the stand-in: it serves on
 * a thread of this program. */
#include "contract.h"

#include "connectors/notion/notion.h"
#include "fakes/kinds.h"
#include "fakes/notion/values.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BEGAN_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define APART_MS 10000                  /* several rows to a minute */

static ds_fake_server *server;
static pthread_t thread;
static int stop_fd = -1;

/* ---- the stand-in ---------------------------------------------------------------------------- */

static void *serve(void *none)
{
    ds_err err = DS_ERR_INIT;

    (void)none;
    if (!ds_fake_run(server, stop_fd, &err))
        fprintf(stderr, "# the stand-in: %s\n", err.text);
    return NULL;
}

static void stop_server(void)
{
    if (!server)
        return;
    assert_int_equal(eventfd_write(stop_fd, 1), 0);
    pthread_join(thread, NULL);
    close(stop_fd);
    ds_fake_close(server);
    server = NULL;
}

static const ds_json *json_of(const char *text)
{
    ds_err err = DS_ERR_INIT;

    return ds_json_read(scratch, text, strlen(text), &err);
}

/* What the rules write and read, beside the columns that the first table has. */
static ds_ws_source *add_columns(ds_ws *ws)
{
    static const char columns[] =
        "{\"id\":{\"rich_text\":{}},\"n\":{\"number\":{}},\"at\":{\"rich_text\":{}},"
        "\"Note\":{\"rich_text\":{}},\"a\":{\"rich_text\":{}},\"b\":{\"number\":{}},"
        "\"c\":{\"checkbox\":{}},\"d\":{\"rich_text\":{}},\"e\":{\"select\":{}},"
        "\"f\":{\"multi_select\":{}},\"g\":{\"rich_text\":{}},\"i\":{\"date\":{}},"
        "\"j\":{\"date\":{}},\"k\":{\"number\":{}},\"l\":{\"rich_text\":{}},"
        "\"m\":{\"rich_text\":{}}}";
    ds_ws_source *source = ds_ws_first_source((const ds_ws_database *)ws->databases.at[0]);

    ds_ws_columns_apply(ws, source, json_of(columns));
    return source;
}

/* A new one, on another port, with what it is given before it serves. */
static void start_server(void (*sow)(ds_ws *ws, ds_ws_source *source, size_t n), size_t n)
{
    const ds_fake_options options = {.now = "2026-03-01T10:00:00Z"};
    ds_err err = DS_ERR_INIT;
    ds_ws_source *source;
    char id[DS_WS_ID_TEXT];

    stop_server();
    server = ds_fake_open(&ds_fake_notion, &options, &err);
    if (!server)
        fail_msg("%s", err.text);
    source = add_columns(ds_fake_state(server));
    if (sow)
        sow(ds_fake_state(server), source, n);
    setenv("DS_NOTION_URL", ds_arena_printf(scratch, "http://127.0.0.1:%d", ds_fake_port(server)),
           1);
    setenv("DS_NOTION_TABLE", ds_ws_id_text(source->thing.id, id), 1);
    stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void reset(void)
{
    start_server(NULL, 0);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put(ds_ws *ws, ds_ws_source *source, ds_ws_page *page, const char *values)
{
    ds_ws_why why = {0};

    if (!ds_ws_values_check(ws, source, json_of(values), true, &why))
        fail_msg("%s: %s", values, why.text);
    ds_ws_values_apply(ws, source, page, json_of(values), scratch);
}

static ds_ws_page *add(ds_ws *ws, ds_ws_source *source, const char *key, const char *name,
                       const char *more, int64_t then_ms)
{
    ds_ws_page *page = ds_ws_add_page(ws, ds_ws_new_id(ws), &source->thing, DS_WS_PERSON, then_ms);

    put(ws, source, page,
        ds_arena_printf(scratch,
                        "{\"id\":{\"rich_text\":[{\"text\":{\"content\":\"%s\"}}]},"
                        "\"Name\":{\"title\":[{\"text\":{\"content\":\"%s\"}}]}%s}",
                        key, name, more));
    return page;
}

static void sow(ds_ws *ws, ds_ws_source *source, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(ws, source, ds_arena_printf(scratch, "k%04zu", i),
            ds_arena_printf(scratch, "name of k%04zu", i),
            ds_arena_printf(scratch, ",\"n\":{\"number\":%zu}", i),
            BEGAN_MS + (int64_t)i * APART_MS);
}

static void fill(tmpdir *dir, size_t n)
{
    (void)dir;
    start_server(sow, n);
}

/* ---- both ------------------------------------------------------------------------------------ */

#define TABLE                                                                                      \
    {                                                                                              \
        {"token", "ntn_x"}, {"base_url", "$DS_NOTION_URL"}, {"data_source", "$DS_NOTION_TABLE"},   \
        {                                                                                          \
            "key", "id"                                                                            \
        }                                                                                          \
    }

static const contract_source source = {"notion", &ds_notion_source, TABLE, fill, NULL};

static const contract_destination destination = {
    .name = "notion",
    .ops = &ds_notion_destination,
    .settings = TABLE,
    .reader = &ds_notion_source,
    .reader_settings = TABLE,
    .no_null = true,
    .no_commas = true,
    .gone = "00000000-0000-4000-8000-000000000000",
    .reset = reset,
};

int main(void)
{
    int failed;

    alarm(200); /* what hangs is to be seen */
    contract_add_source(&source);
    contract_add_destination(&destination);
    failed = run_tests("contract of notion");
    stop_server();
    return failed;
}
