/* src/base/log.h
 *
 * One line per event on stderr, `key=value`, the event first:
 *     2026-01-01T00:00:00Z info pass_done unit=repos:all created=3
 * or, with --log-format json, one JSON object a line with the members time, level, event and the
 * keys.  Values are escaped; a line is cut at 8 KiB.  Safe from any thread.
 */
#ifndef DS_BASE_LOG_H
#define DS_BASE_LOG_H

#include <durable_sync/base.h>

typedef enum ds_level { DS_LOG_ERROR, DS_LOG_WARN, DS_LOG_INFO, DS_LOG_DEBUG } ds_level;

void ds_log_setup(ds_level most, bool json, int fd);
bool ds_log_wants(ds_level level);
/* Pairs of name, text; ends with NULL. A NULL text writes an empty value. */
void ds_log(ds_level level, const char *event, ...) __attribute__((sentinel));

#endif
