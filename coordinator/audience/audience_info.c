/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout (version 3, little-endian):
 *     u8 version = 3 · varint id · blob name · varint created_ms
 *     varint rows · accepted · duplicates · refused · refused_kept · pages · slots · page_bytes
 *     u8 count of fields · varint with_field each · blob schema (page_schema_encode)
 *     blob root: 32 bytes, or none (not in version 1)
 *     blob secret: 32 bytes, or none (not before version 3)
 *
 * To change it: (1) raise INFO_VERSION, (2) keep reading the versions before, (3) add the bytes of
 * the old version to test_audience_info, (4) write the change down in docs/ledger.md.
 */
#include <string.h>

#include "coordinator/audience/audience.h"

enum { INFO_VERSION = 3 };

void audience_info_encode(const struct audience_info *info, struct buf *buf)
{
    buf_u8(buf, INFO_VERSION);
    buf_varint(buf, info->id);
    buf_blob(buf, slice_str(info->name));
    const uint64_t numbers[] = {info->created_ms, info->rows,    info->accepted,
                                info->duplicates, info->refused, info->refused_kept,
                                info->pages,      info->slots,   info->page_bytes};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        buf_varint(buf, numbers[i]);
    }
    buf_u8(buf, PAGE_FIELDS);
    for (unsigned field = 0; field < PAGE_FIELDS; field++) {
        buf_varint(buf, info->with_field[field]);
    }
    struct buf schema = {0};
    page_schema_encode(&info->schema, &schema);
    buf_blob(buf, buf_view(&schema));
    buf_blob(buf, slice_of(info->root, info->has_root ? HASH_DIGEST_BYTES : 0));
    buf_blob(buf, slice_of(info->secret, info->has_secret ? ROWS_SECRET_BYTES : 0));
    buf_release(&schema);
}

static bool read_name(struct reader *reader, struct audience_info *info)
{
    struct slice name = reader_blob(reader);
    if (name.len > AUDIENCE_NAME_MAX) {
        return false;
    }
    if (name.len > 0) {
        memcpy(info->name, name.data, name.len);
    }
    return true;
}

/* A field that a later version knows and this one does not is read over. */
static void read_fields(struct reader *reader, struct audience_info *info)
{
    unsigned fields = reader_u8(reader);
    for (unsigned field = 0; field < fields; field++) {
        uint64_t count = reader_varint(reader);
        if (field < PAGE_FIELDS) {
            info->with_field[field] = count;
        }
    }
}

/* So many bytes, or none. */
static bool read_optional(struct reader *reader, uint8_t *bytes, size_t len, bool *is_there)
{
    struct slice blob = reader_blob(reader);
    *is_there = blob.len == len;
    if (*is_there) {
        memcpy(bytes, blob.data, len);
    }
    return !reader->bad && (blob.len == 0 || *is_there);
}

static bool adds_up(const struct audience_info *info)
{
    return info->accepted + info->duplicates == info->slots &&
           info->accepted + info->duplicates + info->refused == info->rows &&
           info->pages == ((uint64_t)info->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
}

enum err audience_info_decode(struct slice bytes, struct audience_info *info)
{
    memset(info, 0, sizeof(*info));
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    if (reader.bad || version == 0) {
        return ERR_CORRUPT;
    }
    if (version > INFO_VERSION) {
        return ERR_NEWER_VERSION;
    }
    info->id = reader_varint(&reader);
    if (!read_name(&reader, info)) {
        return ERR_CORRUPT;
    }
    info->created_ms = reader_varint(&reader);
    info->rows = reader_varint(&reader);
    info->accepted = reader_varint(&reader);
    info->duplicates = reader_varint(&reader);
    info->refused = reader_varint(&reader);
    info->refused_kept = reader_varint(&reader);
    uint64_t pages = reader_varint(&reader);
    uint64_t slots = reader_varint(&reader);
    info->page_bytes = reader_varint(&reader);
    read_fields(&reader, info);
    struct slice schema = reader_blob(&reader);
    if (version > 1 && !read_optional(&reader, info->root, HASH_DIGEST_BYTES, &info->has_root)) {
        return ERR_CORRUPT;
    }
    if (version > 2 &&
        (!read_optional(&reader, info->secret, ROWS_SECRET_BYTES, &info->has_secret) ||
         (info->has_secret && !info->has_root))) {
        return ERR_CORRUPT;
    }
    if (reader.bad || reader_left(&reader) > 0 || pages > UINT32_MAX || slots > UINT32_MAX) {
        return ERR_CORRUPT;
    }
    info->pages = (uint32_t)pages;
    info->slots = (uint32_t)slots;
    enum err err = page_schema_decode(schema, &info->schema);
    return err == ERR_OK && !adds_up(info) ? ERR_CORRUPT : err;
}
