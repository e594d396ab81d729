/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/fingerprint.h"

#include "common/buf.h"

static crypto_generichash_state *state_of(struct fingerprint *fingerprint)
{
    size_t past = (uintptr_t)fingerprint->state % FINGERPRINT_ALIGN;
    void *aligned = fingerprint->state + (past == 0 ? 0 : FINGERPRINT_ALIGN - past);
    return aligned;
}

void fingerprint_begin(struct fingerprint *fingerprint, const char *method, struct slice path,
                       struct slice query)
{
    struct buf head = {0};
    buf_blob(&head, slice_str(method));
    buf_blob(&head, path);
    buf_blob(&head, query);
    (void)crypto_generichash_init(state_of(fingerprint), NULL, 0, HASH_DIGEST_BYTES);
    fingerprint_add(fingerprint, buf_view(&head));
    buf_release(&head);
}

void fingerprint_add(struct fingerprint *fingerprint, struct slice piece)
{
    (void)crypto_generichash_update(state_of(fingerprint), piece.data, piece.len);
}

void fingerprint_end(struct fingerprint *fingerprint, uint8_t digest[HASH_DIGEST_BYTES])
{
    (void)crypto_generichash_final(state_of(fingerprint), digest, HASH_DIGEST_BYTES);
}
