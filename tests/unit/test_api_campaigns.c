/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/api_rig.h"

static void commands_move_a_campaign_or_say_why_not(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/pause", "", "", 409, "draft");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "\"state\":\"running\"");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 409, "running");
    expect(house, "POST", "/v1/campaigns/c1/pause", "", "", 200, "\"state\":\"paused\"");
    expect(house, "POST", "/v1/campaigns/c1/resume", "", "", 200, "\"state\":\"running\"");
    house_crash(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200,
               "\"state\":\"cancelled\",\"step\":1,\"endpoint\":0,\"attempts\":0,"
               "\"uncertain\":false,\"timeline\":[{\"at\":");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200, "\"event\":\"launched\"");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"cancelled\":3");
    expect_get(house, "/v1/campaigns/c1/recipients?state=cancelled", 200, "\"key\":\"k5\"");
    expect_get(house, "/v1/campaigns/c1/recipients?state=failed", 200, "\"items\":[]");
    expect(house, "POST", "/v1/campaigns/c9/launch", "", "", 404, "no campaign");
}

static void a_campaign_is_changed_and_stays_so(void **state)
{
    struct house *house = *state;
    static const char path[] = "/v1/campaigns/c1";
    upload(house);
    create_campaign(house);
    expect_get(house, path, 200, "\"rate\":null");
    expect(house, "PATCH", path, "", "{\"rate\":2.5}", 200, "\"rate\":2.5");
    house_crash(house);
    expect_get(house, path, 200, "\"rate\":2.5");
    expect_get(house, path, 200, "\"state\":\"draft\"");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "\"rate\":2.5");
    expect(house, "PATCH", path, "", "{\"rate\":7}", 200, "\"rate\":7.0");
    house_crash(house);
    expect_get(house, path, 200, "\"rate\":7.0");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200,
               "\"event\":\"changed\",\"field\":\"rate\"}");
    expect(house, "PATCH", path, "", "{\"rate\":null}", 200, "\"rate\":null");
    expect(house, "PATCH", path, "", "{\"priority\":\"high\",\"weight\":3}", 200,
           "\"priority\":\"high\",\"weight\":3");
    expect(house, "PATCH", path, "", "{\"priority\":\"hihg\"}", 422, "did you mean \\\"high\\\"");
    expect(house, "PATCH", path, "", "{\"weight\":1001}", 422, "\"/weight\"");
    expect(house, "PATCH", path, "", "{\"priority\":null}", 200, "\"priority\":\"normal\"");
    expect(house, "PATCH", path, "", "{\"not_after\":\"6h\"}", 200, "\"not_after\":\"6h\"");
    expect(house, "PATCH", path, "", "{\"not_after\":\"2001-01-01T00:00:00Z\"}", 409, "has passed");
    expect(house, "PATCH", path, "", "{\"stop_rules\":{\"complained\":{\"count\":9}}}", 200,
           "\"stop_rules\":{\"complained\":{\"count\":9}}");
    /* The journal packs percentages where other events have their reason. */
    expect(house, "PATCH", path, "", "{\"stop_rules\":{\"failed\":{\"percent\":30}}}", 200,
           "\"percent\":30");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200,
               "\"event\":\"changed\",\"field\":\"stop_rules\"}]");
    expect(house, "PATCH", path, "", "{\"stop_rules\":{\"failed\":{}}}", 422,
           "\"/stop_rules/failed\"");
    expect(house, "PATCH", path, "", "{\"rate\":0}", 422, "to send nothing, pause the campaign");
    expect(house, "PATCH", path, "", "{\"rat\":5}", 422, "did you mean \\\"rate\\\"");
    expect(house, "PATCH", path, "", "{}", 422, "says nothing to change");
    expect(house, "PATCH", path, "", "", 400, "\"line\":1");
    expect(house, "PATCH", "/v1/campaigns/c9", "", "{\"rate\":5}", 404, "no campaign");
    expect(house, "PATCH", path, "", "{\"rate\":8}", 200, "\"rate\":8.0");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"rate\":8.0");
    expect(house, "PATCH", path, "", "{\"rate\":9}", 409, "cancelled and cannot be changed");
    house_crash(house);
    expect_get(house, path, 200, "\"rate\":8.0"); /* its events are not read any more */
}

static void a_plan_is_shown_step_by_step_before_and_after_a_crash(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"channel\":\"sms\",\"state\":\"draft\"");
    expect_get(house, "/v1/campaigns/c1", 200, "\"plan\":{\"steps\":[{\"channel\":\"sms\",");
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"plan\":{\"steps\":[{\"channel\":\"sms\","
           "\"until\":\"acknowledged\"},{\"channel\":\"sms\",\"attempts\":1}]},"
           "\"content\":{\"sms\":{\"text\":\"Hi\"}}}",
           201, "\"uncertain\":0},\"open\":0,");
    for (unsigned lives = 0; lives < 2; lives++) {
        struct answer answer = ask(house, "GET", "/v1/campaigns/c2", "", "");
        const json_t *steps = json_object_get(json_object_get(answer.json, "plan"), "steps");
        assert_int_equal(json_array_size(steps), 2);
        assert_non_null(strstr(answer.text, "\"until\":\"acknowledged\",\"within\":\"15m\""));
        assert_non_null(strstr(answer.text, "\"within\":\"4h\",\"attempts\":1,"));
        assert_null(json_object_get(answer.json, "channel"));
        answer_release(&answer);
        house_crash(house);
    }
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"x\",\"audience\":\"a1\",\"plan\":{\"steps\":[{\"channel\":\"sms\"},"
           "{\"channel\":\"email\"}]}}",
           422, "\"pointer\":\"/plan/steps/1/channel\"");
}

static void an_archived_campaign_takes_nothing_any_more(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_crash(house);
    house->now_ms += ARCHIVE_MS - 1000;
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    house_crash(house); /* the page that was woken sleeps again */
    house->now_ms += 1000;
    char unsubscribe[64];
    char body[128];
    snprintf(unsubscribe, sizeof(unsubscribe), "/u/%s", link_to(house, 1, 1) + strlen("/a/"));
    snprintf(body, sizeof(body), "{\"token\":\"%s\"}", unsubscribe + strlen("/u/"));
    expect_get(house, link_to(house, 1, 1), 410, "too old");
    expect(house, "POST", link_to(house, 1, 1), "", "", 410, "too old");
    /* But not an opt-out. */
    expect_get(house, unsubscribe, 200, "One-Click");
    expect(house, "POST", unsubscribe, "", "List-Unsubscribe=One-Click", 200, "unsubscribed");
    expect_get(house, "/v1/suppressions", 200, "unsubscribe link of c1");
    expect(house, "POST", "/v1/acknowledgements", "", body, 410, "archived");
    expect_get(house, link_to(house, 2, 1), 404, "does not work");
    expect(house, "POST", callback_to(house, "gateway", 1, "?status=delivered"), "", "", 410,
           "archived");
    expect(house, "POST", "/v1/acknowledgements", "", "{\"campaign\":\"c1\",\"recipient\":\"k2\"}",
           410, "archived");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(commands_move_a_campaign_or_say_why_not),
        HOUSE_TEST(a_campaign_is_changed_and_stays_so),
        HOUSE_TEST(an_archived_campaign_takes_nothing_any_more),
        HOUSE_TEST(a_plan_is_shown_step_by_step_before_and_after_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
