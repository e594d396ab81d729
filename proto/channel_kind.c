/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/channel_kind.h"

#include <assert.h>

static const char *const names[] = {
#define CHANNEL_KIND_NAME(name, word) word,
    CHANNEL_KIND_MAP(CHANNEL_KIND_NAME)
#undef CHANNEL_KIND_NAME
        NULL,
};

const char *channel_kind_name(enum channel_kind channel)
{
    assert((unsigned)channel < CHANNEL_KINDS);
    return names[channel];
}

bool channel_kind_parse(struct slice name, enum channel_kind *channel)
{
    for (unsigned i = 0; i < CHANNEL_KINDS; i++) {
        if (slice_is(name, names[i])) {
            *channel = (enum channel_kind)i;
            return true;
        }
    }
    return false;
}

const char *const *channel_kind_names(void)
{
    return names;
}
