/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/channel_kind.h"

#include <assert.h>

static const char *const names[] = {
#define CHANNEL_KIND_NAME(name, word, field) word,
    CHANNEL_KIND_MAP(CHANNEL_KIND_NAME)
#undef CHANNEL_KIND_NAME
        NULL,
};

static const enum page_field fields[] = {
#define CHANNEL_KIND_FIELD(name, word, field) PAGE_FIELD_##field,
    CHANNEL_KIND_MAP(CHANNEL_KIND_FIELD)
#undef CHANNEL_KIND_FIELD
};

const char *channel_kind_name(enum channel_kind channel)
{
    assert((unsigned)channel < CHANNEL_KINDS);
    return names[channel];
}

enum page_field channel_kind_field(enum channel_kind channel)
{
    assert((unsigned)channel < CHANNEL_KINDS);
    return fields[channel];
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
