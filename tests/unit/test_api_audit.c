/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "coordinator/api/api_state.h"
#include "coordinator/api/audit.h"
#include "coordinator/api/audit_expiry.h"
#include "coordinator/api/routes.h"
#include "coordinator/content/audit_log.h"
#include "tests/unit/api_rig.h"

/* The text of a member of the entry at `index` of an answer, newest first. */
static const char *member(const struct answer *answer, size_t index, const char *name)
{
    const json_t *items = json_object_get(answer->json, "items");
    const char *text = json_string_value(json_object_get(json_array_get(items, index), name));
    return text == NULL ? "" : text;
}

static size_t item_count(struct house *house, const char *query)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "/v1/audit%s", query);
    struct answer answer = ask(house, "GET", path, "", "");
    assert_int_equal(answer.status, 200);
    size_t count = json_array_size(json_object_get(answer.json, "items"));
    answer_release(&answer);
    return count;
}

static void a_change_is_noted_with_who_and_what(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "PATCH", "/v1/campaigns/c1", "", "{\"rate\":2.5}", 200, "2.5");
    expect(house, "PATCH", "/v1/campaigns/c1", "", "{\"rate\":7,\"priority\":\"high\"}", 200, "7");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    for (unsigned lives = 0; lives < 2; lives++) {
        struct answer answer = ask(house, "GET", "/v1/audit", "", "");
        assert_int_equal(json_array_size(json_object_get(answer.json, "items")), 5);
        assert_string_equal(member(&answer, 0, "action"), "campaigns.launch");
        assert_string_equal(member(&answer, 0, "object"), "/v1/campaigns/c1/launch");
        assert_string_equal(member(&answer, 0, "kind"), "admin");
        assert_string_equal(member(&answer, 0, "role"), "admin");
        assert_string_equal(member(&answer, 0, "address"), "127.0.0.1");
        assert_string_equal(member(&answer, 1, "action"), "campaigns.change");
        assert_string_equal(member(&answer, 1, "summary"),
                            "rate 2.5 -> 7; priority normal -> high");
        assert_string_equal(member(&answer, 2, "summary"), "rate 0 -> 2.5");
        assert_string_equal(member(&answer, 3, "action"), "campaigns.create");
        assert_string_equal(member(&answer, 3, "object"), "/v1/campaigns/c1");
        assert_string_equal(member(&answer, 4, "action"), "audiences.create");
        assert_string_equal(member(&answer, 4, "summary"), "\"customers\", 3 recipients");
        answer_release(&answer);
        house_crash(house);
    }
}

/* What is not done is not there, nor what is done once more under a key, nor what programs tell. */
static void what_changes_nothing_is_not_noted(void **state)
{
    struct house *house = *state;
    upload(house);
    expect(house, "POST", "/v1/campaigns", "Idempotency-Key: k\r\n", CAMPAIGN, 201, "draft");
    expect(house, "POST", "/v1/campaigns", "Idempotency-Key: k\r\n", CAMPAIGN, 201, "Replayed");
    expect(house, "POST", "/v1/campaigns/c1/pause", "", "", 409, "draft");
    expect(house, "POST", "/v1/campaigns/c9/launch", "", "", 404, "no campaign");
    expect(house, "PATCH", "/v1/campaigns/c1", "", "{\"rat\":1}", 422, "rate");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    assert_int_equal(item_count(house, ""), 3);
    expect(house, "POST", link_to(house, 1, 1), "", "", 200, "Thank you");
    expect(house, "POST", "/v1/acknowledgements", "", "{\"campaign\":\"c1\",\"recipient\":\"k1\"}",
           200, "acknowledged");
    expect(house, "POST", "/v1/replies", "",
           "{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"hello\"}", 200, "kept");
    assert_int_equal(item_count(house, ""), 3);
}

/* The record is the same: a crash before it is durable takes both. */
static void a_change_and_its_entry_are_one_record(void **state)
{
    struct house *house = *state;
    upload(house);
    house->is_writing = false;
    struct http_peer peer = send_request(house, "POST", "/v1/campaigns", "", CAMPAIGN);
    house_turn_for(house, 30);
    http_peer_release(&peer);
    house_crash(house);
    house->is_writing = true;
    expect_get(house, "/v1/campaigns", 200, "\"items\":[]");
    assert_int_equal(item_count(house, ""), 1);
    create_campaign(house);
    struct answer answer = ask(house, "GET", "/v1/audit", "", "");
    assert_int_equal(json_integer_value(json_object_get(
                         json_array_get(json_object_get(answer.json, "items"), 0), "number")),
                     2);
    answer_release(&answer);
}

static void entries_are_filtered_and_paged(void **state)
{
    struct house *house = *state;
    upload(house);
    for (unsigned i = 0; i < 5; i++) {
        house->now_ms += 1000;
        create_campaign(house);
    }
    expect(house, "PUT", "/v1/plans/twice%20a", "", "{\"steps\":[{\"channel\":\"sms\"}]}", 422, "");
    expect(house, "PUT", "/v1/plans/twice", "", "{\"steps\":[{\"channel\":\"sms\"}]}", 201, "sms");
    assert_int_equal(item_count(house, "?action=campaigns"), 5);
    assert_int_equal(item_count(house, "?action=campaigns.create&object=c3"), 1);
    assert_int_equal(item_count(house, "?action=campaign"), 0);
    assert_int_equal(item_count(house, "?object=twice"), 1);
    assert_int_equal(item_count(house, "?object=twic"), 0);
    assert_int_equal(item_count(house, "?who=admin"), 7);
    assert_int_equal(item_count(house, "?who=anna"), 0);
    assert_int_equal(item_count(house, "?who=t1"), 0);
    assert_int_equal(item_count(house, "?to=1971-01-01T00:00:00Z"), 0);
    assert_int_equal(item_count(house, "?from=1971-01-01T00:00:00Z"), 7);
    struct answer answer = ask(house, "GET", "/v1/audit?limit=3&action=campaigns", "", "");
    char path[200];
    assert_string_equal(member(&answer, 0, "object"), "/v1/campaigns/c5");
    (void)snprintf(path, sizeof(path), "/v1/audit?action=campaigns&cursor=%s",
                   text_of(&answer, "next"));
    answer_release(&answer);
    answer = ask(house, "GET", path, "", "");
    assert_int_equal(json_array_size(json_object_get(answer.json, "items")), 2);
    assert_string_equal(member(&answer, 1, "object"), "/v1/campaigns/c1");
    answer_release(&answer);
    (void)memcpy(strstr(path, "action=campaigns"), "action=campaignz", 16);
    expect_get(house, path, 400, "no cursor of this list");
    expect_get(house, "/v1/audit?from=yesterday", 400, "is no time");
    expect_get(house, "/v1/audit?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 400,
               "not after");
    expect_get(house, "/v1/audit?who=", 400, "1 to 200 bytes");
    expect_get(house, "/v1/audit?actor=x", 400, "no parameter");
}

/* Nobody hides what he does to a thing by writing its path in another way. */
static void a_path_that_is_written_otherwise_is_found_all_the_same(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "PATCH", "/v1/campaigns/%63%31", "", "{\"rate\":2}", 200, "c1");
    expect(house, "PUT", "/v1/suppressions", "",
           "{\"contact\":\"J\u00fcrg\",\"reason\":\"manual\"}", 201, "contact");
    expect(house, "DELETE", "/v1/suppressions/contact/J\xC3%BCr%67", "", "", 200, "contact");
    struct answer answer = ask(house, "GET", "/v1/audit", "", "");
    assert_string_equal(member(&answer, 0, "object"), "/v1/suppressions/contact/J%C3%BCrg");
    assert_string_equal(member(&answer, 2, "object"), "/v1/campaigns/c1");
    answer_release(&answer);
    assert_int_equal(item_count(house, "?object=c1"), 2);
    assert_int_equal(item_count(house, "?object=J%C3%BCrg"), 1);
}

static void all_of_it_comes_as_a_file(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "PUT", "/v1/suppressions", "",
           "{\"channel\":\"sms\",\"endpoint\":\"+4790000001\",\"reason\":\"manual\"}", 201,
           "manual");
    expect_get(house, "/v1/audit/export", 200, "\"action\":\"suppressions.set\"");
    expect_get(
        house, "/v1/audit/export?format=csv", 200,
        "\r\nnumber,at,name,kind,role,token,address,action,method,object,summary,status\r\n");
    expect_get(
        house, "/v1/audit/export?format=csv", 200,
        ",\"suppressions.set\",\"PUT\",\"/v1/suppressions\",\"sms +4790000001: manual\",201");
    expect_get(house, "/v1/audit/export?format=csv&action=campaigns", 200, "\"campaigns.create\"");
    expect_get(house, "/v1/audit/export?format=xml", 400, "csv or ndjson");
    struct answer answer = ask(house, "GET", "/v1/audit/export?action=campaigns&object=c1", "", "");
    assert_null(strstr(answer.text, "suppressions"));
    answer_release(&answer);
}

/* A filter that passes over many more than are looked at in one turn. */
static void a_rare_entry_is_found_behind_many(void **state)
{
    struct house *house = *state;
    upload(house);
    for (unsigned i = 0; i < 5000; i++) {
        const struct audit_entry entry = {.at_ms = 1000,
                                          .kind = slice_str("token"),
                                          .name = slice_str("robot"),
                                          .action = slice_str("things.set"),
                                          .object = slice_str("/v1/things"),
                                          .summary = slice_str("=1+1")};
        struct buf key = {0};
        struct buf value = {0};
        ledger_catalogue_key_u64(&key, CATALOGUE_AUDIT, ~(uint64_t)(i + 2));
        audit_entry_encode(&entry, &value);
        record_put(turn_record(house->turn), buf_view(&key), buf_view(&value));
        buf_release(&key);
        buf_release(&value);
    }
    expect(house, "PUT", "/v1/plans/twice", "", "{\"steps\":[{\"channel\":\"sms\"}]}", 201, "sms");
    house_crash(house);
    struct answer answer = ask(house, "GET", "/v1/audit?action=audiences", "", "");
    assert_int_equal(json_array_size(json_object_get(answer.json, "items")), 0);
    assert_int_not_equal(text_of(&answer, "next")[0], '\0');
    answer_release(&answer);
    expect_get(house, "/v1/audit/export?action=audiences", 200, "\"audiences.create\"");
    expect_get(house, "/v1/audit/export?format=csv&who=robot", 200, "\"'=1+1\"");
    house->now_ms +=
        AUDIT_KEPT_MS + 1000; /* all of it is too old, but for what numbers go on from */
    house->tick_ms = 1;
    for (unsigned i = 0; i < 200 && item_count(house, "?who=robot") > 0; i++) {
        house_turn_for(house, 1000);
        create_campaign(house);
    }
    assert_int_equal(item_count(house, "?who=robot"), 0);
}

static void refused_changes_are_noted_but_not_without_end(void **state)
{
    struct house *house = *state;
    char admin[sizeof(house->token)];
    house->tick_ms = 1;
    upload(house);
    struct answer made =
        ask(house, "POST", "/v1/tokens", "", "{\"name\":\"wall\",\"role\":\"viewer\"}");
    assert_int_equal(made.status, 201);
    memcpy(admin, house->token, sizeof(admin));
    (void)snprintf(house->token, sizeof(house->token), "%s", text_of(&made, "token"));
    char secret[sizeof(house->token)];
    memcpy(secret, house->token, sizeof(secret));
    answer_release(&made);
    for (unsigned i = 0; i < 3 * AUDIT_REFUSED_BURST; i++) {
        expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 403, "viewer");
        expect_get(house, "/v1/tokens", 403, "viewer"); /* would change nothing */
    }
    memcpy(house->token, admin, sizeof(admin));
    assert_in_range(item_count(house, "?who=wall"), 1, AUDIT_REFUSED_BURST + 2);
    assert_int_equal(item_count(house, "?who=wall"), item_count(house, "?who=t1"));
    house->now_ms += 60000;
    memcpy(house->token, secret, sizeof(secret));
    expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 403, "viewer");
    memcpy(house->token, admin, sizeof(admin));
    struct answer answer = ask(house, "GET", "/v1/audit?limit=1", "", "");
    assert_non_null(strstr(member(&answer, 0, "summary"), "before it left out"));
    assert_string_equal(member(&answer, 0, "name"), "wall");
    assert_string_equal(member(&answer, 0, "role"), "viewer");
    assert_null(strstr(answer.text, secret));
    answer_release(&answer);
    house->token[0] = '\0';
    expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 401, "token");
    memcpy(house->token, admin, sizeof(admin));
    answer = ask(house, "GET", "/v1/audit?limit=1", "", "");
    assert_string_equal(member(&answer, 0, "name"), "");
    assert_string_equal(member(&answer, 0, "address"), "127.0.0.1");
    answer_release(&answer);
    answer = ask(house, "GET", "/v1/audit/export", "", "");
    assert_null(strstr(answer.text, secret));
    assert_null(strstr(answer.text, admin));
    answer_release(&answer);
}

/* Also of routes that come later. */
static void every_change_has_an_action_of_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *pattern;
        const char *action;
    } cases[] = {
        {"POST", "/v1/campaigns", "campaigns.create"},
        {"PATCH", "/v1/campaigns/{id}", "campaigns.change"},
        {"POST", "/v1/campaigns/{id}/launch", "campaigns.launch"},
        {"DELETE", "/v1/providers/{name}/limit", "providers.limit.delete"},
        {"POST", "/v1/keys/delivery/rotate", "keys.delivery.rotate"},
        {"PUT", "/v1/plans/{name}", "plans.set"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct route route = {.method = cases[i].method, .pattern = cases[i].pattern};
        struct buf action = {0};
        audit_action(&route, &action);
        assert_string_equal(buf_cstr(&action), cases[i].action);
        buf_release(&action);
    }
    for (const struct route *a = routes_of_api; a->method != NULL; a++) {
        for (const struct route *b = a + 1; b->method != NULL; b++) {
            struct buf first = {0};
            struct buf second = {0};
            audit_action(a, &first);
            audit_action(b, &second);
            bool is_change = (a->flags & b->flags & ROUTE_CHANGES) != 0;
            assert_true(!is_change || strcmp(buf_cstr(&first), buf_cstr(&second)) != 0);
            buf_release(&first);
            buf_release(&second);
        }
    }
}

struct damage {
    char kind[32];
    unsigned count; /* of entries of the audit log */
    char what[200];
};

static void take_damage(void *arg, const char *what)
{
    struct damage *damage = arg;
    if (strstr(what, damage->kind) != NULL) {
        damage->count++;
        (void)snprintf(damage->what, sizeof(damage->what), "%s", what);
    }
}

static void expect_damage(struct house *house, unsigned count, const char *words)
{
    struct ledger_check check = {0};
    struct damage damage = {0};
    (void)snprintf(damage.kind, sizeof(damage.kind), "(kind %u, id ", (unsigned)CATALOGUE_AUDIT);
    assert_int_equal(ledger_check(house->ledger, take_damage, &damage, &check),
                     count == 0 ? ERR_OK : ERR_CORRUPT);
    assert_int_equal(damage.count, count);
    assert_non_null(strstr(damage.what, words));
}

/* take NULL: the entry is taken away. */
static void tamper(struct house *house, uint64_t number, const char *take)
{
    struct store *store = ledger_store(house->ledger);
    struct store_batch *batch = store->ops->batch_new(store);
    struct problem problem;
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_AUDIT, ~number);
    if (take == NULL) {
        store->ops->batch_remove(batch, STORE_CATALOGUE, buf_view(&key));
    } else {
        store->ops->batch_put(batch, STORE_CATALOGUE, buf_view(&key), slice_str(take));
    }
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
    buf_release(&key);
}

static void what_was_altered_or_taken_away_is_found(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    house_crash(house);
    expect_damage(house, 0, "");
    tamper(house, 3, "one more");
    expect_damage(house, 1, "was written by no record");
    tamper(house, 3, NULL);
    expect_damage(house, 0, "");
    tamper(house, 2, "something else");
    expect_damage(house, 1, "is not the one that record");
    tamper(house, 2, NULL);
    expect_damage(house, 1, "is missing");
}

static void an_entry_is_stored_in_this_form(void **state)
{
    (void)state;
    static const uint8_t golden[] = {
        1,   0xe8, 3,   0, 0,   0, 0,   0, 0,   7, 0,   0,   0, 0,   0, 0,   0,   201, 0, 1,
        'k', 1,    'r', 1, 'n', 1, 'a', 1, 'm', 2, '/', 'x', 1, 'o', 3, 'a', '.', 'b', 1, 's'};
    const struct audit_entry entry = {.at_ms = 1000,
                                      .token = 7,
                                      .status = 201,
                                      .kind = slice_str("k"),
                                      .role = slice_str("r"),
                                      .name = slice_str("n"),
                                      .address = slice_str("a"),
                                      .method = slice_str("m"),
                                      .route = slice_str("/x"),
                                      .object = slice_str("o"),
                                      .action = slice_str("a.b"),
                                      .summary = slice_str("s")};
    struct buf value = {0};
    struct audit_entry read;
    audit_entry_encode(&entry, &value);
    assert_int_equal(value.len, sizeof(golden));
    assert_memory_equal(value.data, golden, sizeof(golden));
    assert_int_equal(audit_entry_decode(buf_view(&value), &read), ERR_OK);
    assert_int_equal(read.token, 7);
    assert_true(slice_is(read.action, "a.b"));
    for (size_t len = 0; len < value.len; len++) {
        assert_int_not_equal(audit_entry_decode(slice_of(value.data, len), &read), ERR_OK);
    }
    value.data[0] = 2;
    assert_int_equal(audit_entry_decode(buf_view(&value), &read), ERR_UNSUPPORTED);
    buf_release(&value);
}

static void sweep(struct house *house)
{
    audit_expiry_sweep(house->api->audit_expiry);
    house_turn_for(house, 2);
    while (audit_expiry_is_reading(house->api->audit_expiry)) {
        house_turn_for(house, 1);
    }
}

/* So many in each sweep, and the newest never. */
static void entries_go_when_they_were_kept_long_enough(void **state)
{
    struct house *house = *state;
    struct audit_log *log = house->api->audit;
    const uint64_t kept_ms = house->api->context.audit_kept_ms;
    upload(house);
    for (unsigned i = 0; i < 3 * AUDIT_EXPIRY_AT_ONCE; i++) {
        const struct audit_entry entry = {.at_ms = house->now_ms, .action = slice_str("a")};
        (void)audit_log_add(log, &entry, turn_record(house->turn));
    }
    house->now_ms += kept_ms / 2;
    create_campaign(house);
    const uint64_t all = 3 * AUDIT_EXPIRY_AT_ONCE + 2;
    sweep(house);
    sweep(house);
    assert_int_equal(audit_log_count(log), all);
    house->now_ms += kept_ms / 2 + 1;
    sweep(house); /* they are found, */
    assert_int_equal(audit_log_count(log), all);
    sweep(house); /* and removed */
    assert_int_equal(audit_log_count(log), all - AUDIT_EXPIRY_AT_ONCE);
    for (unsigned i = 0; i < 4; i++) {
        sweep(house);
    }
    assert_int_equal(audit_log_count(log), 1);
    house->now_ms += kept_ms;
    sweep(house);
    sweep(house);
    assert_int_equal(item_count(house, ""), 1);
    create_campaign(house);
    assert_int_equal(item_count(house, ""), 2);
    house_crash(house);
    assert_int_equal(audit_log_count(house->api->audit), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_change_is_noted_with_who_and_what),
        HOUSE_TEST(what_changes_nothing_is_not_noted),
        HOUSE_TEST(a_change_and_its_entry_are_one_record),
        HOUSE_TEST(entries_are_filtered_and_paged),
        HOUSE_TEST(a_path_that_is_written_otherwise_is_found_all_the_same),
        HOUSE_TEST(all_of_it_comes_as_a_file),
        HOUSE_TEST(a_rare_entry_is_found_behind_many),
        HOUSE_TEST(refused_changes_are_noted_but_not_without_end),
        HOUSE_TEST(what_was_altered_or_taken_away_is_found),
        cmocka_unit_test(every_change_has_an_action_of_its_own),
        cmocka_unit_test(an_entry_is_stored_in_this_form),
        HOUSE_TEST(entries_go_when_they_were_kept_long_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
