/* tests/unit/test_veil.c - what is blotted out of what a server says; memory that nobody finds. */
#include "http/internal.h"
#include "support/run.h"

#include <string.h>

static const struct row {
    const char *name;
    const char *token, *proxy;
    bool is_login;
    const char *said, *told;
} rows[] = {
    {"a token", "tok-1234", NULL, false, "no tok-1234 or tok-12345", "no ******** or ********5"},
    {"one in pieces stays", "tok-1234", NULL, false, "tok- 1234", "tok- 1234"},
    {"one too short to be one", "abc", NULL, false, "abcabc", "abcabc"},
    {"no credential", NULL, NULL, false, "tok-1234", "tok-1234"},
    {"a login's password", "ada:pa55word", NULL, true, "pa55word", "********"},
    {"a login as it travels", "ada:pa55word", NULL, true, "Basic YWRhOnBhNTV3b3Jk",
     "Basic ****************"},
    {"a proxy's login", NULL, "http://ada:pa55word@proxy:3128", false, "as ada:pa55word at proxy",
     "as ************ at proxy"},
    {"its password", NULL, "http://ada:pa55word@proxy", false, "pa55word", "********"},
    {"its login as it travels", NULL, "http://ada:pa55word@proxy", false, "YWRhOnBhNTV3b3Jk",
     "****************"},
    {"one with signs, written", NULL, "http://ada:pa%3A%2f@proxy", false, "pa%3A%2f", "********"},
    {"one with signs, meant", NULL, "http://ada:pass%3A%2f@proxy", false, "pass:/", "******"},
    {"a sign that is none", NULL, "http://ada:100%zz@proxy", false, "100%zz", "******"},
    {"a proxy without a scheme", NULL, "ada:pa55word@proxy", false, "pa55word", "********"},
    {"a proxy without a login", NULL, "http://proxy:3128", false, "proxy:3128", "proxy:3128"},
    {"token and proxy", "tok-1234", "http://a:pa55word@p", false, "tok-1234 pa55word",
     "******** ********"},
};

static ds_secret *secret_of(const char *text)
{
    return text ? ds_secret_new(text, strlen(text)) : NULL;
}

static void is_veiled(void **state)
{
    const struct row *row = *state;
    ds_secret *token = secret_of(row->token), *proxy = secret_of(row->proxy);
    veil *v = veil_new(token, row->is_login, proxy);
    ds_buf text = {.max = DS_KIB};

    ds_buf_text(&text, row->said);
    veil_over(v, &text);
    assert_string_equal(text.data, row->told);
    ds_buf_fini(&text);
    veil_free(v);
    ds_secret_free(token);
    ds_secret_free(proxy);
}

/* Whatever was in a block before. */
static void hidden_memory_is_clear_when_it_is_handed_out(void **state)
{
    static const size_t sizes[] = {0, 1, 48, 49, 1000, 32752, 32753, 200000};

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < DS_COUNT(sizes); i++) {
            unsigned char *block = ds_hidden_alloc(sizes[i]), sum = 0;

            assert_int_equal(ds_hidden_size(block), sizes[i]);
            for (size_t k = 0; k < sizes[i]; k++)
                sum |= block[k];
            assert_int_equal(sum, 0);
            memset(block, 0xA5, sizes[i]);
            ds_hidden_free(block);
        }
    }
    ds_hidden_free(NULL);
    assert_int_equal(ds_hidden_size(NULL), 0);
}

static void blocks_do_not_touch(void **state)
{
    char *blocks[300];

    (void)state;
    for (size_t i = 0; i < DS_COUNT(blocks); i++) {
        blocks[i] = ds_hidden_alloc(i * 7);
        memset(blocks[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < DS_COUNT(blocks); i++) {
        for (size_t k = 0; k < i * 7; k++)
            assert_int_equal((unsigned char)blocks[i][k], i & 255);
        ds_hidden_free(blocks[i]);
    }
}

static void an_arena_of_it(void **state)
{
    ds_arena *a = ds_arena_new_hidden();

    (void)state;
    assert_string_equal(ds_arena_printf(a, "%d", 12), "12");
    assert_non_null(ds_arena_zalloc(a, 100000));
    ds_arena_reset(a);
    assert_string_equal(ds_arena_strdup(a, "again"), "again");
    ds_arena_free(a);
}

int main(void)
{
    add_table(rows, is_veiled);
    add_test(hidden_memory_is_clear_when_it_is_handed_out);
    add_test(blocks_do_not_touch);
    add_test(an_arena_of_it);
    return run_tests("veil");
}
