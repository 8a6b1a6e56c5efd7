/* tests/simulate/look.c
 *
 * What must hold of the bytes: an intent lies durably on the disk before its row is created (I12),
 * and no secret lies there or in the log (I17).
 */
#include "tests/simulate/sim.h"

#include "base/log.h"
#include <sqlite3.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LOG_MOST = 1 << 20 };

static struct {
    int log; /* a file in memory; -1: not made yet */
    bool announced[KEYS];
    long version; /* of the disk, when that was read; -1: never */
} look = {.log = -1};

void look_start(void)
{
    if (look.log < 0)
        look.log = memfd_create("log", MFD_CLOEXEC);
    if (look.log < 0 || ftruncate(look.log, 0) != 0 || lseek(look.log, 0, SEEK_SET) != 0)
        violation("the log has no place");
    ds_log_setup(DS_LOG_DEBUG, false, look.log);
    look.version = -1;
}

/* ---- intents (I12) --------------------------------------------------------------------------- */

static void read_announced(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;

    memset(look.announced, 0, sizeof(look.announced));
    if (sqlite3_open(path, &db) == SQLITE_OK &&
        sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT key FROM intent", -1, &st, NULL) == SQLITE_OK)
        while (sqlite3_step(st) == SQLITE_ROW)
            look.announced[key_of((const char *)sqlite3_column_text(st, 0))] = true;
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* Each create is looked at; the copy of what is durable is read again only where that has changed.
 */
void check_intent_durable(int key)
{
    if (the_model()->promise == DS_PROMISE_A || (w.k.script && w.k.plants))
        return;
    if (!w.calm)
        (void)dice(16); /* those of `found` play what they played */
    if (look.version != disk_version()) {
        look.version = disk_version();
        w.looking = true;
        disk_show_durable("/sim/state.db", "/look/state.db");
        disk_show_durable("/sim/state.db-wal", "/look/state.db-wal");
        read_announced("/look/state.db");
        disk_forget("/look/state.db");
        disk_forget("/look/state.db-wal");
        w.looking = false;
    }
    if (!look.announced[key])
        violation("I12: %s is created without a durable intent", key_text(key));
}

/* ---- secrets (I17) --------------------------------------------------------------------------- */

void check_bytes(const char *where, const void *bytes, size_t n)
{
    if (memmem(bytes, n, SECRET, strlen(SECRET)))
        violation("I17: a secret is in the %s", where);
}

/* Begins it anew, so that no line is read twice. */
void check_log(void)
{
    static char said[LOG_MOST];
    ssize_t n = pread(look.log, said, sizeof(said), 0);

    if (n > 0)
        check_bytes("log", said, (size_t)n);
    if (ftruncate(look.log, 0) != 0 || lseek(look.log, 0, SEEK_SET) != 0)
        violation("the log cannot be emptied");
}
