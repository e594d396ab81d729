/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles that are exported from a small ledger of two campaigns, and every way to change them:
 * each byte, each line, each length.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/merkle.h"
#include "common/text.h"
#include "coordinator/report/evidence_export.h"
#include "evidence/bundle.h"
#include "evidence/bundle_report.h"
#include "evidence/bundle_writer.h"
#include "evidence/manifest.h"
#include "proto/page.h"
#include "proto/page_rows.h"
#include "tests/unit/unit.h"

#define CAMPAIGN UINT64_C(7)
#define OTHER    UINT64_C(8)
#define AUDIENCE UINT64_C(12)
#define NOW_MS   UINT64_C(1700000000000)
#define PAGES    3
#define PLACE    2 /* of our recipient in page 1 */
#define ORDINAL  (PAGE_RECIPIENTS + PLACE)
#define SECRET                                                                                     \
    {                                                                                              \
        1, 2, 3                                                                                    \
    } /* of the audience */

static const char document[] =
    "{\"version\":2,\"id\":\"c7\",\"name\":\"Outage\",\"content\":{\"sms\":{\"default\":{\"text\":"
    "\"Dear {{name}}, see {{ack_url}}\"},\"de\":{\"text\":\"Hallo {{name}}\"}}}}";

struct fixture {
    struct ledger *ledger;
    uint64_t recno;
    uint64_t through; /* 0: all */
    struct page_schema schema;
    struct signing_key keys[3];
    unsigned signs; /* which of them */
    bool is_older;  /* the audience, sealed by a version that did not bind its rows one by one */
    struct key_statement statement;
    struct merkle pages;
    struct buf manifest;
    struct buf whole; /* bundles */
    struct buf one;
};

/* ---- the ledger ---- */

static void write_record(struct fixture *fixture, struct record *take_record)
{
    struct problem problem;
    take_record->time_ms = NOW_MS + take_record->recno * 1000;
    assert_int_equal(ledger_write(fixture->ledger, take_record, &problem), ERR_OK);
    record_free(take_record);
}

static struct record *next_record(struct fixture *fixture)
{
    return record_new(0, 1, ++fixture->recno);
}

static void add_event(struct record *record, uint64_t campaign, uint32_t page,
                      const struct event *event)
{
    struct event_list list;
    struct buf bytes = {0};
    event_list_init(&list);
    event_list_add(&list, event);
    event_block_encode(&list, &bytes);
    record_add_block(record, campaign, page, buf_view(&bytes));
    event_list_release(&list);
    buf_release(&bytes);
}

static void fill_page(struct page_builder *builder, uint32_t page)
{
    for (unsigned i = 0; i < (page + 1 < PAGES ? PAGE_RECIPIENTS : 3); i++) {
        char key[32];
        char phone[32];
        (void)snprintf(key, sizeof(key), "r%u", page * PAGE_RECIPIENTS + i);
        (void)snprintf(phone, sizeof(phone), "+47%08u", page * PAGE_RECIPIENTS + i);
        const struct slice values[] = {slice_str(key), slice_str(phone), slice_str("Kari \"K\""),
                                       slice_str(i == PLACE ? "de-AT" : "")};
        assert_true(page_builder_add(builder, values));
    }
}

/* What the launch binds of a page. */
static void add_root(struct fixture *fixture, struct ledger_audience *load, uint32_t page,
                     const struct page_builder *builder, struct slice sealed)
{
    static const uint8_t secret[ROWS_SECRET_BYTES] = SECRET;
    struct page_rows *rows = mem_zalloc(1, sizeof(*rows));
    uint8_t root[HASH_DIGEST_BYTES];
    if (fixture->is_older) {
        hash_digest(root, sealed);
    } else {
        page_rows_of_builder(rows, secret, page, builder);
        page_rows_root(rows, 0, NULL, root);
        assert_int_equal(ledger_audience_root(load, root), ERR_OK);
    }
    merkle_add(&fixture->pages, root);
    page_rows_release(rows);
    mem_free(rows);
}

static void load_pages(struct fixture *fixture)
{
    struct ledger_audience *load = ledger_audience_new(fixture->ledger, AUDIENCE);
    struct page_builder builder;
    struct buf scratch = {0};
    struct buf sealed = {0};
    struct problem problem;
    for (uint32_t page = 0; page < PAGES; page++) {
        page_builder_init(&builder, fixture->schema.count);
        fill_page(&builder, page);
        buf_clear(&sealed);
        page_seal(&builder, PAGE_RAW, NULL, &scratch, &sealed);
        assert_int_equal(ledger_audience_page(load, page, buf_view(&sealed)), ERR_OK);
        add_root(fixture, load, page, &builder, buf_view(&sealed));
        page_builder_release(&builder);
    }
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
    buf_release(&scratch);
    buf_release(&sealed);
}

static void put_same_manifest(const struct fixture *fixture, struct record *record)
{
    struct buf key = {0};
    manifest_key(&key, CAMPAIGN);
    record_put(record, buf_view(&key), buf_view(&fixture->manifest));
    buf_release(&key);
}

static void put_manifest(struct fixture *fixture, struct record *record)
{
    struct buf schema = {0};
    uint8_t root[HASH_DIGEST_BYTES];
    merkle_root(&fixture->pages, root);
    page_schema_encode(&fixture->schema, &schema);
    manifest_encode(&(struct manifest){.document = slice_str(document),
                                       .audience = AUDIENCE,
                                       .pages = PAGES,
                                       .slots = 2 * PAGE_RECIPIENTS + 3,
                                       .schema = buf_view(&schema),
                                       .root = root,
                                       .is_of_rows = !fixture->is_older},
                    &fixture->manifest);
    put_same_manifest(fixture, record);
    buf_release(&schema);
}

static void put_statement(struct fixture *fixture, struct record *record, unsigned number)
{
    struct buf key = {0};
    struct buf value = {0};
    fixture->statement.number = number;
    fixture->statement.since_ms = NOW_MS;
    key_statement_sign(&fixture->statement, &fixture->keys[number - 1],
                       number == 1 ? NULL : &fixture->keys[number - 2]);
    ledger_catalogue_key_u64(&key, CATALOGUE_EVIDENCE_KEY, number);
    key_statement_encode(&fixture->statement, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

/* As a start without the file of the key makes it. */
static void put_lost_statement(struct fixture *fixture, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    fixture->statement.number = 3;
    key_statement_sign(&fixture->statement, &fixture->keys[2], NULL);
    ledger_catalogue_key_u64(&key, CATALOGUE_EVIDENCE_KEY, 3);
    key_statement_encode(&fixture->statement, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

static void put_head(struct fixture *fixture, struct record *record, unsigned key_number)
{
    struct ledger_head at;
    struct buf key = {0};
    struct buf value = {0};
    ledger_head(fixture->ledger, 0, &at);
    struct signed_head head = {.recno = at.recno, .time_ms = NOW_MS + at.recno * 1000};
    memcpy(head.hash, at.hash, HASH_DIGEST_BYTES);
    signed_head_sign(&head, &fixture->keys[key_number - 1]);
    ledger_catalogue_key_u64(&key, CATALOGUE_HEAD, at.recno);
    signed_head_encode(&head, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

static void put_secret_of_another(struct record *record)
{
    record_put(record, slice_str("\0\0\7\1\1+4790000000"), slice_str("somebody else"));
}

/* The story: launched in record 2, leased, accepted (with others in the same records), delivered,
 * acknowledged, finished, and something after. Heads sign records 3, 6 and the last. */
static void tell(struct fixture *fixture)
{
    const struct event launched = {.kind = CAMPAIGN_EVENT_LAUNCHED, .span = 1, .at_ms = NOW_MS};
    struct record *record = next_record(fixture);
    put_statement(fixture, record, 1);
    write_record(fixture, record);
    record = next_record(fixture);
    put_secret_of_another(record);
    put_manifest(fixture, record);
    add_event(record, CAMPAIGN, RECORD_PAGE_CAMPAIGN, &launched);
    write_record(fixture, record);
    record = next_record(fixture);
    for (uint32_t page = 0; page < PAGES; page++) {
        add_event(record, CAMPAIGN, page,
                  &(struct event){.kind = DELIVERY_EVENT_LEASED,
                                  .span = page + 1 < PAGES ? PAGE_RECIPIENTS : 3,
                                  .lease = page + 1,
                                  .at_ms = NOW_MS + 5});
    }
    add_event(record, OTHER, 1, &launched);
    write_record(fixture, record);
    record = next_record(fixture);
    put_head(fixture, record, 1);
    add_event(record, OTHER, 1, &launched);
    write_record(fixture, record);
    record = next_record(fixture);
    add_event(record, CAMPAIGN, 0,
              &(struct event){.kind = DELIVERY_EVENT_ACCEPTED, .span = 9, .lease = 1});
    add_event(record, CAMPAIGN, 1,
              &(struct event){.kind = DELIVERY_EVENT_ACCEPTED,
                              .offset = PLACE,
                              .span = 1,
                              .lease = 2,
                              .reason = 202,
                              .at_ms = NOW_MS + 9,
                              .ref = slice_str("id-4711")});
    write_record(fixture, record);
    record = next_record(fixture);
    add_event(
        record, CAMPAIGN, 1,
        &(struct event){
            .kind = DELIVERY_EVENT_ACKNOWLEDGED, .offset = PLACE, .span = 1, .at_ms = NOW_MS});
    add_event(record, CAMPAIGN, RECORD_PAGE_CAMPAIGN,
              &(struct event){.kind = CAMPAIGN_EVENT_FINISHED, .span = 1, .at_ms = NOW_MS});
    write_record(fixture, record);
    record = next_record(fixture);
    put_statement(fixture, record, 2);
    put_head(fixture, record, 1);
    write_record(fixture, record);
}

static bool add_lines(void *arg, struct slice lines)
{
    buf_slice(arg, lines);
    return true;
}

static enum err export(struct fixture *fixture, bool is_one, struct buf *into) {
    static const struct evidence_provider provider = {0, "gateway", "sms"};
    struct problem problem = {0};
    const struct evidence_export request =
        {
            .ledger = fixture->ledger,
            .campaign = CAMPAIGN,
            .has_recipient = is_one,
            .ordinal = ORDINAL,
            .has_secret = true,
            .secret = SECRET,
            .providers = &provider,
            .provider_count = 1,
            .key = fixture->keys[fixture->signs],
            .through = fixture->through == 0 ? UINT64_MAX : fixture->through,
            .sink = add_lines,
            .arg = into,
        };
    return evidence_export(&request, &problem);
}

static void set_schema(struct page_schema *schema)
{
    static const struct page_column columns[] = {{PAGE_FIELD_KEY, 0, "id"},
                                                 {PAGE_FIELD_PHONE, 0, "phone"},
                                                 {PAGE_FIELD_VARIABLE, 0, "name"},
                                                 {PAGE_FIELD_LOCALE, 0, "locale"}};
    schema->count = 4;
    memcpy(schema->columns, columns, sizeof(columns));
}

static int begin(void **state, bool is_older)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->is_older = is_older;
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&fixture->ledger, store_mem_new(), &problem), ERR_OK);
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t seed[SIGNING_SEED_BYTES] = {i};
        signing_key_of_seed(&fixture->keys[i], seed);
    }
    fixture->signs = 1;
    set_schema(&fixture->schema);
    load_pages(fixture);
    tell(fixture);
    assert_int_equal(export(fixture, false, &fixture->whole), ERR_OK);
    assert_int_equal(export(fixture, true, &fixture->one), ERR_OK);
    *state = fixture;
    return 0;
}

static int setup(void **state)
{
    return begin(state, false);
}

static int setup_older(void **state)
{
    return begin(state, true);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    ledger_close(fixture->ledger);
    buf_release(&fixture->manifest);
    buf_release(&fixture->whole);
    buf_release(&fixture->one);
    free(fixture);
    return 0;
}

/* ---- reading ---- */

static enum err read_lines(struct bundle_reader *reader, struct slice bytes,
                           struct problem *problem)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && bytes.len > 0) {
        const uint8_t *end = memchr(bytes.data, '\n', bytes.len);
        size_t len = end == NULL ? bytes.len : (size_t)(end - bytes.data) + 1;
        err = bundle_reader_line(reader, slice_of(bytes.data, len), problem);
        bytes = slice_of(bytes.data + len, bytes.len - len);
    }
    return err == ERR_OK ? bundle_reader_end(reader, problem) : err;
}

static enum err check(struct slice bytes, struct bundle *bundle, struct problem *problem)
{
    struct bundle_reader *reader = bundle_reader_new(bundle);
    enum err err = read_lines(reader, bytes, problem);
    bundle_reader_free(reader);
    return err;
}

/* By the key that it should be signed by: a bundle that somebody else signed is not good either. */
static bool is_good(const struct fixture *fixture, struct slice bytes)
{
    struct bundle bundle = {0};
    struct problem problem = {0};
    bool is_it = check(bytes, &bundle, &problem) == ERR_OK &&
                 bundle_is_by(&bundle, fixture->keys[1].public_key);
    assert_true(is_it || problem.text[0] != '\0' || bundle.records > 0);
    bundle_release(&bundle);
    return is_it;
}

static void assert_refused(const struct buf *bytes, const char *word)
{
    struct bundle bundle = {0};
    struct problem problem = {0};
    assert_int_equal(check(buf_view(bytes), &bundle, &problem), ERR_CORRUPT);
    if (strstr(problem.text, word) == NULL) {
        print_error("\"%s\" is not in: %s\n", word, problem.text);
        fail();
    }
    bundle_release(&bundle);
}

/* ---- what is told ---- */

static void one_recipient_is_told_of_from_the_journal_alone(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    assert_int_equal(check(buf_view(&fixture->one), &bundle, &problem), ERR_OK);
    assert_true(bundle.has_recipient && bundle.is_ended && bundle.is_row_proven);
    assert_string_equal(bundle.values[1], "+4700001026");
    assert_int_equal(bundle.first_record, 2);
    assert_int_equal(bundle.last_record, 6);
    assert_int_equal(bundle.head_count, 2);
    assert_int_equal(bundle.event_count, 5);
    json_t *report = bundle_report(&bundle);
    json_t *timeline = json_object_get(report, "timeline");
    static const char *const names[] = {"launched", "leased", "accepted", "acknowledged",
                                        "finished"};
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(timeline, i), "event")), names[i]);
    }
    json_t *accepted = json_array_get(timeline, 2);
    assert_string_equal(json_string_value(json_object_get(accepted, "ref")), "id-4711");
    assert_string_equal(json_string_value(json_object_get(accepted, "endpoint")), "+4700001026");
    json_t *text = json_array_get(json_object_get(report, "texts"), 0);
    assert_string_equal(json_string_value(json_object_get(text, "text")), "Hallo Kari \"K\"");
    json_decref(report);
    bundle_release(&bundle);
}

static void nobody_else_is_in_the_bundle_of_one(void **state)
{
    struct fixture *fixture = *state;
    const char *text = buf_cstr(&fixture->one);
    assert_null(strstr(text, "r1027"));
    assert_null(strstr(text, "4790000000"));
    assert_null(strstr(text, "KzQ3OTAwMDAwMD")); /* "+4790000000" as base64 */
}

static void a_whole_campaign_is_told_of(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    assert_int_equal(check(buf_view(&fixture->whole), &bundle, &problem), ERR_OK);
    assert_int_equal(bundle.pages, PAGES);
    assert_int_equal(bundle.counts[DELIVERY_EVENT_LEASED], 2 * PAGE_RECIPIENTS + 3);
    assert_int_equal(bundle.counts[DELIVERY_EVENT_ACCEPTED], 10);
    assert_int_equal(bundle.blocks, 8);
    bundle_release(&bundle);
}

/* Of an audience that was sealed before rows were bound: the form of then. */
static void an_older_audience_has_the_older_form(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    assert_int_equal(check(buf_view(&fixture->one), &bundle, &problem), ERR_OK);
    assert_true(bundle.version == 1 && !bundle.is_row_proven);
    bundle_release(&bundle);
    assert_int_equal(check(buf_view(&fixture->whole), &bundle, &problem), ERR_OK);
    assert_true(bundle.version == 1 && bundle.pages == PAGES);
    bundle_release(&bundle);
}

static struct buf read_golden(const char *name)
{
    char path[512];
    struct buf bytes = {0};
    (void)snprintf(path, sizeof(path), "%s/%s", BUNDLES, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    bytes.len = fread(buf_reserve(&bytes, 65536), 1, 65536, file);
    (void)fclose(file);
    return bytes;
}

/* As version 1 wrote them, with the page of the recipient that it could add. */
static void bundles_of_version_1_are_read(void **state)
{
    static const struct {
        const char *name;
        bool has_recipient;
        bool is_row_proven;
    } goldens[] = {{"version_1_recipient", true, false},
                   {"version_1_with_page", true, true},
                   {"version_1_campaign", false, false}};
    const struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        struct bundle bundle = {0};
        struct problem problem = {0};
        struct buf bytes = read_golden(goldens[i].name);
        assert_int_equal(check(buf_view(&bytes), &bundle, &problem), ERR_OK);
        assert_int_equal(bundle.has_recipient, goldens[i].has_recipient);
        assert_int_equal(bundle.is_row_proven, goldens[i].is_row_proven);
        assert_int_equal(bundle.pages, goldens[i].has_recipient ? goldens[i].is_row_proven : PAGES);
        assert_true(bundle_is_by(&bundle, fixture->keys[1].public_key));
        bundle_release(&bundle);
        buf_release(&bytes);
    }
}

static void the_same_journal_gives_the_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct buf again = {0};
    assert_int_equal(export(fixture, true, &again), ERR_OK);
    assert_true(slice_equal(buf_view(&again), buf_view(&fixture->one)));
    buf_release(&again);
}

static void an_older_key_vouches_for_the_newer(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    uint8_t other[SIGNING_PUBLIC_BYTES] = {1};
    assert_int_equal(check(buf_view(&fixture->one), &bundle, &problem), ERR_OK);
    assert_true(bundle_is_by(&bundle, fixture->keys[0].public_key));
    assert_true(bundle_is_by(&bundle, fixture->keys[1].public_key));
    assert_false(bundle_is_by(&bundle, other));
    bundle_release(&bundle);
}

/* The newest key is lost: the next one begins anew, and the heads of before stay what they were. */
static void a_new_key_signs_what_a_lost_one_did(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    struct buf bytes = {0};
    struct record *record = next_record(fixture);
    memcpy(fixture->statement.before, fixture->keys[1].public_key, SIGNING_PUBLIC_BYTES);
    fixture->signs = 2;
    put_lost_statement(fixture, record);
    write_record(fixture, record);
    assert_int_equal(export(fixture, true, &bytes), ERR_BUSY); /* it has signed no head */
    record = next_record(fixture);
    put_head(fixture, record, 3);
    write_record(fixture, record);
    buf_clear(&bytes);
    assert_int_equal(export(fixture, true, &bytes), ERR_OK);
    assert_int_equal(check(buf_view(&bytes), &bundle, &problem), ERR_OK);
    assert_true(bundle_is_by(&bundle, fixture->keys[2].public_key));
    assert_false(bundle_is_by(&bundle, fixture->keys[1].public_key));
    assert_int_equal(bundle.last_record, 8);
    assert_int_equal(bundle.head_count, 3); /* whoever noted one of before finds it */
    bundle_release(&bundle);
    buf_release(&bytes);
}

/* ---- every change is found ---- */

static void every_changed_byte_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct slice good = buf_view(&fixture->one);
    uint8_t *bytes = mem_copy(good.data, good.len);
    assert_true(is_good(fixture, good));
    for (size_t at = 0; at < good.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] = good.data[at] ^ (uint8_t)(1U << bit);
            if (is_good(fixture, slice_of(bytes, good.len))) {
                fail_msg("bit %u of byte %zu of %zu may be changed", bit, at, good.len);
            }
        }
        bytes[at] = good.data[at];
    }
    mem_free(bytes);
}

static void every_cut_is_found(void **state)
{
    struct fixture *fixture = *state;
    for (size_t len = 0; len < fixture->one.len; len++) {
        assert_false(is_good(fixture, slice_of(fixture->one.data, len)));
    }
    struct buf more = {0};
    buf_slice(&more, buf_view(&fixture->one));
    buf_u8(&more, '\n');
    assert_false(is_good(fixture, buf_view(&more)));
    buf_release(&more);
}

static unsigned split(struct slice bytes, struct slice *lines, unsigned max)
{
    unsigned count = 0;
    while (bytes.len > 0 && count < max) {
        const uint8_t *end = memchr(bytes.data, '\n', bytes.len);
        size_t len = (size_t)(end - bytes.data) + 1;
        lines[count++] = slice_of(bytes.data, len);
        bytes = slice_of(bytes.data + len, bytes.len - len);
    }
    return count;
}

/* With line `at` left out, twice, or behind the next one. */
static void change_lines(struct buf *into, const struct slice *lines, unsigned count, unsigned at,
                         unsigned way)
{
    buf_clear(into);
    for (unsigned i = 0; i < count; i++) {
        unsigned from = way == 2 && i == at ? at + 1 : way == 2 && i == at + 1 ? at : i;
        if (way != 0 || i != at) {
            buf_slice(into, lines[from]);
        }
        if (way == 1 && i == at) {
            buf_slice(into, lines[i]);
        }
    }
}

static void every_line_that_is_missing_added_or_moved_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct slice lines[64];
    struct buf bytes = {0};
    const struct buf *bundles[] = {&fixture->one, &fixture->whole};
    for (size_t b = 0; b < 2; b++) {
        unsigned count = split(buf_view(bundles[b]), lines, 64);
        for (unsigned at = 0; at < count; at++) {
            for (unsigned way = 0; way < (at + 1 < count ? 3U : 2U); way++) {
                change_lines(&bytes, lines, count, at, way);
                assert_false(is_good(fixture, buf_view(&bytes)));
            }
        }
    }
    buf_release(&bytes);
}

/* ---- and by whoever signs the bundle anew: what the chain finds by itself ---- */

/* Some lines, under a good signature. */
static void sign_anew(struct fixture *fixture, const struct slice *lines, unsigned count,
                      struct buf *into)
{
    struct bundle_writer writer = {0};
    buf_clear(into);
    for (unsigned i = 0; i < count; i++) {
        buf_slice(into, lines[i]);
        bundle_digest_add(writer.digest, lines[i]);
    }
    bundle_seal(&writer, &fixture->keys[1]);
    buf_slice(into, buf_view(&writer.line));
    bundle_writer_release(&writer);
}

static bool begins_with(struct slice line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.data, text, strlen(text)) == 0;
}

/* Leaves out the n-th line of a type. */
static void leave_out(struct fixture *fixture, const char *type, unsigned n, struct buf *into)
{
    struct slice lines[64];
    char begin[64];
    unsigned count = split(buf_view(&fixture->one), lines, 64) - 1;
    unsigned kept = 0;
    (void)snprintf(begin, sizeof(begin), "{\"type\":\"%s\"", type);
    for (unsigned i = 0; i < count; i++) {
        bool is_it = begins_with(lines[i], begin) && n-- == 0;
        lines[kept] = lines[i];
        kept += !is_it;
    }
    sign_anew(fixture, lines, kept, into);
}

static void a_good_signature_does_not_heal_a_broken_chain(void **state)
{
    struct fixture *fixture = *state;
    struct buf bytes = {0};
    leave_out(fixture, "record", 2, &bytes);
    assert_refused(&bytes, "stands where record 4 must");
    leave_out(fixture, "block", 1, &bytes);
    assert_refused(&bytes, "blocks of record 3 are missing");
    leave_out(fixture, "block", 3, &bytes);
    assert_refused(&bytes, "no place here");
    leave_out(fixture, "head", 1, &bytes);
    assert_refused(&bytes, "no head signs the last record");
    leave_out(fixture, "change", 0, &bytes);
    assert_refused(&bytes, "no record put the manifest");
    leave_out(fixture, "manifest", 0, &bytes);
    assert_refused(&bytes, "manifest is missing");
    leave_out(fixture, "recipient", 0, &bytes);
    assert_refused(&bytes, "values are missing");
    leave_out(fixture, "key", 0, &bytes);
    assert_refused(&bytes, "does not follow the one before");
    leave_out(fixture, "end", 0, &bytes);
    assert_refused(&bytes, "totals are missing");
    leave_out(fixture, "nothing", 0, &bytes);
    assert_true(is_good(fixture, buf_view(&bytes)));
    buf_release(&bytes);
}

/* Whoever has the journal puts another manifest into it when all is sent, and tells of that. */
static void what_was_put_after_the_launch_binds_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct buf bytes = {0};
    struct record *record = next_record(fixture);
    uint8_t *name = memmem(fixture->manifest.data, fixture->manifest.len, "Outage", 6);
    name[0] = 'N';
    put_same_manifest(fixture, record);
    write_record(fixture, record);
    record = next_record(fixture);
    put_head(fixture, record, 2);
    add_event(record, CAMPAIGN, 1,
              &(struct event){.kind = DELIVERY_EVENT_COMPLAINED, .offset = PLACE, .span = 1});
    write_record(fixture, record);
    record = next_record(fixture);
    put_head(fixture, record, 2);
    write_record(fixture, record);
    assert_int_equal(export(fixture, true, &bytes), ERR_OK);
    assert_refused(&bytes, "put the manifest after the launch");
    buf_release(&bytes);
}

/* The bundle with the first line of a type replaced. */
static void replace(struct fixture *fixture, const struct buf *bundle, const char *begin,
                    struct slice line, struct buf *into)
{
    struct slice lines[64];
    unsigned count = split(buf_view(bundle), lines, 64) - 1;
    unsigned at = 0;
    while (!begins_with(lines[at], begin)) {
        at++;
        assert_true(at < count);
    }
    lines[at] = line;
    sign_anew(fixture, lines, count, into);
}

/* Page 2, whose last row says `phone`. */
static void seal_page_2(const struct fixture *fixture, const char *phone, struct buf *sealed)
{
    struct page_builder builder;
    struct buf scratch = {0};
    page_builder_init(&builder, fixture->schema.count);
    for (unsigned i = 0; i < 3; i++) {
        char key[32];
        char number[32];
        (void)snprintf(key, sizeof(key), "r%u", 2 * PAGE_RECIPIENTS + i);
        (void)snprintf(number, sizeof(number), "+47%08u", 2 * PAGE_RECIPIENTS + i);
        const struct slice values[] = {slice_str(key), slice_str(i == 2 ? phone : number),
                                       slice_str("Kari \"K\""),
                                       slice_str(i == PLACE ? "de-AT" : "")};
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_ZSTD, NULL, &scratch, sealed);
    page_builder_release(&builder);
    buf_release(&scratch);
}

static void replace_page_2(struct fixture *fixture, struct slice sealed, struct buf *into)
{
    struct bundle_writer writer = {0};
    bundle_begin(&writer, "page");
    bundle_number(&writer, "page", 2);
    bundle_bytes(&writer, "sealed", sealed);
    bundle_end(&writer);
    replace(fixture, &fixture->whole, "{\"type\":\"page\",\"page\":2", buf_view(&writer.line),
            into);
    bundle_writer_release(&writer);
}

/* A page that was put in place of the sealed one. How it is compressed says nothing. */
static void pages_are_bound_by_the_launch(void **state)
{
    struct fixture *fixture = *state;
    struct buf bytes = {0};
    struct buf sealed = {0};
    replace_page_2(fixture, slice_str("another"), &bytes);
    assert_refused(&bytes, fixture->is_older ? "not the pages that were sealed"
                                             : "no page of this audience");
    seal_page_2(fixture, "+4700002050", &sealed);
    replace_page_2(fixture, buf_view(&sealed), &bytes);
    assert_int_equal(is_good(fixture, buf_view(&bytes)), !fixture->is_older);
    buf_clear(&sealed);
    seal_page_2(fixture, "+4700002059", &sealed);
    replace_page_2(fixture, buf_view(&sealed), &bytes);
    assert_refused(&bytes, "not the pages that were sealed");
    buf_release(&sealed);
    buf_release(&bytes);
}

static void the_secret_of_the_rows_is_the_one_of_the_launch(void **state)
{
    struct fixture *fixture = *state;
    struct bundle_writer writer = {0};
    struct buf bytes = {0};
    static const uint8_t other[ROWS_SECRET_BYTES] = {9};
    bundle_begin(&writer, "rows");
    bundle_bytes(&writer, "secret", slice_of(other, sizeof(other)));
    bundle_end(&writer);
    replace(fixture, &fixture->whole, "{\"type\":\"rows\"", buf_view(&writer.line), &bytes);
    assert_refused(&bytes, "not the pages that were sealed");
    replace(fixture, &fixture->whole, "{\"type\":\"rows\"", slice_of(NULL, 0), &bytes);
    assert_refused(&bytes, "salted with is missing");
    bundle_writer_release(&writer);
    buf_release(&bytes);
}

/* What his line says, with one thing changed. */
struct row_line {
    struct slice phone;
    struct buf bytes[3]; /* salt, row_path, page_path */
};

static void read_row_line(const struct fixture *fixture, struct row_line *row)
{
    static const char *const names[] = {"salt", "row_path", "page_path"};
    struct slice lines[64];
    unsigned count = split(buf_view(&fixture->one), lines, 64);
    for (unsigned i = 0; i < count; i++) {
        if (begins_with(lines[i], "{\"type\":\"recipient\"")) {
            json_t *json = json_loadb((const char *)lines[i].data, lines[i].len, 0, NULL);
            for (unsigned b = 0; b < 3; b++) {
                const char *text = json_string_value(json_object_get(json, names[b]));
                size_t len;
                assert_true(text_base64url_decode(slice_str(text),
                                                  buf_reserve(&row->bytes[b], 1024), 1024, &len));
                row->bytes[b].len = len;
            }
            json_decref(json);
        }
    }
    row->phone = slice_str("+4700001026");
}

static void assert_row_refused(struct fixture *fixture, const struct row_line *row)
{
    struct bundle_writer writer = {0};
    struct buf bytes = {0};
    const struct slice values[] = {slice_str("r1026"), row->phone, slice_str("Kari \"K\""),
                                   slice_str("de-AT")};
    bundle_begin(&writer, "recipient");
    bundle_texts(&writer, "values", values, 4);
    bundle_bytes(&writer, "salt", buf_view(&row->bytes[0]));
    bundle_bytes(&writer, "row_path", buf_view(&row->bytes[1]));
    bundle_bytes(&writer, "page_path", buf_view(&row->bytes[2]));
    bundle_end(&writer);
    replace(fixture, &fixture->one, "{\"type\":\"recipient\"", buf_view(&writer.line), &bytes);
    assert_refused(&bytes, "not those that were sealed");
    bundle_writer_release(&writer);
    buf_release(&bytes);
}

/* Whoever has the key writes another number into the bundle, or shows another's salt or path. */
static void a_row_is_bound_by_the_launch(void **state)
{
    struct fixture *fixture = *state;
    struct row_line row = {0};
    read_row_line(fixture, &row);
    row.phone = slice_str("+4700001027");
    assert_row_refused(fixture, &row);
    row.phone = slice_str("+4700001026");
    for (unsigned b = 0; b < 3; b++) {
        for (size_t at = 0; at < row.bytes[b].len; at++) {
            row.bytes[b].data[at] ^= 1;
            assert_row_refused(fixture, &row);
            row.bytes[b].data[at] ^= 1;
        }
        row.bytes[b].len--;
        assert_row_refused(fixture, &row);
        row.bytes[b].len++;
    }
    for (unsigned b = 0; b < 3; b++) {
        buf_release(&row.bytes[b]);
    }
}

/* ---- what cannot be exported ---- */

static void what_no_head_covers_is_not_exported(void **state)
{
    struct fixture *fixture = *state;
    struct buf bytes = {0};
    struct record *record = next_record(fixture);
    add_event(record, CAMPAIGN, 1,
              &(struct event){.kind = DELIVERY_EVENT_COMPLAINED, .offset = PLACE, .span = 1});
    write_record(fixture, record);
    assert_int_equal(export(fixture, true, &bytes), ERR_BUSY);
    record = next_record(fixture);
    put_head(fixture, record, 2);
    write_record(fixture, record);
    assert_int_equal(export(fixture, true, &bytes), ERR_OK);
    assert_true(is_good(fixture, buf_view(&bytes)));
    assert_int_equal(evidence_is_kept(fixture->ledger, CAMPAIGN), ERR_OK);
    assert_int_equal(evidence_is_kept(fixture->ledger, OTHER), ERR_NOT_FOUND);
    buf_release(&bytes);
}

/* A campaign goes on while its bundle is made. */
static void what_happens_meanwhile_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    struct buf bytes = {0};
    fixture->through = fixture->recno - 1; /* which the newest head signs */
    struct record *record = next_record(fixture);
    add_event(record, CAMPAIGN, 1,
              &(struct event){.kind = DELIVERY_EVENT_COMPLAINED, .offset = PLACE, .span = 1});
    fixture->statement.number = 3; /* and the key is exchanged */
    key_statement_sign(&fixture->statement, &fixture->keys[0], &fixture->keys[1]);
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_EVIDENCE_KEY, 3);
    key_statement_encode(&fixture->statement, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    write_record(fixture, record);
    assert_int_equal(export(fixture, true, &bytes), ERR_OK);
    assert_true(slice_equal(buf_view(&bytes), buf_view(&fixture->one)));
    buf_clear(&bytes);
    assert_int_equal(export(fixture, false, &bytes), ERR_OK);
    assert_true(slice_equal(buf_view(&bytes), buf_view(&fixture->whole)));
    buf_release(&bytes);
    buf_release(&key);
    buf_release(&value);
}

/* ---- --check ---- */

static void note_damage(void *arg, const char *what)
{
    unsigned *heads = arg;
    *heads += strstr(what, "record 3 is not the one that its signed head names") != NULL;
}

static void a_check_of_the_ledger_reads_the_heads(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_check result;
    unsigned heads = 0;
    assert_int_equal(ledger_check(fixture->ledger, note_damage, &heads, &result), ERR_OK);
    assert_int_equal(result.heads, 2);
    struct store *store = ledger_store(fixture->ledger);
    struct buf key = {0};
    struct buf value = {0};
    struct problem problem;
    struct signed_head head = {.recno = 3};
    signed_head_sign(&head, &fixture->keys[0]);
    ledger_catalogue_key_u64(&key, CATALOGUE_HEAD, 3);
    signed_head_encode(&head, &value);
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_put(batch, STORE_CATALOGUE, buf_view(&key), buf_view(&value));
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
    assert_int_equal(ledger_check(fixture->ledger, note_damage, &heads, &result), ERR_CORRUPT);
    assert_int_equal(heads, 1); /* well signed, but of another chain */
    assert_int_equal(result.damages, 2);
    buf_release(&key);
    buf_release(&value);
}

/* All formats at once: of heads, keys, the manifest, headers, rows and lines. */
static void the_bytes_stay_the_same(void **state)
{
    struct fixture *fixture = *state;
    bool is_older = fixture->is_older;
    struct buf text = {0};
    uint8_t digest[HASH_DIGEST_BYTES];
    hash_digest(digest, buf_view(&fixture->one));
    text_hex(&text, slice_of(digest, sizeof(digest)));
    assert_buf_is(&text, is_older
                             ? "b6916fae082a07b0375adcabc0654ba2f5ee693b1e7ffffa42b5adff9d8f38bf"
                             : "a3d5a537abff4e6680e990f34d47e76a704b5b999798254334924d21a6f5047a");
    text_hex(&text, slice_of(fixture->manifest.data, 12));
    assert_buf_is(&text, is_older ? "018e017b2276657273696f6e" : "028e017b2276657273696f6e");
    buf_release(&text);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* ---- whoever does not want it any more ---- */

struct patience {
    unsigned asks;
    unsigned max; /* then it is over */
    unsigned lines;
};

static bool is_patient(void *arg)
{
    struct patience *patience = arg;
    return ++patience->asks <= patience->max;
}

static bool count_lines(void *arg, struct slice lines)
{
    struct patience *patience = arg;
    (void)lines;
    assert_true(patience->asks <= patience->max); /* nothing comes after the word */
    patience->lines++;
    return true;
}

static enum err export_until(struct fixture *fixture, bool is_one, struct patience *patience)
{
    struct problem problem = {0};
    const struct evidence_export request = {.ledger = fixture->ledger,
                                            .campaign = CAMPAIGN,
                                            .has_recipient = is_one,
                                            .ordinal = ORDINAL,
                                            .key = fixture->keys[fixture->signs],
                                            .through = UINT64_MAX,
                                            .has_secret = true,
                                            .secret = SECRET,
                                            .sink = count_lines,
                                            .is_wanted = is_patient,
                                            .arg = patience};
    return evidence_export(&request, &problem);
}

/* While it reads too, not only as it writes: each block, page and record. */
static void the_making_ends_when_nobody_wants_it(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned is_one = 0; is_one < 2; is_one++) {
        struct patience whole = {.max = 1000000};
        assert_int_equal(export_until(fixture, is_one != 0, &whole), ERR_OK);
        assert_true(whole.asks >= 2 * PAGES + 5);
        for (unsigned max = 0; max < whole.asks; max++) {
            struct patience patience = {.max = max};
            assert_int_equal(export_until(fixture, is_one != 0, &patience), ERR_CLOSED);
            assert_int_equal(patience.asks, max + 1); /* and not once more */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_recipient_is_told_of_from_the_journal_alone),
        TEST(nobody_else_is_in_the_bundle_of_one),
        TEST(a_whole_campaign_is_told_of),
        cmocka_unit_test_setup_teardown(an_older_audience_has_the_older_form, setup_older,
                                        teardown),
        TEST(bundles_of_version_1_are_read),
        TEST(the_same_journal_gives_the_same_bytes),
        TEST(an_older_key_vouches_for_the_newer),
        TEST(a_new_key_signs_what_a_lost_one_did),
        TEST(every_changed_byte_is_found),
        TEST(every_cut_is_found),
        TEST(every_line_that_is_missing_added_or_moved_is_found),
        TEST(a_good_signature_does_not_heal_a_broken_chain),
        TEST(what_was_put_after_the_launch_binds_nothing),
        TEST(pages_are_bound_by_the_launch),
        cmocka_unit_test_setup_teardown(pages_are_bound_by_the_launch, setup_older, teardown),
        TEST(the_secret_of_the_rows_is_the_one_of_the_launch),
        TEST(a_row_is_bound_by_the_launch),
        TEST(what_no_head_covers_is_not_exported),
        TEST(what_happens_meanwhile_is_left_out),
        TEST(a_check_of_the_ledger_reads_the_heads),
        TEST(the_bytes_stay_the_same),
        cmocka_unit_test_setup_teardown(the_bytes_stay_the_same, setup_older, teardown),
        TEST(the_making_ends_when_nobody_wants_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
