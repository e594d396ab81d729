/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/api/fingerprint.h"
#include "coordinator/api/idempotency.h"
#include "tests/unit/unit.h"

#define NOW UINT64_C(1700000000000)

struct fixture {
    struct store *store;
    struct ledger *ledger;
    struct idempotency *idempotency;
    uint64_t recno;
    uint8_t digest[HASH_DIGEST_BYTES];
    struct arena arena;
};

static void open_all(struct fixture *fixture)
{
    struct problem problem;
    struct ledger_head head;
    assert_int_equal(ledger_open(&fixture->ledger, store_mem_ref(fixture->store), &problem),
                     ERR_OK);
    assert_int_equal(idempotency_open(&fixture->idempotency, fixture->ledger, &problem), ERR_OK);
    ledger_head(fixture->ledger, 0, &head);
    fixture->recno = head.recno + 1;
}

static void close_all(struct fixture *fixture)
{
    idempotency_close(fixture->idempotency);
    ledger_close(fixture->ledger);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_true(sodium_init() >= 0);
    fixture->store = store_mem_new();
    open_all(fixture);
    arena_init(&fixture->arena, 1024);
    memset(fixture->digest, 7, sizeof(fixture->digest));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    close_all(fixture);
    fixture->store->ops->close(fixture->store);
    arena_release(&fixture->arena);
    free(fixture);
    return 0;
}

static void restart(struct fixture *fixture)
{
    close_all(fixture);
    open_all(fixture);
}

/* Keeps an answer and makes it durable, but does not settle the key. */
static void keep(struct fixture *fixture, const char *key, uint64_t now_ms)
{
    const struct idempotency_answer answer = {201, slice_str("/v1/campaigns/c7"),
                                              slice_str("{\"id\":\"c7\"}")};
    struct record *record = record_new(0, 1, fixture->recno++);
    struct problem problem;
    idempotency_keep(fixture->idempotency, key, fixture->digest, &answer, now_ms, record);
    assert_int_equal(ledger_write(fixture->ledger, record, &problem), ERR_OK);
    record_free(record);
}

static void expect_answer(struct fixture *fixture, const char *key)
{
    struct idempotency_answer answer;
    assert_int_equal(
        idempotency_answer(fixture->idempotency, key, fixture->digest, &fixture->arena, &answer),
        ERR_OK);
    assert_int_equal(answer.status, 201);
    assert_slice_is(answer.location, "/v1/campaigns/c7");
    assert_slice_is(answer.body, "{\"id\":\"c7\"}");
}

static void a_key_is_new_once_and_then_under_way_and_then_kept(void **state)
{
    struct fixture *fixture = *state;
    struct idempotency *idempotency = fixture->idempotency;
    assert_int_equal(idempotency_claim(idempotency, "k", NOW), IDEMPOTENCY_NEW);
    assert_int_equal(idempotency_claim(idempotency, "k", NOW), IDEMPOTENCY_UNDER_WAY);
    keep(fixture, "k", NOW);
    assert_int_equal(idempotency_claim(idempotency, "k", NOW), IDEMPOTENCY_UNDER_WAY);
    idempotency_settle(idempotency, "k");
    assert_int_equal(idempotency_claim(idempotency, "k", NOW), IDEMPOTENCY_KEPT);
    expect_answer(fixture, "k");
    assert_int_equal(idempotency_claim(idempotency, "K", NOW), IDEMPOTENCY_NEW);
    assert_int_equal(idempotency_count(idempotency), 2);
}

static void a_refused_or_broken_off_request_gives_its_key_back(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(idempotency_claim(fixture->idempotency, "k", NOW), IDEMPOTENCY_NEW);
    idempotency_release(fixture->idempotency, "k");
    assert_int_equal(idempotency_count(fixture->idempotency), 0);
    assert_int_equal(idempotency_claim(fixture->idempotency, "k", NOW), IDEMPOTENCY_NEW);
}

static void another_request_under_the_key_is_told_apart(void **state)
{
    struct fixture *fixture = *state;
    struct idempotency_answer answer;
    assert_int_equal(idempotency_claim(fixture->idempotency, "k", NOW), IDEMPOTENCY_NEW);
    keep(fixture, "k", NOW);
    idempotency_settle(fixture->idempotency, "k");
    fixture->digest[0] ^= 1;
    assert_int_equal(
        idempotency_answer(fixture->idempotency, "k", fixture->digest, &fixture->arena, &answer),
        ERR_CONFLICT);
}

static void kept_answers_outlive_a_restart_and_claims_do_not(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(idempotency_claim(fixture->idempotency, "kept", NOW), IDEMPOTENCY_NEW);
    keep(fixture, "kept", NOW);
    assert_int_equal(idempotency_claim(fixture->idempotency, "claimed", NOW), IDEMPOTENCY_NEW);
    restart(fixture);
    assert_int_equal(idempotency_claim(fixture->idempotency, "kept", NOW), IDEMPOTENCY_KEPT);
    expect_answer(fixture, "kept");
    assert_int_equal(idempotency_claim(fixture->idempotency, "claimed", NOW), IDEMPOTENCY_NEW);
}

static unsigned expire(struct fixture *fixture, uint64_t now_ms, unsigned max)
{
    struct record *record = record_new(0, 1, fixture->recno++);
    struct problem problem;
    unsigned removed = idempotency_expire(fixture->idempotency, now_ms, max, record);
    assert_int_equal(record->entry_count, removed);
    assert_int_equal(ledger_write(fixture->ledger, record, &problem), ERR_OK);
    record_free(record);
    return removed;
}

static void after_a_day_a_key_is_forgotten_everywhere(void **state)
{
    struct fixture *fixture = *state;
    char key[8];
    for (unsigned i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof(key), "k%u", i);
        assert_int_equal(idempotency_claim(fixture->idempotency, key, NOW + i), IDEMPOTENCY_NEW);
        keep(fixture, key, NOW + i);
        idempotency_settle(fixture->idempotency, key);
    }
    restart(fixture);
    assert_int_equal(expire(fixture, NOW + IDEMPOTENCY_KEPT_MS, 100), 0);
    assert_int_equal(expire(fixture, NOW + IDEMPOTENCY_KEPT_MS + 6, 4), 4); /* k0 to k5 are old */
    assert_int_equal(expire(fixture, NOW + IDEMPOTENCY_KEPT_MS + 6, 4), 2);
    assert_int_equal(idempotency_claim(fixture->idempotency, "k6", NOW + IDEMPOTENCY_KEPT_MS),
                     IDEMPOTENCY_KEPT);
    assert_int_equal(idempotency_claim(fixture->idempotency, "k5", NOW + IDEMPOTENCY_KEPT_MS),
                     IDEMPOTENCY_NEW);
    restart(fixture);
    assert_int_equal(idempotency_count(fixture->idempotency), 4);
}

static void an_old_key_is_new_even_before_it_is_removed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(idempotency_claim(fixture->idempotency, "k", NOW), IDEMPOTENCY_NEW);
    keep(fixture, "k", NOW);
    idempotency_settle(fixture->idempotency, "k");
    assert_int_equal(idempotency_claim(fixture->idempotency, "k", NOW + IDEMPOTENCY_KEPT_MS + 1),
                     IDEMPOTENCY_NEW);
}

static void a_key_is_visible_ascii(void **state)
{
    (void)state;
    char long_key[IDEMPOTENCY_KEY_MAX + 2];
    memset(long_key, 'k', sizeof(long_key));
    long_key[IDEMPOTENCY_KEY_MAX + 1] = '\0';
    assert_false(idempotency_is_key(long_key));
    long_key[IDEMPOTENCY_KEY_MAX] = '\0';
    assert_true(idempotency_is_key(long_key));
    assert_true(idempotency_is_key("a-B_9!~"));
    assert_false(idempotency_is_key(""));
    assert_false(idempotency_is_key("a b"));
    assert_false(idempotency_is_key("a\t"));
    assert_false(idempotency_is_key("\xc3\xa9"));
}

static void a_fingerprint_depends_on_everything_and_not_on_the_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *path;
        const char *query;
        const char *pieces[2];
    } requests[] = {
        {"POST", "/a", "b", {"cde", ""}}, {"POST", "/a", "b", {"c", "de"}}, /* the same */
        {"PUT", "/a", "b", {"cde", ""}},  {"POST", "/ab", "", {"cde", ""}},
        {"POST", "/a", "bc", {"de", ""}}, {"POST", "/a", "b", {"cdf", ""}},
    };
    uint8_t digests[6][HASH_DIGEST_BYTES];
    struct fingerprint fingerprint;
    for (unsigned i = 0; i < 6; i++) {
        fingerprint_begin(&fingerprint, requests[i].method, slice_str(requests[i].path),
                          slice_str(requests[i].query));
        fingerprint_add(&fingerprint, slice_str(requests[i].pieces[0]));
        fingerprint_add(&fingerprint, slice_str(requests[i].pieces[1]));
        fingerprint_end(&fingerprint, digests[i]);
        for (unsigned other = 0; other < i; other++) {
            bool is_same = memcmp(digests[i], digests[other], HASH_DIGEST_BYTES) == 0;
            assert_int_equal(is_same, i == 1);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_new_once_and_then_under_way_and_then_kept),
        TEST(a_refused_or_broken_off_request_gives_its_key_back),
        TEST(another_request_under_the_key_is_told_apart),
        TEST(kept_answers_outlive_a_restart_and_claims_do_not),
        TEST(after_a_day_a_key_is_forgotten_everywhere),
        TEST(an_old_key_is_new_even_before_it_is_removed),
        TEST(a_key_is_visible_ascii),
        TEST(a_fingerprint_depends_on_everything_and_not_on_the_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
