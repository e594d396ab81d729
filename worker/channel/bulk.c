/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parcel is its body and where each entry stands in it, so that sending a part of it again means
 * to copy head and entries, and asks for nothing that lived only while it was gathered.
 *
 * What cannot leave, as all connections are taken, waits in a queue: parcels to be sent again, as
 * what is gathered is let in by bulk_has_room only if it can leave. The queue goes first, and in it
 * who came last: so what was halved is halved to its end before the next half has its turn, and few
 * copies of a head, which may have files in it, wait at a time.
 */
#include "worker/channel/bulk.h"

#include <assert.h>
#include <utlist.h>

#include "common/mem.h"
#include "worker/channel/http_link.h"

struct bulk_entry {
    uint32_t attempt;
    uint32_t from; /* in the body */
    uint32_t end;
    bool is_told;
};

struct bulk_parcel {
    struct bulk *bulk;
    const struct merge *merge; /* while it is gathered */
    struct buf body;
    size_t head_bytes;
    char trace[HTTP_TRACE_LINE_BYTES]; /* the header, of the first attempt; "": none */
    struct bulk_entry *entries;
    uint32_t count;
    uint32_t rest;    /* not told of */
    uint32_t *hashes; /* of addresses, a table with open addressing; 0: free. NULL: not asked for */
    bool is_closed;   /* whoever is not told of now has been put into another parcel */
    struct bulk_parcel *next;
    struct bulk_parcel *prev;
};

struct bulk {
    struct bulk_settings settings;
    struct http_client *client;
    uint32_t hash_slots;
    uint32_t idle; /* connections */
    uint32_t *free_tags;
    struct bulk_parcel **under_way; /* by tag */
    struct bulk_parcel *gathering;
    uint32_t gathering_count;
    struct bulk_parcel *queue;
    uint32_t queue_count;
    struct bulk_parcel *spare;
    bool is_closing;
};

/* ---- Parcels ---- */

static struct bulk_parcel *parcel_take(struct bulk *bulk)
{
    struct bulk_parcel *parcel = bulk->spare;
    if (parcel != NULL) {
        LL_DELETE(bulk->spare, parcel);
    } else {
        parcel = mem_zalloc(1, sizeof(*parcel));
        parcel->bulk = bulk;
        parcel->entries = mem_zalloc(bulk->settings.size, sizeof(*parcel->entries));
        if (bulk->settings.is_distinct) {
            parcel->hashes = mem_zalloc(bulk->hash_slots, sizeof(*parcel->hashes));
        }
    }
    buf_clear(&parcel->body);
    parcel->count = 0;
    parcel->rest = 0;
    parcel->is_closed = false;
    if (parcel->hashes != NULL) {
        memset(parcel->hashes, 0, bulk->hash_slots * sizeof(*parcel->hashes));
    }
    return parcel;
}

static void parcel_recycle(struct bulk_parcel *parcel)
{
    LL_PREPEND(parcel->bulk->spare, parcel);
}

static void parcel_free(struct bulk_parcel *parcel)
{
    buf_release(&parcel->body);
    mem_free(parcel->entries);
    mem_free(parcel->hashes);
    mem_free(parcel);
}

/* Where the entry begins that is written next. */
static struct bulk_entry *parcel_open_entry(struct bulk_parcel *parcel, uint32_t attempt)
{
    struct bulk_entry *entry = &parcel->entries[parcel->count];
    if (parcel->count > 0) {
        buf_str(&parcel->body, ",");
    }
    *entry = (struct bulk_entry){.attempt = attempt, .from = (uint32_t)parcel->body.len};
    return entry;
}

static void parcel_close_entry(struct bulk_parcel *parcel, struct bulk_entry *entry)
{
    entry->end = (uint32_t)parcel->body.len;
    parcel->count++;
    parcel->rest++;
}

/* FNV-1a of the address in lower case; never 0. Two that are taken for one only travel apart. */
static uint32_t hash_of(struct slice address)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < address.len; i++) {
        uint8_t byte = address.data[i];
        byte = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
        hash = (hash ^ byte) * 16777619U;
    }
    return hash == 0 ? 1 : hash;
}

/* The slot of the hash, or the free one where it would stand. */
static uint32_t *parcel_slot(const struct bulk_parcel *parcel, uint32_t hash)
{
    uint32_t mask = parcel->bulk->hash_slots - 1;
    uint32_t at = (hash ^ hash >> 16) & mask;
    while (parcel->hashes[at] != 0 && parcel->hashes[at] != hash) {
        at = (at + 1) & mask;
    }
    return &parcel->hashes[at];
}

/* That is gathered, is of the message and can take the address, or NULL. */
static struct bulk_parcel *parcel_find(const struct bulk *bulk, const struct merge *merge,
                                       uint32_t hash)
{
    struct bulk_parcel *parcel = NULL;
    DL_FOREACH(bulk->gathering, parcel)
    {
        if (parcel->merge == merge && (parcel->hashes == NULL || *parcel_slot(parcel, hash) == 0)) {
            return parcel;
        }
    }
    return NULL;
}

/* ---- Sending ---- */

static void parcel_send(struct bulk_parcel *parcel)
{
    struct bulk *bulk = parcel->bulk;
    if (bulk->idle == 0 || bulk->is_closing) {
        DL_PREPEND(bulk->queue, parcel);
        bulk->queue_count++;
        return;
    }
    uint32_t tag = bulk->free_tags[--bulk->idle];
    bulk->under_way[tag] = parcel;
    buf_str(&parcel->body, bulk->settings.tail);
    struct http_request *request = http_client_take(bulk->client);
    http_request_lend(request, buf_view(&parcel->body));
    if (bulk->settings.is_traced && parcel->trace[0] != '\0') {
        http_request_header(request, parcel->trace);
    }
    http_request_send(request, tag);
}

static void send_gathered(struct bulk *bulk, struct bulk_parcel *parcel)
{
    DL_DELETE(bulk->gathering, parcel);
    bulk->gathering_count--;
    parcel->merge = NULL;
    parcel_send(parcel);
}

static void send_queued(struct bulk *bulk)
{
    while (bulk->queue != NULL && bulk->idle > 0 && !bulk->is_closing) {
        struct bulk_parcel *parcel = bulk->queue;
        DL_DELETE(bulk->queue, parcel);
        bulk->queue_count--;
        parcel_send(parcel);
    }
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct bulk *bulk = arg;
    struct bulk_parcel *parcel = bulk->under_way[answer->tag];
    bulk->under_way[answer->tag] = NULL;
    bulk->free_tags[bulk->idle++] = answer->tag;
    bulk->settings.on_answer(bulk->settings.arg, parcel, answer);
    assert(parcel->rest == 0 || parcel->is_closed);
    parcel_recycle(parcel);
    send_queued(bulk);
}

/* ---- For the adapter ---- */

struct bulk *bulk_new(const struct bulk_settings *settings)
{
    struct bulk *bulk = mem_zalloc(1, sizeof(*bulk));
    bulk->settings = *settings;
    uint32_t connections = settings->http.connections;
    struct http_client_settings http = settings->http;
    http.on_answer = on_answer;
    http.arg = bulk;
    bulk->client = http_client_new(&http);
    bulk->hash_slots = 4;
    while (bulk->hash_slots < 2 * settings->size) {
        bulk->hash_slots *= 2;
    }
    bulk->under_way = mem_zalloc(connections, sizeof(struct bulk_parcel *));
    bulk->free_tags = mem_zalloc(connections, sizeof(*bulk->free_tags));
    for (uint32_t tag = 0; tag < connections; tag++) {
        bulk->free_tags[bulk->idle++] = tag;
    }
    return bulk;
}

/* Of whom nothing has left. */
static void tell_unsent(struct bulk_parcel **list)
{
    const struct attempt_result result = {.outcome = OUTCOME_DEFERRED,
                                          .reason = REASON_CONNECT_FAILED};
    while (*list != NULL) {
        struct bulk_parcel *parcel = *list;
        DL_DELETE(*list, parcel);
        bulk_tell_rest(parcel, &result);
        parcel_recycle(parcel);
    }
}

void bulk_close(struct bulk *bulk)
{
    bulk->is_closing = true;
    http_client_close(bulk->client);
    tell_unsent(&bulk->gathering);
    tell_unsent(&bulk->queue);
    while (bulk->spare != NULL) {
        struct bulk_parcel *parcel = bulk->spare;
        LL_DELETE(bulk->spare, parcel);
        parcel_free(parcel);
    }
    mem_free(bulk->under_way);
    mem_free(bulk->free_tags);
    mem_free(bulk);
}

bool bulk_has_room(const struct bulk *bulk, const struct merge *merge, struct slice address)
{
    return bulk->idle > bulk->gathering_count + bulk->queue_count ||
           parcel_find(bulk, merge, hash_of(address)) != NULL;
}

void bulk_add(struct bulk *bulk, const struct attempt *attempt)
{
    uint32_t hash = hash_of(attempt->endpoint);
    struct bulk_parcel *parcel = parcel_find(bulk, attempt->merge, hash);
    if (parcel == NULL) {
        parcel = parcel_take(bulk);
        parcel->merge = attempt->merge;
        http_link_trace_line(attempt, parcel->trace);
        bulk->settings.write_head(bulk->settings.arg, attempt, &parcel->body);
        parcel->head_bytes = parcel->body.len;
        DL_APPEND(bulk->gathering, parcel);
        bulk->gathering_count++;
    }
    if (parcel->hashes != NULL) {
        *parcel_slot(parcel, hash) = hash;
    }
    struct bulk_entry *entry = parcel_open_entry(parcel, attempt->id);
    bulk->settings.write_entry(bulk->settings.arg, attempt, &parcel->body);
    parcel_close_entry(parcel, entry);
    size_t full_bytes = bulk->settings.full_bytes;
    if (parcel->count == bulk->settings.size ||
        (full_bytes > 0 && parcel->body.len >= full_bytes)) {
        send_gathered(bulk, parcel);
    }
}

void bulk_flush(struct bulk *bulk)
{
    while (bulk->gathering != NULL) {
        send_gathered(bulk, bulk->gathering);
    }
}

uint32_t bulk_concurrency(const struct bulk *bulk)
{
    return bulk->settings.http.connections * bulk->settings.size;
}

uint32_t bulk_size(const struct bulk *bulk)
{
    return bulk->settings.size;
}

uint32_t bulk_count(const struct bulk_parcel *parcel)
{
    return parcel->count;
}

uint32_t bulk_rest(const struct bulk_parcel *parcel)
{
    return parcel->rest;
}

void bulk_tell(struct bulk_parcel *parcel, uint32_t index, const struct attempt_result *result)
{
    struct bulk_entry *entry = &parcel->entries[index];
    const struct channel_context *context = &parcel->bulk->settings.context;
    assert(index < parcel->count && !entry->is_told);
    entry->is_told = true;
    parcel->rest--;
    context->result(context->arg, entry->attempt, result);
}

void bulk_tell_rest(struct bulk_parcel *parcel, const struct attempt_result *result)
{
    for (uint32_t i = 0; i < parcel->count; i++) {
        if (!parcel->entries[i].is_told) {
            bulk_tell(parcel, i, result);
        }
    }
}

/* A new parcel of `count` of those who have not been told of, from the *index-th on. */
static struct bulk_parcel *parcel_copy(const struct bulk_parcel *from, uint32_t *index,
                                       uint32_t count)
{
    struct bulk_parcel *parcel = parcel_take(from->bulk);
    buf_append(&parcel->body, from->body.data, from->head_bytes);
    parcel->head_bytes = from->head_bytes;
    memcpy(parcel->trace, from->trace, sizeof(parcel->trace));
    for (; parcel->count < count; (*index)++) {
        const struct bulk_entry *old = &from->entries[*index];
        if (!old->is_told) {
            struct bulk_entry *entry = parcel_open_entry(parcel, old->attempt);
            buf_append(&parcel->body, from->body.data + old->from, old->end - old->from);
            parcel_close_entry(parcel, entry);
        }
    }
    return parcel;
}

static void send_rest(struct bulk_parcel *parcel, uint32_t first)
{
    uint32_t index = 0;
    uint32_t rest = parcel->rest;
    assert(!parcel->is_closed && first > 0 && first <= rest);
    parcel->is_closed = true;
    struct bulk_parcel *copy = parcel_copy(parcel, &index, first);
    parcel_send(copy);
    if (rest > first) {
        copy = parcel_copy(parcel, &index, rest - first);
        parcel_send(copy);
    }
}

void bulk_send_again(struct bulk_parcel *parcel)
{
    send_rest(parcel, parcel->rest);
}

void bulk_split(struct bulk_parcel *parcel)
{
    assert(parcel->rest > 1);
    send_rest(parcel, (parcel->rest + 1) / 2);
}
