/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/channel_list.h"

#include <stdio.h>

#include "proto/channel_kind.h"

enum err channel_list_read(struct document_reader *reader, json_t *value, const char *advice,
                           unsigned *channels)
{
    size_t count = json_array_size(value);
    *channels = 0;
    if (count == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a list of channels, such as [\"sms\",\"voice\"]%s", advice);
    }
    for (size_t i = 0; i < count; i++) {
        char place[24];
        unsigned channel;
        (void)snprintf(place, sizeof(place), "%zu", i);
        size_t mark = document_enter(reader, place);
        enum err err = document_word(reader, json_array_get(value, i), "channel",
                                     channel_kind_names(), &channel);
        if (err != ERR_OK) {
            return err;
        }
        document_leave(reader, mark);
        *channels |= 1u << channel;
    }
    return ERR_OK;
}

json_t *channel_list_show(unsigned channels)
{
    json_t *list = json_array();
    for (unsigned c = 0; c < CHANNEL_KINDS; c++) {
        if ((channels >> c & 1) != 0) {
            json_array_append_new(list, json_string(channel_kind_name((enum channel_kind)c)));
        }
    }
    return list;
}
