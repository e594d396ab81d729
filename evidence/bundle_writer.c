/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/bundle_writer.h"

#include <inttypes.h>
#include <string.h>

#include "common/text.h"

void bundle_writer_release(struct bundle_writer *writer)
{
    buf_release(&writer->line);
}

void bundle_begin(struct bundle_writer *writer, const char *type)
{
    writer->begins = writer->line.len;
    buf_printf(&writer->line, "{\"type\":\"%s\"", type);
}

void bundle_number(struct bundle_writer *writer, const char *name, uint64_t number)
{
    buf_printf(&writer->line, ",\"%s\":%" PRIu64, name, number);
}

static void put_text(struct buf *line, struct slice utf8)
{
    buf_u8(line, '"');
    text_json_escape(line, utf8);
    buf_u8(line, '"');
}

void bundle_text(struct bundle_writer *writer, const char *name, struct slice utf8)
{
    buf_printf(&writer->line, ",\"%s\":", name);
    put_text(&writer->line, utf8);
}

void bundle_bytes(struct bundle_writer *writer, const char *name, struct slice bytes)
{
    buf_printf(&writer->line, ",\"%s\":\"", name);
    text_base64url(&writer->line, bytes);
    buf_u8(&writer->line, '"');
}

void bundle_texts(struct bundle_writer *writer, const char *name, const struct slice *utf8,
                  unsigned count)
{
    buf_printf(&writer->line, ",\"%s\":[", name);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0) {
            buf_u8(&writer->line, ',');
        }
        put_text(&writer->line, utf8[i]);
    }
    buf_u8(&writer->line, ']');
}

void bundle_end(struct bundle_writer *writer)
{
    buf_str(&writer->line, "}\n");
    bundle_digest_add(writer->digest, slice_of(writer->line.data + writer->begins,
                                               writer->line.len - writer->begins));
}

void bundle_seal(struct bundle_writer *writer, const struct signing_key *key)
{
    uint8_t signature[SIGNATURE_BYTES];
    bundle_sign(signature, writer->digest, key);
    bundle_begin(writer, "signature");
    bundle_bytes(writer, "signature", slice_of(signature, sizeof(signature)));
    bundle_end(writer);
}

void bundle_digest_add(uint8_t digest[HASH_DIGEST_BYTES], struct slice line)
{
    uint8_t both[2 * HASH_DIGEST_BYTES];
    memcpy(both, digest, HASH_DIGEST_BYTES);
    hash_digest(both + HASH_DIGEST_BYTES, line);
    hash_digest(digest, slice_of(both, sizeof(both)));
}
