/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a bundle, each with the hash of the one before:
 *
 *     record 41 ◄── hash ── record 42 ◄── hash ── record 43 ◄── hash ── signed head
 *       blocks: names every block of the record, so that none of ours can be left out
 *       digests: of all its entries; those of our blocks are computed from the blocks themselves
 *
 * A record that holds nothing of ours has only its summary, its list of blocks and the digests of
 * its changes: as much as its hash needs, and as little as it tells of others.
 */
#include <inttypes.h>
#include <string.h>

#include "common/mem.h"
#include "evidence/bundle_internal.h"

static bool is_wanted(const struct bundle *bundle, const struct chain_entry *entry)
{
    return entry->campaign == bundle->campaign &&
           (!bundle->has_recipient || entry->page == RECORD_PAGE_CAMPAIGN ||
            entry->page == bundle->ordinal / PAGE_RECIPIENTS);
}

static void want(struct bundle_reader *reader, const struct chain_entry *entry, uint64_t at)
{
    if (reader->wanted_count == reader->wanted_cap) {
        reader->wanted_cap = reader->wanted_cap == 0 ? 16 : reader->wanted_cap * 2;
        reader->wanted = mem_resize(reader->wanted, reader->wanted_cap, sizeof(*reader->wanted));
    }
    struct bundle_wanted *wanted = &reader->wanted[reader->wanted_count++];
    wanted->page = entry->page;
    wanted->at = at;
    memcpy(wanted->check, entry->check, CHAIN_CHECK_BYTES);
}

static enum err take_list(struct bundle_reader *reader, const struct chain_header *header,
                          struct slice list)
{
    struct chain_cursor cursor = chain_cursor_of_blocks(list, header->blocks);
    struct chain_entry entry;
    uint64_t at = 0;
    reader->wanted_count = 0;
    reader->wanted_at = 0;
    while (chain_next(&cursor, &entry)) {
        if (is_wanted(reader->bundle, &entry)) {
            want(reader, &entry, at);
        }
        at++;
    }
    if (!chain_is_read(&cursor) || list.len != header->block_bytes) {
        return bundle_fail(reader, "its list of blocks is not one of %" PRIu64 " blocks",
                           header->blocks);
    }
    return ERR_OK;
}

static enum err take_digests(struct bundle_reader *reader, const struct chain_header *header,
                             const char *text)
{
    buf_clear(&reader->digests);
    if (reader->wanted_count == 0) {
        return text == NULL ? ERR_OK
                            : bundle_fail(reader, "it has no block of this bundle, so its digests "
                                                  "have no place here");
    }
    if (text == NULL) {
        return bundle_fail(reader, "\"digests\" is missing: it has blocks of this bundle");
    }
    enum err err = bundle_decode(reader, "digests", text, &reader->digests);
    if (err != ERR_OK) {
        return err;
    }
    uint8_t root[HASH_DIGEST_BYTES];
    hash_digest(root, buf_view(&reader->digests));
    bool is_root = reader->digests.len / HASH_DIGEST_BYTES == header->blocks + header->changes &&
                   memcmp(root, header->root, HASH_DIGEST_BYTES) == 0;
    return is_root ? ERR_OK
                   : bundle_fail(reader, "record %" PRIu64 " does not have these digests",
                                 header->recno);
}

/* Is it the record that must come now, and does it follow the one before? */
static enum err take_place(struct bundle_reader *reader, const struct chain_header *header)
{
    struct bundle *bundle = reader->bundle;
    bool is_first = bundle->records == 0;
    uint64_t next = is_first ? bundle->first_record : reader->recno + 1;
    if (header->recno != next || header->partition != bundle->partition) {
        return bundle_fail(reader, "record %" PRIu64 " stands where record %" PRIu64 " must",
                           header->recno, next);
    }
    if (header->recno > bundle->last_record) {
        return bundle_fail(reader, "record %" PRIu64 " is beyond the last one, %" PRIu64,
                           header->recno, bundle->last_record);
    }
    if (!is_first && memcmp(header->prev, reader->hash, HASH_DIGEST_BYTES) != 0) {
        return bundle_fail(reader,
                           "record %" PRIu64 " does not follow the record before: the chain is "
                           "broken here",
                           header->recno);
    }
    bundle->first_ms = is_first ? header->time_ms : bundle->first_ms;
    bundle->last_ms = header->time_ms;
    return ERR_OK;
}

enum err bundle_settle_record(struct bundle_reader *reader)
{
    if (reader->wanted_at == reader->wanted_count) {
        return ERR_OK;
    }
    return bundle_fail(
        reader, "%" PRIu64 " of %" PRIu64 " blocks of record %" PRIu64 " are missing",
        reader->wanted_count - reader->wanted_at, reader->wanted_count, reader->recno);
}

enum err bundle_take_record(struct bundle_reader *reader, json_t *json)
{
    const char *summary_text;
    const char *blocks_text;
    const char *changes_text;
    const char *digests_text = NULL;
    struct buf *summary = &reader->bytes[0];
    struct buf *blocks = &reader->bytes[1];
    struct buf *changes = &reader->change_digests;
    if (json_unpack(json, "{s:s, s:s, s:s, s:s, s?s !}", "type", &(const char *){NULL}, "summary",
                    &summary_text, "blocks", &blocks_text, "changes", &changes_text, "digests",
                    &digests_text) != 0) {
        return bundle_fail(reader, "it is no line of a record");
    }
    buf_clear(changes);
    enum err err = bundle_settle_record(reader);
    err = err == ERR_OK ? bundle_decode(reader, "summary", summary_text, summary) : err;
    err = err == ERR_OK ? bundle_decode(reader, "blocks", blocks_text, blocks) : err;
    err = err == ERR_OK ? bundle_decode(reader, "changes", changes_text, changes) : err;
    if (err != ERR_OK) {
        return err;
    }
    struct chain_header header;
    if (chain_open_summary(&header, buf_view(summary)) != ERR_OK) {
        return bundle_fail(reader, "\"summary\" is none of a record");
    }
    if (changes->len % HASH_DIGEST_BYTES != 0 ||
        changes->len / HASH_DIGEST_BYTES != header.changes) {
        return bundle_fail(reader, "\"changes\" must be the digests of %" PRIu64 " changes",
                           header.changes);
    }
    err = take_place(reader, &header);
    err = err == ERR_OK ? take_list(reader, &header, buf_view(blocks)) : err;
    err = err == ERR_OK ? take_digests(reader, &header, digests_text) : err;
    if (err != ERR_OK) {
        return err;
    }
    const struct chain_parts parts = {buf_view(summary), buf_view(blocks)};
    chain_join(reader->hash, &parts, buf_view(changes));
    reader->recno = header.recno;
    reader->has_head = false;
    reader->is_covered = false;
    reader->is_launched = reader->is_launched || reader->will_launch;
    reader->bundle->records++;
    return ERR_OK;
}

/* The change that put the manifest, as it stands in the record's header. */
enum err bundle_take_change(struct bundle_reader *reader, json_t *json)
{
    json_int_t at;
    const char *text;
    struct buf *bytes = &reader->bytes[0];
    if (json_unpack(json, "{s:s, s:I, s:s !}", "type", &(const char *){NULL}, "at", &at, "entry",
                    &text) != 0) {
        return bundle_fail(reader, "it is no line of a change");
    }
    enum err err = bundle_decode(reader, "entry", text, bytes);
    if (err != ERR_OK) {
        return err;
    }
    uint8_t digest[HASH_DIGEST_BYTES];
    hash_digest(digest, buf_view(bytes));
    size_t count = reader->change_digests.len / HASH_DIGEST_BYTES;
    if (at < 0 || (uint64_t)at >= count ||
        memcmp(digest, reader->change_digests.data + (size_t)at * HASH_DIGEST_BYTES,
               HASH_DIGEST_BYTES) != 0) {
        return bundle_fail(reader, "record %" PRIu64 " has no such change", reader->recno);
    }
    struct chain_cursor cursor = chain_cursor_of_change(buf_view(bytes));
    struct chain_entry entry;
    struct buf key = {0};
    uint8_t put[HASH_DIGEST_BYTES];
    manifest_key(&key, reader->bundle->campaign);
    bool is_manifest = chain_next(&cursor, &entry) && chain_is_read(&cursor) &&
                       entry.kind == RECORD_PUT && slice_equal(entry.key, buf_view(&key));
    chain_digest(put, RECORD_PUT, buf_view(&key), buf_view(&reader->bundle->manifest_bytes),
                 &reader->scratch);
    is_manifest = is_manifest && memcmp(put, entry.digest, HASH_DIGEST_BYTES) == 0;
    buf_release(&key);
    if (!is_manifest || reader->has_manifest) {
        return bundle_fail(reader, "this change did not put the manifest of the bundle");
    }
    if (reader->is_launched) {
        return bundle_fail(reader,
                           "record %" PRIu64 " put the manifest after the launch: it says "
                           "nothing of what was sent",
                           reader->recno);
    }
    reader->has_manifest = true;
    return ERR_OK;
}

static void add_event(struct bundle *bundle, uint64_t recno, bool is_campaigns,
                      const struct event *event)
{
    /* Grows by halves of what is there: a power of two each time. */
    if ((bundle->event_count & (bundle->event_count - 1)) == 0) {
        size_t cap = bundle->event_count == 0 ? 1 : (size_t)bundle->event_count * 2;
        bundle->events = mem_resize(bundle->events, cap, sizeof(*bundle->events));
    }
    struct bundle_event *added = &bundle->events[bundle->event_count++];
    *added = (struct bundle_event){recno, is_campaigns, *event, bundle->refs.len};
    added->event.ref.data = NULL;
    buf_slice(&bundle->refs, event->ref);
}

static bool is_end(unsigned kind)
{
    return kind == CAMPAIGN_EVENT_FINISHED || kind == CAMPAIGN_EVENT_CANCELLED ||
           kind == CAMPAIGN_EVENT_EXPIRED || kind == CAMPAIGN_EVENT_SUPERSEDED;
}

static void take_event(struct bundle_reader *reader, uint32_t page, const struct event *event)
{
    struct bundle *bundle = reader->bundle;
    if (page == RECORD_PAGE_CAMPAIGN) {
        bool is_begin =
            event->kind == CAMPAIGN_EVENT_LAUNCHED || event->kind == CAMPAIGN_EVENT_SCHEDULED;
        reader->has_begin |= is_begin && reader->recno == bundle->first_record;
        reader->will_launch |= event->kind == CAMPAIGN_EVENT_LAUNCHED;
        bundle->is_ended =
            is_end(event->kind) || (bundle->is_ended && event->kind != CAMPAIGN_EVENT_ROUND);
        add_event(bundle, reader->recno, true, event);
        return;
    }
    unsigned place = bundle->ordinal % PAGE_RECIPIENTS;
    if (!bundle->has_recipient) {
        bundle->counts[event->kind < DELIVERY_EVENTS ? event->kind : 0] += event->span;
    } else if (place >= event->offset && place < event->offset + (unsigned)event->span) {
        add_event(bundle, reader->recno, false, event);
    }
}

static bool are_known(const struct event_list *list, uint32_t page)
{
    unsigned kinds =
        page == RECORD_PAGE_CAMPAIGN ? (unsigned)CAMPAIGN_EVENTS : (unsigned)DELIVERY_EVENTS;
    for (unsigned i = 0; i < list->count; i++) {
        if (list->events[i].kind >= kinds) {
            return false;
        }
    }
    return true;
}

static enum err take_events(struct bundle_reader *reader, uint32_t page, struct slice bytes)
{
    struct event_list list;
    event_list_init(&list);
    enum err err = event_block_decode(bytes, &list);
    if (err == ERR_UNSUPPORTED || (err == ERR_OK && !are_known(&list, page))) {
        err = problem_set(reader->problem, ERR_NEWER_VERSION,
                          "line %" PRIu64 ": the block holds events that this program does not "
                          "know: it was written by a newer version",
                          reader->line);
    } else if (err != ERR_OK) {
        err = bundle_fail(reader, "the block holds no events");
    }
    for (unsigned i = 0; err == ERR_OK && i < list.count; i++) {
        take_event(reader, page, &list.events[i]);
    }
    event_list_release(&list);
    return err;
}

enum err bundle_take_block(struct bundle_reader *reader, json_t *json)
{
    json_int_t page;
    const char *text;
    struct buf *bytes = &reader->bytes[0];
    const struct bundle *bundle = reader->bundle;
    if (json_unpack(json, "{s:s, s:I, s:s !}", "type", &(const char *){NULL}, "page", &page,
                    "bytes", &text) != 0) {
        return bundle_fail(reader, "it is no line of a block");
    }
    if (reader->wanted_at == reader->wanted_count ||
        page != (json_int_t)reader->wanted[reader->wanted_at].page) {
        return bundle_fail(reader, "a block of page %" JSON_INTEGER_FORMAT " has no place here",
                           page);
    }
    enum err err = bundle_decode(reader, "bytes", text, bytes);
    if (err != ERR_OK) {
        return err;
    }
    const struct bundle_wanted *wanted = &reader->wanted[reader->wanted_at++];
    const struct chain_place place = {bundle->partition, bundle->campaign, wanted->page,
                                      reader->recno};
    uint8_t digest[HASH_DIGEST_BYTES];
    chain_block_digest(digest, &place, buf_view(bytes), &reader->scratch);
    if (memcmp(digest, reader->digests.data + wanted->at * HASH_DIGEST_BYTES, HASH_DIGEST_BYTES) !=
            0 ||
        memcmp(digest, wanted->check, CHAIN_CHECK_BYTES) != 0) {
        return bundle_fail(reader, "the block is not the one that record %" PRIu64 " names",
                           reader->recno);
    }
    reader->bundle->blocks++;
    return take_events(reader, wanted->page, buf_view(bytes));
}

static bool is_stated(const struct bundle *bundle, const uint8_t public_key[SIGNING_PUBLIC_BYTES])
{
    for (unsigned i = 0; i < bundle->key_count; i++) {
        if (memcmp(bundle->keys[i].key, public_key, SIGNING_PUBLIC_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* One by a key that was lost may be noted somewhere, so it is kept; but it covers nothing. */
enum err bundle_take_head(struct bundle_reader *reader, json_t *json)
{
    const char *text;
    struct bundle *bundle = reader->bundle;
    struct buf *bytes = &reader->bytes[0];
    struct signed_head head;
    if (json_unpack(json, "{s:s, s:s !}", "type", &(const char *){NULL}, "head", &text) != 0) {
        return bundle_fail(reader, "it is no line of a head");
    }
    enum err err = bundle_settle_record(reader);
    err = err == ERR_OK ? bundle_decode(reader, "head", text, bytes) : err;
    if (err != ERR_OK) {
        return err;
    }
    if (signed_head_decode(buf_view(bytes), &head) != ERR_OK) {
        return bundle_fail(reader, "\"head\" is none");
    }
    if (reader->has_head || head.partition != bundle->partition || head.recno != reader->recno ||
        memcmp(head.hash, reader->hash, HASH_DIGEST_BYTES) != 0) {
        return bundle_fail(reader, "the head is not one of record %" PRIu64, reader->recno);
    }
    if (!is_stated(bundle, head.public_key) || !signed_head_is_good(&head)) {
        return bundle_fail(reader, "the signature of the head is not good");
    }
    bundle->heads =
        mem_resize(bundle->heads, (size_t)bundle->head_count + 1, sizeof(*bundle->heads));
    bundle->heads[bundle->head_count++] = head;
    reader->has_head = true;
    reader->is_covered = bundle_is_by(bundle, head.public_key);
    return ERR_OK;
}
