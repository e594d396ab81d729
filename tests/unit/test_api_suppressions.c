/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "tests/unit/api_rig.h"

#define MANY 5000

/* MANY contacts, and behind them in the list's order one that was complained of. */
static void import_many(struct house *house)
{
    struct buf rows = {0};
    buf_str(&rows, "reason,contact\n");
    for (unsigned i = 0; i < MANY; i++) {
        buf_printf(&rows, "manual,k%05u\n", i);
    }
    buf_str(&rows, "complaint,z\n");
    expect(house, "POST", "/v1/suppressions/import", CSV, buf_cstr(&rows), 200, "");
    buf_release(&rows);
}

/* Whoever asks for what is rare does not hold the loop until all of the list was looked at. */
static void a_filter_looks_at_so_many_at_a_time(void **state)
{
    struct house *house = *state;
    char path[400] = "/v1/suppressions?reason=complaint";
    unsigned pages = 0;
    size_t found = 0;
    import_many(house);
    for (const char *next = path; next[0] != '\0'; pages++) {
        struct answer answer = ask(house, "GET", path, "", "");
        assert_int_equal(answer.status, 200);
        found += json_array_size(json_object_get(answer.json, "items"));
        next = text_of(&answer, "next");
        (void)snprintf(path, sizeof(path), "/v1/suppressions?reason=complaint&cursor=%s", next);
        next = next[0] == '\0' ? "" : path;
        answer_release(&answer);
        assert_true(pages < MANY);
    }
    assert_int_equal(found, 1);
    assert_true(pages > 2);
}

static void a_page_ends_at_its_limit(void **state)
{
    struct house *house = *state;
    import_many(house);
    struct answer answer = ask(house, "GET", "/v1/suppressions?limit=1000&reason=manual", "", "");
    assert_int_equal(json_array_size(json_object_get(answer.json, "items")), 1000);
    assert_true(strlen(text_of(&answer, "next")) > 0);
    answer_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_filter_looks_at_so_many_at_a_time),
        HOUSE_TEST(a_page_ends_at_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
