/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "common/text.h"
#include "evidence/signed_head.h"
#include "tests/unit/unit.h"

static struct signing_key make_key(uint8_t number)
{
    const uint8_t seed[SIGNING_SEED_BYTES] = {number};
    struct signing_key key;
    signing_key_of_seed(&key, seed);
    return key;
}

static void sign_golden(struct buf *bytes)
{
    struct signing_key key = make_key(1);
    struct signed_head head = {
        .partition = 3, .recno = 4711, .campaign = 7, .time_ms = 1795000000000};
    memset(head.hash, 0xab, HASH_DIGEST_BYTES);
    signed_head_sign(&head, &key);
    signed_head_encode(&head, bytes);
}

static void a_head_is_read_as_it_was_signed(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct signed_head head;
    sign_golden(&bytes);
    assert_int_equal(bytes.len, SIGNED_HEAD_BYTES);
    assert_int_equal(signed_head_decode(buf_view(&bytes), &head), ERR_OK);
    assert_int_equal(head.partition, 3);
    assert_int_equal(head.recno, 4711);
    assert_int_equal(head.campaign, 7);
    assert_int_equal(head.time_ms, 1795000000000);
    assert_true(signed_head_is_good(&head));
    buf_release(&bytes);
}

static void no_byte_of_a_head_may_change(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct signed_head head;
    sign_golden(&bytes);
    for (size_t at = 0; at < bytes.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes.data[at] ^= (uint8_t)(1U << bit);
            assert_false(signed_head_decode(buf_view(&bytes), &head) == ERR_OK &&
                         signed_head_is_good(&head));
            bytes.data[at] ^= (uint8_t)(1U << bit);
        }
    }
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(signed_head_decode(slice_of(bytes.data, len), &head), ERR_CORRUPT);
    }
    buf_u8(&bytes, 0);
    assert_int_equal(signed_head_decode(buf_view(&bytes), &head), ERR_CORRUPT);
    bytes.data[0] = 2;
    assert_int_equal(signed_head_decode(buf_view(&bytes), &head), ERR_UNSUPPORTED);
    buf_release(&bytes);
}

static void both_keys_sign_that_one_follows_the_other(void **state)
{
    (void)state;
    struct signing_key first = make_key(1);
    struct signing_key second = make_key(2);
    struct key_statement statement = {.number = 1, .since_ms = 5};
    struct key_statement back;
    struct buf bytes = {0};
    key_statement_sign(&statement, &first, NULL);
    assert_true(key_statement_is_good(&statement));
    assert_false(key_statement_is_vouched(&statement));
    statement.number = 2;
    key_statement_sign(&statement, &second, &first);
    key_statement_encode(&statement, &bytes);
    assert_int_equal(key_statement_decode(buf_view(&bytes), &back), ERR_OK);
    assert_true(key_statement_is_good(&back) && key_statement_is_vouched(&back));
    for (size_t at = 0; at < bytes.len; at++) {
        bytes.data[at] ^= 4;
        assert_false(key_statement_decode(buf_view(&bytes), &back) == ERR_OK &&
                     key_statement_is_good(&back) && key_statement_is_vouched(&back));
        bytes.data[at] ^= 4;
    }
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(key_statement_decode(slice_of(bytes.data, len), &back), ERR_CORRUPT);
    }
    buf_release(&bytes);
}

/* A signature is for what it was made for, and for nothing else. */
static void a_head_is_no_bundle(void **state)
{
    (void)state;
    struct signing_key key = make_key(1);
    uint8_t digest[HASH_DIGEST_BYTES] = {7};
    uint8_t signature[SIGNATURE_BYTES];
    bundle_sign(signature, digest, &key);
    assert_true(bundle_is_signed(signature, digest, key.public_key));
    assert_false(bundle_is_signed(signature, digest, make_key(2).public_key));
    digest[0]++;
    assert_false(bundle_is_signed(signature, digest, key.public_key));
    struct buf message = {0};
    sodium_memzero(signature, sizeof(signature));
    buf_append(&message, digest, sizeof(digest));
    (void)crypto_sign_ed25519_detached(signature, NULL, message.data, message.len, key.secret);
    assert_false(bundle_is_signed(signature, digest, key.public_key));
    buf_release(&message);
}

static void the_formats_stay_the_same(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct buf hex = {0};
    uint8_t digest[HASH_DIGEST_BYTES];
    sign_golden(&bytes);
    text_hex(&hex, slice_of(bytes.data, 11));
    assert_buf_is(&hex, "0103006712000000000000");
    hash_digest(digest, buf_view(&bytes));
    text_hex(&hex, slice_of(digest, 8));
    assert_buf_is(&hex, "48117661268865a3");
    struct signing_key first = make_key(1);
    struct signing_key second = make_key(2);
    struct key_statement statement = {.number = 2, .since_ms = 5};
    key_statement_sign(&statement, &second, &first);
    buf_clear(&bytes);
    key_statement_encode(&statement, &bytes);
    hash_digest(digest, buf_view(&bytes));
    text_hex(&hex, slice_of(digest, 8));
    assert_buf_is(&hex, "d21836075e0ad1b5");
    buf_release(&hex);
    buf_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_as_it_was_signed),
        cmocka_unit_test(no_byte_of_a_head_may_change),
        cmocka_unit_test(both_keys_sign_that_one_follows_the_other),
        cmocka_unit_test(a_head_is_no_bundle),
        cmocka_unit_test(the_formats_stay_the_same),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
