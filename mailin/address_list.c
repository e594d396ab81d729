/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/address_list.h"

#include <string.h>

#include "mailin/mail_header.h"
#include "proto/token.h"

/* Where the address in a text is: between angle brackets, else what stands before a comment. */
struct span {
    size_t begin;
    size_t end;
    bool is_begun;
    bool is_closed;
};

static void span_add(struct span *span, size_t begin, size_t end)
{
    if (!span->is_closed) {
        span->begin = span->is_begun ? span->begin : begin;
        span->end = end;
        span->is_begun = true;
    }
}

static size_t skip_quoted(struct slice text, size_t at)
{
    for (at++; at < text.len && text.data[at] != '"'; at++) {
        at += text.data[at] == '\\';
    }
    return at;
}

static size_t skip_comment(struct slice text, size_t at)
{
    size_t depth = 0;
    for (; at < text.len; at++) {
        if (text.data[at] == '\\') {
            at++;
        } else if (text.data[at] == '(') {
            depth++;
        } else if (text.data[at] == ')' && --depth == 0) {
            return at;
        }
    }
    return at;
}

/* What begins at `at`, into the span; returns where it ends. */
static size_t take_piece(struct slice text, size_t at, struct span *span)
{
    size_t end;
    const uint8_t *close;
    switch (text.data[at]) {
    case '"':
        end = skip_quoted(text, at);
        span_add(span, at, end < text.len ? end + 1 : text.len);
        return end;
    case '(':
        span->is_closed = span->is_closed || span->is_begun;
        return skip_comment(text, at);
    case '<':
        close = memchr(text.data + at, '>', text.len - at);
        end = close == NULL ? text.len : (size_t)(close - text.data);
        *span = (struct span){at + 1, end, true, true};
        return end;
    default:
        span_add(span, at, at + 1);
        return at;
    }
}

bool address_list_next(struct slice *rest, struct slice *address)
{
    struct slice text = *rest;
    struct span span = {0};
    size_t at = 0;
    if (text.len == 0) {
        return false;
    }
    for (; at < text.len && text.data[at] != ','; at++) {
        at = take_piece(text, at, &span);
    }
    at = at < text.len ? at : text.len;
    *address = mail_trim(slice_of(text.data + span.begin, span.end - span.begin));
    at += at < text.len; /* the comma */
    *rest = slice_of(text.data + at, text.len - at);
    return true;
}

struct slice address_local(struct slice address)
{
    for (size_t i = address.len; i > 0; i--) {
        if (address.data[i - 1] == '@') {
            return slice_of(address.data, i - 1);
        }
    }
    return slice_str("");
}

bool mail_is_token(struct slice text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < text.len; i++) {
        if (memchr(digits, text.data[i], sizeof(digits) - 1) == NULL) {
            return false;
        }
    }
    return text.len == TOKEN_CHARS;
}

bool address_token(struct slice address, const char *prefix, struct slice *token)
{
    struct slice local = address_local(address);
    size_t len = strlen(prefix);
    if (local.len != len + 1 + TOKEN_CHARS || !mail_begins(local, prefix) ||
        local.data[len] != '+') {
        return false;
    }
    *token = slice_of(local.data + len + 1, TOKEN_CHARS);
    return mail_is_token(*token);
}
