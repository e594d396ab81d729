/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recipient's data in every part of a mail: whatever it is, the header has the fields that were
 * written and no other, and every line ends and fits as mail demands. The input is cut into three
 * at its zero bytes: subject, text, HTML.
 */
#include <assert.h>
#include <string.h>

#include "common/text.h"
#include "worker/channel/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice take(struct slice *rest)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, 0, rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    struct slice part = slice_of(rest->data, len);
    *rest = end == NULL ? slice_of(NULL, 0) : slice_of(end + 1, rest->len - len - 1);
    return part;
}

static bool begins_with(struct slice line, const char *word)
{
    return line.len >= strlen(word) && memcmp(line.data, word, strlen(word)) == 0;
}

static void check_lines(struct slice mail)
{
    bool in_header = true;
    while (mail.len > 0) {
        const uint8_t *end = memchr(mail.data, '\n', mail.len);
        assert(end != NULL && end > mail.data && end[-1] == '\r');
        struct slice line = slice_of(mail.data, (size_t)(end - mail.data) - 1);
        assert(line.len <= 998 && (line.len == 0 || memchr(line.data, '\r', line.len) == NULL));
        in_header = in_header && line.len > 0;
        assert(!in_header || begins_with(line, " ") || begins_with(line, "Subject: ") ||
               begins_with(line, "From: ") || begins_with(line, "MIME-Version: 1.0") ||
               begins_with(line, "Content-T"));
        mail = slice_of(end + 1, mail.len - (size_t)(end + 1 - mail.data));
    }
    assert(!in_header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size);
    struct slice subject = take(&rest);
    struct slice text = take(&rest);
    struct slice html = take(&rest);
    struct buf mail = {0};
    mime_field(&mail, "Subject", subject);
    mime_field_address(&mail, "From", subject, slice_str("a@b.c"));
    const struct mime_parts parts = {.text = text, .html = html};
    mime_body(&mail, &parts, slice_str("BOUNDARY"));
    check_lines(buf_view(&mail));
    char name[TEXT_FILE_NAME_MAX + 1] = {0};
    if (text.len > 0) {
        memcpy(name, text.data, text.len < sizeof(name) ? text.len : sizeof(name) - 1);
    }
    if (text_is_file_name(slice_str(name))) {
        struct buf file = {0};
        struct slice part;
        mime_attachment(&file, name, html);
        part = buf_view(&file);
        const struct mime_parts with = {text, html, &part, 1};
        buf_clear(&mail);
        mime_body(&mail, &with, slice_str("BOUNDARY"));
        check_lines(buf_view(&mail));
        buf_release(&file);
    }
    buf_release(&mail);
    return 0;
}
