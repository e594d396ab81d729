/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whatsapp_answer: what the Cloud API's answer to a message means. Of a refusal the code in the
 * body decides, and not the status (Meta's advice). What a code means for others differs: 131056 is
 * one recipient who gets too much, 130429 the whole number. Source: Meta's list of error codes.
 */
#ifndef TOCSIN_CHANNEL_WHATSAPP_ANSWER_H
#define TOCSIN_CHANNEL_WHATSAPP_ANSWER_H

#include "worker/channel/json_post.h"

/* A json_post_judge_fn. The ref is the wamid, in the reading. */
void whatsapp_answer_judge(struct http_reading *reading, struct attempt_result *result,
                           struct buf *scratch);

#endif
