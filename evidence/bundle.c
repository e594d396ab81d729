/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/bundle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "evidence/bundle_internal.h"
#include "evidence/bundle_writer.h"

typedef enum err (*bundle_take_fn)(struct bundle_reader *reader, json_t *json);

enum err bundle_fail(struct bundle_reader *reader, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return problem_set(reader->problem, ERR_CORRUPT, "line %" PRIu64 ": %s", reader->line, text);
}

enum err bundle_decode(struct bundle_reader *reader, const char *name, const char *text,
                       struct buf *bytes)
{
    size_t cap = strlen(text) / 4 * 3 + 3;
    size_t len;
    buf_clear(bytes);
    if (!text_base64url_decode(slice_str(text), buf_reserve(bytes, cap), cap, &len)) {
        return bundle_fail(reader, "\"%s\" is no base64url", name);
    }
    bytes->len = len;
    return ERR_OK;
}

/* ---- the lines before the records ---- */

static bool take_campaign(const char *text, uint64_t *campaign)
{
    return text[0] == 'c' && text_number(slice_str(text + 1), 1, INT64_MAX, campaign);
}

static bool take_heading_numbers(struct bundle *bundle, json_int_t partition, json_int_t first,
                                 json_int_t last, json_int_t ordinal)
{
    bundle->partition = (uint16_t)partition;
    bundle->first_record = (uint64_t)first;
    bundle->last_record = (uint64_t)last;
    bundle->ordinal = (uint32_t)ordinal;
    return partition >= 0 && partition <= UINT16_MAX && first >= 1 && last >= first &&
           ordinal >= 0 && ordinal < UINT32_MAX;
}

static enum err take_heading(struct bundle_reader *reader, json_t *json)
{
    struct bundle *bundle = reader->bundle;
    json_int_t version = 0;
    json_int_t partition;
    json_int_t first;
    json_int_t last;
    json_int_t ordinal = 0;
    const char *campaign;
    const char *key;
    const char *recipient = NULL;
    if (json_unpack(json, "{s:I}", "version", &version) == 0 && version > BUNDLE_VERSION) {
        return problem_set(reader->problem, ERR_NEWER_VERSION,
                           "the bundle is of version %" JSON_INTEGER_FORMAT
                           ", and this program knows version %d: it was written by a newer version",
                           version, BUNDLE_VERSION);
    }
    if (json_unpack(json, "{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s?s, s?I !}", "type",
                    &(const char *){NULL}, "version", &version, "public_key", &key, "campaign",
                    &campaign, "partition", &partition, "first_record", &first, "last_record",
                    &last, "recipient", &recipient, "ordinal", &ordinal) != 0 ||
        version < 1 || !take_campaign(campaign, &bundle->campaign) ||
        !take_heading_numbers(bundle, partition, first, last, ordinal)) {
        return bundle_fail(reader, "it is not how a bundle of evidence begins");
    }
    bundle->version = (unsigned)version;
    bundle->has_recipient = recipient != NULL;
    bundle->recipient = mem_copy_str(recipient);
    enum err err = bundle_decode(reader, "public_key", key, &reader->bytes[0]);
    if (err == ERR_OK && reader->bytes[0].len != SIGNING_PUBLIC_BYTES) {
        err = bundle_fail(reader, "\"public_key\" has %zu bytes and must have %d",
                          reader->bytes[0].len, SIGNING_PUBLIC_BYTES);
    }
    if (err == ERR_OK) {
        memcpy(bundle->public_key, reader->bytes[0].data, SIGNING_PUBLIC_BYTES);
    }
    return err;
}

/* Each key but the first follows the one before, and the last is the one that signs. */
static enum err take_key(struct bundle_reader *reader, json_t *json)
{
    struct bundle *bundle = reader->bundle;
    const char *text;
    struct key_statement statement;
    if (json_unpack(json, "{s:s, s:s !}", "type", &(const char *){NULL}, "statement", &text) != 0) {
        return bundle_fail(reader, "it is no line of a key");
    }
    enum err err = bundle_decode(reader, "statement", text, &reader->bytes[0]);
    if (err != ERR_OK) {
        return err;
    }
    if (key_statement_decode(buf_view(&reader->bytes[0]), &statement) != ERR_OK ||
        !key_statement_is_good(&statement)) {
        return bundle_fail(reader, "it is not what a key says of itself");
    }
    const struct key_statement *before =
        bundle->key_count == 0 ? NULL : &bundle->keys[bundle->key_count - 1];
    if (statement.number != bundle->key_count + 1 ||
        (before != NULL && memcmp(statement.before, before->key, SIGNING_PUBLIC_BYTES) != 0)) {
        return bundle_fail(reader, "the key does not follow the one before");
    }
    bundle->keys = mem_resize(bundle->keys, (size_t)bundle->key_count + 1, sizeof(*bundle->keys));
    bundle->keys[bundle->key_count++] = statement;
    return ERR_OK;
}

static enum err take_manifest(struct bundle_reader *reader, json_t *json)
{
    struct bundle *bundle = reader->bundle;
    const char *text;
    if (bundle->key_count == 0 || memcmp(bundle->keys[bundle->key_count - 1].key,
                                         bundle->public_key, SIGNING_PUBLIC_BYTES) != 0) {
        return bundle_fail(reader, "the newest key is not the one that signs the bundle");
    }
    if (json_unpack(json, "{s:s, s:s !}", "type", &(const char *){NULL}, "bytes", &text) != 0) {
        return bundle_fail(reader, "it is no line of a manifest");
    }
    enum err err = bundle_decode(reader, "bytes", text, &bundle->manifest_bytes);
    if (err != ERR_OK) {
        return err;
    }
    struct manifest *manifest = &bundle->manifest;
    if (manifest_decode(buf_view(&bundle->manifest_bytes), manifest) != ERR_OK ||
        page_schema_decode(manifest->schema, &bundle->schema) != ERR_OK) {
        return bundle_fail(reader, "\"bytes\" is no manifest");
    }
    if (manifest->is_of_rows != (bundle->version > 1)) {
        return bundle_fail(reader, "a bundle of version %u has no such manifest", bundle->version);
    }
    bundle->document = json_loadb((const char *)manifest->document.data, manifest->document.len,
                                  JSON_REJECT_DUPLICATES, NULL);
    return json_is_object(bundle->document)
               ? ERR_OK
               : bundle_fail(reader, "the manifest holds no document of a campaign");
}

static enum err take_provider(struct bundle_reader *reader, json_t *json)
{
    json_int_t number;
    const char *name;
    const char *channel;
    if (json_unpack(json, "{s:s, s:I, s:s, s:s !}", "type", &(const char *){NULL}, "number",
                    &number, "name", &name, "channel", &channel) != 0 ||
        number < 0 || number > UINT8_MAX) {
        return bundle_fail(reader, "it is no line of a provider");
    }
    struct bundle_provider *provider = &reader->bundle->providers[number];
    snprintf(provider->name, sizeof(provider->name), "%s", name);
    snprintf(provider->channel, sizeof(provider->channel), "%s", channel);
    return ERR_OK;
}

/* ---- the lines behind the records ---- */

static enum err take_totals(struct bundle_reader *reader, json_t *json)
{
    const struct bundle *bundle = reader->bundle;
    json_int_t records;
    json_int_t blocks;
    if (json_unpack(json, "{s:s, s:I, s:I !}", "type", &(const char *){NULL}, "records", &records,
                    "blocks", &blocks) != 0) {
        return bundle_fail(reader, "it is no line of totals");
    }
    enum err err = bundle_settle_record(reader);
    if (err != ERR_OK) {
        return err;
    }
    if (records != (json_int_t)bundle->records || blocks != (json_int_t)bundle->blocks) {
        return bundle_fail(reader, "records or blocks are missing, or there are too many");
    }
    if (reader->recno != bundle->last_record || !reader->is_covered) {
        return bundle_fail(reader, "no head signs the last record");
    }
    if (!reader->has_manifest) {
        return bundle_fail(reader, "no record put the manifest");
    }
    if (!reader->has_begin) {
        return bundle_fail(reader, "the first record is not the one that launched the campaign");
    }
    return ERR_OK;
}

static enum err take_signature(struct bundle_reader *reader, json_t *json)
{
    const char *text;
    if (json_unpack(json, "{s:s, s:s !}", "type", &(const char *){NULL}, "signature", &text) != 0) {
        return bundle_fail(reader, "it is no line of a signature");
    }
    enum err err = bundle_decode(reader, "signature", text, &reader->bytes[0]);
    if (err != ERR_OK) {
        return err;
    }
    bool is_good =
        reader->bytes[0].len == SIGNATURE_BYTES &&
        bundle_is_signed(reader->bytes[0].data, reader->digest, reader->bundle->public_key);
    return is_good ? ERR_OK
                   : bundle_fail(reader, "the signature is not good: something above was altered");
}

/* ---- the order of the lines ---- */

/* A line is of a part, and no line of a part before it may follow. */
static const struct {
    const char *type;
    enum bundle_part part;
    bool is_once;
    bundle_take_fn take;
} kinds[] = {
    {"tocsin-evidence", BUNDLE_HEADING, true, take_heading},
    {"key", BUNDLE_KEYS, false, take_key},
    {"manifest", BUNDLE_MANIFEST, true, take_manifest},
    {"recipient", BUNDLE_VALUES, true, bundle_take_values},
    {"rows", BUNDLE_SECRET, true, bundle_take_secret},
    {"page", BUNDLE_PAGES, false, bundle_take_page},
    {"provider", BUNDLE_PROVIDERS, false, take_provider},
    {"record", BUNDLE_RECORDS, false, bundle_take_record},
    {"change", BUNDLE_RECORDS, false, bundle_take_change},
    {"block", BUNDLE_RECORDS, false, bundle_take_block},
    {"head", BUNDLE_RECORDS, false, bundle_take_head},
    {"end", BUNDLE_TOTALS, true, take_totals},
    {"signature", BUNDLE_SIGNATURE, true, take_signature},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What must be there before a line of this part. */
static enum err check_order(struct bundle_reader *reader, enum bundle_part part)
{
    const struct bundle *bundle = reader->bundle;
    if (part < reader->part || (reader->part == BUNDLE_HEADING && part != BUNDLE_HEADING)) {
        return bundle_fail(reader, "it stands in the wrong place");
    }
    if (part > BUNDLE_MANIFEST && bundle->document == NULL) {
        return bundle_fail(reader, "the manifest is missing");
    }
    if (part > BUNDLE_VALUES && bundle->has_recipient && bundle->values == NULL) {
        return bundle_fail(reader, "the recipient's values are missing");
    }
    if (part > BUNDLE_RECORDS && bundle->records == 0) {
        return bundle_fail(reader, "the records are missing");
    }
    if (part == BUNDLE_SIGNATURE && reader->part <= BUNDLE_TOTALS) {
        return bundle_fail(reader, "the totals are missing");
    }
    return part > BUNDLE_PAGES && reader->part <= BUNDLE_PAGES ? bundle_settle_pages(reader)
                                                               : ERR_OK;
}

static enum err take_line(struct bundle_reader *reader, json_t *json)
{
    const char *type = json_string_value(json_object_get(json, "type"));
    for (size_t i = 0; i < KINDS && type != NULL; i++) {
        if (strcmp(kinds[i].type, type) != 0) {
            continue;
        }
        enum err err = check_order(reader, kinds[i].part);
        if (err != ERR_OK) {
            return err;
        }
        if (kinds[i].part == BUNDLE_RECORDS && reader->bundle->records == 0 &&
            kinds[i].take != bundle_take_record) {
            return bundle_fail(reader, "it stands before the first record");
        }
        reader->part = kinds[i].is_once ? kinds[i].part + 1 : kinds[i].part;
        return kinds[i].take(reader, json);
    }
    return bundle_fail(reader, reader->line == 1 ? "this is no bundle of evidence"
                                                 : "there is no line of this type");
}

/* The line that holds the signature is signed by none: it must have the one form that there is. */
static enum err check_exact(struct bundle_reader *reader, struct slice line)
{
    struct bundle_writer writer = {0};
    bundle_begin(&writer, "signature");
    bundle_bytes(&writer, "signature", buf_view(&reader->bytes[0]));
    bundle_end(&writer);
    bool is_exact = slice_equal(line, buf_view(&writer.line));
    bundle_writer_release(&writer);
    return is_exact ? ERR_OK : bundle_fail(reader, "it is not written as a bundle ends");
}

enum err bundle_reader_line(struct bundle_reader *reader, struct slice line,
                            struct problem *problem)
{
    reader->problem = problem;
    reader->line++;
    if (line.len == 0 || line.data[line.len - 1] != '\n') {
        return bundle_fail(reader, "it is cut off");
    }
    if (line.len > BUNDLE_LINE_MAX) {
        return bundle_fail(reader, "it is longer than %zu bytes", BUNDLE_LINE_MAX);
    }
    if (reader->part == BUNDLE_DONE) {
        return bundle_fail(reader, "something follows the signature");
    }
    json_error_t error;
    json_t *json =
        json_loadb((const char *)line.data, line.len - 1, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        json_decref(json);
        return bundle_fail(reader, "it is no JSON object");
    }
    enum err err = take_line(reader, json);
    if (err == ERR_OK && reader->part == BUNDLE_DONE) {
        err = check_exact(reader, line);
    }
    json_decref(json);
    bundle_digest_add(reader->digest, line);
    return err;
}

enum err bundle_reader_end(struct bundle_reader *reader, struct problem *problem)
{
    reader->problem = problem;
    reader->line++;
    return reader->part == BUNDLE_DONE ? ERR_OK
                                       : bundle_fail(reader, "the end of the bundle is missing");
}

struct bundle_reader *bundle_reader_new(struct bundle *bundle)
{
    struct bundle_reader *reader = mem_zalloc(1, sizeof(*reader));
    reader->bundle = bundle;
    return reader;
}

void bundle_reader_free(struct bundle_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof(reader->bytes) / sizeof(reader->bytes[0]); i++) {
        buf_release(&reader->bytes[i]);
    }
    buf_release(&reader->scratch);
    buf_release(&reader->change_digests);
    buf_release(&reader->digests);
    bundle_release_pages(reader);
    mem_free(reader->wanted);
    mem_free(reader);
}

void bundle_release(struct bundle *bundle)
{
    for (unsigned i = 0; bundle->values != NULL && i < PAGE_COLUMNS_MAX; i++) {
        mem_free(bundle->values[i]);
    }
    mem_free(bundle->values);
    mem_free(bundle->recipient);
    mem_free(bundle->keys);
    mem_free(bundle->heads);
    mem_free(bundle->events);
    buf_release(&bundle->manifest_bytes);
    buf_release(&bundle->refs);
    json_decref(bundle->document);
    *bundle = (struct bundle){0};
}

bool bundle_is_by(const struct bundle *bundle, const uint8_t public_key[SIGNING_PUBLIC_BYTES])
{
    return key_statements_lead(bundle->keys, bundle->key_count, public_key);
}
