/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text, as a string of JSON: flattened it is still that string, but for its blanks, and nothing
 * stands in it that Meta refuses.
 */
#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "common/text.h"
#include "worker/channel/whatsapp_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_blank(char letter)
{
    return letter != '\0' && strchr(" \n\r\t\b\f", letter) != NULL;
}

/* What is left of a text without its blanks. */
static size_t strip(const char *text, size_t len, char *out)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        if (!is_blank(text[i])) {
            out[count++] = text[i];
        }
    }
    return count;
}

static void check(struct slice text, const json_t *flat)
{
    const char *got = json_string_value(flat);
    size_t len = json_string_length(flat);
    unsigned blanks = 0;
    for (size_t i = 0; i < len; i++) {
        assert(got[i] == ' ' || !is_blank(got[i]));
        blanks = got[i] == ' ' ? blanks + 1 : 0;
        assert(blanks <= WHATSAPP_BLANKS_MAX);
    }
    struct buf before = {0};
    struct buf after = {0};
    before.len = strip((const char *)text.data, text.len, (char *)buf_reserve(&before, text.len));
    after.len = strip(got, len, (char *)buf_reserve(&after, len));
    assert(slice_equal(buf_view(&before), buf_view(&after)));
    buf_release(&before);
    buf_release(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    if (!text_is_utf8(text, NULL)) {
        return 0;
    }
    struct buf body = {0};
    buf_str(&body, "[\"");
    text_json_escape(&body, text);
    buf_str(&body, "\"]");
    whatsapp_text_flatten(&body);
    json_t *document = json_loadb((const char *)body.data, body.len, JSON_ALLOW_NUL, NULL);
    assert(json_array_size(document) == 1);
    check(text, json_array_get(document, 0));
    json_decref(document);
    buf_release(&body);
    return 0;
}
