/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/smtp_reply.h"

#include <strings.h>

/* Shorter words at the end of a reply are words. */
#define QUEUE_ID_MIN_CHARS 5

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* Digits in front, at most `max`; moves on behind them. False if there is none. */
static bool take_number(struct slice *text, unsigned max, uint16_t *number)
{
    unsigned digits = 0;
    unsigned value = 0;
    while (digits < max && digits < text->len && is_digit(text->data[digits])) {
        value = value * 10 + (unsigned)(text->data[digits] - '0');
        digits++;
    }
    *number = (uint16_t)value;
    *text = slice_of(text->data + digits, text->len - digits);
    return digits > 0;
}

static bool take_byte(struct slice *text, uint8_t byte)
{
    if (text->len == 0 || text->data[0] != byte) {
        return false;
    }
    *text = slice_of(text->data + 1, text->len - 1);
    return true;
}

/* "5.7.1 text" -> status and "text". */
static void take_status(struct slice *text, struct smtp_reply *reply)
{
    struct slice rest = *text;
    uint16_t class;
    uint16_t subject;
    uint16_t detail;
    if (take_number(&rest, 1, &class) && take_byte(&rest, '.') && take_number(&rest, 3, &subject) &&
        take_byte(&rest, '.') && take_number(&rest, 3, &detail) &&
        (rest.len == 0 || take_byte(&rest, ' '))) {
        if (reply->status_class == 0) {
            reply->status_class = (uint8_t) class;
            reply->status_subject = subject;
            reply->status_detail = detail;
        }
        *text = rest;
    }
}

/* A line without its end. False if it is none of a reply. */
static bool line_parse(struct slice line, struct smtp_reply *reply, bool *is_last)
{
    uint16_t code;
    struct slice rest = line;
    if (line.len < 3 || !is_digit(line.data[2]) || !take_number(&rest, 3, &code) || code < 200 ||
        code > 599) {
        return false;
    }
    *is_last = !take_byte(&rest, '-');
    if (*is_last && rest.len > 0 && !take_byte(&rest, ' ')) {
        return false;
    }
    reply->code = code;
    take_status(&rest, reply);
    reply->text = rest;
    return true;
}

enum smtp_parse smtp_reply_parse(struct slice bytes, struct smtp_reply *reply, size_t *used)
{
    *reply = (struct smtp_reply){0};
    bool is_last = false;
    size_t at = 0;
    while (!is_last) {
        const uint8_t *end = at < bytes.len ? memchr(bytes.data + at, '\n', bytes.len - at) : NULL;
        if (end == NULL) {
            return bytes.len > SMTP_REPLY_MAX_BYTES ? SMTP_PARSE_GARBAGE : SMTP_PARSE_MORE;
        }
        size_t len = (size_t)(end - (bytes.data + at));
        struct slice line = slice_of(bytes.data + at, len);
        if (line.len > 0 && line.data[line.len - 1] == '\r') {
            line.len--;
        }
        if (!line_parse(line, reply, &is_last)) {
            return SMTP_PARSE_GARBAGE;
        }
        at += len + 1;
    }
    *used = at;
    return SMTP_PARSE_REPLY;
}

/* --- meaning --- */

#define ANY        0xffff
#define STAGE(of)  (1U << SMTP_STAGE_##of)
#define ALL_STAGES (STAGE(CONNECT) | STAGE(MAIL) | STAGE(RCPT) | STAGE(DATA) | STAGE(END))

/* The first row that fits counts. */
static const struct {
    uint16_t first_code;
    uint16_t last_code;
    uint16_t subject; /* of the enhanced status; ANY: also none */
    uint16_t first_detail;
    uint16_t last_detail;
    unsigned stages;
    enum outcome outcome;
} meanings[] = {
    {200, 299, ANY, 0, 0, STAGE(END), OUTCOME_ACCEPTED},
    {421, 421, ANY, 0, 0, ALL_STAGES, OUTCOME_THROTTLED},
    {454, 454, ANY, 0, 0, ALL_STAGES, OUTCOME_THROTTLED},
    {400, 499, ANY, 0, 0, ALL_STAGES, OUTCOME_DEFERRED},
    {530, 530, ANY, 0, 0, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {534, 535, ANY, 0, 0, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {538, 538, ANY, 0, 0, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {500, 599, 1, 7, 8, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {500, 599, 7, 0, 0, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {500, 599, 7, 8, 9, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {500, 599, 7, 11, 11, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {500, 599, 7, 14, 14, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {500, 599, 7, 20, 27, ALL_STAGES, OUTCOME_MISCONFIGURED},
    {552, 552, ANY, 0, 0, STAGE(MAIL), OUTCOME_REJECTED},
    {500, 599, 2, 3, 3, STAGE(MAIL), OUTCOME_REJECTED},
    {500, 599, 3, 4, 4, STAGE(MAIL), OUTCOME_REJECTED},
    {500, 599, ANY, 0, 0, STAGE(CONNECT) | STAGE(MAIL), OUTCOME_MISCONFIGURED},
    {500, 599, ANY, 0, 0, STAGE(RCPT) | STAGE(DATA) | STAGE(END), OUTCOME_REJECTED},
};

/* Servers commonly wait for RCPT before they refuse the client, its name or the sender, and then
 * the words alone tell it from a refusal of the recipient. */
static const char *const words_about_all[] = {
    "relay",                   /* Postfix, Exim, Exchange */
    "relaying",                /* Sendmail */
    "sender address rejected", /* Postfix, as the next two */
    "client host rejected",
    "helo command rejected",
};

/* Is it a whole word (or some) between blanks, with a mark behind it at most? Parts of an address
 * are none, which anybody may have chosen. */
static bool is_word_at(struct slice text, size_t at, size_t len)
{
    size_t end = at + len;
    if (end < text.len && strchr(".,:;!)", text.data[end]) != NULL) {
        end++;
    }
    return (at == 0 || text.data[at - 1] == ' ') && (end >= text.len || text.data[end] == ' ');
}

static bool has_word(struct slice text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (strncasecmp((const char *)text.data + i, word, len) == 0 && is_word_at(text, i, len)) {
            return true;
        }
    }
    return false;
}

static bool is_about_all(struct slice text)
{
    bool is_found = false;
    for (size_t i = 0; i < sizeof(words_about_all) / sizeof(words_about_all[0]); i++) {
        is_found = is_found || has_word(text, words_about_all[i]);
    }
    return is_found;
}

enum outcome smtp_reply_outcome(const struct smtp_reply *reply, enum smtp_stage stage)
{
    /* 454 is how Postfix refuses to relay, unless it is told to be harder. */
    bool is_refusal = reply->code >= 500 || reply->code == 454;
    if (is_refusal && stage == SMTP_STAGE_RCPT && is_about_all(reply->text)) {
        return OUTCOME_MISCONFIGURED;
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        bool has_status =
            meanings[i].subject == ANY ||
            (reply->status_class == 5 && meanings[i].subject == reply->status_subject &&
             reply->status_detail >= meanings[i].first_detail &&
             reply->status_detail <= meanings[i].last_detail);
        if (has_status && reply->code >= meanings[i].first_code &&
            reply->code <= meanings[i].last_code && (meanings[i].stages & (1U << stage)) != 0) {
            return meanings[i].outcome;
        }
    }
    return OUTCOME_DEFERRED; /* a reply that was not due here */
}

struct slice smtp_reply_queue_id(const struct smtp_reply *reply)
{
    struct slice text = reply->text;
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == ')')) {
        text.len--;
    }
    size_t from = text.len;
    bool has_digit = false;
    while (from > 0 && text.data[from - 1] != ' ' && text.data[from - 1] != '=' &&
           text.data[from - 1] != '<') {
        from--;
        has_digit = has_digit || is_digit(text.data[from]);
    }
    struct slice id = slice_of(text.data + from, text.len - from);
    bool is_id = has_digit && id.len >= QUEUE_ID_MIN_CHARS && id.len <= OUTCOME_REF_MAX;
    return is_id ? id : slice_of(NULL, 0);
}
