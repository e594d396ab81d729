/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/catalog.h"

static struct catalog_entry *give(struct catalog *catalog, uint64_t campaign, const char *text)
{
    const struct wire_body body = {.channel = CHANNEL_SMS, .locale = "", .text = text};
    struct wire_content content = {
        .campaign = campaign, .name = "c", .body_count = 1, .bodies = &body};
    content.schema.count = 1;
    content.schema.columns[0] = (struct page_column){PAGE_FIELD_KEY, 0, "id"};
    struct problem problem;
    return catalog_take(catalog, &content, &problem);
}

static void content_is_wanted_until_it_comes(void **state)
{
    (void)state;
    struct catalog catalog = {0};
    struct catalog_entry *entry = catalog_use(&catalog, 7);
    assert_ptr_equal(catalog_use(&catalog, 7), entry);
    assert_ptr_equal(catalog_next_wanted(&catalog, 5000), entry);
    entry->asked_ms = 5000;
    assert_null(catalog_next_wanted(&catalog, 5000 + CATALOG_ASK_AGAIN_MS - 1));
    assert_ptr_equal(catalog_next_wanted(&catalog, 5000 + CATALOG_ASK_AGAIN_MS), entry);
    assert_ptr_equal(give(&catalog, 7, "{{id}}"), entry);
    assert_int_equal(entry->state, CATALOG_READY);
    assert_null(catalog_next_wanted(&catalog, 99999));
    assert_null(give(&catalog, 7, "again"));
    catalog_release(&catalog);
}

static void content_that_nobody_waits_for_is_not_taken(void **state)
{
    (void)state;
    struct catalog catalog = {0};
    assert_null(give(&catalog, 7, "{{id}}"));
    catalog_unuse(&catalog, catalog_use(&catalog, 7));
    assert_null(catalog_next_wanted(&catalog, 5000));
    assert_null(give(&catalog, 7, "{{id}}"));
    catalog_release(&catalog);
}

static void content_that_cannot_be_used_is_remembered_as_such(void **state)
{
    (void)state;
    struct catalog catalog = {0};
    struct catalog_entry *entry = catalog_use(&catalog, 7);
    assert_ptr_equal(give(&catalog, 7, "{{nothing}}"), entry);
    assert_int_equal(entry->state, CATALOG_FAILED);
    catalog_unuse(&catalog, entry);
    assert_int_equal(catalog_use(&catalog, 7)->state, CATALOG_FAILED);
    catalog_release(&catalog);
}

static void what_is_not_used_is_kept_for_a_while_and_the_oldest_forgotten(void **state)
{
    (void)state;
    struct catalog catalog = {0};
    struct catalog_entry *held = catalog_use(&catalog, 1);
    (void)give(&catalog, 1, "held");
    for (uint64_t campaign = 2; campaign <= 100; campaign++) {
        struct catalog_entry *entry = catalog_use(&catalog, campaign);
        (void)give(&catalog, campaign, "text");
        catalog_unuse(&catalog, entry);
    }
    assert_int_equal(HASH_COUNT(catalog.entries), CATALOG_UNUSED_MAX);
    assert_ptr_equal(catalog_use(&catalog, 1), held);
    assert_int_equal(catalog_use(&catalog, 100)->state, CATALOG_READY);
    assert_int_equal(catalog_use(&catalog, 2)->state, CATALOG_WANTED);
    catalog_release(&catalog);
}

static void after_a_break_everything_wanted_is_asked_for_at_once(void **state)
{
    (void)state;
    struct catalog catalog = {0};
    catalog_use(&catalog, 7)->asked_ms = 5000;
    assert_null(catalog_next_wanted(&catalog, 5001));
    catalog_ask_again(&catalog);
    assert_non_null(catalog_next_wanted(&catalog, 5001));
    catalog_release(&catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_wanted_until_it_comes),
        cmocka_unit_test(content_that_nobody_waits_for_is_not_taken),
        cmocka_unit_test(content_that_cannot_be_used_is_remembered_as_such),
        cmocka_unit_test(what_is_not_used_is_kept_for_a_while_and_the_oldest_forgotten),
        cmocka_unit_test(after_a_break_everything_wanted_is_asked_for_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
