/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/channel_kind.h"
#include "tests/unit/unit.h"

static void channels_keep_their_numbers_and_words(void **state)
{
    (void)state;
    static const char *const words[] = {"email", "sms", "voice", "push", "chat", "webhook"};
    assert_int_equal(CHANNEL_KINDS, 6);
    for (unsigned i = 0; i < CHANNEL_KINDS; i++) {
        enum channel_kind channel;
        assert_string_equal(channel_kind_name((enum channel_kind)i), words[i]);
        assert_string_equal(channel_kind_names()[i], words[i]);
        assert_true(channel_kind_parse(slice_str(words[i]), &channel));
        assert_int_equal(channel, i);
    }
    assert_null(channel_kind_names()[CHANNEL_KINDS]);
}

static void a_channel_finds_its_endpoints_in_one_field(void **state)
{
    (void)state;
    static const enum page_field fields[] = {PAGE_FIELD_EMAIL, PAGE_FIELD_PHONE,
                                             PAGE_FIELD_PHONE, PAGE_FIELD_PUSH,
                                             PAGE_FIELD_PHONE, PAGE_FIELD_WEBHOOK};
    for (unsigned i = 0; i < CHANNEL_KINDS; i++) {
        assert_int_equal(channel_kind_field((enum channel_kind)i), fields[i]);
    }
}

static void other_words_are_no_channel(void **state)
{
    (void)state;
    enum channel_kind channel;
    assert_false(channel_kind_parse(slice_str(""), &channel));
    assert_false(channel_kind_parse(slice_str("SMS"), &channel));
    assert_false(channel_kind_parse(slice_str("sms "), &channel));
    assert_false(channel_kind_parse(slice_str("fax"), &channel));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_keep_their_numbers_and_words),
        cmocka_unit_test(a_channel_finds_its_endpoints_in_one_field),
        cmocka_unit_test(other_words_are_no_channel),
    };
    return cmocka_run_group_tests_name("channel_kind", tests, NULL, NULL);
}
