/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlebars reads `{{` and, before it, backslashes. A brace is written as a value where another
 * brace, written or of a mustache, would touch it; a backslash where a brace would follow it.
 * Lone braces, as style sheets are full of, stay.
 */
#include "worker/channel/ses_template.h"

#include "common/text.h"

/* What a byte of a literal is written as; NULL: as itself. `begins`, `ends`: a mustache, or what
 * may become one, touches it there. */
static const char *mustache_of(struct slice literal, size_t at, bool begins, unsigned *used)
{
    uint8_t byte = literal.data[at];
    bool is_last = at + 1 == literal.len;
    bool before_brace = is_last || literal.data[at + 1] == '{';
    bool after_brace = at > 0 && literal.data[at - 1] == '{';
    if (byte == '{' && (before_brace || after_brace)) {
        *used |= SES_USED_OPEN;
        return "{{{o}}}";
    }
    if (byte == '}' && begins) {
        *used |= SES_USED_CLOSE;
        return "{{{c}}}";
    }
    if (byte == '\\' && before_brace) {
        *used |= SES_USED_BACKSLASH;
        return "{{{b}}}";
    }
    return NULL;
}

static unsigned write_literal(struct buf *buf, struct slice literal)
{
    unsigned used = 0;
    bool begins = true; /* behind a mustache */
    for (size_t at = 0; at < literal.len; at++) {
        const char *mustache = mustache_of(literal, at, begins, &used);
        if (mustache != NULL) {
            buf_str(buf, mustache);
        } else {
            buf_u8(buf, literal.data[at]);
        }
        begins = mustache != NULL;
    }
    return used;
}

unsigned ses_template_write(struct buf *buf, const struct merge_part *part)
{
    unsigned used = 0;
    for (size_t i = 0; i < part->count; i++) {
        used |= write_literal(buf, part->pieces[i].literal);
        if (part->pieces[i].slot != MERGE_NO_SLOT) {
            buf_printf(buf, "{{{v%u}}}", (unsigned)part->pieces[i].slot);
        }
    }
    return used;
}

void ses_template_data(struct buf *buf, const struct slice *values, uint32_t count, unsigned used)
{
    const char *comma = "";
    buf_str(buf, "{");
    for (uint32_t i = 0; i < count; i++) {
        buf_printf(buf, "%s\"v%u\":\"", comma, (unsigned)i);
        text_json_escape(buf, values[i]);
        buf_str(buf, "\"");
        comma = ",";
    }
    static const struct {
        enum ses_used used;
        const char *member;
    } own[] = {{SES_USED_OPEN, "\"o\":\"{\""},
               {SES_USED_CLOSE, "\"c\":\"}\""},
               {SES_USED_BACKSLASH, "\"b\":\"\\\\\""}};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if ((used & own[i].used) != 0) {
            buf_str(buf, comma);
            buf_str(buf, own[i].member);
            comma = ",";
        }
    }
    buf_str(buf, "}");
}

void ses_template_fill(struct buf *buf, const struct merge_part *part, const struct slice *values)
{
    for (size_t i = 0; i < part->count; i++) {
        buf_slice(buf, part->pieces[i].literal);
        if (part->pieces[i].slot != MERGE_NO_SLOT) {
            buf_slice(buf, values[part->pieces[i].slot]);
        }
    }
}
