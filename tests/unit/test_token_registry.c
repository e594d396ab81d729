/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/content/token_registry.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)
#define DAY_MS UINT64_C(86400000)

struct shelf {
    struct ledger *ledger;
    struct token_registry *registry;
    struct record *record; /* the open one */
    uint64_t recno;
};

static void load(struct shelf *shelf)
{
    struct problem problem;
    shelf->registry = token_registry_new();
    assert_int_equal(token_registry_load(shelf->registry, shelf->ledger, &problem), ERR_OK);
}

static int setup(void **state)
{
    struct shelf *shelf = calloc(1, sizeof(*shelf));
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&shelf->ledger, store_mem_new(), &problem), ERR_OK);
    shelf->record = record_new(0, 1, ++shelf->recno);
    load(shelf);
    *state = shelf;
    return 0;
}

static int teardown(void **state)
{
    struct shelf *shelf = *state;
    token_registry_free(shelf->registry);
    record_free(shelf->record);
    ledger_close(shelf->ledger);
    free(shelf);
    return 0;
}

static size_t write_record(struct shelf *shelf)
{
    struct problem problem;
    size_t entries = shelf->record->entry_count;
    assert_int_equal(ledger_write(shelf->ledger, shelf->record, &problem), ERR_OK);
    record_free(shelf->record);
    shelf->record = record_new(0, 1, ++shelf->recno);
    return entries;
}

/* What was decided is written, and read by a new life. */
static void restart(struct shelf *shelf)
{
    (void)write_record(shelf);
    token_registry_free(shelf->registry);
    load(shelf);
}

static struct token_entry entry_of(const char *name, uint64_t expires_ms)
{
    struct token_entry entry = {.created_ms = NOW_MS, .expires_ms = expires_ms};
    (void)snprintf(entry.name, sizeof(entry.name), "%s", name);
    (void)snprintf(entry.role, sizeof(entry.role), "viewer");
    (void)snprintf(entry.created_by, sizeof(entry.created_by), "admin.token");
    return entry;
}

static uint64_t add(struct shelf *shelf, const char *name, uint64_t expires_ms, char *text)
{
    struct token_entry entry = entry_of(name, expires_ms);
    assert_int_equal(token_registry_add(shelf->registry, &entry, text, shelf->record), ERR_OK);
    return entry.id;
}

static enum token_state check(struct shelf *shelf, const char *text, uint64_t now_ms)
{
    const struct token_entry *entry;
    return token_registry_check(shelf->registry, slice_str(text), now_ms, &entry);
}

static void a_token_is_known_again_after_a_restart(void **state)
{
    struct shelf *shelf = *state;
    char text[ACCESS_TOKEN_CHARS + 1];
    const struct token_entry *entry = NULL;
    assert_int_equal(add(shelf, "wall", NOW_MS + DAY_MS, text), 1);
    assert_int_equal(strlen(text), ACCESS_TOKEN_CHARS);
    assert_memory_equal(text, ACCESS_TOKEN_PREFIX, strlen(ACCESS_TOKEN_PREFIX));
    assert_int_equal(check(shelf, text, NOW_MS), ACCESS_TOKEN_GOOD); /* at once */
    restart(shelf);
    assert_int_equal(token_registry_check(shelf->registry, slice_str(text), NOW_MS + 1, &entry),
                     ACCESS_TOKEN_GOOD);
    assert_int_equal(entry->id, 1);
    assert_string_equal(entry->name, "wall");
    assert_string_equal(entry->role, "viewer");
    assert_string_equal(entry->created_by, "admin.token");
    assert_true(entry->created_ms == NOW_MS && entry->expires_ms == NOW_MS + DAY_MS);
}

static void every_altered_character_makes_it_unknown(void **state)
{
    struct shelf *shelf = *state;
    char text[ACCESS_TOKEN_CHARS + 1];
    (void)add(shelf, "wall", NOW_MS + DAY_MS, text);
    for (size_t i = 0; i < ACCESS_TOKEN_CHARS; i++) {
        char before = text[i];
        text[i] = before == 'A' ? 'B' : 'A';
        assert_int_equal(check(shelf, text, NOW_MS), ACCESS_TOKEN_UNKNOWN);
        text[i] = before;
    }
    assert_int_equal(check(shelf, "", NOW_MS), ACCESS_TOKEN_UNKNOWN);
    assert_int_equal(check(shelf, "tocsin_", NOW_MS), ACCESS_TOKEN_UNKNOWN);
    assert_int_equal(check(shelf, text, NOW_MS), ACCESS_TOKEN_GOOD);
}

static void expiry_and_revocation_act_at_once(void **state)
{
    struct shelf *shelf = *state;
    char first[ACCESS_TOKEN_CHARS + 1];
    char second[ACCESS_TOKEN_CHARS + 1];
    (void)add(shelf, "one", NOW_MS + 1000, first);
    uint64_t id = add(shelf, "two", NOW_MS + DAY_MS, second);
    assert_int_equal(check(shelf, first, NOW_MS + 999), ACCESS_TOKEN_GOOD);
    assert_int_equal(check(shelf, first, NOW_MS + 1000), ACCESS_TOKEN_EXPIRED);
    assert_true(token_registry_revoke(shelf->registry, id, NOW_MS + 5, shelf->record));
    assert_int_equal(check(shelf, second, NOW_MS + 5), ACCESS_TOKEN_REVOKED);
    assert_false(token_registry_revoke(shelf->registry, id, NOW_MS + 6, shelf->record));
    assert_false(token_registry_revoke(shelf->registry, 77, NOW_MS + 6, shelf->record));
    restart(shelf);
    assert_int_equal(check(shelf, second, NOW_MS + 6), ACCESS_TOKEN_REVOKED);
    assert_true(token_registry_find(shelf->registry, id)->revoked_ms == NOW_MS + 5);
}

static bool look_for_secret(void *arg, struct slice id, struct slice value)
{
    const char *text = arg;
    (void)id;
    assert_null(memmem(value.data, value.len, text + strlen(ACCESS_TOKEN_PREFIX), 16));
    return true;
}

static void only_a_hash_is_at_rest(void **state)
{
    struct shelf *shelf = *state;
    char text[ACCESS_TOKEN_CHARS + 1];
    (void)add(shelf, "wall", NOW_MS + DAY_MS, text);
    (void)write_record(shelf);
    assert_int_equal(ledger_each_entry(shelf->ledger, CATALOGUE_TOKEN, look_for_secret, text),
                     ERR_OK);
}

static void the_last_use_is_written_once_a_minute(void **state)
{
    struct shelf *shelf = *state;
    char text[ACCESS_TOKEN_CHARS + 1];
    uint64_t id = add(shelf, "wall", NOW_MS + DAY_MS, text);
    token_registry_note(shelf->registry, NOW_MS, false, shelf->record);
    (void)write_record(shelf);
    for (uint64_t ms = 1; ms < ACCESS_TOKEN_USE_MS; ms += 1000) {
        assert_int_equal(check(shelf, text, NOW_MS + ms), ACCESS_TOKEN_GOOD);
        token_registry_note(shelf->registry, NOW_MS + ms, false, shelf->record);
    }
    assert_int_equal(write_record(shelf), 0);
    token_registry_note(shelf->registry, NOW_MS + ACCESS_TOKEN_USE_MS, false, shelf->record);
    assert_int_equal(write_record(shelf), 1);
    token_registry_note(shelf->registry, NOW_MS + 2 * ACCESS_TOKEN_USE_MS, false, shelf->record);
    assert_int_equal(write_record(shelf), 0); /* it was not used again */
    assert_int_equal(check(shelf, text, NOW_MS + 3 * ACCESS_TOKEN_USE_MS), ACCESS_TOKEN_GOOD);
    token_registry_note(shelf->registry, NOW_MS + 2 * ACCESS_TOKEN_USE_MS + 1, true, shelf->record);
    restart(shelf);
    assert_true(token_registry_find(shelf->registry, id)->used_ms ==
                NOW_MS + 3 * ACCESS_TOKEN_USE_MS);
}

static void the_first_end_of_those_in_use_is_known(void **state)
{
    struct shelf *shelf = *state;
    char text[ACCESS_TOKEN_CHARS + 1];
    (void)add(shelf, "idle", NOW_MS + DAY_MS, text);
    (void)add(shelf, "busy", NOW_MS + 40 * DAY_MS, text);
    struct token_tally tally = token_registry_tally(shelf->registry, NOW_MS);
    assert_int_equal(tally.good, 2);
    assert_true(tally.next_end_ms == 0);
    assert_int_equal(check(shelf, text, NOW_MS), ACCESS_TOKEN_GOOD);
    assert_true(token_registry_tally(shelf->registry, NOW_MS).next_end_ms == NOW_MS + 40 * DAY_MS);
    tally = token_registry_tally(shelf->registry, NOW_MS + 31 * DAY_MS); /* nobody uses it */
    assert_int_equal(tally.good, 1);
    assert_true(tally.next_end_ms == 0);
}

static void a_name_belongs_to_one_good_token(void **state)
{
    struct shelf *shelf = *state;
    char text[ACCESS_TOKEN_CHARS + 1];
    struct token_entry entry = entry_of("wall", NOW_MS + DAY_MS);
    uint64_t id = add(shelf, "wall", NOW_MS + DAY_MS, text);
    assert_int_equal(token_registry_add(shelf->registry, &entry, text, shelf->record), ERR_EXISTS);
    assert_true(token_registry_revoke(shelf->registry, id, NOW_MS, shelf->record));
    assert_int_equal(token_registry_add(shelf->registry, &entry, text, shelf->record), ERR_OK);
    assert_int_equal(entry.id, 2);
}

static void ended_tokens_are_forgotten_but_no_number_is_given_twice(void **state)
{
    struct shelf *shelf = *state;
    char text[ACCESS_TOKEN_CHARS + 1];
    uint64_t late_ms = NOW_MS + 1000 + ACCESS_TOKEN_KEPT_MS;
    (void)add(shelf, "one", NOW_MS + 1000, text);
    (void)add(shelf, "two", NOW_MS + 1000, text);
    token_registry_note(shelf->registry, late_ms - 1, false, shelf->record);
    assert_int_equal(token_registry_count(shelf->registry), 2);
    token_registry_note(shelf->registry, late_ms + ACCESS_TOKEN_USE_MS, false, shelf->record);
    token_registry_note(shelf->registry, late_ms + 2 * ACCESS_TOKEN_USE_MS, false, shelf->record);
    assert_int_equal(token_registry_count(shelf->registry), 1);
    assert_null(token_registry_find(shelf->registry, 1));
    assert_int_equal(check(shelf, text, late_ms), ACCESS_TOKEN_EXPIRED);
    restart(shelf);
    assert_int_equal(token_registry_from(shelf->registry, 0)->id, 2);
    assert_null(token_registry_from(shelf->registry, 3));
    struct token_entry entry = entry_of("three", late_ms + DAY_MS);
    assert_int_equal(token_registry_add(shelf->registry, &entry, text, shelf->record), ERR_OK);
    assert_int_equal(entry.id, 3);
}

static void a_full_registry_forgets_what_ended_first(void **state)
{
    struct shelf *shelf = *state;
    char text[ACCESS_TOKEN_CHARS + 1];
    char good[ACCESS_TOKEN_CHARS + 1];
    char name[ACCESS_TOKEN_NAME_MAX + 1];
    for (unsigned i = 0; i < TOKEN_REGISTRY_MAX; i++) {
        (void)snprintf(name, sizeof(name), "n%u", i);
        (void)add(shelf, name, NOW_MS + DAY_MS, i == 1 ? good : text);
    }
    struct token_entry entry = entry_of("more", NOW_MS + DAY_MS);
    assert_int_equal(token_registry_add(shelf->registry, &entry, text, shelf->record), ERR_LIMIT);
    assert_true(token_registry_revoke(shelf->registry, 1, NOW_MS, shelf->record));
    assert_int_equal(token_registry_add(shelf->registry, &entry, text, shelf->record), ERR_OK);
    assert_int_equal(entry.id, TOKEN_REGISTRY_MAX + 1);
    assert_null(token_registry_find(shelf->registry, 1));
    assert_int_equal(check(shelf, good, NOW_MS), ACCESS_TOKEN_GOOD);
    assert_int_equal(check(shelf, text, NOW_MS), ACCESS_TOKEN_GOOD);
}

/* ---- what is stored ---- */

/* Version 1, hash, four times, three texts. */
#define GOLDEN                                                                                     \
    "\1"                                                                                           \
    "thirty-two bytes of a hash, good"                                                             \
    "\x01\0\0\0\0\0\0\0"                                                                           \
    "\x02\0\0\0\0\0\0\0"                                                                           \
    "\x03\0\0\0\0\0\0\0"                                                                           \
    "\x04\0\0\0\0\0\0\0"                                                                           \
    "\4wall\6viewer\5admin"
#define GOLDEN_BYTES (sizeof(GOLDEN) - 1)

static enum err read_stored(struct shelf *shelf, struct slice id, struct slice bytes,
                            struct problem *problem)
{
    struct buf key = {0};
    ledger_catalogue_key(&key, CATALOGUE_TOKEN, id);
    record_put(shelf->record, buf_view(&key), bytes);
    buf_release(&key);
    (void)write_record(shelf);
    token_registry_free(shelf->registry);
    shelf->registry = token_registry_new();
    return token_registry_load(shelf->registry, shelf->ledger, problem);
}

#define ID "\0\0\0\0\0\0\0\5"

static void version_1_is_read_for_ever(void **state)
{
    struct shelf *shelf = *state;
    struct problem problem;
    assert_int_equal(read_stored(shelf, slice_of(ID, 8), slice_of(GOLDEN, GOLDEN_BYTES), &problem),
                     ERR_OK);
    const struct token_entry *entry = token_registry_find(shelf->registry, 5);
    assert_non_null(entry);
    assert_string_equal(entry->name, "wall");
    assert_string_equal(entry->role, "viewer");
    assert_string_equal(entry->created_by, "admin");
    assert_true(entry->created_ms == 1 && entry->expires_ms == 2 && entry->used_ms == 3 &&
                entry->revoked_ms == 4);
}

static void what_is_damaged_is_named(void **state)
{
    struct shelf *shelf = *state;
    struct problem problem;
    for (size_t len = 0; len < GOLDEN_BYTES; len++) {
        assert_int_equal(read_stored(shelf, slice_of(ID, 8), slice_of(GOLDEN, len), &problem),
                         ERR_CORRUPT);
        assert_non_null(strstr(problem.text, "token t5 cannot be used"));
    }
    assert_int_equal(
        read_stored(shelf, slice_of(ID, 8), slice_of(GOLDEN "x", GOLDEN_BYTES + 1), &problem),
        ERR_CORRUPT);
    assert_int_equal(read_stored(shelf, slice_of(ID, 8), slice_of("\2", 1), &problem),
                     ERR_NEWER_VERSION);
    assert_int_equal(read_stored(shelf, slice_of(ID, 7), slice_of(GOLDEN, GOLDEN_BYTES), &problem),
                     ERR_CORRUPT);
}

#define SHELF_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(a_token_is_known_again_after_a_restart),
        SHELF_TEST(every_altered_character_makes_it_unknown),
        SHELF_TEST(expiry_and_revocation_act_at_once),
        SHELF_TEST(only_a_hash_is_at_rest),
        SHELF_TEST(the_last_use_is_written_once_a_minute),
        SHELF_TEST(the_first_end_of_those_in_use_is_known),
        SHELF_TEST(a_name_belongs_to_one_good_token),
        SHELF_TEST(ended_tokens_are_forgotten_but_no_number_is_given_twice),
        SHELF_TEST(a_full_registry_forgets_what_ended_first),
        SHELF_TEST(version_1_is_read_for_ever),
        SHELF_TEST(what_is_damaged_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
