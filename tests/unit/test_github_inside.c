/* tests/unit/test_github_inside.c
 *
 * The issues of a repository that change while they are read.  The API's pages are numbered, so an
 * issue that is edited leaves its page for the end of the list, and all behind it move up by one.
 */
#include "unit/http_rig.h"

#include "connectors/github/github.h"
#include "connectors/github/settings.h"
#include "connectors/github/sweep.h"

#include <pthread.h>

#define ISSUES 40
#define UNIT "github:acme/loom#issues"

/* ---- a repository ----------------------------------------------------------------------------
 */

static struct {
    pthread_mutex_t lock;
    int order[ISSUES];  /* numbers, the one that was edited last at the end */
    int second[ISSUES]; /* of each number's edit */
    int now, asked;
    int edits_most; /* after so many pages nothing is edited any more */
} repo = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void edit_first(void)
{
    int number = repo.order[0];

    memmove(repo.order, repo.order + 1, (ISSUES - 1) * sizeof(repo.order[0]));
    repo.order[ISSUES - 1] = number;
    repo.second[number] = ++repo.now;
}

static const char *time_of(int second, char out[32])
{
    snprintf(out, 32, "2026-03-01T10:%02d:%02dZ", second / 60, second % 60);
    return out;
}

static int number_in(const char *head, const char *name, int other)
{
    const char *at = strstr(head, name), *end = strstr(head, " HTTP/");

    return at && at < end ? atoi(at + strlen(name)) : other;
}

/* "since=2026-03-01T10%3A00%3A07Z" */
static int since_in(const char *head)
{
    const char *at = strstr(head, "since=");
    int minute = 0, second = 0;

    if (at)
        sscanf(at, "since=%*4d-%*2d-%*2dT10%%3A%2d%%3A%2dZ", &minute, &second);
    return minute * 60 + second;
}

static void answer_page(http_conn *c)
{
    int since = since_in(c->head), each = number_in(c->head, "per_page=", 30), met = 0;
    int page = number_in(c->head, "&page=", 1), skip = (page - 1) * each;
    DS_AUTO_BUF(body, DS_MIB);
    char text[32], link[512] = "";

    for (int i = 0; i < ISSUES; i++) {
        int number = repo.order[i];

        if (repo.second[number] < since || ++met <= skip || met > skip + each)
            continue;
        ds_buf_printf(&body, "%s{\"id\":%d,\"number\":%d,\"updated_at\":\"%s\"}",
                      body.n ? "," : "[", number + 1, number, time_of(repo.second[number], text));
    }
    ds_buf_text(&body, body.n ? "]" : "[]");
    time_of(since, text);
    if (met > skip + each)
        snprintf(
            link, sizeof(link),
            "Link: <%s/repositories/1/issues?since=%.13s%%3A%.2s%%3A%.2sZ&per_page=%d&page=%d>; "
            "rel=\"next\"\r\n",
            http_server_url(c->server), text, text + 14, text + 17, each, page + 1);
    http_conn_answer(c, 200, link, body.data);
}

static void answer_pages(http_conn *c)
{
    while (http_conn_read(c)) {
        pthread_mutex_lock(&repo.lock);
        answer_page(c);
        if (repo.asked++ < repo.edits_most)
            edit_first();
        pthread_mutex_unlock(&repo.lock);
    }
}

/* `apart`: issues that were edited in one second. */
static void fill(int apart, int edits_most)
{
    for (int i = 0; i < ISSUES; i++) {
        repo.order[i] = i;
        repo.second[i] = 60 + i / apart;
    }
    repo.now = 60 + ISSUES;
    repo.asked = 0;
    repo.edits_most = edits_most;
}

/* ---- reading it ------------------------------------------------------------------------------
 */

typedef struct world {
    http_rig *rig;
    ds_github gh;
} world;

static world *world_new(http_serve serve)
{
    world *at = ds_new_in(scratch, world);

    at->rig = rig_new(serve, NULL, false);
    at->gh = (ds_github){.base = {.ops = &ds_github_source},
                         .http = {.base_url = http_server_url(at->rig->server)},
                         .items = "issues",
                         .visibility = "all",
                         .forks = "include",
                         .archived = "include",
                         .road = "auto",
                         .repos = {(const char *[]){"acme/loom"}, 1}};
    assert_true(ds_github_source.open(&at->gh.base, &at->rig->act, &at->rig->err));
    return at;
}

static void world_end(world *at)
{
    ds_github_source.close(&at->gh.base);
    rig_free(at->rig);
}

/* How many pages a pass over the changes takes; seen[number]: how often it came by. */
static int read_changes(world *at, int seen[ISSUES])
{
    ds_fetch want = {.unit = UNIT, .since_ms = INT64_C(1772359260000), .limit = 5};
    int pages = 0;

    memset(seen, 0, ISSUES * sizeof(seen[0]));
    do {
        ds_page page = {.arena = scratch};

        if (!ds_github_source.fetch_page(&at->gh.base, &at->rig->act, &want, &page, &at->rig->err))
            fail_msg("%s", at->rig->err.text);
        assert_false(page.restart);
        for (size_t i = 0; i < page.records_n; i++)
            seen[atoi(page.records[i].primary_key) - 1]++;
        assert_true(!page.next_cursor || !want.cursor ||
                    strcmp(page.next_cursor, want.cursor) != 0);
        want.cursor = page.next_cursor;
    } while (want.cursor && ++pages < 200);
    return pages + 1;
}

/* ---- what is kept of an answer ----------------------------------------------------------------
 */

static int kept; /* pages */

static const char *recall_nothing(ds_memory *memory, bool shared, const char *key, ds_arena *a)
{
    (void)memory, (void)shared, (void)key, (void)a;
    return NULL;
}

static void count_pages(ds_memory *memory, bool shared, const char *key, const char *value)
{
    (void)memory, (void)value;
    kept += !shared && strncmp(key, "page:", 5) == 0;
}

static void answer_tagged(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 200, c->request == 1 ? "ETag: \"a\"\r\n" : "ETag: \"\x01\"\r\n", "[]");
}

/* With it each later request for the page would be one that cannot be sent. */
static void a_tag_that_cannot_be_sent_is_not_kept(void **state)
{
    ds_memory memory = {.recall = recall_nothing, .keep = count_pages};
    world *at = world_new(answer_tagged);
    ds_fetch want = {.unit = UNIT, .since_ms = -1, .limit = 5};

    (void)state;
    kept = 0;
    at->rig->act.memory = &memory;
    for (int i = 0; i < 2; i++) {
        ds_page page = {.arena = scratch};

        assert_true(
            ds_github_source.fetch_page(&at->gh.base, &at->rig->act, &want, &page, &at->rig->err));
        assert_int_equal(kept, 1);
    }
    world_end(at);
}

/* ---- which repositories there are -------------------------------------------------------------
 */

static void answer_in_a_circle(http_conn *c)
{
    char link[256];

    while (http_conn_read(c)) {
        snprintf(link, sizeof(link), "Link: <%s/orgs/acme/repos?page=%d>; rel=\"next\"\r\n",
                 http_server_url(c->server), 1 + c->request % 3);
        http_conn_answer(c, 200, link, "[{\"id\":1,\"full_name\":\"acme/loom\"}]");
    }
}

static void a_listing_in_a_circle_comes_to_an_end(void **state)
{
    world *at = world_new(answer_in_a_circle);
    ds_units units = {.arena = scratch};

    (void)state;
    at->gh.repos = (ds_texts){NULL, 0};
    at->gh.orgs = (ds_texts){(const char *[]){"acme"}, 1};
    assert_false(ds_github_source.units(&at->gh.base, &at->rig->act, &units, &at->rig->err));
    assert_int_equal(at->rig->err.kind, DS_ERR_TRANSIENT);
    world_end(at);
}

/* ---- tests ------------------------------------------------------------------------------------
 */

static const struct changing {
    const char *name;
    int apart, edits_most, pages_most;
} changing[] = {
    {"a second each, and nothing is edited", 1, 0, 10},
    {"a second each, one is edited after each page", 1, 30, 20},
    {"three to a second", 3, 30, 30},
    {"more to a second than to a page", 12, 0, 12},
};

static void no_issue_is_passed_by(void **state)
{
    const struct changing *row = *state;
    world *at = world_new(answer_pages);
    int seen[ISSUES], pages;

    fill(row->apart, row->edits_most);
    pages = read_changes(at, seen);
    for (int i = 0; i < ISSUES; i++)
        if (!seen[i])
            fail_msg("issue %d did not come by", i);
    assert_in_range(pages, 1, row->pages_most);
    world_end(at);
}

int main(void)
{
    add_table(changing, no_issue_is_passed_by);
    add_test(a_listing_in_a_circle_comes_to_an_end);
    add_test(a_tag_that_cannot_be_sent_is_not_kept);
    return run_tests("what is inside of a repository");
}
