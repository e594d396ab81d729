/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/link_fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

#define START_MS UINT64_C(1700000000000)

#define AUDIENCE 101

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

int set_up(void **state)
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

int tear_down(void **state)
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

void say(struct fixture *fixture, const char *peer, const struct wire_message *message)
{
    struct buf frame = {0};
    wire_encode(message, &frame);
    link_on_frames(fixture->link, slice_str(peer), buf_view(&frame), slice_of(NULL, 0));
    buf_release(&frame);
}

void say_hello(struct fixture *fixture, const char *name, uint64_t instance)
{
    say(fixture, name,
        &(struct wire_message){.type = WIRE_HELLO,
                               .hello = {.version_min = WIRE_VERSION_MIN,
                                         .version_max = WIRE_VERSION,
                                         .name = name,
                                         .instance = instance,
                                         .build = "test"}});
}

void say_credit(struct fixture *fixture, const char *name, uint64_t epoch)
{
    struct wire_message message = {.type = WIRE_CREDIT, .credit = {.epoch = epoch}};
    message.credit.limit[CHANNEL_SMS] = 1024;
    say(fixture, name, &message);
}

void say_heartbeat(struct fixture *fixture, const char *name, uint64_t epoch)
{
    say(fixture, name,
        &(struct wire_message){.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = epoch, .at_ms = 1}});
}

void launch(struct fixture *fixture, uint32_t slots)
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

void turn_over(struct fixture *fixture)
{
    engine_run(fixture->engine, fixture->now_ms);
    link_take_effects(fixture->link);
    turn_flush(fixture->turn, fixture->now_ms);
    fixture->now_ms += 2;
    turn_flush(fixture->turn, fixture->now_ms);
}

void become_durable(struct fixture *fixture)
{
    while (changelog_mem_step(fixture->changelog)) {
    }
}

const struct sent *take_sent(struct fixture *fixture)
{
    assert_in_range(fixture->sent_count, 0, 1);
    const struct sent *sent = fixture->sent_count == 0 ? NULL : &fixture->sent[0];
    fixture->sent_count = 0;
    return sent;
}

const struct wire_message *take_message(struct fixture *fixture, const char *peer,
                                        enum wire_type type)
{
    const struct sent *sent = take_sent(fixture);
    assert_non_null(sent);
    assert_string_equal(sent->peer, peer);
    assert_int_equal(sent->message.type, type);
    return &sent->message;
}

void join_and_lease(struct fixture *fixture, uint32_t slots)
{
    launch(fixture, slots);
    say_hello(fixture, "w1", INSTANCE);
    say_credit(fixture, "w1", EPOCH);
    take_message(fixture, "w1", WIRE_WELCOME);
    turn_over(fixture);
}

uint32_t count_of(struct fixture *fixture, enum delivery_state state)
{
    struct campaign_view view;
    assert_true(engine_campaign(fixture->engine, 1, &view));
    return view.counts[state];
}

struct link_stats stats_of(const struct fixture *fixture)
{
    struct link_stats stats;
    link_stats(fixture->link, &stats);
    return stats;
}

const char *logged(struct fixture *fixture)
{
    static char text[8192];
    assert_int_equal(write(fixture->log_write, "\n", 1), 1);
    ssize_t len = read(fixture->log_read, text, sizeof(text) - 1);
    assert_true(len > 0);
    text[len] = '\0';
    return text;
}

unsigned lines_with(const char *text, const char *words)
{
    unsigned count = 0;
    for (const char *at = strstr(text, words); at != NULL; at = strstr(at + 1, words)) {
        count++;
    }
    return count;
}
