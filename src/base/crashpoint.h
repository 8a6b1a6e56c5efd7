/* src/base/crashpoint.h - lets a test stop the process at the n-th durable step. */
#ifndef DS_BASE_CRASHPOINT_H
#define DS_BASE_CRASHPOINT_H

/* NULL in the product. Tests set it before any thread starts; it usually ends in _exit(86). */
extern void (*ds_crash_hook)(const char *where);

#endif
