/* src/http/veil.c
 *
 * What a server says may be anything, our own credentials included: they are blotted out before a
 * word of it is told, in each form in which they have left.
 */
#include "http/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FORMS_MOST ((size_t)8)
#define LEAST ((size_t)4) /* less is no secret, and would blot out half of what is said */

struct veil {
    char *forms[FORMS_MOST]; /* hidden memory */
    size_t n;
};

void base64_text(const char *text, size_t n, char *out)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)(unsigned char)text[i] << 16;

        v |= i + 1 < n ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
        v |= i + 2 < n ? (unsigned char)text[i + 2] : 0;
        *out++ = set[v >> 18];
        *out++ = set[v >> 12 & 63];
        *out++ = i + 1 < n ? set[v >> 6 & 63] : '=';
        *out++ = i + 2 < n ? set[v & 63] : '=';
    }
    *out = '\0';
}

static char *add(veil *v, const char *text, size_t n)
{
    char *form = ds_hidden_alloc(n + 1);

    memcpy(form, text, n);
    v->forms[v->n++] = form;
    return form;
}

static void add_base64(veil *v, const char *text)
{
    size_t n = strlen(text);
    char *form = ds_hidden_alloc(2 * n + 8);

    base64_text(text, n, form);
    v->forms[v->n++] = form;
}

static int digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static void percent_decode(char *text)
{
    char *to = text;

    for (const char *at = text; *at; to++) {
        bool coded = *at == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]);

        *to = coded ? (char)(digit(at[1]) * 16 + digit(at[2])) : *at;
        at += coded ? 3 : 1;
    }
    *to = '\0';
}

/* "name:password", of which the second is the secret. */
static void add_password(veil *v, const char *login)
{
    const char *colon = strchr(login, ':');

    if (colon)
        add(v, colon + 1, strlen(colon + 1));
}

/* A proxy's login as it is written, as it is meant, and as it travels. */
static void add_proxy(veil *v, const char *proxy)
{
    const char *from = strstr(proxy, "://"), *end = strrchr(proxy, '@');
    char *login;

    from = from ? from + 3 : proxy;
    if (!end || end < from)
        return;
    login = add(v, from, (size_t)(end - from));
    add_password(v, login);
    login = add(v, from, (size_t)(end - from));
    percent_decode(login);
    add_password(v, login);
    add_base64(v, login);
}

veil *veil_new(const ds_secret *token, bool is_login, const ds_secret *proxy)
{
    veil *v = ds_calloc(1, sizeof(*v));
    const char *text = token ? ds_secret_reveal(token) : NULL;

    if (text) {
        add(v, text, strlen(text));
        if (is_login) {
            add_password(v, text);
            add_base64(v, text);
        }
    }
    if (proxy)
        add_proxy(v, ds_secret_reveal(proxy));
    return v;
}

void veil_free(veil *v)
{
    for (size_t i = 0; v && i < v->n; i++)
        ds_hidden_free(v->forms[i]);
    free(v);
}

void veil_over(const veil *v, ds_buf *text)
{
    for (size_t i = 0; i < v->n && text->n; i++) {
        size_t n = strlen(v->forms[i]);
        char *at;

        while (n >= LEAST && (at = memmem(text->data, text->n, v->forms[i], n)))
            memset(at, '*', n);
    }
}
