/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sendgrid_errors: what SendGrid finds wrong with a request that it refuses as a whole:
 * {"errors": [{"message": .., "field": "personalizations.3.to", "help": ..}]}. Pure.
 */
#ifndef TOCSIN_CHANNEL_SENDGRID_ERRORS_H
#define TOCSIN_CHANNEL_SENDGRID_ERRORS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

enum sendgrid_fault {
    SENDGRID_FAULT_UNKNOWN,    /* no field that says whose */
    SENDGRID_FAULT_RECIPIENTS, /* of some recipients */
    SENDGRID_FAULT_MESSAGE,    /* subject or content: the same for all of this message */
    SENDGRID_FAULT_SENDER      /* sender, or an option of the settings: the same for all */
};

/* What is wrong for most counts. `is_culprit` has `count` places, which are cleared and set for
 * the recipients that a field names. */
enum sendgrid_fault sendgrid_errors_read(struct slice body, uint32_t count, bool *is_culprit);

#endif
