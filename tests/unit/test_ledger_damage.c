/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte is flipped at a random place of a random file of a store. Either the store is refused, or
 * the check names the damage, or (a byte that nobody reads) everything is there as it was. Each
 * trial runs in a child, so that a crash of the library is seen too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/ledger/ledger.h"
#include "proto/page.h"
#include "stores.h"
#include "unit.h"

#define RECORDS        120
#define PAGES          40
#define TRIALS         40 /* a kind of file */
#define PATH_BYTES_MAX 512

enum verdict { VERDICT_SAME, VERDICT_REFUSED, VERDICT_FOUND, VERDICT_LOST, VERDICT_CRASHED };

static char pristine[STORES_PATH_MAX];
/* In the environment, for the children: the hash of its newest record. */
#define HASH_VARIABLE "TOCSIN_TEST_HASH"

static struct ledger *open_ledger(const char *dir, struct problem *problem)
{
    struct store_rocks_settings settings = {.dir = dir, .create = true, .memtable_bytes = 64 << 10};
    struct store *store;
    struct ledger *ledger = NULL;
    if (store_rocks_open(&store, &settings, problem) == ERR_OK &&
        ledger_open(&ledger, store, problem) != ERR_OK) {
        ledger = NULL;
    }
    return ledger;
}

static void write_record(struct ledger *ledger, uint64_t recno)
{
    struct record *record = record_new(0, 1, recno);
    uint8_t block[3000];
    randombytes_buf(block, sizeof(block));
    struct buf key = {0};
    for (uint32_t page = 0; page < 3; page++) {
        record_add_block(record, 1, page, slice_of(block, 100 + randombytes_uniform(2900)));
    }
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, recno % 10);
    record_put(record, buf_view(&key), slice_of(block, 50));
    record_add_snapshot(record, 1, 0, slice_of(block, 500));
    struct problem problem = {0};
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    buf_release(&key);
    record_free(record);
}

static void load_audience(struct ledger *ledger)
{
    struct ledger_audience *load = ledger_audience_new(ledger, 9);
    struct page_builder builder;
    struct buf scratch = {0};
    struct buf sealed = {0};
    page_builder_init(&builder, 1);
    for (uint32_t page = 0; page < PAGES; page++) {
        uint8_t name[500];
        memset(name, 'a' + (int)(page % 26), sizeof(name));
        struct slice value = slice_of(name, sizeof(name));
        page_builder_clear(&builder);
        buf_clear(&sealed);
        assert_true(page_builder_add(&builder, &value));
        page_seal(&builder, PAGE_RAW, NULL, &scratch, &sealed);
        assert_int_equal(ledger_audience_page(load, page, buf_view(&sealed)), ERR_OK);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(ledger_audience_lookup(load, (uint64_t)i << 40, i), ERR_OK);
    }
    struct problem problem = {0};
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
    page_builder_release(&builder);
    buf_release(&scratch);
    buf_release(&sealed);
}

/* A store with tables, logs and a manifest with some history. */
static int make_pristine(void **state)
{
    (void)state;
    struct problem problem = {0};
    scratch_dir_make(pristine);
    struct ledger *ledger = open_ledger(pristine, &problem);
    assert_non_null(ledger);
    load_audience(ledger);
    for (uint64_t recno = 1; recno <= RECORDS; recno++) {
        write_record(ledger, recno);
        if (recno == RECORDS / 2) {
            ledger_close(ledger);
            ledger = open_ledger(pristine, &problem);
            assert_non_null(ledger);
        }
    }
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    struct buf hash = {0};
    text_hex(&hash, slice_of(head.hash, HASH_DIGEST_BYTES));
    assert_int_equal(setenv(HASH_VARIABLE, buf_cstr(&hash), 1), 0);
    buf_release(&hash);
    ledger_close(ledger);
    return 0;
}

static int remove_pristine(void **state)
{
    (void)state;
    scratch_dir_remove(pristine);
    return 0;
}

/* --- one trial --- */

static void ignore_damage(void *arg, const char *what)
{
    (void)what;
    (*(unsigned *)arg)++;
}

static enum verdict judge(const char *dir)
{
    struct problem problem = {0};
    struct ledger *ledger = open_ledger(dir, &problem);
    if (ledger == NULL) {
        return problem.err == ERR_CORRUPT && problem.text[0] != '\0' ? VERDICT_REFUSED
                                                                     : VERDICT_LOST;
    }
    struct ledger_check check;
    unsigned reported = 0;
    enum err err = ledger_check(ledger, ignore_damage, &reported, &check);
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    ledger_close(ledger);
    if (err != ERR_OK) {
        return reported > 0 ? VERDICT_FOUND : VERDICT_LOST;
    }
    struct buf hash = {0};
    text_hex(&hash, slice_of(head.hash, HASH_DIGEST_BYTES));
    bool is_same = head.recno == RECORDS && check.records == RECORDS && check.pages == PAGES &&
                   check.blocks == UINT64_C(3) * RECORDS &&
                   slice_is(buf_view(&hash), getenv(HASH_VARIABLE));
    buf_release(&hash);
    return is_same ? VERDICT_SAME : VERDICT_LOST;
}

static enum verdict judge_in_child(const char *dir)
{
    pid_t pid = stores_spawn("judge", dir, -1);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? (enum verdict)WEXITSTATUS(status) : VERDICT_CRASHED;
}

static bool name_has(const char *name, const char *part)
{
    return strstr(name, part) != NULL;
}

/* A random file whose name has `part`; with its size. */
static size_t pick_file(const char *dir, const char *part, char path[PATH_BYTES_MAX])
{
    size_t picked_bytes = 0;
    uint32_t seen = 0;
    DIR *stream = opendir(dir);
    assert_non_null(stream);
    const struct dirent *entry;
    while ((entry = readdir(stream)) != NULL) {
        char candidate[PATH_BYTES_MAX];
        struct stat status;
        snprintf(candidate, sizeof(candidate), "%s/%s", dir, entry->d_name);
        if (name_has(entry->d_name, part) && stat(candidate, &status) == 0 && status.st_size > 0 &&
            randombytes_uniform(++seen) == 0) {
            memcpy(path, candidate, sizeof(candidate));
            picked_bytes = (size_t)status.st_size;
        }
    }
    closedir(stream);
    return picked_bytes;
}

static void flip(const char *path, size_t at, uint8_t bits)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= bits;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

static void try_flips(const char *part, unsigned trials, unsigned harmless_max)
{
    unsigned count[VERDICT_CRASHED + 1] = {0};
    for (unsigned i = 0; i < trials; i++) {
        char dir[STORES_PATH_MAX];
        scratch_dir_make(dir);
        scratch_dir_remove(dir);
        scratch_dir_copy(pristine, dir);
        char path[PATH_BYTES_MAX];
        size_t bytes = pick_file(dir, part, path);
        assert_true(bytes > 0);
        /* Half of the flips in the last bytes, where logs are most delicate. */
        size_t span = i % 2 == 0 && bytes > 400 ? 400 : bytes;
        size_t at = bytes - 1 - randombytes_uniform((uint32_t)span);
        uint8_t bits = (uint8_t)(1U << randombytes_uniform(8));
        flip(path, at, bits);
        enum verdict verdict = judge_in_child(dir);
        count[verdict]++;
        if (verdict == VERDICT_LOST || verdict == VERDICT_CRASHED) {
            fprintf(stderr, "%s: byte %zu of %zu, bits %02x: %s\n", path, at, bytes, bits,
                    verdict == VERDICT_LOST ? "passed over" : "crashed");
        }
        scratch_dir_remove(dir);
    }
    print_message("%s: %u refused, %u found, %u harmless\n", part, count[VERDICT_REFUSED],
                  count[VERDICT_FOUND], count[VERDICT_SAME]);
    assert_int_equal(count[VERDICT_LOST], 0);
    assert_int_equal(count[VERDICT_CRASHED], 0);
    assert_true(count[VERDICT_SAME] <= harmless_max);
}

static void a_flipped_byte_of_a_log_is_noticed(void **state)
{
    (void)state;
    try_flips(".log", TRIALS, 0);
}

static void a_flipped_byte_of_a_table_is_noticed(void **state)
{
    (void)state;
    try_flips(".sst", TRIALS, TRIALS / 2); /* properties and padding are not read */
}

/* The one bit on which RocksDB would end the process: the highest of the last number in the block
 * of properties, which begins with this key. */
static void the_bit_that_rocksdb_asserts_on_is_refused(void **state)
{
    (void)state;
    static const char after_properties[] = "rocksdb.properties";
    char dir[STORES_PATH_MAX];
    char path[PATH_BYTES_MAX];
    scratch_dir_make(dir);
    scratch_dir_remove(dir);
    scratch_dir_copy(pristine, dir);
    size_t bytes = pick_file(dir, ".sst", path);
    uint8_t *table = mem_alloc(bytes);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, table, bytes, 0), (ssize_t)bytes);
    close(fd);
    /* The metaindex, whose last key this is, follows the properties and their trailer of 5 bytes.
     */
    uint8_t *at = memmem(table, bytes, after_properties, strlen(after_properties));
    assert_non_null(at);
    size_t metaindex_at = (size_t)(at - table) - 3;
    flip(path, metaindex_at - 5 - 1, 0x80);
    mem_free(table);
    assert_int_equal(judge_in_child(dir), VERDICT_REFUSED);
    scratch_dir_remove(dir);
}

static void a_flipped_byte_of_the_manifest_is_noticed(void **state)
{
    (void)state;
    try_flips("MANIFEST-", TRIALS, 0);
}

static void a_flipped_byte_of_small_files_does_no_harm(void **state)
{
    (void)state;
    try_flips("CURRENT", 16, 0);
    try_flips("OPTIONS-", 16, 16);
    try_flips("IDENTITY", 8, 8);
}

/* --- whole files --- */

/* Removes one file (or all) whose name has `part`. */
static enum verdict judge_without(const char *part, bool all)
{
    char dir[STORES_PATH_MAX];
    char path[PATH_BYTES_MAX];
    scratch_dir_make(dir);
    scratch_dir_remove(dir);
    scratch_dir_copy(pristine, dir);
    assert_true(pick_file(dir, part, path) > 0);
    do {
        assert_int_equal(unlink(path), 0);
    } while (all && pick_file(dir, part, path) > 0);
    enum verdict verdict = judge_in_child(dir);
    scratch_dir_remove(dir);
    return verdict;
}

static void a_missing_file_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(judge_without("CURRENT", false), VERDICT_REFUSED);
    assert_int_equal(judge_without("MANIFEST-", false), VERDICT_REFUSED);
    assert_int_equal(judge_without(".log", true), VERDICT_REFUSED);
    for (unsigned i = 0; i < 5; i++) {
        enum verdict verdict = judge_without(".sst", false);
        assert_true(verdict == VERDICT_REFUSED || verdict == VERDICT_FOUND);
    }
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        return 1;
    }
    if (argc == 4) {
        log_init(LOG_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC));
        return (int)judge(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_byte_of_a_log_is_noticed),
        cmocka_unit_test(a_flipped_byte_of_a_table_is_noticed),
        cmocka_unit_test(the_bit_that_rocksdb_asserts_on_is_refused),
        cmocka_unit_test(a_flipped_byte_of_the_manifest_is_noticed),
        cmocka_unit_test(a_flipped_byte_of_small_files_does_no_harm),
        cmocka_unit_test(a_missing_file_is_noticed),
    };
    return cmocka_run_group_tests(tests, make_pristine, remove_pristine);
}
