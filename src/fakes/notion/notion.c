/* src/fakes/notion/notion.c
 *
 * The stand-in of Notion's REST API, versions 2022-06-28, 2025-09-03 and 2026-03-11: its routes,
 * its gate, its options.
 *
 *   --seed    rows=N       rows of the database Repositories (0)
 *             seed=N       other ids
 *             lag_ms=N     until queries and searches see what was written (0)
 *             cap=N        rows that one query yields in all (10000)
 *             most_rows=N  rows a data source takes, then 409 row_limit_exceeded (0: no end)
 *   --limit   requests=N,window=S   so many requests in each window of so many seconds (60)
 *             rate=N,burst=N        so many a second on the long run, so many at once (3 times
 *                                   that)
 *   faults    row-limit    409 row_limit_exceeded
 *             no-database  503 database_connection_unavailable
 *             code=NAME    the error of that code, with its status
 *
 * Any token that begins with ntn_ or secret_ is taken.
 */
#include "fakes/kinds.h"
#include "fakes/notion/calls.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX 500000 /* bytes */
#define ROWS_MOST 1000000
#define REQUESTS_MOST 1000000
#define SECONDS_MOST 86400

/* ---- routes ---------------------------------------------------------------------------------- */

static const ds_fake_route routes[] = {
    {"POST", "/v1/pages", ds_ws_create_page, 0},
    {"GET", "/v1/pages/{id}", ds_ws_get_page, 0},
    {"PATCH", "/v1/pages/{id}", ds_ws_update_page, 0},
    {"GET", "/v1/pages/{id}/properties/{property}", ds_ws_get_property, 0},
    {"GET", "/v1/blocks/{id}", ds_ws_get_block, 0},
    {"PATCH", "/v1/blocks/{id}", ds_ws_update_block, 0},
    {"DELETE", "/v1/blocks/{id}", ds_ws_delete_block, 0},
    {"GET", "/v1/blocks/{id}/children", ds_ws_list_children, 0},
    {"PATCH", "/v1/blocks/{id}/children", ds_ws_append_children, 0},
    {"POST", "/v1/databases", ds_ws_create_database, 0},
    {"GET", "/v1/databases/{id}", ds_ws_get_database, 0},
    {"PATCH", "/v1/databases/{id}", ds_ws_update_database, 0},
    {"POST", "/v1/databases/{id}/query", ds_ws_query_database, 0},
    {"POST", "/v1/data_sources", ds_ws_create_source, 0},
    {"GET", "/v1/data_sources/{id}", ds_ws_get_source, 0},
    {"PATCH", "/v1/data_sources/{id}", ds_ws_update_source, 0},
    {"POST", "/v1/data_sources/{id}/query", ds_ws_query_source, 0},
    {"GET", "/v1/data_sources/{id}/templates", ds_ws_list_templates, 0},
    {"POST", "/v1/search", ds_ws_search, 0},
    {"GET", "/v1/users", ds_ws_list_users, 0},
    {"GET", "/v1/users/me", ds_ws_get_me, 0},
    {"GET", "/v1/users/{id}", ds_ws_get_user, 0},
    {"GET", "/_fake/state", ds_ws_side_state, 0},
    {"GET", "/_fake/rows", ds_ws_side_rows, 0},
    {"POST", "/_fake/add", ds_ws_side_add, 0},
    {"POST", "/_fake/edit", ds_ws_side_edit, 0},
    {"POST", "/_fake/trash", ds_ws_side_trash, 0},
    {"POST", "/_fake/columns", ds_ws_side_columns, 0},
    {"POST", "/_fake/share", ds_ws_side_share, 0},
    {"POST", "/_fake/settings", ds_ws_side_settings, 0},
};

/* ---- options --------------------------------------------------------------------------------- */

static const char *const seed_names[] = {"rows", "seed", "lag_ms", "cap", "most_rows", NULL};
static const char *const limit_names[] = {"requests", "window", "rate", "burst", NULL};

/* A setting that has an upper end. */
static bool read_one(const char *text, const char *name, int64_t other, int64_t most, int64_t *out,
                     ds_err *err)
{
    if (!ds_fake_setting(text, name, other, out, err))
        return false;
    return *out <= most || ds_fail(err, DS_ERR_CONFIG, "%s is at most %lld", name, (long long)most);
}

static bool read_seed(const char *text, ds_ws_limits *limits, int64_t *rows, int64_t *seed,
                      ds_err *err)
{
    return ds_fake_settings_known(text, "--seed", seed_names, err) &&
           read_one(text, "rows", 0, ROWS_MOST, rows, err) &&
           read_one(text, "seed", 1, INT64_MAX, seed, err) &&
           read_one(text, "lag_ms", 0, DS_DAY_MS, &limits->lag_ms, err) &&
           read_one(text, "cap", 10000, ROWS_MOST, &limits->cap, err) &&
           read_one(text, "most_rows", 0, ROWS_MOST, &limits->rows, err);
}

static bool read_limit(const char *text, ds_ws_pace *pace, ds_err *err)
{
    int64_t seconds;

    if (!ds_fake_settings_known(text, "--limit", limit_names, err) ||
        !read_one(text, "requests", 0, REQUESTS_MOST, &pace->requests, err) ||
        !read_one(text, "window", 60, SECONDS_MOST, &seconds, err) ||
        !read_one(text, "rate", 0, REQUESTS_MOST, &pace->rate, err) ||
        !read_one(text, "burst", pace->rate * 3, REQUESTS_MOST * 3, &pace->burst, err))
        return false;
    if (!seconds)
        return ds_fail(err, DS_ERR_CONFIG, "window is at least 1");
    pace->window_ms = seconds * DS_SECOND_MS;
    pace->tokens = (double)pace->burst;
    return true;
}

static void *open_workspace(const ds_fake_options *options, int64_t now_ms, ds_err *err)
{
    ds_ws_limits limits = {0};
    ds_ws_pace pace = {0};
    int64_t rows, seed;
    ds_ws *ws;

    if (!read_seed(options->seed, &limits, &rows, &seed, err) ||
        !read_limit(options->limit, &pace, err))
        return NULL;
    ws = ds_ws_open((uint64_t)seed);
    ds_ws_sow(ws, rows, now_ms);
    pace.tokens_at_ms = now_ms;
    ws->limits = limits;
    ws->pace = pace;
    return ws;
}

static void close_workspace(void *state)
{
    ds_ws_close(state);
}

/* ---- the gate -------------------------------------------------------------------------------- */

static void number_request(ds_ws *ws, ds_fake_call *call)
{
    char name[40], id[DS_WS_ID_TEXT];

    if (ds_fake_get(call, "x-notion-request-id"))
        return;
    snprintf(name, sizeof(name), "request %llu", (unsigned long long)++ws->requests);
    ds_fake_set(call, "x-notion-request-id", "%s", ds_ws_id_text(ds_ws_named_id(ws, name), id));
}

static bool has_token(const ds_ws *ws, ds_fake_call *call)
{
    const char *given = ds_fake_header(call, "Authorization");
    const char *token = given && !strncasecmp(given, "Bearer ", 7) ? given + 7 : "";

    if (ws->token ? !strcmp(token, ws->token)
                  : !strncmp(token, "ntn_", 4) || !strncmp(token, "secret_", 7))
        return true;
    ds_ws_refuse_with(call, 401, "unauthorized", "API token is invalid.");
    return false;
}

static bool has_version(ds_fake_call *call)
{
    const char *version = ds_fake_header(call, "Notion-Version");

    if (!version) {
        ds_ws_refuse_with(call, 400, "missing_version",
                          "Notion-Version header failed validation: Notion-Version header should "
                          "be defined, instead was `undefined`.");
        return false;
    }
    if (ds_ws_is_version(version))
        return true;
    ds_ws_refuse_with(call, 400, "validation_error",
                      "Notion-Version header failed validation: Notion-Version header should be "
                      "`\"2026-03-11\"`, `\"2025-09-03\"`, or `\"2022-06-28\"`, instead was "
                      "`\"%s\"`.",
                      version);
    return false;
}

/* Seconds until a request is taken again; 0: this one is. */
static int64_t window_wait(ds_ws_pace *pace, int64_t now_ms)
{
    int64_t window = now_ms / pace->window_ms;

    if (window != pace->window)
        pace->used = 0;
    pace->window = window;
    if (pace->used < pace->requests) {
        pace->used++;
        return 0;
    }
    return ((window + 1) * pace->window_ms - now_ms + DS_SECOND_MS - 1) / DS_SECOND_MS;
}

static int64_t rate_wait(ds_ws_pace *pace, int64_t now_ms)
{
    double passed = (double)DS_MAX(now_ms - pace->tokens_at_ms, INT64_C(0)) / 1000;

    pace->tokens =
        fmin((double)DS_MAX(pace->burst, INT64_C(1)), pace->tokens + passed * (double)pace->rate);
    pace->tokens_at_ms = now_ms;
    if (pace->tokens >= 1) {
        pace->tokens -= 1;
        return 0;
    }
    return DS_MAX((int64_t)ceil((1 - pace->tokens) / (double)pace->rate), INT64_C(1));
}

static bool is_in_time(ds_ws *ws, ds_fake_call *call)
{
    int64_t wait = 0;

    if (ws->pace.requests)
        wait = window_wait(&ws->pace, call->now_ms);
    if (!wait && ws->pace.rate)
        wait = rate_wait(&ws->pace, call->now_ms);
    if (!wait)
        return true;
    ds_fake_set(call, "Retry-After", "%lld", (long long)wait);
    ds_ws_refuse_with(call, 429, "rate_limited",
                      "You have been rate limited. Please try again in a few minutes.");
    return false;
}

static bool gate(void *state, ds_fake_call *call)
{
    number_request(state, call);
    if (!has_token(state, call) || !is_in_time(state, call) || !has_version(call))
        return false;
    if (call->body_n <= BODY_MAX)
        return true;
    ds_ws_refuse_with(call, 413, "validation_error",
                      "The request body is too large: at most 500 KB are taken.");
    return false;
}

/* ---- errors and faults ----------------------------------------------------------------------- */

static void refuse(void *state, ds_fake_call *call, int status, const char *text)
{
    bool no_route = status == 404 && !call->route;
    bool no_json = status == 400 && !text && call->body_n && !call->json;

    number_request(state, call);
    if (no_route || status == 405) {
        ds_ws_refuse_with(call, 400, "invalid_request_url", "Invalid request URL.");
        return;
    }
    if (no_json) {
        ds_ws_refuse_with(call, 400, "invalid_json", "Error parsing JSON body.");
        return;
    }
    ds_ws_refuse_with(call, status, ds_ws_code_of(status), "%s", text ? text : "");
}

static const char *const own_faults[] = {"row-limit", "no-database", "code", NULL};

/* Codes of the status 400, of which there are several. */
static void answer_code(ds_fake_call *call, const char *code)
{
    static const char *const codes[] = {"invalid_json",    "invalid_request_url", "invalid_request",
                                        "missing_version", "invalid_beta",        "invalid_grant"};

    for (size_t i = 0; i < DS_COUNT(codes); i++)
        if (!strcmp(codes[i], code)) {
            ds_ws_refuse_with(call, 400, codes[i], "The request is refused: %s.", code);
            return;
        }
    ds_ws_refuse_with(call, 400, "validation_error", "No such code is known: %.60s.", code);
}

static void own_fault(void *state, ds_fake_call *call, const char *name, const char *value)
{
    number_request(state, call);
    if (!strcmp(name, "code"))
        answer_code(call, value);
    else if (!strcmp(name, "row-limit"))
        ds_ws_refuse_with(call, 409, "row_limit_exceeded",
                          "The data source has reached its limit of rows.");
    else
        ds_ws_refuse_with(call, 503, "database_connection_unavailable",
                          "Notion's database is unavailable. Please try again later.");
}

const ds_fake_kind ds_fake_notion = {
    .name = "notion",
    .routes = routes,
    .routes_n = DS_COUNT(routes),
    .open = open_workspace,
    .close = close_workspace,
    .before = gate,
    .refuse = refuse,
    .fault = own_fault,
    .faults = own_faults,
    .help = "seed: rows, seed, lag_ms, cap, most_rows; limit: requests, window, rate, burst; "
            "faults: row-limit, no-database, code",
};
