/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/mem.h"
#include "coordinator/audience/chunk_store.h"
#include "coordinator/audience/duplicates.h"
#include "coordinator/audience/entry_sort.h"
#include "tests/unit/stores.h"
#include "tests/unit/unit.h"

static uint64_t roll(uint64_t *dice)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    return *dice;
}

/* entry_sort */

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    if (entry_hash(a) != entry_hash(b)) {
        return entry_hash(a) < entry_hash(b) ? -1 : 1;
    }
    return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

static void entries_are_sorted_by_hash_then_ordinal(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 2, 24, 25, 100, 1000, 50000};
    /* How many different hashes: all, some, few, one. */
    const uint64_t kinds[] = {UINT64_MAX, 5000, 3, 1};
    uint64_t dice = 88172645463325252;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            size_t count = sizes[s];
            struct entry *entries = mem_zalloc(count + 1, sizeof(*entries));
            struct entry *expected = mem_zalloc(count + 1, sizeof(*expected));
            for (size_t i = 0; i < count; i++) {
                uint64_t kind = roll(&dice) % kinds[k];
                uint64_t hash = kinds[k] == UINT64_MAX ? kind : kind * 0x9e3779b97f4a7c15;
                entries[i] = (struct entry){hash, (uint32_t)hash, (uint32_t)(count - i)};
            }
            memcpy(expected, entries, count * sizeof(*entries));
            qsort(expected, count, sizeof(*expected), compare_entries);
            entry_sort(entries, count, 0);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(compare_entries(&entries[i], &expected[i]), 0);
            }
            mem_free(entries);
            mem_free(expected);
        }
    }
}

static void count_dropped(void *arg, const struct entry *entry)
{
    uint32_t *ordinals = arg;
    ordinals[++ordinals[0]] = entry->ordinal;
}

static void keys_of_one_hash_are_told_apart_by_the_tie(void **state)
{
    (void)state;
    struct entry entries[] = {{256, 1, 0}, {256, 2, 1},  {256, 1, 2},  {256, 3, 3},
                              {256, 2, 4}, {512, 1, 10}, {512, 1, 11}, {768, 1, 12}};
    uint32_t dropped[9] = {0};
    assert_int_equal(entry_unique(entries, 8, count_dropped, dropped), 5);
    assert_int_equal(dropped[0], 3);
    assert_int_equal(dropped[1], 2);
    assert_int_equal(dropped[2], 4);
    assert_int_equal(dropped[3], 11);
    const uint32_t kept[] = {0, 1, 3, 10, 12};
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(entries[i].ordinal, kept[i]);
    }
}

/* chunk_store */

static void chunks_come_back_from_memory_and_from_file(void **state)
{
    (void)state;
    char dir[STORES_PATH_MAX];
    scratch_dir_make(dir);
    struct chunk_store *store = chunk_store_new(dir, 3 * CHUNK_BYTES);
    struct problem problem;
    uint8_t chunk[CHUNK_BYTES];
    for (unsigned i = 0; i < 10; i++) {
        memset(chunk, (int)i, sizeof(chunk));
        assert_int_equal(chunk_store_put(store, chunk, &problem), ERR_OK);
    }
    assert_int_equal(chunk_store_count(store), 10);
    for (unsigned i = 10; i-- > 0;) {
        assert_int_equal(chunk_store_get(store, i, chunk, &problem), ERR_OK);
        assert_int_equal(chunk[0], i);
        assert_int_equal(chunk[CHUNK_BYTES - 1], i);
    }
    /* Nothing has a name there, neither now nor after a crash. */
    assert_int_equal(rmdir(dir), 0);
    chunk_store_free(store);
}

static void a_missing_directory_is_told(void **state)
{
    (void)state;
    struct chunk_store *store = chunk_store_new("/nowhere/at/all", 0);
    struct problem problem = {0};
    uint8_t chunk[CHUNK_BYTES] = {0};
    assert_int_equal(chunk_store_put(store, chunk, &problem), ERR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "/nowhere/at/all"));
    assert_int_equal(chunk_store_count(store), 0);
    chunk_store_free(store);
}

/* duplicates */

struct seen {
    uint64_t last_hash;
    uint64_t last_ordinal;
    uint64_t uniques;
    uint64_t duplicates;
    uint64_t marks;
    uint8_t *fate; /* of each ordinal: 1 kept, 2 duplicate */
    uint64_t fail_at;
    bool is_sorted;
};

static enum err on_unique(void *arg, uint64_t hash, uint32_t ordinal)
{
    struct seen *seen = arg;
    bool is_first = seen->uniques == 0;
    bool is_above =
        hash > seen->last_hash || (hash == seen->last_hash && ordinal > seen->last_ordinal);
    seen->is_sorted = seen->is_sorted && (is_first || is_above);
    seen->last_hash = hash;
    seen->last_ordinal = ordinal;
    seen->fate[ordinal] |= 1;
    return ++seen->uniques == seen->fail_at ? ERR_NO_SPACE : ERR_OK;
}

static void on_duplicate(void *arg, uint32_t ordinal, uint8_t mark)
{
    struct seen *seen = arg;
    seen->fate[ordinal] |= 2;
    seen->duplicates++;
    seen->marks += mark;
}

/* The key of an ordinal: every `repeat`-th one repeats one before. */
static uint32_t key_of(uint32_t ordinal, uint32_t repeat)
{
    return repeat > 0 && ordinal % repeat == repeat - 1 ? ordinal / 2 : ordinal;
}

static struct hash128 hash_of(uint32_t key)
{
    uint64_t dice = key * UINT64_C(0x9e3779b97f4a7c15) + 1;
    (void)roll(&dice);
    uint64_t low = roll(&dice);
    return (struct hash128){low, roll(&dice)};
}

struct trial {
    uint32_t count;
    uint32_t repeat;
    size_t memory;
    unsigned threads;
    uint64_t fail_at;
};

static enum err resolve(const struct trial *trial, struct seen *seen, const char *dir)
{
    struct duplicates *duplicates = duplicates_new(dir, trial->memory);
    struct problem problem = {0};
    struct hash128 hashes[1024];
    uint8_t marks[1024];
    for (uint32_t first = 0; first < trial->count; first += 1024) {
        uint32_t count = trial->count - first < 1024 ? trial->count - first : 1024;
        for (uint32_t i = 0; i < count; i++) {
            hashes[i] = hash_of(key_of(first + i, trial->repeat));
            marks[i] = (uint8_t)(first + i);
        }
        assert_int_equal(duplicates_add(duplicates, hashes, marks, count, first, &problem), ERR_OK);
    }
    *seen = (struct seen){
        .fate = mem_zalloc(trial->count + 1, 1), .fail_at = trial->fail_at, .is_sorted = true};
    struct duplicates_sink sink = {on_unique, on_duplicate, seen};
    enum err err = duplicates_resolve(duplicates, trial->threads, &sink, &problem);
    assert_int_equal(problem.err, err);
    duplicates_free(duplicates);
    return err;
}

/* What a simple account of the keys says must come out. */
static void assert_resolves(const struct trial *trial)
{
    char dir[STORES_PATH_MAX];
    scratch_dir_make(dir);
    struct seen seen;
    assert_int_equal(resolve(trial, &seen, dir), ERR_OK);
    uint8_t *has_come = mem_zalloc(trial->count + 1, 1);
    uint64_t duplicates = 0;
    uint64_t marks = 0;
    for (uint32_t i = 0; i < trial->count; i++) {
        uint32_t key = key_of(i, trial->repeat);
        assert_int_equal(seen.fate[i], has_come[key] ? 2 : 1);
        duplicates += has_come[key];
        marks += has_come[key] ? (uint8_t)i : 0;
        has_come[key] = 1;
    }
    assert_true(seen.is_sorted);
    assert_int_equal(seen.duplicates, duplicates);
    assert_int_equal(seen.uniques, trial->count - duplicates);
    assert_int_equal(seen.marks, marks);
    mem_free(has_come);
    mem_free(seen.fate);
    scratch_dir_remove(dir);
}

static void the_lowest_ordinal_of_each_key_stays(void **state)
{
    (void)state;
    const uint32_t counts[] = {0, 1, 2, 1000, 1024, 5000};
    const uint32_t repeats[] = {0, 1, 2, 7};
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        for (size_t r = 0; r < sizeof(repeats) / sizeof(repeats[0]); r++) {
            assert_resolves(&(struct trial){counts[c], repeats[r], 1 << 20, 2, 0});
        }
    }
}

static void threads_and_files_make_no_difference(void **state)
{
    (void)state;
    assert_resolves(&(struct trial){1500000, 9, 64 << 20, 2, 0});
    assert_resolves(&(struct trial){1500000, 9, 1 << 20, 3, 0});
    assert_resolves(&(struct trial){1500000, 9, 0, 0, 0});
}

/* All in one bucket, above what is gathered of it at once. */
static void one_key_may_come_millions_of_times(void **state)
{
    (void)state;
    enum { COUNT = 6000000 };
    struct duplicates *duplicates = duplicates_new(NULL, 256 << 20);
    struct problem problem;
    struct hash128 hashes[1000];
    uint8_t marks[1000];
    for (uint32_t first = 0; first < COUNT; first += 1000) {
        for (uint32_t i = 0; i < 1000; i++) {
            hashes[i] = hash_of(i % 100 == 0 ? first + i : 77);
            marks[i] = 1;
        }
        assert_int_equal(duplicates_add(duplicates, hashes, marks, 1000, first, &problem), ERR_OK);
    }
    struct seen seen = {.fate = mem_zalloc(COUNT, 1), .is_sorted = true};
    struct duplicates_sink sink = {on_unique, on_duplicate, &seen};
    assert_int_equal(duplicates_resolve(duplicates, 2, &sink, &problem), ERR_OK);
    assert_true(seen.is_sorted);
    assert_int_equal(seen.uniques, COUNT / 100 + 1);
    assert_int_equal(seen.duplicates, COUNT - COUNT / 100 - 1);
    assert_int_equal(seen.fate[1], 1);
    assert_int_equal(seen.fate[2], 2);
    duplicates_free(duplicates);
    mem_free(seen.fate);
}

static void a_file_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    struct duplicates *duplicates = duplicates_new("/nowhere/at/all", 0);
    struct problem problem = {0};
    struct hash128 hashes[1024] = {{0, 0}};
    uint8_t marks[1024] = {0};
    assert_int_equal(duplicates_add(duplicates, hashes, marks, 1024, 0, &problem), ERR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "/nowhere/at/all"));
    duplicates_free(duplicates);
}

static void a_refusing_sink_ends_it(void **state)
{
    (void)state;
    const uint32_t counts[] = {5000, 300000};
    for (size_t c = 0; c < 2; c++) {
        struct seen seen;
        assert_int_equal(resolve(&(struct trial){counts[c], 0, 1 << 20, 2, 700}, &seen, NULL),
                         ERR_NO_SPACE);
        assert_int_equal(seen.uniques, 700);
        mem_free(seen.fate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_sorted_by_hash_then_ordinal),
        cmocka_unit_test(keys_of_one_hash_are_told_apart_by_the_tie),
        cmocka_unit_test(chunks_come_back_from_memory_and_from_file),
        cmocka_unit_test(a_missing_directory_is_told),
        cmocka_unit_test(the_lowest_ordinal_of_each_key_stays),
        cmocka_unit_test(threads_and_files_make_no_difference),
        cmocka_unit_test(one_key_may_come_millions_of_times),
        cmocka_unit_test(a_file_that_cannot_be_made_is_told),
        cmocka_unit_test(a_refusing_sink_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
