/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number that is E.164 already, as nearly all are, is seen so in one look. The others are read
 * digit by digit into a copy, so that a refused number stays as it was written.
 */
#include <strings.h>

#include "coordinator/audience/endpoint.h"
#include "coordinator/audience/endpoint_class.h"

enum { PHONE_DIGITS_MIN = 7, PHONE_DIGITS_MAX = 15 };

static bool is_normal(const struct cell *value)
{
    size_t digits = value->len - 1;
    if (value->text[0] != '+' || digits < PHONE_DIGITS_MIN || digits > PHONE_DIGITS_MAX ||
        value->text[1] == '0') {
        return false;
    }
    bool all = true;
    for (size_t i = 1; i < value->len; i++) {
        all &= (uint8_t)(value->text[i] - '0') < 10;
    }
    return all;
}

static bool is_separator(uint8_t c)
{
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}

/* A number as it is read: digits without what stood between. */
struct dialled {
    uint8_t digits[PHONE_DIGITS_MAX + 3]; /* 00 in front, and one too many */
    size_t count;
    bool has_plus;
};

static bool read_dialled(const uint8_t *text, size_t len, struct dialled *dialled)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text[i];
        if (class_has(c, CLASS_DIGIT)) {
            if (dialled->count < sizeof(dialled->digits)) {
                dialled->digits[dialled->count++] = c;
            }
        } else if (c == '+' && dialled->count == 0 && !dialled->has_plus) {
            dialled->has_plus = true;
        } else if (len - i >= 3 && memcmp(text + i, "(0)", 3) == 0 && dialled->count > 0) {
            i += 2; /* the zero that is dialled only inside the country: +49 (0)170 */
        } else if (!is_separator(c)) {
            return false;
        }
    }
    return true;
}

/* The digits behind the + or 00. */
static enum endpoint_flaw check_digits(const uint8_t *digits, size_t count)
{
    if (count > 0 && digits[0] == '0') {
        return ENDPOINT_FLAW_PHONE_ZERO;
    }
    if (count < PHONE_DIGITS_MIN) {
        return ENDPOINT_FLAW_PHONE_SHORT;
    }
    return count > PHONE_DIGITS_MAX ? ENDPOINT_FLAW_PHONE_LONG : ENDPOINT_FLAW_NONE;
}

enum endpoint_flaw endpoint_phone(struct cell *value)
{
    if (is_normal(value)) {
        return ENDPOINT_FLAW_NONE;
    }
    size_t from = value->len >= 4 && strncasecmp((const char *)value->text, "tel:", 4) == 0 ? 4 : 0;
    struct dialled dialled = {0};
    if (!read_dialled(value->text + from, value->len - from, &dialled)) {
        return ENDPOINT_FLAW_PHONE_CHARACTER;
    }
    const uint8_t *digits = dialled.digits;
    size_t count = dialled.count;
    if (!dialled.has_plus) {
        if (count < 2 || digits[0] != '0' || digits[1] != '0') {
            return ENDPOINT_FLAW_PHONE_COUNTRY;
        }
        digits += 2;
        count -= 2;
    }
    enum endpoint_flaw flaw = check_digits(digits, count);
    if (flaw == ENDPOINT_FLAW_NONE) {
        value->text[0] = '+';
        memcpy(value->text + 1, digits, count);
        value->len = count + 1;
    }
    return flaw;
}
