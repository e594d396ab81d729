/* SPDX-License-Identifier: Apache-2.0 */
/* That others accept the signatures is a matter of the system tests. */
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "tests/unit/unit.h"
#include "worker/channel/vapid.h"

/* The private key of RFC 7515, appendix A.3, and its public half. */
#define SECRET "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
#define POINT                                                                                      \
    "BH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRFx_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define NOW UINT64_C(1700000000)

static struct vapid *open_key(const char *key)
{
    struct vapid *vapid = NULL;
    struct problem problem = {0};
    if (vapid_new(&vapid, slice_str(key), "mailto:ops@bank.example", &problem) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    return vapid;
}

static void assert_origin(const char *url, const char *origin)
{
    struct slice found = vapid_origin(slice_str(url));
    if (!slice_is(found, origin)) {
        fail_msg("%s: \"%.*s\"", url, (int)found.len, (const char *)found.data);
    }
}

static void an_origin_is_the_scheme_and_the_host(void **state)
{
    (void)state;
    assert_origin("https://push.example.net/send/abc", "https://push.example.net");
    assert_origin("https://push.example.net:8443?x", "https://push.example.net:8443");
    assert_origin("https://[::1]:1/", "https://[::1]:1");
    assert_origin("https://push.example.net", "https://push.example.net");
    assert_origin("http://push.example.net/", "");
    assert_origin("https:///x", "");
    assert_origin("https://a@b/x", "");
    assert_origin("https://Push.example/", "");
    assert_origin("https://a\"b/", "");
    assert_origin("", "");
}

static void a_header_is_made_for_each_origin_and_kept_for_hours(void **state)
{
    (void)state;
    struct vapid *vapid = open_key(SECRET);
    struct slice one = slice_str("https://one.example");
    char *first = strdup(vapid_header(vapid, one, NOW));
    assert_memory_equal(first, "authorization: vapid t=", 23);
    assert_string_equal(strstr(first, ", k="), ", k=" POINT);
    char *claims = strchr(first, '.') + 1;
    uint8_t decoded[256];
    size_t len;
    assert_true(text_base64url_decode(slice_of(claims, (size_t)(strchr(claims, '.') - claims)),
                                      decoded, sizeof(decoded), &len));
    assert_true(slice_is(slice_of(decoded, len),
                         "{\"aud\":\"https://one.example\",\"exp\":1700043200,"
                         "\"sub\":\"mailto:ops@bank.example\"}"));
    assert_string_not_equal(vapid_header(vapid, slice_str("https://two.example"), NOW), first);
    assert_string_equal(vapid_header(vapid, one, NOW + 6 * 3600 - 1), first);
    assert_string_not_equal(vapid_header(vapid, one, NOW + 6 * 3600), first);
    /* A clock that was set back: it would be good for longer than a service takes. */
    assert_string_not_equal(vapid_header(vapid, one, NOW - 20 * 3600), first);
    free(first);
    vapid_free(vapid);
}

static void many_origins_do_not_fill_the_memory(void **state)
{
    (void)state;
    struct vapid *vapid = open_key(SECRET);
    for (unsigned i = 0; i < 1500; i++) {
        char origin[64];
        (void)snprintf(origin, sizeof(origin), "https://h%u.example", i);
        assert_non_null(vapid_header(vapid, slice_str(origin), NOW));
    }
    vapid_free(vapid);
}

static void a_key_may_begin_with_a_dash(void **state)
{
    (void)state;
    vapid_free(open_key("-psQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"));
}

static void a_wrong_key_or_subject_is_refused(void **state)
{
    (void)state;
    static const char *const subjects[] = {"",
                                           "ops@bank.example",
                                           "mailto:",
                                           "http://bank.example",
                                           "mailto:a\"b@c.example",
                                           "mailto:a b@c.example"};
    struct vapid *vapid = NULL;
    struct problem problem = {0};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        assert_int_equal(vapid_new(&vapid, slice_str(SECRET), subjects[i], &problem), ERR_INVALID);
        assert_non_null(strstr(problem.text, "subject must be"));
    }
    assert_int_equal(vapid_new(&vapid, slice_str("short"), "mailto:a@b.example", &problem),
                     ERR_INVALID);
    assert_non_null(strstr(problem.text, "43 characters"));
    assert_int_equal(vapid_new(&vapid, slice_str("-----BEGIN PRIVATE KEY-----\nx"),
                               "mailto:a@b.example", &problem),
                     ERR_INVALID);
    assert_non_null(strstr(problem.text, "cut off"));
    assert_null(vapid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_is_the_scheme_and_the_host),
        cmocka_unit_test(a_header_is_made_for_each_origin_and_kept_for_hours),
        cmocka_unit_test(many_origins_do_not_fill_the_memory),
        cmocka_unit_test(a_key_may_begin_with_a_dash),
        cmocka_unit_test(a_wrong_key_or_subject_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
