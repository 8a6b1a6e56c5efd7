/* src/connectors/notion/text.c - text in runs that are short enough. */
#include "connectors/notion/encode.h"

#include <string.h>
#include <strings.h>

static size_t units_at(unsigned char first)
{
    return first >= 0xF0 ? 2 : 1; /* beyond the first plane: a surrogate pair */
}

static size_t bytes_at(unsigned char first)
{
    return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

size_t ds_notion_units(const char *text, size_t n)
{
    size_t units = 0;

    for (size_t i = 0; i < n; i += bytes_at((unsigned char)text[i]))
        units += units_at((unsigned char)text[i]);
    return units;
}

size_t ds_notion_prefix(const char *text, size_t n, size_t units)
{
    size_t at = 0;

    while (at < n) {
        size_t takes = units_at((unsigned char)text[at]);

        if (takes > units)
            break;
        units -= takes;
        at += bytes_at((unsigned char)text[at]);
    }
    return DS_MIN(at, n);
}

void ds_notion_runs(ds_json_writer *w, const char *text, size_t n)
{
    while (n) {
        size_t some = ds_notion_prefix(text, n, DS_NOTION_RUN_UNITS);

        ds_json_w_begin_object(w);
        ds_json_w_name(w, "text");
        ds_json_w_begin_object(w);
        ds_json_w_name(w, "content");
        ds_json_w_text_n(w, text, some);
        ds_json_w_end_object(w);
        ds_json_w_end_object(w);
        text += some;
        n -= some;
    }
}

bool ds_notion_is_web(const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "mailto:"};
    size_t n = strlen(url);

    if (ds_notion_units(url, n) > DS_NOTION_URL_UNITS || strpbrk(url, " \t\n\r<>\"") != NULL)
        return false;
    for (size_t i = 0; i < DS_COUNT(schemes); i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0 && n > strlen(schemes[i]))
            return true;
    return false;
}
