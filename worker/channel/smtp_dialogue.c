/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/smtp_dialogue.h"

#include <assert.h>

/* What a good reply leads to; a bad one is handled by dialogue_refuse. */
static const struct {
    enum smtp_stage stage;
    uint16_t good_code; /* its first digit counts */
    enum smtp_state next;
} steps[] = {
    [SMTP_STATE_MAIL] = {SMTP_STAGE_MAIL, 200, SMTP_STATE_RCPT},
    [SMTP_STATE_RCPT] = {SMTP_STAGE_RCPT, 200, SMTP_STATE_DATA},
    [SMTP_STATE_DATA] = {SMTP_STAGE_DATA, 300, SMTP_STATE_END},
    [SMTP_STATE_END] = {SMTP_STAGE_END, 200, SMTP_STATE_IDLE},
};

void smtp_dialogue_init(struct smtp_dialogue *dialogue)
{
    *dialogue = (struct smtp_dialogue){.state = SMTP_STATE_IDLE};
}

void smtp_dialogue_release(struct smtp_dialogue *dialogue)
{
    buf_release(&dialogue->in);
    buf_release(&dialogue->out);
    buf_release(&dialogue->to);
    buf_release(&dialogue->message);
}

void smtp_dialogue_reset(struct smtp_dialogue *dialogue, const struct smtp_features *features)
{
    dialogue->state = SMTP_STATE_IDLE;
    dialogue->features = *features;
    dialogue->out_at = 0;
    buf_clear(&dialogue->in);
    buf_clear(&dialogue->out);
}

/* --- sending --- */

static void send_rcpt(struct smtp_dialogue *dialogue)
{
    buf_str(&dialogue->out, "RCPT TO:<");
    buf_slice(&dialogue->out, buf_view(&dialogue->to));
    buf_str(&dialogue->out, ">\r\n");
}

static void send_data(struct smtp_dialogue *dialogue)
{
    buf_str(&dialogue->out, "DATA\r\n");
}

/* A line that begins with a dot gets another (RFC 5321 section 4.5.2). */
static void send_body(struct smtp_dialogue *dialogue)
{
    struct slice rest = dialogue->refused ? slice_of(NULL, 0) : buf_view(&dialogue->message);
    (void)buf_reserve(&dialogue->out, rest.len + 8);
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.data) + 1;
        if (rest.data[0] == '.') {
            buf_u8(&dialogue->out, '.');
        }
        buf_append(&dialogue->out, rest.data, len);
        rest = slice_of(rest.data + len, rest.len - len);
    }
    buf_str(&dialogue->out, ".\r\n");
}

static void send_mail(struct smtp_dialogue *dialogue, const struct smtp_envelope *envelope)
{
    buf_str(&dialogue->out, "MAIL FROM:<");
    buf_slice(&dialogue->out, envelope->from);
    buf_str(&dialogue->out, ">");
    if (dialogue->features.size) {
        buf_printf(&dialogue->out, " SIZE=%zu", dialogue->message.len);
    }
    buf_str(&dialogue->out, envelope->needs_utf8 ? " SMTPUTF8\r\n" : "\r\n");
}

struct slice smtp_dialogue_unsent(const struct smtp_dialogue *dialogue)
{
    struct slice all = buf_view(&dialogue->out);
    return all.len == 0 ? all : slice_of(all.data + dialogue->out_at, all.len - dialogue->out_at);
}

void smtp_dialogue_sent(struct smtp_dialogue *dialogue, size_t len)
{
    dialogue->out_at += len;
    assert(dialogue->out_at <= dialogue->out.len);
    if (dialogue->out_at == dialogue->out.len) {
        buf_clear(&dialogue->out);
        dialogue->out_at = 0;
    }
}

/* --- receiving --- */

static void verdict_set(struct smtp_dialogue *dialogue, enum outcome outcome, unsigned reason,
                        struct slice ref)
{
    dialogue->verdict.outcome = outcome;
    dialogue->verdict.reason = (uint16_t)reason;
    if (ref.len > 0) {
        memcpy(dialogue->verdict.ref, ref.data, ref.len);
    }
    dialogue->verdict.ref[ref.len] = '\0';
}

static void dialogue_judge(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
    if (!dialogue->refused) {
        enum smtp_stage stage = steps[dialogue->state].stage;
        enum outcome outcome = smtp_reply_outcome(reply, stage);
        bool is_accepted = outcome == OUTCOME_ACCEPTED;
        verdict_set(dialogue, outcome, reply->code,
                    is_accepted ? smtp_reply_queue_id(reply) : slice_of(NULL, 0));
        dialogue->refused = !is_accepted;
    }
}

enum smtp_event smtp_dialogue_mail(struct smtp_dialogue *dialogue,
                                   const struct smtp_envelope *envelope)
{
    assert(dialogue->state == SMTP_STATE_IDLE);
    if (envelope->needs_utf8 && !dialogue->features.utf8) {
        verdict_set(dialogue, OUTCOME_REJECTED, REASON_ADDRESS_NOT_ASCII, slice_of(NULL, 0));
        return SMTP_EVENT_DONE;
    }
    dialogue->state = SMTP_STATE_MAIL;
    dialogue->refused = false;
    dialogue->answered = false;
    buf_clear(&dialogue->to);
    buf_slice(&dialogue->to, envelope->to);
    buf_clear(&dialogue->out);
    dialogue->out_at = 0;
    send_mail(dialogue, envelope);
    if (dialogue->features.pipelining) {
        send_rcpt(dialogue);
        send_data(dialogue);
    }
    return SMTP_EVENT_NONE;
}

static enum smtp_event dialogue_finish(struct smtp_dialogue *dialogue)
{
    dialogue->state = SMTP_STATE_IDLE;
    return SMTP_EVENT_DONE;
}

/* The transaction is open at the server and must not stay so. */
static void dialogue_undo(struct smtp_dialogue *dialogue)
{
    buf_str(&dialogue->out, "RSET\r\n");
    dialogue->state = SMTP_STATE_RSET;
}

/* After a reply that is not the hoped-for one, or when the mail is refused already. */
static enum smtp_event dialogue_go_on_refused(struct smtp_dialogue *dialogue)
{
    bool is_pipelined = dialogue->features.pipelining;
    switch (dialogue->state) {
    case SMTP_STATE_MAIL:
        if (!is_pipelined) {
            return dialogue_finish(dialogue);
        }
        dialogue->state = SMTP_STATE_RCPT;
        return SMTP_EVENT_NONE;
    case SMTP_STATE_RCPT:
        if (is_pipelined) {
            dialogue->state = SMTP_STATE_DATA;
        } else {
            dialogue_undo(dialogue);
        }
        return SMTP_EVENT_NONE;
    case SMTP_STATE_DATA:
        dialogue_undo(dialogue);
        return SMTP_EVENT_NONE;
    case SMTP_STATE_END:
    case SMTP_STATE_RSET:
    case SMTP_STATE_IDLE:
        break;
    }
    return dialogue_finish(dialogue);
}

static enum smtp_event dialogue_go_on(struct smtp_dialogue *dialogue)
{
    bool is_pipelined = dialogue->features.pipelining;
    dialogue->state = steps[dialogue->state].next;
    if (dialogue->state == SMTP_STATE_IDLE) {
        return SMTP_EVENT_DONE;
    }
    if (dialogue->state == SMTP_STATE_END) {
        send_body(dialogue);
    } else if (!is_pipelined && dialogue->state == SMTP_STATE_RCPT) {
        send_rcpt(dialogue);
    } else if (!is_pipelined) {
        send_data(dialogue);
    }
    return SMTP_EVENT_NONE;
}

static enum smtp_event dialogue_on_reply(struct smtp_dialogue *dialogue,
                                         const struct smtp_reply *reply)
{
    enum smtp_state state = dialogue->state;
    if (state == SMTP_STATE_IDLE) {
        return SMTP_EVENT_BROKEN; /* unasked: 421, it is about to hang up */
    }
    dialogue->answered = true;
    if (state == SMTP_STATE_RSET) {
        return reply->code / 100 == 2 ? dialogue_finish(dialogue) : SMTP_EVENT_BROKEN;
    }
    bool is_good = reply->code / 100 == steps[state].good_code / 100;
    if (!is_good || state == SMTP_STATE_END) {
        dialogue_judge(dialogue, reply);
    }
    if (reply->code == 421) {
        return SMTP_EVENT_BROKEN;
    }
    /* Refused, and yet asked for its data: an empty mail ends the transaction. */
    bool goes_on = is_good && (!dialogue->refused || state == SMTP_STATE_DATA);
    return goes_on ? dialogue_go_on(dialogue) : dialogue_go_on_refused(dialogue);
}

enum smtp_event smtp_dialogue_receive(struct smtp_dialogue *dialogue, struct slice bytes)
{
    enum smtp_event event = SMTP_EVENT_NONE;
    buf_slice(&dialogue->in, bytes);
    size_t at = 0;
    while (event == SMTP_EVENT_NONE) {
        struct smtp_reply reply;
        size_t used;
        enum smtp_parse parse = smtp_reply_parse(
            slice_of(dialogue->in.data + at, dialogue->in.len - at), &reply, &used);
        if (parse == SMTP_PARSE_MORE) {
            break;
        }
        if (parse == SMTP_PARSE_GARBAGE) {
            return SMTP_EVENT_BROKEN;
        }
        event = dialogue_on_reply(dialogue, &reply);
        at += used;
    }
    if (at > 0) {
        memmove(dialogue->in.data, dialogue->in.data + at, dialogue->in.len - at);
        dialogue->in.len -= at;
    }
    return event;
}

void smtp_dialogue_lost(struct smtp_dialogue *dialogue, bool timed_out)
{
    bool end_has_left =
        dialogue->state == SMTP_STATE_END && smtp_dialogue_unsent(dialogue).len == 0;
    bool is_judged = dialogue->refused || dialogue->state == SMTP_STATE_IDLE;
    dialogue->state = SMTP_STATE_IDLE;
    if (is_judged) {
        return;
    }
    if (end_has_left) {
        verdict_set(dialogue, OUTCOME_UNCERTAIN,
                    timed_out ? REASON_TIMED_OUT_AFTER : REASON_CONNECTION_LOST, slice_of(NULL, 0));
    } else {
        verdict_set(dialogue, OUTCOME_DEFERRED,
                    timed_out ? REASON_TIMED_OUT_BEFORE : REASON_CONNECT_FAILED, slice_of(NULL, 0));
    }
}
