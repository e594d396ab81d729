/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/outbox.h"

#include <assert.h>
#include <stdalign.h>
#include <utlist.h>

#include "common/mem.h"

/* Doublings of the patience with a coordinator that does not confirm. */
#define OUTBOX_DOUBLINGS_MAX 6

void outbox_init(struct outbox *outbox, size_t max_bytes)
{
    *outbox = (struct outbox){.max_bytes = max_bytes};
}

static void outbox_remove(struct outbox *outbox, struct outbox_message *message)
{
    DL_DELETE(outbox->messages, message);
    outbox->count--;
    outbox->due -= message->is_due;
    outbox->bytes -= message->bytes;
    mem_free(message);
}

void outbox_release(struct outbox *outbox)
{
    while (outbox->messages != NULL) {
        outbox_remove(outbox, outbox->messages);
    }
}

bool outbox_has_room(const struct outbox *outbox)
{
    return outbox->bytes < outbox->max_bytes;
}

/* Message, groups, runs and refs in one piece. */
static size_t message_bytes(const struct wire_outcome_group *groups, unsigned count)
{
    size_t bytes = sizeof(struct outbox_message) + count * sizeof(*groups);
    for (unsigned g = 0; g < count; g++) {
        bytes += groups[g].run_count * sizeof(struct outcome_run);
        for (unsigned r = 0; r < groups[g].run_count; r++) {
            bytes += groups[g].runs[r].ref.len;
        }
    }
    return bytes;
}

static void message_copy(struct outbox_message *message, const struct wire_outcome_group *groups,
                         unsigned count)
{
    _Static_assert(alignof(struct wire_outcome_group) <= alignof(struct outbox_message) &&
                       alignof(struct outcome_run) <= alignof(struct wire_outcome_group),
                   "one behind the other without gaps");
    size_t all_runs = 0;
    for (unsigned g = 0; g < count; g++) {
        all_runs += groups[g].run_count;
    }
    struct wire_outcome_group *to = (struct wire_outcome_group *)(void *)(message + 1);
    struct outcome_run *runs = (struct outcome_run *)(void *)(to + count);
    uint8_t *refs = (uint8_t *)(runs + all_runs);
    message->groups = to;
    message->group_count = count;
    for (unsigned g = 0; g < count; g++) {
        to[g] = groups[g];
        to[g].runs = runs;
        for (unsigned r = 0; r < groups[g].run_count; r++, runs++) {
            *runs = groups[g].runs[r];
            if (runs->ref.len > 0) {
                memcpy(refs, runs->ref.data, runs->ref.len);
                runs->ref.data = refs;
                refs += runs->ref.len;
            }
        }
    }
}

void outbox_put(struct outbox *outbox, const struct wire_outcome_group *groups, unsigned count)
{
    assert(count >= 1 && count <= WIRE_GROUPS_MAX);
    size_t bytes = message_bytes(groups, count);
    struct outbox_message *message = mem_alloc(bytes);
    *message = (struct outbox_message){
        .seq = ++outbox->last_seq,
        .bytes = bytes,
        .is_due = true,
    };
    message_copy(message, groups, count);
    DL_APPEND(outbox->messages, message);
    outbox->count++;
    outbox->due++;
    outbox->bytes += bytes;
}

struct outbox_message *outbox_next(const struct outbox *outbox)
{
    struct outbox_message *message = outbox->due == 0 ? NULL : outbox->messages;
    while (message != NULL && !message->is_due) {
        message = message->next;
    }
    return message;
}

void outbox_on_sent(struct outbox *outbox, struct outbox_message *message, uint64_t now_ms)
{
    outbox->due -= message->is_due;
    message->is_due = false;
    message->sends++;
    message->sent_ms = now_ms;
}

void outbox_confirm(struct outbox *outbox, uint64_t seq)
{
    struct outbox_message *message = outbox->messages;
    while (message != NULL && message->seq < seq) {
        message = message->next;
    }
    if (message != NULL && message->seq == seq) {
        outbox_remove(outbox, message);
    }
}

static void outbox_make_due(struct outbox *outbox, struct outbox_message *message)
{
    outbox->due += !message->is_due;
    message->is_due = true;
}

void outbox_resend_all(struct outbox *outbox)
{
    for (struct outbox_message *m = outbox->messages; m != NULL; m = m->next) {
        outbox_make_due(outbox, m);
    }
}

void outbox_resend_overdue(struct outbox *outbox, uint32_t patience_ms, uint64_t now_ms)
{
    for (struct outbox_message *m = outbox->messages; m != NULL; m = m->next) {
        uint32_t doublings = m->sends < OUTBOX_DOUBLINGS_MAX ? m->sends : OUTBOX_DOUBLINGS_MAX;
        uint64_t wait_ms = ((uint64_t)patience_ms << doublings) / 2;
        if (!m->is_due && now_ms >= m->sent_ms + wait_ms) {
            outbox_make_due(outbox, m);
        }
    }
}
