/* src/store/sqlite.h - what only SQLite has, for those that open the file. */
#ifndef DS_STORE_SQLITE_H
#define DS_STORE_SQLITE_H

#include "store/db.h"
#include <sqlite3.h>

#define DS_DB_BUSY_MS 5000 /* how long another program may keep the file locked */

sqlite3 *ds_db_handle(ds_db *db);
/* Before anything is written: the log, and how it is synced. CONFIG: not on this file system. */
DS_MUST_USE bool ds_db_use_wal(ds_db *db, ds_err *err);
/* So many pages in the log, and a commit moves them into the file. */
void ds_db_wal_limit(ds_db *db, int pages);

#endif
