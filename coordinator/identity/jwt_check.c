/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/identity/jwt_check.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/text.h"

#define TIME_MAX 1e11 /* seconds: beyond it a time is nonsense, or in milliseconds */

/* header . claims . signature, still encoded; `input` is what was signed. */
struct parts {
    struct slice header;
    struct slice claims;
    struct slice signature;
    struct slice input;
};

static bool take_until_dot(struct slice *rest, struct slice *part)
{
    const uint8_t *dot = rest->len == 0 ? NULL : memchr(rest->data, '.', rest->len);
    if (dot == NULL) {
        return false;
    }
    *part = slice_of(rest->data, (size_t)(dot - rest->data));
    *rest = slice_of(dot + 1, rest->len - part->len - 1);
    return true;
}

static bool split(struct slice token, struct parts *parts)
{
    struct slice rest = token;
    bool is_split = token.len <= JWT_BYTES_MAX && take_until_dot(&rest, &parts->header) &&
                    take_until_dot(&rest, &parts->claims) &&
                    (rest.len == 0 || memchr(rest.data, '.', rest.len) == NULL);
    parts->signature = rest;
    if (is_split) {
        parts->input = slice_of(token.data, parts->header.len + 1 + parts->claims.len);
    }
    return is_split;
}

bool jwt_looks_like_one(struct slice token)
{
    struct parts parts;
    return split(token, &parts) && parts.header.len > 0 && parts.claims.len > 0;
}

/* NULL: it is no object in base64url. */
static json_t *read_object(struct slice encoded)
{
    struct buf bytes = {0};
    size_t len = 0;
    json_t *json = NULL;
    if (text_base64url_decode(encoded, buf_reserve(&bytes, encoded.len), encoded.len, &len)) {
        json = json_loadb((const char *)bytes.data, len, JSON_REJECT_DUPLICATES, NULL);
    }
    buf_release(&bytes);
    if (!json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* ---- the header ---- */

static enum err read_algorithm(const json_t *header, enum jwk_algorithm *algorithm,
                               struct problem *problem)
{
    const char *name = json_string_value(json_object_get(header, "alg"));
    if (name == NULL) {
        return problem_set(problem, ERR_INVALID, "its header has no alg");
    }
    *algorithm = strcmp(name, "ES256") == 0 ? JWK_ES256 : JWK_RS256;
    if (*algorithm == JWK_RS256 && strcmp(name, "RS256") != 0) {
        return problem_set(problem, ERR_UNSUPPORTED,
                           "its algorithm is not taken; RS256 and ES256 are");
    }
    return ERR_OK;
}

/* "typ" of ID tokens, and of access tokens by RFC 9068; without one it may be either. */
static bool has_known_type(const json_t *header)
{
    static const char *const known[] = {"JWT", "at+jwt", "application/jwt", "application/at+jwt"};
    const json_t *type = json_object_get(header, "typ");
    const char *text = json_string_value(type);
    for (size_t i = 0; text != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcasecmp(text, known[i]) == 0) {
            return true;
        }
    }
    return type == NULL;
}

static enum err read_header(const json_t *header, struct jwt_head *head, struct problem *problem)
{
    const json_t *id = json_object_get(header, "kid");
    enum err err = read_algorithm(header, &head->algorithm, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (json_object_get(header, "crit") != NULL) {
        return problem_set(problem, ERR_UNSUPPORTED,
                           "its header names an extension (crit) that is not known here");
    }
    if (!has_known_type(header)) {
        return problem_set(problem, ERR_UNSUPPORTED, "its typ is not JWT or at+jwt");
    }
    if (id == NULL) {
        return ERR_OK;
    }
    if (!json_is_string(id) || json_string_length(id) > JWK_ID_MAX) {
        return problem_set(problem, ERR_INVALID, "its kid is no text of at most %d bytes",
                           JWK_ID_MAX);
    }
    memcpy(head->id, json_string_value(id), json_string_length(id));
    head->has_id = true;
    return ERR_OK;
}

enum err jwt_read_head(struct slice token, struct jwt_head *head, struct problem *problem)
{
    struct parts parts;
    *head = (struct jwt_head){0};
    json_t *header = split(token, &parts) ? read_object(parts.header) : NULL;
    enum err err = header == NULL ? problem_set(problem, ERR_INVALID, "it is no JSON Web Token")
                                  : read_header(header, head, problem);
    json_decref(header);
    return err;
}

/* ---- the claims ---- */

static enum err refuse(struct problem *problem, const char *why)
{
    return problem_set(problem, ERR_UNAUTHORIZED, "%s", why);
}

/* NumericDate (RFC 7519 section 2): seconds, perhaps with a fraction. False: there is none, or it
 * is nonsense. */
static bool read_time(const json_t *claims, const char *name, double *seconds)
{
    const json_t *time = json_object_get(claims, name);
    *seconds = json_number_value(time);
    return json_is_number(time) && *seconds >= 0 && *seconds <= TIME_MAX;
}

static bool is_good_or_absent(const json_t *claims, const char *name, double latest)
{
    double seconds;
    return json_object_get(claims, name) == NULL ||
           (read_time(claims, name, &seconds) && seconds <= latest);
}

static enum err check_times(const json_t *claims, const struct jwt_terms *terms, uint64_t now_s,
                            uint64_t *until_s, struct problem *problem)
{
    double expires;
    double latest = (double)(now_s + terms->leeway_s);
    if (!read_time(claims, "exp", &expires)) {
        return refuse(problem, "it has no time of expiry (exp)");
    }
    *until_s = (uint64_t)expires + terms->leeway_s;
    if (*until_s <= now_s) {
        return refuse(problem, "it has expired");
    }
    if (!is_good_or_absent(claims, "nbf", latest)) {
        return refuse(problem, "it is not good yet (nbf)");
    }
    if (!is_good_or_absent(claims, "iat", latest)) {
        return refuse(problem, "it was issued in the future (iat)");
    }
    return ERR_OK;
}

static bool is_audience(const json_t *value, const struct jwt_terms *terms)
{
    const char *text = json_string_value(value);
    for (const char *const *at = terms->audiences; text != NULL && *at != NULL; at++) {
        if (strcmp(*at, text) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_for_us(const json_t *claims, const struct jwt_terms *terms)
{
    const json_t *audience = json_object_get(claims, "aud");
    size_t i;
    const json_t *value;
    if (is_audience(audience, terms)) {
        return true;
    }
    json_array_foreach(audience, i, value)
    {
        if (is_audience(value, terms)) {
            return true;
        }
    }
    return false;
}

static enum err check_claims(const json_t *claims, const struct jwt_terms *terms, uint64_t now_s,
                             uint64_t *until_s, struct problem *problem)
{
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    const json_t *subject = json_object_get(claims, "sub");
    if (issuer == NULL || strcmp(issuer, terms->issuer) != 0) {
        return refuse(problem, "it is of another issuer (iss)");
    }
    if (!is_for_us(claims, terms)) {
        return refuse(problem, "it is for another audience (aud)");
    }
    if (json_string_length(subject) == 0 || json_string_length(subject) > JWT_SUBJECT_MAX) {
        return refuse(problem, "it has no subject (sub) of 1 to 200 bytes");
    }
    return check_times(claims, terms, now_s, until_s, problem);
}

/* ---- the whole ---- */

static bool has_signature(const struct parts *parts, const struct jwk *key)
{
    struct buf signature = {0};
    size_t len = 0;
    bool is_good =
        parts->signature.len > 0 &&
        text_base64url_decode(parts->signature, buf_reserve(&signature, parts->signature.len),
                              parts->signature.len, &len) &&
        jwk_verify(key, parts->input, slice_of(signature.data, len));
    buf_release(&signature);
    return is_good;
}

enum err jwt_check(struct slice token, const struct jwk *key, const struct jwt_terms *terms,
                   uint64_t now_s, struct jwt_body *body, struct problem *problem)
{
    struct parts parts;
    *body = (struct jwt_body){0};
    if (!split(token, &parts)) {
        return problem_set(problem, ERR_INVALID, "it is no JSON Web Token");
    }
    if (!has_signature(&parts, key)) {
        return refuse(problem, "its signature is wrong");
    }
    json_t *json = read_object(parts.claims);
    if (json == NULL) {
        return problem_set(problem, ERR_INVALID, "its claims are no JSON object");
    }
    enum err err = check_claims(json, terms, now_s, &body->until_s, problem);
    if (err != ERR_OK) {
        json_decref(json);
        return err;
    }
    body->claims = json;
    return ERR_OK;
}
