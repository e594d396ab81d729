/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "common/webhook_sign.h"
#include "tests/unit/unit.h"

/* The example that the libraries of Standard Webhooks are tested with. */
#define EXAMPLE_KEY  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define EXAMPLE_ID   "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define EXAMPLE_BODY "{\"test\": 2432232314}"
#define EXAMPLE_S    1614265330

static struct webhook_key key_of(const char *text)
{
    struct webhook_key key;
    assert_true(webhook_key_read(slice_str(text), &key));
    return key;
}

static void assert_signed(const struct webhook_key *keys, size_t count, const char *expected)
{
    struct buf signature = {0};
    webhook_sign(&signature, keys, count, slice_str(EXAMPLE_ID), EXAMPLE_S,
                 slice_str(EXAMPLE_BODY));
    assert_string_equal(buf_cstr(&signature), expected);
    assert_true(signature.len <= count * WEBHOOK_SIGNATURE_CHARS);
    buf_release(&signature);
}

static void the_example_of_the_standard_gives_its_signature(void **state)
{
    (void)state;
    struct webhook_key key = key_of(EXAMPLE_KEY);
    assert_signed(&key, 1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void each_key_gives_a_signature_in_its_turn(void **state)
{
    (void)state;
    struct webhook_key keys[2] = {key_of("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
                                  key_of(EXAMPLE_KEY)};
    assert_signed(keys, 2,
                  "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI= "
                  "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void keys_have_from_24_to_64_bytes(void **state)
{
    (void)state;
    uint8_t bytes[66];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        for (int variant = 1; variant <= 3; variant += 2) { /* with padding and without */
            char text[128] = "whsec_";
            (void)sodium_bin2base64(text + 6, sizeof(text) - 6, bytes, len,
                                    variant == 1 ? sodium_base64_VARIANT_ORIGINAL
                                                 : sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
            struct webhook_key key;
            bool is_key = webhook_key_read(slice_str(text), &key);
            assert_int_equal(is_key, len >= 24 && len <= 64);
            assert_int_equal(key.len, is_key ? len : 0);
            assert_true(!is_key || memcmp(key.bytes, bytes, len) == 0);
        }
    }
}

static void what_is_no_key_is_refused_and_leaves_nothing_behind(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "whsec",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ",
        "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa\xc3\xb8",
    };
    static const struct webhook_key none = {0};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct webhook_key key;
        memset(&key, 0xff, sizeof(key));
        if (webhook_key_read(slice_str(texts[i]), &key)) {
            fail_msg("taken for a key: \"%s\"", texts[i]);
        }
        assert_int_equal(key.len, 0);
    }
    struct webhook_key key = key_of(EXAMPLE_KEY);
    webhook_key_release(&key);
    assert_memory_equal(&key, &none, sizeof(none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_standard_gives_its_signature),
        cmocka_unit_test(each_key_gives_a_signature_in_its_turn),
        cmocka_unit_test(keys_have_from_24_to_64_bytes),
        cmocka_unit_test(what_is_no_key_is_refused_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
