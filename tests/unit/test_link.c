/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/ledger/changelog.h"
#include "coordinator/link/link.h"
#include "coordinator/link/peers.h"
#include "tests/unit/unit.h"

#define EPOCH        7
#define HEARTBEAT_MS 1000
#define LEASE_MS     15000
#define START_MS     UINT64_C(1700000000000)
#define SENT_MAX     64
#define INSTANCE     UINT64_C(0xabc)
#define AUDIENCE     101
#define PAGE_BYTES   "a sealed page"

struct sent {
    char peer[WIRE_NAME_MAX + 1];
    struct wire_message message; /* lies in the fixture's arena */
    struct buf payload;
};

/* The real engine and turn, and a port of the test's own. */
struct fixture {
    struct ledger *ledger;
    struct engine *engine;
    struct turn *turn;
    struct changelog *changelog;
    struct link *link;
    struct arena arena;
    uint64_t now_ms;
    bool is_full;      /* send says that the queue is full */
    enum err page_err; /* of reading a page */
    int log_read;      /* what was logged */
    int log_write;
    unsigned sent_count;
    struct sent sent[SENT_MAX];
};

/* ---- The port ---- */

static bool port_send(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct fixture *fixture = arg;
    struct problem problem = {0};
    if (fixture->is_full) {
        return false;
    }
    assert_true(fixture->sent_count < SENT_MAX);
    struct sent *sent = &fixture->sent[fixture->sent_count++];
    snprintf(sent->peer, sizeof(sent->peer), "%.*s", (int)peer.len, (const char *)peer.data);
    frame.data = arena_copy(&fixture->arena, frame.data, frame.len);
    buf_clear(&sent->payload);
    buf_append(&sent->payload, payload.data, payload.len);
    assert_int_equal(
        wire_decode(frame, buf_view(&sent->payload), &fixture->arena, &sent->message, &problem),
        ERR_OK);
    return true;
}

static uint64_t port_now_ms(void *arg)
{
    const struct fixture *fixture = arg;
    return fixture->now_ms;
}

static enum err port_content(void *arg, uint64_t campaign, struct arena *arena,
                             struct wire_content *content)
{
    (void)arg;
    if (campaign != 1) {
        return ERR_NOT_FOUND;
    }
    struct wire_body *body = arena_zalloc(arena, 1, sizeof(*body));
    *body = (struct wire_body){
        .channel = CHANNEL_SMS, .locale = "", .subject = "", .text = "Hello", .html = ""};
    *content = (struct wire_content){
        .campaign = campaign, .name = "test", .body_count = 1, .bodies = body};
    content->schema = (struct page_schema){.count = 1};
    content->schema.columns[0] = (struct page_column){.field = PAGE_FIELD_KEY, .name = "id"};
    return ERR_OK;
}

static enum err port_page(void *arg, uint64_t audience, uint32_t page, struct store_value *value)
{
    const struct fixture *fixture = arg;
    assert_int_equal(audience, AUDIENCE);
    assert_int_equal(page, 0);
    if (fixture->page_err == ERR_OK) {
        value->bytes = slice_str(PAGE_BYTES);
    }
    return fixture->page_err;
}

/* ---- The fixture ---- */

static bool is_pending(void *arg)
{
    const struct fixture *fixture = arg;
    return engine_has_events(fixture->engine);
}

static void close_turn(void *arg, struct record *record)
{
    struct fixture *fixture = arg;
    engine_close_turn(fixture->engine, record);
}

static void open_engine(struct fixture *fixture)
{
    fixture->engine = engine_new(&(struct engine_settings){
        .epoch = EPOCH, .seed = 1, .heartbeat_ms = HEARTBEAT_MS, .lease_ms = LEASE_MS});
    engine_add_provider(
        fixture->engine,
        &(struct provider_def){
            .id = 3, .name = "p", .channel = CHANNEL_SMS, .weight = 1, .breaker_ms = 30000});
}

static void open_turn(struct fixture *fixture)
{
    struct problem problem = {0};
    assert_int_equal(ledger_open(&fixture->ledger, store_mem_new(), &problem), ERR_OK);
    fixture->turn = turn_new(0, EPOCH, 1);
    fixture->changelog = changelog_mem_new(fixture->ledger, turn_on_durable, fixture->turn);
    turn_set_changelog(fixture->turn, fixture->changelog);
    turn_set_source(fixture->turn, &(struct turn_source){is_pending, close_turn, fixture});
}

static int set_up(void **state)
{
    static const struct wire_provider provider = {
        .id = 3, .name = "p", .channel = CHANNEL_SMS, .adapter = "null", .settings = "{}"};
    struct fixture *fixture = mem_zalloc(1, sizeof(*fixture));
    fixture->now_ms = START_MS;
    arena_init(&fixture->arena, 65536);
    open_engine(fixture);
    open_turn(fixture);
    fixture->link = link_new(
        &(struct link_settings){EPOCH, HEARTBEAT_MS, LEASE_MS, 1, &provider},
        &(struct link_port){fixture, port_send, port_now_ms, port_content, port_page, NULL},
        fixture->engine, fixture->turn);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fixture->log_read = fds[0];
    fixture->log_write = fds[1];
    log_init(LOG_WARN, fixture->log_write);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    log_init(LOG_INFO, STDERR_FILENO);
    close(fixture->log_read);
    close(fixture->log_write);
    link_free(fixture->link);
    fixture->changelog->ops->close(fixture->changelog);
    turn_free(fixture->turn);
    engine_free(fixture->engine);
    ledger_close(fixture->ledger);
    for (unsigned i = 0; i < SENT_MAX; i++) {
        buf_release(&fixture->sent[i].payload);
    }
    arena_release(&fixture->arena);
    mem_free(fixture);
    return 0;
}

/* ---- What tests do ---- */

static void say(struct fixture *fixture, const char *peer, const struct wire_message *message)
{
    struct buf frame = {0};
    wire_encode(message, &frame);
    link_on_frames(fixture->link, slice_str(peer), buf_view(&frame), slice_of(NULL, 0));
    buf_release(&frame);
}

static void say_hello(struct fixture *fixture, const char *name, uint64_t instance)
{
    say(fixture, name,
        &(struct wire_message){.type = WIRE_HELLO,
                               .hello = {.version_min = WIRE_VERSION_MIN,
                                         .version_max = WIRE_VERSION,
                                         .name = name,
                                         .instance = instance,
                                         .build = "test"}});
}

static void say_credit(struct fixture *fixture, const char *name, uint64_t epoch)
{
    struct wire_message message = {.type = WIRE_CREDIT, .credit = {.epoch = epoch}};
    message.credit.limit[CHANNEL_SMS] = 1024;
    say(fixture, name, &message);
}

static void say_heartbeat(struct fixture *fixture, const char *name, uint64_t epoch)
{
    say(fixture, name,
        &(struct wire_message){.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = epoch, .at_ms = 1}});
}

static void launch(struct fixture *fixture, uint32_t slots)
{
    struct campaign_def def = {.id = 1,
                               .name = "test",
                               .audience = AUDIENCE,
                               .created_ms = START_MS,
                               .slots = slots,
                               .recipients = slots,
                               .weight = 1,
                               .plan = {.step_count = 1}};
    plan_step_defaults(&def.plan.steps[0], CHANNEL_SMS);
    assert_int_equal(engine_add_campaign(fixture->engine, &def), ERR_OK);
    assert_int_equal(engine_launch(fixture->engine, 1, fixture->now_ms, NULL), ERR_OK);
}

/* As the loop does before it sleeps. */
static void turn_over(struct fixture *fixture)
{
    engine_run(fixture->engine, fixture->now_ms);
    link_take_effects(fixture->link);
    turn_flush(fixture->turn, fixture->now_ms);
    fixture->now_ms += 2;
    turn_flush(fixture->turn, fixture->now_ms);
}

static void become_durable(struct fixture *fixture)
{
    while (changelog_mem_step(fixture->changelog)) {
    }
}

/* What was sent since the last look; there is but one, or none. */
static const struct sent *take_sent(struct fixture *fixture)
{
    assert_in_range(fixture->sent_count, 0, 1);
    const struct sent *sent = fixture->sent_count == 0 ? NULL : &fixture->sent[0];
    fixture->sent_count = 0;
    return sent;
}

static const struct wire_message *take_message(struct fixture *fixture, const char *peer,
                                               enum wire_type type)
{
    const struct sent *sent = take_sent(fixture);
    assert_non_null(sent);
    assert_string_equal(sent->peer, peer);
    assert_int_equal(sent->message.type, type);
    return &sent->message;
}

/* A worker with credit, and a campaign that is leased to it as far as it can be. */
static void join_and_lease(struct fixture *fixture, uint32_t slots)
{
    launch(fixture, slots);
    say_hello(fixture, "w1", INSTANCE);
    say_credit(fixture, "w1", EPOCH);
    take_message(fixture, "w1", WIRE_WELCOME);
    turn_over(fixture);
}

static uint32_t count_of(struct fixture *fixture, enum delivery_state state)
{
    struct campaign_view view;
    assert_true(engine_campaign(fixture->engine, 1, &view));
    return view.counts[state];
}

static struct link_stats stats_of(const struct fixture *fixture)
{
    struct link_stats stats;
    link_stats(fixture->link, &stats);
    return stats;
}

/* All that was logged so far. */
static const char *logged(struct fixture *fixture)
{
    static char text[8192];
    assert_int_equal(write(fixture->log_write, "\n", 1), 1);
    ssize_t len = read(fixture->log_read, text, sizeof(text) - 1);
    assert_true(len > 0);
    text[len] = '\0';
    return text;
}

static unsigned lines_with(const char *text, const char *words)
{
    unsigned count = 0;
    for (const char *at = strstr(text, words); at != NULL; at = strstr(at + 1, words)) {
        count++;
    }
    return count;
}

/* ---- Hello ---- */

static void a_hello_is_answered_with_all_that_a_worker_must_know(void **state)
{
    struct fixture *fixture = *state;
    say_hello(fixture, "w1", INSTANCE);
    const struct wire_welcome *welcome = &take_message(fixture, "w1", WIRE_WELCOME)->welcome;
    assert_int_equal(welcome->version, WIRE_VERSION);
    assert_int_equal(welcome->epoch, EPOCH);
    assert_int_equal(welcome->heartbeat_ms, HEARTBEAT_MS);
    assert_int_equal(welcome->lease_ms, LEASE_MS);
    assert_int_equal(welcome->provider_count, 1);
    assert_int_equal(welcome->providers[0].id, 3);
    assert_string_equal(welcome->providers[0].adapter, "null");
    struct worker_view view;
    assert_true(engine_worker(fixture->engine, 0, &view));
    assert_string_equal(view.name, "w1");
    assert_int_equal(view.instance, INSTANCE);
}

static void a_worker_of_another_version_is_refused_and_told_why(void **state)
{
    struct fixture *fixture = *state;
    struct worker_view view;
    say(fixture, "w9",
        &(struct wire_message){.type = WIRE_HELLO,
                               .hello = {.version_min = WIRE_VERSION + 1,
                                         .version_max = WIRE_VERSION + 2,
                                         .name = "w9",
                                         .instance = INSTANCE,
                                         .build = "later"}});
    const struct wire_refused *refused = &take_message(fixture, "w9", WIRE_REFUSED)->refused;
    assert_int_equal(refused->version_min, WIRE_VERSION_MIN);
    assert_int_equal(refused->version_max, WIRE_VERSION);
    assert_non_null(strstr(refused->why, "update the older of the two"));
    assert_int_equal(stats_of(fixture).refused, 1);
    assert_int_equal(lines_with(logged(fixture), "worker_refused worker=w9"), 1);
    assert_false(engine_worker(fixture->engine, 0, &view));
}

static void a_worker_that_says_bye_is_gone_and_its_leases_are_given_to_the_next(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    become_durable(fixture);
    take_message(fixture, "w1", WIRE_BATCH);
    say(fixture, "w1",
        &(struct wire_message){.type = WIRE_BYE, .bye = {.epoch = EPOCH, .instance = INSTANCE}});
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 0);
    assert_int_equal(count_of(fixture, DELIVERY_UNCERTAIN), 0);
    say_hello(fixture, "w2", INSTANCE + 1);
    say_credit(fixture, "w2", EPOCH);
    take_message(fixture, "w2", WIRE_WELCOME);
    fixture->now_ms += 10; /* what is due is known to 10 ms */
    turn_over(fixture);
    become_durable(fixture);
    assert_int_equal(take_message(fixture, "w2", WIRE_BATCH)->batch.count, 10);
}

/* ---- Heartbeats, credit, content ---- */

static void a_heartbeat_is_answered_unless_its_sender_must_say_hello(void **state)
{
    struct fixture *fixture = *state;
    say_heartbeat(fixture, "w1", EPOCH);
    assert_null(take_sent(fixture));
    say_heartbeat(fixture, "w1", EPOCH - 1);
    assert_int_equal(take_message(fixture, "w1", WIRE_HEARTBEAT)->heartbeat.epoch, EPOCH);
    say_hello(fixture, "w1", INSTANCE);
    take_message(fixture, "w1", WIRE_WELCOME);
    say_heartbeat(fixture, "w1", EPOCH);
    assert_int_equal(take_message(fixture, "w1", WIRE_HEARTBEAT)->heartbeat.epoch, EPOCH);
}

static void credit_of_another_epoch_counts_for_nothing(void **state)
{
    struct fixture *fixture = *state;
    launch(fixture, 10);
    say_hello(fixture, "w1", INSTANCE);
    take_message(fixture, "w1", WIRE_WELCOME);
    say_credit(fixture, "w1", EPOCH - 1);
    turn_over(fixture);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 0);
    say_credit(fixture, "w1", EPOCH);
    turn_over(fixture);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 10);
}

static void content_is_given_if_there_is_such_a_campaign(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = {.type = WIRE_CONTENT_REQUEST,
                                   .content_request = {.epoch = EPOCH, .campaign = 1}};
    say(fixture, "w1", &message);
    const struct wire_content *content = &take_message(fixture, "w1", WIRE_CONTENT)->content;
    assert_int_equal(content->epoch, EPOCH);
    assert_string_equal(content->bodies[0].text, "Hello");
    message.content_request.campaign = 2;
    say(fixture, "w1", &message);
    assert_null(take_sent(fixture));
    assert_int_equal(lines_with(logged(fixture), "content_unknown campaign=c2"), 1);
}

/* ---- Tokens of providers ---- */

static void beat(struct fixture *fixture, const char *name)
{
    say(fixture, name,
        &(struct wire_message){.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = EPOCH}});
}

static void expect_bearer(const struct fixture *fixture, unsigned at, const char *adapter,
                          const char *token)
{
    assert_in_range(at, 0, fixture->sent_count - 1);
    const struct wire_message *message = &fixture->sent[at].message;
    assert_int_equal(message->type, WIRE_BEARER);
    assert_int_equal(message->bearer.epoch, EPOCH);
    assert_int_equal(message->bearer.provider, 3);
    assert_string_equal(message->bearer.adapter, adapter);
    assert_slice_is(message->bearer.token, token);
}

static void expect_sent(struct fixture *fixture, enum wire_type first, unsigned count)
{
    assert_int_equal(fixture->sent_count, count);
    assert_int_equal(fixture->sent[0].message.type, first);
    fixture->sent_count = 0;
}

static void a_token_is_told_behind_the_welcome_and_when_it_is_new(void **state)
{
    struct fixture *fixture = *state;
    link_set_bearer(fixture->link, 3, "fcm", slice_str("first"));
    say_hello(fixture, "w1", INSTANCE);
    expect_bearer(fixture, 1, "fcm", "first");
    expect_sent(fixture, WIRE_WELCOME, 2);
    beat(fixture, "w1");
    expect_sent(fixture, WIRE_HEARTBEAT, 1);
    link_set_bearer(fixture->link, 3, "fcm", slice_str("second"));
    expect_bearer(fixture, 0, "fcm", "second");
    expect_sent(fixture, WIRE_BEARER, 1);
    say_hello(fixture, "w1", INSTANCE);
    expect_bearer(fixture, 1, "fcm", "second");
    expect_sent(fixture, WIRE_WELCOME, 2);
}

static void each_adapter_of_a_provider_has_a_token_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    link_set_bearer(fixture->link, 3, "fcm", slice_str("f"));
    link_set_bearer(fixture->link, 3, "apns", slice_str("a"));
    say_hello(fixture, "w1", INSTANCE);
    expect_bearer(fixture, 1, "apns", "a");
    expect_bearer(fixture, 2, "fcm", "f");
    expect_sent(fixture, WIRE_WELCOME, 3);
}

static void a_token_that_found_no_room_is_told_at_the_next_heartbeat(void **state)
{
    struct fixture *fixture = *state;
    say_hello(fixture, "w1", INSTANCE);
    expect_sent(fixture, WIRE_WELCOME, 1);
    fixture->is_full = true;
    link_set_bearer(fixture->link, 3, "fcm", slice_str("first"));
    beat(fixture, "w1");
    assert_null(take_sent(fixture));
    fixture->is_full = false;
    beat(fixture, "w1");
    expect_bearer(fixture, 1, "fcm", "first");
    expect_sent(fixture, WIRE_HEARTBEAT, 2);
}

static void who_was_not_welcomed_is_told_no_token(void **state)
{
    struct fixture *fixture = *state;
    say_credit(fixture, "w1", EPOCH);
    assert_null(take_sent(fixture));
    link_set_bearer(fixture->link, 3, "fcm", slice_str("first"));
    assert_null(take_sent(fixture));
}

/* ---- What waits for the disk ---- */

static void a_batch_leaves_when_its_lease_is_durable(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 10);
    assert_null(take_sent(fixture));
    become_durable(fixture);
    const struct sent *sent = take_sent(fixture);
    assert_int_equal(sent->message.type, WIRE_BATCH);
    assert_int_equal(sent->message.batch.epoch, EPOCH);
    assert_int_equal(sent->message.batch.instance, INSTANCE);
    assert_int_equal(sent->message.batch.count, 10);
    assert_slice_is(buf_view(&sent->payload), PAGE_BYTES);
}

static void outcomes_are_confirmed_when_they_are_durable(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    become_durable(fixture);
    const struct wire_batch *batch = &take_message(fixture, "w1", WIRE_BATCH)->batch;
    const struct outcome_run run = {.span = 10, .outcome = OUTCOME_ACCEPTED};
    const struct wire_outcome_group group = {
        .lease = batch->lease, .campaign = 1, .page = 0, .run_count = 1, .runs = &run};
    say(fixture, "w1",
        &(struct wire_message){.type = WIRE_OUTCOMES,
                               .outcomes = {.epoch = EPOCH - 1, /* any epoch's are taken */
                                            .instance = INSTANCE,
                                            .seq = 5,
                                            .group_count = 1,
                                            .groups = &group}});
    assert_int_equal(count_of(fixture, DELIVERY_ACCEPTED), 10);
    turn_over(fixture);
    assert_null(take_sent(fixture));
    become_durable(fixture);
    const struct wire_outcomes_durable *durable =
        &take_message(fixture, "w1", WIRE_OUTCOMES_DURABLE)->outcomes_durable;
    assert_int_equal(durable->epoch, EPOCH);
    assert_int_equal(durable->instance, INSTANCE);
    assert_int_equal(durable->seq, 5);
}

static void a_pause_is_told_when_it_is_durable_and_its_batches_stay_here(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    assert_int_equal(engine_pause(fixture->engine, 1, fixture->now_ms, NULL), ERR_OK);
    link_take_effects(fixture->link);
    turn_over(fixture);
    assert_null(take_sent(fixture));
    become_durable(fixture);
    const struct wire_cancel *cancel = &take_message(fixture, "w1", WIRE_CANCEL)->cancel;
    assert_int_equal(cancel->campaign, 1);
    assert_false(cancel->for_good);
    assert_int_equal(stats_of(fixture).unsent_batches, 1);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 0);
}

static void what_waits_for_the_disk_at_the_end_is_dropped(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    assert_null(take_sent(fixture)); /* the batch waits; tear_down frees link and turn */
}

/* ---- Batches that cannot be sent ---- */

static void expect_unsent(struct fixture *fixture)
{
    assert_null(take_sent(fixture));
    assert_int_equal(stats_of(fixture).unsent_batches, 1);
    assert_int_equal(stats_of(fixture).sent[WIRE_BATCH], 0);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 0);
    assert_int_equal(count_of(fixture, DELIVERY_WAITING) + count_of(fixture, DELIVERY_RETRYING),
                     10);
}

static void a_batch_whose_page_cannot_be_read_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    fixture->page_err = ERR_CORRUPT;
    become_durable(fixture);
    assert_null(take_sent(fixture));
    assert_int_equal(stats_of(fixture).sent[WIRE_BATCH], 0);
    assert_int_equal(count_of(fixture, DELIVERY_RETRYING), 10);
    assert_int_equal(lines_with(logged(fixture), "page_unreadable audience=a101 page=0"), 1);
}

static uint64_t leases_in_a_lease_time(struct fixture *fixture)
{
    struct engine_stats stats;
    uint64_t end_ms = fixture->now_ms + LEASE_MS;
    while (fixture->now_ms < end_ms) {
        turn_over(fixture);
        become_durable(fixture);
    }
    engine_stats(fixture->engine, &stats);
    return stats.leases;
}

static void a_page_that_cannot_be_read_is_not_leased_without_end(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    fixture->page_err = ERR_CORRUPT;
    assert_in_range(leases_in_a_lease_time(fixture), 1, 20);
}

/* It died a moment ago, with room for more: each try would be a lease and a release on the disk. */
static void who_cannot_be_reached_is_not_leased_to_until_it_speaks(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    fixture->is_full = true;
    assert_int_equal(leases_in_a_lease_time(fixture), 1);
}

static void a_batch_for_a_queue_that_is_full_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    fixture->is_full = true;
    become_durable(fixture);
    expect_unsent(fixture);
}

/* ---- Garbage, and peers without end ---- */

static void garbage_is_counted_and_named_once_in_a_thousand(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 1001; i++) {
        link_on_frames(fixture->link, slice_str("a stranger"), slice_str("garbage"),
                       slice_of(NULL, 0));
    }
    say(fixture, "w1",
        &(struct wire_message){.type = WIRE_CANCEL, .cancel = {.epoch = 1, .campaign = 1}});
    assert_null(take_sent(fixture));
    assert_int_equal(stats_of(fixture).garbage, 1002);
    const char *log = logged(fixture);
    assert_int_equal(lines_with(log, "garbage peer=a?stranger count="), 2);
    assert_int_equal(lines_with(log, "count=1001 "), 1);
}

static void what_is_not_for_a_coordinator_is_garbage(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "w1",
        &(struct wire_message){.type = WIRE_CANCEL, .cancel = {.epoch = 1, .campaign = 1}});
    assert_int_equal(stats_of(fixture).garbage, 1);
    assert_int_equal(lines_with(logged(fixture), "CANCEL is not for a coordinator"), 1);
}

static void strangers_take_no_place(void **state)
{
    struct fixture *fixture = *state;
    char name[16];
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        link_on_frames(fixture->link, slice_str(name), slice_str("garbage"), slice_of(NULL, 0));
    }
    say_hello(fixture, "w1", INSTANCE);
    take_message(fixture, "w1", WIRE_WELCOME);
}

/* It was silent, and many came meanwhile. It says hello, and its leases are its own again. */
static void a_worker_that_was_forgotten_may_come_back(void **state)
{
    struct fixture *fixture = *state;
    char name[16];
    join_and_lease(fixture, 10);
    become_durable(fixture);
    take_message(fixture, "w1", WIRE_BATCH);
    fixture->now_ms += LEASE_MS;
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        say_heartbeat(fixture, name, EPOCH);
    }
    fixture->now_ms += LEASE_MS;
    say_heartbeat(fixture, "w1", EPOCH);
    assert_null(take_sent(fixture));
    say_hello(fixture, "w1", INSTANCE);
    take_message(fixture, "w1", WIRE_WELCOME);
    struct worker_view view;
    assert_true(engine_worker(fixture->engine, 0, &view));
    assert_int_equal(view.in_hand[CHANNEL_SMS], 10);
    assert_false(engine_worker(fixture->engine, 1, &view));
}

#define LINK_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(a_hello_is_answered_with_all_that_a_worker_must_know),
        LINK_TEST(a_worker_of_another_version_is_refused_and_told_why),
        LINK_TEST(a_worker_that_says_bye_is_gone_and_its_leases_are_given_to_the_next),
        LINK_TEST(a_heartbeat_is_answered_unless_its_sender_must_say_hello),
        LINK_TEST(credit_of_another_epoch_counts_for_nothing),
        LINK_TEST(content_is_given_if_there_is_such_a_campaign),
        LINK_TEST(a_token_is_told_behind_the_welcome_and_when_it_is_new),
        LINK_TEST(each_adapter_of_a_provider_has_a_token_of_its_own),
        LINK_TEST(a_token_that_found_no_room_is_told_at_the_next_heartbeat),
        LINK_TEST(who_was_not_welcomed_is_told_no_token),
        LINK_TEST(a_batch_leaves_when_its_lease_is_durable),
        LINK_TEST(outcomes_are_confirmed_when_they_are_durable),
        LINK_TEST(a_pause_is_told_when_it_is_durable_and_its_batches_stay_here),
        LINK_TEST(what_waits_for_the_disk_at_the_end_is_dropped),
        LINK_TEST(a_batch_whose_page_cannot_be_read_is_taken_back),
        LINK_TEST(a_batch_for_a_queue_that_is_full_is_taken_back),
        LINK_TEST(a_page_that_cannot_be_read_is_not_leased_without_end),
        LINK_TEST(who_cannot_be_reached_is_not_leased_to_until_it_speaks),
        LINK_TEST(garbage_is_counted_and_named_once_in_a_thousand),
        LINK_TEST(what_is_not_for_a_coordinator_is_garbage),
        LINK_TEST(strangers_take_no_place),
        LINK_TEST(a_worker_that_was_forgotten_may_come_back),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
