/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every list, with every cursor that is not its own: of the others, and its own with one letter
 * changed or missing.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/api_rig.h"

static const char *const lists[] = {
    "/v1/campaigns",
    "/v1/audiences",
    "/v1/campaigns/c1/recipients",
    "/v1/campaigns/c2/recipients",
    "/v1/providers",
    "/v1/suppressions",
    "/v1/plans",
    "/v1/replies",
    "/v1/campaigns/c1/replies",
    "/v1/keys/delivery",
};
#define LISTS (sizeof(lists) / sizeof(lists[0]))

/* At least two of everything. */
static void fill(struct house *house)
{
    static const char *const keys[] = {"x1", "x2", "x3"};
    upload(house);
    upload(house);
    create_campaign(house);
    create_campaign(house);
    expect(house, "POST", "/v1/keys/delivery/rotate", "", "", 200, "");
    for (unsigned i = 0; i < 3; i++) {
        char text[200];
        (void)snprintf(text, sizeof(text), "{\"contact\":\"%s\",\"reason\":\"manual\"}", keys[i]);
        expect(house, "POST", "/v1/suppressions", "", text, 201, keys[i]);
        (void)snprintf(text, sizeof(text), "/v1/plans/%s", keys[i]);
        expect(house, "PUT", text, "", "{\"steps\":[{\"channel\":\"sms\"}]}", 201, keys[i]);
        (void)snprintf(text, sizeof(text),
                       "{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"%s\",\"token\":"
                       "\"%s\"}",
                       keys[i], link_to(house, 1, 0) + strlen("/a/"));
        expect(house, "POST", "/v1/replies", "", text, 200, "kept");
    }
}

static void expect_no_cursor(struct house *house, const char *list, const char *cursor)
{
    char path[1200];
    (void)snprintf(path, sizeof(path), "%s?limit=1&cursor=%s", list, cursor);
    expect_get(house, path, 400, "this is no cursor of this list; take the `next` of its last");
}

static void cursors_altered_or_of_another_list_are_refused(void **state)
{
    struct house *house = *state;
    char cursors[LISTS][100];
    char path[1200];
    fill(house);
    for (size_t i = 0; i < LISTS; i++) {
        (void)snprintf(path, sizeof(path), "%s?limit=1", lists[i]);
        struct answer answer = ask(house, "GET", path, "", "");
        (void)snprintf(cursors[i], sizeof(cursors[i]), "%s", text_of(&answer, "next"));
        if (cursors[i][0] == '\0') {
            fail_msg("%s has no second page: %s", lists[i], answer.text);
        }
        answer_release(&answer);
        (void)snprintf(path, sizeof(path), "%s?limit=1&cursor=%s", lists[i], cursors[i]);
        expect_get(house, path, 200, "\"items\":[{");
    }
    for (size_t i = 0; i < LISTS; i++) {
        for (size_t k = 0; k < LISTS; k++) {
            if (i != k) {
                expect_no_cursor(house, lists[i], cursors[k]);
            }
        }
        for (size_t at = 0; at < strlen(cursors[i]); at++) {
            char altered[100];
            (void)snprintf(altered, sizeof(altered), "%s", cursors[i]);
            altered[at] = altered[at] == 'A' ? 'B' : 'A';
            expect_no_cursor(house, lists[i], altered);
        }
        cursors[i][strlen(cursors[i]) - 1] = '\0';
        expect_no_cursor(house, lists[i], cursors[i]);
        expect_no_cursor(house, lists[i], "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(cursors_altered_or_of_another_list_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
