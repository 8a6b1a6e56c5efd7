/* tests/support/gql_print.h - a GraphQL document as text again: each thing once, in one way. */
#ifndef TESTS_SUPPORT_GQL_PRINT_H
#define TESTS_SUPPORT_GQL_PRINT_H

#include "fakes/github/gql.h"

void gql_print(ds_buf *out, const ds_gql_document *doc);

#endif
