/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fcm_answer: what Firebase Cloud Messaging means by status and error code ("ErrorCode" in the
 * reference of its API). Pure.
 */
#ifndef TOCSIN_CHANNEL_FCM_ANSWER_H
#define TOCSIN_CHANNEL_FCM_ANSWER_H

#include "worker/channel/http_rules.h"
#include "worker/delivery.h"

/* The ref is valid as long as the reading. rules: the default ones. */
void fcm_answer_judge(const struct http_rules *rules, struct http_reading *reading,
                      struct attempt_result *result);

#endif
