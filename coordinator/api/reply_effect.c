/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/reply_effect.h"

#include <stdio.h>
#include <string.h>

#include "coordinator/api/delivery_token.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/opting_out.h"
#include "coordinator/api/suppressing.h"

static void end(struct reply_entry *entry, enum reply_result result, const char *detail)
{
    entry->result = result;
    entry->detail = detail;
}

/* ---- ACK ---- */

static bool acknowledge(struct exchange *exchange, struct reply_entry *entry)
{
    struct api *api = exchange->api;
    if (entry->found_by != REPLY_FOUND_BY_CODE) {
        end(entry, REPLY_UNKNOWN,
            arena_printf(exchange->arena,
                         "no campaign that is open for replies went to \"%.64s\" with the code "
                         "%.*s",
                         entry->endpoint == NULL ? "" : entry->endpoint->value,
                         (int)entry->meaning.code.count, entry->meaning.code.chars));
        return true;
    }
    switch (engine_acknowledge_by(api->context.engine, entry->match.campaign, entry->match.ordinal,
                                  REASON_BY_REPLY, api_now_ms(api))) {
    case ERR_OK:
        end(entry, REPLY_ACKNOWLEDGED, NULL);
        return true;
    case ERR_CLOSED: /* the journal must be complete before its page is folded */
        return false;
    default: /* a hole of the audience: his key came before */
        end(entry, REPLY_UNKNOWN, "who has this code is no recipient of the campaign");
        return true;
    }
}

/* ---- STOP ---- */

static bool is_of_reply(const struct suppression *entry)
{
    const size_t len = sizeof(REPLY_SOURCE) - 1;
    return entry->reason == REASON_OPTED_OUT && strncmp(entry->source, REPLY_SOURCE, len) == 0 &&
           (entry->source[len] == '\0' || entry->source[len] == ':');
}

static void set_opt_out(struct suppression *entry, const struct reply_entry *reply)
{
    entry->reason = REASON_OPTED_OUT;
    entry->at_ms = reply->at_ms;
    entry->until_ms = 0;
    (void)snprintf(entry->source, sizeof(entry->source), "%s%s%.*s", REPLY_SOURCE,
                   reply->provider.len == 0 ? "" : ":", (int)reply->provider.len,
                   (const char *)reply->provider.data);
}

/* What is there ends some day, as a bounce does: the person's word has no end. */
static enum err replace_temporary(struct exchange *exchange, const struct suppression *entry,
                                  struct record *record)
{
    struct suppression_list *list = exchange->api->context.suppressions;
    struct suppression *there = arena_copy(exchange->arena, entry, sizeof(*entry));
    enum err err = suppression_list_read(list, there);
    if (err == ERR_NOT_FOUND) {
        return ERR_BUSY; /* being written */
    }
    if (err == ERR_OK && there->until_ms != 0) {
        uint64_t now_ms = api_now_ms(exchange->api);
        (void)suppression_list_remove(list, there, entry->source, now_ms, record);
        (void)suppression_list_add(list, entry, now_ms, record);
    }
    return err;
}

/* Whose word it is. Anybody can write a mail in anybody's name: there the sender alone is nobody,
 * and the token says to which address the message went that is answered. */
struct subjects {
    struct suppression *from;  /* who sent it, or NULL */
    struct suppression *other; /* the token's endpoint, if that is another one; or NULL */
};

static enum err find_subjects(struct exchange *exchange, const struct reply_entry *reply,
                              struct subjects *subjects)
{
    struct token token;
    bool is_mail = reply->endpoint->channel == CHANNEL_EMAIL;
    *subjects = (struct subjects){.from = is_mail ? NULL : reply->endpoint};
    if (reply->found_by != REPLY_FOUND_BY_TOKEN ||
        delivery_token_read(exchange->api, reply->token, &token) == DELIVERY_TOKEN_FORGED) {
        return ERR_OK;
    }
    struct suppression *sent_to = arena_zalloc(exchange->arena, 1, sizeof(*sent_to));
    enum err err = opting_out_find(exchange->api, &token, sent_to);
    if (err == ERR_OK && sent_to->channel == reply->endpoint->channel) {
        bool is_same = strcmp(sent_to->value, reply->endpoint->value) == 0;
        subjects->from = is_same ? reply->endpoint : subjects->from;
        subjects->other = is_same ? NULL : sent_to;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool are_nobody(const struct subjects *subjects, struct reply_entry *reply)
{
    if (subjects->from != NULL || subjects->other != NULL) {
        return false;
    }
    end(reply, REPLY_KEPT,
        "a mail's sender proves nothing by itself, and it answers no message of ours by its token");
    return true;
}

/* ERR_BUSY: once more when all is durable. */
static enum err put_on(struct exchange *exchange, const struct reply_entry *reply,
                       struct suppression *entry)
{
    struct api *api = exchange->api;
    struct record *record = turn_record(api->context.turn);
    enum err err = ERR_OK;
    set_opt_out(entry, reply);
    if (!suppression_list_add(api->context.suppressions, entry, api_now_ms(api), record)) {
        err = replace_temporary(exchange, entry, record);
    }
    return err == ERR_OK ? suppressing_apply(api, entry) : err;
}

static bool opt_out(struct exchange *exchange, struct reply_entry *reply)
{
    struct subjects subjects;
    enum err err = find_subjects(exchange, reply, &subjects);
    if (err == ERR_OK && are_nobody(&subjects, reply)) {
        return true;
    }
    if (err == ERR_OK && subjects.from != NULL) {
        err = put_on(exchange, reply, subjects.from);
    }
    if (err == ERR_OK && subjects.other != NULL) {
        err = put_on(exchange, reply, subjects.other);
    }
    if (err == ERR_BUSY) {
        return false;
    }
    if (err == ERR_OK) {
        end(reply, REPLY_OPTED_OUT, NULL);
    } else {
        end(reply, REPLY_FAILED, "the suppression list or an audience cannot be read just now");
    }
    return true;
}

/* ---- START ---- */

/* *is_off: it was on the list because of a reply, and is off it. ERR_BUSY: as above. */
static enum err take_off(struct exchange *exchange, struct suppression *entry, bool *is_off)
{
    struct api *api = exchange->api;
    struct suppression_list *list = api->context.suppressions;
    const uint64_t now_ms = api_now_ms(api);
    if (!suppression_list_has(list, entry, now_ms)) {
        return ERR_OK;
    }
    enum err err = suppression_list_read(list, entry);
    if (err == ERR_OK && is_of_reply(entry)) {
        (void)suppression_list_remove(list, entry, REPLY_SOURCE, now_ms,
                                      turn_record(api->context.turn));
        *is_off = true;
    }
    return err == ERR_NOT_FOUND ? ERR_BUSY : err; /* being written */
}

static void end_start(struct reply_entry *reply)
{
    if (reply->is_opted_in) {
        end(reply, REPLY_OPTED_IN, NULL);
        return;
    }
    if (reply->meaning.is_weak) {
        reply->meaning = (struct reply_meaning){.class = REPLY_OTHER};
    }
    end(reply, REPLY_KEPT, NULL);
}

static bool opt_in(struct exchange *exchange, struct reply_entry *reply)
{
    struct subjects subjects;
    enum err err = find_subjects(exchange, reply, &subjects);
    if (err == ERR_OK && are_nobody(&subjects, reply)) {
        return true;
    }
    if (err == ERR_OK && subjects.from != NULL) {
        err = take_off(exchange, subjects.from, &reply->is_opted_in);
    }
    if (err == ERR_OK && subjects.other != NULL) {
        err = take_off(exchange, subjects.other, &reply->is_opted_in);
    }
    if (err == ERR_BUSY) {
        return false;
    }
    if (err == ERR_OK) {
        end_start(reply);
    } else {
        end(reply, REPLY_FAILED, "the suppression list or an audience cannot be read just now");
    }
    return true;
}

bool reply_effect(struct exchange *exchange, struct reply_entry *reply)
{
    if (reply->endpoint == NULL) {
        end(reply, REPLY_INVALID, reply->detail);
        return true;
    }
    switch (reply->meaning.class) {
    case REPLY_ACK:
        return acknowledge(exchange, reply);
    case REPLY_STOP:
        return opt_out(exchange, reply);
    case REPLY_START:
        return opt_in(exchange, reply);
    case REPLY_OTHER:
    case REPLY_HELP:
    case REPLY_CLASSES:
        break;
    }
    end(reply, REPLY_KEPT, NULL);
    return true;
}
