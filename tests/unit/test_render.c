/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/render.h"

static const char token[] = "0123456789abcdef0123456789abcdef";

struct fixture {
    struct render *render;
    const char *public_url;
    struct page_view view;
    struct buf page;
    struct buf texts;
    struct problem problem;
};

enum { ID, PHONE, PHONE_2, MAIL, LOCALE, NAME, COLUMNS };

static const struct page_schema schema = {
    .count = COLUMNS,
    .columns = {[ID] = {PAGE_FIELD_KEY, 0, "id"},
                [PHONE] = {PAGE_FIELD_PHONE, 0, "phone"},
                [PHONE_2] = {PAGE_FIELD_PHONE, 1, "phone.2"},
                [MAIL] = {PAGE_FIELD_EMAIL, 0, "email"},
                [LOCALE] = {PAGE_FIELD_LOCALE, 0, "locale"},
                [NAME] = {PAGE_FIELD_VARIABLE, 0, "first_name"}},
};

static const char *const rows[][COLUMNS] = {
    {"k0", "+491", "+492", "a@b.example", "de-AT", "Eva <&> \"Co\""},
    {"k1", "+493", "", "c@d.example", "de-CH", ""},
    {"k2", "", "", "", "EN_us", "Bob"},
    {"k3", "", "", "", "fr", "Zoe"},
    {"k4", "", "", "", "", "Nil"},
};

static int setup(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    struct page_builder builder;
    struct buf scratch = {0};
    page_builder_init(&builder, COLUMNS);
    for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct slice values[COLUMNS];
        for (unsigned c = 0; c < COLUMNS; c++) {
            values[c] = slice_str(rows[r][c]);
        }
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_RAW, NULL, &scratch, &fixture->page);
    assert_int_equal(page_open(&fixture->view, buf_view(&fixture->page), NULL), ERR_OK);
    buf_release(&scratch);
    page_builder_release(&builder);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    render_free(fixture->render);
    page_view_release(&fixture->view);
    buf_release(&fixture->page);
    buf_release(&fixture->texts);
    test_free(fixture);
    return 0;
}

static enum err make(struct fixture *fixture, const struct wire_body *bodies, unsigned count)
{
    const struct wire_content content = {.campaign = 7,
                                         .name = "Outage",
                                         .public_url = fixture->public_url,
                                         .schema = schema,
                                         .body_count = count,
                                         .bodies = bodies};
    render_free(fixture->render);
    return render_new(&fixture->render, &content, &fixture->problem);
}

static int fill(struct fixture *fixture, enum channel_kind channel, unsigned row,
                struct render_texts *texts)
{
    page_seek(&fixture->view, row);
    const struct render_body *body = render_body_for(fixture->render, channel, &fixture->view);
    const struct render_row at = {fixture->render, &fixture->view, token, 1023};
    return render_fill(body, &at, &fixture->texts, texts);
}

static void subject_text_and_html_are_filled_and_html_is_escaped(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_body body = {.channel = CHANNEL_EMAIL,
                                   .locale = "",
                                   .subject = "{{campaign}} for {{id}}",
                                   .text = "Dear {{first_name}}: {{token}}",
                                   .html = "<p>{{first_name}}</p>"};
    struct render_texts texts;
    assert_int_equal(make(fixture, &body, 1), ERR_OK);
    assert_int_equal(fill(fixture, CHANNEL_EMAIL, 0, &texts), -1);
    assert_slice_is(texts.subject, "Outage for k0");
    assert_slice_is(texts.text, "Dear Eva <&> \"Co\": 0123456789abcdef0123456789abcdef");
    assert_memory_equal(texts.html.data, "<p>Eva &lt;&amp;&gt; ", 21);
}

static void links_begin_with_the_public_url_or_do_not_exist(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_body body = {
        .channel = CHANNEL_SMS, .locale = "", .text = "{{ack_url}} {{unsubscribe_url}}"};
    struct render_texts texts;
    assert_int_equal(make(fixture, &body, 1), ERR_NOT_FOUND);
    fixture->public_url = "https://a.example";
    assert_int_equal(make(fixture, &body, 1), ERR_OK);
    assert_slice_is(render_public_url(fixture->render), "https://a.example");
    assert_int_equal(fill(fixture, CHANNEL_SMS, 0, &texts), -1);
    assert_slice_is(texts.text, "https://a.example/a/0123456789abcdef0123456789abcdef "
                                "https://a.example/u/0123456789abcdef0123456789abcdef");
}

static void a_body_without_subject_or_html_leaves_them_empty(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_body body = {.channel = CHANNEL_SMS, .locale = "", .text = "{{phone}}"};
    struct render_texts texts;
    assert_int_equal(make(fixture, &body, 1), ERR_OK);
    assert_int_equal(fill(fixture, CHANNEL_SMS, 0, &texts), -1);
    assert_int_equal(texts.subject.len + texts.html.len, 0);
    assert_slice_is(texts.text, "+491");
}

static void the_body_follows_locale_then_language_then_default(void **state)
{
    struct fixture *fixture = *state;
    static const struct wire_body bodies[] = {
        {.channel = CHANNEL_SMS, .locale = "de", .text = "language"},
        {.channel = CHANNEL_SMS, .locale = "de-AT", .text = "exact"},
        {.channel = CHANNEL_SMS, .locale = "", .text = "default"},
        {.channel = CHANNEL_SMS, .locale = "en-US", .text = "english"},
        {.channel = CHANNEL_EMAIL, .locale = "fr", .text = "mail"},
    };
    static const char *const expected[] = {"exact", "language", "english", "default", "default"};
    assert_int_equal(make(fixture, bodies, 5), ERR_OK);
    for (unsigned row = 0; row < 5; row++) {
        struct render_texts texts;
        assert_int_equal(fill(fixture, CHANNEL_SMS, row, &texts), -1);
        assert_slice_is(texts.text, expected[row]);
    }
}

static void without_a_default_the_first_body_serves(void **state)
{
    struct fixture *fixture = *state;
    static const struct wire_body bodies[] = {
        {.channel = CHANNEL_SMS, .locale = "it", .text = "first"},
        {.channel = CHANNEL_SMS, .locale = "de", .text = "second"},
    };
    struct render_texts texts;
    assert_int_equal(make(fixture, bodies, 2), ERR_OK);
    assert_int_equal(fill(fixture, CHANNEL_SMS, 3, &texts), -1);
    assert_slice_is(texts.text, "first");
    assert_true(render_has_channel(fixture->render, CHANNEL_SMS));
    assert_false(render_has_channel(fixture->render, CHANNEL_EMAIL));
    assert_null(render_body_for(fixture->render, CHANNEL_EMAIL, &fixture->view));
}

static void a_missing_variable_in_any_part_is_named(void **state)
{
    struct fixture *fixture = *state;
    static const struct wire_body bodies[] = {
        {.channel = CHANNEL_SMS, .locale = "", .text = "{{first_name}}"},
        {.channel = CHANNEL_EMAIL,
         .locale = "",
         .subject = "s",
         .text = "t",
         .html = "{{phone.2}}"},
        {.channel = CHANNEL_PUSH, .locale = "", .subject = "{{email}}", .text = "t"},
    };
    struct render_texts texts;
    assert_int_equal(make(fixture, bodies, 3), ERR_OK);
    int missing = fill(fixture, CHANNEL_SMS, 1, &texts);
    assert_slice_is(render_variable_name(fixture->render, missing), "first_name");
    missing = fill(fixture, CHANNEL_EMAIL, 1, &texts);
    assert_slice_is(render_variable_name(fixture->render, missing), "phone.2");
    missing = fill(fixture, CHANNEL_PUSH, 3, &texts);
    assert_slice_is(render_variable_name(fixture->render, missing), "email");
    assert_int_equal(fill(fixture, CHANNEL_SMS, 2, &texts), -1);
}

static void a_template_that_does_not_parse_says_where(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_body unknown = {
        .channel = CHANNEL_EMAIL, .locale = "de", .text = "t", .html = "{{frist_name}}"};
    assert_int_equal(make(fixture, &unknown, 1), ERR_NOT_FOUND);
    assert_null(fixture->render);
    assert_non_null(strstr(fixture->problem.text, "html of email, locale \"de\""));
    assert_non_null(strstr(fixture->problem.text, "frist_name"));
    const struct wire_body broken = {.channel = CHANNEL_SMS, .locale = "", .text = "{{id"};
    assert_int_not_equal(make(fixture, &broken, 1), ERR_OK);
}

static void every_channel_finds_its_endpoints(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(make(fixture, NULL, 0), ERR_OK);
    static const enum channel_kind phones[] = {CHANNEL_SMS, CHANNEL_VOICE, CHANNEL_CHAT};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(render_endpoint(fixture->render, phones[i], 0), PHONE);
        assert_int_equal(render_endpoint(fixture->render, phones[i], 1), PHONE_2);
        assert_int_equal(render_endpoint(fixture->render, phones[i], 2), -1);
        assert_int_equal(render_endpoint(fixture->render, phones[i], 255), -1);
    }
    assert_int_equal(render_endpoint(fixture->render, CHANNEL_EMAIL, 0), MAIL);
    assert_int_equal(render_endpoint(fixture->render, CHANNEL_PUSH, 0), -1);
    assert_int_equal(render_endpoint(fixture->render, CHANNEL_WEBHOOK, 0), -1);
}

static void any_variable_is_found_by_its_name(void **state)
{
    struct fixture *fixture = *state;
    struct slice value;
    assert_int_equal(make(fixture, NULL, 0), ERR_OK);
    page_seek(&fixture->view, 1);
    const struct render_row row = {fixture->render, &fixture->view, token, 1023};
    assert_true(render_value(&row, slice_str("phone"), &value));
    assert_slice_is(value, "+493");
    assert_true(render_value(&row, slice_str("token"), &value));
    assert_slice_is(value, token);
    assert_true(render_value(&row, slice_str("campaign"), &value));
    assert_slice_is(value, "Outage");
    assert_false(render_value(&row, slice_str("first_name"), &value));
    assert_false(render_value(&row, slice_str("nothing"), &value));
}

static void the_reply_code_is_of_campaign_recipient_and_key(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_body body = {.channel = CHANNEL_SMS, .locale = "", .text = "{{reply_code}}"};
    const struct wire_content content = {
        .campaign = 7,
        .name = "Outage",
        .token_key = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        .reply_range = {4, 8192, 8192},
        .schema = schema,
        .body_count = 1,
        .bodies = &body};
    struct render_texts texts;
    assert_int_equal(render_new(&fixture->render, &content, &fixture->problem), ERR_OK);
    assert_int_equal(fill(fixture, CHANNEL_SMS, 0, &texts), -1);
    assert_slice_is(texts.text, "0BT4"); /* as in test_reply_code */
}

static void without_reply_codes_the_variable_is_missing(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_body body = {.channel = CHANNEL_SMS, .locale = "", .text = "{{reply_code}}"};
    struct wire_content content = {
        .campaign = 7, .name = "Outage", .schema = schema, .body_count = 1, .bodies = &body};
    struct render_texts texts;
    assert_int_equal(render_new(&fixture->render, &content, &fixture->problem), ERR_OK);
    int missing = fill(fixture, CHANNEL_SMS, 0, &texts);
    assert_slice_is(render_variable_name(fixture->render, missing), "reply_code");
    render_free(fixture->render);
    content.reply_range = (struct reply_range){4, 0, 1023}; /* the row is the next one */
    assert_int_equal(render_new(&fixture->render, &content, &fixture->problem), ERR_OK);
    missing = fill(fixture, CHANNEL_SMS, 0, &texts);
    assert_slice_is(render_variable_name(fixture->render, missing), "reply_code");
}

/* Puts a part together again from its pieces and one recipient's values. */
static void assemble(const struct merge_part *part, const struct slice *values, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < part->count; i++) {
        buf_slice(out, part->pieces[i].literal);
        if (part->pieces[i].slot != MERGE_NO_SLOT) {
            buf_slice(out, values[part->pieces[i].slot]);
        }
    }
}

static void a_message_for_many_comes_to_the_same_as_one_for_each(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_body body = {.channel = CHANNEL_EMAIL,
                                   .locale = "",
                                   .subject = "\\{{id}} {{campaign}} for {{id}}",
                                   .text = "Dear {{first_name}} ({{id}}): {{token}}, {{ack_url}}",
                                   .html = "<p>{{first_name}}</p>{{id|raw}} {{id}} "
                                           "{{first_name|url}} {{unsubscribe_url}}"};
    fixture->public_url = "https://a.example?a=1&b=2";
    assert_int_equal(make(fixture, &body, 1), ERR_OK);
    struct buf made = {0};
    struct buf values_buf = {0};
    for (unsigned r = 0; r < 5; r += r == 0 ? 2 : 1) {
        struct render_texts texts;
        assert_int_equal(fill(fixture, CHANNEL_EMAIL, r, &texts), -1);
        const struct render_body *chosen =
            render_body_for(fixture->render, CHANNEL_EMAIL, &fixture->view);
        const struct merge *merge = render_merge(chosen);
        /* id raw and escaped; campaign; first_name raw, html, url; token; two links */
        assert_int_equal(merge->slot_count, 9);
        struct slice values[9];
        const struct render_row at = {fixture->render, &fixture->view, token, 1023};
        assert_int_equal(render_values(merge, &at, &values_buf, values), -1);
        assemble(&merge->subject, values, &made);
        assert_slice_is(texts.subject, buf_cstr(&made));
        assemble(&merge->text, values, &made);
        assert_slice_is(texts.text, buf_cstr(&made));
        assemble(&merge->html, values, &made);
        assert_slice_is(texts.html, buf_cstr(&made));
    }
    buf_release(&made);
    buf_release(&values_buf);
}

static void a_message_for_many_names_who_lacks_a_variable_alike(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_body body = {
        .channel = CHANNEL_EMAIL, .locale = "", .text = "{{id}} {{first_name}} {{phone.2}}"};
    struct slice values[3];
    struct buf buf = {0};
    assert_int_equal(make(fixture, &body, 1), ERR_OK);
    page_seek(&fixture->view, 1);
    const struct merge *merge =
        render_merge(render_body_for(fixture->render, CHANNEL_EMAIL, &fixture->view));
    const struct render_row at = {fixture->render, &fixture->view, token, 1023};
    assert_int_equal(merge->subject.count + merge->html.count, 0);
    int missing = render_values(merge, &at, &buf, values);
    assert_slice_is(render_variable_name(fixture->render, missing), "first_name");
    buf_release(&buf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(subject_text_and_html_are_filled_and_html_is_escaped),
        TEST(links_begin_with_the_public_url_or_do_not_exist),
        TEST(a_body_without_subject_or_html_leaves_them_empty),
        TEST(the_body_follows_locale_then_language_then_default),
        TEST(without_a_default_the_first_body_serves),
        TEST(a_missing_variable_in_any_part_is_named),
        TEST(a_template_that_does_not_parse_says_where),
        TEST(every_channel_finds_its_endpoints),
        TEST(the_reply_code_is_of_campaign_recipient_and_key),
        TEST(without_reply_codes_the_variable_is_missing),
        TEST(a_message_for_many_comes_to_the_same_as_one_for_each),
        TEST(a_message_for_many_names_who_lacks_a_variable_alike),
        TEST(any_variable_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
