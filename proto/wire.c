/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire.h"

#include <assert.h>

const char *wire_type_name(enum wire_type type)
{
    static const char *const names[WIRE_TYPES] = {
        [WIRE_HELLO] = "HELLO",
        [WIRE_WELCOME] = "WELCOME",
        [WIRE_REFUSED] = "REFUSED",
        [WIRE_CREDIT] = "CREDIT",
        [WIRE_CONTENT_REQUEST] = "CONTENT_REQUEST",
        [WIRE_CONTENT] = "CONTENT",
        [WIRE_BATCH] = "BATCH",
        [WIRE_OUTCOMES] = "OUTCOMES",
        [WIRE_OUTCOMES_DURABLE] = "OUTCOMES_DURABLE",
        [WIRE_CANCEL] = "CANCEL",
        [WIRE_DRAIN] = "DRAIN",
        [WIRE_HEARTBEAT] = "HEARTBEAT",
        [WIRE_BYE] = "BYE",
        [WIRE_RECALL] = "RECALL",
        [WIRE_BEARER] = "BEARER",
    };
    assert((unsigned)type < WIRE_TYPES);
    return names[type];
}
