/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML from anybody: its text is no longer than itself, and well-formed where the HTML is. What has
 * neither tags nor entities stays as it is but for blanks.
 */
#include <assert.h>
#include <string.h>

#include "common/text.h"
#include "mailin/html_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t words_len(struct slice text)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        len += memchr(" \t\r\n", text.data[i], 4) == NULL;
    }
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice html = slice_of(data, size);
    struct buf text = {0};
    html_text(&text, html);
    assert(text.len <= size);
    assert(!text_is_utf8(html, NULL) || text_is_utf8(buf_view(&text), NULL));
    if (size > 0 && memchr(data, '<', size) == NULL && memchr(data, '&', size) == NULL) {
        assert(words_len(buf_view(&text)) == words_len(html));
    }
    buf_release(&text);
    return 0;
}
