/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apns_answer: what Apple's push service means by status and reason ("Handling notification
 * responses from APNs"). Pure.
 */
#ifndef TOCSIN_CHANNEL_APNS_ANSWER_H
#define TOCSIN_CHANNEL_APNS_ANSWER_H

#include "net/http_client.h"
#include "worker/delivery.h"

/* All but the ref. Reads the body only where there is all of it. */
void apns_answer_judge(const struct http_answer *answer, struct attempt_result *result);
/* Has the service taken the token as valid? Then the connection may have more requests at once. */
bool apns_answer_shows_valid_token(const struct http_answer *answer,
                                   const struct attempt_result *result);

#endif
