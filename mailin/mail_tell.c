/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_tell.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

#define PATH_MAX_BYTES 256

const char *mail_result_word(enum mail_result result)
{
    static const char *const words[MAIL_RESULTS] = {
#define MAIL_RESULT_WORD(name, word) [MAIL_RESULT_##name] = (word),
        MAIL_RESULT_MAP(MAIL_RESULT_WORD)
#undef MAIL_RESULT_WORD
    };
    return words[result];
}

/* One mail on its way to the coordinator. */
struct telling {
    const struct mail_teller *teller;
    const struct mail_finding *finding;
    const char *id;
    long status; /* of the answer; 0: none came */
    struct problem *problem;
};

static enum mail_result post(struct telling *telling, struct client *client, const char *path,
                             json_t *body)
{
    struct client_answer answer;
    char *text = json_dumps(body, JSON_COMPACT);
    struct client_request request = {
        .method = "POST",
        .path = path,
        .body = text,
        .key = telling->id,
        .once = telling->teller->once,
    };
    enum err err = client_send(client, &request, &answer, telling->problem);
    telling->status = answer.status;
    client_answer_release(&answer);
    free(text);
    json_decref(body);
    return err == ERR_OK ? MAIL_RESULT_TOLD : MAIL_RESULT_LATER;
}

/* ---- receipts ---- */

static const char *receipt_status(enum mail_kind kind)
{
    switch (kind) {
    case MAIL_BOUNCED:
    case MAIL_FAILED:
    case MAIL_DELIVERED:
    case MAIL_COMPLAINED:
        return mail_kind_word(kind); /* the receipt's words are the same */
    case MAIL_RELAYED:
    case MAIL_DELAYED:
    case MAIL_REPLY:
    case MAIL_AUTOMATIC:
    case MAIL_UNREADABLE:
    case MAIL_OTHER:
    case MAIL_KINDS:
        break;
    }
    return NULL;
}

static enum mail_result tell_receipt(struct telling *telling)
{
    const struct mail_teller *teller = telling->teller;
    const struct mail_finding *finding = telling->finding;
    struct buf path = {0};
    json_t *body = json_pack("{s:s}", "status", receipt_status(finding->kind));
    if (finding->reason != 0) {
        json_object_set_new(body, "reason", json_integer(finding->reason));
    }
    buf_printf(&path, "/r/%s/%s", teller->provider, finding->token);
    enum mail_result result = post(telling, teller->receipts, buf_cstr(&path), body);
    buf_release(&path);
    if (result == MAIL_RESULT_TOLD) {
        return result;
    }
    switch (telling->status) {
    case 403:
        return MAIL_RESULT_FORGED;
    case 400: /* these two would be our own mistake */
    case 422:
    case 410: /* the campaign is archived */
        return MAIL_RESULT_REFUSED;
    default: /* 404 too: the provider's name may be wrong, which somebody will mend */
        return MAIL_RESULT_LATER;
    }
}

/* ---- replies ---- */

/* Of what the person sent and not of how it came, as one answer to two of our addresses is one; of
 * its text too, so that nobody can take another's Message-ID from him. */
static json_t *reply_id(const struct mail_finding *finding, const char *id)
{
    static const uint8_t key[HASH_KEY_BYTES] = "tocsin.mailin.re";
    if (finding->message_id.len == 0) {
        return json_string(id);
    }
    struct buf what = {0};
    buf_blob(&what, finding->message_id);
    buf_blob(&what, finding->from);
    buf_blob(&what, finding->text);
    struct hash128 hash = hash_keyed128(key, buf_view(&what));
    buf_clear(&what);
    buf_printf(&what, "reply-%016llx%016llx", (unsigned long long)hash.high,
               (unsigned long long)hash.low);
    json_t *text = json_string(buf_cstr(&what));
    buf_release(&what);
    return text;
}

static json_t *text_of(struct slice text)
{
    return json_stringn((const char *)text.data, text.len);
}

static enum mail_result tell_reply(struct telling *telling)
{
    const struct mail_finding *finding = telling->finding;
    json_t *from = text_of(finding->from);
    json_t *text = text_of(finding->text);
    if (from == NULL || text == NULL) {
        json_decref(from);
        json_decref(text);
        (void)problem_set(telling->problem, ERR_INVALID, "the sender's address is not UTF-8");
        return MAIL_RESULT_REFUSED;
    }
    json_t *body = json_pack("{s:s, s:s, s:o, s:o, s:o}", "channel", "email", "provider",
                             telling->teller->provider, "id", reply_id(finding, telling->id),
                             "from", from, "text", text);
    if (finding->to.len > 0) {
        json_object_set_new(body, "to", text_of(finding->to)); /* passed over if it is no UTF-8 */
    }
    if (finding->token[0] != '\0') {
        json_object_set_new(body, "token", json_string(finding->token));
    }
    enum mail_result result = post(telling, telling->teller->api, "/v1/replies", body);
    if (result == MAIL_RESULT_TOLD) {
        return result;
    }
    switch (telling->status) {
    case 404: /* nobody of ours, or nothing that it could belong to */
    case 410:
    case 413:
    case 400:
    case 422:
        return MAIL_RESULT_REFUSED;
    default: /* 401 and 403 are a wrong token file */
        return MAIL_RESULT_LATER;
    }
}

enum mail_result mail_tell(const struct mail_teller *teller, const struct mail_finding *finding,
                           const char *id, bool *is_away, struct problem *problem)
{
    struct telling telling = {.teller = teller, .finding = finding, .id = id, .problem = problem};
    enum mail_result result = MAIL_RESULT_NOTHING;
    problem->text[0] = '\0';
    if (receipt_status(finding->kind) != NULL) {
        result = tell_receipt(&telling);
    } else if (finding->kind == MAIL_REPLY) {
        result = tell_reply(&telling);
    }
    if (is_away != NULL) {
        *is_away = result == MAIL_RESULT_LATER && (telling.status == 0 || telling.status >= 500);
    }
    return result;
}
