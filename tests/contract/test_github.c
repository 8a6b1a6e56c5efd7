/* tests/contract/test_github.c - the contract for GitHub, on a server that has one organisation. */
#include "contract.h"

#include "connectors/github/github.h"
#include "support/http_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ID ((size_t)1000)

static http_server *server;
static size_t rows; /* as the server was told when it began */

static const char *key(size_t i)
{
    return ds_arena_printf(scratch, "%zu", FIRST_ID + i);
}

static void add_repo(ds_buf *out, size_t id)
{
    ds_buf_printf(out,
                  "{\"id\":%zu,\"full_name\":\"acme/r%zu\",\"description\":\"name of %zu\","
                  "\"size\":%zu,\"other\":[1,{}]}",
                  id, id, id, id - FIRST_ID);
}

static size_t number_in(const char *head, const char *name, size_t other)
{
    const char *at = strstr(head, name);

    return at ? (size_t)strtoull(at + strlen(name), NULL, 10) : other;
}

static void answer_list(http_conn *c, const size_t *n)
{
    size_t size = number_in(c->head, "per_page=", 30), page = number_in(c->head, "&page=", 1);
    size_t from = (page - 1) * size, to = DS_MIN(from + size, *n);
    DS_AUTO_BUF(body, DS_MIB);
    char link[256] = "";

    ds_buf_char(&body, '[');
    for (size_t i = from; i < to; i++) {
        ds_buf_text(&body, i > from ? "," : "");
        add_repo(&body, FIRST_ID + i);
    }
    ds_buf_char(&body, ']');
    if (to < *n)
        snprintf(link, sizeof(link),
                 "Link: <%s/organizations/1/repos?per_page=%zu&page=%zu>; rel=\"next\"\r\n",
                 http_server_url(c->server), size, page + 1);
    http_conn_answer(c, 200, link, body.data);
}

static void serve(http_conn *c)
{
    const size_t *n = c->to;

    while (http_conn_read(c)) {
        size_t id = number_in(c->head, "GET /repositories/", 0);
        DS_AUTO_BUF(body, DS_KIB);

        if (http_conn_has(c, "GET /orgs/acme/repos?") || http_conn_has(c, "GET /organizations/1/"))
            answer_list(c, n);
        else if (id < FIRST_ID || id >= FIRST_ID + *n)
            http_conn_answer(c, 404, "", "{\"message\":\"Not Found\"}");
        else {
            add_repo(&body, id);
            http_conn_answer(c, 200, "", body.data);
        }
    }
}

static void fill(tmpdir *dir, size_t n)
{
    (void)dir;
    http_server_free(server);
    rows = n;
    server = http_server_new(serve, &rows);
    setenv("DS_GITHUB_URL", http_server_url(server), 1);
}

static const contract_source source = {
    .name = "github",
    .ops = &ds_github_source,
    .settings = {{"orgs", "acme"}, {"token", "t"}, {"base_url", "$DS_GITHUB_URL"}},
    .fill = fill};

static const contract_names names = {
    .unit = "github:acme", .text = "description", .number = "size", .key = key};

int main(void)
{
    int failed;

    alarm(100); /* what hangs is to be seen */
    contract_use_names(&names);
    contract_add_source(&source);
    failed = run_tests("contract of github");
    http_server_free(server);
    return failed;
}
