/* src/config/notify.c - `notify`: who is told what, and by which way. */
#include "config/load.h"

#include <string.h>

#define WORDS_MAX ((size_t)100) /* of a command */

static const ds_shape event_shape = {.type = DS_SHAPE_CHOICE, .choices = DS_NOTICE_EVENTS};
static const ds_shape events_shape = {
    .type = DS_SHAPE_LIST,
    .takes = "a list of paused, approval, held, recovered",
    .of = &event_shape,
};
static const ds_shape url_shape = {
    .type = DS_SHAPE_TEXT, .takes = "an address, https://...", .pattern = "^https?://[^/?#@ ]+"};
static const ds_shape word_shape = {.type = DS_SHAPE_ANY_TEXT};
static const ds_shape words_shape = {
    .type = DS_SHAPE_LIST, .takes = "a list: the program, its arguments", .of = &word_shape};
static const ds_shape truth_shape = {.type = DS_SHAPE_VALUE, .takes = "true or false"};

typedef struct notify { /* what was written */
    const ds_member *url, *token, *ca_file, *private_network, *command, *on;
} notify;

static const ds_key keys[] = {
    {.name = "url",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(notify, url),
     .shape = &url_shape,
     .help = "where each notice is sent with a POST, as JSON. Kept out of every output, since such "
             "an address is often a secret"},
    {.name = "token",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(notify, token),
     .help = "sent to the `url` as `Authorization: Bearer`"},
    {.name = "ca_file",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(notify, ca_file),
     .help = "certificate authorities (PEM) that are trusted for the `url` in place of the "
             "system's"},
    {.name = "private_network",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(notify, private_network),
     .shape = &truth_shape,
     .fallback = "false",
     .help = "the `url`'s host may have a private address, and may be plain http"},
    {.name = "command",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(notify, command),
     .shape = &words_shape,
     .help = "a program that is run for each notice, with the JSON on its standard input; no shell "
             "is between. It has 30 seconds"},
    {.name = "on",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(notify, on),
     .shape = &events_shape,
     .fallback = "all of them",
     .help = "what is told: a unit pauses, waits for approval, holds more records than before, is "
             "well again"},
    {.name = NULL},
};

const ds_shape ds_shape_notify = {
    .type = DS_SHAPE_TABLE,
    .takes = "a table: url, command or both, and what is told",
    .keys = keys,
    .rules = "\"anyOf\":[{\"required\":[\"url\"]},{\"required\":[\"command\"]}]",
};

/* An address is hidden like a secret, but may stand in a file that others read. */
static bool may_be_read(const char *text)
{
    (void)text;
    return true;
}

static bool is_address(const char *text)
{
    const char *host = strncmp(text, "https://", 8) == 0  ? text + 8
                       : strncmp(text, "http://", 7) == 0 ? text + 7
                                                          : "";
    size_t n = strcspn(host, "/?#");

    return n && !memchr(host, '@', n) && !memchr(host, ' ', n);
}

static void read_url(ds_load *ld, const ds_member *m, ds_notify_to *out)
{
    if (!ds_read_secret(ld, m, may_be_read, &out->url))
        return;
    if (!is_address(ds_secret_reveal(out->url)))
        ds_issue(ld->issues, m->value->at,
                 "url: expected an address such as https://example.org/hook, with no user in it");
}

static void read_command(ds_load *ld, const ds_member *m, ds_notify_to *out)
{
    const ds_node *list = m->value;
    const char **words;

    if (list->kind != DS_NODE_LIST || !list->n || list->n > WORDS_MAX) {
        ds_expected(ld, m, "a list such as [mail, -s, durable-sync, root]");
        return;
    }
    words = ds_arena_zalloc(ld->arena, (list->n + 1) * sizeof(*words));
    for (size_t i = 0; i < list->n; i++) {
        ds_member word = {.name = m->name, .at = list->items[i]->at, .value = list->items[i]};

        (void)!(i ? ds_read_any_text(ld, &word, &words[i]) : ds_read_text(ld, &word, &words[i]));
    }
    out->command = words;
}

static void read_event(ds_load *ld, const ds_member *m, ds_notify_to *out)
{
    static const char *const names[] = {"paused", "approval", "held", "recovered"};
    const char *name;

    if (!ds_read_choice(ld, m, DS_NOTICE_EVENTS, &name))
        return;
    for (size_t i = 0; i < DS_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0)
            out->on |= 1U << i;
    }
}

static void read_events(ds_load *ld, const ds_member *m, ds_notify_to *out)
{
    const ds_node *list = m->value;

    if (list->kind != DS_NODE_LIST || !list->n) {
        ds_expected(ld, m, "a list such as [paused, held]");
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        ds_member one = {.name = m->name, .at = list->items[i]->at, .value = list->items[i]};

        read_event(ld, &one, out);
    }
}

static void read_rest(ds_load *ld, const notify *n, ds_notify_to *out)
{
    if (n->token)
        (void)!ds_read_secret(ld, n->token, NULL, &out->token);
    if (n->ca_file)
        (void)!ds_read_path(ld, n->ca_file, &out->ca_file);
    if (n->private_network)
        (void)!ds_read_bool(ld, n->private_network, &out->private_network);
    if (n->command)
        read_command(ld, n->command, out);
    if (n->on)
        read_events(ld, n->on, out);
    else
        out->on = DS_NOTICE_PAUSED | DS_NOTICE_APPROVAL | DS_NOTICE_HELD | DS_NOTICE_RECOVERED;
}

void ds_notify_read(ds_load *ld, const ds_member *m, ds_config *config)
{
    notify n = {0};
    ds_notify_to *out = ds_new_in(ld->arena, ds_notify_to);

    if (!m || !ds_schema_read(ld, m, keys, &n))
        return;
    if (!n.url && !n.command)
        ds_issue(ld->issues, m->at, "notify: nobody is told: give it a url, a command or both");
    if (n.url)
        read_url(ld, n.url, out);
    read_rest(ld, &n, out);
    out->dir = ld->dir;
    config->notify = out;
}
