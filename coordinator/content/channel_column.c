/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/channel_column.h"

const char *channel_column_name(enum channel_kind channel)
{
#define FIELD_NAME(name, word) [PAGE_FIELD_##name] = (word),
    static const char *const names[] = {PAGE_FIELD_MAP(FIELD_NAME)};
#undef FIELD_NAME
    return names[channel_kind_field(channel)];
}

unsigned channel_column_count(enum channel_kind channel, const struct page_schema *schema)
{
    enum page_field field = channel_kind_field(channel);
    unsigned count = 0;
    while (count < CHANNEL_COLUMNS_MAX && page_schema_endpoint(schema, field, count) >= 0) {
        count++;
    }
    return count;
}
