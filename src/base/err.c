/* src/base/err.c - errors that carry the decision they ask for. */
#include "base/text.h"
#include <durable_sync/base.h>

#include <stdio.h>
#include <string.h>

/* What vsnprintf cut may end in the middle of a character: take the broken piece off. */
static void end_at_character(char *text)
{
    size_t n = strlen(text), at = n;

    while (at > 0 && n - at < 4 && ((unsigned char)text[at - 1] & 0xC0) == 0x80)
        at--;
    if (at > 0 && (unsigned char)text[at - 1] >= 0xC0 &&
        ds_utf8_step(text + at - 1, n - at + 1) == 0)
        text[at - 1] = '\0';
}

bool ds_fail(ds_err *err, ds_err_kind kind, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args); /* args may point into err->text */
    va_end(args);
    end_at_character(text);
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
    end_at_character(text);
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
