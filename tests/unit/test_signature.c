/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "coordinator/inbound/signature.h"
#include "tests/unit/unit.h"

#define NOW_S  1764428400
#define DAY_S  86400
#define SECOND UINT64_C(1000)

static void assert_hmac(enum signature_hash hash, const char *key, const char *text,
                        const char *expected)
{
    uint8_t mac[SIGNATURE_HASH_MAX];
    struct buf hex = {0};
    const struct slice parts[] = {slice_of(text, 4), slice_str(""), slice_str(text + 4)};
    size_t len = signature_hmac(hash, slice_str(key), parts, 3, mac);
    text_hex(&hex, slice_of(mac, len));
    assert_string_equal(buf_cstr(&hex), expected);
    assert_true(signature_is_hex(buf_view(&hex), slice_of(mac, len)));
    hex.data[3] ^= 1;
    assert_false(signature_is_hex(buf_view(&hex), slice_of(mac, len)));
    assert_false(signature_is_hex(slice_str("zz"), slice_of(mac, 1)));
    assert_false(signature_is_hex(slice_str(""), slice_of(mac, len)));
    buf_release(&hex);
}

/* RFC 2202 and RFC 4231, test case 2. */
static void macs_are_those_of_the_standards(void **state)
{
    (void)state;
    assert_hmac(SIGNATURE_SHA1, "Jefe", "what do ya want for nothing?",
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_hmac(SIGNATURE_SHA256, "Jefe", "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_hmac(SIGNATURE_SHA256, "", "abcdefg",
                "7a2b0111decac46a8be17a2320ec8165055bdd531bd659a3d2eb8da0ffbc18e3");
}

/* RFC 4648, section 10. */
static void base64_is_read_strictly(void **state)
{
    static const char *const good[][2] = {
        {"", ""},        {"Zg==", "f"},        {"Zm8=", "fo"},
        {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"Zm\r\n9v\nYmFy", "foobar"},
    };
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zg=a", "Z===", "====", "Zg==Zg==", "Zm9_", "Zm 9v"};
    struct buf out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(signature_base64_decode(slice_str(good[i][0]), &out));
        assert_slice_is(buf_view(&out), good[i][1]);
        buf_clear(&out);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        buf_clear(&out);
        assert_false(signature_base64_decode(slice_str(bad[i]), &out));
    }
    buf_release(&out);
    assert_true(signature_is_base64(slice_str("Zm8="), slice_str("fo")));
    assert_false(signature_is_base64(slice_str("Zm8="), slice_str("fq")));
    assert_false(signature_is_base64(slice_str("Zm9v"), slice_str("fo")));
}

/* ---- keys that are made here ---- */

static struct buf sign(EVP_PKEY *key, const EVP_MD *hash, const char *text)
{
    struct buf signature = {0};
    size_t len = 512;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, hash, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, buf_reserve(&signature, len), &len,
                                    (const uint8_t *)text, strlen(text)),
                     1);
    signature.len = len;
    EVP_MD_CTX_free(context);
    return signature;
}

static void a_public_key_checks_what_its_pair_signed(void **state)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    uint8_t *der = NULL;
    int der_len = i2d_PUBKEY(pair, &der);
    char text[256];
    struct signature_key *key = NULL;
    struct slice parts[] = {slice_str("1764428400"), slice_str("[{\"a\":1}]\r\n")};
    struct problem problem;
    (void)state;
    (void)EVP_EncodeBlock((unsigned char *)text, der, der_len);
    assert_int_equal(signature_key_read(&key, slice_str(text), &problem), ERR_OK);
    struct buf signature = sign(pair, EVP_sha256(), "1764428400[{\"a\":1}]\r\n");
    assert_true(signature_verify(key, SIGNATURE_SHA256, parts, 2, buf_view(&signature)));
    assert_false(signature_verify(key, SIGNATURE_SHA1, parts, 2, buf_view(&signature)));
    assert_false(signature_verify(key, SIGNATURE_SHA256, parts, 1, buf_view(&signature)));
    signature.data[signature.len - 1] ^= 1;
    assert_false(signature_verify(key, SIGNATURE_SHA256, parts, 2, buf_view(&signature)));
    assert_false(signature_verify(key, SIGNATURE_SHA256, parts, 2, slice_str("")));
    buf_release(&signature);
    signature_key_free(key);
    text[10] ^= 1;
    assert_int_equal(signature_key_read(&key, slice_str(text), &problem), ERR_INVALID);
    assert_null(key);
    assert_int_equal(signature_key_read(&key, slice_str(""), &problem), ERR_INVALID);
    OPENSSL_free(der);
    EVP_PKEY_free(pair);
}

static void a_key_may_be_pem_but_of_no_other_curve(void **state)
{
    static const char *const curves[] = {"P-256", "P-384"};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        EVP_PKEY *pair = EVP_EC_gen(curves[i]);
        BIO *bio = BIO_new(BIO_s_mem());
        char *pem;
        struct signature_key *key = NULL;
        struct problem problem;
        assert_int_equal(PEM_write_bio_PUBKEY(bio, pair), 1);
        long len = BIO_get_mem_data(bio, &pem);
        assert_int_equal(signature_key_read(&key, slice_of(pem, (size_t)len), &problem),
                         i == 0 ? ERR_OK : ERR_INVALID);
        signature_key_free(key);
        BIO_free(bio);
        EVP_PKEY_free(pair);
    }
}

/* ---- certificates ---- */

struct certificate {
    EVP_PKEY *pair;
    struct buf pem;
};

static struct certificate make_certificate(long from_s, long to_s)
{
    struct certificate made = {.pair = EVP_RSA_gen(2048)};
    X509 *x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
    (void)ASN1_TIME_set(X509_getm_notBefore(x509), NOW_S + from_s);
    (void)ASN1_TIME_set(X509_getm_notAfter(x509), NOW_S + to_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               (const unsigned char *)"sns.example", -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    X509_set_pubkey(x509, made.pair);
    assert_int_not_equal(X509_sign(x509, made.pair, EVP_sha256()), 0);
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    PEM_write_bio_X509(bio, x509);
    long len = BIO_get_mem_data(bio, &pem);
    buf_append(&made.pem, pem, (size_t)len);
    BIO_free(bio);
    X509_free(x509);
    return made;
}

static void release(struct certificate *certificate)
{
    EVP_PKEY_free(certificate->pair);
    buf_release(&certificate->pem);
}

static void a_certificate_must_be_of_the_day(void **state)
{
    static const struct {
        long from_s;
        long to_s;
        const char *words; /* NULL: it is good */
    } cases[] = {
        {-DAY_S, DAY_S, NULL},
        {DAY_S, 2 * DAY_S, "valid"},
        {-2 * DAY_S, -DAY_S, "valid"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct certificate made = make_certificate(cases[i].from_s, cases[i].to_s);
        struct signature_key *key = NULL;
        struct problem problem = {0};
        enum err err =
            signature_key_of_certificate(&key, buf_view(&made.pem), NOW_S * SECOND, &problem);
        assert_int_equal(err, cases[i].words == NULL ? ERR_OK : ERR_INVALID);
        if (err == ERR_OK) {
            struct buf signature = sign(made.pair, EVP_sha1(), "hello");
            struct slice part = slice_str("hello");
            assert_true(signature_verify(key, SIGNATURE_SHA1, &part, 1, buf_view(&signature)));
            assert_int_equal(signature_key_until_ms(key), (NOW_S + DAY_S) * SECOND);
            buf_release(&signature);
        } else {
            assert_non_null(strstr(problem.text, cases[i].words));
        }
        signature_key_free(key);
        release(&made);
    }
    struct signature_key *none = NULL;
    assert_int_equal(signature_key_of_certificate(&none, slice_str("no PEM"), NOW_S * SECOND, NULL),
                     ERR_INVALID);
    assert_null(none);
}

static void nobody_is_asked_for_a_passphrase(void **state)
{
    (void)state;
    static const char pem[] = "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                              "DEK-Info: AES-256-CBC,00000000000000000000000000000000\n\n"
                              "MAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n";
    static const char spki[] = "-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"
                               "DEK-Info: AES-256-CBC,00000000000000000000000000000000\n\n"
                               "MAAAAAAAAAAAAAAAAAAAAA==\n-----END PUBLIC KEY-----\n";
    struct signature_key *key;
    struct problem problem;
    char left[8] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "secret\n", 7), 7);
    (void)close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    (void)setsid(); /* without a terminal it would be read from there */
    assert_int_equal(signature_key_of_certificate(&key, slice_str(pem), NOW_S * SECOND, &problem),
                     ERR_INVALID);
    assert_int_equal(signature_key_read(&key, slice_str(spki), &problem), ERR_INVALID);
    assert_int_equal(read(STDIN_FILENO, left, sizeof(left)), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macs_are_those_of_the_standards),
        cmocka_unit_test(base64_is_read_strictly),
        cmocka_unit_test(a_public_key_checks_what_its_pair_signed),
        cmocka_unit_test(a_key_may_be_pem_but_of_no_other_curve),
        cmocka_unit_test(a_certificate_must_be_of_the_day),
        cmocka_unit_test(nobody_is_asked_for_a_passphrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
