/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delivery_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

#define FIXTURE_PUBLIC_URL "https://notify.example"

static const uint8_t token_key[HASH_KEY_BYTES] = "delivery-fixture";

/* ---- The shell ---- */

static void copy_text(char *to, size_t cap, struct slice from)
{
    size_t len = from.len < cap - 1 ? from.len : cap - 1;
    memcpy(to, from.data, len);
    to[len] = '\0';
}

static void note_run(struct fixture_lease *lease, const struct outcome_run *run)
{
    assert_true(run->span >= 1 && run->offset + run->span <= PAGE_RECIPIENTS);
    assert_true(run->ref.len == 0 || run->span == 1);
    assert_true(run->at_ms > 0);
    lease->runs++;
    if (run->ref.len > 0) {
        copy_text(lease->ref, sizeof(lease->ref), run->ref);
    }
    for (unsigned place = run->offset; place < (unsigned)run->offset + run->span; place++) {
        assert_true(bitmap_has(&lease->places, place));
        lease->place[place].outcome = run->outcome;
        lease->place[place].reason = run->reason;
        lease->place[place].reports++;
    }
}

static void note_outcomes(struct fixture *fixture, const struct wire_outcomes *outcomes)
{
    assert_int_equal(outcomes->instance, FIXTURE_INSTANCE);
    assert_true(outcomes->seq > 0 && outcomes->seq < FIXTURE_SEQS_MAX);
    fixture->outcomes_epoch = outcomes->epoch;
    fixture->seqs[fixture->seq_count++ % 64] = outcomes->seq;
    if (fixture->is_seq_seen[outcomes->seq]) {
        return;
    }
    fixture->is_seq_seen[outcomes->seq] = true;
    for (unsigned g = 0; g < outcomes->group_count; g++) {
        const struct wire_outcome_group *group = &outcomes->groups[g];
        struct fixture_lease *lease = &fixture->leases[group->lease];
        assert_true(lease->is_given);
        assert_int_equal(group->campaign, lease->campaign);
        assert_int_equal(group->page, lease->page);
        lease->timed += group->timed;
        lease->latency_ms += group->latency_ms;
        for (unsigned r = 0; r < group->run_count; r++) {
            note_run(lease, &group->runs[r]);
        }
    }
}

static void note_credit(struct fixture *fixture, const struct wire_credit *credit)
{
    memcpy(fixture->credit, credit->limit, sizeof(fixture->credit));
    fixture->unopened_count = credit->unopened_count;
    if (credit->unopened_count > 0) {
        fixture->unopened = credit->unopened[0].provider;
        snprintf(fixture->unopened_why, sizeof(fixture->unopened_why), "%s",
                 credit->unopened[0].why);
    }
}

static bool shell_send(void *arg, const struct wire_message *message)
{
    struct fixture *fixture = arg;
    if (fixture->is_link_down) {
        return false;
    }
    /* Whatever is said must be sayable on the wire. */
    struct buf frame = {0};
    wire_encode(message, &frame);
    assert_true(frame.len > 0 && frame.len < WIRE_FRAME_MAX);
    buf_release(&frame);
    fixture->sent[message->type]++;
    if (fixture->is_deaf) {
        return true;
    }
    if (message->type == WIRE_OUTCOMES) {
        note_outcomes(fixture, &message->outcomes);
    } else if (message->type == WIRE_CREDIT) {
        note_credit(fixture, &message->credit);
    } else if (message->type == WIRE_CONTENT_REQUEST) {
        fixture->asked_campaign = message->content_request.campaign;
    }
    return true;
}

static enum err shell_open_provider(void *arg, const struct wire_provider *provider,
                                    struct problem *problem)
{
    struct fixture *fixture = arg;
    if (provider->settings == NULL) {
        fixture->closed++;
        return ERR_OK;
    }
    fixture->opened++;
    const char *why = fixture->open_why == NULL ? "as told" : fixture->open_why;
    return fixture->open_err == ERR_OK ? ERR_OK
                                       : problem_set(problem, fixture->open_err, "%s", why);
}

static uint32_t shell_concurrency(void *arg, uint8_t provider)
{
    (void)provider;
    return ((struct fixture *)arg)->concurrency;
}

/* The lease of an attempt: the given one that has its campaign and page and this place not started.
 */
static void note_start(struct fixture *fixture, const struct attempt *attempt)
{
    uint32_t page = attempt->ordinal / PAGE_RECIPIENTS;
    uint32_t place = attempt->ordinal % PAGE_RECIPIENTS;
    for (unsigned i = 1; i < FIXTURE_LEASES_MAX; i++) {
        struct fixture_lease *lease = &fixture->leases[i];
        if (lease->is_given && lease->campaign == attempt->campaign && lease->page == page &&
            bitmap_has(&lease->places, place)) {
            lease->place[place].starts++;
            return;
        }
    }
    fail_msg("attempt at ordinal %u was leased to nobody", attempt->ordinal);
}

static struct delivery_form shell_form(void *arg, uint8_t provider)
{
    (void)provider;
    return ((const struct fixture *)arg)->form;
}

/* The request of this message that is being gathered and has room, or NULL. */
static struct fixture_request *find_request(struct fixture *fixture, const struct merge *merge)
{
    for (unsigned i = 0; i < fixture->request_count; i++) {
        struct fixture_request *request = &fixture->requests[i];
        if (request->at_ms == 0 && request->merge == merge && request->count < fixture->form.bulk) {
            return request;
        }
    }
    return NULL;
}

static bool shell_has_room(void *arg, uint8_t provider, const struct merge *merge,
                           struct slice endpoint)
{
    (void)endpoint;
    struct fixture *fixture = arg;
    (void)provider;
    assert_non_null(merge);
    return find_request(fixture, merge) != NULL || fixture->connections == 0 ||
           fixture->request_count < fixture->connections;
}

static void gather(struct fixture *fixture, const struct attempt *attempt)
{
    struct fixture_request *request = find_request(fixture, attempt->merge);
    if (request == NULL) {
        assert_true(shell_has_room(fixture, attempt->provider, attempt->merge, attempt->endpoint));
        assert_true(fixture->request_count < FIXTURE_REQUESTS_MAX);
        request = &fixture->requests[fixture->request_count++];
        *request = (struct fixture_request){.merge = attempt->merge};
    }
    request->count++;
}

static void shell_flush(void *arg, uint8_t provider)
{
    struct fixture *fixture = arg;
    (void)provider;
    for (unsigned i = 0; i < fixture->request_count; i++) {
        struct fixture_request *request = &fixture->requests[i];
        request->at_ms = request->at_ms == 0 ? fixture->now_ms : request->at_ms;
    }
}

/* The text of a message in its form for many. */
static void note_merged(struct fixture_attempt *noted, const struct attempt *attempt)
{
    const struct merge_part *part = &attempt->merge->text;
    struct buf text = {0};
    for (size_t i = 0; i < part->count; i++) {
        buf_slice(&text, part->pieces[i].literal);
        if (part->pieces[i].slot != MERGE_NO_SLOT) {
            buf_slice(&text, attempt->values[part->pieces[i].slot]);
        }
    }
    copy_text(noted->text, sizeof(noted->text), buf_view(&text));
    buf_release(&text);
}

static void shell_start(void *arg, const struct attempt *attempt)
{
    struct fixture *fixture = arg;
    note_start(fixture, attempt);
    assert_true(fixture->attempt_count < FIXTURE_ATTEMPTS_MAX);
    struct fixture_attempt *noted = &fixture->attempts[fixture->attempt_count++];
    *noted = (struct fixture_attempt){.id = attempt->id,
                                      .provider = attempt->provider,
                                      .ordinal = attempt->ordinal,
                                      .at_ms = fixture->now_ms};
    copy_text(noted->endpoint, sizeof(noted->endpoint), attempt->endpoint);
    if (fixture->form.is_merged) {
        gather(fixture, attempt);
        note_merged(noted, attempt);
    } else {
        assert_null(attempt->merge);
        copy_text(noted->text, sizeof(noted->text), attempt->text);
    }
    copy_text(noted->key, sizeof(noted->key), attempt->key);
    assert_true(token_read(slice_of(attempt->token, TOKEN_CHARS), token_key, &noted->token));
    assert_memory_equal(attempt->token_key, token_key, HASH_KEY_BYTES);
    assert_true(slice_is(attempt->public_url, FIXTURE_PUBLIC_URL));
    fixture->in_flight++;
    if (fixture->in_flight > fixture->most_in_flight) {
        fixture->most_in_flight = fixture->in_flight;
    }
    if (fixture->is_answering) {
        fixture->in_flight--;
        noted->is_ended = true;
        delivery_on_result(fixture->delivery, attempt->id, &fixture->answer, fixture->now_ms);
    }
}

/* ---- Pages ---- */

void fixture_make_page(struct fixture *fixture, unsigned count, const struct bitmap *no_phone,
                       const struct bitmap *no_name)
{
    struct page_builder builder;
    struct buf scratch = {0};
    page_builder_init(&builder, COLUMNS);
    for (unsigned i = 0; i < count; i++) {
        char text[COLUMNS][32];
        snprintf(text[COLUMN_ID], 32, "k%u", i);
        snprintf(text[COLUMN_PHONE], 32, "%s",
                 no_phone != NULL && bitmap_has(no_phone, i) ? "" : "+4900");
        snprintf(text[COLUMN_PHONE_2], 32, "+4911%u", i);
        snprintf(text[COLUMN_NAME], 32, "%s%u", "Name", i);
        if (no_name != NULL && bitmap_has(no_name, i)) {
            text[COLUMN_NAME][0] = '\0';
        }
        struct slice values[COLUMNS];
        for (unsigned c = 0; c < COLUMNS; c++) {
            values[c] = slice_str(text[c]);
        }
        assert_true(page_builder_add(&builder, values));
    }
    buf_clear(&fixture->page);
    page_seal(&builder, PAGE_ZSTD, NULL, &scratch, &fixture->page);
    buf_release(&scratch);
    page_builder_release(&builder);
}

static void make_schema(struct page_schema *schema)
{
    static const struct page_column columns[COLUMNS] = {
        [COLUMN_ID] = {PAGE_FIELD_KEY, 0, "id"},
        [COLUMN_PHONE] = {PAGE_FIELD_PHONE, 0, "phone"},
        [COLUMN_PHONE_2] = {PAGE_FIELD_PHONE, 1, "phone.2"},
        [COLUMN_NAME] = {PAGE_FIELD_VARIABLE, 0, "first_name"},
    };
    schema->count = COLUMNS;
    memcpy(schema->columns, columns, sizeof(columns));
}

/* ---- Life ---- */

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->attempts = calloc(FIXTURE_ATTEMPTS_MAX, sizeof(*fixture->attempts));
    fixture->now_ms = 1000000;
    fixture->concurrency = 4096;
    fixture->is_answering = true;
    fixture->answer.outcome = OUTCOME_ACCEPTED;
    fixture->campaign_of_next_lease = 5;
    make_schema(&fixture->schema);
    fixture_make_page(fixture, PAGE_RECIPIENTS, NULL, NULL);
    log_init(LOG_ERROR, -1);
    const struct delivery_settings settings = {
        .name = "w1", .build = "test", .instance = FIXTURE_INSTANCE};
    const struct delivery_shell shell = {.arg = fixture,
                                         .send = shell_send,
                                         .open_provider = shell_open_provider,
                                         .concurrency = shell_concurrency,
                                         .start = shell_start,
                                         .flush = shell_flush,
                                         .form = shell_form,
                                         .has_room = shell_has_room};
    fixture->delivery = delivery_new(&settings, &shell);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    delivery_free(fixture->delivery);
    buf_release(&fixture->page);
    free(fixture->attempts);
    free(fixture);
    return 0;
}

/* ---- The coordinator ---- */

void fixture_say(struct fixture *fixture, const struct wire_message *message)
{
    for (unsigned i = 0; i < fixture->request_count; i++) { /* or it could not be called back */
        assert_true(fixture->requests[i].at_ms > 0);
    }
    delivery_on_message(fixture->delivery, message, fixture->now_ms);
}

void fixture_welcome_with(struct fixture *fixture, uint64_t epoch, unsigned count)
{
    static const struct wire_provider providers[] = {
        {.id = 0, .name = "sms", .channel = CHANNEL_SMS, .adapter = "null", .settings = "{}"},
        {.id = 1, .name = "mail", .channel = CHANNEL_EMAIL, .adapter = "null", .settings = "{}"},
    };
    struct wire_message welcome = {
        .type = WIRE_WELCOME,
        .welcome = {.version = WIRE_VERSION,
                    .epoch = epoch,
                    .heartbeat_ms = FIXTURE_HEARTBEAT_MS,
                    .lease_ms = FIXTURE_LEASE_MS,
                    .provider_count = count,
                    .providers = providers},
    };
    fixture->epoch = epoch > fixture->epoch ? epoch : fixture->epoch;
    fixture_say(fixture, &welcome);
}

void fixture_welcome(struct fixture *fixture, uint64_t epoch)
{
    fixture_welcome_with(fixture, epoch, 1);
}

void fixture_join(struct fixture *fixture)
{
    delivery_connect(fixture->delivery, fixture->now_ms);
    fixture_welcome(fixture, fixture->epoch == 0 ? 1 : fixture->epoch);
    (void)fixture_run(fixture);
}

void fixture_content(struct fixture *fixture, uint64_t campaign, const char *text)
{
    const struct wire_body body = {
        .channel = CHANNEL_SMS, .locale = "", .subject = "", .text = text, .html = ""};
    struct wire_message message = {.type = WIRE_CONTENT,
                                   .content = {.epoch = fixture->epoch,
                                               .campaign = campaign,
                                               .name = "outage",
                                               .schema = fixture->schema,
                                               .body_count = 1,
                                               .bodies = &body}};
    memcpy(message.content.token_key, token_key, HASH_KEY_BYTES);
    message.content.public_url = FIXTURE_PUBLIC_URL;
    fixture_say(fixture, &message);
}

struct wire_batch fixture_make_batch(struct fixture *fixture, uint64_t lease, unsigned count)
{
    return (struct wire_batch){.epoch = fixture->epoch,
                               .instance = FIXTURE_INSTANCE,
                               .lease = lease,
                               .campaign = fixture->campaign_of_next_lease,
                               .page = (uint32_t)lease,
                               .count = (uint16_t)count,
                               .whole = true,
                               .page_bytes = buf_view(&fixture->page)};
}

void fixture_give(struct fixture *fixture, const struct wire_batch *batch)
{
    struct fixture_lease *lease = &fixture->leases[batch->lease];
    assert_true(batch->lease < FIXTURE_LEASES_MAX);
    lease->is_given = true;
    lease->campaign = batch->campaign;
    lease->page = batch->page;
    lease->places = batch->places;
    if (batch->whole) {
        bitmap_fill(&lease->places, batch->count);
    }
    fixture_say(fixture, &(struct wire_message){.type = WIRE_BATCH, .batch = *batch});
}

void fixture_batch(struct fixture *fixture, uint64_t lease, unsigned count)
{
    const struct wire_batch batch = fixture_make_batch(fixture, lease, count);
    fixture_give(fixture, &batch);
}

void fixture_heartbeat(struct fixture *fixture)
{
    fixture_say(fixture, &(struct wire_message){.type = WIRE_HEARTBEAT,
                                                .heartbeat = {.epoch = fixture->epoch}});
}

void fixture_cancel(struct fixture *fixture, uint64_t campaign, bool for_good)
{
    const struct wire_message message = {
        .type = WIRE_CANCEL,
        .cancel = {.epoch = fixture->epoch, .campaign = campaign, .for_good = for_good}};
    fixture_say(fixture, &message);
}

void fixture_confirm(struct fixture *fixture, uint64_t seq)
{
    const struct wire_message message = {
        .type = WIRE_OUTCOMES_DURABLE,
        .outcomes_durable = {.epoch = fixture->epoch, .instance = FIXTURE_INSTANCE, .seq = seq}};
    fixture_say(fixture, &message);
}

uint32_t fixture_run(struct fixture *fixture)
{
    uint32_t wait_ms = 0;
    unsigned runs = 0;
    do {
        wait_ms = delivery_run(fixture->delivery, fixture->now_ms);
        assert_true(++runs < 1000);
        for (uint64_t seq = 1; !fixture->is_unconfirmed && !fixture->is_deaf &&
                               seq < FIXTURE_SEQS_MAX && fixture->is_seq_seen[seq];
             seq++) {
            fixture_confirm(fixture, seq);
        }
    } while (wait_ms == 0);
    return wait_ms;
}

void fixture_pass(struct fixture *fixture, uint64_t ms, uint64_t step_ms)
{
    uint64_t end_ms = fixture->now_ms + ms;
    uint64_t beat_ms = fixture->now_ms + FIXTURE_HEARTBEAT_MS;
    while (fixture->now_ms < end_ms) {
        fixture->now_ms += end_ms - fixture->now_ms < step_ms ? end_ms - fixture->now_ms : step_ms;
        if (!fixture->is_deaf && !fixture->is_link_down && fixture->now_ms >= beat_ms) {
            fixture_heartbeat(fixture);
            beat_ms += FIXTURE_HEARTBEAT_MS;
        }
        (void)fixture_run(fixture);
    }
}

void fixture_end(struct fixture *fixture, unsigned count, enum outcome outcome)
{
    fixture_end_with(fixture, count, outcome, REASON_NONE);
}

void fixture_end_with(struct fixture *fixture, unsigned count, enum outcome outcome,
                      uint16_t reason)
{
    const struct attempt_result result = {.outcome = outcome, .reason = reason};
    for (unsigned i = 0; i < fixture->attempt_count && count > 0; i++) {
        struct fixture_attempt *attempt = &fixture->attempts[i];
        if (!attempt->is_ended) {
            attempt->is_ended = true;
            fixture->in_flight--;
            count--;
            delivery_on_result(fixture->delivery, attempt->id, &result, fixture->now_ms);
        }
    }
    assert_int_equal(count, 0);
}

/* ---- Questions ---- */

unsigned fixture_reported(const struct fixture *fixture, uint64_t lease, enum outcome outcome,
                          uint16_t reason)
{
    unsigned count = 0;
    for (unsigned place = 0; place < PAGE_RECIPIENTS; place++) {
        const struct fixture_place *at = &fixture->leases[lease].place[place];
        count += at->reports > 0 && at->outcome == outcome && (reason == 0 || at->reason == reason);
    }
    return count;
}

void fixture_assert_all_reported(const struct fixture *fixture)
{
    for (unsigned i = 1; i < FIXTURE_LEASES_MAX; i++) {
        const struct fixture_lease *lease = &fixture->leases[i];
        for (unsigned place = 0; lease->is_given && place < PAGE_RECIPIENTS; place++) {
            const struct fixture_place *at = &lease->place[place];
            assert_int_equal(at->reports, bitmap_has(&lease->places, place));
            assert_true(at->starts <= 1);
            if (at->reports > 0 && at->outcome == OUTCOME_RETURNED) {
                assert_int_equal(at->starts, 0);
            }
        }
    }
    struct delivery_stats stats = fixture_stats(fixture);
    assert_int_equal(stats.in_hand, 0);
    assert_int_equal(stats.in_flight, 0);
}

struct delivery_stats fixture_stats(const struct fixture *fixture)
{
    struct delivery_stats stats;
    delivery_stats(fixture->delivery, &stats);
    return stats;
}

struct fixture *fixture_ready(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture_batch(fixture, 500, 1);
    fixture_content(fixture, 5, FIXTURE_TEXT);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 500, OUTCOME_ACCEPTED, 0), 1);
    fixture->attempt_count = 0;
    return fixture;
}
