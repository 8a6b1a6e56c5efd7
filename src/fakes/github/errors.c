/* src/fakes/github/errors.c - how GitHub words what it refuses, and the faults only it has. */
#include "fakes/github/github.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define DOCS "https://docs.github.com/"
#define SECONDARY                                                                                  \
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

static const struct {
    int status;
    const char *text;
} messages[] = {
    {400, "Problems parsing JSON"},
    {401, "Bad credentials"},
    {403, "Resource not accessible by personal access token"},
    {404, "Not Found"},
    {405, "Not Found"},
    {409, "Git Repository is empty."},
    {410, "This issue was deleted"},
    {413, "Payload too large"},
    {422, "Validation Failed"},
    {429, SECONDARY},
    {451, "Repository access blocked"},
    {500, "Server Error"},
    {502, "Server Error"},
    {503, "Service unavailable"},
    {504, "We couldn't respond to your request in time."},
};

static const char *message_of(int status)
{
    for (size_t i = 0; i < DS_COUNT(messages); i++)
        if (messages[i].status == status)
            return messages[i].text;
    return "Error";
}

static void write_error(ds_fake_call *call, int status, const char *text, const char *page)
{
    ds_json_writer *w = ds_fake_json(call, status);

    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "message", text);
    ds_gh_w_text(w, "documentation_url", ds_arena_printf(call->arena, DOCS "%s", page));
    ds_gh_w_text(w, "status", ds_arena_printf(call->arena, "%d", status));
    ds_json_w_end_object(w);
}

void ds_gh_error(ds_fake_call *call, int status, const char *text)
{
    write_error(call, status == 405 ? 404 : status, text ? text : message_of(status), "rest");
}

void ds_gh_invalid(ds_fake_call *call, const char *resource, const char *field)
{
    ds_json_writer *w = ds_fake_json(call, 422);

    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "message", message_of(422));
    ds_json_w_name(w, "errors");
    ds_json_w_begin_list(w);
    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "resource", resource);
    ds_gh_w_text(w, "field", field);
    ds_gh_w_text(w, "code", "invalid");
    ds_json_w_end_object(w);
    ds_json_w_end_list(w);
    ds_gh_w_text(w, "documentation_url", DOCS "rest");
    ds_gh_w_text(w, "status", "422");
    ds_json_w_end_object(w);
}

void ds_gh_refuse(void *state, ds_fake_call *call, int status, const char *text)
{
    (void)state;
    ds_gh_error(call, status, text);
}

void ds_gh_secondary(ds_fake_call *call, int64_t retry_after)
{
    write_error(call, 403, SECONDARY,
                "rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits");
    if (retry_after >= 0)
        ds_fake_set(call, "retry-after", "%" PRId64, retry_after);
}

void ds_gh_primary(ds_gh *g, ds_fake_call *call, int64_t reset_s)
{
    const char *who = g->who.user
                          ? ds_arena_printf(call->arena, "user ID %" PRId64, g->who.user->id)
                      : g->who.nobody ? "127.0.0.1"
                                      : "installation ID 1";

    g->who.exhausted = true;
    g->who.reset_s = reset_s;
    write_error(call, 403, ds_arena_printf(call->arena, "API rate limit exceeded for %s.", who),
                "rest/overview/rate-limits-for-the-rest-api");
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void fault_primary(ds_gh *g, ds_fake_call *call, int64_t n)
{
    ds_gh_primary(g, call, call->now_ms / 1000 + (n < 0 ? 60 : n));
}

static void fault_secondary(ds_gh *g, ds_fake_call *call, int64_t n)
{
    (void)g;
    ds_gh_secondary(call, n);
}

static void fault_limited(ds_gh *g, ds_fake_call *call, int64_t n)
{
    (void)g;
    ds_gh_error(call, 429, NULL);
    ds_fake_set(call, "retry-after", "%" PRId64, n < 0 ? 60 : n);
}

static void fault_sso(ds_gh *g, ds_fake_call *call, int64_t n)
{
    (void)g;
    (void)n;
    ds_gh_error(call, 403,
                "Resource protected by organization SAML enforcement. You must grant your Personal "
                "Access token access to this organization.");
    ds_fake_set(call, "x-github-sso", "required; url=%s/orgs/acme/sso", call->origin);
}

static void fault_forbidden(ds_gh *g, ds_fake_call *call, int64_t n)
{
    (void)g;
    (void)n;
    ds_gh_error(call, 403, NULL);
}

static void fault_too_large(ds_gh *g, ds_fake_call *call, int64_t n)
{
    (void)g;
    (void)n;
    ds_gh_error(call, 403,
                "The history or contributor list is too large to list contributors for this "
                "repository via the API.");
}

static void fault_resources(ds_gh *g, ds_fake_call *call, int64_t n)
{
    ds_json_writer *w = ds_fake_json(call, 200);

    (void)g;
    (void)n;
    ds_json_w_begin_object(w);
    ds_gh_w_null(w, "data");
    ds_json_w_name(w, "errors");
    ds_json_w_begin_list(w);
    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "type", "RESOURCE_LIMITS_EXCEEDED");
    ds_gh_w_text(w, "message", "Resource limits for this query exceeded.");
    ds_json_w_end_object(w);
    ds_json_w_end_list(w);
    ds_json_w_end_object(w);
}

static const struct {
    void (*answer)(ds_gh *g, ds_fake_call *call, int64_t n);
} faults[] = {{fault_primary},   {fault_secondary}, {fault_limited},  {fault_sso},
              {fault_forbidden}, {fault_too_large}, {fault_resources}};

const char *const ds_gh_faults[] = {"primary",   "secondary", "limited",   "sso",
                                    "forbidden", "too-large", "resources", NULL};

_Static_assert(DS_COUNT(faults) + 1 == DS_COUNT(ds_gh_faults), "each fault has a name");

void ds_gh_fault(void *state, ds_fake_call *call, const char *name, const char *value)
{
    int64_t n = -1;

    if (!ds_parse_int(value, &n) || n < 0)
        n = -1;
    for (size_t i = 0; i < DS_COUNT(faults); i++)
        if (strcmp(name, ds_gh_faults[i]) == 0)
            faults[i].answer(state, call, n);
}
