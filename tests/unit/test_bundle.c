/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles that are exported from a small ledger of two campaigns, and every way to change them:
 * each byte, each line, each length.
 */
#include "tests/unit/bundle_rig.h"

/* ---- what is told ---- */

static void one_recipient_is_told_of_from_the_journal_alone(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    assert_int_equal(check_bundle(buf_view(&fixture->one), &bundle, &problem), ERR_OK);
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
    assert_int_equal(check_bundle(buf_view(&fixture->whole), &bundle, &problem), ERR_OK);
    assert_int_equal(bundle.pages, PAGES);
    assert_int_equal(bundle.counts[DELIVERY_EVENT_LEASED], 2 * PAGE_RECIPIENTS + 3);
    assert_int_equal(bundle.counts[DELIVERY_EVENT_ACCEPTED], 10);
    assert_int_equal(bundle.blocks, 8);
    bundle_release(&bundle);
}

static void the_same_journal_gives_the_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct buf again = {0};
    assert_int_equal(export_bundle(fixture, true, &again), ERR_OK);
    assert_true(slice_equal(buf_view(&again), buf_view(&fixture->one)));
    buf_release(&again);
}

static void an_older_key_vouches_for_the_newer(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    uint8_t other[SIGNING_PUBLIC_BYTES] = {1};
    assert_int_equal(check_bundle(buf_view(&fixture->one), &bundle, &problem), ERR_OK);
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
    assert_int_equal(export_bundle(fixture, true, &bytes), ERR_BUSY); /* it has signed no head */
    record = next_record(fixture);
    put_head(fixture, record, 3);
    write_record(fixture, record);
    buf_clear(&bytes);
    assert_int_equal(export_bundle(fixture, true, &bytes), ERR_OK);
    assert_int_equal(check_bundle(buf_view(&bytes), &bundle, &problem), ERR_OK);
    assert_true(bundle_is_by(&bundle, fixture->keys[2].public_key));
    assert_false(bundle_is_by(&bundle, fixture->keys[1].public_key));
    assert_int_equal(bundle.last_record, 8);
    assert_int_equal(bundle.head_count, 3); /* whoever noted one of before finds it */
    bundle_release(&bundle);
    buf_release(&bytes);
}

/* What a provider calls a message may be no text at all; the report is JSON all the same. */
static void an_id_that_is_no_text_is_told_of(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    struct buf bytes = {0};
    struct record *record = next_record(fixture);
    add_event(record, CAMPAIGN, 1,
              &(struct event){.kind = DELIVERY_EVENT_COMPLAINED,
                              .offset = PLACE,
                              .span = 1,
                              .ref = slice_of("caf\xe9-\xe2\x82", 7)});
    write_record(fixture, record);
    record = next_record(fixture);
    put_head(fixture, record, 2);
    write_record(fixture, record);
    assert_int_equal(export_bundle(fixture, true, &bytes), ERR_OK);
    assert_int_equal(check_bundle(buf_view(&bytes), &bundle, &problem), ERR_OK);
    json_t *report = bundle_report(&bundle);
    char *text = json_dumps(report, JSON_COMPACT);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"ref\":\"caf?-??\""));
    free(text);
    json_decref(report);
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
        unsigned count = split_lines(buf_view(bundles[b]), lines, 64);
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

/* Leaves out the n-th line of a type. */
static void leave_out(struct fixture *fixture, const char *type, unsigned n, struct buf *into)
{
    struct slice lines[64];
    char begin[64];
    unsigned count = split_lines(buf_view(&fixture->one), lines, 64) - 1;
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
    assert_int_equal(export_bundle(fixture, true, &bytes), ERR_OK);
    assert_refused(&bytes, "put the manifest after the launch");
    buf_release(&bytes);
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
    assert_int_equal(export_bundle(fixture, true, &bytes), ERR_BUSY);
    record = next_record(fixture);
    put_head(fixture, record, 2);
    write_record(fixture, record);
    assert_int_equal(export_bundle(fixture, true, &bytes), ERR_OK);
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
    assert_int_equal(export_bundle(fixture, true, &bytes), ERR_OK);
    assert_true(slice_equal(buf_view(&bytes), buf_view(&fixture->one)));
    buf_clear(&bytes);
    assert_int_equal(export_bundle(fixture, false, &bytes), ERR_OK);
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
    struct evidence_export request = {.ledger = fixture->ledger,
                                      .campaign = CAMPAIGN,
                                      .has_recipient = is_one,
                                      .ordinal = ORDINAL,
                                      .key = fixture->keys[fixture->signs],
                                      .through = UINT64_MAX,
                                      .has_secret = true,
                                      .sink = count_lines,
                                      .is_wanted = is_patient,
                                      .arg = patience};
    memcpy(request.secret, audience_secret, sizeof(request.secret));
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

#define TEST(fn)       cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TEST_OLDER(fn) cmocka_unit_test_setup_teardown(fn, setup_older, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_recipient_is_told_of_from_the_journal_alone),
        TEST(nobody_else_is_in_the_bundle_of_one),
        TEST(a_whole_campaign_is_told_of),
        TEST(the_same_journal_gives_the_same_bytes),
        TEST(an_older_key_vouches_for_the_newer),
        TEST(a_new_key_signs_what_a_lost_one_did),
        TEST(an_id_that_is_no_text_is_told_of),
        TEST(every_changed_byte_is_found),
        TEST(every_cut_is_found),
        TEST(every_line_that_is_missing_added_or_moved_is_found),
        TEST(a_good_signature_does_not_heal_a_broken_chain),
        TEST(what_was_put_after_the_launch_binds_nothing),
        TEST(what_no_head_covers_is_not_exported),
        TEST(what_happens_meanwhile_is_left_out),
        TEST(a_check_of_the_ledger_reads_the_heads),
        TEST(the_bytes_stay_the_same),
        TEST_OLDER(the_bytes_stay_the_same),
        TEST(the_making_ends_when_nobody_wants_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
