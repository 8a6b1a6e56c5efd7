/* tests/simulate/sim.h
 *
 * A world in one thread, in which the product's own pass, store and unit run: virtual time, a disk
 * that forgets what was not synced, a network that loses and delays, people who edit, operators who
 * interfere.  Everything follows from one seed, so whatever goes wrong goes wrong again.
 *
 *   dice.c     chance, the list of what happened, and its hash
 *   heap.c     the simulated process's memory: gone with it
 *   disk.c     files, what of them is durable, power cuts;  vfs.c: SQLite on top of them
 *   service.c  the destination: seven kinds of API;  seam.c: its connector
 *   source.c   the source, and the people on both sides
 *   process.c  the daemon: starts, steps, passes, ends;  other.c: a second route to the service
 *   operator.c signals, backups, what a person does about held records
 *   check.c    the invariants;  look.c: those of what is on the disk and in the log
 *   run.c      one run from its knobs;  shrink.c: a failing one made small;  main.c: the program
 */
#ifndef TESTS_SIMULATE_SIM_H
#define TESTS_SIMULATE_SIM_H

#include "engine/embedded/internal.h"
#include "base/crashpoint.h"
#include "sync/pass.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#define START_MS INT64_C(1767225600000) /* 2026 begins */

enum {
    KEYS = 40,   /* records that the source can have */
    ROWS = 4000, /* that the destination can ever have had */
    LATE_MS = 300000,
    TIMEOUT_MS = 30000,
    SETTLE_MS = LATE_MS + 10000,
    EVERY_MS = 900000,
    LEASE_MS = 60000,
    POISON = 3,    /* the key that the destination refuses, where it does */
    STRANGERS = 3, /* rows made by hand that no record has anything to do with */
};

#define SECRET "sim-7f3a9c1e5b-token" /* of both sides' settings */

/* ---- knobs: all that a run is made from ------------------------------------------------------ */

typedef struct knobs {
    uint64_t seed;
    int model; /* 0 to 6 */
    int records;
    int page;
    unsigned crash, early, fault, rate, auth, late, people, operators, zombie,
        other;        /* chances in a million */
    int64_t chaos_ms; /* so long things go wrong */
    bool verify, changes, shift, poison, lags, script;
    ds_missing missing;
    int64_t slice_ms;
    int wal_pages;
    long crash_at;      /* this operation; 0: none */
    int crash_how;      /* of 8 */
    const char *plants; /* "no intent,no settle"; NULL: none */
} knobs;

/* ---- dice.c ---------------------------------------------------------------------------------- */

void dice_start(uint64_t seed);
uint32_t dice(uint32_t n); /* below n */
/* Whether this happens, by a chance in a million. What does is numbered, and listed. */
bool event(const char *what, unsigned chance);
/* Events that do not happen, though the dice say so: for shrinking. */
void events_only(const bool *kept, size_t n);
size_t events_n(void);
void trace(const char *what, int64_t number); /* into the hash */
extern bool events_told;                      /* and on stdout, as it comes */
uint64_t trace_hash(void);
void trace_print(void); /* the events, one a line */

/* ---- heap.c ---------------------------------------------------------------------------------- */

void heap_drop(void); /* all that the process had */
size_t heap_peak(void);
void heap_peak_again(void);
void *keep_realloc(void *block, size_t n); /* memory of the world's */

/* ---- disk.c ---------------------------------------------------------------------------------- */

typedef struct inode inode;

void disk_format(void);
inode *disk_find(const char *name); /* NULL: none */
inode *disk_create(const char *name);
void disk_delete(const char *name);
void disk_write(inode *f, size_t at, const void *data, size_t n);
size_t disk_read(const inode *f, size_t at, void *data, size_t n); /* bytes that were there */
void disk_truncate(inode *f, size_t n);
size_t disk_size(const inode *f);
void disk_sync(inode *f);
void disk_sync_names(void);
void disk_cut(int how); /* 0: the process dies; 1 to 7: the power goes, and so much is lost */
void disk_backup(void); /* as it is; only at rest */
bool disk_restore(void);
void disk_show_durable(const char *name, const char *as); /* a copy of what a cut would leave */
void disk_forget(const char *name);                       /* it and all that was done to it */
long disk_version(void);                                  /* of what is durable */

extern const ds_store_host disk_host;
void vfs_start(void); /* SQLite from now on works on this disk */
void vfs_crashed(void);

/* ---- service.c: the destination -------------------------------------------------------------- */

typedef struct api {
    const char *name;
    ds_promise promise;
    bool upserts, finds, two_steps, by_id, unique, renames, generation;
    int64_t lag_ms;
} api;

enum { P_NAME, P_SIZE, P_ORIGIN, P_GONE, P_NOTE, P_EXTRA, PROPS };

typedef struct sim_row {
    int id;
    int key;      /* as the row says; -1: it says none */
    int made_for; /* who it was made for in truth; -1: by hand */
    bool there, archived, by_hand, touched;
    bool stranger; /* made by hand, of no record */
    int values[PROPS];
    int note;         /* what a person wrote there: no property of the route's */
    int64_t shows_ms; /* in look-ups */
} sim_row;

typedef enum verb { V_CREATE, V_UPDATE, V_STAMP, V_REMOVE, V_ARCHIVE } verb;

typedef struct request {
    verb verb;
    int key, id;
    bool has[PROPS], only_new[PROPS];
    int values[PROPS];
} request;

typedef enum answer {
    A_OK,
    A_MET,      /* a create met a row, and wrote that */
    A_GONE,     /* there is no such sim_row */
    A_CONFLICT, /* the key is taken */
    A_REFUSED,  /* for good */
    A_UNKNOWN,
    A_NOT_SENT,
    A_WAIT, /* 429 */
    A_AUTH,
} answer;

extern const api models[7];
const api *the_model(void);
void service_start(void);
answer service_call(const request *r, int *id);
/* A look-up is a call too, which says only whether it was answered. */
answer service_ask(const char *what, ds_activity *act);
size_t service_find(int key, const sim_row **first);
void service_apply_late(int64_t now_ms);
int64_t service_next_late(void); /* INT64_MAX: none */
void service_crashed(void);      /* the request in flight */
sim_row *service_rows(size_t *n);
sim_row *service_row_of(int key, size_t *n); /* made for it, and there */
sim_row *service_add_by_hand(int key);
void service_add_strangers(void);
void service_note(int64_t number); /* a person writes into some row what only people do */
/* The store was put back from a copy: whatever was written since, the service knows of more. */
void seam_forgets(void);
typedef struct seam_settings {
    ds_destination base; /* first */
    ds_secret *token;
    bool written;
} seam_settings;

extern const ds_destination_ops *seam_of(const api *m);
void limit_call(int host); /* 0 the source, 1 the destination: is it allowed now? */
ds_err_kind fail_call(answer a, int host, ds_err *err);

/* ---- source.c -------------------------------------------------------------------------------- */

typedef struct record {
    bool there;
    int seq; /* order of the source */
    int name, size, origin;
    int64_t changed_ms;
    int64_t excused_ms; /* when a person meddled with its row; 0: nobody since it was written */
} record;

typedef struct sim_source_settings {
    ds_source base; /* first */
    ds_secret *token;
} sim_source_settings;

extern record records[KEYS];
extern const ds_source_ops sim_source;
void source_start(void);
void people_act(void);
int64_t people_script(void); /* the enumeration's own changes; when the next ones come */
int key_of(const char *text);
const char *key_text(int key);

/* ---- process.c ------------------------------------------------------------------------------- */

typedef struct pass_run {
    struct pass_run *below;
    bool other; /* of the second route */
    int64_t epoch;
    ds_pass_kind kind;
    int64_t started_ms;
    _Atomic int64_t lease_us;
    atomic_bool stop;
    bool held[KEYS];
    int calls, after_pause, ended;
} pass_run;

typedef struct want_of { /* a request that was acknowledged */
    bool full, in_run;
    bool told; /* its giver knows that it is durable */
    int key;
} want_of;

typedef struct sim {
    knobs k;
    int64_t now_ms, mono_us;
    long ops, load_from, load_to; /* the last two: where the first pass began and ended */
    bool calm, looking, booted, restored;
    jmp_buf boot;
    ds_store *store;
    pass_run *top;
    int64_t unit_id, epoch, wake_ms;
    bool start, restart, stopped, paused, maybe_paused, paused_now;
    int64_t completed;
    bool maybe_completed;
    int64_t next_people_ms, next_operator_ms, calm_ms, end_ms;
    int64_t gate_ms[2]; /* a host said: not before */
    bool gate_told[2];
    want_of wants[64];
    size_t wants_n;
    int64_t other_next_ms;
    ds_pass_outcome last_outcome, other_outcome;
    int last_calls, last_changes;
    bool failed;
    char why[512];
    long counts[8];
    int acts; /* of the script */
} sim;

extern sim w;

void sim_op(const char *what); /* a crash may come here */
void pass_time(int64_t ms);    /* in which others act */
void process_run(void);        /* until w.end_ms */
DS_PRINTF(1, 2) void violation(const char *fmt, ...);
bool step_take(const ds_event *event, bool boots, const ds_run_row *run, int64_t epoch);
const ds_route *the_route(void);
void route_start(void);
void route_settings(void); /* as a process reads them; they go with it */
void suspend_here(void);   /* the pass is silent for too long, and another takes its place */
void pass_now(void);       /* of the first route, if it may */
void pass_settings(pass_run *p, ds_pass_in *in);

/* ---- other.c --------------------------------------------------------------------------------- */

void other_start(void);
void other_pass(void);
void other_between(void); /* a pass of the one route is between two steps: the other's may come */
void check_other(void);

/* ---- operator.c, check.c --------------------------------------------------------------------- */

void operator_acts(void);
void person_settles_held(void);
void check_state(const ds_unit *u, bool ended_well);
void check_pass_end(pass_run *p, const ds_pass_result *result);
void check_strangers(void);
void check_end(void);

/* ---- look.c ---------------------------------------------------------------------------------- */

void look_start(void);
void check_intent_durable(int key);
void check_bytes(const char *where, const void *bytes, size_t n); /* holds no secret */
void check_log(void);                                             /* all that it has said so far */

/* ---- run.c, shrink.c ------------------------------------------------------------------------- */

bool run_once(const knobs *k); /* false: w.why */
knobs knobs_of(uint64_t seed);
void knobs_print(const knobs *k);
void shrink(const knobs *k);
bool ds_planted(const char *name);

#endif
