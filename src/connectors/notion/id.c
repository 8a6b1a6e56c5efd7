/* src/connectors/notion/id.c - ids, as people copy them and as answers write them. */
#include "connectors/notion/notion.h"

#include <ctype.h>
#include <string.h>

#define HEX_N ((size_t)32)

static bool is_dash_at(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

/* 32 hexadecimal digits, in small letters. false: `text` is not n characters of an id. */
static bool digits_of(const char *text, size_t n, char digits[])
{
    size_t got = 0;

    for (size_t i = 0; i < n; i++) {
        if (n == DS_NOTION_ID_N && is_dash_at(i)) {
            if (text[i] != '-')
                return false;
            continue;
        }
        if (!isxdigit((unsigned char)text[i]))
            return false;
        digits[got++] = (char)tolower((unsigned char)text[i]);
    }
    return got == HEX_N;
}

static const char *dashed(const char digits[], ds_arena *a)
{
    return ds_arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12,
                           digits + 16, digits + 20);
}

/* The last part of an address's path: what may end in an id. */
static const char *last_part(const char *text, size_t *n)
{
    size_t end = strcspn(text, "?#");
    size_t begin;

    while (end && text[end - 1] == '/')
        end--;
    begin = end;
    while (begin && text[begin - 1] != '/')
        begin--;
    *n = end - begin;
    return text + begin;
}

const char *ds_notion_id(const char *text, ds_arena *a)
{
    static const size_t lengths[] = {DS_NOTION_ID_N, HEX_N};
    char digits[HEX_N + 1];
    size_t n;

    if (!text)
        return NULL;
    text = last_part(text, &n);
    for (size_t i = 0; i < DS_COUNT(lengths); i++) {
        size_t before = n - lengths[i];

        if (n < lengths[i] || (before && text[before - 1] != '-'))
            continue; /* of an address it is behind the title and a dash */
        if (digits_of(text + before, lengths[i], digits))
            return dashed(digits, a);
    }
    return NULL;
}
