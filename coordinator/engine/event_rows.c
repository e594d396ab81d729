/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/event_rows.h"

/* The smallest row: kind, place and no fields. */
#define ROW_BYTES_MIN 3

enum field {
    FIELD_PROVIDER = 1,
    FIELD_REASON = 2,
    FIELD_DUE = 4,
    FIELD_STEP = 8,
    FIELD_LEASE = 16,
    FIELD_REF = 32,
    FIELD_AT = 64,
    FIELD_SPAN = 128,
    FIELD_WORKER = 256,
    FIELDS_ALL = 511
};

/* Differences wrap modulo 2^64, so that any two times have one. */
static void put_difference(struct buf *buf, uint64_t value, uint64_t before)
{
    uint64_t difference = value - before;
    buf_varint(buf, difference << 1 ^ (0 - (difference >> 63)));
}

static uint64_t get_difference(struct reader *reader, uint64_t before)
{
    uint64_t zigzag = reader_varint(reader);
    return before + (zigzag >> 1 ^ (0 - (zigzag & 1)));
}

static unsigned fields_of(const struct event *event, uint64_t before_ms)
{
    unsigned fields = 0;
    fields |= event->provider != 0 ? FIELD_PROVIDER : 0;
    fields |= event->reason != 0 ? FIELD_REASON : 0;
    fields |= event->due_ms != 0 ? FIELD_DUE : 0;
    fields |= event->step != 0 ? FIELD_STEP : 0;
    fields |= event->lease != 0 ? FIELD_LEASE : 0;
    fields |= event->ref.len != 0 ? FIELD_REF : 0;
    fields |= event->at_ms != before_ms ? FIELD_AT : 0;
    fields |= event->span != 1 ? FIELD_SPAN : 0;
    fields |= event->worker != 0 ? FIELD_WORKER : 0;
    return fields;
}

static void row_encode(const struct event *event, struct slice ref, uint64_t before_ms,
                       struct buf *buf)
{
    unsigned fields = fields_of(event, before_ms);
    buf_u8(buf, event->kind);
    buf_varint(buf, event->offset);
    buf_varint(buf, fields);
    if (fields & FIELD_PROVIDER) {
        buf_u8(buf, event->provider);
    }
    if (fields & FIELD_REASON) {
        buf_varint(buf, event->reason);
    }
    if (fields & FIELD_DUE) {
        put_difference(buf, event->due_ms, event->at_ms);
    }
    if (fields & FIELD_STEP) {
        buf_u8(buf, event->step);
    }
    if (fields & FIELD_LEASE) {
        buf_varint(buf, event->lease);
    }
    if (fields & FIELD_REF) {
        buf_blob(buf, ref);
    }
    if (fields & FIELD_AT) {
        put_difference(buf, event->at_ms, before_ms);
    }
    if (fields & FIELD_SPAN) {
        buf_varint(buf, event->span);
    }
    if (fields & FIELD_WORKER) {
        buf_u64(buf, event->worker);
    }
}

void event_rows_encode(const struct event_list *list, struct buf *buf)
{
    uint64_t before_ms = list->count == 0 ? 0 : list->events[0].at_ms;
    size_t at = 0;
    buf_varint(buf, list->count);
    buf_varint(buf, before_ms);
    for (unsigned i = 0; i < list->count; i++) {
        const struct event *event = &list->events[i];
        size_t len = event->ref.len;
        row_encode(event, slice_of(len == 0 ? NULL : list->refs.data + at, len), before_ms, buf);
        at += len;
        before_ms = event->at_ms;
    }
}

/* False if a number is too large for its field. */
static bool get_u16(struct reader *reader, uint16_t *value)
{
    uint64_t wide = reader_varint(reader);
    *value = (uint16_t)wide;
    return wide <= UINT16_MAX;
}

/* `at` comes behind `due`, which is measured from it: so `due` is kept as a difference until then.
 */
static bool row_decode(struct reader *reader, uint64_t before_ms, struct event *event)
{
    *event = (struct event){.kind = reader_u8(reader), .span = 1, .at_ms = before_ms};
    bool fits = get_u16(reader, &event->offset);
    uint64_t fields = reader_varint(reader);
    uint64_t due_in_ms = 0;
    if (fields & FIELD_PROVIDER) {
        event->provider = reader_u8(reader);
    }
    if (fields & FIELD_REASON) {
        fits = get_u16(reader, &event->reason) && fits;
    }
    if (fields & FIELD_DUE) {
        due_in_ms = get_difference(reader, 0);
    }
    if (fields & FIELD_STEP) {
        event->step = reader_u8(reader);
    }
    if (fields & FIELD_LEASE) {
        event->lease = reader_varint(reader);
    }
    if (fields & FIELD_REF) {
        event->ref = reader_blob(reader);
    }
    if (fields & FIELD_AT) {
        event->at_ms = get_difference(reader, before_ms);
    }
    if (fields & FIELD_SPAN) {
        fits = get_u16(reader, &event->span) && fits;
    }
    if (fields & FIELD_WORKER) {
        event->worker = reader_u64(reader);
    }
    event->due_ms = fields & FIELD_DUE ? event->at_ms + due_in_ms : 0;
    return fits && fields <= FIELDS_ALL && !reader->bad;
}

enum err event_rows_decode(struct reader *reader, struct event_list *list)
{
    uint64_t count = reader_varint(reader);
    uint64_t before_ms = reader_varint(reader);
    if (reader->bad || count > EVENT_BLOCK_MAX || count > reader_left(reader) / ROW_BYTES_MIN) {
        return ERR_CORRUPT;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct event event;
        if (!row_decode(reader, before_ms, &event)) {
            return ERR_CORRUPT;
        }
        event_list_append(list, &event);
        before_ms = event.at_ms;
    }
    return reader->bad || reader_left(reader) != 0 ? ERR_CORRUPT : ERR_OK;
}
