/* tests/unit/test_store_ledger.c
 *
 * Links as a pass reads and commits them: walked, matched, changed.
 */
#include "store/links.h"
#include "store_fixture.h"

#include <stdlib.h>

static void a_new_unit_knows_nothing(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_ledger_begin begin = begin_of(&f, l);
    const ds_link *links;

    (void)state;
    assert_int_equal(begin.links, 0);
    assert_int_equal(begin.next_seq, 1);
    assert_true(begin.first);
    assert_null(begin.generation);
    assert_null(begin.identity);
    assert_null(begin.key_signature);
    assert_int_equal(begin.encoder, 0);
    assert_false(begin.resumed);
    assert_null(begin.checkpoint.cursor);
    assert_int_equal(begin.intents_n, 0);
    assert_int_equal(begin.held, 0);
    assert_int_equal(walk_all(&f, l, &links), 0);
    assert_null(match_one(&f, l, "k").link);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void links_are_walked_in_the_order_of_their_numbers(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "zebra", 11), LINK(2, "ant", 22), LINK(3, "mole", 33)};
    const ds_link *links;
    size_t n;

    (void)state;
    puts[1].link.id = "row-2";
    puts[1].link.flags = DS_LINK_CREATED | DS_LINK_MARKED;
    puts[2].link.id = "mole"; /* the key itself */
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    assert_int_equal(walk_all(&f, l, &links), 3);
    assert_string_equal(links[0].key, "zebra");
    assert_int_equal(links[0].seq, 1);
    assert_null(links[0].id);
    assert_true(links[0].valid);
    assert_int_equal(links[0].hash.low, 11);
    assert_int_equal(links[0].hash.high, 9);
    assert_string_equal(links[1].id, "row-2");
    assert_int_equal(links[1].flags, DS_LINK_CREATED | DS_LINK_MARKED);
    assert_null(links[2].id);
    must(&f, l->ops->walk(l, 1, 1, scratch, &links, &n, &f.err));
    assert_int_equal(n, 1);
    assert_string_equal(links[0].key, "ant");
    must(&f, l->ops->walk(l, 3, 1, scratch, &links, &n, &f.err));
    assert_int_equal(n, 0);
    assert_int_equal(begin_of(&f, l).links, 3);
    assert_int_equal(begin_of(&f, l).next_seq, 4);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void units_walk_their_own_links_only(void **state)
{
    fixture f = fixture_new();
    ds_ledger *a = pass_of(&f, "r", "a"), *b = pass_of(&f, "r", "b");
    ds_link_put of_a[] = {LINK(1, "a1", 1), LINK(2, "a2", 1)}, of_b[] = {LINK(1, "b1", 1)};
    const ds_link *links;

    (void)state;
    must(&f, commit_to(&f, b, (ds_commit){PUTS(of_b)}));
    must(&f, commit_to(&f, a, (ds_commit){PUTS(of_a)}));
    assert_int_equal(walk_all(&f, a, &links), 2);
    assert_int_equal(walk_all(&f, b, &links), 1);
    assert_string_equal(links[0].key, "b1");
    ds_ledger_close(a);
    ds_ledger_close(b);
    fixture_end(&f);
}

static void keys_are_matched_in_any_order(void **state)
{
    static const char *const asked[] = {"k7", "nobody", "k3", "k3", "", "k9"};
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "k9", 9), LINK(2, "k3", 3), LINK(3, "k7", 7)};
    ds_link_match out[6];

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    must(&f, l->ops->match(l, asked, 6, scratch, out, &f.err));
    assert_int_equal(out[0].link->hash.low, 7);
    assert_int_equal(out[0].link->seq, 3);
    assert_null(out[1].link);
    assert_null(out[1].claimed_by);
    assert_string_equal(out[2].link->key, "k3");
    assert_int_equal(out[3].link->seq, 2);
    assert_null(out[4].link);
    assert_int_equal(out[5].link->hash.low, 9);
    must(&f, l->ops->match(l, NULL, 0, scratch, NULL, &f.err));
    ds_ledger_close(l);
    fixture_end(&f);
}

static void many_keys_that_begin_alike_keep_their_answers(void **state)
{
    enum { N = 5000 };
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put *puts = ds_arena_zalloc(scratch, N * sizeof *puts);
    const char **keys = ds_arena_alloc(scratch, N * sizeof *keys);
    ds_link_match *out = ds_arena_alloc(scratch, N * sizeof *out);

    (void)state;
    for (size_t i = 0; i < N; i++) {
        size_t mixed = i * 2741 % N; /* coprime with N: each once, in no order */

        keys[i] = ds_arena_printf(scratch, "https://example.org/items/%zu/%zu", mixed / 100, mixed);
        puts[i] = (ds_link_put){.link = {.seq = (int64_t)i + 1, .key = keys[i], .hash = {i, i}},
                                .is_new = true};
    }
    must(&f, commit_to(&f, l, (ds_commit){.puts = puts, .puts_n = N}));
    must(&f, l->ops->match(l, keys, N, scratch, out, &f.err));
    for (size_t i = 0; i < N; i++) {
        assert_non_null(out[i].link);
        assert_int_equal(out[i].link->hash.low, i);
        assert_string_equal(out[i].link->key, keys[i]);
    }
    ds_ledger_close(l);
    fixture_end(&f);
}

/* ---- changing -------------------------------------------------------------------------------- */

static void a_link_is_updated_in_its_place(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 2)};
    ds_link_put again[] = {{.link = {.seq = 2, .key = "b", .hash = {4, 4}}},
                           {.link = {.seq = 2, .key = "b", .id = "x", .hash = {5, 6}}}};
    const ds_link *links;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    must(&f, commit_to(&f, l, (ds_commit){PUTS(again)}));
    assert_int_equal(walk_all(&f, l, &links), 2);
    assert_int_equal(links[1].hash.low, 5); /* the later one */
    assert_int_equal(links[1].hash.high, 6);
    assert_string_equal(links[1].id, "x");
    assert_int_equal(match_one(&f, l, "b").link->hash.low, 5);
    assert_string_equal(match_one(&f, l, "b").link->id, "x");
    assert_int_equal(begin_of(&f, l).links, 2);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_link_that_is_removed_is_gone_from_both_tables(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 2)};
    const ds_link gone[] = {{.seq = 2, .key = "b"}, {.seq = 1, .key = "not-a"}};
    const ds_link *links;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    must(&f, commit_to(&f, l, (ds_commit){.removes = gone, .removes_n = 2}));
    assert_int_equal(walk_all(&f, l, &links), 1);
    assert_string_equal(links[0].key, "a");
    assert_null(match_one(&f, l, "b").link);
    assert_non_null(match_one(&f, l, "a").link);
    assert_int_equal(begin_of(&f, l).links, 1);
    assert_int_equal(begin_of(&f, l).next_seq, 3); /* numbers are not used twice */
    ds_ledger_close(l);
    fixture_end(&f);
}

static void an_update_of_a_removed_link_puts_it_back(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put put[] = {{.link = {.seq = 4, .key = "a", .hash = {1, 1}}}};

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(put)}));
    assert_int_equal(match_one(&f, l, "a").link->seq, 4);
    assert_int_equal(begin_of(&f, l).links, 1);
    assert_int_equal(begin_of(&f, l).next_seq, 5);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_key_with_a_new_number_leaves_the_old_one(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put first[] = {LINK(1, "a", 1)}, second[] = {LINK(7, "a", 2)};
    const ds_link *links;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(first)}));
    must(&f, commit_to(&f, l, (ds_commit){PUTS(second)}));
    assert_int_equal(walk_all(&f, l, &links), 1);
    assert_int_equal(links[0].seq, 7);
    assert_int_equal(match_one(&f, l, "a").link->hash.low, 2);
    assert_int_equal(begin_of(&f, l).links, 1);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_commit_with_a_key_twice_is_refused_whole(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 1), LINK(3, "a", 1)};
    ds_link_put twice[] = {LINK(1, "a", 1), LINK(1, "a", 1)};
    const ds_link *links;

    (void)state;
    assert_false(commit_to(&f, l, (ds_commit){PUTS(puts)}));
    assert_int_equal(f.err.kind, DS_ERR_PERMANENT);
    assert_false(commit_to(&f, l, (ds_commit){PUTS(twice)}));
    assert_int_equal(walk_all(&f, l, &links), 0);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_key_of_another_unit_is_claimed(void **state)
{
    fixture f = fixture_new();
    ds_ledger *a = pass_of(&f, "r", "a.jsonl"), *b = pass_of(&f, "r", "b.jsonl");
    ds_ledger *other_route = pass_of(&f, "q", "a.jsonl");
    ds_link_put of_a[] = {LINK(1, "k", 1)}, of_b[] = {LINK(1, "k", 2), LINK(2, "m", 2)};

    (void)state;
    must(&f, commit_to(&f, a, (ds_commit){PUTS(of_a)}));
    assert_string_equal(match_one(&f, b, "k").claimed_by, "a.jsonl");
    assert_null(match_one(&f, b, "k").link);
    assert_null(match_one(&f, other_route, "k").claimed_by);
    assert_null(match_one(&f, a, "k").claimed_by);

    must(&f, commit_to(&f, b, (ds_commit){PUTS(of_b)}));
    assert_true(of_b[0].conflict);
    assert_false(of_b[1].conflict);
    assert_int_equal(begin_of(&f, b).links, 1);
    assert_null(match_one(&f, b, "k").link);
    assert_non_null(match_one(&f, b, "m").link);
    /* b may have written the row: a's next pass is to look at it */
    assert_false(match_one(&f, a, "k").link->valid);
    assert_int_equal(match_one(&f, a, "k").link->hash.low, 0);
    ds_ledger_close(a);
    ds_ledger_close(b);
    ds_ledger_close(other_route);
    fixture_end(&f);
}

static void void_hashes_make_every_link_invalid_until_it_is_put(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 2)};
    ds_link_put again[] = {{.link = {.seq = 2, .key = "b", .hash = {2, 9}}}};
    const ds_link *links;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    must(&f, commit_to(&f, l, (ds_commit){.void_hashes = true, .generation = "g2"}));
    assert_int_equal(walk_all(&f, l, &links), 2);
    assert_false(links[0].valid);
    assert_false(links[1].valid);
    assert_int_equal(links[0].hash.low, 1); /* kept: what was written is still known */
    assert_false(match_one(&f, l, "a").link->valid);
    must(&f, commit_to(&f, l, (ds_commit){PUTS(again)}));
    walk_all(&f, l, &links);
    assert_false(links[0].valid);
    assert_true(links[1].valid);
    assert_true(match_one(&f, l, "b").link->valid);
    assert_string_equal(begin_of(&f, l).generation, "g2");
    ds_ledger_close(l);
    fixture_end(&f);
}

static void drop_links_forgets_what_the_old_keys_meant(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "a"), *b = pass_of(&f, "r", "b");
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 2)}, of_b[] = {LINK(1, "z", 1)};
    const ds_held held[] = {{.key = "c", .reason = "r"}, {.key = "line:1", .placed = true}};
    const ds_intent intents[] = {{.key = "d", .issued_ms = 5}};
    const ds_link *links;

    (void)state;
    must(&f, commit_to(&f, b, (ds_commit){PUTS(of_b)}));
    must(&f, commit_to(&f, l,
                       (ds_commit){PUTS(puts), .held = held, .held_n = 2, .intents = intents,
                                   .intents_n = 1}));
    must(&f, commit_to(&f, l, (ds_commit){.replace_held = true}));
    assert_false(begin_of(&f, l).first);
    must(&f, commit_to(&f, l, (ds_commit){.drop_links = true, .key_signature = "new"}));
    assert_true(begin_of(&f, l).first);
    assert_int_equal(walk_all(&f, l, &links), 0);
    assert_null(match_one(&f, l, "a").link);
    assert_int_equal(begin_of(&f, l).links, 0);
    assert_int_equal(begin_of(&f, l).held, 1); /* the place stays */
    assert_int_equal(begin_of(&f, l).intents_n, 0);
    assert_string_equal(begin_of(&f, l).key_signature, "new");
    assert_int_equal(walk_all(&f, b, &links), 1);
    ds_ledger_close(l);
    ds_ledger_close(b);
    fixture_end(&f);
}

/* ---- the plan of the walk -------------------------------------------------------------------- */

#ifdef STORE_ON_POSTGRESQL
#define EXPLAIN "EXPLAIN "
#define EXPLAINED 0
#define INDEX_USED "Index Scan using link_pkey on link"
#else
#define EXPLAIN "EXPLAIN QUERY PLAN "
#define EXPLAINED 3
#define INDEX_USED "SEARCH link USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
#endif

static bool read_plan(ds_tx *tx, void *arg, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, EXPLAIN DS_SQL_WALK, err);
    ds_buf *text = arg;
    bool row = true;

    for (int i = 1; st && i <= 4; i++)
        ds_bind_int(st, i, 1000 * i);
    while (st && row) {
        if (!ds_db_next(tx->db, st, &row, err))
            return false;
        if (row)
            ds_buf_printf(text, "%s\n", ds_col_text(st, EXPLAINED, scratch));
    }
    return st != NULL;
}

static void the_walk_is_one_sequential_read(void **state)
{
    fixture f = fixture_new();
    DS_AUTO_BUF(plan, DS_MIB);

    (void)state;
    must(&f, do_tx(&f, read_plan, &plan));
    assert_non_null(strstr(plan.data, INDEX_USED));
    assert_null(strstr(plan.data, "TEMP B-TREE"));
    assert_null(strstr(plan.data, "SCAN"));
    assert_null(strstr(plan.data, "Sort"));
    fixture_end(&f);
}

static const char *kept(fixture *f, ds_ledger *l, const char *key)
{
    const char *value;

    must(f, l->ops->recall(l, false, key, scratch, &value, &f->err));
    return value;
}

/* As long, and no server packs it. */
static const char *long_key(size_t n)
{
    char *key = ds_arena_zalloc(scratch, n + 1);
    uint64_t dice = 1;

    for (size_t i = 0; i < n; i++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        key[i] = (char)('0' + (dice >> 33) % 64);
    }
    return key;
}

/* What a server's tables do not take costs a request, not the pass. */
static void what_cannot_be_kept_is_not(void **state)
{
    const ds_memo text = {.key = "etag", .value = "\"x\""};
    const ds_memo others[] = {{.key = "etag", .value = "\"\xFF\""},
                              {.key = long_key(2000), .value = "kept"},
                              {.key = long_key(4000), .value = "too long"}};
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){.memos = &text, .memos_n = 1}));
    assert_string_equal(kept(&f, l, "etag"), text.value);
    must(&f, commit_to(&f, l, (ds_commit){.memos = others, .memos_n = DS_COUNT(others)}));
    assert_null(kept(&f, l, "etag"));
    assert_string_equal(kept(&f, l, others[1].key), "kept");
    assert_null(kept(&f, l, others[2].key));
    ds_ledger_close(l);
    fixture_end(&f);
}

int main(void)
{
    add_test(a_new_unit_knows_nothing);
    add_test(links_are_walked_in_the_order_of_their_numbers);
    add_test(units_walk_their_own_links_only);
    add_test(keys_are_matched_in_any_order);
    add_test(many_keys_that_begin_alike_keep_their_answers);
    add_test(a_link_is_updated_in_its_place);
    add_test(a_link_that_is_removed_is_gone_from_both_tables);
    add_test(an_update_of_a_removed_link_puts_it_back);
    add_test(a_key_with_a_new_number_leaves_the_old_one);
    add_test(a_commit_with_a_key_twice_is_refused_whole);
    add_test(a_key_of_another_unit_is_claimed);
    add_test(void_hashes_make_every_link_invalid_until_it_is_put);
    add_test(drop_links_forgets_what_the_old_keys_meant);
    add_test(what_cannot_be_kept_is_not);
    add_test(the_walk_is_one_sequential_read);
    return run_tests("store ledger");
}
