/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/identity/oidc_cache.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

static struct oidc_rules rules_of(const char *role_claim)
{
    struct oidc_rules rules = {.role_claim = mem_copy_str(role_claim),
                               .name_claim = mem_copy_str("sub"),
                               .value_count = 3};
    rules.values[0] = (struct oidc_value){mem_copy_str("watchers"), 1};
    rules.values[1] = (struct oidc_value){mem_copy_str("duty"), 4};
    rules.values[2] = (struct oidc_value){mem_copy_str("Tocsin Authors"), 2};
    return rules;
}

/* The role, or 99: none, or 98: no name. */
static unsigned role_of(const char *role_claim, const char *text, struct oidc_identity *identity)
{
    struct oidc_rules rules = rules_of(role_claim);
    struct problem problem;
    json_t *claims = json_loads(text, 0, NULL);
    assert_non_null(claims);
    enum err err = oidc_claims_read(claims, &rules, identity, &problem);
    json_decref(claims);
    oidc_rules_release(&rules);
    return err == ERR_OK ? identity->role : err == ERR_NOT_FOUND ? 99 : 98;
}

static void a_claim_gives_the_strongest_of_its_roles(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        const char *text;
        unsigned role;
    } rows[] = {
        {"roles", "{\"sub\":\"a\",\"roles\":[\"x\",\"watchers\"]}", 1},
        {"roles", "{\"sub\":\"a\",\"roles\":[\"duty\",\"watchers\",\"Tocsin Authors\"]}", 4},
        {"roles", "{\"sub\":\"a\",\"roles\":\"Tocsin Authors\"}", 2},
        {"scope", "{\"sub\":\"a\",\"scope\":\"openid  watchers email\"}", 1},
        {"scope", "{\"sub\":\"a\",\"scope\":\"dutyfree\"}", 99},
        {"roles", "{\"sub\":\"a\",\"roles\":[7,null,[\"duty\"]]}", 99},
        {"roles", "{\"sub\":\"a\",\"roles\":{\"duty\":true}}", 99},
        {"roles", "{\"sub\":\"a\"}", 99},
        {"realm_access.roles", "{\"sub\":\"a\",\"realm_access\":{\"roles\":[\"duty\"]}}", 4},
        {"realm_access.roles", "{\"sub\":\"a\",\"realm_access\":[\"duty\"]}", 99},
        {"https://x.example/roles", "{\"sub\":\"a\",\"https://x.example/roles\":[\"duty\"]}", 4},
        {"a.b.c", "{\"sub\":\"a\",\"a\":{\"b\":{\"c\":\"watchers\"}}}", 1},
        {"a..c", "{\"sub\":\"a\",\"a\":{\"\":{\"c\":\"watchers\"}}}", 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct oidc_identity identity = {0};
        unsigned role = role_of(rows[i].claim, rows[i].text, &identity);
        if (role != rows[i].role) {
            fail_msg("%s: %u", rows[i].text, role);
        }
    }
}

static void a_name_is_one_line_that_can_be_told(void **state)
{
    (void)state;
    struct oidc_identity identity = {0};
    char text[300];
    char name[100];
    assert_int_equal(role_of("r", "{\"sub\":\"Anna \\u00d8\",\"r\":\"duty\"}", &identity), 4);
    assert_string_equal(identity.name, "oidc:Anna \xc3\x98");
    memset(name, 'n', sizeof(name));
    name[OIDC_NAME_MAX - strlen(OIDC_NAME_PREFIX)] = '\0';
    (void)snprintf(text, sizeof(text), "{\"sub\":\"%s\",\"r\":\"duty\"}", name);
    assert_int_equal(role_of("r", text, &identity), 4);
    (void)snprintf(text, sizeof(text), "{\"sub\":\"%sn\",\"r\":\"duty\"}", name);
    assert_int_equal(role_of("r", text, &identity), 98);
    assert_int_equal(role_of("r", "{\"sub\":\"a\\nb\",\"r\":\"duty\"}", &identity), 98);
    assert_int_equal(role_of("r", "{\"sub\":\"a\\\"b\",\"r\":\"duty\"}", &identity), 98);
    assert_int_equal(role_of("r", "{\"sub\":\"\",\"r\":\"duty\"}", &identity), 98);
    assert_int_equal(role_of("r", "{\"sub\":7,\"r\":\"duty\"}", &identity), 98);
}

static void a_token_is_remembered_until_it_ends(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    struct oidc_cache *cache = oidc_cache_new();
    struct oidc_identity identity = {.role = 3, .name = "oidc:a", .until_ms = NOW_MS + 5};
    struct oidc_identity found = {0};
    oidc_cache_put(cache, slice_str("a.b.c"), &identity);
    assert_true(oidc_cache_find(cache, slice_str("a.b.c"), NOW_MS + 4, &found));
    assert_int_equal(found.role, 3);
    assert_string_equal(found.name, "oidc:a");
    assert_false(oidc_cache_find(cache, slice_str("a.b.c"), NOW_MS + 5, &found));
    assert_false(oidc_cache_find(cache, slice_str("a.b.d"), NOW_MS, &found));
    oidc_cache_clear(cache);
    assert_false(oidc_cache_find(cache, slice_str("a.b.c"), NOW_MS, &found));
    oidc_cache_free(cache);
}

static void many_tokens_take_no_more_memory_and_the_latest_ends_stay(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    struct oidc_cache *cache = oidc_cache_new();
    struct oidc_identity identity = {.role = 1};
    struct oidc_identity found = {0};
    char token[32];
    for (unsigned i = 0; i < 100000; i++) {
        (void)snprintf(token, sizeof(token), "a.%u.c", i);
        identity.until_ms = NOW_MS + i;
        oidc_cache_put(cache, slice_str(token), &identity);
        assert_true(oidc_cache_find(cache, slice_str(token), NOW_MS - 1, &found));
        assert_true(found.until_ms == identity.until_ms);
    }
    oidc_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_gives_the_strongest_of_its_roles),
        cmocka_unit_test(a_name_is_one_line_that_can_be_told),
        cmocka_unit_test(a_token_is_remembered_until_it_ends),
        cmocka_unit_test(many_tokens_take_no_more_memory_and_the_latest_ends_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
