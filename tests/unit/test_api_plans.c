/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/api_rig.h"

#define NIGHT "{\"steps\":[{\"channel\":\"sms\",\"until\":\"acknowledged\",\"within\":\"5m\"}]}"

static void a_plan_is_stored_listed_and_deleted(void **state)
{
    struct house *house = *state;
    expect_get(house, "/v1/plans", 200, "{\"items\":[],\"next\":null}");
    expect(house, "PUT", "/v1/plans/night", "", NIGHT, 201, "\"within\":\"5m\"");
    expect(house, "PUT", "/v1/plans/day", "", "{\"steps\":[{\"channel\":\"sms\"}]}", 201, "");
    expect(house, "PUT", "/v1/plans/day", "", "{\"steps\":[{\"channel\":\"email\"}]}", 200,
           "{\"name\":\"day\",\"modified_at\":\"2023-11-14T22:13:20.000Z\",\"steps\":[");
    house_crash(house);
    expect_get(house, "/v1/plans/day", 200, "\"channel\":\"email\"");
    struct answer first = ask(house, "GET", "/v1/plans?limit=1", "", "");
    char path[80];
    (void)snprintf(path, sizeof(path), "/v1/plans?limit=1&cursor=%s", text_of(&first, "next"));
    assert_non_null(strstr(first.text, "\"name\":\"day\""));
    answer_release(&first);
    expect(house, "DELETE", "/v1/plans/day", "", "", 200, "\"name\":\"day\"");
    expect_get(house, path, 200, "\"name\":\"night\"");
    expect_get(house, path, 200, "\"next\":null");
    house_crash(house);
    expect_get(house, "/v1/plans/day", 404, "there is no plan \\\"day\\\"; there are: night");
    expect(house, "DELETE", "/v1/plans/day", "", "", 404, "there is no plan");
    expect_get(house, "/v1/plans?cursor=!", 400, "no cursor of this list");
}

static void what_is_no_plan_is_refused(void **state)
{
    struct house *house = *state;
    expect(house, "PUT", "/v1/plans/sms", "", NIGHT, 422, "it is a channel's");
    expect(house, "PUT", "/v1/plans/a%20b", "", NIGHT, 422, "cannot be a plan's name");
    expect(house, "PUT", "/v1/plans/night", "", "{\"steps\":[{\"channel\":\"smss\"}]}", 422,
           "\"pointer\":\"/steps/0/channel\"");
    expect(house, "PUT", "/v1/plans/night", "", "[]", 400, "must be an object, not an array");
    expect(house, "POST", "/v1/plans/night", "", NIGHT, 405, "");
    expect_get(house, "/v1/plans", 200, "{\"items\":[],\"next\":null}");
}

#define NAMED                                                                                      \
    "{\"name\":\"Outage\",\"audience\":\"a1\",\"plan\":\"night\","                                 \
    "\"content\":{\"sms\":{\"text\":\"Hi\"}}}"

static void a_campaign_takes_a_copy_of_a_named_plan(void **state)
{
    struct house *house = *state;
    upload(house);
    expect(house, "POST", "/v1/campaigns", "", NAMED, 422,
           "there is no plan \\\"night\\\", nor any other");
    expect(house, "PUT", "/v1/plans/night", "", NIGHT, 201, "");
    expect(house, "POST", "/v1/campaigns", "", NAMED, 201, "\"plan_name\":\"night\"");
    expect(house, "PUT", "/v1/plans/night", "", "{\"steps\":[{\"channel\":\"email\"}]}", 200, "");
    expect(house, "POST", "/v1/campaigns", "", NAMED, 422, "\"pointer\":\"/plan\"");
    expect(house, "POST", "/v1/campaigns", "", NAMED, 422,
           "\\\"night\\\" does not fit here, at /steps/0/channel: channel: it needs the column");
    expect(house, "DELETE", "/v1/plans/night", "", "", 200, "");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"within\":\"5m\"");
    expect_get(house, "/v1/campaigns/c1", 200, "\"plan_name\":\"night\"");
    create_campaign(house);
    expect_get(house, "/v1/campaigns/c2", 200, "\"plan_name\":null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_plan_is_stored_listed_and_deleted),
        HOUSE_TEST(what_is_no_plan_is_refused),
        HOUSE_TEST(a_campaign_takes_a_copy_of_a_named_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
