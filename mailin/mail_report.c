/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_report.h"

#include <stdio.h>
#include <string.h>

#include "mailin/mail_header.h"
#include "mailin/mail_reply.h"

/* ---- status codes ---- */

static bool take_number(struct slice *text, unsigned *number)
{
    size_t len = 0;
    *number = 0;
    while (len < text->len && len < 3 && text->data[len] >= '0' && text->data[len] <= '9') {
        *number = *number * 10 + text->data[len] - '0';
        len++;
    }
    *text = slice_of(text->data + len, text->len - len);
    return len > 0 && (text->len == 0 || text->data[0] < '0' || text->data[0] > '9');
}

static bool take_dot(struct slice *text)
{
    bool is_there = text->len > 0 && text->data[0] == '.';
    *text = is_there ? slice_of(text->data + 1, text->len - 1) : *text;
    return is_there;
}

bool mail_status_read(struct slice text, struct mail_status *status)
{
    struct mail_status read;
    text = mail_trim(text);
    if (!take_number(&text, &read.class) || !take_dot(&text) ||
        !take_number(&text, &read.subject) || !take_dot(&text) ||
        !take_number(&text, &read.detail)) {
        return false;
    }
    if ((read.class != 2 && read.class != 4 && read.class != 5) ||
        (text.len > 0 && text.data[0] == '.')) {
        return false;
    }
    *status = read;
    return true;
}

void mail_status_write(char out[MAIL_STATUS_CHARS], const struct mail_status *status)
{
    out[0] = '\0';
    if (status->class != 0) {
        (void)snprintf(out, MAIL_STATUS_CHARS, "%u.%u.%u", status->class % 10,
                       status->subject % 1000, status->detail % 1000);
    }
}

/* Mailbox does not exist, domain does not exist, address is none, has moved without a new one, the
 * domain takes no mail (RFC 3463, RFC 7505). */
static bool is_of_address(const struct mail_status *status)
{
    static const unsigned details[] = {1, 2, 3, 6, 10};
    for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
        if (status->class == 5 && status->subject == 1 && status->detail == details[i]) {
            return true;
        }
    }
    return false;
}

/* ---- one recipient ---- */

/* "smtp; 550-5.1.1 no such user": the reply's code, and its enhanced code if it has one. */
static void read_diagnostic(struct slice value, uint16_t *code, struct mail_status *status)
{
    unsigned number;
    (void)slice_take_until(&value, ';');
    value = mail_trim(value);
    if (!take_number(&value, &number) || number < 400 || number > 599) {
        return;
    }
    *code = (uint16_t)number;
    if (value.len > 0 && (value.data[0] == ' ' || value.data[0] == '-')) {
        value = slice_of(value.data + 1, value.len - 1);
        if (value.len > 0 && value.data[0] == '#') { /* as some write it */
            value = slice_of(value.data + 1, value.len - 1);
        }
        (void)mail_status_read(value, status);
    }
}

static enum mail_delivery failed_by(const struct mail_status *status)
{
    return is_of_address(status) ? MAIL_DELIVERY_HARD : MAIL_DELIVERY_SOFT;
}

/* One more recipient of the report. */
static void keep_gravest(struct mail_report *report, enum mail_delivery delivery,
                         const struct mail_status *status, uint16_t code)
{
    report->recipients++;
    if (delivery > report->delivery || report->recipients == 1) {
        report->delivery = delivery;
        report->status = *status;
        report->smtp_code = code;
    }
}

static enum mail_delivery delivery_of(struct slice action, const struct mail_status *status)
{
    if (mail_begins(action, "delivered")) {
        return MAIL_DELIVERY_DONE;
    }
    if (mail_begins(action, "relayed") || mail_begins(action, "expanded")) {
        return MAIL_DELIVERY_RELAYED;
    }
    if (mail_begins(action, "delayed")) {
        return MAIL_DELIVERY_DELAYED;
    }
    if (mail_begins(action, "failed")) {
        return failed_by(status);
    }
    /* The status alone: of the fifth class it is final, of the fourth nobody has given up. */
    switch (status->class) {
    case 5:
        return failed_by(status);
    case 4:
        return MAIL_DELIVERY_DELAYED;
    case 2:
        return MAIL_DELIVERY_RELAYED; /* it does not say more */
    default:
        return MAIL_DELIVERY_UNKNOWN;
    }
}

static void read_recipient(struct mail_report *report, struct slice group, struct arena *arena)
{
    struct slice action;
    struct slice value;
    struct mail_status status = {0};
    struct mail_status said = {0};
    uint16_t code = 0;
    (void)mail_header_find(group, "Action", arena, &action);
    if (mail_header_find(group, "Status", arena, &value)) {
        (void)mail_status_read(value, &status);
    }
    if (mail_header_find(group, "Diagnostic-Code", arena, &value)) {
        read_diagnostic(value, &code, &said);
    }
    /* x.0.0 says nothing; the other server's own words do. */
    if (said.class != 0 && (status.class == 0 || (status.class == said.class &&
                                                  status.subject == 0 && status.detail == 0))) {
        status = said;
    }
    keep_gravest(report, delivery_of(action, &status), &status, code);
}

/* ---- reports ---- */

/* Fields up to an empty line; empty lines before it are passed over. */
static bool take_group(struct slice *rest, struct slice *group)
{
    while (rest->len > 0 && (rest->data[0] == '\n' || rest->data[0] == '\r')) {
        *rest = slice_of(rest->data + 1, rest->len - 1);
    }
    if (rest->len == 0) {
        return false;
    }
    *group = mail_header_split(*rest, rest);
    return true;
}

static bool is_recipient(struct slice group, struct arena *arena)
{
    struct slice value;
    return mail_header_find(group, "Final-Recipient", arena, &value) ||
           mail_header_find(group, "Original-Recipient", arena, &value) ||
           mail_header_find(group, "Action", arena, &value);
}

void mail_report_read_status(struct mail_report *report, struct slice text, struct arena *arena)
{
    struct slice group;
    *report = (struct mail_report){0};
    while (report->recipients < MAIL_REPORT_RECIPIENTS_MAX && take_group(&text, &group)) {
        if (is_recipient(group, arena)) {
            read_recipient(report, group, arena);
        }
    }
}

/* ---- qmail's reports: paragraphs, of which those that begin with `<` are of a recipient ---- */

static struct slice take_paragraph(struct slice *rest)
{
    struct slice line;
    while (rest->len > 0 && (rest->data[0] == '\n' || rest->data[0] == '\r')) {
        *rest = slice_of(rest->data + 1, rest->len - 1);
    }
    const uint8_t *begin = rest->data;
    size_t len = 0;
    while (mail_line_next(rest, &line) && mail_trim(line).len > 0) {
        len = (size_t)(line.data + line.len - begin);
    }
    return slice_of(begin, len);
}

/* The last "(#5.1.1)" of a paragraph. */
static void read_hash_status(struct slice paragraph, struct mail_status *status)
{
    for (size_t at = 0; at + 2 < paragraph.len; at++) {
        if (memcmp(paragraph.data + at, "(#", 2) == 0) {
            (void)mail_status_read(slice_of(paragraph.data + at + 2, paragraph.len - at - 2),
                                   status);
        }
    }
}

bool mail_report_read_plain(struct mail_report *report, struct slice text)
{
    *report = (struct mail_report){0};
    if (!mail_begins(mail_trim(text), "Hi. This is the")) {
        return false;
    }
    while (text.len > 0 && report->recipients < MAIL_REPORT_RECIPIENTS_MAX) {
        struct slice paragraph = take_paragraph(&text);
        struct mail_status status = {0};
        if (mail_begins(paragraph, "-")) {
            break; /* a copy of the mail stands below */
        }
        if (mail_begins(paragraph, "<")) {
            read_hash_status(paragraph, &status);
            keep_gravest(report, failed_by(&status), &status, 0);
        }
    }
    return true;
}

/* The parts of a report, also where the mail does not say that it is one. */
static const struct mail_part *find_any(const struct mail_message *message,
                                        const char *const *types, struct arena *arena)
{
    for (; *types != NULL; types++) {
        const struct mail_part *part = mail_message_part(message, *types, arena);
        if (part != NULL) {
            return part;
        }
    }
    return NULL;
}

bool mail_report_read(struct mail_report *report, const struct mail_message *message,
                      struct arena *arena)
{
    static const char *const types[] = {"message/delivery-status", "message/global-delivery-status",
                                        NULL};
    static const char *const plain[] = {"text/plain", NULL};
    const struct mail_part *part = find_any(message, types, arena);
    if (part != NULL) {
        mail_report_read_status(report, mail_part_bytes(part, arena), arena);
        return true;
    }
    if (!mail_is_from_nobody(message->parts[0].header, arena)) {
        return false; /* people, too, begin with "Hi. This is the ..." */
    }
    part = find_any(message, plain, arena);
    return part != NULL && mail_report_read_plain(report, mail_part_bytes(part, arena));
}

enum mail_feedback mail_feedback_read(const struct mail_message *message, struct arena *arena,
                                      struct slice *mail_from)
{
    static const char *const types[] = {"message/feedback-report", NULL};
    static const char *const complaints[] = {"abuse", "fraud", "opt-out", "opt-out-list"};
    const struct mail_part *part = find_any(message, types, arena);
    struct slice type;
    *mail_from = slice_str("");
    if (part == NULL) {
        return MAIL_FEEDBACK_NONE;
    }
    struct slice fields = mail_part_bytes(part, arena);
    (void)mail_header_find(fields, "Original-Mail-From", arena, mail_from);
    (void)mail_header_find(fields, "Feedback-Type", arena, &type);
    type = mail_value_word(type, arena);
    for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
        if (slice_is(type, complaints[i])) {
            return MAIL_FEEDBACK_COMPLAINT;
        }
    }
    return MAIL_FEEDBACK_OTHER;
}

struct slice mail_returned_header(const struct mail_message *message, struct arena *arena)
{
    static const char *const types[] = {"message/rfc822", "text/rfc822-headers", "message/global",
                                        "message/global-headers", NULL};
    for (const char *const *type = types; *type != NULL; type++) {
        for (unsigned i = 1; i < message->count; i++) { /* attached or not: Exchange attaches it */
            if (slice_is(message->parts[i].type, *type)) {
                return mail_header_split(mail_part_bytes(&message->parts[i], arena), NULL);
            }
        }
    }
    return slice_str("");
}
