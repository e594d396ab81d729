/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API with everything below it, over real sockets; but the store is memory, the clock is turned
 * by hand, and nothing becomes durable before the test says so.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "coordinator/api/api.h"
#include "coordinator/api/auth.h"
#include "coordinator/ledger/recovery.h"
#include "proto/reply_code.h"
#include "proto/token.h"
#include "tests/unit/http_peer.h"
#include "tests/unit/unit.h"

#define EPOCH_BASE 5
#define ARCHIVE_MS UINT64_C(3600000)

struct house {
    uv_loop_t loop;
    struct store *store; /* outlives a crash */
    struct ledger *ledger;
    struct engine *engine;
    struct turn *turn;
    struct changelog *changelog;
    struct audience_registry *audiences;
    struct campaign_registry *campaigns;
    struct suppression_list *suppressions;
    struct plan_registry *plans;
    struct api *api;
    uint64_t now_ms;
    uint64_t tick_ms; /* the clock moves on so much with each turn */
    bool is_writing;  /* records become durable in the turn after they are handed over */
    unsigned lives;
    bool has_public;   /* in the next life there is a public listener */
    bool has_code_url; /* in the next life a provider's settings name the reply code */
    struct wire_provider providers[2];
    char dir[64];
    char token[AUTH_TOKEN_CHARS + 1];
    struct zone_clock *zone_clock;
    struct provider_controls controls;
    struct delivery_keys keys;
};

struct answer {
    unsigned status;
    char *text; /* head and body */
    json_t *json;
};

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
}

static void house_turn(void *arg)
{
    struct house *house = arg;
    house->now_ms += house->tick_ms;
    uv_run(&house->loop, UV_RUN_NOWAIT);
    (void)turn_flush(house->turn, house->now_ms);
    while (house->is_writing && changelog_mem_step(house->changelog)) {
    }
}

static void turn_for(struct house *house, uint64_t ms)
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
    assert_int_equal(plan_registry_load(house->plans, house->ledger, &problem), ERR_OK);
    assert_int_equal(delivery_keys_load(&house->keys, house->ledger, &problem), ERR_OK);
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
        .plans = house->plans,
        .providers = house->providers,
        .provider_count = 2,
        .provider_controls = &house->controls,
        .delivery_keys = &house->keys,
        .data_dir = house->dir,
        .version = "1.2.3",
        .epoch = EPOCH_BASE + house->lives,
        .connections_max = 100,
        .connections_per_address = 100,
        .uploads_max = 2,
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
    house->plans = plan_registry_new();
    load_limits(house);
    recover(house);
    open_turn(house);
    open_api(house);
    house->is_writing = true;
}

static void house_close(struct house *house)
{
    api_close(house->api);
    house->changelog->ops->close(house->changelog);
    turn_free(house->turn);
    engine_free(house->engine);
    provider_controls_release(&house->controls);
    zone_clock_free(house->zone_clock);
    suppression_list_free(house->suppressions);
    plan_registry_free(house->plans);
    delivery_keys_release(&house->keys);
    campaign_registry_free(house->campaigns);
    audience_registry_free(house->audiences);
    ledger_close(house->ledger);
    uv_run(&house->loop, UV_RUN_DEFAULT);
}

/* What was not written is gone. */
static void house_crash(struct house *house)
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

static int setup(void **state)
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

static int teardown(void **state)
{
    struct house *house = *state;
    char path[96];
    house_close(house);
    assert_int_equal(uv_loop_close(&house->loop), 0);
    house->store->ops->close(house->store);
    (void)snprintf(path, sizeof(path), "%s/%s", house->dir, AUTH_FILE);
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

static struct http_peer send_request(struct house *house, const char *method, const char *path,
                                     const char *headers, const char *body)
{
    return send_to(house, api_address(house->api), method, path, headers, body);
}

static struct answer take_answer(struct http_peer *peer)
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

static void answer_release(struct answer *answer)
{
    free(answer->text);
    json_decref(answer->json);
}

static struct answer ask(struct house *house, const char *method, const char *path,
                         const char *headers, const char *body)
{
    struct http_peer peer = send_request(house, method, path, headers, body);
    return take_answer(&peer);
}

static const char *text_of(const struct answer *answer, const char *member)
{
    const char *text = json_string_value(json_object_get(answer->json, member));
    return text == NULL ? "" : text;
}

static void expect(struct house *house, const char *method, const char *path, const char *headers,
                   const char *body, unsigned status, const char *words)
{
    struct answer answer = ask(house, method, path, headers, body);
    if (answer.status != status || strstr(answer.text, words) == NULL) {
        fail_msg("%s %s: not %u with \"%s\" but: %s", method, path, status, words, answer.text);
    }
    answer_release(&answer);
}

static void expect_get(struct house *house, const char *path, unsigned status, const char *words)
{
    expect(house, "GET", path, "", "", status, words);
}

#define CSV "Content-Type: text/csv\r\n"
#define ROWS                                                                                       \
    "id,phone,first_name\nk1,+4790000001,Ann\nk2,+4790000002,Bo\nk1,+4790000003,Dup\n"             \
    "k4,nonsense,Dee\nk5,+4790000005,Eve\n"
#define CAMPAIGN                                                                                   \
    "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","                                \
    "\"content\":{\"sms\":{\"text\":\"Hi {{first_name}}\"}}}"

static void upload(struct house *house)
{
    expect(house, "POST", "/v1/audiences?name=customers&on_error=skip", CSV, ROWS, 201,
           "\"accepted\":3,\"duplicates\":1,\"refused\":1");
}

static void create_campaign(struct house *house)
{
    expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 201, "\"state\":\"draft\"");
}

static unsigned public_status(struct house *house, const char *method, const char *path)
{
    struct http_peer peer = send_to(house, api_public_address(house->api), method, path, "", "");
    struct answer answer = take_answer(&peer);
    unsigned status = answer.status;
    answer_release(&answer);
    return status;
}

/* ---- tests ---- */

static void what_is_public_has_a_port_of_its_own(void **state)
{
    struct house *house = *state;
    assert_null(api_public_address(house->api));
    expect_get(house, "/a/forged", 403, "<html");
    house->has_public = true;
    house_crash(house);
    assert_int_equal(public_status(house, "GET", "/healthz"), 200);
    assert_int_equal(public_status(house, "GET", "/a/forged"), 403);
    assert_int_equal(public_status(house, "DELETE", "/a/forged"), 405);
    /* Not even who has the admin token finds anything else there. */
    assert_int_equal(public_status(house, "GET", "/metrics"), 404);
    assert_int_equal(public_status(house, "GET", "/readyz"), 404);
    assert_int_equal(public_status(house, "GET", "/v1/campaigns"), 404);
    assert_int_equal(public_status(house, "POST", "/v1/acknowledgements"), 404);
    expect_get(house, "/a/forged", 404, "nothing at this path");
    expect_get(house, "/healthz", 200, "");
    expect_get(house, "/v1/campaigns", 200, "items");
}

static void an_answer_comes_only_after_its_record_is_durable(void **state)
{
    struct house *house = *state;
    upload(house);
    house->is_writing = false;
    struct http_peer peer = send_request(house, "POST", "/v1/campaigns", "", CAMPAIGN);
    turn_for(house, 100);
    http_peer_read(&peer);
    assert_int_equal(peer.got.len, 0);
    house->is_writing = true;
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 201);
    assert_non_null(strstr(answer.text, "Location: /v1/campaigns/c1\r\n"));
    assert_string_equal(text_of(&answer, "id"), "c1");
    answer_release(&answer);
    expect_get(house, "/v1/campaigns/c1", 200, "\"waiting\":3");
}

static void what_a_crash_could_take_back_is_not_told(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *words;
    } cases[] = {
        {"GET", "/v1/campaigns/c1", "\"state\":\"running\""},
        {"GET", "/v1/campaigns", "\"state\":\"running\""},
        {"GET", "/v1/campaigns/c1/recipients", "\"key\":\"k5\""},
        {"GET", "/v1/campaigns/c1/recipients/k5", "\"event\":\"launched\""},
        {"GET", "/metrics", "tocsin_campaigns{state=\"running\"} 1"},
        {"POST", "/v1/campaigns/c1/launch", "\"status\":409"},
    };
    enum { CASES = sizeof(cases) / sizeof(cases[0]) };
    struct house *house = *state;
    struct http_peer peers[CASES];
    upload(house);
    create_campaign(house);
    house->is_writing = false;
    struct http_peer launch = send_request(house, "POST", "/v1/campaigns/c1/launch", "", "");
    turn_for(house, 20);
    for (size_t i = 0; i < CASES; i++) {
        peers[i] = send_request(house, cases[i].method, cases[i].path, "", "");
    }
    expect_get(house, "/v1/audiences/a1", 200, "a1"); /* nothing of it waits for the disk */
    expect_get(house, "/v1/status", 200, "\"version\"");
    for (size_t i = 0; i < CASES; i++) {
        http_peer_read(&peers[i]);
        assert_int_equal(peers[i].got.len, 0);
    }
    house->is_writing = true;
    for (size_t i = 0; i < CASES; i++) {
        struct answer answer = take_answer(&peers[i]);
        assert_non_null(strstr(answer.text, cases[i].words));
        answer_release(&answer);
    }
    struct answer answer = take_answer(&launch);
    answer_release(&answer);
}

static void a_crash_cannot_separate_a_change_from_its_answer(void **state)
{
    struct house *house = *state;
    static const char key[] = "Idempotency-Key: k-1\r\n";
    upload(house);
    /* Decided but not written: neither is there after the crash. */
    house->is_writing = false;
    struct http_peer lost = send_request(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    turn_for(house, 50);
    house_crash(house);
    http_peer_release(&lost);
    expect_get(house, "/v1/campaigns", 200, "{\"items\":[],\"next\":null}");
    /* Written, but the client never heard: both are. */
    house->is_writing = false;
    lost = send_request(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    turn_for(house, 50);
    assert_true(changelog_mem_step(house->changelog));
    house_crash(house);
    http_peer_release(&lost);
    expect_get(house, "/v1/campaigns/c1", 200, "\"state\":\"draft\"");
    expect(house, "POST", "/v1/campaigns", key, CAMPAIGN, 201, "Idempotency-Replayed: true");
    expect_get(house, "/v1/campaigns/c2", 404, "there is no campaign");
}

static void a_key_stands_for_one_request(void **state)
{
    struct house *house = *state;
    static const char key[] = "Idempotency-Key: k-1\r\n";
    upload(house);
    house->is_writing = false;
    struct http_peer first = send_request(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    turn_for(house, 50);
    expect(house, "POST", "/v1/campaigns", key, CAMPAIGN, 409, "under way");
    house->is_writing = true;
    struct answer answer = take_answer(&first);
    struct answer again = ask(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    assert_true(json_equal(answer.json, again.json));
    assert_non_null(strstr(again.text, "Location: /v1/campaigns/c1\r\n"));
    answer_release(&answer);
    answer_release(&again);
    expect(house, "POST", "/v1/campaigns/c1/launch", key, "", 422, "another request");
    expect(house, "POST", "/v1/campaigns", "Idempotency-Key: a b\r\n", CAMPAIGN, 400, "visible");
    /* A refused request leaves its key free. */
    expect(house, "POST", "/v1/campaigns", "Idempotency-Key: k-2\r\n", "{}", 422, "/name");
    expect(house, "POST", "/v1/campaigns", "Idempotency-Key: k-2\r\n", CAMPAIGN, 201, "c2");
}

static void an_upload_under_a_key_is_compared_to_its_last_byte(void **state)
{
    struct house *house = *state;
    static const char headers[] = CSV "Idempotency-Key: up\r\n";
    static const char path[] = "/v1/audiences?name=customers&on_error=skip";
    expect(house, "POST", path, headers, ROWS, 201, "\"id\":\"a1\"");
    expect(house, "POST", path, headers, ROWS, 201, "Idempotency-Replayed: true");
    expect(house, "POST", path, headers, ROWS "k6,+4790000006,F\n", 422, "another request");
    expect_get(house, "/v1/audiences", 200, "\"next\":null");
    expect_get(house, "/v1/audiences/a2", 404, "no audience");
}

static void a_broken_off_upload_leaves_nothing_and_its_key_free(void **state)
{
    struct house *house = *state;
    struct http_peer peer = http_peer_open(api_address(house->api), house_turn, house);
    char head[512];
    (void)snprintf(head, sizeof(head),
                   "POST /v1/audiences?name=x HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer %s\r\n"
                   "Idempotency-Key: up\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\n"
                   "id,phone\nk1,+4790000001\n",
                   house->token);
    http_peer_say(&peer, head);
    turn_for(house, 50);
    expect_get(house, "/v1/uploads", 200, "\"name\":\"x\"");
    expect(house, "POST", "/v1/audiences?name=x", CSV "Idempotency-Key: up\r\n", ROWS, 409,
           "under way");
    http_peer_release(&peer);
    turn_for(house, 50);
    expect_get(house, "/v1/uploads", 200, "\r\n\r\n[]");
    expect_get(house, "/v1/audiences", 200, "{\"items\":[],\"next\":null}");
    expect(house, "POST", "/v1/audiences?name=x&on_error=skip", CSV "Idempotency-Key: up\r\n", ROWS,
           201, "\"accepted\":3");
}

static void a_refused_row_is_named(void **state)
{
    struct house *house = *state;
    struct answer answer = ask(house, "POST", "/v1/audiences?name=x", CSV, ROWS);
    assert_int_equal(answer.status, 422);
    assert_int_equal(json_integer_value(json_object_get(answer.json, "line")), 5);
    assert_string_equal(text_of(&answer, "column"), "phone");
    answer_release(&answer);
    upload(house);
    expect_get(house, "/v1/audiences/a2/refusals", 200,
               "{\"items\":[{\"line\":5,\"column\":\"phone\"");
    expect(house, "GET", "/v1/audiences/a2/refusals", "Accept: text/csv\r\n", "", 200,
           "\r\n5,\"phone\",\"\"\"nonsense\"\"");
}

static void what_an_upload_must_say_is_checked(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *path;
        const char *headers;
        unsigned status;
        const char *words;
    } cases[] = {
        {"/v1/audiences", CSV, 400, "\"parameter\":\"name\""},
        {"/v1/audiences?name=x", "", 415, "text/csv or application/x-ndjson"},
        {"/v1/audiences?name=x&format=xml", "", 400, "\"parameter\":\"format\""},
        {"/v1/audiences?name=x&on_error=ignore", CSV, 400, "\"parameter\":\"on_error\""},
        {"/v1/audiences?name=x&on_error=max", CSV, 400, "\"parameter\":\"max\""},
        {"/v1/audiences?name=x&max=5", CSV, 400, "\"parameter\":\"max\""},
        {"/v1/audiences?name=x&map=id", CSV, 400, "\"parameter\":\"map\""},
        {"/v1/audiences?nmae=x", CSV, 400, "did you mean \\\"name\\\"?"},
        {"/v1/audiences?name=x", CSV "Content-Encoding: br\r\n", 415, "gzip or zstd"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(house, "POST", cases[i].path, cases[i].headers, ROWS, cases[i].status,
               cases[i].words);
    }
    expect(house, "POST", "/v1/audiences?name=x&format=csv&map=id=k,phone=p", "",
           "k,p\nx,+4790000001\n", 201, "\"accepted\":1");
}

static void commands_move_a_campaign_or_say_why_not(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/pause", "", "", 409, "draft");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "\"state\":\"running\"");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 409, "running");
    expect(house, "POST", "/v1/campaigns/c1/pause", "", "", 200, "\"state\":\"paused\"");
    expect(house, "POST", "/v1/campaigns/c1/resume", "", "", 200, "\"state\":\"running\"");
    house_crash(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200,
               "\"state\":\"cancelled\",\"step\":1,\"endpoint\":0,\"attempts\":0,"
               "\"uncertain\":false,\"timeline\":[{\"at\":");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200, "\"event\":\"launched\"");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"cancelled\":3");
    expect_get(house, "/v1/campaigns/c1/recipients?state=cancelled", 200, "\"key\":\"k5\"");
    expect_get(house, "/v1/campaigns/c1/recipients?state=failed", 200, "\"items\":[]");
    expect(house, "POST", "/v1/campaigns/c9/launch", "", "", 404, "no campaign");
}

static void a_campaign_is_changed_and_stays_so(void **state)
{
    struct house *house = *state;
    static const char path[] = "/v1/campaigns/c1";
    upload(house);
    create_campaign(house);
    expect_get(house, path, 200, "\"rate\":null");
    expect(house, "PATCH", path, "", "{\"rate\":2.5}", 200, "\"rate\":2.5");
    house_crash(house);
    expect_get(house, path, 200, "\"rate\":2.5");
    expect_get(house, path, 200, "\"state\":\"draft\"");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "\"rate\":2.5");
    expect(house, "PATCH", path, "", "{\"rate\":7}", 200, "\"rate\":7.0");
    house_crash(house);
    expect_get(house, path, 200, "\"rate\":7.0");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200,
               "\"event\":\"changed\",\"field\":\"rate\"}");
    expect(house, "PATCH", path, "", "{\"rate\":null}", 200, "\"rate\":null");
    expect(house, "PATCH", path, "", "{\"priority\":\"high\",\"weight\":3}", 200,
           "\"priority\":\"high\",\"weight\":3");
    expect(house, "PATCH", path, "", "{\"priority\":\"hihg\"}", 422, "did you mean \\\"high\\\"");
    expect(house, "PATCH", path, "", "{\"weight\":1001}", 422, "\"/weight\"");
    expect(house, "PATCH", path, "", "{\"priority\":null}", 200, "\"priority\":\"normal\"");
    expect(house, "PATCH", path, "", "{\"not_after\":\"6h\"}", 200, "\"not_after\":\"6h\"");
    expect(house, "PATCH", path, "", "{\"not_after\":\"2001-01-01T00:00:00Z\"}", 409, "has passed");
    expect(house, "PATCH", path, "", "{\"stop_rules\":{\"complained\":{\"count\":9}}}", 200,
           "\"stop_rules\":{\"complained\":{\"count\":9}}");
    /* The journal packs percentages where other events have their reason. */
    expect(house, "PATCH", path, "", "{\"stop_rules\":{\"failed\":{\"percent\":30}}}", 200,
           "\"percent\":30");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200,
               "\"event\":\"changed\",\"field\":\"stop_rules\"}]");
    expect(house, "PATCH", path, "", "{\"stop_rules\":{\"failed\":{}}}", 422,
           "\"/stop_rules/failed\"");
    expect(house, "PATCH", path, "", "{\"rate\":0}", 422, "to send nothing, pause the campaign");
    expect(house, "PATCH", path, "", "{\"rat\":5}", 422, "did you mean \\\"rate\\\"");
    expect(house, "PATCH", path, "", "{}", 422, "says nothing to change");
    expect(house, "PATCH", path, "", "", 400, "\"line\":1");
    expect(house, "PATCH", "/v1/campaigns/c9", "", "{\"rate\":5}", 404, "no campaign");
    expect(house, "PATCH", path, "", "{\"rate\":8}", 200, "\"rate\":8.0");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"rate\":8.0");
    expect(house, "PATCH", path, "", "{\"rate\":9}", 409, "cancelled and cannot be changed");
    house_crash(house);
    expect_get(house, path, 200, "\"rate\":8.0"); /* its events are not read any more */
}

static void a_plan_is_shown_step_by_step_before_and_after_a_crash(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"channel\":\"sms\",\"state\":\"draft\"");
    expect_get(house, "/v1/campaigns/c1", 200, "\"plan\":{\"steps\":[{\"channel\":\"sms\",");
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"plan\":{\"steps\":[{\"channel\":\"sms\","
           "\"until\":\"acknowledged\"},{\"channel\":\"sms\",\"attempts\":1}]},"
           "\"content\":{\"sms\":{\"text\":\"Hi\"}}}",
           201, "\"uncertain\":0},\"open\":0,");
    for (unsigned lives = 0; lives < 2; lives++) {
        struct answer answer = ask(house, "GET", "/v1/campaigns/c2", "", "");
        const json_t *steps = json_object_get(json_object_get(answer.json, "plan"), "steps");
        assert_int_equal(json_array_size(steps), 2);
        assert_non_null(strstr(answer.text, "\"until\":\"acknowledged\",\"within\":\"15m\""));
        assert_non_null(strstr(answer.text, "\"within\":\"4h\",\"attempts\":1,"));
        assert_null(json_object_get(answer.json, "channel"));
        answer_release(&answer);
        house_crash(house);
    }
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"x\",\"audience\":\"a1\",\"plan\":{\"steps\":[{\"channel\":\"sms\"},"
           "{\"channel\":\"email\"}]}}",
           422, "\"pointer\":\"/plan/steps/1/channel\"");
}

/* Follows `next` to the end; the ids or keys, each with a blank behind it. */
static char *walk(struct house *house, const char *path, const char *member)
{
    struct buf found = {0};
    struct buf next = {0};
    buf_str(&next, path);
    for (unsigned pages = 0; pages < 20 && next.len > 0; pages++) {
        struct answer answer = ask(house, "GET", buf_cstr(&next), "", "");
        assert_int_equal(answer.status, 200);
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(answer.json, "items"), i, item)
        {
            buf_printf(&found, "%s ", json_string_value(json_object_get(item, member)));
        }
        const char *cursor = json_string_value(json_object_get(answer.json, "next"));
        buf_clear(&next);
        if (cursor != NULL) {
            buf_printf(&next, "%s&cursor=%s", path, cursor);
        }
        answer_release(&answer);
    }
    char *all = strdup(buf_cstr(&found));
    buf_release(&found);
    buf_release(&next);
    return all;
}

static void lists_go_on_where_they_stopped(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *path;
        const char *member;
        const char *all;
    } cases[] = {
        {"/v1/campaigns?limit=2", "id", "c1 c2 c3 c4 c5 "},
        {"/v1/campaigns?limit=5", "id", "c1 c2 c3 c4 c5 "},
        {"/v1/audiences?limit=1", "id", "a1 a2 "},
        {"/v1/campaigns/c1/recipients?limit=1", "key", "k1 k2 k5 "},
        {"/v1/campaigns/c1/recipients?limit=2&state=waiting", "key", "k1 k2 k5 "},
        {"/v1/providers?limit=1", "name", "gateway relay "},
        {"/v1/workers?limit=1", "name", ""},
    };
    upload(house);
    upload(house);
    for (unsigned i = 0; i < 5; i++) {
        create_campaign(house);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *all = walk(house, cases[i].path, cases[i].member);
        assert_string_equal(all, cases[i].all);
        free(all);
    }
    struct answer list = ask(house, "GET", "/v1/campaigns", "", "");
    assert_int_equal(list.status, 200);
    assert_null(strstr(list.text, "\"content\"")); /* it may be long, and is there for one */
    answer_release(&list);
    expect_get(house, "/v1/campaigns/c1", 200, "\"content\":{\"sms\":");
    expect_get(house, "/v1/campaigns?limit=0", 400, "\"parameter\":\"limit\"");
    expect_get(house, "/v1/campaigns?limit=1001", 400, "1 to 1000");
    expect_get(house, "/v1/campaigns?cursor=xyz", 400, "\"parameter\":\"cursor\"");
    expect_get(house, "/v1/campaigns/c1/recipients?state=lost", 400, "\"parameter\":\"state\"");
}

static void a_recipient_is_found_by_key(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect_get(house, "/v1/audiences/a1/recipients/k2", 200,
               "{\"key\":\"k2\",\"ordinal\":1,\"values\":{\"phone\":\"+4790000002\","
               "\"first_name\":\"Bo\"}}");
    expect_get(house, "/v1/audiences/a1/recipients/k4", 404, "no recipient");
    expect_get(house, "/v1/campaigns/c1/recipients/k5", 200, "\"state\":\"waiting\"");
    expect_get(house, "/v1/campaigns/c1/recipients/zzz", 404, "no recipient");
}

static void a_full_disk_is_said_before_anything_is_taken(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect_get(house, "/readyz", 200, "ready");
    store_mem_fail_writes(house->store, 1000000, ERR_NO_SPACE);
    struct http_peer peer = send_request(house, "POST", "/v1/campaigns/c1/launch", "", "");
    turn_for(house, 50);
    house->now_ms += 2000; /* longer than a disk should take */
    expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 507, "\"status\":507");
    expect(house, "POST", "/v1/audiences?name=x", CSV, ROWS, 507, "\"status\":507");
    expect_get(house, "/readyz", 503, "\"detail\":\"");
    expect_get(house, "/healthz", 200, "alive");
    expect_get(house, "/v1/campaigns", 503, "not on disk yet"); /* the launch might be lost */
    expect_get(house, "/v1/campaigns/c1/recipients/k1", 503, "not on disk yet");
    expect_get(house, "/v1/audiences", 200, "\"next\":null");
    expect_get(house, "/metrics", 200, "tocsin_ledger_failing 1");
    store_mem_fail_writes(house->store, 0, ERR_OK);
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 200);
    answer_release(&answer);
    expect_get(house, "/readyz", 200, "ready");
    create_campaign(house);
}

static void whoever_waits_too_long_for_the_disk_is_told(void **state)
{
    struct house *house = *state;
    static const char key[] = "Idempotency-Key: k-1\r\n";
    upload(house);
    house->is_writing = false;
    struct http_peer peer = send_request(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    turn_for(house, 50);
    struct http_peer reader = send_request(house, "GET", "/v1/campaigns", "", "");
    turn_for(house, 50);
    house->now_ms += 2000;
    struct answer view = take_answer(&reader);
    assert_int_equal(view.status, 503);
    assert_non_null(strstr(view.text, "not on disk yet"));
    answer_release(&view);
    house->now_ms += 29000;
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.text, "Retry-After: "));
    answer_release(&answer);
    house->is_writing = true;
    turn_for(house, 20);
    expect_get(house, "/v1/campaigns", 200, "\"id\":\"c1\"");
    expect(house, "POST", "/v1/campaigns", key, CAMPAIGN, 201, "Idempotency-Replayed: true");
}

static void the_token_opens_and_nothing_else_does(void **state)
{
    struct house *house = *state;
    expect_get(house, "/v1/status", 200, "\"version\":\"1.2.3\"");
    house->token[5] = house->token[5] == 'x' ? 'y' : 'x';
    expect_get(house, "/v1/status", 401, "WWW-Authenticate: Bearer");
    expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 401, "admin.token");
    expect_get(house, "/healthz", 200, "alive");
    expect_get(house, "/readyz", 200, "ready");
    expect_get(house, "/metrics", 200, "\ntocsin_build_info{version=\"1.2.3\"} 1\n");
}

static void paths_methods_and_parameters_are_checked(void **state)
{
    struct house *house = *state;
    expect_get(house, "/v1/campaign", 404, "application/problem+json");
    expect(house, "DELETE", "/v1/campaigns", "", "", 405, "Allow: GET, POST\r\n");
    expect_get(house, "/v1/campaigns?limt=5", 400, "did you mean \\\"limit\\\"?");
    expect_get(house, "/v1/status?verbose=1", 400, "no parameter");
    expect_get(house, "/v1/audiences/c1", 404, "no audience");
    expect(house, "POST", "/v1/campaigns", "", "{\"name\":", 400, "\"line\":1");
}

static void closing_in_the_midst_of_it_leaves_no_trace(void **state)
{
    struct house *house = *state;
    struct http_peer peers[2];
    char head[512];
    upload(house);
    house->is_writing = false;
    peers[0] = send_request(house, "POST", "/v1/campaigns", "Idempotency-Key: k\r\n", CAMPAIGN);
    peers[1] = http_peer_open(api_address(house->api), house_turn, house);
    (void)snprintf(head, sizeof(head),
                   "POST /v1/audiences?name=x HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer %s\r\n"
                   "Content-Type: text/csv\r\nContent-Length: 100000\r\n\r\nid,phone\n",
                   house->token);
    http_peer_say(&peers[1], head);
    turn_for(house, 50);
    assert_int_equal(api_requests(house->api), 2);
    house_crash(house);
    http_peer_release(&peers[0]);
    http_peer_release(&peers[1]);
    expect_get(house, "/v1/campaigns", 200, "{\"items\":[],\"next\":null}");
}

/* Where a link leads that was written under that key. */
static const char *link_under(struct house *house, uint32_t key, uint64_t campaign,
                              uint32_t ordinal)
{
    static char path[3 + TOKEN_CHARS + 1];
    const struct token token = {.campaign = campaign, .ordinal = ordinal};
    memcpy(path, "/a/", 3);
    token_write(&token, delivery_keys_at(&house->keys, key)->bytes, path + 3);
    path[3 + TOKEN_CHARS] = '\0';
    return path;
}

/* Where the recipient's link leads, as long as no key was rotated. */
static const char *link_to(struct house *house, uint64_t campaign, uint32_t ordinal)
{
    return link_under(house, 1, campaign, ordinal);
}

static void a_campaign_keeps_the_key_that_it_began_with(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect_get(house, "/v1/keys/delivery", 200,
               "{\"items\":[{\"number\":1,\"since\":null,\"campaigns\":1,\"newest\":true}]");
    expect(house, "POST", "/v1/keys/delivery/rotate", "", "", 200,
           "{\"number\":2,\"since\":\"2023-11-14T22:13:20.000Z\",\"campaigns\":0,\"newest\":true}");
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c2/launch", "", "", 200, "running");
    for (unsigned life = 0; life < 2; life++) {
        expect(house, "POST", link_under(house, 1, 1, life), "", "", 200, "Thank you");
        expect(house, "POST", link_under(house, 2, 2, life), "", "", 200, "Thank you");
        expect(house, "POST", link_under(house, 2, 1, life), "", "", 403, "does not work");
        expect(house, "POST", link_under(house, 1, 2, life), "", "", 403, "does not work");
        /* Of a campaign that is not there any key of ours is as good. */
        expect(house, "POST", link_under(house, 1, 3, life), "", "", 404, "does not work");
        expect(house, "POST", link_under(house, 2, 3, life), "", "", 404, "does not work");
        expect_get(house, "/v1/keys/delivery", 200, "\"campaigns\":1,\"newest\":false");
        house_crash(house);
    }
}

static void keys_are_listed_page_by_page(void **state)
{
    struct house *house = *state;
    expect(house, "POST", "/v1/keys/delivery/rotate", "", "", 200, "\"number\":2");
    expect_get(house, "/v1/keys/delivery?limit=1000", 200, "\"newest\":true}],\"next\":null}");
    struct answer first = ask(house, "GET", "/v1/keys/delivery?limit=1", "", "");
    assert_int_equal(first.status, 200);
    assert_int_equal(json_array_size(json_object_get(first.json, "items")), 1);
    char path[80];
    (void)snprintf(path, sizeof(path), "/v1/keys/delivery?limit=1&cursor=%s",
                   json_string_value(json_object_get(first.json, "next")));
    answer_release(&first);
    expect_get(house, path, 200, "{\"items\":[{\"number\":2,");
    expect_get(house, path, 200, "\"next\":null}");
    expect_get(house, "/v1/keys/delivery?limit=0", 400, "from 1 to 1000");
}

static void a_rotation_that_was_not_written_takes_its_campaigns_with_it(void **state)
{
    struct house *house = *state;
    upload(house);
    house->is_writing = false;
    struct http_peer rotate = send_request(house, "POST", "/v1/keys/delivery/rotate", "", "");
    turn_for(house, 20);
    struct http_peer create = send_request(house, "POST", "/v1/campaigns", "", CAMPAIGN);
    turn_for(house, 20);
    assert_int_equal(house->keys.count, 2);
    house_crash(house);
    http_peer_release(&rotate);
    http_peer_release(&create);
    assert_int_equal(house->keys.count, 1);
    expect_get(house, "/v1/campaigns", 200, "{\"items\":[]");
    create_campaign(house);
    expect_get(house, link_to(house, 1, 0), 200, "form");
}

static void a_link_asks_and_only_its_button_confirms(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", link_to(house, 1, 0), "", "", 409, "does not work");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect_get(house, link_to(house, 1, 0), 200, "<form method=\"post\">");
    expect_get(house, link_to(house, 1, 0), 200, "frame-ancestors 'none'");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":0");
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    expect_get(house, "/v1/campaigns/c1/recipients?state=acknowledged", 200, "\"ordinal\":0");
}

static void a_page_speaks_the_recipients_language(void **state)
{
    struct house *house = *state;
    static const char in_german[] = "Accept-Language: de-AT,en;q=0.5\r\n";
    expect(house, "POST", "/v1/audiences?name=customers", CSV,
           "id,phone,locale\nk1,+4790000001,nb-NO\nk2,+4790000002,\nk3,+4790000003,is\n"
           "k4,+4790000004,ar-EG\n",
           201, "\"accepted\":4");
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","
           "\"content\":{\"sms\":{\"text\":\"Hi\"}}}",
           201, "draft");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "GET", link_to(house, 1, 0), in_german, "", 200,
           "<html lang=\"nb\" dir=\"ltr\">");
    expect(house, "GET", link_to(house, 1, 1), in_german, "", 200,
           "<html lang=\"de\" dir=\"ltr\">");
    expect(house, "GET", link_to(house, 1, 2), in_german, "", 200, "Ich habe sie erhalten");
    expect(house, "GET", link_to(house, 1, 2), "", "", 200, "I have received it");
    expect(house, "GET", link_to(house, 1, 3), in_german, "", 200,
           "<html lang=\"ar\" dir=\"rtl\">");
    expect(house, "GET", link_to(house, 1, 3), "", "", 200, "Content-Language: ar");
    expect(house, "GET", link_to(house, 1, 9), in_german, "", 200, "<html lang=\"de\"");
    expect(house, "GET", "/a/forged", in_german, "", 403, "Dieser Link funktioniert nicht");
    expect(house, "GET", "/u/forged", in_german, "", 403, "Dieser Link funktioniert nicht");
    expect(house, "POST", link_to(house, 1, 3), in_german, "", 200, "شكرًا لك");
    /* The form tells the language of its page. */
    expect(house, "POST", link_to(house, 1, 1), in_german, "lang=nb", 200, "Nå vet vi");
    expect(house, "POST", link_to(house, 1, 1), in_german, "lang=xx&x=1", 200, "Vielen Dank");
    char unsubscribe[64];
    snprintf(unsubscribe, sizeof(unsubscribe), "/u/%s", link_to(house, 1, 0) + strlen("/a/"));
    expect(house, "GET", unsubscribe, in_german, "", 200, "Meld deg av</button>");
    expect(house, "POST", unsubscribe, in_german, "no", 400, "Ingenting ble endret");
    expect(house, "POST", unsubscribe, in_german, "List-Unsubscribe=One-Click", 200,
           "Du er meldt av");
}

static void create_reply_campaign(struct house *house)
{
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","
           "\"content\":{\"sms\":{\"text\":\"ACK {{reply_code}}\"}}}",
           201, "\"reply_code_characters\":");
}

/* As a worker computes it. */
static struct reply_code code_of(struct house *house, uint64_t campaign, uint32_t ordinal)
{
    const struct campaign_document *document = campaign_registry_find(house->campaigns, campaign);
    const struct reply_range *range = campaign_document_reply_range(document);
    const uint32_t key = campaign_document_delivery_key(document);
    struct reply_codes codes;
    struct reply_code code;
    assert_int_not_equal(range->count, 0);
    reply_codes_init(&codes, range, campaign, delivery_keys_at(&house->keys, key)->bytes);
    reply_code_write(&codes, ordinal, &code);
    return code;
}

/* {"channel":"sms","from":FROM,"text":"BEFORE" and the recipient's code} */
static const char *reply_from(struct house *house, const char *from, const char *before,
                              uint64_t campaign, uint32_t ordinal)
{
    static char body[160];
    struct reply_code code = code_of(house, campaign, ordinal);
    (void)snprintf(body, sizeof(body), "{\"channel\":\"sms\",\"from\":\"%s\",\"text\":\"%s%.*s\"}",
                   from, before, (int)code.count, code.chars);
    return body;
}

static void complaints_name_the_member_once(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *method;
        const char *path;
        const char *body;
        unsigned status;
        const char *words;
    } cases[] = {
        {"POST", "/v1/replies", "{\"channel\":7,\"from\":\"x\",\"text\":\"y\"}", 422,
         "\"detail\":\"channel: must be a string"},
        {"PUT", "/v1/suppressions",
         "{\"channel\":\"smss\",\"endpoint\":\"x\",\"reason\":\"legal\"}", 422,
         "\"pointer\":\"/channel\""},
        {"PUT", "/v1/suppressions", "{\"endpoint\":\"x\",\"reason\":\"legal\"}", 422,
         "\"pointer\":\"/channel\""},
        {"PUT", "/v1/suppressions", "{\"channel\":\"sms\",\"endpoint\":\"x\",\"reason\":\"legal\"}",
         422, "\"pointer\":\"/endpoint\""},
        {"PUT", "/v1/suppressions", "{\"contact\":\"x\",\"reason\":\"leagl\"}", 422,
         "\"detail\":\"reason: "},
        {"PUT", "/v1/suppressions", "{\"contact\":\"x\",\"reason\":\"\\u0000\"}", 400,
         "no JSON: a text with the character \\\\u0000 is not taken"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(house, cases[i].method, cases[i].path, "", cases[i].body, cases[i].status,
               cases[i].words);
    }
}

static void what_takes_nothing_refuses_a_body(void **state)
{
    struct house *house = *state;
    static const char *const paths[] = {"/v1/campaigns/c1/pause", "/v1/campaigns/c1/resume",
                                        "/v1/campaigns/c1/cancel", "/v1/keys/delivery/rotate"};
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        expect(house, "POST", paths[i], "", "garbage", 400, "no JSON");
        expect(house, "POST", paths[i], "", "{\"states\":[]}", 422, "\"pointer\":\"/states\"");
    }
    expect_get(house, "/v1/campaigns/c1", 200, "\"state\":\"running\"");
    expect(house, "POST", paths[0], "", "{}", 200, "\"state\":\"paused\"");
    expect(house, "POST", paths[1], "", "", 200, "\"state\":\"running\"");
}

static void a_reply_counts_for_who_has_its_code_and_endpoint(void **state)
{
    struct house *house = *state;
    upload(house);
    create_reply_campaign(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 404,
           "no campaign that is open");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c2/launch", "", "", 200, "running");
    for (unsigned i = 0; i < 2; i++) { /* twice is as good as once */
        expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000002", "ack", 2, 1), 200,
               "\"result\":\"acknowledged\"");
    }
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+47 900 00 002", "ACK ", 1, 1), 200,
           "\"campaign\":\"c1\",\"recipient\":\"k2\",\"ordinal\":1");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 1), 404,
           "went to \\\"+4790000001\\\"");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000009", "ACK ", 1, 1), 404,
           "no campaign");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    expect_get(house, "/v1/campaigns/c2", 200, "\"acknowledged\":1");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c2/recipients?state=acknowledged", 200, "\"ordinal\":1");
    expect_get(house, "/metrics", 200, "tocsin_replies_total{result=\"unknown\"} 0");
}

static void a_reply_after_the_end_is_heard_until_the_campaign_is_archived(void **state)
{
    struct house *house = *state;
    upload(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_crash(house);
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 200,
           "acknowledged");
    house->now_ms += ARCHIVE_MS;
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000002", "ACK ", 1, 1), 404,
           "no campaign that is open");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
}

static void many_replies_come_in_one_request(void **state)
{
    struct house *house = *state;
    struct buf body = {0};
    upload(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    buf_str(&body, "[");
    for (unsigned i = 0; i < 40; i++) {
        buf_str(&body, "{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"STOP\"},");
    }
    buf_printf(&body, "%s,", reply_from(house, "+4790000001", "ACK ", 1, 0));
    buf_printf(&body, "%s,", reply_from(house, "+4790000005", "ACK ", 1, 3)); /* k5 */
    buf_str(&body, "{\"channel\":\"fax\",\"from\":\"1\",\"text\":\"\"},7]");
    expect(house, "POST", "/v1/replies", "", buf_cstr(&body), 200,
           "{\"replies\":44,\"acknowledged\":2,\"results\":[{\"result\":\"not_understood\"");
    expect(house, "POST", "/v1/replies", "", buf_cstr(&body), 200,
           "there is no channel \\\"fax\\\"");
    expect(house, "POST", "/v1/replies", "", "[]", 200, "{\"replies\":0");
    buf_clear(&body);
    buf_str(&body, "[0");
    for (unsigned i = 0; i < 1000; i++) {
        buf_str(&body, ",0");
    }
    buf_str(&body, "]");
    expect(house, "POST", "/v1/replies", "", buf_cstr(&body), 413, "more than 1000");
    buf_release(&body);
}

static void a_reply_finds_its_campaign_among_many(void **state)
{
    struct house *house = *state;
    upload(house);
    for (unsigned i = 0; i < 300; i++) { /* more than there are codes of four characters for */
        create_reply_campaign(house);
    }
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c300/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 300, 0), 200,
           "\"campaign\":\"c300\"");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 200,
           "\"campaign\":\"c1\"");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 9, 0), 404,
           "no campaign");
    assert_int_equal(code_of(house, 1, 0).count, 4);
    assert_int_equal(code_of(house, 300, 0).count, 5);
    expect_get(house, "/v1/campaigns/c300", 200, "\"reply_code_characters\":5");
    /* Whoever goes away while it is looked for, or the house closes, leaves nothing behind. */
    struct http_peer peer = send_request(house, "POST", "/v1/replies", "",
                                         reply_from(house, "+4790000002", "ACK ", 300, 1));
    house->is_writing = false;
    turn_for(house, 20);
    house_crash(house);
    http_peer_release(&peer);
    expect_get(house, "/v1/campaigns/c300", 200, "\"acknowledged\":1");
}

static void what_is_no_reply_is_told_so(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
        const char *says;
    } cases[] = {
        {"", 400, "no JSON"},
        {"7", 400, "no JSON"},
        {"{\"channel\":\"sms\",\"from\":\"+4790000001\"}", 422, "text"},
        {"{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"STOP\"}", 422, "ACK 7KQ2"},
        {"{\"channel\":\"sms\",\"from\":\"nobody\",\"text\":\"ACK 7KQ2\"}", 422, "nobody"},
        {"{\"channel\":\"sm\",\"from\":\"+4790000001\",\"text\":\"ACK 7KQ2\"}", 422, "no channel"},
        {"{\"chanel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"ACK 7KQ2\"}", 422,
         "did you mean"},
    };
    struct house *house = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(house, "POST", "/v1/replies", "", cases[i].body, cases[i].status, cases[i].says);
    }
}

#define SHARERS 2000 /* of one number: codes by chance would be the same for about eight pairs */

/* Replies of all of them to both campaigns, each with the code of its own. */
static void reply_for_sharers(struct house *house, uint32_t from, uint32_t to)
{
    struct buf body = {0};
    buf_str(&body, "[");
    for (uint32_t i = from; i < to; i++) {
        for (uint64_t campaign = 1; campaign <= 2; campaign++) {
            buf_printf(&body, "%s%s", body.len > 1 ? "," : "",
                       reply_from(house, "+4790000000", "ACK ", campaign, i));
        }
    }
    buf_str(&body, "]");
    struct answer answer = ask(house, "POST", "/v1/replies", "", buf_cstr(&body));
    json_t *results = json_object_get(answer.json, "results");
    assert_int_equal(json_array_size(results), 2 * (to - from));
    for (uint32_t n = 0; n < 2 * (to - from); n++) {
        json_t *entry = json_array_get(results, n);
        const char *campaign = json_string_value(json_object_get(entry, "campaign"));
        assert_non_null(campaign);
        assert_string_equal(campaign, n % 2 == 0 ? "c1" : "c2");
        assert_int_equal(json_integer_value(json_object_get(entry, "ordinal")), from + n / 2);
    }
    answer_release(&answer);
    buf_release(&body);
}

static void whoever_shares_a_number_is_told_apart_in_all_campaigns(void **state)
{
    struct house *house = *state;
    struct buf rows = {0};
    house->tick_ms = 1; /* a portion of replies waits until the one before is written */
    buf_str(&rows, "id,phone\n");
    for (uint32_t i = 0; i < SHARERS; i++) {
        buf_printf(&rows, "k%u,+4790000000\n", (unsigned)i);
    }
    expect(house, "POST", "/v1/audiences?name=customers", CSV, buf_cstr(&rows), 201, "\"id\"");
    buf_release(&rows);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/keys/delivery/rotate", "", "", 200, "\"number\":2");
    create_reply_campaign(house); /* of another key */
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c2/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c2/pause", "", "", 200, "paused");
    reply_for_sharers(house, 0, 500);
    house_crash(house); /* they keep their codes */
    for (uint32_t i = 500; i < SHARERS; i += 500) {
        reply_for_sharers(house, i, i + 500);
    }
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":2000");
    expect_get(house, "/v1/campaigns/c2", 200, "\"acknowledged\":2000");
}

static void a_campaign_that_does_not_use_codes_has_none(void **state)
{
    struct house *house = *state;
    house->tick_ms = 1;
    upload(house);
    create_campaign(house);
    create_reply_campaign(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":null");
    house->has_code_url = true; /* from now on a provider's address has them */
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":4");
    create_campaign(house);
    expect_get(house, "/v1/campaigns/c3", 200, "\"reply_code_characters\":4");
    house->has_code_url = false; /* what a campaign has it keeps */
    house_crash(house);
    for (uint64_t campaign = 1; campaign <= 3; campaign++) {
        char path[32];
        (void)snprintf(path, sizeof(path), "/v1/campaigns/c%u/launch", (unsigned)campaign);
        expect(house, "POST", path, "", "", 200, "running");
        expect(house, "POST", "/v1/replies", "",
               reply_from(house, "+4790000001", "ACK ", campaign, 0), 200, "acknowledged");
    }
}

static void codes_that_nobody_was_sent_are_given_again_at_once(void **state)
{
    struct house *house = *state;
    upload(house);
    create_reply_campaign(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 404,
           "no campaign");
    house_crash(house);
    create_reply_campaign(house);
    const struct reply_range *range =
        campaign_document_reply_range(campaign_registry_find(house->campaigns, 3));
    assert_int_equal(range->first, 0);
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":null");
    expect_get(house, "/v1/campaigns/c2", 200, "\"reply_code_characters\":4");
    house_crash(house); /* which gives it none either */
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":null");
}

static void codes_of_an_archived_campaign_are_given_again(void **state)
{
    struct house *house = *state;
    house->tick_ms = 1;
    upload(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_crash(house);
    const struct reply_range *range =
        campaign_document_reply_range(campaign_registry_find(house->campaigns, 1));
    assert_int_equal(range->first, 0);
    create_reply_campaign(house); /* not while replies to the first are taken */
    range = campaign_document_reply_range(campaign_registry_find(house->campaigns, 2));
    assert_int_equal(range->first, 8192);
    house->now_ms += ARCHIVE_MS;
    create_reply_campaign(house);
    range = campaign_document_reply_range(campaign_registry_find(house->campaigns, 3));
    assert_int_equal(range->first, 0);
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":null");
    house->now_ms -= ARCHIVE_MS; /* a clock that is set back; so they are as one */
    expect(house, "POST", "/v1/campaigns/c1/retry", "", "", 409, "given to another");
    expect(house, "POST", "/v1/campaigns/c3/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 3, 0), 200,
           "\"campaign\":\"c3\"");
    house_crash(house);
    range = campaign_document_reply_range(campaign_registry_find(house->campaigns, 1));
    assert_int_equal(range->first, 16384); /* others than it had */
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 200,
           "\"campaign\":\"c1\"");
    house_crash(house);
    range = campaign_document_reply_range(campaign_registry_find(house->campaigns, 1));
    assert_int_equal(range->first, 16384);
}

static void a_link_that_is_forged_or_cut_off_leads_nowhere(void **state)
{
    struct house *house = *state;
    char path[64];
    upload(house);
    create_campaign(house);
    (void)snprintf(path, sizeof(path), "%s", link_to(house, 1, 0));
    path[20] = path[20] == 'A' ? 'B' : 'A';
    expect_get(house, path, 403, "This link does not work");
    expect(house, "POST", path, "", "", 403, "This link does not work");
    (void)snprintf(path, 20, "%s", link_to(house, 1, 0));
    expect_get(house, path, 403, "This link does not work");
    expect_get(house, link_to(house, 7, 0), 404, "This link does not work");
    expect(house, "POST", link_to(house, 1, 4000), "", "", 404, "This link does not work");
    expect_get(house, "/metrics", 200, "\ntocsin_forged_tokens_total 3\n");
}

static void apps_and_call_centres_acknowledge_by_name_or_token(void **state)
{
    struct house *house = *state;
    const char *path = "/v1/acknowledgements";
    char body[128];
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", path, "", "{\"campaign\":\"c1\",\"recipient\":\"k2\"}", 200,
           "\"state\":\"acknowledged\"");
    (void)snprintf(body, sizeof(body), "{\"token\":\"%s\"}", link_to(house, 1, 0) + 3);
    expect(house, "POST", path, "", body, 200, "\"ordinal\":0");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":2");
    expect(house, "POST", path, "", "{\"campaign\":\"c1\"}", 422, "or \\\"campaign\\\" and");
    expect(house, "POST", path, "", "{}", 422, "give \\\"token\\\"");
    expect(house, "POST", path, "", "{\"token\":\"\"}", 422, "must not be empty");
    expect(house, "POST", path, "", "{\"token\":\"x\"}", 403, "not all of it");
    body[strlen(body) - 3] = '\0'; /* without its last character */
    expect(house, "POST", path, "", strcat(body, "\"}"), 403, "not all of it");
    expect(house, "POST", path, "", "{\"tokn\":\"x\"}", 422, "did you mean \\\"token\\\"?");
    expect(house, "POST", path, "", "{\"campaign\":\"c1\",\"recipient\":\"zz\"}", 404, "zz");
    expect(house, "POST", path, "", "{\"campaign\":\"c4\",\"recipient\":\"k2\"}", 404, "c4");
}

/* Of a campaign that has ended the engine has only the counts; the journal knows the rest. */
static void who_acknowledges_after_the_end_is_counted(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_crash(house);
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    expect_get(house, "/v1/campaigns/c1", 200, "\"cancelled\":2");
    expect_get(house, "/v1/campaigns/c1/recipients?state=acknowledged", 200, "\"ordinal\":0");
}

static const char *callback(struct house *house, const char *provider, uint32_t ordinal,
                            const char *query)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "/r/%s/%s%s", provider, link_to(house, 1, ordinal) + 3,
                   query);
    return path;
}

static void a_receipt_is_taken_once_and_kept(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", callback(house, "gateway", 0, "?status=delivered"), "", "", 404,
           "not been launched");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    house->is_writing = false;
    struct http_peer peer = send_request(
        house, "POST", callback(house, "gateway", 0, "?status=delivered&id=7"), "", "");
    turn_for(house, 50);
    http_peer_read(&peer);
    assert_int_equal(peer.got.len, 0); /* not before it is on disk */
    house->is_writing = true;
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 204);
    answer_release(&answer);
    expect(house, "GET", callback(house, "gateway", 0, "?status=delivered"), "", "", 204, "");
    expect(house, "POST", callback(house, "gateway", 1, ""), "Content-Type: application/json\r\n",
           "{\"status\":\"delivered\"}", 204, "no-store");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":2");
    expect_get(house, "/metrics", 200,
               "tocsin_receipts_total{provider=\"gateway\",result=\"delivered\"} 3\n");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":2");
}

static void only_who_sends_receipts_can_be_waited_for(void **state)
{
    struct house *house = *state;
    expect(house, "POST", "/v1/audiences?name=customers", CSV,
           "id,phone,email\nk1,+4790000001,a@customer.test\n", 201, "\"accepted\":1");
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","
           "\"content\":{\"sms\":{\"text\":\"Hi\"}},\"plan\":{\"until\":\"delivered\"}}",
           201, "\"until\":\"delivered\"");
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"email\",\"content\":"
           "{\"email\":{\"subject\":\"S\",\"text\":\"Hi\"}},\"plan\":{\"until\":\"delivered\"}}",
           422, "receipts: true");
}

static void what_is_no_receipt_is_refused(void **state)
{
    struct house *house = *state;
    static const char head[] = "/r/gateway/";
    char path[128];
    struct buf large = {0};
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "PUT", callback(house, "gateway", 0, ""), "", "", 405, "Allow: POST, GET\r\n");
    expect(house, "HEAD", callback(house, "gateway", 0, "?status=delivered"), "", "", 405,
           "Allow: POST, GET\r\n");
    expect(house, "POST", callback(house, "nobody", 0, "?status=failed"), "", "", 404, "nobody");
    expect(house, "POST", callback(house, "gateway", 77, "?status=failed"), "", "", 404,
           "no such recipient");
    expect(house, "POST", callback(house, "gateway", 0, "?status=sent"), "", "", 400, "no status");
    expect(house, "POST", callback(house, "gateway", 0, ""), "", "", 400, "missing");
    expect(house, "POST", callback(house, "gateway", 0, ""), "Content-Type: text/xml\r\n", "<a/>",
           415, "text/xml");
    memset(buf_reserve(&large, 1100000), 'x', 1100000);
    large.len = 1100000;
    expect(house, "POST", callback(house, "gateway", 0, ""), "", buf_cstr(&large), 413,
           "too large");
    buf_release(&large);
    for (unsigned i = 0; i <= TOKEN_CHARS; i++) { /* altered in each place, and cut off */
        (void)snprintf(path, sizeof(path), "%s?status=failed", callback(house, "gateway", 0, ""));
        char *at = path + sizeof(head) - 1 + (i < TOKEN_CHARS ? i : TOKEN_CHARS - 1);
        if (i < TOKEN_CHARS) {
            *at = *at == 'A' ? 'B' : 'A';
        } else {
            memmove(at, at + 1, strlen(at));
        }
        expect(house, "POST", path, "", "", 403, "no token of this cluster");
    }
    expect_get(house, "/metrics", 200,
               "tocsin_receipts_total{provider=\"gateway\",result=\"forged\"} 33\n");
    expect_get(house, "/metrics", 200, "\ntocsin_forged_tokens_total 33\n");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":0");
}

static void many_receipts_come_in_one_request(void **state)
{
    struct house *house = *state;
    char body[1024];
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    (void)snprintf(body, sizeof(body),
                   "[{\"token\":\"%.32s\",\"provider\":\"gateway\",\"status\":\"delivered\"},"
                   "{\"campaign\":\"c1\",\"recipient\":\"k2\",\"provider\":\"gateway\","
                   "\"status\":\"delivered\"},{\"token\":\"x\",\"provider\":\"gateway\","
                   "\"status\":\"failed\"},7,{\"campaign\":\"c1\",\"recipient\":\"k9\","
                   "\"provider\":\"gateway\",\"status\":\"failed\"}]",
                   link_to(house, 1, 0) + 3);
    struct answer answer = ask(house, "POST", "/v1/receipts", "", body);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "{\"receipts\":5,\"taken\":2,\"refused\":[{\"index\":2,"));
    assert_non_null(strstr(answer.text, "{\"index\":3,\"detail\":"));
    assert_non_null(strstr(answer.text, "no recipient \\\"k9\\\""));
    answer_release(&answer);
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":2");
    expect(house, "POST", "/v1/receipts", "Content-Type: application/x-ndjson\r\n",
           "{\"campaign\":\"c1\",\"recipient\":\"k5\",\"provider\":\"gateway\","
           "\"status\":\"delivered\"}\r\n\n",
           200, "\"taken\":1");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":3");
    expect(house, "POST", "/v1/receipts", "", "{}", 400, "must be an array");
    expect(house, "POST", "/v1/receipts", "", "[", 400, "\"line\":1");
    house->token[5] = house->token[5] == 'x' ? 'y' : 'x';
    expect(house, "POST", "/v1/receipts", "", "[]", 401, "admin token");
}

static void a_limit_that_was_set_holds_until_it_is_taken_back(void **state)
{
    struct house *house = *state;
    static const char path[] = "/v1/providers/gateway";
    expect_get(house, path, 200,
               "\"rate_per_s\":0.0,\"limit\":{\"settings\":{\"rate\":0.0,\"burst\":null,"
               "\"concurrency\":null,\"quota\":null,\"quota_zone\":null,\"quiet_hours\":null},"
               "\"override\":null}");
    expect(house, "PATCH", path, "", "{\"rate\":500,\"burst\":20}", 200,
           "\"override\":{\"rate\":500.0,\"burst\":20.0,\"since\":\"2023-11-14T22:13:20.000Z\"}");
    expect_get(house, path, 200, "\"rate_now_per_s\":500.0");
    expect_get(house, "/v1/providers?limit=1", 200, "\"override\":{\"rate\":500.0");
    expect_get(house, "/v1/providers/relay", 200, "\"override\":null");
    house_crash(house);
    expect_get(house, path, 200, "\"rate_now_per_s\":500.0");
    expect_get(house, path, 200, "\"since\":\"2023-11-14T22:13:20.000Z\"");
    expect(house, "PATCH", path, "", "{\"rate\":0.25}", 200,
           "\"override\":{\"rate\":0.25,\"burst\":null,");
    /* A small one is no "none", which 0 stands for. */
    expect(house, "PATCH", path, "", "{\"rate\":0.001}", 200, "\"rate_per_s\":0.001,");
    expect_get(house, path, 200, "\"rate_now_per_s\":0.001,");
    expect(house, "PATCH", path, "", "{\"rate\":null}", 200, "\"override\":null");
    expect_get(house, path, 200, "\"rate_now_per_s\":0.0");
    expect(house, "PATCH", path, "", "{\"rate\":7}", 200, "\"rate_per_s\":7.0");
    expect(house, "DELETE", "/v1/providers/gateway/limit", "", "", 200, "\"override\":null");
    expect(house, "DELETE", "/v1/providers/gateway/limit", "", "", 200, "\"override\":null");
    house_crash(house);
    expect_get(house, path, 200, "\"override\":null");
    expect_get(house, path, 200, "\"rate_now_per_s\":0.0");
}

/* 22:13 UTC is in the night of Oslo, an hour ahead; it ends at 06:00 UTC. */
static void each_limit_is_set_and_taken_back_alone(void **state)
{
    struct house *house = *state;
    static const char path[] = "/v1/providers/gateway";
    expect(house, "PATCH", path, "", "{\"concurrency\":40}", 200, "\"concurrency\":40,");
    expect(house, "PATCH", path, "", "{\"quota\":500,\"quota_zone\":\"Europe/Oslo\"}", 200,
           "\"quota\":{\"per_day\":500,\"used\":0,\"until\":\"2023-11-14T23:00:00.000Z\"}");
    expect(house, "PATCH", path, "",
           "{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"Europe/Oslo\"}}", 200,
           "\"until\":\"2023-11-15T06:00:00.000Z\"}");
    expect_get(house, path, 200, "it has quiet hours, set by the API, and gets nothing");
    static const char all[] =
        "\"override\":{\"concurrency\":40,\"quota\":500,\"quota_zone\":\"Europe/Oslo\","
        "\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"Europe/Oslo\"},"
        "\"concurrency_since\":\"2023-11-14T22:13:20.000Z\","
        "\"quota_since\":\"2023-11-14T22:13:20.000Z\","
        "\"quiet_hours_since\":\"2023-11-14T22:13:20.000Z\"}";
    expect_get(house, path, 200, all);
    house_crash(house);
    expect_get(house, path, 200, all);
    expect_get(house, path, 200, "\"concurrency\":40,\"under_way\"");
    expect_get(house, path, 200, "\"per_day\":500,");
    expect_get(house, path, 200, "\"until\":\"2023-11-15T06:00:00.000Z\"}");
    expect_get(house, "/v1/providers/relay", 200, "\"override\":null");
    expect(
        house, "PATCH", path, "", "{\"rate\":7,\"quota\":null,\"quiet_hours\":\"none\"}", 200,
        "\"override\":{\"rate\":7.0,\"burst\":null,\"concurrency\":40,\"quiet_hours\":\"none\",");
    expect_get(house, path, 200, "\"quiet_hours\":null,\"quota\":null,\"concurrency\":40,");
    expect(house, "PATCH", path, "", "{\"rate\":null,\"quiet_hours\":null}", 200,
           "\"override\":{\"concurrency\":40,\"concurrency_since\"");
    expect(house, "PATCH", path, "", "{\"concurrency\":\"none\"}", 200,
           "\"override\":{\"concurrency\":\"none\",\"concurrency_since\"");
    expect_get(house, path, 200, "\"concurrency\":null,\"under_way\"");
    expect(house, "DELETE", "/v1/providers/gateway/limit", "", "", 200, "\"override\":null");
    house_crash(house);
    expect_get(house, path, 200, "\"override\":null");
}

static void a_provider_says_why_it_is_at_its_rate(void **state)
{
    struct house *house = *state;
    static const char path[] = "/v1/providers/gateway";
    expect_get(house, path, 200, "\"concurrency\":null,\"under_way\":0");
    expect_get(house, path, 200, "\"why\":[{\"reason\":\"no_worker\"");
    expect(house, "PATCH", path, "", "{\"rate\":500}", 200,
           "\"why\":[{\"reason\":\"limit\",\"detail\":\"its limit is 500 a second, set by the "
           "API\",\"since\":\"2023-11-14T22:13:20.000Z\",\"until\":null}");
    expect_get(house, "/metrics", 200,
               "tocsin_provider_held_back{provider=\"gateway\",reason=\"limit\"} 1");
    expect_get(house, "/metrics", 200,
               "tocsin_provider_held_back{provider=\"gateway\",reason=\"breaker\"} 0");
    expect_get(house, "/metrics", 200, "tocsin_provider_under_way{provider=\"gateway\"} 0");
}

static void what_is_no_limit_is_refused(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *body;
        unsigned status;
        const char *says;
    } cases[] = {
        {"{\"rate\":-1}", 422, "from 0.001 to 10000000"},
        {"{\"rate\":0}", 422, "to send nothing, pause the campaigns"},
        {"{\"rate\":1e9}", 422, "\"pointer\":\"/rate\""},
        {"{\"rate\":\"fast\"}", 422, "must be a number"},
        {"{\"rate\":true}", 422, "must be a number"},
        {"{\"rate\":5,\"burst\":0}", 422, "one and 30 ms' worth"},
        {"{\"rate\":5,\"burst\":-3}", 422, "\"pointer\":\"/burst\""},
        {"{\"rate\":5,\"burts\":3}", 422, "burst"},
        {"{\"burst\":5}", 422, "\\\"rate\\\""},
        {"{\"rate\":null,\"burst\":5}", 422, "has its own"},
        {"{}", 422, "says nothing to change"},
        {"{\"concurrency\":0}", 422, "from 1 to 1000000 (recipients under way at once)"},
        {"{\"concurrency\":1000001}", 422, "\"pointer\":\"/concurrency\""},
        {"{\"concurrency\":2.5}", 422, "must be a whole number"},
        {"{\"concurrency\":\"non\"}", 422, "\\\"none\\\" for any number"},
        {"{\"concurency\":4}", 422, "did you mean"},
        {"{\"quota\":0}", 422, "from 1 to 1000000000 (recipients a day)"},
        {"{\"quota\":-5,\"rate\":7}", 422, "\"pointer\":\"/quota\""},
        {"{\"quota\":5,\"quota_zone\":\"Europe/Olso\"}", 422, "there is no time zone"},
        {"{\"quota\":5,\"quota_zone\":7}", 422, "\"pointer\":\"/quota_zone\""},
        {"{\"quota_zone\":\"UTC\"}", 422, "needs its \\\"quota\\\""},
        {"{\"quota\":\"none\",\"quota_zone\":\"UTC\"}", 422, "needs its \\\"quota\\\""},
        {"{\"quiet_hours\":5}", 422, "\"pointer\":\"/quiet_hours\""},
        {"{\"quiet_hours\":{\"from\":\"22:00\"}}", 422, "\\\"to\\\""},
        {"{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"25:00\"}}", 422,
         "\"pointer\":\"/quiet_hours/to\""},
        {"{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"22:00\"}}", 422, "are the same time"},
        {"{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"channels\":[\"sms\"]}}", 422,
         "\"pointer\":\"/quiet_hours/channels\""},
        {"[]", 400, "object"},
        {"{\"rate\":", 400, "\"line\":1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(house, "PATCH", "/v1/providers/gateway", "", cases[i].body, cases[i].status,
               cases[i].says);
    }
    expect(house, "PATCH", "/v1/providers/nobody", "", "{\"rate\":5}", 404, "no provider");
    expect(house, "DELETE", "/v1/providers/nobody/limit", "", "", 404, "no provider");
    expect_get(house, "/v1/providers/nobody", 404, "no provider");
    expect_get(house, "/v1/providers/gateway", 200, "\"override\":null");
}

#define NIGHT "{\"steps\":[{\"channel\":\"sms\",\"until\":\"acknowledged\",\"within\":\"5m\"}]}"

static void a_plan_is_stored_listed_and_deleted(void **state)
{
    struct house *house = *state;
    expect_get(house, "/v1/plans", 200, "{\"items\":[],\"next\":null}");
    expect(house, "PUT", "/v1/plans/night", "", NIGHT, 201, "\"within\":\"5m\"");
    expect(house, "PUT", "/v1/plans/day", "", "{\"steps\":[{\"channel\":\"sms\"}]}", 201, "");
    expect(house, "PUT", "/v1/plans/day", "", "{\"steps\":[{\"channel\":\"email\"}]}", 200,
           "{\"name\":\"day\",\"modified_at\":\"2023-11-14T22:13:20.000Z\",\"steps\":[");
    house_crash(house);
    expect_get(house, "/v1/plans/day", 200, "\"channel\":\"email\"");
    struct answer first = ask(house, "GET", "/v1/plans?limit=1", "", "");
    char path[80];
    (void)snprintf(path, sizeof(path), "/v1/plans?limit=1&cursor=%s", text_of(&first, "next"));
    assert_non_null(strstr(first.text, "\"name\":\"day\""));
    answer_release(&first);
    expect(house, "DELETE", "/v1/plans/day", "", "", 200, "\"name\":\"day\"");
    expect_get(house, path, 200, "\"name\":\"night\"");
    expect_get(house, path, 200, "\"next\":null");
    house_crash(house);
    expect_get(house, "/v1/plans/day", 404, "there is no plan \\\"day\\\"; there are: night");
    expect(house, "DELETE", "/v1/plans/day", "", "", 404, "there is no plan");
    expect_get(house, "/v1/plans?cursor=!", 400, "no cursor of this list");
}

static void what_is_no_plan_is_refused(void **state)
{
    struct house *house = *state;
    expect(house, "PUT", "/v1/plans/sms", "", NIGHT, 422, "it is a channel's");
    expect(house, "PUT", "/v1/plans/a%20b", "", NIGHT, 422, "cannot be a plan's name");
    expect(house, "PUT", "/v1/plans/night", "", "{\"steps\":[{\"channel\":\"smss\"}]}", 422,
           "\"pointer\":\"/steps/0/channel\"");
    expect(house, "PUT", "/v1/plans/night", "", "[]", 400, "must be an object, not an array");
    expect(house, "POST", "/v1/plans/night", "", NIGHT, 405, "");
    expect_get(house, "/v1/plans", 200, "{\"items\":[],\"next\":null}");
}

#define NAMED                                                                                      \
    "{\"name\":\"Outage\",\"audience\":\"a1\",\"plan\":\"night\","                                 \
    "\"content\":{\"sms\":{\"text\":\"Hi\"}}}"

static void a_campaign_takes_a_copy_of_a_named_plan(void **state)
{
    struct house *house = *state;
    upload(house);
    expect(house, "POST", "/v1/campaigns", "", NAMED, 422,
           "there is no plan \\\"night\\\", nor any other");
    expect(house, "PUT", "/v1/plans/night", "", NIGHT, 201, "");
    expect(house, "POST", "/v1/campaigns", "", NAMED, 201, "\"plan_name\":\"night\"");
    expect(house, "PUT", "/v1/plans/night", "", "{\"steps\":[{\"channel\":\"email\"}]}", 200, "");
    expect(house, "POST", "/v1/campaigns", "", NAMED, 422, "\"pointer\":\"/plan\"");
    expect(house, "POST", "/v1/campaigns", "", NAMED, 422,
           "\\\"night\\\" does not fit here, at /steps/0/channel: channel: it needs the column");
    expect(house, "DELETE", "/v1/plans/night", "", "", 200, "");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"within\":\"5m\"");
    expect_get(house, "/v1/campaigns/c1", 200, "\"plan_name\":\"night\"");
    create_campaign(house);
    expect_get(house, "/v1/campaigns/c2", 200, "\"plan_name\":null");
}

static void an_archived_campaign_takes_nothing_any_more(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_crash(house);
    house->now_ms += ARCHIVE_MS - 1000;
    expect(house, "POST", link_to(house, 1, 0), "", "", 200, "Thank you");
    house_crash(house); /* the page that was woken sleeps again */
    house->now_ms += 1000;
    char unsubscribe[64];
    char body[128];
    snprintf(unsubscribe, sizeof(unsubscribe), "/u/%s", link_to(house, 1, 1) + strlen("/a/"));
    snprintf(body, sizeof(body), "{\"token\":\"%s\"}", unsubscribe + strlen("/u/"));
    expect_get(house, link_to(house, 1, 1), 410, "too old");
    expect(house, "POST", link_to(house, 1, 1), "", "", 410, "too old");
    /* But not an opt-out. */
    expect_get(house, unsubscribe, 200, "One-Click");
    expect(house, "POST", unsubscribe, "", "List-Unsubscribe=One-Click", 200, "unsubscribed");
    expect_get(house, "/v1/suppressions", 200, "unsubscribe link of c1");
    expect(house, "POST", "/v1/acknowledgements", "", body, 410, "archived");
    expect_get(house, link_to(house, 2, 1), 404, "does not work");
    expect(house, "POST", callback(house, "gateway", 1, "?status=delivered"), "", "", 410,
           "archived");
    expect(house, "POST", "/v1/acknowledgements", "", "{\"campaign\":\"c1\",\"recipient\":\"k2\"}",
           410, "archived");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_comes_only_after_its_record_is_durable),
        TEST(what_a_crash_could_take_back_is_not_told),
        TEST(a_crash_cannot_separate_a_change_from_its_answer),
        TEST(a_key_stands_for_one_request),
        TEST(an_upload_under_a_key_is_compared_to_its_last_byte),
        TEST(a_broken_off_upload_leaves_nothing_and_its_key_free),
        TEST(a_refused_row_is_named),
        TEST(what_an_upload_must_say_is_checked),
        TEST(commands_move_a_campaign_or_say_why_not),
        TEST(a_campaign_is_changed_and_stays_so),
        TEST(what_is_public_has_a_port_of_its_own),
        TEST(a_campaign_keeps_the_key_that_it_began_with),
        TEST(keys_are_listed_page_by_page),
        TEST(complaints_name_the_member_once),
        TEST(what_takes_nothing_refuses_a_body),
        TEST(a_rotation_that_was_not_written_takes_its_campaigns_with_it),
        TEST(a_link_asks_and_only_its_button_confirms),
        TEST(a_page_speaks_the_recipients_language),
        TEST(a_reply_counts_for_who_has_its_code_and_endpoint),
        TEST(a_reply_after_the_end_is_heard_until_the_campaign_is_archived),
        TEST(many_replies_come_in_one_request),
        TEST(a_reply_finds_its_campaign_among_many),
        TEST(what_is_no_reply_is_told_so),
        TEST(whoever_shares_a_number_is_told_apart_in_all_campaigns),
        TEST(a_campaign_that_does_not_use_codes_has_none),
        TEST(codes_that_nobody_was_sent_are_given_again_at_once),
        TEST(codes_of_an_archived_campaign_are_given_again),
        TEST(a_link_that_is_forged_or_cut_off_leads_nowhere),
        TEST(apps_and_call_centres_acknowledge_by_name_or_token),
        TEST(who_acknowledges_after_the_end_is_counted),
        TEST(a_receipt_is_taken_once_and_kept),
        TEST(only_who_sends_receipts_can_be_waited_for),
        TEST(what_is_no_receipt_is_refused),
        TEST(many_receipts_come_in_one_request),
        TEST(a_limit_that_was_set_holds_until_it_is_taken_back),
        TEST(what_is_no_limit_is_refused),
        TEST(each_limit_is_set_and_taken_back_alone),
        TEST(a_provider_says_why_it_is_at_its_rate),
        TEST(a_plan_is_stored_listed_and_deleted),
        TEST(what_is_no_plan_is_refused),
        TEST(a_campaign_takes_a_copy_of_a_named_plan),
        TEST(an_archived_campaign_takes_nothing_any_more),
        TEST(a_plan_is_shown_step_by_step_before_and_after_a_crash),
        TEST(lists_go_on_where_they_stopped),
        TEST(a_recipient_is_found_by_key),
        TEST(a_full_disk_is_said_before_anything_is_taken),
        TEST(whoever_waits_too_long_for_the_disk_is_told),
        TEST(the_token_opens_and_nothing_else_does),
        TEST(paths_methods_and_parameters_are_checked),
        TEST(closing_in_the_midst_of_it_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
