/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/signed_head.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1

_Static_assert(SIGNING_PUBLIC_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES, "as in RFC 8032");
_Static_assert(SIGNING_SECRET_BYTES == crypto_sign_ed25519_SECRETKEYBYTES, "seed and public key");
_Static_assert(SIGNATURE_BYTES == crypto_sign_ed25519_BYTES, "as in RFC 8032");

/* What is signed begins with what it is, so that no signature is good for something else. */
static const char head_context[] = "tocsin head 1\n";
static const char key_context[] = "tocsin key 1\n";
static const char bundle_context[] = "tocsin bundle 1\n";

void signing_key_of_seed(struct signing_key *key, const uint8_t seed[SIGNING_SEED_BYTES])
{
    (void)crypto_sign_ed25519_seed_keypair(key->public_key, key->secret, seed);
}

void signing_key_wipe(struct signing_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

static void sign(uint8_t signature[SIGNATURE_BYTES], const struct buf *message,
                 const struct signing_key *key)
{
    (void)crypto_sign_ed25519_detached(signature, NULL, message->data, message->len, key->secret);
}

static bool is_signed(const uint8_t signature[SIGNATURE_BYTES], const struct buf *message,
                      const uint8_t public_key[SIGNING_PUBLIC_BYTES])
{
    return crypto_sign_ed25519_verify_detached(signature, message->data, message->len,
                                               public_key) == 0;
}

/* ---- heads ---- */

static void put_head(const struct signed_head *head, struct buf *buf)
{
    buf_u8(buf, VERSION);
    buf_u16(buf, head->partition);
    buf_u64(buf, head->recno);
    buf_append(buf, head->hash, HASH_DIGEST_BYTES);
    buf_u64(buf, head->campaign);
    buf_u64(buf, head->time_ms);
    buf_append(buf, head->public_key, SIGNING_PUBLIC_BYTES);
}

void signed_head_sign(struct signed_head *head, const struct signing_key *key)
{
    struct buf message = {0};
    memcpy(head->public_key, key->public_key, SIGNING_PUBLIC_BYTES);
    buf_str(&message, head_context);
    put_head(head, &message);
    sign(head->signature, &message, key);
    buf_release(&message);
}

bool signed_head_is_good(const struct signed_head *head)
{
    struct buf message = {0};
    buf_str(&message, head_context);
    put_head(head, &message);
    bool is_good = is_signed(head->signature, &message, head->public_key);
    buf_release(&message);
    return is_good;
}

void signed_head_encode(const struct signed_head *head, struct buf *buf)
{
    put_head(head, buf);
    buf_append(buf, head->signature, SIGNATURE_BYTES);
}

static void take(struct reader *reader, uint8_t *into, size_t len)
{
    struct slice bytes = reader_bytes(reader, len);
    if (!reader->bad) {
        memcpy(into, bytes.data, len);
    }
}

/* The end of every decoding. */
static enum err verdict(const struct reader *reader, uint8_t version)
{
    if (!reader->bad && version != VERSION) {
        return ERR_UNSUPPORTED;
    }
    return reader->bad || reader_left(reader) > 0 ? ERR_CORRUPT : ERR_OK;
}

enum err signed_head_decode(struct slice bytes, struct signed_head *head)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    head->partition = reader_u16(&reader);
    head->recno = reader_u64(&reader);
    take(&reader, head->hash, HASH_DIGEST_BYTES);
    head->campaign = reader_u64(&reader);
    head->time_ms = reader_u64(&reader);
    take(&reader, head->public_key, SIGNING_PUBLIC_BYTES);
    take(&reader, head->signature, SIGNATURE_BYTES);
    return verdict(&reader, version);
}

/* ---- keys ---- */

static void put_statement(const struct key_statement *statement, struct buf *buf)
{
    buf_u8(buf, VERSION);
    buf_u32(buf, statement->number);
    buf_u64(buf, statement->since_ms);
    buf_append(buf, statement->key, SIGNING_PUBLIC_BYTES);
    buf_append(buf, statement->before, SIGNING_PUBLIC_BYTES);
}

void key_statement_sign(struct key_statement *statement, const struct signing_key *key,
                        const struct signing_key *before)
{
    struct buf message = {0};
    memcpy(statement->key, key->public_key, SIGNING_PUBLIC_BYTES);
    memset(statement->by_before, 0, SIGNATURE_BYTES);
    if (before != NULL) {
        memcpy(statement->before, before->public_key, SIGNING_PUBLIC_BYTES);
    }
    buf_str(&message, key_context);
    put_statement(statement, &message);
    sign(statement->by_key, &message, key);
    if (before != NULL) {
        sign(statement->by_before, &message, before);
    }
    buf_release(&message);
}

static bool is_stated(const struct key_statement *statement,
                      const uint8_t signature[SIGNATURE_BYTES],
                      const uint8_t public_key[SIGNING_PUBLIC_BYTES])
{
    struct buf message = {0};
    buf_str(&message, key_context);
    put_statement(statement, &message);
    bool is_good = is_signed(signature, &message, public_key);
    buf_release(&message);
    return is_good;
}

bool key_statement_is_good(const struct key_statement *statement)
{
    return is_stated(statement, statement->by_key, statement->key);
}

bool key_statement_is_vouched(const struct key_statement *statement)
{
    return is_stated(statement, statement->by_before, statement->before);
}

bool key_statements_lead(const struct key_statement *statements, unsigned count,
                         const uint8_t public_key[SIGNING_PUBLIC_BYTES])
{
    unsigned at = count;
    while (at > 0 && memcmp(statements[at - 1].key, public_key, SIGNING_PUBLIC_BYTES) != 0) {
        at--;
    }
    bool is_leading = at > 0;
    for (; is_leading && at < count; at++) {
        is_leading = key_statement_is_vouched(&statements[at]);
    }
    return is_leading;
}

void key_statement_encode(const struct key_statement *statement, struct buf *buf)
{
    put_statement(statement, buf);
    buf_append(buf, statement->by_key, SIGNATURE_BYTES);
    buf_append(buf, statement->by_before, SIGNATURE_BYTES);
}

enum err key_statement_decode(struct slice bytes, struct key_statement *statement)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    statement->number = reader_u32(&reader);
    statement->since_ms = reader_u64(&reader);
    take(&reader, statement->key, SIGNING_PUBLIC_BYTES);
    take(&reader, statement->before, SIGNING_PUBLIC_BYTES);
    take(&reader, statement->by_key, SIGNATURE_BYTES);
    take(&reader, statement->by_before, SIGNATURE_BYTES);
    return verdict(&reader, version);
}

/* ---- bundles ---- */

static void put_bundle(const uint8_t digest[HASH_DIGEST_BYTES], struct buf *message)
{
    buf_str(message, bundle_context);
    buf_append(message, digest, HASH_DIGEST_BYTES);
}

void bundle_sign(uint8_t signature[SIGNATURE_BYTES], const uint8_t digest[HASH_DIGEST_BYTES],
                 const struct signing_key *key)
{
    struct buf message = {0};
    put_bundle(digest, &message);
    sign(signature, &message, key);
    buf_release(&message);
}

bool bundle_is_signed(const uint8_t signature[SIGNATURE_BYTES],
                      const uint8_t digest[HASH_DIGEST_BYTES],
                      const uint8_t public_key[SIGNING_PUBLIC_BYTES])
{
    struct buf message = {0};
    put_bundle(digest, &message);
    bool is_good = is_signed(signature, &message, public_key);
    buf_release(&message);
    return is_good;
}
