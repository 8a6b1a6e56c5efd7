/* src/http/registry.c
 *
 * The budgets of this process: one for each credential, host and pool, shared by the threads of all
 * passes.  A budget stays when its clients have gone, so that a route that comes back finds what
 * was learnt; what outlives the process is kept in the store under a hash of the three.  Tokens
 * that change every hour leave budgets that nobody comes back to: of those without a client only so
 * many are kept.
 */
#include "http/internal.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES ((size_t)16)
#define LEFT_MOST 256 /* budgets without a client */

typedef struct shared_budget {
    struct shared_budget *next;
    char name[2 * NAME_BYTES + 8]; /* "budget:" and a hash */
    ds_budget *budget;
    int clients;
    uint64_t left; /* its place among all whose clients have gone */
} shared_budget;

struct pool_budget {
    shared_budget *shared;
    ds_seat *seat;
    int64_t kept_ms; /* when it was kept last */
    int64_t refusals;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* never held across anything slow */
static shared_budget *all;
static uint64_t leavers;

#define KEEP_EVERY_MS DS_MINUTE_MS

/* SHA-256, so that what is kept tells nothing of the token. */
static void name_of(const char *origin, const ds_secret *token, const char *pool, char *out,
                    size_t n)
{
    static const char hex[] = "0123456789abcdef";
    const char *parts[] = {origin, token ? ds_secret_reveal(token) : "", pool};
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
    size_t at;

    for (size_t i = 0; ok && i < DS_COUNT(parts); i++)
        ok = EVP_DigestUpdate(md, parts[i], strlen(parts[i]) + 1) == 1;
    ok = ok && EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    if (!ok)
        ds_out_of_memory(0);
    at = (size_t)snprintf(out, n, "budget:");
    for (size_t i = 0; i < NAME_BYTES && at + 2 < n; i++) {
        out[at++] = hex[digest[i] >> 4];
        out[at++] = hex[digest[i] & 15];
    }
    out[at] = '\0';
}

const char *ds_http_fingerprint(const ds_http *http, ds_arena *a)
{
    char name[sizeof(all->name)];

    name_of(http->base.origin, http->token, "", name, sizeof(name));
    return ds_arena_strdup(a, strchr(name, ':') + 1);
}

static shared_budget *find(const char *name)
{
    shared_budget *at = all;

    while (at && strcmp(at->name, name) != 0)
        at = at->next;
    return at;
}

static int64_t utc_offset(ds_activity *act, int64_t now)
{
    return ds_activity_now_ms(act) - now;
}

pool_budget *pool_open(ds_activity *act, const char *origin, const ds_secret *token,
                       const char *pool, int64_t allowed, int64_t allowed_ms)
{
    pool_budget *p = ds_calloc(1, sizeof(*p));
    char name[sizeof(all->name)];
    const char *known;
    int64_t now = mono_ms(), offset = utc_offset(act, now);

    name_of(origin, token, pool, name, sizeof(name));
    known = ds_activity_recall_shared(act, name); /* outside the lock: it may ask the store */
    pthread_mutex_lock(&lock);
    p->shared = find(name);
    if (!p->shared) {
        p->shared = ds_calloc(1, sizeof(*p->shared));
        memcpy(p->shared->name, name, sizeof(name));
        p->shared->budget = ds_budget_new(allowed, allowed_ms);
        if (known)
            ds_budget_load(p->shared->budget, known, now, offset);
        p->shared->next = all;
        all = p->shared;
    }
    p->shared->clients++;
    p->seat = ds_seat_take(p->shared->budget, ds_activity_route(act), ds_activity_haste(act));
    p->refusals = ds_budget_refusals(p->shared->budget);
    p->kept_ms = now;
    pthread_mutex_unlock(&lock);
    return p;
}

/* The budget that lost its last client the longest ago goes, where too many have. */
static void forget_one(void)
{
    shared_budget **oldest = NULL, *gone;
    int left = 0;

    for (shared_budget **at = &all; *at; at = &(*at)->next) {
        if ((*at)->clients)
            continue;
        left++;
        if (!oldest || (*at)->left < (*oldest)->left)
            oldest = at;
    }
    if (left <= LEFT_MOST)
        return;
    gone = *oldest;
    *oldest = gone->next;
    ds_budget_free(gone->budget);
    free(gone);
}

void pool_close(pool_budget *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&lock);
    ds_seat_leave(p->seat);
    p->shared->left = ++leavers;
    if (--p->shared->clients == 0)
        forget_one();
    pthread_mutex_unlock(&lock);
    free(p);
}

double pool_pace(pool_budget *p)
{
    double pace;

    pthread_mutex_lock(&lock);
    pace = ds_budget_pace(p->shared->budget);
    pthread_mutex_unlock(&lock);
    return pace;
}

int64_t pool_ask(pool_budget *p, int64_t cost, int64_t now_ms)
{
    int64_t wait;

    pthread_mutex_lock(&lock);
    wait = ds_budget_ask(p->seat, cost, now_ms);
    pthread_mutex_unlock(&lock);
    return wait;
}

void pool_give_up(pool_budget *p)
{
    pthread_mutex_lock(&lock);
    ds_budget_give_up(p->seat);
    pthread_mutex_unlock(&lock);
}

void pool_answer(pool_budget *p, int64_t cost, int64_t sent_ms, int64_t now_ms,
                 const ds_budget_news *news)
{
    pthread_mutex_lock(&lock);
    ds_budget_answer(p->seat, cost, sent_ms, now_ms, news);
    pthread_mutex_unlock(&lock);
}

void pool_keep(pool_budget *p, ds_activity *act)
{
    DS_AUTO_BUF(text, DS_KIB);
    int64_t now = mono_ms(), offset = utc_offset(act, now), refusals;

    pthread_mutex_lock(&lock);
    refusals = ds_budget_refusals(p->shared->budget);
    if (refusals != p->refusals || now - p->kept_ms >= KEEP_EVERY_MS)
        ds_budget_save(p->shared->budget, now, offset, &text);
    pthread_mutex_unlock(&lock);
    if (!text.n)
        return;
    p->refusals = refusals;
    p->kept_ms = now;
    ds_activity_keep_shared(act, p->shared->name, text.data);
}
