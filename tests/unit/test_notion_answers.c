/* tests/unit/test_notion_answers.c
 *
 * Answers that only look like Notion's: a list that is none, one that says it goes on and not
 * where, a page of which nothing is shown, an answer too large to be read.  None of them may be
 * taken for "there is no more", or a row would be made twice, or be taken for gone.
 */
#include "unit/http_rig.h"

#include "connectors/notion/reader.h"
#include "connectors/notion/writer.h"

#include <pthread.h>

#define TABLE "11111111-1111-4111-8111-111111111111"
#define ROW "22222222-2222-4222-8222-222222222222"
#define OTHER "33333333-3333-4333-8333-333333333333"
#define SCHEMA                                                                                     \
    "{\"object\":\"data_source\",\"id\":\"" TABLE "\",\"properties\":{"                            \
    "\"Key\":{\"id\":\"title\",\"type\":\"title\",\"title\":{}},"                                  \
    "\"N\":{\"id\":\"n\",\"type\":\"number\",\"number\":{}}}}"
#define PAGE                                                                                       \
    "{\"object\":\"page\",\"id\":\"" ROW "\",\"created_time\":\"2026-01-01T10:00:00.000Z\","       \
    "\"last_edited_time\":\"2026-01-01T10:00:00.000Z\",\"parent\":{\"data_source_id\":\"" TABLE    \
    "\"},\"properties\":{\"Key\":{\"id\":\"title\",\"type\":\"title\",\"title\":[{\"type\":"       \
    "\"text\",\"plain_text\":\"k1\"}]}}}"
#define LIST(of_, more_) "{\"object\":\"list\",\"results\":[" of_ "],\"has_more\":" more_ "}"

/* ---- a server that says what the test wants ---------------------------------------------------
 */

typedef struct reply {
    const char *to; /* how the request begins: "POST /v1/pages " */
    int status;     /* 0: it stops the pass and says no more; -1: it hangs up without a word */
    const char *body;
    bool large; /* with more headers than are read */
} reply;

static struct {
    pthread_mutex_t lock;
    const reply *replies; /* the first that fits and was not said yet; else the last that fits */
    size_t n;
    bool said[8];
    int met[8]; /* requests that it fitted */
} told = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const reply *reply_to(const http_conn *c)
{
    const reply *found = NULL;
    bool fresh = false;

    pthread_mutex_lock(&told.lock);
    for (size_t i = 0; i < told.n && !fresh; i++) {
        if (strncmp(c->head, told.replies[i].to, strlen(told.replies[i].to)) != 0)
            continue;
        found = &told.replies[i];
        fresh = !told.said[i];
        told.said[i] = true;
        told.met[i]++;
    }
    pthread_mutex_unlock(&told.lock);
    return found;
}

static int times_met(size_t i)
{
    int n;

    pthread_mutex_lock(&told.lock);
    n = told.met[i];
    pthread_mutex_unlock(&told.lock);
    return n;
}

static void say_at_length(http_conn *c, const char *body)
{
    http_conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n", strlen(body));
    for (int i = 0; i < 20; i++)
        http_conn_say(c, "X-%d: %04000d\r\n", i, i);
    http_conn_say(c, "\r\n%s", body);
}

static void stop_and_hang(http_conn *c)
{
    http_rig *rig = c->to;

    rig->stop = true;
    http_conn_hang(c);
}

static void serve(http_conn *c)
{
    static const reply schema = {"GET /v1/data_sources/", 200, SCHEMA, false};

    while (http_conn_read(c)) {
        const reply *r = reply_to(c);

        if (!r && strncmp(c->head, schema.to, strlen(schema.to)) == 0)
            r = &schema;
        if (!r || r->status < 0)
            return;
        if (r->status == 0)
            stop_and_hang(c);
        else if (r->large)
            say_at_length(c, r->body);
        else
            http_conn_answer(c, r->status, "Content-Type: application/json\r\n", r->body);
    }
}

typedef struct world {
    http_rig *rig;
    ds_notion_writer w;
    ds_notion_reader r;
    ds_secret *token;
} world;

static ds_notion_settings settings_of(const world *at)
{
    return (ds_notion_settings){.token = at->token,
                                .data_source = TABLE,
                                .version = DS_NOTION_NEW,
                                .http = {.base_url = http_server_url(at->rig->server)}};
}

static world *world_of(const reply *replies, size_t n)
{
    world *at = ds_new_in(scratch, world);

    memset(told.said, 0, sizeof(told.said));
    memset(told.met, 0, sizeof(told.met));
    told.replies = replies;
    told.n = n;
    at->rig = rig_new(serve, NULL, false);
    at->token = ds_secret_new("ntn_x", 5);
    at->w = (ds_notion_writer){.base = {.ops = &ds_notion_destination},
                               .settings = settings_of(at),
                               .key = "Key",
                               .body = "create",
                               .options = "create",
                               .on_overflow = "split",
                               .trashed = "restore"};
    at->r = (ds_notion_reader){.base = {.ops = &ds_notion_source}, .settings = settings_of(at)};
    ds_notion_begin(&at->w);
    return at;
}

static void world_end(world *at)
{
    ds_notion_end(&at->w);
    ds_notion_source.close(&at->r.base);
    rig_free(at->rig);
    ds_secret_free(at->token);
}

/* ---- what a look-up believes -------------------------------------------------------------------
 */

#define QUERY "POST /v1/data_sources/"

static const struct look {
    const char *name;
    reply reply;
    bool believed;
} looks[] = {
    {"a list without a row of the key", {QUERY, 200, LIST("", "false"), false}, true},
    {"an object that is no list", {QUERY, 200, "{}", false}, false},
    {"another thing", {QUERY, 200, "{\"object\":\"list\",\"results\":{}}", false}, false},
    {"more, and not where", {QUERY, 200, LIST("", "true"), false}, false},
    {"more, at no text", {QUERY, 200, LIST("", "true,\"next_cursor\":{}"), false}, false},
    {"all that a query gives, and more",
     {QUERY, 200, LIST("", "false,\"request_status\":{\"type\":\"incomplete\"}"), false},
     false},
    {"a page of which nothing is shown",
     {QUERY, 200, LIST("{\"object\":\"page\",\"id\":\"" ROW "\"}", "false"), false},
     false},
};

static void a_look_up(void **state)
{
    const struct look *row = *state;
    world *at = world_of(&row->reply, 1);
    const char *keys[] = {"k2"};
    ds_found found;

    assert_int_equal(ds_notion_find(&at->w.base, &at->rig->act, keys, 1, &found, &at->rig->err),
                     row->believed);
    if (row->believed)
        assert_int_equal(found.n, 0);
    else
        assert_true(strlen(at->rig->err.text) > 10);
    world_end(at);
}

/* ---- what a reader believes --------------------------------------------------------------------
 */

static const struct look reads[] = {
    {"all of a table", {QUERY, 200, LIST(PAGE, "false"), false}, true},
    {"more, and not where", {QUERY, 200, LIST(PAGE, "true"), false}, false},
    {"more, at null", {QUERY, 200, LIST(PAGE, "true,\"next_cursor\":null"), false}, false},
    {"an object that is no list", {QUERY, 200, "{\"object\":\"error\"}", false}, false},
};

static bool fetch(world *at, const char *const *items, size_t n, ds_page *page)
{
    const ds_fetch want = {
        .unit = "all", .items = items, .items_n = n, .since_ms = -1, .limit = 100};

    *page = (ds_page){.arena = scratch};
    return ds_notion_source.open(&at->r.base, &at->rig->act, &at->rig->err) &&
           ds_notion_source.fetch_page(&at->r.base, &at->rig->act, &want, page, &at->rig->err);
}

static void a_table_that_is_read(void **state)
{
    const struct look *row = *state;
    world *at = world_of(&row->reply, 1);
    ds_page page;

    assert_int_equal(fetch(at, NULL, 0, &page), row->believed);
    if (!row->believed)
        assert_int_equal(at->rig->err.kind, DS_ERR_TRANSIENT);
    world_end(at);
}

static void rows_that_are_read_by_their_keys(void **state)
{
    const struct look *row = *state;
    world *at = world_of(&row->reply, 1);
    const char *items[] = {"k1"};
    ds_page page;

    at->r.key = "Key";
    assert_int_equal(fetch(at, items, 1, &page), row->believed);
    if (row->believed)
        assert_int_equal(page.records_n, 1);
    world_end(at);
}

static const struct single {
    const char *name;
    reply reply;
    size_t records;
    bool held;
} singles[] = {
    {"a row", {"GET /v1/pages/", 200, PAGE, false}, 1, false},
    {"one that is not there",
     {"GET /v1/pages/", 404, "{\"code\":\"object_not_found\"}", false},
     0,
     false},
    {"what is a database",
     {"GET /v1/pages/", 400, "{\"code\":\"validation_error\"}", false},
     0,
     false},
    {"one that may not be seen",
     {"GET /v1/pages/", 403, "{\"code\":\"restricted_resource\"}", false},
     1,
     true},
    {"an answer too large to be read", {"GET /v1/pages/", 200, PAGE, true}, 1, true},
};

static void a_row_that_is_asked_for_by_its_id(void **state)
{
    const struct single *row = *state;
    world *at = world_of(&row->reply, 1);
    const char *items[] = {ROW};
    ds_page page;

    assert_true(fetch(at, items, 1, &page));
    assert_int_equal(page.records_n, row->records);
    assert_int_equal(page.answers_n, row->records);
    if (row->records)
        assert_int_equal(page.records[0].hold != NULL, row->held);
    world_end(at);
}

/* A body of which the end is not told would be written over one that has it. */
static const struct look bodies[] = {
    {"a body", {"GET /v1/blocks/", 200, LIST("", "false"), false}, true},
    {"more, and not where", {"GET /v1/blocks/", 200, LIST("", "true"), false}, false},
    {"more, from where it began",
     {"GET /v1/blocks/", 200, LIST("", "true,\"next_cursor\":\"x\""), false},
     false},
    {"an object that is no list", {"GET /v1/blocks/", 200, "{}", false}, false},
};

static void a_body_that_is_read(void **state)
{
    const struct look *row = *state;
    const reply replies[] = {{QUERY, 200, LIST(PAGE, "false"), false}, row->reply};
    world *at = world_of(replies, 2);
    ds_page page;

    at->r.body = true;
    assert_int_equal(fetch(at, NULL, 0, &page), row->believed);
    world_end(at);
}

/* ---- what a create comes to --------------------------------------------------------------------
 */

#define CREATE "POST /v1/pages "

static const struct made {
    const char *name;
    reply replies[3];
    ds_outcome outcome;
} made[] = {
    {"a page", {{CREATE, 200, PAGE, false}}, DS_OUT_CREATED},
    {"a page that does not say what it is",
     {{CREATE, 200, "{\"id\":\"" ROW "\"}", false}},
     DS_OUT_CREATED},
    {"a page too large to be read", {{CREATE, 200, PAGE, true}}, DS_OUT_UNKNOWN},
    {"no page", {{CREATE, 200, "{}", false}}, DS_OUT_UNKNOWN},
    {"something that will be done later",
     {{CREATE, 200, "{\"object\":\"async_task\",\"id\":\"" OTHER "\"}", false}},
     DS_OUT_UNKNOWN},
    {"nothing", {{CREATE, -1, NULL, false}}, DS_OUT_UNKNOWN},
    {"the end of the pass", {{CREATE, 0, NULL, false}}, DS_OUT_UNKNOWN},
    {"a refusal, and once more the end of the pass",
     {{CREATE, 400, "{\"code\":\"validation_error\",\"message\":\"no\"}", false},
      {CREATE, 0, NULL, false}},
     DS_OUT_UNKNOWN},
    {"a refusal", {{CREATE, 400, "{\"code\":\"validation_error\"}", false}}, DS_OUT_HELD},
};

static size_t replies_in(const reply *replies)
{
    size_t n = 0;

    while (n < 3 && replies[n].to)
        n++;
    return n;
}

/* With what is known of the table from an earlier pass: a refusal has it looked at, and the row is
 * sent once more. */
static void know_table(world *at)
{
    ds_err err = DS_ERR_INIT;

    assert_true(ds_notion_renew(&at->w, &at->rig->act, &err));
    at->w.recent = false;
}

static void a_create(void **state)
{
    const struct made *row = *state;
    world *at = world_of(row->replies, replies_in(row->replies));
    ds_write write = {.op = DS_OP_CREATE, .key = "k1"};

    know_table(at);
    (void)!ds_notion_write(&at->w.base, &at->rig->act, &write, 1, &at->rig->err);
    assert_int_equal(write.outcome, row->outcome);
    world_end(at);
}

/* The end of a body is sent; whether it arrived, the page's blocks would tell. */
static void blocks_that_cannot_be_counted_are_not_sent_again(void **state)
{
    static const reply replies[] = {{"PATCH /v1/blocks/", -1, NULL, false},
                                    {"GET /v1/blocks/", 200, "{}", false}};
    world *at = world_of(replies, 2);
    ds_write write = {.op = DS_OP_UPDATE, .key = "k1"};
    ds_notion_job job = {.write = &write, .page = ROW};
    const char *text = "one\n\ntwo\n";

    (void)state;
    know_table(at);
    ds_notion_markdown(text, strlen(text), scratch, &job.blocks);
    assert_false(ds_notion_content(&at->w, &at->rig->act, &job, &at->rig->err));
    assert_int_equal(write.outcome, DS_OUT_UNKNOWN);
    assert_int_equal(times_met(0), 1);
    world_end(at);
}

/* A request that empties the page, and is applied late, would empty it of what came behind the
 * second one: it is sent once. */
static void a_page_is_not_emptied_twice(void **state)
{
    static const reply replies[] = {{"PATCH /v1/pages/", -1, NULL, false},
                                    {"PATCH /v1/pages/", 200, PAGE, false},
                                    {"PATCH /v1/blocks/", 200, LIST("", "false"), false}};
    world *at = world_of(replies, 3);
    ds_write write = {.op = DS_OP_UPDATE, .key = "k1", .id = ROW, .body = "new"};

    (void)state;
    at->w.body = "replace";
    know_table(at);
    (void)!ds_notion_write(&at->w.base, &at->rig->act, &write, 1, &at->rig->err);
    assert_int_equal(write.outcome, DS_OUT_UNKNOWN);
    assert_int_equal(times_met(1), 0);
    assert_int_equal(times_met(2), 0);
    world_end(at);
}

static void tell_nobody(void *to, const char *what)
{
    (void)to, (void)what;
}

/* A new key column would have each row of the table come a second time. */
static void a_key_column_is_not_made_where_rows_cannot_be_seen(void **state)
{
    static const reply replies[] = {{QUERY, 200, "{}", false},
                                    {"PATCH /v1/data_sources/", 200, SCHEMA, false}};
    world *at = world_of(replies, 2);

    (void)state;
    at->w.key = "Another";
    assert_false(
        ds_notion_ensure(&at->w.base, &at->rig->act, NULL, 0, tell_nobody, NULL, &at->rig->err));
    assert_int_equal(times_met(1), 0);
    world_end(at);
}

/* Whoever makes a database is told what to write; where that is not known, that is said. */
static void a_database_without_an_id_is_none(void **state)
{
    static const reply replies[] = {
        {"POST /v1/databases ", 200, "{\"object\":\"database\"}", false}};
    world *at = world_of(replies, 1);

    (void)state;
    at->w.settings.data_source = NULL;
    at->w.parent = OTHER;
    assert_false(
        ds_notion_ensure(&at->w.base, &at->rig->act, NULL, 0, tell_nobody, NULL, &at->rig->err));
    assert_non_null(strstr(at->rig->err.text, "look below the page"));
    world_end(at);
}

int main(void)
{
    add_table(looks, a_look_up);
    add_table(reads, a_table_that_is_read);
    add_table(reads, rows_that_are_read_by_their_keys);
    add_table(singles, a_row_that_is_asked_for_by_its_id);
    add_table(bodies, a_body_that_is_read);
    add_table(made, a_create);
    add_test(blocks_that_cannot_be_counted_are_not_sent_again);
    add_test(a_page_is_not_emptied_twice);
    add_test(a_key_column_is_not_made_where_rows_cannot_be_seen);
    add_test(a_database_without_an_id_is_none);
    return run_tests("answers to the connector of notion");
}
