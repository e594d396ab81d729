/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/uplink.h"

#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"

#define UPLINK_HIGH_WATER   1024
#define UPLINK_ARENA_BYTES  4096
#define UPLINK_LOG_EVERY_MS 10000

struct uplink {
    uv_loop_t *loop;
    struct bus *bus;
    uplink_message_fn on_message;
    void *arg;
    struct arena arena; /* of the message being handled */
    struct buf frame;   /* of the message being sent */
    uint64_t malformed;
    uint64_t logged_ms; /* a peer must not fill the log */
};

static void note_malformed(struct uplink *uplink, const struct problem *problem)
{
    uint64_t now_ms = uv_now(uplink->loop);
    uplink->malformed++;
    if (uplink->logged_ms == 0 || now_ms - uplink->logged_ms >= UPLINK_LOG_EVERY_MS) {
        uplink->logged_ms = now_ms;
        LOG_W("uplink", "malformed", "total=%" PRIu64 " problem=\"%s\"", uplink->malformed,
              problem->text);
    }
}

static void on_frames(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    (void)peer;
    struct uplink *uplink = arg;
    struct wire_message message;
    struct problem problem = {0};
    if (wire_decode(frame, payload, &uplink->arena, &message, &problem) == ERR_OK) {
        uplink->on_message(uplink->arg, &message);
    } else {
        note_malformed(uplink, &problem);
    }
    arena_reset(&uplink->arena);
}

enum err uplink_open(struct uplink **out, uv_loop_t *loop, const struct uplink_settings *settings,
                     uplink_message_fn on_message, void *arg, struct problem *problem)
{
    struct uplink *uplink = mem_zalloc(1, sizeof(*uplink));
    uplink->loop = loop;
    uplink->on_message = on_message;
    uplink->arg = arg;
    arena_init(&uplink->arena, UPLINK_ARENA_BYTES);
    const struct bus_settings bus = {
        .endpoint = settings->coordinator,
        .name = settings->name,
        .frame_max_bytes = WIRE_PAGE_FRAME_MAX,
        .high_water = UPLINK_HIGH_WATER,
        .secret_key = settings->secret_key,
        .public_key = settings->public_key,
        .server_key = settings->coordinator_key,
    };
    enum err err = bus_open(&uplink->bus, loop, &bus, on_frames, uplink, problem);
    if (err != ERR_OK) {
        arena_release(&uplink->arena);
        mem_free(uplink);
        uplink = NULL;
    }
    *out = uplink;
    return err;
}

bool uplink_send(struct uplink *uplink, const struct wire_message *message)
{
    struct slice none = slice_of(NULL, 0);
    buf_clear(&uplink->frame);
    wire_encode(message, &uplink->frame);
    return bus_send(uplink->bus, none, buf_view(&uplink->frame), none);
}

void uplink_close(struct uplink *uplink, int linger_ms)
{
    if (uplink == NULL) {
        return;
    }
    bus_close(uplink->bus, linger_ms);
    arena_release(&uplink->arena);
    buf_release(&uplink->frame);
    mem_free(uplink);
}
