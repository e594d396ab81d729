/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/audience_json.h"

#include "coordinator/api/exchange.h"
#include "coordinator/content/object_id.h"

static const char *field_word(enum page_field field)
{
#define FIELD_WORD(name, word) [PAGE_FIELD_##name] = (word),
    static const char *const words[] = {PAGE_FIELD_MAP(FIELD_WORD)};
#undef FIELD_WORD
    return field == PAGE_FIELD_VARIABLE ? "variable" : words[field];
}

static json_t *columns_json(const struct page_schema *schema)
{
    json_t *columns = json_array();
    for (unsigned i = 0; i < schema->count; i++) {
        const struct page_column *column = &schema->columns[i];
        json_array_append_new(columns, json_pack("{s:s, s:s}", "name", column->name, "field",
                                                 field_word(column->field)));
    }
    return columns;
}

static json_t *reachable_json(const struct audience_info *info)
{
    static const enum page_field fields[] = {PAGE_FIELD_EMAIL, PAGE_FIELD_PHONE, PAGE_FIELD_PUSH,
                                             PAGE_FIELD_WEBHOOK};
    json_t *reachable = json_object();
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        json_object_set_new(reachable, field_word(fields[i]),
                            json_integer((json_int_t)info->with_field[fields[i]]));
    }
    return reachable;
}

json_t *audience_json(const struct audience_info *info)
{
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_AUDIENCE, info->id);
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:i, s:I, s:o, s:o}", "id", id, "name",
                     info->name, "created_at", exchange_time(info->created_ms), "rows",
                     (json_int_t)info->rows, "accepted", (json_int_t)info->accepted, "duplicates",
                     (json_int_t)info->duplicates, "refused", (json_int_t)info->refused, "pages",
                     (int)info->pages, "page_bytes", (json_int_t)info->page_bytes, "columns",
                     columns_json(&info->schema), "reachable", reachable_json(info));
}
