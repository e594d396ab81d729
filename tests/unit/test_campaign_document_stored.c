/* SPDX-License-Identifier: Apache-2.0 */
/* What of a campaign's document is stored, and read again in every version. */
#include "coordinator/content/campaign_document.h"
#include "coordinator/content/object_id.h"
#include "tests/unit/campaign_fixture.h"
#include "tests/unit/unit.h"

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL},
    {.id = 2, .name = "backup", .channel = CHANNEL_SMS},
};

static void the_stored_form_reads_back_the_same(void **state)
{
    struct fixture *fixture = *state;
    assert_parses(fixture, LADDER
                  ",\"weight\":3,\"rate\":0.125,\"channel\":null,\"without\":[\"sms\"]" BOTH);
    campaign_document_number(fixture->document, 7, 1700000000000);
    struct buf stored = {0};
    struct buf again = {0};
    struct campaign_document *loaded;
    struct problem problem;
    campaign_document_encode(fixture->document, &stored);
    assert_int_equal(
        campaign_document_load(&loaded, buf_view(&stored), &fixture->surroundings, &problem),
        ERR_OK);
    assert_memory_equal(campaign_document_def(loaded), campaign_document_def(fixture->document),
                        sizeof(struct campaign_def));
    campaign_document_encode(loaded, &again);
    assert_string_equal(buf_cstr(&again), buf_cstr(&stored));
    campaign_document_free(loaded);
    buf_release(&stored);
    buf_release(&again);
}

static const char golden_v1[] =
    "{\"version\":1,\"id\":\"c7\",\"created_ms\":1700000000000,\"name\":\"Outage\","
    "\"audience\":\"a12\",\"channel\":\"sms\",\"priority\":\"high\",\"weight\":2,"
    "\"plan\":{\"provider\":\"gateway\",\"attempts\":5,\"backoff\":\"30s\",\"backoff_max\":\"15m\","
    "\"within\":\"4h\",\"on_uncertain\":\"resend\"},\"content\":{\"sms\":{\"text\":\"Hi\"}}}";

static const char golden_v2[] =
    "{\"version\":2,\"id\":\"c7\",\"created_ms\":1700000000000,\"name\":\"Outage\","
    "\"audience\":\"a12\",\"priority\":\"high\",\"weight\":2,\"plan\":{\"steps\":[{"
    "\"channel\":\"sms\",\"provider\":\"gateway\",\"until\":\"accepted\",\"within\":\"4h\","
    "\"attempts\":5,\"backoff\":\"30s\",\"backoff_max\":\"15m\",\"on_uncertain\":\"resend\"}]},"
    "\"content\":{\"sms\":{\"text\":\"Hi\"}}}";

static void the_newest_key_is_kept_with_the_campaign(void **state)
{
    struct fixture *fixture = *state;
    struct delivery_keys keys = {.count = 3}; /* their bytes are not asked for */
    struct buf stored = {0};
    struct campaign_document *loaded;
    struct problem problem;
    fixture->surroundings.delivery_keys = &keys;
    assert_parses(fixture, LADDER BOTH);
    assert_int_equal(campaign_document_delivery_key(fixture->document), 3);
    campaign_document_number(fixture->document, 7, 1700000000000);
    campaign_document_encode(fixture->document, &stored);
    keys.count = 4;
    assert_int_equal(
        campaign_document_load(&loaded, buf_view(&stored), &fixture->surroundings, &problem),
        ERR_OK);
    assert_int_equal(campaign_document_delivery_key(loaded), 3);
    campaign_document_free(loaded);
    keys.count = 2;
    assert_int_equal(
        campaign_document_load(&loaded, buf_view(&stored), &fixture->surroundings, &problem),
        ERR_CORRUPT);
    assert_non_null(strstr(problem.text, "/delivery_key"));
    assert_int_equal(
        campaign_document_load(&loaded, slice_str(golden_v2), &fixture->surroundings, &problem),
        ERR_OK);
    assert_int_equal(campaign_document_delivery_key(loaded), 1);
    campaign_document_free(loaded);
    buf_release(&stored);
}

static void the_trace_that_it_belongs_to_is_kept_with_the_campaign(void **state)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    static const char *const impossible[] = {
        ",\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01\"}",
        ",\"traceparent\":7}"};
    struct fixture *fixture = *state;
    struct campaign_document *loaded;
    struct trace_context context;
    struct wire_content content;
    struct problem problem;
    struct buf stored = {0};
    struct arena arena;
    assert_refused(fixture, HEAD ",\"traceparent\":\"x\"" CONTENT, "/traceparent",
                   "traceparent"); /* a header, no member of the body */
    assert_parses(fixture, HEAD CONTENT);
    assert_false(trace_context_is_set(campaign_document_trace(fixture->document)));
    campaign_document_number(fixture->document, 7, 1700000000000);
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&stored);
        campaign_document_encode(fixture->document, &stored);
        assert_null(strstr(buf_cstr(&stored), "traceparent"));
        stored.len--;
        buf_str(&stored, impossible[i]);
        assert_int_equal(
            campaign_document_load(&loaded, buf_view(&stored), &fixture->surroundings, &problem),
            ERR_CORRUPT);
        assert_non_null(strstr(problem.text, "/traceparent"));
    }
    assert_true(trace_context_parse(slice_str(trace), &context));
    campaign_document_set_trace(fixture->document, &context);
    buf_clear(&stored);
    campaign_document_encode(fixture->document, &stored);
    assert_non_null(strstr(buf_cstr(&stored), trace));
    assert_int_equal(
        campaign_document_load(&loaded, buf_view(&stored), &fixture->surroundings, &problem),
        ERR_OK);
    assert_memory_equal(campaign_document_trace(loaded), &context, sizeof(context));
    arena_init(&arena, 4096);
    campaign_document_wire(loaded, &(struct page_schema){0}, 1, &arena, &content);
    assert_memory_equal(&content.trace, &context, sizeof(context));
    arena_release(&arena);
    campaign_document_free(loaded);
    buf_release(&stored);
}

static void its_reply_codes_are_kept_with_the_campaign(void **state)
{
    static const char *const impossible[] = {
        ",\"reply_codes\":{\"characters\":4,\"first\":0,\"count\":1001}}", /* slots: 1002 */
        ",\"reply_codes\":{\"characters\":4,\"first\":1048000,\"count\":8192}}",
        ",\"reply_codes\":7}",
    };
    const struct reply_range range = {5, 123456, 8192};
    struct fixture *fixture = *state;
    struct campaign_document *loaded;
    struct wire_content content;
    struct problem problem;
    struct buf stored = {0};
    struct arena arena;
    assert_refused(fixture,
                   HEAD ",\"reply_codes\":{\"characters\":4,\"first\":0,\"count\":8192}" CONTENT,
                   "/reply_codes", "reply_codes"); /* not for a client to say */
    assert_parses(fixture, HEAD CONTENT);
    assert_int_equal(campaign_document_reply_range(fixture->document)->count, 0);
    campaign_document_number(fixture->document, 7, 1700000000000);
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&stored);
        campaign_document_encode(fixture->document, &stored);
        stored.len--;
        buf_str(&stored, impossible[i]);
        assert_int_equal(
            campaign_document_load(&loaded, buf_view(&stored), &fixture->surroundings, &problem),
            ERR_CORRUPT);
        assert_non_null(strstr(problem.text, "/reply_codes"));
    }
    campaign_document_set_reply_range(fixture->document, &range);
    buf_clear(&stored);
    campaign_document_encode(fixture->document, &stored);
    assert_non_null(strstr(buf_cstr(&stored),
                           "\"reply_codes\":{\"characters\":5,\"first\":123456,\"count\":8192}"));
    assert_int_equal(
        campaign_document_load(&loaded, buf_view(&stored), &fixture->surroundings, &problem),
        ERR_OK);
    arena_init(&arena, 1024);
    campaign_document_wire(loaded, &(struct page_schema){0}, 1, &arena, &content);
    assert_int_equal(content.reply_range.chars, 5);
    assert_int_equal(content.reply_range.first, 123456);
    assert_int_equal(content.reply_range.count, 8192);
    arena_release(&arena);
    campaign_document_free(loaded);
    buf_release(&stored);
}

static void assert_loads(struct fixture *fixture, const char *stored)
{
    struct problem problem;
    campaign_document_free(fixture->document);
    assert_int_equal(campaign_document_load(&fixture->document, slice_str(stored),
                                            &fixture->surroundings, &problem),
                     ERR_OK);
}

static void assert_encodes(const struct fixture *fixture, const char *stored)
{
    struct buf again = {0};
    campaign_document_encode(fixture->document, &again);
    assert_buf_is(&again, stored);
    buf_release(&again);
}

static void a_step_that_repeats_is_stored_as_it_is_written(void **state)
{
    struct fixture *fixture = *state;
    static const char repeating[] =
        "{\"version\":2,\"id\":\"c7\",\"created_ms\":1700000000000,\"name\":\"Outage\","
        "\"audience\":\"a12\",\"priority\":\"high\",\"weight\":2,\"plan\":{\"steps\":[{"
        "\"channel\":\"sms\",\"provider\":\"gateway\",\"until\":\"acknowledged\",\"within\":\"5m\","
        "\"repeat\":{\"every\":\"10m\",\"times\":2},\"attempts\":5,\"backoff\":\"30s\","
        "\"backoff_max\":\"15m\",\"on_uncertain\":\"resend\"}]},"
        "\"content\":{\"sms\":{\"text\":\"Hi\"}}}";
    assert_loads(fixture, repeating);
    assert_int_equal(campaign_document_def(fixture->document)->plan.step_count, 3);
    assert_encodes(fixture, repeating);
}

static void the_name_of_a_plan_is_stored_beside_its_copy(void **state)
{
    struct fixture *fixture = *state;
    static const char named[] =
        "{\"version\":2,\"id\":\"c7\",\"created_ms\":1700000000000,\"name\":\"Outage\","
        "\"audience\":\"a12\",\"priority\":\"high\",\"weight\":2,\"plan\":{\"steps\":[{"
        "\"channel\":\"sms\",\"until\":\"accepted\",\"within\":\"4h\",\"attempts\":5,"
        "\"backoff\":\"30s\",\"backoff_max\":\"15m\",\"on_uncertain\":\"resend\"}]},"
        "\"content\":{\"sms\":{\"text\":\"Hi\"}},\"plan_name\":\"ladder\"}";
    assert_loads(fixture, named); /* whether the plan is still there or not */
    assert_string_equal(campaign_document_plan_name(fixture->document), "ladder");
    assert_encodes(fixture, named);
    assert_refused(fixture, HEAD ",\"plan_name\":\"ladder\"" CONTENT, "/plan_name",
                   "unknown member");
    assert_refused(fixture, HEAD ",\"plan\":\"ladder\"" CONTENT, "/plan",
                   "there is no plan \"ladder\"");
    assert_refused(fixture, HEAD ",\"plan\":7" CONTENT, "/plan", "or the name of a plan");
}

static void documents_of_all_versions_are_read_and_written_as_the_newest(void **state)
{
    struct fixture *fixture = *state;
    static const char *const golden[] = {golden_v1, golden_v2};
    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
        assert_loads(fixture, golden[i]);
        const struct campaign_def *def = campaign_document_def(fixture->document);
        assert_int_equal(def->id, 7);
        assert_true(def->created_ms == 1700000000000);
        assert_int_equal(def->priority, PRIORITY_HIGH);
        assert_int_equal(def->plan.step_count, 1);
        assert_int_equal(def->plan.steps[0].channel, CHANNEL_SMS);
        assert_int_equal(def->plan.steps[0].providers, 1);
        assert_encodes(fixture, golden_v2);
    }
}

/* The two members of golden_v2 that came later; the zone has since left the database. */
static const char golden_respect[] =
    "{\"version\":2,\"id\":\"c7\",\"created_ms\":1700000000000,\"name\":\"Outage\","
    "\"audience\":\"a12\",\"priority\":\"high\",\"weight\":2,\"plan\":{\"steps\":[{"
    "\"channel\":\"sms\",\"provider\":\"gateway\",\"until\":\"accepted\",\"within\":\"4h\","
    "\"attempts\":5,\"backoff\":\"30s\",\"backoff_max\":\"15m\",\"on_uncertain\":\"resend\"}]},"
    "\"content\":{\"sms\":{\"text\":\"Hi\"}},\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\","
    "\"channels\":[\"sms\",\"voice\"],\"zone\":\"Soviet/Town\"},"
    "\"frequency_cap\":{\"messages\":3,\"per\":\"7d\"}}";

static void what_spares_recipients_is_stored_and_defaults_are_only_for_new_campaigns(void **state)
{
    struct fixture *fixture = *state;
    const struct respect usual = {
        .quiet_hours = {1u << CHANNEL_SMS, 60, 120, "UTC"},
        .frequency_cap = {1, 3600000},
    };
    assert_loads(fixture, golden_respect);
    const struct campaign_def *def = campaign_document_def(fixture->document);
    assert_int_equal(def->quiet_channels, 1u << CHANNEL_SMS | 1u << CHANNEL_VOICE);
    assert_int_equal(def->cap_messages, 3);
    assert_true(def->cap_per_ms == UINT64_C(7) * 24 * 3600 * 1000);
    assert_encodes(fixture, golden_respect);

    fixture->surroundings.respect = &usual;
    assert_loads(fixture, golden_v2); /* it was made before there were defaults */
    assert_int_equal(campaign_document_def(fixture->document)->quiet_channels, 0);
    assert_int_equal(campaign_document_def(fixture->document)->cap_messages, 0);
    assert_parses(fixture, HEAD CONTENT);
    assert_int_equal(campaign_document_respect(fixture->document)->quiet_hours.to_min, 120);
    assert_int_equal(campaign_document_def(fixture->document)->quiet_channels, 1u << CHANNEL_SMS);
    assert_int_equal(campaign_document_def(fixture->document)->cap_messages, 1);
    assert_parses(fixture, HEAD ",\"quiet_hours\":\"none\",\"frequency_cap\":\"none\"" CONTENT);
    assert_int_equal(campaign_document_def(fixture->document)->quiet_channels, 0);
    assert_int_equal(campaign_document_def(fixture->document)->cap_messages, 0);
    assert_refused(fixture, HEAD ",\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"22:00\"}" CONTENT,
                   "/quiet_hours", "the same time");
    assert_refused(fixture, HEAD ",\"frequency_cap\":{\"messages\":0,\"per\":\"7d\"}" CONTENT,
                   "/frequency_cap/messages", "from 1 to 100");
}

static void a_provider_that_is_gone_leaves_a_campaign_that_waits(void **state)
{
    struct fixture *fixture = *state;
    fixture->surroundings.providers = &providers[1];
    fixture->surroundings.provider_count = 2;
    assert_loads(fixture, golden_v1);
    assert_int_equal(campaign_document_def(fixture->document)->plan.steps[0].providers, 0);
    assert_encodes(fixture, golden_v2); /* its name is kept */
}

static void damaged_and_newer_documents_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    struct problem problem;
    assert_int_equal(campaign_document_load(&fixture->document, slice_str("{\"version\":3}"),
                                            &fixture->surroundings, &problem),
                     ERR_NEWER_VERSION);
    assert_int_equal(campaign_document_load(&fixture->document, slice_str("{\"version\":1}"),
                                            &fixture->surroundings, &problem),
                     ERR_CORRUPT);
    assert_int_equal(campaign_document_load(&fixture->document, slice_str("{"),
                                            &fixture->surroundings, &problem),
                     ERR_CORRUPT);
}

/* Cut off, or with another byte at any place: taken as something else, or refused with a reason,
 * and what is no JSON with its line. */
static void a_document_damaged_at_any_byte_is_taken_or_refused_with_a_reason(void **state)
{
    struct fixture *fixture = *state;
    static const char good[] = HEAD ",\n\"weight\":2,\"plan\":{\"provider\":[\"gateway\"],"
                                    "\"backoff\":\"5s\",\"within\":\"2h\"}" CONTENT;
    static const char bytes[] = "\"\\{}[]:,0\n\x01\x80\xc3\xff";
    char bad[sizeof(good)];
    assert_parses(fixture, good);
    for (size_t at = 0; at < sizeof(good) - 1; at++) {
        memcpy(bad, good, sizeof(good));
        bad[at] = '\0';
        assert_int_not_equal(parse(fixture, bad), ERR_OK);
        assert_true(fixture->problem.line > 0 && fixture->problem.problem.text[0] != '\0');
        for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
            bad[at] = bytes[i];
            bool is_taken = parse(fixture, bad) == ERR_OK;
            assert_true(is_taken || fixture->problem.line > 0 ||
                        fixture->problem.pointer[0] == '/');
            assert_true(is_taken || fixture->problem.problem.text[0] != '\0');
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_stored_form_reads_back_the_same),
        TEST(the_newest_key_is_kept_with_the_campaign),
        TEST(the_trace_that_it_belongs_to_is_kept_with_the_campaign),
        TEST(its_reply_codes_are_kept_with_the_campaign),
        TEST(a_step_that_repeats_is_stored_as_it_is_written),
        TEST(the_name_of_a_plan_is_stored_beside_its_copy),
        TEST(documents_of_all_versions_are_read_and_written_as_the_newest),
        TEST(what_spares_recipients_is_stored_and_defaults_are_only_for_new_campaigns),
        TEST(a_provider_that_is_gone_leaves_a_campaign_that_waits),
        TEST(damaged_and_newer_documents_are_told_apart),
        TEST(a_document_damaged_at_any_byte_is_taken_or_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
