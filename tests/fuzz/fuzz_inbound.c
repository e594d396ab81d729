/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider's request: a byte that says which adapter and way, a line with the query, a line with
 * the media type, and the body. It is signed as the provider would, unless the byte says no, so
 * that what stands behind the signature is reached; then what comes of it is within bounds, and an
 * unsigned request never reports anything where a signature is required.
 */
#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <strings.h>

#include "common/text.h"
#include "coordinator/inbound/form.h"
#include "coordinator/inbound/inbound.h"
#include "coordinator/inbound/signature.h"

#define SECRET "12345"
#define NOW_S  "1764428400"
#define NOW_MS UINT64_C(1764428400000)
#define URL    "https://n.example/x"
#define TOPIC  "arn:aws:sns:eu-west-1:1:t"
#define CERT   "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"kannel", "twilio",   "twilio_voice", "sendgrid",
                                    "ses",    "whatsapp", "slack"};
#define ADAPTERS (sizeof(names) / sizeof(names[0]))

static struct world {
    bool is_made;
    struct inbound *inbounds[ADAPTERS];
    EVP_PKEY *curve; /* of SendGrid */
    EVP_PKEY *rsa;   /* of SNS */
} world;

struct headers {
    const char *names[4];
    const char *values[4];
    unsigned count;
};

static const char *find_header(void *arg, const char *name)
{
    const struct headers *headers = arg;
    for (unsigned i = 0; i < headers->count; i++) {
        if (strcasecmp(headers->names[i], name) == 0) {
            return headers->values[i];
        }
    }
    return NULL;
}

static void add(struct headers *headers, const char *name, const char *value)
{
    headers->names[headers->count] = name;
    headers->values[headers->count++] = value;
}

/* ---- keys ---- */

static char *base64(const uint8_t *bytes, size_t len)
{
    char *text = malloc(4 * (len / 3 + 1) + 1);
    (void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
    return text;
}

static void give_certificate(struct inbound *ses)
{
    X509 *x509 = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    (void)ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)(NOW_MS / 1000) - 86400);
    (void)ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)(NOW_MS / 1000) + 86400);
    X509_set_pubkey(x509, world.rsa);
    (void)X509_sign(x509, world.rsa, EVP_sha256());
    PEM_write_bio_X509(bio, x509);
    long len = BIO_get_mem_data(bio, &pem);
    inbound_fetched(ses, CERT, slice_of(pem, (size_t)len), NOW_MS);
    BIO_free(bio);
    X509_free(x509);
}

static void make_world(void)
{
    uint8_t *der = NULL;
    struct problem problem;
    char settings[600];
    (void)setenv("TOCSIN_FUZZ_SECRET", SECRET, 1);
    world.curve = EVP_EC_gen("P-256");
    world.rsa = EVP_RSA_gen(1024);
    int len = i2d_PUBKEY(world.curve, &der);
    char *key = base64(der, (size_t)len);
    (void)snprintf(settings, sizeof(settings),
                   "{\"inbound_secret\":\"env:TOCSIN_FUZZ_SECRET\",\"auth_token\":"
                   "\"env:TOCSIN_FUZZ_SECRET\",\"app_secret\":\"env:TOCSIN_FUZZ_SECRET\","
                   "\"verify_token\":\"env:TOCSIN_FUZZ_SECRET\",\"signing_secret\":"
                   "\"env:TOCSIN_FUZZ_SECRET\",\"topic_arn\":\"" TOPIC "\",\"events_key\":\"%s\"}",
                   key);
    for (unsigned i = 0; i < ADAPTERS; i++) {
        enum err err = inbound_open(&world.inbounds[i], names[i], settings, &problem);
        assert(err == ERR_OK);
    }
    give_certificate(world.inbounds[4]);
    OPENSSL_free(der);
    free(key);
    world.is_made = true;
}

/* ---- signatures ---- */

static const char *hmac(enum signature_hash hash, const struct slice *parts, unsigned count,
                        const char *prefix, struct arena *arena)
{
    uint8_t mac[SIGNATURE_HASH_MAX];
    struct buf text = {0};
    size_t len = signature_hmac(hash, slice_str(SECRET), parts, count, mac);
    buf_str(&text, prefix);
    if (hash == SIGNATURE_SHA256) {
        text_hex(&text, slice_of(mac, len));
    } else {
        char *plain = base64(mac, len);
        buf_str(&text, plain);
        free(plain);
    }
    const char *copy = arena_str(arena, buf_view(&text));
    buf_release(&text);
    return copy;
}

static const char *sign(EVP_PKEY *key, const EVP_MD *hash, struct slice bytes, struct arena *arena)
{
    uint8_t signature[256];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    (void)EVP_DigestSignInit(context, NULL, hash, NULL, key);
    (void)EVP_DigestSign(context, signature, &len, bytes.data, bytes.len);
    EVP_MD_CTX_free(context);
    char *plain = base64(signature, len);
    const char *copy = arena_str(arena, slice_str(plain));
    free(plain);
    return copy;
}

static int compare(const void *a, const void *b)
{
    const struct slice *left = a;
    const struct slice *right = b;
    for (unsigned i = 0; i < 2; i++) {
        size_t len = left[i].len < right[i].len ? left[i].len : right[i].len;
        int order = len == 0 ? 0 : memcmp(left[i].data, right[i].data, len);
        if (order != 0 || left[i].len != right[i].len) {
            return order != 0 ? order : left[i].len > right[i].len ? 1 : -1;
        }
    }
    return 0;
}

static void sign_twilio(const struct inbound_request *request, struct headers *headers)
{
    static struct form form;
    struct slice parts[1 + 2 * FORM_PAIRS_MAX] = {slice_str(request->url)};
    unsigned count = 1;
    form.count = 0;
    if (strcmp(request->method, "POST") == 0 &&
        !form_is_type(request->media_type, "application/json")) {
        (void)form_add(&form, request->body, request->arena);
    }
    qsort(form.pairs, form.count, sizeof(form.pairs[0]), compare);
    for (unsigned i = 0; i < form.count; i++) {
        if (i == 0 || compare(&form.pairs[i - 1], &form.pairs[i]) != 0) {
            parts[count++] = form.pairs[i].name;
            parts[count++] = form.pairs[i].value;
        }
    }
    add(headers, "X-Twilio-Signature", hmac(SIGNATURE_SHA1, parts, count, "", request->arena));
}

static void sign_sendgrid(const struct inbound_request *request, struct headers *headers)
{
    struct buf bytes = {0};
    buf_str(&bytes, NOW_S);
    buf_slice(&bytes, request->body);
    add(headers, "X-Twilio-Email-Event-Webhook-Timestamp", NOW_S);
    add(headers, "X-Twilio-Email-Event-Webhook-Signature",
        sign(world.curve, EVP_sha256(), buf_view(&bytes), request->arena));
    buf_release(&bytes);
}

/* The body becomes the Message of a notification. */
static void wrap_sns(struct inbound_request *request)
{
    struct buf text = {0};
    json_t *message = json_stringn((const char *)request->body.data, request->body.len);
    if (message == NULL) {
        return;
    }
    buf_str(&text, "Message\n");
    buf_slice(&text, request->body);
    buf_str(&text, "\nMessageId\nm\nTimestamp\n2025-11-29T15:00:00Z\nTopicArn\n" TOPIC
                   "\nType\nNotification\n");
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "Type", "Notification", "MessageId",
                  "m", "TopicArn", TOPIC, "Timestamp", "2025-11-29T15:00:00Z", "SignatureVersion",
                  "2", "SigningCertURL", CERT, "Message", message, "Signature",
                  sign(world.rsa, EVP_sha256(), buf_view(&text), request->arena));
    char *dump = json_dumps(json, JSON_COMPACT);
    if (dump != NULL) {
        request->body = slice_str(arena_str(request->arena, slice_str(dump)));
    }
    free(dump);
    json_decref(json);
    buf_release(&text);
}

static void make_genuine(struct inbound_request *request, struct headers *headers, unsigned which)
{
    const struct slice slack[] = {slice_str("v0:" NOW_S ":"), request->body};
    switch (which) {
    case 1:
    case 2:
        sign_twilio(request, headers);
        return;
    case 3:
        sign_sendgrid(request, headers);
        return;
    case 4:
        wrap_sns(request);
        return;
    case 5:
        add(headers, "X-Hub-Signature-256",
            hmac(SIGNATURE_SHA256, &request->body, 1, "sha256=", request->arena));
        return;
    case 6:
        add(headers, "X-Slack-Request-Timestamp", NOW_S);
        add(headers, "X-Slack-Signature", hmac(SIGNATURE_SHA256, slack, 2, "v0=", request->arena));
        return;
    default:
        return;
    }
}

/* ---- what came of it ---- */

static void check_event(const struct inbound_event *event)
{
    switch (event->kind) {
    case INBOUND_RECEIPT:
        assert(event->receipt.kind < RECEIPT_KINDS && event->receipt.token.len > 0);
        break;
    case INBOUND_REPLY:
        assert(event->reply.text.len <= INBOUND_TEXT_MAX && event->reply.from.len > 0);
        assert(text_is_utf8(event->reply.text, NULL) && text_is_utf8(event->reply.from, NULL));
        break;
    case INBOUND_ACKNOWLEDGEMENT:
    case INBOUND_OPT_OUT:
        assert(event->token.len > 0);
        break;
    }
}

static void check(const struct inbound_result *result, bool is_genuine, unsigned which)
{
    assert(result->verdict == INBOUND_TAKEN || result->count == 0);
    assert(result->verdict == INBOUND_TAKEN || result->verdict == INBOUND_FETCH ||
           result->why[0] != '\0');
    assert(result->count <= INBOUND_EVENTS_MAX);
    assert(is_genuine || which == 0 || result->count == 0);
    for (unsigned i = 0; i < result->count; i++) {
        check_event(&result->events[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = slice_of(data, size);
    struct headers headers = {.count = 0};
    struct inbound_result result;
    struct arena arena;
    if (size == 0) {
        return 0;
    }
    if (!world.is_made) {
        make_world();
    }
    unsigned which = data[0] % ADAPTERS;
    enum inbound_way way = (enum inbound_way)(data[0] / ADAPTERS % 4);
    bool is_genuine = data[0] / (ADAPTERS * 4) % 4 != 3;
    bool is_get = data[0] / (ADAPTERS * 4) % 4 == 2;
    body = slice_of(body.data + 1, body.len - 1);
    struct slice query = slice_take_until(&body, '\n');
    struct slice type = slice_take_until(&body, '\n');
    arena_init(&arena, 4096);
    struct inbound_request request = {
        .way = way,
        .method = is_get ? "GET" : "POST",
        .url = URL,
        .query = query,
        .token = slice_str("t"),
        .media_type = type.len == 0 ? NULL : arena_str(&arena, type),
        .body = body,
        .header = find_header,
        .header_arg = &headers,
        .now_ms = NOW_MS,
        .arena = &arena,
    };
    if (is_genuine) {
        make_genuine(&request, &headers, which);
    }
    inbound_take(world.inbounds[which], &request, &result);
    check(&result, is_genuine, which);
    arena_release(&arena);
    return 0;
}
