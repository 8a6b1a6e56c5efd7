/* src/app/templates.c */
#include "app/templates.h"

#define PLANTS                                                                                     \
    "{\"id\": \"p1\", \"name\": \"Fern\", \"height_cm\": 40}\n"                                    \
    "{\"id\": \"p2\", \"name\": \"Oak\", \"height_cm\": 2100}\n"                                   \
    "{\"id\": \"p3\", \"name\": \"Moss\", \"height_cm\": 2}\n"

#define PLANTS_SOURCE                                                                              \
    "      kind: file\n"                                                                           \
    "      path: plants.jsonl       # also .json, .csv; a pattern (data/*.jsonl) makes a unit a "  \
    "file\n"                                                                                       \
    "      key: id                  # the property that tells the rows apart\n"

#define POSTGRESQL                                                                                 \
    "      kind: postgresql\n"                                                                     \
    "      url: postgresql:///      # or postgresql://USER@HOST/DATABASE, or service=NAME; a\n"    \
    "                               # password belongs into ~/.pgpass, or is taken as ${NAME}\n"

#define SQLITE_DESTINATION                                                                         \
    "      kind: sqlite\n"                                                                         \
    "      path: mirror.db\n"                                                                      \
    "      table: plants\n"                                                                        \
    "      key: id                  # the column that holds it\n"                                  \
    "      create_table: true       # make file and table where they do not exist\n"

const ds_template ds_templates[] = {
    {
        "jsonl-to-sqlite",
        "a file with one JSON object a line, into a table",
        "plants",
        PLANTS_SOURCE,
        SQLITE_DESTINATION,
        "plants.jsonl",
        PLANTS,
    },
    {
        "csv-to-sqlite",
        "a CSV file with a header line, into a table",
        "plants",
        "      kind: file\n"
        "      path: plants.csv         # the first line names the columns\n"
        "      key: id                  # the column that tells the rows apart\n",
        SQLITE_DESTINATION,
        "plants.csv",
        "id,name,height_cm\np1,Fern,40\np2,Oak,2100\np3,Moss,2\n",
    },
    {
        "sqlite-to-jsonl",
        "a table, into a file with one JSON object a line",
        "rows",
        "      kind: sqlite\n"
        "      path: app.db             # a database of yours: it is only read\n"
        "      table: rows              # or query: SELECT ...\n"
        "      key: id                  # the column that tells the rows apart\n",
        "      kind: file\n"
        "      path: rows.jsonl\n"
        "      key: id\n",
        NULL,
        NULL,
    },
    {
        "jsonl-to-postgresql",
        "a file with one JSON object a line, into a table of PostgreSQL",
        "plants",
        PLANTS_SOURCE,
        POSTGRESQL
        "      table: plants            # or SCHEMA.TABLE\n"
        "      key: id                  # the column that holds it\n"
        "      create_table: true       # make table and columns where they do not exist\n",
        "plants.jsonl",
        PLANTS,
    },
    {
        "postgresql-to-sqlite",
        "a table of PostgreSQL, into one of SQLite",
        "plants",
        POSTGRESQL "      table: plants            # or query: SELECT ...\n"
                   "      key: id                  # the column that tells the rows apart\n",
        SQLITE_DESTINATION,
        NULL,
        NULL,
    },
    {
        "github-to-sqlite",
        "the repositories of an organisation on GitHub, into a table",
        "repos",
        "      kind: github\n"
        "      # token: ${GITHUB_TOKEN} # taken from there by itself; without one: public things\n"
        "      orgs: [github]           # or users: [LOGIN], repos: [OWNER/NAME], mine: true\n"
        "      archived: exclude\n",
        "      kind: sqlite\n"
        "      path: github.db\n"
        "      table: repos\n"
        "      key: id                  # the column that holds it\n"
        "      create_table: true       # make file and table where they do not exist\n",
        NULL,
        NULL,
    },
    {
        "github-to-notion",
        "the repositories of an organisation of GitHub, into a database of Notion",
        "repos",
        "      kind: github\n"
        "      token: ${GITHUB_TOKEN}   # github.com/settings/tokens: it needs to read "
        "repositories\n"
        "      orgs: [acme]             # also users, repos, mine\n",
        "      kind: notion\n"
        "      token: ${NOTION_TOKEN}   # notion.so/profile/integrations: read, update, insert "
        "content\n"
        "      database: DATABASE       # its address; share it first: ... > Connections\n"
        "      key: Repo ID             # the column that holds the repository's id\n"
        "    fields:                    # `durable-sync schema repos --create` makes those that "
        "are missing\n"
        "      Name: full_name\n"
        "      Description: description\n"
        "      Stars: {from: stargazers_count, as: integer}\n"
        "      Language: language\n"
        "      Topics: {from: topics, as: list}\n"
        "      URL: html_url\n"
        "      Archived: {from: archived, as: boolean}\n"
        "      Pushed: {from: pushed_at, as: datetime}\n",
        NULL,
        NULL,
    },
    {
        "languages",
        "the languages of the world (package iso-codes), into a table",
        "languages",
        "      kind: file\n"
        "      path: /usr/share/iso-codes/json/iso_639-3.json\n"
        "      items: 639-3             # the member that holds the rows\n"
        "      key: alpha_3\n",
        "      kind: sqlite\n"
        "      path: languages.db\n"
        "      table: languages\n"
        "      key: alpha_3\n"
        "      create_table: true\n",
        NULL,
        NULL,
    },
    {.name = NULL},
};

static const char more[] =
    "    every: 15m                 # time between passes; 30m where nothing is said\n"
    "\n"
    "    # What else a route may say (see `durable-sync connectors KIND` for a kind's settings):\n"
    "    #\n"
    "    # fields:                  # destination column <- source property; else the same names\n"
    "    #   Name: name\n"
    "    #   Height: {from: height_cm, as: number, default: 0}\n"
    "    #   Label: {template: \"{name} ({id})\"}\n"
    "    # where: {name: [Fern, Oak]}   # keep only these\n"
    "    # owns: [Name, Height]     # touch only these columns\n"
    "    # create_only: [Label]     # written when the row is made, never again\n"
    "    # missing: ignore          # rows gone from the source: ignore, delete or {mark: COLUMN}\n"
    "    # limits: {changes: 25%}   # more than this in one pass waits for `approve`\n"
    "    # pace: 500/s              # at most so many writes\n";

void ds_template_write(ds_buf *out, const ds_template *t)
{
    ds_buf_printf(out,
                  "# Configuration of durable-sync: %s.\n"
                  "#\n"
                  "#   durable-sync check     what is wrong with it, if anything; writes nothing\n"
                  "#   durable-sync plan      what a pass would write; writes nothing\n"
                  "#   durable-sync once      one pass\n"
                  "#   durable-sync run       for ever\n"
                  "#\n"
                  "# Paths are relative to this file.  Secrets belong elsewhere: ${NAME} takes one "
                  "from the\n"
                  "# environment, ${file:PATH} from a file.\n"
                  "\n"
                  "# store: sqlite:durable-sync.db  # what is known of each row: keep it\n"
                  "\n"
                  "routes:\n"
                  "  %s:\n"
                  "    source:\n"
                  "%s"
                  "    destination:\n"
                  "%s",
                  t->help, t->route, t->source, t->destination);
    ds_buf_text(out, more);
}
