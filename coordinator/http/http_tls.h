/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_tls: the certificate of a listener, and what has to be said over an encrypted connection by
 * hand. The only user of gnutls.h, and nothing of it shows. A part of http_server; loop's thread.
 *
 * Certificate and key are read from files (the key by a reference, common/secret.h) and can be read
 * anew while the server runs: connections that are open go on with the certificate they began with.
 */
#ifndef TOCSIN_HTTP_HTTP_TLS_H
#define TOCSIN_HTTP_HTTP_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

enum http_tls_version { HTTP_TLS_1_2, HTTP_TLS_1_3 };

/* Borrowed by whoever opens. */
struct http_tls_settings {
    const char *certificate; /* a file: the server's, then those that signed it, in PEM */
    const char *key;         /* file:/path or env:NAME, in PEM */
    enum http_tls_version version_min;
    const char *setting; /* "listen.tls", for problems */
};

struct http_tls;
struct http_tls_certificate;

/* Reads both. ERR_INVALID, ERR_NOT_FOUND, ERR_IO: the problem names the setting and the file, and
 * says what would be right. */
enum err http_tls_open(struct http_tls **out, const struct http_tls_settings *settings,
                       struct problem *problem) WARN_UNUSED;
void http_tls_close(struct http_tls *tls); /* after its last connection; NULL is fine */

/* For the library that speaks TLS: the texts that it starts with, in PEM, and the versions and
 * ciphers that are allowed (a priority string of GnuTLS). Valid until http_tls_close. */
const char *http_tls_certificate_pem(struct http_tls *tls);
const char *http_tls_key_pem(struct http_tls *tls);
const char *http_tls_priorities(const struct http_tls *tls);

/* Reads both anew; new connections have the new certificate. On an error everything stays as it
 * was. */
enum err http_tls_reload(struct http_tls *tls, struct problem *problem) WARN_UNUSED;
/* Unix time in ms after which clients refuse the certificate; 0: unknown. */
uint64_t http_tls_expires_ms(const struct http_tls *tls);

/* What clients look at, of the certificate that it was opened with. */
struct http_tls_facts {
    uint64_t begins_ms;         /* unix time; 0: unknown, or so long ago. Likewise: */
    uint64_t expires_ms;        /* of the server's own */
    uint64_t signers_expire_ms; /* of those that signed it and are in the file, the first that ends;
                                   0: there are none, or only one that signed itself */
    struct buf names;           /* subjectAltName: hosts and addresses, a zero behind each; only
                                   what is printable ASCII */
    bool is_for_host;           /* of the question; true if there is none */
};
/* host: a name or an address, without brackets, that clients will look for; NULL: none. The caller
 * releases names. */
void http_tls_facts_read(const struct http_tls *tls, const char *host,
                         struct http_tls_facts *facts);

/* ---- connections; session: of gnutls, as the library has it ---- */

/* A new one, before its handshake: it has the newest certificate, until http_tls_end. */
struct http_tls_certificate *http_tls_begin(struct http_tls *tls, void *session);
void http_tls_end(struct http_tls_certificate *certificate);
/* Certificates that are not the newest and have no connection any more are freed. Not while the
 * library runs: it may look at one just after the connection's end was told. */
void http_tls_sweep(struct http_tls *tls);
/* The handshake is done, and something has come since: of a connection that has not spoken yet, a
 * part of a head. */
bool http_tls_has_received(void *session);
/* Of what is not encrypted yet, as much as goes at once, and word that nothing follows. Only when
 * the handshake is done: something of a request has come. */
void http_tls_send_last(void *session, struct slice bytes);

#endif
