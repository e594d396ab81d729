/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports over a journal that is written here record by record.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/engine/record.h"
#include "coordinator/report/campaign_report.h"
#include "coordinator/report/rate_bins.h"
#include "coordinator/report/reason_class.h"
#include "coordinator/report/report_chart.h"
#include "coordinator/report/report_compare.h"
#include "coordinator/report/report_csv.h"
#include "coordinator/report/report_html.h"
#include "coordinator/report/report_json.h"
#include "coordinator/report/report_value.h"
#include "coordinator/report/report_words.h"
#include "coordinator/report/time_spread.h"
#include "tests/unit/unit.h"

#define CAMPAIGN 7
#define AUDIENCE 12
#define LAUNCH   UINT64_C(1700000000000)
#define SLOTS    2500 /* three pages, the last not full */

struct fixture {
    struct ledger *ledger;
    uint64_t recno;
    struct record *record;
    struct audience_info audience;
    struct report_source source;
    struct campaign_report report;
};

/* Keys k0, k1, ...; two places of the second page are no recipients. */
static void load_audience(struct ledger *ledger)
{
    struct ledger_audience *load = ledger_audience_new(ledger, AUDIENCE);
    struct bitmap holes = {{0}};
    struct problem problem;
    for (uint32_t page = 0; page * PAGE_RECIPIENTS < SLOTS; page++) {
        struct page_builder builder;
        struct buf scratch = {0};
        struct buf sealed = {0};
        page_builder_init(&builder, 1);
        for (uint32_t i = page * PAGE_RECIPIENTS; i < SLOTS && i < (page + 1) * PAGE_RECIPIENTS;
             i++) {
            char key[16];
            snprintf(key, sizeof(key), "k%u", (unsigned)i);
            const struct slice value = slice_str(key);
            assert_true(page_builder_add(&builder, &value));
        }
        page_seal(&builder, PAGE_RAW, NULL, &scratch, &sealed);
        assert_int_equal(ledger_audience_page(load, page, buf_view(&sealed)), ERR_OK);
        page_builder_release(&builder);
        buf_release(&scratch);
        buf_release(&sealed);
    }
    bitmap_set(&holes, 3);
    bitmap_set(&holes, 7);
    assert_int_equal(ledger_audience_holes(load, 1, &holes), ERR_OK);
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&fixture->ledger, store_mem_new(), &problem), ERR_OK);
    load_audience(fixture->ledger);
    fixture->recno = 1;
    fixture->record = record_new(0, 1, 1);
    fixture->audience.id = AUDIENCE;
    fixture->audience.schema.count = 1;
    fixture->audience.schema.columns[0].field = PAGE_FIELD_KEY;
    struct report_source *source = &fixture->source;
    source->def = (struct campaign_def){.id = CAMPAIGN,
                                        .name = "<Boil & \"water\">",
                                        .audience = AUDIENCE,
                                        .created_ms = LAUNCH - 1000,
                                        .slots = SLOTS,
                                        .recipients = SLOTS};
    source->def.plan.step_count = 2;
    plan_step_defaults(&source->def.plan.steps[0], CHANNEL_SMS);
    plan_step_defaults(&source->def.plan.steps[1], CHANNEL_EMAIL);
    source->def.plan.steps[0].until = PLAN_ACKNOWLEDGED;
    source->state = CAMPAIGN_RUNNING;
    source->over = DELIVERY_EVENTS;
    source->now_ms = LAUNCH + 100000;
    source->audience = &fixture->audience;
    for (unsigned p = 0; p < WIRE_PROVIDERS_MAX; p++) {
        source->provider_channels[p] = p == 1   ? CHANNEL_SMS
                                       : p == 2 ? CHANNEL_EMAIL
                                                : CHANNEL_KINDS;
    }
    strcpy(source->provider_names[1], "gateway");
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    record_free(fixture->record);
    campaign_report_release(&fixture->report);
    ledger_close(fixture->ledger);
    free(fixture);
    return 0;
}

static void add_block(struct fixture *fixture, uint32_t page, const struct event *events,
                      unsigned count)
{
    struct event_list list;
    struct buf block = {0};
    struct problem problem;
    event_list_init(&list);
    for (unsigned i = 0; i < count; i++) {
        event_list_add(&list, &events[i]);
    }
    event_block_encode(&list, &block);
    record_add_block(fixture->record, CAMPAIGN, page, buf_view(&block));
    assert_int_equal(ledger_write(fixture->ledger, fixture->record, &problem), ERR_OK);
    record_free(fixture->record);
    fixture->record = record_new(0, 1, ++fixture->recno);
    event_list_release(&list);
    buf_release(&block);
}

static void own(struct fixture *fixture, enum campaign_event kind, unsigned after_ms)
{
    const struct event event = {.kind = (uint8_t)kind, .span = 1, .at_ms = LAUNCH + after_ms};
    add_block(fixture, RECORD_PAGE_CAMPAIGN, &event, 1);
}

/* Of `span` places of a page from `offset` on, on a step; its provider is the step's. */
static void happen(struct fixture *fixture, uint32_t page, enum delivery_event kind,
                   unsigned offset, unsigned span, unsigned step, unsigned after_ms,
                   uint16_t reason)
{
    const struct event event = {.kind = (uint8_t)kind,
                                .provider = (uint8_t)(step + 1),
                                .step = (uint8_t)step,
                                .offset = (uint16_t)offset,
                                .span = (uint16_t)span,
                                .reason = reason,
                                .lease = 1,
                                .at_ms = LAUNCH + after_ms,
                                .due_ms = LAUNCH + after_ms + 5000};
    add_block(fixture, page, &event, 1);
}

static const struct report_tally *read_report(struct fixture *fixture)
{
    static const atomic_bool is_stopped = false;
    campaign_report_release(&fixture->report);
    assert_int_equal(
        campaign_report_read(&fixture->report, fixture->ledger, &fixture->source, &is_stopped),
        ERR_OK);
    return fixture->report.tally;
}

/* ---- histograms ---- */

static void times_are_told_within_four_thousandths(void **state)
{
    struct time_spread *spread = calloc(1, sizeof(*spread));
    (void)state;
    for (uint64_t ms = 0; ms < 500; ms++) {
        time_spread_add(spread, ms);
    }
    assert_int_equal(time_spread_rank(spread, 1), 0);
    assert_int_equal(time_spread_rank(spread, 250), 249);
    assert_int_equal(time_spread_rank(spread, 500), 499);
    assert_true(time_spread_rank(spread, 501) == TIME_SPREAD_NEVER);
    for (uint64_t ms = 1000; ms < UINT64_C(100000000000); ms = ms * 7 / 3) {
        memset(spread, 0, sizeof(*spread));
        time_spread_add(spread, ms);
        time_spread_add(spread, ms * 2);
        uint64_t told = time_spread_rank(spread, 1);
        assert_true(told >= ms && told - ms <= ms / 250);
        assert_int_equal(time_spread_rank(spread, 2), ms * 2); /* never later than the last */
        assert_int_equal(time_spread_until(spread, told), 1);
    }
    free(spread);
}

static void a_percentile_is_the_nearest_rank_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(time_spread_percent(100, 50), 50);
    assert_int_equal(time_spread_percent(101, 50), 51);
    assert_int_equal(time_spread_percent(1, 99), 1);
    assert_int_equal(time_spread_percent(10, 99), 10);
}

static void the_busiest_second_is_found_whatever_the_order_and_the_length(void **state)
{
    struct rate_bins *bins = calloc(1, sizeof(*bins));
    (void)state;
    rate_bins_init(bins);
    rate_bins_add(bins, 90000, 40);
    rate_bins_add(bins, 10550, 300);
    rate_bins_add(bins, 11400, 200); /* within a second of the one before */
    rate_bins_add(bins, 11600, 100); /* not */
    struct rate_peak peak = rate_bins_peak(bins);
    assert_true(peak.per_s == 500.0 && peak.window_ms == 1000 && peak.at_ms == 10500);
    rate_bins_add(bins, 3000000, 1); /* 50 minutes: bins of 800 ms */
    peak = rate_bins_peak(bins);
    assert_int_equal(bins->width_ms, 800);
    assert_int_equal(bins->count, 641);
    assert_true(peak.window_ms == 800 && peak.per_s == 375.0);
    free(bins);
}

static void every_reason_has_its_class(void **state)
{
    (void)state;
    assert_int_equal(reason_class_of(550), REASON_CLASS_ANSWER);
    assert_int_equal(reason_class_of(1002), REASON_CLASS_NO_ENDPOINT);
    assert_int_equal(reason_class_of(1009), REASON_CLASS_ADDRESS);
    assert_int_equal(reason_class_of(1203), REASON_CLASS_HELD_BACK);
    assert_int_equal(reason_class_of(1612), REASON_CLASS_ADDRESS);
    assert_int_equal(reason_class_of(1655), REASON_CLASS_RECEIPT);
    assert_int_equal(reason_class_of(0), REASON_CLASS_UNKNOWN);
    /* From 1700 on they say how somebody acknowledged. */
#define KNOWN(name, number, sentence)                                                              \
    assert_true((number) == 0 || (number) >= 1700 ||                                               \
                reason_class_of(number) != REASON_CLASS_UNKNOWN);
    REASON_MAP(KNOWN)
#undef KNOWN
}

/* ---- the journal ---- */

static void pages_without_a_block_are_counted_and_holes_are_not(void **state)
{
    struct fixture *fixture = *state;
    const struct report_tally *tally = read_report(fixture);
    assert_int_equal(tally->people, SLOTS - 2);
    assert_int_equal(tally->states[DELIVERY_WAITING], SLOTS - 2);
    assert_int_equal(tally->rungs[0].entered, SLOTS - 2);
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    happen(fixture, 2, DELIVERY_EVENT_LEASED, 0, 10, 0, 5, 0);
    tally = read_report(fixture);
    assert_int_equal(tally->people, SLOTS - 2);
    assert_int_equal(tally->states[DELIVERY_LEASED], 10);
    assert_int_equal(tally->states[DELIVERY_WAITING], SLOTS - 12);
    assert_int_equal(tally->all.attempts, 10);
}

static void what_comes_back_untried_is_no_attempt(void **state)
{
    struct fixture *fixture = *state;
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 0, 6, 0, 5, 0);
    happen(fixture, 0, DELIVERY_EVENT_ACCEPTED, 0, 1, 0, 9, 202);
    happen(fixture, 0, DELIVERY_EVENT_RELEASED, 1, 1, 0, 9, REASON_PAUSED);
    happen(fixture, 0, DELIVERY_EVENT_RELEASED, 2, 1, 0, 9, 429);
    happen(fixture, 0, DELIVERY_EVENT_CLIMBED, 3, 1, 1, 9, REASON_NO_ENDPOINT);
    happen(fixture, 0, DELIVERY_EVENT_DEFERRED, 4, 1, 0, 9, 503);
    happen(fixture, 0, DELIVERY_EVENT_CLIMBED, 5, 1, 1, 9, 400);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 4, 1, 0, 20, 0);
    const struct report_tally *tally = read_report(fixture);
    const struct report_way *sms = &tally->channels[CHANNEL_SMS];
    assert_int_equal(sms->attempts, 4);
    assert_int_equal(sms->accepted + sms->deferred + sms->refused, 3);
    assert_int_equal(sms->retries, 1);
    assert_int_equal(sms->handed_back, 1);
    assert_int_equal(sms->turned_away, 1);
    assert_int_equal(sms->nothing_there, 1);
    assert_int_equal(tally->providers[1].attempts, 4);
    assert_int_equal(tally->rungs[0].climbed, 2);
    assert_int_equal(tally->rungs[1].entered, 2);
    assert_int_equal(tally->reasons[503].times, 1);
    happen(fixture, 0, DELIVERY_EVENT_RELEASED, 4, 1, 0, 25, REASON_DRAINED);
    tally = read_report(fixture);
    assert_int_equal(tally->all.attempts, 3);
    assert_int_equal(tally->all.retries, 0); /* the retry was none */
}

static void a_message_that_came_back_is_no_first_word(void **state)
{
    struct fixture *fixture = *state;
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 0, 3, 0, 5, 0);
    happen(fixture, 0, DELIVERY_EVENT_ACCEPTED, 0, 3, 0, 1000, 202);
    assert_int_equal(read_report(fixture)->reached, 3);
    happen(fixture, 0, DELIVERY_EVENT_BOUNCED, 0, 2, 0, 1500, REASON_ADDRESS_UNKNOWN);
    happen(fixture, 0, DELIVERY_EVENT_CLIMBED, 1, 1, 1, 1500, REASON_ADDRESS_UNKNOWN);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 1, 1, 1, 1600, 0);
    happen(fixture, 0, DELIVERY_EVENT_ACCEPTED, 1, 1, 1, 2000, 250);
    const struct report_tally *tally = read_report(fixture);
    assert_int_equal(tally->reached, 2);
    assert_int_equal(tally->all.bounced, 2);
    assert_int_equal(tally->all.accepted, 4);
    assert_int_equal(tally->not_reached, 1);
    assert_int_equal(tally->reasons[REASON_ADDRESS_UNKNOWN].people, 1);
    assert_int_equal(tally->reasons[REASON_ADDRESS_UNKNOWN].times, 2);
    assert_int_equal(time_spread_rank(&tally->first_word, 1), 1001);
    assert_int_equal(time_spread_rank(&tally->first_word, 2), 2000);
    assert_int_equal(tally->channels[CHANNEL_SMS].people_accepted, 1);
    assert_int_equal(tally->channels[CHANNEL_EMAIL].people_accepted, 1);
}

static void a_late_acceptance_ends_the_doubt(void **state)
{
    struct fixture *fixture = *state;
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 0, 3, 0, 5, 0);
    happen(fixture, 0, DELIVERY_EVENT_REPEATED, 0, 3, 0, 100, REASON_LEASE_EXPIRED);
    happen(fixture, 0, DELIVERY_EVENT_ACCEPTED, 0, 1, 0, 200, 202); /* of the first try */
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 1, 2, 0, 300, 0);
    happen(fixture, 0, DELIVERY_EVENT_ACCEPTED, 1, 1, 0, 400, 202);
    happen(fixture, 0, DELIVERY_EVENT_HELD, 2, 1, 0, 400, REASON_TIMED_OUT_AFTER);
    const struct report_way *all = &read_report(fixture)->all;
    assert_int_equal(all->attempts, 5);
    assert_int_equal(all->repeated, 2);
    assert_int_equal(all->accepted, 2);
    assert_int_equal(all->uncertain, 3); /* the first of each of two, and the second of one */
    const struct report_tally *tally = fixture->report.tally;
    assert_int_equal(tally->ever_uncertain, 3);
    assert_int_equal(tally->repeated_people, 2);
    assert_int_equal(tally->reached, 2);
    assert_int_equal(tally->rungs[0].accepted, 2);
}

static void receipts_and_acknowledgements_have_times_of_their_own(void **state)
{
    struct fixture *fixture = *state;
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 0, 3, 0, 5, 0);
    happen(fixture, 0, DELIVERY_EVENT_ACCEPTED, 0, 2, 0, 1000, 202);
    happen(fixture, 0, DELIVERY_EVENT_CLIMBED, 0, 2, 1, 9000, REASON_NOT_ACKNOWLEDGED);
    struct event confirmed = {.kind = DELIVERY_EVENT_CONFIRMED, /* of the sms, on the next step */
                              .provider = 1,
                              .step = 1,
                              .span = 1,
                              .at_ms = LAUNCH + 9500};
    add_block(fixture, 0, &confirmed, 1);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 0, 2, 1, 9600, 0);
    /* The ladder closes with what was known: this is no receipt of the e-mail. */
    happen(fixture, 0, DELIVERY_EVENT_DELIVERED, 0, 1, 1, 9700, 550);
    happen(fixture, 0, DELIVERY_EVENT_ACKNOWLEDGED, 1, 1, 1, 9900, 0);
    happen(fixture, 0, DELIVERY_EVENT_ACKNOWLEDGED, 2, 1, 0, 300, 0); /* before any outcome */
    const struct report_tally *tally = read_report(fixture);
    assert_int_equal(tally->delivered, 1);
    assert_int_equal(time_spread_rank(&tally->receipt, 1), 9500);
    assert_int_equal(tally->channels[CHANNEL_SMS].people_delivered, 1);
    assert_int_equal(tally->channels[CHANNEL_EMAIL].people_delivered, 0);
    assert_int_equal(tally->acknowledged, 2);
    assert_int_equal(tally->rungs[0].acknowledged, 1);
    assert_int_equal(tally->rungs[1].acknowledged, 1);
    assert_int_equal(tally->reached, 3); /* who says that he knows was told */
    assert_int_equal(time_spread_rank(&tally->first_word, 1), 300);
    assert_int_equal(time_spread_rank(&tally->answer, 1), 0);
    assert_int_equal(tally->channels[CHANNEL_EMAIL].refused, 1);
    assert_int_equal(tally->all.overtaken, 2);
}

static void it_is_told_by_what_means_people_acknowledged(void **state)
{
    static const unsigned expected[REPORT_MEANS] = {[REPORT_BY_LINK] = 3,
                                                    [REPORT_BY_REPLY] = 2,
                                                    [REPORT_BY_KEY] = 1,
                                                    [REPORT_BY_OTHERS] = 4,
                                                    [REPORT_BY_UNKNOWN] = 5};
    struct fixture *fixture = *state;
    struct buf form = {0};
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 0, 15, 0, 5, 0);
    happen(fixture, 0, DELIVERY_EVENT_ACCEPTED, 0, 15, 0, 1000, 202);
    happen(fixture, 0, DELIVERY_EVENT_ACKNOWLEDGED, 0, 3, 0, 2000, REASON_BY_LINK);
    happen(fixture, 0, DELIVERY_EVENT_ACKNOWLEDGED, 3, 2, 0, 2000, REASON_BY_REPLY);
    happen(fixture, 0, DELIVERY_EVENT_ACKNOWLEDGED, 5, 1, 0, 2000, REASON_BY_KEY);
    happen(fixture, 0, DELIVERY_EVENT_ACKNOWLEDGED, 6, 4, 0, 2000, REASON_BY_OTHERS);
    happen(fixture, 0, DELIVERY_EVENT_ACKNOWLEDGED, 10, 5, 0, 2000, REASON_NONE);
    const struct report_tally *tally = read_report(fixture);
    assert_int_equal(tally->acknowledged, 15);
    for (unsigned m = 0; m < REPORT_MEANS; m++) {
        assert_int_equal(tally->acknowledged_by[m], expected[m]);
    }
    json_t *json = report_json(&fixture->report);
    assert_int_equal(json_array_size(report_list_at(json, "acknowledged_by")), REPORT_MEANS);
    report_csv(json, &form);
    assert_non_null(strstr(buf_cstr(&form), "c7,acknowledged_by,link,people,3\r\n"));
    assert_non_null(strstr(buf_cstr(&form), "c7,acknowledged_by,link,share,0.2\r\n"));
    assert_non_null(strstr(buf_cstr(&form), "c7,acknowledged_by,unknown,people,5\r\n"));
    buf_clear(&form);
    report_html(json, &form);
    assert_non_null(strstr(buf_cstr(&form), "How people acknowledged"));
    assert_non_null(strstr(buf_cstr(&form), "entered by an operator or a program"));
    buf_release(&form);
    json_decref(json);
}

static void who_waited_at_the_end_is_told_why(void **state)
{
    struct fixture *fixture = *state;
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    happen(fixture, 0, DELIVERY_EVENT_LEASED, 0, 1, 0, 5, 0);
    happen(fixture, 0, DELIVERY_EVENT_ACCEPTED, 0, 1, 0, 1000, 202);
    own(fixture, CAMPAIGN_EVENT_PAUSED, 2000);
    own(fixture, CAMPAIGN_EVENT_CANCELLED, 5000);
    fixture->source.state = CAMPAIGN_CANCELLED;
    fixture->source.over = DELIVERY_EVENT_CANCELLED;
    const struct report_tally *tally = read_report(fixture);
    assert_int_equal(tally->states[DELIVERY_CANCELLED], SLOTS - 3);
    assert_int_equal(tally->reasons[REASON_CAMPAIGN_CANCELLED].people, SLOTS - 3);
    assert_int_equal(tally->key_count, REPORT_KEYS_MAX);
    assert_string_equal(tally->keys[0].key, "k1");
    assert_int_equal(tally->keys[0].reason, REASON_CAMPAIGN_CANCELLED);
    assert_int_equal(tally->states[DELIVERY_ACCEPTED], 1);
}

static void pauses_are_told_with_their_cause(void **state)
{
    struct fixture *fixture = *state;
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    own(fixture, CAMPAIGN_EVENT_PAUSED, 1000);
    own(fixture, CAMPAIGN_EVENT_RESUMED, 4000);
    const struct event stopped = {.kind = CAMPAIGN_EVENT_STOPPED,
                                  .step = STOP_FAILED,
                                  .span = 1,
                                  .lease = 12,
                                  .worker = 300,
                                  .at_ms = LAUNCH + 6000};
    add_block(fixture, RECORD_PAGE_CAMPAIGN, &stopped, 1);
    (void)read_report(fixture);
    assert_int_equal(fixture->report.pause_count, 2);
    json_t *json = report_json(&fixture->report);
    assert_true(report_number(json, "course.paused_s") == 3.0 + 94.0); /* it goes on */
    json_t *pauses = json_object_get(json_object_get(json, "course"), "pauses");
    assert_string_equal(report_str(json_array_get(pauses, 0), "cause"), "operator");
    assert_string_equal(report_str(json_array_get(pauses, 1), "rule"), "failed");
    assert_true(report_number(json_array_get(pauses, 1), "people") == 12);
    assert_true(json_is_null(json_object_get(json_array_get(pauses, 1), "to")));
    json_decref(json);
}

static void a_damaged_journal_and_a_stop_end_the_reading(void **state)
{
    struct fixture *fixture = *state;
    static const atomic_bool is_stopped = true;
    assert_int_equal(
        campaign_report_read(&fixture->report, fixture->ledger, &fixture->source, &is_stopped),
        ERR_CLOSED);
    campaign_report_release(&fixture->report);
    static const atomic_bool goes_on = false;
    own(fixture, CAMPAIGN_EVENT_LAUNCHED, 0);
    happen(fixture, 0, DELIVERY_EVENT_DEFERRED, 0, 1, 0, 5, 503); /* nobody is leased */
    assert_int_equal(
        campaign_report_read(&fixture->report, fixture->ledger, &fixture->source, &goes_on),
        ERR_CORRUPT);
}

static void groups_beyond_the_limit_are_counted_together(void **state)
{
    struct report_tally *tally = report_tally_new(false, true);
    char name[16];
    (void)state;
    for (unsigned i = 0; i < REPORT_GROUPS_MAX + 50; i++) {
        snprintf(name, sizeof(name), "g%u", i);
        report_groups_take(tally->groups, slice_str(name))->people += i == 77 ? 5 : 1;
    }
    assert_int_equal(report_groups_take(tally->groups, slice_str("g3"))->people, 1);
    report_groups_sort(tally->groups);
    assert_string_equal(report_groups_at(tally->groups, 0)->name, "g77");
    assert_string_equal(report_groups_at(tally->groups, 1)->name, "g0");
    assert_null(report_groups_at(tally->groups, REPORT_GROUPS_MAX));
    assert_int_equal(report_groups_others(tally->groups)->people, 50);
    report_tally_free(tally);
}

/* ---- the forms ---- */

static void words_are_as_people_read_them(void **state)
{
    struct buf text = {0};
    (void)state;
    report_put_count(&text, 1234567);
    report_put_count(&text, -999);
    buf_str(&text, "|");
    report_put_share(&text, 0.99999);
    report_put_share(&text, 1);
    report_put_share(&text, 0.00001);
    buf_str(&text, "|");
    report_put_seconds(&text, 0);
    report_put_seconds(&text, 0.004);
    report_put_seconds(&text, 59.97);
    report_put_seconds(&text, -3725);
    report_put_seconds(&text, 90000);
    buf_str(&text, "|");
    report_put_time(&text, "2026-11-29T18:05:00.123Z");
    report_put_time(&text, "never");
    assert_string_equal(buf_cstr(&text),
                        "1,234,567-999|99.9 %100.0 %< 0.1 %|0 s4 ms1 min-1 h 2 min1 d 1 h|"
                        "2026-11-29 18:05:00 UTCnever");
    buf_release(&text);
}

static void names_are_text_in_every_form(void **state)
{
    struct fixture *fixture = *state;
    struct buf form = {0};
    (void)read_report(fixture);
    json_t *json = report_json(&fixture->report);
    report_html(json, &form);
    assert_non_null(strstr(buf_cstr(&form), "&lt;Boil &amp; &quot;water&quot;&gt;"));
    assert_null(strstr(buf_cstr(&form), "<Boil"));
    buf_clear(&form);
    json_object_set_new(json_object_get(json, "campaign"), "name", json_string("=1+1,\"x\"\n"));
    report_csv(json, &form);
    assert_non_null(strstr(buf_cstr(&form), "c7,campaign,,name,\"'=1+1,\"\"x\"\"\n\"\r\n"));
    buf_release(&form);
    json_decref(json);
}

static void a_campaign_compared_with_itself_differs_in_nothing(void **state)
{
    struct fixture *fixture = *state;
    (void)read_report(fixture);
    json_t *json = report_json(&fixture->report);
    json_t *comparison = report_compare(json, json);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(comparison, "rows"), i, row)
    {
        assert_true(report_number(row, "difference") == 0);
    }
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(comparison, "remarks"), 0)),
        "Both are the same campaign.");
    json_decref(comparison);
    json_decref(json);
}

#define REPORT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_told_within_four_thousandths),
        cmocka_unit_test(a_percentile_is_the_nearest_rank_rounded_up),
        cmocka_unit_test(the_busiest_second_is_found_whatever_the_order_and_the_length),
        cmocka_unit_test(every_reason_has_its_class),
        REPORT_TEST(pages_without_a_block_are_counted_and_holes_are_not),
        REPORT_TEST(what_comes_back_untried_is_no_attempt),
        REPORT_TEST(a_message_that_came_back_is_no_first_word),
        REPORT_TEST(a_late_acceptance_ends_the_doubt),
        REPORT_TEST(receipts_and_acknowledgements_have_times_of_their_own),
        REPORT_TEST(it_is_told_by_what_means_people_acknowledged),
        REPORT_TEST(who_waited_at_the_end_is_told_why),
        REPORT_TEST(pauses_are_told_with_their_cause),
        REPORT_TEST(a_damaged_journal_and_a_stop_end_the_reading),
        cmocka_unit_test(groups_beyond_the_limit_are_counted_together),
        cmocka_unit_test(words_are_as_people_read_them),
        REPORT_TEST(names_are_text_in_every_form),
        REPORT_TEST(a_campaign_compared_with_itself_differs_in_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
