/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/channel/sendgrid_errors.h"

#define COUNT 12

static bool is_culprit[COUNT];

static enum sendgrid_fault read(const char *body)
{
    memset(is_culprit, 1, sizeof(is_culprit));
    return sendgrid_errors_read(slice_str(body), COUNT, is_culprit);
}

static void assert_culprits(const char *expected)
{
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(is_culprit[i], expected[i] == 'x');
    }
}

static void fields_name_recipients_by_their_place(void **state)
{
    (void)state;
    assert_int_equal(read("{\"errors\":[{\"field\":\"personalizations.3.to\"},"
                          "{\"field\":\"personalizations.11.to.0.email\"},"
                          "{\"field\":\"personalizations.0\"}]}"),
                     SENDGRID_FAULT_RECIPIENTS);
    assert_culprits("x..x.......x");
}

static void places_that_are_not_there_name_nobody(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"errors\":[{\"field\":\"personalizations.12.to\"}]}",
        "{\"errors\":[{\"field\":\"personalizations.-1.to\"}]}",
        "{\"errors\":[{\"field\":\"personalizations.99999999999999999999\"}]}",
        "{\"errors\":[{\"field\":\"personalizations\"}]}",
        "{\"errors\":[{\"field\":\"personalizations.\"}]}",
        "{\"errors\":[{\"field\":\"personalization.1\"}]}",
        "{\"errors\":[{\"field\":null},{},7]}",
        "{\"errors\":{}}",
        "[]",
        "",
        "\xff",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(read(bodies[i]), SENDGRID_FAULT_UNKNOWN);
        assert_culprits("............");
    }
}

static void what_is_wrong_for_most_counts(void **state)
{
    (void)state;
    assert_int_equal(read("{\"errors\":[{\"field\":\"from.email\"},"
                          "{\"field\":\"personalizations.1.to\"},{\"field\":\"content\"}]}"),
                     SENDGRID_FAULT_SENDER);
    assert_int_equal(read("{\"errors\":[{\"field\":\"content.0.value\"},"
                          "{\"field\":\"personalizations.1.to\"}]}"),
                     SENDGRID_FAULT_MESSAGE);
    assert_int_equal(read("{\"errors\":[{\"field\":\"from_the_moon\"}]}"), SENDGRID_FAULT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_name_recipients_by_their_place),
        cmocka_unit_test(places_that_are_not_there_name_nobody),
        cmocka_unit_test(what_is_wrong_for_most_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
