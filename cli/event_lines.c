/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_lines.h"

#include <string.h>

static bool is_field(struct slice name, const char *word)
{
    return slice_is(name, word);
}

static void take_field(struct event_lines *lines, struct slice name, struct slice value)
{
    if (is_field(name, "data")) {
        if (lines->has_data) {
            buf_u8(&lines->data, '\n');
        }
        lines->has_data = true;
        buf_slice(&lines->data, value);
    } else if (is_field(name, "id") && memchr(value.data, '\0', value.len) == NULL) {
        buf_clear(&lines->id);
        buf_slice(&lines->id, value);
    }
}

/* A line without its end. False: `each` wants no more. */
static bool take_line(struct event_lines *lines, event_lines_fn each, void *arg)
{
    struct slice line = buf_view(&lines->line);
    if (line.len == 0) {
        bool goes_on = !lines->has_data || each(arg, buf_view(&lines->data));
        buf_clear(&lines->data);
        lines->has_data = false;
        return goes_on;
    }
    const uint8_t *colon = memchr(line.data, ':', line.len);
    size_t name_len = colon == NULL ? line.len : (size_t)(colon - line.data);
    struct slice value = slice_of(line.data + name_len, line.len - name_len);
    if (value.len > 0) {
        size_t skip = value.len > 1 && value.data[1] == ' ' ? 2 : 1;
        value = slice_of(value.data + skip, value.len - skip);
    }
    take_field(lines, slice_of(line.data, name_len), value);
    buf_clear(&lines->line);
    return true;
}

bool event_lines_take(struct event_lines *lines, struct slice bytes, event_lines_fn each, void *arg)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        bool is_second = c == '\n' && lines->is_after_cr;
        lines->is_after_cr = c == '\r';
        if (is_second) {
            continue;
        }
        if (c == '\n' || c == '\r') {
            if (!take_line(lines, each, arg)) {
                return false;
            }
        } else {
            buf_u8(&lines->line, c);
        }
        if (lines->line.len + lines->data.len > EVENT_LINES_MAX) {
            return false;
        }
    }
    return true;
}

void event_lines_begin(struct event_lines *lines)
{
    buf_clear(&lines->line);
    buf_clear(&lines->data);
    lines->has_data = false;
    lines->is_after_cr = false;
}

void event_lines_release(struct event_lines *lines)
{
    buf_release(&lines->line);
    buf_release(&lines->data);
    buf_release(&lines->id);
}
