/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/endpoint.h"

#include "coordinator/audience/endpoint_class.h"

enum { LOCALE_MAX = 35, SUBTAG_MAX = 8, TIMEZONE_MAX = 64, TIMEZONE_PARTS_MAX = 3 };

static const char *const flaw_sentences[] = {
#define ENDPOINT_FLAW_SENTENCE(name, sentence) [ENDPOINT_FLAW_##name] = (sentence),
    ENDPOINT_FLAW_MAP(ENDPOINT_FLAW_SENTENCE)
#undef ENDPOINT_FLAW_SENTENCE
};

const char *endpoint_flaw_sentence(enum endpoint_flaw flaw)
{
    return flaw_sentences[flaw];
}

/* The case that RFC 5646 section 2.1.1 recommends for a subtag behind the first: Hant, TW, else
 * lower. */
static void normalise_subtag(uint8_t *subtag, size_t len, bool is_first)
{
    class_lower(subtag, 0, len);
    size_t capitals = is_first ? 0 : len == 4 ? 1 : len == 2 ? 2 : 0;
    for (size_t i = 0; i < capitals; i++) {
        subtag[i] = (uint8_t)(subtag[i] & (class_has(subtag[i], CLASS_LOWER) ? 0xdf : 0xff));
    }
}

enum endpoint_flaw endpoint_locale(struct cell *value)
{
    size_t len = value->len;
    if (len > LOCALE_MAX) {
        return ENDPOINT_FLAW_LOCALE;
    }
    uint8_t text[LOCALE_MAX];
    memcpy(text, value->text, len);
    for (size_t at = 0; at <= len; at++) {
        bool is_first = at == 0;
        size_t from = at;
        while (at < len && class_has(text[at], is_first ? CLASS_ALPHA : CLASS_ALNUM)) {
            at++;
        }
        size_t subtag = at - from;
        if (subtag == 0 || subtag > SUBTAG_MAX || (is_first && subtag < 2)) {
            return ENDPOINT_FLAW_LOCALE;
        }
        if (at < len && text[at] != '-' && text[at] != '_') {
            return ENDPOINT_FLAW_LOCALE;
        }
        normalise_subtag(text + from, subtag, is_first);
        if (at < len) {
            text[at] = '-';
        }
    }
    memcpy(value->text, text, len);
    return ENDPOINT_FLAW_NONE;
}

enum endpoint_flaw endpoint_timezone(struct cell *value)
{
    const uint8_t *text = value->text;
    unsigned parts = 0;
    if (value->len > TIMEZONE_MAX) {
        return ENDPOINT_FLAW_TIMEZONE;
    }
    for (size_t at = 0; at <= value->len; at++) {
        size_t from = at;
        while (at < value->len && (class_has(text[at], CLASS_ALNUM) || text[at] == '_' ||
                                   text[at] == '-' || text[at] == '+')) {
            at++;
        }
        bool is_name = at > from && class_has(text[from], CLASS_ALPHA);
        bool is_end = at == value->len || text[at] == '/';
        if (!is_name || !is_end || ++parts > TIMEZONE_PARTS_MAX) {
            return ENDPOINT_FLAW_TIMEZONE;
        }
    }
    return ENDPOINT_FLAW_NONE;
}
