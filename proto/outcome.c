/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/outcome.h"

#include <assert.h>

static const char *const names[] = {
#define OUTCOME_NAME(name, word) word,
    OUTCOME_MAP(OUTCOME_NAME)
#undef OUTCOME_NAME
};

const char *outcome_name(enum outcome outcome)
{
    assert((unsigned)outcome < OUTCOMES);
    return names[outcome];
}

bool reason_is_of_receipt(uint16_t reason)
{
    switch (reason) {
#define REASON_CASE(name, number, sentence) case REASON_##name:
        REASON_MAP(REASON_CASE)
#undef REASON_CASE
        return reason >= 1610 && reason <= 1699;
    }
    return false;
}

const char *reason_sentence(uint16_t reason)
{
    switch (reason) {
#define REASON_CASE(name, number, sentence)                                                        \
    case REASON_##name:                                                                            \
        return sentence;
        REASON_MAP(REASON_CASE)
#undef REASON_CASE
    }
    /* The number itself is shown beside the sentence; a reason of a later version has no words
     * here. */
    return reason >= 100 && reason <= 599 ? "provider answered"
                                          : "a reason that this version does not know";
}
