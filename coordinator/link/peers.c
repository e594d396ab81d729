/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/link/peers.h"

#include <uthash.h>

#include "common/mem.h"

struct peer {
    uint8_t *id;
    size_t len;
    uint32_t number;
    uint32_t told; /* the owner's */
    uint64_t heard_ms;
    UT_hash_handle hh; /* by id */
    UT_hash_handle hh_number;
};

static void peers_remove(struct peers *peers, struct peer *peer)
{
    HASH_DELETE(hh, peers->by_id, peer);
    HASH_DELETE(hh_number, peers->by_number, peer);
    mem_free(peer->id);
    mem_free(peer);
}

void peers_release(struct peers *peers)
{
    while (peers->by_id != NULL) {
        peers_remove(peers, peers->by_id);
    }
}

/* uthash keeps the order in which they were added. */
static void peers_heard(struct peers *peers, struct peer *peer, uint64_t now_ms)
{
    peer->heard_ms = now_ms;
    HASH_DELETE(hh, peers->by_id, peer);
    HASH_ADD_KEYPTR(hh, peers->by_id, peer->id, peer->len, peer);
}

static bool peers_make_room(struct peers *peers, uint64_t now_ms)
{
    struct peer *oldest = peers->by_id;
    if (HASH_COUNT(peers->by_id) < PEERS_MAX) {
        return true;
    }
    if (now_ms < oldest->heard_ms + peers->silent_ms) {
        return false;
    }
    peers_remove(peers, oldest);
    return true;
}

static struct peer *peers_add(struct peers *peers, struct slice id, uint64_t now_ms)
{
    struct peer *peer = mem_zalloc(1, sizeof(*peer));
    peer->id = mem_copy(id.data, id.len);
    peer->len = id.len;
    peer->number = ++peers->last_number;
    peer->heard_ms = now_ms;
    HASH_ADD_KEYPTR(hh, peers->by_id, peer->id, peer->len, peer);
    HASH_ADD(hh_number, peers->by_number, number, sizeof(peer->number), peer);
    return peer;
}

uint32_t peers_number(struct peers *peers, struct slice id, uint64_t now_ms)
{
    struct peer *peer = NULL;
    HASH_FIND(hh, peers->by_id, id.data, id.len, peer);
    if (peer != NULL) {
        peers_heard(peers, peer, now_ms);
    } else if (peers_make_room(peers, now_ms)) {
        peer = peers_add(peers, id, now_ms);
    }
    return peer == NULL ? 0 : peer->number;
}

uint32_t *peers_told(struct peers *peers, uint32_t number)
{
    struct peer *peer = NULL;
    HASH_FIND(hh_number, peers->by_number, &number, sizeof(number), peer);
    return peer == NULL ? NULL : &peer->told;
}

void peers_each(const struct peers *peers, void (*visit)(void *arg, uint32_t number), void *arg)
{
    for (const struct peer *each = peers->by_id; each != NULL; each = each->hh.next) {
        visit(arg, each->number);
    }
}

struct slice peers_id(const struct peers *peers, uint32_t number)
{
    struct peer *peer = NULL;
    HASH_FIND(hh_number, peers->by_number, &number, sizeof(number), peer);
    return peer == NULL ? slice_of(NULL, 0) : slice_of(peer->id, peer->len);
}
