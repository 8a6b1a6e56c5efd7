/* src/fakes/github/graphql.c - POST /graphql: read, checked, paid for, run, answered. */
#include "fakes/github/gql_run.h"
#include "fakes/github/routes.h"

#include <inttypes.h>
#include <string.h>

#define ERRORS_BYTES_MAX DS_MIB

static const ds_gql_operation *pick(const ds_gql_document *doc, const char *name)
{
    if (!name || !*name)
        return doc->operations->next ? NULL : doc->operations;
    for (const ds_gql_operation *o = doc->operations; o; o = o->next)
        if (o->name && strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

/* The document and its operation; false: an error was added. */
static bool read_query(ds_gql_run *run)
{
    const char *text = ds_json_text(run->call->json, "query");
    ds_gql_place place;
    ds_err err = DS_ERR_INIT;

    if (!text) {
        ds_gql_error(run, NULL, NULL, false,
                     "A query attribute must be specified and must be a "
                     "string.");
        return false;
    }
    run->doc = ds_gql_parse(run->arena, text, strlen(text), &place, &err);
    if (!run->doc) {
        ds_gql_error(run, NULL, &place, false, "Parse error: %s", err.text);
        return false;
    }
    run->operation = pick(run->doc, ds_json_text(run->call->json, "operationName"));
    if (!run->operation)
        ds_gql_error(run, NULL, NULL, false, "No operation is named that way");
    else if (strcmp(run->operation->kind, "query") != 0)
        ds_gql_error(run, NULL, NULL, false, "This stand-in runs queries only");
    return run->errors_n == 0;
}

static void write_errors(ds_gql_run *run, ds_json_writer *w)
{
    if (run->errors_n == 0)
        return;
    ds_json_w_end_list(&run->errors);
    ds_json_w_name(w, "errors");
    ds_json_w_raw(w, run->errors_text.data, run->errors_text.n);
}

/* Only errors: nothing was run. */
static void answer_errors(ds_gql_run *run, int status)
{
    ds_json_writer *w = ds_fake_json(run->call, status);

    ds_json_w_begin_object(w);
    write_errors(run, w);
    ds_json_w_end_object(w);
}

/* Its points, as an error of the query where there are none left. */
static bool pay(ds_gql_run *run)
{
    if (ds_gh_charge(run->g, run->call, run->cost))
        return true;
    ds_gql_error(run, "RATE_LIMITED", NULL, false,
                 "API rate limit exceeded for user ID %" PRId64 ".",
                 run->g->who.user ? run->g->who.user->id : 0);
    answer_errors(run, 200);
    return false;
}

/* More than the API can put together in ten seconds. */
static bool is_too_slow(ds_gql_run *run)
{
    if (run->g->page_most == 0 || run->page_most <= run->g->page_most)
        return false;
    ds_gql_error(run, NULL, NULL, false,
                 "Something went wrong while executing your query. This may be the result of a "
                 "timeout.");
    answer_errors(run, 502);
    return true;
}

static void run_it(ds_gql_run *run)
{
    ds_gql_set set = {.first = run->operation->selections};

    run->w = ds_fake_json(run->call, 200);
    ds_json_w_begin_object(run->w);
    ds_json_w_name(run->w, "data");
    ds_gql_show(run, &ds_gql_query, NULL, &set);
    write_errors(run, run->w);
    ds_json_w_end_object(run->w);
}

void ds_gh_graphql(void *state, ds_fake_call *call)
{
    ds_gql_run run = {.g = state, .call = call, .arena = call->arena};

    ds_buf_init(&run.errors_text, ERRORS_BYTES_MAX);
    run.errors = ds_json_w(&run.errors_text, false);
    ds_json_w_begin_list(&run.errors);
    if (!read_query(&run) || !ds_gql_check(&run, ds_json_get(call->json, "variables")))
        answer_errors(&run, 200);
    else if (pay(&run) && !is_too_slow(&run))
        run_it(&run);
    ds_buf_fini(&run.errors_text);
}
