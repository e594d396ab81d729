/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request, header by header: a line of the input each, split at its first colon. One
 * that is taken has no header twice that is read once, and says in one way at most where its body
 * ends.
 */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "coordinator/http/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_text(struct slice text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_head head = {0};
    struct slice rest = slice_of(data, size);
    unsigned lengths = 0;
    unsigned codings = 0;
    unsigned tokens = 0;
    unsigned status = 0;
    while (rest.len > 0) {
        struct slice value = slice_take_until(&rest, '\n');
        struct slice name = slice_take_until(&value, ':');
        lengths += is_text(name, "content-length");
        codings += is_text(name, "transfer-encoding");
        tokens += is_text(name, "authorization");
        http_head_add(&head, name, value);
    }
    const char *flaw = http_head_flaw(&head, "HTTP/1.1", &status);
    assert(flaw != NULL || (lengths + codings <= 1 && tokens <= 1));
    assert(flaw == NULL || status == 400 || status == 501);
    if (http_head_flaw(&head, "HTTP/1.0", &status) == NULL) {
        assert(codings == 0);
    }
    return 0;
}
