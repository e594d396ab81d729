/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An array in the order of the ids. Uploads end in another order than they began, so an audience
 * may have to be put in before others: seldom, and not far from the end.
 */
#include "coordinator/audience/audience_registry.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"

struct audience_registry {
    struct audience_info **infos; /* by id, ascending */
    size_t count;
    size_t cap;
    uint64_t last_id; /* the largest given out or seen */
};

struct load {
    struct audience_registry *registry;
    struct problem *problem;
    enum err err;
};

/* Where `id` is, or would have to be put in. */
static size_t position(const struct audience_registry *registry, uint64_t id)
{
    size_t low = 0;
    size_t high = registry->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (registry->infos[middle]->id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool load_entry(void *arg, struct slice id, struct slice value)
{
    struct load *load = arg;
    struct reader reader = reader_of(id);
    uint64_t number = reader_be64(&reader);
    struct audience_info info;
    load->err =
        reader.bad || reader_left(&reader) != 0 ? ERR_CORRUPT : audience_info_decode(value, &info);
    if (load->err == ERR_OK && info.id != number) {
        load->err = ERR_CORRUPT;
    }
    if (load->err != ERR_OK) {
        (void)problem_set(load->problem, load->err,
                          "the catalogue's entry of audience a%" PRIu64 " cannot be read: %s",
                          number, err_sentence(load->err));
        return false;
    }
    audience_registry_add(load->registry, &info);
    return true;
}

struct audience_registry *audience_registry_new(void)
{
    return mem_zalloc(1, sizeof(struct audience_registry));
}

void audience_registry_free(struct audience_registry *registry)
{
    if (registry == NULL) {
        return;
    }
    for (size_t i = 0; i < registry->count; i++) {
        mem_free(registry->infos[i]);
    }
    mem_free(registry->infos);
    mem_free(registry);
}

enum err audience_registry_load(struct audience_registry *registry, struct ledger *ledger,
                                struct problem *problem)
{
    struct load load = {registry, problem, ERR_OK};
    enum err err = ledger_each_entry(ledger, CATALOGUE_AUDIENCE, load_entry, &load);
    if (err != ERR_OK) {
        return problem_set(problem, err, "the catalogue's audiences cannot be read: %s",
                           err_sentence(err));
    }
    return load.err;
}

void audience_registry_add(struct audience_registry *registry, const struct audience_info *info)
{
    size_t at = position(registry, info->id);
    assert(at == registry->count || registry->infos[at]->id != info->id);
    if (registry->count == registry->cap) {
        registry->cap = registry->cap == 0 ? 16 : registry->cap * 2;
        registry->infos = mem_resize(registry->infos, registry->cap, sizeof(void *));
    }
    memmove(&registry->infos[at + 1], &registry->infos[at],
            (registry->count - at) * sizeof(void *));
    registry->infos[at] = mem_copy(info, sizeof(*info));
    registry->count++;
    if (info->id > registry->last_id) {
        registry->last_id = info->id;
    }
}

const struct audience_info *audience_registry_find(const struct audience_registry *registry,
                                                   uint64_t id)
{
    size_t at = position(registry, id);
    return at < registry->count && registry->infos[at]->id == id ? registry->infos[at] : NULL;
}

const struct audience_info *audience_registry_next(const struct audience_registry *registry,
                                                   uint64_t after)
{
    size_t at = after == UINT64_MAX ? registry->count : position(registry, after + 1);
    return at < registry->count ? registry->infos[at] : NULL;
}

uint64_t audience_registry_take_id(struct audience_registry *registry)
{
    return ++registry->last_id;
}
