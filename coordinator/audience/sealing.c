/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page passes through three structs: a `draft` (the builder, recycled), which the caller fills
 * and a sealer empties; a `sealed` page (its bytes, the hashes of its keys), which waits in `ring`
 * at the place that its number gives it; and the store. Sealers finish in any order; the writer
 * takes page after page, and waits for the one whose turn it is.
 *
 * The bounds are all kept at one place, where the caller starts a page (`has_room`), on pages that
 * are not with the store yet. Neither sealers nor writer ever wait for room, so whatever has begun
 * comes to its end, and the page whose turn it is cannot be held up by those behind it.
 *
 * The writer is a thread of its own because now and then it waits for the disk (a full file is
 * synced) while the sealers should go on.
 */
#include "coordinator/audience/sealing.h"

#include <assert.h>
#include <uv.h>
#include <zstd.h>

#include "common/mem.h"
#include "coordinator/audience/endpoint_index.h"

enum { THREADS_MAX = 16, DRAFT_BYTES_KEPT = 1024 * 1024 };

struct draft {
    struct draft *next;
    struct page_builder builder;
    uint32_t page;
    size_t bytes; /* of values */
    uint8_t fields[PAGE_RECIPIENTS];
};

struct endpoint_entry {
    uint64_t hash;
    uint32_t place;
};

struct sealed {
    bool is_ready;
    uint8_t root[HASH_DIGEST_BYTES]; /* of its rows */
    unsigned count;
    size_t bytes; /* of the draft's values */
    struct buf value;
    struct endpoint_entry *endpoints;
    unsigned endpoint_count;
    unsigned endpoint_cap;
    struct hash128 hashes[PAGE_RECIPIENTS];
    uint8_t fields[PAGE_RECIPIENTS];
};

struct sealing {
    struct sealing_settings settings;
    /* The caller's own. */
    struct draft *draft;
    struct sealing_result result; /* page_bytes and roots: the writer's */

    uv_mutex_t load_lock; /* refusals come while pages are written */

    uv_mutex_t lock; /* of all below */
    uv_cond_t work;  /* there is a draft to seal, or none will come */
    uv_cond_t ready; /* a page is sealed, or none will come */
    uv_cond_t room;  /* a page is with the store */
    struct draft *free_drafts;
    struct draft *first; /* to be sealed */
    struct draft **last;
    struct sealed *ring[SEALING_PAGES]; /* made when first needed */
    uint32_t started;                   /* pages that a draft was handed over for */
    uint32_t written;
    size_t bytes; /* of those between */
    bool is_closing;
    struct problem problem;

    unsigned threads;
    uv_thread_t sealers[THREADS_MAX];
    uv_thread_t writer;
};

/* Drafts */

static struct draft *draft_new(const struct sealing *sealing)
{
    struct draft *draft = mem_zalloc(1, sizeof(*draft));
    page_builder_init(&draft->builder, sealing->settings.schema->count);
    return draft;
}

static void draft_free(struct draft *draft)
{
    if (draft != NULL) {
        page_builder_release(&draft->builder);
        mem_free(draft);
    }
}

/* Makes a used draft empty. One that has held huge values gives their memory back. */
static void draft_clear(struct draft *draft)
{
    if (draft->bytes > DRAFT_BYTES_KEPT) {
        unsigned columns = draft->builder.columns;
        page_builder_release(&draft->builder);
        page_builder_init(&draft->builder, columns);
    }
    page_builder_clear(&draft->builder);
    draft->bytes = 0;
}

static struct draft *draft_take(struct sealing *sealing)
{
    uv_mutex_lock(&sealing->lock);
    struct draft *draft = sealing->free_drafts;
    if (draft != NULL) {
        sealing->free_drafts = draft->next;
    }
    uv_mutex_unlock(&sealing->lock);
    return draft != NULL ? draft : draft_new(sealing);
}

/* Failure. With the lock. */
static void fail(struct sealing *sealing, const struct problem *problem)
{
    if (sealing->problem.err == ERR_OK) {
        sealing->problem = *problem;
        uv_cond_broadcast(&sealing->room);
    }
}

/* Sealers */

static void hash_keys(const struct sealing *sealing, const struct page_builder *builder,
                      struct hash128 *hashes)
{
    const struct page_builder_column *keys = &builder->column[0];
    const uint8_t *at = keys->blob.data;
    for (unsigned i = 0; i < builder->count; i++) {
        hashes[i] = hash_keyed128(sealing->settings.key, slice_of(at, keys->lengths[i]));
        at += keys->lengths[i];
    }
}

static void hash_column(const struct sealing *sealing, const struct page_column *column,
                        const struct page_builder_column *values, unsigned count,
                        struct sealed *sealed)
{
    const uint8_t *at = values->blob.data;
    if (sealed->endpoint_cap < sealed->endpoint_count + count) {
        sealed->endpoint_cap = sealed->endpoint_count + count;
        sealed->endpoints =
            mem_resize(sealed->endpoints, sealed->endpoint_cap, sizeof(*sealed->endpoints));
    }
    for (unsigned i = 0; i < count; i++) {
        struct slice value = slice_of(at, values->lengths[i]);
        if (value.len > 0) {
            uint64_t hash = endpoint_hash(sealing->settings.key, column->field, value);
            sealed->endpoints[sealed->endpoint_count++] =
                (struct endpoint_entry){endpoint_hash_at(hash, column->rank), i};
        }
        at += value.len;
    }
}

static void hash_endpoints(const struct sealing *sealing, const struct page_builder *builder,
                           struct sealed *sealed)
{
    const struct page_schema *schema = sealing->settings.schema;
    sealed->endpoint_count = 0;
    for (unsigned c = 0; c < schema->count; c++) {
        if (endpoint_is_field(schema->columns[c].field) &&
            schema->columns[c].rank < ENDPOINT_RANKS_MAX) {
            hash_column(sealing, &schema->columns[c], &builder->column[c], builder->count, sealed);
        }
    }
}

/* What one sealer reuses from page to page. */
struct sealer {
    ZSTD_CCtx *zstd;
    struct buf scratch;
    struct buf value;
    struct page_rows *rows;
};

static void seal(const struct sealing *sealing, struct sealer *sealer, const struct draft *draft,
                 struct sealed *sealed)
{
    const struct page_builder *builder = &draft->builder;
    sealed->count = builder->count;
    sealed->bytes = draft->bytes;
    memcpy(sealed->fields, draft->fields, builder->count);
    hash_keys(sealing, builder, sealed->hashes);
    hash_endpoints(sealing, builder, sealed);
    /* page_seal asks for room for the worst case; only what it used waits for the writer. */
    buf_clear(&sealer->value);
    page_seal(builder, sealing->settings.codec, sealer->zstd, &sealer->scratch, &sealer->value);
    buf_clear(&sealed->value);
    buf_slice(&sealed->value, buf_view(&sealer->value));
    page_rows_of_builder(sealer->rows, sealing->settings.secret, draft->page, builder);
    page_rows_root(sealer->rows, 0, NULL, sealed->root);
    if (draft->bytes > DRAFT_BYTES_KEPT) {
        buf_release(&sealer->scratch);
        buf_release(&sealer->value);
        page_rows_release(sealer->rows);
    }
}

/* With the lock: the place of a page in the ring. */
static struct sealed *place_of(struct sealing *sealing, uint32_t page)
{
    struct sealed **place = &sealing->ring[page % SEALING_PAGES];
    if (*place == NULL) {
        *place = mem_zalloc(1, sizeof(**place));
    }
    return *place;
}

static struct draft *next_draft(struct sealing *sealing)
{
    while (sealing->first == NULL && !sealing->is_closing) {
        uv_cond_wait(&sealing->work, &sealing->lock);
    }
    struct draft *draft = sealing->first;
    if (draft != NULL) {
        sealing->first = draft->next;
        if (sealing->first == NULL) {
            sealing->last = &sealing->first;
        }
    }
    return draft;
}

static void run_sealer(void *arg)
{
    struct sealing *sealing = arg;
    struct sealer sealer = {.zstd = ZSTD_createCCtx(), .rows = mem_zalloc(1, sizeof(*sealer.rows))};
    uv_mutex_lock(&sealing->lock);
    for (;;) {
        struct draft *draft = next_draft(sealing);
        if (draft == NULL) {
            break;
        }
        struct sealed *sealed = place_of(sealing, draft->page);
        bool is_wanted = sealing->problem.err == ERR_OK;
        uv_mutex_unlock(&sealing->lock);
        if (is_wanted) {
            seal(sealing, &sealer, draft, sealed);
        }
        draft_clear(draft);
        uv_mutex_lock(&sealing->lock);
        draft->next = sealing->free_drafts;
        sealing->free_drafts = draft;
        sealed->is_ready = true;
        uv_cond_signal(&sealing->ready);
    }
    uv_mutex_unlock(&sealing->lock);
    buf_release(&sealer.scratch);
    buf_release(&sealer.value);
    page_rows_release(sealer.rows);
    mem_free(sealer.rows);
    ZSTD_freeCCtx(sealer.zstd);
}

/* The writer */

/* All who have an endpoint stay, so the ordinal is a part of what must not come twice. */
static enum err add_endpoints(const struct sealing *sealing, uint32_t page,
                              const struct sealed *sealed, struct problem *problem)
{
    enum err err = ERR_OK;
    for (unsigned i = 0; i < sealed->endpoint_count && err == ERR_OK; i++) {
        uint32_t ordinal = page * PAGE_RECIPIENTS + sealed->endpoints[i].place;
        err = duplicates_add_one(sealing->settings.endpoints,
                                 (struct hash128){sealed->endpoints[i].hash, ordinal}, 0, ordinal,
                                 problem);
    }
    return err;
}

static enum err write_page(struct sealing *sealing, uint32_t page, const struct sealed *sealed,
                           struct problem *problem)
{
    uv_mutex_lock(&sealing->load_lock);
    enum err err = ledger_audience_page(sealing->settings.load, page, buf_view(&sealed->value));
    err = err == ERR_OK ? ledger_audience_root(sealing->settings.load, sealed->root) : err;
    uv_mutex_unlock(&sealing->load_lock);
    if (err != ERR_OK) {
        return problem_set(problem, err, "a page of the audience cannot be written: %s",
                           err_sentence(err));
    }
    sealing->result.page_bytes += sealed->value.len;
    merkle_add(&sealing->result.roots, sealed->root);
    err = duplicates_add(sealing->settings.duplicates, sealed->hashes, sealed->fields,
                         sealed->count, page * PAGE_RECIPIENTS, problem);
    return err == ERR_OK ? add_endpoints(sealing, page, sealed, problem) : err;
}

/* The page whose turn it is, when it is ready; NULL when there is none left. With the lock. */
static struct sealed *next_sealed(struct sealing *sealing)
{
    for (;;) {
        struct sealed *sealed = sealing->ring[sealing->written % SEALING_PAGES];
        if (sealing->written < sealing->started && sealed != NULL && sealed->is_ready) {
            return sealed;
        }
        if (sealing->is_closing && sealing->written == sealing->started) {
            return NULL;
        }
        uv_cond_wait(&sealing->ready, &sealing->lock);
    }
}

static void run_writer(void *arg)
{
    struct sealing *sealing = arg;
    uv_mutex_lock(&sealing->lock);
    for (;;) {
        struct sealed *sealed = next_sealed(sealing);
        if (sealed == NULL) {
            break;
        }
        uint32_t page = sealing->written;
        bool is_wanted = sealing->problem.err == ERR_OK;
        uv_mutex_unlock(&sealing->lock);
        struct problem problem = {.err = ERR_OK};
        enum err err = is_wanted ? write_page(sealing, page, sealed, &problem) : ERR_OK;
        if (sealed->value.cap > DRAFT_BYTES_KEPT) {
            buf_release(&sealed->value);
        }
        uv_mutex_lock(&sealing->lock);
        if (err != ERR_OK) {
            fail(sealing, &problem);
        }
        sealed->is_ready = false;
        sealing->bytes -= sealed->bytes;
        sealing->written++;
        uv_cond_signal(&sealing->room);
    }
    uv_mutex_unlock(&sealing->lock);
}

/* The caller */

static bool has_room(const struct sealing *sealing, size_t bytes)
{
    uint32_t under_way = sealing->started - sealing->written;
    return under_way == 0 || (under_way < SEALING_PAGES && sealing->bytes + bytes <= SEALING_BYTES);
}

/* Hands the draft over. */
static bool start_page(struct sealing *sealing)
{
    struct draft *draft = sealing->draft;
    sealing->draft = NULL;
    draft->next = NULL;
    uv_mutex_lock(&sealing->lock);
    while (!has_room(sealing, draft->bytes) && sealing->problem.err == ERR_OK) {
        uv_cond_wait(&sealing->room, &sealing->lock);
    }
    bool is_wanted = sealing->problem.err == ERR_OK;
    if (is_wanted) {
        draft->page = sealing->started++;
        sealing->bytes += draft->bytes;
        *sealing->last = draft;
        sealing->last = &draft->next;
        uv_cond_signal(&sealing->work);
    }
    uv_mutex_unlock(&sealing->lock);
    if (!is_wanted) {
        draft_free(draft);
    }
    return is_wanted;
}

static unsigned threads_of(const struct sealing_settings *settings)
{
    unsigned threads = settings->threads == 0 ? uv_available_parallelism() : settings->threads;
    return threads < THREADS_MAX ? threads : THREADS_MAX;
}

struct sealing *sealing_new(const struct sealing_settings *settings)
{
    struct sealing *sealing = mem_zalloc(1, sizeof(*sealing));
    sealing->settings = *settings;
    sealing->last = &sealing->first;
    sealing->threads = threads_of(settings);
    uv_mutex_init(&sealing->load_lock);
    uv_mutex_init(&sealing->lock);
    uv_cond_init(&sealing->work);
    uv_cond_init(&sealing->ready);
    uv_cond_init(&sealing->room);
    int failed = uv_thread_create(&sealing->writer, run_writer, sealing);
    for (unsigned i = 0; i < sealing->threads; i++) {
        failed |= uv_thread_create(&sealing->sealers[i], run_sealer, sealing);
    }
    assert(failed == 0);
    return sealing;
}

bool sealing_add(struct sealing *sealing, const struct row *row)
{
    if (sealing->draft == NULL) {
        sealing->draft = draft_take(sealing);
    }
    struct draft *draft = sealing->draft;
    for (unsigned c = 0; c < draft->builder.columns; c++) {
        draft->bytes += row->values[c].len;
    }
    draft->fields[draft->builder.count] = row->fields;
    sealing->result.with_fields[row->fields]++;
    sealing->result.slots++;
    (void)page_builder_add(&draft->builder, row->values);
    return draft->builder.count < PAGE_RECIPIENTS || start_page(sealing);
}

bool sealing_refusal(struct sealing *sealing, uint64_t line, struct slice json)
{
    uv_mutex_lock(&sealing->load_lock);
    enum err err = ledger_audience_refusal(sealing->settings.load, line, json);
    uv_mutex_unlock(&sealing->load_lock);
    if (err != ERR_OK) {
        struct problem problem;
        problem_set(&problem, err, "the list of refused rows cannot be written: %s",
                    err_sentence(err));
        uv_mutex_lock(&sealing->lock);
        fail(sealing, &problem);
        uv_mutex_unlock(&sealing->lock);
    }
    return err == ERR_OK;
}

static void join(struct sealing *sealing)
{
    uv_mutex_lock(&sealing->lock);
    sealing->is_closing = true;
    uv_cond_broadcast(&sealing->work);
    uv_cond_broadcast(&sealing->ready);
    uv_mutex_unlock(&sealing->lock);
    for (unsigned i = 0; i < sealing->threads; i++) {
        uv_thread_join(&sealing->sealers[i]);
    }
    uv_thread_join(&sealing->writer);
}

static void sealing_free(struct sealing *sealing)
{
    draft_free(sealing->draft);
    while (sealing->free_drafts != NULL) {
        struct draft *draft = sealing->free_drafts;
        sealing->free_drafts = draft->next;
        draft_free(draft);
    }
    for (unsigned i = 0; i < SEALING_PAGES; i++) {
        if (sealing->ring[i] != NULL) {
            buf_release(&sealing->ring[i]->value);
            mem_free(sealing->ring[i]->endpoints);
            mem_free(sealing->ring[i]);
        }
    }
    uv_cond_destroy(&sealing->room);
    uv_cond_destroy(&sealing->ready);
    uv_cond_destroy(&sealing->work);
    uv_mutex_destroy(&sealing->lock);
    uv_mutex_destroy(&sealing->load_lock);
    mem_free(sealing);
}

enum err sealing_finish(struct sealing *sealing, bool is_wanted, struct sealing_result *result,
                        struct problem *problem)
{
    if (!is_wanted) {
        uv_mutex_lock(&sealing->lock);
        struct problem closed;
        problem_set(&closed, ERR_CLOSED, "the upload broke off");
        fail(sealing, &closed);
        uv_mutex_unlock(&sealing->lock);
    } else if (sealing->draft != NULL) {
        (void)start_page(sealing);
    }
    join(sealing);
    sealing->result.pages = sealing->written;
    *result = sealing->result;
    *problem = sealing->problem;
    sealing_free(sealing);
    return problem->err;
}
