/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When heads are signed, and what becomes of keys over restarts and crashes. A life is a ledger in
 * memory that outlives it, and a directory.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "coordinator/report/head_signer.h"
#include "tests/unit/stores.h"
#include "tests/unit/unit.h"

#define EVERY_MS 60000

struct life {
    struct store *store;
    char dir[STORES_PATH_MAX];
    struct ledger *ledger;
    struct head_signer *signer;
    struct record *record; /* the open one */
    uint64_t now_ms;
};

static void open_life(struct life *life)
{
    struct ledger_head head;
    struct problem problem;
    assert_int_equal(ledger_open(&life->ledger, store_mem_ref(life->store), &problem), ERR_OK);
    ledger_head(life->ledger, 0, &head);
    assert_int_equal(
        head_signer_open(&life->signer, life->ledger, life->dir, EVERY_MS, life->now_ms, &problem),
        ERR_OK);
    life->record = record_new(0, 1, head.recno + 1);
    head_signer_begin(life->signer, life->record);
}

/* What is in the open record is lost. */
static void crash(struct life *life)
{
    record_free(life->record);
    head_signer_free(life->signer);
    ledger_close(life->ledger);
}

static void hand_over(struct life *life)
{
    struct problem problem;
    head_signer_look(life->signer, life->record);
    assert_int_equal(ledger_write(life->ledger, life->record, &problem), ERR_OK);
    uint64_t recno = life->record->recno;
    record_free(life->record);
    life->record = record_new(0, 1, recno + 1);
}

static int setup(void **state)
{
    struct life *life = calloc(1, sizeof(*life));
    assert_true(sodium_init() >= 0);
    log_init(LOG_ERROR, 2);
    life->store = store_mem_new();
    life->now_ms = 1795000000000;
    scratch_dir_make(life->dir);
    open_life(life);
    hand_over(life);
    *state = life;
    return 0;
}

static int teardown(void **state)
{
    struct life *life = *state;
    crash(life);
    life->store->ops->close(life->store);
    scratch_dir_remove(life->dir);
    free(life);
    return 0;
}

static void do_something(struct life *life)
{
    record_put(life->record, slice_str("\0\0\5x"), slice_str("y"));
    hand_over(life);
}

static void end_campaign(struct life *life, uint64_t id)
{
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN_END, id);
    record_put(life->record, buf_view(&key), slice_str("end"));
    buf_release(&key);
    hand_over(life);
}

static bool run(struct life *life, uint64_t ms)
{
    uint64_t before = head_signer_newest(life->signer);
    life->now_ms += ms;
    (void)head_signer_run(life->signer, life->now_ms, life->record);
    return head_signer_newest(life->signer) != before;
}

static bool take_head(void *arg, struct slice id, struct slice value)
{
    (void)id;
    assert_int_equal(signed_head_decode(value, arg), ERR_OK);
    return true;
}

/* The newest that is durable. */
static struct signed_head newest_head(const struct life *life)
{
    struct signed_head head = {0};
    assert_int_equal(ledger_each_entry(life->ledger, CATALOGUE_HEAD, take_head, &head), ERR_OK);
    return head;
}

/* ---- when ---- */

static void the_end_of_a_campaign_is_signed_when_it_is_durable(void **state)
{
    struct life *life = *state;
    assert_false(run(life, 2000));
    end_campaign(life, 7);
    assert_true(run(life, 0));
    hand_over(life);
    struct signed_head head = newest_head(life);
    struct ledger_head chain;
    ledger_head(life->ledger, 0, &chain);
    assert_int_equal(head.campaign, 7);
    assert_int_equal(head.recno, chain.recno - 1);
    assert_true(signed_head_is_good(&head));
    assert_false(run(life, 5000)); /* the head's own record is no reason */
}

static void many_ends_share_a_head_a_second(void **state)
{
    struct life *life = *state;
    end_campaign(life, 7);
    assert_true(run(life, 0)); /* the first ever does not wait */
    hand_over(life);
    end_campaign(life, 8);
    end_campaign(life, 9);
    assert_false(run(life, 999));
    assert_true(run(life, 1));
    hand_over(life);
    assert_int_equal(newest_head(life).campaign, 0);
}

static void records_are_signed_every_so_often(void **state)
{
    struct life *life = *state;
    do_something(life);
    assert_false(run(life, EVERY_MS - 1));
    assert_true(run(life, 1));
    hand_over(life);
    assert_false(run(life, EVERY_MS)); /* nothing new */
    do_something(life);
    assert_true(run(life, 0));
}

static void whoever_wants_one_gets_one(void **state)
{
    struct life *life = *state;
    do_something(life);
    struct ledger_head chain;
    ledger_head(life->ledger, 0, &chain);
    head_signer_want(life->signer, chain.recno);
    assert_true(run(life, 0));
    assert_int_equal(head_signer_newest(life->signer), chain.recno);
    assert_int_equal(head_signer_put_in(life->signer), chain.recno + 1);
    head_signer_want(life->signer, chain.recno);
    assert_false(run(life, 5000)); /* there it is */
}

static void the_stop_signs_what_is_left(void **state)
{
    struct life *life = *state;
    do_something(life);
    head_signer_stop(life->signer, life->now_ms, life->record);
    hand_over(life);
    struct ledger_head chain;
    ledger_head(life->ledger, 0, &chain);
    assert_int_equal(newest_head(life).recno, chain.recno - 1);
}

/* ---- keys ---- */

static void public_key(const struct life *life, uint8_t key[SIGNING_PUBLIC_BYTES])
{
    memcpy(key, head_signer_key(life->signer)->public_key, SIGNING_PUBLIC_BYTES);
}

static void path_of(const struct life *life, const char *name, char path[STORES_PATH_MAX + 32])
{
    (void)snprintf(path, STORES_PATH_MAX + 32, "%s/%s", life->dir, name);
}

static void the_key_stays_and_only_its_owner_reads_it(void **state)
{
    struct life *life = *state;
    uint8_t before[SIGNING_PUBLIC_BYTES];
    char path[STORES_PATH_MAX + 32];
    struct stat stat_of;
    public_key(life, before);
    path_of(life, "evidence.key", path);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    crash(life);
    open_life(life);
    assert_memory_equal(head_signer_key(life->signer)->public_key, before, sizeof(before));
    assert_int_equal(head_signer_statement(life->signer)->number, 1);
}

static void rotate(struct life *life)
{
    struct problem problem;
    assert_int_equal(head_signer_rotate(life->signer, life->now_ms, life->record, &problem),
                     ERR_OK);
}

static void the_key_before_vouches_for_the_next(void **state)
{
    struct life *life = *state;
    struct problem problem;
    uint8_t first[SIGNING_PUBLIC_BYTES];
    uint8_t second[SIGNING_PUBLIC_BYTES];
    public_key(life, first);
    rotate(life);
    assert_int_equal(head_signer_rotate(life->signer, life->now_ms, life->record, &problem),
                     ERR_CONFLICT);
    hand_over(life);
    head_signer_rotated(life->signer);
    public_key(life, second);
    const struct key_statement *statement = head_signer_statement(life->signer);
    assert_memory_equal(statement->before, first, sizeof(first));
    assert_true(key_statement_is_good(statement) && key_statement_is_vouched(statement));
    crash(life);
    open_life(life);
    assert_memory_equal(head_signer_key(life->signer)->public_key, second, sizeof(second));
}

/* Before the statement is durable the old key counts, after it the new one. */
static void a_crash_leaves_the_key_that_the_ledger_names(void **state)
{
    struct life *life = *state;
    uint8_t key[SIGNING_PUBLIC_BYTES];
    public_key(life, key);
    rotate(life);
    crash(life);
    open_life(life);
    assert_memory_equal(head_signer_key(life->signer)->public_key, key, sizeof(key));
    rotate(life);
    hand_over(life);
    public_key(life, key);
    crash(life);
    open_life(life);
    assert_memory_equal(head_signer_key(life->signer)->public_key, key, sizeof(key));
    assert_int_equal(head_signer_statement(life->signer)->number, 2);
}

static void a_lost_key_vouches_for_nothing(void **state)
{
    struct life *life = *state;
    uint8_t lost[SIGNING_PUBLIC_BYTES];
    char path[STORES_PATH_MAX + 32];
    public_key(life, lost);
    crash(life);
    path_of(life, "evidence.key", path);
    assert_int_equal(unlink(path), 0);
    open_life(life);
    const struct key_statement *statement = head_signer_statement(life->signer);
    assert_int_equal(statement->number, 2);
    assert_memory_equal(statement->before, lost, sizeof(lost));
    assert_true(key_statement_is_good(statement));
    assert_false(key_statement_is_vouched(statement));
}

static void a_file_that_holds_no_key_is_named(void **state)
{
    struct life *life = *state;
    struct head_signer *signer;
    struct problem problem;
    char path[STORES_PATH_MAX + 32];
    path_of(life, "evidence.key", path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs("nonsense\n", file) > 0);
    (void)fclose(file);
    assert_int_equal(head_signer_open(&signer, life->ledger, life->dir, 0, 1, &problem),
                     ERR_INVALID);
    assert_null(signer);
    assert_non_null(strstr(problem.text, "evidence.key"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_end_of_a_campaign_is_signed_when_it_is_durable),
        TEST(many_ends_share_a_head_a_second),
        TEST(records_are_signed_every_so_often),
        TEST(whoever_wants_one_gets_one),
        TEST(the_stop_signs_what_is_left),
        TEST(the_key_stays_and_only_its_owner_reads_it),
        TEST(the_key_before_vouches_for_the_next),
        TEST(a_crash_leaves_the_key_that_the_ledger_names),
        TEST(a_lost_key_vouches_for_nothing),
        TEST(a_file_that_holds_no_key_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
