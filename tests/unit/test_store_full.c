/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is full, really: a file system of a few megabytes in a mount namespace of this
 * process. Needs the right to mount; says so and skips without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/mem.h"
#include "coordinator/ledger/changelog.h"
#include "coordinator/ledger/ledger.h"
#include "stores.h"
#include "unit.h"

#define DISK_OPTIONS  "size=24m"
#define BLOCK_BYTES   20000
#define BIG_BYTES     (3u << 20) /* more than RocksDB has set aside for its log */
#define RESERVE_BYTES (8u << 20)

struct disk {
    char path[STORES_PATH_MAX];
    char store[STORES_PATH_MAX + 8];
    char filler[STORES_PATH_MAX + 8];
    bool is_mounted;
};

static struct disk disk;
static bool store_is_fooled; /* it believes that there is room */

/* In place of the C library's: so RocksDB itself meets the full disk. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs have underscores */
int statvfs(const char *path, struct statvfs *fs)
{
    struct statfs real;
    if (statfs(path, &real) != 0) {
        return -1;
    }
    *fs = (struct statvfs){.f_frsize = (unsigned long)real.f_bsize,
                           .f_bsize = (unsigned long)real.f_bsize,
                           .f_blocks = real.f_blocks,
                           .f_bavail = store_is_fooled ? real.f_blocks : real.f_bavail};
    return 0;
}

static int disk_setup(void **state)
{
    (void)state;
    scratch_dir_make(disk.path);
    snprintf(disk.store, sizeof(disk.store), "%s/store", disk.path);
    snprintf(disk.filler, sizeof(disk.filler), "%s/filler", disk.path);
    disk.is_mounted = unshare(CLONE_NEWNS) == 0 &&
                      mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                      mount("tocsin-test", disk.path, "tmpfs", 0, DISK_OPTIONS) == 0;
    if (!disk.is_mounted) {
        fprintf(stderr,
                "SKIPPED: a small disk cannot be mounted here (%s); "
                "run as root to test a full disk\n",
                strerror(errno));
    }
    return 0;
}

static int disk_teardown(void **state)
{
    (void)state;
    if (disk.is_mounted) {
        umount(disk.path);
    }
    scratch_dir_remove(disk.path);
    return 0;
}

/* Takes all the room there is, and at once. */
static void disk_fill(void)
{
    int fd = open(disk.filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    off_t taken = 0;
    for (off_t step = 16 << 20; step >= 4096; step /= 2) {
        while (fallocate(fd, 0, taken, step) == 0) {
            taken += step;
        }
    }
    close(fd);
}

static void disk_free(void)
{
    assert_int_equal(unlink(disk.filler), 0);
}

static struct ledger *open_ledger(uint64_t reserve_bytes)
{
    struct store_rocks_settings settings = {
        .dir = disk.store,
        .create = true,
        .reserve_bytes = reserve_bytes,
        .memtable_bytes = 1 << 20,
    };
    struct store *store;
    struct ledger *ledger = NULL;
    struct problem problem = {0};
    if (store_rocks_open(&store, &settings, &problem) != ERR_OK ||
        ledger_open(&ledger, store, &problem) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    return ledger;
}

static uint64_t head_recno(struct ledger *ledger)
{
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    return head.recno;
}

static struct record *next_record(struct ledger *ledger, size_t bytes)
{
    struct record *record = record_new(0, 1, head_recno(ledger) + 1);
    uint8_t *block = mem_alloc(bytes);
    randombytes_buf(block, bytes);
    record_add_block(record, 1, (uint32_t)(record->recno % 4), slice_of(block, bytes));
    mem_free(block);
    return record;
}

static enum err write_next(struct ledger *ledger, size_t bytes, struct problem *problem)
{
    struct record *record = next_record(ledger, bytes);
    enum err err = ledger_write(ledger, record, problem);
    record_free(record);
    return err;
}

static void fail_on_damage(void *arg, const char *what)
{
    (void)arg;
    fail_msg("%s", what);
}

static void assert_sound(struct ledger *ledger, uint64_t records)
{
    struct ledger_check check;
    assert_int_equal(head_recno(ledger), records);
    assert_int_equal(ledger_check(ledger, fail_on_damage, NULL, &check), ERR_OK);
    assert_int_equal(check.records, records);
    assert_int_equal(check.blocks, records);
}

static void store_remove(struct ledger *take_ledger)
{
    store_is_fooled = false;
    ledger_close(take_ledger);
    scratch_dir_remove(disk.store);
}

static void skip_without_disk(void)
{
    if (!disk.is_mounted) {
        skip();
    }
}

static void the_reserve_is_kept_and_writing_goes_on_when_there_is_room(void **state)
{
    (void)state;
    skip_without_disk();
    struct ledger *ledger = open_ledger(RESERVE_BYTES);
    struct problem problem = {0};
    uint64_t written = 0;
    while (write_next(ledger, BLOCK_BYTES, &problem) == ERR_OK) {
        written++;
    }
    assert_int_equal(problem.err, ERR_NO_SPACE);
    assert_non_null(strstr(problem.text, disk.store));
    assert_in_range(written, 100, 2000);
    assert_int_equal(ledger_store(ledger)->ops->room(ledger_store(ledger)) < (1U << 20), 1);
    assert_sound(ledger, written);
    /* Nothing was broken: no reopening, the same store goes on after others made room. */
    ledger_close(ledger);
    ledger = open_ledger(0);
    assert_sound(ledger, written);
    assert_int_equal(write_next(ledger, BLOCK_BYTES, &problem), ERR_OK);
    assert_sound(ledger, written + 1);
    store_remove(ledger);
}

static void writing_goes_on_after_rocksdb_met_a_full_disk(void **state)
{
    (void)state;
    skip_without_disk();
    struct ledger *ledger = open_ledger(0);
    unsigned met = 0;
    for (unsigned round = 0; round < 12; round++) {
        struct problem problem = {0};
        uint64_t written = head_recno(ledger);
        size_t bytes = round % 3 == 2 ? BLOCK_BYTES : BIG_BYTES / (1 + round % 3);
        assert_int_equal(write_next(ledger, 100, &problem), ERR_OK);
        written++;
        struct record *record = next_record(ledger, bytes);
        store_is_fooled = round % 2 == 0;
        disk_fill();
        enum err err = ledger_write(ledger, record, &problem);
        if (err == ERR_OK) {
            written++; /* it had set enough aside */
        } else {
            met++;
            assert_int_equal(err, ERR_NO_SPACE);
            assert_int_equal(head_recno(ledger), written);
            assert_sound(ledger, written); /* reading goes on */
        }
        disk_free();
        store_is_fooled = false;
        usleep(25000);
        if (err != ERR_OK) {
            assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
            written++;
        }
        record_free(record);
        assert_sound(ledger, written);
        if (round % 4 == 3) {
            store_remove(ledger);
            ledger = open_ledger(0);
        }
    }
    assert_true(met >= 6);
    store_remove(ledger);
}

static void a_reader_is_waited_for_before_the_store_opens_again(void **state)
{
    (void)state;
    skip_without_disk();
    struct ledger *ledger = open_ledger(0);
    struct store *store = ledger_store(ledger);
    struct problem problem = {0};
    assert_int_equal(write_next(ledger, 100, &problem), ERR_OK);
    struct record *record = next_record(ledger, BIG_BYTES);
    struct store_value value;
    struct store_scan *scan =
        store->ops->scan(store, STORE_JOURNAL, slice_of(NULL, 0), slice_of(NULL, 0));
    assert_int_equal(store->ops->get(store, STORE_META, slice_str("format"), &value), ERR_OK);
    store_is_fooled = true;
    disk_fill();
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_NO_SPACE);
    disk_free();
    store_is_fooled = false;
    usleep(25000);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_IO);
    assert_non_null(strstr(problem.text, "readers"));
    struct slice key;
    struct slice bytes;
    assert_true(store->ops->scan_next(scan, &key, &bytes));
    assert_int_equal(store->ops->scan_free(scan), ERR_OK);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_IO);
    store_value_release(&value);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    record_free(record);
    assert_sound(ledger, 2);
    store_remove(ledger);
}

static void a_crash_on_a_full_disk_leaves_what_was_reported(void **state)
{
    (void)state;
    skip_without_disk();
    struct ledger *ledger = open_ledger(0);
    struct problem problem = {0};
    uint64_t reported = 0;
    store_is_fooled = true;
    disk_fill();
    while (write_next(ledger, BLOCK_BYTES, &problem) == ERR_OK) {
        reported++; /* into what RocksDB had set aside */
    }
    assert_int_equal(problem.err, ERR_NO_SPACE);
    char copy[STORES_PATH_MAX];
    scratch_dir_make(copy); /* on another disk: what a crash would leave */
    scratch_dir_remove(copy);
    scratch_dir_copy(disk.store, copy);
    disk_free();
    store_remove(ledger);
    struct store_rocks_settings settings = {.dir = copy, .memtable_bytes = 1 << 20};
    struct store *store;
    assert_int_equal(store_rocks_open(&store, &settings, &problem), ERR_OK);
    assert_int_equal(ledger_open(&ledger, store, &problem), ERR_OK);
    /* The record that failed is there whole or not at all. */
    assert_in_range(head_recno(ledger), reported, reported + 1);
    assert_sound(ledger, head_recno(ledger));
    ledger_close(ledger);
    scratch_dir_remove(copy);
}

static void a_bulk_load_on_a_full_disk_fails_and_leaves_nothing(void **state)
{
    (void)state;
    skip_without_disk();
    struct ledger *ledger = open_ledger(1 << 20);
    struct problem problem = {0};
    uint8_t *page = mem_zalloc(1, BLOCK_BYTES);
    randombytes_buf(page, BLOCK_BYTES);
    struct ledger_audience *load = ledger_audience_new(ledger, 9);
    enum err err = ERR_OK;
    for (uint32_t n = 0; err == ERR_OK && n < 5000; n++) {
        err = ledger_audience_page(load, n, slice_of(page, BLOCK_BYTES));
    }
    assert_int_equal(err, ERR_NO_SPACE);
    assert_int_equal(ledger_audience_page(load, 6000, slice_of(page, 1)), ERR_NO_SPACE);
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_NO_SPACE);
    assert_int_equal(problem.err, ERR_NO_SPACE);
    usleep(25000);
    assert_true(ledger_store(ledger)->ops->room(ledger_store(ledger)) > (10U << 20));
    struct store_value value;
    assert_int_equal(ledger_page(ledger, 9, 0, &value), ERR_NOT_FOUND);
    assert_int_equal(write_next(ledger, BLOCK_BYTES, &problem), ERR_OK);
    mem_free(page);
    store_remove(ledger);
}

static void count_durable(void *arg, uint64_t recno)
{
    *(uint64_t *)arg = recno;
}

static void a_changelog_waits_for_room_and_goes_on(void **state)
{
    (void)state;
    skip_without_disk();
    struct ledger *ledger = open_ledger(RESERVE_BYTES);
    uv_loop_t loop;
    uint64_t durable = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct changelog *changelog = changelog_local_new(ledger, &loop, count_durable, &durable);
    disk_fill();
    usleep(25000);
    struct record *record = next_record(ledger, BLOCK_BYTES);
    changelog->ops->append(changelog, record);
    struct changelog_health health;
    do {
        uv_run(&loop, UV_RUN_NOWAIT);
        changelog->ops->health(changelog, &health);
    } while (health.problem.err == ERR_OK);
    assert_int_equal(health.problem.err, ERR_NO_SPACE);
    assert_int_equal(durable, 0);
    disk_free();
    while (durable < 1) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    changelog->ops->health(changelog, &health);
    assert_int_equal(health.problem.err, ERR_OK);
    changelog->ops->close(changelog);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_sound(ledger, 1);
    store_remove(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reserve_is_kept_and_writing_goes_on_when_there_is_room),
        cmocka_unit_test(writing_goes_on_after_rocksdb_met_a_full_disk),
        cmocka_unit_test(a_reader_is_waited_for_before_the_store_opens_again),
        cmocka_unit_test(a_crash_on_a_full_disk_leaves_what_was_reported),
        cmocka_unit_test(a_bulk_load_on_a_full_disk_fails_and_leaves_nothing),
        cmocka_unit_test(a_changelog_waits_for_room_and_goes_on),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, disk_setup, disk_teardown);
}
