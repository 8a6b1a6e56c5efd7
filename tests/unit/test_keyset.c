/* tests/unit/test_keyset.c - the hash table of keys, beside a plain list. */
#include "support/run.h"
#include "sync/internal.h"

static size_t count(const keyset *set, uint64_t hash, uint32_t index, size_t *others)
{
    size_t at = 0, found = 0;
    uint32_t got;

    *others = 0;
    while ((got = keyset_next(set, hash, &at)) != UINT32_MAX) {
        found += got == index;
        *others += got != index;
    }
    return found;
}

static void an_empty_set_has_nothing(void **state)
{
    keyset set = {0};
    size_t at = 0;

    (void)state;
    assert_int_equal(keyset_next(&set, 0, &at), UINT32_MAX);
    assert_int_equal(keyset_next(&set, UINT64_MAX, &at), UINT32_MAX);
    keyset_clear(&set);
    keyset_fini(&set);
}

static const struct row {
    const char *name;
    uint64_t step; /* hash of the i-th key: i * step + start */
    uint64_t start;
} rows[] = {
    {"hashes in a row", 1, 0},
    {"hashes that all begin in one slot", UINT64_C(1) << 32, 7},
    {"hashes that begin in the last slot", UINT64_C(1) << 40, UINT64_MAX >> 1},
    {"hashes all over", UINT64_C(0x9E3779B97F4A7C15), 1},
};

static void all_are_found_and_no_others(void **state)
{
    enum { N = 3000 };
    const struct row *row = *state;
    keyset set = {0};
    size_t others;

    for (uint32_t i = 0; i < N; i++) {
        keyset_put(&set, i * row->step + row->start, i);
        assert_true(set.cap >= 2 * set.n);
    }
    assert_int_equal(set.n, N);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(count(&set, i * row->step + row->start, i, &others), 1);
        assert_int_equal(others, 0);
    }
    for (uint32_t i = N; i < 2 * N; i++) {
        assert_int_equal(count(&set, i * row->step + row->start, i, &others), 0);
        assert_int_equal(others, 0);
    }
    keyset_fini(&set);
}

static void keys_of_one_hash_are_all_found_oldest_first(void **state)
{
    keyset set = {0};
    size_t at = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++)
        keyset_put(&set, 42 + i % 2 * 256, i); /* two hashes that begin in one slot */
    for (uint32_t i = 0; i < 1000; i += 2)
        assert_int_equal(keyset_next(&set, 42, &at), i);
    assert_int_equal(keyset_next(&set, 42, &at), UINT32_MAX);
    keyset_fini(&set);
}

static const char *const keys[] = {"a", "b", "c", "d"};

static const char *key_at(const void *of, uint32_t index)
{
    return ((const char *const *)of)[index];
}

/* Two keys of one hash are two keys. */
static void a_key_is_found_among_others_of_its_hash(void **state)
{
    keyset set = {0};

    (void)state;
    assert_int_equal(keyset_find(&set, 42, "a", key_at, keys), UINT32_MAX);
    for (uint32_t i = 0; i < 3; i++)
        keyset_put(&set, 42, i);
    keyset_put(&set, 43, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(keyset_find(&set, 42, keys[i], key_at, keys), i);
    assert_int_equal(keyset_find(&set, 42, "d", key_at, keys), UINT32_MAX);
    assert_int_equal(keyset_find(&set, 43, "d", key_at, keys), 3);
    keyset_fini(&set);
}

static void a_cleared_set_is_empty_and_keeps_its_size(void **state)
{
    keyset set = {0};
    size_t cap, others;

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 500; i++)
            keyset_put(&set, i, i + (uint32_t)round);
        for (uint32_t i = 0; i < 500; i++) {
            assert_int_equal(count(&set, i, i + (uint32_t)round, &others), 1);
            assert_int_equal(others, 0);
        }
        cap = set.cap;
        keyset_clear(&set);
        assert_int_equal(set.n, 0);
        assert_int_equal(set.cap, cap);
        for (uint32_t i = 0; i < 500; i++)
            assert_int_equal(count(&set, i, i, &others), 0);
    }
    keyset_fini(&set);
    assert_int_equal(set.cap, 0);
}

int main(void)
{
    add_test(an_empty_set_has_nothing);
    add_table(rows, all_are_found_and_no_others);
    add_test(keys_of_one_hash_are_all_found_oldest_first);
    add_test(a_key_is_found_among_others_of_its_hash);
    add_test(a_cleared_set_is_empty_and_keeps_its_size);
    return run_tests("keyset");
}
