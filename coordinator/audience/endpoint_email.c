/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/endpoint.h"
#include "coordinator/audience/endpoint_class.h"

enum { EMAIL_LOCAL_MAX = 64, EMAIL_MAX = 254 };

/* Dot-string of RFC 5321: bytes of it at the front, 0 if there is none. */
static size_t dot_string(const uint8_t *text, size_t len)
{
    const unsigned atoms = CLASS_ALNUM | CLASS_ATEXT | CLASS_HIGH;
    size_t at = 0;
    for (;;) {
        size_t from = at;
        while (at < len && class_has(text[at], atoms)) {
            at++;
        }
        if (at == from) {
            return 0;
        }
        if (at == len || text[at] != '.') {
            return at;
        }
        at++;
    }
}

/* Quoted-string of RFC 5321: printable ASCII and UTF-8, quotes and backslashes escaped. */
static size_t quoted_string(const uint8_t *text, size_t len)
{
    for (size_t at = 1; at < len; at++) {
        if (text[at] == '"') {
            return at + 1;
        }
        at += text[at] == '\\';
        if (at == len || text[at] < ' ' || text[at] == 0x7f) {
            return 0;
        }
    }
    return 0;
}

enum endpoint_flaw endpoint_email(struct cell *value)
{
    uint8_t *text = value->text;
    size_t len = value->len;
    size_t local = text[0] == '"' ? quoted_string(text, len) : dot_string(text, len);
    if (local == 0 || local == len || text[local] != '@') {
        return memchr(text, '@', len) == NULL ? ENDPOINT_FLAW_EMAIL_AT : ENDPOINT_FLAW_EMAIL_LOCAL;
    }
    const uint8_t *domain = text + local + 1;
    size_t domain_len = len - local - 1;
    bool is_domain = domain_len > 0 &&
                     (domain[0] == '[' ? class_is_literal(domain, domain_len, "IPv6:")
                                       : class_host(domain, domain_len, CLASS_HIGH) == domain_len);
    if (!is_domain) {
        return ENDPOINT_FLAW_EMAIL_DOMAIN;
    }
    if (local > EMAIL_LOCAL_MAX || len > EMAIL_MAX) {
        return ENDPOINT_FLAW_EMAIL_LONG;
    }
    if (domain[0] != '[') {
        class_lower(text, local + 1, len);
    }
    return ENDPOINT_FLAW_NONE;
}
