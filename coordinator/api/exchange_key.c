/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key under which a client may repeat an exchange (idempotency.h): it is claimed before the
 * request is looked at, and released when that is refused.
 */
#include "coordinator/api/exchange_internal.h"

void exchange_release_claim(struct exchange *exchange)
{
    if (exchange->has_claim) {
        exchange->has_claim = false;
        idempotency_release(exchange->api->idempotency, exchange->key);
    }
}

/* Nobody is given the answer to another's request. What the admin of the data directory asks is as
 * it was before there were others, so that his kept answers stay good. */
static void add_principal(struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    if (principal->kind == PRINCIPAL_TOKEN || principal->kind == PRINCIPAL_OIDC) {
        struct buf who = {0};
        buf_u8(&who, (uint8_t)principal->kind);
        buf_blob(&who, slice_str(principal->name));
        fingerprint_add(&exchange->fingerprint, buf_view(&who));
        buf_release(&who);
    }
}

bool exchange_claim(struct exchange *exchange)
{
    const char *key = http_header(exchange->http, "Idempotency-Key");
    if (key == NULL) {
        return true;
    }
    if (!idempotency_is_key(key)) {
        exchange_problem(exchange, &(struct problem_reply){
                                       .status = 400,
                                       .detail = "the Idempotency-Key must be 1 to 255 visible "
                                                 "ASCII characters"});
        return false;
    }
    exchange->key = arena_str(exchange->arena, slice_str(key));
    fingerprint_begin(&exchange->fingerprint, http_method(exchange->http),
                      http_path(exchange->http), http_query(exchange->http));
    add_principal(exchange);
    switch (idempotency_claim(exchange->api->idempotency, key, api_now_ms(exchange->api))) {
    case IDEMPOTENCY_NEW:
        exchange->has_claim = true;
        return true;
    case IDEMPOTENCY_KEPT:
        exchange->is_replay = true;
        return true;
    case IDEMPOTENCY_UNDER_WAY:
        break;
    }
    exchange_problem(exchange, &(struct problem_reply){
                                   .status = 409,
                                   .detail = "a request with this Idempotency-Key is under way; "
                                             "ask again when it is answered"});
    return false;
}

void exchange_replay(struct exchange *exchange)
{
    struct idempotency_answer answer;
    uint8_t digest[HASH_DIGEST_BYTES];
    fingerprint_end(&exchange->fingerprint, digest);
    enum err err = idempotency_answer(exchange->api->idempotency, exchange->key, digest,
                                      exchange->arena, &answer);
    if (err == ERR_CONFLICT) {
        exchange_problem(exchange,
                         &(struct problem_reply){
                             .status = 422,
                             .detail = "this Idempotency-Key was used for another request; take a "
                                       "new key for a new request"});
        return;
    }
    if (err != ERR_OK) {
        exchange_refuse(exchange, 503, &(struct problem){.err = err});
        return;
    }
    exchange->api->replays++;
    http_reply_header(exchange->http, "Idempotency-Replayed", "true");
    if (answer.location.len > 0) {
        http_reply_header(exchange->http, "Location", arena_str(exchange->arena, answer.location));
    }
    http_reply(exchange->http, answer.status, EXCHANGE_JSON_TYPE, answer.body);
}
