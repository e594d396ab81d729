/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "coordinator/engine/campaign.h"
#include "coordinator/engine/detour.h"
#include "tests/dice.h"
#include "tests/unit/unit.h"

#define BASE_MS UINT64_C(1700000000000)

struct bench {
    struct lease_table leases;
    struct campaign *campaign;
};

static void bench_init(struct bench *bench, uint32_t slots)
{
    struct campaign_def def = {.id = 1,
                               .created_ms = BASE_MS,
                               .slots = slots,
                               .recipients = slots,
                               .weight = 1,
                               .plan = {.step_count = 1}};
    plan_step_defaults(&def.plan.steps[0], CHANNEL_SMS);
    bench->leases = (struct lease_table){0};
    bench->campaign = campaign_new(&def);
}

static void bench_release(struct bench *bench)
{
    campaign_free(bench->campaign);
    lease_table_release(&bench->leases);
}

static bool happens(struct bench *bench, enum delivery_event kind, uint32_t page, unsigned offset,
                    unsigned span, uint64_t lease)
{
    bool is_later = kind == DELIVERY_EVENT_DEFERRED || kind == DELIVERY_EVENT_REPEATED ||
                    kind == DELIVERY_EVENT_RELEASED;
    return campaign_apply(bench->campaign, &bench->leases, page,
                          &(struct event){.kind = (uint8_t)kind,
                                          .offset = (uint16_t)offset,
                                          .span = (uint16_t)span,
                                          .lease = lease,
                                          .worker = 5,
                                          .at_ms = BASE_MS + 1000,
                                          .due_ms = is_later ? BASE_MS + 2000 : 0});
}

static bool happens_to_it(struct bench *bench, enum campaign_event kind)
{
    return campaign_apply_own(
        bench->campaign,
        &(struct event){.kind = (uint8_t)kind, .span = 1, .step = kind == CAMPAIGN_EVENT_ROUND});
}

/* ---- Its own life ---- */

static void a_campaign_lives_by_its_table(void **test)
{
    (void)test;
    /* By state, then by event (launched, paused, resumed, cancelled, finished, overridden,
     * screened, scheduled, expired, stopped, superseded, changed, round, round_whole): what
     * follows, or `-`. */
    static const char *const EXPECTED[CAMPAIGN_STATES] = {"R--C---S--CD--", "-P-CFRR-RPCR-R",
                                                          "--RCFPP-P-CP-P", "------------R-",
                                                          "--------------", "R--C---S--CS--"};
    static const char LETTERS[] = "DRPFCS";
    static const enum campaign_event WAY[CAMPAIGN_STATES][3] = {
        {CAMPAIGN_EVENTS, CAMPAIGN_EVENTS, CAMPAIGN_EVENTS},
        {CAMPAIGN_EVENT_LAUNCHED, CAMPAIGN_EVENTS, CAMPAIGN_EVENTS},
        {CAMPAIGN_EVENT_LAUNCHED, CAMPAIGN_EVENT_PAUSED, CAMPAIGN_EVENTS},
        {CAMPAIGN_EVENT_LAUNCHED, CAMPAIGN_EVENT_FINISHED, CAMPAIGN_EVENTS},
        {CAMPAIGN_EVENT_CANCELLED, CAMPAIGN_EVENTS, CAMPAIGN_EVENTS},
        {CAMPAIGN_EVENT_SCHEDULED, CAMPAIGN_EVENTS, CAMPAIGN_EVENTS}};
    for (unsigned state = 0; state < CAMPAIGN_STATES; state++) {
        for (unsigned event = 0; event < CAMPAIGN_EVENTS; event++) {
            struct bench bench;
            bench_init(&bench, 10);
            for (unsigned i = 0; WAY[state][i] != CAMPAIGN_EVENTS; i++) {
                assert_true(happens_to_it(&bench, WAY[state][i]));
            }
            assert_int_equal(bench.campaign->state, state);
            bool fits = happens_to_it(&bench, (enum campaign_event)event);
            assert_int_equal(fits, EXPECTED[state][event] != '-');
            if (fits) {
                assert_int_equal(LETTERS[bench.campaign->state], EXPECTED[state][event]);
            }
            bench_release(&bench);
        }
    }
}

static void an_event_that_does_not_exist_does_not_fit(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench, 10);
    assert_false(happens_to_it(&bench, CAMPAIGN_EVENTS));
    assert_false(happens_to_it(&bench, (enum campaign_event)255));
    bench_release(&bench);
}

static void names_are_parsed_back(void **test)
{
    (void)test;
    enum campaign_priority priority;
    for (unsigned p = 0; p < PRIORITIES; p++) {
        assert_true(
            campaign_priority_parse(campaign_priority_name((enum campaign_priority)p), &priority));
        assert_int_equal(priority, p);
    }
    assert_false(campaign_priority_parse("urgent", &priority));
    assert_string_equal(campaign_state_name(CAMPAIGN_PAUSED), "paused");
    assert_string_equal(campaign_state_name(CAMPAIGN_STATES), "?");
}

/* ---- Events of pages ---- */

static void events_of_no_page_do_not_fit(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench, 1500);
    assert_false(happens(&bench, DELIVERY_EVENT_LEASED, 2, 0, 1, 7));
    assert_false(happens(&bench, DELIVERY_EVENT_LEASED, UINT32_MAX, 0, 1, 7));
    assert_false(happens(&bench, DELIVERY_EVENT_LEASED, 1, 470, 7, 7));
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 1, 470, 6, 7));
    campaign_drop_pages(bench.campaign);
    assert_false(happens(&bench, DELIVERY_EVENT_LEASED, 0, 0, 1, 8));
    lease_table_release(&bench.leases);
    campaign_free(bench.campaign);
}

static void a_lease_belongs_to_one_page(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench, 3000);
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 0, 10, 7));
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 20, 10, 7));
    assert_int_equal(lease_find(&bench.leases, 7)->left, 20);
    assert_false(happens(&bench, DELIVERY_EVENT_LEASED, 1, 0, 10, 7));
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 1, 0, 10, 8));
    assert_false(happens(&bench, DELIVERY_EVENT_ACCEPTED, 1, 0, 10, 7));
    assert_false(happens(&bench, DELIVERY_EVENT_LEASED, 1, 10, 10, 0));
    bench_release(&bench);
}

/* Places leave the lease that they are in, and no other. */
static void an_event_must_name_the_lease_that_its_places_are_in(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench, 1000);
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 0, 10, 7));
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 10, 10, 8));
    assert_false(happens(&bench, DELIVERY_EVENT_ACCEPTED, 0, 0, 10, 8));
    assert_false(happens(&bench, DELIVERY_EVENT_ACCEPTED, 0, 5, 10, 7));
    assert_false(happens(&bench, DELIVERY_EVENT_ACCEPTED, 0, 0, 1, 99));
    assert_false(happens(&bench, DELIVERY_EVENT_ACCEPTED, 0, 0, 1, 0));
    assert_int_equal(bench.campaign->counts[DELIVERY_LEASED], 20);
    assert_true(happens(&bench, DELIVERY_EVENT_ACCEPTED, 0, 0, 10, 7));
    bench_release(&bench);
}

static void a_lease_goes_with_its_last_place(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench, 1000);
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 0, 10, 7));
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 10, 10, 8));
    assert_true(happens(&bench, DELIVERY_EVENT_ACCEPTED, 0, 0, 9, 7));
    assert_non_null(lease_find(&bench.leases, 7));
    assert_true(happens(&bench, DELIVERY_EVENT_HELD, 0, 9, 1, 7));
    assert_null(lease_find(&bench.leases, 7));
    assert_non_null(bench.campaign->pages[0].leases);
    assert_null(bench.campaign->pages[0].leases->next_of_page);
    assert_int_equal(bench.campaign->pages[0].leases->id, 8);
    bench_release(&bench);
}

static void pages_that_a_replay_skips_wait_in_the_timers(void **test)
{
    (void)test;
    struct bench bench;
    uint32_t page;
    uint32_t due_cs;
    bench_init(&bench, 5 * 1024);
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 3, 0, 1024, 7));
    assert_int_equal(bench.campaign->next_fresh, 4);
    assert_int_equal(bench.campaign->due[0].count, 3);
    assert_true(page_timers_first(&bench.campaign->due[0], &page, &due_cs));
    assert_int_equal(due_cs, 0);
    bench_release(&bench);
}

/* ---- Snapshots ---- */

/* Two leases, and one of every kind of state beside them. */
static void make_history(struct bench *bench)
{
    bench_init(bench, 2000);
    happens(bench, DELIVERY_EVENT_LEASED, 1, 0, 500, 7);
    happens(bench, DELIVERY_EVENT_ACCEPTED, 1, 0, 100, 7);
    happens(bench, DELIVERY_EVENT_DEFERRED, 1, 100, 50, 7);
    happens(bench, DELIVERY_EVENT_REPEATED, 1, 150, 5, 7);
    happens(bench, DELIVERY_EVENT_HELD, 1, 155, 5, 7);
    happens(bench, DELIVERY_EVENT_LEASED, 1, 600, 20, 8);
}

static void assert_same(const struct bench *a, const struct bench *b)
{
    assert_memory_equal(a->campaign->counts, b->campaign->counts, sizeof(a->campaign->counts));
    assert_memory_equal(a->campaign->pages[1].states, b->campaign->pages[1].states,
                        976 * sizeof(struct recipient_state));
    assert_int_equal(a->leases.count, b->leases.count);
    for (uint64_t id = 7; id <= 8; id++) {
        const struct lease *x = lease_find(&a->leases, id);
        const struct lease *y = lease_find(&b->leases, id);
        assert_memory_equal(&x->places, &y->places, sizeof(x->places));
        assert_int_equal(x->left, y->left);
        assert_int_equal(x->instance, y->instance);
        assert_int_equal(x->provider, y->provider);
    }
}

static void a_page_comes_back_from_its_snapshot(void **test)
{
    (void)test;
    struct bench bench;
    struct bench back;
    struct buf bytes = {0};
    make_history(&bench);
    bench_init(&back, 2000);
    campaign_snapshot(bench.campaign, 1, &bytes);
    assert_int_equal(campaign_restore(back.campaign, &back.leases, 1, buf_view(&bytes)), ERR_OK);
    assert_same(&bench, &back);
    /* And goes on from there. */
    assert_true(happens(&back, DELIVERY_EVENT_ACCEPTED, 1, 160, 340, 7));
    assert_null(lease_find(&back.leases, 7));
    buf_release(&bytes);
    bench_release(&bench);
    bench_release(&back);
}

/* As versions 1 to 3 wrote it: step 3 bits, complained 1, endpoint 4; attempt and repeats 4 each;
 * used 8. */
static void states_of_older_snapshots_are_read(void **test)
{
    (void)test;
    static const uint8_t OLD[8] = {DELIVERY_RETRYING | 0x10 | BEFORE_REACHED << 6,
                                   5 | 1 << 3 | 9 << 4,
                                   3 | 2 << 4,
                                   201,
                                   7,
                                   0,
                                   0,
                                   0};
    for (uint8_t version = 1; version <= 3; version++) {
        struct recipient_state old[976];
        struct recipient_state back[976];
        struct page_rest rest = {0};
        struct buf bytes = {0};
        for (unsigned i = 0; i < 976; i++) {
            memcpy(&old[i], OLD, sizeof(OLD));
        }
        buf_u8(&bytes, version);
        fold_states_encode(old, 976, &bytes);
        buf_varint(&bytes, 0);
        if (version == 3) {
            buf_varint(&bytes, 0); /* nobody is barred */
        }
        assert_int_equal(engine_snapshot_page(buf_view(&bytes), back, NULL, 976, &rest), ERR_OK);
        assert_int_equal(back[0].state, DELIVERY_RETRYING);
        assert_int_equal(back[0].uncertain, 1);
        assert_int_equal(back[0].before, BEFORE_REACHED);
        assert_int_equal(back[0].step, 5);
        assert_int_equal(back[0].complained, version == 3);
        assert_int_equal(back[0].endpoint, 9);
        assert_int_equal(back[0].attempt, 3);
        assert_int_equal(back[0].repeats, 2);
        assert_int_equal(back[0].used, 100); /* of 127 */
        assert_int_equal(back[0].due_cs, 7);
        buf_release(&bytes);
    }
}

/* As version 4 wrote it: the states of now, and nothing of rounds. */
static void a_snapshot_without_rounds_is_read(void **test)
{
    (void)test;
    struct bench bench;
    struct buf bytes = {0};
    struct recipient_state states[976];
    struct page_rest rest = {0};
    make_history(&bench);
    campaign_snapshot(bench.campaign, 1, &bytes);
    assert_int_equal(bytes.data[0], 5);
    bytes.data[0] = 4;
    bytes.len--; /* no runs */
    assert_int_equal(engine_snapshot_page(buf_view(&bytes), states, NULL, 976, &rest), ERR_OK);
    assert_memory_equal(states, bench.campaign->pages[1].states, sizeof(states));
    assert_null(rest.rounds);
    page_rest_release(&rest);
    buf_release(&bytes);
    bench_release(&bench);
}

/* In a page in which somebody passed by a step that was down, and only there. */
static void detours_stand_at_the_end_of_a_snapshot(void **test)
{
    (void)test;
    struct bench bench;
    struct bench back;
    struct buf bytes = {0};
    make_history(&bench);
    const struct event passed = {
        .kind = DELIVERY_EVENT_CLIMBED, .reason = REASON_CHANNEL_DOWN, .offset = 700, .span = 2};
    const struct event went_back = {
        .kind = DELIVERY_EVENT_CLIMBED, .reason = REASON_PASSED_BY, .offset = 701, .span = 1};
    uint8_t **detours = &bench.campaign->pages[1].rest.detours;
    detours_take(detours, &went_back);
    detours_take(detours, &passed);
    detours_take(detours, &went_back);
    campaign_snapshot(bench.campaign, 1, &bytes);
    assert_int_equal(bytes.data[0], 7);
    bench_init(&back, 2000);
    assert_int_equal(campaign_restore(back.campaign, &back.leases, 1, buf_view(&bytes)), ERR_OK);
    assert_same(&bench, &back);
    for (unsigned i = 0; i < 976; i++) {
        assert_int_equal(detour_of(back.campaign->pages[1].rest.detours, i),
                         i == 700   ? DETOUR_PASSED
                         : i == 701 ? DETOUR_BACK
                                    : DETOUR_NONE);
    }
    bench_release(&back);
    bench_init(&back, 2000);
    bytes.data[bytes.len - 1] = DETOURS; /* of the last run */
    assert_int_equal(campaign_restore(back.campaign, &back.leases, 1, buf_view(&bytes)),
                     ERR_CORRUPT);
    bench_release(&back);
    const struct event retried = {.kind = DELIVERY_EVENT_RETRIED, .offset = 700, .span = 1};
    detours_take(detours, &retried);
    assert_int_equal(detour_of(*detours, 700), DETOUR_NONE);
    buf_release(&bytes);
    bench_release(&bench);
}

static void every_truncation_of_a_snapshot_is_refused(void **test)
{
    (void)test;
    struct bench bench;
    struct buf bytes = {0};
    make_history(&bench);
    campaign_snapshot(bench.campaign, 1, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        struct bench back;
        bench_init(&back, 2000);
        uint8_t *copy = mem_copy(bytes.data, len);
        assert_int_equal(campaign_restore(back.campaign, &back.leases, 1, slice_of(copy, len)),
                         ERR_CORRUPT);
        mem_free(copy);
        bench_release(&back);
    }
    buf_u8(&bytes, 0);
    struct bench back;
    bench_init(&back, 2000);
    assert_int_equal(campaign_restore(back.campaign, &back.leases, 1, buf_view(&bytes)),
                     ERR_CORRUPT);
    bytes.data[0] = 99;
    assert_int_equal(campaign_restore(back.campaign, &back.leases, 1, buf_view(&bytes)),
                     ERR_UNSUPPORTED);
    assert_int_equal(campaign_restore(back.campaign, &back.leases, 2, buf_view(&bytes)),
                     ERR_CORRUPT);
    bench_release(&back);
    buf_release(&bytes);
    bench_release(&bench);
}

/* Writes a snapshot by hand, with one lease. */
static void write_snapshot(struct buf *bytes, const struct recipient_state *states, unsigned count,
                           uint64_t id, uint8_t step, const struct bitmap *places)
{
    buf_clear(bytes);
    buf_u8(bytes, 1);
    fold_states_encode(states, count, bytes);
    buf_varint(bytes, 1);
    buf_u64(bytes, id);
    buf_u64(bytes, 5);
    buf_u8(bytes, 0);
    buf_u8(bytes, step);
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        buf_u64(bytes, places->words[w]);
    }
}

static enum err restore(struct slice bytes)
{
    struct bench back;
    bench_init(&back, 2000);
    enum err err = campaign_restore(back.campaign, &back.leases, 1, bytes);
    bench_release(&back);
    return err;
}

/* Version 6, of a plan with a pair, written by hand: the states of both tracks, the leases of both,
 * what is barred, the rounds. */
static void a_snapshot_of_two_tracks_has_the_side_after_the_ladder(void **test)
{
    (void)test;
    struct plan plan = {.step_count = 2, .steps = {[1] = {.with_previous = true}}};
    struct campaign_def def = {.id = 1, .slots = 3, .recipients = 3, .weight = 1, .plan = plan};
    struct recipient_state ladder[3] = {
        {.state = DELIVERY_LEASED}, {.state = DELIVERY_FAILED}, {.state = DELIVERY_ACCEPTED}};
    struct recipient_state side[3] = {{.state = DELIVERY_LEASED, .step = 1},
                                      {.state = DELIVERY_RETRYING, .step = 1, .due_cs = 7},
                                      {.state = DELIVERY_UNREACHABLE, .step = 1}};
    struct recipient_state read[2][3];
    struct page_rest rest = {0};
    struct lease_table leases = {0};
    struct buf bytes = {0};
    struct buf again = {0};
    buf_u8(&bytes, 6);
    fold_states_encode(ladder, 3, &bytes);
    fold_states_encode(side, 3, &bytes);
    for (uint8_t step = 0; step < 2; step++) {
        buf_varint(&bytes, 1);
        buf_u64(&bytes, 40u + step);
        buf_u64(&bytes, 5);
        buf_u8(&bytes, 0);
        buf_u8(&bytes, step);
        buf_u64(&bytes, 1);
        for (unsigned w = 1; w < BITMAP_WORDS; w++) {
            buf_u64(&bytes, 0);
        }
    }
    buf_varint(&bytes, 0);
    buf_varint(&bytes, 0);
    struct campaign *campaign = campaign_new(&def);
    assert_int_equal(campaign_restore(campaign, &leases, 0, buf_view(&bytes)), ERR_OK);
    assert_int_equal(lease_find(&leases, 40)->page, 0);
    assert_int_equal(lease_find(&leases, 41)->page, 1); /* the side's */
    assert_int_equal(campaign->counts[DELIVERY_LEASED], 1);
    assert_int_equal(campaign->counts[DELIVERY_RETRYING], 1);
    assert_int_equal(campaign->counts[DELIVERY_ACCEPTED], 1);
    assert_int_equal(engine_snapshot_page(buf_view(&bytes), read[0], read[1], 3, &rest), ERR_OK);
    assert_memory_equal(read[0], ladder, sizeof(ladder));
    assert_memory_equal(read[1], side, sizeof(side));
    campaign_snapshot(campaign, 0, &again);
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.data, bytes.data, bytes.len);
    assert_int_equal(engine_snapshot_page(buf_view(&bytes), read[0], NULL, 3, &rest), ERR_CORRUPT);
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT); /* a plan without a pair */
    campaign_free(campaign);
    lease_table_release(&leases);
    /* A state on a step of the other track is none. */
    page_rest_release(&rest);
    side[2].step = 0;
    buf_clear(&again);
    buf_u8(&again, 6);
    fold_states_encode(ladder, 3, &again);
    fold_states_encode(side, 3, &again);
    campaign = campaign_new(&def);
    assert_int_equal(campaign_restore(campaign, &leases, 0, buf_view(&again)), ERR_CORRUPT);
    campaign_free(campaign);
    lease_table_release(&leases);
    buf_release(&bytes);
    buf_release(&again);
}

/* A campaign whose plan has none has no memory for it. */
static void only_a_plan_with_a_pair_has_a_side(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench, 2000);
    assert_int_equal(bench.campaign->page_total, bench.campaign->page_count);
    assert_false(campaign_has_pair(bench.campaign));
    bench_release(&bench);
}

/* A recipient is leased exactly if an open lease has it: else nobody would ever give it back. */
static void leases_and_states_of_a_snapshot_must_agree(void **test)
{
    (void)test;
    struct recipient_state states[976];
    struct bitmap places = {{0}};
    struct buf bytes = {0};
    fold_begin(&(struct fold){.plan = &(struct plan){.step_count = 1}}, states, 976, NULL);
    states[3].state = DELIVERY_LEASED;
    bitmap_set(&places, 3);
    write_snapshot(&bytes, states, 976, 7, 0, &places);
    assert_int_equal(restore(buf_view(&bytes)), ERR_OK);
    uint8_t *provider = &bytes.data[bytes.len - sizeof(places.words) - 2];
    *provider = WIRE_PROVIDERS_MAX - 1;
    assert_int_equal(restore(buf_view(&bytes)), ERR_OK);
    *provider = WIRE_PROVIDERS_MAX;
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT);
    write_snapshot(&bytes, states, 976, 0, 0, &places);
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT);
    write_snapshot(&bytes, states, 976, 7, 1, &places);
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT);
    bitmap_set(&places, 4);
    write_snapshot(&bytes, states, 976, 7, 0, &places);
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT);
    bitmap_clear_all(&places);
    write_snapshot(&bytes, states, 976, 7, 0, &places);
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT);
    bitmap_set(&places, 3);
    bitmap_set(&places, 1000);
    write_snapshot(&bytes, states, 976, 7, 0, &places);
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT);
    bitmap_clear(&places, 1000);
    states[5].state = DELIVERY_LEASED;
    write_snapshot(&bytes, states, 976, 7, 0, &places);
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT);
    states[5].state = DELIVERY_WAITING;
    states[9].step = 2;
    write_snapshot(&bytes, states, 976, 7, 0, &places);
    assert_int_equal(restore(buf_view(&bytes)), ERR_CORRUPT);
    buf_release(&bytes);
}

static void flipped_bits_of_a_snapshot_break_nothing(void **test)
{
    (void)test;
    struct bench bench;
    struct buf bytes = {0};
    make_history(&bench);
    campaign_snapshot(bench.campaign, 1, &bytes);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)restore(buf_view(&bytes));
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(restore(buf_view(&bytes)), ERR_OK);
    buf_release(&bytes);
    bench_release(&bench);
}

/* ---- Timers ---- */

static void the_timer_of_a_page_is_its_earliest(void **test)
{
    (void)test;
    struct bench bench;
    struct dice dice = {4};
    uint32_t page;
    uint32_t due_cs;
    bench_init(&bench, 1024);
    struct recipient_state *states = campaign_states(bench.campaign, 0);
    for (unsigned i = 0; i < 1024; i++) {
        states[i].state = i % 2 == 0 ? DELIVERY_RETRYING : DELIVERY_ACCEPTED;
        states[i].due_cs = i % 2 == 0 ? 100 + dice_below(&dice, 1000) : 1;
    }
    states[500].due_cs = 99;
    campaign_refresh_timers(bench.campaign, 0);
    assert_true(page_timers_first(&bench.campaign->due[0], &page, &due_cs));
    assert_int_equal(due_cs, 99);
    for (unsigned i = 0; i < 1024; i++) {
        states[i].state = DELIVERY_LEASED;
    }
    campaign_refresh_timers(bench.campaign, 0);
    assert_false(page_timers_first(&bench.campaign->due[0], &page, &due_cs));
    bench_release(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_lives_by_its_table),
        cmocka_unit_test(an_event_that_does_not_exist_does_not_fit),
        cmocka_unit_test(names_are_parsed_back),
        cmocka_unit_test(events_of_no_page_do_not_fit),
        cmocka_unit_test(a_lease_belongs_to_one_page),
        cmocka_unit_test(an_event_must_name_the_lease_that_its_places_are_in),
        cmocka_unit_test(a_lease_goes_with_its_last_place),
        cmocka_unit_test(pages_that_a_replay_skips_wait_in_the_timers),
        cmocka_unit_test(a_page_comes_back_from_its_snapshot),
        cmocka_unit_test(states_of_older_snapshots_are_read),
        cmocka_unit_test(a_snapshot_without_rounds_is_read),
        cmocka_unit_test(detours_stand_at_the_end_of_a_snapshot),
        cmocka_unit_test(every_truncation_of_a_snapshot_is_refused),
        cmocka_unit_test(a_snapshot_of_two_tracks_has_the_side_after_the_ladder),
        cmocka_unit_test(only_a_plan_with_a_pair_has_a_side),
        cmocka_unit_test(leases_and_states_of_a_snapshot_must_agree),
        cmocka_unit_test(flipped_bits_of_a_snapshot_break_nothing),
        cmocka_unit_test(the_timer_of_a_page_is_its_earliest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
