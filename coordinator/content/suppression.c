/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/suppression.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "coordinator/audience/endpoint.h"

#define VALUE_VERSION 1
#define LIST_NAMES    160

static const struct {
    const char *name;
    uint16_t reason;
} REASONS[] = {
    {"opt_out", REASON_OPTED_OUT}, {"complaint", REASON_COMPLAINED}, {"bounced", REASON_BOUNCED},
    {"invalid", REASON_INVALID},   {"legal", REASON_LEGAL},          {"manual", REASON_MANUAL},
};
#define REASON_COUNT (sizeof(REASONS) / sizeof(REASONS[0]))

static const char *const REASON_NAMES[] = {"opt_out", "complaint", "bounced", "invalid",
                                           "legal",   "manual",    NULL};

const char *suppression_reason_name(uint16_t reason)
{
    for (size_t i = 0; i < REASON_COUNT; i++) {
        if (REASONS[i].reason == reason) {
            return REASONS[i].name;
        }
    }
    return NULL;
}

bool suppression_reason_parse(struct slice name, uint16_t *reason)
{
    for (size_t i = 0; i < REASON_COUNT; i++) {
        if (slice_equal(slice_str(REASONS[i].name), name)) {
            *reason = REASONS[i].reason;
            return true;
        }
    }
    return false;
}

const char *const *suppression_reason_names(void)
{
    return REASON_NAMES;
}

static enum err refuse_word(struct problem *problem, const char *what, struct slice word,
                            const char *const *known)
{
    char names[LIST_NAMES] = "";
    for (unsigned i = 0; known[i] != NULL; i++) {
        size_t len = strlen(names);
        snprintf(names + len, sizeof(names) - len, "%s%s", i == 0 ? "" : ", ", known[i]);
    }
    return problem_set(problem, ERR_INVALID, "there is no %s \"%.*s\"; the %ss are %s", what,
                       word.len > 64 ? 64 : (int)word.len, (const char *)word.data, what, names);
}

/* A value is one line of text that can stand in a path. */
static bool is_line(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return false;
        }
    }
    size_t bad_at = 0;
    return text_is_utf8(text, &bad_at);
}

static enum endpoint_flaw normalise(enum page_field field, struct cell *cell)
{
    switch (field) {
    case PAGE_FIELD_EMAIL:
        return endpoint_email(cell);
    case PAGE_FIELD_PHONE:
        return endpoint_phone(cell);
    case PAGE_FIELD_PUSH:
        return endpoint_push(cell);
    case PAGE_FIELD_WEBHOOK:
        return endpoint_webhook(cell);
    case PAGE_FIELD_KEY:
    case PAGE_FIELD_LOCALE:
    case PAGE_FIELD_TIMEZONE:
    case PAGE_FIELD_VARIABLE:
    case PAGE_FIELDS:
        break;
    }
    return ENDPOINT_FLAW_NONE;
}

/* Addresses that differ in case alone reach the same person. */
static void lower(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
    }
}

static enum err set_endpoint(struct suppression *entry, struct problem *problem)
{
    enum page_field field = channel_kind_field((enum channel_kind)entry->channel);
    struct cell cell = {.text = (uint8_t *)entry->value, .len = strlen(entry->value)};
    enum endpoint_flaw flaw = normalise(field, &cell);
    if (flaw != ENDPOINT_FLAW_NONE) {
        return problem_set(problem, ERR_INVALID, "\"%.64s\" %s", entry->value,
                           endpoint_flaw_sentence(flaw));
    }
    memmove(entry->value, cell.text, cell.len);
    entry->value[cell.len] = '\0';
    if (field == PAGE_FIELD_EMAIL) {
        lower(entry->value);
    }
    return ERR_OK;
}

enum err suppression_set(struct suppression *entry, bool is_contact, struct slice channel,
                         struct slice value, struct problem *problem)
{
    enum channel_kind kind = CHANNEL_KINDS;
    if (channel.len > 0 && !channel_kind_parse(channel, &kind)) {
        return refuse_word(problem, "channel", channel, channel_kind_names());
    }
    if (channel.len == 0 && !is_contact) {
        return problem_set(problem, ERR_INVALID, "an endpoint needs its channel: email, sms, ...");
    }
    if (value.len == 0 || value.len > SUPPRESSION_VALUE_MAX || !is_line(value)) {
        return problem_set(problem, ERR_INVALID,
                           "an endpoint or a contact is one line of 1 to %d bytes of UTF-8",
                           SUPPRESSION_VALUE_MAX);
    }
    entry->kind = is_contact ? SUPPRESSION_CONTACT : SUPPRESSION_ENDPOINT;
    entry->channel = channel.len == 0 ? SUPPRESSION_ALL_CHANNELS : (uint8_t)kind;
    memcpy(entry->value, value.data, value.len);
    entry->value[value.len] = '\0';
    return is_contact ? ERR_OK : set_endpoint(entry, problem);
}

enum err suppression_set_reason(struct suppression *entry, struct slice reason,
                                struct problem *problem)
{
    entry->reason = REASON_MANUAL;
    if (reason.len > 0 && !suppression_reason_parse(reason, &entry->reason)) {
        return refuse_word(problem, "reason", reason, REASON_NAMES);
    }
    return ERR_OK;
}

enum err suppression_set_source(struct suppression *entry, struct slice source,
                                struct problem *problem)
{
    if (!is_line(source)) {
        return problem_set(problem, ERR_INVALID, "the source is one line of UTF-8: who said so");
    }
    size_t len = source.len;
    if (len > SUPPRESSION_SOURCE_MAX) {
        len = SUPPRESSION_SOURCE_MAX;
        while (len > 0 && (source.data[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    if (len > 0) {
        memcpy(entry->source, source.data, len);
    }
    entry->source[len] = '\0';
    return ERR_OK;
}

void suppression_id(const struct suppression *entry, struct buf *id)
{
    buf_u8(id, (uint8_t)entry->kind);
    buf_u8(id, entry->channel);
    buf_str(id, entry->value);
}

void suppression_encode(const struct suppression *entry, struct buf *value)
{
    buf_u8(value, VALUE_VERSION);
    buf_u16(value, entry->reason);
    buf_u64(value, entry->at_ms);
    buf_u64(value, entry->until_ms);
    buf_blob(value, slice_str(entry->source));
}

static bool take_text(char *to, size_t max, struct slice from)
{
    if (from.len > max || memchr(from.data, '\0', from.len) != NULL) {
        return false;
    }
    memcpy(to, from.data, from.len);
    to[from.len] = '\0';
    return true;
}

static bool decode_id(struct slice id, struct suppression *entry)
{
    struct reader reader = reader_of(id);
    uint8_t kind = reader_u8(&reader);
    entry->channel = reader_u8(&reader);
    struct slice value = reader_bytes(&reader, reader_left(&reader));
    bool is_all = entry->channel == SUPPRESSION_ALL_CHANNELS;
    if (reader.bad || value.len == 0 ||
        (kind != SUPPRESSION_ENDPOINT && kind != SUPPRESSION_CONTACT) ||
        (is_all ? kind == SUPPRESSION_ENDPOINT : entry->channel >= CHANNEL_KINDS)) {
        return false;
    }
    entry->kind = (enum suppression_kind)kind;
    return take_text(entry->value, SUPPRESSION_VALUE_MAX, value);
}

enum err suppression_decode(struct slice id, struct slice value, struct suppression *entry)
{
    struct reader reader = reader_of(value);
    uint8_t version = reader_u8(&reader);
    if (!reader.bad && version != VALUE_VERSION) {
        return ERR_UNSUPPORTED;
    }
    entry->reason = reader_u16(&reader);
    entry->at_ms = reader_u64(&reader);
    entry->until_ms = reader_u64(&reader);
    struct slice source = reader_blob(&reader);
    entry->source[0] = '\0';
    bool is_sound = !reader.bad && reason_is_suppression(entry->reason) && decode_id(id, entry) &&
                    (source.len == 0 || take_text(entry->source, SUPPRESSION_SOURCE_MAX, source));
    return is_sound ? ERR_OK : ERR_CORRUPT;
}
