/* tests/support/run.h
 *
 * Tests as tables: every row is a test with a sentence for a name.  A row is a struct whose first
 * member is `const char *name`; its function gets it as *state.  Include this in place of cmocka.h.
 */
#ifndef TESTS_SUPPORT_RUN_H
#define TESTS_SUPPORT_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef run_tests /* an old name in cmocka for something else */

#include <durable_sync/base.h>

/* Memory of the running test: empty when it starts, gone when it ends, however it ends. */
extern ds_arena *scratch;

#define add_table(rows, test) add_rows((rows), DS_COUNT(rows), sizeof((rows)[0]), (test))
#define add_test(test) add_named(#test, (test))

void add_rows(const void *rows, size_t n, size_t row_n, CMUnitTestFunction test);
void add_named(const char *name, CMUnitTestFunction test);
int run_tests(const char *group); /* all that was added; for `return` in main */

/* The whole main of a test program with one table. */
#define run_table(group, rows, test) (add_table(rows, test), run_tests(group))

#endif
