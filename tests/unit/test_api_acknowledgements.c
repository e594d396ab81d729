/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/api_rig.h"

static void a_link_asks_and_only_its_button_confirms(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", link_to(house, 1, 0), "", "", 409, "does not work");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect_get(house, link_to(house, 1, 0), 200, "<form method=\"post\">");
    expect_get(house, link_to(house, 1, 0), 200, "frame-ancestors 'none'");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":0");
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    expect_get(house, "/v1/campaigns/c1/recipients?state=acknowledged", 200, "\"ordinal\":0");
}

static void a_page_speaks_the_recipients_language(void **state)
{
    struct house *house = *state;
    static const char in_german[] = "Accept-Language: de-AT,en;q=0.5\r\n";
    expect(house, "POST", "/v1/audiences?name=customers", CSV,
           "id,phone,locale\nk1,+4790000001,nb-NO\nk2,+4790000002,\nk3,+4790000003,is\n"
           "k4,+4790000004,ar-EG\n",
           201, "\"accepted\":4");
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","
           "\"content\":{\"sms\":{\"text\":\"Hi\"}}}",
           201, "draft");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "GET", link_to(house, 1, 0), in_german, "", 200,
           "<html lang=\"nb\" dir=\"ltr\">");
    expect(house, "GET", link_to(house, 1, 1), in_german, "", 200,
           "<html lang=\"de\" dir=\"ltr\">");
    expect(house, "GET", link_to(house, 1, 2), in_german, "", 200, "Ich habe sie erhalten");
    expect(house, "GET", link_to(house, 1, 2), "", "", 200, "I have received it");
    expect(house, "GET", link_to(house, 1, 3), in_german, "", 200,
           "<html lang=\"ar\" dir=\"rtl\">");
    expect(house, "GET", link_to(house, 1, 3), "", "", 200, "Content-Language: ar");
    expect(house, "GET", link_to(house, 1, 9), in_german, "", 200, "<html lang=\"de\"");
    expect(house, "GET", "/a/forged", in_german, "", 403, "Dieser Link funktioniert nicht");
    expect(house, "GET", "/u/forged", in_german, "", 403, "Dieser Link funktioniert nicht");
    expect(house, "POST", link_to(house, 1, 3), in_german, "", 200, "شكرًا لك");
    /* The form tells the language of its page. */
    expect(house, "POST", link_to(house, 1, 1), in_german, "lang=nb", 200, "Nå vet vi");
    expect(house, "POST", link_to(house, 1, 1), in_german, "lang=xx&x=1", 200, "Vielen Dank");
    char unsubscribe[64];
    snprintf(unsubscribe, sizeof(unsubscribe), "/u/%s", link_to(house, 1, 0) + strlen("/a/"));
    expect(house, "GET", unsubscribe, in_german, "", 200, "Meld deg av</button>");
    expect(house, "POST", unsubscribe, in_german, "no", 400, "Ingenting ble endret");
    expect(house, "POST", unsubscribe, in_german, "List-Unsubscribe=One-Click", 200,
           "Du er meldt av");
}

static void a_link_that_is_forged_or_cut_off_leads_nowhere(void **state)
{
    struct house *house = *state;
    char path[64];
    upload(house);
    create_campaign(house);
    (void)snprintf(path, sizeof(path), "%s", link_to(house, 1, 0));
    path[20] = path[20] == 'A' ? 'B' : 'A';
    expect_get(house, path, 403, "This link does not work");
    expect(house, "POST", path, "", "", 403, "This link does not work");
    (void)snprintf(path, 20, "%s", link_to(house, 1, 0));
    expect_get(house, path, 403, "This link does not work");
    expect_get(house, link_to(house, 7, 0), 404, "This link does not work");
    expect(house, "POST", link_to(house, 1, 4000), "", "", 404, "This link does not work");
    expect_get(house, "/metrics", 200, "\ntocsin_forged_tokens_total 3\n");
}

static void apps_and_call_centres_acknowledge_by_name_or_token(void **state)
{
    struct house *house = *state;
    const char *path = "/v1/acknowledgements";
    char body[128];
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", path, "", "{\"campaign\":\"c1\",\"recipient\":\"k2\"}", 200,
           "\"state\":\"acknowledged\"");
    (void)snprintf(body, sizeof(body), "{\"token\":\"%s\"}", link_to(house, 1, 0) + 3);
    expect(house, "POST", path, "", body, 200, "\"ordinal\":0");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":2");
    expect(house, "POST", path, "", "{\"campaign\":\"c1\"}", 422, "or \\\"campaign\\\" and");
    expect(house, "POST", path, "", "{}", 422, "give \\\"token\\\"");
    expect(house, "POST", path, "", "{\"token\":\"\"}", 422, "must not be empty");
    expect(house, "POST", path, "", "{\"token\":\"x\"}", 403, "not all of it");
    body[strlen(body) - 3] = '\0'; /* without its last character */
    expect(house, "POST", path, "", strcat(body, "\"}"), 403, "not all of it");
    expect(house, "POST", path, "", "{\"tokn\":\"x\"}", 422, "did you mean \\\"token\\\"?");
    expect(house, "POST", path, "", "{\"campaign\":\"c1\",\"recipient\":\"zz\"}", 404, "zz");
    expect(house, "POST", path, "", "{\"campaign\":\"c4\",\"recipient\":\"k2\"}", 404, "c4");
}

/* Of a campaign that has ended the engine has only the counts; the journal knows the rest. */
static void who_acknowledges_after_the_end_is_counted(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_crash(house);
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    expect_get(house, "/v1/campaigns/c1", 200, "\"cancelled\":2");
    expect_get(house, "/v1/campaigns/c1/recipients?state=acknowledged", 200, "\"ordinal\":0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_link_asks_and_only_its_button_confirms),
        HOUSE_TEST(a_page_speaks_the_recipients_language),
        HOUSE_TEST(a_link_that_is_forged_or_cut_off_leads_nowhere),
        HOUSE_TEST(apps_and_call_centres_acknowledge_by_name_or_token),
        HOUSE_TEST(who_acknowledges_after_the_end_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
