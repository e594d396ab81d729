/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slack_answer: what Slack's answer to chat.postMessage means. A failure has status 200 and
 * {"ok": false, "error": "..."}, so the error's name decides. Source: the method's documentation
 * and the list of errors that all methods have in common.
 */
#ifndef TOCSIN_CHANNEL_SLACK_ANSWER_H
#define TOCSIN_CHANNEL_SLACK_ANSWER_H

#include "worker/channel/json_post.h"

/* A json_post_judge_fn. The ref is "channel:ts", in scratch. */
void slack_answer_judge(struct http_reading *reading, struct attempt_result *result,
                        struct buf *scratch);

#endif
