/* SPDX-License-Identifier: Apache-2.0 */
#include "common/merkle.h"

#include <string.h>

static void leaf_digest(uint8_t out[HASH_DIGEST_BYTES], const uint8_t digest[HASH_DIGEST_BYTES])
{
    uint8_t bytes[1 + HASH_DIGEST_BYTES] = {0};
    memcpy(bytes + 1, digest, HASH_DIGEST_BYTES);
    hash_digest(out, slice_of(bytes, sizeof(bytes)));
}

static void node_digest(uint8_t out[HASH_DIGEST_BYTES], const uint8_t left[HASH_DIGEST_BYTES],
                        const uint8_t right[HASH_DIGEST_BYTES])
{
    uint8_t bytes[1 + 2 * HASH_DIGEST_BYTES] = {1};
    memcpy(bytes + 1, left, HASH_DIGEST_BYTES);
    memcpy(bytes + 1 + HASH_DIGEST_BYTES, right, HASH_DIGEST_BYTES);
    hash_digest(out, slice_of(bytes, sizeof(bytes)));
}

void merkle_add(struct merkle *tree, const uint8_t digest[HASH_DIGEST_BYTES])
{
    uint8_t node[HASH_DIGEST_BYTES];
    unsigned level = 0;
    leaf_digest(node, digest);
    for (; (tree->count >> level & 1) != 0; level++) {
        node_digest(node, tree->nodes[level], node);
    }
    memcpy(tree->nodes[level], node, HASH_DIGEST_BYTES);
    tree->count++;
}

void merkle_root(const struct merkle *tree, uint8_t root[HASH_DIGEST_BYTES])
{
    bool has_any = false;
    for (unsigned level = 0; level < 64; level++) {
        if ((tree->count >> level & 1) == 0) {
            continue;
        }
        if (has_any) {
            node_digest(root, tree->nodes[level], root);
        } else {
            memcpy(root, tree->nodes[level], HASH_DIGEST_BYTES);
        }
        has_any = true;
    }
    if (!has_any) {
        hash_digest(root, slice_of(NULL, 0));
    }
}

/* How many of `count` (2 or more) are in the left subtree. */
static uint64_t left_of(uint64_t count)
{
    uint64_t left = 1;
    while (left < count - left) {
        left *= 2;
    }
    return left;
}

static void root_of(const uint8_t *digests, uint64_t count, uint8_t root[HASH_DIGEST_BYTES])
{
    struct merkle tree = {0};
    for (uint64_t i = 0; i < count; i++) {
        merkle_add(&tree, digests + i * HASH_DIGEST_BYTES);
    }
    merkle_root(&tree, root);
}

void merkle_path(const uint8_t *digests, uint64_t count, uint64_t at, struct buf *path)
{
    uint8_t beside[64][HASH_DIGEST_BYTES];
    unsigned depth = 0;
    while (count > 1) {
        uint64_t left = left_of(count);
        const uint8_t *right_digests = digests + left * HASH_DIGEST_BYTES;
        if (at < left) {
            root_of(right_digests, count - left, beside[depth++]);
            count = left;
        } else {
            root_of(digests, left, beside[depth++]);
            digests = right_digests;
            at -= left;
            count -= left;
        }
    }
    while (depth > 0) {
        buf_append(path, beside[--depth], HASH_DIGEST_BYTES);
    }
}

bool merkle_is_in(const uint8_t digest[HASH_DIGEST_BYTES], uint64_t at, uint64_t count,
                  struct slice path, const uint8_t root[HASH_DIGEST_BYTES])
{
    bool is_right[64];
    unsigned depth = 0;
    uint8_t node[HASH_DIGEST_BYTES];
    if (at >= count) {
        return false;
    }
    while (count > 1) {
        uint64_t left = left_of(count);
        is_right[depth++] = at >= left;
        at = at >= left ? at - left : at;
        count = is_right[depth - 1] ? count - left : left;
    }
    if (path.len != (size_t)depth * HASH_DIGEST_BYTES) {
        return false;
    }
    leaf_digest(node, digest);
    for (const uint8_t *beside = path.data; depth > 0; beside += HASH_DIGEST_BYTES) {
        if (is_right[--depth]) {
            node_digest(node, beside, node);
        } else {
            node_digest(node, node, beside);
        }
    }
    return memcmp(node, root, HASH_DIGEST_BYTES) == 0;
}
