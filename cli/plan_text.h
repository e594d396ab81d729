/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_text: a plan as people write it on a command line, and read it in a view:
 *     push 5m > sms 15m > voice
 * Steps stand between `>`. One that has a time lasts until it is acknowledged or the time is over;
 * one that has none, until a provider has accepted the message. Behind the time may stand how often
 * the step's message is sent, each time after the same wait: `sms 15m x3`. Two channels joined by
 * `+` are two steps that start together, with the same time: `push+sms 5m > voice`.
 */
#ifndef TOCSIN_CLI_PLAN_TEXT_H
#define TOCSIN_CLI_PLAN_TEXT_H

#include <jansson.h>

#include "common/buf.h"
#include "common/err.h"

#define PLAN_TEXT_STEPS_MAX 8
#define PLAN_TEXT_TIMES_MAX 16 /* of one step */

/* NULL-terminated list of the channels there are, as the API calls them. */
const char *const *plan_text_channels(void);
bool plan_text_is_channel(struct slice word);
/* To the API's steps: *steps is the caller's. ERR_INVALID names the step, the word, and what would
 * be right. */
enum err plan_text_read(json_t **steps, const char *text, struct problem *problem) WARN_UNUSED;
/* From the API's steps. What there is no word for (attempts, providers) is not told. Safe for a
 * terminal. */
void plan_text_write(struct buf *buf, const json_t *steps);

#endif
