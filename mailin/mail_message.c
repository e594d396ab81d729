/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_message.h"

#include <string.h>

#include "mailin/mail_decode.h"
#include "mailin/mail_header.h"

/* ---- boundaries ---- */

enum line_kind { LINE_OTHER, LINE_BOUNDARY, LINE_END };

/* "--boundary", "--boundary--", and blanks behind. */
static enum line_kind line_kind(struct slice line, struct slice boundary)
{
    if (line.len < boundary.len + 2 || memcmp(line.data, "--", 2) != 0 ||
        memcmp(line.data + 2, boundary.data, boundary.len) != 0) {
        return LINE_OTHER;
    }
    struct slice behind =
        mail_trim(slice_of(line.data + 2 + boundary.len, line.len - 2 - boundary.len));
    return behind.len == 0 ? LINE_BOUNDARY : slice_is(behind, "--") ? LINE_END : LINE_OTHER;
}

/* Up to the next boundary, without the end of the line before it. */
static struct slice take_part(struct slice *rest, struct slice boundary, enum line_kind *ended_by)
{
    const uint8_t *begin = rest->data;
    struct slice line;
    *ended_by = LINE_END;
    size_t len = rest->len;
    while (rest->len > 0) {
        const uint8_t *at = rest->data;
        (void)mail_line_next(rest, &line);
        enum line_kind kind = line_kind(line, boundary);
        if (kind != LINE_OTHER) {
            *ended_by = kind;
            len = (size_t)(at - begin);
            len -= len > 0 && begin[len - 1] == '\n';
            len -= len > 0 && begin[len - 1] == '\r';
            break;
        }
    }
    return slice_of(begin, len);
}

/* ---- parts ---- */

static void add_part(struct mail_message *message, struct slice bytes, unsigned depth,
                     struct arena *arena);

static void add_parts(struct mail_message *message, struct slice body, struct slice boundary,
                      unsigned depth, struct arena *arena)
{
    enum line_kind ended_by;
    (void)take_part(&body, boundary, &ended_by); /* the preamble */
    while (ended_by == LINE_BOUNDARY && message->count < MAIL_PARTS_MAX) {
        struct slice part = take_part(&body, boundary, &ended_by);
        add_part(message, part, depth, arena);
    }
}

static void add_part(struct mail_message *message, struct slice bytes, unsigned depth,
                     struct arena *arena)
{
    struct mail_part *part = &message->parts[message->count++];
    struct slice type;
    struct slice boundary;
    *part = (struct mail_part){.depth = depth, .type = slice_str("text/plain")};
    part->header = mail_header_split(bytes, &part->body);
    if (mail_header_find(part->header, "Content-Type", arena, &type)) {
        part->type = mail_value_word(type, arena);
    }
    if (depth < MAIL_DEPTH_MAX && mail_begins(part->type, "multipart/") &&
        mail_value_parameter(type, "boundary", arena, &boundary) && boundary.len > 0) {
        add_parts(message, part->body, boundary, depth + 1, arena);
    }
}

void mail_message_read(struct mail_message *message, struct slice bytes, struct arena *arena)
{
    message->count = 0;
    bytes.len = bytes.len < MAIL_MAX_BYTES ? bytes.len : MAIL_MAX_BYTES;
    add_part(message, bytes, 0, arena);
}

static bool is_attachment(const struct mail_part *part, struct arena *arena)
{
    struct slice value;
    return mail_header_find(part->header, "Content-Disposition", arena, &value) &&
           slice_is(mail_value_word(value, arena), "attachment");
}

const struct mail_part *mail_message_part(const struct mail_message *message, const char *type,
                                          struct arena *arena)
{
    for (unsigned i = 0; i < message->count; i++) {
        const struct mail_part *part = &message->parts[i];
        if (slice_is(part->type, type) && !is_attachment(part, arena)) {
            return part;
        }
    }
    return NULL;
}

struct slice mail_part_bytes(const struct mail_part *part, struct arena *arena)
{
    struct slice encoding;
    struct buf bytes = {0};
    (void)mail_header_find(part->header, "Content-Transfer-Encoding", arena, &encoding);
    mail_decode_transfer(&bytes, part->body, encoding);
    struct slice copy = slice_of(arena_copy(arena, bytes.data, bytes.len), bytes.len);
    buf_release(&bytes);
    return copy;
}

struct slice mail_part_text(const struct mail_part *part, struct arena *arena)
{
    struct slice type;
    struct slice charset = slice_str("");
    struct buf text = {0};
    if (mail_header_find(part->header, "Content-Type", arena, &type)) {
        (void)mail_value_parameter(type, "charset", arena, &charset);
    }
    mail_decode_charset(&text, mail_part_bytes(part, arena), charset);
    struct slice copy = slice_of(arena_copy(arena, text.data, text.len), text.len);
    buf_release(&text);
    return copy;
}
