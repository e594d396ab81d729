/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/vapid.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/jwt.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"

#define LIFE_S        (12 * 3600) /* at most 24 hours (RFC 8292 section 2) */
#define ORIGINS_MAX   1024        /* some services have a host for each of their machines */
#define SUBJECT_BYTES 256

struct vapid_origin_token {
    char *origin;
    uint64_t renew_s;
    struct buf header;
    UT_hash_handle hh;
};

struct vapid {
    struct jwt_key *key;
    char *subject;
    struct buf point; /* base64url */
    struct vapid_origin_token *tokens;
};

static bool is_subject(const char *subject)
{
    size_t len = strlen(subject);
    bool is_uri = strncmp(subject, "mailto:", 7) == 0 || strncmp(subject, "https://", 8) == 0;
    for (size_t i = 0; i < len; i++) {
        bool is_plain =
            subject[i] > ' ' && subject[i] < 0x7f && strchr("\"\\<>", subject[i]) == NULL;
        is_uri = is_uri && is_plain;
    }
    return is_uri && len > 8 && len <= SUBJECT_BYTES;
}

enum err vapid_new(struct vapid **out, struct slice key, const char *subject,
                   struct problem *problem)
{
    *out = NULL;
    if (!is_subject(subject)) {
        return problem_set(problem, ERR_INVALID,
                           "subject must be mailto:ADDRESS or https://ADDRESS, by which the push "
                           "services can reach you, not \"%.80s\"",
                           subject);
    }
    struct jwt_key *parsed = NULL;
    /* base64url may begin with a dash, too. */
    bool is_pem = key.len > 0 && memmem(key.data, key.len, "-----", 5) != NULL;
    enum err err = is_pem ? jwt_key_from_pem(&parsed, JWT_ES256, key, problem)
                          : jwt_key_from_secret(&parsed, key, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct vapid *vapid = mem_zalloc(1, sizeof(*vapid));
    uint8_t point[P256_POINT_BYTES];
    vapid->key = parsed;
    vapid->subject = mem_copy_str(subject);
    jwt_key_point(parsed, point);
    text_base64url(&vapid->point, slice_of(point, sizeof(point)));
    (void)buf_cstr(&vapid->point);
    *out = vapid;
    return ERR_OK;
}

static void token_drop(struct vapid *vapid, struct vapid_origin_token *token)
{
    HASH_DEL(vapid->tokens, token);
    secret_release(&token->header);
    mem_free(token->origin);
    mem_free(token);
}

void vapid_free(struct vapid *vapid)
{
    if (vapid == NULL) {
        return;
    }
    while (vapid->tokens != NULL) {
        token_drop(vapid, vapid->tokens);
    }
    jwt_key_free(vapid->key);
    mem_free(vapid->subject);
    buf_release(&vapid->point);
    mem_free(vapid);
}

struct slice vapid_origin(struct slice url)
{
    static const char scheme[] = "https://";
    size_t len = sizeof(scheme) - 1;
    if (url.len <= len || memcmp(url.data, scheme, len) != 0) {
        return slice_of(NULL, 0);
    }
    size_t end = len;
    while (end < url.len && strchr("/?#", url.data[end]) == NULL) {
        bool is_plain = (url.data[end] >= 'a' && url.data[end] <= 'z') ||
                        (url.data[end] >= '0' && url.data[end] <= '9') ||
                        strchr(".-:[]", url.data[end]) != NULL;
        if (!is_plain) {
            return slice_of(NULL, 0);
        }
        end++;
    }
    return slice_of(url.data, end > len ? end : 0);
}

static bool token_write(const struct vapid *vapid, struct vapid_origin_token *token, uint64_t now_s)
{
    struct buf claims = {0};
    buf_printf(&claims, "{\"aud\":\"%s\",\"exp\":%" PRIu64 ",\"sub\":\"%s\"}", token->origin,
               now_s + LIFE_S, vapid->subject);
    secret_release(&token->header);
    buf_str(&token->header, "authorization: vapid t=");
    bool is_written = jwt_write(vapid->key, NULL, buf_view(&claims), &token->header);
    buf_printf(&token->header, ", k=%s", (const char *)vapid->point.data);
    token->renew_s = now_s + LIFE_S / 2;
    buf_release(&claims);
    return is_written;
}

static struct vapid_origin_token *token_of(struct vapid *vapid, struct slice origin)
{
    struct vapid_origin_token *token = NULL;
    HASH_FIND(hh, vapid->tokens, origin.data, origin.len, token);
    if (token != NULL) {
        return token;
    }
    if (HASH_COUNT(vapid->tokens) >= ORIGINS_MAX) {
        token_drop(vapid, vapid->tokens); /* the oldest */
    }
    token = mem_zalloc(1, sizeof(*token));
    token->origin = mem_copy_strn((const char *)origin.data, origin.len);
    HASH_ADD_KEYPTR(hh, vapid->tokens, token->origin, origin.len, token);
    return token;
}

const char *vapid_header(struct vapid *vapid, struct slice origin, uint64_t now_s)
{
    struct vapid_origin_token *token = token_of(vapid, origin);
    bool is_fresh = token->renew_s > now_s && token->renew_s <= now_s + LIFE_S / 2;
    if (!is_fresh && !token_write(vapid, token, now_s)) {
        token_drop(vapid, token);
        return NULL;
    }
    return buf_cstr(&token->header);
}
