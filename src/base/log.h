/* src/base/log.h
 *
 * One line per event on stderr, `key=value`, the event first:
 *     2026-01-01T00:00:00Z info pass_done unit=repos:all created=3
 * or, with --log-format json, one JSON object a line with the members time, level, event and the
 * keys.  Values are escaped; a line is cut at 8 KiB.  Safe from any thread.
 *
 * Where the descriptor is systemd's journal ($JOURNAL_STREAM names it), a line begins with its
 * priority, <3> to <7>, and goes without time and level, which the journal has by then:
 *     <6>pass_done unit=repos:all created=3
 * A JSON object stays whole behind the priority.
 */
#ifndef DS_BASE_LOG_H
#define DS_BASE_LOG_H

#include <durable_sync/base.h>

typedef enum ds_level { DS_LOG_ERROR, DS_LOG_WARN, DS_LOG_INFO, DS_LOG_DEBUG } ds_level;

void ds_log_setup(ds_level most, bool json, int fd);
/* As it was set up last: for an object with a log of its own, which is to look the same. */
void ds_log_settings(ds_level *most, bool *json, int *fd);
bool ds_log_wants(ds_level level);
/* The name of a pair whose text is an integer, which JSON has without quotes. */
#define DS_LOG_INT(name) "#" name
/* Pairs of name, text; ends with NULL. A NULL text writes an empty value. */
void ds_log(ds_level level, const char *event, ...) __attribute__((sentinel));
/* Words to a person, one line or several, where the log goes: as they are, but for the priority
 * that the journal wants before each line. */
void ds_log_words(ds_level level, const char *words);

#endif
