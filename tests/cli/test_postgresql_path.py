#!/usr/bin/env python3
"""A search path with somebody else's objects in it: functions, operators and types of the server's own
names, each a better fit than the server's.  None of them is ever called in the name of our user."""
from cli import main
from pg import Pg
from stand import route

TYPES = ("int2", "int4", "int8", "text", "varchar", "bpchar", "name", '"char"', "oid", "regclass", "bool", "numeric",
         "timestamptz", "date", "jsonb", "uuid", "public.mood", "public.small", "text[]", "int2[]", "oid[]")
OPERATORS = ("=", "<>", "<", "<=", ">", ">=", "&", "|", "||", "~~", "*", "+", "-")
FUNCTIONS = ("array_agg", "bool_or", "btrim", "clock_timestamp", "coalesce", "concat", "current_schema",
             "current_schemas", "current_setting", "format_type", "has_column_privilege", "has_schema_privilege",
             "has_table_privilege", "hashtextextended", "length", "lower", "octet_length", "pg_advisory_xact_lock",
             "pg_backend_pid", "pg_cancel_backend", "pg_get_expr", "pg_relation_filenode", "pg_relation_size",
             "pg_table_is_visible", "quote_ident", "set_config", "strpos", "to_regclass")
# Those of the server's that take anything, as they would have to look to be a better fit.
FITTING = ("unnest(text[]) RETURNS SETOF text", "unnest(oid[]) RETURNS SETOF oid", "concat(name, text, name) RETURNS text",
           "concat(text, text, text) RETURNS text", *(f"pg_column_size({name}) RETURNS int4" for name in TYPES))
CAUGHT = "LANGUAGE plpgsql AS $$ BEGIN RAISE 'caught'; END $$"


def evil():
    """The schema, as SQL."""
    names = "', '".join(FUNCTIONS)
    return "".join((
        "CREATE TYPE public.mood AS ENUM ('sad', 'happy'); CREATE DOMAIN public.small AS int4; CREATE SCHEMA evil;"
        f"CREATE FUNCTION evil.caught(anyelement) RETURNS bool {CAUGHT};",
        *(f"CREATE DOMAIN evil.{name} AS pg_catalog.{name} CHECK (evil.caught(VALUE));"
          for name in ("text", "oid", "jsonb", "date", "name", "int8", "timestamptz")),
        *(f"CREATE FUNCTION evil.{head} {CAUGHT};" for head in FITTING),
        f"""DO $do$ DECLARE f record; BEGIN FOR f IN
            SELECT proname, pg_get_function_identity_arguments(oid) AS takes, pg_get_function_result(oid) AS gives
            FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND proname IN ('{names}')
              AND pg_get_function_identity_arguments(oid) !~ 'any|VARIADIC|internal'
            LOOP EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', f.proname, f.takes,
                f.gives, $$BEGIN RAISE 'caught'; END$$); END LOOP; END $do$;""",
        f"""DO $do$ DECLARE l text; r text; o text; BEGIN
            FOREACH l IN ARRAY $${{{','.join(name.replace('"', chr(92) + '"') for name in TYPES)}}}$$::text[] LOOP
            FOREACH r IN ARRAY $${{{','.join(name.replace('"', chr(92) + '"') for name in TYPES)}}}$$::text[] LOOP
              EXECUTE format('CREATE FUNCTION evil.caught(%s, %s) RETURNS bool LANGUAGE plpgsql AS %L', l, r,
                $$BEGIN RAISE 'caught'; END$$);
              FOREACH o IN ARRAY ARRAY['{"', '".join(OPERATORS)}'] LOOP
                EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.caught)',
                  o, l, r);
              END LOOP; END LOOP; END LOOP; END $do$;"""))


class SearchPath(Pg):
    def follow(self, path):
        self.sql(evil())
        self.sql("CREATE TABLE plants (id varchar(40) PRIMARY KEY, name text, height int, n numeric, feels mood,"
                 " tags text[], at timestamptz, doc jsonb, day date, yes bool, few small, raw bytea);"
                 "CREATE TABLE own (LIKE plants INCLUDING ALL);"
                 "INSERT INTO plants SELECT 'p' || i, 'Plant ' || i, i, i, 'sad', '{a}', now(), '{}', now(), true, 1, ''"
                 " FROM generate_series(1, 100) AS i;"
                 "UPDATE plants SET name = repeat('x', 20 << 20) WHERE id = 'p7'")
        self.server.psql(f"CREATE ROLE {self.db}_mirror SUPERUSER LOGIN;"
                         f"ALTER ROLE {self.db}_mirror SET search_path = {path}")
        url = self.server.url(self.db, self.db + "_mirror")
        self.assertIn("caught", self.psql_as_mirror("SELECT count(*) FROM unnest('{a}'::pg_catalog.text[])"))
        more = "missing: delete\nfields: {name: name, height: {from: height, as: integer}, day: {from: day, as: date}}"
        self.routes(route(name="own", source=self.side("SELECT * FROM plants", url=url), more="missing: delete",
                          destination=self.side("own", url=url)),
                    route(name="made", source=self.side(url=url), more=more,
                          destination=self.to("public.made", url=url)))
        self.assertIn("promise A", self.run_it("check").out)
        self.run_it("schema", "made", "--create")
        for done in self.once():
            self.assertEqual((done["outcome"], done["created"]), ("done", 100), done)
        self.sql("UPDATE plants SET name = 'new', feels = 'happy', tags = '{b}', few = 2 WHERE id IN ('p1', 'p2');"
                 "DELETE FROM plants WHERE id = 'p3'; UPDATE own SET height = 0 WHERE id = 'p4'")
        self.run_it("plan")
        self.run_it("explain", "made", "p1")
        done, = self.once("made", "--items", "p1,p50")
        self.assertEqual((done["outcome"], done["total"], done["updated"]), ("done", 2, 1), done)
        for done in self.once():
            self.assertEqual((done["outcome"], done["total"]), ("done", 99), done)
        self.sql("UPDATE plants SET height = 0 WHERE id = 'p4'")
        self.assertEqual([done["outcome"] for done in self.once()], ["done", "done"])
        self.assertEqual(self.sql("(TABLE plants EXCEPT TABLE own) UNION ALL (TABLE own EXCEPT TABLE plants)"), "")
        self.assertEqual(self.sql("SELECT count(*) FROM plants AS p JOIN made AS m USING (id, name, height, day)"), "99")
        self.routes(route(source=self.side(url=url), destination=self.side("public.mad", url=url)))
        self.assertIn("no such table", self.run_it("check", code=2).out)

    def psql_as_mirror(self, sql):
        """What the server says to it."""
        try:
            return self.server.psql(f"SET search_path = evil, public; {sql}", self.db)
        except RuntimeError as error:
            return str(error)

    def test_before_the_servers_own(self):
        self.follow("evil, pg_catalog, public")

    def test_behind_it_but_a_better_fit(self):
        self.follow("evil, public")


if __name__ == "__main__":
    main()
