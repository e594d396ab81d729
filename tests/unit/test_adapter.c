/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/adapter.h"
#include "tests/unit/unit.h"

static void an_adapter_serves_its_channels(void **state)
{
    (void)state;
    assert_true(adapter_serves("http", CHANNEL_WEBHOOK));
    assert_true(adapter_serves("null", CHANNEL_EMAIL));
    assert_true(adapter_serves("smtp", CHANNEL_EMAIL));
    assert_false(adapter_serves("smtp", CHANNEL_SMS));
    assert_false(adapter_serves("smpt", CHANNEL_EMAIL));
}

static void channels_are_listed_as_people_do(void **state)
{
    (void)state;
    struct buf text = {0};
    adapter_put_channels("smtp", &text);
    assert_string_equal(buf_cstr(&text), "email");
    buf_clear(&text);
    adapter_put_channels("http", &text);
    assert_string_equal(buf_cstr(&text), "email, sms, voice, push, chat and webhook");
    buf_release(&text);
}

static void names_end_with_null(void **state)
{
    (void)state;
    unsigned count = 0;
    while (adapter_names()[count] != NULL) {
        count++;
    }
    assert_true(count >= 3);
    assert_string_equal(adapter_names()[0], "null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_adapter_serves_its_channels),
        cmocka_unit_test(channels_are_listed_as_people_do),
        cmocka_unit_test(names_end_with_null),
    };
    return cmocka_run_group_tests_name("adapter", tests, NULL, NULL);
}
