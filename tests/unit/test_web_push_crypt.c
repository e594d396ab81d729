/* SPDX-License-Identifier: Apache-2.0 */
/* The known message is that of RFC 8291, appendix A. */
#include "common/text.h"
#include "tests/unit/unit.h"
#include "worker/channel/web_push_crypt.h"

#define POINT                                                                                      \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"

static bool read_subscription(struct web_push_subscription *subscription, const char *json)
{
    return web_push_subscription_read(subscription, slice_str(json));
}

static const char *const good = "{\"endpoint\":\"https://push.example.net/s/1\",\"expirationTime\":"
                                "null,\"keys\":{\"p256dh\":\"" POINT "\",\"auth\":\"" AUTH "\"}}";

static void the_example_of_the_rfc_comes_out(void **state)
{
    (void)state;
    struct web_push_subscription subscription;
    struct web_push_seed seed;
    size_t len;
    assert_true(read_subscription(&subscription, good));
    assert_true(text_base64url_decode(slice_str("DGv6ra1nlYgDCS1FRnbzlw"), seed.salt,
                                      sizeof(seed.salt), &len));
    assert_true(text_base64url_decode(slice_str("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
                                      seed.secret, sizeof(seed.secret), &len));
    struct buf body = {0};
    struct buf text = {0};
    assert_true(web_push_encrypt(&body, &subscription,
                                 slice_str("When I grow up, I want to be a watermelon"), &seed));
    text_base64url(&text, buf_view(&body));
    assert_string_equal(
        buf_cstr(&text),
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWA"
        "mS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxs"
        "j_Qulcy4a-fN");
    buf_release(&body);
    buf_release(&text);
}

static void each_message_has_another_salt_and_key(void **state)
{
    (void)state;
    struct web_push_subscription subscription;
    struct buf first = {0};
    struct buf second = {0};
    assert_true(read_subscription(&subscription, good));
    assert_true(web_push_encrypt(&first, &subscription, slice_str("hello"), NULL));
    assert_true(web_push_encrypt(&second, &subscription, slice_str("hello"), NULL));
    assert_int_equal(first.len, 108);
    assert_int_equal(second.len, 108);
    assert_memory_not_equal(first.data, second.data, WEB_PUSH_SALT_BYTES);
    assert_memory_not_equal(first.data + 21, second.data + 21, P256_POINT_BYTES);
    buf_release(&first);
    buf_release(&second);
}

static void the_longest_text_fills_a_message_of_4096_bytes(void **state)
{
    (void)state;
    struct web_push_subscription subscription;
    struct buf body = {0};
    static const uint8_t text[WEB_PUSH_PLAIN_MAX + 1];
    assert_true(read_subscription(&subscription, good));
    assert_true(web_push_encrypt(&body, &subscription, slice_of(text, WEB_PUSH_PLAIN_MAX), NULL));
    assert_int_equal(body.len, 4096);
    assert_false(
        web_push_encrypt(&body, &subscription, slice_of(text, WEB_PUSH_PLAIN_MAX + 1), NULL));
    assert_int_equal(body.len, 4096);
    buf_release(&body);
}

static void a_key_that_is_no_point_of_the_curve_is_refused(void **state)
{
    (void)state;
    struct web_push_subscription subscription;
    struct buf body = {0};
    assert_true(read_subscription(&subscription, good));
    subscription.point[P256_POINT_BYTES - 1] ^= 1;
    assert_false(web_push_encrypt(&body, &subscription, slice_str("hello"), NULL));
    assert_int_equal(body.len, 0);
    buf_release(&body);
}

static void keys_may_be_padded_and_of_either_base64(void **state)
{
    (void)state;
    struct web_push_subscription subscription;
    struct web_push_subscription other;
    assert_true(read_subscription(&subscription, good));
    assert_true(read_subscription(
        &other,
        "{\"endpoint\":\"https://push.example.net/s/1\",\"keys\":{\"p256dh\":"
        "\"BCVxsr7N/eNgVRqvHtD0zTZsEc6+VV+JvLexhqUzORcxaOzi6+AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4="
        "\",\"auth\":\"BTBZMqHH6r4Tts7J/aSIgg==\"}}"));
    assert_memory_equal(subscription.point, other.point, P256_POINT_BYTES);
    assert_memory_equal(subscription.auth, other.auth, WEB_PUSH_AUTH_BYTES);
    assert_string_equal(subscription.endpoint, "https://push.example.net/s/1");
}

static void what_is_no_subscription_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "\"x\"",
        "{\"endpoint\":\"https://a/\"}",
        "{\"endpoint\":\"ftp://a/\",\"keys\":{\"p256dh\":\"" POINT "\",\"auth\":\"" AUTH "\"}}",
        "{\"endpoint\":\"https://a/ b\",\"keys\":{\"p256dh\":\"" POINT "\",\"auth\":\"" AUTH "\"}}",
        "{\"endpoint\":\"https://a/\\u0000\",\"keys\":{\"p256dh\":\"" POINT "\",\"auth\":\"" AUTH
        "\"}}",
        "{\"endpoint\":\"https://a/\",\"keys\":{\"p256dh\":\"" POINT "\",\"auth\":\"BTBZ\"}}",
        "{\"endpoint\":\"https://a/\",\"keys\":{\"p256dh\":\"" POINT "A\",\"auth\":\"" AUTH "\"}}",
        "{\"endpoint\":\"https://a/\",\"keys\":{\"p256dh\":\"" AUTH "\",\"auth\":\"" AUTH "\"}}",
        "{\"endpoint\":\"https://a/\",\"keys\":{\"p256dh\":7,\"auth\":\"" AUTH "\"}}",
        "{\"endpoint\":\"https://a/\",\"endpoint\":\"https://b/\",\"keys\":{\"p256dh\":\"" POINT
        "\",\"auth\":\"" AUTH "\"}}",
    };
    struct web_push_subscription subscription;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (read_subscription(&subscription, bad[i])) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_comes_out),
        cmocka_unit_test(each_message_has_another_salt_and_key),
        cmocka_unit_test(the_longest_text_fills_a_message_of_4096_bytes),
        cmocka_unit_test(a_key_that_is_no_point_of_the_curve_is_refused),
        cmocka_unit_test(keys_may_be_padded_and_of_either_base64),
        cmocka_unit_test(what_is_no_subscription_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
