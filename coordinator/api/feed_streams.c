/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/feed_streams.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/api_state.h"
#include "coordinator/http/http_server.h"

#define MODULE      "events"
#define OLDER_BYTES ((size_t)16 * 1024) /* read from the ledger at a time, about */
#define OLDER_LOOKS 256                 /* facts looked at for that */
#define SWEEP_MS    1000
#define FAREWELL_MS 5000 /* in which the last word must be taken */
/* What the kernel keeps for a client that does not take it. */
#define SEND_BUFFER (64 * 1024)

struct stream {
    struct feed_streams *streams;
    struct http_request *request;
    struct feed_filter filter;
    uint64_t seq;           /* how far it has come in the list, */
    uint64_t number;        /* and in the facts */
    struct feed_item *item; /* being sent; NULL: none */
    size_t item_at;
    struct buf own; /* of its own, sent after the item */
    size_t own_at;
    bool is_last; /* nothing follows */
    bool is_waiting;
    uint64_t asked_ms;      /* when it was asked for something last */
    uint64_t spoke_ms;      /* and had something to say */
    uint64_t signed_out_ms; /* 0: not yet */
    uint64_t ended_ms;      /* since when nothing follows */
    struct stream *prev;
    struct stream *next;
};

struct feed_streams {
    struct api *api;
    struct feed *feed;
    unsigned max;
    struct stream *list;
    uint64_t woken_seq; /* of the feed, when those who wait were woken */
    uint64_t swept_ms;
    bool is_ending;
    struct feed_streams_tally tally;
};

static uint64_t now_of(const struct feed_streams *streams)
{
    return api_now_ms(streams->api);
}

static void wake(struct stream *stream)
{
    if (stream->is_waiting) {
        stream->is_waiting = false;
        stream->asked_ms = now_of(stream->streams);
        http_pull_resume(stream->request);
    }
}

static void end(struct stream *stream, const char *reason, const char *detail)
{
    if (!stream->is_last) {
        feed_write_notice(stream->streams->feed, FEED_STREAM_CLOSED, stream->number,
                          json_pack("{s:s, s:s}", "reason", reason, "detail", detail),
                          &stream->own);
        stream->is_last = true;
        stream->ended_ms = now_of(stream->streams);
        wake(stream);
    }
}

/* ---- what comes next ---- */

static void name_fact(char id[32], uint64_t number)
{
    (void)snprintf(id, 32, "e%" PRIu64, number);
}

/* Some are not kept any more. */
static void tell_gap(struct stream *stream, uint64_t oldest)
{
    char from[32];
    char to[32];
    name_fact(from, stream->number + 1);
    name_fact(to, oldest - 1);
    stream->streams->tally.gaps++;
    stream->number = oldest - 1;
    feed_write_notice(stream->streams->feed, FEED_STREAM_GAP, stream->number,
                      json_pack("{s:s, s:s, s:s}", "from", from, "to", to, "detail",
                                "these are not kept any more: read anew what you show"),
                      &stream->own);
}

struct reading {
    struct stream *stream;
    uint64_t before;
    unsigned looks;
};

static bool read_fact(void *arg, const struct feed_event *event)
{
    struct reading *reading = arg;
    struct stream *stream = reading->stream;
    if (event->number >= reading->before) {
        stream->number = reading->before - 1;
        return false;
    }
    stream->number = event->number;
    if (feed_filter_takes(&stream->filter, event->kind, event->campaign)) {
        feed_write_frame(stream->streams->feed, event, &stream->own);
    }
    return ++reading->looks < OLDER_LOOKS && stream->own.len < OLDER_BYTES;
}

/* Facts that are not in the list any more. */
static void read_older(struct stream *stream, uint64_t listed)
{
    const struct feed_store *store = feed_store_of(stream->streams->feed);
    if (stream->number + 1 < store->oldest) {
        tell_gap(stream, store->oldest);
        return;
    }
    struct reading reading = {stream, listed, 0};
    uint64_t former = stream->number;
    enum err err = feed_store_each(store, former + 1, read_fact, &reading);
    if (err != ERR_OK) {
        LOG_E(MODULE, "unreadable", "err=%s", err_name(err));
        end(stream, "unreadable", "the events that are kept cannot be read just now: come again");
    } else if (stream->number == former) { /* none of a kind that is known here */
        stream->number = listed - 1;
    }
}

/* False: there is nothing for now. */
static bool find_next(struct stream *stream)
{
    struct feed *feed = stream->streams->feed;
    uint64_t listed = feed_listed(feed);
    buf_clear(&stream->own);
    stream->own_at = 0;
    if (stream->number + 1 < listed) {
        read_older(stream, listed);
        return true;
    }
    stream->item = feed_after(feed, stream->seq, stream->number, &stream->filter);
    stream->item_at = 0;
    if (stream->item == NULL) {
        stream->seq = feed_seq(feed);
        stream->number =
            feed_published(feed) > stream->number ? feed_published(feed) : stream->number;
        return false;
    }
    stream->seq = stream->item->seq;
    stream->number = stream->item->number != 0 ? stream->item->number : stream->number;
    return true;
}

/* ---- sending ---- */

static size_t take(struct slice from, size_t *at, uint8_t *into, size_t room)
{
    size_t len = from.len - *at < room ? from.len - *at : room;
    memcpy(into, from.data + *at, len);
    *at += len;
    return len;
}

static size_t take_item(struct stream *stream, uint8_t *into, size_t room)
{
    size_t len =
        take(slice_of(stream->item->text, stream->item->len), &stream->item_at, into, room);
    if (stream->item_at == stream->item->len) {
        feed_item_unref(stream->item);
        stream->item = NULL;
    }
    return len;
}

static long on_pull(void *arg, uint8_t *into, size_t room)
{
    struct stream *stream = arg;
    size_t filled = 0;
    stream->asked_ms = now_of(stream->streams);
    while (filled < room) {
        if (stream->item != NULL) {
            filled += take_item(stream, into + filled, room - filled);
        } else if (stream->own_at < stream->own.len) {
            filled += take(buf_view(&stream->own), &stream->own_at, into + filled, room - filled);
        } else if (stream->is_last || !find_next(stream)) {
            break;
        }
    }
    if (filled > 0) {
        stream->spoke_ms = stream->asked_ms;
        return (long)filled;
    }
    if (stream->is_last) {
        return 0;
    }
    stream->is_waiting = true;
    return HTTP_PULL_LATER;
}

static void on_done(void *arg)
{
    struct stream *stream = arg;
    struct feed_streams *streams = stream->streams;
    DL_DELETE(streams->list, stream);
    streams->tally.open--;
    feed_item_unref(stream->item);
    buf_release(&stream->own);
    mem_free(stream);
}

/* ---- opening ---- */

static void greet(struct stream *stream, bool is_resumed)
{
    struct feed *feed = stream->streams->feed;
    char newest[32];
    char after[32];
    name_fact(newest, feed_published(feed));
    name_fact(after, stream->number);
    buf_printf(&stream->own, "retry: %d\n", FEED_RETRY_MS);
    feed_write_notice(feed, FEED_STREAM_OPENED, stream->number,
                      json_pack("{s:s, s:s?, s:I, s:s}", "newest", newest, "resumed_after",
                                is_resumed ? after : NULL, "epoch",
                                (json_int_t)stream->streams->api->context.epoch, "version",
                                stream->streams->api->context.version),
                      &stream->own);
}

void feed_streams_open(struct feed_streams *streams, struct http_request *request,
                       const struct feed_filter *filter, bool is_resumed, uint64_t after)
{
    struct stream *stream = mem_zalloc(1, sizeof(*stream));
    uint64_t published = feed_published(streams->feed);
    stream->streams = streams;
    stream->request = request;
    stream->filter = *filter;
    stream->number = is_resumed ? after : published;
    stream->asked_ms = now_of(streams);
    stream->spoke_ms = stream->asked_ms;
    DL_APPEND(streams->list, stream);
    streams->tally.open++;
    streams->tally.opened++;
    if (stream->number > published) { /* of another ledger, or of one that was set back */
        stream->number = published;
        greet(stream, false);
        feed_write_notice(streams->feed, FEED_STREAM_GAP, published,
                          json_pack("{s:n, s:n, s:s}", "from", "to", "detail",
                                    "your Last-Event-ID was never given here: read anew what you "
                                    "show"),
                          &stream->own);
        streams->tally.gaps++;
    } else {
        greet(stream, is_resumed);
    }
    http_send_buffer(request, SEND_BUFFER);
    http_reply_header(request, "X-Accel-Buffering",
                      "no"); /* a proxy (nginx) passes it on at once */
    http_reply_stream(request, 200, "text/event-stream", on_pull, on_done, stream);
}

/* ---- turns ---- */

/* Nobody is woken for what he does not want to hear. */
static bool has_news(struct stream *stream)
{
    struct feed *feed = stream->streams->feed;
    struct feed_item *item = feed_after(feed, stream->seq, stream->number, &stream->filter);
    feed_item_unref(item);
    return item != NULL || stream->number + 1 < feed_listed(feed);
}

static void sweep(struct feed_streams *streams, uint64_t now_ms)
{
    struct stream *stream = NULL;
    struct stream *next = NULL;
    streams->swept_ms = now_ms;
    DL_FOREACH_SAFE(streams->list, stream, next)
    {
        if (stream->is_waiting && now_ms - stream->spoke_ms >= FEED_ALIVE_MS) {
            buf_str(&stream->own, ": still here\n\n");
            wake(stream);
        } else if (!stream->is_waiting && !stream->is_last &&
                   now_ms - stream->asked_ms >= FEED_SLOW_MS) {
            streams->tally.slow++;
            LOG_W(MODULE, "slow_stream", "ms=%d", FEED_SLOW_MS);
            end(stream, "slow", "nothing was taken for half a minute: come again");
        } else if (stream->is_last && now_ms - stream->ended_ms >= FEED_SLOW_MS) {
            http_break_off(stream->request); /* he takes a byte now and then, and stays */
        }
    }
}

void feed_streams_turn(struct feed_streams *streams)
{
    uint64_t now_ms = now_of(streams);
    struct stream *stream = NULL;
    struct stream *next = NULL;
    if (streams->woken_seq != feed_seq(streams->feed)) {
        streams->woken_seq = feed_seq(streams->feed);
        DL_FOREACH_SAFE(streams->list, stream, next)
        {
            if (stream->is_waiting && has_news(stream)) {
                wake(stream);
            }
        }
    }
    if (now_ms - streams->swept_ms >= SWEEP_MS) {
        sweep(streams, now_ms);
    }
}

bool feed_streams_sign_out(struct feed_streams *streams, const struct http_request *request)
{
    struct stream *stream = streams->list;
    while (stream != NULL && stream->request != request) {
        stream = stream->next;
    }
    if (stream == NULL) {
        return false;
    }
    const uint64_t now_ms = now_of(streams);
    stream->signed_out_ms = stream->signed_out_ms == 0 ? now_ms : stream->signed_out_ms;
    end(stream, "signed_out", "the token has expired or was revoked: sign in anew");
    return now_ms - stream->signed_out_ms < FAREWELL_MS;
}

void feed_streams_quiesce(struct feed_streams *streams)
{
    struct stream *stream = NULL;
    struct stream *next = NULL;
    streams->is_ending = true;
    DL_FOREACH_SAFE(streams->list, stream, next)
    {
        end(stream, "stopping", "the coordinator stops: come again");
    }
}

/* ---- life ---- */

bool feed_streams_are_full(const struct feed_streams *streams)
{
    return streams->tally.open >= streams->max;
}

bool feed_streams_are_ending(const struct feed_streams *streams)
{
    return streams->is_ending;
}

struct feed_streams_tally feed_streams_tally(const struct feed_streams *streams)
{
    return streams->tally;
}

void feed_streams_count_refused(struct feed_streams *streams)
{
    streams->tally.refused++;
}

struct feed_streams *feed_streams_new(struct api *api, struct feed *feed, unsigned max)
{
    struct feed_streams *streams = mem_zalloc(1, sizeof(*streams));
    streams->api = api;
    streams->feed = feed;
    streams->max = max;
    return streams;
}

void feed_streams_free(struct feed_streams *streams)
{
    mem_free(streams);
}
