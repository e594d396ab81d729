/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/whatsapp_text.h"

#include <string.h>

void whatsapp_text_flatten(struct buf *body)
{
    size_t to = 0;
    unsigned blanks = 0;
    for (size_t at = 0; at < body->len; at++) {
        uint8_t byte = body->data[at];
        bool is_escape = byte == '\\' && at + 1 < body->len;
        uint8_t letter = is_escape ? body->data[at + 1] : 0;
        bool is_blank = byte == ' ' || (is_escape && memchr("nrtbf", letter, 5) != NULL);
        blanks = is_blank ? blanks + 1 : 0;
        if (!is_blank) {
            body->data[to++] = byte;
        } else if (blanks <= WHATSAPP_BLANKS_MAX) {
            body->data[to++] = ' ';
        }
        if (is_escape && !is_blank) {
            body->data[to++] = letter;
        }
        at += is_escape;
    }
    body->len = to;
}
