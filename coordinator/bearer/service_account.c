/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/bearer/service_account.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "common/secret.h"
#include "common/text.h"
#include "proto/wire.h"

#define SCOPE          "https://www.googleapis.com/auth/firebase.messaging"
#define GRANT          "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define ASSERTION_S    3600 /* as long as it may be good */
#define LIFE_DEFAULT_S 3600
#define LIFE_MAX_S     86400
#define SAYING_MAX     120 /* of an error's description */

/* ---- The file ---- */

/* Nothing that would have to be escaped in the claims. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text >= 0x7f || *text == '"' || *text == '\\') {
            return false;
        }
    }
    return true;
}

static bool take_text(const json_t *document, const char *name, char *out)
{
    const json_t *value = json_object_get(document, name);
    size_t len = json_string_length(value);
    out[0] = '\0';
    if (len == 0 || len > SERVICE_ACCOUNT_TEXT_MAX || !is_plain(json_string_value(value))) {
        return false;
    }
    memcpy(out, json_string_value(value), len + 1);
    return true;
}

static enum err read_document(struct service_account *account, const json_t *document,
                              struct problem *problem)
{
    if (!json_is_object(document)) {
        return problem_set(problem, ERR_INVALID,
                           "it is no JSON object: the file that the Firebase console generates is "
                           "wanted");
    }
    const char *type = json_string_value(json_object_get(document, "type"));
    if (type == NULL || strcmp(type, "service_account") != 0) {
        return problem_set(problem, ERR_INVALID,
                           "its type is not \"service_account\": another kind of credentials");
    }
    if (!take_text(document, "client_email", account->email)) {
        return problem_set(problem, ERR_INVALID, "client_email is missing");
    }
    if (!take_text(document, "token_uri", account->token_uri) ||
        strncmp(account->token_uri, "https://", 8) != 0) {
        return problem_set(problem, ERR_INVALID, "token_uri is missing or not https");
    }
    (void)take_text(document, "private_key_id", account->key_id);
    const json_t *key = json_object_get(document, "private_key");
    struct problem inner = {0};
    enum err err =
        jwt_key_from_pem(&account->key, JWT_RS256,
                         slice_of(json_string_value(key), json_string_length(key)), &inner);
    return err == ERR_OK ? ERR_OK : problem_set(problem, err, "private_key: %s", inner.text);
}

enum err service_account_read(struct service_account *account, struct slice json,
                              struct problem *problem)
{
    *account = (struct service_account){0};
    json_t *document = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    enum err err = read_document(account, document, problem);
    json_decref(document);
    return err;
}

void service_account_release(struct service_account *account)
{
    jwt_key_free(account->key);
    account->key = NULL;
}

/* ---- The request ---- */

bool service_account_ask(const struct service_account *account, uint64_t now_s, struct buf *body)
{
    struct buf claims = {0};
    buf_printf(&claims,
               "{\"iss\":\"%s\",\"scope\":\"" SCOPE "\",\"aud\":\"%s\",\"iat\":%" PRIu64
               ",\"exp\":%" PRIu64 "}",
               account->email, account->token_uri, now_s, now_s + ASSERTION_S);
    buf_str(body, "grant_type=");
    text_url_encode(body, slice_str(GRANT));
    buf_str(body, "&assertion="); /* base64url and dots need no encoding */
    bool is_signed = jwt_write(account->key, account->key_id[0] == '\0' ? NULL : account->key_id,
                               buf_view(&claims), body);
    buf_release(&claims);
    return is_signed;
}

/* ---- The answer ---- */

/* What it says is shown to people and logged: short, and without what could end a line. */
static enum err refuse(unsigned status, const json_t *document, struct problem *problem)
{
    const char *error = json_string_value(json_object_get(document, "error"));
    const char *why = json_string_value(json_object_get(document, "error_description"));
    char said[SAYING_MAX + 1] = "";
    const char *from = why != NULL ? why : error != NULL ? error : "";
    for (size_t i = 0; i < SAYING_MAX && from[i] != '\0'; i++) {
        bool is_printable = from[i] >= ' ' && from[i] < 0x7f && from[i] != '"';
        said[i] = is_printable ? from[i] : '?';
        said[i + 1] = '\0';
    }
    return problem_set(problem, ERR_INVALID, "the token endpoint answered %u%s%s", status,
                       said[0] == '\0' ? "" : ": ", said);
}

static enum err take_token(struct access_token *token, const json_t *document,
                           struct problem *problem)
{
    const json_t *text = json_object_get(document, "access_token");
    const json_t *life = json_object_get(document, "expires_in");
    const char *type = json_string_value(json_object_get(document, "token_type"));
    size_t len = json_string_length(text);
    if (len == 0 || len > WIRE_BEARER_MAX || !is_plain(json_string_value(text)) ||
        (type != NULL && strcasecmp(type, "Bearer") != 0)) {
        return problem_set(problem, ERR_INVALID,
                           "the token endpoint's answer has no access_token that could be used");
    }
    json_int_t life_s = json_is_integer(life) ? json_integer_value(life) : LIFE_DEFAULT_S;
    token->life_s = life_s < 1 ? 1 : life_s > LIFE_MAX_S ? LIFE_MAX_S : (uint64_t)life_s;
    buf_append(&token->text, json_string_value(text), len);
    return ERR_OK;
}

enum err access_token_read(struct access_token *token, unsigned status, struct slice json,
                           struct problem *problem)
{
    *token = (struct access_token){0};
    json_t *document = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    enum err err =
        status == 200 ? take_token(token, document, problem) : refuse(status, document, problem);
    json_decref(document);
    return err;
}

void access_token_release(struct access_token *token)
{
    secret_release(&token->text);
}
