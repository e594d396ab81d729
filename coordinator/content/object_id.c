/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/object_id.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"

bool object_id_parse(struct slice text, enum object_kind kind, uint64_t *number)
{
    return text.len >= 2 && text.data[0] == (uint8_t)kind && text.data[1] != '0' &&
           text_number(slice_of(text.data + 1, text.len - 1), 1, OBJECT_ID_MAX, number);
}

void object_id_write(char text[OBJECT_ID_CHARS + 1], enum object_kind kind, uint64_t number)
{
    (void)snprintf(text, OBJECT_ID_CHARS + 1, "%c%" PRIu64, (char)kind, number);
}
