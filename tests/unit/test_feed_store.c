/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "common/text.h"
#include "coordinator/content/feed_store.h"
#include "coordinator/content/subscription_store.h"
#include "tests/unit/stores.h"
#include "tests/unit/turn_rig.h"
#include "tests/unit/unit.h"

#define NOW_MS      UINT64_C(1700000000000)
#define GOLDEN_TIME "0068e5cf8b010000"

struct house {
    struct turn_rig rig;
    struct feed_store feed;
    struct subscription_store subscriptions;
};

static void house_open(struct house *house, void **state)
{
    struct problem problem;
    assert_true(sodium_init() >= 0);
    turn_rig_open(&house->rig, *state);
    house->feed = (struct feed_store){.ledger = house->rig.ledger, .kept_max = 5};
    house->subscriptions = (struct subscription_store){.ledger = house->rig.ledger};
    assert_int_equal(feed_store_load(&house->feed, &problem), ERR_OK);
    assert_int_equal(subscription_store_load(&house->subscriptions, &problem), ERR_OK);
}

static void house_close(struct house *house)
{
    subscription_store_release(&house->subscriptions);
    turn_rig_close(&house->rig);
}

static void house_write(struct house *house)
{
    turn_rig_write(&house->rig, NOW_MS);
}

static uint64_t add(struct house *house, enum feed_kind kind, uint64_t campaign)
{
    struct feed_event event = {.kind = kind,
                               .at_ms = NOW_MS,
                               .campaign = campaign,
                               .subject = slice_str("c3"),
                               .data = slice_str("{\"a\":1}")};
    feed_store_add(&house->feed, &event, turn_record(house->rig.turn));
    return event.number;
}

struct seen {
    unsigned count;
    uint64_t first;
    uint64_t last;
};

static bool see(void *arg, const struct feed_event *event)
{
    struct seen *seen = arg;
    assert_int_equal(event->at_ms, NOW_MS);
    assert_int_equal(event->campaign, 3);
    assert_true(slice_is(event->subject, "c3"));
    assert_true(slice_is(event->data, "{\"a\":1}"));
    seen->first = seen->count++ == 0 ? event->number : seen->first;
    seen->last = event->number;
    return true;
}

static void expect_kept(struct house *house, uint64_t from, uint64_t first, uint64_t last)
{
    struct seen seen = {0};
    assert_int_equal(feed_store_each(&house->feed, from, see, &seen), ERR_OK);
    assert_int_equal(seen.first, first);
    assert_int_equal(seen.last, last);
    assert_int_equal(seen.count, last + 1 - first);
}

static void expect_none(struct house *house)
{
    struct seen seen = {0};
    assert_int_equal(feed_store_each(&house->feed, 1, see, &seen), ERR_OK);
    assert_int_equal(seen.count, 0);
}

static void the_newest_are_kept_and_numbers_never_come_again(void **state)
{
    struct house house;
    house_open(&house, state);
    for (unsigned i = 1; i <= 8; i++) {
        assert_int_equal(add(&house, FEED_CAMPAIGN_PAUSED, 3), i);
    }
    expect_none(&house); /* is durable */
    house_write(&house);
    expect_kept(&house, 1, 4, 8);
    expect_kept(&house, 6, 6, 8);
    house.feed.reply = 77;
    (void)add(&house, FEED_CAMPAIGN_PAUSED, 3);
    house_write(&house);
    house_close(&house);
    house_open(&house, state);
    assert_int_equal(house.feed.newest, 9);
    assert_int_equal(house.feed.oldest, 5);
    assert_int_equal(house.feed.reply, 77);
    house.feed.kept_max = 2; /* fewer from now on */
    assert_int_equal(add(&house, FEED_CAMPAIGN_PAUSED, 3), 10);
    house_write(&house);
    expect_kept(&house, 1, 9, 10);
    house_close(&house);
}

static void expect_entry(struct house *house, enum catalogue_kind kind, struct slice id,
                         const char *hex)
{
    struct store_value value;
    struct buf text = {0};
    assert_int_equal(ledger_catalogue_get(house->rig.ledger, kind, id, &value), ERR_OK);
    text_hex(&text, value.bytes);
    assert_string_equal(buf_cstr(&text), hex);
    store_value_release(&value);
    buf_release(&text);
}

/* Version 1, as it was first written. */
static void what_is_stored_stays_readable(void **state)
{
    static const uint8_t one[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t three[8] = {0, 0, 0, 0, 0, 0, 0, 3};
    struct house house;
    house_open(&house, state);
    struct record *record = turn_record(house.rig.turn);
    const struct feed_mark mark = {.state = 2, .round = 1, .is_expired = 1, .terms = 0x0102};
    (void)add(&house, FEED_CAMPAIGN_FINISHED, 3);
    feed_mark_put(3, &mark, record);
    feed_alarm_put(slice_str("campaign_stuck:c3"), NOW_MS, record);
    house_write(&house);
    expect_entry(&house, CATALOGUE_FEED, slice_of(one, 8),
                 "0109" GOLDEN_TIME "0300000000000000"
                 "026333"
                 "077b2261223a317d");
    expect_entry(&house, CATALOGUE_FEED_CAMPAIGN, slice_of(three, 8), "010201010201000000000000");
    expect_entry(&house, CATALOGUE_FEED_ALARM, slice_str("campaign_stuck:c3"), "01" GOLDEN_TIME);
    house_close(&house);
}

static bool see_alarm(void *arg, struct slice name, uint64_t since_ms)
{
    assert_true(slice_is(name, "campaign_stuck:c3"));
    assert_int_equal(since_ms, NOW_MS);
    ++*(unsigned *)arg;
    return true;
}

static void an_alarm_is_kept_until_it_is_over(void **state)
{
    struct house house;
    unsigned count = 0;
    house_open(&house, state);
    feed_alarm_put(slice_str("campaign_stuck:c3"), NOW_MS, turn_record(house.rig.turn));
    house_write(&house);
    assert_int_equal(feed_alarm_each(house.rig.ledger, see_alarm, &count), ERR_OK);
    assert_int_equal(count, 1);
    feed_alarm_remove(slice_str("campaign_stuck:c3"), turn_record(house.rig.turn));
    house_write(&house);
    assert_int_equal(feed_alarm_each(house.rig.ledger, see_alarm, &count), ERR_OK);
    assert_int_equal(count, 1);
    house_close(&house);
}

static void kinds_are_named_one_by_one_or_together(void **state)
{
    uint32_t kinds;
    (void)state;
    assert_true(feed_kind_parse(slice_str("campaign.paused"), &kinds));
    assert_int_equal(kinds, UINT32_C(1) << FEED_CAMPAIGN_PAUSED);
    assert_true(feed_kind_parse(slice_str("com.tocsin.worker"), &kinds));
    assert_int_equal(kinds, UINT32_C(1) << FEED_WORKER_JOINED | UINT32_C(1) << FEED_WORKER_LEFT |
                                UINT32_C(1) << FEED_WORKER_PROGRESS);
    static const char *const bad[] = {"",           "campaig",          "campaign.",
                                      "campaign.x", "com.tocsin.",      "stream",
                                      "stream.gap", "campaign.paused.", "PAUSED"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(feed_kind_parse(slice_str(bad[i]), &kinds));
    }
}

/* ---- subscriptions ---- */

static bool count_letter(void *arg, const struct dead_letter *letter)
{
    assert_true(slice_is(letter->body, "{}"));
    assert_true(slice_is(letter->type, "com.tocsin.campaign.finished"));
    ++*(unsigned *)arg;
    return true;
}

static void a_subscription_is_found_again_as_it_was(void **state)
{
    struct house house;
    struct subscription wish = {.name = "desk",
                                .url = "https://desk.test/hook",
                                .created_by = "admin",
                                .created_ms = NOW_MS,
                                .kinds = 7,
                                .campaign_count = 2,
                                .campaigns = {3, 9},
                                .told = 41};
    const struct dead_letter letter = {.number = 12,
                                       .at_ms = NOW_MS,
                                       .tries = 4,
                                       .status = 400,
                                       .type = slice_str("com.tocsin.campaign.finished"),
                                       .body = slice_str("{}")};
    struct buf secret = {0};
    struct buf again = {0};
    unsigned letters = 0;
    house_open(&house, state);
    struct record *record = turn_record(house.rig.turn);
    struct subscription *made = subscription_store_add(&house.subscriptions, &wish, record);
    assert_int_equal(made->id, 1);
    subscription_rotate(made, NOW_MS + 1000, record);
    subscription_secret(made, &secret);
    assert_int_equal(subscription_keys(made, NOW_MS), 2);
    assert_int_equal(subscription_keys(made, NOW_MS + 1000), 1);
    made->state = SUBSCRIPTION_DISABLED;
    made->delivered = 5;
    made->refusals = 2;
    made->in_a_row = 3;
    memcpy(made->why, "gone", 5);
    subscription_note(made, record);
    dead_letter_put(made, &letter, record);
    house_write(&house);
    house_close(&house);

    house_open(&house, state);
    struct subscription *found = subscription_store_named(&house.subscriptions, "desk");
    assert_non_null(found);
    assert_ptr_equal(found, subscription_store_find(&house.subscriptions, 1));
    assert_string_equal(found->url, wish.url);
    assert_string_equal(found->created_by, "admin");
    assert_string_equal(found->why, "gone");
    assert_int_equal(found->state, SUBSCRIPTION_DISABLED);
    assert_int_equal(found->told, 41);
    assert_int_equal(found->delivered, 5);
    assert_int_equal(found->campaigns[1], 9);
    assert_int_equal(found->former_until_ms, NOW_MS + 1000);
    assert_int_equal(found->letters.count, 1);
    assert_int_equal(found->refusals, 2);
    assert_int_equal(found->in_a_row, 3);
    subscription_secret(found, &again);
    assert_string_equal(buf_cstr(&secret), buf_cstr(&again));
    assert_int_equal(dead_letter_each(&house.subscriptions, 1, 0, count_letter, &letters), ERR_OK);
    assert_int_equal(dead_letter_each(&house.subscriptions, 2, 0, count_letter, &letters), ERR_OK);
    assert_int_equal(letters, 1);
    record = turn_record(house.rig.turn);
    subscription_store_remove(&house.subscriptions, found, record);
    house_write(&house);
    house_close(&house);

    house_open(&house, state);
    assert_null(house.subscriptions.list);
    assert_int_equal(dead_letter_each(&house.subscriptions, 1, 0, count_letter, &letters), ERR_OK);
    assert_int_equal(letters, 1);
    assert_int_equal(
        subscription_store_add(&house.subscriptions, &wish, turn_record(house.rig.turn))->id, 2);
    house_close(&house);
    buf_release(&secret);
    buf_release(&again);
}

/* Earlier versions did not count refusals. */
static void how_far_one_was_told_is_read_in_its_earlier_form(void **state)
{
    static const uint8_t earlier[] = {1,   1,                          /* version · paused */
                                      41,  0,   0,   0,   0,  0, 0, 0, /* told */
                                      2,   0,   0,   0,   0,  0, 0, 0, /* tries */
                                      0,   0,   0,   0,   0,  0, 0, 0, /* due */
                                      5,   0,   0,   0,   0,  0, 0, 0, /* delivered */
                                      3,   0,   0,   0,   0,  0, 0, 0, /* failed */
                                      1,   0,   0,   0,   0,  0, 0, 0, /* dead */
                                      0,   0,   0,   0,   0,  0, 0, 0, /* missed */
                                      144, 1,   0,   0,   0,  0, 0, 0, /* 400 */
                                      4,   'g', 'o', 'n', 'e'};
    static const uint8_t now[] = {7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t one[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    const struct subscription wish = {.name = "desk", .url = "https://desk.test/hook"};
    struct house house;
    struct buf key = {0};
    struct buf value = {0};
    house_open(&house, state);
    (void)subscription_store_add(&house.subscriptions, &wish, turn_record(house.rig.turn));
    ledger_catalogue_key_u64(&key, CATALOGUE_SUBSCRIPTION_STATE, 1);
    buf_append(&value, earlier, sizeof(earlier));
    record_put(turn_record(house.rig.turn), buf_view(&key), buf_view(&value));
    house_write(&house);
    house_close(&house);

    house_open(&house, state);
    struct subscription *found = house.subscriptions.list;
    assert_int_equal(found->told, 41);
    assert_int_equal(found->last_status, 400);
    assert_string_equal(found->why, "gone");
    assert_int_equal(found->refusals, 0);
    assert_int_equal(found->in_a_row, 0);
    found->refusals = 7;
    found->in_a_row = 9;
    subscription_note(found, turn_record(house.rig.turn));
    house_write(&house);
    buf_append(&value, now, sizeof(now));
    struct store_value stored;
    assert_int_equal(ledger_catalogue_get(house.rig.ledger, CATALOGUE_SUBSCRIPTION_STATE,
                                          slice_of(one, 8), &stored),
                     ERR_OK);
    assert_true(slice_equal(stored.bytes, buf_view(&value)));
    store_value_release(&stored);
    house_close(&house);
    buf_release(&key);
    buf_release(&value);
}

static bool count_one(void *arg, const struct dead_letter *letter)
{
    struct seen *seen = arg;
    seen->first = seen->count == 0 ? letter->number : seen->first;
    seen->last = letter->number;
    seen->count++;
    return true;
}

static void bury(struct house *house, uint64_t number)
{
    const struct dead_letter letter = {
        .number = number, .type = slice_str("t"), .body = slice_str("{}")};
    dead_letter_put(house->subscriptions.list, &letter, turn_record(house->rig.turn));
}

static void expect_letters(struct house *house, unsigned count, uint64_t first, uint64_t last)
{
    struct seen seen = {0};
    const struct letter_list *letters = &house->subscriptions.list->letters;
    assert_int_equal(letters->count, count);
    assert_int_equal(dead_letter_each(&house->subscriptions, 1, 0, count_one, &seen), ERR_OK);
    assert_int_equal(seen.count, count);
    assert_int_equal(seen.first, first);
    assert_int_equal(seen.last, last);
}

/* Also where many come and go before any of it is on disk, and after a crash. */
static void as_many_letters_are_kept_as_are_counted(void **state)
{
    const struct subscription wish = {.name = "desk", .url = "https://desk.test/hook"};
    struct house house;
    house_open(&house, state);
    (void)subscription_store_add(&house.subscriptions, &wish, turn_record(house.rig.turn));
    for (uint64_t number = 1; number <= DEAD_LETTERS_MAX; number++) {
        bury(&house, number);
    }
    house_write(&house);
    expect_letters(&house, DEAD_LETTERS_MAX, 1, DEAD_LETTERS_MAX);
    for (uint64_t number = 1; number <= 3; number++) { /* three of one turn */
        bury(&house, DEAD_LETTERS_MAX + number);
    }
    house_write(&house);
    expect_letters(&house, DEAD_LETTERS_MAX, 4, DEAD_LETTERS_MAX + 3);
    dead_letter_remove(house.subscriptions.list, 4, turn_record(house.rig.turn));
    dead_letter_remove(house.subscriptions.list, 4, turn_record(house.rig.turn));
    dead_letter_remove(house.subscriptions.list, 1, turn_record(house.rig.turn)); /* gone before */
    house_write(&house);
    expect_letters(&house, DEAD_LETTERS_MAX - 1, 5, DEAD_LETTERS_MAX + 3);
    bury(&house, DEAD_LETTERS_MAX + 4); /* never gets to the disk */
    changelog_mem_crash(house.rig.changelog);
    house_close(&house);

    house_open(&house, state);
    expect_letters(&house, DEAD_LETTERS_MAX - 1, 5, DEAD_LETTERS_MAX + 3);
    bury(&house, DEAD_LETTERS_MAX + 4); /* removed with those that are on disk */
    subscription_store_remove(&house.subscriptions, house.subscriptions.list,
                              turn_record(house.rig.turn));
    house_write(&house);
    struct seen seen = {0};
    assert_int_equal(dead_letter_each(&house.subscriptions, 1, 0, count_one, &seen), ERR_OK);
    assert_int_equal(seen.count, 0);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST_MEMORY(the_newest_are_kept_and_numbers_never_come_again),
        STORES_TEST_MEMORY(what_is_stored_stays_readable),
        STORES_TEST_MEMORY(an_alarm_is_kept_until_it_is_over),
        STORES_TEST_MEMORY(a_subscription_is_found_again_as_it_was),
        STORES_TEST_MEMORY(how_far_one_was_told_is_read_in_its_earlier_form),
        STORES_TEST_MEMORY(as_many_letters_are_kept_as_are_counted),
        cmocka_unit_test(kinds_are_named_one_by_one_or_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
