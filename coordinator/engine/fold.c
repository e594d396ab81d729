/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/fold.h"

#include <assert.h>
#include <lz4.h>

#include "common/mem.h"
#include "coordinator/engine/pair.h"
#include "proto/outcome.h"

#define NIBBLE_MAX 15u
#define USED_MAX   RECIPIENT_USED_MAX
#define USED_UP    (USED_MAX + 1u)

static_assert(sizeof(struct recipient_state) == 8, "a recipient costs 8 bytes");
static_assert((int)DELIVERY_STATES <= 16, "a state is four bits");
static_assert(PLAN_RUNGS_MAX <= NIBBLE_MAX + 1, "a step is four bits");

void fold_begin(const struct fold *fold, struct recipient_state *states, unsigned count,
                const struct bitmap *holes)
{
    unsigned first = plan_first(fold->plan);
    bool is_nobody = fold->is_side && !plan_has_beside(fold->plan, first);
    first = fold->is_side && !is_nobody ? plan_beside(fold->plan, first) : first;
    for (unsigned i = 0; i < count; i++) {
        bool is_none = is_nobody || (holes != NULL && bitmap_has(holes, i));
        states[i] = is_none ? (struct recipient_state){.state = DELIVERY_NONE}
                            : (struct recipient_state){.state = DELIVERY_WAITING,
                                                       .step = first & NIBBLE_MAX};
    }
}

uint32_t fold_due_cs(const struct fold *fold, uint64_t due_ms)
{
    if (due_ms <= fold->base_ms) {
        return 0;
    }
    uint64_t due_cs = (due_ms - fold->base_ms + 9) / 10;
    return due_cs > FOLD_NEVER_CS ? FOLD_NEVER_CS : (uint32_t)due_cs;
}

uint64_t fold_due_ms(const struct fold *fold, uint32_t due_cs)
{
    return due_cs == FOLD_NEVER_CS ? FOLD_NEVER_MS : fold->base_ms + (uint64_t)due_cs * 10;
}

/* A wait is often less than the smallest part of the step. It is rounded up or down by what looks
 * like chance but follows from the event alone, so that many waits add up to what they are and a
 * replay comes to the same. */
static uint64_t dither(uint64_t due_ms)
{
    return due_ms * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

unsigned fold_used(const struct fold *fold, const struct recipient_state *state, uint64_t due_ms)
{
    const struct plan_step *step = &fold->plan->steps[state->step];
    uint64_t leased_ms = fold_due_ms(fold, state->due_cs);
    uint64_t wait_ms = due_ms > leased_ms ? due_ms - leased_ms : 0;
    if (wait_ms == 0) {
        return state->used;
    }
    if (wait_ms > step->within_ms) {
        return USED_UP;
    }
    uint64_t share = (wait_ms * USED_MAX + dither(due_ms) % step->within_ms) / step->within_ms;
    return state->used + (unsigned)share;
}

static void use_time(const struct fold *fold, struct recipient_state *state,
                     const struct event *event)
{
    unsigned used = fold_used(fold, state, event->due_ms);
    state->used = (used > USED_MAX ? USED_MAX : used) & USED_MAX;
}

static void use_attempt(struct recipient_state *state)
{
    state->attempt =
        state->attempt < NIBBLE_MAX ? (state->attempt + 1) & NIBBLE_MAX : state->attempt;
    state->repeats = 0;
    state->tried = 1;
}

/* What is barred was not tried, and neither was what is not there, or nobody could send. */
static bool is_untried(uint16_t reason)
{
    return reason == REASON_NO_ENDPOINT || reason == REASON_CHANNEL_DOWN ||
           reason == REASON_PASSED_BY || reason_is_suppression(reason);
}

static void begin_endpoint(struct recipient_state *state, unsigned endpoint)
{
    state->endpoint = endpoint & NIBBLE_MAX;
    state->attempt = 0;
    state->repeats = 0;
}

/* A provider's temporary trouble uses the step's time; waiting for one's turn does not. */
static bool is_trouble(uint16_t reason)
{
    return reason >= REASON_CONNECT_FAILED && reason < REASON_DRAINED;
}

/* A provider's own code. */
static bool is_answer(uint16_t reason)
{
    return reason >= 100 && reason < 600;
}

/* 0: nothing more is waited for. A clock that was set back to before the campaign's creation ends
 * no waiting. */
static uint32_t open_until_cs(const struct fold *fold, const struct event *event)
{
    uint32_t due_cs = fold_due_cs(fold, event->due_ms);
    return event->due_ms != 0 && due_cs == 0 ? 1 : due_cs;
}

/* What the steps so far came to, the present one among them. */
static enum delivery_before best_so_far(const struct recipient_state *state)
{
    if (state->state == DELIVERY_DELIVERED || state->before == BEFORE_DELIVERED) {
        return BEFORE_DELIVERED;
    }
    if (state->state == DELIVERY_ACCEPTED || state->before == BEFORE_REACHED) {
        return BEFORE_REACHED;
    }
    return state->uncertain || state->before == BEFORE_DOUBTED ? BEFORE_DOUBTED : BEFORE_NOTHING;
}

static void climb(struct recipient_state *state, const struct event *event)
{
    state->before = best_so_far(state) & 3u;
    state->tried |= (state->state == DELIVERY_LEASED && !is_untried(event->reason)) ||
                    state->state == DELIVERY_EXPIRED;
    state->uncertain = 0;
    state->step = event->step & NIBBLE_MAX;
    begin_endpoint(state, 0);
    state->used = 0;
}

static void release(const struct fold *fold, struct recipient_state *state,
                    const struct event *event)
{
    if (is_trouble(event->reason)) {
        use_time(fold, state, event);
    }
    /* An endpoint was there, though its provider was not, or would not. A worker that lacks a
     * secret asked nobody. */
    state->tried |= (is_trouble(event->reason) && event->reason != REASON_SECRET_MISSING) ||
                    is_answer(event->reason);
}

static void next_endpoint(struct recipient_state *state, const struct event *event)
{
    state->tried |= !is_untried(event->reason);
    if (state->uncertain && state->before == BEFORE_NOTHING) {
        state->before = BEFORE_DOUBTED;
    }
    state->uncertain = 0;
    begin_endpoint(state, state->endpoint + 1u);
}

static void apply(const struct fold *fold, struct recipient_state *state, const struct event *event)
{
    switch ((enum delivery_event)event->kind) {
    case DELIVERY_EVENT_LEASED:
        state->step = event->step & NIBBLE_MAX;
        state->due_cs = fold_due_cs(fold, event->at_ms);
        return;
    case DELIVERY_EVENT_DEFERRED:
        use_time(fold, state, event);
        use_attempt(state);
        state->due_cs = fold_due_cs(fold, event->due_ms);
        return;
    case DELIVERY_EVENT_RELEASED:
        release(fold, state, event);
        state->due_cs = fold_due_cs(fold, event->due_ms);
        return;
    case DELIVERY_EVENT_NEXT_ENDPOINT:
        next_endpoint(state, event);
        state->due_cs = fold_due_cs(fold, event->due_ms);
        return;
    case DELIVERY_EVENT_REPEATED:
        use_time(fold, state, event);
        state->repeats = (state->repeats + 1) & NIBBLE_MAX;
        state->uncertain = 1;
        state->tried = 1;
        state->due_cs = fold_due_cs(fold, event->due_ms);
        return;
    case DELIVERY_EVENT_HELD:
        state->uncertain = 1;
        state->tried = 1;
        state->due_cs = open_until_cs(fold, event);
        return;
    case DELIVERY_EVENT_ACCEPTED:
    case DELIVERY_EVENT_DELIVERED:
        state->uncertain = 0;
        state->tried = 1;
        state->due_cs = open_until_cs(fold, event);
        return;
    case DELIVERY_EVENT_BOUNCED:
        state->uncertain = 0;
        state->tried = 1;
        state->due_cs = 0;
        return;
    case DELIVERY_EVENT_CLIMBED:
    case DELIVERY_EVENT_RETRIED: /* the step is the first: what earlier rounds came to is kept */
        climb(state, event);
        state->due_cs = fold_due_cs(fold, event->due_ms);
        return;
    case DELIVERY_EVENT_ACKNOWLEDGED:
    case DELIVERY_EVENT_UNANSWERED:
        state->due_cs = 0;
        return;
    case DELIVERY_EVENT_FAILED:
        state->tried |= !is_untried(event->reason);
        return;
    case DELIVERY_EVENT_CONFIRMED:
        state->before = BEFORE_DELIVERED;
        return;
    case DELIVERY_EVENT_COMPLAINED:
        state->complained = 1;
        return;
    case DELIVERY_EVENT_UNREACHABLE:
    case DELIVERY_EVENT_EXPIRED:
    case DELIVERY_EVENT_CANCELLED:
    case DELIVERY_EVENT_BARRED:
    case DELIVERY_EVENT_SUPPRESSED:
    case DELIVERY_EVENTS:
        return;
    }
}

/* On the rungs each track is counted for itself; on the side only who stands somewhere. */
static void count_on_rung(const struct fold *fold, const struct recipient_state *track,
                          bool is_side, int sign)
{
    if (fold->counts != NULL && !(is_side && track->state == DELIVERY_NONE)) {
        fold->rungs[track->step].states[track->state] += (uint32_t)sign;
        fold->rungs[track->step].open += recipient_is_open(track) ? (uint32_t)sign : 0;
    }
}

/* The recipient as he is shown, whatever tracks he is on. */
static void count_person(const struct fold *fold, const struct recipient_state *state,
                         unsigned place, int sign)
{
    struct recipient_state both;
    if (fold->counts != NULL) {
        if (fold->other != NULL) {
            const struct recipient_state *other = &fold->other[place];
            both = fold->is_side ? pair_state(fold->plan, other, state)
                                 : pair_state(fold->plan, state, other);
            state = &both;
        }
        fold->counts[state->state] += (uint32_t)sign;
        *fold->open += recipient_is_open(state) ? (uint32_t)sign : 0;
        *fold->complained += state->complained ? (uint32_t)sign : 0;
        *fold->tried += state->tried ? (uint32_t)sign : 0;
    }
}

static void count_one(const struct fold *fold, const struct recipient_state *state, unsigned place,
                      int sign)
{
    count_person(fold, state, place, sign);
    count_on_rung(fold, state, fold->is_side, sign);
}

void fold_count(const struct fold *fold, const struct recipient_state *states, unsigned count,
                int sign)
{
    for (unsigned i = 0; i < count; i++) {
        count_one(fold, &states[i], i, sign);
        if (fold->other != NULL) {
            count_on_rung(fold, &fold->other[i], !fold->is_side, sign);
        }
    }
}

/* Neighbours are mostly in one state: `next` remembers what the table said last. */
struct step_memory {
    unsigned from;
    unsigned to;
};

/* A place of the side on which nobody stands may be climbed to; one that is nobody may not. */
static unsigned next_state(const struct fold *fold, struct step_memory *next, unsigned from,
                           const struct event *event)
{
    if (from != next->from) {
        bool is_nobody = from == DELIVERY_NONE && !fold->is_side;
        next->from = from;
        next->to = is_nobody ? DELIVERY_STATES
                             : delivery_state_next((enum delivery_state)from,
                                                   (enum delivery_event)event->kind);
    }
    return next->to;
}

static bool event_fits(const struct fold *fold, const struct recipient_state *states,
                       unsigned count, const struct event *event)
{
    struct step_memory next = {DELIVERY_STATES, DELIVERY_STATES};
    if (event->span == 0 || event->offset + event->span > count ||
        event->step >= fold->plan->step_count) {
        return false;
    }
    for (unsigned i = event->offset; i < event->offset + (unsigned)event->span; i++) {
        if (next_state(fold, &next, states[i].state, event) == DELIVERY_STATES) {
            return false;
        }
    }
    return true;
}

bool fold_event(const struct fold *fold, struct recipient_state *states, unsigned count,
                const struct event *event)
{
    struct step_memory next = {DELIVERY_STATES, DELIVERY_STATES};
    if (!event_fits(fold, states, count, event)) {
        return false;
    }
    for (unsigned i = event->offset; i < event->offset + (unsigned)event->span; i++) {
        unsigned to = next_state(fold, &next, states[i].state, event);
        count_one(fold, &states[i], i, -1);
        apply(fold, &states[i], event);
        states[i].state = to & NIBBLE_MAX;
        count_one(fold, &states[i], i, 1);
    }
    return true;
}

enum delivery_event fold_closing(const struct recipient_state *state, enum delivery_event event)
{
    switch (best_so_far(state)) {
    case BEFORE_DELIVERED:
        return state->state == DELIVERY_DELIVERED ? DELIVERY_EVENT_UNANSWERED
                                                  : DELIVERY_EVENT_DELIVERED;
    case BEFORE_REACHED:
        return DELIVERY_EVENT_UNANSWERED;
    case BEFORE_DOUBTED:
        return DELIVERY_EVENT_HELD;
    case BEFORE_NOTHING:
        break;
    }
    return event;
}

void fold_sweep(const struct fold *fold, struct recipient_state *states, unsigned count,
                enum delivery_event over)
{
    for (unsigned i = 0; i < count; i++) {
        struct recipient_state *state = &states[i];
        bool is_waiting = state->state == DELIVERY_WAITING || state->state == DELIVERY_RETRYING;
        if (is_waiting || recipient_is_open(state)) {
            enum delivery_event event = fold_closing(state, over);
            count_one(fold, state, i, -1);
            state->state =
                delivery_state_next((enum delivery_state)state->state, event) & NIBBLE_MAX;
            state->due_cs = 0;
            count_one(fold, state, i, 1);
        }
    }
}

void fold_states_encode(const struct recipient_state *states, unsigned count, struct buf *buf)
{
    int raw = (int)(count * sizeof(*states));
    struct buf packed = {0};
    int bound = LZ4_compressBound(raw);
    uint8_t *to = buf_reserve(&packed, (size_t)bound);
    int len = LZ4_compress_default((const char *)states, (char *)to, raw, bound);
    assert(len > 0);
    packed.len = (size_t)len;
    buf_blob(buf, buf_view(&packed));
    buf_release(&packed);
}

bool fold_states_decode(struct reader *reader, struct recipient_state *states, unsigned count)
{
    struct slice packed = reader_blob(reader);
    int raw = (int)(count * sizeof(*states));
    if (reader->bad || packed.len > (size_t)LZ4_compressBound(raw) ||
        LZ4_decompress_safe((const char *)packed.data, (char *)states, (int)packed.len, raw) !=
            raw) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (states[i].state >= DELIVERY_STATES) {
            return false;
        }
    }
    return true;
}
