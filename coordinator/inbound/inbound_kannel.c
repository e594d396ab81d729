/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kannel's delivery reports and messages, plain GETs of its smsbox.
 *
 * Reports: the worker gives each message a dlr-url of ours,
 *     /r/{provider}/{token}?d=%d&A=%A            for one number, and
 *     /r/{provider}/{token}?d=%d&A=%A&to=%p      for a request of several numbers
 * Kannel signs nothing; the token in the path is what proves the report. With `receipt_secret` in
 * the settings `sig` is required as well: HMAC-SHA256 of the token in hex.
 * Reports of one message may come in any order: 8 after 1 says nothing new.
 *
 * Messages of people: a get-url of ours in the sms-service group,
 *     /i/{provider}?secret=...&from=%p&to=%P&text=%b&charset=%C&id=%I&ts=%T
 * with `inbound_secret` of the settings, without which none is taken. The answer has no body, as
 * Kannel would send it back as a message; and it is a 200, as Kannel repeats whatever is not
 * answered 200 or 202, a 204 too.
 *
 * Source: Kannel 1.4.5 user guide, "Delivery Reports" and "Parameters (escape codes)"; that, and
 * the values of %A, and of %b and %C (UTF-8 for the GSM alphabet and Latin-1, UTF-16BE for UCS-2),
 * were read off a running one.
 */
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "coordinator/inbound/inbound_adapters.h"
#include "coordinator/inbound/signature.h"

#define MESSAGE_BYTES_MAX 8192 /* as they came, before they are UTF-8 */

struct kannel {
    struct buf receipt_secret;
    struct buf inbound_secret;
};

static void kannel_close(void *self)
{
    struct kannel *kannel = self;
    if (kannel != NULL) {
        secret_release(&kannel->receipt_secret);
        secret_release(&kannel->inbound_secret);
        mem_free(kannel);
    }
}

static enum err kannel_open(void **out, const json_t *settings, struct problem *problem)
{
    struct kannel *kannel = mem_zalloc(1, sizeof(*kannel));
    enum err err =
        inbound_read_secret(settings, "receipt_secret", &kannel->receipt_secret, problem);
    if (err == ERR_OK) {
        err = inbound_read_secret(settings, "inbound_secret", &kannel->inbound_secret, problem);
    }
    if (err != ERR_OK) {
        kannel_close(kannel);
        kannel = NULL;
    }
    *out = kannel;
    return err;
}

/* ---- reports ---- */

static const struct {
    uint8_t code; /* %d */
    uint8_t kind; /* enum receipt_kind */
    uint16_t reason;
} reports[] = {
    {1, RECEIPT_DELIVERED, REASON_NONE},
    {2, RECEIPT_FAILED, REASON_UNREACHABLE}, /* UNDELIV and EXPIRED alike */
    {4, RECEIPT_ACCEPTED, REASON_NONE},      /* buffered at the SMSC */
    {8, RECEIPT_ACCEPTED, REASON_NONE},      /* taken by the SMSC */
    {16, RECEIPT_FAILED, REASON_REFUSED_THERE},
    {32, RECEIPT_ACCEPTED, REASON_NONE}, /* word from on the way */
};

/* What the SMSC said: "NACK/0x0000000b/Invalid Destination Address", or the text of its receipt,
 * "id:.. stat:EXPIRED err:001 ..". */
static const struct {
    const char *part;
    uint16_t reason;
} answers[] = {
    {"NACK/0x0000000b", REASON_ADDRESS_UNKNOWN}, /* ESME_RINVDSTADR */
    {"NACK/11/", REASON_ADDRESS_UNKNOWN},        {"stat:EXPIRED", REASON_EXPIRED_THERE},
    {"stat:REJECTD", REASON_REFUSED_THERE},      {"stat:DELETED", REASON_REFUSED_THERE},
    {"stat:UNDELIV", REASON_UNREACHABLE},
};

static uint16_t reason_of(struct slice answer, uint16_t otherwise)
{
    for (size_t i = 0; answer.len > 0 && i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (memmem(answer.data, answer.len, answers[i].part, strlen(answers[i].part)) != NULL) {
            return answers[i].reason;
        }
    }
    return otherwise;
}

static bool is_signed(const struct kannel *kannel, struct slice token, struct slice sig)
{
    uint8_t mac[SIGNATURE_HASH_MAX];
    size_t len =
        signature_hmac(SIGNATURE_SHA256, buf_view(&kannel->receipt_secret), &token, 1, mac);
    return signature_is_hex(sig, slice_of(mac, len));
}

static void take_report(const struct kannel *kannel, const struct inbound_request *request,
                        const struct form *form, struct inbound_result *result)
{
    uint64_t code = 0;
    if (kannel->receipt_secret.len > 0 &&
        !is_signed(kannel, request->token, form_get(form, "sig"))) {
        inbound_end(result, INBOUND_FORGED,
                    "\"sig\" is missing or wrong: HMAC-SHA256 of the token under receipt_secret is "
                    "expected");
        return;
    }
    (void)text_number(form_get(form, "d"), 1, 64, &code);
    for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
        if (reports[i].code == code) {
            bool is_failure = reports[i].kind == RECEIPT_FAILED;
            const struct inbound_event event = {
                .kind = INBOUND_RECEIPT,
                .receipt = {.token = request->token,
                            .endpoint = form_get(form, "to"),
                            .kind = (enum receipt_kind)reports[i].kind,
                            .reason = is_failure ? reason_of(form_get(form, "A"), reports[i].reason)
                                                 : REASON_NONE}};
            (void)inbound_emit(result, &event);
            return;
        }
    }
    inbound_end(result, INBOUND_REFUSED,
                "\"d\" is missing or unknown: Kannel's %%d is expected, 1, 2, 4, 8, 16 or 32");
}

/* ---- messages ---- */

/* %C: what the bytes of %b are. Those of the GSM alphabet come as UTF-8. */
static const char *charset_of(struct slice name)
{
    static const char *const known[] = {"UTF-16BE", "WINDOWS-1252", "ISO-8859-1", "UTF-16LE"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (name.len == strlen(known[i]) &&
            strncasecmp((const char *)name.data, known[i], name.len) == 0) {
            return known[i];
        }
    }
    return NULL;
}

static struct slice to_utf8(struct slice bytes, const char *charset, struct arena *arena)
{
    size_t left = bytes.len > MESSAGE_BYTES_MAX ? MESSAGE_BYTES_MAX : bytes.len;
    size_t room = 4 * left + 4;
    char *from = arena_copy(arena, bytes.data, left);
    char *out = arena_alloc(arena, room);
    char *at = out;
    iconv_t convert = charset == NULL || left == 0 ? (iconv_t)-1 : iconv_open("UTF-8", charset);
    if (convert == (iconv_t)-1) {
        return bytes;
    }
    (void)iconv(convert, &from, &left, &at, &room); /* as far as it goes */
    (void)iconv_close(convert);
    return slice_of(out, (size_t)(at - out));
}

static void take_message(const struct kannel *kannel, const struct inbound_request *request,
                         const struct form *form, struct inbound_result *result)
{
    uint64_t at_s = 0;
    if (kannel->inbound_secret.len == 0) {
        inbound_end(result, INBOUND_NOT_HERE,
                    "messages are taken when the provider's settings have \"inbound_secret\"");
        return;
    }
    if (!signature_equal(form_get(form, "secret"), buf_view(&kannel->inbound_secret))) {
        inbound_end(result, INBOUND_FORGED, "\"secret\" is missing or wrong: see inbound_secret");
        return;
    }
    if (form_get(form, "from").len == 0 || !form_has(form, "text")) {
        inbound_end(result, INBOUND_REFUSED, "\"from\" and \"text\" are expected: %%p and %%b");
        return;
    }
    struct slice text =
        to_utf8(form_get(form, "text"), charset_of(form_get(form, "charset")), request->arena);
    (void)text_number(form_get(form, "ts"), 1, UINT64_C(253402300799), &at_s);
    const struct inbound_event event = {
        .kind = INBOUND_REPLY,
        .reply = {.channel = CHANNEL_SMS,
                  .from = form_text(form_get(form, "from"), 64, request->arena),
                  .to = form_text(form_get(form, "to"), 64, request->arena),
                  .text = form_text(text, INBOUND_TEXT_MAX, request->arena),
                  .ref = form_text(form_get(form, "id"), 128, request->arena),
                  .at_ms = at_s == 0 ? request->now_ms : at_s * 1000}};
    (void)inbound_emit(result, &event);
}

static void kannel_take(void *self, const struct inbound_request *request,
                        struct inbound_result *result)
{
    struct form *form = arena_alloc(request->arena, sizeof(*form));
    result->type = "text/plain; charset=utf-8";
    if (!inbound_form(request, form, result)) {
        return;
    }
    switch (request->way) {
    case INBOUND_WAY_RECEIPT:
        take_report(self, request, form, result);
        return;
    case INBOUND_WAY_MESSAGE:
        take_message(self, request, form, result);
        return;
    case INBOUND_WAY_EVENTS:
    case INBOUND_WAY_VOICE:
        break;
    }
    inbound_end(result, INBOUND_NOT_HERE,
                "Kannel reports at /r/{provider}/{token}, and gives messages to /i/{provider}");
}

const struct inbound_adapter inbound_kannel = {
    .name = "kannel",
    .open = kannel_open,
    .close = kannel_close,
    .take = kannel_take,
};
