/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/api_rig.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "coordinator/ledger/recovery.h"
#include "coordinator/report/head_signer.h"
#include "proto/token.h"

#define EPOCH_BASE 5
#define WAITS_MAX  1000 /* turns */
#define KEPT_MS    UINT64_C(86400000)

static const struct wire_provider wire_providers[] = {
    {0, "gateway", CHANNEL_SMS, "null", "{}"},
    {1, "relay", CHANNEL_EMAIL, "null", "{}"},
};
#define CODE_URL "{\"url\":\"http://gateway/{{reply_code}}\"}"
static const struct provider_def provider_defs[] = {
    {.id = 0,
     .name = "gateway",
     .channel = CHANNEL_SMS,
     .weight = 1,
     .breaker_ms = 1000,
     .has_receipts = true},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL, .weight = 1, .breaker_ms = 1000},
};

/* ---- the house ---- */

static const struct subscription_rules subscription_rules = {
    .allow_http = true,
    .allow_private = true,
    .timeout_ms = 2000,
    .give_up_after_ms = UINT64_C(86400000),
};

static uint64_t house_now_ms(void *arg)
{
    const struct house *house = arg;
    return house->now_ms;
}

static void on_changed(void *arg)
{
    (void)arg;
}

static bool engine_is_pending(void *arg)
{
    const struct house *house = arg;
    return engine_has_events(house->engine);
}

static void engine_close(void *arg, struct record *record)
{
    struct house *house = arg;
    engine_close_turn(house->engine, record);
    if (house->is_signing) {
        head_signer_look(house->signer, record);
    }
}

void house_turn(void *arg)
{
    struct house *house = arg;
    house->now_ms += house->tick_ms;
    uv_run(&house->loop, UV_RUN_NOWAIT);
    (void)hard_failures_run(house->failures, house->now_ms, turn_record(house->turn));
    if (house->is_signing) {
        (void)head_signer_run(house->signer, house->now_ms, turn_record(house->turn));
    }
    (void)api_turn(house->api);
    /* A record that nobody is in a hurry for waits for the clock, which may stand still here; who
     * waits for it would wait for ever. */
    int wait_ms = turn_flush(house->turn, house->now_ms);
    house->waits = wait_ms > 0 ? house->waits + 1 : 0;
    if (house->waits > WAITS_MAX) {
        house->now_ms += (uint64_t)wait_ms;
    }
    while (house->is_writing && changelog_mem_step(house->changelog)) {
    }
}

void house_turn_for(struct house *house, uint64_t ms)
{
    for (uint64_t end_ms = clock_monotonic_ms() + ms; clock_monotonic_ms() < end_ms;) {
        house_turn(house);
    }
}

static void recover(struct house *house)
{
    struct campaign_surroundings surroundings = {.audiences = house->audiences,
                                                 .providers = provider_defs,
                                                 .provider_count = 2,
                                                 .delivery_keys = &house->keys};
    struct recovery recovery = {0};
    struct problem problem;
    assert_int_equal(ledger_sweep(house->ledger), ERR_OK);
    assert_int_equal(audience_registry_load(house->audiences, house->ledger, &problem), ERR_OK);
    assert_int_equal(suppression_list_load(house->suppressions, &problem), ERR_OK);
    assert_int_equal(reply_store_load(house->replies, &problem), ERR_OK);
    assert_int_equal(plan_registry_load(house->plans, house->ledger, &problem), ERR_OK);
    assert_int_equal(delivery_keys_load(&house->keys, house->ledger, &problem), ERR_OK);
    assert_int_equal(token_registry_load(house->tokens, house->ledger, &problem), ERR_OK);
    assert_int_equal(
        campaign_registry_load(house->campaigns, house->ledger, &surroundings, &problem), ERR_OK);
    const struct campaign_document *document = campaign_registry_next(house->campaigns, 0);
    while (document != NULL) {
        const struct campaign_def *def = campaign_document_def(document);
        assert_int_equal(engine_add_campaign(house->engine, def), ERR_OK);
        assert_int_equal(recovery_campaign(house->ledger, house->engine, def, &recovery, &problem),
                         ERR_OK);
        document = campaign_registry_next(house->campaigns, def->id);
    }
    engine_recovered(house->engine, house->now_ms);
}

static void load_limits(struct house *house)
{
    struct problem problem;
    house->zone_clock = zone_clock_new(house->ledger, house->audiences, house->campaigns);
    house->controls =
        (struct provider_controls){.engine = house->engine, .clock = house->zone_clock};
    for (unsigned i = 0; i < 2; i++) {
        const struct provider_terms terms = {.def = &provider_defs[i], .quota_zone = "UTC"};
        assert_int_equal(provider_controls_add(&house->controls, &terms, house->ledger, &problem),
                         ERR_OK);
    }
    provider_controls_tell(&house->controls, house->now_ms);
}

static void open_turn(struct house *house)
{
    struct ledger_head head;
    ledger_head(house->ledger, 0, &head);
    house->turn = turn_new(0, EPOCH_BASE + house->lives, head.recno + 1);
    house->changelog = changelog_mem_new(house->ledger, turn_on_durable, house->turn);
    turn_set_changelog(house->turn, house->changelog);
    turn_set_source(house->turn, &(struct turn_source){engine_is_pending, engine_close, house});
}

static void open_api(struct house *house)
{
    struct problem problem = {0};
    struct api_context context = {
        .loop = &house->loop,
        .ledger = house->ledger,
        .engine = house->engine,
        .turn = house->turn,
        .changelog = house->changelog,
        .audiences = house->audiences,
        .campaigns = house->campaigns,
        .suppressions = house->suppressions,
        .reply_store = house->replies,
        .reply_rules = &house->reply_rules,
        .plans = house->plans,
        .hard_failures = house->failures,
        .public_url = house->public_url,
        .providers = house->providers,
        .provider_count = 2,
        .provider_controls = &house->controls,
        .delivery_keys = &house->keys,
        .head_signer = house->signer,
        .tokens = house->tokens,
        .data_dir = house->dir,
        .version = "1.2.3",
        .epoch = EPOCH_BASE + house->lives,
        .connections_max = 100,
        .connections_per_address = 100,
        .uploads_max = 2,
        .event_streams_max = 4,
        .events_kept = 300,
        .audit_kept_ms = AUDIT_KEPT_MS,
        .subscription_rules = &subscription_rules,
        .archive_after_ms = ARCHIVE_MS,
        .page_codec = PAGE_LZ4,
        .import_threads = 1,
        .arg = house,
        .now_ms = house_now_ms,
        .changed = on_changed,
    };
    assert_int_equal(listen_address_parse(&context.listen, "127.0.0.1:0", &problem), ERR_OK);
    memcpy(house->providers, wire_providers, sizeof(house->providers));
    if (house->has_code_url) {
        house->providers[0].settings = CODE_URL;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (house->adapters[i] != NULL) {
            house->providers[i].adapter = house->adapters[i];
            house->providers[i].settings = house->settings[i];
        }
    }
    if (house->has_public) {
        context.listen_public = &context.listen;
        context.public_connections_max = 50;
    }
    assert_int_equal(api_open(&house->api, &context, &problem), ERR_OK);
}

static void house_open(struct house *house)
{
    struct engine_settings settings = {
        .epoch = EPOCH_BASE + ++house->lives, .seed = 1, .heartbeat_ms = 1000, .lease_ms = 15000};
    struct problem problem;
    assert_int_equal(ledger_open(&house->ledger, store_mem_ref(house->store), &problem), ERR_OK);
    house->engine = engine_new(&settings);
    engine_set_end_key(house->engine, recovery_end_key);
    engine_add_provider(house->engine, &provider_defs[0]);
    engine_add_provider(house->engine, &provider_defs[1]);
    house->audiences = audience_registry_new();
    house->campaigns = campaign_registry_new();
    house->suppressions = suppression_list_new(house->ledger);
    house->replies = reply_store_new(house->ledger);
    house->reply_rules.keywords = reply_keywords_new();
    house->reply_rules.keep_ms = REPLIES_KEPT_MS;
    house->reply_rules.match_within_ms = REPLIES_MATCH_MS;
    house->plans = plan_registry_new();
    house->tokens = token_registry_new();
    house->failures =
        hard_failures_new(house->ledger, house->audiences, house->suppressions, KEPT_MS);
    load_limits(house);
    recover(house);
    assert_int_equal(
        head_signer_open(&house->signer, house->ledger, house->dir, 0, house->now_ms, &problem),
        ERR_OK);
    open_turn(house);
    head_signer_begin(house->signer, turn_record(house->turn));
    turn_close(house->turn, house->now_ms); /* its own clock stands still */
    while (changelog_mem_step(house->changelog)) {
    }
    open_api(house);
    house->is_writing = true;
}

static void house_close(struct house *house)
{
    api_close(house->api);
    house->changelog->ops->close(house->changelog);
    turn_free(house->turn);
    head_signer_free(house->signer);
    engine_free(house->engine);
    provider_controls_release(&house->controls);
    zone_clock_free(house->zone_clock);
    hard_failures_free(house->failures);
    suppression_list_free(house->suppressions);
    reply_store_free(house->replies);
    reply_keywords_free(house->reply_rules.keywords);
    plan_registry_free(house->plans);
    token_registry_free(house->tokens);
    delivery_keys_release(&house->keys);
    campaign_registry_free(house->campaigns);
    audience_registry_free(house->audiences);
    ledger_close(house->ledger);
    uv_run(&house->loop, UV_RUN_DEFAULT);
}

void house_crash(struct house *house)
{
    changelog_mem_crash(house->changelog);
    house_close(house);
    house_open(house);
}

static void read_token(struct house *house)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/%s", house->dir, AUTH_FILE);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fread(house->token, 1, AUTH_TOKEN_CHARS, file), AUTH_TOKEN_CHARS);
    (void)fclose(file);
}

int house_setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));
    assert_true(sodium_init() >= 0);
    log_init(LOG_ERROR, 2);
    house->now_ms = 1700000000000;
    house->store = store_mem_new();
    strcpy(house->dir, "/tmp/tocsin_api_XXXXXX");
    assert_non_null(mkdtemp(house->dir));
    assert_int_equal(uv_loop_init(&house->loop), 0);
    house_open(house);
    read_token(house);
    *state = house;
    return 0;
}

int house_teardown(void **state)
{
    struct house *house = *state;
    char path[96];
    house_close(house);
    assert_int_equal(uv_loop_close(&house->loop), 0);
    house->store->ops->close(house->store);
    (void)snprintf(path, sizeof(path), "%s/%s", house->dir, AUTH_FILE);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/evidence.key", house->dir);
    (void)unlink(path);
    assert_int_equal(rmdir(house->dir), 0);
    free(house);
    return 0;
}

/* ---- requests ---- */

static struct http_peer send_to(struct house *house, const struct listen_address *address,
                                const char *method, const char *path, const char *headers,
                                const char *body)
{
    struct http_peer peer = http_peer_open(address, house_turn, house);
    struct buf text = {0};
    buf_printf(&text,
               "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAuthorization: Bearer %s\r\n"
               "Content-Length: %zu\r\n%s\r\n%s",
               method, path, house->token, strlen(body), headers, body);
    http_peer_send(&peer, text.data, text.len);
    buf_release(&text);
    return peer;
}

struct http_peer send_request(struct house *house, const char *method, const char *path,
                              const char *headers, const char *body)
{
    return send_to(house, api_address(house->api), method, path, headers, body);
}

struct answer take_answer(struct http_peer *peer)
{
    struct answer answer = {0};
    http_peer_expect_close(peer);
    const char *text = buf_cstr(&peer->got);
    const char *body = strstr(text, "\r\n\r\n");
    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || body == NULL) {
        fail_msg("no answer: %s", text);
    }
    answer.status = (unsigned)strtoul(text + 9, NULL, 10);
    answer.json = json_loads(body + 4, 0, NULL);
    answer.text = strdup(text);
    http_peer_release(peer);
    return answer;
}

void answer_release(struct answer *answer)
{
    free(answer->text);
    json_decref(answer->json);
}

struct answer ask(struct house *house, const char *method, const char *path, const char *headers,
                  const char *body)
{
    struct http_peer peer = send_request(house, method, path, headers, body);
    return take_answer(&peer);
}

const char *text_of(const struct answer *answer, const char *member)
{
    const char *text = json_string_value(json_object_get(answer->json, member));
    return text == NULL ? "" : text;
}

void expect(struct house *house, const char *method, const char *path, const char *headers,
            const char *body, unsigned status, const char *words)
{
    struct answer answer = ask(house, method, path, headers, body);
    if (answer.status != status || strstr(answer.text, words) == NULL) {
        fail_msg("%s %s: not %u with \"%s\" but: %s", method, path, status, words, answer.text);
    }
    answer_release(&answer);
}

void expect_get(struct house *house, const char *path, unsigned status, const char *words)
{
    expect(house, "GET", path, "", "", status, words);
}

/* ---- what many tests need ---- */

void upload(struct house *house)
{
    expect(house, "POST", "/v1/audiences?name=customers&on_error=skip", CSV, ROWS, 201,
           "\"accepted\":3,\"duplicates\":1,\"refused\":1");
}

void create_campaign(struct house *house)
{
    expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 201, "\"state\":\"draft\"");
}

unsigned public_status(struct house *house, const char *method, const char *path)
{
    struct http_peer peer = send_to(house, api_public_address(house->api), method, path, "", "");
    struct answer answer = take_answer(&peer);
    unsigned status = answer.status;
    answer_release(&answer);
    return status;
}

const char *link_under(struct house *house, uint32_t key, uint64_t campaign, uint32_t ordinal)
{
    static char path[3 + TOKEN_CHARS + 1];
    const struct token token = {.campaign = campaign, .ordinal = ordinal};
    memcpy(path, "/a/", 3);
    token_write(&token, delivery_keys_at(&house->keys, key)->bytes, path + 3);
    path[3 + TOKEN_CHARS] = '\0';
    return path;
}

const char *link_to(struct house *house, uint64_t campaign, uint32_t ordinal)
{
    return link_under(house, 1, campaign, ordinal);
}

const char *callback_to(struct house *house, const char *provider, uint32_t ordinal,
                        const char *query)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "/r/%s/%s%s", provider, link_to(house, 1, ordinal) + 3,
                   query);
    return path;
}
