/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd takes one certificate at its start. What a connection presents is another matter:
 * its session can be given credentials of our own before the handshake, and so a new certificate
 * needs no new server, and open connections keep what they have. Credentials must outlive their
 * sessions: they are counted, and freed between two runs of the library.
 */
#include "coordinator/http/http_tls.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/secret.h"

#define CERTIFICATES_MAX_BYTES ((size_t)256 * 1024)
#define CHAIN_MAX              16
/* Besides versions: forward secrecy, so that a key that is lost one day opens nothing that was
 * recorded before, and ciphers that authenticate what they encrypt. (BCP 195, RFC 9325) */
#define CIPHERS                                                                                    \
    ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305"    \
    ":-MAC-ALL:+AEAD:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:%SERVER_PRECEDENCE"
#define NAMES_MAX  100
#define NAME_BYTES 256

struct http_tls_certificate {
    struct http_tls *tls;
    struct http_tls_certificate *next; /* older */
    gnutls_certificate_credentials_t credentials;
    uint64_t expires_ms;
    unsigned connections;
};

struct http_tls {
    char *certificate_file;
    char *key_reference;
    char *setting;
    enum http_tls_version version_min;
    struct buf certificate_pem; /* those that it was opened with */
    struct buf key_pem;
    struct http_tls_certificate *certificates; /* the newest comes first */
};

static gnutls_datum_t datum(const struct buf *text)
{
    return (gnutls_datum_t){.data = text->data, .size = (unsigned)text->len};
}

static enum err refuse(const struct http_tls *tls, const char *member, enum err err,
                       const char *what, struct problem *problem)
{
    return problem_set(problem, err, "%s.%s: %s", tls->setting, member, what);
}

/* ---- reading ---- */

static enum err read_texts(const struct http_tls *tls, struct buf *certificate, struct buf *key,
                           struct problem *problem)
{
    struct problem cause = {0};
    enum err err = file_read(certificate, tls->certificate_file, CERTIFICATES_MAX_BYTES, &cause);
    if (err != ERR_OK) {
        return refuse(tls, "certificate", err, cause.text, problem);
    }
    err = secret_resolve(tls->key_reference, key, &cause);
    return err == ERR_OK ? ERR_OK : refuse(tls, "key", err, cause.text, problem);
}

static uint64_t unix_ms(time_t seconds)
{
    return seconds <= 0 ? 0 : (uint64_t)seconds * 1000;
}

/* The server's own is the first. */
static enum err read_expiry(const struct http_tls *tls, const struct buf *text, uint64_t *at_ms,
                            struct problem *problem)
{
    gnutls_x509_crt_t chain[CHAIN_MAX];
    unsigned count = CHAIN_MAX;
    gnutls_datum_t pem = datum(text);
    int code = gnutls_x509_crt_list_import(chain, &count, &pem, GNUTLS_X509_FMT_PEM,
                                           GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (code <= 0) {
        char what[200];
        (void)snprintf(what, sizeof(what), "%.100s has no certificate in PEM: %s",
                       tls->certificate_file,
                       code == 0 ? "there is none in it" : gnutls_strerror(code));
        return refuse(tls, "certificate", ERR_INVALID, what, problem);
    }
    *at_ms = unix_ms(gnutls_x509_crt_get_expiration_time(chain[0]));
    for (unsigned i = 0; i < count; i++) {
        gnutls_x509_crt_deinit(chain[i]);
    }
    return ERR_OK;
}

static void certificate_free(struct http_tls_certificate *certificate)
{
    if (certificate->credentials != NULL) {
        gnutls_certificate_free_credentials(certificate->credentials);
    }
    mem_free(certificate);
}

static enum err set_pair(struct http_tls_certificate *made, const struct buf *pem,
                         const struct buf *key, struct problem *problem)
{
    gnutls_datum_t certificate = datum(pem);
    gnutls_datum_t secret = datum(key);
    int code = gnutls_certificate_allocate_credentials(&made->credentials);
    if (code == GNUTLS_E_SUCCESS) {
        code = gnutls_certificate_set_x509_key_mem(made->credentials, &certificate, &secret,
                                                   GNUTLS_X509_FMT_PEM);
    }
    if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) {
        return refuse(made->tls, "key", ERR_INVALID, "the key is not that of the certificate",
                      problem);
    }
    if (code < 0) {
        char what[200];
        (void)snprintf(what, sizeof(what),
                       "certificate or key cannot be used, both are to be in PEM and the key not "
                       "encrypted: %s",
                       gnutls_strerror(code));
        return refuse(made->tls, "key", ERR_INVALID, what, problem);
    }
    return ERR_OK;
}

/* The certificates are read alone first: of those that are cut off, as in a file that is being
 * written, GnuTLS (3.7.9) does not free all when they are read with a key. */
static enum err make_certificate(struct http_tls *tls, const struct buf *pem, const struct buf *key,
                                 struct http_tls_certificate **out, struct problem *problem)
{
    struct http_tls_certificate *made = mem_zalloc(1, sizeof(*made));
    made->tls = tls;
    enum err err = read_expiry(tls, pem, &made->expires_ms, problem);
    if (err == ERR_OK) {
        err = set_pair(made, pem, key, problem);
    }
    if (err != ERR_OK) {
        certificate_free(made);
        return err;
    }
    *out = made;
    return ERR_OK;
}

static enum err load(struct http_tls *tls, struct buf *certificate, struct buf *key,
                     struct problem *problem)
{
    struct http_tls_certificate *made = NULL;
    enum err err = read_texts(tls, certificate, key, problem);
    if (err == ERR_OK) {
        err = make_certificate(tls, certificate, key, &made, problem);
    }
    if (err == ERR_OK) {
        made->next = tls->certificates;
        tls->certificates = made;
    }
    return err;
}

/* ---- life ---- */

enum err http_tls_open(struct http_tls **out, const struct http_tls_settings *settings,
                       struct problem *problem)
{
    struct http_tls *tls = mem_zalloc(1, sizeof(*tls));
    tls->certificate_file = mem_copy_str(settings->certificate);
    tls->key_reference = mem_copy_str(settings->key);
    tls->setting = mem_copy_str(settings->setting);
    tls->version_min = settings->version_min;
    *out = NULL;
    enum err err = load(tls, &tls->certificate_pem, &tls->key_pem, problem);
    if (err != ERR_OK) {
        http_tls_close(tls);
        return err;
    }
    *out = tls;
    return ERR_OK;
}

void http_tls_close(struct http_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    while (tls->certificates != NULL) {
        struct http_tls_certificate *newest = tls->certificates;
        tls->certificates = newest->next;
        certificate_free(newest);
    }
    buf_release(&tls->certificate_pem);
    secret_release(&tls->key_pem);
    mem_free(tls->certificate_file);
    mem_free(tls->key_reference);
    mem_free(tls->setting);
    mem_free(tls);
}

enum err http_tls_reload(struct http_tls *tls, struct problem *problem)
{
    struct buf certificate = {0};
    struct buf key = {0};
    enum err err = load(tls, &certificate, &key, problem);
    buf_release(&certificate);
    secret_release(&key);
    return err;
}

const char *http_tls_certificate_pem(struct http_tls *tls)
{
    return buf_cstr(&tls->certificate_pem);
}

const char *http_tls_key_pem(struct http_tls *tls)
{
    return buf_cstr(&tls->key_pem);
}

const char *http_tls_priorities(const struct http_tls *tls)
{
    return tls->version_min == HTTP_TLS_1_3 ? "NORMAL:-VERS-ALL:+VERS-TLS1.3" CIPHERS
                                            : "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" CIPHERS;
}

uint64_t http_tls_expires_ms(const struct http_tls *tls)
{
    return tls->certificates->expires_ms;
}

/* ---- what is in it ---- */

static void put_name(struct buf *names, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        if (name[i] <= ' ' || name[i] > '~') {
            return;
        }
    }
    buf_append(names, name, len + (len > 0));
}

static void read_names(gnutls_x509_crt_t certificate, struct buf *names)
{
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        char name[NAME_BYTES] = "";
        char address[INET6_ADDRSTRLEN] = "";
        size_t size = sizeof(name) - 1;
        int kind = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);
        if (kind == GNUTLS_SAN_DNSNAME) {
            name[size] = '\0';
            put_name(names, name);
        } else if (kind == GNUTLS_SAN_IPADDRESS && (size == 4 || size == 16)) {
            (void)inet_ntop(size == 4 ? AF_INET : AF_INET6, name, address, sizeof(address));
            put_name(names, address);
        } else if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
            return;
        }
    }
}

void http_tls_facts_read(const struct http_tls *tls, const char *host, struct http_tls_facts *facts)
{
    gnutls_x509_crt_t chain[CHAIN_MAX];
    unsigned count = CHAIN_MAX;
    gnutls_datum_t pem = datum(&tls->certificate_pem);
    *facts = (struct http_tls_facts){.is_for_host = true};
    /* It could be read when it was opened. */
    if (gnutls_x509_crt_list_import(chain, &count, &pem, GNUTLS_X509_FMT_PEM, 0) <= 0) {
        return;
    }
    facts->begins_ms = unix_ms(gnutls_x509_crt_get_activation_time(chain[0]));
    facts->expires_ms = unix_ms(gnutls_x509_crt_get_expiration_time(chain[0]));
    facts->is_for_host = host == NULL || gnutls_x509_crt_check_hostname(chain[0], host) != 0;
    read_names(chain[0], &facts->names);
    for (unsigned i = 0; i < count; i++) {
        uint64_t until_ms = unix_ms(gnutls_x509_crt_get_expiration_time(chain[i]));
        /* Clients have the one that signed itself, and do not look at ours. */
        bool is_root = gnutls_x509_crt_check_issuer(chain[i], chain[i]) != 0;
        if (i > 0 && !is_root &&
            (facts->signers_expire_ms == 0 || until_ms < facts->signers_expire_ms)) {
            facts->signers_expire_ms = until_ms;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        gnutls_x509_crt_deinit(chain[i]);
    }
}

/* ---- connections ---- */

struct http_tls_certificate *http_tls_begin(struct http_tls *tls, void *session)
{
    struct http_tls_certificate *newest = tls->certificates;
    (void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, newest->credentials);
    newest->connections++;
    return newest;
}

void http_tls_end(struct http_tls_certificate *certificate)
{
    certificate->connections--;
}

void http_tls_sweep(struct http_tls *tls)
{
    struct http_tls_certificate **at = &tls->certificates->next;
    while (*at != NULL) {
        struct http_tls_certificate *old = *at;
        if (old->connections == 0) {
            *at = old->next;
            certificate_free(old);
        } else {
            at = &old->next;
        }
    }
}

/* The library that speaks TLS tells nothing of a handshake. GnuTLS has a channel binding (RFC 5929)
 * only once it is done, and counts the records that came under the present keys: with TLS 1.3 those
 * of data alone, with TLS 1.2 the handshake's last message too. */
bool http_tls_has_received(void *session)
{
    uint8_t number[8] = {0};
    gnutls_datum_t binding = {0};
    if (gnutls_session_channel_binding(session, GNUTLS_CB_TLS_SERVER_END_POINT, &binding) < 0) {
        return false;
    }
    gnutls_free(binding.data);
    bool is_handshake_counted = gnutls_protocol_get_version(session) != GNUTLS_TLS1_3;
    uint64_t records = 0;
    if (gnutls_record_get_state(session, 1, NULL, NULL, NULL, number) < 0) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(number); i++) {
        records = records << 8 | number[i];
    }
    return records > is_handshake_counted;
}

void http_tls_send_last(void *session, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = gnutls_record_send(session, bytes.data, bytes.len);
        if (sent <= 0) {
            return; /* a client that does not take it at once is lost anyway */
        }
        bytes = slice_of(bytes.data + sent, bytes.len - (size_t)sent);
    }
    (void)gnutls_bye(session, GNUTLS_SHUT_WR);
}
