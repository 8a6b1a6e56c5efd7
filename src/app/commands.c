/* src/app/commands.c - every command: its words, its options, its help, its function. */
#include "app/commands.h"

static const ds_flag init_flags[] = {
    {"template", 0, "TEMPLATE",
     "jsonl-to-sqlite, csv-to-sqlite, sqlite-to-jsonl, jsonl-to-postgresql, "
     "postgresql-to-sqlite, github-to-sqlite, github-to-notion or languages"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag plan_flags[] = {
    {"all", 'a', NULL, "every row, not the first 20 of each kind"},
    {"exit-code", 0, NULL, "leave with 10 when there is something to write"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag once_flags[] = {
    {"items", 0, "KEY,KEY", "a targeted pass of these keys only"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag run_flags[] = {
    {"no-start", 0, NULL, "engine temporal: run passes, but leave it to others to start units"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag sync_flags[] = {
    {"wait", 'w', NULL, "until the pass has ended; exit codes as of `once`"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag history_flags[] = {
    {"limit", 'n', "COUNT", "how many passes, newest first (20)"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag schema_flags[] = {
    {"create", 0, NULL, "make what is missing: table, columns, the key's unique index"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag completion_flags[] = {
    {"shell", 0, "bash|zsh|fish", "for which shell (bash)"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag fake_flags[] = {
    {"port", 0, "N", "of 127.0.0.1 (a free one)"},
    {"seed", 0, "NAME=N,...", "what there is at the beginning"},
    {"faults", 0, "RULE;RULE", "what goes wrong, and when"},
    {"latency", 0, "DURATION", "each answer takes that long, many at once"},
    {"limit", 0, "NAME=N,...", "what the API allows"},
    {"now", 0, "TIME", "its clock stands there"},
    {NULL, 0, NULL, NULL},
};

static const ds_flag move_flags[] = {
    {"to", 0, "temporal|embedded", "where to"},
    {NULL, 0, NULL, NULL},
};
static const ds_flag codec_flags[] = {
    {"port", 0, "N", "where it listens (8081; 0: a free one)"},
    {"host", 0, "ADDRESS", "an address to listen on (127.0.0.1)"},
    {"key", 0, "REFERENCE", "where the keys are: '${file:PATH}', '${credential:NAME}', ..."},
    {"token", 0, "REFERENCE", "where the secret is that callers show, likewise"},
    {"origin", 0, "URL,...", "whose pages may read answers (http://localhost:8233)"},
    {NULL, 0, NULL, NULL},
};

#define LATER(name_, usage_, help_)                                                                \
    {                                                                                              \
        .name = (name_), .usage = (usage_), .help = (help_), .words_max = -1                       \
    }

const ds_command ds_commands[] = {
    {"init", "", "write a first configuration",
     "Asks a few questions on a terminal; elsewhere, or with --template, it asks nothing.  A file\n"
     "that is there is never overwritten.",
     init_flags, 0, 0, ds_cmd_init},
    {"check", "[ROUTE...]", "look at everything, write nothing: one line per finding",
     "Reads the configuration, opens each source and destination, compares the columns, and\n"
     "states what each route promises.  Leaves with 2 when it found an error.",
     NULL, 0, -1, ds_cmd_check},
    {"plan", "[ROUTE[/UNIT]...]", "what a pass would write, field by field, and what it costs",
     "Reads the source and compares as a pass does.  Nothing is written anywhere.", plan_flags, 0,
     -1, ds_cmd_plan},
    {"once", "[ROUTE[/UNIT]...]", "one full pass of each unit, then exit",
     "While a daemon runs, the passes are run by it; Ctrl-C then leaves them to it.", once_flags, 0,
     -1, ds_cmd_once},
    {"run", "", "keep everything in step until told to stop",
     "SIGTERM or SIGINT: running passes stop at their next checkpoint, then it exits with 0.\n"
     "A second signal hurries.",
     run_flags, 0, 0, ds_cmd_run},
    {"status", "[ROUTE[/UNIT]]", "every unit: state, last and next pass, error, held records", NULL,
     NULL, 0, 1, ds_cmd_status},
    {"sync", "ROUTE[/UNIT] [KEY...]", "a pass now: full, or of the named records",
     "Returns once the request is stored.  Without a daemon it waits for the next `run` or `once`.",
     sync_flags, 1, -1, ds_cmd_sync},
    {"pause", "ROUTE[/UNIT]", "stop passes until `resume`; a running one stops too", NULL, NULL, 1,
     1, ds_cmd_pause},
    {"resume", "ROUTE[/UNIT]", "go on, and catch up on everything", NULL, NULL, 1, 1,
     ds_cmd_resume},
    {"interval", "ROUTE[/UNIT] DURATION", "another time between passes: 30m, 12h",
     "Holds until the route's `every` changes in the configuration.  At least one minute.", NULL, 2,
     2, ds_cmd_interval},
    {"history", "[ROUTE[/UNIT]]", "the last passes, newest first", NULL, history_flags, 0, 1,
     ds_cmd_history},
    {"held", "[ROUTE] | retry|drop ROUTE KEY | adopt ROUTE KEY ID", "records set aside, and why",
     "  held [ROUTE]             lists them\n"
     "  held retry ROUTE KEY     the next pass tries it again\n"
     "  held drop ROUTE KEY      forgets it until it changes at the source or fails again\n"
     "  held adopt ROUTE KEY ID  its row at the destination is ID",
     NULL, 0, 4, ds_cmd_held},
    {"explain", "ROUTE[/UNIT] KEY", "one record: as read, as mapped, as linked, and the decision",
     NULL, NULL, 2, 2, ds_cmd_explain},
    {"try", "ROUTE[/UNIT] [KEY]", "one record before and after mapping, nothing written",
     "Takes the record of that key, or the first that `where` keeps, through `fields`,\n"
     "`transform` and `owns`, and shows it at each stage.  Neither the store nor the\n"
     "destination is asked: it works before there is either.",
     NULL, 1, 2, ds_cmd_try},
    {"approve", "ROUTE[/UNIT]", "let a pass that waits for approval go on, once", NULL, NULL, 1, 1,
     ds_cmd_approve},
    {"accounts", "", "the accounts of the configuration, without their secrets", NULL, NULL, 0, 0,
     ds_cmd_accounts},
    {"connectors", "[KIND]", "what can be connected, built in or loaded; the settings of one kind",
     NULL, NULL, 0, 1, ds_cmd_connectors},
    {"schema", "[config|ROUTE]", "a destination's columns beside the fields, or the JSON Schema",
     "  schema config            the JSON Schema of the configuration, for editors\n"
     "  schema ROUTE             what the route writes, and whether the destination has it\n"
     "  schema ROUTE --create    makes what is missing; without it nothing is changed\n"
     "\n"
     "Without a word: of every route.  Leaves with 2 when it found an error.",
     schema_flags, 0, 1, ds_cmd_schema},
    {"doctor", "", "the machine, the store, permissions, the clock, TLS roots, reachability", NULL,
     NULL, 0, 0, ds_cmd_doctor},
    {"fake", "github|notion",
     "a strict stand-in of an API on loopback, to try a configuration with",
     "Prints its address, for `base_url`, and serves until SIGTERM or SIGINT.  What it holds is\n"
     "made up from --seed, the same each time, and is gone with it.  Any token is a login.\n"
     "\n"
     "  --seed rows=1000\n"
     "  --faults \"GET /orgs/* every=5 status=502; POST * at=3 cut-after\"\n"
     "\n"
     "A rule is [METHOD] PATH, when (at, from, every, percent, times), and what: status=N,\n"
     "html=N, garbage, noise, cut-before, cut-after, truncate, slow, hang, hang-after, stale,\n"
     "delay=DURATION, bomb, redirect=URL, retry-after=N, or what an API has of its own.\n"
     "docs/fakes.md has all of it, and the side door /_fake/ that changes data as it runs.",
     fake_flags, 1, 1, ds_cmd_fake},
    {"move", "ROUTE --to temporal|embedded",
     "take the state of a route's units to the other engine",
     "Both ways with `engine: temporal` in the configuration, which says where the server is, and\n"
     "with the daemon and the workers stopped.  What a unit knows goes along: its times, a pause,\n"
     "what is asked for, and a pass that was interrupted.  Cut short at any place, it is run "
     "again.\n"
     "docs/temporal.md has the steps.",
     move_flags, 1, 1, ds_cmd_move},
    {"store", "copy FILE", "take what a store in a file knows into the one on a server",
     "Copies all that the store in FILE knows into the one that the configuration names by now,\n"
     "which is on a PostgreSQL server and knows nothing yet: links, held records, history, and "
     "how\n"
     "far each pass is.  It happens as a whole or not at all.  Stop the daemon and the workers.",
     NULL, 2, 2, ds_cmd_store},
    {"keygen", "", "a key that encrypts what a Temporal server keeps",
     "Prints 32 random bytes in base64, for DURABLE_SYNC_ENC_KEY of every worker.  To change "
     "keys,\n"
     "put the new one before the old with a comma between: the first encrypts, all decrypt.",
     NULL, 0, 0, ds_cmd_keygen},
    {"codec-server", "", "decrypts for the Web UI and the command line of Temporal",
     "Serves until SIGTERM or SIGINT, with the keys of --key, of DURABLE_SYNC_ENC_KEY, or of the\n"
     "configuration (`encryption_key`), whichever of them is there first:\n"
     "\n"
     "  temporal workflow show --workflow-id W --codec-endpoint http://127.0.0.1:8081\n"
     "\n"
     "Who can reach it can read what is encrypted.  So it listens on this machine alone, unless\n"
     "--token or DURABLE_SYNC_CODEC_TOKEN is a secret that callers show (--codec-auth \"Bearer\n"
     "SECRET\"), and of pages in a browser it answers those of --origin.",
     codec_flags, 0, 0, ds_cmd_codec_server},
    {"completion", "", "a completion script for your shell", "  source <(durable-sync completion)",
     completion_flags, 0, 0, ds_cmd_completion},
    {"help", "[COMMAND]", "this text, or that of one command", NULL, NULL, 0, 1, ds_cmd_help},
    LATER("login", "ACCOUNT", "sign in with OAuth"),
    LATER("logout", "ACCOUNT", "forget a sign-in"),
    LATER("reauthorize", "ACCOUNT", "sign in again"),
    /* For scripts of our own. */
    {"_complete", "", "what could stand for the last word", NULL, NULL, 0, -1, ds_cmd_complete},
    {"_generate", "FOLDER", "writes what is made from the tables", NULL, NULL, 1, 1,
     ds_cmd_generate},
    {.name = NULL},
};
