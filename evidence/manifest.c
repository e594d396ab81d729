/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/manifest.h"

enum { VERSION_OF_PAGES = 1, VERSION_OF_ROWS = 2 };

void manifest_encode(const struct manifest *manifest, struct buf *buf)
{
    buf_u8(buf, manifest->is_of_rows ? VERSION_OF_ROWS : VERSION_OF_PAGES);
    buf_blob(buf, manifest->document);
    buf_varint(buf, manifest->audience);
    buf_varint(buf, manifest->pages);
    buf_varint(buf, manifest->slots);
    buf_blob(buf, manifest->schema);
    buf_blob(buf, slice_of(manifest->root, manifest->root == NULL ? 0 : HASH_DIGEST_BYTES));
}

enum err manifest_decode(struct slice bytes, struct manifest *manifest)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    manifest->document = reader_blob(&reader);
    manifest->audience = reader_varint(&reader);
    manifest->pages = reader_varint(&reader);
    manifest->slots = reader_varint(&reader);
    manifest->schema = reader_blob(&reader);
    struct slice root = reader_blob(&reader);
    manifest->root = root.len == 0 ? NULL : root.data;
    manifest->is_of_rows = version == VERSION_OF_ROWS;
    if (!reader.bad && version != VERSION_OF_PAGES && version != VERSION_OF_ROWS) {
        return ERR_UNSUPPORTED;
    }
    bool is_root = root.len == HASH_DIGEST_BYTES || (root.len == 0 && version == VERSION_OF_PAGES);
    return reader.bad || reader_left(&reader) > 0 || !is_root ? ERR_CORRUPT : ERR_OK;
}

void manifest_key(struct buf *buf, uint64_t campaign)
{
    buf_be16(buf, 0);
    buf_u8(buf, MANIFEST_KIND);
    buf_be64(buf, campaign);
}
