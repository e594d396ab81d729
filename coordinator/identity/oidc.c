/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/identity/oidc.h"

#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "coordinator/identity/jwk_set.h"
#include "coordinator/identity/jwt_check.h"
#include "coordinator/identity/oidc_cache.h"
#include "net/http_client.h"

#define MODULE     "oidc"
#define CONNECT_MS 5000
#define TIMEOUT_MS 10000

struct oidc {
    uv_loop_t *loop;
    const struct oidc_rules *rules;
    const char *audiences[2];
    struct jwk_set *keys; /* NULL: none yet */
    struct oidc_cache *cache;
    struct http_client *client; /* NULL: the keys are in a file */
    uv_timer_t timer;           /* until the next fetch that nobody asks for */
    uint64_t fetched_ms;        /* when the last fetch began, by the loop's time */
    bool is_fetching;
    bool has_fetched;
    bool is_closing;
    struct oidc_tally tally;
};

/* ---- the keys ---- */

static enum err take_keys(struct oidc *oidc, struct slice json, struct problem *problem)
{
    struct jwk_set *keys = NULL;
    enum err err = jwk_set_read(&keys, json, problem);
    if (err != ERR_OK) {
        return err;
    }
    jwk_set_free(oidc->keys);
    oidc->keys = keys;
    oidc_cache_clear(oidc->cache); /* of a key that is gone no token is good any more */
    oidc->tally.fetches++;
    LOG_I(MODULE, "keys_taken", "issuer=\"%s\" keys=%u", oidc->rules->issuer, jwk_set_count(keys));
    return ERR_OK;
}

static void tell_failure(struct oidc *oidc, const char *why)
{
    oidc->tally.fetch_failures++;
    LOG_E(MODULE, "keys_failed", "issuer=\"%s\" kept=%u why=\"%s\"", oidc->rules->issuer,
          oidc->keys == NULL ? 0 : jwk_set_count(oidc->keys), why);
}

static enum err read_file(struct oidc *oidc, struct problem *problem)
{
    struct buf text = {0};
    struct problem flaw = {0};
    enum err err = file_read(&text, oidc->rules->jwks_file, JWK_SET_BYTES_MAX, &flaw);
    if (err != ERR_OK) {
        *problem = flaw;
    } else {
        err = take_keys(oidc, buf_view(&text), &flaw);
        if (err != ERR_OK) {
            (void)problem_set(problem, err, "%s (oidc.jwks_file): %s", oidc->rules->jwks_file,
                              flaw.text);
        }
    }
    buf_release(&text);
    return err;
}

static void fetch(struct oidc *oidc)
{
    if (oidc->is_fetching || oidc->is_closing) {
        return;
    }
    struct http_request *request = http_client_take(oidc->client);
    oidc->is_fetching = true;
    oidc->has_fetched = true;
    oidc->fetched_ms = uv_now(oidc->loop);
    http_request_send(request, 0);
}

static void on_due(uv_timer_t *timer)
{
    fetch(timer->data);
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct oidc *oidc = arg;
    struct problem problem = {0};
    enum err err = ERR_IO;
    oidc->is_fetching = false;
    if (oidc->is_closing) {
        return;
    }
    if (answer->status == 200 && answer->complete) {
        err = take_keys(oidc, answer->body, &problem);
    } else if (answer->status != 0) {
        (void)problem_set(&problem, err, "the answer was HTTP %u%s", answer->status,
                          answer->complete ? "" : ", and not whole");
    } else {
        (void)problem_set(&problem, err, "%s", reason_sentence((uint16_t)answer->reason));
    }
    if (err != ERR_OK) {
        tell_failure(oidc, problem.text);
    }
    uv_timer_start(&oidc->timer, on_due,
                   err == ERR_OK ? OIDC_REFRESH_MS : oidc->rules->refetch_after_ms, 0);
}

/* ---- life ---- */

static void open_client(struct oidc *oidc)
{
    static const char *const headers[] = {"Accept: application/jwk-set+json, application/json",
                                          NULL};
    const struct http_client_settings settings = {
        .loop = oidc->loop,
        .on_answer = on_answer,
        .arg = oidc,
        .connections = 1,
        .connect_timeout_ms = CONNECT_MS,
        .timeout_ms = TIMEOUT_MS,
        .method = "GET",
        .url = oidc->rules->jwks_url,
        .headers = headers,
        .ca_file = oidc->rules->ca_file,
        .https_only = !oidc->rules->allow_http,
    };
    oidc->client = http_client_new(&settings);
}

static void on_closed(uv_handle_t *handle)
{
    struct oidc *oidc = handle->data;
    oidc_cache_free(oidc->cache);
    jwk_set_free(oidc->keys);
    mem_free(oidc);
}

enum err oidc_open(struct oidc **out, uv_loop_t *loop, const struct oidc_rules *rules,
                   struct problem *problem)
{
    struct oidc *oidc = mem_zalloc(1, sizeof(*oidc));
    oidc->loop = loop;
    oidc->rules = rules;
    oidc->audiences[0] = rules->audience;
    oidc->cache = oidc_cache_new();
    uv_timer_init(loop, &oidc->timer);
    oidc->timer.data = oidc;
    enum err err = ERR_OK;
    if (rules->jwks_file != NULL) {
        err = read_file(oidc, problem);
    } else {
        open_client(oidc);
        fetch(oidc);
    }
    *out = err == ERR_OK ? oidc : NULL;
    if (err != ERR_OK) {
        oidc_close(oidc);
    }
    return err;
}

void oidc_close(struct oidc *oidc)
{
    if (oidc != NULL) {
        oidc->is_closing = true;
        if (oidc->client != NULL) {
            http_client_close(oidc->client);
        }
        uv_close((uv_handle_t *)&oidc->timer, on_closed);
    }
}

void oidc_reload(struct oidc *oidc)
{
    struct problem problem = {0};
    if (oidc->client != NULL) {
        fetch(oidc);
    } else if (read_file(oidc, &problem) != ERR_OK) {
        tell_failure(oidc, problem.text);
    }
}

/* ---- tokens ---- */

bool oidc_is_token(struct slice token)
{
    return jwt_looks_like_one(token);
}

/* The key is not known, but may have been made since the keys were fetched. */
static enum err ask_for_key(struct oidc *oidc, struct problem *problem)
{
    bool may_ask = oidc->client != NULL &&
                   (!oidc->has_fetched ||
                    uv_now(oidc->loop) >= oidc->fetched_ms + oidc->rules->refetch_after_ms);
    if (may_ask) {
        fetch(oidc);
    }
    return oidc->is_fetching
               ? problem_set(problem, ERR_BUSY,
                             "the issuer's keys are being fetched: ask again in a moment")
               : problem_set(problem, ERR_UNAUTHORIZED,
                             "it is signed with a key that the issuer does not have");
}

static enum err check_anew(struct oidc *oidc, struct slice token, uint64_t now_ms,
                           struct oidc_identity *identity, struct problem *problem)
{
    const struct jwt_terms terms = {oidc->rules->issuer, oidc->audiences,
                                    oidc->rules->leeway_ms / 1000};
    struct jwt_head head;
    struct jwt_body body;
    enum err err = jwt_read_head(token, &head, problem);
    if (err != ERR_OK) {
        return err;
    }
    const struct jwk *key =
        oidc->keys == NULL ? NULL
                           : jwk_set_find(oidc->keys, head.has_id ? head.id : NULL, head.algorithm);
    if (key == NULL) {
        return ask_for_key(oidc, problem);
    }
    oidc->tally.signatures++;
    err = jwt_check(token, key, &terms, now_ms / 1000, &body, problem);
    if (err == ERR_OK) {
        identity->until_ms = body.until_s * 1000;
        err = oidc_claims_read(body.claims, oidc->rules, identity, problem);
    }
    json_decref(body.claims);
    return err;
}

enum err oidc_check(struct oidc *oidc, struct slice token, uint64_t now_ms,
                    struct oidc_identity *identity, struct problem *problem)
{
    *identity = (struct oidc_identity){0};
    if (oidc_cache_find(oidc->cache, token, now_ms, identity)) {
        oidc->tally.remembered++;
        return ERR_OK;
    }
    enum err err = check_anew(oidc, token, now_ms, identity, problem);
    if (err == ERR_OK) {
        oidc_cache_put(oidc->cache, token, identity);
    }
    return err;
}

void oidc_tally(const struct oidc *oidc, struct oidc_tally *tally)
{
    *tally = oidc->tally;
    tally->keys = oidc->keys == NULL ? 0 : jwk_set_count(oidc->keys);
}
