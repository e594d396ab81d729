/* SPDX-License-Identifier: Apache-2.0 */
#include "common/yaml_scalar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool digits(const char **at)
{
    const char *from = *at;
    while (**at >= '0' && **at <= '9') {
        (*at)++;
    }
    return *at > from;
}

/* RFC 8259 section 6. */
static bool is_number(const char *at)
{
    at += *at == '-';
    if (*at == '0') {
        at++;
    } else if (!digits(&at)) {
        return false;
    }
    if (*at == '.') {
        at++;
        if (!digits(&at)) {
            return false;
        }
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        if (!digits(&at)) {
            return false;
        }
    }
    return *at == '\0';
}

/* Would whoever reads the JSON get the same number? */
static bool fits(const char *number)
{
    errno = 0;
    if (strpbrk(number, ".eE") == NULL) {
        (void)strtoll(number, NULL, 10);
    } else if (isfinite(strtod(number, NULL))) {
        errno = 0; /* too close to 0 is 0 */
    }
    return errno == 0;
}

enum yaml_scalar yaml_scalar_kind(struct slice value, bool is_plain)
{
    const char *text = (const char *)value.data;
    if (strlen(text) != value.len) {
        return YAML_SCALAR_ZERO_BYTE;
    }
    if (!is_plain) {
        return YAML_SCALAR_STRING;
    }
    if (value.len == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0) {
        return YAML_SCALAR_NULL;
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        return YAML_SCALAR_WORD;
    }
    if (!is_number(text)) {
        return YAML_SCALAR_STRING;
    }
    return fits(text) ? YAML_SCALAR_WORD : YAML_SCALAR_TOO_LARGE;
}

const char *yaml_scalar_complaint(enum yaml_scalar kind)
{
    return kind == YAML_SCALAR_ZERO_BYTE
               ? "a zero byte cannot be part of a text"
               : "the number is too large; if it is a text, put it into quotes";
}
