/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sns_message: a message that Amazon SNS posts to an HTTP endpoint, and how it is signed.
 *
 * Signed are the members of the type, sorted by name, each as "name\nvalue\n": of a notification
 * Message, MessageId, Subject (if there is one), Timestamp, TopicArn and Type; of the two
 * confirmations Message, MessageId, SubscribeURL, Timestamp, Token, TopicArn and Type.
 * SignatureVersion 1 is RSA with SHA-1, 2 with SHA-256.
 *
 * Source: Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages" and
 * "Parsing message formats".
 */
#ifndef TOCSIN_INBOUND_SNS_MESSAGE_H
#define TOCSIN_INBOUND_SNS_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/slice.h"
#include "coordinator/inbound/signature.h"

enum sns_type { SNS_NOTIFICATION, SNS_SUBSCRIBED, SNS_UNSUBSCRIBED };

struct sns_message {
    enum sns_type type;
    struct slice message;
    struct slice topic;
    struct slice certificate_url;
    struct slice subscribe_url; /* of a confirmation */
    struct slice signature;     /* base64 */
    enum signature_hash hash;
    uint64_t at_ms;
    struct slice to_sign;
};

/* All in the arena. ERR_INVALID: a member is missing or makes no sense; the problem says which. */
enum err sns_message_read(struct sns_message *message, const json_t *json, struct arena *arena,
                          struct problem *problem) WARN_UNUSED;
bool sns_message_is_signed(const struct sns_message *message, const struct signature_key *key);

/* Is it https at a host of SNS, "sns.<region>.amazonaws.com" (or ".com.cn"), with no port and no
 * user? With a prefix: does it begin with that? */
bool sns_url_is_trusted(struct slice url, const char *prefix);
/* The same of a certificate, whose path is SNS's, too. */
bool sns_certificate_url_is_trusted(struct slice url, const char *prefix);

#endif
