/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/http_head.h"

#include <string.h>
#include <strings.h>

enum single { HOST, CONTENT_LENGTH, TRANSFER_ENCODING, AUTHORIZATION, IDEMPOTENCY_KEY };

static const struct {
    const char *name;
    const char *twice;
} singles[HTTP_HEAD_SINGLE] = {
    [HOST] = {"Host", "the header Host came more than once"},
    [CONTENT_LENGTH] = {"Content-Length", "the header Content-Length came more than once"},
    [TRANSFER_ENCODING] = {"Transfer-Encoding", "the header Transfer-Encoding came more than once"},
    [AUTHORIZATION] = {"Authorization", "the header Authorization came more than once"},
    [IDEMPOTENCY_KEY] = {"Idempotency-Key", "the header Idempotency-Key came more than once"},
};

static bool is_text(struct slice text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

/* A token of RFC 9110 section 5.6.2. */
static bool is_name(struct slice name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = name.data[i];
        uint8_t lower = byte | 0x20;
        if (!(lower >= 'a' && lower <= 'z') && !(byte >= '0' && byte <= '9') &&
            memchr(marks, byte, sizeof(marks) - 1) == NULL) {
            return false;
        }
    }
    return name.len > 0;
}

static bool has_control(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if ((value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

void http_head_add(struct http_head *head, struct slice name, struct slice value)
{
    if (!is_name(name)) {
        head->flaw = "the name of a header has a blank or another character that is in no name";
    } else if (has_control(value)) {
        head->flaw = "the value of a header has a control character in it";
    }
    for (unsigned i = 0; i < HTTP_HEAD_SINGLE; i++) {
        if (is_text(name, singles[i].name)) {
            head->counts[i]++;
        }
    }
    if (is_text(name, singles[TRANSFER_ENCODING].name)) {
        head->is_coded = true;
        head->is_chunked = is_text(value, "chunked");
    }
}

static bool is_of_1_1(const char *version)
{
    return strcmp(version, "HTTP/1.0") != 0;
}

const char *http_head_flaw(const struct http_head *head, const char *version, unsigned *status)
{
    *status = 400;
    if (head->flaw != NULL) {
        return head->flaw;
    }
    for (unsigned i = 0; i < HTTP_HEAD_SINGLE; i++) {
        if (head->counts[i] > 1) {
            return singles[i].twice;
        }
    }
    if (head->counts[HOST] == 0 && is_of_1_1(version)) {
        return "the header Host is missing, which HTTP/1.1 wants";
    }
    if (head->is_coded && head->counts[CONTENT_LENGTH] > 0) {
        return "Content-Length and Transfer-Encoding exclude each other: send one of them";
    }
    if (head->is_coded && !is_of_1_1(version)) {
        return "HTTP/1.0 has no Transfer-Encoding: send a Content-Length";
    }
    if (head->is_coded && !head->is_chunked) {
        *status = 501;
        return "the Transfer-Encoding may be chunked, and nothing else";
    }
    return NULL;
}
