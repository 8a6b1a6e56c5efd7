/* tests/unit/test_queue.c - messages between threads. */
#include "base/queue.h"
#include "base/clock.h"
#include "support/run.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct letter {
    ds_message message;
    char name;
} letter;

static int64_t mono_ms(void)
{
    ds_clock *clock = ds_clock_system();

    return clock->mono_us(clock) / 1000;
}

static const struct row {
    const char *name;
    int lanes;
    const char *steps; /* "0a": put a into lane 0; "?": take one; "!": close */
    const char *taken; /* '-': nothing there */
} rows[] = {
    {"first in, first out", 1, "0a0b0c???", "abc"},
    {"an empty queue gives nothing", 1, "?0a??", "-a-"},
    {"the first lane goes first", 2, "1a0b1c0d????", "bdac"},
    {"the first lane overtakes between takes", 2, "1a1b?0c??", "acb"},
    {"four lanes in their order", 4, "3d2c1b0a????", "abcd"},
    {"a lane beyond the last is the last", 2, "9a1b??", "ab"},
    {"no lanes are one", 0, "0a1b??", "ab"},
    {"more than four lanes are four", 9, "8d3e0a???", "ade"},
    {"an emptied lane fills again", 1, "0a?0b??", "ab-"},
    {"a closed queue is emptied first", 1, "0a!??", "a-"},
    {"what is put after the close is taken", 1, "!?0a??", "-a-"},
    {"closing twice is fine", 1, "!!0a?", "a"},
};

static void put(ds_queue *q, letter *l, const char *step)
{
    l->name = step[1];
    ds_queue_put(q, step[0] - '0', &l->message);
}

static void steps(void **state)
{
    const struct row *row = *state;
    ds_queue *q = ds_queue_new(row->lanes);
    letter letters[16];
    char taken[16] = "";
    size_t letters_n = 0, taken_n = 0;

    for (const char *step = row->steps; *step; step++) {
        if (*step == '?') {
            letter *l = (letter *)ds_queue_take(q, 0);

            taken[taken_n++] = l ? l->name : '-';
        } else if (*step == '!') {
            ds_queue_close(q);
        } else {
            put(q, &letters[letters_n++], step++);
        }
    }
    ds_queue_free(q);
    assert_string_equal(taken, row->taken);
}

static void a_time_that_is_over_gives_nothing(void **state)
{
    DS_AUTO(ds_queue) q = ds_queue_new(1);
    letter l = {.name = 'a'};

    (void)state;
    assert_null(ds_queue_take(q, 1));
    assert_null(ds_queue_take(q, mono_ms() - 1));
    assert_null(ds_queue_take(q, mono_ms() + 1));
    ds_queue_put(q, 0, &l.message);
    assert_ptr_equal(ds_queue_take(q, 1), &l.message); /* what is there is taken all the same */
    ds_queue_free(NULL);
}

/* ---- threads --------------------------------------------------------------------------------- */

#define WRITERS 4
#define EACH 5000

typedef struct numbered {
    ds_message message;
    int writer, number;
} numbered;

typedef struct writer {
    ds_queue *q;
    numbered *letters;
    int id;
} writer;

static void *write_all(void *arg)
{
    writer *w = arg;

    for (int i = 0; i < EACH; i++) {
        w->letters[i] = (numbered){.writer = w->id, .number = i};
        ds_queue_put(w->q, i % 2, &w->letters[i].message);
    }
    return NULL;
}

/* All arrive, those of one writer and lane in their order; a taker that waits for ever is woken. */
static void many_writers_one_reader(void **state)
{
    DS_AUTO(ds_queue) q = ds_queue_new(2);
    pthread_t threads[WRITERS];
    writer writers[WRITERS];
    int last[WRITERS][2];

    (void)state;
    memset(last, -1, sizeof(last));
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (writer){q, ds_arena_alloc(scratch, EACH * sizeof(numbered)), i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_all, &writers[i]), 0);
    }
    for (int n = 0; n < WRITERS * EACH; n++) {
        numbered *l = (numbered *)ds_queue_take(q, n % 2 ? -1 : mono_ms() + 600000);

        assert_non_null(l);
        assert_true(l->number > last[l->writer][l->number % 2]);
        last[l->writer][l->number % 2] = l->number;
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_null(ds_queue_take(q, 0));
    for (int i = 0; i < WRITERS; i++)
        assert_true(last[i][0] == EACH - 2 && last[i][1] == EACH - 1);
}

typedef struct taker {
    ds_queue *q;
    atomic_int *here;
} taker;

static void *take_one(void *arg)
{
    taker *t = arg;

    ++*t->here;
    return ds_queue_take(t->q, -1);
}

/* They are likely, not sure, to wait already when the queue is closed: hence the rounds. */
static void a_close_wakes_all_takers(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        DS_AUTO(ds_queue) q = ds_queue_new(1);
        atomic_int here = 0;
        taker like = {q, &here};
        pthread_t threads[3];

        for (int i = 0; i < 3; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, take_one, &like), 0);
        while (here < 3)
            sched_yield();
        for (int i = 0; i < round * 20; i++)
            sched_yield();
        ds_queue_close(q);
        for (int i = 0; i < 3; i++) {
            void *got = q;

            pthread_join(threads[i], &got);
            assert_null(got);
        }
    }
}

int main(void)
{
    add_table(rows, steps);
    add_test(a_time_that_is_over_gives_nothing);
    add_test(many_writers_one_reader);
    add_test(a_close_wakes_all_takers);
    return run_tests("queue");
}
