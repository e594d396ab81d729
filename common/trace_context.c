/* SPDX-License-Identifier: Apache-2.0 */
#include "common/trace_context.h"

#include <string.h>

#include "common/buf.h"
#include "common/hash.h"

#define FLAG_SAMPLED    0x01u
#define AT_TRACE_ID     3
#define AT_PARENT_ID    (AT_TRACE_ID + 2 * TRACE_ID_BYTES + 1)
#define AT_FLAGS        (AT_PARENT_ID + 2 * TRACE_PARENT_BYTES + 1)
#define VERSION_INVALID 0xff

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const uint8_t *text, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int high = digit_of(text[2 * i]);
        int low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static bool is_sound(const struct trace_context *context)
{
    return !is_zero(context->trace_id, TRACE_ID_BYTES) &&
           !is_zero(context->parent_id, TRACE_PARENT_BYTES);
}

/* What may follow in a later version begins with a dash. */
static bool has_form(struct slice text, uint8_t version)
{
    return text.data[AT_TRACE_ID - 1] == '-' && text.data[AT_PARENT_ID - 1] == '-' &&
           text.data[AT_FLAGS - 1] == '-' && version != VERSION_INVALID &&
           (text.len == TRACE_CONTEXT_CHARS ||
            (version > 0 && text.data[TRACE_CONTEXT_CHARS] == '-'));
}

bool trace_context_parse(struct slice text, struct trace_context *context)
{
    struct trace_context read = {0};
    uint8_t version = 0;
    uint8_t flags = 0;
    *context = (struct trace_context){0};
    if (text.len < TRACE_CONTEXT_CHARS || !read_hex(text.data, &version, 1) ||
        !has_form(text, version) ||
        !read_hex(text.data + AT_TRACE_ID, read.trace_id, TRACE_ID_BYTES) ||
        !read_hex(text.data + AT_PARENT_ID, read.parent_id, TRACE_PARENT_BYTES) ||
        !read_hex(text.data + AT_FLAGS, &flags, 1) || !is_sound(&read)) {
        return false;
    }
    read.is_sampled = (flags & FLAG_SAMPLED) != 0;
    *context = read;
    return true;
}

static char *write_hex(char *at, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 0xf];
    }
    return at;
}

void trace_context_write(const struct trace_context *context, char text[TRACE_CONTEXT_CHARS + 1])
{
    const uint8_t version = 0;
    const uint8_t flags = context->is_sampled ? FLAG_SAMPLED : 0;
    char *at = write_hex(text, &version, 1);
    *at++ = '-';
    at = write_hex(at, context->trace_id, TRACE_ID_BYTES);
    *at++ = '-';
    at = write_hex(at, context->parent_id, TRACE_PARENT_BYTES);
    *at++ = '-';
    at = write_hex(at, &flags, 1);
    *at = '\0';
}

struct trace_context trace_context_child(const struct trace_context *context, struct slice name)
{
    struct trace_context child = *context;
    struct buf seed = {0};
    uint8_t digest[HASH_DIGEST_BYTES];
    buf_append(&seed, context->trace_id, TRACE_ID_BYTES);
    buf_slice(&seed, name);
    hash_digest(digest, buf_view(&seed));
    buf_release(&seed);
    memcpy(child.parent_id, digest, TRACE_PARENT_BYTES);
    if (is_zero(child.parent_id, TRACE_PARENT_BYTES)) {
        child.parent_id[0] = 1;
    }
    return child;
}

void trace_context_pack(const struct trace_context *context, uint8_t bytes[TRACE_CONTEXT_BYTES])
{
    memcpy(bytes, context->trace_id, TRACE_ID_BYTES);
    memcpy(bytes + TRACE_ID_BYTES, context->parent_id, TRACE_PARENT_BYTES);
    bytes[TRACE_CONTEXT_BYTES - 1] = context->is_sampled ? FLAG_SAMPLED : 0;
}

bool trace_context_unpack(struct slice bytes, struct trace_context *context)
{
    *context = (struct trace_context){0};
    if (bytes.len != TRACE_CONTEXT_BYTES) {
        return false;
    }
    struct trace_context read = {.is_sampled =
                                     (bytes.data[TRACE_CONTEXT_BYTES - 1] & FLAG_SAMPLED) != 0};
    memcpy(read.trace_id, bytes.data, TRACE_ID_BYTES);
    memcpy(read.parent_id, bytes.data + TRACE_ID_BYTES, TRACE_PARENT_BYTES);
    if (!is_sound(&read)) {
        return false;
    }
    *context = read;
    return true;
}
