/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What could not be told to a subscriber, which can be sent again.
 */
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed_sender.h"
#include "coordinator/api/resources.h"

#define RESEND_AT_ONCE 100

struct letters {
    struct exchange *exchange;
    json_t *items;
    unsigned limit;
    uint64_t next; /* 0: that was all */
};

static bool list_letter(void *arg, const struct dead_letter *letter)
{
    struct letters *letters = arg;
    if (json_array_size(letters->items) == letters->limit) {
        letters->next = letter->number;
        return false;
    }
    json_t *event = json_loadb((const char *)letter->body.data, letter->body.len, 0, NULL);
    json_array_append_new(
        letters->items,
        json_pack("{s:o, s:o, s:o, s:I, s:o, s:b, s:o}", "id",
                  json_sprintf("e%llu", (unsigned long long)letter->number), "type",
                  json_stringn((const char *)letter->type.data, letter->type.len), "last_try_at",
                  exchange_time(letter->at_ms), "tries", (json_int_t)letter->tries, "status",
                  letter->status == 0 ? json_null() : json_integer((json_int_t)letter->status),
                  "redelivering", (int)letter->is_resent, "event",
                  event == NULL ? json_null() : event));
    return true;
}

static void list_durable(struct exchange *exchange)
{
    struct exchange_page page;
    const struct subscription *subscription = subscriptions_find(exchange);
    if (subscription == NULL ||
        !exchange_page(exchange, CURSOR_DEAD_LETTERS, subscription->id, &page)) {
        return;
    }
    struct letters letters = {exchange, json_array(), page.limit, 0};
    enum err err = dead_letter_each(feed_sender_store(exchange->api->sender), subscription->id,
                                    page.position, list_letter, &letters);
    if (err != ERR_OK) {
        json_decref(letters.items);
        exchange_refuse(exchange, 503, &(struct problem){.err = err});
        return;
    }
    exchange_json(exchange, 200,
                  exchange_list(letters.items, CURSOR_DEAD_LETTERS, subscription->id,
                                letters.next != 0, letters.next));
}

void subscriptions_dead_letters(struct exchange *exchange)
{
    if (subscriptions_find(exchange) != NULL) {
        exchange_read_durable(exchange, list_durable);
    }
}

struct resending {
    struct subscription *subscription;
    struct record *record;
    unsigned count;
    bool is_more;
};

/* The slices are of the ledger: the entry is written anew. */
static bool mark_letter(void *arg, const struct dead_letter *letter)
{
    struct resending *resending = arg;
    const struct letter_place *place =
        letter_list_find(&resending->subscription->letters, letter->number);
    if (place == NULL || place->is_resent) { /* as it was decided since */
        return true;
    }
    if (resending->count == RESEND_AT_ONCE) {
        resending->is_more = true;
        return false;
    }
    struct dead_letter marked = *letter;
    marked.is_resent = true;
    dead_letter_put(resending->subscription, &marked, resending->record);
    resending->count++;
    return true;
}

static void mark_durable(struct exchange *exchange)
{
    struct subscription *subscription = subscriptions_find(exchange);
    struct resending resending = {.subscription = subscription,
                                  .record = turn_record(exchange->api->context.turn)};
    if (subscription == NULL) {
        return;
    }
    enum err err = dead_letter_each(feed_sender_store(exchange->api->sender), subscription->id, 0,
                                    mark_letter, &resending);
    if (err != ERR_OK) {
        exchange_refuse(exchange, 503, &(struct problem){.err = err});
        return;
    }
    exchange_commit(exchange, 200, NULL,
                    json_pack("{s:i, s:b}", "redelivering", (int)resending.count, "more",
                              (int)resending.is_more),
                    NULL, NULL);
}

void subscriptions_redeliver(struct exchange *exchange)
{
    const struct subscription *subscription = subscriptions_find(exchange);
    struct problem problem = {0};
    if (subscription == NULL || !exchange_empty_body(exchange)) {
        return;
    }
    if (subscription->state != SUBSCRIPTION_ACTIVE) {
        (void)problem_set(&problem, ERR_CONFLICT,
                          "subscription %s is %s: set its state to active first",
                          exchange->parts[0], subscription_state_name(subscription->state));
        exchange_refuse(exchange, 409, &problem);
        return;
    }
    exchange_read_durable(exchange, mark_durable);
}
