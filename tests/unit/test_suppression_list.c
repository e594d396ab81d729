/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "common/mem.h"
#include "coordinator/audience/endpoint_index.h"
#include "coordinator/content/suppression_list.h"
#include "tests/dice.h"
#include "tests/unit/stores.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

struct house {
    struct ledger *ledger;
    struct suppression_list *list;
    uint64_t recno;
};

static void house_open(struct house *house, void **state)
{
    struct problem problem;
    assert_int_equal(ledger_open(&house->ledger, stores_open(*state), &problem), ERR_OK);
    house->list = suppression_list_new(house->ledger);
    assert_int_equal(suppression_list_load(house->list, &problem), ERR_OK);
}

static void house_close(struct house *house)
{
    suppression_list_free(house->list);
    ledger_close(house->ledger);
}

static struct suppression entry_of(bool is_contact, const char *channel, const char *value)
{
    struct suppression entry = {.reason = REASON_OPTED_OUT, .at_ms = NOW_MS};
    struct problem problem;
    assert_int_equal(
        suppression_set(&entry, is_contact, slice_str(channel), slice_str(value), &problem),
        ERR_OK);
    return entry;
}

static void write_record(struct house *house, struct record *record)
{
    struct problem problem;
    assert_int_equal(ledger_write(house->ledger, record, &problem), ERR_OK);
    record_free(record);
}

static bool add(struct house *house, const struct suppression *entry)
{
    struct record *record = record_new(0, 1, ++house->recno);
    bool is_new = suppression_list_add(house->list, entry, NOW_MS, record);
    assert_int_equal(record_is_empty(record), !is_new);
    if (is_new) {
        write_record(house, record);
    } else {
        house->recno--;
        record_free(record);
    }
    return is_new;
}

static void what_is_added_stays_over_a_restart_until_it_is_removed(void **state)
{
    struct house house = {0};
    house_open(&house, state);
    struct suppression number = entry_of(false, "sms", "+491701234567");
    struct suppression contact = entry_of(true, "", "k7");
    assert_true(add(&house, &number));
    assert_true(add(&house, &contact));
    assert_false(add(&house, &number));
    house_close(&house);
    house_open(&house, state);
    assert_int_equal(suppression_list_count(house.list), 2);
    assert_true(suppression_list_has(house.list, &number, NOW_MS));
    struct suppression voice = entry_of(false, "voice", "+491701234567");
    assert_false(suppression_list_has(house.list, &voice, NOW_MS));
    assert_int_equal(suppression_list_read(house.list, &number), ERR_OK);
    assert_int_equal(suppression_list_read(house.list, &voice), ERR_NOT_FOUND);
    struct record *record = record_new(0, 1, ++house.recno);
    assert_true(suppression_list_remove(house.list, &number, "op", NOW_MS + 5, record));
    assert_false(suppression_list_remove(house.list, &voice, "op", NOW_MS + 5, record));
    write_record(&house, record);
    assert_false(suppression_list_has(house.list, &number, NOW_MS));
    assert_int_equal(suppression_list_read(house.list, &number), ERR_NOT_FOUND);
    house_close(&house);
    house_open(&house, state);
    assert_int_equal(suppression_list_count(house.list), 1);
    house_close(&house);
}

static void an_entry_that_is_over_counts_no_more(void **state)
{
    struct house house = {0};
    house_open(&house, state);
    struct suppression entry = entry_of(false, "push", "token-7");
    entry.until_ms = NOW_MS + 5000;
    assert_true(add(&house, &entry));
    assert_true(suppression_list_has(house.list, &entry, NOW_MS + 4999));
    assert_false(suppression_list_has(house.list, &entry, NOW_MS + 5000));
    house_close(&house);
}

/* An audience of which only the indexes are there: r<i> has phone <i>, and every tenth a second one
 * that is the next one's first. */
static void make_audience(struct house *house, struct audience_info *info, uint32_t count)
{
    struct entry {
        uint64_t hash;
        uint32_t ordinal;
    };
    const uint8_t *key = ledger_lookup_key(house->ledger);
    struct ledger_audience *load = ledger_audience_new(house->ledger, 1);
    struct problem problem;
    *info = (struct audience_info){.id = 1, .slots = count, .schema = {.count = 3}};
    info->schema.columns[1] = (struct page_column){.field = PAGE_FIELD_PHONE};
    info->schema.columns[2] = (struct page_column){.field = PAGE_FIELD_PHONE, .rank = 1};
    for (unsigned part = 0; part < 2; part++) {
        struct entry *entries = mem_zalloc((size_t)count * 2, sizeof(*entries));
        size_t filled = 0;
        for (uint32_t i = 0; i < count; i++) {
            char text[32];
            snprintf(text, sizeof(text), part == 0 ? "r%u" : "+4917%08u", i);
            uint64_t hash = part == 0 ? hash_keyed128(key, slice_str(text)).low
                                      : endpoint_hash(key, PAGE_FIELD_PHONE, slice_str(text));
            entries[filled++] = (struct entry){hash, i};
            if (part == 1 && i % 10 == 1) {
                entries[filled++] = (struct entry){endpoint_hash_at(hash, 1), i - 1};
            }
        }
        for (size_t i = 1; i < filled; i++) { /* few enough to be sorted so */
            struct entry moving = entries[i];
            size_t at = i;
            for (; at > 0 && entries[at - 1].hash > moving.hash; at--) {
                entries[at] = entries[at - 1];
            }
            entries[at] = moving;
        }
        for (size_t i = 0; i < filled; i++) {
            assert_int_equal(
                part == 0 ? ledger_audience_lookup(load, entries[i].hash, entries[i].ordinal)
                          : ledger_audience_endpoint(load, entries[i].hash, entries[i].ordinal),
                ERR_OK);
        }
        mem_free(entries);
    }
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
}

static void an_audience_is_matched_against_the_whole_list(void **state)
{
    struct house house = {0};
    struct audience_info info;
    struct suppression_hits hits = {0};
    unsigned by_rank[2] = {0};
    unsigned contacts = 0;
    house_open(&house, state);
    make_audience(&house, &info, 3000);
    struct dice dice = {.state = 3};
    struct record *record = record_new(0, 1, ++house.recno);
    for (unsigned i = 0; i < 5000; i++) { /* most of them nobody's */
        char text[32];
        snprintf(text, sizeof(text), "+4918%08u", (unsigned)dice_below(&dice, 100000000));
        struct suppression other = entry_of(false, "sms", text);
        (void)suppression_list_add(house.list, &other, NOW_MS, record);
    }
    for (unsigned i = 0; i < 3000; i += 100) {
        char text[32];
        snprintf(text, sizeof(text), "+4917%08u", i + 1);
        struct suppression number = entry_of(false, "sms", text);
        assert_true(suppression_list_add(house.list, &number, NOW_MS, record));
        struct suppression voice = entry_of(false, "voice", text);
        assert_true(suppression_list_add(house.list, &voice, NOW_MS, record));
        snprintf(text, sizeof(text), "r%u", i + 50);
        struct suppression contact = entry_of(true, "", text);
        assert_true(suppression_list_add(house.list, &contact, NOW_MS, record));
    }
    write_record(&house, record);
    assert_int_equal(suppression_list_match(house.list, &info, 1u << CHANNEL_SMS, NOW_MS, &hits),
                     ERR_OK);
    assert_int_equal(hits.count, 90);
    for (size_t i = 0; i < hits.count; i++) {
        const struct suppression_hit *hit = &hits.hits[i];
        assert_int_equal(hit->reason, REASON_OPTED_OUT);
        if (hit->channel == SUPPRESSION_ALL_CHANNELS) {
            assert_int_equal(hit->ordinal % 100, 50);
            assert_int_equal(hit->rank, 255);
            contacts++;
            continue;
        }
        assert_int_equal(hit->channel, CHANNEL_SMS);
        assert_int_equal(hit->ordinal % 100, hit->rank == 0 ? 1 : 0);
        by_rank[hit->rank]++;
    }
    assert_int_equal(contacts, 30);
    assert_int_equal(by_rank[0], 30);
    assert_int_equal(by_rank[1], 30);
    suppression_hits_release(&hits);
    struct suppression one = entry_of(false, "voice", "+491700000101");
    assert_int_equal(suppression_list_find(house.list, &info, &one, &hits), ERR_OK);
    assert_int_equal(hits.count, 2);
    assert_int_equal(hits.hits[0].ordinal, 101);
    assert_int_equal(hits.hits[1].ordinal, 100);
    assert_int_equal(hits.hits[1].rank, 1);
    suppression_hits_release(&hits);
    house_close(&house);
}

/* Adding and removing at random: the table knows what a plain array knows. */
static void the_table_agrees_with_a_simple_one(void **state)
{
    enum { VALUES = 700 };
    struct house house = {0};
    struct dice dice = {.state = 11};
    bool is_there[VALUES] = {false};
    house_open(&house, state);
    struct record *record = record_new(0, 1, ++house.recno);
    for (unsigned round = 0; round < 30000; round++) {
        char text[16];
        unsigned value = (unsigned)dice_below(&dice, VALUES);
        snprintf(text, sizeof(text), "k%u", value);
        struct suppression entry = entry_of(true, value % 3 == 0 ? "sms" : "", text);
        assert_int_equal(suppression_list_has(house.list, &entry, NOW_MS), is_there[value]);
        if (dice_below(&dice, 2) == 0) {
            assert_int_equal(suppression_list_add(house.list, &entry, NOW_MS, record),
                             !is_there[value]);
            is_there[value] = true;
        } else {
            assert_int_equal(suppression_list_remove(house.list, &entry, "op", NOW_MS, record),
                             is_there[value]);
            is_there[value] = false;
        }
    }
    record_free(record);
    house_close(&house);
}

static int start_sodium(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(what_is_added_stays_over_a_restart_until_it_is_removed),
        STORES_TEST_MEMORY(an_entry_that_is_over_counts_no_more),
        STORES_TEST(an_audience_is_matched_against_the_whole_list),
        STORES_TEST_MEMORY(the_table_agrees_with_a_simple_one),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
