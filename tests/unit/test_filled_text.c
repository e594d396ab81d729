/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/filled_text.h"
#include "tests/unit/unit.h"

enum { ID, MAIL, LOCALE, NAME, COLUMNS };

static const struct page_schema schema = {
    .count = COLUMNS,
    .columns = {[ID] = {PAGE_FIELD_KEY, 0, "id"},
                [MAIL] = {PAGE_FIELD_EMAIL, 0, "email"},
                [LOCALE] = {PAGE_FIELD_LOCALE, 0, "locale"},
                [NAME] = {PAGE_FIELD_VARIABLE, 0, "first_name"}},
};

static const struct wire_body bodies[] = {
    {.channel = CHANNEL_EMAIL,
     .locale = "",
     .subject = "{{campaign}}",
     .text = "Dear {{first_name}}, {{ack_url}}",
     .html = "<p>{{first_name}}</p>"},
    {.channel = CHANNEL_EMAIL, .locale = "de", .subject = "Ausfall", .text = "Guten Tag {{id}}"},
    {.channel = CHANNEL_SMS, .locale = "", .text = "{{token}} {{reply_code}} {{unsubscribe_url}}"},
};

/* The first row of a page of one. */
static struct filled_text fill(const char *const row[COLUMNS], enum channel_kind channel,
                               enum err expected)
{
    const struct wire_content content = {.name = "Outage <1>",
                                         .schema = schema,
                                         .bodies = bodies,
                                         .body_count = sizeof(bodies) / sizeof(bodies[0])};
    struct page_builder builder;
    struct page_view view = {0};
    struct buf scratch = {0};
    struct buf page = {0};
    struct slice values[COLUMNS];
    struct problem problem = {0};
    struct filled_text filled;
    page_builder_init(&builder, COLUMNS);
    for (unsigned c = 0; c < COLUMNS; c++) {
        values[c] = slice_str(row[c]);
    }
    assert_true(page_builder_add(&builder, values));
    page_seal(&builder, PAGE_RAW, NULL, &scratch, &page);
    assert_int_equal(page_open(&view, buf_view(&page), NULL), ERR_OK);
    page_seek(&view, 0);
    assert_int_equal(filled_text_make(&filled, &content, channel, &view, &problem), expected);
    page_view_release(&view);
    buf_release(&page);
    buf_release(&scratch);
    page_builder_release(&builder);
    return filled;
}

static void a_body_of_the_locale_is_chosen_and_filled(void **state)
{
    static const char *const german[] = {"k1", "a@b.test", "de-AT", "Ann"};
    static const char *const other[] = {"k2", "a@b.test", "fr", "<Bo>"};
    (void)state;
    struct filled_text filled = fill(german, CHANNEL_EMAIL, ERR_OK);
    assert_string_equal(filled.locale, "de");
    assert_string_equal(buf_cstr(&filled.text), "Guten Tag k1");
    assert_int_equal(filled.html.len, 0);
    filled_text_release(&filled);
    filled = fill(other, CHANNEL_EMAIL, ERR_OK);
    assert_string_equal(filled.locale, "");
    assert_string_equal(buf_cstr(&filled.subject), "Outage <1>");
    assert_string_equal(buf_cstr(&filled.text), "Dear <Bo>, [ack_url]");
    assert_string_equal(buf_cstr(&filled.html), "<p>&lt;Bo&gt;</p>");
    assert_true(filled.missing == 0);
    filled_text_release(&filled);
}

static void no_secret_of_a_recipient_is_shown(void **state)
{
    static const char *const row[] = {"k1", "", "", "Ann"};
    (void)state;
    struct filled_text filled = fill(row, CHANNEL_SMS, ERR_OK);
    assert_string_equal(buf_cstr(&filled.text), "[token] [reply_code] [unsubscribe_url]");
    filled_text_release(&filled);
}

static void an_empty_variable_is_named(void **state)
{
    static const char *const row[] = {"k1", "a@b.test", "", ""};
    (void)state;
    struct filled_text filled = fill(row, CHANNEL_EMAIL, ERR_OK);
    assert_true(filled.missing == 1U << NAME);
    assert_string_equal(buf_cstr(&filled.text), "Dear , [ack_url]");
    filled_text_release(&filled);
}

static void a_channel_without_a_body_has_no_text(void **state)
{
    static const char *const row[] = {"k1", "", "", "Ann"};
    (void)state;
    struct filled_text filled = fill(row, CHANNEL_PUSH, ERR_NOT_FOUND);
    filled_text_release(&filled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_of_the_locale_is_chosen_and_filled),
        cmocka_unit_test(no_secret_of_a_recipient_is_shown),
        cmocka_unit_test(an_empty_variable_is_named),
        cmocka_unit_test(a_channel_without_a_body_has_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
