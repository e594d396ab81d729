/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "coordinator/ledger/store.h"
#include "stores.h"
#include "unit.h"

static void put(struct store *store, enum store_family family, const char *key, const char *value)
{
    struct problem problem = {0};
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_put(batch, family, slice_str(key), slice_str(value));
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
}

static void assert_value(struct store *store, enum store_family family, const char *key,
                         const char *expected)
{
    struct store_value value;
    assert_int_equal(store->ops->get(store, family, slice_str(key), &value), ERR_OK);
    assert_slice_is(value.bytes, expected);
    store_value_release(&value);
}

static void assert_absent(struct store *store, enum store_family family, const char *key)
{
    struct store_value value;
    assert_int_equal(store->ops->get(store, family, slice_str(key), &value), ERR_NOT_FOUND);
    assert_null(value.release);
}

/* "key=value key=value " of a range. */
static void assert_scan(struct store *store, enum store_family family, const char *from,
                        const char *to, const char *expected)
{
    struct buf text = {0};
    struct store_scan *scan = store->ops->scan(store, family, slice_str(from), slice_str(to));
    struct slice key;
    struct slice value;
    while (store->ops->scan_next(scan, &key, &value)) {
        buf_slice(&text, key);
        buf_u8(&text, '=');
        buf_slice(&text, value);
        buf_u8(&text, ' ');
    }
    assert_int_equal(store->ops->scan_free(scan), ERR_OK);
    assert_buf_is(&text, expected);
    buf_release(&text);
}

static void a_batch_becomes_visible_as_a_whole(void **state)
{
    struct store *store = stores_open(*state);
    put(store, STORE_CATALOGUE, "old", "1");
    struct problem problem = {0};
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_put(batch, STORE_CATALOGUE, slice_str("a"), slice_str("x"));
    store->ops->batch_put(batch, STORE_JOURNAL, slice_str("a"), slice_str(""));
    store->ops->batch_remove(batch, STORE_CATALOGUE, slice_str("old"));
    assert_absent(store, STORE_CATALOGUE, "a");
    assert_value(store, STORE_CATALOGUE, "old", "1");
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
    assert_value(store, STORE_CATALOGUE, "a", "x");
    assert_value(store, STORE_JOURNAL, "a", "");
    assert_absent(store, STORE_CATALOGUE, "old");
    assert_absent(store, STORE_META, "a");
    store->ops->close(store);
}

static void the_last_change_of_a_key_in_a_batch_counts(void **state)
{
    struct store *store = stores_open(*state);
    struct problem problem = {0};
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_put(batch, STORE_META, slice_str("a"), slice_str("1"));
    store->ops->batch_put(batch, STORE_META, slice_str("a"), slice_str("2"));
    store->ops->batch_put(batch, STORE_META, slice_str("b"), slice_str("1"));
    store->ops->batch_remove(batch, STORE_META, slice_str("b"));
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
    assert_scan(store, STORE_META, "", "", "a=2 ");
    store->ops->close(store);
}

static void a_value_stays_valid_while_others_write(void **state)
{
    struct store *store = stores_open(*state);
    put(store, STORE_META, "k", "before");
    struct store_value value;
    assert_int_equal(store->ops->get(store, STORE_META, slice_str("k"), &value), ERR_OK);
    for (unsigned i = 0; i < 100; i++) {
        put(store, STORE_META, "k", "after");
    }
    assert_slice_is(value.bytes, "before");
    store_value_release(&value);
    store_value_release(&value);
    store->ops->close(store);
}

/* The number of threads of RocksDB's pools that are as nice as `nice`. */
static unsigned count_background(int nice)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        char path[300];
        char name[64] = "";
        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL) {
            continue;
        }
        bool is_one = fgets(name, sizeof(name), file) != NULL && strncmp(name, "rocksdb", 7) == 0;
        (void)fclose(file);
        id_t id = (id_t)strtoul(task->d_name, NULL, 10);
        count += is_one && getpriority(PRIO_PROCESS, id) == nice;
    }
    (void)closedir(tasks);
    return count;
}

static void background_work_gives_way_to_those_who_wait(void **state)
{
    struct store *store = stores_open(*state);
    int nice = getpriority(PRIO_PROCESS, 0);
    int background = nice < 5 ? 5 : nice;
    put(store, STORE_META, "a", "1");
    assert_int_equal(getpriority(PRIO_PROCESS, 0), nice);
    assert_true(count_background(background) >= 2);
    store->ops->close(store);
}

static unsigned count_tables(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += strstr(entry->d_name, ".sst") != NULL;
    }
    (void)closedir(dir);
    return count;
}

/* With the settings that the coordinator has: 300,000 events as receipts make them, one for a page
 * each, take 24 MB of memtables. */
static void what_is_only_in_the_log_takes_little_memory(void **state)
{
    struct stores *stores = *state;
    struct store_rocks_settings settings = {.dir = stores->dir, .create = true};
    struct problem problem = {0};
    struct store *store;
    assert_int_equal(store_rocks_open(&store, &settings, &problem), ERR_OK);
    for (uint32_t i = 0; i < 300; i++) {
        struct store_batch *batch = store->ops->batch_new(store);
        for (uint32_t page = 0; page < 1000; page++) {
            uint8_t key[22] = {(uint8_t)(page >> 8), (uint8_t)page, (uint8_t)(i >> 8), (uint8_t)i};
            uint8_t value[14] = {(uint8_t)(page * 7), (uint8_t)(i * 3)};
            store->ops->batch_put(batch, STORE_JOURNAL, slice_of(key, sizeof(key)),
                                  slice_of(value, sizeof(value)));
        }
        assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
        store->ops->batch_free(batch);
    }
    uint64_t end_ms = clock_monotonic_ms() + 20000;
    while (count_tables(stores->dir) == 0 && clock_monotonic_ms() < end_ms) {
        usleep(10000); /* it is written out beside us */
    }
    assert_true(count_tables(stores->dir) > 0);
    store->ops->close(store);
}

static void a_scan_gives_its_range_in_order(void **state)
{
    struct store *store = stores_open(*state);
    put(store, STORE_META, "b", "2");
    put(store, STORE_META, "a", "1");
    put(store, STORE_META, "\xff\xff", "4");
    put(store, STORE_META, "ba", "3");
    put(store, STORE_RECORDS, "b", "other family");
    assert_scan(store, STORE_META, "", "", "a=1 b=2 ba=3 \xff\xff=4 ");
    assert_scan(store, STORE_META, "b", "", "b=2 ba=3 \xff\xff=4 ");
    assert_scan(store, STORE_META, "a", "ba", "a=1 b=2 ");
    assert_scan(store, STORE_META, "aa", "b", "");
    store->ops->close(store);
}

static void a_scan_does_not_see_later_writes(void **state)
{
    struct store *store = stores_open(*state);
    put(store, STORE_META, "a", "1");
    put(store, STORE_META, "c", "3");
    struct store_scan *scan =
        store->ops->scan(store, STORE_META, slice_of(NULL, 0), slice_of(NULL, 0));
    put(store, STORE_META, "b", "2");
    put(store, STORE_META, "c", "changed");
    struct slice key;
    struct slice value;
    assert_true(store->ops->scan_next(scan, &key, &value));
    assert_slice_is(key, "a");
    assert_true(store->ops->scan_next(scan, &key, &value));
    assert_slice_is(key, "c");
    assert_slice_is(value, "3");
    assert_false(store->ops->scan_next(scan, &key, &value));
    assert_int_equal(store->ops->scan_free(scan), ERR_OK);
    store->ops->close(store);
}

static void what_was_written_is_there_after_reopening(void **state)
{
    struct store *store = stores_open(*state);
    put(store, STORE_META, "a", "1");
    put(store, STORE_SNAPSHOTS, "s", "2");
    store->ops->close(store);
    store = stores_open(*state);
    assert_value(store, STORE_META, "a", "1");
    assert_value(store, STORE_SNAPSHOTS, "s", "2");
    store->ops->close(store);
}

static void a_bulk_is_invisible_until_it_is_finished(void **state)
{
    struct store *store = stores_open(*state);
    struct problem problem = {0};
    struct store_bulk *bulk = store->ops->bulk_new(store, STORE_PAGES);
    assert_int_equal(store->ops->bulk_put(bulk, slice_str("a"), slice_str("1")), ERR_OK);
    assert_int_equal(store->ops->bulk_put(bulk, slice_str("b"), slice_str("2")), ERR_OK);
    assert_scan(store, STORE_PAGES, "", "", "");
    assert_int_equal(store->ops->bulk_finish(bulk, &problem), ERR_OK);
    assert_scan(store, STORE_PAGES, "", "", "a=1 b=2 ");
    store->ops->close(store);
    store = stores_open(*state);
    assert_scan(store, STORE_PAGES, "", "", "a=1 b=2 ");
    store->ops->close(store);
}

static void an_aborted_bulk_leaves_nothing(void **state)
{
    struct store *store = stores_open(*state);
    struct store_bulk *bulk = store->ops->bulk_new(store, STORE_PAGES);
    assert_int_equal(store->ops->bulk_put(bulk, slice_str("a"), slice_str("1")), ERR_OK);
    store->ops->bulk_abort(bulk);
    assert_scan(store, STORE_PAGES, "", "", "");
    store->ops->close(store);
}

static void an_empty_bulk_can_be_finished(void **state)
{
    struct store *store = stores_open(*state);
    struct problem problem = {0};
    struct store_bulk *bulk = store->ops->bulk_new(store, STORE_LOOKUP);
    assert_int_equal(store->ops->bulk_finish(bulk, &problem), ERR_OK);
    store->ops->close(store);
}

static void bulks_and_writes_of_one_family_overlap(void **state)
{
    struct store *store = stores_open(*state);
    struct problem problem = {0};
    put(store, STORE_PAGES, "b", "written");
    for (unsigned round = 0; round < 3; round++) {
        struct store_bulk *bulk = store->ops->bulk_new(store, STORE_PAGES);
        assert_int_equal(store->ops->bulk_put(bulk, slice_str("a"), slice_str("1")), ERR_OK);
        assert_int_equal(store->ops->bulk_put(bulk, slice_str("b"), slice_str("loaded")), ERR_OK);
        assert_int_equal(store->ops->bulk_finish(bulk, &problem), ERR_OK);
    }
    assert_scan(store, STORE_PAGES, "", "", "a=1 b=loaded ");
    put(store, STORE_PAGES, "b", "again");
    assert_scan(store, STORE_PAGES, "", "", "a=1 b=again ");
    store->ops->close(store);
}

static void a_range_is_removed_from_what_was_written_and_loaded(void **state)
{
    struct store *store = stores_open(*state);
    struct problem problem = {0};
    struct store_bulk *bulk = store->ops->bulk_new(store, STORE_PAGES);
    assert_int_equal(store->ops->bulk_put(bulk, slice_str("b1"), slice_str("")), ERR_OK);
    assert_int_equal(store->ops->bulk_put(bulk, slice_str("c1"), slice_str("")), ERR_OK);
    assert_int_equal(store->ops->bulk_finish(bulk, &problem), ERR_OK);
    put(store, STORE_PAGES, "a", "");
    put(store, STORE_PAGES, "b2", "");
    put(store, STORE_PAGES, "c2", "");
    put(store, STORE_LOOKUP, "b", "");
    assert_int_equal(store->ops->remove_range(store, STORE_PAGES, slice_str("b"), slice_str("c")),
                     ERR_OK);
    assert_scan(store, STORE_PAGES, "", "", "a= c1= c2= ");
    assert_value(store, STORE_LOOKUP, "b", "");
    store->ops->close(store);
    store = stores_open(*state);
    assert_scan(store, STORE_PAGES, "", "", "a= c1= c2= ");
    store->ops->close(store);
}

static void a_large_bulk_is_split_over_files_and_reads_as_one(void **state)
{
    struct store *store = stores_open(*state);
    struct problem problem = {0};
    struct store_bulk *bulk = store->ops->bulk_new(store, STORE_PAGES);
    size_t value_bytes = 4U << 20;
    uint8_t *value = mem_zalloc(1, value_bytes);
    unsigned pages = 40; /* 160 MiB: more than one file */
    for (unsigned i = 0; i < pages; i++) {
        uint8_t key[1] = {(uint8_t)i};
        value[0] = (uint8_t)i;
        assert_int_equal(store->ops->bulk_put(bulk, slice_of(key, 1), slice_of(value, value_bytes)),
                         ERR_OK);
    }
    assert_int_equal(store->ops->bulk_finish(bulk, &problem), ERR_OK);
    mem_free(value);
    struct store_scan *scan =
        store->ops->scan(store, STORE_PAGES, slice_of(NULL, 0), slice_of(NULL, 0));
    struct slice key;
    struct slice read;
    unsigned count = 0;
    while (store->ops->scan_next(scan, &key, &read)) {
        assert_int_equal(key.data[0], count);
        assert_int_equal(read.data[0], count);
        assert_int_equal(read.len, value_bytes);
        count++;
    }
    assert_int_equal(store->ops->scan_free(scan), ERR_OK);
    assert_int_equal(count, pages);
    assert_true(store->ops->family_bytes(store, STORE_PAGES) >= pages * value_bytes);
    store->ops->close(store);
}

static void sizes_and_room_are_told(void **state)
{
    struct store *store = stores_open(*state);
    static char value[100000];
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    uint64_t before = store->ops->family_bytes(store, STORE_JOURNAL);
    put(store, STORE_JOURNAL, "k", value);
    assert_true(store->ops->family_bytes(store, STORE_JOURNAL) > before);
    assert_true(store->ops->room(store) > 0);
    store->ops->close(store);
}

static void fail_on_damage(void *arg, const char *what)
{
    (void)arg;
    fail_msg("%s", what);
}

static void a_sound_store_is_verified(void **state)
{
    struct store *store = stores_open(*state);
    put(store, STORE_JOURNAL, "k", "v");
    assert_int_equal(store->ops->verify(store, fail_on_damage, NULL), ERR_OK);
    store->ops->close(store);
}

static void a_store_in_memory_fails_when_told(void **state)
{
    (void)state;
    struct store *store = store_mem_new();
    struct problem problem = {0};
    store_mem_fail_writes(store, 2, ERR_NO_SPACE);
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_put(batch, STORE_META, slice_str("a"), slice_str("1"));
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_NO_SPACE);
    assert_int_equal(problem.err, ERR_NO_SPACE);
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_NO_SPACE);
    assert_absent(store, STORE_META, "a");
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    assert_value(store, STORE_META, "a", "1");
    store->ops->batch_free(batch);
    store_mem_fail_writes(store, 1, ERR_IO);
    store_mem_fail_writes(store, 0, ERR_OK);
    put(store, STORE_META, "b", "1");
    store->ops->close(store);
}

/* A file that must not grow is the nearest thing to a failing disk that needs no rights. */
static void files_may_grow_to(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void writing_goes_on_after_an_io_error(void **state)
{
    struct store *store = stores_open(*state);
    struct problem problem = {0};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    put(store, STORE_META, "a", "1");
    for (unsigned round = 0; round < 5; round++) {
        static uint8_t value[200000];
        struct store_batch *batch = store->ops->batch_new(store);
        store->ops->batch_put(batch, STORE_META, slice_str("b"), slice_of(value, sizeof(value)));
        store->ops->batch_put(batch, STORE_META, slice_str("c"), slice_str("1"));
        files_may_grow_to(100000);
        assert_int_equal(store->ops->write(store, batch, &problem), ERR_IO);
        assert_int_equal(problem.err, ERR_IO);
        assert_value(store, STORE_META, "a", "1");
        if (round == 0) {
            assert_absent(store, STORE_META, "c");
        }
        files_may_grow_to(RLIM_INFINITY);
        assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
        store->ops->batch_free(batch);
        assert_value(store, STORE_META, "c", "1");
    }
    store->ops->close(store);
    store = stores_open(*state);
    assert_value(store, STORE_META, "a", "1");
    assert_value(store, STORE_META, "c", "1");
    store->ops->close(store);
}

/* --- opening RocksDB --- */

static enum err open_at(const char *dir, bool create, bool read_only, struct problem *problem)
{
    struct store *store = NULL;
    struct store_rocks_settings settings = {.dir = dir, .create = create, .read_only = read_only};
    enum err err = store_rocks_open(&store, &settings, problem);
    if (err == ERR_OK) {
        store->ops->close(store);
    } else {
        assert_null(store);
        assert_int_equal(problem->err, err);
        assert_non_null(strstr(problem->text, dir));
    }
    return err;
}

static void a_missing_directory_is_made_only_if_asked(void **state)
{
    struct stores *stores = *state;
    struct problem problem = {0};
    char dir[STORES_PATH_MAX + 8];
    snprintf(dir, sizeof(dir), "%s/new", stores->dir);
    assert_int_equal(open_at(dir, false, false, &problem), ERR_NOT_FOUND);
    assert_int_equal(open_at(dir, true, true, &problem), ERR_NOT_FOUND);
    assert_int_equal(open_at(dir, true, false, &problem), ERR_OK);
    assert_int_equal(open_at(dir, false, false, &problem), ERR_OK);
    struct stat status;
    assert_int_equal(stat(dir, &status), 0);
    assert_int_equal(status.st_mode & 077, 0);
    snprintf(dir, sizeof(dir), "%s/a/b", stores->dir);
    assert_int_equal(open_at(dir, true, false, &problem), ERR_NOT_FOUND);
}

static void an_empty_directory_is_a_store_only_if_asked(void **state)
{
    struct stores *stores = *state;
    struct problem problem = {0};
    assert_int_equal(open_at(stores->dir, false, false, &problem), ERR_NOT_FOUND);
    assert_int_equal(open_at(stores->dir, true, false, &problem), ERR_OK);
}

static void a_store_that_is_open_is_locked(void **state)
{
    struct stores *stores = *state;
    struct store *store = stores_open(stores);
    struct problem problem = {0};
    assert_int_equal(open_at(stores->dir, false, false, &problem), ERR_LOCKED);
    store->ops->close(store);
}

#define EXIT_LOCKED 5

/* In a process of its own: holds the store until it is killed. */
static int child_hold(const char *dir, int pipe_fd)
{
    struct stores stores = {.kind = STORE_IN_ROCKS};
    snprintf(stores.dir, sizeof(stores.dir), "%s", dir);
    struct store *store = NULL;
    if (stores_try_open(&stores, &store, NULL) != ERR_OK) {
        return EXIT_LOCKED;
    }
    if (write(pipe_fd, "x", 1) != 1) {
        return 1;
    }
    pause();
    return 0;
}

static void the_process_that_holds_a_store_is_named(void **state)
{
    const struct stores *stores = *state;
    int fds[2];
    char byte;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = stores_spawn("hold", stores->dir, fds[1]);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    close(fds[0]);
    close(fds[1]);
    struct problem problem = {0};
    char part[32];
    snprintf(part, sizeof(part), "(pid %ld)", (long)pid);
    assert_int_equal(open_at(stores->dir, false, false, &problem), ERR_LOCKED);
    assert_non_null(strstr(problem.text, part));
    problem = (struct problem){0};
    assert_int_equal(open_at(stores->dir, false, true, &problem), ERR_LOCKED);
    assert_non_null(strstr(problem.text, part));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(open_at(stores->dir, false, false, &problem), ERR_OK);
}

static void a_read_only_store_takes_no_write(void **state)
{
    struct stores *stores = *state;
    struct store *store = stores_open(stores);
    put(store, STORE_META, "a", "1");
    store->ops->close(store);
    struct problem problem = {0};
    struct store *reader;
    struct store_rocks_settings settings = {.dir = stores->dir, .read_only = true};
    assert_int_equal(store_rocks_open(&reader, &settings, &problem), ERR_OK);
    assert_value(reader, STORE_META, "a", "1");
    struct store_batch *batch = reader->ops->batch_new(reader);
    reader->ops->batch_put(batch, STORE_META, slice_str("a"), slice_str("2"));
    assert_int_equal(reader->ops->write(reader, batch, &problem), ERR_IO);
    assert_int_equal(reader->ops->write(reader, batch, &problem), ERR_IO);
    reader->ops->batch_free(batch);
    assert_value(reader, STORE_META, "a", "1");
    reader->ops->close(reader);
}

static void nobody_opens_a_store_that_is_being_read(void **state)
{
    struct stores *stores = *state;
    struct store *store = stores_open(stores);
    store->ops->close(store);
    struct problem problem = {0};
    struct store_rocks_settings settings = {.dir = stores->dir, .read_only = true};
    assert_int_equal(store_rocks_open(&store, &settings, &problem), ERR_OK);
    int status = 0;
    pid_t pid = stores_spawn("hold", stores->dir, STDERR_FILENO);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_LOCKED);
    store->ops->close(store);
    assert_int_equal(open_at(stores->dir, false, false, &problem), ERR_OK);
}

static void what_a_broken_off_bulk_left_is_removed_at_opening(void **state)
{
    struct stores *stores = *state;
    struct store *store = stores_open(stores);
    store->ops->close(store);
    char path[STORES_PATH_MAX + 16];
    snprintf(path, sizeof(path), "%s/bulk/7.sst", stores->dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("half a page", file);
    assert_int_equal(fclose(file), 0);
    store = stores_open(stores);
    assert_int_equal(access(path, F_OK), -1);
    store->ops->close(store);
}

int main(int argc, char **argv)
{
    if (argc == 4) {
        return child_hold(argv[2], (int)strtol(argv[3], NULL, 10));
    }
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_batch_becomes_visible_as_a_whole),
        STORES_TEST(the_last_change_of_a_key_in_a_batch_counts),
        STORES_TEST(a_value_stays_valid_while_others_write),
        STORES_TEST_ROCKS(background_work_gives_way_to_those_who_wait),
        STORES_TEST_ROCKS(what_is_only_in_the_log_takes_little_memory),
        STORES_TEST(a_scan_gives_its_range_in_order),
        STORES_TEST(a_scan_does_not_see_later_writes),
        STORES_TEST(what_was_written_is_there_after_reopening),
        STORES_TEST(a_bulk_is_invisible_until_it_is_finished),
        STORES_TEST(an_aborted_bulk_leaves_nothing),
        STORES_TEST(an_empty_bulk_can_be_finished),
        STORES_TEST(bulks_and_writes_of_one_family_overlap),
        STORES_TEST(a_range_is_removed_from_what_was_written_and_loaded),
        STORES_TEST_ROCKS(a_large_bulk_is_split_over_files_and_reads_as_one),
        STORES_TEST(sizes_and_room_are_told),
        STORES_TEST(a_sound_store_is_verified),
        cmocka_unit_test(a_store_in_memory_fails_when_told),
        STORES_TEST_ROCKS(writing_goes_on_after_an_io_error),
        STORES_TEST_ROCKS(a_missing_directory_is_made_only_if_asked),
        STORES_TEST_ROCKS(an_empty_directory_is_a_store_only_if_asked),
        STORES_TEST_ROCKS(a_store_that_is_open_is_locked),
        STORES_TEST_ROCKS(the_process_that_holds_a_store_is_named),
        STORES_TEST_ROCKS(a_read_only_store_takes_no_write),
        STORES_TEST_ROCKS(nobody_opens_a_store_that_is_being_read),
        STORES_TEST_ROCKS(what_a_broken_off_bulk_left_is_removed_at_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
