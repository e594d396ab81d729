/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire.h"
#include "tests/unit/wire_examples.h"
#include "tests/unit/wire_fixture.h"

static void hello_survives(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_HELLO);
    expect_ok(fixture, &message);
    const struct wire_hello *got = &fixture->message.hello;
    assert_int_equal(got->version_min, 1);
    assert_int_equal(got->version_max, 3);
    assert_string_equal(got->name, "w1/2");
    assert_true(got->instance == UINT64_C(0x1122334455667788));
    assert_string_equal(got->build, "0.1.0");
}

static void hello_is_written_for_ever_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    static const char golden[] = "\x0a\x1a"                             /* Hello of 26 bytes */
                                 "\x08\x01\x10\x03"                     /* versions */
                                 "\x1a\x04w1/2"                         /* name */
                                 "\x21\x88\x77\x66\x55\x44\x33\x22\x11" /* instance */
                                 "\x2a\x05"
                                 "0.1.0"; /* build */
    struct wire_message message = example(WIRE_HELLO);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->frame.len, sizeof(golden) - 1);
    assert_memory_equal(fixture->frame.data, golden, sizeof(golden) - 1);
}

/* Without a step it is that of who knew of none: workers before and after read the same. */
static void a_recall_of_any_step_is_written_as_ever(void **state)
{
    struct fixture *fixture = *state;
    static const char golden[] = "\x72\x09"             /* Recall of 9 bytes */
                                 "\x08\x09\x18\xff\x07" /* epoch, place */
                                 "\x20\x07\x28\x0c";    /* campaign, page */
    static const char of_step[] = "\x72\x0b"
                                  "\x08\x09\x18\xff\x07\x20\x07\x28\x0c"
                                  "\x30\x03"; /* step */
    struct wire_message message = example(WIRE_RECALL);
    message.recall.step = 0;
    expect_ok(fixture, &message);
    assert_int_equal(fixture->frame.len, sizeof(golden) - 1);
    assert_memory_equal(fixture->frame.data, golden, sizeof(golden) - 1);
    assert_int_equal(fixture->message.recall.step, 0);
    message.recall.step = 3;
    expect_ok(fixture, &message);
    assert_int_equal(fixture->frame.len, sizeof(of_step) - 1);
    assert_memory_equal(fixture->frame.data, of_step, sizeof(of_step) - 1);
}

/* Its first two fields are what they are today; nothing is known of the rest. */
static void a_hello_of_the_far_future_can_be_refused(void **state)
{
    struct fixture *fixture = *state;
    struct buf body = {0};
    put_varint_field(&body, 1, 7);
    put_varint_field(&body, 2, 9);
    put_bytes_field(&body, 3, slice_str("\xff\xfe"));
    put_bytes_field(&body, 90, slice_str("unheard of"));
    wrap(fixture, WIRE_HELLO, &body);
    assert_int_equal(decode_frame(fixture, none), ERR_OK);
    assert_int_equal(fixture->message.hello.version_min, 7);
    assert_int_equal(fixture->message.hello.version_max, 9);
    assert_string_equal(fixture->message.hello.name, "");
    assert_string_equal(fixture->message.hello.build, "");
}

static void hello_has_limits(void **state)
{
    struct fixture *fixture = *state;
    char name[WIRE_NAME_MAX + 2] = {0};
    memset(name, 'w', WIRE_NAME_MAX);
    struct wire_message message = example(WIRE_HELLO);
    message.hello.name = name;
    expect_ok(fixture, &message);
    name[WIRE_NAME_MAX] = 'w';
    expect_refusal(fixture, &message, ERR_LIMIT, "HELLO: name has 65 bytes, more than 64");
    message.hello.name = NULL;
    expect_refusal(fixture, &message, ERR_INVALID, "name is empty");
    message.hello.name = "w\xff";
    expect_refusal(fixture, &message, ERR_INVALID, "name is not UTF-8 at byte 1");
    message = example(WIRE_HELLO);
    message.hello.version_min = 0;
    expect_refusal(fixture, &message, ERR_INVALID, "version_min is 0");
    message.hello.version_min = 4;
    expect_refusal(fixture, &message, ERR_INVALID, "version_min is 4, but must be 1 to 3");
    message.hello.version_max = 0;
    expect_refusal(fixture, &message, ERR_INVALID, "version_max is 0");
}

static void welcome_survives(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_WELCOME);
    expect_ok(fixture, &message);
    const struct wire_welcome *got = &fixture->message.welcome;
    assert_int_equal(got->version, 1);
    assert_int_equal(got->epoch, 9);
    assert_int_equal(got->heartbeat_ms, 2000);
    assert_int_equal(got->lease_ms, 30000);
    assert_int_equal(got->provider_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(got->providers[i].id, example_providers[i].id);
        assert_string_equal(got->providers[i].name, example_providers[i].name);
        assert_int_equal(got->providers[i].channel, example_providers[i].channel);
        assert_string_equal(got->providers[i].adapter, example_providers[i].adapter);
        assert_string_equal(got->providers[i].settings, example_providers[i].settings);
    }
}

static void expect_provider_refusal(struct fixture *fixture, struct wire_provider provider,
                                    enum err expected, const char *words)
{
    struct wire_message message = example(WIRE_WELCOME);
    message.welcome.provider_count = 1;
    message.welcome.providers = &provider;
    expect_refusal(fixture, &message, expected, words);
}

static void welcome_has_limits(void **state)
{
    struct fixture *fixture = *state;
    struct wire_provider good = example_providers[0];
    struct wire_provider bad = good;
    bad.id = WIRE_PROVIDERS_MAX;
    expect_provider_refusal(fixture, bad, ERR_INVALID, "provider id is 64");
    bad = good;
    bad.channel = CHANNEL_KINDS;
    expect_provider_refusal(fixture, bad, ERR_INVALID, "provider channel is 6");
    bad = good;
    bad.name = "";
    expect_provider_refusal(fixture, bad, ERR_INVALID, "provider name is empty");
    bad = good;
    bad.adapter = "";
    expect_provider_refusal(fixture, bad, ERR_INVALID, "provider adapter is empty");
    bad = good;
    bad.settings = "{\"\xc0\x80\"}";
    expect_provider_refusal(fixture, bad, ERR_INVALID, "provider settings is not UTF-8");

    struct wire_provider twins[] = {good, good};
    struct wire_message message = example(WIRE_WELCOME);
    message.welcome.providers = twins;
    expect_refusal(fixture, &message, ERR_INVALID, "provider id 0 comes twice");
}

static void the_most_providers_survive_and_one_more_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct wire_provider many[WIRE_PROVIDERS_MAX];
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        many[i] = example_providers[0];
        many[i].id = i;
    }
    struct wire_message message = example(WIRE_WELCOME);
    message.welcome.provider_count = WIRE_PROVIDERS_MAX;
    message.welcome.providers = many;
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.welcome.provider_count, WIRE_PROVIDERS_MAX);

    struct buf body = {0};
    for (unsigned i = 0; i <= WIRE_PROVIDERS_MAX; i++) {
        put_bytes_field(&body, 6, none);
    }
    wrap(fixture, WIRE_WELCOME, &body);
    expect_problem(fixture, decode_frame(fixture, none), ERR_LIMIT,
                   "65 providers are more than 64");
}

static void a_token_key_of_another_length_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct buf body = {0};
    put_bytes_field(&body, 7, slice_str("fifteen bytes.."));
    wrap(fixture, WIRE_CONTENT, &body);
    expect_problem(fixture, decode_frame(fixture, none), ERR_INVALID, "token_key has 15 bytes");
}

static void content_may_have_no_trace_but_no_impossible_one(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_CONTENT);
    message.content.trace = (struct trace_context){0};
    expect_ok(fixture, &message);
    assert_false(trace_context_is_set(&fixture->message.content.trace));
    struct buf body = {0};
    put_bytes_field(&body, 7, slice_str("sixteen bytes..."));
    put_bytes_field(&body, 11, slice_str("25 bytes would be a trace"));
    put_bytes_field(&body, 11, slice_str("24 bytes would be none.."));
    wrap(fixture, WIRE_CONTENT, &body);
    expect_problem(fixture, decode_frame(fixture, none), ERR_INVALID, "trace: 24 bytes");
    message.content.trace = (struct trace_context){{1}, {0}, true};
    expect_problem(fixture, round_trip(fixture, &message), ERR_INVALID, "trace: 25 bytes");
}

static void content_may_have_no_reply_codes_but_no_impossible_ones(void **state)
{
    static const struct reply_range impossible[] = {
        {3, 0, 8},
        {9, 0, 8},
        {4, 0, 0},
        {0, 8, 0},
        {0, 0, 8},
        {4, 1048570, 8},
        {UINT32_MAX, UINT64_MAX, UINT64_MAX},
    };
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_CONTENT);
    message.content.reply_range = (struct reply_range){0};
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.content.reply_range.count, 0);
    for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
        message.content.reply_range = impossible[i];
        expect_problem(fixture, round_trip(fixture, &message), ERR_INVALID, "reply codes of");
    }
}

static void refused_survives(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_REFUSED);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.refused.version_min, 1);
    assert_int_equal(fixture->message.refused.version_max, 1);
    assert_string_equal(fixture->message.refused.why, "too old");
}

static void credit_survives_and_unknown_channels_are_passed_over(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_CREDIT);
    expect_ok(fixture, &message);
    const struct wire_credit *got = &fixture->message.credit;
    assert_int_equal(got->epoch, 9);
    assert_memory_equal(got->limit, message.credit.limit, sizeof(got->limit));

    struct buf body = {0};
    put_varint_field(&body, 1, 9);
    put_bytes_field(&body, 2, slice_str("\x01\x02\x03\x04\x05\x06\x07\x08"));
    wrap(fixture, WIRE_CREDIT, &body);
    assert_int_equal(decode_frame(fixture, none), ERR_OK);
    assert_int_equal(fixture->message.credit.limit[CHANNEL_KINDS - 1], CHANNEL_KINDS);
    put_bytes_field(&body, 2, slice_str("\x01\x02"));
    wrap(fixture, WIRE_CREDIT, &body);
    assert_int_equal(decode_frame(fixture, none), ERR_OK);
    assert_int_equal(fixture->message.credit.limit[1], 2);
    assert_int_equal(fixture->message.credit.limit[2], 0);
}

static void credit_names_the_providers_that_could_not_be_opened(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_CREDIT);
    expect_ok(fixture, &message);
    const struct wire_credit *got = &fixture->message.credit;
    assert_int_equal(got->unopened_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(got->unopened[i].provider, example_unopened[i].provider);
        assert_string_equal(got->unopened[i].why, example_unopened[i].why);
    }
}

static void a_credit_with_an_unopened_provider_out_of_range_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct buf body = {0};
    struct buf inner = {0};
    put_varint_field(&inner, 1, WIRE_PROVIDERS_MAX);
    put_varint_field(&body, 1, 9);
    put_bytes_field(&body, 3, buf_view(&inner));
    wrap(fixture, WIRE_CREDIT, &body);
    assert_int_equal(decode_frame(fixture, none), ERR_INVALID);
    put_varint_field(&body, 1, 9);
    for (unsigned i = 0; i <= WIRE_PROVIDERS_MAX; i++) {
        put_bytes_field(&body, 3, slice_of(NULL, 0));
    }
    wrap(fixture, WIRE_CREDIT, &body);
    assert_int_equal(decode_frame(fixture, none), ERR_LIMIT);
    buf_release(&inner);
}

static void content_survives(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_CONTENT);
    expect_ok(fixture, &message);
    const struct wire_content *got = &fixture->message.content;
    assert_int_equal(got->epoch, 9);
    assert_int_equal(got->campaign, 5);
    assert_string_equal(got->name, "Outage");
    assert_memory_equal(got->token_key, message.content.token_key, HASH_KEY_BYTES);
    assert_int_equal(got->reply_range.chars, 5);
    assert_int_equal(got->reply_range.first, 33000000);
    assert_int_equal(got->reply_range.count, 500000);
    assert_memory_equal(&got->trace, &message.content.trace, sizeof(got->trace));
    assert_memory_equal(&got->schema, &message.content.schema, sizeof(got->schema));
    assert_int_equal(got->body_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(got->bodies[i].channel, example_bodies[i].channel);
        assert_string_equal(got->bodies[i].locale, example_bodies[i].locale);
        assert_string_equal(got->bodies[i].subject, example_bodies[i].subject);
        assert_string_equal(got->bodies[i].text, example_bodies[i].text);
        assert_string_equal(got->bodies[i].html, example_bodies[i].html);
        assert_int_equal(got->bodies[i].attachment_count, example_bodies[i].attachment_count);
        for (unsigned a = 0; a < example_bodies[i].attachment_count; a++) {
            assert_string_equal(got->bodies[i].attachments[a], example_bodies[i].attachments[a]);
        }
    }
}

static void content_has_limits(void **state)
{
    struct fixture *fixture = *state;
    struct wire_body body = example_bodies[0];
    struct wire_message message = example(WIRE_CONTENT);
    message.content.body_count = 1;
    message.content.bodies = &body;
    static char large[WIRE_TEXT_MAX + 2];
    memset(large, 'x', WIRE_TEXT_MAX);
    body.text = large;
    expect_ok(fixture, &message);
    large[WIRE_TEXT_MAX] = 'x';
    expect_refusal(fixture, &message, ERR_LIMIT, "body text has 262145 bytes");
    body = example_bodies[0];
    body.channel = CHANNEL_KINDS;
    expect_refusal(fixture, &message, ERR_INVALID, "body channel is 6");
    body = example_bodies[0];
    body.html = "\xed\xa0\x80";
    expect_refusal(fixture, &message, ERR_INVALID, "body html is not UTF-8");
    static const char *const elsewhere[] = {"../secret.pdf"};
    body.html = "";
    body.attachment_count = 1;
    body.attachments = elsewhere;
    expect_refusal(fixture, &message, ERR_INVALID, "an attachment is no name of a file");
    message = example(WIRE_CONTENT);
    message.content.schema.columns[0].field = PAGE_FIELD_EMAIL;
    expect_refusal(fixture, &message, ERR_INVALID, "schema");
    char name[WIRE_LINE_MAX + 2] = {0};
    memset(name, 'n', WIRE_LINE_MAX + 1);
    message = example(WIRE_CONTENT);
    message.content.name = name;
    expect_refusal(fixture, &message, ERR_LIMIT, "name has 1025 bytes");
}

static void the_small_ones_survive(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_CONTENT_REQUEST);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.content_request.epoch, 9);
    assert_int_equal(fixture->message.content_request.campaign, 5);
    message = example(WIRE_OUTCOMES_DURABLE);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.outcomes_durable.epoch, 9);
    assert_true(fixture->message.outcomes_durable.instance == UINT64_MAX);
    assert_int_equal(fixture->message.outcomes_durable.seq, 12);
    message = example(WIRE_CANCEL);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.cancel.epoch, 9);
    assert_int_equal(fixture->message.cancel.campaign, 5);
    assert_true(fixture->message.cancel.for_good);
    message.cancel.for_good = false;
    expect_ok(fixture, &message);
    assert_false(fixture->message.cancel.for_good);
    message = example(WIRE_RECALL);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.recall.epoch, 9);
    assert_int_equal(fixture->message.recall.campaign, 7);
    assert_int_equal(fixture->message.recall.page, 12);
    assert_int_equal(fixture->message.recall.place, 1023);
    assert_int_equal(fixture->message.recall.step, 16);
    message = example(WIRE_BEARER);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.bearer.epoch, 9);
    assert_int_equal(fixture->message.bearer.provider, 63);
    assert_string_equal(fixture->message.bearer.adapter, "fcm");
    assert_true(slice_is(fixture->message.bearer.token, "ya29.a0-_x"));
    message = example(WIRE_DRAIN);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.drain.epoch, 9);
    message = example(WIRE_HEARTBEAT);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.heartbeat.epoch, 9);
    assert_int_equal(fixture->message.heartbeat.at_ms, 1763800000000);
    assert_int_equal(fixture->message.heartbeat.in_hand, 1000);
    assert_int_equal(fixture->message.heartbeat.in_flight, 64);
    message = example(WIRE_BYE);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.bye.epoch, 9);
    assert_true(fixture->message.bye.instance == UINT64_MAX);
}

static void a_bearer_is_written_for_ever_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    static const char golden[] = "\x7a\x15"         /* Bearer of 21 bytes */
                                 "\x08\x09\x10\x3f" /* epoch, provider */
                                 "\x1a\x03"
                                 "fcm" /* adapter */
                                 "\x22\x0a"
                                 "ya29.a0-_x"; /* token */
    struct wire_message message = example(WIRE_BEARER);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->frame.len, sizeof(golden) - 1);
    assert_memory_equal(fixture->frame.data, golden, sizeof(golden) - 1);
}

static void a_bearer_can_stand_in_a_header(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bad[] = {"a b", "a\r\nHost: x", "\x7f", "\xc3\xa9"};
    static const uint8_t long_one[WIRE_BEARER_MAX + 1];
    struct wire_message message = example(WIRE_BEARER);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        message.bearer.token = slice_str(bad[i]);
        expect_refusal(fixture, &message, ERR_INVALID, "visible ASCII");
    }
    message.bearer.token = slice_of(NULL, 0);
    expect_refusal(fixture, &message, ERR_INVALID, "length is 0");
    message.bearer.token = slice_of(long_one, sizeof(long_one));
    expect_refusal(fixture, &message, ERR_INVALID, "length is 16385");
    message = example(WIRE_BEARER);
    message.bearer.provider = WIRE_PROVIDERS_MAX;
    expect_refusal(fixture, &message, ERR_INVALID, "provider is 64");
}

static void every_type_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(wire_type_name(WIRE_HELLO), "HELLO");
    assert_string_equal(wire_type_name(WIRE_BYE), "BYE");
    for (unsigned i = 0; i < WIRE_TYPES; i++) {
        assert_non_null(wire_type_name((enum wire_type)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(hello_survives),
        WIRE_TEST(hello_is_written_for_ever_as_it_is),
        WIRE_TEST(a_recall_of_any_step_is_written_as_ever),
        WIRE_TEST(a_hello_of_the_far_future_can_be_refused),
        WIRE_TEST(hello_has_limits),
        WIRE_TEST(welcome_survives),
        WIRE_TEST(welcome_has_limits),
        WIRE_TEST(the_most_providers_survive_and_one_more_is_refused),
        WIRE_TEST(a_token_key_of_another_length_is_refused),
        WIRE_TEST(content_may_have_no_trace_but_no_impossible_one),
        WIRE_TEST(content_may_have_no_reply_codes_but_no_impossible_ones),
        WIRE_TEST(refused_survives),
        WIRE_TEST(credit_survives_and_unknown_channels_are_passed_over),
        WIRE_TEST(credit_names_the_providers_that_could_not_be_opened),
        WIRE_TEST(a_credit_with_an_unopened_provider_out_of_range_is_refused),
        WIRE_TEST(content_survives),
        WIRE_TEST(content_has_limits),
        WIRE_TEST(the_small_ones_survive),
        WIRE_TEST(a_bearer_is_written_for_ever_as_it_is),
        WIRE_TEST(a_bearer_can_stand_in_a_header),
        WIRE_TEST(every_type_has_a_name),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
