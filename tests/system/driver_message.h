/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver_message: the messages of channel_driver for adapters that take one message and many
 * recipients' values: subject, text and HTML of the attempts are templates then, over their
 * variables. Attempts with the same three texts have the same message.
 */
#ifndef TOCSIN_TESTS_SYSTEM_DRIVER_MESSAGE_H
#define TOCSIN_TESTS_SYSTEM_DRIVER_MESSAGE_H

#include <jansson.h>

#include "worker/delivery.h"

struct driver_messages;

struct driver_messages *driver_messages_new(void);
void driver_messages_free(struct driver_messages *messages);
/* Sets merge and values of the attempt, which is made of `given`; values are valid until the next
 * call. Ends the process if a template does not parse or a variable is missing. */
void driver_messages_put(struct driver_messages *messages, const json_t *given,
                         struct attempt *attempt);
/* Sets merge alone. */
const struct merge *driver_messages_merge(struct driver_messages *messages, const json_t *given);

#endif
