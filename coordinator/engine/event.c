/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most blocks hold one or two kinds of events over long runs of neighbours (a page leased, a page
 * accepted), so events carry a span and neighbours are joined as they come: the null channel's page
 * is one event. What remains of many events is written as columns, because each of them is then
 * constant or nearly so; few events are written one by one (event_rows.h).
 */
#include "coordinator/engine/event.h"

#include <assert.h>
#include <lz4.h>

#include "common/mem.h"
#include "coordinator/engine/event_rows.h"
#include "proto/columns.h"
#include "proto/outcome.h"

#define CODEC_PLAIN     0
#define CODEC_LZ4       1
#define LZ4_WORTH_BYTES 64
#define BLOCK_PLAIN_MAX (64u * 1024 * 1024)
/* A column may say `constant` in two bytes for any count: this bounds what a small block may claim.
 */
#define COLUMNS 11

static const char *const CAMPAIGN_EVENT_NAMES[CAMPAIGN_EVENTS] = {
#define CAMPAIGN_EVENT_ROW(name, word) [CAMPAIGN_EVENT_##name] = (word),
    CAMPAIGN_EVENT_MAP(CAMPAIGN_EVENT_ROW)
#undef CAMPAIGN_EVENT_ROW
};

const char *campaign_event_name(enum campaign_event event)
{
    return event < CAMPAIGN_EVENTS ? CAMPAIGN_EVENT_NAMES[event] : "?";
}

void event_list_init(struct event_list *list)
{
    *list = (struct event_list){0};
}

void event_list_release(struct event_list *list)
{
    mem_free(list->events);
    buf_release(&list->refs);
    *list = (struct event_list){0};
}

void event_list_clear(struct event_list *list)
{
    list->count = 0;
    buf_clear(&list->refs);
}

static bool is_continued_by(const struct event *last, const struct event *next)
{
    return last->offset + last->span == next->offset && last->kind == next->kind &&
           last->provider == next->provider && last->step == next->step &&
           last->reason == next->reason && last->lease == next->lease &&
           last->worker == next->worker && last->at_ms == next->at_ms &&
           last->due_ms == next->due_ms && last->ref.len == 0 && next->ref.len == 0;
}

static struct event *event_list_push(struct event_list *list)
{
    if (list->count == list->cap) {
        list->cap = list->cap == 0 ? 4 : list->cap * 2;
        list->events = mem_resize(list->events, list->cap, sizeof(*list->events));
    }
    return &list->events[list->count++];
}

void event_list_append(struct event_list *list, const struct event *event)
{
    struct event *added = event_list_push(list);
    *added = *event;
    added->ref = slice_of(NULL, event->ref.len);
    buf_slice(&list->refs, event->ref);
}

void event_list_add(struct event_list *list, const struct event *event)
{
    if (list->count > 0 && is_continued_by(&list->events[list->count - 1], event)) {
        struct event *last = &list->events[list->count - 1];
        last->span = (uint16_t)(last->span + event->span);
        return;
    }
    event_list_append(list, event);
}

struct columns {
    uint64_t *values[COLUMNS];
    uint64_t *memory;
};

static struct columns columns_new(unsigned count)
{
    struct columns columns;
    columns.memory = mem_zalloc((size_t)count * COLUMNS + 1, sizeof(uint64_t));
    for (unsigned c = 0; c < COLUMNS; c++) {
        columns.values[c] = columns.memory + (size_t)c * count;
    }
    return columns;
}

static void columns_load(struct columns *columns, unsigned i, const struct event *event,
                         uint64_t base_ms)
{
    uint64_t row[COLUMNS] = {event->kind,
                             event->offset,
                             event->span,
                             event->provider,
                             event->step,
                             event->reason,
                             event->lease,
                             event->worker,
                             event->at_ms - base_ms,
                             event->due_ms == 0 ? 0 : event->due_ms - event->at_ms + 1,
                             event->ref.len};
    for (unsigned c = 0; c < COLUMNS; c++) {
        columns->values[c][i] = row[c];
    }
}

static void body_encode(const struct event_list *list, struct buf *body)
{
    struct columns columns = columns_new(list->count);
    uint64_t base_ms = list->count == 0 ? 0 : list->events[0].at_ms;
    for (unsigned i = 0; i < list->count; i++) {
        columns_load(&columns, i, &list->events[i], base_ms);
    }
    buf_varint(body, list->count);
    buf_u64(body, base_ms);
    for (unsigned c = 0; c < COLUMNS; c++) {
        columns_put(body, columns.values[c], list->count);
    }
    buf_slice(body, buf_view(&list->refs));
    mem_free(columns.memory);
}

static void columns_encode(const struct event_list *list, struct buf *buf)
{
    struct buf body = {0};
    body_encode(list, &body);
    assert(body.len <= BLOCK_PLAIN_MAX);
    size_t head = buf->len;
    buf_u8(buf, CODEC_PLAIN);
    buf_varint(buf, body.len);
    if (body.len >= LZ4_WORTH_BYTES) {
        int bound = LZ4_compressBound((int)body.len);
        uint8_t *to = buf_reserve(buf, (size_t)bound);
        int len = LZ4_compress_default((const char *)body.data, (char *)to, (int)body.len, bound);
        if (len > 0 && (size_t)len < body.len) {
            buf->data[head] = CODEC_LZ4;
            buf->len += (size_t)len;
            buf_release(&body);
            return;
        }
    }
    buf_slice(buf, buf_view(&body));
    buf_release(&body);
}

/* Few, or with a time that columns cannot say: they have 0 for none, and 0 is also 1 ms before
 * `at`. Who was open keeps his time, which may have passed just now. */
static bool is_for_rows(const struct event_list *list)
{
    if (list->count <= EVENT_ROWS_MAX) {
        return true;
    }
    for (unsigned i = 0; i < list->count; i++) {
        if (list->events[i].due_ms != 0 && list->events[i].due_ms + 1 == list->events[i].at_ms) {
            return true;
        }
    }
    return false;
}

void event_block_encode(const struct event_list *list, struct buf *buf)
{
    assert(list->count <= EVENT_BLOCK_MAX); /* or it could not be read again */
    bool is_rows = is_for_rows(list);
    buf_u8(buf, is_rows ? EVENT_BLOCK_ROWS : EVENT_BLOCK_COLUMNS);
    if (is_rows) {
        event_rows_encode(list, buf);
    } else {
        columns_encode(list, buf);
    }
}

static bool event_is_sound(const struct event *event)
{
    return event->span >= 1 && event->offset + event->span <= PAGE_RECIPIENTS &&
           event->ref.len <= OUTCOME_REF_MAX && (event->ref.len == 0 || event->span == 1);
}

static bool row_to_event(const struct columns *columns, unsigned i, uint64_t base_ms,
                         struct event *event)
{
    uint64_t row[COLUMNS];
    for (unsigned c = 0; c < COLUMNS; c++) {
        row[c] = columns->values[c][i];
    }
    if (row[0] > UINT8_MAX || row[1] > UINT16_MAX || row[2] > UINT16_MAX || row[3] > UINT8_MAX ||
        row[4] > UINT8_MAX || row[5] > UINT16_MAX || row[10] > OUTCOME_REF_MAX) {
        return false;
    }
    *event = (struct event){
        .kind = (uint8_t)row[0],
        .offset = (uint16_t)row[1],
        .span = (uint16_t)row[2],
        .provider = (uint8_t)row[3],
        .step = (uint8_t)row[4],
        .reason = (uint16_t)row[5],
        .lease = row[6],
        .worker = row[7],
        .at_ms = base_ms + row[8],
        .due_ms = row[9] == 0 ? 0 : base_ms + row[8] + row[9] - 1,
        .ref = slice_of(NULL, (size_t)row[10]),
    };
    return true;
}

static enum err rows_decode(struct reader *reader, unsigned count, uint64_t base_ms,
                            struct event_list *list)
{
    struct columns columns = columns_new(count);
    enum err err = ERR_OK;
    for (unsigned c = 0; c < COLUMNS && err == ERR_OK; c++) {
        err = columns_get(reader, columns.values[c], count) ? ERR_OK : ERR_CORRUPT;
    }
    for (unsigned i = 0; i < count && err == ERR_OK; i++) {
        err = row_to_event(&columns, i, base_ms, event_list_push(list)) ? ERR_OK : ERR_CORRUPT;
    }
    mem_free(columns.memory);
    return err;
}

static enum err refs_decode(struct reader *reader, struct event_list *list)
{
    size_t total = 0;
    for (unsigned i = 0; i < list->count; i++) {
        total += list->events[i].ref.len;
    }
    struct slice refs = reader_bytes(reader, total);
    if (reader->bad || reader_left(reader) != 0) {
        return ERR_CORRUPT;
    }
    buf_slice(&list->refs, refs);
    return ERR_OK;
}

/* When all of them are there: the buffer moves while it grows. */
static void point_to_refs(struct event_list *list)
{
    size_t at = 0;
    for (unsigned i = 0; i < list->count; i++) {
        size_t len = list->events[i].ref.len;
        list->events[i].ref = slice_of(len == 0 ? NULL : list->refs.data + at, len);
        at += len;
    }
}

static enum err body_decode(struct slice body, struct event_list *list)
{
    struct reader reader = reader_of(body);
    uint64_t count = reader_varint(&reader);
    uint64_t base_ms = reader_u64(&reader);
    if (reader.bad || count > EVENT_BLOCK_MAX) {
        return ERR_CORRUPT;
    }
    enum err err = rows_decode(&reader, (unsigned)count, base_ms, list);
    return err == ERR_OK ? refs_decode(&reader, list) : err;
}

static enum err body_inflate(struct slice packed, size_t plain_bytes, struct buf *body)
{
    uint8_t *to = buf_reserve(body, plain_bytes + 1);
    int len = LZ4_decompress_safe((const char *)packed.data, (char *)to, (int)packed.len,
                                  (int)plain_bytes);
    if (len < 0 || (size_t)len != plain_bytes) {
        return ERR_CORRUPT;
    }
    body->len = plain_bytes;
    return ERR_OK;
}

static enum err columns_decode(struct reader *reader, struct event_list *list)
{
    uint8_t codec = reader_u8(reader);
    uint64_t plain_bytes = reader_varint(reader);
    struct slice rest = reader_bytes(reader, reader_left(reader));
    if (reader->bad || plain_bytes > BLOCK_PLAIN_MAX || codec > CODEC_LZ4 ||
        rest.len > BLOCK_PLAIN_MAX) {
        return ERR_CORRUPT;
    }
    struct buf body = {0};
    enum err err = ERR_OK;
    if (codec == CODEC_LZ4) {
        /* LZ4 expands at most 255 times: a small block cannot ask for much memory. */
        err = plain_bytes > rest.len * 255 ? ERR_CORRUPT
                                           : body_inflate(rest, (size_t)plain_bytes, &body);
        rest = buf_view(&body);
    } else if (plain_bytes != rest.len) {
        err = ERR_CORRUPT;
    }
    if (err == ERR_OK) {
        err = body_decode(rest, list);
    }
    buf_release(&body);
    return err;
}

static enum err events_decode(struct slice bytes, struct event_list *list)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    enum err err = ERR_OK;
    if (reader.bad) {
        return ERR_CORRUPT;
    }
    if (version == EVENT_BLOCK_COLUMNS) {
        err = columns_decode(&reader, list);
    } else if (version == EVENT_BLOCK_ROWS) {
        err = event_rows_decode(&reader, list);
    } else {
        return ERR_UNSUPPORTED;
    }
    for (unsigned i = 0; i < list->count && err == ERR_OK; i++) {
        err = event_is_sound(&list->events[i]) ? ERR_OK : ERR_CORRUPT;
    }
    return err;
}

enum err event_block_decode(struct slice bytes, struct event_list *list)
{
    event_list_clear(list);
    enum err err = events_decode(bytes, list);
    if (err == ERR_OK) {
        point_to_refs(list);
    } else {
        event_list_clear(list);
    }
    return err;
}
