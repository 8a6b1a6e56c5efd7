/* tests/unit/test_arena.c - the arena, and the heap that aborts when memory is gone. */
#include "support/leave.h"
#include "support/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

static void fill(void *block, size_t n, size_t seed)
{
    memset(block, (int)(seed % 251 + 1), n);
}

static void assert_filled(const void *block, size_t n, size_t seed)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(((const unsigned char *)block)[i], seed % 251 + 1);
}

static void blocks_are_aligned_and_apart(void **state)
{
    enum { N = 3000 };
    static char *blocks[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        blocks[i] = ds_arena_alloc(scratch, i % 257);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        fill(blocks[i], i % 257, i);
    }
    for (size_t i = 0; i < N; i++)
        assert_filled(blocks[i], i % 257, i);
}

static void cleared_memory_is_clear_after_a_reset_too(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        unsigned char *block = ds_arena_zalloc(scratch, 1000);

        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(block[i], 0);
        memset(block, 0xFF, 1000);
        ds_arena_reset(scratch);
    }
}

static void an_allocation_larger_than_a_block_fits(void **state)
{
    char *large = ds_arena_alloc(scratch, 3 * DS_MIB), *small = ds_arena_alloc(scratch, 10);

    (void)state;
    fill(large, 3 * DS_MIB, 1);
    fill(small, 10, 2);
    assert_filled(large, 3 * DS_MIB, 1);
    assert_true(ds_arena_size(scratch) >= 3 * DS_MIB);
}

static void what_is_used_is_counted_until_the_reset(void **state)
{
    ds_arena *a = ds_arena_new();

    (void)state;
    assert_int_equal(ds_arena_used(a), 0);
    (void)ds_arena_alloc(a, 10);
    (void)ds_arena_alloc(a, 100);
    assert_int_equal(ds_arena_used(a), 128); /* in sixteens */
    (void)ds_arena_alloc(a, DS_MIB);
    assert_in_range(ds_arena_used(a), DS_MIB + 128, ds_arena_size(a));
    ds_arena_reset(a);
    assert_int_equal(ds_arena_used(a), 0);
    ds_arena_free(a);
}

/* ---- growing --------------------------------------------------------------------------------- */

static const struct grow_row {
    const char *name;
    size_t old_n, new_n;
    bool newest; /* nothing was allocated after it */
    bool in_place;
    size_t used; /* of the system's first block of 16 KiB, before all this */
} grows[] = {
    {"the newest block grows in place", 100, 200, true, true, 0},
    {"the newest block shrinks in place", 200, 100, true, true, 0},
    {"a block with another behind it moves", 100, 200, false, false, 0},
    {"a block with another behind it moves even within its rounding", 1, 2, false, false, 0},
    {"growing past the end of the system's block moves", 100, 5 * DS_MIB, true, false, 0},
    {"growing past what is left of it moves", 100, 2000, true, false, 15 * DS_KIB},
    {"growing up to its very end stays", 100, 1016, true, true, 15 * DS_KIB - 48},
    {"growing one step past its end moves", 100, 1025, true, false, 15 * DS_KIB - 48},
    {"growing by nothing stays", 64, 64, true, true, 0},
    {"an empty block grows", 0, 50, true, true, 0},
};

static void grow(void **state)
{
    const struct grow_row *row = *state;
    char *before, *block, *grown, *after;

    if (row->used)
        ds_arena_alloc(scratch, row->used);
    before = ds_arena_alloc(scratch, 40);
    fill(before, 40, 1);
    block = ds_arena_alloc(scratch, row->old_n);
    fill(block, row->old_n, 2);
    if (!row->newest)
        fill(ds_arena_alloc(scratch, 10), 10, 3);
    grown = ds_arena_grow(scratch, block, row->old_n, row->new_n);
    assert_int_equal(grown == block, row->in_place);
    assert_filled(grown, DS_MIN(row->old_n, row->new_n), 2);
    fill(grown, row->new_n, 4);
    after = ds_arena_alloc(scratch, 40);
    fill(after, 40, 5);
    assert_filled(before, 40, 1);
    assert_filled(grown, row->new_n, 4);
}

static void growing_nothing_allocates(void **state)
{
    char *made = ds_arena_grow(scratch, NULL, 0, 100);

    (void)state;
    fill(made, 100, 1);
    assert_ptr_not_equal(made, ds_arena_alloc(scratch, 1));
    assert_filled(made, 100, 1);
}

/* Memory of another arena is not this one's to move. */
static void a_block_of_another_arena_is_copied(void **state)
{
    DS_AUTO(ds_arena) other = ds_arena_new();
    char *old = ds_arena_alloc(scratch, 100), *made;

    (void)state;
    fill(old, 100, 1);
    made = ds_arena_grow(other, old, 100, 200);
    assert_ptr_not_equal(made, old);
    assert_filled(made, 100, 1);
    assert_filled(old, 100, 1);
}

static void two_empty_blocks_do_not_grow_into_each_other(void **state)
{
    char *a = ds_arena_alloc(scratch, 0), *b = ds_arena_alloc(scratch, 0);

    (void)state;
    a = ds_arena_grow(scratch, a, 0, 32);
    fill(a, 32, 1);
    b = ds_arena_grow(scratch, b, 0, 32);
    fill(b, 32, 2);
    assert_filled(a, 32, 1);
    assert_filled(b, 32, 2);
}

/* A list that doubles beside many small texts, as a page does. */
static void a_growing_list_keeps_its_entries(void **state)
{
    size_t cap = 0, n = 0;
    const char **list = NULL;

    (void)state;
    for (; n < 20000; n++) {
        if (n == cap) {
            list = ds_arena_grow(scratch, list, cap * sizeof(*list),
                                 (cap ? cap * 2 : 8) * sizeof(*list));
            cap = cap ? cap * 2 : 8;
        }
        list[n] = ds_arena_printf(scratch, "entry %zu", n);
    }
    for (size_t i = 0; i < n; i++)
        assert_string_equal(list[i], ds_arena_printf(scratch, "entry %zu", i));
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static const struct round_row {
    const char *name;
    size_t first, then; /* bytes of the first round, and of those after it, in pieces of 500 */
    size_t most;        /* held after the second round */
} rounds[] = {
    {"small pages settle in the first block", 4000, 4000, 16 * DS_KIB},
    {"pages settle in one block", 300000, 300000, 1536 * DS_KIB},
    {"larger pages after a small one settle as well", 1000, 900000, 3 * DS_MIB},
    {"small pages after a large one keep its block", 2000000, 100, 4 * DS_MIB},
};

static void use_page(size_t bytes)
{
    for (size_t used = 0; used < bytes; used += 512)
        fill(ds_arena_alloc(scratch, 500), 500, used);
    ds_arena_reset(scratch);
}

static void pages_settle(void **state)
{
    const struct round_row *row = *state;
    size_t settled;
    void *where;

    use_page(row->first);
    use_page(row->then);
    use_page(row->then);
    where = ds_arena_alloc(scratch, 1); /* makes the block where the reset left none */
    settled = ds_arena_size(scratch);
    ds_arena_reset(scratch);
    assert_true(settled > 0 && settled <= row->most);
    for (int round = 0; round < 50; round++) {
        use_page(row->then);
        assert_int_equal(ds_arena_size(scratch), settled);
        assert_ptr_equal(ds_arena_alloc(scratch, 1), where);
        ds_arena_reset(scratch);
    }
}

static void a_reset_gives_back_what_is_beyond_four_mib(void **state)
{
    (void)state;
    ds_arena_alloc(scratch, 50 * DS_MIB);
    ds_arena_reset(scratch);
    assert_int_equal(ds_arena_size(scratch), 0);
    ds_arena_alloc(scratch, 1);
    assert_true(ds_arena_size(scratch) <= 4 * DS_MIB);
    for (int i = 0; i < 20; i++)
        ds_arena_alloc(scratch, DS_MIB);
    ds_arena_reset(scratch);
    ds_arena_alloc(scratch, 1);
    assert_true(ds_arena_size(scratch) <= 4 * DS_MIB);
}

static void an_unused_arena_holds_nothing(void **state)
{
    (void)state;
    assert_int_equal(ds_arena_size(scratch), 0);
    ds_arena_reset(scratch);
    assert_int_equal(ds_arena_size(scratch), 0);
    ds_arena_free(NULL);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void texts_are_copied(void **state)
{
    char text[] = "one two";
    char *whole = ds_arena_strdup(scratch, text), *part = ds_arena_strndup(scratch, text, 3);
    char *heap = ds_strdup(text);

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    assert_string_equal(whole, "one two");
    assert_string_equal(part, "one");
    assert_string_equal(heap, "one two");
    assert_null(ds_arena_strdup(scratch, NULL));
    assert_string_equal(ds_arena_strndup(scratch, "", 0), "");
    free(heap);
}

static void printf_takes_any_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < 100000; n = n * 3 + 1) {
        const char *text = ds_arena_printf(scratch, "<%*s>", (int)n, "");

        assert_int_equal(strlen(text), n + 2);
        assert_int_equal(text[n + 1], '>');
    }
    assert_string_equal(ds_arena_printf(scratch, "%s", ""), "");
}

/* A letter that the locale cannot write; what came before it is not the text either. */
static void printf_that_fails_is_an_empty_text(void **state)
{
    (void)state;
    assert_string_equal(ds_arena_printf(scratch, "abc%lc", (wint_t)0x20AC), "");
    assert_string_equal(ds_arena_printf(scratch, "%s", "abc"), "abc");
}

static void heap_memory_of_no_bytes_can_be_released(void **state)
{
    void *none = ds_calloc(0, 8), *also = ds_calloc(8, 0), *again = ds_realloc(NULL, 0, 8);

    (void)state;
    assert_non_null(none);
    assert_non_null(also);
    assert_non_null(again);
    free(none);
    free(also);
    free(again);
}

static void reallocated_memory_keeps_its_bytes(void **state)
{
    char *block = ds_calloc(10, 1);

    (void)state;
    fill(block, 10, 1);
    block = ds_realloc(block, 1000, 10);
    assert_filled(block, 10, 1);
    free(block);
}

/* ---- no memory ------------------------------------------------------------------------------- */

static void arena_of_everything(void)
{
    ds_arena_alloc(ds_arena_new(), SIZE_MAX);
}

static void arena_of_nearly_everything(void)
{
    ds_arena_alloc(ds_arena_new(), SIZE_MAX - 15);
}

static void product_that_wraps(void)
{
    free(ds_realloc(NULL, SIZE_MAX / 2, 4));
}

static const struct death_row {
    const char *name;
    void (*die)(void);
} deaths[] = {
    {"an allocation whose rounding wraps aborts", arena_of_everything},
    {"an allocation whose head wraps aborts", arena_of_nearly_everything},
    {"a product that wraps aborts", product_that_wraps},
};

static void keep_counts(int signal_)
{
    (void)signal_;
    KEEP_COUNTS(); /* and abort goes on */
}

static void aborts_with_a_word(void **state)
{
    const struct death_row *row = *state;
    char word[512] = "";
    int ends[2], status;
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        signal(SIGABRT, keep_counts);
        dup2(ends[1], STDERR_FILENO);
        row->die();
        leave(0);
    }
    close(ends[1]);
    n = read(ends[0], word, sizeof(word) - 1);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(n > 0 && strstr(word, "out of memory"));
}

int main(void)
{
    add_test(blocks_are_aligned_and_apart);
    add_test(cleared_memory_is_clear_after_a_reset_too);
    add_test(an_allocation_larger_than_a_block_fits);
    add_test(what_is_used_is_counted_until_the_reset);
    add_table(grows, grow);
    add_test(growing_nothing_allocates);
    add_test(a_block_of_another_arena_is_copied);
    add_test(two_empty_blocks_do_not_grow_into_each_other);
    add_test(a_growing_list_keeps_its_entries);
    add_table(rounds, pages_settle);
    add_test(a_reset_gives_back_what_is_beyond_four_mib);
    add_test(an_unused_arena_holds_nothing);
    add_test(texts_are_copied);
    add_test(printf_takes_any_length);
    add_test(printf_that_fails_is_an_empty_text);
    add_test(heap_memory_of_no_bytes_can_be_released);
    add_test(reallocated_memory_keeps_its_bytes);
    add_table(deaths, aborts_with_a_word);
    return run_tests("arena");
}
