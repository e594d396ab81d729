/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/audience_index.h"

#include "common/bitmap.h"
#include "common/mem.h"
#include "proto/page.h"

_Static_assert(BITMAP_BITS == PAGE_RECIPIENTS, "a bit for each place of a page");

struct writing {
    struct audience_index *index;
    struct ledger_audience *load;
    struct bitmap *holes; /* one a page */
};

static enum err on_unique(void *arg, uint64_t hash, uint32_t ordinal)
{
    struct writing *writing = arg;
    return ledger_audience_lookup(writing->load, hash, ordinal);
}

static void on_duplicate(void *arg, uint32_t ordinal, uint8_t mark)
{
    struct writing *writing = arg;
    bitmap_set(&writing->holes[ordinal / PAGE_RECIPIENTS], ordinal % PAGE_RECIPIENTS);
    writing->index->duplicates++;
    writing->index->with_fields[mark]++;
}

static enum err write_holes(const struct writing *writing, uint32_t pages)
{
    enum err err = ERR_OK;
    if (writing->index->duplicates == 0) {
        return err;
    }
    for (uint32_t page = 0; err == ERR_OK && page < pages; page++) {
        if (bitmap_next(&writing->holes[page], 0) < BITMAP_BITS) {
            err = ledger_audience_holes(writing->load, page, &writing->holes[page]);
        }
    }
    return err;
}

static enum err explain(enum err err, struct problem *problem)
{
    if (err != ERR_OK && problem->text[0] == '\0') {
        problem_set(problem, err, "the index of the audience cannot be written: %s",
                    err_sentence(err));
    }
    return err;
}

static enum err on_endpoint(void *arg, uint64_t hash, uint32_t ordinal)
{
    return ledger_audience_endpoint(arg, hash, ordinal);
}

static void on_same_endpoint(void *arg, uint32_t ordinal, uint8_t mark)
{
    (void)arg; /* never comes: a place has an endpoint of a rank once */
    (void)ordinal;
    (void)mark;
}

enum err audience_index_write_endpoints(struct ledger_audience *load, struct duplicates *endpoints,
                                        unsigned threads, struct problem *problem)
{
    struct duplicates_sink sink = {on_endpoint, on_same_endpoint, load};
    *problem = (struct problem){0};
    return explain(duplicates_resolve(endpoints, threads, &sink, problem), problem);
}

enum err audience_index_write(struct audience_index *index, struct ledger_audience *load,
                              struct duplicates *duplicates, uint32_t pages, unsigned threads,
                              struct problem *problem)
{
    *index = (struct audience_index){0};
    struct writing writing = {index, load, mem_zalloc(pages, sizeof(struct bitmap))};
    struct duplicates_sink sink = {on_unique, on_duplicate, &writing};
    *problem = (struct problem){0};
    enum err err = duplicates_resolve(duplicates, threads, &sink, problem);
    if (err == ERR_OK) {
        err = write_holes(&writing, pages);
    }
    mem_free(writing.holes);
    return explain(err, problem);
}
