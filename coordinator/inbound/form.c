/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/inbound/form.h"

#include <string.h>
#include <strings.h>

#include "common/text.h"

#define REPLACEMENT "\xEF\xBF\xBD"

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct slice decode(struct slice text, struct arena *arena)
{
    uint8_t *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        int high = c == '%' && i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
        if (low >= 0) {
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return slice_of(out, len);
}

bool form_add(struct form *form, struct slice text, struct arena *arena)
{
    while (text.len > 0) {
        struct slice value = slice_take_until(&text, '&');
        if (value.len == 0) {
            continue;
        }
        if (form->count == FORM_PAIRS_MAX) {
            return false;
        }
        struct slice name = slice_take_until(&value, '=');
        form->pairs[form->count++] =
            (struct form_pair){.name = decode(name, arena), .value = decode(value, arena)};
    }
    return true;
}

struct slice form_get(const struct form *form, const char *name)
{
    for (unsigned i = 0; i < form->count; i++) {
        if (slice_is(form->pairs[i].name, name)) {
            return form->pairs[i].value;
        }
    }
    return (struct slice){0};
}

bool form_has(const struct form *form, const char *name)
{
    return form_get(form, name).data != NULL;
}

bool form_is_type(const char *media_type, const char *wanted)
{
    size_t len = strlen(wanted);
    return media_type != NULL && strncasecmp(media_type, wanted, len) == 0 &&
           (media_type[len] == '\0' || media_type[len] == ';' || media_type[len] == ' ');
}

/* The largest length up to max where a character begins, in well-formed UTF-8. */
static size_t cut(struct slice text, size_t max)
{
    size_t len = max;
    if (text.len <= max) {
        return text.len;
    }
    while (len > 0 && (text.data[len] & 0xC0) == 0x80) {
        len--;
    }
    return len;
}

struct slice form_text(struct slice bytes, size_t max_bytes, struct arena *arena)
{
    /* Each bad byte becomes three, and one more than is kept is enough to know that it is cut. */
    size_t used = bytes.len > max_bytes + 4 ? max_bytes + 4 : bytes.len;
    uint8_t *out = arena_alloc(arena, 3 * used + 1);
    size_t len = 0;
    size_t at = 0;
    while (at < used) {
        size_t good = 0;
        struct slice rest = slice_of(bytes.data + at, used - at);
        if (text_is_utf8(rest, &good)) {
            good = rest.len;
        }
        const uint8_t *zero = good == 0 ? NULL : memchr(rest.data, 0, good);
        good = zero == NULL ? good : (size_t)(zero - rest.data);
        if (good > 0) {
            memcpy(out + len, rest.data, good);
            len += good;
            at += good;
        }
        if (at < used) {
            memcpy(out + len, REPLACEMENT, sizeof(REPLACEMENT) - 1);
            len += sizeof(REPLACEMENT) - 1;
            at++;
        }
    }
    len = cut(slice_of(out, len), max_bytes);
    out[len] = '\0';
    return slice_of(out, len);
}
