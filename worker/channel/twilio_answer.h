/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twilio_answer: what Twilio says to a new message or call: 201 with its sid, or an error with a
 * code of its own, {"code": 21211, "message": "...", "status": 400}. The code says more than the
 * status, which decides where the code is not in the table; codes come and go there.
 *
 * A number in a region that the account has not enabled (21215, 21408) is rejected and no matter of
 * configuration: one foreign number would else keep everybody waiting.
 *
 * Sources: Twilio's "Error and Warning Dictionary", "Messages resource", "Calls resource".
 */
#ifndef TOCSIN_CHANNEL_TWILIO_ANSWER_H
#define TOCSIN_CHANNEL_TWILIO_ANSWER_H

#include "worker/channel/http_reading.h"
#include "worker/delivery.h"

/* The ref is the sid; valid until the reading is released. */
struct attempt_result twilio_answer_read(struct http_reading *reading);

#endif
