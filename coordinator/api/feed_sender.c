/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/feed_sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/feed.h"
#include "coordinator/api/feed_alarms.h"
#include "coordinator/api/webhook_post.h"
#include "coordinator/content/object_id.h"
#include "coordinator/content/retry_delay.h"

#define MODULE     "events"
#define AT_ONCE    16  /* requests, of all subscribers together */
#define LOOKS_MAX  256 /* events looked at in one turn for one that a subscriber wants */
#define TURN_MS    60000
#define GONE       410
#define TIMEOUT_MS 15000
#define GIVE_UP_MS (UINT64_C(3) * 86400000)

/* A request that is on its way. */
struct sending {
    bool is_taken;
    struct subscription *subscription; /* NULL: it was removed meanwhile */
    uint64_t number;
    uint64_t at_ms; /* when the event happened */
    bool is_letter; /* a dead letter, once more */
    bool is_gap;    /* it says that events up to `number` are not kept any more */
};

struct feed_sender {
    struct api *api;
    struct subscription_store store;
    struct http_client *client;
    struct address_guard guard;
    uint64_t give_up_after_ms;
    struct sending sendings[AT_ONCE];
    unsigned under_way;
    bool is_closing;
    struct buf body;
    struct buf line;
};

static struct record *record_of(const struct feed_sender *sender)
{
    return turn_record(sender->api->context.turn);
}

bool feed_sender_wants(const struct subscription *subscription, enum feed_kind kind,
                       uint64_t campaign)
{
    bool is_listed = subscription->campaign_count == 0;
    for (unsigned i = 0; i < subscription->campaign_count; i++) {
        is_listed = is_listed || subscription->campaigns[i] == campaign;
    }
    return is_listed && (subscription->kinds >> kind & 1) != 0;
}

/* ---- sending ---- */

static void name_event(char id[32], const struct sending *sending)
{
    (void)snprintf(id, 32, sending->is_gap ? "gap-e%" PRIu64 : "e%" PRIu64, sending->number);
}

/* The body is sender->body. */
static void send_body(struct feed_sender *sender, struct subscription *to,
                      const struct sending *what)
{
    unsigned slot = 0;
    while (sender->sendings[slot].is_taken) {
        slot++;
    }
    const uint64_t now_ms = api_now_ms(sender->api);
    char id[32];
    struct http_request *request = http_client_take(sender->client);
    sender->sendings[slot] = *what;
    sender->sendings[slot].is_taken = true;
    sender->sendings[slot].subscription = to;
    sender->under_way++;
    to->is_sending = true;
    name_event(id, what);
    buf_str(http_request_url(request), to->url);
    buf_slice(http_request_body(request), buf_view(&sender->body));
    webhook_post_sign(request, to->keys, subscription_keys(to, now_ms), slice_str(id),
                      now_ms / 1000, &sender->line);
    http_request_send(request, slot);
}

struct search {
    struct feed_sender *sender;
    struct subscription *subscription;
    uint64_t published;
    struct sending found; /* number 0: none yet */
    unsigned looks;
};

static bool look_at_event(void *arg, const struct feed_event *event)
{
    struct search *search = arg;
    if (event->number > search->published) {
        return false;
    }
    if (feed_sender_wants(search->subscription, event->kind, event->campaign)) {
        search->found.number = event->number;
        search->found.at_ms = event->at_ms;
        buf_clear(&search->sender->body);
        feed_write_fact(search->sender->api->feed, event, &search->sender->body);
        return false;
    }
    search->subscription->told = event->number; /* nothing to him */
    return ++search->looks < LOOKS_MAX;
}

/* Some are not kept any more. */
static void send_gap(struct feed_sender *sender, struct subscription *to, uint64_t oldest)
{
    struct sending gap = {.number = oldest - 1, .at_ms = api_now_ms(sender->api), .is_gap = true};
    buf_clear(&sender->body);
    feed_write_gap(sender->api->feed, to->told + 1, oldest - 1, &sender->body);
    send_body(sender, to, &gap);
}

static void send_next(struct feed_sender *sender, struct subscription *to)
{
    const struct feed_store *events = feed_store_of(sender->api->feed);
    struct search search = {
        .sender = sender, .subscription = to, .published = feed_published(sender->api->feed)};
    if (to->told + 1 < events->oldest) {
        send_gap(sender, to, events->oldest);
        return;
    }
    enum err err = feed_store_each(events, to->told + 1, look_at_event, &search);
    if (err != ERR_OK) {
        LOG_E(MODULE, "unreadable", "err=%s", err_name(err));
        to->due_ms = api_now_ms(sender->api) + TURN_MS;
    } else if (search.found.number != 0) {
        send_body(sender, to, &search.found);
    } else if (search.looks < LOOKS_MAX) {
        to->told = search.published; /* of newer kinds, or none */
    }
}

static bool take_letter(void *arg, const struct dead_letter *letter)
{
    struct search *search = arg;
    if (letter->number == search->found.number) {
        buf_clear(&search->sender->body);
        buf_slice(&search->sender->body, letter->body);
        search->looks = 1;
    }
    return false;
}

static void send_letter(struct feed_sender *sender, struct subscription *to)
{
    const struct sending letter = {.number = letter_list_resent(&to->letters), .is_letter = true};
    struct search search = {.sender = sender, .subscription = to, .found = letter};
    enum err err = dead_letter_each(&sender->store, to->id, letter.number, take_letter, &search);
    if (err != ERR_OK || search.looks == 0) {
        LOG_E(MODULE, "unreadable", "err=%s", err_name(err));
        to->due_ms = api_now_ms(sender->api) + TURN_MS;
        return;
    }
    send_body(sender, to, &letter);
}

uint32_t feed_sender_turn(struct feed_sender *sender)
{
    const uint64_t now_ms = api_now_ms(sender->api);
    const uint64_t published = feed_published(sender->api->feed);
    uint64_t wait_ms = TURN_MS;
    for (struct subscription *to = sender->store.list; to != NULL; to = to->next) {
        bool is_behind = to->told < published;
        if (to->state != SUBSCRIPTION_ACTIVE || to->is_sending ||
            (!is_behind && to->letters.resend == 0)) {
            continue;
        }
        if (now_ms < to->due_ms) {
            wait_ms = to->due_ms - now_ms < wait_ms ? to->due_ms - now_ms : wait_ms;
        } else if (sender->under_way < AT_ONCE) {
            if (to->letters.resend > 0) {
                send_letter(sender, to);
            } else if (is_behind) {
                send_next(sender, to);
            }
            wait_ms = to->is_sending ? wait_ms : 0;
        }
    }
    return (uint32_t)wait_ms;
}

/* ---- what was answered ---- */

struct burial {
    struct feed_sender *sender;
    struct subscription *subscription;
    const struct sending *sending;
    bool is_done;
};

static bool bury_event(void *arg, const struct feed_event *event)
{
    struct burial *burial = arg;
    struct subscription *of = burial->subscription;
    char type[64];
    if (event->number != burial->sending->number) {
        return false;
    }
    (void)snprintf(type, sizeof(type), "%s%s", FEED_TYPE_PREFIX, feed_kind_word(event->kind));
    buf_clear(&burial->sender->body);
    feed_write_fact(burial->sender->api->feed, event, &burial->sender->body);
    const struct dead_letter letter = {.number = event->number,
                                       .at_ms = api_now_ms(burial->sender->api),
                                       .tries = of->tries,
                                       .status = of->last_status,
                                       .type = slice_str(type),
                                       .body = buf_view(&burial->sender->body)};
    dead_letter_put(of, &letter, record_of(burial->sender));
    burial->is_done = true;
    return false;
}

/* If the event is not kept any more, there is nothing to bury. */
static void bury(struct feed_sender *sender, struct subscription *of, const struct sending *sending)
{
    struct burial burial = {sender, of, sending, false};
    LOG_W(MODULE, "dead_letter", "subscription=s%" PRIu64 " event=e%" PRIu64 " tries=%" PRIu64,
          of->id, sending->number, of->tries);
    enum err err =
        feed_store_each(feed_store_of(sender->api->feed), sending->number, bury_event, &burial);
    if (err != ERR_OK) {
        LOG_E(MODULE, "unreadable", "err=%s", err_name(err));
    }
    of->dead += burial.is_done;
    of->missed += !burial.is_done;
}

static void say_why(struct subscription *of, const struct http_answer *answer)
{
    of->last_status = answer->status;
    if (answer->status != 0) {
        (void)snprintf(of->why, sizeof(of->why), "it answered %u", (unsigned)answer->status);
    } else {
        (void)snprintf(of->why, sizeof(of->why), "%s", reason_sentence((uint16_t)answer->reason));
    }
}

static void settle(struct subscription *of, const struct sending *sending)
{
    of->told = sending->number > of->told ? sending->number : of->told;
    of->tries = 0;
    of->refusals = 0;
    of->due_ms = 0;
}

/* Nothing more is to be done about those that are not kept. */
static void pass_gap(struct subscription *of, const struct sending *sending)
{
    of->missed += sending->number - of->told;
    settle(of, sending);
}

static void give_up(struct feed_sender *sender, struct subscription *of,
                    const struct sending *sending)
{
    if (sending->is_gap) {
        pass_gap(of, sending);
    } else {
        bury(sender, of, sending);
        settle(of, sending);
    }
}

static void on_taken(struct feed_sender *sender, struct subscription *of,
                     const struct sending *sending)
{
    of->last_status = 0;
    of->in_a_row = 0;
    of->why[0] = '\0';
    if (sending->is_letter) {
        dead_letter_remove(of, sending->number, record_of(sender));
    } else if (sending->is_gap) {
        pass_gap(of, sending);
    } else {
        settle(of, sending);
    }
    of->delivered += !sending->is_gap;
}

/* It stays where it was, and is not sent again by itself. */
static bool keep_letter(void *arg, const struct dead_letter *letter)
{
    struct burial *burial = arg;
    struct dead_letter kept = *letter;
    if (letter->number != burial->sending->number ||
        letter_list_find(&burial->subscription->letters, letter->number) == NULL) {
        return false;
    }
    buf_clear(&burial->sender->body);
    buf_slice(&burial->sender->body, letter->body);
    kept.body = buf_view(&burial->sender->body);
    kept.is_resent = false;
    kept.at_ms = api_now_ms(burial->sender->api);
    kept.tries++;
    kept.status = burial->subscription->last_status;
    dead_letter_put(burial->subscription, &kept, record_of(burial->sender));
    burial->is_done = true;
    return false;
}

static void put_letter_off(struct feed_sender *sender, struct subscription *of,
                           const struct sending *sending, uint64_t asked_ms)
{
    struct burial burial = {sender, of, sending, false};
    enum err err = dead_letter_each(&sender->store, of->id, sending->number, keep_letter, &burial);
    of->tries = 0;
    of->refusals = 0;
    of->due_ms = asked_ms == 0 ? 0 : api_now_ms(sender->api) + asked_ms;
    if (err != ERR_OK) {
        LOG_E(MODULE, "unreadable", "err=%s", err_name(err));
        of->due_ms = api_now_ms(sender->api) + TURN_MS;
    }
}

/* Whoever refuses one after the other refuses everything, by mistake: he is given time, lest all
 * that happens meanwhile becomes dead letters, of which so many are kept. */
static bool is_final(const struct subscription *of, uint16_t status)
{
    bool is_hasty = webhook_refuses_for_good(status) && of->in_a_row < FEED_SENDER_REFUSED_IN_A_ROW;
    return is_hasty || of->refusals >= FEED_SENDER_REFUSED_TRIES;
}

static void put_off(struct feed_sender *sender, struct subscription *of,
                    const struct sending *sending, const struct http_answer *answer)
{
    const uint64_t now_ms = api_now_ms(sender->api);
    const uint64_t asked_ms = webhook_asked_ms(answer);
    const bool is_refused = webhook_refuses_one(answer->status);
    of->tries++;
    of->refusals += is_refused; /* counted by themselves: he is there again, how long he was away */
    uint64_t delay_ms =
        retry_delay_ms(is_refused ? of->refusals : of->tries, of->id + sending->number);
    of->due_ms = now_ms + (asked_ms > delay_ms ? asked_ms : delay_ms);
    if (sending->is_letter) {
        put_letter_off(sender, of, sending, asked_ms);
    } else if (is_refused) {
        if (is_final(of, answer->status)) {
            give_up(sender, of, sending);
            of->in_a_row += webhook_refuses_for_good(answer->status);
        }
    } else if (!sending->is_gap && now_ms >= sending->at_ms + sender->give_up_after_ms) {
        uint64_t due_ms = of->due_ms;
        uint64_t tries = of->tries;
        give_up(sender, of, sending); /* but nobody is there: the next one does not go at once */
        of->tries = tries;
        of->due_ms = due_ms;
    }
}

static void on_failed(struct feed_sender *sender, struct subscription *of,
                      const struct sending *sending, const struct http_answer *answer)
{
    of->failed++;
    say_why(of, answer);
    LOG_W(MODULE, "webhook_failed",
          "subscription=s%" PRIu64 " event=e%" PRIu64 " status=%u reason=%u", of->id,
          sending->number, (unsigned)answer->status, (unsigned)answer->reason);
    if (answer->status == GONE) {
        of->state = SUBSCRIPTION_DISABLED;
        of->tries = 0;
        of->refusals = 0;
        of->due_ms = 0;
    } else {
        put_off(sender, of, sending, answer);
    }
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct feed_sender *sender = arg;
    struct sending sending = sender->sendings[answer->tag];
    struct subscription *of = sending.subscription;
    sender->sendings[answer->tag].is_taken = false;
    sender->under_way--;
    if (sender->is_closing || of == NULL) {
        return;
    }
    of->is_sending = false;
    if (answer->status / 100 == 2) {
        on_taken(sender, of, &sending);
    } else {
        on_failed(sender, of, &sending, answer);
    }
    subscription_note(of, record_of(sender));
    sender->api->context.changed(sender->api->context.arg);
}

/* ---- life ---- */

struct subscription_store *feed_sender_store(struct feed_sender *sender)
{
    return &sender->store;
}

struct feed_sender_tally feed_sender_tally(const struct feed_sender *sender)
{
    const uint64_t published = feed_published(sender->api->feed);
    struct feed_sender_tally tally = {.subscriptions = sender->store.count};
    for (const struct subscription *of = sender->store.list; of != NULL; of = of->next) {
        uint64_t behind = published > of->told ? published - of->told : 0;
        tally.delivered += of->delivered;
        tally.failed += of->failed;
        tally.dead += of->dead;
        tally.dead_letters += of->letters.count;
        tally.missed += of->missed;
        if (of->state == SUBSCRIPTION_ACTIVE && behind > tally.behind) {
            tally.behind = behind;
        }
    }
    return tally;
}

void feed_sender_alarms(const struct feed_sender *sender)
{
    for (const struct subscription *of = sender->store.list; of != NULL; of = of->next) {
        char id[OBJECT_ID_CHARS + 1];
        char detail[SUBSCRIPTION_NAME_MAX + 160];
        if (of->state != SUBSCRIPTION_DISABLED) {
            continue;
        }
        object_id_write(id, OBJECT_SUBSCRIPTION, of->id);
        (void)snprintf(detail, sizeof(detail),
                       "the receiver of %s wants no more (410 Gone), and is told nothing: set the "
                       "subscription's state to active, or remove it",
                       of->name);
        feed_alarms_hold(sender->api->alarms, FEED_ALARM_SUBSCRIBER_GONE, 0, id, detail);
    }
}

void feed_sender_forget(struct feed_sender *sender, const struct subscription *subscription)
{
    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (sender->sendings[i].subscription == subscription) {
            sender->sendings[i].subscription = NULL;
        }
    }
}

enum err feed_sender_open(struct feed_sender **out, struct api *api, struct problem *problem)
{
    const struct subscription_rules *rules = api->context.subscription_rules;
    struct feed_sender *sender = mem_zalloc(1, sizeof(*sender));
    *out = sender;
    sender->api = api;
    sender->store.ledger = api->context.ledger;
    sender->guard.allow_all = rules != NULL && rules->allow_private;
    sender->give_up_after_ms = rules == NULL ? GIVE_UP_MS : rules->give_up_after_ms;
    const struct webhook_client_terms terms = {
        .loop = api->context.loop,
        .on_answer = on_answer,
        .arg = sender,
        .at_once = AT_ONCE,
        .timeout_ms = rules == NULL ? TIMEOUT_MS : rules->timeout_ms,
        .ca_file = rules == NULL ? NULL : rules->ca_file,
        .allow_http = rules != NULL && rules->allow_http,
        .guard = &sender->guard,
    };
    sender->client = webhook_client_new(&terms);
    return subscription_store_load(&sender->store, problem);
}

void feed_sender_close(struct feed_sender *sender)
{
    if (sender == NULL) {
        return;
    }
    sender->is_closing = true;
    http_client_close(sender->client);
    subscription_store_release(&sender->store);
    buf_release(&sender->body);
    buf_release(&sender->line);
    mem_free(sender);
}
