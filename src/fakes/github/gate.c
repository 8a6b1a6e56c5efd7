/* src/fakes/github/gate.c
 *
 * What every request goes through: User-Agent, version, login, limits before it; what is left of
 * them and the ETag after it.
 *
 * The ETag is what GitHub's is observed to be: the SHA-256 of each of Accept, Authorization and
 * Cookie that was sent, a colon behind it, and of the body as it is before gzip.  So who changes
 * a token or what it accepts gets another one.
 */
#include "fakes/github/github.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define HOUR_S 3600
#define MINUTE_S 60

static const char *const versions[] = {"2022-11-28", "2026-03-10"};
static const char *const bucket_names[DS_GH_BUCKETS] = {"core", "graphql"};

bool ds_gh_is_newer(const ds_fake_call *call)
{
    const char *version = ds_fake_header(call, "x-github-api-version");

    return version && strcmp(version, versions[1]) == 0;
}

/* ---- who asks -------------------------------------------------------------------------------- */

static const ds_gh_token *known_token(const ds_gh *g, const char *text)
{
    for (size_t i = 0; i < g->tokens_n; i++)
        if (strcmp(g->tokens[i].text, text) == 0)
            return &g->tokens[i];
    return NULL;
}

static ds_gh_budget *budget_of(ds_gh *g, const char *identity)
{
    ds_gh_budget *budget;

    for (size_t i = 0; i < g->budgets_n; i++)
        if (strcmp(g->budgets[i]->identity, identity) == 0)
            return g->budgets[i];
    if (g->budgets_n == DS_GH_BUDGETS_MAX)
        return g->budgets[0];
    budget = ds_new_in(g->arena, ds_gh_budget);
    budget->identity = ds_arena_strdup(g->arena, identity);
    g->budgets[g->budgets_n++] = budget;
    return budget;
}

/* "Bearer TOKEN" or "token TOKEN"; "": there is none; NULL: another scheme. */
static const char *token_of(const ds_fake_call *call)
{
    const char *sent = ds_fake_header(call, "authorization");

    if (!sent)
        return "";
    if (strncasecmp(sent, "bearer ", 7) == 0)
        return sent[7] ? sent + 7 : NULL;
    if (strncasecmp(sent, "token ", 6) == 0)
        return sent[6] ? sent + 6 : NULL;
    return NULL;
}

/* Any token is one of ada's; those beginning with ghs_ are an app's; others as they were told. */
static bool find_who(ds_gh *g, ds_fake_call *call)
{
    const char *text = token_of(call);
    const ds_gh_token *token = text ? known_token(g, text) : NULL;
    const char *login = token ? token->login : "ada";

    if (!text || (token && token->dead)) {
        ds_gh_error(call, 401, NULL);
        return false;
    }
    g->who.nobody = *text == '\0';
    g->who.blind = g->who.nobody || (token && token->blind);
    g->who.hidden = token ? token->hidden : NULL;
    g->who.scopes = token && token->scopes ? token->scopes : "read:org, repo";
    if (!token && strncmp(text, "ghs_", 4) == 0)
        login = NULL;
    if (!g->who.nobody && login)
        g->who.user = ds_gh_owner_find(g->world, login);
    g->who.budget = budget_of(
        g, g->who.nobody ? "nobody" : ds_arena_printf(call->arena, "user %s", login ? login : ""));
    return true;
}

/* ---- limits ---------------------------------------------------------------------------------- */

int64_t ds_gh_limit(const ds_gh *g, ds_gh_bucket bucket)
{
    return g->who.nobody && bucket == DS_GH_CORE ? g->anonymous : g->limits[bucket];
}

/* Opens the next hour where the last one is over. */
static void turn_hour(const ds_gh *g, ds_gh_bucket bucket, int64_t now_s)
{
    ds_gh_budget *budget = g->who.budget;

    if (now_s < budget->hour[bucket].reset_s)
        return;
    budget->hour[bucket].used = 0;
    budget->hour[bucket].reset_s = now_s + HOUR_S;
}

/* Points of this minute; false: beyond what may be spent in one. */
static bool spend_points(ds_gh *g, ds_fake_call *call, int64_t points)
{
    ds_gh_bucket bucket = g->who.bucket;
    int64_t now_s = call->now_ms / 1000, minute = now_s / MINUTE_S;
    ds_gh_budget *budget = g->who.budget;

    if (budget->points[bucket].minute != minute) {
        budget->points[bucket].minute = minute;
        budget->points[bucket].used = 0;
    }
    budget->points[bucket].used += points;
    if ((g->points[bucket] == 0 || budget->points[bucket].used <= g->points[bucket]) &&
        (g->concurrent == 0 || call->in_flight <= (size_t)g->concurrent))
        return true;
    ds_gh_secondary(call, g->hints ? MINUTE_S - now_s % MINUTE_S : -1);
    return false;
}

bool ds_gh_charge(ds_gh *g, ds_fake_call *call, int64_t cost)
{
    ds_gh_bucket bucket = g->who.bucket;
    int64_t limit = ds_gh_limit(g, bucket);
    ds_gh_budget *budget = g->who.budget;

    if (budget->hour[bucket].used + cost > limit) {
        ds_gh_primary(g, call, budget->hour[bucket].reset_s);
        return false;
    }
    budget->hour[bucket].used += cost;
    g->who.charged = cost;
    return true;
}

/* ---- before ---------------------------------------------------------------------------------- */

static bool check_head(ds_fake_call *call)
{
    const char *agent = ds_fake_header(call, "user-agent");
    const char *version = ds_fake_header(call, "x-github-api-version");
    static const char refused[] =
        "\r\nRequest forbidden by administrative rules. Please make sure your request has a "
        "User-Agent header.\r\n";

    if (!agent || !*agent) {
        ds_fake_raw(call, 403, "text/plain; charset=utf-8", refused, sizeof refused - 1);
        return false;
    }
    for (size_t i = 0; version && i < DS_COUNT(versions); i++)
        if (strcmp(version, versions[i]) == 0)
            version = NULL;
    if (version)
        ds_gh_error(
            call, 400,
            ds_arena_printf(call->arena, "\"%.40s\" is not a supported API version.", version));
    return !version;
}

bool ds_gh_before(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    bool graphql = strcmp(call->path, "/graphql") == 0;

    g->who = (ds_gh_who){.bucket = graphql ? DS_GH_GRAPHQL : DS_GH_CORE};
    if (!check_head(call) || !find_who(g, call))
        return false;
    if (graphql && g->who.nobody) {
        ds_gh_error(call, 401, "This endpoint requires you to be authenticated.");
        return false;
    }
    for (int bucket = 0; bucket < DS_GH_BUCKETS; bucket++)
        turn_hour(g, (ds_gh_bucket)bucket, call->now_ms / 1000);
    if (!spend_points(g, call, strcmp(call->method, "GET") == 0 || graphql ? 1 : 5))
        return false;
    return graphql || strcmp(call->path, "/rate_limit") == 0 || ds_gh_charge(g, call, 1);
}

/* ---- after ----------------------------------------------------------------------------------- */

static void make_etag(const ds_fake_call *call, char out[65])
{
    static const char *const vary[] = {"accept", "authorization", "cookie"};
    ds_sha256 sum;

    ds_sha256_init(&sum);
    for (size_t i = 0; i < DS_COUNT(vary); i++) {
        const char *value = ds_fake_header(call, vary[i]);

        if (!value)
            continue;
        ds_sha256_add(&sum, value, strlen(value));
        ds_sha256_add(&sum, ":", 1);
    }
    ds_sha256_add(&sum, call->out.data ? call->out.data : "", call->out.n);
    ds_sha256_hex(&sum, out);
}

/* Whether a list of ETags has this one; W/ makes no difference. */
static bool has_etag(const char *list, const char *etag)
{
    const char *at = list ? strstr(list, etag) : NULL;

    return at && at > list && at[-1] == '"' && at[64] == '"';
}

static void make_conditional(ds_gh *g, ds_fake_call *call)
{
    char etag[65];

    make_etag(call, etag);
    if (has_etag(ds_fake_header(call, "if-none-match"), etag)) {
        ds_fake_raw(call, 304, NULL, NULL, 0);
        if (!g->who.nobody && g->who.budget) /* it was free */
            g->who.budget->hour[g->who.bucket].used -= g->who.charged;
    }
    ds_fake_set(call, "etag", ds_fake_zips(call) ? "W/\"%s\"" : "\"%s\"", etag);
}

static void set_limits(const ds_gh *g, ds_fake_call *call)
{
    ds_gh_bucket bucket = g->who.bucket;
    int64_t limit = ds_gh_limit(g, bucket), used, reset;

    if (!g->who.budget)
        return;
    used = g->who.exhausted ? limit : g->who.budget->hour[bucket].used;
    reset = g->who.exhausted ? g->who.reset_s : g->who.budget->hour[bucket].reset_s;
    ds_fake_set(call, "x-ratelimit-limit", "%" PRId64, limit);
    ds_fake_set(call, "x-ratelimit-remaining", "%" PRId64, limit - used);
    ds_fake_set(call, "x-ratelimit-used", "%" PRId64, used);
    ds_fake_set(call, "x-ratelimit-reset", "%" PRId64, reset);
    ds_fake_set(call, "x-ratelimit-resource", "%s", bucket_names[bucket]);
}

void ds_gh_after(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    const char *version = ds_fake_header(call, "x-github-api-version");

    if (call->status == 200 && strcmp(call->path, "/graphql") != 0)
        make_conditional(g, call);
    set_limits(g, call);
    if (g->who.hidden && call->status < 400)
        ds_fake_set(call, "x-github-sso", "partial-results; organizations=%s", g->who.hidden);
    if (g->who.user)
        ds_fake_set(call, "x-oauth-scopes", "%s", g->who.scopes);
    ds_fake_set(call, "x-github-media-type", "github.v3; format=json");
    ds_fake_set(call, "x-github-api-version-selected", "%s", version ? version : versions[0]);
    ds_fake_set(call, "cache-control",
                g->who.nobody ? "public, max-age=60, s-maxage=60"
                              : "private, max-age=60, s-maxage=60");
    ds_fake_set(call, "vary", "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding");
    ds_fake_set(call, "server", "github.com");
}
