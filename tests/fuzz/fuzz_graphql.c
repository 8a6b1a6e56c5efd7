/* tests/fuzz/fuzz_graphql.c
 *
 * A GraphQL document: what was read and is written again reads as the same; what is refused says
 * where and why.
 */
#include "fuzz/fuzz.h"
#include "support/gql_print.h"

#include <string.h>

static ds_gql_document *parse(ds_arena *a, const char *text, size_t n)
{
    ds_gql_place place = {0, 0};
    ds_err err = DS_ERR_INIT;
    ds_gql_document *doc = ds_gql_parse(a, text, n, &place, &err);

    fuzz_must(place.line >= 1 && place.column >= 1, "at %d:%d", place.line, place.column);
    if (!doc)
        fuzz_error(&err);
    return doc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(once, 4 * DS_MIB);
    DS_AUTO_BUF(again, 4 * DS_MIB);
    ds_gql_document *doc = parse(a, (const char *)data, n);

    if (!doc)
        return 0;
    gql_print(&once, doc);
    if (once.n > DS_GQL_TEXT_MAX) /* a written alias makes it longer than one may be */
        return 0;
    doc = parse(a, once.data, once.n);
    fuzz_must(doc != NULL, "what was written is refused: %s", once.data);
    gql_print(&again, doc);
    fuzz_must(strcmp(once.data, again.data) == 0, "%s became %s", once.data, again.data);
    return 0;
}
