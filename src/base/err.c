/* src/base/err.c - errors that carry the decision they ask for. */
#include "base/text.h"
#include <durable_sync/base.h>

#include <stdio.h>
#include <string.h>

/* An error is shown: bytes that are no character (a name cut by "%.60s", a file's name) become a
 * question mark, a row of them one; what vsnprintf cut at the end is left out. */
static void only_characters(char *text)
{
    size_t n = strlen(text), used = 0;

    for (size_t at = 0; at < n;) {
        size_t step = ds_utf8_step(text + at, n - at), bad = at;

        while (step == 0 && bad < n && (step = ds_utf8_step(text + bad, n - bad)) == 0)
            bad++;
        if (bad > at && bad < n)
            text[used++] = '?';
        memmove(text + used, text + bad, step);
        used += step;
        at = bad + step;
    }
    text[used] = '\0';
}

bool ds_fail(ds_err *err, ds_err_kind kind, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args); /* args may point into err->text */
    va_end(args);
    only_characters(text);
    err->kind = kind;
    err->http_status = 0;
    err->retry_after_ms = -1;
    memcpy(err->text, text, sizeof(text));
    return false;
}

bool ds_wrap(ds_err *err, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list args;
    size_t n;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    n = strlen(text);
    n += (size_t)snprintf(text + n, sizeof(text) - n, ": ");
    if (n < sizeof(text)) /* what does not fit is cut: the outermost words say most */
        memccpy(text + n, err->text, '\0', sizeof(text) - n);
    text[sizeof(text) - 1] = '\0';
    only_characters(text);
    memcpy(err->text, text, sizeof(text));
    return false;
}

const char *ds_err_kind_name(ds_err_kind kind)
{
    switch (kind) {
    case DS_ERR_NONE:
        return "none";
    case DS_ERR_CONFIG:
        return "config";
    case DS_ERR_AUTH:
        return "auth";
    case DS_ERR_RATE_LIMITED:
        return "rate_limited";
    case DS_ERR_TRANSIENT:
        return "transient";
    case DS_ERR_PERMANENT:
        return "permanent";
    case DS_ERR_CANCELLED:
        return "cancelled";
    }
    return "none";
}
