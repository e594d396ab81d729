/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 1. Where does it begin and end? The record of the launch and the newest with a block of what is
 *    asked for; then the first head at or behind that.
 * 2. What does not change: the manifest, the recipient's values with what binds them, or the sealed
 *    pages.
 * 3. Every record from the first to that of the head. For one with blocks of ours the digests of
 *    all its entries are computed again; of the others the header is enough.
 */
#include "coordinator/report/evidence_export.h"

#include <inttypes.h>
#include <string.h>

#include "common/mem.h"
#include "common/merkle.h"
#include "coordinator/engine/event.h"
#include "coordinator/ledger/chain.h"
#include "coordinator/report/page_reader.h"
#include "evidence/bundle_writer.h"
#include "evidence/manifest.h"
#include "proto/page.h"

_Static_assert(MANIFEST_KIND == CATALOGUE_MANIFEST, "its key is written there, too");

#define PARTITION    0
#define FLUSH_BYTES  ((size_t)64 << 10)
#define GATHER_BYTES ((size_t)1 << 20)

struct exporting {
    const struct evidence_export *export;
    struct problem *problem;
    enum err err;
    struct bundle_writer writer;
    uint64_t first; /* record */
    uint64_t last;
    struct store_value manifest_value;
    struct manifest manifest;
    struct page_schema schema;
    struct key_statement *keys; /* oldest first; the last is the one that signs */
    unsigned key_count;
    struct signed_head *heads; /* from first to last */
    unsigned head_count;
    unsigned head_at;
    bool is_covered;   /* the last of them covers all */
    bool has_manifest; /* the record that put it was written */
    struct buf manifest_key;
    struct buf digests;
    struct buf change_digests;
    struct buf scratch;
    struct buf headers; /* some records', from `next` back */
    uint64_t next;
    uint64_t records;
    uint64_t blocks;
};

static enum err fail(struct exporting *exporting, enum err err, const char *what)
{
    exporting->err = problem_set(exporting->problem, err, "%s: %s", what, err_sentence(err));
    return exporting->err;
}

/* Much may be read before there is a line to write. */
static bool is_wanted(struct exporting *exporting)
{
    const struct evidence_export *export = exporting->export;
    if (exporting->err == ERR_OK && export->is_wanted != NULL && !export->is_wanted(export->arg)) {
        (void)fail(exporting, ERR_CLOSED, "the bundle");
    }
    return exporting->err == ERR_OK;
}

static bool flush(struct exporting *exporting, size_t from)
{
    struct buf *line = &exporting->writer.line;
    if (line->len > from) {
        if (!exporting->export->sink(exporting->export->arg, buf_view(line))) {
            (void)fail(exporting, ERR_CLOSED, "the bundle");
            return false;
        }
        buf_clear(line);
    }
    return true;
}

/* ---- where it begins and ends ---- */

/* A draft may have been changed before; that is no part of what was sent. */
static enum err look_for_launch(struct exporting *exporting, uint64_t recno, struct slice bytes)
{
    struct event_list list;
    event_list_init(&list);
    enum err err = event_block_decode(bytes, &list);
    for (unsigned i = 0; err == ERR_OK && i < list.count; i++) {
        uint8_t kind = list.events[i].kind;
        if (kind == CAMPAIGN_EVENT_LAUNCHED || kind == CAMPAIGN_EVENT_SCHEDULED) {
            exporting->first = recno;
        }
    }
    event_list_release(&list);
    return err;
}

static bool note_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    struct exporting *exporting = arg;
    if (recno > exporting->export->through) {
        return true; /* it happened meanwhile, and no head signs it yet */
    }
    if (page == RECORD_PAGE_CAMPAIGN && exporting->first == 0) { /* they come in order */
        exporting->err = look_for_launch(exporting, recno, bytes);
    }
    exporting->last = recno > exporting->last ? recno : exporting->last;
    return exporting->err == ERR_OK && is_wanted(exporting);
}

static enum err find_blocks(struct exporting *exporting)
{
    const struct evidence_export *export = exporting->export;
    if (!export->has_recipient) {
        return ledger_each_block(export->ledger, export->campaign, note_block, exporting);
    }
    enum err err = ledger_each_block_of_page(export->ledger, export->campaign, RECORD_PAGE_CAMPAIGN,
                                             note_block, exporting);
    err = err == ERR_OK ? exporting->err : err;
    return err != ERR_OK ? err
                         : ledger_each_block_of_page(export->ledger, export->campaign,
                                                     export->ordinal / PAGE_RECIPIENTS, note_block,
                                                     exporting);
}

static bool take_key(void *arg, struct slice id, struct slice value)
{
    struct exporting *exporting = arg;
    (void)id;
    exporting->keys =
        mem_resize(exporting->keys, (size_t)exporting->key_count + 1, sizeof(*exporting->keys));
    exporting->err = key_statement_decode(value, &exporting->keys[exporting->key_count++]);
    return exporting->err == ERR_OK;
}

/* Up to the one that signs the bundle: a newer one may have been made meanwhile. */
static enum err find_keys(struct exporting *exporting)
{
    enum err err =
        ledger_each_entry(exporting->export->ledger, CATALOGUE_EVIDENCE_KEY, take_key, exporting);
    err = err == ERR_OK ? exporting->err : err;
    unsigned count = exporting->key_count;
    while (count > 0 && memcmp(exporting->keys[count - 1].key, exporting->export->key.public_key,
                               SIGNING_PUBLIC_BYTES) != 0) {
        count--;
    }
    exporting->key_count = count;
    return err == ERR_OK ? ERR_OK : fail(exporting, err, "the keys cannot be read");
}

static bool take_head(void *arg, struct slice id, struct slice value)
{
    struct exporting *exporting = arg;
    struct signed_head head;
    (void)id;
    exporting->err = signed_head_decode(value, &head);
    if (exporting->err != ERR_OK) {
        return false;
    }
    exporting->heads =
        mem_resize(exporting->heads, (size_t)exporting->head_count + 1, sizeof(*exporting->heads));
    exporting->heads[exporting->head_count++] = head;
    exporting->is_covered =
        head.recno >= exporting->last &&
        key_statements_lead(exporting->keys, exporting->key_count, head.public_key);
    return !exporting->is_covered && is_wanted(exporting);
}

/* All heads from the first record to the one that covers the last; that is the end then. */
static enum err find_heads(struct exporting *exporting)
{
    struct buf from = {0};
    buf_be64(&from, exporting->first);
    enum err err = ledger_each_entry_from(exporting->export->ledger, CATALOGUE_HEAD,
                                          buf_view(&from), take_head, exporting);
    buf_release(&from);
    err = err == ERR_OK ? exporting->err : err;
    if (err != ERR_OK) {
        return fail(exporting, err, "a signed head cannot be read");
    }
    if (!exporting->is_covered) {
        return fail(exporting, ERR_BUSY, "no head signs the newest records yet");
    }
    exporting->last = exporting->heads[exporting->head_count - 1].recno;
    return ERR_OK;
}

static enum err read_manifest(struct ledger *ledger, uint64_t campaign, struct store_value *value)
{
    struct buf id = {0};
    buf_be64(&id, campaign);
    enum err err = ledger_catalogue_get(ledger, CATALOGUE_MANIFEST, buf_view(&id), value);
    buf_release(&id);
    return err;
}

enum err evidence_is_kept(struct ledger *ledger, uint64_t campaign)
{
    struct store_value value = {0};
    enum err err = read_manifest(ledger, campaign, &value);
    store_value_release(&value);
    return err;
}

static enum err prepare(struct exporting *exporting)
{
    const struct evidence_export *export = exporting->export;
    enum err err = read_manifest(export->ledger, export->campaign, &exporting->manifest_value);
    if (err == ERR_OK) {
        err = manifest_decode(exporting->manifest_value.bytes, &exporting->manifest);
    }
    if (err == ERR_OK) {
        err = page_schema_decode(exporting->manifest.schema, &exporting->schema);
    }
    if (err != ERR_OK) {
        return fail(exporting, err, "the campaign's manifest cannot be read");
    }
    if (exporting->manifest.is_of_rows && !export->has_secret) {
        return fail(exporting, ERR_CORRUPT, "what the audience's rows are salted with");
    }
    manifest_key(&exporting->manifest_key, export->campaign);
    err = find_blocks(exporting);
    err = err == ERR_OK ? exporting->err : err;
    if (err == ERR_OK && exporting->first == 0) {
        err = ERR_CORRUPT; /* it has a manifest, so that it was launched */
    }
    if (err != ERR_OK) {
        return fail(exporting, err, "the campaign's journal cannot be read");
    }
    err = find_keys(exporting);
    return err == ERR_OK ? find_heads(exporting) : err;
}

/* ---- what does not change ---- */

static void write_keys(struct exporting *exporting)
{
    for (unsigned i = 0; i < exporting->key_count; i++) {
        struct buf value = {0};
        key_statement_encode(&exporting->keys[i], &value);
        bundle_begin(&exporting->writer, "key");
        bundle_bytes(&exporting->writer, "statement", buf_view(&value));
        bundle_end(&exporting->writer);
        buf_release(&value);
    }
}

static void write_heading(struct exporting *exporting, struct slice recipient)
{
    const struct evidence_export *export = exporting->export;
    struct bundle_writer *writer = &exporting->writer;
    struct buf id = {0};
    buf_printf(&id, "c%" PRIu64, export->campaign);
    bundle_begin(writer, "tocsin-evidence");
    bundle_number(writer, "version", exporting->manifest.is_of_rows ? BUNDLE_VERSION : 1);
    bundle_bytes(writer, "public_key", slice_of(export->key.public_key, SIGNING_PUBLIC_BYTES));
    bundle_text(writer, "campaign", buf_view(&id));
    bundle_number(writer, "partition", PARTITION);
    bundle_number(writer, "first_record", exporting->first);
    bundle_number(writer, "last_record", exporting->last);
    if (export->has_recipient) {
        bundle_text(writer, "recipient", recipient);
        bundle_number(writer, "ordinal", export->ordinal);
    }
    bundle_end(writer);
    buf_release(&id);
    write_keys(exporting);
    bundle_begin(writer, "manifest");
    bundle_bytes(writer, "bytes", exporting->manifest_value.bytes);
    bundle_end(writer);
}

static void write_page(struct exporting *exporting, uint32_t page, struct slice sealed)
{
    struct bundle_writer *writer = &exporting->writer;
    bundle_begin(writer, "page");
    bundle_number(writer, "page", page);
    bundle_bytes(writer, "sealed", sealed);
    bundle_end(writer);
}

static void write_secret(struct exporting *exporting)
{
    bundle_begin(&exporting->writer, "rows");
    bundle_bytes(&exporting->writer, "secret",
                 slice_of(exporting->export->secret, ROWS_SECRET_BYTES));
    bundle_end(&exporting->writer);
}

/* Of a campaign. */
static enum err write_pages(struct exporting *exporting)
{
    const struct evidence_export *export = exporting->export;
    if (exporting->manifest.root == NULL) {
        return ERR_OK; /* the audience is older than the roots: nothing would be proven */
    }
    if (exporting->manifest.is_of_rows) {
        write_secret(exporting);
    }
    for (uint32_t page = 0; is_wanted(exporting) && page < exporting->manifest.pages; page++) {
        struct store_value value = {0};
        enum err err = ledger_page(export->ledger, exporting->manifest.audience, page, &value);
        if (err != ERR_OK) {
            return fail(exporting, err, "a page of the audience cannot be read");
        }
        write_page(exporting, page, value.bytes);
        store_value_release(&value);
        if (!flush(exporting, FLUSH_BYTES)) {
            return exporting->err;
        }
    }
    return exporting->err;
}

/* What shows that his row was bound: the salt, the way up to the root of his page, and from there
 * to the manifest's. The page is opened in `row`. */
static enum err write_row_paths(struct exporting *exporting, struct page_reader *row)
{
    const struct evidence_export *export = exporting->export;
    const struct manifest *manifest = &exporting->manifest;
    uint32_t page = export->ordinal / PAGE_RECIPIENTS;
    unsigned place = export->ordinal % PAGE_RECIPIENTS;
    struct page_rows *rows = mem_zalloc(1, sizeof(*rows));
    struct buf roots = {0};
    struct buf row_path = {0};
    struct buf page_path = {0};
    uint8_t root[HASH_DIGEST_BYTES];
    enum err err =
        ledger_roots(export->ledger, manifest->audience, (uint32_t)manifest->pages, &roots);
    if (err == ERR_OK) {
        page_rows_of_view(rows, export->secret, page, &row->view);
        page_rows_root(rows, place, &row_path, root);
        merkle_path(roots.data, manifest->pages, page, &page_path);
        bundle_bytes(&exporting->writer, "salt", page_rows_salt(rows, place));
        bundle_bytes(&exporting->writer, "row_path", buf_view(&row_path));
        bundle_bytes(&exporting->writer, "page_path", buf_view(&page_path));
    }
    if (err == ERR_OK &&
        !merkle_is_in(root, page, manifest->pages, buf_view(&page_path), manifest->root)) {
        err = ERR_CORRUPT;
    }
    page_rows_release(rows);
    mem_free(rows);
    buf_release(&roots);
    buf_release(&row_path);
    buf_release(&page_path);
    return err;
}

static enum err write_recipient(struct exporting *exporting, struct page_reader *row,
                                const struct slice *values)
{
    bundle_begin(&exporting->writer, "recipient");
    bundle_texts(&exporting->writer, "values", values, exporting->schema.count);
    if (exporting->manifest.is_of_rows) {
        enum err err = write_row_paths(exporting, row);
        if (err != ERR_OK) {
            return fail(exporting, err, "the recipient's row is not the one that was sealed");
        }
    }
    bundle_end(&exporting->writer);
    return ERR_OK;
}

static void write_providers(struct exporting *exporting)
{
    struct bundle_writer *writer = &exporting->writer;
    for (unsigned i = 0; i < exporting->export->provider_count; i++) {
        const struct evidence_provider *provider = &exporting->export->providers[i];
        bundle_begin(writer, "provider");
        bundle_number(writer, "number", provider->number);
        bundle_text(writer, "name", slice_str(provider->name));
        bundle_text(writer, "channel", slice_str(provider->channel));
        bundle_end(writer);
    }
}

static enum err write_beginning_of_recipient(struct exporting *exporting)
{
    struct page_reader *row = mem_zalloc(1, sizeof(*row));
    struct slice values[PAGE_COLUMNS_MAX] = {{0}};
    page_reader_init(row, exporting->export->ledger, exporting->manifest.audience);
    enum err err = page_reader_seek(row, exporting->export->ordinal);
    for (unsigned i = 0; err == ERR_OK && i < exporting->schema.count; i++) {
        values[i] = page_value(&row->view, i);
    }
    if (err == ERR_OK) {
        write_heading(exporting, values[0]);
        err = write_recipient(exporting, row, values);
    } else {
        (void)fail(exporting, err, "the recipient cannot be read");
    }
    page_reader_release(row);
    mem_free(row);
    return err;
}

static enum err write_beginning(struct exporting *exporting)
{
    enum err err;
    if (exporting->export->has_recipient) {
        err = write_beginning_of_recipient(exporting);
    } else {
        write_heading(exporting, slice_of(NULL, 0));
        err = write_pages(exporting);
    }
    if (err == ERR_OK) {
        write_providers(exporting);
    }
    return err;
}

/* ---- the records ---- */

static bool is_ours(const struct evidence_export *export, const struct chain_entry *entry)
{
    return entry->kind == RECORD_BLOCK && entry->campaign == export->campaign &&
           (!export->has_recipient || entry->page == RECORD_PAGE_CAMPAIGN ||
            entry->page == export->ordinal / PAGE_RECIPIENTS);
}

static bool has_ours(const struct evidence_export *export, const struct chain_header *header)
{
    struct chain_cursor cursor = chain_cursor_of(header);
    struct chain_entry entry;
    while (chain_next(&cursor, &entry)) {
        if (is_ours(export, &entry)) {
            return true;
        }
    }
    return false;
}

static enum err add_digest(struct exporting *exporting, uint64_t recno,
                           const struct chain_entry *entry)
{
    uint8_t *digest = buf_reserve(&exporting->digests, HASH_DIGEST_BYTES);
    exporting->digests.len += HASH_DIGEST_BYTES;
    if (entry->kind == RECORD_PUT) {
        memcpy(digest, entry->digest, HASH_DIGEST_BYTES);
        return ERR_OK;
    }
    if (entry->kind != RECORD_BLOCK) {
        chain_digest(digest, entry->kind, entry->key, slice_of(NULL, 0), &exporting->scratch);
        return ERR_OK;
    }
    struct store_value value = {0};
    enum err err = ledger_block(exporting->export->ledger, PARTITION, entry->campaign, entry->page,
                                recno, &value);
    if (err == ERR_OK) {
        const struct chain_place place = {PARTITION, entry->campaign, entry->page, recno};
        chain_block_digest(digest, &place, value.bytes, &exporting->scratch);
    }
    store_value_release(&value);
    return err;
}

static enum err add_digests(struct exporting *exporting, const struct chain_header *header)
{
    struct chain_cursor cursor = chain_cursor_of(header);
    struct chain_entry entry;
    enum err err = ERR_OK;
    buf_clear(&exporting->digests);
    while (err == ERR_OK && chain_next(&cursor, &entry)) {
        err = add_digest(exporting, header->recno, &entry);
    }
    return err;
}

static enum err write_blocks(struct exporting *exporting, const struct chain_header *header)
{
    const struct evidence_export *export = exporting->export;
    struct chain_cursor cursor = chain_cursor_of(header);
    struct chain_entry entry;
    enum err err = ERR_OK;
    while (err == ERR_OK && chain_next(&cursor, &entry)) {
        struct store_value value = {0};
        if (!is_ours(export, &entry)) {
            continue;
        }
        err = ledger_block(export->ledger, PARTITION, entry.campaign, entry.page, header->recno,
                           &value);
        if (err == ERR_OK) {
            bundle_begin(&exporting->writer, "block");
            bundle_number(&exporting->writer, "page", entry.page);
            bundle_bytes(&exporting->writer, "bytes", value.bytes);
            bundle_end(&exporting->writer);
            exporting->blocks++;
        }
        store_value_release(&value);
    }
    return err;
}

/* The change that put the manifest, if it is in this record. A second launch at another time puts
 * the same again; once is enough. */
static void write_manifest_change(struct exporting *exporting, const struct chain_header *header)
{
    struct chain_cursor cursor = chain_cursor_of(header);
    struct chain_entry entry;
    uint64_t at = 0;
    uint8_t put[HASH_DIGEST_BYTES];
    while (!exporting->has_manifest && chain_next(&cursor, &entry)) {
        if (entry.kind == RECORD_BLOCK) {
            continue;
        }
        if (entry.kind == RECORD_PUT &&
            slice_equal(entry.key, buf_view(&exporting->manifest_key))) {
            chain_digest(put, RECORD_PUT, entry.key, exporting->manifest_value.bytes,
                         &exporting->scratch);
            exporting->has_manifest = memcmp(put, entry.digest, HASH_DIGEST_BYTES) == 0;
        }
        if (exporting->has_manifest) {
            bundle_begin(&exporting->writer, "change");
            bundle_number(&exporting->writer, "at", at);
            bundle_bytes(&exporting->writer, "entry", entry.bytes);
            bundle_end(&exporting->writer);
        }
        at++;
    }
}

static void write_heads(struct exporting *exporting, uint64_t recno)
{
    while (exporting->head_at < exporting->head_count &&
           exporting->heads[exporting->head_at].recno == recno) {
        struct buf bytes = {0};
        signed_head_encode(&exporting->heads[exporting->head_at++], &bytes);
        bundle_begin(&exporting->writer, "head");
        bundle_bytes(&exporting->writer, "head", buf_view(&bytes));
        bundle_end(&exporting->writer);
        buf_release(&bytes);
    }
}

static enum err write_record(struct exporting *exporting, struct slice bytes)
{
    struct bundle_writer *writer = &exporting->writer;
    struct chain_header header;
    struct chain_parts parts;
    buf_clear(&exporting->change_digests);
    enum err err = chain_open(&header, bytes);
    if (err == ERR_OK && !chain_split(&header, &parts, &exporting->change_digests)) {
        err = ERR_UNSUPPORTED;
    }
    bool is_with_ours = err == ERR_OK && has_ours(exporting->export, &header);
    if (is_with_ours) {
        err = add_digests(exporting, &header);
    }
    if (err != ERR_OK) {
        return fail(exporting, err, "a record cannot be read");
    }
    bundle_begin(writer, "record");
    bundle_bytes(writer, "summary", parts.summary);
    bundle_bytes(writer, "blocks", parts.blocks);
    bundle_bytes(writer, "changes", buf_view(&exporting->change_digests));
    if (is_with_ours) {
        bundle_bytes(writer, "digests", buf_view(&exporting->digests));
    }
    bundle_end(writer);
    exporting->records++;
    write_manifest_change(exporting, &header);
    if (is_with_ours && write_blocks(exporting, &header) != ERR_OK) {
        return fail(exporting, ERR_CORRUPT, "a block cannot be read");
    }
    write_heads(exporting, header.recno);
    return ERR_OK;
}

/* Copies, so that no scan of the store stays open while somebody reads slowly. */
static bool gather_header(void *arg, uint64_t recno, struct slice header)
{
    struct exporting *exporting = arg;
    if (recno > exporting->last) {
        return false;
    }
    buf_blob(&exporting->headers, header);
    exporting->next = recno + 1;
    return recno < exporting->last && exporting->headers.len < GATHER_BYTES && is_wanted(exporting);
}

static enum err write_gathered(struct exporting *exporting)
{
    struct reader reader = reader_of(buf_view(&exporting->headers));
    enum err err = ERR_OK;
    while (err == ERR_OK && reader_left(&reader) > 0) {
        err = is_wanted(exporting) ? write_record(exporting, reader_blob(&reader)) : exporting->err;
        if (err == ERR_OK && !flush(exporting, FLUSH_BYTES)) {
            err = exporting->err;
        }
    }
    return err;
}

static enum err write_records(struct exporting *exporting)
{
    exporting->next = exporting->first;
    while (exporting->next <= exporting->last) {
        uint64_t from = exporting->next;
        buf_clear(&exporting->headers);
        enum err err = ledger_each_header(exporting->export->ledger, PARTITION, from, gather_header,
                                          exporting);
        if (err != ERR_OK || exporting->next == from) {
            return fail(exporting, err == ERR_OK ? ERR_CORRUPT : err, "the records cannot be read");
        }
        err = write_gathered(exporting);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err write_all(struct exporting *exporting)
{
    struct bundle_writer *writer = &exporting->writer;
    enum err err = write_beginning(exporting);
    if (err != ERR_OK) {
        return err;
    }
    err = write_records(exporting);
    if (err != ERR_OK) {
        return err;
    }
    bundle_begin(writer, "end");
    bundle_number(writer, "records", exporting->records);
    bundle_number(writer, "blocks", exporting->blocks);
    bundle_end(writer);
    bundle_seal(writer, &exporting->export->key);
    return flush(exporting, 0) ? ERR_OK : exporting->err;
}

enum err evidence_export(const struct evidence_export *export, struct problem *problem)
{
    struct exporting *exporting = mem_zalloc(1, sizeof(*exporting));
    exporting->export = export;
    exporting->problem = problem;
    enum err err = prepare(exporting);
    err = err == ERR_OK ? write_all(exporting) : err;
    store_value_release(&exporting->manifest_value);
    bundle_writer_release(&exporting->writer);
    buf_release(&exporting->manifest_key);
    buf_release(&exporting->digests);
    buf_release(&exporting->change_digests);
    buf_release(&exporting->scratch);
    buf_release(&exporting->headers);
    mem_free(exporting->keys);
    mem_free(exporting->heads);
    mem_free(exporting);
    return err;
}
