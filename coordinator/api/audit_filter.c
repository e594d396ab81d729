/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/audit_filter.h"

#include <string.h>

#include "common/hash.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/content/object_id.h"

#define TEXT_MAX 200

static const uint8_t scope_key[HASH_KEY_BYTES] = "tocsin audit 1"; /* public, as a cursor's is */

/* ---- which ---- */

static bool read_time(struct exchange *exchange, const char *parameter, uint64_t *at_ms)
{
    const char *text = query_string_get(&exchange->query, parameter);
    if (text == NULL || text_time_parse(slice_str(text), at_ms)) {
        return true;
    }
    exchange_refuse_parameter(exchange, parameter,
                              "\"%.64s\" is no time; write it as 2026-11-23T10:00:00Z", text);
    return false;
}

static bool read_text(struct exchange *exchange, const char *parameter, char **out)
{
    const char *text = query_string_get(&exchange->query, parameter);
    if (text != NULL && (text[0] == '\0' || strlen(text) > TEXT_MAX)) {
        exchange_refuse_parameter(exchange, parameter, "%s has 1 to %d bytes", parameter, TEXT_MAX);
        return false;
    }
    *out = mem_copy_str(text);
    return true;
}

bool audit_filter_read(struct exchange *exchange, struct audit_filter *filter)
{
    *filter = (struct audit_filter){.until_ms = UINT64_MAX};
    if (!read_text(exchange, "who", &filter->who) ||
        !read_text(exchange, "object", &filter->object) ||
        !read_text(exchange, "action", &filter->action) ||
        !read_time(exchange, "from", &filter->from_ms) ||
        !read_time(exchange, "to", &filter->until_ms)) {
        return false;
    }
    if (filter->from_ms >= filter->until_ms) {
        exchange_refuse_parameter(exchange, "to", "`to` is not after `from`");
        return false;
    }
    return true;
}

void audit_filter_release(struct audit_filter *filter)
{
    mem_free(filter->who);
    mem_free(filter->object);
    mem_free(filter->action);
    *filter = (struct audit_filter){0};
}

static bool is_who(const char *who, const struct audit_entry *entry)
{
    uint64_t token;
    if (slice_is(entry->name, who)) {
        return true;
    }
    return entry->token != 0 && object_id_parse(slice_str(who), OBJECT_TOKEN, &token) &&
           token == entry->token;
}

/* Percent signs of a path are those of RFC 3986. */
static bool has_part(struct slice path, const char *part)
{
    struct buf encoded = {0};
    bool has = false;
    text_url_encode(&encoded, slice_str(part));
    while (path.len > 0 && !has) {
        struct slice each = slice_take_until(&path, '/');
        has = slice_is(each, part) || slice_equal(each, buf_view(&encoded));
    }
    buf_release(&encoded);
    return has;
}

/* "campaigns" is all that begins with "campaigns.". */
static bool is_action(struct slice action, const char *wanted)
{
    size_t len = strlen(wanted);
    return action.len >= len && memcmp(action.data, wanted, len) == 0 &&
           (action.len == len || action.data[len] == '.');
}

bool audit_filter_passes(const struct audit_filter *filter, const struct audit_entry *entry)
{
    return entry->at_ms >= filter->from_ms && entry->at_ms < filter->until_ms &&
           (filter->who == NULL || is_who(filter->who, entry)) &&
           (filter->object == NULL || has_part(entry->object, filter->object)) &&
           (filter->action == NULL || is_action(entry->action, filter->action));
}

uint64_t audit_filter_scope(const struct audit_filter *filter)
{
    const char *const texts[] = {filter->who, filter->object, filter->action};
    struct buf all = {0};
    buf_u64(&all, filter->from_ms);
    buf_u64(&all, filter->until_ms);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        buf_u8(&all, texts[i] != NULL);
        buf_blob(&all, slice_str(texts[i] == NULL ? "" : texts[i]));
    }
    uint64_t scope = hash_keyed64(scope_key, buf_view(&all));
    buf_release(&all);
    return scope;
}

/* ---- shown ---- */

static json_t *text_json(struct slice text)
{
    return json_stringn((const char *)text.data, text.len);
}

static json_t *text_or_null(struct slice text)
{
    return text.len == 0 ? json_null() : text_json(text);
}

json_t *audit_entry_json(const struct audit_entry *entry)
{
    char token[OBJECT_ID_CHARS + 1];
    object_id_write(token, OBJECT_TOKEN, entry->token);
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "number",
                     (json_int_t)entry->number, "at", exchange_time(entry->at_ms), "name",
                     text_or_null(entry->name), "kind", text_json(entry->kind), "role",
                     text_or_null(entry->role), "token", entry->token == 0 ? NULL : token,
                     "address", text_json(entry->address), "action", text_json(entry->action),
                     "method", text_json(entry->method), "route", text_json(entry->route), "object",
                     text_json(entry->object), "summary", text_json(entry->summary), "status",
                     (int)entry->status);
}

const char audit_csv_head[] =
    "number,at,name,kind,role,token,address,action,method,object,summary,status\r\n";

/* A text that a spreadsheet would take for a formula is led by an apostrophe. */
static void put_cell(struct buf *csv, struct slice text)
{
    bool is_formula = text.len > 0 && memchr("=+-@\t\r", text.data[0], 6) != NULL;
    buf_str(csv, is_formula ? "\"'" : "\"");
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"') {
            buf_u8(csv, '"');
        }
        buf_u8(csv, text.data[i]);
    }
    buf_u8(csv, '"');
}

void audit_entry_csv(const struct audit_entry *entry, struct buf *csv)
{
    char at[TEXT_TIME_BYTES + 1];
    char token[OBJECT_ID_CHARS + 1];
    const struct slice texts[] = {entry->address, entry->action, entry->method, entry->object,
                                  entry->summary};
    text_time_str(at, entry->at_ms);
    object_id_write(token, OBJECT_TOKEN, entry->token);
    buf_printf(csv, "%llu,%s,", (unsigned long long)entry->number, at);
    put_cell(csv, entry->name);
    buf_printf(csv, ",%.*s,%.*s,%s", (int)entry->kind.len, (const char *)entry->kind.data,
               (int)entry->role.len, (const char *)entry->role.data,
               entry->token == 0 ? "" : token);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        buf_u8(csv, ',');
        put_cell(csv, texts[i]);
    }
    buf_printf(csv, ",%u\r\n", entry->status);
}
