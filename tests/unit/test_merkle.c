/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "common/merkle.h"
#include "common/text.h"
#include "tests/unit/unit.h"

#define LEAVES 40

static void make_digests(uint8_t digests[LEAVES][HASH_DIGEST_BYTES])
{
    for (uint8_t i = 0; i < LEAVES; i++) {
        hash_digest(digests[i], slice_of(&i, 1));
    }
}

static void root_of(uint8_t digests[LEAVES][HASH_DIGEST_BYTES], uint64_t count,
                    uint8_t root[HASH_DIGEST_BYTES])
{
    struct merkle tree = {0};
    for (uint64_t i = 0; i < count; i++) {
        merkle_add(&tree, digests[i]);
    }
    merkle_root(&tree, root);
}

/* H(1 · H(1 · H(0 · a) · H(0 · b)) · H(0 · c)), as RFC 6962 draws it. */
static void three_leaves_are_split_at_two(void **state)
{
    (void)state;
    uint8_t digests[LEAVES][HASH_DIGEST_BYTES];
    uint8_t leaves[3][HASH_DIGEST_BYTES];
    uint8_t bytes[1 + 2 * HASH_DIGEST_BYTES];
    uint8_t node[HASH_DIGEST_BYTES];
    uint8_t root[HASH_DIGEST_BYTES];
    make_digests(digests);
    for (unsigned i = 0; i < 3; i++) {
        bytes[0] = 0;
        memcpy(bytes + 1, digests[i], HASH_DIGEST_BYTES);
        hash_digest(leaves[i], slice_of(bytes, 1 + HASH_DIGEST_BYTES));
    }
    bytes[0] = 1;
    memcpy(bytes + 1, leaves[0], HASH_DIGEST_BYTES);
    memcpy(bytes + 1 + HASH_DIGEST_BYTES, leaves[1], HASH_DIGEST_BYTES);
    hash_digest(node, slice_of(bytes, sizeof(bytes)));
    memcpy(bytes + 1, node, HASH_DIGEST_BYTES);
    memcpy(bytes + 1 + HASH_DIGEST_BYTES, leaves[2], HASH_DIGEST_BYTES);
    hash_digest(node, slice_of(bytes, sizeof(bytes)));
    root_of(digests, 3, root);
    assert_memory_equal(root, node, HASH_DIGEST_BYTES);
}

static void every_leaf_is_in_at_its_place_and_at_no_other(void **state)
{
    (void)state;
    uint8_t digests[LEAVES][HASH_DIGEST_BYTES];
    uint8_t root[HASH_DIGEST_BYTES];
    struct buf path = {0};
    make_digests(digests);
    for (uint64_t count = 1; count <= LEAVES; count++) {
        root_of(digests, count, root);
        for (uint64_t at = 0; at < count; at++) {
            buf_clear(&path);
            merkle_path(digests[0], count, at, &path);
            for (uint64_t place = 0; place < count + 2; place++) {
                assert_int_equal(merkle_is_in(digests[at], place, count, buf_view(&path), root),
                                 place == at);
            }
            assert_false(
                merkle_is_in(digests[(at + 1) % LEAVES], at, count, buf_view(&path), root));
        }
    }
    buf_release(&path);
}

static void a_path_of_another_length_or_with_another_byte_leads_nowhere(void **state)
{
    (void)state;
    uint8_t digests[LEAVES][HASH_DIGEST_BYTES];
    uint8_t root[HASH_DIGEST_BYTES];
    struct buf path = {0};
    make_digests(digests);
    root_of(digests, 13, root);
    merkle_path(digests[0], 13, 5, &path);
    for (size_t len = 0; len < path.len; len++) {
        assert_false(merkle_is_in(digests[5], 5, 13, slice_of(path.data, len), root));
    }
    for (size_t at = 0; at < path.len; at++) {
        path.data[at] ^= 1;
        assert_false(merkle_is_in(digests[5], 5, 13, buf_view(&path), root));
        path.data[at] ^= 1;
    }
    assert_true(merkle_is_in(digests[5], 5, 13, buf_view(&path), root));
    buf_release(&path);
}

static void the_roots_stay_the_same(void **state)
{
    (void)state;
    uint8_t digests[LEAVES][HASH_DIGEST_BYTES];
    uint8_t root[HASH_DIGEST_BYTES];
    struct buf hex = {0};
    make_digests(digests);
    root_of(digests, 0, root);
    text_hex(&hex, slice_of(root, 8));
    assert_buf_is(&hex, "0e5751c026e543b2"); /* BLAKE2b-256 of nothing */
    root_of(digests, LEAVES, root);
    text_hex(&hex, slice_of(root, 8));
    assert_buf_is(&hex, "d97e5b6accaa493c");
    buf_release(&hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_leaves_are_split_at_two),
        cmocka_unit_test(every_leaf_is_in_at_its_place_and_at_no_other),
        cmocka_unit_test(a_path_of_another_length_or_with_another_byte_leads_nowhere),
        cmocka_unit_test(the_roots_stay_the_same),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
