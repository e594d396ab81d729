/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/content/campaign_document.h"
#include "coordinator/content/campaign_registry.h"
#include "coordinator/content/object_id.h"
#include "tests/unit/unit.h"

struct fixture {
    struct audience_registry *audiences;
    struct campaign_surroundings surroundings;
    struct campaign_document *document;
    struct document_problem problem;
};

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL},
    {.id = 2, .name = "backup", .channel = CHANNEL_SMS},
};

static void add_column(struct page_schema *schema, enum page_field field, unsigned rank,
                       const char *name)
{
    struct page_column *column = &schema->columns[schema->count++];
    column->field = field;
    column->rank = rank;
    memcpy(column->name, name, strlen(name) + 1);
}

static void add_audience(struct audience_registry *audiences, uint64_t id, uint64_t accepted)
{
    struct audience_info *info = calloc(1, sizeof(*info));
    info->id = id;
    info->accepted = accepted;
    info->slots = (uint32_t)accepted + 2;
    add_column(&info->schema, PAGE_FIELD_KEY, 0, "id");
    add_column(&info->schema, PAGE_FIELD_PHONE, 0, "phone");
    add_column(&info->schema, PAGE_FIELD_PHONE, 1, "phone.2");
    add_column(&info->schema, PAGE_FIELD_EMAIL, 0, "email");
    add_column(&info->schema, PAGE_FIELD_VARIABLE, 0, "first_name");
    audience_registry_add(audiences, info);
    free(info);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->audiences = audience_registry_new();
    add_audience(fixture->audiences, 12, 1000);
    add_audience(fixture->audiences, 13, 0);
    fixture->surroundings = (struct campaign_surroundings){
        .audiences = fixture->audiences, .providers = providers, .provider_count = 3};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    campaign_document_free(fixture->document);
    audience_registry_free(fixture->audiences);
    free(fixture);
    return 0;
}

static enum err parse(struct fixture *fixture, const char *json)
{
    campaign_document_free(fixture->document);
    enum err err = campaign_document_parse(&fixture->document, slice_str(json),
                                           &fixture->surroundings, &fixture->problem);
    assert_int_equal(err == ERR_OK, fixture->document != NULL);
    return err;
}

static void assert_parses(struct fixture *fixture, const char *json)
{
    if (parse(fixture, json) != ERR_OK) {
        fail_msg("%s: %s", fixture->problem.pointer, fixture->problem.problem.text);
    }
}

static void assert_refused(struct fixture *fixture, const char *json, const char *pointer,
                           const char *words)
{
    assert_int_not_equal(parse(fixture, json), ERR_OK);
    assert_string_equal(fixture->problem.pointer, pointer);
    if (strstr(fixture->problem.problem.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", fixture->problem.problem.text, words);
    }
}

#define HEAD    "{\"name\":\"Outage\",\"audience\":\"a12\",\"channel\":\"sms\""
#define CONTENT ",\"content\":{\"sms\":{\"text\":\"Dear {{first_name}}, {{token}}\"}}}"

#define LADDER                                                                                     \
    "{\"name\":\"Outage\",\"audience\":\"a12\",\"plan\":{\"steps\":[{\"channel\":\"sms\","         \
    "\"provider\":"                                                                                \
    "\"gateway\",\"until\":\"acknowledged\",\"within\":\"90s\"},{\"channel\":\"email\"}]}"
#define BOTH ",\"content\":{\"sms\":{\"text\":\"a\"},\"email\":{\"subject\":\"s\",\"text\":\"b\"}}}"

static void what_is_required_is_enough(void **state)
{
    struct fixture *fixture = *state;
    assert_parses(fixture, HEAD CONTENT);
    const struct campaign_def *def = campaign_document_def(fixture->document);
    const struct plan_step *step = &def->plan.steps[0];
    assert_string_equal(def->name, "Outage");
    assert_int_equal(def->audience, 12);
    assert_int_equal(def->recipients, 1000);
    assert_int_equal(def->slots, 1002);
    assert_int_equal(def->priority, PRIORITY_NORMAL);
    assert_int_equal(def->weight, 1);
    assert_int_equal(def->plan.step_count, 1);
    assert_int_equal(step->channel, CHANNEL_SMS);
    assert_true(step->providers == UINT64_MAX);
    assert_int_equal(step->endpoint_ranks, 2);
    assert_int_equal(step->attempts, 5);
    assert_int_equal(step->on_uncertain, PLAN_RESEND);
}

static void everything_can_be_said(void **state)
{
    struct fixture *fixture = *state;
    assert_parses(
        fixture, HEAD
        ",\"priority\":\"critical\",\"weight\":7,\"rate\":12.5,\"plan\":{\"provider\":[\"backup\","
        "\"gateway\"],\"attempts\":3,\"backoff\":\"1.5s\",\"backoff_max\":\"2m\","
        "\"within\":\"1d\",\"on_uncertain\":\"hold\"}" CONTENT);
    const struct campaign_def *def = campaign_document_def(fixture->document);
    const struct plan_step *step = &def->plan.steps[0];
    assert_int_equal(def->priority, PRIORITY_CRITICAL);
    assert_int_equal(def->weight, 7);
    assert_true(def->rate_per_s == 12.5);
    assert_int_equal(step->providers, 5);
    assert_int_equal(step->attempts, 3);
    assert_int_equal(step->backoff_ms, 1500);
    assert_int_equal(step->backoff_max_ms, 120000);
    assert_int_equal(step->within_ms, 86400000);
    assert_int_equal(step->on_uncertain, PLAN_HOLD);
    assert_parses(fixture, HEAD ",\"plan\":{\"backoff\":\"1h\"},\"priority\":null" CONTENT);
    assert_int_equal(campaign_document_def(fixture->document)->plan.steps[0].backoff_max_ms,
                     3600000);
}

static void a_campaign_may_begin_and_end_by_itself(void **state)
{
    struct fixture *fixture = *state;
    struct problem problem = {0};
    struct buf stored = {0};
    struct campaign_document *again = NULL;
    assert_parses(fixture, HEAD ",\"start_at\":\"2026-12-01T09:00:00+01:00\",\"not_after\":\"6h\","
                                "\"supersedes\":\"c12\",\"stop_rules\":{\"failed\":{\"count\":100,"
                                "\"percent\":5,\"of_at_least\":200}}" CONTENT);
    const struct campaign_control *control = &campaign_document_def(fixture->document)->control;
    assert_true(control->start_at_ms == UINT64_C(1796112000000));
    assert_int_equal(control->not_after_ms, 0);
    assert_int_equal(control->not_after_for_ms, 6 * 3600000);
    assert_int_equal(control->supersedes, 12);
    assert_int_equal(control->stop[STOP_FAILED].count, 100);
    assert_int_equal(control->stop[STOP_FAILED].percent, 5);
    assert_int_equal(control->stop[STOP_FAILED].of_at_least, 200);
    campaign_document_number(fixture->document, 13, 1);
    campaign_document_encode(fixture->document, &stored);
    assert_int_equal(
        campaign_document_load(&again, buf_view(&stored), &fixture->surroundings, &problem),
        ERR_OK);
    assert_memory_equal(&campaign_document_def(again)->control, control, sizeof(*control));
    campaign_document_free(again);
    buf_release(&stored);
    assert_parses(fixture, HEAD ",\"not_after\":\"2026-12-01T18:00:00Z\"" CONTENT);
    control = &campaign_document_def(fixture->document)->control;
    assert_true(control->not_after_ms == UINT64_C(1796148000000));
}

static void a_campaign_does_without_a_channel(void **state)
{
    struct fixture *fixture = *state;
    assert_parses(fixture,
                  LADDER ",\"without\":[\"email\"],\"content\":{\"sms\":{\"text\":\"a\"}}}");
    const struct campaign_def *def = campaign_document_def(fixture->document);
    assert_int_equal(def->plan.without, 1u << CHANNEL_EMAIL);
    assert_int_equal(def->plan.step_count, 2);
    /* Neither a provider nor a column is asked for. */
    assert_parses(fixture, "{\"name\":\"x\",\"audience\":\"a12\",\"without\":[\"push\"],\"plan\":{"
                           "\"steps\":[{\"channel\":\"push\",\"until\":\"delivered\"},"
                           "{\"channel\":\"sms\"}]}" CONTENT);
    assert_parses(fixture, HEAD ",\"without\":[\"email\",\"push\"]" CONTENT);
    assert_parses(fixture, HEAD ",\"without\":[]" CONTENT);
    assert_refused(fixture, HEAD ",\"without\":[\"sms\"]" CONTENT, "/without",
                   "leaves nothing of the plan");
    assert_refused(fixture, LADDER ",\"without\":[\"sms\",\"email\"]" BOTH, "/without",
                   "leaves nothing of the plan");
    assert_refused(fixture, HEAD ",\"without\":[\"mail\"]" CONTENT, "/without/0", "email");
    assert_refused(fixture, HEAD ",\"without\":\"email\"" CONTENT, "/without",
                   "must be a list of channels");
}

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

static void any_text_may_want_reply_codes(void **state)
{
    struct fixture *fixture = *state;
    assert_parses(fixture, HEAD CONTENT);
    assert_false(campaign_document_wants_reply_codes(fixture->document));
    assert_parses(fixture, HEAD ",\"content\":{\"sms\":{\"default\":{\"text\":\"Hi\"},"
                                "\"de\":{\"text\":\"ACK {{ reply_code }}\"}}}}");
    assert_true(campaign_document_wants_reply_codes(fixture->document));
    assert_parses(fixture, LADDER ",\"content\":{\"sms\":{\"text\":\"a\"},\"email\":{\"subject\":"
                                  "\"{{reply_code}}\",\"text\":\"b\"}}}");
    assert_true(campaign_document_wants_reply_codes(fixture->document));
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

static void a_repetition_behind_the_end_is_refused(void **state)
{
    struct fixture *fixture = *state;
#define REPEATED(times) "\"repeat\":{\"every\":\"2h\",\"times\":" times "}"
    assert_refused(fixture, HEAD ",\"not_after\":\"6h\",\"plan\":{" REPEATED("3") "}" CONTENT,
                   "/plan/repeat/times",
                   "repetition 3 would never be sent: it begins 6h after the step at the earliest, "
                   "and the campaign ends 6h after it began (\"not_after\"); at most 2 can be");
    assert_refused(
        fixture,
        "{\"name\":\"Outage\",\"audience\":\"a12\",\"not_after\":\"1h\",\"plan\":{\"steps\":["
        "{\"channel\":\"sms\"},{\"channel\":\"sms\"," REPEATED("1") "}]}" CONTENT,
        "/plan/steps/1/repeat/times", "at most 0 can be");
    assert_parses(fixture, HEAD ",\"not_after\":\"361m\",\"plan\":{" REPEATED("2") "}" CONTENT);
    assert_parses(fixture, HEAD
                  ",\"not_after\":\"2099-01-01T00:00:00Z\",\"plan\":{" REPEATED("3") "}" CONTENT);
#undef REPEATED
}

static void a_named_plan_stands_in_place_of_a_plan(void **state)
{
    struct fixture *fixture = *state;
    struct plan_registry *plans = plan_registry_new();
    struct record *record = record_new(0, 1, 1);
    json_t *plan = json_loads("{\"steps\":[{\"channel\":\"sms\",\"attempts\":2}]}", 0, NULL);
    assert_int_equal(plan_registry_put(plans, "ladder", plan, 1, record), ERR_OK);
    fixture->surroundings.plans = plans;
    assert_parses(fixture, "{\"name\":\"Outage\",\"audience\":\"a12\",\"plan\":\"ladder\"" CONTENT);
    assert_int_equal(campaign_document_def(fixture->document)->plan.steps[0].attempts, 2);
    assert_string_equal(campaign_document_plan_name(fixture->document), "ladder");
    assert_refused(fixture, HEAD ",\"plan\":\"ladder\"" CONTENT, "/channel", "leave this one out");
    record_free(record);
    plan_registry_free(plans);
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

static void complaints_name_the_place_and_the_remedy(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *json;
        const char *pointer;
        const char *words;
    } cases[] = {
        {"{}", "/name", "\"name\" is required"},
        {"{\"nmae\":\"x\"}", "/nmae", "did you mean \"name\"?"},
        {"{\"a~/b\":1}", "/a~0~1b", "unknown member"},
        {"{\"name\":7}", "/name", "must be a string, not a number"},
        {"{\"name\":\"\"}", "/name", "must not be empty"},
        {"{\"name\":\"a\\nb\"}", "/name", "control character at byte 2"},
        {"{\"name\":\"x\"}", "/audience", "is required"},
        {"{\"name\":\"x\",\"audience\":\"c12\"}", "/audience", "\"a12\""},
        {"{\"name\":\"x\",\"audience\":\"a012\"}", "/audience", "no audience's id"},
        {"{\"name\":\"x\",\"audience\":\"a99\"}", "/audience", "there is no audience a99"},
        {"{\"name\":\"x\",\"audience\":\"a13\",\"channel\":\"sms\"}", "/audience", "no recipients"},
        {"{\"name\":\"x\",\"audience\":\"a12\",\"channel\":\"smss\"}", "/channel",
         "did you mean \"sms\"?"},
        {"{\"name\":\"x\",\"audience\":\"a12\",\"channel\":\"push\"}", "/channel",
         "\"push_token\""},
        {HEAD ",\"start_at\":\"tomorrow\"}", "/start_at", "with its offset from UTC"},
        {HEAD ",\"start_at\":\"2026-12-01T08:00:00\"}", "/start_at", "with its offset"},
        {HEAD ",\"not_after\":\"late\"}", "/not_after", "a duration"},
        {HEAD ",\"not_after\":\"10ms\"}", "/not_after", "must be from 1s to 400d"},
        {HEAD ",\"supersedes\":\"a12\"}", "/supersedes", "no campaign's id"},
        {HEAD ",\"stop_rules\":7}", "/stop_rules", "must be an object"},
        {HEAD ",\"stop_rules\":{\"faild\":{}}}", "/stop_rules/faild", "did you mean \"failed\"?"},
        {HEAD ",\"stop_rules\":{\"failed\":{}}}", "/stop_rules/failed", "\"percent\""},
        {HEAD ",\"stop_rules\":{\"failed\":{\"percent\":100}}}", "/stop_rules/failed/percent",
         "99"},
        {HEAD ",\"stop_rules\":{\"failed\":{\"count\":1,\"of_at_least\":5}}}", "/stop_rules/failed",
         "belongs to a \"percent\""},
        {HEAD "}", "/content", "is required"},
        {"{\"name\":\"x\",\"audience\":\"a12\"}", "/channel", "a plan with \"steps\""},
        {LADDER "}", "/content", "is required"},
        {LADDER CONTENT, "/content/email", "no body for it"},
        {LADDER ",\"channel\":\"sms\"" BOTH, "/channel", "leave this one out"},
        {HEAD ",\"content\":{}}", "/content/sms", "no body for it"},
        {HEAD ",\"content\":{\"smss\":{}}}", "/content/smss", "did you mean \"sms\"?"},
        {HEAD ",\"content\":{\"sms\":\"Hi\"}}", "/content/sms", "{\"text\":\"...\"}"},
        {HEAD ",\"content\":{\"sms\":{}}}", "/content/sms/text", "is required"},
        {HEAD ",\"content\":{\"sms\":{\"txt\":\"Hi\"}}}", "/content/sms/txt", "\"text\"?"},
        {HEAD ",\"content\":{\"sms\":{\"text\":\"Hi\",\"subject\":\"x\"}}}", "/content/sms/subject",
         "has no \"subject\""},
        {HEAD ",\"content\":{\"sms\":{\"de\":{\"text\":\"Hi\"}}}}", "/content/sms",
         "\"default\" is required"},
        {HEAD ",\"content\":{\"sms\":{\"default\":{\"text\":\"a\"},\"d e\":{\"text\":\"b\"}}}}",
         "/content/sms/d e", "is no locale"},
        {HEAD ",\"content\":{\"sms\":{\"default\":{\"text\":\"a\"},\"de\":\"b\"}}}",
         "/content/sms/de", "one for each locale"},
        {HEAD ",\"content\":{\"sms\":{\"default\":{\"text\":\"a\"},\"de\":{\"text\":\"{{frist_name}"
              "}\"}}}}",
         "/content/sms/de/text",
         "line 1, column 3: there is no variable \"frist_name\"; did you mean "
         "\"first_name\"?"},
        {HEAD ",\"content\":{\"sms\":{\"text\":\"{{ack_url}}\"}}}", "/content/sms/text",
         "need \"public_url\""},
        {HEAD ",\"content\":{\"sms\":{\"text\":\"a\\n{{first_name\"}}}", "/content/sms/text",
         "line 2, column 13"},
        {HEAD ",\"content\":{\"sms\":{\"text\":\"a\"},\"email\":{\"text\":\"b\"}}}",
         "/content/email/subject", "is required"},
        {HEAD ",\"content\":{\"sms\":{\"text\":\"a\"},\"email\":{\"subject\":\"b\"}}}",
         "/content/email", "\"text\" or \"html\""},
        {HEAD ",\"content\":{\"sms\":{\"text\":\"a\",\"attachments\":[\"a.pdf\"]}}}",
         "/content/sms/attachments", "no attachments"},
        {HEAD ",\"content\":{\"sms\":{\"text\":\"a\"},\"email\":{\"subject\":\"b\",\"text\":\"c\","
              "\"attachments\":[\"../a.pdf\"]}}}",
         "/content/email/attachments", "\"../a.pdf\" is no name of a file"},
        {HEAD ",\"content\":{\"sms\":{\"text\":\"a\"},\"email\":{\"subject\":\"b\",\"text\":\"c\","
              "\"attachments\":\"a.pdf\"}}}",
         "/content/email/attachments", "a list of up to 8 names"},
        {HEAD ",\"priority\":\"urgent\"" CONTENT, "/priority", "known here: critical, high"},
        {HEAD ",\"weight\":0" CONTENT, "/weight", "from 1 to 1000"},
        {HEAD ",\"weight\":1.5" CONTENT, "/weight", "whole number"},
        {HEAD ",\"rate\":0" CONTENT, "/rate", "from 0.001 to 10000000 (recipients per second)"},
        {HEAD ",\"rate\":\"5\"" CONTENT, "/rate", "must be a number"},
        {HEAD ",\"plan\":[]" CONTENT, "/plan", "or the name of a plan"},
        {HEAD ",\"plan\":{\"attemps\":3}" CONTENT, "/plan/attemps", "did you mean \"attempts\"?"},
        {HEAD ",\"plan\":{\"attempts\":16}" CONTENT, "/plan/attempts", "from 1 to 15"},
        {HEAD ",\"plan\":{\"backoff\":30}" CONTENT, "/plan/backoff", "\"30s\""},
        {HEAD ",\"plan\":{\"backoff\":\"1ms\"}" CONTENT, "/plan/backoff", "from 10ms to 1d"},
        {HEAD ",\"plan\":{\"backoff\":\"2m\",\"backoff_max\":\"1m\"}" CONTENT, "/plan/backoff_max",
         "from 2m to 1d"},
        {HEAD ",\"plan\":{\"within\":\"31d\"}" CONTENT, "/plan/within", "to 30d"},
        {HEAD ",\"plan\":{\"on_uncertain\":\"drop\"}" CONTENT, "/plan/on_uncertain",
         "known here: resend, hold"},
        {HEAD ",\"plan\":{\"provider\":\"gatway\"}" CONTENT, "/plan/provider",
         "did you mean \"gateway\"?"},
        {HEAD ",\"plan\":{\"provider\":\"relay\"}" CONTENT, "/plan/provider",
         "sends on channel email"},
        {HEAD ",\"plan\":{\"provider\":[]}" CONTENT, "/plan/provider", "a list of names"},
        {HEAD ",\"id\":\"c7\"" CONTENT, "/id", "unknown member"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_refused(fixture, cases[i].json, cases[i].pointer, cases[i].words);
        assert_int_equal(fixture->problem.line, 0);
    }
}

static void what_is_no_json_is_refused_with_line_and_column(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {
        "", "{", "[]", "{\"name\":\"a\",\"name\":\"b\"}", "nul", "{\"name\":\"\xff\"}", "{} x"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(parse(fixture, texts[i]), ERR_INVALID);
        assert_true(fixture->problem.line >= 1);
        assert_true(fixture->problem.column >= 1);
    }
    assert_int_equal(parse(fixture, "{\n\"name\" 1}"), ERR_INVALID);
    assert_int_equal(fixture->problem.line, 2);
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

static void limits_are_kept(void **state)
{
    struct fixture *fixture = *state;
    struct buf json = {0};
    buf_str(&json, "{\"name\":\"");
    memset(buf_reserve(&json, 129), 'n', 129);
    json.len += 129;
    buf_str(&json, "\"}");
    assert_refused(fixture, buf_cstr(&json), "/name", "129 bytes long; at most 128");
    buf_clear(&json);
    buf_str(&json, HEAD ",\"content\":{\"sms\":{\"text\":\"");
    memset(buf_reserve(&json, 65537), 'n', 65537);
    json.len += 65537;
    buf_str(&json, "\"}}}");
    assert_refused(fixture, buf_cstr(&json), "/content/sms/text", "at most 65536");
    buf_clear(&json);
    buf_str(&json, HEAD ",\"content\":{\"sms\":{\"default\":{\"text\":\"a\"}");
    for (unsigned i = 0; i < WIRE_BODIES_MAX; i++) {
        buf_printf(&json, ",\"l%u\":{\"text\":\"a\"}", i);
    }
    buf_str(&json, "}}}");
    assert_refused(fixture, buf_cstr(&json), "/content/sms/l63", "more than 64 bodies");
    buf_release(&json);
}

static void without_a_provider_for_the_channel_nobody_would_send(void **state)
{
    struct fixture *fixture = *state;
    fixture->surroundings.providers = &providers[1];
    fixture->surroundings.provider_count = 1;
    assert_refused(fixture, HEAD CONTENT, "/channel", "no provider is set up");
}

static void workers_get_every_body(void **state)
{
    struct fixture *fixture = *state;
    assert_parses(fixture, HEAD
                  ",\"content\":{\"sms\":{\"default\":{\"text\":\"a\"},\"de\":{\"text\":\"b\"}},"
                  "\"email\":{\"subject\":\"s\",\"html\":\"h\",\"text\":null,"
                  "\"attachments\":[\"recall.pdf\"]}}}");
    campaign_document_number(fixture->document, 7, 1);
    struct arena arena;
    struct wire_content content;
    arena_init(&arena, 1024);
    const struct audience_info *info = audience_registry_find(fixture->audiences, 12);
    campaign_document_wire(fixture->document, &info->schema, 3, &arena, &content);
    assert_int_equal(content.campaign, 7);
    assert_int_equal(content.epoch, 3);
    assert_string_equal(content.name, "Outage");
    assert_int_equal(content.schema.count, 5);
    assert_int_equal(content.body_count, 3);
    assert_string_equal(content.bodies[0].locale, "");
    assert_string_equal(content.bodies[0].text, "a");
    assert_string_equal(content.bodies[1].locale, "de");
    assert_int_equal(content.bodies[2].channel, CHANNEL_EMAIL);
    assert_string_equal(content.bodies[2].subject, "s");
    assert_string_equal(content.bodies[2].text, "");
    assert_string_equal(content.bodies[2].html, "h");
    assert_int_equal(content.bodies[1].attachment_count, 0);
    assert_int_equal(content.bodies[2].attachment_count, 1);
    assert_string_equal(content.bodies[2].attachments[0], "recall.pdf");
    arena_release(&arena);
}

static void the_registry_numbers_campaigns_and_finds_them(void **state)
{
    struct fixture *fixture = *state;
    struct campaign_registry *registry = campaign_registry_new();
    for (uint64_t id = 1; id <= 20; id++) {
        assert_parses(fixture, HEAD CONTENT);
        campaign_registry_add(registry, id * 10, fixture->document);
        assert_int_equal(campaign_document_def(fixture->document)->id, id);
        fixture->document = NULL;
    }
    assert_int_equal(campaign_document_def(campaign_registry_find(registry, 7))->created_ms, 70);
    assert_null(campaign_registry_find(registry, 21));
    assert_null(campaign_registry_find(registry, 0));
    assert_int_equal(campaign_document_def(campaign_registry_next(registry, 0))->id, 1);
    assert_int_equal(campaign_document_def(campaign_registry_next(registry, 19))->id, 20);
    assert_null(campaign_registry_next(registry, 20));
    assert_null(campaign_registry_next(registry, UINT64_MAX));
    campaign_registry_free(registry);
}

static void ids_are_a_letter_and_a_number(void **state)
{
    (void)state;
    uint64_t id;
    char text[OBJECT_ID_CHARS + 1];
    static const char *const bad[] = {"",
                                      "a",
                                      "12",
                                      "c12",
                                      "a0",
                                      "a012",
                                      "a-1",
                                      "a1x",
                                      "A1",
                                      "a1099511627776",
                                      "a99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(object_id_parse(slice_str(bad[i]), OBJECT_AUDIENCE, &id));
    }
    object_id_write(text, OBJECT_AUDIENCE, OBJECT_ID_MAX);
    assert_string_equal(text, "a1099511627775");
    assert_true(object_id_parse(slice_str(text), OBJECT_AUDIENCE, &id));
    assert_true(id == OBJECT_ID_MAX);
}

static void durations_are_written_in_their_largest_unit(void **state)
{
    (void)state;
    static const struct {
        uint64_t ms;
        const char *text;
    } cases[] = {{0, "0ms"},       {1, "1ms"},       {1500, "1500ms"},
                 {30000, "30s"},   {90000, "90s"},   {900000, "15m"},
                 {14400000, "4h"}, {86400000, "1d"}, {90000000, "25h"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[DOCUMENT_DURATION_BYTES];
        document_duration_write(text, cases[i].ms);
        assert_string_equal(text, cases[i].text);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_required_is_enough),
        TEST(everything_can_be_said),
        TEST(a_campaign_may_begin_and_end_by_itself),
        TEST(a_campaign_does_without_a_channel),
        TEST(the_stored_form_reads_back_the_same),
        TEST(the_newest_key_is_kept_with_the_campaign),
        TEST(the_trace_that_it_belongs_to_is_kept_with_the_campaign),
        TEST(its_reply_codes_are_kept_with_the_campaign),
        TEST(any_text_may_want_reply_codes),
        TEST(a_step_that_repeats_is_stored_as_it_is_written),
        TEST(the_name_of_a_plan_is_stored_beside_its_copy),
        TEST(a_named_plan_stands_in_place_of_a_plan),
        TEST(a_repetition_behind_the_end_is_refused),
        TEST(documents_of_all_versions_are_read_and_written_as_the_newest),
        TEST(what_spares_recipients_is_stored_and_defaults_are_only_for_new_campaigns),
        TEST(a_provider_that_is_gone_leaves_a_campaign_that_waits),
        TEST(damaged_and_newer_documents_are_told_apart),
        TEST(complaints_name_the_place_and_the_remedy),
        TEST(what_is_no_json_is_refused_with_line_and_column),
        TEST(a_document_damaged_at_any_byte_is_taken_or_refused_with_a_reason),
        TEST(limits_are_kept),
        TEST(without_a_provider_for_the_channel_nobody_would_send),
        TEST(workers_get_every_body),
        TEST(the_registry_numbers_campaigns_and_finds_them),
        TEST(ids_are_a_letter_and_a_number),
        TEST(durations_are_written_in_their_largest_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
