/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "coordinator/audience/endpoint.h"
#include "tests/unit/unit.h"

typedef enum endpoint_flaw (*check_fn)(struct cell *value);

/* In memory of its exact size, so that a read past the end is seen. */
static void assert_result(check_fn check, struct slice text, enum endpoint_flaw flaw,
                          const char *normal)
{
    uint8_t *copy = mem_copy(text.data, text.len);
    struct cell cell = {copy, text.len};
    enum endpoint_flaw got = check(&cell);
    if (got != flaw) {
        fail_msg("\"%.*s\": %s", (int)text.len, (const char *)text.data,
                 endpoint_flaw_sentence(got));
    }
    assert_slice_is(cell_view(cell), normal);
    mem_free(copy);
}

#define passes(check, text, normal)                                                                \
    assert_result(check, slice_of(text, sizeof(text) - 1), ENDPOINT_FLAW_NONE, normal)
#define refuses(check, text, flaw)                                                                 \
    assert_result(check, slice_of(text, sizeof(text) - 1), ENDPOINT_FLAW_##flaw, text)

static void phone_numbers_become_e164(void **state)
{
    (void)state;
    passes(endpoint_phone, "+491701234567", "+491701234567");
    passes(endpoint_phone, "+49 170 123-45.67", "+491701234567");
    passes(endpoint_phone, "00491701234567", "+491701234567");
    passes(endpoint_phone, "0049 (170) 123/4567", "+491701234567");
    passes(endpoint_phone, "tel:+1-201-555-0123", "+12015550123");
    passes(endpoint_phone, "TEL:+12015550123", "+12015550123");
    passes(endpoint_phone, "(+49) 170 1234567", "+491701234567");
    passes(endpoint_phone, "+49 (0)170 1234567", "+491701234567");
    passes(endpoint_phone, "+49(0) 170 1234567", "+491701234567");
    passes(endpoint_phone, "+1234567", "+1234567");
    passes(endpoint_phone, "+123456789012345", "+123456789012345");
    passes(endpoint_phone, "00123456789012345", "+123456789012345");
    passes(endpoint_phone, "+39 06 1234567", "+39061234567");
}

static void phone_numbers_without_a_country_are_refused(void **state)
{
    (void)state;
    refuses(endpoint_phone, "0170 1234567", PHONE_COUNTRY);
    refuses(endpoint_phone, "491701234567", PHONE_COUNTRY);
    refuses(endpoint_phone, "(0)170 1234567", PHONE_COUNTRY);
    refuses(endpoint_phone, "1", PHONE_COUNTRY);
    refuses(endpoint_phone, "0", PHONE_COUNTRY);
    refuses(endpoint_phone, "-", PHONE_COUNTRY);
    refuses(endpoint_phone, "tel:", PHONE_COUNTRY);
}

static void malformed_phone_numbers_are_refused(void **state)
{
    (void)state;
    refuses(endpoint_phone, "+", PHONE_SHORT);
    refuses(endpoint_phone, "00", PHONE_SHORT);
    refuses(endpoint_phone, "+123456", PHONE_SHORT);
    refuses(endpoint_phone, "+1234567890123456", PHONE_LONG);
    refuses(endpoint_phone, "001234567890123456", PHONE_LONG);
    refuses(endpoint_phone, "+1234567890123456789012345678901234567890", PHONE_LONG);
    refuses(endpoint_phone, "+0491701234567", PHONE_ZERO);
    refuses(endpoint_phone, "+00491701234567", PHONE_ZERO);
    refuses(endpoint_phone, "00049170123456", PHONE_ZERO);
    refuses(endpoint_phone, "+49170123456x", PHONE_CHARACTER);
    refuses(endpoint_phone, "+49170+123456", PHONE_CHARACTER);
    refuses(endpoint_phone, "++49170123456", PHONE_CHARACTER);
    refuses(endpoint_phone, "n/a", PHONE_CHARACTER);
    refuses(endpoint_phone, "+49 170 1234567 ext. 8", PHONE_CHARACTER);
    refuses(endpoint_phone, "+4917012345\xc2\xa0", PHONE_CHARACTER);
}

static void addresses_pass_and_their_domain_becomes_lower_case(void **state)
{
    (void)state;
    passes(endpoint_email, "anna@example.org", "anna@example.org");
    passes(endpoint_email, "Anna.Meier@EXAMPLE.Org", "Anna.Meier@example.org");
    passes(endpoint_email, "a@b", "a@b");
    passes(endpoint_email, "a+b=c!#$%&'*-/?^_`{|}~@x-y.example",
           "a+b=c!#$%&'*-/?^_`{|}~@x-y.example");
    passes(endpoint_email, "\"a b\\\"@c\"@example.org", "\"a b\\\"@c\"@example.org");
    passes(endpoint_email,
           "m\xc3\xbcller@b\xc3\xbc"
           "cher.example",
           "m\xc3\xbcller@b\xc3\xbc"
           "cher.example");
    passes(endpoint_email, "a@[192.0.2.1]", "a@[192.0.2.1]");
    passes(endpoint_email, "a@[IPv6:2001:DB8::1]", "a@[IPv6:2001:DB8::1]");
    passes(endpoint_email, "1@1.2.example", "1@1.2.example");
}

static void malformed_addresses_are_refused(void **state)
{
    (void)state;
    refuses(endpoint_email, "anna", EMAIL_AT);
    refuses(endpoint_email, "anna.example.org", EMAIL_AT);
    refuses(endpoint_email, "@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, ".a@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, "a.@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, "a..b@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, "a b@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, "Anna <a@example.org>", EMAIL_LOCAL);
    refuses(endpoint_email, "\"a@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, "\"a\"b@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, "\"a\\", EMAIL_AT);
    refuses(endpoint_email, "\"a\x01\"@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, "a\x7f@example.org", EMAIL_LOCAL);
    refuses(endpoint_email, "a@", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@b@c", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@example.org, b@example.org", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@.example", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@example.", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@x..example", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@-x.example", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@x-.example", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@x_y.example", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@exam ple", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@[192.0.2]", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@[2001:db8::1]", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@[]", EMAIL_DOMAIN);
    refuses(endpoint_email, "a@[192.0.2.1", EMAIL_DOMAIN);
}

/* `local` times x, @, labels of at most 63 up to `total` bytes. */
static void assert_length(size_t local, size_t total, enum endpoint_flaw flaw)
{
    char text[400];
    memset(text, 'x', sizeof(text));
    text[local] = '@';
    for (size_t at = local + 61; at + 1 < total; at += 61) {
        text[at] = '.';
    }
    text[total] = '\0';
    assert_result(endpoint_email, slice_str(text), flaw, text);
}

static void lengths_of_addresses_are_limited(void **state)
{
    (void)state;
    assert_length(64, 100, ENDPOINT_FLAW_NONE);
    assert_length(65, 100, ENDPOINT_FLAW_EMAIL_LONG);
    assert_length(64, 254, ENDPOINT_FLAW_NONE);
    assert_length(64, 255, ENDPOINT_FLAW_EMAIL_LONG);
    assert_length(10, 300, ENDPOINT_FLAW_EMAIL_DOMAIN);
    char text[] = "a@0123456789012345678901234567890123456789012345678901234567890123.example";
    assert_result(endpoint_email, slice_str(text), ENDPOINT_FLAW_EMAIL_DOMAIN, text);
    memmove(text + 2, text + 3, strlen(text + 3) + 1);
    assert_result(endpoint_email, slice_str(text), ENDPOINT_FLAW_NONE, text);
}

static void push_tokens_are_visible_ascii(void **state)
{
    (void)state;
    passes(endpoint_push, "fcm:APA91b_-~!", "fcm:APA91b_-~!");
    refuses(endpoint_push, "a b", PUSH_CHARACTER);
    refuses(endpoint_push, "a\n", PUSH_CHARACTER);
    refuses(endpoint_push, "\xc3\xa4", PUSH_CHARACTER);
    refuses(endpoint_push, "a\x7f", PUSH_CHARACTER);
    static char text[4098];
    memset(text, 't', sizeof(text) - 1);
    assert_result(endpoint_push, slice_str(text), ENDPOINT_FLAW_PUSH_LONG, text);
    text[4096] = '\0';
    assert_result(endpoint_push, slice_str(text), ENDPOINT_FLAW_NONE, text);
}

static void a_subscription_loses_its_blanks_but_not_those_of_its_texts(void **state)
{
    (void)state;
    passes(endpoint_push, "{\"endpoint\":\"https://a/\",\"keys\":{}}",
           "{\"endpoint\":\"https://a/\",\"keys\":{}}");
    passes(endpoint_push, "{ \"endpoint\" : \"https://a/\",\r\n\t\"k\\\"\": {} }",
           "{\"endpoint\":\"https://a/\",\"k\\\"\":{}}");
    refuses(endpoint_push, "{ \"endpoint\": \"https://a/ b\" }", PUSH_CHARACTER);
    refuses(endpoint_push, "{ \"k\\\\\" : \"\\\" \" }", PUSH_CHARACTER);
    refuses(endpoint_push, "{ \"k\": \x01 }", PUSH_CHARACTER);
    refuses(endpoint_push, "{ \"k\": \"\xc3\xa4\" }", PUSH_CHARACTER);
    static char text[9000];
    memset(text, ' ', sizeof(text) - 1);
    text[0] = '{';
    text[8998] = '}';
    passes(endpoint_push, text, "{}");
}

static void good_and_bad_webhooks_are_told_apart(void **state)
{
    (void)state;
    passes(endpoint_webhook, "https://example.org", "https://example.org");
    passes(endpoint_webhook, "HTTP://Example.ORG/Path?Q=a%2Fb&c",
           "http://example.org/Path?Q=a%2Fb&c");
    passes(endpoint_webhook, "https://example.org:8443/a;b/c,d/~e",
           "https://example.org:8443/a;b/c,d/~e");
    passes(endpoint_webhook, "https://User:Pa%20ss@Example.org/",
           "https://User:Pa%20ss@example.org/");
    passes(endpoint_webhook, "http://192.0.2.1:80?x", "http://192.0.2.1:80?x");
    passes(endpoint_webhook, "http://[2001:DB8::1]:80/", "http://[2001:db8::1]:80/");
    passes(endpoint_webhook, "http://my_app:3000/hook", "http://my_app:3000/hook");
    passes(endpoint_webhook, "https://example.org/a@b", "https://example.org/a@b");
    refuses(endpoint_webhook, "ftp://example.org", URL_SCHEME);
    refuses(endpoint_webhook, "example.org/hook", URL_SCHEME);
    refuses(endpoint_webhook, "https:/example.org", URL_SCHEME);
    refuses(endpoint_webhook, "https://", URL_HOST);
    refuses(endpoint_webhook, "https:///path", URL_HOST);
    refuses(endpoint_webhook, "https://:80/", URL_HOST);
    refuses(endpoint_webhook, "https://user@/", URL_HOST);
    refuses(endpoint_webhook, "https://exa mple.org/", URL_HOST);
    refuses(endpoint_webhook,
            "https://b\xc3\xbc"
            "cher.example/",
            URL_HOST);
    refuses(endpoint_webhook, "https://example..org/", URL_HOST);
    refuses(endpoint_webhook, "https://[2001:db8::1", URL_HOST);
    refuses(endpoint_webhook, "https://[2001:db8::1]x", URL_HOST);
    refuses(endpoint_webhook, "https://[x]/", URL_HOST);
    refuses(endpoint_webhook, "https://example.org:0/", URL_PORT);
    refuses(endpoint_webhook, "https://example.org:/", URL_PORT);
    refuses(endpoint_webhook, "https://example.org:65536/", URL_PORT);
    refuses(endpoint_webhook, "https://example.org:99999999999/", URL_PORT);
    refuses(endpoint_webhook, "https://example.org:8a/", URL_PORT);
    refuses(endpoint_webhook, "https://example.org/a b", URL_CHARACTER);
    refuses(endpoint_webhook, "https://example.org/a\nb", URL_CHARACTER);
    refuses(endpoint_webhook, "https://example.org/\xc3\xa4", URL_CHARACTER);
    refuses(endpoint_webhook, "https://example.org/%", URL_CHARACTER);
    refuses(endpoint_webhook, "https://example.org/%a", URL_CHARACTER);
    refuses(endpoint_webhook, "https://example.org/%zz", URL_CHARACTER);
    refuses(endpoint_webhook, "https://us er@example.org/", URL_CHARACTER);
    refuses(endpoint_webhook, "https://example.org/#top", URL_FRAGMENT);
    static char text[2050] = "https://example.org/";
    memset(text + 20, 'x', sizeof(text) - 21);
    assert_result(endpoint_webhook, slice_str(text), ENDPOINT_FLAW_URL_LONG, text);
    text[2048] = '\0';
    assert_result(endpoint_webhook, slice_str(text), ENDPOINT_FLAW_NONE, text);
}

static void locales_get_the_case_of_bcp_47(void **state)
{
    (void)state;
    passes(endpoint_locale, "de", "de");
    passes(endpoint_locale, "DE_de", "de-DE");
    passes(endpoint_locale, "zh_hant_tw", "zh-Hant-TW");
    passes(endpoint_locale, "ES-419", "es-419");
    passes(endpoint_locale, "sl-ROZAJ-Biske-1994", "sl-rozaj-biske-1994");
    passes(endpoint_locale, "de-ch-1996", "de-CH-1996");
    refuses(endpoint_locale, "d", LOCALE);
    passes(endpoint_locale, "GERMAN", "german");
    refuses(endpoint_locale, "de-", LOCALE);
    refuses(endpoint_locale, "-de", LOCALE);
    refuses(endpoint_locale, "de--DE", LOCALE);
    refuses(endpoint_locale, "de DE", LOCALE);
    refuses(endpoint_locale, "de_DE.UTF-8", LOCALE);
    refuses(endpoint_locale, "12", LOCALE);
    refuses(endpoint_locale, "de-123456789", LOCALE);
    refuses(endpoint_locale, "d\xc3\xa4", LOCALE);
    refuses(endpoint_locale, "aa-bb-cc-dd-ee-ff-gg-hh-ii-jj-kk-ll-mm", LOCALE);
}

static void time_zones_have_the_shape_of_names(void **state)
{
    (void)state;
    passes(endpoint_timezone, "Europe/Berlin", "Europe/Berlin");
    passes(endpoint_timezone, "UTC", "UTC");
    passes(endpoint_timezone, "Etc/GMT+5", "Etc/GMT+5");
    passes(endpoint_timezone, "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires");
    passes(endpoint_timezone, "America/Port-au-Prince", "America/Port-au-Prince");
    refuses(endpoint_timezone, "+02:00", TIMEZONE);
    refuses(endpoint_timezone, "2", TIMEZONE);
    refuses(endpoint_timezone, "Europe/", TIMEZONE);
    refuses(endpoint_timezone, "/Berlin", TIMEZONE);
    refuses(endpoint_timezone, "Europe//Berlin", TIMEZONE);
    refuses(endpoint_timezone, "a/b/c/d", TIMEZONE);
    refuses(endpoint_timezone, "Europe/Berlin ", TIMEZONE);
    refuses(endpoint_timezone, "Europe/Z\xc3\xbcrich", TIMEZONE);
    refuses(endpoint_timezone, "../etc/passwd", TIMEZONE);
    refuses(endpoint_timezone, "a2345678901234567890123456789012345678901234567890123456789012345",
            TIMEZONE);
}

/* Whatever passes passes again and stays the same; nothing grows. */
static void normal_forms_are_stable(void **state)
{
    (void)state;
    static const check_fn checks[] = {endpoint_email,   endpoint_phone,  endpoint_push,
                                      endpoint_webhook, endpoint_locale, endpoint_timezone};
    static const char letters[] = "+00049@.-_/:aZ \"\\()[]%#";
    uint32_t dice = 3;
    for (unsigned round = 0; round < 200000; round++) {
        uint8_t text[24];
        size_t len = 1 + round % sizeof(text);
        for (size_t i = 0; i < len; i++) {
            dice = dice * 1664525 + 1013904223;
            text[i] = (uint8_t)letters[(dice >> 16) % (sizeof(letters) - 1)];
        }
        struct cell cell = {text, len};
        check_fn check = checks[round % 6];
        if (check(&cell) == ENDPOINT_FLAW_NONE) {
            uint8_t again[sizeof(text)];
            assert_true(cell.len <= len && cell.len > 0);
            memcpy(again, cell.text, cell.len);
            struct cell same = {again, cell.len};
            assert_int_equal(check(&same), ENDPOINT_FLAW_NONE);
            assert_true(slice_equal(cell_view(cell), cell_view(same)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phone_numbers_become_e164),
        cmocka_unit_test(phone_numbers_without_a_country_are_refused),
        cmocka_unit_test(malformed_phone_numbers_are_refused),
        cmocka_unit_test(addresses_pass_and_their_domain_becomes_lower_case),
        cmocka_unit_test(malformed_addresses_are_refused),
        cmocka_unit_test(lengths_of_addresses_are_limited),
        cmocka_unit_test(push_tokens_are_visible_ascii),
        cmocka_unit_test(a_subscription_loses_its_blanks_but_not_those_of_its_texts),
        cmocka_unit_test(good_and_bad_webhooks_are_told_apart),
        cmocka_unit_test(locales_get_the_case_of_bcp_47),
        cmocka_unit_test(time_zones_have_the_shape_of_names),
        cmocka_unit_test(normal_forms_are_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
