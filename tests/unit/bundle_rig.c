/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bundle_rig.h"

static const char document[] =
    "{\"version\":2,\"id\":\"c7\",\"name\":\"Outage\",\"content\":{\"sms\":{\"default\":{\"text\":"
    "\"Dear {{name}}, see {{ack_url}}\"},\"de\":{\"text\":\"Hallo {{name}}\"}}}}";

const uint8_t audience_secret[ROWS_SECRET_BYTES] = {1, 2, 3};

/* ---- the ledger ---- */

void write_record(struct fixture *fixture, struct record *take_record)
{
    struct problem problem;
    take_record->time_ms = NOW_MS + take_record->recno * 1000;
    assert_int_equal(ledger_write(fixture->ledger, take_record, &problem), ERR_OK);
    record_free(take_record);
}

struct record *next_record(struct fixture *fixture)
{
    return record_new(0, 1, ++fixture->recno);
}

void add_event(struct record *record, uint64_t campaign, uint32_t page, const struct event *event)
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
    struct page_rows *rows = mem_zalloc(1, sizeof(*rows));
    uint8_t root[HASH_DIGEST_BYTES];
    if (fixture->is_older) {
        hash_digest(root, sealed);
    } else {
        page_rows_of_builder(rows, audience_secret, page, builder);
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

void put_same_manifest(const struct fixture *fixture, struct record *record)
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
void put_lost_statement(struct fixture *fixture, struct record *record)
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

void put_head(struct fixture *fixture, struct record *record, unsigned key_number)
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

enum err export_bundle(struct fixture *fixture, bool is_one, struct buf *into)
{
    static const struct evidence_provider provider = {0, "gateway", "sms"};
    struct problem problem = {0};
    struct evidence_export request = {
        .ledger = fixture->ledger,
        .campaign = CAMPAIGN,
        .has_recipient = is_one,
        .ordinal = ORDINAL,
        .has_secret = true,
        .providers = &provider,
        .provider_count = 1,
        .key = fixture->keys[fixture->signs],
        .through = fixture->through == 0 ? UINT64_MAX : fixture->through,
        .sink = add_lines,
        .arg = into,
    };
    memcpy(request.secret, audience_secret, sizeof(request.secret));
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
    assert_int_equal(export_bundle(fixture, false, &fixture->whole), ERR_OK);
    assert_int_equal(export_bundle(fixture, true, &fixture->one), ERR_OK);
    *state = fixture;
    return 0;
}

int setup(void **state)
{
    return begin(state, false);
}

int setup_older(void **state)
{
    return begin(state, true);
}

int teardown(void **state)
{
    struct fixture *fixture = *state;
    ledger_close(fixture->ledger);
    buf_release(&fixture->manifest);
    buf_release(&fixture->whole);
    buf_release(&fixture->one);
    free(fixture);
    return 0;
}

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

enum err check_bundle(struct slice bytes, struct bundle *bundle, struct problem *problem)
{
    struct bundle_reader *reader = bundle_reader_new(bundle);
    enum err err = read_lines(reader, bytes, problem);
    bundle_reader_free(reader);
    return err;
}

/* By the key that it should be signed by: a bundle that somebody else signed is not good either. */
bool is_good(const struct fixture *fixture, struct slice bytes)
{
    struct bundle bundle = {0};
    struct problem problem = {0};
    bool is_it = check_bundle(bytes, &bundle, &problem) == ERR_OK &&
                 bundle_is_by(&bundle, fixture->keys[1].public_key);
    assert_true(is_it || problem.text[0] != '\0' || bundle.records > 0);
    bundle_release(&bundle);
    return is_it;
}

void assert_refused(const struct buf *bytes, const char *word)
{
    struct bundle bundle = {0};
    struct problem problem = {0};
    assert_int_equal(check_bundle(buf_view(bytes), &bundle, &problem), ERR_CORRUPT);
    if (strstr(problem.text, word) == NULL) {
        print_error("\"%s\" is not in: %s\n", word, problem.text);
        fail();
    }
    bundle_release(&bundle);
}

unsigned split_lines(struct slice bytes, struct slice *lines, unsigned max)
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

bool begins_with(struct slice line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.data, text, strlen(text)) == 0;
}

/* Some lines, under a good signature. */
void sign_anew(struct fixture *fixture, const struct slice *lines, unsigned count, struct buf *into)
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
