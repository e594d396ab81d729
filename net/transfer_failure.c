/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "net/transfer.h"

struct failure_row {
    CURLcode result;
    struct transfer_failure before; /* nothing of the request has left */
    struct transfer_failure after;
};

#define BOTH(outcome, reason)                                                                      \
    {OUTCOME_##outcome, REASON_##reason},                                                          \
    {                                                                                              \
        OUTCOME_##outcome, REASON_##reason                                                         \
    }

/* A broken handshake counts as a wrong certificate: the provider's breaker tries again later, and
 * nobody is failed for it. What is missing here is a lost connection. */
static const struct failure_row failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, BOTH(DEFERRED, RESOLVE_FAILED)},
    {CURLE_COULDNT_RESOLVE_PROXY, BOTH(DEFERRED, RESOLVE_FAILED)},
    {CURLE_COULDNT_CONNECT, BOTH(DEFERRED, CONNECT_FAILED)},
    {CURLE_PROXY, BOTH(DEFERRED, CONNECT_FAILED)},
    {CURLE_OPERATION_TIMEDOUT,
     {OUTCOME_DEFERRED, REASON_TIMED_OUT_BEFORE},
     {OUTCOME_UNCERTAIN, REASON_TIMED_OUT_AFTER}},
    {CURLE_SSL_CONNECT_ERROR, BOTH(MISCONFIGURED, TLS_FAILED)},
    {CURLE_PEER_FAILED_VERIFICATION, BOTH(MISCONFIGURED, TLS_FAILED)},
    {CURLE_SSL_ENGINE_NOTFOUND, BOTH(MISCONFIGURED, TLS_FAILED)},
    {CURLE_SSL_CERTPROBLEM, BOTH(MISCONFIGURED, TLS_FAILED)},
    {CURLE_SSL_CIPHER, BOTH(MISCONFIGURED, TLS_FAILED)},
    {CURLE_SSL_CACERT_BADFILE, BOTH(MISCONFIGURED, TLS_FAILED)},
    {CURLE_SSL_ISSUER_ERROR, BOTH(MISCONFIGURED, TLS_FAILED)},
    {CURLE_USE_SSL_FAILED, BOTH(MISCONFIGURED, TLS_FAILED)},
    {CURLE_LOGIN_DENIED, BOTH(MISCONFIGURED, AUTHENTICATION_FAILED)},
    {CURLE_URL_MALFORMAT, BOTH(REJECTED, NO_ENDPOINT)},
    {CURLE_UNSUPPORTED_PROTOCOL, /* also an answer that is no HTTP */
     {OUTCOME_REJECTED, REASON_NO_ENDPOINT},
     {OUTCOME_UNCERTAIN, REASON_ANSWER_MALFORMED}},
    {CURLE_WEIRD_SERVER_REPLY,
     {OUTCOME_DEFERRED, REASON_ANSWER_MALFORMED},
     {OUTCOME_UNCERTAIN, REASON_ANSWER_MALFORMED}},
    {CURLE_WRITE_ERROR, /* the answer was longer than we read */
     {OUTCOME_DEFERRED, REASON_ANSWER_MALFORMED},
     {OUTCOME_UNCERTAIN, REASON_ANSWER_MALFORMED}},
};

struct transfer_failure transfer_failure_of(CURLcode result, bool sent)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (failures[i].result == result) {
            return sent ? failures[i].after : failures[i].before;
        }
    }
    return sent ? (struct transfer_failure){OUTCOME_UNCERTAIN, REASON_CONNECTION_LOST}
                : (struct transfer_failure){OUTCOME_DEFERRED, REASON_CONNECT_FAILED};
}
