/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/campaign_document.h"
#include "coordinator/content/campaign_registry.h"
#include "coordinator/content/object_id.h"
#include "tests/unit/campaign_fixture.h"
#include "tests/unit/unit.h"

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL},
    {.id = 2, .name = "backup", .channel = CHANNEL_SMS},
};

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
        TEST(any_text_may_want_reply_codes),
        TEST(a_named_plan_stands_in_place_of_a_plan),
        TEST(a_repetition_behind_the_end_is_refused),
        TEST(complaints_name_the_place_and_the_remedy),
        TEST(what_is_no_json_is_refused_with_line_and_column),
        TEST(limits_are_kept),
        TEST(without_a_provider_for_the_channel_nobody_would_send),
        TEST(workers_get_every_body),
        TEST(the_registry_numbers_campaigns_and_finds_them),
        TEST(ids_are_a_letter_and_a_number),
        TEST(durations_are_written_in_their_largest_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
