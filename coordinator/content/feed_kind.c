/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/feed_kind.h"

#include <string.h>

static const char *const WORDS[FEED_KINDS] = {
#define FEED_KIND_WORD(name, word, is_fact) word,
    FEED_KIND_MAP(FEED_KIND_WORD)
#undef FEED_KIND_WORD
};

static const bool FACTS[FEED_KINDS] = {
#define FEED_KIND_FACT(name, word, is_fact) is_fact,
    FEED_KIND_MAP(FEED_KIND_FACT)
#undef FEED_KIND_FACT
};

const char *feed_kind_word(enum feed_kind kind)
{
    return WORDS[kind];
}

bool feed_kind_is_fact(enum feed_kind kind)
{
    return FACTS[kind];
}

static bool is_of(struct slice text, const char *word)
{
    return strlen(word) >= text.len && memcmp(word, text.data, text.len) == 0 &&
           (word[text.len] == '\0' || word[text.len] == '.');
}

bool feed_kind_parse(struct slice text, uint32_t *kinds)
{
    const size_t prefix = strlen(FEED_TYPE_PREFIX);
    *kinds = 0;
    if (text.len > prefix && memcmp(text.data, FEED_TYPE_PREFIX, prefix) == 0) {
        text = slice_of(text.data + prefix, text.len - prefix);
    }
    for (unsigned k = 0; text.len > 0 && k < FEED_STREAM_OPENED; k++) {
        *kinds |= is_of(text, WORDS[k]) ? UINT32_C(1) << k : 0;
    }
    return *kinds != 0;
}
