/* tests/unit/test_jq.c
 *
 * Expressions over records through the real worker: what comes out, what is held and why, and that
 * nothing an expression can do costs more than the record it was at.
 */
#include "support/transforms.h"

#include <assert.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static ds_jq jq;

static const struct row {
    const char *name;
    const char *program, *record, *out;
} rows[] = {
    /* ---- what people write --------------------------------------------------------------------
     */
    {"identity", ".", "{\"a\":1,\"b\":\"x\"}", "a=1 b=\"x\""},
    {"a text changed", ".properties.a |= ascii_downcase", "{\"a\":\"X\",\"b\":2}", "a=\"x\" b=2"},
    {"a property made", ".properties.c = .properties.a + .properties.b", "{\"a\":1,\"b\":2.5}",
     "a=1 b=2.5 c=3.5"},
    {"a property taken away", "del(.properties.a)", "{\"a\":1,\"b\":2}", "b=2"},
    {"a property cleared", ".properties.a = null", "{\"a\":1}", "a=null"},
    {"a record made anew", "{properties: {z: .properties.a}}", "{\"a\":true}", "z=true"},
    {"the key can be read", ".properties.a = .primary_key", "{}", "a=\"k1\""},
    {"nested values are values", ".properties.a = .properties.o.p[1]", "{\"o\":{\"p\":[1,\"y\"]}}",
     "o={\"p\":[1,\"y\"]} a=\"y\""},
    {"a list of texts is a list", ".properties.a = [\"x\", \"y\"]", "{}", "a=[\"x\",\"y\"]"},
    {"an empty list is a list", ".properties.a = []", "{}", "a=[]"},
    {"other lists are JSON", ".properties.a = [1, \"y\", null, false]", "{}",
     "a=\"[1,\\\"y\\\",null,false]\""},
    {"objects are JSON", ".properties.a = {b: {c: 0.5}, d: true}", "{}",
     "a=\"{\\\"b\\\":{\\\"c\\\":0.5},\\\"d\\\":true}\""},
    {"regular expressions", ".properties.a |= gsub(\"[0-9]+\"; \"#\")", "{\"a\":\"a1b22\"}",
     "a=\"a#b#\""},
    {"times", ".properties.a |= (strptime(\"%Y-%m-%d\") | mktime | todate)",
     "{\"a\":\"2026-01-31\"}", "a=\"2026-01-31T00:00:00Z\""},
    {"a thing that is no text", ".properties.a |= ascii_downcase", "{\"a\":5}",
     "held: explode input must be a string"},

    /* ---- dropped ------------------------------------------------------------------------------
     */
    {"nothing comes out", "empty", "{\"a\":1}", "dropped"},
    {"null comes out", "null", "{\"a\":1}", "dropped"},
    {"not selected", "select(.properties.a > 1)", "{\"a\":1}", "dropped"},
    {"selected", "select(.properties.a > 0)", "{\"a\":1}", "a=1"},

    /* ---- no records ---------------------------------------------------------------------------
     */
    {"two values", "., .", "{}", "held: more than one value comes out"},
    {"a value, then an error", "., error(\"late\")", "{}", "held: late"},
    {"endless values", "repeat(.)", "{}", "held: more than one value comes out"},
    {"a number", "5", "{}", "held: what comes out is no record but a number"},
    {"a list", "[.]", "{}", "held: what comes out is no record but an array"},
    {"false", "false", "{}", "held: what comes out is no record but a boolean"},
    {"no properties", "{a: 1}", "{}",
     "held: what comes out has other members than primary_key, properties and body: what is to be "
     "written belongs into properties"},
    {"nothing of a record", "{}", "{}",
     "held: what comes out has no properties that are an object"},
    {"properties that are a list", ".properties = []", "{}",
     "held: what comes out has no properties that are an object"},
    {"a body that is no text", ".body = 5", "{}",
     "held: what comes out has a body that is not text"},
    {"another key", ".primary_key |= \"x\" + .", "{}",
     "held: what comes out has another primary_key: it names the row for ever, so it cannot be "
     "changed here"},
    {"no key is the same key", "del(.primary_key)", "{\"a\":1}", "a=1"},
    {"a null key is another one", ".primary_key = null", "{}",
     "held: what comes out has another primary_key: it names the row for ever, so it cannot be "
     "changed here"},
    {"an error", "error(\"no good\")", "{}", "held: no good"},
    {"an error with lines", "error(\"one\\ntwo\\u0007\")", "{}", "held: one two "},
    {"an error that is an object", "error({code: 5})", "{}", "held: {\"code\":5}"},
    {"wrong types", ".properties.a + 1", "{\"a\":\"x\"}",
     "held: string (\"x\") and number (1) cannot be added"},

    /* ---- numbers ------------------------------------------------------------------------------
     */
    {"an untouched number keeps its text", ".properties.b = 1", "{\"a\":1.10}", "a=1.10 b=1"},
    {"an untouched large integer", ".properties.b = 1", "{\"a\":9007199254740993}",
     "a=9007199254740993 b=1"},
    {"beyond 64 bits", ".properties.b = 1", "{\"a\":123456789012345678901234567890}",
     "a=123456789012345678901234567890 b=1"},
    {"a large integer is text to the expression", ".properties.b = (.properties.a | type)",
     "{\"a\":9007199254740993}", "a=9007199254740993 b=\"string\""},
    {"a large integer moves as text", ".properties.b = .properties.a", "{\"a\":-9007199254740993}",
     "a=-9007199254740993 b=\"-9007199254740993\""},
    {"the largest that is a number", ".properties.b = .properties.a - 1",
     "{\"a\":9007199254740991}", "a=9007199254740991 b=9007199254740990"},
    {"the first that is text", ".properties.b = (.properties.a | type)", "{\"a\":9007199254740992}",
     "a=9007199254740992 b=\"string\""},
    {"deep in a nested value", ".properties.o.b = 1", "{\"o\":{\"a\":9007199254740993,\"c\":1.10}}",
     "o=\"{\\\"a\\\":\\\"9007199254740993\\\",\\\"c\\\":1.1,\\\"b\\\":1}\""},
    {"an untouched nested value", ".properties.b = 1",
     "{\"o\":{\"a\":9007199254740993,\"c\":1.10}}", "o={\"a\":9007199254740993,\"c\":1.10} b=1"},
    {"17 digits are a number", ".properties.b = .properties.a", "{\"a\":0.10000000000000001}",
     "a=0.10000000000000001 b=0.1"},
    {"more digits are text", ".properties.b = .properties.a", "{\"a\":0.1234567890123456789}",
     "a=0.1234567890123456789 b=\"0.1234567890123456789\""},
    {"tiny numbers are text", ".properties.b = .properties.a", "{\"a\":1e-400}",
     "a=1e-400 b=\"1e-400\""},
    {"zero in many ways", ".properties.b = .properties.a + 1", "{\"a\":0.000e5}", "a=0.000e5 b=1"},
    {"computed beyond 2^53", ".properties.b = .properties.a * 2", "{\"a\":9007199254740991}",
     "held: property \"b\" is a number beyond 2^53, which jq cannot compute exactly: make it text"},
    {"written beyond 2^53", ".properties.a = 9007199254740993", "{}",
     "held: property \"a\" is a number beyond 2^53, which jq cannot compute exactly: make it text"},
    {"made a number by hand", ".properties.a |= tonumber", "{\"a\":9007199254740993}",
     "held: property \"a\" is a number beyond 2^53, which jq cannot compute exactly: make it text"},
    {"infinite", ".properties.a = infinite", "{}", "held: property \"a\" is infinite"},
    {"not a number", ".properties.a = nan", "{}", "held: property \"a\" is no number (nan)"},
    {"infinite, deep inside", ".properties.a = {b: [-infinite]}", "{}",
     "held: property \"a\" is infinite"},
    {"a whole number is an integer", ".properties.a /= 2", "{\"a\":10}", "a=5"},
    {"a date that is not touched", ".properties.b = .properties.a", "{\"a\":\"date:2026-01-31\"}",
     "a=date:2026-01-31 b=\"2026-01-31\""},

    /* ---- text ---------------------------------------------------------------------------------
     */
    {"NUL", ".properties.a = \"x\\u0000y\"", "{}", "a=\"x\xef\xbf\xbdy\""},
    {"NUL in a name", ".properties[\"x\\u0000\"] = 1", "{}", "x\xef\xbf\xbd=1"},
    {"NUL in JSON", ".properties.a = [1, \"\\u0000\"]", "{}", "a=\"[1,\\\"\xef\xbf\xbd\\\"]\""},
    {"a lone surrogate", ".properties.a = ([55296, 120] | implode)", "{}", "a=\"\xef\xbf\xbdx\""},
    {"bytes that are no UTF-8", ".properties.a = (\"/w==\" | @base64d)", "{}",
     "a=\"\xef\xbf\xbd\""},
    {"beyond the first plane", ".properties.b = (.properties.a | length)",
     "{\"a\":\"\xf0\x9f\x8c\xb1\"}", "a=\"\xf0\x9f\x8c\xb1\" b=1"},
    {"an empty name", ".properties[\"\"] = 1", "{}", "=1"},

    /* ---- what else an expression may try -------------------------------------------------------
     */
    {"the environment is empty", ".properties.a = (env | length) | .properties.b = ($ENV | length)",
     "{}", "a=0 b=0"},
    {"a variable of the daemon", ".properties.a = env.PATH", "{}", "a=null"},
    {"input", ".properties.a = input", "{}",
     "held: input and inputs have nothing to read here: the record is `.`"},
    {"inputs", ".properties.a = [inputs]", "{}",
     "held: input and inputs have nothing to read here: the record is `.`"},
    {"debug", "debug", "{\"a\":1}", "a=1"},
    {"stderr", "stderr", "{\"a\":1}", "a=1"},
    {"input_filename", ".properties.a = input_filename", "{}", "a=null"},
    {"input_line_number", ".properties.a = input_line_number", "{}",
     "held: Unknown input line number"},
    {"$__loc__", ".properties.a = $__loc__.line", "{}", "a=1"},
    {"halt", "halt", "{}",
     "held: the program halts: use `empty` to drop a record, error(\"...\") to hold it"},
    {"halt_error", "halt_error", "{}",
     "held: the program halts: use `empty` to drop a record, error(\"...\") to hold it"},
    {"getpath into a text", "getpath([\"properties\", \"a\", \"b\"])", "{\"a\":\"x\"}",
     "held: Cannot index string with string \"b\""},
    {"limit(0)", ".properties.a = ([limit(0; 1, 2)] | length < 2)", "{}", "a=true"},
    {"ltrimstr of a number", ".properties.a |= ltrimstr(1)", "{\"a\":\"x\"}", "a=\"x\""},
    {"the search list", ".properties.a = get_search_list", "{}", "a=[]"},
    {"too deep", ".properties.a = reduce range(70) as $i (1; [.])", "{}",
     "held: property \"a\" is nested more than 64 levels deep"},
    {"deep enough", ".properties.a = (reduce range(60) as $i (1; [.]) | tojson | length)", "{}",
     "a=121"},
    {"far too deep", ".properties.a = reduce range(9999) as $i (1; [.])", "{}",
     "held: property \"a\" is nested more than 64 levels deep"},
    {"too many properties",
     ".properties = ([range(10001) | {key: tostring, value: 1}] | from_entries)", "{}",
     "held: 10001 properties come out, 10000 are the most"},
};

static void expression(void **state)
{
    const struct row *row = *state;
    const ds_transform_in in = transform_input(row->record);
    ds_transform_out out;
    ds_err err = DS_ERR_INIT;

    if (!transform_all(&jq, row->program, &in, 1, &out, &err))
        fail_msg("%s", err.text);
    assert_string_equal(show_made(&out), row->out);
}

/* ---- what costs a worker --------------------------------------------------------------------- */

/* The record named "bad" meets the program; those around it come through. */
static const struct costly_row {
    const char *name;
    const char *bad;     /* what is done to the bad one */
    const char *reasons; /* separated by '|': which comes first depends on the machine */
} costly[] = {
    {"an endless loop", "def f: f; f", "took longer than 250 ms"},
    {"an endless search", "last(range(1e15))", "took longer than 250 ms"},
    {"a very long text", "\"x\" * 1e9",
     "took longer than 250 ms|needs more than 512 MiB of memory"},
    {"a very long list", "[] | .[200000000] = 1",
     "needs more than 512 MiB of memory|took longer than 250 ms"},
    {"depth that no stack can free", ".properties.b = reduce range(200000) as $i (1; [.])",
     "jq crashed on it|took longer than 250 ms|property \"b\" is nested"},
    {"a text doubled again and again", "reduce range(40) as $i (\"xxxxxxxx\"; . + .)",
     "needs more than 512 MiB of memory|took longer than 250 ms"},
    {"memory bit by bit", "[range(1e15)]",
     "took longer than 250 ms|needs more than 512 MiB of memory"},
    {"endless depth", "def f: 1 + f; f",
     "took longer than 250 ms|needs more than 512 MiB of memory|jq crashed on it"},
    {"several values in the middle of paths", "path(..)", "more than one value comes out"},
    {"endless values in the middle of paths", "path(repeat(.))",
     "more than one value comes out|took longer than 250 ms"},
    {"a halt in the middle of paths", "path(..) | halt", "the program halts"},
};

static void is_one_of(const char *made, const char *reasons)
{
    const char *reason = strncmp(made, "held: ", 6) == 0 ? made + 6 : made;

    for (const char *at = reasons; *at;) {
        size_t n = strcspn(at, "|");

        if (!strncmp(reason, at, n))
            return;
        at += n + (at[n] == '|');
    }
    fail_msg("\"%s\" is none of %s", made, reasons);
}

static void costs_one_record(void **state)
{
    const struct costly_row *row = *state;
    const char *program = ds_arena_printf(
        scratch, "if .properties.a == \"bad\" then %s else .properties.b = 1 end", row->bad);
    ds_transform_in in[5];
    ds_transform_out out[5];
    ds_err err = DS_ERR_INIT;

    for (size_t i = 0; i < DS_COUNT(in); i++)
        in[i] = transform_input(i == 1 || i == 3 ? "{\"a\":\"bad\"}" : "{\"a\":\"good\"}");
    if (!transform_all(&jq, program, in, DS_COUNT(in), out, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < DS_COUNT(in); i++) {
        if (i == 1 || i == 3)
            is_one_of(show_made(&out[i]), row->reasons);
        else
            assert_string_equal(show_made(&out[i]), "a=\"good\" b=1");
    }
}

static void a_program_that_always_fails_ends_the_pass(void **state)
{
    ds_transform_in in[40];
    ds_transform_out out[40];
    ds_err err = DS_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(in); i++)
        in[i] = transform_input("{}");
    assert_false(transform_all(&jq, "[] | .[200000000] = 1", in, DS_COUNT(in), out, &err));
    assert_int_equal(err.kind, DS_ERR_PERMANENT);
    assert_non_null(strstr(err.text, "21 records cost a worker each and 0 came through"));
}

/* Each of them leaves a worker behind that can start no program again. */
static void a_program_that_always_halts_ends_the_pass(void **state)
{
    ds_transform_in in[40];
    ds_transform_out out[40];
    ds_err err = DS_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(in); i++)
        in[i] = transform_input("{}");
    assert_false(transform_all(&jq, "halt", in, DS_COUNT(in), out, &err));
    assert_int_equal(err.kind, DS_ERR_PERMANENT);
    assert_non_null(strstr(err.text, "it halts, or makes values without end"));
}

static void many_records_come_back_in_their_order(void **state)
{
    enum { N = 5000 };
    ds_transform_in *in = ds_arena_alloc(scratch, N * sizeof(*in));
    ds_transform_out *out = ds_arena_alloc(scratch, N * sizeof(*out));
    ds_err err = DS_ERR_INIT;
    char *long_text = ds_arena_alloc(scratch, 1001);

    (void)state;
    memset(long_text, 'x', 1000);
    long_text[1000] = '\0';
    for (int i = 0; i < N; i++)
        in[i] = transform_input(ds_arena_printf(scratch, "{\"n\":%d,\"t\":\"%s\"}", i, long_text));
    assert_true(transform_all(&jq, "select(.properties.n % 7 != 0) | .properties.t = \"\"", in, N,
                              out, &err));
    for (int i = 0; i < N; i++)
        assert_string_equal(show_made(&out[i]),
                            i % 7 == 0 ? "dropped" : ds_arena_printf(scratch, "n=%d t=\"\"", i));
}

/* A text of half a record goes through; twice as much is more than a record may be. */
static void large_records(void **state)
{
    enum { N = 17 * 1024 * 1024 };
    char *text = ds_arena_alloc(scratch, N + 1);
    ds_prop prop = {"a", {0}};
    const ds_transform_in in = {.key = "k", .props = &prop, .n = 1};
    ds_transform_out out;
    ds_err err = DS_ERR_INIT;

    (void)state;
    memset(text, 'x', N);
    text[N] = '\0';
    prop.value = ds_text_n(text, N);
    assert_true(
        transform_all(&jq, ".properties.b = (.properties.a | utf8bytelength)", &in, 1, &out, &err));
    assert_int_equal(out.fate, DS_TRANSFORM_KEPT);
    assert_int_equal(out.props[1].value.as.integer, N);
    assert_true(
        transform_all(&jq, ".properties.b = .properties.a + .properties.a", &in, 1, &out, &err));
    is_one_of(show_made(&out),
              "property \"b\" makes the record larger than 32 MiB|took longer than 250 ms");
}

/* ---- the body -------------------------------------------------------------------------------- */

static void bodies_go_through(void **state)
{
    static const struct {
        const char *program, *body, *out;
    } bodies[] = {
        {".", "text", "text"},
        {".", NULL, NULL},
        {".body |= ascii_upcase", "text", "TEXT"},
        {".body = \"new\"", NULL, "new"},
        {".body = null", "text", NULL},
        {"{properties}", "text", NULL},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(bodies); i++) {
        const ds_transform_in in = {.key = "k", .body = bodies[i].body};
        ds_transform_out out;
        ds_err err = DS_ERR_INIT;

        assert_true(transform_all(&jq, bodies[i].program, &in, 1, &out, &err));
        assert_int_equal(out.fate, DS_TRANSFORM_KEPT);
        assert_true(!out.body == !bodies[i].out);
        if (out.body)
            assert_string_equal(out.body, bodies[i].out);
    }
}

/* ---- programs that do not compile ------------------------------------------------------------ */

static const struct wrong_row {
    const char *name;
    const char *program;
    const char *said; /* LINE:COL TEXT, joined by " / " */
} wrong[] = {
    {"it ends too early", ".a |", "1:4 syntax error, unexpected the end of it"},
    {"in the third line", ".a\n| .b\n| }\n",
     "3:3 syntax error, unexpected a character that belongs nowhere here"},
    {"two names that nobody knows", ".a | foo(1)\n| bar",
     "1:6 foo/1 is not defined / 2:3 bar/0 is not defined"},
    {"a variable that nobody knows", "$x", "1:1 $x is not defined"},
    {"behind other letters", "\"\xc3\xa4\xc3\xb6\" | zoo", "1:8 zoo/0 is not defined"},
    {"include", "include \"x\"; .", "0:0 module not found: x"},
    {"import", "import \"x\" as x; .", "0:0 module not found: x"},
    {"a quote that is not closed", "\"abc", "1:2 syntax error, unexpected the end of it"},
    {"nothing is wrong", ".", ""},
    {"a comment is a program", "# nothing\n", ""},
};

static void note(void *to, int line, int col, const char *text)
{
    ds_buf *said = to;

    ds_buf_printf(said, "%s%d:%d %s", said->n ? " / " : "", line, col, text);
}

static void says_where(void **state)
{
    const struct wrong_row *row = *state;
    DS_AUTO_BUF(said, DS_MIB);
    ds_err err = DS_ERR_INIT;

    ds_buf_text(&said, "");
    assert_true(jq.base.check(&jq.base, row->program, note, &said, &err));
    assert_string_equal(ds_arena_strdup(scratch, said.n ? said.data : ""), row->said);
}

static void a_program_that_does_not_compile_ends_the_pass(void **state)
{
    const ds_transform_in in = {.key = "k"};
    ds_transform_out out;
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_false(transform_all(&jq, ".\n| nobody", &in, 1, &out, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_string_equal(err.text, "transform: line 2: nobody/0 is not defined");
}

/* ---- the process ----------------------------------------------------------------------------- */

static size_t count_in(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void nothing_is_left_behind(void **state)
{
    const ds_transform_in in[2] = {transform_input("{\"a\":1}"), transform_input("{}")};
    ds_transform_out out[2];
    ds_err err = DS_ERR_INIT;
    size_t before = count_in("/proc/self/fd");

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(
            transform_all(&jq, "if .properties.a then . else def f: f; f end", in, 2, out, &err));
    assert_int_equal(count_in("/proc/self/fd"), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child, ended or not */
}

static void a_pass_that_is_stopped_does_not_wait(void **state)
{
    const ds_transform_in in = {.key = "k"};
    ds_transform *t = jq.base.open(&jq.base, "def f: f; f");
    ds_activity *act = seam_activity();
    ds_transform_out out;
    ds_err err = DS_ERR_INIT;

    (void)state;
    seam_stop = true;

    bool ok = jq.base.apply(t, act, &in, 1, scratch, &out, &err);

    jq.base.close(t);
    seam_stop = false;
    assert_false(ok);
    assert_int_equal(err.kind, DS_ERR_CANCELLED);
}

static void doctor_is_told(void **state)
{
    ds_jq_facts facts;
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(ds_jq_look(&jq, scratch, &facts, &err));
    assert_string_equal(facts.worker, jq.worker);
    assert_true(facts.privileges);
    assert_true(strlen(facts.libjq) >= 3 && facts.libjq[0] == '1');
}

static void a_worker_that_is_not_there(void **state)
{
    const ds_jq nowhere = ds_jq_with("/nonexistent/worker");
    const ds_transform_in in = {.key = "k"};
    ds_transform_out out;
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_false(transform_all(&nowhere, ".", &in, 1, &out, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(err.text, "install durable-sync whole"));
    err = DS_ERR_INIT;
    assert_false(
        transform_all(&ds_jq_installed, ".", &in, 1, &out, &err)); /* not beside this test */
    assert_non_null(strstr(err.text, "is not beside the library"));
}

int main(int argc, char **argv)
{
    static char path[PATH_MAX];

    assert(argc == 2);
    jq = ds_jq_with(realpath(argv[1], path));
    add_table(rows, expression);
    add_table(costly, costs_one_record);
    add_test(a_program_that_always_fails_ends_the_pass);
    add_test(a_program_that_always_halts_ends_the_pass);
    add_test(many_records_come_back_in_their_order);
    add_test(large_records);
    add_test(bodies_go_through);
    add_table(wrong, says_where);
    add_test(a_program_that_does_not_compile_ends_the_pass);
    add_test(nothing_is_left_behind);
    add_test(a_pass_that_is_stopped_does_not_wait);
    add_test(doctor_is_told);
    add_test(a_worker_that_is_not_there);
    return run_tests("jq");
}
