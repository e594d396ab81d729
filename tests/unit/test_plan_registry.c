/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/content/plan_registry.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS},
    {.id = 1, .name = "calls", .channel = CHANNEL_VOICE},
};

static const struct plan_source around = {.providers = providers, .provider_count = 2};

#define TWO                                                                                        \
    "{\"steps\":[{\"channel\":\"sms\",\"until\":\"acknowledged\",\"within\":\"5m\"},"              \
    "{\"channel\":\"voice\"}]}"

static struct ledger *open_ledger(void)
{
    struct ledger *ledger = NULL;
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&ledger, store_mem_new(), &problem), ERR_OK);
    return ledger;
}

static json_t *plan_of(const char *text)
{
    struct document_problem problem;
    json_t *json = NULL;
    json_t *plan = NULL;
    assert_int_equal(document_parse(slice_str(text), &json, &problem), ERR_OK);
    if (plan_registry_read(&plan, json, "ladder", &around, &problem) != ERR_OK) {
        fail_msg("%s: %s", problem.pointer, problem.problem.text);
    }
    json_decref(json);
    return plan;
}

static void put(struct plan_registry *registry, struct ledger *ledger, uint64_t recno,
                const char *name, const char *text, uint64_t now_ms)
{
    struct problem problem;
    struct record *record = record_new(0, 1, recno);
    assert_int_equal(plan_registry_put(registry, name, plan_of(text), now_ms, record), ERR_OK);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    record_free(record);
}

static void put_bytes(struct ledger *ledger, uint64_t recno, const char *name, const char *text)
{
    struct problem problem;
    struct buf key = {0};
    struct record *record = record_new(0, 1, recno);
    ledger_catalogue_key(&key, CATALOGUE_PLAN, slice_str(name));
    record_put(record, buf_view(&key), slice_str(text));
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    record_free(record);
    buf_release(&key);
}

static void assert_names(const struct plan_registry *registry, const char *const *names)
{
    struct named_plan plan;
    char last[PLAN_NAME_MAX + 1] = "";
    bool more = plan_registry_from(registry, slice_of(NULL, 0), &plan);
    for (; *names != NULL; names++) {
        assert_true(more);
        assert_string_equal(plan.name, *names);
        (void)snprintf(last, sizeof(last), "%s", plan.name);
        more = plan_registry_from(registry, slice_of(last, strlen(last) + 1), &plan);
    }
    assert_false(more);
}

static void plans_come_back_in_the_order_of_their_names(void **state)
{
    (void)state;
    struct ledger *ledger = open_ledger();
    struct plan_registry *registry = plan_registry_new();
    struct named_plan plan;
    struct problem problem;
    put(registry, ledger, 1, "night", "{\"steps\":[{\"channel\":\"voice\"}]}", NOW_MS);
    put(registry, ledger, 2, "ladder", TWO, NOW_MS + 1);
    put(registry, ledger, 3, "ladder2", TWO, NOW_MS + 2);
    put(registry, ledger, 4, "night", TWO, NOW_MS + 3); /* in place of the first */
    assert_names(registry, (const char *const[]){"ladder", "ladder2", "night", NULL});
    plan_registry_free(registry);
    registry = plan_registry_new();
    assert_int_equal(plan_registry_load(registry, ledger, &problem), ERR_OK);
    assert_names(registry, (const char *const[]){"ladder", "ladder2", "night", NULL});
    assert_true(plan_registry_find(registry, "night", &plan));
    assert_true(plan.modified_ms == NOW_MS + 3);
    assert_int_equal(json_array_size(json_object_get(plan.plan, "steps")), 2);
    assert_false(plan_registry_find(registry, "nigh", &plan));
    struct record *record = record_new(0, 1, 5);
    assert_true(plan_registry_remove(registry, "ladder2", record));
    assert_false(plan_registry_remove(registry, "ladder2", record));
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    record_free(record);
    plan_registry_free(registry);
    registry = plan_registry_new();
    assert_int_equal(plan_registry_load(registry, ledger, &problem), ERR_OK);
    assert_names(registry, (const char *const[]){"ladder", "night", NULL});
    plan_registry_free(registry);
    ledger_close(ledger);
}

static const char golden[] =
    "{\"version\":1,\"name\":\"ladder\",\"modified_ms\":1700000000000,\"steps\":[{\"channel\":"
    "\"sms\",\"until\":\"acknowledged\",\"within\":\"5m\",\"attempts\":5,\"backoff\":\"30s\","
    "\"backoff_max\":\"15m\",\"on_uncertain\":\"resend\"},{\"channel\":\"voice\",\"until\":"
    "\"accepted\",\"within\":\"4h\",\"attempts\":5,\"backoff\":\"30s\",\"backoff_max\":\"15m\","
    "\"on_uncertain\":\"resend\"}]}";

static void an_entry_is_as_its_header_says(void **state)
{
    (void)state;
    struct ledger *ledger = open_ledger();
    struct plan_registry *registry = plan_registry_new();
    struct store_value value = {0};
    put(registry, ledger, 1, "ladder", TWO, NOW_MS);
    assert_int_equal(ledger_catalogue_get(ledger, CATALOGUE_PLAN, slice_str("ladder"), &value),
                     ERR_OK);
    assert_int_equal(value.bytes.len, sizeof(golden) - 1);
    assert_memory_equal(value.bytes.data, golden, sizeof(golden) - 1);
    store_value_release(&value);
    plan_registry_free(registry);
    ledger_close(ledger);
}

static void what_is_damaged_or_newer_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"{\"version\":2}", ERR_NEWER_VERSION},
        {"{\"version\":1,\"name\":\"other\",\"modified_ms\":1,\"steps\":[{}]}", ERR_CORRUPT},
        {"{\"version\":1,\"name\":\"ladder\",\"modified_ms\":1,\"steps\":[]}", ERR_CORRUPT},
        {"{\"version\":1,\"name\":\"ladder\",\"modified_ms\":-1,\"steps\":[{}]}", ERR_CORRUPT},
        {"{\"name\":\"ladder\",\"modified_ms\":1,\"steps\":[{}]}", ERR_CORRUPT},
        {"{\"version\":1,", ERR_CORRUPT},
        {"", ERR_CORRUPT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ledger *ledger = open_ledger();
        struct plan_registry *registry = plan_registry_new();
        struct problem problem = {0};
        put_bytes(ledger, 1, "ladder", cases[i].text);
        assert_int_equal(plan_registry_load(registry, ledger, &problem), cases[i].err);
        assert_non_null(strstr(problem.text, "plan \"ladder\""));
        plan_registry_free(registry);
        ledger_close(ledger);
    }
}

static void a_name_means_one_thing_on_a_command_line(void **state)
{
    (void)state;
    static const char *const bad[] = {"",          "two words", "a/b",   "sms",  "voice",
                                      "plan.json", "x.yaml",    "x.yml", ".hid", "-q",
                                      "\xc3\xa5",  "a>b",       ".."};
    static const char *const good[] = {"ladder", "a", "SMS", "night-2.0", "_x", "plan.json.old"};
    char longest[PLAN_NAME_MAX + 2];
    struct problem problem;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(plan_registry_check_name(bad[i], &problem), ERR_INVALID);
        assert_non_null(strstr(problem.text, "cannot be a plan's name"));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(plan_registry_check_name(good[i], &problem), ERR_OK);
    }
    memset(longest, 'x', sizeof(longest));
    longest[PLAN_NAME_MAX] = '\0';
    assert_int_equal(plan_registry_check_name(longest, &problem), ERR_OK);
    longest[PLAN_NAME_MAX] = 'x';
    longest[PLAN_NAME_MAX + 1] = '\0';
    assert_int_equal(plan_registry_check_name(longest, &problem), ERR_INVALID);
}

static void a_plan_is_checked_as_in_a_campaign(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *pointer;
        const char *words;
    } cases[] = {
        {"{}", "/steps", "required"},
        {"{\"steps\":[]}", "/steps", "1 to 8"},
        {"{\"channel\":\"sms\",\"steps\":[{\"channel\":\"sms\"}]}", "/channel", "unknown member"},
        {"{\"steps\":[{\"channel\":\"sms\"},{\"channel\":\"vioce\"}]}", "/steps/1/channel",
         "did you mean \"voice\""},
        {"{\"steps\":[{\"channel\":\"push\"}]}", "/steps/0/channel", "no provider is set up"},
        {"{\"steps\":[{\"channel\":\"sms\",\"provider\":\"gatewy\"}]}", "/steps/0/provider",
         "did you mean \"gateway\""},
        {"{\"steps\":[{\"channel\":\"sms\",\"within\":\"-5m\"}]}", "/steps/0/within", "duration"},
        {"{\"steps\":[{\"channel\":\"sms\",\"within\":\"400d\"}]}", "/steps/0/within", "30d"},
        {"{\"steps\":[{\"channel\":\"sms\",\"until\":\"delivered\"}]}", "/steps/0/until",
         "receipts"},
        {"{\"name\":\"night\",\"steps\":[{\"channel\":\"sms\"}]}", "/name", "\"ladder\""},
        {"{\"name\":7,\"steps\":[{\"channel\":\"sms\"}]}", "/name", "\"ladder\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct document_problem problem;
        json_t *json = NULL;
        json_t *plan = NULL;
        assert_int_equal(document_parse(slice_str(cases[i].text), &json, &problem), ERR_OK);
        assert_int_equal(plan_registry_read(&plan, json, "ladder", &around, &problem), ERR_INVALID);
        assert_null(plan);
        assert_string_equal(problem.pointer, cases[i].pointer);
        if (strstr(problem.problem.text, cases[i].words) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", problem.problem.text, cases[i].words);
        }
        json_decref(json);
    }
}

static void what_was_answered_may_be_put_back(void **state)
{
    (void)state;
    json_t *first = plan_of(TWO);
    json_object_set_new(first, "name", json_string("ladder"));
    json_object_set_new(first, "modified_at", json_string("2026-11-29T10:00:00.000Z"));
    char *text = json_dumps(first, JSON_COMPACT);
    json_t *second = plan_of(text);
    json_object_del(first, "name");
    json_object_del(first, "modified_at");
    assert_true(json_equal(first, second));
    free(text);
    json_decref(first);
    json_decref(second);
}

static void there_is_an_end_to_how_many(void **state)
{
    (void)state;
    struct plan_registry *registry = plan_registry_new();
    struct record *record = record_new(0, 1, 1);
    char name[24];
    for (unsigned i = 0; i < PLAN_REGISTRY_MAX; i++) {
        (void)snprintf(name, sizeof(name), "p%u", (i * 7) % PLAN_REGISTRY_MAX);
        assert_int_equal(plan_registry_put(registry, name, plan_of(TWO), NOW_MS, record), ERR_OK);
    }
    assert_int_equal(plan_registry_put(registry, "more", plan_of(TWO), NOW_MS, record), ERR_LIMIT);
    assert_int_equal(plan_registry_put(registry, "p5", plan_of(TWO), NOW_MS, record), ERR_OK);
    assert_true(plan_registry_remove(registry, "p999", record));
    assert_int_equal(plan_registry_put(registry, "more", plan_of(TWO), NOW_MS, record), ERR_OK);
    record_free(record);
    plan_registry_free(registry);
}

static void whoever_asks_for_none_is_told_what_there_is(void **state)
{
    (void)state;
    struct plan_registry *registry = plan_registry_new();
    struct record *record = record_new(0, 1, 1);
    struct buf text = {0};
    plan_registry_tell_missing(NULL, "x", &text);
    assert_non_null(strstr(buf_cstr(&text), "there is no plan \"x\", nor any other"));
    assert_int_equal(plan_registry_put(registry, "ladder", plan_of(TWO), NOW_MS, record), ERR_OK);
    buf_clear(&text);
    plan_registry_tell_missing(registry, "lader", &text);
    assert_string_equal(buf_cstr(&text), "there is no plan \"lader\"; did you mean \"ladder\"?");
    buf_clear(&text);
    plan_registry_tell_missing(registry, "xyzzy", &text);
    assert_string_equal(buf_cstr(&text), "there is no plan \"xyzzy\"; there are: ladder");
    for (unsigned i = 0; i < 9; i++) {
        char name[8];
        (void)snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(plan_registry_put(registry, name, plan_of(TWO), NOW_MS, record), ERR_OK);
    }
    buf_clear(&text);
    plan_registry_tell_missing(registry, "xyzzy", &text);
    assert_non_null(strstr(buf_cstr(&text), "n6 and more"));
    buf_release(&text);
    record_free(record);
    plan_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_come_back_in_the_order_of_their_names),
        cmocka_unit_test(an_entry_is_as_its_header_says),
        cmocka_unit_test(what_is_damaged_or_newer_is_named),
        cmocka_unit_test(a_name_means_one_thing_on_a_command_line),
        cmocka_unit_test(a_plan_is_checked_as_in_a_campaign),
        cmocka_unit_test(what_was_answered_may_be_put_back),
        cmocka_unit_test(there_is_an_end_to_how_many),
        cmocka_unit_test(whoever_asks_for_none_is_told_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
