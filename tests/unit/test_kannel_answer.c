/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/channel/kannel_answer.h"
#include "worker/channel/kannel_batch.h"

static const uint8_t key[HASH_KEY_BYTES] = "0123456789abcde";

static struct kannel_answer read_answer(uint16_t status, const char *body, bool is_many,
                                        bool is_complete)
{
    const struct http_answer answer = {
        .status = status,
        .complete = is_complete,
        .body = slice_str(body),
        .outcome = OUTCOME_UNCERTAIN,
        .reason = REASON_CONNECTION_LOST,
    };
    struct kannel_answer read;
    kannel_answer_read(&answer, is_many, &read);
    return read;
}

static void an_answer_that_breaks_off_is_what_its_beginning_proves(void **state)
{
    (void)state;
    assert_int_equal(read_answer(202, "0: Acc", false, false).outcome, OUTCOME_ACCEPTED);
    assert_int_equal(read_answer(202, "0: Acc", true, false).outcome, OUTCOME_ACCEPTED);
    struct kannel_answer read = read_answer(202, "", false, false);
    assert_int_equal(read.outcome, OUTCOME_UNCERTAIN);
    assert_int_equal(read.reason, REASON_CONNECTION_LOST);
    assert_int_equal(read_answer(403, "Not rou", false, false).outcome, OUTCOME_UNCERTAIN);
    assert_int_equal(read_answer(0, "", false, false).reason, REASON_CONNECTION_LOST);
}

static void a_code_counts_at_the_beginning_alone(void **state)
{
    (void)state;
    assert_int_equal(read_answer(202, "10: what", false, true).outcome, OUTCOME_UNCERTAIN);
    assert_int_equal(read_answer(202, "error 0: x", false, true).outcome, OUTCOME_UNCERTAIN);
}

static void a_list_is_of_whole_numbers(void **state)
{
    (void)state;
    struct kannel_answer read =
        read_answer(202, "Sent. Denied receivers are: +4711 +4722 Message splits: 33", true, true);
    assert_int_equal(kannel_answer_outcome(&read, slice_str("+4711")), OUTCOME_REJECTED);
    assert_int_equal(kannel_answer_outcome(&read, slice_str("+4722")), OUTCOME_REJECTED);
    assert_int_equal(kannel_answer_outcome(&read, slice_str("+471")), OUTCOME_ACCEPTED);
    assert_int_equal(kannel_answer_outcome(&read, slice_str("33")), OUTCOME_ACCEPTED);
}

static void a_list_that_breaks_off_proves_nothing(void **state)
{
    (void)state;
    struct kannel_answer read =
        read_answer(500, "Sending failed. Failed receivers are: +4711 +47", true, false);
    assert_int_equal(kannel_answer_outcome(&read, slice_str("+4711")), OUTCOME_UNCERTAIN);
    assert_int_equal(kannel_answer_outcome(&read, slice_str("+4722")), OUTCOME_UNCERTAIN);
}

static void a_list_in_an_answer_of_another_status_is_no_list(void **state)
{
    (void)state;
    struct kannel_answer read = read_answer(503, "Denied receivers are: +4711", true, true);
    assert_int_equal(kannel_answer_outcome(&read, slice_str("+4711")), OUTCOME_UNCERTAIN);
}

/* The others may have met another fate than the first one, whose answer it is. */
static void what_is_said_of_the_first_number_is_not_believed_of_all(void **state)
{
    (void)state;
    assert_int_equal(read_answer(403, "Not routable. Do not", false, true).outcome,
                     OUTCOME_REJECTED);
    assert_int_equal(read_answer(403, "Not routable. Do not", true, true).outcome,
                     OUTCOME_UNCERTAIN);
    assert_int_equal(read_answer(503, "", false, true).outcome, OUTCOME_THROTTLED);
    assert_int_equal(read_answer(503, "", true, true).outcome, OUTCOME_UNCERTAIN);
    assert_int_equal(read_answer(403, "Authorization failed", true, true).outcome,
                     OUTCOME_MISCONFIGURED);
}

static void a_number_is_a_plus_and_digits(void **state)
{
    (void)state;
    static const char *const good[] = {"+4790000001", "12345", "1", "+1"};
    static const char *const bad[] = {"",     "+",     "47 90", "+47-90",
                                      "++47", "47+90", "47a",   "+4790000001\n"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(kannel_number_is_valid(slice_str(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(kannel_number_is_valid(slice_str(bad[i])));
    }
    assert_true(kannel_number_is_valid(slice_str("+12345678901234567890123")));
    assert_false(kannel_number_is_valid(slice_str("+123456789012345678901234")));
}

static void a_batch_takes_what_is_alike_and_each_number_once(void **state)
{
    (void)state;
    struct kannel_batches shelf = {0};
    struct kannel_batch *batch = kannel_batch_take(&shelf);
    struct buf numbers = {0};
    struct attempt attempt = {.campaign = 7, .step = 1, .endpoint = slice_str("+471")};
    attempt.token_key = key;
    buf_str(&batch->text, "x");
    kannel_batch_add(batch, &attempt);
    assert_false(kannel_batch_fits(batch, &attempt, slice_str("x"))); /* is there already */
    attempt.endpoint = slice_str("+472");
    assert_true(kannel_batch_fits(batch, &attempt, slice_str("x")));
    assert_false(kannel_batch_fits(batch, &attempt, slice_str("y")));
    attempt.round = 1;
    assert_false(kannel_batch_fits(batch, &attempt, slice_str("x")));
    kannel_batch_add(batch, &attempt);
    kannel_batch_numbers(batch, &numbers);
    assert_true(slice_is(buf_view(&numbers), "+471 +472"));
    kannel_batch_put_back(&shelf, batch);
    assert_ptr_equal(kannel_batch_take(&shelf), batch);
    assert_int_equal(batch->count, 0);
    assert_int_equal(batch->text.len, 0);
    kannel_batch_free(batch);
    buf_release(&numbers);
}

static void a_batch_has_the_attempts_token_until_it_has_two(void **state)
{
    (void)state;
    struct kannel_batches shelf = {0};
    struct kannel_batch *batch = kannel_batch_take(&shelf);
    struct attempt attempt = {.campaign = 7, .step = 3, .round = 2, .endpoint = slice_str("+471")};
    struct token token;
    attempt.token_key = key;
    memset(attempt.token, 'T', TOKEN_CHARS);
    kannel_batch_add(batch, &attempt);
    assert_memory_equal(batch->token, attempt.token, TOKEN_CHARS);
    attempt.endpoint = slice_str("+472");
    kannel_batch_add(batch, &attempt);
    assert_true(token_read(slice_of(batch->token, TOKEN_CHARS), key, &token));
    assert_int_equal(token.campaign, 7);
    assert_true(token.ordinal == TOKEN_OF_REQUEST);
    assert_int_equal(token.step, 3);
    assert_int_equal(token.round, 2);
    kannel_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_breaks_off_is_what_its_beginning_proves),
        cmocka_unit_test(a_code_counts_at_the_beginning_alone),
        cmocka_unit_test(a_list_is_of_whole_numbers),
        cmocka_unit_test(a_list_that_breaks_off_proves_nothing),
        cmocka_unit_test(a_list_in_an_answer_of_another_status_is_no_list),
        cmocka_unit_test(what_is_said_of_the_first_number_is_not_believed_of_all),
        cmocka_unit_test(a_number_is_a_plus_and_digits),
        cmocka_unit_test(a_batch_takes_what_is_alike_and_each_number_once),
        cmocka_unit_test(a_batch_has_the_attempts_token_until_it_has_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
