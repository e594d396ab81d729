/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/inbound/signature.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"

#define SPKI_MAX        4096
#define CERTIFICATE_MAX 65536

struct signature_key {
    EVP_PKEY *key;
    uint64_t until_ms;
};

/* ---- hashes ---- */

static const EVP_MD *hash_of(enum signature_hash hash)
{
    return hash == SIGNATURE_SHA1 ? EVP_sha1() : EVP_sha256();
}

static const char *hash_name(enum signature_hash hash)
{
    return hash == SIGNATURE_SHA1 ? "SHA1" : "SHA256";
}

size_t signature_hmac(enum signature_hash hash, struct slice key, const struct slice *parts,
                      unsigned count, uint8_t mac[SIGNATURE_HASH_MAX])
{
    EVP_MAC *kind = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(kind);
    char name[8];
    size_t len = 0;
    (void)strcpy(name, hash_name(hash));
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0),
                           OSSL_PARAM_construct_end()};
    /* A key of no bytes must still be a pointer. */
    bool is_good =
        context != NULL &&
        EVP_MAC_init(context, key.len == 0 ? (const uint8_t *)"" : key.data, key.len, params) == 1;
    for (unsigned i = 0; is_good && i < count; i++) {
        is_good = parts[i].len == 0 || EVP_MAC_update(context, parts[i].data, parts[i].len) == 1;
    }
    is_good = is_good && EVP_MAC_final(context, mac, &len, SIGNATURE_HASH_MAX) == 1;
    assert(is_good);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(kind);
    return len;
}

size_t signature_digest(enum signature_hash hash, struct slice bytes,
                        uint8_t digest[SIGNATURE_HASH_MAX])
{
    unsigned len = 0;
    int done = EVP_Digest(bytes.data, bytes.len, digest, &len, hash_of(hash), NULL);
    assert(done == 1);
    return len;
}

bool signature_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

/* ---- spelling ---- */

static int base64_value(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

bool signature_base64_decode(struct slice text, struct buf *out)
{
    uint32_t group = 0;
    unsigned digits = 0;
    unsigned padding = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '\r' || c == '\n') {
            continue;
        }
        int value = c == '=' ? 0 : base64_value(c);
        if (value < 0 || (padding > 0 && c != '=')) {
            return false;
        }
        padding += c == '=';
        group = group << 6 | (uint32_t)value;
        if (++digits % 4 == 0) {
            const uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8),
                                      (uint8_t)group};
            if (padding > 2) {
                return false;
            }
            buf_append(out, bytes, 3 - padding);
            group = 0;
        }
    }
    return digits % 4 == 0 && padding <= 2;
}

bool signature_is_base64(struct slice text, struct slice mac)
{
    struct buf bytes = {0};
    bool is_same = signature_base64_decode(text, &bytes) && signature_equal(buf_view(&bytes), mac);
    buf_release(&bytes);
    return is_same;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool signature_is_hex(struct slice text, struct slice mac)
{
    uint8_t bytes[SIGNATURE_HASH_MAX];
    if (mac.len > sizeof(bytes) || text.len != 2 * mac.len) {
        return false;
    }
    for (size_t i = 0; i < mac.len; i++) {
        int high = hex_value(text.data[2 * i]);
        int low = hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return signature_equal(slice_of(bytes, mac.len), mac);
}

/* ---- keys ---- */

static struct signature_key *key_new(EVP_PKEY *take_key)
{
    struct signature_key *key = mem_zalloc(1, sizeof(*key));
    key->key = take_key;
    key->until_ms = UINT64_MAX;
    return key;
}

/* What is enciphered is refused. Without this OpenSSL asks at the terminal, or at standard input,
 * and holds up everything. */
static int no_passphrase(char *text, int size, int is_writing, void *arg)
{
    (void)text;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

static EVP_PKEY *read_spki(struct slice text)
{
    static const char begin[] = "-----BEGIN";
    struct buf der = {0};
    EVP_PKEY *key = NULL;
    if (text.len > sizeof(begin) && memcmp(text.data, begin, sizeof(begin) - 1) == 0) {
        BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
        key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
        BIO_free(bio);
        return key;
    }
    if (signature_base64_decode(text, &der) && der.len > 0) {
        const uint8_t *at = der.data;
        key = d2i_PUBKEY(NULL, &at, (long)der.len);
        if (key != NULL && at != der.data + der.len) {
            EVP_PKEY_free(key);
            key = NULL;
        }
    }
    buf_release(&der);
    return key;
}

enum err signature_key_read(struct signature_key **out, struct slice text, struct problem *problem)
{
    char group[32] = "";
    *out = NULL;
    EVP_PKEY *key = text.len == 0 || text.len > SPKI_MAX ? NULL : read_spki(text);
    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
        strcmp(group, "prime256v1") != 0) {
        EVP_PKEY_free(key);
        return problem_set(problem, ERR_INVALID,
                           "this is no public key: base64 of a P-256 key's SubjectPublicKeyInfo "
                           "(DER) or the same in PEM is expected");
    }
    *out = key_new(key);
    return ERR_OK;
}

/* False: it is no time, or before 1970. */
static bool read_time(const ASN1_TIME *time, uint64_t *ms)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1) {
        return false;
    }
    time_t seconds = timegm(&tm);
    *ms = seconds < 0 ? 0 : (uint64_t)seconds * 1000;
    return seconds >= 0;
}

static bool is_valid_at(const X509 *certificate, uint64_t now_ms, uint64_t *until_ms)
{
    uint64_t from_ms;
    return read_time(X509_get0_notBefore(certificate), &from_ms) &&
           read_time(X509_get0_notAfter(certificate), until_ms) && from_ms <= now_ms &&
           now_ms <= *until_ms;
}

enum err signature_key_of_certificate(struct signature_key **out, struct slice pem, uint64_t now_ms,
                                      struct problem *problem)
{
    BIO *bio =
        pem.len == 0 || pem.len > CERTIFICATE_MAX ? NULL : BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    uint64_t until_ms = 0;
    bool is_valid = certificate != NULL && is_valid_at(certificate, now_ms, &until_ms);
    EVP_PKEY *key = is_valid ? X509_get_pubkey(certificate) : NULL;
    const char *why = certificate == NULL ? "it is none in PEM"
                      : is_valid          ? "its key is no RSA key"
                                          : "it is not valid now";
    BIO_free(bio);
    X509_free(certificate);
    *out = NULL;
    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        return problem_set(problem, ERR_INVALID, "the certificate is not accepted: %s", why);
    }
    *out = key_new(key);
    (*out)->until_ms = until_ms;
    return ERR_OK;
}

uint64_t signature_key_until_ms(const struct signature_key *key)
{
    return key->until_ms;
}

void signature_key_free(struct signature_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->key);
        mem_free(key);
    }
}

bool signature_verify(const struct signature_key *key, enum signature_hash hash,
                      const struct slice *parts, unsigned count, struct slice signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL && signature.len > 0 &&
                   EVP_DigestVerifyInit(context, NULL, hash_of(hash), NULL, key->key) == 1;
    for (unsigned i = 0; is_good && i < count; i++) {
        is_good =
            parts[i].len == 0 || EVP_DigestVerifyUpdate(context, parts[i].data, parts[i].len) == 1;
    }
    is_good = is_good && EVP_DigestVerifyFinal(context, signature.data, signature.len) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
}
