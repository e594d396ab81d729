/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     inflow ──► body_decoder ──► row_reader ──► sealing ──► the store, page by page
 *                                     │             └──────► duplicates ──► audience_index ──► the
 * store └── refusals ──► the store
 *
 * This thread decodes and parses. What costs more, compressing and writing, is sealing's, on other
 * threads.
 */
#include "coordinator/audience/audience_intake.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>

#include "common/mem.h"
#include "coordinator/audience/audience_index.h"
#include "coordinator/audience/body_decoder.h"
#include "coordinator/audience/row_reader.h"
#include "coordinator/audience/sealing.h"

enum {
    DUPLICATES_MEMORY = 64 * 1024 * 1024, /* four million recipients */
    FIELD_SETS = 256
};

struct audience_intake {
    struct ledger *ledger;
    const struct audience_settings *settings;
    struct inflow *inflow;
    struct body_decoder *decoder;
    struct row_reader *reader;
    struct duplicates *duplicates;
    struct duplicates *endpoints;
    struct ledger_audience *load;
    struct sealing *sealing; /* NULL until the columns are known */
    struct sealing_result sealed;
    uint8_t secret[ROWS_SECRET_BYTES];
    struct audience_index index;
    struct buf json;
    struct problem problem;
    uint64_t rows;
    uint64_t refused;
    uint64_t refused_kept;
    /* The same for other threads. */
    atomic_uint_fast64_t shown_rows;
    atomic_uint_fast64_t shown_refused;
    atomic_uint_fast64_t shown_duplicates;
};

/* Rows */

static struct sealing *sealing_of(struct audience_intake *intake)
{
    if (intake->sealing == NULL) {
        intake->sealing = sealing_new(&(struct sealing_settings){
            .load = intake->load,
            .duplicates = intake->duplicates,
            .key = ledger_lookup_key(intake->ledger),
            .secret = intake->secret,
            .endpoints = intake->endpoints,
            .schema = row_reader_schema(intake->reader),
            .codec = intake->settings->codec,
            .threads = intake->settings->threads,
        });
    }
    return intake->sealing;
}

/* Sealing has failed: sealing_finish will say why. */
static enum err seal_failed(struct audience_intake *intake)
{
    return problem_set(&intake->problem, ERR_IO, "the pages cannot be sealed");
}

static enum err keep(struct audience_intake *intake)
{
    if (intake->rows - intake->refused > UINT32_MAX - PAGE_RECIPIENTS) {
        return problem_set(&intake->problem, ERR_LIMIT,
                           "an audience has at most 4,294,966,271 rows; split the file");
    }
    return sealing_add(sealing_of(intake), row_reader_row(intake->reader)) ? ERR_OK
                                                                           : seal_failed(intake);
}

/* "line 17, column "phone": ..." */
static enum err refuse_file(struct audience_intake *intake, const struct refusal *refusal,
                            const char *why)
{
    bool has_column = refusal->column[0] != '\0';
    return problem_set(&intake->problem, ERR_INVALID, "%sline %" PRIu64 "%s%s%s: %s", why,
                       refusal->line, has_column ? ", column \"" : "", refusal->column,
                       has_column ? "\"" : "", refusal->reason);
}

static enum err refuse(struct audience_intake *intake)
{
    const struct refusal *refusal = row_reader_refusal(intake->reader);
    intake->refused++;
    switch (intake->settings->on_error) {
    case AUDIENCE_STOP:
        return refuse_file(intake, refusal, "");
    case AUDIENCE_SKIP:
        break;
    case AUDIENCE_SKIP_UP_TO:
        if (intake->refused > intake->settings->refused_max) {
            return refuse_file(intake, refusal, "too many rows are refused; the last is ");
        }
        break;
    }
    if (intake->refused > REFUSALS_MAX) {
        return ERR_OK;
    }
    intake->refused_kept++;
    buf_clear(&intake->json);
    refusal_json(refusal, &intake->json);
    return sealing_refusal(sealing_of(intake), refusal->line, buf_view(&intake->json))
               ? ERR_OK
               : seal_failed(intake);
}

/* All rows that are there. */
static enum err read_rows(struct audience_intake *intake)
{
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        switch (row_reader_next(intake->reader)) {
        case ROW_MORE:
        case ROW_DONE:
            return ERR_OK;
        case ROW_READY:
            intake->rows++;
            err = keep(intake);
            break;
        case ROW_REFUSED:
            intake->rows++;
            err = refuse(intake);
            break;
        case ROW_FAILED:
            intake->problem = *row_reader_problem(intake->reader);
            err = intake->problem.err;
            break;
        }
    }
    return err;
}

static enum err read_piece(struct audience_intake *intake, struct slice piece)
{
    row_reader_push(intake->reader, piece);
    enum err err = read_rows(intake);
    atomic_store_explicit(&intake->shown_rows, intake->rows, memory_order_relaxed);
    atomic_store_explicit(&intake->shown_refused, intake->refused, memory_order_relaxed);
    if (err == ERR_OK && inflow_is_stopped(intake->inflow)) {
        err = ERR_CLOSED;
    }
    return err;
}

static enum err read_block(struct audience_intake *intake, struct slice bytes)
{
    body_decoder_push(intake->decoder, bytes);
    for (;;) {
        struct slice piece;
        enum err err = body_decoder_next(intake->decoder, &piece, &intake->problem);
        if (err == ERR_OK && piece.len > 0) {
            err = read_piece(intake, piece);
        }
        if (err != ERR_OK || piece.len == 0) {
            return err;
        }
    }
}

static enum err read_body(struct audience_intake *intake)
{
    struct slice bytes;
    enum err err = ERR_OK;
    while (err == ERR_OK && inflow_take(intake->inflow, &bytes)) {
        err = read_block(intake, bytes);
    }
    if (err == ERR_OK && inflow_is_stopped(intake->inflow)) {
        err = ERR_CLOSED;
    }
    if (err == ERR_OK) {
        err = body_decoder_end(intake->decoder, &intake->problem);
    }
    if (err == ERR_OK) {
        row_reader_end(intake->reader);
        err = read_piece(intake, slice_of(NULL, 0));
    }
    return err;
}

/* Behind the rows */

/* Waits for the pages. What went wrong there is the cause of what went wrong here. */
static enum err finish_sealing(struct audience_intake *intake, enum err err)
{
    if (intake->sealing == NULL) {
        return err;
    }
    struct problem problem;
    enum err sealed = sealing_finish(intake->sealing, err == ERR_OK, &intake->sealed, &problem);
    intake->sealing = NULL;
    if (sealed != ERR_OK && (err == ERR_OK || sealed != ERR_CLOSED)) {
        intake->problem = problem;
        return sealed;
    }
    return err;
}

static enum err write_index(struct audience_intake *intake)
{
    enum err err = audience_index_write(&intake->index, intake->load, intake->duplicates,
                                        intake->sealed.pages, 2, &intake->problem);
    if (err == ERR_OK) {
        err = audience_index_write_endpoints(intake->load, intake->endpoints, 2, &intake->problem);
    }
    atomic_store_explicit(&intake->shown_duplicates, intake->index.duplicates,
                          memory_order_relaxed);
    return err == ERR_OK && inflow_is_stopped(intake->inflow) ? ERR_CLOSED : err;
}

static enum err finish_load(struct audience_intake *intake, enum err err)
{
    struct ledger_audience *load = intake->load;
    intake->load = NULL;
    if (err == ERR_OK) {
        return ledger_audience_finish(load, &intake->problem);
    }
    ledger_audience_abort(load);
    return err;
}

static void fill_info(const struct audience_intake *intake, struct audience_info *info)
{
    *info = (struct audience_info){
        .id = intake->settings->id,
        .rows = intake->rows,
        .accepted = intake->sealed.slots - intake->index.duplicates,
        .duplicates = intake->index.duplicates,
        .refused = intake->refused,
        .refused_kept = intake->refused_kept,
        .pages = intake->sealed.pages,
        .slots = (uint32_t)intake->sealed.slots,
        .page_bytes = intake->sealed.page_bytes,
        .schema = *row_reader_schema(intake->reader),
        .has_root = true,
        .has_secret = true,
    };
    merkle_root(&intake->sealed.roots, info->root);
    memcpy(info->secret, intake->secret, ROWS_SECRET_BYTES);
    snprintf(info->name, sizeof(info->name), "%s", intake->settings->name);
    for (unsigned set = 0; set < FIELD_SETS; set++) {
        uint64_t recipients = intake->sealed.with_fields[set] - intake->index.with_fields[set];
        for (unsigned field = 0; field < PAGE_FIELDS; field++) {
            info->with_field[field] += (set >> field & 1) != 0 ? recipients : 0;
        }
    }
}

struct audience_intake *audience_intake_new(struct ledger *ledger,
                                            const struct audience_settings *settings,
                                            struct inflow *inflow)
{
    struct audience_intake *intake = mem_zalloc(1, sizeof(*intake));
    intake->ledger = ledger;
    intake->settings = settings;
    intake->inflow = inflow;
    intake->decoder = body_decoder_new(settings->encoding);
    intake->reader = row_reader_new(settings->format, settings->mappings, settings->mapping_count);
    intake->duplicates = duplicates_new(settings->temp_dir, DUPLICATES_MEMORY);
    intake->endpoints = duplicates_new(settings->temp_dir, DUPLICATES_MEMORY);
    randombytes_buf(intake->secret, ROWS_SECRET_BYTES);
    intake->load = ledger_audience_new(ledger, settings->id);
    return intake;
}

void audience_intake_free(struct audience_intake *intake)
{
    if (intake == NULL) {
        return;
    }
    if (intake->load != NULL) {
        ledger_audience_abort(intake->load);
    }
    duplicates_free(intake->duplicates);
    duplicates_free(intake->endpoints);
    row_reader_free(intake->reader);
    body_decoder_free(intake->decoder);
    buf_release(&intake->json);
    mem_free(intake);
}

enum err audience_intake_run(struct audience_intake *intake, struct audience_info *info,
                             struct problem *problem)
{
    enum err err = read_body(intake);
    err = finish_sealing(intake, err);
    if (err == ERR_OK) {
        err = write_index(intake);
    }
    err = finish_load(intake, err);
    if (err == ERR_OK) {
        fill_info(intake, info);
    } else if (err == ERR_CLOSED) {
        problem_set(&intake->problem, ERR_CLOSED, "the upload broke off; nothing of it was kept");
    }
    *problem = intake->problem;
    problem->err = err;
    return err;
}

void audience_intake_progress(const struct audience_intake *intake,
                              struct audience_progress *progress)
{
    progress->rows = atomic_load_explicit(&intake->shown_rows, memory_order_relaxed);
    progress->refused = atomic_load_explicit(&intake->shown_refused, memory_order_relaxed);
    progress->duplicates = atomic_load_explicit(&intake->shown_duplicates, memory_order_relaxed);
}
