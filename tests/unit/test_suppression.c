/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/suppression.h"
#include "tests/unit/unit.h"

static void assert_refused(bool is_contact, const char *channel, const char *value,
                           const char *detail)
{
    struct suppression entry = {0};
    struct problem problem = {0};
    assert_int_equal(
        suppression_set(&entry, is_contact, slice_str(channel), slice_str(value), &problem),
        ERR_INVALID);
    assert_non_null(strstr(problem.text, detail));
}

static void endpoints_are_normalised(void **test)
{
    (void)test;
    struct suppression entry = {0};
    struct problem problem;
    assert_int_equal(suppression_set(&entry, false, slice_str("sms"),
                                     slice_str("0049 (170) 123-4567"), &problem),
                     ERR_OK);
    assert_string_equal(entry.value, "+491701234567");
    assert_int_equal(entry.channel, CHANNEL_SMS);
    assert_int_equal(entry.kind, SUPPRESSION_ENDPOINT);
    assert_int_equal(
        suppression_set(&entry, false, slice_str("email"), slice_str("Anna@Example.ORG"), &problem),
        ERR_OK);
    assert_string_equal(entry.value, "anna@example.org");
    assert_int_equal(suppression_set(&entry, true, slice_str(""), slice_str("Anna 7"), &problem),
                     ERR_OK);
    assert_string_equal(entry.value, "Anna 7"); /* a key is as it is */
    assert_int_equal(entry.channel, SUPPRESSION_ALL_CHANNELS);
    assert_int_equal(entry.kind, SUPPRESSION_CONTACT);
    assert_int_equal(suppression_set(&entry, true, slice_str("push"), slice_str("k"), &problem),
                     ERR_OK);
    assert_int_equal(entry.channel, CHANNEL_PUSH);
}

static void what_is_none_is_refused_with_what_would_be_right(void **test)
{
    (void)test;
    assert_refused(false, "fax", "1", "the channels are email, sms");
    assert_refused(false, "", "+491701234567", "needs its channel");
    assert_refused(false, "sms", "0170", "no country code");
    assert_refused(false, "email", "anna", "no @");
    assert_refused(true, "", "", "one line of 1 to");
    assert_refused(true, "", "a\nb", "one line of 1 to");
    assert_refused(true, "", "\xff", "UTF-8");
    struct suppression entry = {0};
    struct problem problem = {0};
    assert_int_equal(suppression_set_reason(&entry, slice_str("because"), &problem), ERR_INVALID);
    assert_non_null(strstr(problem.text, "opt_out, complaint, bounced, invalid, legal, manual"));
    assert_int_equal(suppression_set_source(&entry, slice_str("a\tb"), &problem), ERR_INVALID);
}

static void reasons_have_names(void **test)
{
    (void)test;
    for (unsigned i = 0; suppression_reason_names()[i] != NULL; i++) {
        uint16_t reason = 0;
        assert_true(suppression_reason_parse(slice_str(suppression_reason_names()[i]), &reason));
        assert_true(reason_is_suppression(reason));
        assert_string_equal(suppression_reason_name(reason), suppression_reason_names()[i]);
    }
    assert_null(suppression_reason_name(REASON_DRAINED));
    struct suppression entry = {0};
    assert_int_equal(suppression_set_reason(&entry, slice_str(""), NULL), ERR_OK);
    assert_int_equal(entry.reason, REASON_MANUAL);
}

static void an_entry_is_written_and_read_back(void **test)
{
    (void)test;
    struct suppression entry = {.reason = REASON_LEGAL, .at_ms = 77, .until_ms = 99};
    struct suppression back = {0};
    struct problem problem;
    struct buf id = {0};
    struct buf value = {0};
    assert_int_equal(
        suppression_set(&entry, false, slice_str("sms"), slice_str("+491701234567"), &problem),
        ERR_OK);
    assert_int_equal(suppression_set_source(&entry, slice_str("court"), &problem), ERR_OK);
    suppression_id(&entry, &id);
    suppression_encode(&entry, &value);
    assert_int_equal(suppression_decode(buf_view(&id), buf_view(&value), &back), ERR_OK);
    assert_string_equal(back.value, entry.value);
    assert_string_equal(back.source, "court");
    assert_int_equal(back.channel, CHANNEL_SMS);
    assert_int_equal(back.reason, REASON_LEGAL);
    assert_int_equal(back.at_ms, 77);
    assert_int_equal(back.until_ms, 99);
    for (size_t len = 0; len < value.len; len++) {
        assert_int_not_equal(suppression_decode(buf_view(&id), slice_of(value.data, len), &back),
                             ERR_OK);
    }
    id.data[0] = 9;
    assert_int_equal(suppression_decode(buf_view(&id), buf_view(&value), &back), ERR_CORRUPT);
    value.data[0] = 2;
    assert_int_equal(suppression_decode(buf_view(&id), buf_view(&value), &back), ERR_UNSUPPORTED);
    buf_release(&id);
    buf_release(&value);
}

/* As they stand in ledgers: a change of these bytes makes old lists unreadable. */
static void stored_bytes_never_change(void **test)
{
    (void)test;
    static const uint8_t ID[] = {2, 255, 'k', '7'};
    static const uint8_t VALUE[] = {1, 0x79, 0x05, 1, 0, 0, 0, 0, 0,   0,   0,  2,
                                    0, 0,    0,    0, 0, 0, 0, 3, 'a', 'p', 'i'};
    struct suppression entry = {0};
    assert_int_equal(
        suppression_decode(slice_of(ID, sizeof(ID)), slice_of(VALUE, sizeof(VALUE)), &entry),
        ERR_OK);
    assert_int_equal(entry.kind, SUPPRESSION_CONTACT);
    assert_int_equal(entry.reason, REASON_OPTED_OUT);
    assert_string_equal(entry.value, "k7");
    assert_string_equal(entry.source, "api");
    assert_int_equal(entry.at_ms, 1);
    assert_int_equal(entry.until_ms, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_are_normalised),
        cmocka_unit_test(what_is_none_is_refused_with_what_would_be_right),
        cmocka_unit_test(reasons_have_names),
        cmocka_unit_test(an_entry_is_written_and_read_back),
        cmocka_unit_test(stored_bytes_never_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
