/* tests/unit/test_config_errors.c
 *
 * Every way a configuration can be wrong, each with the first line of what is said about it.  A row
 * holds the whole file; a row made with ROUTE holds what stands in the one route after its two
 * ends, from line 5 on.
 */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/fake_connectors.h"

#define SOURCE "    source: {kind: file, path: a.jsonl, key: id}\n"
#define DESTINATION "    destination: {kind: sqlite, path: o.db, table: t, key: id}\n"
#define ENDS SOURCE DESTINATION
#define ROUTE(rest) "routes:\n  r:\n" ENDS rest
#define API(rest) "routes:\n  r:\n" DESTINATION "    source:\n      kind: api\n" rest

typedef struct row {
    const char *name, *text, *first_line;
} row;

static const row yaml_rows[] = {
    {"an empty file", "",
     "t.yaml: nothing in it; `durable-sync init` writes a first configuration"},
    {"a file of comments", "# nothing\n\n",
     "t.yaml: nothing in it; `durable-sync init` writes a first configuration"},
    {"an empty document", "---\n",
     "t.yaml:2:1: nothing in it; `durable-sync init` writes a first configuration"},
    {"an empty document that ends with its mark", "\n---",
     "t.yaml:2:4: nothing in it; `durable-sync init` writes a first configuration"},
    {"a tab indents", "routes:\n\tr: 1\n", "t.yaml:2:1: a tab cannot indent YAML; use spaces"},
    {"a quote is left open", "store: \"sqlite:x.db\nroutes: {}\n",
     "t.yaml:1:8: not valid YAML: the quote that opens here is not closed where it should be"},
    {"an indent that fits nothing", "routes:\n    r:\n  x: 1\n y: 1\n",
     "t.yaml:3:3: not valid YAML: did not find expected key while parsing a block mapping that "
     "begins on line 1"},
    {"a reference in a flow table", "a: {token: ${TOKEN}}\n",
     "t.yaml:1:13: inside { } a reference needs quotes: write \"${NAME}\""},
    {"a file that ends too early", "routes: 0\nx",
     "t.yaml:2:2: not valid YAML: could not find expected ':' while scanning a simple key that "
     "begins on line 2"},
    {"a file that ends too early behind a line end of Unicode", "routes: 0\xc2\x85{}",
     "t.yaml:2:3: not valid YAML: could not find expected ':' while scanning a simple key that "
     "begins on line 2"},
    {"a control character behind line ends of other systems", "a:\r  b\r\nc: \x01",
     "t.yaml:3:4: not valid YAML: control characters are not allowed"},
    {"two documents", "routes: {}\n---\nroutes: {}\n",
     "t.yaml:2:1: a second document begins here; a configuration is one"},
    {"a tag", "routes: !!map {}\n",
     "t.yaml:1:9: tags such as tag:yaml.org,2002:map are not understood here; leave it out"},
    {"a list as a name", "? [a]\n: b\n", "t.yaml:1:3: a name must be plain text"},
    {"a merge", "a: &a {b: 1}\nc:\n  <<: *a\n",
     "t.yaml:3:3: \"<<\" (merge) is not understood here; write the settings out, or share them as "
     "an account"},
    {"an alias of nothing", "store: *nowhere\n",
     "t.yaml:1:8: *nowhere: no anchor &nowhere stands before it"},
    {"an endless alias", "routes: &a\n  r: *a\n",
     "t.yaml:2:6: *a stands inside what it stands for"},
    {"an escaped NUL", "store: \"sqlite:a\\0b\"\n",
     "t.yaml:1:8: a NUL character cannot be part of a setting"},
    {"a control character", "store: a\x01\n",
     "t.yaml:1:9: not valid YAML: control characters are not allowed"},
    {"bytes that are not UTF-8", "routes:\n  r\xff: 1\n",
     "t.yaml:2:4: byte 0xff is not UTF-8; save the file as UTF-8"},
    {"a list at the top", "- routes\n", "t.yaml:1:1: expected settings such as \"routes:\" here"},
    {"text at the top", "hello\n", "t.yaml:1:1: expected settings such as \"routes:\" here"},
    {"a key twice", "store: sqlite:a.db\nstore: sqlite:b.db\n" ROUTE(""),
     "t.yaml:2:1: \"store\" is here twice; the first is on line 1"},
    {"a route twice", ROUTE("") "  r:\n" ENDS,
     "t.yaml:5:3: \"r\" is here twice; the first is on line 2"},
    {"a setting twice", ROUTE("    every: 1m\n    stamp: At\n    every: 2m\n"),
     "t.yaml:7:5: \"every\" is here twice; the first is on line 5"},
};

static const row top_rows[] = {
    {"no routes", "store: sqlite:a.db\n", "t.yaml:1:1: \"routes\" is missing"},
    {"routes without any", "routes: {}\n",
     "t.yaml:1:1: routes: nothing in it; `durable-sync init` writes a first one"},
    {"routes as a list", "routes: [a]\n",
     "t.yaml:1:9: routes: expected a table of routes, found a list"},
    {"routes left empty", "routes:\n",
     "t.yaml:1:8: routes: expected a table of routes, found nothing"},
    {"an unknown key at the top", "stor: x\n" ROUTE(""),
     "t.yaml:1:1: unknown key \"stor\"; did you mean \"store\"?"},
    {"an unknown key that is like none", "colour: red\n" ROUTE(""),
     "t.yaml:1:1: unknown key \"colour\""},
    {"a store without a scheme", "store: my.db\n" ROUTE(""),
     "t.yaml:1:8: store: expected sqlite:PATH or postgresql://USER@HOST/DATABASE, found \"my.db\""},
    {"a store without a path", "store: 'sqlite:'\n" ROUTE(""),
     "t.yaml:1:8: store: expected sqlite:PATH or postgresql://USER@HOST/DATABASE, found "
     "\"sqlite:\""},
    {"a store as a URL with a host", "store: sqlite://host/a.db\n" ROUTE(""),
     "t.yaml:1:8: store: expected sqlite:PATH or postgresql://USER@HOST/DATABASE, found "
     "\"sqlite://host/a.db\""},
    {"a store on a server that is not named", "store: 'postgresql:host'\n" ROUTE(""),
     "t.yaml:1:8: store: expected sqlite:PATH or postgresql://USER@HOST/DATABASE"},
    {"a store's table without an address", "store: {schema: s}\n" ROUTE(""),
     "t.yaml:1:1: store: \"url\" is missing"},
    {"a schema for a file", "store: {url: 'sqlite:a.db', schema: s}\n" ROUTE(""),
     "t.yaml:1:37: schema: a file has none"},
    {"a schema with too long a name",
     "store: {url: 'postgresql://h/d', schema: "
     "sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss}\n" ROUTE(""),
     "t.yaml:1:42: schema: longer than 63 bytes"},
    {"a store that is a list", "store: [a]\n" ROUTE(""),
     "t.yaml:1:8: store: expected text, found a list"},
    {"an engine nobody knows", "engine: embeded\n" ROUTE(""),
     "t.yaml:1:9: unknown engine \"embeded\"; did you mean \"embedded\"?"},
    {"an engine without a kind", "engine: {address: x}\n" ROUTE(""),
     "t.yaml:1:1: engine: \"kind\" is missing"},
    {"settings that the embedded engine has not",
     "engine: {kind: embedded, address: x}\n" ROUTE(""),
     "t.yaml:1:26: address: only engine temporal has this setting"},
    {"a setting that no engine has", "engine: {kind: embedded, adress: x}\n" ROUTE(""),
     "t.yaml:1:26: unknown key \"adress\""},
    {"notify that tells nobody", "notify: {on: [held]}\n" ROUTE(""),
     "t.yaml:1:1: notify: nobody is told: give it a url, a command or both"},
    {"an event nobody knows", "notify: {command: [mail], on: [pausd]}\n" ROUTE(""),
     "t.yaml:1:32: on: expected paused, approval, held or recovered, found \"pausd\"; did you mean "
     "\"paused\"?"},
    {"no event", "notify: {command: [mail], on: []}\n" ROUTE(""),
     "t.yaml:1:31: on: expected a list such as [paused, held], found a list"},
    {"an address of another kind", "notify: {url: 'ftp://example.org'}\n" ROUTE(""),
     "t.yaml:1:15: url: expected an address such as https://example.org/hook, with no user in it"},
    {"an address with a user", "notify: {url: 'https://a:b@example.org'}\n" ROUTE(""),
     "t.yaml:1:15: url: expected an address such as https://example.org/hook, with no user in it"},
    {"a command for a shell", "notify: {command: mail root}\n" ROUTE(""),
     "t.yaml:1:19: command: expected a list such as [mail, -s, durable-sync, root], found \"mail "
     "root\""},
    {"a command without a program", "notify: {command: ['', x]}\n" ROUTE(""),
     "t.yaml:1:20: command: expected text, found an empty one"},
};

static const row account_rows[] = {
    {"an account of a later kind",
     "accounts:\n  g: {kind: github, token: x, unheard: y}\n" ROUTE(""),
     "t.yaml:2:13: account kind github is not in this build"},
    {"an account of no kind", "accounts:\n  g: {token: x}\n" ROUTE(""),
     "t.yaml:2:3: g: \"kind\" is missing"},
    {"an account of an unknown kind", "accounts:\n  g: {kind: apj}\n" ROUTE(""),
     "t.yaml:2:13: unknown account kind \"apj\"; did you mean \"api\"?"},
    {"an account as text", "accounts:\n  g: token\n" ROUTE(""),
     "t.yaml:2:6: g: expected a table with a kind and its settings, found \"token\""},
    {"login", "accounts:\n  g: {kind: api, login: oauth}\n" ROUTE(""),
     "t.yaml:2:18: login is not in this build"},
    {"a token where there is none", "accounts:\n  g: {kind: file, token: x}\n" ROUTE(""),
     "t.yaml:2:19: file has no token"},
    {"an address where there is none", "accounts:\n  g: {kind: file, base_url: x}\n" ROUTE(""),
     "t.yaml:2:19: file has no base_url"},
    {"an unknown setting of an account", "accounts:\n  g: {kind: api, tokn: x}\n" ROUTE(""),
     "t.yaml:2:18: unknown key \"tokn\"; did you mean \"token\"?"},
    {"a wrong setting of an account nobody uses",
     "accounts:\n  g: {kind: api, page: many}\n" ROUTE(""),
     "t.yaml:2:24: page: expected a whole number, found \"many\""},
    {"an account that is not there",
     "accounts:\n  mine: {kind: api, token: t}\n" API("      account: min\n      list_id: x\n"),
     "t.yaml:8:16: no account is named \"min\"; did you mean \"mine\"?"},
    {"no accounts at all", API("      account: mine\n      token: t\n      list_id: x\n"),
     "t.yaml:6:16: no account is named \"mine\""},
    {"an account of another kind",
     "accounts:\n  f: {kind: file, key: k}\n" API(
         "      account: f\n      token: t\n      list_id: x\n"),
     "t.yaml:8:16: account \"f\" is for file, this is api"},
};

static const row side_rows[] = {
    {"no source", "routes:\n  r:\n" DESTINATION, "t.yaml:2:3: r: \"source\" is missing"},
    {"no destination", "routes:\n  r:\n" SOURCE, "t.yaml:2:3: r: \"destination\" is missing"},
    {"a source as text", "routes:\n  r:\n    source: file\n" DESTINATION,
     "t.yaml:3:13: source: expected a table with a kind and its settings, found \"file\""},
    {"a source without kind", "routes:\n  r:\n    source: {path: x}\n" DESTINATION,
     "t.yaml:3:5: source: \"kind\" is missing"},
    {"a later source", "routes:\n  r:\n    source: {kind: notion, whatever: 1}\n" DESTINATION,
     "t.yaml:3:20: source notion is not in this build; it has file, api"},
    {"a later destination", "routes:\n  r:\n" SOURCE "    destination: {kind: postgresql}\n",
     "t.yaml:4:25: destination postgresql is not in this build; it has sqlite, api"},
    {"an unknown source", "routes:\n  r:\n    source: {kind: fiel}\n" DESTINATION,
     "t.yaml:3:20: unknown source kind \"fiel\"; did you mean \"file\"?"},
    {"a destination as a source", "routes:\n  r:\n    source: {kind: sqlite}\n" DESTINATION,
     "t.yaml:3:20: sqlite cannot be a source; what can: file, api"},
    {"an unknown setting",
     "routes:\n  r:\n    source: {kind: file, pth: a, key: id, path: b}\n" DESTINATION,
     "t.yaml:3:26: unknown key \"pth\"; did you mean \"path\"?"},
    {"a missing setting",
     "routes:\n  r:\n    source:\n      kind: file\n      path: x\n" DESTINATION,
     "t.yaml:3:5: source: \"key\" is missing: the property that is the primary key"},
    {"a setting left empty",
     "routes:\n  r:\n    source: {kind: file, path: , key: id}\n" DESTINATION,
     "t.yaml:3:32: path: expected text, found nothing"},
    {"a setting of empty text",
     "routes:\n  r:\n    source: {kind: file, path: '', key: id}\n" DESTINATION,
     "t.yaml:3:32: path: expected text, found an empty one"},
    {"a setting as a list",
     "routes:\n  r:\n    source: {kind: file, path: [a], key: id}\n" DESTINATION,
     "t.yaml:3:32: path: expected text, found a list"},
    {"a choice that is none",
     "routes:\n  r:\n    source: {kind: file, path: a, key: id, format: jsnl}\n" DESTINATION,
     "t.yaml:3:52: format: expected jsonl, json or csv, found \"jsnl\"; did you mean \"jsonl\"?"},
    {"settings that do not go together",
     "routes:\n  r:\n    source: {kind: file, path: a, key: id, format: csv, items: "
     "x}\n" DESTINATION,
     "t.yaml:3:5: file: items is for json, not for csv"},
    {"base_url where there is none",
     "routes:\n  r:\n    source: {kind: file, path: a, key: id, base_url: x}\n" DESTINATION,
     "t.yaml:3:44: file has no base_url"},
    {"a boolean as yes", API("      list_id: x\n      token: t\n      archived: yes\n"),
     "t.yaml:8:17: archived: expected true or false, found \"yes\""},
    {"a boolean in quotes", API("      list_id: x\n      token: t\n      archived: 'true'\n"),
     "t.yaml:8:17: archived: expected true or false, found text in quotes"},
    {"a number that is a fraction", API("      list_id: x\n      token: t\n      page: 1.5\n"),
     "t.yaml:8:13: page: expected a whole number, found \"1.5\""},
    {"a number beyond 64 bits",
     API("      list_id: x\n      token: t\n      page: 9223372036854775808\n"),
     "t.yaml:8:13: page: expected a whole number, found \"9223372036854775808\""},
    {"a number out of bounds", API("      list_id: x\n      token: t\n      page: 101\n"),
     "t.yaml:8:13: page: expected a whole number from 1 to 100, found \"101\""},
    {"a number as a table", API("      list_id: x\n      token: t\n      page: {a: 1}\n"),
     "t.yaml:8:13: page: expected a whole number, found a table"},
    {"a duration out of bounds", API("      list_id: x\n      token: t\n      wait: 2h\n"),
     "t.yaml:8:13: wait: expected a duration from 1s to 1h, found \"2h\""},
    {"a list as text", API("      list_id: x\n      token: t\n      orgs: acme\n"),
     "t.yaml:8:13: orgs: expected a list such as [one, two], found \"acme\""},
    {"a list with a table in it",
     API("      list_id: x\n      token: t\n      orgs: [a, {b: c}]\n"),
     "t.yaml:8:17: orgs: expected text, found a table"},
    {"a list that names one twice",
     API("      list_id: x\n      token: t\n      orgs: [a, b, a]\n"),
     "t.yaml:8:20: orgs: \"a\" is here twice"},
    {"a secret as a list", API("      list_id: x\n      token: [t]\n"),
     "t.yaml:7:14: token: expected text, best as ${NAME} or ${file:PATH}, found a list"},
    {"an empty secret", API("      list_id: x\n      token: ''\n"),
     "t.yaml:7:14: token: expected a secret, found an empty one"},
    {"a secret that is nowhere", API("      list_id: x\n"),
     "t.yaml:4:5: source: \"token\" is missing: personal access token"},
};

static const row route_rows[] = {
    {"a route name in capitals", "routes:\n  Repos:\n" ENDS,
     "t.yaml:2:3: \"Repos\" cannot name a route: 1 to 64 of a-z, 0-9 and \"-\""},
    {"a route name without letters", "routes:\n  '':\n" ENDS,
     "t.yaml:2:3: \"\" cannot name a route: 1 to 64 of a-z, 0-9 and \"-\""},
    {"an unknown key of a route", ROUTE("    feilds: {A: a}\n"),
     "t.yaml:5:5: unknown key \"feilds\"; did you mean \"fields\"?"},
    {"transform", ROUTE("    transform: '.'\n"), "t.yaml:5:5: transform is not in this build"},
    {"an interval without unit", ROUTE("    every: 15\n"),
     "t.yaml:5:12: every: expected a duration such as 90s, 15m, 12h or 1d, found \"15\""},
    {"an interval of words", ROUTE("    every: soon\n"),
     "t.yaml:5:12: every: expected a duration such as 90s, 15m, 12h or 1d, found \"soon\""},
    {"an interval below a second", ROUTE("    every: 999ms\n"),
     "t.yaml:5:12: every: expected a duration from 1s to 3650d, found \"999ms\""},
    {"an interval that never ends", ROUTE("    full_every: 99999d\n"),
     "t.yaml:5:17: full_every: expected a duration from 1s to 3650d, found \"99999d\""},
    {"a way to write that is none", ROUTE("    write: alway\n"),
     "t.yaml:5:12: write: expected changed or always, found \"alway\"; did you mean \"always\"?"},
    {"a way to verify that is none", ROUTE("    verify: true\n"),
     "t.yaml:5:13: verify: expected never or all, found \"true\""},
    {"a pace without time", ROUTE("    pace: 500\n"),
     "t.yaml:5:11: pace: expected writes in a time, such as 500/s, 90/m or 100/h, found \"500\""},
    {"a pace of nothing", ROUTE("    pace: 0/s\n"),
     "t.yaml:5:11: pace: expected writes in a time, such as 500/s, 90/m or 100/h, found \"0/s\""},
    {"a pace in days", ROUTE("    pace: 5/d\n"),
     "t.yaml:5:11: pace: expected writes in a time, such as 500/s, 90/m or 100/h, found \"5/d\""},
    {"what archives cannot", ROUTE("    missing: archive\n"),
     "t.yaml:5:14: missing: sqlite cannot archive"},
    {"what deletes cannot",
     "routes:\n  r:\n" SOURCE
     "    destination: {kind: api, list_id: x, token: t}\n    missing: delete\n",
     "t.yaml:5:14: missing: api cannot delete"},
    {"a mark without a name", ROUTE("    missing: mark\n"),
     "t.yaml:5:14: missing: mark needs the property to set: {mark: NAME}"},
    {"a mark spelt wrong", ROUTE("    missing: {marks: Gone}\n"),
     "t.yaml:5:5: missing: \"mark\" is missing"},
    {"a word that missing has not", ROUTE("    missing: remove\n"),
     "t.yaml:5:14: missing: expected ignore, archive, delete or {mark: NAME}, found \"remove\""},
    {"a mark in quotes", ROUTE("    missing: \"{mark: NAME}\"\n"),
     "t.yaml:5:14: missing: {mark: NAME} is a table: take the quotes off"},
    {"limits as text", ROUTE("    limits: 25%\n"),
     "t.yaml:5:13: limits: expected a table of settings, found \"25%\""},
    {"a limit beyond all", ROUTE("    limits: {changes: 101%}\n"),
     "t.yaml:5:23: changes: expected a share such as 25% or 0.25, found \"101%\""},
    {"a limit without its sign", ROUTE("    limits: {changes: 25}\n"),
     "t.yaml:5:23: changes: expected a share such as 25% or 0.25, found \"25\""},
    {"a limit below nothing", ROUTE("    limits: {changes: -1%}\n"),
     "t.yaml:5:23: changes: expected a share such as 25% or 0.25, found \"-1%\""},
    {"owns without any", ROUTE("    owns: []\n"), "t.yaml:5:11: owns: nothing in it"},
    {"owns what is not mapped", ROUTE("    fields: {Name: n, Stars: s}\n    owns: [Name, Starz]\n"),
     "t.yaml:6:18: owns: \"Starz\" is not in fields; did you mean \"Stars\"?"},
    {"owns one twice", ROUTE("    owns: [Name, Name]\n"),
     "t.yaml:5:18: owns: \"Name\" is here twice"},
    {"creates what is not mapped", ROUTE("    fields: {Name: n}\n    create_only: [Owner]\n"),
     "t.yaml:6:19: create_only: \"Owner\" is not in fields"},
    {"creates what it does not own",
     ROUTE("    fields: {Name: n, Owner: o}\n    owns: [Name]\n    create_only: [Owner]\n"),
     "t.yaml:7:19: create_only: \"Owner\" is not in owns"},
    {"a stamp that is mapped", ROUTE("    fields: {Name: n}\n    stamp: Name\n"),
     "t.yaml:6:12: stamp: \"Name\" is mapped by fields too"},
    {"a stamp that is owned", ROUTE("    owns: [Name]\n    stamp: Name\n"),
     "t.yaml:6:12: stamp: \"Name\" is in owns too"},
    {"a mark that is mapped", ROUTE("    fields: {Name: n}\n    missing: {mark: Name}\n"),
     "t.yaml:6:14: missing: \"Name\" is mapped by fields too"},
    {"a mark that is the stamp", ROUTE("    stamp: At\n    missing: {mark: At}\n"),
     "t.yaml:6:14: missing: \"At\" is the stamp already"},
    {"a field that is the key", ROUTE("    fields: {id: id, Name: n}\n"),
     "t.yaml:5:14: \"id\" holds the key, which is written by itself; leave it out here"},
    {"owns the key", ROUTE("    owns: [Name, id]\n"),
     "t.yaml:5:18: \"id\" holds the key, which is written by itself; leave it out here"},
    {"a stamp in the key", ROUTE("    stamp: id\n"),
     "t.yaml:5:12: \"id\" holds the key, which is written by itself; leave it out here"},
    {"a mark in the key", ROUTE("    missing: {mark: id}\n"),
     "t.yaml:5:14: \"id\" holds the key, which is written by itself; leave it out here"},
};

static const row schedule_rows[] = {
    {"a key with a letter wrong", ROUTE("    corn: '0 6 * * *'\n"),
     "t.yaml:5:5: unknown key \"corn\"; did you mean \"cron\"?"},
    {"cron beside every", ROUTE("    every: 15m\n    cron: '0 6 * * *'\n"),
     "t.yaml:6:5: a route has cron or every, not both"},
    {"cron before every", ROUTE("    cron: '0 6 * * *'\n    every: 15m\n"),
     "t.yaml:5:5: a route has cron or every, not both"},
    {"cron as a list", ROUTE("    cron: [0, 6]\n"),
     "t.yaml:5:11: cron: expected text, found a list"},
    {"cron with nothing", ROUTE("    cron:\n"), "t.yaml:5:10: cron: expected text, found nothing"},
    {"an hour that is none", ROUTE("    cron: '0 24 * * *'\n"),
     "t.yaml:5:11: cron: hour: 24 is not within 0 and 23"},
    {"a day that never comes", ROUTE("    cron: '0 0 30 2 *'\n"),
     "t.yaml:5:11: cron: it never comes: no month of these has such a day"},
    {"a nickname with a letter wrong", ROUTE("    cron: '@dayly'\n"),
     "t.yaml:5:11: cron: unknown \"@dayly\"; did you mean \"@daily\"?"},
    {"a zone with a letter wrong", ROUTE("    cron: '@daily'\n    zone: Europe/Berlni\n"),
     "t.yaml:6:11: zone: there is no time zone \"Europe/Berlni\"; did you mean "
     "\"Europe/Berlin\"?"},
    {"a zone that is a path", ROUTE("    zone: ../../../etc/passwd\n"),
     "t.yaml:5:11: zone: \"../../../etc/passwd\" is no name of a time zone; one is Europe/Berlin"},
    {"a zone that nothing goes by", ROUTE("    zone: UTC\n    every: 5m\n"),
     "t.yaml:5:5: zone: this route has neither cron nor quiet, and every goes by no zone: give it "
     "one of them, or leave zone out"},
    {"a zone as a table", ROUTE("    zone: {name: UTC}\n"),
     "t.yaml:5:11: zone: expected text, found a table"},
    {"quiet hours that are none", ROUTE("    quiet: 22-6\n"),
     "t.yaml:5:12: quiet: expected hours such as 22:00-06:00, found \"22-6\""},
    {"one of two that is none", ROUTE("    quiet: [22:00-06:00, '12:00']\n"),
     "t.yaml:5:26: quiet: expected hours such as 22:00-06:00, found \"12:00\""},
    {"one that is a table", ROUTE("    quiet: [{from: '22:00'}]\n"),
     "t.yaml:5:13: quiet: expected text, found a table"},
    {"quiet hours without any", ROUTE("    quiet: []\n"),
     "t.yaml:5:12: quiet: expected 1 to 100 periods, found 0"},
    {"quiet hours all day", ROUTE("    quiet: [22:00-06:00, 06:00-22:00]\n"),
     "t.yaml:5:12: quiet: this is the whole day: no pass would ever begin; to stop a route, pause "
     "it"},
};

static const row field_rows[] = {
    {"fields without any", ROUTE("    fields: {}\n"),
     "t.yaml:5:5: fields: nothing in it; leave it out to take all properties"},
    {"fields as a list", ROUTE("    fields: [Name]\n"),
     "t.yaml:5:13: fields: expected a table from destination properties to source properties, "
     "found a list"},
    {"a field without source", ROUTE("    fields:\n      Name:\n"),
     "t.yaml:6:12: Name: expected text, found nothing"},
    {"a field without name", ROUTE("    fields:\n      '': a\n"),
     "t.yaml:6:7: a field needs a name"},
    {"a field as a list", ROUTE("    fields:\n      Name: [a]\n"),
     "t.yaml:6:13: Name: expected a source property, or a table such as {from: size, as: number}, "
     "found a list"},
    {"an unknown key of a field", ROUTE("    fields:\n      N: {form: a}\n"),
     "t.yaml:6:11: unknown key \"form\"; did you mean \"from\"?"},
    {"a field from nowhere", ROUTE("    fields:\n      N: {as: text}\n"),
     "t.yaml:6:7: N: needs one of \"from\", \"value\" and \"template\""},
    {"a field from two places", ROUTE("    fields:\n      N: {from: a, value: b}\n"),
     "t.yaml:6:7: N: takes only one of \"from\", \"value\" and \"template\""},
    {"a field from three places", ROUTE("    fields:\n      N: {from: a, value: b, template: c}\n"),
     "t.yaml:6:7: N: takes only one of \"from\", \"value\" and \"template\""},
    {"a type that is none", ROUTE("    fields:\n      N: {from: a, as: string}\n"),
     "t.yaml:6:24: as: expected text, integer, number, boolean, date, datetime or list, found "
     "\"string\""},
    {"a default of a value", ROUTE("    fields:\n      N: {value: a, default: b}\n"),
     "t.yaml:6:7: N: \"default\" does nothing beside \"value\""},
    {"a map of a value", ROUTE("    fields:\n      N: {value: a, map: {a: b}}\n"),
     "t.yaml:6:7: N: \"map\" does nothing beside \"value\""},
    {"a value that is not of its type", ROUTE("    fields:\n      N: {value: abc, as: integer}\n"),
     "t.yaml:6:18: value: \"abc\" is not an integer"},
    {"a default that is not of its type",
     ROUTE("    fields:\n      N: {from: a, as: date, default: soon}\n"),
     "t.yaml:6:39: default: \"soon\" is not a date"},
    {"a map that is not of its type",
     ROUTE("    fields:\n      N: {from: a, as: boolean, map: {x: maybe}}\n"),
     "t.yaml:6:42: x: \"maybe\" is not a boolean"},
    {"join of a number", ROUTE("    fields:\n      N: {from: a, join: x, as: number}\n"),
     "t.yaml:6:7: N: \"join\" makes text: \"as\" can only be text or list beside it"},
    {"split to a date", ROUTE("    fields:\n      N: {from: a, split: x, as: date}\n"),
     "t.yaml:6:7: N: \"split\" makes a list: \"as\" can only be list or text beside it"},
    {"split at nothing", ROUTE("    fields:\n      N: {from: a, split: ''}\n"),
     "t.yaml:6:27: split: expected text, found an empty one"},
    {"a map as text", ROUTE("    fields:\n      N: {from: a, map: b}\n"),
     "t.yaml:6:25: map: expected a table from old values to new ones, found \"b\""},
    {"a map of nothing", ROUTE("    fields:\n      N: {from: a, map: {}}\n"),
     "t.yaml:6:25: map: nothing in it"},
    {"a map to a list", ROUTE("    fields:\n      N: {from: a, map: {b: [c]}}\n"),
     "t.yaml:6:29: b: expected a value, found a list"},
    {"a template left open", ROUTE("    fields:\n      N: {template: 'a {b'}\n"),
     "t.yaml:6:21: template: \"{\" is not closed by \"}\"; a brace is written {{"},
    {"a template that closes nothing", ROUTE("    fields:\n      N: {template: 'a} b'}\n"),
     "t.yaml:6:21: template: \"}\" closes nothing; a brace is written }}"},
    {"a template of nothing", ROUTE("    fields:\n      N: {template: '{}'}\n"),
     "t.yaml:6:21: template: \"{}\" names no property"},
    {"a template in a template", ROUTE("    fields:\n      N: {template: '{a{b}}'}\n"),
     "t.yaml:6:21: template: \"{\" is not closed by \"}\"; a brace is written {{"},
    {"where as text", ROUTE("    where: fork\n"),
     "t.yaml:5:12: where: expected a table from source properties to the values to keep, found "
     "\"fork\""},
    {"where that keeps nothing", ROUTE("    where: {a: []}\n"),
     "t.yaml:5:16: a: an empty list keeps nothing"},
    {"where with a table", ROUTE("    where: {a: {b: c}}\n"),
     "t.yaml:5:16: a: expected a value, found a table"},
};

static const row reference_rows[] = {
    {"a variable that is not set", "store: ${DS_TEST_UNSET}\n" ROUTE(""),
     "t.yaml:1:8: ${DS_TEST_UNSET}: the environment variable DS_TEST_UNSET is not set; set it, or "
     "write ${DS_TEST_UNSET:-DEFAULT}"},
    {"a reference left open", "store: ${HOME\n" ROUTE(""),
     "t.yaml:1:8: \"${\" is not closed by \"}\"; a dollar sign is $$"},
    {"a reference to nothing", "store: 'sqlite:${}'\n" ROUTE(""),
     "t.yaml:1:8: ${}: a reference is ${NAME}, ${NAME:-DEFAULT}, ${file:PATH}, "
     "${credential:NAME} or ${command:...}; a dollar sign is $$"},
    {"a reference of an unknown kind", "store: ${vault:x}\n" ROUTE(""),
     "t.yaml:1:8: ${vault:x}: a reference is ${NAME}, ${NAME:-DEFAULT}, ${file:PATH}, "
     "${credential:NAME} or ${command:...}; a dollar sign is $$"},
    {"a setting's own reference in another setting",
     API("      token: t\n      list_id: x\n      mode: ${since}\n"),
     "t.yaml:8:13: ${since}: the environment variable since is not set; set it, or write "
     "${since:-DEFAULT}"},
    {"a reference in a default", "store: ${DS_TEST_UNSET:-${HOME}}\n" ROUTE(""),
     "t.yaml:1:8: ${DS_TEST_UNSET}: a default cannot hold a reference"},
    {"a file that is not there", "store: ${file:no-such-file}\n" ROUTE(""),
     "t.yaml:1:8: ${file:no-such-file}: /no-such-file: No such file or directory"},
    {"a file that is a directory", "store: ${file:/}\n" ROUTE(""),
     "t.yaml:1:8: ${file:/}: /: not a plain file"},
    {"a file that never ends", "store: ${file:/dev/zero}\n" ROUTE(""),
     "t.yaml:1:8: ${file:/dev/zero}: /dev/zero: not a plain file"},
    {"a file without a name", "store: '${file:}'\n" ROUTE(""),
     "t.yaml:1:8: ${file:}: no file is named; write ${file:PATH}"},
    {"a credential elsewhere", "store: ${credential:../x}\n" ROUTE(""),
     "t.yaml:1:8: ${credential:../x}: a credential is a name without a slash"},
    {"a credential without systemd", "store: ${credential:db}\n" ROUTE(""),
     "t.yaml:1:8: ${credential:db}: CREDENTIALS_DIRECTORY is not set; systemd sets it for "
     "LoadCredential=db:PATH"},
    {"a command that fails", "store: '${command:echo out; exit 3}'\n" ROUTE(""),
     "t.yaml:1:8: ${command:...}: the command failed with exit code 3"},
    {"a command that is killed", "store: '${command:kill -9 $$}'\n" ROUTE(""),
     "t.yaml:1:8: ${command:...}: the command was ended by signal 9"},
    {"a command that prints for ever", "store: '${command:yes}'\n" ROUTE(""),
     "t.yaml:1:8: ${command:...}: the command prints more than 64 KiB"},
    {"a command that prints no text", "store: '${command:printf \"\\\\377\"}'\n" ROUTE(""),
     "t.yaml:1:8: ${command:...}: gives bytes that are not UTF-8 text"},
    {"what a reference stands for stays unseen", ROUTE("    every: ${DS_TEST_SECRET}\n"),
     "t.yaml:5:12: every: expected a duration such as 90s, 15m, 12h or 1d, found what "
     "${DS_TEST_SECRET} stands for"},
};

#define TWO(first, second) "routes:\n  a:\n" ENDS first "  b:\n" ENDS second

static const row owner_rows[] = {
    {"two routes without fields", TWO("", ""),
     "t.yaml:5:3: routes \"b\" and \"a\" share sqlite:/o.db#t, and \"b\" owns all of it; give "
     "it \"owns\""},
    {"the second owns everything", TWO("    fields: {A: a}\n", ""),
     "t.yaml:6:3: routes \"b\" and \"a\" share sqlite:/o.db#t, and \"b\" owns all of it; give "
     "it \"owns\""},
    {"the first owns everything", TWO("", "    fields: {A: a}\n"),
     "t.yaml:5:3: routes \"b\" and \"a\" share sqlite:/o.db#t, and \"a\" owns all of it; give "
     "it \"owns\""},
    {"the same field", TWO("    fields: {A: a}\n", "    fields: {B: b, A: a}\n"),
     "t.yaml:9:20: routes \"b\" and \"a\" both own \"A\" of sqlite:/o.db#t; leave it to "
     "one of them"},
    {"several fields",
     TWO("    fields: {A: a, B: b, C: c}\n", "    fields:\n      C: c\n      A: a\n"),
     "t.yaml:10:7: routes \"b\" and \"a\" both own \"C\" and 1 more of sqlite:/o.db#t; "
     "leave each to one of them"},
    {"the same owned one",
     TWO("    owns: [A, B]\n", "    fields: {A: a, C: c}\n    owns: [C, A]\n"),
     "t.yaml:10:15: routes \"b\" and \"a\" both own \"A\" of sqlite:/o.db#t; leave it to "
     "one of them"},
    {"a stamp on a field", TWO("    fields: {A: a}\n", "    fields: {B: b}\n    stamp: A\n"),
     "t.yaml:10:12: routes \"b\" and \"a\" both own \"A\" of sqlite:/o.db#t; leave it to "
     "one of them"},
    {"two equal stamps", TWO("    owns: [A]\n    stamp: S\n", "    owns: [B]\n    stamp: S\n"),
     "t.yaml:11:12: routes \"b\" and \"a\" both own \"S\" of sqlite:/o.db#t; leave it to "
     "one of them"},
    {"two equal marks",
     TWO("    owns: [A]\n    missing: {mark: M}\n", "    owns: [B]\n    missing: {mark: M}\n"),
     "t.yaml:11:14: routes \"b\" and \"a\" both own \"M\" of sqlite:/o.db#t; leave it to "
     "one of them"},
};

/* ----  ---------------------------------------------------------------------------------------- */

static void *state_of(const void *row_)
{
    union {
        const void *in;
        void *out;
    } both = {row_};

    return both.out;
}

static void refused(void **state)
{
    const row *r = *state;
    ds_buf errors;
    ds_config *config;
    size_t n;

    ds_buf_init(&errors, DS_MIB);
    config = ds_config_parse("t.yaml", r->text, strlen(r->text), "/", &fake_connectors, &errors);
    assert_null(config);
    n = strcspn(errors.data, "\n");
    errors.data[n] = '\0';
    assert_string_equal(errors.data, r->first_line);
    ds_buf_fini(&errors);
}

#define TABLES(X)                                                                                  \
    X(yaml_rows)                                                                                   \
    X(top_rows)                                                                                    \
    X(account_rows)                                                                                \
    X(side_rows) X(route_rows) X(schedule_rows) X(field_rows) X(reference_rows) X(owner_rows)
#define COUNT(table) +DS_COUNT(table)
#define ADD(table)                                                                                 \
    for (size_t i = 0; i < DS_COUNT(table); i++)                                                   \
        tests[n++] =                                                                               \
            (struct CMUnitTest){(table)[i].name, refused, NULL, NULL, state_of(&(table)[i])};

int main(void)
{
    static struct CMUnitTest tests[0 TABLES(COUNT)];
    size_t n = 0;

    unsetenv("DS_TEST_UNSET");
    unsetenv("CREDENTIALS_DIRECTORY");
    unsetenv("FAKE_API_TOKEN");
    setenv("DS_TEST_SECRET", "hunter2", 1);
    TABLES(ADD)
    return cmocka_run_group_tests_name("errors of the configuration", tests, NULL, NULL);
}
