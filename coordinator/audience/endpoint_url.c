/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "coordinator/audience/endpoint.h"
#include "coordinator/audience/endpoint_class.h"

enum { PUSH_MAX = 4096, URL_MAX = 2048, PORT_MAX = 65535 };

/* A browser's subscription has blanks between its parts if somebody made it readable. Returns how
 * many bytes are kept without them, and writes them unless `out` is NULL (it may be the text). */
static size_t without_blanks(const uint8_t *text, size_t len, uint8_t *out)
{
    size_t kept = 0;
    bool is_text = false;
    bool is_escaped = false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text[i];
        if (!is_text && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
            continue;
        }
        is_text = c == '"' && !is_escaped ? !is_text : is_text;
        is_escaped = is_text && c == '\\' && !is_escaped;
        if (out != NULL) {
            out[kept] = c;
        }
        kept++;
    }
    return kept;
}

/* Whoever made it readable may not have left a blank in its texts. */
static bool are_visible(const uint8_t *text, size_t len, bool is_subscription)
{
    bool is_text = !is_subscription;
    bool is_escaped = false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text[i];
        bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if ((c <= ' ' && (is_text || !is_blank)) || c >= 0x7f) {
            return false;
        }
        is_text = is_subscription && c == '"' && !is_escaped ? !is_text : is_text;
        is_escaped = is_text && c == '\\' && !is_escaped;
    }
    return true;
}

enum endpoint_flaw endpoint_push(struct cell *value)
{
    bool is_subscription = value->len > 0 && value->text[0] == '{';
    size_t len = is_subscription ? without_blanks(value->text, value->len, NULL) : value->len;
    if (len > PUSH_MAX) {
        return ENDPOINT_FLAW_PUSH_LONG;
    }
    if (!are_visible(value->text, value->len, is_subscription)) {
        return ENDPOINT_FLAW_PUSH_CHARACTER;
    }
    if (len < value->len) {
        value->len = without_blanks(value->text, value->len, value->text);
    }
    return ENDPOINT_FLAW_NONE;
}

static bool is_hex(uint8_t c)
{
    return class_has(c, CLASS_DIGIT) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Are these characters of a URL, and percent signs only in front of two hexadecimal digits? */
static bool are_url_characters(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%') {
            if (len - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
                return false;
            }
            i += 2;
        } else if (!class_has(text[i], CLASS_ALNUM | CLASS_URL)) {
            return false;
        }
    }
    return true;
}

/* Nothing, or a colon and a port. */
static bool is_port(const uint8_t *text, size_t len)
{
    unsigned port = 0;
    for (size_t i = 1; i < len; i++) {
        if (!class_has(text[i], CLASS_DIGIT)) {
            return false;
        }
        port = port * 10 + (text[i] - '0');
        if (port > PORT_MAX) {
            return false;
        }
    }
    return len == 0 || port > 0;
}

/* Bytes of the host at the front, 0 if there is none. An underscore is in no host name of the
 * Internet, but in those of containers. */
static size_t host_len(const uint8_t *text, size_t len)
{
    if (len == 0 || text[0] != '[') {
        return class_host(text, len, CLASS_UNDERSCORE);
    }
    const uint8_t *close = memchr(text, ']', len);
    size_t literal = close == NULL ? 0 : (size_t)(close - text) + 1;
    return class_is_literal(text, literal, "") ? literal : 0;
}

static enum endpoint_flaw check_authority(uint8_t *text, size_t len)
{
    uint8_t *at = memrchr(text, '@', len);
    size_t user = at == NULL ? 0 : (size_t)(at - text) + 1;
    size_t host = host_len(text + user, len - user);
    if (host == 0 || (user + host < len && text[user + host] != ':')) {
        return ENDPOINT_FLAW_URL_HOST;
    }
    if (!is_port(text + user + host, len - user - host)) {
        return ENDPOINT_FLAW_URL_PORT;
    }
    return ENDPOINT_FLAW_NONE;
}

/* The first of "/?" in [from, len), or len. */
static size_t authority_end(const uint8_t *text, size_t from, size_t len)
{
    while (from < len && text[from] != '/' && text[from] != '?') {
        from++;
    }
    return from;
}

enum endpoint_flaw endpoint_webhook(struct cell *value)
{
    uint8_t *text = value->text;
    size_t len = value->len;
    if (len > URL_MAX) {
        return ENDPOINT_FLAW_URL_LONG;
    }
    size_t scheme = 0;
    if (len >= 8 && strncasecmp((const char *)text, "https://", 8) == 0) {
        scheme = 8;
    } else if (len >= 7 && strncasecmp((const char *)text, "http://", 7) == 0) {
        scheme = 7;
    }
    if (scheme == 0) {
        return ENDPOINT_FLAW_URL_SCHEME;
    }
    if (memchr(text, '#', len) != NULL) {
        return ENDPOINT_FLAW_URL_FRAGMENT;
    }
    size_t path = authority_end(text, scheme, len);
    enum endpoint_flaw flaw = check_authority(text + scheme, path - scheme);
    if (flaw != ENDPOINT_FLAW_NONE) {
        return flaw;
    }
    /* Brackets are an address literal's, which is checked. */
    const uint8_t *user = memrchr(text + scheme, '@', path - scheme);
    size_t host = user == NULL ? scheme : (size_t)(user - text) + 1;
    if (!are_url_characters(text + scheme, host - scheme) ||
        !are_url_characters(text + path, len - path)) {
        return ENDPOINT_FLAW_URL_CHARACTER;
    }
    class_lower(text, 0, scheme);
    class_lower(text, host, path);
    return ENDPOINT_FLAW_NONE;
}
