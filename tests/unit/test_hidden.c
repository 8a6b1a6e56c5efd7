/* tests/unit/test_hidden.c - hidden memory: blocks of every size come empty, and large ones again.
 */
#include "support/run.h"

#include <string.h>

enum { LARGE = 100 * 1024, BLOCKS = 20 }; /* more than are kept */

static void is_empty(const unsigned char *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(data[i], 0);
}

static void blocks_come_empty_and_keep_their_size(void **state)
{
    static const size_t sizes[] = {1, 40, 64, 1000, 32000, 70000, LARGE, 2 * LARGE};

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < DS_COUNT(sizes); i++) {
            unsigned char *data = ds_hidden_alloc(sizes[i]);

            assert_int_equal(ds_hidden_size(data), sizes[i]);
            is_empty(data, sizes[i]);
            memset(data, 0xaa, sizes[i]);
            ds_hidden_free(data);
        }
    }
    ds_hidden_free(NULL);
    assert_int_equal(ds_hidden_size(NULL), 0);
}

static void more_large_ones_than_are_kept(void **state)
{
    unsigned char *blocks[BLOCKS];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i] = ds_hidden_alloc(LARGE + i % 2); /* of two sizes */
            is_empty(blocks[i], LARGE);
            memset(blocks[i], 0xaa, LARGE);
        }
        for (size_t i = 0; i < BLOCKS; i++)
            ds_hidden_free(blocks[i]);
    }
}

int main(void)
{
    add_test(blocks_come_empty_and_keep_their_size);
    add_test(more_large_ones_than_are_kept);
    return run_tests("hidden");
}
