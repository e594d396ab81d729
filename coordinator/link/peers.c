/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/link/peers.h"

#include <uthash.h>

#include "common/mem.h"

struct peer {
    uint8_t *id;
    size_t len;
    uint32_t number;
    UT_hash_handle hh;
};

void peers_release(struct peers *peers)
{
    struct peer *peer = NULL;
    struct peer *next = NULL;
    HASH_ITER(hh, peers->by_id, peer, next)
    {
        HASH_DELETE(hh, peers->by_id, peer);
        mem_free(peer->id);
        mem_free(peer);
    }
    mem_free(peers->by_number);
    *peers = (struct peers){0};
}

static struct peer *peers_add(struct peers *peers, struct slice id)
{
    struct peer *peer = mem_zalloc(1, sizeof(*peer));
    peer->id = mem_copy(id.data, id.len);
    peer->len = id.len;
    peer->number = ++peers->count;
    HASH_ADD_KEYPTR(hh, peers->by_id, peer->id, peer->len, peer);
    peers->by_number = mem_resize(peers->by_number, peers->count, sizeof(struct peer *));
    peers->by_number[peer->number - 1] = peer;
    return peer;
}

uint32_t peers_number(struct peers *peers, struct slice id)
{
    struct peer *peer = NULL;
    HASH_FIND(hh, peers->by_id, id.data, id.len, peer);
    if (peer == NULL && peers->count < PEERS_MAX) {
        peer = peers_add(peers, id);
    }
    return peer == NULL ? 0 : peer->number;
}

struct slice peers_id(const struct peers *peers, uint32_t number)
{
    if (number == 0 || number > peers->count) {
        return slice_of(NULL, 0);
    }
    const struct peer *peer = peers->by_number[number - 1];
    return slice_of(peer->id, peer->len);
}
