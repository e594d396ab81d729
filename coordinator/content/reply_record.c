/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/reply_record.h"

#include "common/text.h"

#define VERSION 1

static const char *const result_names[REPLY_RESULTS] = {
#define RESULT_NAME(name, word) [REPLY_##name] = (word),
    REPLY_RESULT_MAP(RESULT_NAME)
#undef RESULT_NAME
};
static const char *const found_names[REPLY_FOUNDS] = {
#define FOUND_NAME(name, word) [REPLY_FOUND_##name] = (word),
    REPLY_FOUND_MAP(FOUND_NAME)
#undef FOUND_NAME
};

const char *reply_result_name(enum reply_result result)
{
    return result_names[result];
}

const char *reply_found_name(enum reply_found found)
{
    return found_names[found];
}

void reply_record_encode(const struct reply_record *record, struct buf *value)
{
    buf_u8(value, VERSION);
    buf_u8(value, (uint8_t)record->class);
    buf_u8(value, (uint8_t)record->result);
    buf_u8(value, record->channel);
    buf_u8(value, (uint8_t)record->found_by);
    buf_u64(value, record->at_ms);
    buf_u64(value, record->campaign);
    buf_u32(value, record->ordinal);
    buf_blob(value, record->key);
    buf_blob(value, record->provider);
    buf_blob(value, record->from);
    buf_blob(value, record->to);
    buf_blob(value, record->text);
    buf_blob(value, record->id);
}

static bool is_sound(const struct reply_record *record)
{
    const struct slice texts[] = {record->key, record->provider, record->from,
                                  record->to,  record->text,     record->id};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!text_is_utf8(texts[i], NULL)) {
            return false;
        }
    }
    return record->class < REPLY_CLASSES && record->result < REPLY_RESULTS &&
           record->found_by < REPLY_FOUNDS &&
           (record->channel < CHANNEL_KINDS || record->channel == REPLY_NO_CHANNEL);
}

enum err reply_record_decode(struct slice value, struct reply_record *record)
{
    struct reader reader = reader_of(value);
    uint8_t version = reader_u8(&reader);
    if (!reader.bad && version != VERSION) {
        return ERR_UNSUPPORTED;
    }
    record->class = (enum reply_class)reader_u8(&reader);
    record->result = (enum reply_result)reader_u8(&reader);
    record->channel = reader_u8(&reader);
    record->found_by = (enum reply_found)reader_u8(&reader);
    record->at_ms = reader_u64(&reader);
    record->campaign = reader_u64(&reader);
    record->ordinal = reader_u32(&reader);
    record->key = reader_blob(&reader);
    record->provider = reader_blob(&reader);
    record->from = reader_blob(&reader);
    record->to = reader_blob(&reader);
    record->text = reader_blob(&reader);
    record->id = reader_blob(&reader);
    return !reader.bad && reader_left(&reader) == 0 && is_sound(record) ? ERR_OK : ERR_CORRUPT;
}
