/* src/app/manual_config.c - the configuration for people, from its tables. */
#include "app/manual.h"
#include "config/tables.h"

static const char *const key_heads[] = {"key", "takes", "default", "meaning"};

/* The example is run by the tests. */
static const char first[] = "routes:\n"
                            "  plants:                    # its name in every output\n"
                            "    source:\n"
                            "      kind: file             # .jsonl, .json or .csv\n"
                            "      path: plants.csv\n"
                            "      key: id                # what tells the records apart\n"
                            "    destination:\n"
                            "      kind: sqlite\n"
                            "      path: plants.db\n"
                            "      table: plants\n"
                            "      key: id                # the column that holds it\n"
                            "      create_table: true     # make file and table\n";

static const char fields[] =
    "fields:\n"
    "  Name: name                                  # one property from another\n"
    "  Owner: owner.login                          # a part of a nested one\n"
    "  Topics: {from: topics, join: \", \"}          # a list to one text\n"
    "  Tags: {from: labels, split: \",\"}            # one text to a list\n"
    "  Size: {from: size, as: number, default: 0}  # another type\n"
    "  Team: {value: Platform}                     # always the same\n"
    "  Label: {template: \"{owner.login}/{name}\"}\n"
    "  State: {from: archived, map: {\"true\": Archived, \"false\": Live}}\n";

static const char store[] = "store: postgresql://mirror@db.example.org/mirror\n"
                            "store: postgresql:service=mirror\n"
                            "store: {url: \"postgresql://mirror@db.example.org/mirror\", "
                            "schema: plants}\n";

static const char notify[] = "notify:\n"
                             "  url: ${NOTIFY_URL}               # a POST for each\n"
                             "  command: [mail, -s, sync, root]  # and a program, or only one\n"
                             "  on: [paused, approval, held, recovered]\n";

static const char engine[] = "engine:\n"
                             "  kind: temporal\n"
                             "  address: temporal.example.org:7233\n"
                             "  namespace: sync\n"
                             "  api_key: ${TEMPORAL_KEY}\n";

static void put_keys(ds_sheet *s, const ds_key *keys)
{
    ds_sheet_begin(s, key_heads, DS_COUNT(key_heads));
    for (; keys->name; keys++)
        ds_sheet_row(s, (const char *const[]){keys->name, ds_key_takes(keys, s->a),
                                              keys->required   ? "required"
                                              : keys->fallback ? keys->fallback
                                                               : "none",
                                              keys->help ? keys->help : ""});
    ds_sheet_end(s);
}

void ds_manual_example(ds_sheet *s)
{
    ds_sheet_head(s, "Examples");
    ds_sheet_text(s, "The rows of a file, kept in a table; the file is read again every 30 "
                     "minutes. This is a whole configuration:");
    ds_sheet_code(s, first);
    ds_sheet_text(s, "`durable-sync check` says what is wrong with it, `durable-sync plan` what "
                     "it would write, `durable-sync once` runs one pass and `durable-sync run` "
                     "goes on for ever.");
}

static void put_service(ds_sheet *s)
{
    ds_sheet_head(s, "As a service");
    ds_sheet_text(s, "`durable-sync.service` takes /etc/durable-sync/durable-sync.yaml and starts "
                     "only where it is: `durable-sync check`, then `systemctl enable --now "
                     "durable-sync`. It runs as a user of its own that may write "
                     "/var/lib/durable-sync alone, so the files and databases that its routes "
                     "write go there, by their whole path (`path: "
                     "/var/lib/durable-sync/plants.db`). What it reads, the configuration among "
                     "it, has to be readable by everybody (`chmod 644`); /home is hidden from it. "
                     "Secrets reach it as `${credential:NAME}`. `status`, `once`, `held` and the "
                     "others ask the running service; they are for root then.");
}

static void put_references(ds_sheet *s)
{
    static const char *const heads[] = {"form", "becomes"};

    ds_sheet_head(s, "Values from elsewhere");
    ds_sheet_text(s, "In any text value but `kind`. A flow mapping needs quotes around them: "
                     "`{token: \"${TOKEN}\"}`. A secret that is written out is accepted only in a "
                     "file that nobody else may read.");
    ds_sheet_begin(s, heads, DS_COUNT(heads));
    for (const ds_reference_form *f = ds_reference_forms; f->form; f++)
        ds_sheet_row(s, (const char *const[]){f->form, f->help});
    ds_sheet_end(s);
}

static void put_engine(ds_sheet *s)
{
    ds_sheet_head(s, "Engine");
    ds_sheet_text(s, "`embedded` needs nothing. `temporal` is a Temporal server that any number of "
                     "workers share; alone, the word stands for the server at its usual place:");
    ds_sheet_code(s, engine);
    ds_sheet_text(s, "A setting is taken from the environment, else from here, else from a profile "
                     "of `temporal.toml`, which Temporal's own tools share. The variables are "
                     "theirs: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, "
                     "`TEMPORAL_CLIENT_AUTHORITY`, `TEMPORAL_TLS` (true, false), "
                     "`TEMPORAL_TLS_...` for each key of `tls` in capitals, "
                     "`TEMPORAL_GRPC_META_NAME` for a header, `TEMPORAL_PROFILE`, "
                     "`TEMPORAL_CONFIG_FILE`; and ours: `DURABLE_SYNC_TASK_QUEUE`, "
                     "`DURABLE_SYNC_BUILD_ID`, `DURABLE_SYNC_ENC_KEY`.");
    put_keys(s, ds_shape_engine.keys);
    ds_sheet_text(s, "The table `tls`, which turns TLS on:");
    put_keys(s, ds_shape_temporal_tls.keys);
}

void ds_manual_file(ds_sheet *s)
{
    ds_sheet_head(s, "Top level");
    put_keys(s, ds_shape_file.keys);
    ds_sheet_head(s, "Store");
    ds_sheet_text(s, "A file beside the configuration unless something else is said. On a "
                     "PostgreSQL server it is a schema of its own, made at the first start by a "
                     "user who may do that (or made by hand and owned by it). A password is best "
                     "kept in ~/.pgpass or a service file, or comes as `${PASSWORD}`:");
    ds_sheet_code(s, store);
    put_keys(s, ds_shape_store.either[1]->keys);
    ds_sheet_head(s, "Accounts");
    ds_sheet_text(s, "An account has a `kind` and any of that kind's settings. A source or "
                     "destination that names it takes them from there:");
    ds_sheet_code(s, "accounts:\n"
                     "  archive: {kind: sqlite, path: /srv/archive.db}\n"
                     "routes:\n"
                     "  plants:\n"
                     "    source: {kind: file, path: plants.csv, key: id}\n"
                     "    destination: {kind: sqlite, account: archive, table: plants, key: id}\n");
    put_engine(s);
    ds_sheet_head(s, "Notify");
    ds_sheet_text(s, "Who is told of what needs a person. The notices and how they are delivered "
                     "are in docs/notify.md.");
    ds_sheet_code(s, notify);
    put_keys(s, ds_shape_notify.keys);
    put_references(s);
    put_service(s);
}

void ds_manual_routes(ds_sheet *s)
{
    ds_sheet_head(s, "Routes");
    ds_sheet_text(
        s, "A record passes through `where`, `fields`, `transform`, then `owns`. Durations are "
           "written `90s`, `15m`, `12h`, `1d`.");
    put_keys(s, ds_shape_route.keys);
    ds_sheet_head(s, "Fields of a route");
    ds_sheet_text(s, "Each line of `fields` is a property of the destination and where it comes "
                     "from: a property of the source, or a table with exactly one of `from`, "
                     "`value` and `template`.");
    ds_sheet_code(s, fields);
    ds_sheet_text(s, "What stands in such a table is applied in this order: `split`, `map`, `as`, "
                     "`join`. An empty text becomes null where the type is neither text nor list.");
    put_keys(s, ds_shape_field.keys);
    ds_sheet_head(s, "Where");
    ds_sheet_text(s, "`{fork: false, language: [C, Rust]}`: every property named equals its value, "
                     "or one of its values. `null` matches a property that is absent too. Records "
                     "left out count as skipped.");
    ds_sheet_head(s, "Limits");
    put_keys(s, ds_shape_limits.keys);
}
