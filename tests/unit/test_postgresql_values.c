/* tests/unit/test_postgresql_values.c
 *
 * What a column of each type makes of each value, and of each key: kept, or held with a reason,
 * never changed in silence.
 */
#include "postgresql_fixture.h"

/* ---- values ---------------------------------------------------------------------------------- */

static void settings_of_the_server_do_not_matter(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text[], x xml)");
    use_url(ds_arena_printf(scratch, "%s&options=-carray_nulls%%3Doff%%20-cxmloption%%3Ddocument",
                            getenv("DS_PG_URL")));
    must_open(NULL);
    assert_outcome(create("k", "{\"a\": [\"b\", null], \"x\": \"<a/><b/>\"}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT a, a[2] IS NULL, x FROM t"), "{b,NULL}|t|<a/><b/>");
    end();
}

static const struct value_row {
    const char *name, *type, *value; /* declared, in the notation of values.h */
    const char *is;                  /* the column as text */
    const char *held;
} value_rows[] = {
    {"text", "text", "\"a \\\"b\\\" \\\\ {c}, \\n\"", "a \"b\" \\ {c}, \n", NULL},
    {"empty text is not null", "text", "\"\"", "", NULL},
    {"text that spells NULL", "text", "\"NULL\"", "NULL", NULL},
    {"null", "text", "null", "NULL", NULL},
    {"an integer in text", "text", "5", "5", NULL},
    {"1.10 in text keeps its spelling", "text", "1.10", "1.10", NULL},
    {"a boolean in text", "text", "true", "true", NULL},
    {"a list in text", "text", "[\"a\", \"b\"]", "[\"a\",\"b\"]", NULL},
    {"an object in text", "text", "{\"a\": [1.10]}", "{\"a\":[1.10]}", NULL},
    {"a date in text", "text", "\"date:2026-01-31\"", "2026-01-31", NULL},
    {"text in varchar(3)", "varchar(3)", "\"abc\"", "abc", NULL},
    {"too much text in varchar(3) is not cut", "varchar(3)", "\"abcd\"", NULL,
     "value too long for type character varying(3) (SQLSTATE 22001)"},
    {"blanks in varchar(3)", "varchar(3)", "\"a  \"", "a  ", NULL},
    {"blanks beyond varchar(3) are not cut", "varchar(3)", "\"a   \"", NULL,
     "column \"a\" is character varying(3): \"a   \" does not fit"},
    {"characters are counted, not bytes", "varchar(3)", "\"\xC3\xA4\xC3\xA4 \"",
     "\xC3\xA4\xC3\xA4 ", NULL},
    {"text in char(4)", "char(4)", "\"ab\"", "ab", NULL},
    {"too much text in char(4)", "char(4)", "\"abcde\"", NULL, "value too long"},
    {"boolean", "boolean", "true", "true", NULL},
    {"0 in boolean", "boolean", "0", "false", NULL},
    {"yes in boolean", "boolean", "\"yes\"", "true", NULL},
    {"5 in boolean", "boolean", "5", NULL, "column \"a\" is boolean: \"5\" does not fit"},
    {"integer", "integer", "5", "5", NULL},
    {"an integer's text in integer", "integer", "\"42\"", "42", NULL},
    {"5.0 in integer", "integer", "5.0", "5", NULL},
    {"1e3 in integer", "integer", "1e3", "1000", NULL},
    {"true in integer", "integer", "true", "1", NULL},
    {"text in integer", "integer", "\"abc\"", NULL, "\"abc\" does not fit"},
    {"007 in integer", "integer", "\"007\"", NULL, "\"007\" does not fit"},
    {"1.5 in integer", "integer", "1.5", NULL, "\"1.5\" does not fit"},
    {"nearly 3 in integer", "integer", "3.00000000000000000001", NULL, "does not fit"},
    {"nearly 0 in bigint", "bigint", "1e-999", NULL, "\"1e-999\" does not fit"},
    {"NaN in integer", "integer", "\"NaN\"", NULL, "\"NaN\" does not fit"},
    {"beyond 16 bits in smallint", "smallint", "40000", NULL, "out of range"},
    {"beyond 32 bits in integer", "integer", "3000000000", NULL, "(SQLSTATE 22003)"},
    {"2^53+1 in bigint", "bigint", "9007199254740993", "9007199254740993", NULL},
    {"beyond 64 bits in bigint", "bigint", "18446744073709551617", NULL, "out of range"},
    {"a date in bigint", "bigint", "\"date:2026-01-31\"", NULL, "does not fit"},
    {"a list in bigint", "bigint", "[\"a\"]", NULL, "does not fit"},
    {"1.10 in numeric keeps its spelling", "numeric", "1.10", "1.10", NULL},
    {"2^53+1 in numeric", "numeric", "9007199254740993", "9007199254740993", NULL},
    {"forty digits in numeric", "numeric", "1234567890123456789012345678901234567890.5",
     "1234567890123456789012345678901234567890.5", NULL},
    {"a number's text in numeric", "numeric", "\"1.10\"", "1.10", NULL},
    {"NaN in numeric", "numeric", "\"NaN\"", "NaN", NULL},
    {"+1 in numeric", "numeric", "\"+1\"", NULL, "\"+1\" does not fit"},
    {"numeric(5,2) rounds, as it always does", "numeric(5,2)", "1.105", "1.11", NULL},
    {"beyond numeric(5,2)", "numeric(5,2)", "1234.5", NULL, "numeric field overflow"},
    {"1.10 in double precision", "double precision", "1.10", "1.1", NULL},
    {"an integer in double precision", "double precision", "5", "5", NULL},
    {"2^53+1 in double precision", "double precision", "9007199254740993", NULL,
     "9007199254740993 would lose digits"},
    {"2^24+1 in real", "real", "16777217", NULL, "16777217 would lose digits"},
    {"Infinity in double precision", "double precision", "\"-Infinity\"", "-Infinity", NULL},
    {"1e999 in double precision", "double precision", "1e999", NULL, "out of range"},
    {"date", "date", "\"date:2026-01-31\"", "2026-01-31", NULL},
    {"a date's text in date", "date", "\"2026-01-31\"", "2026-01-31", NULL},
    {"a day that is none in date", "date", "\"2026-02-30\"", NULL, "out of range"},
    {"a time would be cut off in date", "date", "\"datetime:2026-01-31T09:30:00Z\"", NULL,
     "column \"a\" is date: \"2026-01-31T09:30:00Z\" does not fit"},
    {"and so would a text's", "date", "\"2026-01-31 09:30\"", NULL, "does not fit"},
    {"timestamptz", "timestamptz", "\"datetime:2026-01-31T09:30:00.123456Z\"",
     "2026-01-31 09:30:00.123456+00", NULL},
    {"an offset's text in timestamptz", "timestamptz", "\"2026-01-31T09:30:00+02:00\"",
     "2026-01-31 07:30:00+00", NULL},
    {"a date in timestamptz", "timestamptz", "\"date:2026-01-31\"", "2026-01-31 00:00:00+00", NULL},
    {"infinity in timestamptz", "timestamptz", "\"infinity\"", "infinity", NULL},
    {"words in timestamptz", "timestamptz", "\"next week\"", NULL, "invalid input syntax"},
    {"seconds in timestamptz", "timestamptz", "1767225600", NULL, "does not fit"},
    {"timestamp is UTC", "timestamp", "\"datetime:2026-01-31T09:30:00Z\"", "2026-01-31 09:30:00",
     NULL},
    {"an offset in timestamp is not dropped", "timestamp", "\"2026-01-31T09:30:00+02:00\"",
     "2026-01-31 07:30:00", NULL},
    {"timestamp(0) rounds", "timestamp(0)", "\"datetime:2026-01-31T09:30:00.7Z\"",
     "2026-01-31 09:30:01", NULL},
    {"time", "time", "\"09:30:00\"", "09:30:00", NULL},
    {"interval", "interval", "\"1 day 2:00\"", "1 day 02:00:00", NULL},
    {"uuid", "uuid", "\"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\"",
     "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL},
    {"words in uuid", "uuid", "\"abc\"", NULL, "invalid input syntax for type uuid: \"abc\""},
    {"enum", "mood", "\"sad\"", "sad", NULL},
    {"no label of the enum", "mood", "\"bad\"", NULL, "invalid input value for enum mood: \"bad\""},
    {"an object in jsonb", "jsonb", "{\"b\": [1.10, null], \"a\": 9007199254740993}",
     "{\"a\": 9007199254740993, \"b\": [1.10, null]}", NULL},
    {"an object's text in jsonb, as it comes when mapped", "jsonb", "\"{\\\"a\\\":1}\"",
     "{\"a\": 1}", NULL},
    {"text in jsonb", "jsonb", "\"a \\\"b\\\"\"", "\"a \\\"b\\\"\"", NULL},
    {"text that only begins like JSON", "jsonb", "\"[draft] x\"", "\"[draft] x\"", NULL},
    {"a number in jsonb", "jsonb", "1.10", "1.10", NULL},
    {"a number's text in jsonb is text", "jsonb", "\"5\"", "\"5\"", NULL},
    {"a boolean in jsonb", "jsonb", "true", "true", NULL},
    {"a list in jsonb", "jsonb", "[\"a\"]", "[\"a\"]", NULL},
    {"an object in json", "json", "{\"b\": 1, \"a\": 2}", "{\"b\":1,\"a\":2}", NULL},
    {"text[]", "text[]", "[\"a\", \"b, c\", \"d \\\"e\\\" \\\\\", \"\", \"NULL\"]",
     "{a,\"b, c\",\"d \\\"e\\\" \\\\\",\"\",\"NULL\"}", NULL},
    {"an empty list in text[]", "text[]", "[]", "{}", NULL},
    {"integer[]", "integer[]", "[1, 2, null]", "{1,2,NULL}", NULL},
    {"a list's text in integer[]", "integer[]", "\"[1,2]\"", "{1,2}", NULL},
    {"an array's text in integer[]", "integer[]", "\"{1,2}\"", "{1,2}", NULL},
    {"an array's text that counts from 0", "integer[]", "\"[0:1]={1,2}\"", "[0:1]={1,2}", NULL},
    {"and one of two dimensions", "integer[]", "\"[-1:-1][2:3]={{1,2}}\"", "[-1:-1][2:3]={{1,2}}",
     NULL},
    {"what only begins like it", "text[]", "\"[0:1]=a\"", NULL, "does not fit"},
    {"bounds that do not fit", "integer[]", "\"[0:2]={1,2}\"", NULL, "(SQLSTATE 22P02)"},
    {"an array's text with both nulls", "jsonb[]", "\"{\\\"null\\\",NULL}\"", "{\"null\",NULL}",
     NULL},
    {"integer[][]", "integer[]", "[[1, 2], [3, 4]]", "{{1,2},{3,4}}", NULL},
    {"a crooked array", "integer[]", "[[1], 2]", NULL, "(SQLSTATE 22P02)"},
    {"boolean[]", "boolean[]", "[true, false]", "{t,f}", NULL},
    {"jsonb[]", "jsonb[]", "[{\"a\": 1}, \"x\"]", "{\"{\\\"a\\\": 1}\",\"\\\"x\\\"\"}", NULL},
    {"an object in text[]", "text[]", "{\"a\": 1}", NULL, "does not fit"},
    {"one text in text[]", "text[]", "\"a\"", NULL, "column \"a\" is text[]: \"a\" does not fit"},
    {"numeric(10,2)[] rounds", "numeric(10,2)[]", "[1.005, 2]", "{1.01,2.00}", NULL},
    {"varchar(3)[] does not cut", "varchar(3)[]", "[\"abcd\"]", NULL, "value too long"},
    {"a name that would be cut", "name",
     "\"123456789 123456789 123456789 123456789 123456789 123456789 1234\"", NULL, "does not fit"},
    {"enum[]", "mood[]", "[\"sad\", \"happy\"]", "{sad,happy}", NULL},
    {"bytea as hexadecimal digits", "bytea", "\"\\\\x00ff\"", "\\x00ff", NULL},
    {"other text in bytea", "bytea", "\"abc\"", NULL, "write it as \\x and hexadecimal digits"},
    {"an odd digit in bytea", "bytea", "\"\\\\x0\"", NULL, "does not fit"},
    {"a domain", "percent", "50", "50", NULL},
    {"beyond a domain", "percent", "101", NULL, "violates check constraint"},
    {"a domain with a length does not cut", "short", "\"abcd\"", NULL, "value too long"},
    {"point, which has no equality", "point", "\"(1,2)\"", "(1,2)", NULL},
    {"int2vector, which is no array to write", "int2vector", "\"1 2 3\"", "1 2 3", NULL},
    {"inet", "inet", "\"10.0.0.1\"", "10.0.0.1/32", NULL},
    {"a long misfit is cut at a character", "integer",
     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xA4\xC3\xA4\"", NULL,
     "aaa...\" does not fit"},
};

static void value(void **state)
{
    const struct value_row *row = *state;
    const char *props = ds_arena_printf(scratch, "{\"a\": %s}", row->value);
    ds_write *w;

    begin("CREATE TYPE mood AS ENUM ('sad', 'happy');"
          "CREATE DOMAIN percent AS integer CHECK (value BETWEEN 0 AND 100);"
          "CREATE DOMAIN short AS varchar(3); SET timezone = 'UTC'");
    sql(ds_arena_printf(scratch, "CREATE TABLE t (id text PRIMARY KEY, a %s)", row->type));
    must_open(NULL);
    w = create("k", props);
    if (row->held) {
        assert_held(w, row->held);
        assert_outcome(create("other", "{}"), CREATED); /* it blocks nobody */
        finish(NULL);
        assert_string_equal(query("SELECT id FROM t"), "other");
    } else {
        if (w->outcome == DS_OUT_HELD)
            fail_msg("%s", w->reason);
        assert_outcome(w, CREATED);
        finish(NULL);
        assert_string_equal(query("SELECT a::text FROM t"), row->is);
        assert_outcome(update("k", props), UNCHANGED); /* it reads as it was written */
        assert_outcome(create("k", props), UNCHANGED);
        if (strcmp(row->value, "null") != 0)
            assert_outcome(update("k", "{\"a\": null}"), UPDATED);
    }
    end();
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const struct key_row {
    const char *name, *type, *key, *held;
} key_rows[] = {
    {"text", "text", "a b'\";--\xC3\xA4", NULL},
    {"digits in text", "varchar(9)", "007", NULL},
    {"more than varchar(9) takes", "varchar(9)", "0123456789", "value too long"},
    {"blanks beyond varchar(3)", "varchar(3)", "abc ", "\"abc \" does not fit"},
    {"char(4)", "char(4)", "ab", NULL},
    {"a blank at the end of char(4)", "char(4)", "ab ", "does not fit"},
    {"digits in integer", "integer", "7", NULL},
    {"a negative number in integer", "integer", "-7", NULL},
    {"the smallest integer", "integer", "-2147483648", NULL},
    {"007 in integer would be 7", "integer", "007", "\"007\" does not fit"},
    {"-0 in integer would be 0", "integer", "-0", "\"-0\" does not fit"},
    {"1.0 in integer would be 1", "integer", "1.0", "\"1.0\" does not fit"},
    {"text in integer", "integer", "abc", "\"abc\" does not fit"},
    {"beyond 32 bits in integer", "integer", "2147483648", "does not fit"},
    {"beyond 16 bits in smallint", "smallint", "-32769", "does not fit"},
    {"beyond 32 bits in bigint", "bigint", "2147483648", NULL},
    {"beyond 64 bits in bigint", "bigint", "18446744073709551616", "does not fit"},
    {"beyond 64 bits in numeric", "numeric(30)", "18446744073709551616", NULL},
    {"5.0 in numeric would be 5", "numeric", "5.0", "does not fit"},
    {"uuid", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL},
    {"uuid of another spelling", "uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "does not fit"},
    {"name", "name", "abc", NULL},
    {"a name that would be cut", "name",
     "123456789 123456789 123456789 123456789 123456789 123456789 1234", "does not fit"},
    {"date", "date", "2026-01-31", NULL},
    {"a day that is none", "date", "2026-02-30", "does not fit"},
    {"date of another spelling", "date", "2026-1-31", "does not fit"},
};

static void key(void **state)
{
    const struct key_row *row = *state;
    const char *none = row->key;
    ds_write *w;

    begin(ds_arena_printf(scratch, "CREATE TABLE t (id %s PRIMARY KEY, a text)", row->type));
    must_open(NULL);
    w = create(row->key, "{\"a\": 1}");
    if (row->held) {
        assert_held(w, row->held);
        assert_held(update(row->key, "{}"), row->held);
        assert_null(seam_find(&to.base, row->key));
        assert_true(ds_pg_remove(&to.base, seam_activity(), &none, &none, 1, &seam_err));
    } else {
        assert_outcome(w, CREATED);
        assert_outcome(create(row->key, "{\"a\": 1}"), UNCHANGED);
        finish(NULL);
        assert_string_equal(query("SELECT trim(id::text) FROM t"), row->key);
        assert_string_equal(seam_text(seam_find(&to.base, row->key), "a"), "1");
        assert_true(ds_pg_remove(&to.base, seam_activity(), &none, &none, 1, &seam_err));
        finish(NULL);
        assert_string_equal(query("SELECT count(*) FROM t"), "0");
    }
    end();
}

/* ---- what is read ---------------------------------------------------------------------------- */

static const struct read_row {
    const char *name, *type, *sql; /* what somebody wrote */
    const char *is;                /* in the notation of values.h */
} read_rows[] = {
    {"boolean", "boolean", "true", "true"},
    {"bigint", "bigint", "9007199254740993", "9007199254740993"},
    {"numeric keeps its digits", "numeric", "1.10", "1.10"},
    {"numeric that is whole", "numeric", "5", "5"},
    {"numeric that is none", "numeric", "'NaN'", "\"NaN\""},
    {"double precision", "float8", "0.1", "0.1"},
    {"a large double", "float8", "1e30", "1e+30"},
    {"an infinite double", "float8", "'-Infinity'", "\"-Infinity\""},
    {"date", "date", "'2026-01-31'", "date:2026-01-31"},
    {"an infinite date", "date", "'infinity'", "\"infinity\""},
    {"a date before Christ", "date", "'0044-03-15 BC'", "\"0044-03-15 BC\""},
    {"a date beyond 9999", "date", "'12026-01-31'", "\"12026-01-31\""},
    {"timestamptz", "timestamptz", "'2026-01-31 09:30:00.25+02'",
     "datetime:2026-01-31T07:30:00.25Z"},
    {"timestamp", "timestamp", "'2026-01-31 09:30:00'", "datetime:2026-01-31T09:30:00Z"},
    {"a timestamp before Christ", "timestamp", "'0044-03-15 12:00:00 BC'",
     "\"0044-03-15 12:00:00 BC\""},
    {"an infinite timestamptz", "timestamptz", "'-infinity'", "\"-infinity\""},
    {"jsonb", "jsonb", "'{\"a\": [1.10, null]}'", "{\"a\":[1.10,null]}"},
    {"jsonb that is a number", "jsonb", "'1.10'", "1.10"},
    {"jsonb that is null", "jsonb", "'null'", "null"},
    {"text[]", "text[]", "ARRAY['a', 'b, \"c\"', '', 'NULL', E'\\\\']",
     "[\"a\",\"b, \\\"c\\\"\",\"\",\"NULL\",\"\\\\\"]"},
    {"text[] with a null", "text[]", "ARRAY['a', NULL]", "[\"a\",null]"},
    {"an empty array", "text[]", "'{}'", "[]"},
    {"integer[]", "integer[]", "'{1,2}'", "[1,2]"},
    {"integer[][]", "integer[]", "'{{1,2},{3,4}}'", "[[1,2],[3,4]]"},
    {"an array that does not begin at 1", "integer[]", "'[0:1]={1,2}'", "\"[0:1]={1,2}\""},
    {"jsonb[] with SQL's null", "jsonb[]", "ARRAY['1', NULL]::jsonb[]", "[1,null]"},
    {"jsonb[] with its own null", "jsonb[]", "ARRAY['1', 'null']::jsonb[]", "\"{1,\\\"null\\\"}\""},
    {"boolean[]", "boolean[]", "'{t,f}'", "[true,false]"},
    {"numeric[]", "numeric[]", "'{1.10,NaN}'", "[1.10,\"NaN\"]"},
    {"box[], parted by semicolons", "box[]", "'{(1,2),(0,0);(3,4),(1,1)}'",
     "[\"(1,2),(0,0)\",\"(3,4),(1,1)\"]"},
    {"bytea", "bytea", "'\\x00ff'", "\"\\\\x00ff\""},
    {"uuid", "uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
     "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""},
    {"oidvector", "oidvector", "'1 2'", "\"1 2\""},
    {"interval", "interval", "'90 min'", "\"01:30:00\""},
    {"null", "integer", "NULL", "null"},
};

static void read_back(void **state)
{
    const struct read_row *row = *state;
    const ds_value *found;

    begin(ds_arena_printf(
        scratch, "CREATE TABLE t (id text PRIMARY KEY, a %s); INSERT INTO t VALUES ('k', %s)",
        row->type, row->sql));
    must_open(NULL);
    found = ds_record_get(seam_find(&to.base, "k"), "a");
    assert_non_null(found);
    assert_string_equal(show_value(scratch, *found), row->is);
    end();
}

int main(void)
{
    add_test(settings_of_the_server_do_not_matter);
    add_table(value_rows, value);
    add_table(key_rows, key);
    add_table(read_rows, read_back);
    return run_tests("postgresql values");
}
