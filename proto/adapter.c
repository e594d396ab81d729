/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/adapter.h"

#include <string.h>

static const char *const names[] = {
#define ADAPTER_NAME(name, channels) name,
    ADAPTER_MAP(ADAPTER_NAME)
#undef ADAPTER_NAME
        NULL,
};

static const unsigned channels_of[] = {
#define ADAPTER_CHANNELS(name, channels) channels,
    ADAPTER_MAP(ADAPTER_CHANNELS)
#undef ADAPTER_CHANNELS
};

const char *const *adapter_names(void)
{
    return names;
}

/* 0: there is no such adapter. */
static unsigned find_channels(const char *name)
{
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return channels_of[i];
        }
    }
    return 0;
}

bool adapter_serves(const char *name, enum channel_kind channel)
{
    return (find_channels(name) >> channel & 1) != 0;
}

void adapter_put_channels(const char *name, struct buf *text)
{
    unsigned channels = find_channels(name);
    bool is_first = true;
    for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
        if ((channels >> channel & 1) != 0) {
            bool is_last = (channels & ((1u << CHANNEL_KINDS) - 1)) >> (channel + 1) == 0;
            buf_str(text, is_first ? "" : is_last ? " and " : ", ");
            buf_str(text, channel_kind_name((enum channel_kind)channel));
            is_first = false;
        }
    }
}
