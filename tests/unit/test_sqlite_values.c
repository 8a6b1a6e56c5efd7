/* tests/unit/test_sqlite_values.c
 *
 * What a column of each declared type makes of each value, and of each key: kept, or held with a
 * reason, never changed in silence.
 */
#include "sqlite_fixture.h"

/* ---- values ---------------------------------------------------------------------------------- */

static const struct value_row {
    const char *name, *type, *value; /* declared, in the notation of values.h */
    const char *is;                  /* typeof|quote */
    const char *held;
} value_rows[] = {
    {"text without a type", "", "\"abc\"", "text|'abc'", NULL},
    {"text that spells a number, without a type", "", "\"1.10\"", "text|'1.10'", NULL},
    {"an integer without a type", "", "5", "integer|5", NULL},
    {"2^53+1 without a type", "", "9007199254740993", "integer|9007199254740993", NULL},
    {"1.10 without a type is a number", "", "1.10", "real|1.1", NULL},
    {"beyond 64 bits without a type", "", "18446744073709551617", "text|'18446744073709551617'",
     NULL},
    {"more digits than a double has, without a type", "", "3.14159265358979323846",
     "text|'3.14159265358979323846'", NULL},
    {"beyond any double, without a type", "", "1e999", "text|'1e999'", NULL},
    {"a boolean without a type", "", "true", "integer|1", NULL},
    {"a list without a type", "", "[\"a\", \"b\"]", "text|'[\"a\",\"b\"]'", NULL},
    {"an object without a type", "", "{\"a\": [1.10]}", "text|'{\"a\":[1.10]}'", NULL},
    {"null", "", "null", "null|NULL", NULL},
    {"an integer in TEXT", "TEXT", "5", "text|'5'", NULL},
    {"1.10 in TEXT keeps its spelling", "TEXT", "1.10", "text|'1.10'", NULL},
    {"beyond 64 bits in TEXT", "VARCHAR(9)", "18446744073709551617", "text|'18446744073709551617'",
     NULL},
    {"a date in TEXT", "TEXT", "\"date:2026-01-31\"", "text|'2026-01-31'", NULL},
    {"text in INTEGER", "INTEGER", "\"abc\"", NULL,
     "column \"a\" is INTEGER: \"abc\" does not fit"},
    {"empty text in INTEGER", "INTEGER", "\"\"", NULL, "\"\" does not fit"},
    {"an integer's text in INTEGER", "INTEGER", "\"42\"", "integer|42", NULL},
    {"007 in INTEGER", "INTEGER", "\"007\"", NULL, "\"007\" does not fit"},
    {"1.5 in INTEGER", "INTEGER", "1.5", NULL, "\"1.5\" does not fit"},
    {"nearly 3 in INTEGER", "INTEGER", "3.00000000000000000001", NULL, "does not fit"},
    {"5.0 in INTEGER", "INTEGER", "5.0", "integer|5", NULL},
    {"1e3 in INTEGER", "INTEGER", "1e3", "integer|1000", NULL},
    {"2^53+1 in BIGINT", "BIGINT", "9007199254740993", "integer|9007199254740993", NULL},
    {"beyond 64 bits in INTEGER", "INTEGER", "18446744073709551617", NULL, "would lose digits"},
    {"1e30 in INTEGER", "INTEGER", "1e30", NULL, "\"1e30\" does not fit"},
    {"a datetime in INTEGER", "INTEGER", "\"datetime:2026-01-31T09:30:00Z\"", NULL, "does not fit"},
    {"a list in INTEGER", "INTEGER", "[\"a\"]", NULL, "does not fit"},
    {"a boolean in INTEGER", "INTEGER", "false", "integer|0", NULL},
    {"an integer in REAL", "REAL", "5", "real|5.0", NULL},
    {"2^53+1 in REAL", "REAL", "9007199254740993", NULL, "9007199254740993 would lose digits"},
    {"2^63-1 in REAL", "DOUBLE", "9223372036854775807", NULL, "would lose digits"},
    {"-2^63 in REAL", "REAL", "-9223372036854775808", "real|-9.2233720368547758078e+18", NULL},
    {"1.10 in REAL", "REAL", "1.10", "real|1.1", NULL},
    {"digits behind the point are rounded in REAL", "REAL", "3.14159265358979323846",
     "real|3.14159265358979311599e+00", NULL},
    {"1e999 in REAL", "REAL", "1e999", NULL, "\"1e999\" does not fit"},
    {"text in REAL", "FLOAT", "\"1,5\"", NULL, "\"1,5\" does not fit"},
    {"1.10 in DECIMAL", "DECIMAL(10,2)", "1.10", "real|1.1", NULL},
    {"a number's text in NUMERIC", "NUMERIC", "\"1.10\"", "real|1.1", NULL},
    {"+1 in NUMERIC", "NUMERIC", "\"+1\"", NULL, "\"+1\" does not fit"},
    {"beyond 64 bits in NUMERIC", "NUMERIC", "18446744073709551617", NULL, "would lose digits"},
    {"text in BOOLEAN", "BOOLEAN", "\"maybe\"", NULL, "does not fit"},
    {"a boolean in BOOLEAN", "BOOLEAN", "true", "integer|1", NULL},
    {"a date in DATE", "DATE", "\"date:2026-01-31\"", "text|'2026-01-31'", NULL},
    {"a datetime in DATETIME", "DATETIME", "\"datetime:2026-01-31T09:30:00Z\"",
     "text|'2026-01-31T09:30:00Z'", NULL},
    {"words in DATETIME", "DATETIME", "\"next week\"", "text|'next week'", NULL},
    {"seconds in TIMESTAMP", "TIMESTAMP", "1767225600", "integer|1767225600", NULL},
    {"text in STRING, a number to SQLite", "STRING", "\"abc\"", "text|'abc'", NULL},
    {"01234 in STRING", "STRING", "\"01234\"", NULL, "keeps as a number: \"01234\" would change"},
    {"1.10 as text in STRING", "STRING", "\"1.10\"", NULL, "declare it TEXT"},
    {"1e5 as text in UUID", "UUID", "\"1e5\"", NULL, "would change"},
    {"007 in ANY, a number to SQLite but where the table is STRICT", "ANY", "\"007\"", NULL,
     "keeps as a number: \"007\" would change"},
    {"beyond 64 bits in ANY", "ANY", "18446744073709551617", NULL, "would lose digits"},
    {"text in ANY", "any", "\"abc\"", "text|'abc'", NULL},
    {"an object in JSON", "JSON", "{\"a\": 1}", "text|'{\"a\":1}'", NULL},
    {"text in BLOB", "BLOB", "\"abc\"", "text|'abc'", NULL},
    {"a long misfit is cut at a character", "INTEGER",
     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xA4\xC3\xA4\"", NULL,
     "aaa...\" does not fit"},
};

static void value(void **state)
{
    const struct value_row *row = *state;
    const char *props = ds_arena_printf(scratch, "{\"a\": %s}", row->value);
    ds_write *w;

    begin(ds_arena_printf(scratch, "CREATE TABLE t (id TEXT PRIMARY KEY, a %s)", row->type));
    must_open(NULL);
    w = create("k", props);
    if (row->held) {
        assert_held(w, row->held);
        assert_outcome(create("other", "{}"), CREATED); /* it blocks nobody */
        finish(NULL);
        assert_string_equal(query("SELECT id FROM t"), "other");
    } else {
        assert_outcome(w, CREATED);
        finish(NULL);
        assert_string_equal(query("SELECT typeof(a), quote(a) FROM t"), row->is);
        assert_outcome(update("k", props), UNCHANGED); /* it reads as it was written */
        assert_outcome(create("k", props), UNCHANGED);
    }
    end();
}

/* Only there does ANY mean what it says. */
static void any_of_a_strict_table(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id ANY PRIMARY KEY, a ANY) STRICT");
    must_open(NULL);
    assert_outcome(create("007", "{\"a\": \"1e3\"}"), CREATED);
    assert_outcome(create("7", "{\"a\": 18446744073709551617}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT typeof(id), id, typeof(a), a FROM t ORDER BY id"),
                        "text|007|text|1e3 text|7|text|18446744073709551617");
    end();
}

static const struct key_row {
    const char *name, *type, *key, *is, *held;
} key_rows[] = {
    {"text", "TEXT", "a b'\";--\xC3\xA4", "text|'a b''\";--\xC3\xA4'", NULL},
    {"digits in TEXT", "TEXT", "007", "text|'007'", NULL},
    {"digits in INTEGER", "INTEGER", "7", "integer|7", NULL},
    {"a negative number in INTEGER", "INTEGER", "-7", "integer|-7", NULL},
    {"007 in INTEGER would be 7", "INTEGER", "007", NULL, "\"007\" does not fit"},
    {"-0 in INTEGER would be 0", "INTEGER", "-0", NULL, "\"-0\" does not fit"},
    {"1.0 in INTEGER would be 1", "INT", "1.0", NULL, "\"1.0\" does not fit"},
    {"text in INTEGER", "INTEGER", "abc", NULL, "\"abc\" does not fit"},
    {"beyond 64 bits in INTEGER", "INTEGER", "18446744073709551616", NULL, "does not fit"},
    {"text in UUID", "UUID", "6ba7b810-9dad", "text|'6ba7b810-9dad'", NULL},
    {"1e5 in UUID would be 100000", "UUID", "1e5", NULL, "\"1e5\" does not fit"},
    {"007 in ANY would be 7", "ANY", "007", NULL, "\"007\" does not fit"},
    {"digits in ANY", "ANY", "7", "integer|7", NULL},
    {"without a type", "", "7", "text|'7'", NULL},
};

static void key(void **state)
{
    const struct key_row *row = *state;
    const char *none = row->key;
    ds_write *w;

    begin(ds_arena_printf(scratch, "CREATE TABLE t (id %s PRIMARY KEY, a)", row->type));
    must_open(NULL);
    w = create(row->key, "{\"a\": 1}");
    if (row->held) {
        assert_held(w, row->held);
        assert_held(update(row->key, "{}"), row->held);
        assert_null(seam_find(&to.base, row->key));
        assert_true(ds_sqlite_remove(&to.base, seam_activity(), &none, &none, 1, &seam_err));
    } else {
        assert_outcome(w, CREATED);
        assert_outcome(create(row->key, "{\"a\": 1}"), UNCHANGED);
        finish(NULL);
        assert_string_equal(query("SELECT typeof(id), quote(id) FROM t"), row->is);
        assert_string_equal(seam_text(seam_find(&to.base, row->key), "a"), "1");
    }
    end();
}

int main(void)
{
    add_table(value_rows, value);
    add_test(any_of_a_strict_table);
    add_table(key_rows, key);
    return run_tests("sqlite values");
}
