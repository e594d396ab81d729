/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child writes records (and loads audiences) and tells through a pipe what the ledger reported as
 * durable; the parent kills it at a random instant, opens what is left, and compares. The same
 * directory is used from crash to crash, so logs, tables and manifests of many lives gather in it.
 */
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "coordinator/ledger/ledger.h"
#include "proto/page.h"
#include "stores.h"
#include "unit.h"

#define CRASHES       25
#define GROUP_MAX     5
#define BLOCK_MAX     3000
#define LIFE_MAX_US   60000
#define AUDIENCE_STEP 37 /* one load in so many groups */

static struct ledger *open_ledger(struct stores *stores)
{
    struct ledger *ledger;
    struct problem problem = {0};
    if (ledger_open(&ledger, stores_open(stores), &problem) != ERR_OK) {
        fprintf(stderr, "%s\n", problem.text);
        abort();
    }
    return ledger;
}

/* What stands in a block is computed from where it stands. */
static size_t block_bytes(uint64_t recno, uint32_t page)
{
    return 1 + (recno * 7919 + page * UINT64_C(104729)) % BLOCK_MAX;
}

static void block_fill(struct buf *buf, uint64_t recno, uint32_t page)
{
    buf_clear(buf);
    for (size_t i = 0; i < block_bytes(recno, page); i++) {
        buf_u8(buf, (uint8_t)(recno + page + i * i));
    }
}

static uint32_t record_pages(uint64_t recno)
{
    return 1 + (uint32_t)(recno % 6);
}

static struct record *make_record(uint64_t recno)
{
    struct record *record = record_new(0, 1, recno);
    struct buf bytes = {0};
    for (uint32_t page = 0; page < record_pages(recno); page++) {
        block_fill(&bytes, recno, page);
        record_add_block(record, recno % 3, page, buf_view(&bytes));
    }
    buf_clear(&bytes);
    ledger_catalogue_key(&bytes, CATALOGUE_COUNTERS, slice_str("recno"));
    size_t key_len = bytes.len;
    buf_u64(&bytes, recno);
    record_put(record, slice_of(bytes.data, key_len), slice_of(bytes.data + key_len, 8));
    record_add_snapshot(record, recno % 3, 0, slice_str("snapshot"));
    buf_release(&bytes);
    return record;
}

static uint64_t head_recno(struct ledger *ledger)
{
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    return head.recno;
}

/* --- the child --- */

static void child_tell(int pipe_fd, uint64_t recno)
{
    if (write(pipe_fd, &recno, sizeof(recno)) != (ssize_t)sizeof(recno)) {
        _exit(1);
    }
}

static void child_write_group(struct ledger *ledger, int pipe_fd)
{
    struct record *records[GROUP_MAX];
    uint64_t recno = head_recno(ledger);
    size_t count = 1 + (size_t)(recno % GROUP_MAX);
    for (size_t i = 0; i < count; i++) {
        records[i] = make_record(recno + 1 + i);
    }
    struct problem problem = {0};
    if (ledger_write_group(ledger, (const struct record *const *)records, count, &problem) !=
        ERR_OK) {
        fprintf(stderr, "child: %s\n", problem.text);
        _exit(1);
    }
    child_tell(pipe_fd, recno + count);
    for (size_t i = 0; i < count; i++) {
        record_free(records[i]);
    }
}

/* An audience that is loaded but announced by nobody, as when the crash comes before the record. */
static void child_load_audience(struct ledger *ledger, uint64_t audience)
{
    struct ledger_audience *load = ledger_audience_new(ledger, audience);
    struct problem problem = {0};
    enum err err = ERR_OK;
    for (uint32_t page = 0; err == ERR_OK && page < 20; page++) {
        err = ledger_audience_page(load, page, slice_str("a page"));
    }
    for (uint32_t i = 0; err == ERR_OK && i < 5000; i++) {
        err = ledger_audience_lookup(load, i, i);
    }
    if (err != ERR_OK || ledger_audience_finish(load, &problem) != ERR_OK) {
        _exit(1);
    }
}

static int child_make(struct stores *stores)
{
    ledger_close(open_ledger(stores));
    return 0;
}

/* Until it is killed. */
static void child_write(struct stores *stores, int pipe_fd)
{
    struct ledger *ledger = open_ledger(stores);
    child_tell(pipe_fd, head_recno(ledger));
    for (uint64_t n = 1;; n++) {
        child_write_group(ledger, pipe_fd);
        if (n % AUDIENCE_STEP == 0) {
            child_load_audience(ledger, n);
        }
    }
}

/* --- the parent --- */

static void fail_on_damage(void *arg, const char *what)
{
    (void)arg;
    fail_msg("%s", what);
}

static bool check_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    uint64_t *blocks = arg;
    struct buf expected = {0};
    block_fill(&expected, recno, page);
    assert_true(slice_equal(bytes, buf_view(&expected)));
    buf_release(&expected);
    (*blocks)++;
    return true;
}

/* All records up to the head are whole, and the head is not before what was reported. */
static void assert_whole(struct ledger *ledger, uint64_t reported)
{
    uint64_t recno = head_recno(ledger);
    assert_true(recno >= reported);
    struct ledger_check check;
    assert_int_equal(ledger_check(ledger, fail_on_damage, NULL, &check), ERR_OK);
    assert_int_equal(check.records, recno);
    uint64_t blocks = 0;
    uint64_t expected = 0;
    for (uint64_t campaign = 0; campaign < 3; campaign++) {
        assert_int_equal(ledger_each_block(ledger, campaign, check_block, &blocks), ERR_OK);
    }
    for (uint64_t i = 1; i <= recno; i++) {
        expected += record_pages(i);
    }
    assert_int_equal(blocks, expected);
    if (recno > 0) {
        struct store_value value;
        assert_int_equal(
            ledger_catalogue_get(ledger, CATALOGUE_COUNTERS, slice_str("recno"), &value), ERR_OK);
        struct reader reader = reader_of(value.bytes);
        assert_int_equal(reader_u64(&reader), recno);
        store_value_release(&value);
    }
}

static bool any_ordinal(void *arg, uint32_t ordinal)
{
    (void)ordinal;
    *(bool *)arg = true;
    return false;
}

static void assert_swept(struct ledger *ledger)
{
    assert_int_equal(ledger_sweep(ledger), ERR_OK);
    for (uint64_t audience = AUDIENCE_STEP; audience < UINT64_C(20) * AUDIENCE_STEP;
         audience += AUDIENCE_STEP) {
        struct store_value value;
        assert_int_equal(ledger_page(ledger, audience, 0, &value), ERR_NOT_FOUND);
        bool has_any = false;
        assert_int_equal(ledger_lookup(ledger, audience, 1, any_ordinal, &has_any), ERR_OK);
        assert_false(has_any);
    }
}

/* One life: from the start to kill -9; the newest record that was reported. */
static uint64_t live_and_die(struct stores *stores, unsigned life_us)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(fcntl(fds[0], F_SETFD, FD_CLOEXEC), 0);
    pid_t pid = stores_spawn("write", stores->dir, fds[1]);
    close(fds[1]);
    uint64_t reported = 0;
    uint64_t recno = 0;
    bool has_started = read(fds[0], &recno, sizeof(recno)) == (ssize_t)sizeof(recno);
    assert_true(has_started);
    struct timespec life = {0, (long)life_us * 1000};
    nanosleep(&life, NULL);
    kill(pid, SIGKILL);
    do {
        reported = recno;
    } while (read(fds[0], &recno, sizeof(recno)) == (ssize_t)sizeof(recno));
    close(fds[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    return reported;
}

static void nothing_reported_is_lost_by_kill_9(void **state)
{
    struct stores *stores = *state;
    for (unsigned i = 0; i < CRASHES; i++) {
        uint64_t reported = live_and_die(stores, randombytes_uniform(LIFE_MAX_US));
        struct ledger *ledger = open_ledger(stores);
        assert_swept(ledger);
        assert_whole(ledger, reported);
        ledger_close(ledger);
    }
}

/* --- while it is made --- */

#define MAKING_MAX_US 150000

static void a_store_whose_making_broke_off_is_made_again(void **state)
{
    const struct stores *outer = *state;
    for (unsigned i = 0; i < CRASHES; i++) {
        struct stores stores = {.kind = STORE_IN_ROCKS};
        snprintf(stores.dir, sizeof(stores.dir), "%.200s/%u", outer->dir, i);
        pid_t pid = stores_spawn("make", stores.dir, -1);
        struct timespec life = {0, (long)randombytes_uniform(MAKING_MAX_US) * 1000};
        nanosleep(&life, NULL);
        kill(pid, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        struct ledger *ledger = open_ledger(&stores);
        assert_int_equal(head_recno(ledger), 0);
        ledger_close(ledger);
    }
}

/* --- a torn tail: what is left of the log when the machine dies in the middle of a write --- */

#define TAIL_RECORDS 6

/* The log that was written last, by its number. */
static void newest_log(const char *dir, char path[STORES_PATH_MAX + 32])
{
    struct buf command = {0};
    buf_printf(&command, "ls -1 %s/*.log | sort | tail -1", dir);
    FILE *ls = popen(buf_cstr(&command), "r");
    assert_non_null(ls);
    assert_non_null(fgets(path, STORES_PATH_MAX + 32, ls));
    assert_int_equal(pclose(ls), 0);
    path[strcspn(path, "\n")] = '\0';
    buf_release(&command);
}

static long file_bytes(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long bytes = ftell(file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

/* Writes TAIL_RECORDS records; ends[n] is how long the log is when n of them are in it. */
static void write_tail(struct stores *stores, char log[STORES_PATH_MAX + 32],
                       long ends[TAIL_RECORDS + 1])
{
    struct ledger *ledger = open_ledger(stores);
    newest_log(stores->dir, log);
    ends[0] = file_bytes(log);
    for (unsigned i = 1; i <= TAIL_RECORDS; i++) {
        struct record *record = make_record(i);
        struct problem problem = {0};
        assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
        record_free(record);
        ends[i] = file_bytes(log);
    }
    ledger_close(ledger);
}

static void a_torn_tail_costs_what_was_not_reported(void **state)
{
    struct stores *stores = *state;
    char log[STORES_PATH_MAX + 32];
    long ends[TAIL_RECORDS + 1];
    write_tail(stores, log, ends);
    char aside[STORES_PATH_MAX + 16];
    snprintf(aside, sizeof(aside), "%s-aside", stores->dir);
    scratch_dir_copy(stores->dir, aside);
    for (unsigned round = 0; round < 30; round++) {
        unsigned kept = randombytes_uniform(TAIL_RECORDS);
        long span = ends[kept + 1] - ends[kept];
        long cut = ends[kept] + (long)randombytes_uniform((uint32_t)span);
        assert_int_equal(truncate(log, cut), 0);
        struct ledger *ledger = open_ledger(stores);
        assert_int_equal(head_recno(ledger), kept);
        assert_whole(ledger, kept);
        ledger_close(ledger);
        scratch_dir_remove(stores->dir);
        scratch_dir_copy(aside, stores->dir);
    }
    scratch_dir_remove(aside);
}

/* Zeros in place of some pages of [from, to), the first and the last of them cut off; false if of
 * none. */
static bool lose_pages(const char *log, long from, long to)
{
    static const uint8_t zeros[4096];
    int fd = open(log, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    bool has_lost = false;
    for (long at = from; at < to;) {
        long end = at - at % 4096 + 4096;
        end = end < to ? end : to;
        if (end - at >= 8 && randombytes_uniform(2) == 0) {
            assert_int_equal(pwrite(fd, zeros, (size_t)(end - at), at), end - at);
            has_lost = true;
        }
        at = end;
    }
    close(fd);
    return has_lost;
}

static void pages_that_were_never_written_cost_what_was_not_reported(void **state)
{
    struct stores *stores = *state;
    char log[STORES_PATH_MAX + 32];
    long ends[TAIL_RECORDS + 1];
    write_tail(stores, log, ends);
    char aside[STORES_PATH_MAX + 16];
    snprintf(aside, sizeof(aside), "%s-aside", stores->dir);
    scratch_dir_copy(stores->dir, aside);
    for (unsigned round = 0; round < 30; round++) {
        unsigned kept = randombytes_uniform(TAIL_RECORDS);
        assert_int_equal(truncate(log, ends[kept + 1]), 0);
        bool has_lost = lose_pages(log, ends[kept], ends[kept + 1]);
        struct ledger *ledger = open_ledger(stores);
        assert_int_equal(head_recno(ledger), has_lost ? kept : kept + 1);
        assert_whole(ledger, kept);
        ledger_close(ledger);
        scratch_dir_remove(stores->dir);
        scratch_dir_copy(aside, stores->dir);
    }
    scratch_dir_remove(aside);
}

/* The same in the middle of a log is no torn tail: what follows was synced later. */
static void a_lost_page_before_other_records_is_refused(void **state)
{
    struct stores *stores = *state;
    char log[STORES_PATH_MAX + 32];
    long ends[TAIL_RECORDS + 1];
    write_tail(stores, log, ends);
    char aside[STORES_PATH_MAX + 16];
    snprintf(aside, sizeof(aside), "%s-aside", stores->dir);
    scratch_dir_copy(stores->dir, aside);
    for (unsigned round = 0; round < 30; round++) {
        unsigned lost = randombytes_uniform(TAIL_RECORDS - 1);
        if (lose_pages(log, ends[lost], ends[lost + 1])) {
            struct store *store;
            struct problem problem = {0};
            assert_int_equal(stores_try_open(stores, &store, &problem), ERR_CORRUPT);
        }
        scratch_dir_remove(stores->dir);
        scratch_dir_copy(aside, stores->dir);
    }
    scratch_dir_remove(aside);
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        return 1;
    }
    if (argc == 4) {
        struct stores stores = {.kind = STORE_IN_ROCKS};
        snprintf(stores.dir, sizeof(stores.dir), "%s", argv[2]);
        if (strcmp(argv[1], "write") == 0) {
            child_write(&stores, (int)strtol(argv[3], NULL, 10));
        }
        return child_make(&stores);
    }
    const struct CMUnitTest tests[] = {
        STORES_TEST_ROCKS(nothing_reported_is_lost_by_kill_9),
        STORES_TEST_ROCKS(a_store_whose_making_broke_off_is_made_again),
        STORES_TEST_ROCKS(a_torn_tail_costs_what_was_not_reported),
        STORES_TEST_ROCKS(pages_that_were_never_written_cost_what_was_not_reported),
        STORES_TEST_ROCKS(a_lost_page_before_other_records_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
