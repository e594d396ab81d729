/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An array in the order of the ids: they are given out here, ascending, and the catalogue is walked
 * in their order.
 */
#include "coordinator/content/campaign_registry.h"

#include <assert.h>
#include <inttypes.h>

#include "common/buf.h"
#include "common/mem.h"

struct campaign_registry {
    struct campaign_document **documents;
    size_t count;
    size_t cap;
};

struct load {
    struct campaign_registry *registry;
    const struct campaign_surroundings *surroundings;
    struct problem *problem;
    enum err err;
};

static uint64_t id_at(const struct campaign_registry *registry, size_t index)
{
    return campaign_document_def(registry->documents[index])->id;
}

/* The first with an id of `id` or more. */
static size_t position(const struct campaign_registry *registry, uint64_t id)
{
    size_t low = 0;
    size_t high = registry->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_at(registry, middle) < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void append(struct campaign_registry *registry, struct campaign_document *document)
{
    if (registry->count == registry->cap) {
        registry->cap = registry->cap == 0 ? 16 : registry->cap * 2;
        registry->documents = mem_resize(registry->documents, registry->cap, sizeof(void *));
    }
    registry->documents[registry->count++] = document;
}

static bool load_entry(void *arg, struct slice id, struct slice value)
{
    struct load *load = arg;
    struct campaign_document *document = NULL;
    struct problem problem = {0};
    struct reader reader = reader_of(id);
    uint64_t number = reader_be64(&reader);
    load->err = campaign_document_load(&document, value, load->surroundings, &problem);
    if (load->err == ERR_OK && campaign_document_def(document)->id != number) {
        load->err = problem_set(&problem, ERR_CORRUPT, "it is that of another campaign");
    }
    if (load->err != ERR_OK) {
        campaign_document_free(document);
        (void)problem_set(load->problem, load->err,
                          "the catalogue's entry of campaign c%" PRIu64 " cannot be used: %s",
                          number, problem.text);
        return false;
    }
    append(load->registry, document);
    return true;
}

struct campaign_registry *campaign_registry_new(void)
{
    return mem_zalloc(1, sizeof(struct campaign_registry));
}

void campaign_registry_free(struct campaign_registry *registry)
{
    if (registry == NULL) {
        return;
    }
    for (size_t i = 0; i < registry->count; i++) {
        campaign_document_free(registry->documents[i]);
    }
    mem_free(registry->documents);
    mem_free(registry);
}

enum err campaign_registry_load(struct campaign_registry *registry, struct ledger *ledger,
                                const struct campaign_surroundings *surroundings,
                                struct problem *problem)
{
    struct load load = {registry, surroundings, problem, ERR_OK};
    enum err err = ledger_each_entry(ledger, CATALOGUE_CAMPAIGN, load_entry, &load);
    if (err != ERR_OK) {
        return problem_set(problem, err, "the catalogue's campaigns cannot be read: %s",
                           err_sentence(err));
    }
    return load.err;
}

void campaign_registry_add(struct campaign_registry *registry, uint64_t created_ms,
                           struct campaign_document *take_document)
{
    uint64_t last = registry->count == 0 ? 0 : id_at(registry, registry->count - 1);
    campaign_document_number(take_document, last + 1, created_ms);
    append(registry, take_document);
}

const struct campaign_document *campaign_registry_find(const struct campaign_registry *registry,
                                                       uint64_t id)
{
    size_t at = position(registry, id);
    return at < registry->count && id_at(registry, at) == id ? registry->documents[at] : NULL;
}

const struct campaign_document *campaign_registry_change(struct campaign_registry *registry,
                                                         const struct campaign_def *def)
{
    size_t at = position(registry, def->id);
    assert(at < registry->count && id_at(registry, at) == def->id);
    campaign_document_change(registry->documents[at], def);
    return registry->documents[at];
}

const struct campaign_document *campaign_registry_set_reply_range(
    struct campaign_registry *registry, uint64_t id, const struct reply_range *range)
{
    size_t at = position(registry, id);
    assert(at < registry->count && id_at(registry, at) == id);
    campaign_document_set_reply_range(registry->documents[at], range);
    return registry->documents[at];
}

const struct campaign_document *campaign_registry_set_trace(struct campaign_registry *registry,
                                                            uint64_t id,
                                                            const struct trace_context *trace)
{
    size_t at = position(registry, id);
    assert(at < registry->count && id_at(registry, at) == id);
    campaign_document_set_trace(registry->documents[at], trace);
    return registry->documents[at];
}

const struct campaign_document *campaign_registry_next(const struct campaign_registry *registry,
                                                       uint64_t after)
{
    size_t at = after == UINT64_MAX ? registry->count : position(registry, after + 1);
    return at < registry->count ? registry->documents[at] : NULL;
}

const struct campaign_document *campaign_registry_previous(const struct campaign_registry *registry,
                                                           uint64_t before)
{
    size_t at = position(registry, before);
    return at > 0 ? registry->documents[at - 1] : NULL;
}
