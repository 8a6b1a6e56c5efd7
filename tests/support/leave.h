/* tests/support/leave.h
 *
 * How a child process of a test ends at once, as if it were killed.  In a build that measures
 * coverage what it has counted is kept: _exit alone would lose it.
 */
#ifndef TESTS_SUPPORT_LEAVE_H
#define TESTS_SUPPORT_LEAVE_H

#include <unistd.h>

#ifdef DS_COVERAGE
void __gcov_dump(void); /* gcc's */
#define KEEP_COUNTS() __gcov_dump()
#else
#define KEEP_COUNTS() ((void)0)
#endif

static inline _Noreturn void leave(int code)
{
    KEEP_COUNTS();
    _exit(code);
}

#endif
