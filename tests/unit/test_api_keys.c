/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "tests/unit/api_rig.h"

static void a_campaign_keeps_the_key_that_it_began_with(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect_get(house, "/v1/keys/delivery", 200,
               "{\"items\":[{\"number\":1,\"since\":null,\"campaigns\":1,\"newest\":true}]");
    expect(house, "POST", "/v1/keys/delivery/rotate", "", "", 200,
           "{\"number\":2,\"since\":\"2023-11-14T22:13:20.000Z\",\"campaigns\":0,\"newest\":true}");
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c2/launch", "", "", 200, "running");
    for (unsigned life = 0; life < 2; life++) {
        expect(house, "POST", link_under(house, 1, 1, life), "", "", 200, "Thank you");
        expect(house, "POST", link_under(house, 2, 2, life), "", "", 200, "Thank you");
        expect(house, "POST", link_under(house, 2, 1, life), "", "", 403, "does not work");
        expect(house, "POST", link_under(house, 1, 2, life), "", "", 403, "does not work");
        /* Of a campaign that is not there any key of ours is as good. */
        expect(house, "POST", link_under(house, 1, 3, life), "", "", 404, "does not work");
        expect(house, "POST", link_under(house, 2, 3, life), "", "", 404, "does not work");
        expect_get(house, "/v1/keys/delivery", 200, "\"campaigns\":1,\"newest\":false");
        house_crash(house);
    }
}

static void keys_are_listed_page_by_page(void **state)
{
    struct house *house = *state;
    expect(house, "POST", "/v1/keys/delivery/rotate", "", "", 200, "\"number\":2");
    expect_get(house, "/v1/keys/delivery?limit=1000", 200, "\"newest\":true}],\"next\":null}");
    struct answer first = ask(house, "GET", "/v1/keys/delivery?limit=1", "", "");
    assert_int_equal(first.status, 200);
    assert_int_equal(json_array_size(json_object_get(first.json, "items")), 1);
    char path[80];
    (void)snprintf(path, sizeof(path), "/v1/keys/delivery?limit=1&cursor=%s",
                   json_string_value(json_object_get(first.json, "next")));
    answer_release(&first);
    expect_get(house, path, 200, "{\"items\":[{\"number\":2,");
    expect_get(house, path, 200, "\"next\":null}");
    expect_get(house, "/v1/keys/delivery?limit=0", 400, "from 1 to 1000");
}

static void a_rotation_that_was_not_written_takes_its_campaigns_with_it(void **state)
{
    struct house *house = *state;
    upload(house);
    house->is_writing = false;
    struct http_peer rotate = send_request(house, "POST", "/v1/keys/delivery/rotate", "", "");
    house_turn_for(house, 20);
    struct http_peer create = send_request(house, "POST", "/v1/campaigns", "", CAMPAIGN);
    house_turn_for(house, 20);
    assert_int_equal(house->keys.count, 2);
    house_crash(house);
    http_peer_release(&rotate);
    http_peer_release(&create);
    assert_int_equal(house->keys.count, 1);
    expect_get(house, "/v1/campaigns", 200, "{\"items\":[]");
    create_campaign(house);
    expect_get(house, link_to(house, 1, 0), 200, "form");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_campaign_keeps_the_key_that_it_began_with),
        HOUSE_TEST(keys_are_listed_page_by_page),
        HOUSE_TEST(a_rotation_that_was_not_written_takes_its_campaigns_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
