/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/twiml.h"

#include <inttypes.h>

static const char *entity_of(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

static void put_escaped(struct buf *buf, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        const char *entity = entity_of(c);
        bool is_blank = c == '\t' || c == '\n' || c == '\r';
        if (entity != NULL) {
            buf_str(buf, entity);
        } else if (is_blank) {
            buf_u8(buf, ' ');
        } else if (c >= ' ' && c != 0x7f) {
            buf_u8(buf, c);
        }
    }
}

static void put_attribute(struct buf *buf, const char *name, struct slice value)
{
    buf_printf(buf, " %s=\"", name);
    put_escaped(buf, value);
    buf_u8(buf, '"');
}

static void put_say(struct buf *buf, const struct twiml_speech *speech)
{
    buf_str(buf, "<Say");
    put_attribute(buf, "language", slice_str(speech->language));
    if (speech->voice != NULL) {
        put_attribute(buf, "voice", slice_str(speech->voice));
    }
    if (speech->loop > 1) {
        buf_printf(buf, " loop=\"%" PRIu32 "\"", speech->loop);
    }
    buf_u8(buf, '>');
    put_escaped(buf, speech->text);
    if (speech->prompt.len > 0) {
        buf_u8(buf, ' ');
        put_escaped(buf, speech->prompt);
    }
    buf_str(buf, "</Say>");
}

void twiml_write(const struct twiml_speech *speech, struct buf *buf)
{
    bool has_gather = speech->action.len > 0;
    buf_str(buf, "<Response>");
    if (has_gather) {
        buf_printf(buf, "<Gather input=\"dtmf\" numDigits=\"1\" timeout=\"%" PRIu32 "\"",
                   speech->wait_s);
        put_attribute(buf, "action", speech->action);
        buf_u8(buf, '>');
    }
    put_say(buf, speech);
    buf_str(buf, has_gather ? "</Gather></Response>" : "</Response>");
}

size_t twiml_characters(struct slice twiml)
{
    size_t count = 0;
    for (size_t i = 0; i < twiml.len; i++) {
        count += (twiml.data[i] & 0xc0) != 0x80;
    }
    return count;
}
