/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/endpoint_class.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { LABEL_MAX = 63, HOST_MAX = 255, LITERAL_MAX = 63 };

#define BOTH (CLASS_ATEXT | CLASS_URL)

__extension__ const uint8_t endpoint_class[256] = {
    ['0' ... '9'] = CLASS_DIGIT,
    ['A' ... 'Z'] = CLASS_UPPER,
    ['a' ... 'z'] = CLASS_LOWER,
    [0x80 ... 0xff] = CLASS_HIGH,
    ['!'] = BOTH,
    ['#'] = CLASS_ATEXT,
    ['$'] = BOTH,
    ['%'] = CLASS_ATEXT,
    ['&'] = BOTH,
    ['\''] = BOTH,
    ['('] = CLASS_URL,
    [')'] = CLASS_URL,
    ['*'] = BOTH,
    ['+'] = BOTH,
    [','] = CLASS_URL,
    ['-'] = BOTH,
    ['.'] = CLASS_URL,
    ['/'] = BOTH,
    [':'] = CLASS_URL,
    [';'] = CLASS_URL,
    ['='] = BOTH,
    ['?'] = BOTH,
    ['@'] = CLASS_URL,
    ['^'] = CLASS_ATEXT,
    ['_'] = BOTH | CLASS_UNDERSCORE,
    ['`'] = CLASS_ATEXT,
    ['{'] = CLASS_ATEXT,
    ['|'] = CLASS_ATEXT,
    ['}'] = CLASS_ATEXT,
    ['~'] = BOTH,
};

size_t class_host(const uint8_t *text, size_t len, unsigned also)
{
    const unsigned in_label = CLASS_ALNUM | also;
    size_t at = 0;
    for (;;) {
        size_t from = at;
        while (at < len && (class_has(text[at], in_label) || text[at] == '-')) {
            at++;
        }
        size_t label = at - from;
        if (label == 0 || label > LABEL_MAX || text[from] == '-' || text[at - 1] == '-') {
            return 0;
        }
        if (at == len || text[at] != '.') {
            return at <= HOST_MAX ? at : 0;
        }
        at++;
    }
}

bool class_is_literal(const uint8_t *text, size_t len, const char *v6_prefix)
{
    if (len < 3 || len > LITERAL_MAX || text[0] != '[' || text[len - 1] != ']' ||
        memchr(text, 0, len) != NULL) {
        return false;
    }
    char inner[LITERAL_MAX];
    memcpy(inner, text + 1, len - 2);
    inner[len - 2] = '\0';
    size_t prefix = strlen(v6_prefix);
    struct in6_addr v6;
    struct in_addr v4;
    if (strncasecmp(inner, v6_prefix, prefix) == 0 &&
        inet_pton(AF_INET6, inner + prefix, &v6) == 1) {
        return true;
    }
    return prefix > 0 && inet_pton(AF_INET, inner, &v4) == 1;
}
