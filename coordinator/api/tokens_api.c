/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: made, listed, revoked by admins; and /v1/me, by which anybody learns who they are here. A
 * token itself is in one answer alone, that to whoever makes it.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/control_document.h"
#include "coordinator/content/object_id.h"

#define LIFE_USUAL_MS (UINT64_C(365) * 86400000)
#define LIFE_MIN_MS   UINT64_C(1000)
#define LIFE_MAX_MS   (UINT64_C(3650) * 86400000)

/* ---- what is told ---- */

static const char *state_name(enum token_state state)
{
    return state == ACCESS_TOKEN_GOOD      ? "good"
           : state == ACCESS_TOKEN_EXPIRED ? "expired"
                                           : "revoked";
}

static json_t *token_json(const struct exchange *exchange, const struct token_entry *entry)
{
    char id[OBJECT_ID_CHARS + 1];
    enum token_state state = token_registry_state(entry, api_now_ms(exchange->api));
    object_id_write(id, OBJECT_TOKEN, entry->id);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", id, "name", entry->name,
                     "role", entry->role, "state", state_name(state), "created_at",
                     exchange_time(entry->created_ms), "created_by",
                     exchange_text(entry->created_by), "expires_at",
                     exchange_time(entry->expires_ms), "last_used_at",
                     exchange_time(entry->used_ms), "revoked_at", exchange_time(entry->revoked_ms));
}

void tokens_me(struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_TOKEN, principal->token);
    exchange_json(
        exchange, 200,
        json_pack("{s:o, s:s, s:s, s:s?, s:o}", "name", exchange_text(principal->name), "role",
                  role_name(principal->role), "kind", principal_kind_name(principal->kind), "token",
                  principal->token == 0 ? NULL : id, "until", exchange_time(principal->until_ms)));
}

void tokens_list(struct exchange *exchange)
{
    const struct token_registry *tokens = exchange->api->context.tokens;
    struct exchange_page page;
    if (!exchange_page(exchange, CURSOR_TOKENS, 0, &page)) {
        return;
    }
    json_t *items = json_array();
    const struct token_entry *entry = token_registry_from(tokens, page.position);
    while (entry != NULL && json_array_size(items) < page.limit) {
        json_array_append_new(items, token_json(exchange, entry));
        entry = token_registry_from(tokens, entry->id + 1);
    }
    exchange_view(exchange, exchange_list(items, CURSOR_TOKENS, 0, entry != NULL,
                                          entry == NULL ? 0 : entry->id));
}

/* NULL: the request was answered. */
static const struct token_entry *find_token(struct exchange *exchange)
{
    uint64_t id;
    const struct token_entry *entry = NULL;
    if (object_id_parse(slice_str(exchange->parts[0]), OBJECT_TOKEN, &id)) {
        entry = token_registry_find(exchange->api->context.tokens, id);
    }
    if (entry == NULL) {
        exchange_not_found(exchange, "token", exchange->parts[0]);
    }
    return entry;
}

void tokens_get(struct exchange *exchange)
{
    const struct token_entry *entry = find_token(exchange);
    if (entry != NULL) {
        exchange_view(exchange, token_json(exchange, entry));
    }
}

/* ---- what is asked for ---- */

struct wish {
    const char *name;
    enum role role;
    uint64_t life_ms;    /* 0: not said */
    uint64_t expires_ms; /* 0: not said */
};

static struct wish *wish_of(struct document_reader *reader)
{
    return reader->arg;
}

static enum err read_name(struct document_reader *reader, json_t *value)
{
    struct wish *wish = wish_of(reader);
    enum err err = document_string(reader, value, 1, ACCESS_TOKEN_NAME_MAX, &wish->name);
    if (err == ERR_OK && (!text_is_name(slice_str(wish->name), ACCESS_TOKEN_NAME_MAX) ||
                          strcmp(wish->name, "admin") == 0)) {
        err = document_refuse(reader, ERR_INVALID,
                              "must be 1 to %d letters, digits, \"_\", \".\" and \"-\", and not "
                              "\"admin\", which is who has the token of the data directory",
                              ACCESS_TOKEN_NAME_MAX);
    }
    return err;
}

static enum err read_role(struct document_reader *reader, json_t *value)
{
    const char *words[ROLES + 1] = {NULL};
    unsigned which = 0;
    for (enum role role = ROLE_RELAY; role < ROLES; role++) {
        words[role] = role_name(role);
    }
    enum err err = document_word(reader, value, "role", words, &which);
    if (err == ERR_OK) {
        wish_of(reader)->role = (enum role)which;
    }
    return err;
}

static enum err read_life(struct document_reader *reader, json_t *value)
{
    return document_duration(reader, value, LIFE_MIN_MS, LIFE_MAX_MS, &wish_of(reader)->life_ms);
}

static enum err read_expiry(struct document_reader *reader, json_t *value)
{
    return control_document_time(reader, value, &wish_of(reader)->expires_ms);
}

static enum err read_wish(struct document_reader *reader, json_t *json, struct wish *wish,
                          uint64_t now_ms)
{
    static const struct document_field fields[] = {
        {"name", true, read_name},
        {"role", true, read_role},
        {"expires_in", false, read_life},
        {"expires_at", false, read_expiry},
        {NULL, false, NULL},
    };
    enum err err = document_object(reader, json, fields);
    if (err != ERR_OK) {
        return err;
    }
    bool is_at = wish->expires_ms != 0;
    (void)document_enter(reader, is_at ? "expires_at" : "expires_in");
    if (is_at && wish->life_ms != 0) {
        return document_refuse(reader, ERR_INVALID, "give expires_at or expires_in, not both");
    }
    if (is_at &&
        (wish->expires_ms < now_ms + LIFE_MIN_MS || wish->expires_ms > now_ms + LIFE_MAX_MS)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be in the future, and not beyond 3650 days");
    }
    if (!is_at) {
        wish->expires_ms = now_ms + (wish->life_ms != 0 ? wish->life_ms : LIFE_USUAL_MS);
    }
    return ERR_OK;
}

/* ---- changes ---- */

static void refuse_add(struct exchange *exchange, enum err err, const char *name)
{
    struct problem problem;
    if (err == ERR_EXISTS) {
        (void)problem_set(&problem, err,
                          "there is a token \"%s\" already; revoke it, or take another name", name);
    } else {
        (void)problem_set(&problem, err, "there are %d tokens, which is the most; revoke one first",
                          TOKEN_REGISTRY_MAX);
    }
    exchange_refuse(exchange, 0, &problem);
}

static void add_token(struct exchange *exchange, const struct wish *wish, uint64_t now_ms)
{
    struct api *api = exchange->api;
    struct token_entry entry = {.created_ms = now_ms, .expires_ms = wish->expires_ms};
    char text[ACCESS_TOKEN_CHARS + 1];
    char id[OBJECT_ID_CHARS + 1];
    (void)snprintf(entry.name, sizeof(entry.name), "%s", wish->name);
    (void)snprintf(entry.role, sizeof(entry.role), "%s", role_name(wish->role));
    (void)snprintf(entry.created_by, sizeof(entry.created_by), "%s", exchange->principal.name);
    enum err err =
        token_registry_add(api->context.tokens, &entry, text, turn_record(api->context.turn));
    if (err != ERR_OK) {
        refuse_add(exchange, err, wish->name);
        return;
    }
    object_id_write(id, OBJECT_TOKEN, entry.id);
    LOG_I("api", "token_created", "token=%s name=%s role=%s by=\"%s\"", id, entry.name, entry.role,
          entry.created_by);
    exchange_note(exchange, "\"%s\" as %s", entry.name, entry.role);
    exchange_commit_secret(exchange, 201, arena_printf(exchange->arena, "/v1/tokens/%s", id),
                           token_json(exchange, &entry), "token", text);
    sodium_memzero(text, sizeof(text));
}

void tokens_post(struct exchange *exchange)
{
    struct document_problem problem;
    struct document_reader reader;
    struct wish wish = {0};
    json_t *json = NULL;
    uint64_t now_ms = api_now_ms(exchange->api);
    enum err err = document_parse(http_body(exchange->http), &json, &problem);
    if (err == ERR_OK) {
        document_reader_init(&reader, &problem, &wish);
        err = read_wish(&reader, json, &wish, now_ms);
    }
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
    } else {
        add_token(exchange, &wish, now_ms);
    }
    json_decref(json);
}

/* Of one that has ended: what stands there, and nothing is changed. */
void tokens_delete(struct exchange *exchange)
{
    struct api *api = exchange->api;
    const struct token_entry *entry = find_token(exchange);
    if (entry == NULL) {
        return;
    }
    if (token_registry_revoke(api->context.tokens, entry->id, api_now_ms(api),
                              turn_record(api->context.turn))) {
        LOG_I("api", "token_revoked", "token=t%llu name=%s by=\"%s\"",
              (unsigned long long)entry->id, entry->name, exchange->principal.name);
    }
    exchange_note(exchange, "\"%s\"", entry->name);
    exchange_commit(exchange, 200, NULL, token_json(exchange, entry), NULL, NULL);
}
