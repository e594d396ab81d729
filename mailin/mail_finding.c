/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_finding.h"

#include <string.h>

#include "mailin/address_list.h"
#include "mailin/mail_header.h"
#include "mailin/mail_message.h"
#include "mailin/mail_reply.h"

#define REASON_NO_ADDRESS                                                                          \
    550 /* SMTP's "mailbox unavailable": the coordinator marks the endpoint                        \
         */
#define REASON_FULL    552
#define REASON_LATER   450
#define REASON_REFUSED 554

const char *mail_kind_word(enum mail_kind kind)
{
    static const char *const words[MAIL_KINDS] = {
#define MAIL_KIND_WORD(name, word) [MAIL_##name] = (word),
        MAIL_KIND_MAP(MAIL_KIND_WORD)
#undef MAIL_KIND_WORD
    };
    return words[kind];
}

/* ---- tokens ---- */

static bool take_token(struct mail_finding *finding, struct slice address,
                       const struct mail_finding_rules *rules)
{
    struct slice token;
    if (!address_token(address, rules->bounces, &token) &&
        !address_token(address, rules->replies, &token)) {
        return false;
    }
    memcpy(finding->token, token.data, TOKEN_CHARS);
    finding->token[TOKEN_CHARS] = '\0';
    return true;
}

static bool is_ours(struct slice address, const struct mail_finding_rules *rules)
{
    struct slice local = address_local(address);
    return mail_is(local, rules->replies) || mail_is(local, rules->bounces);
}

/* Every address of the fields of that name; the first with a token, or of ours, is kept. */
static bool find_in_fields(struct mail_finding *finding, struct slice header, const char *name,
                           const struct mail_finding_rules *rules, struct arena *arena)
{
    struct mail_field field;
    struct slice address;
    while (mail_header_next(&header, &field)) {
        struct slice value =
            mail_is(field.name, name) ? mail_field_unfold(&field, arena) : slice_str("");
        while (address_list_next(&value, &address)) {
            if (take_token(finding, address, rules)) {
                finding->to = address;
                return true;
            }
            if (finding->to.len == 0 && is_ours(address, rules)) {
                finding->to = address;
            }
        }
    }
    return false;
}

static void find_recipient(struct mail_finding *finding, struct slice header,
                           struct slice recipient, const struct mail_finding_rules *rules,
                           struct arena *arena)
{
    static const char *const names[] = {"X-Original-To", "Delivered-To", "X-Envelope-To",
                                        "Envelope-To",   "To",           "Cc"};
    struct slice address;
    if (recipient.len > 0) { /* the envelope's word ends the question */
        if (address_list_next(&recipient, &address) &&
            (take_token(finding, address, rules) || is_ours(address, rules))) {
            finding->to = address;
        }
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (find_in_fields(finding, header, names[i], rules, arena)) {
            return;
        }
    }
}

/* The token of `<https://n.example/u/TOKEN>`. */
static bool find_in_link(struct mail_finding *finding, struct slice value)
{
    for (size_t at = 0; at + 3 + TOKEN_CHARS <= value.len; at++) {
        struct slice token = slice_of(value.data + at + 3, TOKEN_CHARS);
        bool ends = at + 3 + TOKEN_CHARS == value.len ||
                    !mail_is_token(slice_of(token.data + 1, TOKEN_CHARS));
        if (memcmp(value.data + at, "/u/", 3) == 0 && ends && mail_is_token(token)) {
            memcpy(finding->token, token.data, TOKEN_CHARS);
            finding->token[TOKEN_CHARS] = '\0';
            return true;
        }
    }
    return false;
}

/* In our mail that came back. */
static void find_in_returned(struct mail_finding *finding, const struct mail_message *message,
                             const struct mail_finding_rules *rules, struct arena *arena)
{
    static const char *const names[] = {"Return-Path", "Reply-To"};
    struct slice header = mail_returned_header(message, arena);
    struct slice value;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (find_in_fields(finding, header, names[i], rules, arena)) {
            return;
        }
    }
    if (mail_header_find(header, "List-Unsubscribe", arena, &value)) {
        (void)find_in_link(finding, value);
    }
}

/* ---- machines ---- */

static void read_report(struct mail_finding *finding, const struct mail_report *report)
{
    uint16_t code = report->smtp_code;
    finding->status = report->status;
    switch (report->delivery) {
    case MAIL_DELIVERY_HARD:
        finding->kind = MAIL_BOUNCED;
        finding->reason = REASON_NO_ADDRESS;
        return;
    case MAIL_DELIVERY_SOFT:
        finding->kind = MAIL_FAILED;
        finding->reason = report->status.class == 4 ? REASON_LATER : REASON_REFUSED;
        if (report->status.subject == 2 && report->status.detail == 2) {
            finding->reason = REASON_FULL;
        } else if (code != 0 && code != 550 && code != 551 && code != 553) {
            finding->reason = code; /* those three would mark the address */
        }
        return;
    case MAIL_DELIVERY_DONE:
        finding->kind = MAIL_DELIVERED;
        return;
    case MAIL_DELIVERY_RELAYED:
        finding->kind = MAIL_RELAYED;
        return;
    case MAIL_DELIVERY_DELAYED:
        finding->kind = MAIL_DELAYED;
        return;
    case MAIL_DELIVERY_UNKNOWN:
        finding->kind = MAIL_UNREADABLE;
        return;
    }
}

/* True: a machine's report, and what it says. */
static bool find_report(struct mail_finding *finding, const struct mail_message *message,
                        const struct mail_finding_rules *rules, struct arena *arena)
{
    struct mail_report report;
    struct slice mail_from;
    enum mail_feedback feedback = mail_feedback_read(message, arena, &mail_from);
    if (feedback != MAIL_FEEDBACK_NONE) {
        struct slice address;
        finding->kind = feedback == MAIL_FEEDBACK_COMPLAINT ? MAIL_COMPLAINED : MAIL_OTHER;
        if (finding->token[0] == '\0' && address_list_next(&mail_from, &address)) {
            (void)take_token(finding, address, rules);
        }
    } else if (mail_report_read(&report, message, arena)) {
        read_report(finding, &report);
    } else {
        return false;
    }
    if (finding->token[0] == '\0') {
        find_in_returned(finding, message, rules, arena);
    }
    if (finding->token[0] == '\0') {
        finding->kind = MAIL_OTHER; /* of a mail that was not ours */
    }
    return true;
}

/* ---- people ---- */

static size_t skip_digits(struct slice text, size_t at)
{
    while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9') {
        at++;
    }
    return at;
}

/* Message-ID as the smtp adapter writes it: campaign-ordinal-step[-round].16 hex digits@domain. */
static bool is_our_message_id(struct slice id)
{
    size_t at = 0;
    for (unsigned number = 0; number < 4; number++) {
        size_t end = skip_digits(id, at);
        if (end == at || end >= id.len) {
            return false;
        }
        at = end + 1;
        if (id.data[end] == '.' && number >= 2) {
            break;
        }
        if (id.data[end] != '-' || number == 3) {
            return false;
        }
    }
    size_t hex = 0;
    while (at + hex < id.len && memchr("0123456789abcdef", id.data[at + hex], 16) != NULL) {
        hex++;
    }
    return hex == 16 && at + hex < id.len && id.data[at + hex] == '@';
}

static bool answers_ours(struct slice header, struct arena *arena)
{
    static const char *const names[] = {"In-Reply-To", "References"};
    struct slice value;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)mail_header_find(header, names[i], arena, &value);
        while (value.len > 0) {
            (void)slice_take_until(&value, '<');
            if (is_our_message_id(slice_take_until(&value, '>'))) {
                return true;
            }
        }
    }
    return false;
}

static bool is_by_machine(const struct mail_message *message, struct arena *arena)
{
    return mail_is_automatic(message->parts[0].header, arena) ||
           mail_begins(message->parts[0].type, "multipart/report");
}

static void find_reply(struct mail_finding *finding, const struct mail_message *message,
                       struct arena *arena)
{
    struct slice header = message->parts[0].header;
    struct slice value;
    if (finding->to.len == 0 && !answers_ours(header, arena)) {
        finding->kind = MAIL_OTHER;
        return;
    }
    if (is_by_machine(message, arena)) {
        finding->kind = MAIL_AUTOMATIC;
        return;
    }
    if (mail_is_from_nobody(header, arena)) { /* a bounce of a form that is not known here */
        finding->kind = MAIL_UNREADABLE;
        return;
    }
    (void)mail_header_find(header, "From", arena, &value);
    if (!address_list_next(&value, &finding->from) || finding->from.len == 0) {
        finding->kind = MAIL_UNREADABLE;
        return;
    }
    (void)mail_header_find(header, "Message-ID", arena, &finding->message_id);
    finding->text = mail_reply_text(message, arena);
    finding->kind = finding->text.len > 0 ? MAIL_REPLY : MAIL_UNREADABLE;
}

void mail_find(struct mail_finding *finding, struct slice bytes, struct slice recipient,
               const struct mail_finding_rules *rules, struct arena *arena)
{
    struct mail_message *message = arena_alloc(arena, sizeof(*message));
    *finding = (struct mail_finding){.kind = MAIL_OTHER};
    mail_message_read(message, bytes, arena);
    find_recipient(finding, message->parts[0].header, recipient, rules, arena);
    if (!find_report(finding, message, rules, arena)) {
        find_reply(finding, message, arena);
    }
}
