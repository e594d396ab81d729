/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/outbox.h"

static void put(struct outbox *outbox, uint64_t lease, const char *ref)
{
    const struct outcome_run runs[] = {
        {.offset = 0, .span = 5, .outcome = OUTCOME_ACCEPTED},
        {.offset = 5, .span = 1, .outcome = OUTCOME_REJECTED, .ref = slice_str(ref)},
    };
    const struct wire_outcome_group groups[] = {
        {.lease = lease, .campaign = 7, .page = 3, .run_count = 2, .runs = runs},
        {.lease = lease + 1, .campaign = 7, .page = 4, .run_count = 1, .runs = runs},
    };
    outbox_put(outbox, groups, 2);
}

/* Sends what is due; returns the numbers as text: "1 2 3". */
static const char *send_due(struct outbox *outbox, struct buf *numbers, uint64_t now_ms)
{
    struct outbox_message *message = NULL;
    buf_clear(numbers);
    while ((message = outbox_next(outbox)) != NULL) {
        buf_printf(numbers, "%s%u", numbers->len == 0 ? "" : " ", (unsigned)message->seq);
        outbox_on_sent(outbox, message, now_ms);
    }
    return buf_cstr(numbers);
}

static void messages_are_numbered_and_copied(void **state)
{
    (void)state;
    struct outbox outbox;
    char ref[] = "msg-1";
    outbox_init(&outbox, 1000000);
    put(&outbox, 10, ref);
    memset(ref, 'x', 5);
    const struct outbox_message *message = outbox_next(&outbox);
    assert_int_equal(message->seq, 1);
    assert_int_equal(message->group_count, 2);
    assert_int_equal(message->groups[0].lease, 10);
    assert_int_equal(message->groups[0].runs[0].span, 5);
    assert_slice_is(message->groups[0].runs[1].ref, "msg-1");
    assert_int_equal(message->groups[1].lease, 11);
    assert_int_equal(message->groups[1].run_count, 1);
    outbox_release(&outbox);
}

static void what_was_sent_is_not_sent_again_by_itself(void **state)
{
    (void)state;
    struct outbox outbox;
    struct buf numbers = {0};
    outbox_init(&outbox, 1000000);
    put(&outbox, 1, "");
    put(&outbox, 2, "");
    assert_string_equal(send_due(&outbox, &numbers, 100), "1 2");
    put(&outbox, 3, "");
    assert_string_equal(send_due(&outbox, &numbers, 100), "3");
    assert_string_equal(send_due(&outbox, &numbers, 100), "");
    buf_release(&numbers);
    outbox_release(&outbox);
}

static void a_confirmation_is_of_one_message_alone(void **state)
{
    (void)state;
    struct outbox outbox;
    struct buf numbers = {0};
    outbox_init(&outbox, 1000000);
    for (unsigned i = 0; i < 4; i++) {
        put(&outbox, i, "ref");
    }
    (void)send_due(&outbox, &numbers, 100);
    outbox_confirm(&outbox, 3);
    outbox_confirm(&outbox, 3);
    outbox_confirm(&outbox, 99);
    outbox_resend_all(&outbox);
    assert_string_equal(send_due(&outbox, &numbers, 200), "1 2 4");
    outbox_confirm(&outbox, 1);
    outbox_confirm(&outbox, 2);
    outbox_confirm(&outbox, 4);
    assert_int_equal(outbox.count, 0);
    assert_int_equal(outbox.bytes, 0);
    assert_null(outbox_next(&outbox));
    buf_release(&numbers);
    outbox_release(&outbox);
}

static void a_message_confirmed_while_due_is_not_sent(void **state)
{
    (void)state;
    struct outbox outbox;
    struct buf numbers = {0};
    outbox_init(&outbox, 1000000);
    put(&outbox, 1, "");
    put(&outbox, 2, "");
    (void)send_due(&outbox, &numbers, 100);
    outbox_resend_all(&outbox);
    outbox_confirm(&outbox, 1);
    assert_int_equal(outbox.due, 1);
    assert_string_equal(send_due(&outbox, &numbers, 100), "2");
    buf_release(&numbers);
    outbox_release(&outbox);
}

static void patience_doubles_with_each_repetition(void **state)
{
    (void)state;
    struct outbox outbox;
    struct buf numbers = {0};
    outbox_init(&outbox, 1000000);
    put(&outbox, 1, "");
    uint64_t now_ms = 1000;
    (void)send_due(&outbox, &numbers, now_ms);
    for (uint64_t wait_ms = 5000; wait_ms <= 40000; wait_ms *= 2) {
        outbox_resend_overdue(&outbox, 5000, now_ms + wait_ms - 1);
        assert_string_equal(send_due(&outbox, &numbers, now_ms), "");
        now_ms += wait_ms;
        outbox_resend_overdue(&outbox, 5000, now_ms);
        assert_string_equal(send_due(&outbox, &numbers, now_ms), "1");
    }
    buf_release(&numbers);
    outbox_release(&outbox);
}

static void beyond_its_bound_there_is_no_room_until_something_is_confirmed(void **state)
{
    (void)state;
    struct outbox outbox;
    outbox_init(&outbox, 2000);
    while (outbox_has_room(&outbox)) {
        put(&outbox, 1, "reference");
    }
    assert_true(outbox.bytes >= 2000 && outbox.bytes < 3000);
    put(&outbox, 2, ""); /* what is known is kept all the same */
    while (!outbox_has_room(&outbox)) {
        outbox_confirm(&outbox, outbox.messages->seq);
    }
    assert_true(outbox.bytes < 2000);
    outbox_release(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_numbered_and_copied),
        cmocka_unit_test(what_was_sent_is_not_sent_again_by_itself),
        cmocka_unit_test(a_confirmation_is_of_one_message_alone),
        cmocka_unit_test(a_message_confirmed_while_due_is_not_sent),
        cmocka_unit_test(patience_doubles_with_each_repetition),
        cmocka_unit_test(beyond_its_bound_there_is_no_room_until_something_is_confirmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
